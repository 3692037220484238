#include "domain/site.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "base/utf8.hpp"

namespace busbar {
namespace {

constexpr std::size_t kMaxIdCharacters = 48;
constexpr std::size_t kMaxTagBytes = 64;
constexpr std::size_t kMaxIdTagBytes = 36;
constexpr std::size_t kMaxTags = 32;
constexpr std::size_t kMaxPeaks = 32;
constexpr int kMaxEvses = 16;
constexpr int kMaxSafetyPct = 90;
constexpr int kMaxDepth = 16;
constexpr int kMaxPriority = 1'000;
constexpr int kMaxPeriods = 1024;
constexpr int kMaxWritesPerDay = 100'000;
constexpr Amperes kMaxAmperes = 100'000_A;
constexpr Watts kMaxOutput = Watts::of(10'000'000);

Error invalid(std::string field, std::string message) {
    return {Errc::kInvalid, std::move(message), std::move(field)};
}

bool has_control_characters(std::string_view text) {
    return std::ranges::any_of(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Status check_text(std::string_view text, std::size_t max_bytes, const std::string& field) {
    if (text.empty() || text.size() > max_bytes)
        return invalid(field, "must have 1 to " + std::to_string(max_bytes) + " bytes");
    if (has_control_characters(text)) return invalid(field, "must not hold control characters");
    return Done{};
}

// Counted as OCPP does, where a charger has the same one.
Status check_id(std::string_view id) {
    if (id.empty() || characters_in(id) > kMaxIdCharacters)
        return invalid("id", "must have 1 to " + std::to_string(kMaxIdCharacters) + " characters");
    if (has_control_characters(id)) return invalid("id", "must not hold control characters");
    return Done{};
}

Status check_share(const Share& share) {
    if (share.rotation_slot < Duration{0} || share.rotation_slot > std::chrono::hours{24})
        return invalid("share.rotationMinutes", "must be 0 to 86400");
    return Done{};
}

Status check_peaks(const std::vector<Peak>& peaks) {
    if (peaks.size() > kMaxPeaks) return invalid("peaks", "must be at most 32");
    for (const auto& peak : peaks) {
        if (peak.percent < Percent{} || peak.percent > Percent::of(100))
            return invalid("peaks.percent", "must be 0 to 100");
        if (const auto window = check_window(peak.window); !window)
            return invalid("peaks.window." + window.error().field, window.error().message);
    }
    return Done{};
}

Status check_building(const BuildingLoad& load) {
    BUSBAR_TRY(meter, check_text(load.meter.str(), kMaxTagBytes, "building.meter"));
    (void)meter;
    if (load.stale_after <= Duration{0} || load.stale_after > std::chrono::hours{24})
        return invalid("building.staleAfterS", "must be above 0 and at most 86400");
    for (const auto phase : kPhases)
        if (load.worst_case[phase] < 0_A || load.worst_case[phase] > kMaxAmperes)
            return invalid("building.worstCaseA", "must be 0 to 100000 A on each line");
    return Done{};
}

bool is_budget(const PerPhase& amperes) {
    return std::ranges::all_of(kPhases, [&](Phase phase) {
        return amperes[phase] >= 0_A && amperes[phase] <= kMaxAmperes;
    });
}

Status check_external(const ExternalLimit& external) {
    constexpr auto kLongest = std::chrono::hours{24};
    if (external.limit && !is_budget(*external.limit))
        return invalid("limitA", "must be 0 to 100000 A on each line");
    if (external.failsafe && !is_budget(*external.failsafe))
        return invalid("failsafeA", "must be 0 to 100000 A on each line");
    if (!external.limit && !external.failsafe)
        return invalid("failsafeA", "is required where no limit holds now");
    if (external.heartbeat < std::chrono::seconds{1} || external.heartbeat > kLongest)
        return invalid("heartbeatS", "must be 1 to 86400");
    if (external.failsafe_for < Duration{0} || external.failsafe_for > kLongest)
        return invalid("failsafeForS", "must be 0 to 86400");
    if (external.source.size() > kMaxTagBytes || has_control_characters(external.source))
        return invalid("source", "must have at most 64 bytes, no control characters");
    return Done{};
}

Status check_circuit(const Circuit& circuit) {
    BUSBAR_TRY(id, check_id(circuit.id.str()));
    (void)id;
    for (const auto phase : kPhases)
        if (circuit.breaker[phase] < 0_A || circuit.breaker[phase] > kMaxAmperes)
            return invalid("breakerA", "must be 0 to 100000 A on each line");
    if (circuit.safety_pct < 0 || circuit.safety_pct > kMaxSafetyPct)
        return invalid("safetyPct", "must be 0 to 90");
    if (circuit.share) {
        BUSBAR_TRY(share, check_share(*circuit.share));
        (void)share;
    }
    if (circuit.building) {
        BUSBAR_TRY(building, check_building(*circuit.building));
        (void)building;
    }
    if (circuit.external) {
        BUSBAR_TRY(external, check_external(*circuit.external));
        (void)external;
    }
    return check_peaks(circuit.peaks);
}

Status check_output(const Charger& charger) {
    const auto& dc = *charger.dc;
    if (dc.maximum <= Watts{} || dc.maximum > kMaxOutput)
        return invalid("dc.maximumKw", "must be above 0 and at most 10000");
    if (dc.minimum <= Watts{} || dc.minimum > dc.maximum)
        return invalid("dc.minimumKw", "must be above 0 and at most dc.maximumKw");
    if (dc.efficiency_min < Percent::of(50) || dc.efficiency_min > Percent::of(100))
        return invalid("dc.efficiencyPct", "must be 50 to 100");
    if (dc.power_factor < Percent::of(50) || dc.power_factor > Percent::of(100))
        return invalid("dc.powerFactorPct", "must be 50 to 100");
    if (dc.auxiliary < Watts{} || dc.auxiliary > kMaxOutput)
        return invalid("dc.auxiliaryKw", "must be 0 to 10000");
    if (charger.phases != PhaseSet::all())
        return invalid("phases", "must be all three lines for a DC charger");
    return Done{};
}

Status check_amperes(const Charger& charger) {
    if (charger.maximum <= 0_A || charger.maximum > kMaxAmperes)
        return invalid("maximumA", "must be above 0 and at most 100000 A");
    if (charger.minimum <= 0_A || charger.minimum > charger.maximum)
        return invalid("minimumA", "must be above 0 and at most maximumA");
    if (charger.floor != 0_A &&
        (charger.floor < charger.minimum || charger.floor > charger.maximum))
        return invalid("floorA", "must be 0, or between minimumA and maximumA");
    if (charger.quantum > charger.minimum)
        return invalid("quantumA", "must be a multiple of 0.1 A, and at most minimumA");
    if (charger.minimum != charger.minimum.floored_to(charger.quantum))
        return invalid("minimumA", "must be a multiple of quantumA");
    return Done{};
}

Status check_charger(const Charger& charger, const Supply& supply) {
    BUSBAR_TRY(id, check_id(charger.id.str()));
    (void)id;
    if (charger.quantum < 0.1_A || charger.quantum != charger.quantum.floored_to(0.1_A))
        return invalid("quantumA", "must be a multiple of 0.1 A, and at most minimumA");
    if (charger.phases.count() == 0) return invalid("phases", "must name at least one line");
    if (supply.wiring == Wiring::kDeltaLinear && charger.phases.count() == 1)
        return invalid("phases", "must name two lines or three where EVSEs stand between lines");
    if (charger.dc) {
        BUSBAR_TRY(output, check_output(charger));
        (void)output;
    }
    BUSBAR_TRY(amperes, check_amperes(as_wired(charger, supply)));
    (void)amperes;
    if (charger.evse_count < 1 || charger.evse_count > kMaxEvses)
        return invalid("evseCount", "must be 1 to 16");
    if (charger.settle < Duration{0} || charger.settle > std::chrono::hours{1})
        return invalid("settleMs", "must be 0 to 3600000");
    if (charger.schedule_periods < 1 || charger.schedule_periods > kMaxPeriods)
        return invalid("schedulePeriods", "must be 1 to 1024");
    if (charger.writes_per_day < 0 || charger.writes_per_day > kMaxWritesPerDay)
        return invalid("writesPerDay", "must be 0 (no limit) to 100000");
    if (charger.priority < 0 || charger.priority > kMaxPriority)
        return invalid("priority", "must be 0 to 1000");
    if (charger.tags.size() > kMaxTags) return invalid("tags", "must be at most 32");
    for (const auto& tag : charger.tags) {
        BUSBAR_TRY(text, check_text(tag, kMaxTagBytes, "tags"));
        (void)text;
    }
    return Done{};
}

Status check_place(const Site& site) {
    BUSBAR_TRY(id, check_id(site.id.str()));
    (void)id;
    const Window clock{.zone = site.zone};
    if (site.zone.empty() || !check_window(clock))
        return invalid("zone", "must be the name of a time zone, such as Europe/Berlin");
    if (site.supply.nominal < 50_V || site.supply.nominal > 1'000_V)
        return invalid("supply.nominalV", "must be 50 to 1000 V");
    if (site.raise_spread < Duration{0} || site.raise_spread > std::chrono::minutes{10})
        return invalid("raiseSpreadS", "must be 0 to 600");
    if (site.lease < std::chrono::seconds{20} || site.lease > std::chrono::hours{24})
        return invalid("leaseS", "must be 20 to 86400");
    return Done{};
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string folded(std::string text) {
    std::ranges::transform(text, text.begin(), lower);
    return text;
}

Status check_id_tags(const SiteConfig& config) {
    std::set<std::string> seen;
    for (const auto& tag : config.id_tags) {
        BUSBAR_TRY(text, check_text(tag.tag, kMaxIdTagBytes, "idTag"));
        (void)text;
        if (tag.group.size() > kMaxTagBytes || has_control_characters(tag.group))
            return invalid("group", "must have at most 64 bytes, no control characters");
        if (!seen.insert(folded(tag.tag)).second)
            return invalid("idTag", "idTag " + tag.tag + " exists twice");
    }
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
            BUSBAR_TRY(checked, check_charger(charger, config_.site.supply));
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
            const auto& circuit = *circuits_.at(id);
            auto budget = circuit.budget();
            for (const auto phase : kPhases) {
                // While its meter is silent, a building counts at its worst.
                if (circuit.building)
                    budget[phase] =
                        std::max(budget[phase] - circuit.building->worst_case[phase], 0_A);
                if (floors[phase] <= budget[phase]) continue;
                const auto shortfall = floors[phase] - budget[phase];
                return Error{Errc::kConflict,
                             "the floors of the chargers below circuit " + id.str() + " need " +
                                 decimal(floors[phase].in_milli()) + " A on " +
                                 std::string(to_string(phase)) + ", " +
                                 decimal(shortfall.in_milli()) + " A more than its budget of " +
                                 decimal(budget[phase].in_milli()) + " A" +
                                 (circuit.building ? " beside the most its building draws" : "")};
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

std::string_view to_string(TrustClass trust) {
    switch (trust) {
        case TrustClass::kA:
            return "A";
        case TrustClass::kB:
            return "B";
        case TrustClass::kC:
            return "C";
    }
    __builtin_unreachable();
}

std::optional<TrustClass> parse_trust_class(std::string_view word) {
    for (const auto trust : {TrustClass::kA, TrustClass::kB, TrustClass::kC})
        if (to_string(trust) == word) return trust;
    return {};
}

std::string_view to_string(RateUnit unit) {
    switch (unit) {
        case RateUnit::kAmperes:
            return "A";
        case RateUnit::kWatts:
            return "W";
    }
    __builtin_unreachable();
}

std::optional<RateUnit> parse_rate_unit(std::string_view word) {
    for (const auto unit : {RateUnit::kAmperes, RateUnit::kWatts})
        if (to_string(unit) == word) return unit;
    return {};
}

std::string_view to_string(BuildingLoad::Covers covers) {
    switch (covers) {
        case BuildingLoad::Covers::kTotal:
            return "total";
        case BuildingLoad::Covers::kRest:
            return "rest";
    }
    __builtin_unreachable();
}

std::optional<BuildingLoad::Covers> parse_covers(std::string_view word) {
    for (const auto covers : {BuildingLoad::Covers::kTotal, BuildingLoad::Covers::kRest})
        if (to_string(covers) == word) return covers;
    return {};
}

std::string to_string(const EvseId& evse) {
    if (evse.number == 1) return evse.charger.str();
    return evse.charger.str() + "/" + std::to_string(evse.number);
}

EvseId parse_evse(std::string_view text) {
    const auto slash = text.rfind('/');
    int number = 0;
    if (slash != std::string_view::npos) {
        const auto* end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data() + slash + 1, end, number);
        if (error != std::errc{} || stop != end) number = 0;
    }
    if (number < 1) return {ChargerId(std::string(text)), 1};
    return {ChargerId(std::string(text.substr(0, slash))), number};
}

Charger as_wired(Charger charger, Supply supply) {
    if (!charger.dc) return charger;
    charger.maximum = dc_line_current(charger.dc->maximum, *charger.dc, supply);
    const auto least = dc_line_current(charger.dc->minimum, *charger.dc, supply);
    charger.minimum = (least + charger.quantum - Amperes::milli(1)).floored_to(charger.quantum);
    return charger;
}

bool same_tag(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::string SiteConfig::group_of(std::string_view id_tag) const {
    const auto found = std::ranges::find_if(
        id_tags, [&](const IdTag& known) { return same_tag(known.tag, id_tag); });
    return found == id_tags.end() ? std::string() : found->group;
}

Status check_site(const SiteConfig& config) {
    BUSBAR_TRY(place, check_place(config.site));
    (void)place;
    BUSBAR_TRY(tree, TreeCheck(config).run());
    (void)tree;
    return check_id_tags(config);
}

}  // namespace busbar
