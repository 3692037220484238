// A wire that carries messages as values, through a network that is as bad as its settings say:
// messages come late and get lost, connections break, or go dead without a word.
//
// Each direction of a connection keeps its order, as TCP does; the two know nothing of each other.
// A lost message is one that software on either side dropped: the connection lives on.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/clock.hpp"
#include "base/strand.hpp"
#include "sim/random.hpp"
#include "trial/wire.hpp"

namespace busbar::trial {

// The mean is for people; the spread is that of a log-normal distribution, cut off at both ends.
struct Latency {
    Duration least = std::chrono::milliseconds{50};
    Duration typical = std::chrono::milliseconds{300};  // Half of all take longer.
    Duration most = std::chrono::seconds{5};
    double sigma = 1;  // 0: always `typical`.
};

struct NetworkSettings {
    Latency latency = {};
    double lost = 0.05;     // Of all messages, each way, questions and answers.
    double doubled = 0.01;  // Of what chargers say: repeated though it had arrived.
    Duration notices_least = std::chrono::seconds{5};  // How long an end believes in a dead
    Duration notices_most = std::chrono::minutes{3};   // connection.
    Duration call_timeout = std::chrono::seconds{30};  // See answer_within().

    static NetworkSettings ideal();
};

class MessageWire final : public Wire, public control::Gateway {
public:
    MessageWire(Strand& strand, const Clock& clock, NetworkSettings settings, std::uint64_t seed)
        : strand_(strand), clock_(clock), settings_(settings), random_(seed) {}

    // From now on.
    void settings(NetworkSettings settings) { settings_ = settings; }

    // --- Wire ---
    control::Gateway& gateway() override { return *this; }
    void server_up(control::ChargerEvents& events) override;
    void server_down() override;
    void add(const ChargerId& charger, ChargerEnd& end) override;
    void dial(const ChargerId& charger) override;
    void drop(const ChargerId& charger) override;
    void say(const ChargerId& charger, Said said,
             std::function<void(Result<Answer>)> answered) override;
    void cut(const ChargerId& charger, Cut how) override;

    // --- Gateway ---
    void call(const ChargerId& charger, Command command, std::function<void(SteadyPoint)> sent,
              std::function<void(CallResult)> done) override;
    void disconnect(const ChargerId& charger) override { cut(charger, Cut::kClosed); }
    void refuse(const ChargerId& charger, SteadyPoint until) override {
        lines_.at(charger).refused_until = until;
        if (until > clock_.steady()) cut(charger, Cut::kClosed);
    }

private:
    struct OpenCall {
        std::uint64_t number;
        std::function<void(CallResult)> done;
    };
    // One charger's connection, as each end sees it.
    struct Line {
        ChargerEnd* end = nullptr;
        std::uint64_t dialled = 0;    // The charger's connection, tried or made; 0: none.
        bool up = false;              // The charger knows it to be up.
        bool passes = false;          // Messages get through.
        std::int64_t generation = 0;  // Of the connection that the server has; 0: none.
        SteadyPoint refused_until = {};
        SteadyPoint to_server = {};  // When the last message of each direction arrives.
        SteadyPoint to_charger = {};
        std::optional<OpenCall> call = {};
    };

    Duration latency();
    bool lost() { return random_.fraction() < settings_.lost; }
    SteadyPoint arrival(SteadyPoint& last);
    void later(Duration wait, Task task);
    void accepted(const ChargerId& charger, std::uint64_t dialled);
    void deliver(const ChargerId& charger, const Said& said,
                 const std::function<void(Result<Answer>)>& answered);
    template <class T>
    std::function<void(Result<T>)> answer_with(const ChargerId& charger,
                                               std::function<void(Result<Answer>)> answered);
    void arrives(const ChargerId& charger, std::uint64_t number, const Command& command);
    void finish(const ChargerId& charger, std::uint64_t number, CallResult result);
    void unanswered(Line& line);
    void server_notices(const ChargerId& charger, Duration wait);
    void charger_notices(const ChargerId& charger, Duration wait);

    Strand& strand_;
    const Clock& clock_;
    NetworkSettings settings_;
    sim::Random random_;
    std::map<ChargerId, Line> lines_;
    control::ChargerEvents* events_ = nullptr;
    std::uint64_t server_ = 0;  // Rises with each: what is meant for an earlier one is dropped.
    std::uint64_t dialled_ = 0;
    std::uint64_t calls_ = 0;
    std::int64_t generation_ = 0;
};

}  // namespace busbar::trial
