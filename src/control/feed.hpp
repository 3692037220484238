// What happens, as it happens: for metrics, the terminal, benches and live pages. Nothing here
// decides anything.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "demand/overload.hpp"
#include "domain/charging.hpp"

namespace busbar::control {

// What a dispatch had to wait for beyond our own work.
enum class Waited : std::uint8_t {
    kNothing,
    kCharger,  // It had a call open, or is being retried.
    kAmperes,  // An increase, until others had given back.
};

// The write that a dispatch comes from: the oldest one not yet dispatched.
struct Cause {
    std::int64_t revision = 0;
    SteadyPoint accepted_at;
    Waited waited = Waited::kNothing;
};

struct Dispatched {  // A limit was handed to a charger's socket.
    ChargerId charger;
    SetLimit limit;
    SteadyPoint at;
    std::optional<Cause> cause;
};
struct Answered {  // ...and this came of it.
    ChargerId charger;
    SetLimit limit;
    CallOutcome outcome;
    SteadyPoint sent_at;
    SteadyPoint at;
    std::optional<Cause> cause;
};
struct ConnectionChanged {
    ChargerId charger;
    bool online;
};
struct TransactionChanged {
    Transaction transaction;
};
struct ChangeCommitted {
    SiteId site;
    std::int64_t revision;
};
struct Resolved {
    SiteId site;
    std::chrono::nanoseconds took;
    std::size_t leaves;
};
struct BoundaryReached {
    SiteId site;
    Duration late;  // From the instant it was due to the resolve that saw it.
};
struct OverloadChanged {  // What a feeder's meter shows made somebody stop, or go on again.
    SiteId site;
    CircuitId circuit;
    Overload::Stage stage;
    Overload::Seen seen;
};
struct Alarm {
    TimePoint at;
    std::string subject;  // A charger's or site's id.
    std::string text;
};
using FeedEvent = std::variant<Dispatched, Answered, ConnectionChanged, TransactionChanged,
                               ChangeCommitted, Resolved, BoundaryReached, OverloadChanged, Alarm>;

// Subscribers are called on the strand where it happened, from several threads at once if there
// are several sites: they must be quick, thread-safe, and must not call back into control.
class Feed {
public:
    using Subscriber = std::function<void(const FeedEvent&)>;

    // Before anything is published.
    void subscribe(Subscriber subscriber) { subscribers_.push_back(std::move(subscriber)); }
    void publish(const FeedEvent& event) const {
        for (const auto& subscriber : subscribers_) subscriber(event);
    }

private:
    std::vector<Subscriber> subscribers_;
};

}  // namespace busbar::control
