#include "domain/network.hpp"

#include <algorithm>
#include <map>

namespace busbar {
namespace {

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
            .keeps_profiles = charger.keeps_profiles};
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

}  // namespace

std::optional<RowIndex> Network::row_of(const CircuitId& circuit) const {
    for (RowIndex i = 0; i < rows.size(); ++i)
        if (rows[i].circuit == circuit) return i;
    return {};
}

std::pair<LeafIndex, LeafIndex> Network::leaves_of(const ChargerId& charger) const {
    const auto [first, last] = std::ranges::equal_range(
        leaves, charger, {},
        [](const Leaf& leaf) -> const ChargerId& { return leaf.evse.charger; });
    return {static_cast<LeafIndex>(first - leaves.begin()),
            static_cast<LeafIndex>(last - leaves.begin())};
}

std::optional<LeafIndex> Network::leaf_of(const EvseId& evse) const {
    const auto [first, last] = leaves_of(evse.charger);
    if (evse.number < 1 || static_cast<LeafIndex>(evse.number) > last - first) return {};
    return first + static_cast<LeafIndex>(evse.number) - 1;
}

Network compile(const SiteConfig& config) {
    Network network;
    std::map<CircuitId, RowIndex> index;
    for (const auto* circuit : top_down(config.circuits)) {
        index.emplace(circuit->id, network.rows.size());
        network.rows.push_back(
            {.name = circuit->id.str(),
             .circuit = circuit->id,
             .parent = circuit->parent ? std::optional{index.at(*circuit->parent)} : std::nullopt,
             .budget = circuit->budget()});
    }
    auto chargers = config.chargers;
    std::ranges::sort(chargers, {}, &Charger::id);
    for (const auto& charger : chargers) {
        auto home = index.at(charger.circuit);
        if (charger.evse_count > 1) {
            network.rows.push_back(
                {.name = charger.id.str(),
                 .circuit = std::nullopt,
                 .parent = home,
                 .budget = PerPhase::each(charger.maximum * charger.evse_count)});
            home = network.rows.size() - 1;
        }
        for (int number = 1; number <= charger.evse_count; ++number)
            network.leaves.push_back(
                leaf_of_charger(charger, number, path_to_root(network.rows, home)));
    }
    return network;
}

}  // namespace busbar
