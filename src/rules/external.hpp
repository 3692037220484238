// Whether the box that sets a circuit's external limit is still heard, and what holds if it is not.
//
// Pure: time is an argument. One owner at a time.
#pragma once

#include <optional>

#include "base/time.hpp"
#include "domain/site.hpp"

namespace busbar {

class ExternalWatch {
public:
    enum class State {
        kHeard,     // The limit holds as it was said.
        kUnheard,   // Not heard since our own start: the lower of limit and failsafe holds.
        kFailsafe,  // Silent for too long: the failsafe holds.
        kReturned,  // Heard again, but the failsafe has not held for its time yet: the lower holds.
    };

    // As after our own start: nothing was heard yet. `failsafe_left`: for how long the failsafe
    // still has to hold from `now` on, if it did before.
    ExternalWatch(const ExternalLimit& limit, std::optional<Duration> failsafe_left,
                  SteadyPoint now);

    // A heartbeat, with what it says.
    void heard(const ExternalLimit& limit, SteadyPoint now);

    State state(SteadyPoint now) const;
    // What the circuit may carry at the most; empty where nothing limits it.
    std::optional<PerPhase> ceiling(SteadyPoint now) const;
    // When state() changes by itself, if nothing is heard.
    std::optional<SteadyPoint> next_change(SteadyPoint now) const;

private:
    bool silent(SteadyPoint now) const { return heard_at_ && now >= *heard_at_ + limit_.heartbeat; }

    ExternalLimit limit_;
    std::optional<SteadyPoint> heard_at_ = {};
    std::optional<SteadyPoint> failsafe_until_ = {};
};

std::string_view to_string(ExternalWatch::State state);  // "heard", "unheard", "failsafe", ...

// The lower of two on each line; what is empty limits nothing.
std::optional<PerPhase> lower_of(const std::optional<PerPhase>& a,
                                 const std::optional<PerPhase>& b);

}  // namespace busbar
