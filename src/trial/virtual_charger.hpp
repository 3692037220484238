// A charger of a trial, with the cars that come to it: the pure model of what it does with limits
// (sim/charger.hpp), a clock of its own, a memory, manners, and the messages it sends.
//
// What flows is taken at the worst: a car draws the most that it was allowed within its own lag
// and the charger's, on every line of its EVSE, full or not. On the trial's strand.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/strand.hpp"
#include "domain/network.hpp"
#include "sim/charger.hpp"
#include "sim/random.hpp"
#include "sim/vehicle.hpp"
#include "trial/trace.hpp"
#include "trial/wire.hpp"

namespace busbar::trial {

// What a charger is like for good.
struct Manners {
    sim::Memory memory = sim::Memory::kKeeps;
    Amperes quantum = 0.1_A;     // What it rounds down to, whatever it is sent.
    bool starts_offline = true;  // A car may begin to charge while the server is away.
    bool lies = false;           // Accepts limits, and does not follow them.
    Duration obeys_within{0};    // From accepting a limit; its car's lag comes on top.
    Duration answers_after = std::chrono::milliseconds{50};
    Duration redials_least = std::chrono::seconds{5};
    Duration redials_most = std::chrono::seconds{60};
    Duration retries_after = std::chrono::seconds{30};  // What was not answered.
    Duration boots_least = std::chrono::seconds{20};
    Duration boots_most = std::chrono::seconds{90};
    Duration clock_skew{0};
    std::int64_t clock_drift_ppm = 0;
    bool sets_clock = false;  // By what it is told when it boots.
    Duration meter_every = std::chrono::seconds{60};
    double naps = 0;  // How likely a car stops drawing, or starts again, at a meter reading.
};

// How it takes what it is asked, for a while.
enum class Mood : std::uint8_t {
    kAnswers,
    kSlow,     // After 5 to 50 s, and everything behind it waits.
    kMute,     // Does as asked, and does not answer.
    kDeaf,     // Neither.
    kRejects,  // Refuses limits, and keeps what it has.
};

// What a trial's chargers share.
struct Around {
    Strand& strand;
    const Clock& clock;
    Wire& wire;
    Trace& trace;
    TimePoint start;  // The true time when the steady clock said `start_steady`.
    SteadyPoint start_steady;
    // An EVSE may be drawing so much from now on, as far as its charger honours what it
    // acknowledged: what one draws that has acknowledged nothing yet is 0 here.
    std::function<void(LeafIndex, Amperes)> draws;
    std::function<void(std::string)> violation;
};

class VirtualCharger final : public ChargerEnd {
public:
    // `first`: the leaf of its first EVSE; the others follow. `around` outlives it.
    VirtualCharger(Around& around, int place, const Charger& wiring, LeafIndex first,
                   Manners manners, std::uint64_t seed);

    // --- The world's side ---
    void power_on();
    void reboot();
    // Requires: connector exists. A car that is there stays; then false.
    bool plug(int connector, sim::VehicleSpec car);
    void unplug(int connector);
    void mood(Mood mood) { mood_ = mood; }
    void manners(Manners manners) { manners_ = manners; }
    // Without it, a connection that broke stays broken.
    void keeps_dialling(bool dials);
    void let_cars_be() { manners_.naps = 0; }

    // --- What can be seen of it ---
    const ChargerId& id() const { return id_; }
    bool linked() const { return linked_; }
    bool lies() const { return manners_.lies; }
    Amperes quantum() const { return manners_.quantum; }
    bool has_car(int connector) const { return at(connector).car.has_value(); }
    bool charging(int connector) const { return at(connector).closed; }
    // What it lets flow per line now: 0 without a transaction.
    Amperes enforced(int connector) const { return at(connector).enforced; }
    // ...and what may still flow, at the worst.
    Amperes worst(int connector) const { return at(connector).worst; }
    int evse_count() const { return static_cast<int>(sockets_.size()); }
    std::optional<TransactionId> transaction(int connector) const;
    // Limits it received in this hour, and in the worst one.
    int most_limits_an_hour() const { return std::max(hour_limits_, most_limits_); }
    std::uint64_t limits() const { return limits_; }
    std::uint64_t reboots() const { return reboots_; }
    std::string describe() const;

    // --- ChargerEnd ---
    void linked() override;
    void unlinked() override;
    void asked(Command command, std::function<void(CallResult)> answer) override;

private:
    struct Hold {
        Amperes value;
        SteadyPoint until;
    };
    // One EVSE.
    struct Socket {
        std::optional<sim::VehicleSpec> car = {};
        bool closed = false;  // The contactor: a transaction runs.
        bool out = false;     // Of service, by order: no transaction begins.
        int session = 0;      // Of this charger, counted up.
        bool honours = false;
        Amperes enforced = {};
        Amperes worst = {};
        std::vector<Hold> holds = {};
        Amperes drawn = {};  // What the car takes of it.
        bool naps = false;
        WattHours meter_register = {};
        WattHours battery = {};  // What the car still takes.
        SteadyPoint counted_at = {};
        ConnectorStatus said = ConnectorStatus::kUnknown;
        bool status_queued = false;
        std::vector<TimePoint> edges = {};  // Where its limit changes by itself, on its own clock.
    };
    struct StatusItem {
        int connector;
    };
    struct StartItem {
        int session;
        StartRequest request;
    };
    struct StopItem {
        int session;
        StopRequest request;
    };
    using Item = std::variant<BootInfo, StatusItem, StartItem, StopItem, MeterReport>;

    Socket& at(int connector) { return sockets_.at(static_cast<std::size_t>(connector - 1)); }
    const Socket& at(int connector) const {
        return sockets_.at(static_cast<std::size_t>(connector - 1));
    }
    SteadyPoint now() const { return around_.clock.steady(); }
    TimePoint own_time() const;
    void later(Duration wait, std::function<void(VirtualCharger&)> task);
    void note(const char* what, std::string detail = {}) const;

    void begin(int connector);
    void end(int connector, const char* reason);
    void begin_where_possible();
    void tick(int connector, int session);
    void count(Socket& socket);
    void refresh(int connector);
    void watch_edges(int connector);
    void set_clock();
    void say_status(int connector);
    ConnectorStatus status_of(int connector) const;

    void dial();
    void pump();
    std::optional<Said> said_of(const Item& item);
    void answered(std::uint64_t number, const Result<Answer>& answer);
    void over(bool heard);
    static bool must_arrive(const Item& item);
    Duration retry_wait();

    void obey(const Command& command, const std::function<void(CallResult)>& answer);
    CallOutcome install(const SetLimit& limit);
    CallOutcome serve(const ChangeAvailability& order);
    CallOutcome stop(const RemoteStop& order);
    void count_limit();

    Around& around_;
    int place_;
    ChargerId id_;
    Amperes minimum_;
    PhaseSet phases_;
    LeafIndex first_leaf_;
    Manners manners_;
    sim::Random random_;
    sim::ChargerModel model_;
    std::vector<Socket> sockets_;
    Mood mood_ = Mood::kAnswers;

    bool powered_ = false;
    bool linked_ = false;
    bool dials_ = true;
    bool registered_ = false;
    std::uint64_t incarnation_ = 0;  // Rises with each reboot: what was planned before is void.
    SteadyPoint busy_until_ = {};

    std::deque<Item> outbox_;
    bool waiting_ = false;  // The first of them is sent, and not answered.
    SteadyPoint retry_at_ = {};
    std::uint64_t message_ = 0;
    int sessions_ = 0;
    std::map<int, TransactionId> names_;  // Of sessions whose end is not reported yet.

    std::int64_t hour_ = 0;
    int hour_limits_ = 0;
    int most_limits_ = 0;
    std::uint64_t limits_ = 0;
    std::uint64_t reboots_ = 0;
};

}  // namespace busbar::trial
