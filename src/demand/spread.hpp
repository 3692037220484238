// After an outage or a boundary, not all cars rise at once: each waits a random part of the
// site's raise_spread, so that the grid does not see them all come back in one second.
//
// Pure: time and the random number are arguments. One for each EVSE, one owner at a time.
#pragma once

#include <cstdint>
#include <optional>

#include "base/quantity.hpp"
#include "base/time.hpp"

namespace busbar {

class Spread {
public:
    // Something happened that lets many rise at once. What this one has reached it keeps: it may
    // fall and come back to that; more waits for `random` 2^-32 of `most` (Site::raise_spread).
    // An occasion during another neither shortens nor extends the wait: a boundary that flaps
    // must not hold back for ever. Cars that come later did not take part, and do not wait.
    // Requires: most >= 0.
    void begin(Amperes reached, Duration most, std::uint32_t random, SteadyPoint now);
    // The car is gone, or its charger started anew.
    void end() { until_.reset(); }

    // What it may have now of what is wanted: decreases never wait. Less than `want` only if it
    // waits, and then what it had reached: 0, or a limit that was in force.
    Amperes allowed(Amperes want, SteadyPoint now) const;
    // Until when an increase to `want` waits; empty: it may go now.
    std::optional<SteadyPoint> waits(Amperes want, SteadyPoint now) const;
    // When an answer changes though nothing else happens.
    std::optional<SteadyPoint> next_change(SteadyPoint now) const;

private:
    std::optional<SteadyPoint> until_ = {};
    Amperes reached_ = {};
};

}  // namespace busbar
