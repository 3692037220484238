// A site as rows and leaves: what the allocator and the ledger count on.
//
// A row is something whose current has a limit: a circuit, a charger with several EVSEs behind
// its one supply, or a set of chargers that a rule caps together. A leaf is an EVSE. Both are
// known by index; rows stand before the rows below them, the sets of rules last; leaves are in
// the order of their ids, so equal sites give equal networks.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "domain/rule.hpp"
#include "domain/site.hpp"

namespace busbar {

using RowIndex = std::size_t;
using LeafIndex = std::size_t;

// How the currents of the EVSEs below a row make the current of one of its lines.
enum class LineModel : std::uint8_t {
    // Each EVSE loads each of its lines with its current. Exact for phase-to-neutral loads;
    // for loads between two lines safe, and up to 15.5 % too high (delta, linear).
    kSum,
    // EVSEs between two lines, exactly: |I_a|^2 = ab^2 + ca^2 + ab ca for unity power factor.
    kDelta,
    // The lines in front of a delta-wye transformer that feeds EVSEs between two lines, in
    // amperes of its secondary side: |I_a - I_c|, as ACN-Sim has it.
    kDeltaPrimary,
};

struct Row {
    std::string name;                  // The circuit's or charger's id, or "rule r-7".
    std::optional<CircuitId> circuit;  // Empty: the supply of one charger, or the set of a rule.
    std::optional<RuleId> rule = {};   // Whose selected chargers this row sums up.
    std::optional<RowIndex> parent;
    PerPhase budget;  // Configured: breaker less safety margin. Unlimited for a rule's set.
    LineModel model = LineModel::kSum;
    std::optional<Share> share = {};  // The circuit's own way to split, if it has one.
    bool active = true;               // An inactive circuit lets nothing above the floors.
};

struct Leaf {
    EvseId evse;
    std::vector<RowIndex> rows;  // All it loads: its circuits, nearest first, then sets of rules.
    PhaseSet phases;             // Lines of the site, rotation applied.
    Amperes maximum;
    Amperes minimum;
    Amperes floor;
    Amperes quantum;
    Duration settle;
    std::string partner;
    bool keeps_profiles;
    TrustClass trust = TrustClass::kB;
    RateUnit rate_unit = RateUnit::kAmperes;
    int schedule_periods = 2;
    std::vector<std::string> tags = {};
    Weight weight = Weight::of(1);  // Its charger's, where no rule ranks it.
    bool managed = true;            // False: excluded by configuration.
    bool pausable = true;           // False: only safety may take its minimum away (DC).
    std::optional<DcOutput> dc = {};
};

struct Network {
    std::vector<Row> rows;
    std::vector<Leaf> leaves;
    Supply supply = {};

    std::optional<RowIndex> row_of(const CircuitId& circuit) const;
    std::optional<RowIndex> row_of(const RuleId& rule) const;
    std::optional<LeafIndex> leaf_of(const EvseId& evse) const;
    // The leaves of one charger are neighbours: the first, and one past the last.
    std::pair<LeafIndex, LeafIndex> leaves_of(const ChargerId& charger) const;
};

// The budget of a row that nothing limits: more than any site carries, and sums of it are safe.
inline constexpr Amperes kUnlimited = Amperes::of(1'000'000'000);

// Who is charging at a leaf: for rules about groups and transactions.
struct Occupant {
    std::int64_t transaction = 0;  // 0: nobody.
    std::string id_tag_group = {};
};

// The leaves a selector means, in their order. What does not exist selects nothing. `occupants`
// may be empty (nobody charges), else one a leaf. Cost: O(log n) for one charger or EVSE,
// O(n) else.
std::vector<LeafIndex> select(const Network& network, const Selector& selector,
                              std::span<const Occupant> occupants);
// ...into `out`, replacing what it held.
void select(const Network& network, const Selector& selector, std::span<const Occupant> occupants,
            std::vector<LeafIndex>& out);

// Whether the rule caps a sum that is no circuit's own, and so needs a row of its own.
bool needs_row(const Rule& rule);

// Sets of rules: one row for each rule that needs_row(), in the order of their ids, whether it
// holds now or not, so that windows come and go without rewiring.
// Requires: check_site(config) holds. Cost: O(n log n).
Network compile(const SiteConfig& config, std::span<const Rule> rules = {});
// Whether the same rows come of these rules: nothing to compile again.
bool same_sets(const Network& network, std::span<const Rule> rules);

}  // namespace busbar
