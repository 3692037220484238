// From rules and what is known of each EVSE to the limit it should have, with reasons.
//
// Pure: no clock, no I/O, no locks, no logging.
#pragma once

#include <span>
#include <vector>

#include "domain/grant.hpp"
#include "domain/network.hpp"
#include "domain/rule.hpp"

namespace busbar::control {

// What the resolver has to know of one leaf.
struct LeafState {
    bool reachable = false;  // Online: what we decide can arrive.
    bool wants = false;      // A car is charging, or would.
    TimePoint since = {};    // Of its transaction.
    Amperes potential = {};  // The ledger's; held where it is not reachable.
};

struct Decision {
    std::vector<RowBudget> budgets;  // By row, rules applied.
    std::vector<Grant> grants;       // By leaf.
    std::vector<bool> excluded;      // By leaf: left to itself, at its hardware maximum.
};

Decision resolve(const Network& network, std::span<const Rule> rules,
                 std::span<const LeafState> leaves, TimePoint now);

}  // namespace busbar::control
