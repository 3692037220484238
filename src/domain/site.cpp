#include "domain/site.hpp"

#include <map>
#include <set>

namespace busbar {
namespace {

constexpr std::size_t kMaxIdBytes = 48;
constexpr int kMaxEvses = 16;
constexpr int kMaxSafetyPct = 90;
constexpr int kMaxDepth = 16;
constexpr Amperes kMaxAmperes = 100'000_A;

Error invalid(std::string field, std::string message) {
    return {Errc::kInvalid, std::move(message), std::move(field)};
}

Status check_id(const std::string& id, const std::string& field) {
    if (id.empty() || id.size() > kMaxIdBytes) return invalid(field, "must have 1 to 48 bytes");
    for (const char c : id)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            return invalid(field, "must not hold control characters");
    return Done{};
}

Status check_circuit(const Circuit& circuit) {
    BUSBAR_TRY(id, check_id(circuit.id.str(), "id"));
    (void)id;
    for (const auto phase : kPhases)
        if (circuit.breaker[phase] < 0_A || circuit.breaker[phase] > kMaxAmperes)
            return invalid("breakerA", "must be 0 to 100000 A on each line");
    if (circuit.safety_pct < 0 || circuit.safety_pct > kMaxSafetyPct)
        return invalid("safetyPct", "must be 0 to 90");
    return Done{};
}

Status check_charger(const Charger& charger) {
    BUSBAR_TRY(id, check_id(charger.id.str(), "id"));
    (void)id;
    if (charger.maximum <= 0_A || charger.maximum > kMaxAmperes)
        return invalid("maximumA", "must be above 0 and at most 100000 A");
    if (charger.minimum <= 0_A || charger.minimum > charger.maximum)
        return invalid("minimumA", "must be above 0 and at most maximumA");
    if (charger.floor != 0_A &&
        (charger.floor < charger.minimum || charger.floor > charger.maximum))
        return invalid("floorA", "must be 0, or between minimumA and maximumA");
    if (charger.quantum < 0.1_A || charger.quantum > charger.minimum ||
        charger.quantum != charger.quantum.floored_to(0.1_A))
        return invalid("quantumA", "must be a multiple of 0.1 A, and at most minimumA");
    if (charger.minimum != charger.minimum.floored_to(charger.quantum))
        return invalid("minimumA", "must be a multiple of quantumA");
    if (charger.evse_count < 1 || charger.evse_count > kMaxEvses)
        return invalid("evseCount", "must be 1 to 16");
    if (charger.phases.count() == 0) return invalid("phases", "must name at least one line");
    if (charger.settle < Duration{0} || charger.settle > std::chrono::hours{1})
        return invalid("settleMs", "must be 0 to 3600000");
    return Done{};
}

// Where each circuit hangs, and what the chargers below it need.
class TreeCheck {
public:
    explicit TreeCheck(const SiteConfig& config) : config_(config) {}

    Status run() {
        for (const auto& circuit : config_.circuits) {
            BUSBAR_TRY(checked, check_circuit(circuit));
            (void)checked;
            if (circuit.site != config_.site.id)
                return invalid("site", "circuit " + circuit.id.str() + " is of another site");
            if (!circuits_.emplace(circuit.id, &circuit).second)
                return invalid("id", "circuit " + circuit.id.str() + " exists twice");
        }
        for (const auto& circuit : config_.circuits) {
            BUSBAR_TRY(above, check_ancestors(circuit));
            (void)above;
        }
        std::set<ChargerId> seen;
        for (const auto& charger : config_.chargers) {
            BUSBAR_TRY(checked, check_charger(charger));
            (void)checked;
            if (!seen.insert(charger.id).second)
                return invalid("id", "charger " + charger.id.str() + " exists twice");
            BUSBAR_TRY(added, add_floor(charger));
            (void)added;
        }
        return check_floors();
    }

private:
    Status check_ancestors(const Circuit& circuit) {
        int depth = 0;
        for (const auto* at = &circuit; at->parent;) {
            const auto above = circuits_.find(*at->parent);
            if (above == circuits_.end())
                return invalid("parent", "circuit " + at->parent->str() + " does not exist");
            at = above->second;
            if (++depth > kMaxDepth)
                return invalid("parent", "circuit " + circuit.id.str() +
                                             " is below itself, or more than 16 circuits deep");
        }
        return Done{};
    }

    Status add_floor(const Charger& charger) {
        const auto home = circuits_.find(charger.circuit);
        if (home == circuits_.end())
            return invalid("circuit", "circuit " + charger.circuit.str() + " does not exist");
        for (const auto* at = home->second; at != nullptr;
             at = at->parent ? circuits_.at(*at->parent) : nullptr)
            for (const auto phase : kPhases)
                if (charger.phases.has(phase))
                    floors_[at->id][phase] += charger.floor * charger.evse_count;
        return Done{};
    }

    Status check_floors() const {
        for (const auto& [id, floors] : floors_) {
            const auto budget = circuits_.at(id)->budget();
            for (const auto phase : kPhases) {
                if (floors[phase] <= budget[phase]) continue;
                const auto shortfall = floors[phase] - budget[phase];
                return Error{Errc::kConflict,
                             "the floors of the chargers below circuit " + id.str() + " need " +
                                 decimal(floors[phase].in_milli()) + " A on " +
                                 std::string(to_string(phase)) + ", " +
                                 decimal(shortfall.in_milli()) + " A more than its budget of " +
                                 decimal(budget[phase].in_milli()) + " A"};
            }
        }
        return Done{};
    }

    const SiteConfig& config_;
    std::map<CircuitId, const Circuit*> circuits_;
    std::map<CircuitId, PerPhase> floors_;
};

}  // namespace

PerPhase Circuit::budget() const {
    PerPhase out;
    for (const auto phase : kPhases)
        out[phase] = Amperes::milli(breaker[phase].in_milli() * (100 - safety_pct) / 100);
    return out;
}

std::string to_string(const EvseId& evse) {
    if (evse.number == 1) return evse.charger.str();
    return evse.charger.str() + "/" + std::to_string(evse.number);
}

Status check_site(const SiteConfig& config) {
    BUSBAR_TRY(id, check_id(config.site.id.str(), "id"));
    (void)id;
    return TreeCheck(config).run();
}

}  // namespace busbar
