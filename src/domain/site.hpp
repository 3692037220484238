// What a site looks like: a tree of circuits, each behind a breaker, and the chargers wired to
// them. This is configuration: what an operator entered, valid as a whole (check_site).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "domain/electrical.hpp"
#include "domain/phase.hpp"
#include "domain/share.hpp"
#include "domain/window.hpp"

namespace busbar {

struct Site {
    SiteId id;
    std::string name = {};
    std::string zone = "UTC";  // IANA time zone, for windows of rules.
    Supply supply = {};
    // After a boundary lets limits rise, or an outage ends, each charger waits a random part of
    // this before it is raised, so that the grid does not see all cars come back at once.
    Duration raise_spread = {};
    // How long a charger goes on with a limit when it no longer hears from us; then it falls to
    // its floor by itself. 20 s to 24 h.
    Duration lease = std::chrono::minutes{30};

    bool operator==(const Site&) const = default;
};

// What else draws from a circuit: a meter tells, and a stale one counts at its worst.
struct BuildingLoad {
    enum class Covers : std::uint8_t {
        kTotal,  // All that flows through the circuit, the chargers below it included.
        kRest,   // Only what is not ours.
    };
    MeterId meter;
    Covers covers = Covers::kTotal;
    Duration stale_after = std::chrono::seconds{30};
    PerPhase worst_case = {};  // Counted while the meter is stale.

    bool operator==(const BuildingLoad&) const = default;
};
std::string_view to_string(BuildingLoad::Covers covers);  // "total", "rest"
std::optional<BuildingLoad::Covers> parse_covers(std::string_view word);

// Hours in which a circuit may carry only a part of its budget (time of use).
struct Peak {
    Window window;
    Percent percent;

    bool operator==(const Peak&) const = default;
};

// What somebody outside lets a circuit carry: a grid operator's box, which says so again and again.
// A cap of the grid's layer. It is lower than all that was heard of it where nothing is heard.
struct ExternalLimit {
    std::optional<PerPhase> limit = {};     // Empty: none now, though the box is there.
    std::optional<PerPhase> failsafe = {};  // Holds while it is silent; empty: the last limit.
    Duration heartbeat = std::chrono::seconds{120};  // Silent for so long is silent. 1 s to 1 day.
    Duration failsafe_for = std::chrono::hours{2};   // How long a failsafe holds at least.
    std::string source = {};                         // Who says so; at most 64 bytes.
    // A failsafe that has begun holds until then, whatever is heard.
    std::optional<TimePoint> failsafe_until = {};

    bool operator==(const ExternalLimit&) const = default;
};

struct Circuit {
    CircuitId id;
    SiteId site;
    std::optional<CircuitId> parent;  // Empty: fed from outside the site.
    std::string name = {};
    PerPhase breaker;                 // Rated current of each line.
    int safety_pct = 5;               // Never handed out: covers metering error and ramps. 0..90.
    std::optional<Share> share = {};  // Empty: as the circuit above it; at the top: equal.
    std::vector<Peak> peaks = {};     // At most 32.
    bool active = true;               // False: the chargers below it stay at their floors.
    std::optional<BuildingLoad> building = {};
    std::optional<ExternalLimit> external = {};

    // What may be handed out.
    PerPhase budget() const;
    bool operator==(const Circuit&) const = default;
};

// A supply that takes one car. OCPP 1.6 calls it connector n >= 1.
struct EvseId {
    ChargerId charger;
    int number;

    auto operator<=>(const EvseId&) const = default;
};
// "CP-7", and "CP-7/2" from the second EVSE on.
std::string to_string(const EvseId& evse);
// The other way round; without a number behind a slash, the first EVSE. A charger's id may look
// like an EVSE's: where a charger has the whole text for its id, that is meant.
EvseId parse_evse(std::string_view text);

// How far a charger's word goes, as the commissioning probe found (allocation and safety, 3.4).
enum class TrustClass : std::uint8_t {
    kA,  // Verified: obeys, and falls to its floor by itself when a lease runs out.
    kB,  // Obeys while it hears from us; what it does alone is not known. Every unprobed charger.
    kC,  // Does not do what it acknowledged: counts at its hardware maximum, always.
};
std::string_view to_string(TrustClass trust);  // "A", "B", "C"
std::optional<TrustClass> parse_trust_class(std::string_view word);

// The unit that a charger takes limits in.
enum class RateUnit : std::uint8_t { kAmperes, kWatts };
std::string_view to_string(RateUnit unit);  // "A", "W": OCPP's words.
std::optional<RateUnit> parse_rate_unit(std::string_view word);

struct Charger {
    ChargerId id;
    CircuitId circuit;
    std::string name = {};
    std::string partner = {};  // Whose customers it serves; empty: the operator's own.
    Amperes maximum = {};      // Hardware maximum of each EVSE, per line.
    Amperes minimum = 6_A;     // IEC 61851: below it a car stops, so a limit is 0 or >= minimum.
    Amperes floor = 0_A;       // What it falls back to without us: 0, or >= minimum.
    Amperes quantum = 1_A;     // The finest step it follows.
    int evse_count = 1;        // 1..16.
    PhaseSet phases = PhaseSet::all();
    // From an accepted decrease to the car having followed: 5 s for the car (IEC 61851-1) and
    // what the charger needs; 30 s for one that was never probed.
    Duration settle = std::chrono::seconds{30};
    // Proven to keep its charging profiles over a lost connection. Without that proof it counts
    // at its maximum from a reconnect until it has accepted a new default.
    bool keeps_profiles = false;
    TrustClass trust = TrustClass::kB;
    RateUnit rate_unit = RateUnit::kAmperes;
    // Periods that one schedule may have; a lease needs two. 1..1024.
    int schedule_periods = 2;
    // Profiles written to it in 24 hours, decreases apart: many keep each one in flash memory,
    // which wears. 0: no limit, its profiles are known to live in RAM.
    int writes_per_day = 200;

    std::vector<std::string> tags = {};  // At most 32.
    int priority = 1;     // Its weight where a circuit shares by weights; 0 does not starve.
    bool managed = true;  // False: not ours to control, its hardware maximum is held for it.
    // Which line of the site each of the charger's own lines L1, L2, L3 is wired to. `phases` are
    // lines of the site.
    Rotation rotation = {};
    std::optional<DcOutput> dc = {};  // A DC charger: `maximum`, `minimum` follow from it.

    bool operator==(const Charger&) const = default;
};

// The charger with the amperes that follow from its output, if it is a DC charger: `maximum` the
// line current at full output, `minimum` that of its least output in whole quanta.
Charger as_wired(Charger charger, Supply supply);

// A driver's card or app token, as chargers report it, and the group that rules know it by.
struct IdTag {
    std::string tag;  // 1 to 36 bytes, compared without regard to case (OCPP: CiString).
    SiteId site;
    std::string group = {};

    bool operator==(const IdTag&) const = default;
};

// Whether two spellings mean one tag.
bool same_tag(std::string_view a, std::string_view b);

struct SiteConfig {
    Site site;
    std::vector<Circuit> circuits;
    std::vector<Charger> chargers;
    std::vector<IdTag> id_tags = {};

    // The group of a tag; empty if it has none.
    std::string group_of(std::string_view id_tag) const;
};

// Whether the parts fit together: known parents and circuits, no cycles, no id twice, amounts in
// range, and at every circuit the floors of the chargers below fit its budget (what they fall
// back to when we are gone must not trip it). Fails with kInvalid for a value that can never be
// right, kConflict naming the circuit and the shortfall where the parts do not fit.
Status check_site(const SiteConfig& config);

}  // namespace busbar
