// Which rules hold now, and what they come to for each circuit and each EVSE.
//
// Pure: no clock, no I/O, no locks, no logging. Caps compose by the least, so their order never
// matters and the tightest wins.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "domain/network.hpp"
#include "domain/rule.hpp"

namespace busbar {

// An amount that a rule set, with the rule that did.
struct RuledLimit {
    Amperes limit;
    RuleId rule;

    bool operator==(const RuledLimit&) const = default;
};

struct LeafRules {
    std::optional<RuledLimit> cap;  // The tightest cap on this EVSE.
    std::optional<RuleId> pause;    // The oldest pause, if any.
    std::optional<RuleId> exclude;  // The oldest exclusion; it outweighs cap and pause.
};

struct EffectiveRules {
    std::vector<std::optional<RuledLimit>> rows;  // Caps on circuits as a whole, by row.
    std::vector<LeafRules> leaves;                // By leaf.

    // What may be handed out at a row: its configured budget, or its cap if that is less.
    PerPhase budget(const Network& network, RowIndex row) const;
};

// A rule whose circuit, charger or partner does not exist (any more) selects nothing.
// Cost: O(rules x leaves).
EffectiveRules effective_rules(const Network& network, std::span<const Rule> rules, TimePoint now);

// The next moment at which a rule begins or ends to hold, after `now`.
std::optional<TimePoint> next_boundary(std::span<const Rule> rules, TimePoint now);

// Whether the rule can be right at all: a cap has a limit of 0 A or more, nothing else has one;
// a selector names something that `config` knows. Fails with kInvalid or kNotFound, naming the
// field of the API.
Status check_rule(const SiteConfig& config, const Rule& rule);

// Whether what the exclusions hold for good fits, beside the floors of everybody else, what each
// row may carry, caps included. Fails with
// kConflict, naming the row and the shortfall.
Status check_exclusions(const Network& network, const EffectiveRules& rules);

}  // namespace busbar
