#include "rules/external.hpp"

#include <algorithm>

namespace busbar {

ExternalWatch::ExternalWatch(const ExternalLimit& limit, std::optional<Duration> failsafe_left,
                             SteadyPoint now)
    : limit_(limit) {
    if (failsafe_left && *failsafe_left > Duration{0}) failsafe_until_ = now + *failsafe_left;
}

void ExternalWatch::heard(const ExternalLimit& limit, SteadyPoint now) {
    if (silent(now)) {
        const auto until = *heard_at_ + limit_.heartbeat + limit_.failsafe_for;
        failsafe_until_ = failsafe_until_ ? std::max(*failsafe_until_, until) : until;
    }
    limit_ = limit;
    heard_at_ = now;
}

ExternalWatch::State ExternalWatch::state(SteadyPoint now) const {
    if (!heard_at_) return State::kUnheard;
    if (silent(now)) return State::kFailsafe;
    return failsafe_until_ && now < *failsafe_until_ ? State::kReturned : State::kHeard;
}

std::optional<PerPhase> ExternalWatch::ceiling(SteadyPoint now) const {
    switch (state(now)) {
        case State::kHeard:
            return limit_.limit;
        case State::kFailsafe:
            return limit_.failsafe ? limit_.failsafe : limit_.limit;
        case State::kUnheard:
        case State::kReturned:
            return lower_of(limit_.limit, limit_.failsafe);
    }
    __builtin_unreachable();
}

std::optional<SteadyPoint> ExternalWatch::next_change(SteadyPoint now) const {
    switch (state(now)) {
        case State::kHeard:
            return *heard_at_ + limit_.heartbeat;
        case State::kReturned:
            return std::min(*heard_at_ + limit_.heartbeat, *failsafe_until_);
        case State::kUnheard:
        case State::kFailsafe:
            return {};
    }
    __builtin_unreachable();
}

std::string_view to_string(ExternalWatch::State state) {
    switch (state) {
        case ExternalWatch::State::kHeard:
            return "heard";
        case ExternalWatch::State::kUnheard:
            return "unheard";
        case ExternalWatch::State::kFailsafe:
            return "failsafe";
        case ExternalWatch::State::kReturned:
            return "returned";
    }
    __builtin_unreachable();
}

std::optional<PerPhase> lower_of(const std::optional<PerPhase>& a,
                                 const std::optional<PerPhase>& b) {
    if (!a || !b) return a ? a : b;
    PerPhase out;
    for (const auto phase : kPhases) out[phase] = std::min((*a)[phase], (*b)[phase]);
    return out;
}

}  // namespace busbar
