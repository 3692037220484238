// One charger's talk with us, once its connection is up: who may speak when.
//
// Knows frames and actions, and nothing of sockets: in tests it runs on a ManualStrand.
//   - The charger's calls are taken in order, and answered in that order, however late control
//     gives each answer. What control never answers is refused after a while.
//   - We have one call open at a time. After one that got no answer there is a pause.
//   - Both directions are independent, but for one thing: a command given after an answer leaves
//     after that answer.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/strand.hpp"
#include "control/ports.hpp"
#include "ocpp/action.hpp"
#include "ocpp/dialect.hpp"
#include "ocpp/frame.hpp"
#include "ocpp/observer.hpp"
#include "ocpp/schema.hpp"

namespace busbar::ocpp {

// The way out, as a Conversation sees it. Called on the conversation's strand.
class Outlet {
public:
    virtual ~Outlet() = default;

    // `started` runs, perhaps within this call, when the frame is handed to the socket; not at
    // all if the connection goes first.
    virtual void send(std::string frame, std::function<void()> started) = 0;

    // Soon, not within this call.
    virtual void close(std::string reason) = 0;

    // The conversation can take calls again, after it could not.
    virtual void has_room() = 0;
};

struct ConversationOptions {
    Duration call_timeout = std::chrono::seconds{30};  // See answer_within().
    // After a call without answer, before the next one. A late answer ends it.
    Duration pause = std::chrono::seconds{2};
    // For control to answer a charger's call. Chargers give up after 30 s.
    Duration answer_timeout = std::chrono::seconds{20};
    std::size_t max_unanswered = 64;   // Calls of the charger; beyond, we stop reading.
    std::size_t max_queued_calls = 8;  // Of ours; beyond, they are not sent.
    int max_malformed = 10;            // In a row; then the connection is closed.
    Extras extras = Extras::kRefuse;
};

// On its strand only, but for the constructor.
class Conversation : public std::enable_shared_from_this<Conversation> {
public:
    using Sent = std::function<void(SteadyPoint)>;
    using Finished = std::function<void(CallResult)>;

    // What is referred to must outlive it. `prefix` makes the ids of our calls unlike those of
    // the charger's other connections.
    Conversation(ChargerId charger, Version version, std::string prefix,
                 const ConversationOptions& options, control::ChargerEvents& events,
                 std::shared_ptr<Strand> strand, const Clock& clock, Outlet& outlet,
                 GatewayObserver& observer);

    // One message of the charger.
    void receive(std::string_view text);

    // As control::Gateway::call. A limit that still waits is replaced by a newer one for the same
    // connector and purpose, and is then kNotSent.
    void call(Command command, Sent sent, Finished done);

    // The connection is gone: ends every call.
    void end();

    // Whether max_unanswered is reached: nothing more should be received until has_room().
    bool full() const { return open_.size() >= options_.max_unanswered; }

    // Whether the charger has made a call that could be taken.
    bool trusted() const { return trusted_; }

private:
    // A call of the charger that it has no answer to yet, oldest first. Its number is
    // first_open_ + its place.
    struct Open {
        std::string id;
        SteadyPoint due;
        std::optional<std::string> answer;  // A frame: waits for those before it.
    };
    struct Waiting {
        Command command;
        Sent sent;
        Finished done;
        SteadyPoint due;
        std::uint64_t after;  // The charger's calls below this number are answered first.
    };
    struct Ours {
        std::string id;
        std::string_view action;
        Command command;
        Finished done;
        SteadyPoint due;
        std::optional<SteadyPoint> started;
    };

    void take(CallFrame frame);
    void take(BadCallFrame frame);
    void take(ResultFrame frame);
    void take(ErrorFrame frame);
    void take(SendFrame frame);
    void take(UselessResultFrame frame);
    std::optional<CallError> refusal_of(const CallFrame& frame, const Action* action) const;
    void malformed(const Error& error);
    std::uint64_t open(std::string id);
    void settle(std::uint64_t number, const Answer& answer);
    void send_answers();
    void send_next_call();
    void started(const Sent& sent);
    void finish(CallResult result);
    bool is_answer_to_ours(const std::string& id);
    void wake_at(SteadyPoint when);
    void wake();
    void drop_overdue_calls(SteadyPoint now);
    std::optional<SteadyPoint> next_deadline() const;

    const ChargerId charger_;
    const Dialect& dialect_;
    const std::string prefix_;
    const ConversationOptions& options_;
    control::ChargerEvents& events_;
    const std::shared_ptr<Strand> strand_;  // Answers may come when all else has gone.
    const Clock& clock_;
    Outlet& outlet_;
    GatewayObserver& observer_;

    std::vector<Open> open_;
    std::uint64_t first_open_ = 0;
    std::uint64_t answered_ = 0;  // One past the newest call that control has answered.

    std::vector<Waiting> waiting_;
    std::optional<Ours> ours_;
    std::string given_up_;  // Id of the last call that got no answer in time.
    SteadyPoint pause_until_ = {};
    std::uint64_t next_id_ = 1;
    Memory memory_;

    std::optional<SteadyPoint> wakes_at_;
    int malformed_in_a_row_ = 0;
    bool trusted_ = false;
    bool ended_ = false;
};

}  // namespace busbar::ocpp
