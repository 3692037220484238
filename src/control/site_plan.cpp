// What if: a changed rule or configuration resolved beside the one that holds, with nothing
// written and nothing sent.
#include <algorithm>
#include <utility>

#include "control/site_home.hpp"

namespace busbar::control {
namespace {

constexpr std::size_t kMaxPlanned = 1'000;

// One way the site could be, resolved.
struct Outlook {
    Outlook(const SiteConfig& config_in, std::vector<Rule> rules_in)
        : config(config_in),
          rules(std::move(rules_in)),
          network(compile(config, rules)),
          resolver(network) {}

    Amperes limit(const EvseId& evse) const {
        const auto leaf = network.leaf_of(evse);
        return leaf ? resolver.limit(*leaf) : 0_A;
    }
    std::vector<Reason> why(const EvseId& evse) const {
        const auto leaf = network.leaf_of(evse);
        return leaf ? reasons[*leaf] : std::vector<Reason>{};
    }
    // Budget and sum of limits of a circuit.
    std::pair<PerPhase, PerPhase> circuit(const CircuitId& id) const {
        std::pair<PerPhase, PerPhase> out;
        const auto row = network.row_of(id);
        if (!row) return out;
        out.first = resolver.budgets()[*row];
        for (LeafIndex leaf = 0; leaf < network.leaves.size(); ++leaf) {
            const auto& rows = network.leaves[leaf].rows;
            if (std::ranges::find(rows, *row) == rows.end()) continue;
            for (const auto phase : kPhases)
                if (network.leaves[leaf].phases.has(phase))
                    out.second[phase] += resolver.limit(leaf);
        }
        return out;
    }

    SiteConfig config;
    std::vector<Rule> rules;
    Network network;
    Resolver resolver;
    std::vector<std::vector<Reason>> reasons = {};  // By leaf, once resolved.
};

bool same_reason(const std::vector<Reason>& a, const std::vector<Reason>& b) {
    return a.empty() == b.empty() && (a.empty() || a.front() == b.front());
}

}  // namespace

Result<SiteConfig> SiteHome::planned_config(const PlanDraft& draft) const {
    auto config = config_;
    for (const auto& [id, patch] : draft.circuits) {
        BUSBAR_TRY(circuit, patched(config, id, patch));
        put(config.circuits, std::move(circuit));
    }
    for (const auto& [id, patch] : draft.chargers) {
        BUSBAR_TRY(charger, patched(config, id, patch));
        put(config.chargers, std::move(charger));
    }
    BUSBAR_TRY(checked, check_parts(config));
    (void)checked;
    return config;
}

Result<std::vector<Rule>> SiteHome::planned_rules(const PlanDraft& draft,
                                                  const SiteConfig& config) const {
    auto rules = rules_;
    for (const auto& id : draft.without_rules)
        if (std::erase_if(rules, [&](const Rule& rule) { return rule.id == id; }) == 0)
            return Error{Errc::kNotFound, "rule '" + id.str() + "' does not exist", "withoutRules"};
    int made = 0;
    for (auto rule : draft.rules) {
        rule.site = config.site.id;
        rule.created_at = world_.clock.wall();
        if (rule.expired(rule.created_at))
            return Error{Errc::kInvalid, "is in the past", "expiresAt"};
        if (rule.id.str().empty()) rule.id = RuleId("planned-" + std::to_string(++made));
        BUSBAR_TRY(checked, check_rule(config, rules, rule));
        (void)checked;
        put(rules, std::move(rule));
    }
    return rules;
}

Result<PlanReport> SiteHome::plan(const PlanDraft& draft) const {
    if (draft.rules.size() + draft.without_rules.size() + draft.circuits.size() +
            draft.chargers.size() >
        kMaxPlanned)
        return Error{Errc::kTooLarge, "a plan has at most 1000 changes"};
    BUSBAR_TRY(config, planned_config(draft));
    BUSBAR_TRY(rules, planned_rules(draft, config));
    const auto at = draft.at.value_or(world_.clock.wall());
    const auto solve = [&](Outlook& outlook) {
        const auto& network = outlook.network;
        std::vector<Occupant> charging(network.leaves.size());
        std::vector<LeafState> states(network.leaves.size());
        std::vector<Foreign> foreign(network.rows.size());
        const auto known = occupants();
        for (LeafIndex leaf = 0; leaf < states.size(); ++leaf) {
            // One that is not there yet counts as it will before it first connects.
            states[leaf].potential = network.leaves[leaf].maximum;
            const auto now = network_.leaf_of(network.leaves[leaf].evse);
            if (!now || *now >= states_.size()) continue;
            states[leaf] = states_[*now];
            charging[leaf] = known[*now];
        }
        for (RowIndex row = 0; row < foreign.size(); ++row) {
            const auto& circuit = network.rows[row].circuit;
            const auto now = circuit ? network_.row_of(*circuit) : std::nullopt;
            if (now && *now < foreign_.size()) foreign[row] = foreign_[*now];
        }
        outlook.resolver.set_rules(
            effective_rules(outlook.config, network, outlook.rules, charging, at));
        outlook.resolver.resolve(states, foreign);
        outlook.reasons = outlook.resolver.reasons(outlook.rules, 0, network.leaves.size());
    };
    Outlook before(config_, rules_), after(config, std::move(rules));
    if (const auto fits = keeps_promises(after.config, after.network, after.rules); !fits)
        return fits.error();
    solve(before);
    solve(after);

    PlanReport report{.at = at, .limits = {}, .circuits = {}};
    for (const auto& leaf : after.network.leaves) {
        PlannedLimit limit{.evse = leaf.evse,
                           .before = before.limit(leaf.evse),
                           .after = after.limit(leaf.evse),
                           .reasons_before = before.why(leaf.evse),
                           .reasons_after = after.why(leaf.evse)};
        if (limit.before == limit.after && same_reason(limit.reasons_before, limit.reasons_after))
            ++report.unchanged;
        else
            report.limits.push_back(std::move(limit));
    }
    for (const auto& circuit : after.config.circuits) {
        const auto [budget_before, allocated_before] = before.circuit(circuit.id);
        const auto [budget_after, allocated_after] = after.circuit(circuit.id);
        if (budget_before == budget_after && allocated_before == allocated_after) continue;
        report.circuits.push_back({.circuit = circuit.id,
                                   .budget_before = budget_before,
                                   .budget_after = budget_after,
                                   .allocated_before = allocated_before,
                                   .allocated_after = allocated_after});
    }
    return report;
}

}  // namespace busbar::control
