#include "rules/effective.hpp"

#include <algorithm>

namespace busbar {
namespace {

constexpr std::size_t kMaxReasonBytes = 256;
constexpr Amperes kMaxLimit = 100'000_A;

void tighten(std::optional<RuledLimit>& cap, const Rule& rule) {
    if (!cap || *rule.limit < cap->limit) cap = RuledLimit{*rule.limit, rule.id};
}

void apply(const Rule& rule, LeafRules& leaf) {
    switch (rule.kind) {
        case RuleKind::kCap:
            tighten(leaf.cap, rule);
            return;
        case RuleKind::kPause:
            if (!leaf.pause) leaf.pause = rule.id;
            return;
        case RuleKind::kExclude:
            if (!leaf.exclude) leaf.exclude = rule.id;
            return;
    }
}

bool selects(const Rule& rule, const Leaf& leaf, std::optional<RowIndex> circuit_row) {
    switch (rule.select.kind) {
        case SelectorKind::kAll:
            return true;
        case SelectorKind::kCharger:
            return leaf.evse.charger.str() == rule.select.name;
        case SelectorKind::kPartner:
            return leaf.partner == rule.select.name;
        case SelectorKind::kCircuit:
            return circuit_row && std::ranges::find(leaf.rows, *circuit_row) != leaf.rows.end();
    }
    __builtin_unreachable();
}

Error invalid(std::string field, std::string message) {
    return {Errc::kInvalid, std::move(message), std::move(field)};
}

Status check_selector(const SiteConfig& config, const Selector& select) {
    const auto unknown = [&](const char* field) {
        return Error{Errc::kNotFound,
                     std::string(to_string(select.kind)) + " '" + select.name +
                         "' does not exist at site " + config.site.id.str(),
                     std::string("select.") + field};
    };
    switch (select.kind) {
        case SelectorKind::kAll:
            return Done{};
        case SelectorKind::kCharger:
            if (!std::ranges::any_of(config.chargers,
                                     [&](const auto& c) { return c.id.str() == select.name; }))
                return unknown("charger");
            return Done{};
        case SelectorKind::kCircuit:
            if (!std::ranges::any_of(config.circuits,
                                     [&](const auto& c) { return c.id.str() == select.name; }))
                return unknown("circuit");
            return Done{};
        case SelectorKind::kPartner:
            if (select.name.empty() || !std::ranges::any_of(config.chargers, [&](const auto& c) {
                    return c.partner == select.name;
                }))
                return unknown("partner");
            return Done{};
    }
    __builtin_unreachable();
}

}  // namespace

PerPhase EffectiveRules::budget(const Network& network, RowIndex row) const {
    auto budget = network.rows[row].budget;
    if (const auto& cap = rows[row])
        for (const auto phase : kPhases) budget[phase] = std::min(budget[phase], cap->limit);
    return budget;
}

EffectiveRules effective_rules(const Network& network, std::span<const Rule> rules, TimePoint now) {
    EffectiveRules out;
    out.rows.resize(network.rows.size());
    out.leaves.resize(network.leaves.size());
    for (const auto& rule : rules) {
        if (!rule.active(now)) continue;
        const auto circuit = rule.select.kind == SelectorKind::kCircuit
                                 ? network.row_of(CircuitId(rule.select.name))
                                 : std::nullopt;
        // A cap on a circuit is a cap on what all below it draw together.
        if (rule.kind == RuleKind::kCap && rule.select.kind == SelectorKind::kCircuit) {
            if (circuit) tighten(out.rows[*circuit], rule);
            continue;
        }
        for (LeafIndex i = 0; i < network.leaves.size(); ++i)
            if (selects(rule, network.leaves[i], circuit)) apply(rule, out.leaves[i]);
    }
    return out;
}

std::optional<TimePoint> next_boundary(std::span<const Rule> rules, TimePoint now) {
    std::optional<TimePoint> next;
    for (const auto& rule : rules)
        if (rule.expires_at && now < *rule.expires_at && (!next || *rule.expires_at < *next))
            next = rule.expires_at;
    return next;
}

Status check_rule(const SiteConfig& config, const Rule& rule) {
    if (rule.kind == RuleKind::kCap) {
        if (!rule.limit) return invalid("limitA", "is required for a cap");
        if (*rule.limit < 0_A || *rule.limit > kMaxLimit)
            return invalid("limitA", "must be 0 to 100000 A");
    } else if (rule.limit) {
        return invalid("limitA", "belongs to a cap, not to a rule of kind " +
                                     std::string(to_string(rule.kind)));
    }
    if (rule.reason.size() > kMaxReasonBytes)
        return invalid("reason", "must have at most 256 bytes");
    return check_selector(config, rule.select);
}

Status check_exclusions(const Network& network, const EffectiveRules& rules) {
    std::vector<PerPhase> held(network.rows.size());
    std::vector<bool> excludes(network.rows.size());
    for (LeafIndex i = 0; i < network.leaves.size(); ++i) {
        const auto& leaf = network.leaves[i];
        const bool excluded = rules.leaves[i].exclude.has_value();
        for (const auto row : leaf.rows) {
            if (excluded) excludes[row] = true;
            for (const auto phase : kPhases)
                if (leaf.phases.has(phase))
                    held[row][phase] += excluded ? leaf.maximum : leaf.floor;
        }
    }
    for (RowIndex row = 0; row < network.rows.size(); ++row) {
        if (!excludes[row]) continue;
        const auto budget = rules.budget(network, row);
        for (const auto phase : kPhases) {
            const auto shortfall = held[row][phase] - budget[phase];
            if (shortfall <= 0_A) continue;
            return Error{Errc::kConflict,
                         "holding the hardware maximum of what is excluded takes " +
                             decimal(shortfall.in_milli()) + " A more than circuit " +
                             network.rows[row].name + " has on " + std::string(to_string(phase)),
                         "select"};
        }
    }
    return Done{};
}

}  // namespace busbar
