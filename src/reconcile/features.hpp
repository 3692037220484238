// Which of OCPP's ways to say a limit a charger takes. One that refuses is asked with fewer of
// them, and when none is left, from the start again: it may be of another mind.
//
// Pure.
#pragma once

#include "domain/network.hpp"

namespace busbar {

struct Features {
    bool lease = true;  // Absolute schedules of several periods.
    RateUnit unit = RateUnit::kAmperes;

    bool operator==(const Features&) const = default;
};

// What a charger is asked with at first.
Features features_of(const Leaf& leaf);

// The next to try after `refused`: a single period, then the other unit, then from the start.
Features fewer(const Features& refused, const Leaf& leaf);

}  // namespace busbar
