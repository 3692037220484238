#include "control/resolve.hpp"

#include "allocator/allocate.hpp"
#include "rules/effective.hpp"

namespace busbar::control {
namespace {

Demand demand_of(const Leaf& leaf, const LeafRules& rules, const LeafState& state) {
    using enum Demand::Kind;
    if (rules.exclude)
        return {.kind = kFixed,
                .wanted = leaf.maximum,
                .because = {
                    .kind = ReasonKind::kExcluded, .rule = rules.exclude, .amount = leaf.maximum}};
    if (!state.reachable)
        return {.kind = kFixed,
                .wanted = state.potential,
                .because = {.kind = ReasonKind::kOffline, .amount = state.potential}};
    if (!state.wants) return {.kind = kIdle, .because = {.kind = ReasonKind::kIdle}};
    if (rules.pause)
        return {.kind = kWants,
                .wanted = 0_A,
                .since = state.since,
                .because = {.kind = ReasonKind::kPaused, .rule = rules.pause}};
    if (rules.cap && rules.cap->limit < leaf.maximum)
        return {
            .kind = kWants,
            .wanted = rules.cap->limit,
            .since = state.since,
            .because = {
                .kind = ReasonKind::kCapped, .rule = rules.cap->rule, .amount = rules.cap->limit}};
    return {.kind = kWants,
            .wanted = leaf.maximum,
            .since = state.since,
            .because = {.kind = ReasonKind::kHardware}};
}

}  // namespace

Decision resolve(const Network& network, std::span<const Rule> rules,
                 std::span<const LeafState> leaves, TimePoint now) {
    const auto effective = effective_rules(network, rules, now);
    Decision out;
    for (RowIndex row = 0; row < network.rows.size(); ++row) {
        const auto& cap = effective.rows[row];
        out.budgets.push_back(
            {effective.budget(network, row), cap ? std::optional{cap->rule} : std::nullopt});
    }
    std::vector<Demand> demands;
    demands.reserve(leaves.size());
    for (LeafIndex i = 0; i < leaves.size(); ++i) {
        demands.push_back(demand_of(network.leaves[i], effective.leaves[i], leaves[i]));
        out.excluded.push_back(effective.leaves[i].exclude.has_value());
    }
    out.grants = allocate(network, out.budgets, demands);
    // What will bind once a car comes is worth knowing before it does.
    for (LeafIndex i = 0; i < leaves.size(); ++i) {
        const auto& rules_of_leaf = effective.leaves[i];
        if (demands[i].kind != Demand::Kind::kIdle) continue;
        auto& reasons = out.grants[i].reasons;
        if (rules_of_leaf.pause)
            reasons.push_back({.kind = ReasonKind::kPaused, .rule = rules_of_leaf.pause});
        else if (const auto& cap = rules_of_leaf.cap)
            reasons.push_back(
                {.kind = ReasonKind::kCapped, .rule = cap->rule, .amount = cap->limit});
    }
    return out;
}

}  // namespace busbar::control
