// Who gives way where a row carries more than it may.
//
// Pure: no clock, no I/O, no locks, no logging.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/time.hpp"
#include "domain/phase.hpp"

namespace busbar {

// What one EVSE holds of a row, and could give back.
struct Holder {
    PhaseSet phases = PhaseSet::all();
    Amperes holds = {};
    bool charging = false;
    int band = 5;
    TimePoint since = {};  // Of its transaction.
};

// The indexes of those that give way, until each line of `excess` is covered or nobody is left
// who could. Those where nobody charges first; then the last band, and in it who came last. Nobody
// gives way who loads no line that is in excess. Equal inputs give equal answers.
// Cost: O(n log n).
std::vector<std::size_t> give_way(std::span<const Holder> holders, PerPhase excess);

}  // namespace busbar
