// Splits what the circuits of a site may carry among the cars that ask for current.
//
// Pure: no clock, no I/O, no locks, no logging. Equal inputs give equal grants, so a decision
// can be replayed from its recorded inputs.
#pragma once

#include <span>
#include <vector>

#include "domain/grant.hpp"
#include "domain/network.hpp"

namespace busbar {

// First what cannot be changed is set aside, then the minimum of as many cars as fit, in the
// order they came; then all admitted cars are raised together until a row is full (max-min
// fairness: no car could get more without taking from one that has no more). Last, each share
// is floored to the charger's quantum and left-over quanta go out in the same order.
//
// Returns one grant per leaf of `network`, in its order.
//
// Guarantees, checked in every build:
//   - on every row and phase, grants sum to at most its budget, except where what is fixed or
//     idle alone exceeds it, and then no car that wants gets more than its floor there;
//   - the grant of a car that wants is 0, or between its minimum and what it wanted, and a
//     multiple of its quantum.
//
// Requires: one budget a row, one demand a leaf; amounts not negative.
// Cost: O(n log n + r (m + n/r log A)) for n leaves in r rows of m members in common cases.
[[nodiscard]] std::vector<Grant> allocate(const Network& network,
                                          std::span<const RowBudget> budgets,
                                          std::span<const Demand> demands);

}  // namespace busbar
