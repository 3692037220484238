// What a caller asks to have written, before it is checked against the live site.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/access.hpp"
#include "domain/rule.hpp"
#include "domain/site.hpp"

namespace busbar::control {

// Who asks, and since when the request was complete: dispatch times count from there.
struct Caller {
    std::string author;
    SteadyPoint accepted_at;
};

inline constexpr const char* kOwnAuthor = "busbar";  // Of what nobody asked for.

// Whether a charger may be deleted that was last seen drawing: only if somebody says that it is
// gone for good.
enum class Even : std::uint8_t { kAtRest, kDrawing };

// A rule to be: control gives it its id, site, author, version and time of creation.
using RuleDraft = Rule;

// What is empty stays as it is; an inner empty takes the value away.
struct RulePatch {
    std::optional<Amperes> limit = {};  // Of these three, one may be given: it replaces the others.
    std::optional<Watts> limit_power = {};
    std::optional<Percent> limit_pct = {};
    std::optional<std::optional<TimePoint>> expires_at = {};
    std::optional<std::optional<TimePoint>> starts_at = {};
    std::optional<std::optional<Window>> window = {};
    std::optional<std::string> reason = {};
    std::optional<bool> enabled = {};
    std::optional<bool> standing = {};
    std::optional<bool> force = {};
    std::optional<int> band = {};
    std::optional<Weight> weight = {};
    std::optional<Share> share = {};
    std::optional<Layer> layer = {};
    std::optional<std::int64_t> if_version = {};  // Refused with kConflict if it has moved on.
};

struct SitePatch {
    std::optional<std::string> name = {};
    std::optional<std::string> zone = {};
    std::optional<Wiring> wiring = {};
    std::optional<Volts> nominal = {};
    std::optional<Duration> raise_spread = {};
    std::optional<Duration> lease = {};
};

struct CircuitPatch {
    std::optional<std::optional<CircuitId>> parent = {};
    std::optional<std::string> name = {};
    std::optional<PerPhase> breaker = {};  // Required for a new one.
    std::optional<int> safety_pct = {};
    std::optional<std::optional<Share>> share = {};
    std::optional<std::vector<Peak>> peaks = {};
    std::optional<bool> active = {};
    std::optional<std::optional<BuildingLoad>> building = {};
};

// What the box that limits a circuit from outside says. Amperes, or watts over the circuit's lines.
struct ExternalPatch {
    std::optional<std::optional<PerPhase>> limit = {};  // Or one of power, for the first time.
    std::optional<Watts> limit_power = {};
    std::optional<std::optional<PerPhase>> failsafe = {};
    std::optional<Watts> failsafe_power = {};
    std::optional<Duration> heartbeat = {};
    std::optional<Duration> failsafe_for = {};
    std::optional<std::string> source = {};
};

struct ChargerPatch {
    std::optional<CircuitId> circuit = {};  // Required for a new one.
    std::optional<std::string> name = {};
    std::optional<std::string> partner = {};
    std::optional<Amperes> maximum = {};  // Required for a new one.
    std::optional<Amperes> minimum = {};
    std::optional<Amperes> floor = {};
    std::optional<Amperes> quantum = {};
    std::optional<int> evse_count = {};
    std::optional<PhaseSet> phases = {};
    std::optional<Duration> settle = {};
    std::optional<bool> keeps_profiles = {};
    std::optional<TrustClass> trust = {};
    std::optional<RateUnit> rate_unit = {};
    std::optional<int> schedule_periods = {};
    std::optional<int> writes_per_day = {};
    std::optional<std::vector<std::string>> tags = {};
    std::optional<int> priority = {};
    std::optional<bool> managed = {};
    std::optional<Rotation> rotation = {};
    std::optional<std::optional<DcOutput>> dc = {};
};

// What a charger is to show. What is empty stays as it is.
struct AccessPatch {
    std::optional<std::optional<SecurityProfile>> profile = {};
    std::optional<std::string> certificate_name = {};
    std::optional<SealedKey> key = {};  // The one before it is good for a while.
    bool no_key = false;                // It has none any more.
};

// Writes what a patch holds over what was there.
void apply(const RulePatch& patch, Rule& rule);
void apply(const SitePatch& patch, Site& site);
// The circuit or charger of that id with the patch applied, or a new one. Fails with kInvalid,
// naming the field, where a new one lacks what it needs.
Result<Circuit> patched(const SiteConfig& config, const CircuitId& id, const CircuitPatch& patch);
Result<ExternalLimit> patched(const Circuit& circuit, const ExternalPatch& patch, Supply supply);
Result<Charger> patched(const SiteConfig& config, const ChargerId& id, const ChargerPatch& patch);

// Whether the parts of a configuration fit together, and its time zones exist.
Status check_parts(const SiteConfig& config);

// Puts `value` in the place of the one with its id, or at the end.
template <class T>
void put(std::vector<T>& list, T value) {
    const auto found = std::ranges::find(list, value.id, &T::id);
    if (found == list.end())
        list.push_back(std::move(value));
    else
        *found = std::move(value);
}

// What a driver asks for. What is empty is not known (any more).
struct DriverWish {
    std::optional<WattHours> requested = {};
    std::optional<TimePoint> depart_by = {};
};

// What if: rules and configuration as they would be, at a moment now or to come. Rules whose id
// exists are replaced; others are new. Patches work as the writes of the same name do.
struct PlanDraft {
    std::vector<RuleDraft> rules = {};
    std::vector<RuleId> without_rules = {};
    std::vector<std::pair<CircuitId, CircuitPatch>> circuits = {};
    std::vector<std::pair<ChargerId, ChargerPatch>> chargers = {};
    std::optional<TimePoint> at = {};  // Which rules hold; empty: now.
};

// The object as it stands after the write, and the server's revision then.
template <class T>
struct Written {
    T value;
    std::int64_t revision = 0;
    bool created = false;
    std::vector<std::string> warnings = {};  // It is written, but may not do what was meant.
};

}  // namespace busbar::control
