// One simulated charger with one outlet, as its CSMS meets it, in any version of OCPP: it boots,
// reports, asks whether a card may charge, runs transactions, sends meter values, and obeys or
// disobeys.
//
// Knows no sockets and no threads: frames go out through a hook and come in through receive();
// time is the clock's and the strand's. All calls are made on that strand.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/strand.hpp"
#include "sim/snapshot.hpp"
#include "sim/speech.hpp"
#include "sim/vehicle.hpp"

namespace busbar::sim {

struct StationOptions {
    Duration meter_interval = std::chrono::seconds{10};  // MeterValueSampleInterval at first.
    Duration call_timeout = std::chrono::seconds{30};    // For its own calls.
    // Its own clock, against the true one, until the CSMS tells it the time.
    Duration clock_error{0};
    int battery_speed = 1;
};

// To the world outside. `send` and `hang_up` are called only between connected() and
// disconnected().
struct StationHooks {
    std::function<void(std::string)> send;
    std::function<void()> hang_up;  // disconnected() follows, later.
    std::function<void()> changed;  // What it draws, enforces or shows may have changed.
};

class Station : private Deeds {
public:
    // `clock` and `strand` must outlive it.
    Station(ChargerSetup setup, StationOptions options, const Clock& clock, Strand& strand,
            StationHooks hooks);

    // --- The link ---
    void connected();
    void disconnected();
    void receive(std::string_view frame);
    // Time has passed. Ten times a second is usual; everything timed happens here.
    void tick();

    // --- The world ---
    // kConflict: a car stands there already. kInvalid: a car with no battery or no charger.
    Status plug(VehicleSpec car);
    // Stops the transaction, if there is one. kConflict: no car.
    Status unplug();
    // Power off and on: the transaction ends, the link breaks, it boots again.
    void reboot();
    void set_behaviour(Behaviour behaviour);
    // Lets the answers go that were kept back. How many those were.
    std::size_t release();

    // --- What can be seen ---
    ChargerSnapshot snapshot() const;
    PerPhase drawn() const;
    PerPhase enforced() const;
    bool car_is_full() const { return car_ && car_->full(); }
    // The last kMostReceived SetChargingProfile calls, oldest first.
    static constexpr std::size_t kMostReceived = 10'000;
    const std::deque<ReceivedProfile>& received() const { return received_; }
    const ChargerSetup& setup() const { return setup_; }
    const Behaviour& behaviour() const { return behaviour_; }
    std::string_view subprotocol() const { return speech_.subprotocol(); }

private:
    using TransactionKey = std::int64_t;  // Ours, before the CSMS has given a number.

    // What a message is about, whatever it is called.
    enum class Topic : std::uint8_t {
        kBoot,
        kHeartbeat,
        kStatus,
        kAuthorize,
        kBegin,
        kReading,
        kChange,
        kEnd,
    };
    struct Message {
        Topic topic;
        Spoken spoken;
        // Set for what belongs to a transaction: kept until it is answered, over lost links and
        // reboots; the CSMS's number of it is filled in when it is sent, where it gives one.
        std::optional<TransactionKey> of = {};
        int connector = 0;      // With kStatus.
        std::string card = {};  // With kAuthorize.
        int refusals = 0;
        bool again = false;  // It has been answered once, and that was not heard.
    };
    struct OpenCall {
        std::string id;
        Message message;
        SteadyPoint deadline;
    };
    struct Session {
        TransactionKey key = 0;
        std::optional<TransactionName> name = {};
        std::optional<std::int64_t> remote_start = {};
        int told = 0;  // How many messages there were of it.
    };

    // station.cpp: its own life.
    TimePoint own_time() const override { return clock_.wall() + clock_error_; }
    bool online() const { return connected_ && registration_ == Registration::kAccepted; }
    const std::string& card() const;
    void advance();
    ConnectorStatus present_status() const;
    ConnectorStatus whole_status() const;
    void boot();
    void registered(const json::object& answer);
    void set_clock(const json::object& answer);
    void try_begin();
    TransactionName new_name() const;
    void begin_transaction(std::optional<std::int64_t> remote_start);
    void end_transaction(std::string_view reason);

    // station_messages.cpp: what it says of its own accord.
    void queue(Message message);
    bool make_room();
    void give_up(const Message& message);
    void drop_passing_messages();
    void queue_status(int connector);
    void queue_all_statuses_first();
    void queue_reading(std::string_view context);
    void queue_change();
    Reading reading(std::string_view context) const;
    Told told(std::string_view context);
    void pump();
    bool complete(Message& message) const;
    void answered(Message message, const json::object& answer);
    void refused(Message message);
    void unanswered(Message message);
    void authorized(const Message& message, const json::object& answer);
    void begun(Message message, const json::object& answer);

    // station_calls.cpp: what it is asked.
    void take_call(const Call& call);
    void finish(const Reply& reply);
    std::int64_t note_profile(const Call& call);
    Reply reply_to(const Call& call, std::int64_t record);
    Rates rates() const override;
    Settings settings() const override;
    bool set_interval(Interval interval, std::chrono::seconds every) override;
    ProfileAnswer set_profile(SetProfileRequest request) override;
    int clear_profiles(const ClearFilter& filter) override;
    std::optional<std::vector<SchedulePeriod>> limits(std::int64_t outlet,
                                                      std::chrono::seconds ahead) override;
    std::function<void()> say(Said what) override;
    Later start(std::string card, std::optional<Profile> profile,
                std::optional<std::int64_t> number) override;
    Later stop(const TransactionName& transaction) override;
    bool charges() const override { return session_.has_value(); }
    std::function<void()> set_operative(bool operative) override;
    std::function<void()> reset(Reset when) override;

    const ChargerSetup setup_;
    const StationOptions options_;
    const Clock& clock_;
    Strand& strand_;
    StationHooks hooks_;
    Behaviour behaviour_;
    const Speech& speech_;

    ChargerModel model_;
    std::optional<Vehicle> car_;
    std::optional<Session> session_;
    WattHours register_;
    Amperes limit_;  // Enforced since advanced_at_.
    SteadyPoint advanced_at_;
    ConnectorStatus status_ = ConnectorStatus::kAvailable;
    bool operative_ = true;
    bool authorizing_ = false;
    bool done_with_car_ = false;  // Charged, refused or stopped: no new transaction until replug.
    std::string remote_tag_;      // The card of a remote start; otherwise the car's own.
    bool reset_once_idle_ = false;
    std::int64_t answering_ = 0;  // Among the profiles received: the one that is being answered.

    bool connected_ = false;
    bool must_boot_ = true;
    std::optional<Registration> registration_;
    Duration clock_error_;
    Duration heartbeat_every_ = std::chrono::seconds{60};
    Duration meter_every_;
    std::optional<SteadyPoint> boot_at_;  // The next try.
    SteadyPoint heartbeat_at_;
    SteadyPoint meter_at_;
    SteadyPoint send_after_;  // A pause after a call that failed.

    std::deque<Message> queue_;  // At most kMostWaiting.
    std::optional<OpenCall> open_;
    std::map<TransactionKey, std::optional<TransactionName>> names_;
    std::int64_t last_key_ = 0;
    std::int64_t last_call_ = 0;
    std::deque<std::function<void()>> held_;
    std::int64_t link_ = 0;  // Counts connections: an answer belongs to the one it was asked on.
    std::deque<ReceivedProfile> received_;
    std::int64_t received_before_ = 0;  // How many are no longer among received_.
    ChargerSnapshot seen_;              // Counters only.
};

}  // namespace busbar::sim
