// A site as rows and leaves: what the allocator and the ledger count on.
//
// A row is something whose current has a limit: a circuit, and a charger with several EVSEs
// behind its one supply. A leaf is an EVSE. Both are known by index; rows stand before the rows
// below them, leaves are in the order of their ids, so equal sites give equal networks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/site.hpp"

namespace busbar {

using RowIndex = std::size_t;
using LeafIndex = std::size_t;

struct Row {
    std::string name;                  // The circuit's or charger's id.
    std::optional<CircuitId> circuit;  // Empty: the supply of one charger.
    std::optional<RowIndex> parent;
    PerPhase budget;  // Configured: breaker less safety margin.
};

struct Leaf {
    EvseId evse;
    std::vector<RowIndex> rows;  // All it loads, nearest first.
    PhaseSet phases;
    Amperes maximum;
    Amperes minimum;
    Amperes floor;
    Amperes quantum;
    Duration settle;
    std::string partner;
    bool keeps_profiles;
};

struct Network {
    std::vector<Row> rows;
    std::vector<Leaf> leaves;

    std::optional<RowIndex> row_of(const CircuitId& circuit) const;
    std::optional<LeafIndex> leaf_of(const EvseId& evse) const;
    // The leaves of one charger are neighbours: the first, and one past the last.
    std::pair<LeafIndex, LeafIndex> leaves_of(const ChargerId& charger) const;
};

// Requires: check_site(config) holds. Cost: O(n log n).
Network compile(const SiteConfig& config);

}  // namespace busbar
