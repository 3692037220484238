// Which rules hold now, and what they come to for each row and each EVSE.
//
// Pure: no clock, no I/O, no locks, no logging. Caps compose by the least, so their order never
// matters and the tightest wins; reservations by the most, clipped by the caps.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "domain/network.hpp"
#include "domain/rule.hpp"

namespace busbar {

// A rule by its place in the span of rules; kNoRule: configuration says so.
using RuleIndex = std::uint32_t;
inline constexpr RuleIndex kNoRule = ~RuleIndex{0};

// An amount that a rule set, with the rule that did.
struct RuledLimit {
    Amperes limit;  // Per line, converted for this leaf.
    RuleIndex rule = kNoRule;

    bool operator==(const RuledLimit&) const = default;
};

struct LeafRules {
    std::optional<RuledLimit> cap;      // The tightest on this EVSE alone.
    std::optional<RuleIndex> pause;     // The oldest.
    std::optional<RuleIndex> exclude;   // The oldest, or configuration; outweighs cap and pause.
    std::optional<RuledLimit> reserve;  // The most, before caps clip it.
    bool standing = false;              // Some reservation holds while it is idle, too...
    Amperes held_idle = {};             // ...and this is the most of those.
    int band = kOrdinaryBand;
    Weight weight = Weight::of(1);       // Above 0.
    std::optional<RuleIndex> rank;       // The rule that set band or weight.
    std::optional<RuleIndex> boost;      // Set the band, too, unless a higher layer did.
    std::optional<RuleIndex> lifted;     // A cap or pause that would bind, were it not switched...
    std::optional<RuleIndex> lifted_by;  // ...off by this suspension or boost.
    Share share = {};                    // Of the nearest circuit that has one.
    std::optional<RuleIndex> share_rule;
    bool inactive = false;  // A circuit above is switched off.

    bool operator==(const LeafRules&) const = default;
};

struct RowRules {
    PerPhase budget;                // What may be handed out: configured, or less by caps.
    std::optional<RuledLimit> cap;  // The tightest: it set `budget` on some line.

    bool operator==(const RowRules&) const = default;
};

struct EffectiveRules {
    std::vector<RowRules> rows;     // By row.
    std::vector<LeafRules> leaves;  // By leaf.
};

// A rule whose circuit, charger or partner does not exist (any more) selects nothing. Of equal
// caps the oldest is named. A DC charger is neither paused nor capped below its minimum, but by
// the safety layer: that would end its session.
//
// `occupants`: one a leaf, or none. Requires: `network` was compiled from `config` and `rules`
// (same_sets() holds).
// Cost: O(leaves + rules + selected leaves of each rule); a rule that selects by anything but a
// charger or an EVSE looks at all leaves.
EffectiveRules effective_rules(const SiteConfig& config, const Network& network,
                               std::span<const Rule> rules, std::span<const Occupant> occupants,
                               TimePoint now);

// The next moment at which a rule or a peak of a circuit begins or ends to hold, after `now`.
// Cost: O(rules), some 100 ns for each window.
std::optional<TimePoint> next_boundary(const SiteConfig& config, std::span<const Rule> rules,
                                       TimePoint now);
// Whether a rule holds at `now`, suspensions aside: enabled, begun, not over, in its window.
bool holds(const Site& site, const Rule& rule, TimePoint now);
// ...of one rule.
std::optional<TimePoint> next_boundary(const Site& site, const Rule& rule, TimePoint now);

// Whether the rule can be right at all: what its kind needs is there and in range, nothing else
// is; a selector names something that `config` knows; a zone exists. Fails with kInvalid,
// kNotFound, or kForbidden (a suspension that would reach the safety layer), naming the field of
// the API.
Status check_rule(const SiteConfig& config, const Rule& rule);

// Whether a suspension may switch off the rule that it names: there is one, it can be suspended
// at all, and its layer is not above the suspension's. Anything else passes. Fails with
// kNotFound or kForbidden; the field is "suspends".
Status check_suspension(std::span<const Rule> rules, const Rule& suspension);
// Both: the rule by itself, and among those there are.
Status check_rule(const SiteConfig& config, std::span<const Rule> rules, const Rule& rule);

// Where what is promised for good does not fit, and by how much.
struct BrokenPromise {
    std::string row;  // As a person says it: "circuit level-1", "rule r-7".
    Phase phase = Phase::kL1;
    Amperes amount = {};

    bool operator==(const BrokenPromise&) const = default;
};
std::vector<BrokenPromise> broken_promises(const SiteConfig& config, const Network& network,
                                           std::span<const Rule> rules, TimePoint now);

// Whether what is promised for good fits beside the floors of everybody else on each row, caps
// included: exclusions hold hardware maxima, standing reservations their amperes. Rules that hold
// at any time from `now` on are counted as if they held together, and suspensions and boosts as
// if there were none. Reservations with `force` are not counted; nor are rows without a promise,
// so that a cap alone is never refused: ask this when a promise or the configuration changes.
// Fails with kConflict, naming the row, the line and the shortfall.
Status check_promises(const SiteConfig& config, const Network& network, std::span<const Rule> rules,
                      TimePoint now);
// ...or at least falls no shorter anywhere than it did before: a grid's or safety's cap below a
// promise must not stand in the way of writes that have nothing to do with it.
Status check_promises(std::span<const BrokenPromise> before, std::span<const BrokenPromise> after);
// The first of `after` that falls shorter than it did before; empty: none does.
std::optional<BrokenPromise> first_worse(std::span<const BrokenPromise> before,
                                         std::span<const BrokenPromise> after);

}  // namespace busbar
