// What flows on every line of every row, and whether a little more would fit: the one place that
// knows how the currents of EVSEs add up.
//
// Pure. All in integers: what fits here, fits.
#pragma once

#include <span>
#include <vector>

#include "domain/network.hpp"

namespace busbar {

class Lines {
public:
    // Keeps a reference to `network`.
    explicit Lines(const Network& network);

    // Nothing flows.
    void reset(std::span<const PerPhase> budgets);
    // The leaf takes `amount` more on each of its lines (less, if negative).
    void take(LeafIndex leaf, Amperes amount);
    // Whether each of its rows carries `extra` more. Requires: extra >= 0.
    bool fits(LeafIndex leaf, Amperes extra) const;
    // The most that fits, down to the thousandth; 0 if a row is over its budget already.
    Amperes room(LeafIndex leaf) const;
    // What is left on a line of a row; negative where it is over its budget. For rows that are
    // not plain sums: the budget less the line's current.
    Amperes left(RowIndex row, Phase phase) const;
    // No line of any row of the leaf is over its budget.
    bool holds(LeafIndex leaf) const { return fits(leaf, Amperes{}); }
};

}  // namespace busbar
