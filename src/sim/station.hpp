// One simulated charger with one outlet, as its CSMS meets it: it boots, reports, asks whether a
// card may charge, runs transactions, sends meter values, and obeys or disobeys.
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
#include "sim/vehicle.hpp"
#include "sim/wire.hpp"

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

class Station {
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

private:
    using TransactionKey = std::int64_t;  // Ours, before the CSMS has given a number.

    struct Message {
        std::string action;
        json::object payload;
        // Set for what belongs to a transaction: kept until it is answered, over lost links and
        // reboots; the CSMS's number of it is filled in when it is sent.
        std::optional<TransactionKey> of = {};
        int refusals = 0;
    };
    struct OpenCall {
        std::string id;
        Message message;
        SteadyPoint deadline;
    };
    struct Session {
        TransactionKey key = 0;
        std::optional<TransactionId> id = {};
    };
    // An answer to a call of the CSMS, and what it does once that is out.
    struct Reply {
        std::string frame;
        std::function<void()> then = {};
    };

    // station.cpp: its own life.
    TimePoint own_time() const { return clock_.wall() + clock_error_; }
    bool online() const { return connected_ && registration_ == Registration::kAccepted; }
    const std::string& card() const;
    void advance();
    ConnectorStatus present_status() const;
    void boot();
    void registered(const json::object& answer);
    void set_clock(const json::object& answer);
    void try_begin();
    void begin_transaction();
    void end_transaction(std::string_view reason);

    // station_messages.cpp: what it says of its own accord.
    void queue(Message message);
    bool make_room();
    void give_up(const Message& message);
    void drop_passing_messages();
    Message status_message(int connector) const;
    void queue_status();
    void queue_all_statuses_first();
    void queue_meter_values(std::string_view context);
    json::array sampled_values(std::string_view context) const;
    void pump();
    bool complete(Message& message) const;
    void answered(Message message, const json::object& answer);
    void refused(Message message);
    void unanswered(Message message);
    void authorized(const Message& message, const json::object& answer);
    void numbered(const Message& message, const json::object& answer);

    // station_calls.cpp: what it is asked.
    void take_call(const Call& call);
    void finish(const Reply& reply);
    std::int64_t note_profile(const Call& call);
    Reply reply_to(const Call& call, std::int64_t record);
    Reply set_profile(const Call& call, std::int64_t record);
    Reply clear_profile(const Call& call);
    Reply composite_schedule(const Call& call);
    Reply get_configuration(const Call& call) const;
    Reply change_configuration(const Call& call);
    Reply trigger_message(const Call& call);
    Reply remote_start(const Call& call);
    Reply remote_stop(const Call& call);
    Reply change_availability(const Call& call);
    Reply reset(const Call& call);
    std::map<std::string, std::string> configuration() const;

    const ChargerSetup setup_;
    const StationOptions options_;
    const Clock& clock_;
    Strand& strand_;
    StationHooks hooks_;
    Behaviour behaviour_;

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
    std::map<TransactionKey, std::optional<TransactionId>> numbers_;
    std::int64_t last_key_ = 0;
    std::int64_t last_call_ = 0;
    std::deque<std::function<void()>> held_;
    std::int64_t link_ = 0;  // Counts connections: an answer belongs to the one it was asked on.
    std::deque<ReceivedProfile> received_;
    std::int64_t received_before_ = 0;  // How many are no longer among received_.
    ChargerSnapshot seen_;              // Counters only.
};

}  // namespace busbar::sim
