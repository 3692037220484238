#include "domain/network.hpp"

#include <algorithm>
#include <charconv>
#include <map>

namespace busbar {
namespace {

Weight weight_of(const Charger& charger) {
    return std::max(Weight::of(charger.priority), Weight::milli(1));
}

Leaf leaf_of_charger(const Charger& charger, int number, std::vector<RowIndex> rows) {
    return {.evse = {charger.id, number},
            .rows = std::move(rows),
            .phases = charger.phases,
            .maximum = charger.maximum,
            .minimum = charger.minimum,
            .floor = charger.floor,
            .quantum = charger.quantum,
            .settle = charger.settle,
            .partner = charger.partner,
            .keeps_profiles = charger.keeps_profiles,
            .trust = charger.trust,
            .rate_unit = charger.rate_unit,
            .schedule_periods = charger.schedule_periods,
            .tags = charger.tags,
            .weight = weight_of(charger),
            .managed = charger.managed,
            .pausable = !charger.dc,
            .dc = charger.dc};
}

// What the supply of a charger with several EVSEs carries. The EVSEs of a DC charger share its
// output.
Row row_of_charger(const Charger& charger, RowIndex home) {
    return {.name = charger.id.str(),
            .circuit = std::nullopt,
            .parent = home,
            .budget = PerPhase::each(charger.maximum * (charger.dc ? 1 : charger.evse_count))};
}

std::vector<RowIndex> path_to_root(const std::vector<Row>& rows, RowIndex from) {
    std::vector<RowIndex> path;
    for (std::optional<RowIndex> at = from; at; at = rows[*at].parent) path.push_back(*at);
    return path;
}

// Parents first, then by id.
std::vector<const Circuit*> top_down(const std::vector<Circuit>& circuits) {
    std::map<std::optional<CircuitId>, std::vector<const Circuit*>> below;
    for (const auto& circuit : circuits) below[circuit.parent].push_back(&circuit);
    std::vector<const Circuit*> order;
    const auto append_below = [&](const std::optional<CircuitId>& parent) {
        auto children = below[parent];
        std::ranges::sort(children, {}, [](const Circuit* c) { return c->id; });
        order.insert(order.end(), children.begin(), children.end());
    };
    append_below(std::nullopt);
    for (std::size_t i = 0; i < order.size(); ++i) append_below(order[i]->id);
    return order;
}

// Those that come to rows, by id.
std::vector<const Rule*> sets_of(std::span<const Rule> rules) {
    std::vector<const Rule*> sets;
    for (const auto& rule : rules)
        if (needs_row(rule)) sets.push_back(&rule);
    std::ranges::sort(sets, {}, [](const Rule* rule) -> const RuleId& { return rule->id; });
    return sets;
}

bool is_on(const Leaf& leaf, RowIndex row) {
    return std::ranges::find(leaf.rows, row) != leaf.rows.end();
}

std::int64_t transaction_number(std::string_view text) {
    std::int64_t number = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    return error == std::errc{} && stop == end ? number : 0;
}

// A charger's name as it is stands for its first EVSE: ids may hold a slash themselves.
std::optional<LeafIndex> leaf_named(const Network& network, const std::string& name) {
    if (const auto leaf = network.leaf_of({ChargerId(name), 1})) return leaf;
    return network.leaf_of(parse_evse(name));
}

// What a term means on this network, found once and then asked for each leaf.
class Term {
public:
    Term(const Network& network, std::span<const Occupant> occupants, SelectorKind kind,
         const std::string& name)
        : network_(network), occupants_(occupants), kind_(kind), name_(name) {
        switch (kind) {
            case SelectorKind::kCharger:
                range_ = network.leaves_of(ChargerId(name));
                return;
            case SelectorKind::kEvse:
                if (const auto leaf = leaf_named(network, name)) range_ = {*leaf, *leaf + 1};
                return;
            case SelectorKind::kCircuit:
                row_ = network.row_of(CircuitId(name));
                if (row_) range_.second = network.leaves.size();
                return;
            case SelectorKind::kTransaction:
                number_ = transaction_number(name);
                if (number_ > 0) range_.second = occupants.size();
                return;
            case SelectorKind::kIdTagGroup:
                if (!name.empty()) range_.second = occupants.size();
                return;
            case SelectorKind::kTag:
            case SelectorKind::kPartner:
                if (!name.empty()) range_.second = network.leaves.size();
                return;
            case SelectorKind::kAll:
                range_.second = network.leaves.size();
                return;
        }
    }

    // No leaf outside of these is meant.
    std::pair<LeafIndex, LeafIndex> range() const { return range_; }

    // Requires: `leaf` in range().
    bool means(LeafIndex leaf) const {
        switch (kind_) {
            case SelectorKind::kCharger:
            case SelectorKind::kEvse:
            case SelectorKind::kAll:
                return true;
            case SelectorKind::kCircuit:
                return is_on(network_.leaves[leaf], *row_);
            case SelectorKind::kTag: {
                const auto& tags = network_.leaves[leaf].tags;
                return std::ranges::find(tags, name_) != tags.end();
            }
            case SelectorKind::kPartner:
                return network_.leaves[leaf].partner == name_;
            case SelectorKind::kIdTagGroup:
                return occupants_[leaf].transaction > 0 && occupants_[leaf].id_tag_group == name_;
            case SelectorKind::kTransaction:
                return occupants_[leaf].transaction == number_;
        }
        __builtin_unreachable();
    }

private:
    const Network& network_;
    std::span<const Occupant> occupants_;
    SelectorKind kind_;
    const std::string& name_;
    std::pair<LeafIndex, LeafIndex> range_{0, 0};
    std::optional<RowIndex> row_;
    std::int64_t number_ = 0;
};

}  // namespace

std::optional<RowIndex> Network::row_of(const CircuitId& circuit) const {
    for (RowIndex i = 0; i < rows.size(); ++i)
        if (rows[i].circuit == circuit) return i;
    return {};
}

std::optional<RowIndex> Network::row_of(const RuleId& rule) const {
    // The sets stand last.
    for (RowIndex i = rows.size(); i > 0 && rows[i - 1].rule; --i)
        if (rows[i - 1].rule == rule) return i - 1;
    return {};
}

std::pair<LeafIndex, LeafIndex> Network::leaves_of(const ChargerId& charger) const {
    const auto first = std::ranges::lower_bound(
        leaves, charger, {},
        [](const Leaf& leaf) -> const ChargerId& { return leaf.evse.charger; });
    auto last = first;
    while (last != leaves.end() && last->evse.charger == charger) ++last;
    return {static_cast<LeafIndex>(first - leaves.begin()),
            static_cast<LeafIndex>(last - leaves.begin())};
}

std::optional<LeafIndex> Network::leaf_of(const EvseId& evse) const {
    const auto [first, last] = leaves_of(evse.charger);
    if (evse.number < 1 || static_cast<LeafIndex>(evse.number) > last - first) return {};
    return first + static_cast<LeafIndex>(evse.number) - 1;
}

std::vector<LeafIndex> select(const Network& network, const Selector& selector,
                              std::span<const Occupant> occupants) {
    std::vector<LeafIndex> out;
    select(network, selector, occupants, out);
    return out;
}

void select(const Network& network, const Selector& selector, std::span<const Occupant> occupants,
            std::vector<LeafIndex>& out) {
    BUSBAR_CHECK(occupants.empty() || occupants.size() == network.leaves.size());
    out.clear();
    const Term chosen(network, occupants, selector.kind, selector.name);
    const auto [first, last] = chosen.range();
    for (auto leaf = first; leaf < last; ++leaf)
        if (chosen.means(leaf)) out.push_back(leaf);
    for (const auto& except : selector.except) {
        if (out.empty()) return;
        const Term spared(network, occupants, except.kind, except.name);
        const auto [from, until] = spared.range();
        std::erase_if(out, [&](LeafIndex leaf) {
            return from <= leaf && leaf < until && spared.means(leaf);
        });
    }
}

bool needs_row(const Rule& rule) {
    return caps_sum(rule) &&
           (rule.select.kind != SelectorKind::kCircuit || !rule.select.except.empty());
}

Network compile(const SiteConfig& config, std::span<const Rule> rules) {
    Network network;
    network.supply = config.site.supply;
    std::map<CircuitId, RowIndex> index;
    for (const auto* circuit : top_down(config.circuits)) {
        index.emplace(circuit->id, network.rows.size());
        network.rows.push_back(
            {.name = circuit->id.str(),
             .circuit = circuit->id,
             .parent = circuit->parent ? std::optional{index.at(*circuit->parent)} : std::nullopt,
             .budget = circuit->budget(),
             .share = circuit->share,
             .active = circuit->active});
    }
    auto chargers = config.chargers;
    std::ranges::sort(chargers, {}, &Charger::id);
    for (const auto& configured : chargers) {
        const auto charger = as_wired(configured, config.site.supply);
        auto home = index.at(charger.circuit);
        if (charger.evse_count > 1) {
            network.rows.push_back(row_of_charger(charger, home));
            home = network.rows.size() - 1;
        }
        for (int number = 1; number <= charger.evse_count; ++number)
            network.leaves.push_back(
                leaf_of_charger(charger, number, path_to_root(network.rows, home)));
    }
    for (const auto* rule : sets_of(rules)) {
        const auto row = network.rows.size();
        network.rows.push_back({.name = "rule " + rule->id.str(),
                                .circuit = std::nullopt,
                                .rule = rule->id,
                                .parent = std::nullopt,
                                .budget = PerPhase::each(kUnlimited)});
        for (const auto leaf : select(network, rule->select, {}))
            network.leaves[leaf].rows.push_back(row);
    }
    return network;
}

bool same_sets(const Network& network, std::span<const Rule> rules) {
    const auto sets = sets_of(rules);
    if (sets.size() > network.rows.size()) return false;
    auto row = network.rows.size() - sets.size();
    if (row > 0 && network.rows[row - 1].rule) return false;
    std::vector<LeafIndex> selected;
    for (const auto* rule : sets) {
        if (network.rows[row].rule != rule->id) return false;
        select(network, rule->select, {}, selected);
        std::size_t members = 0;
        for (const auto& leaf : network.leaves) members += is_on(leaf, row) ? 1 : 0;
        if (members != selected.size() || !std::ranges::all_of(selected, [&](LeafIndex leaf) {
                return is_on(network.leaves[leaf], row);
            }))
            return false;
        ++row;
    }
    return true;
}

}  // namespace busbar
