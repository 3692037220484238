// What a site looks like: a tree of circuits, each behind a breaker, and the chargers wired to
// them. This is configuration: what an operator entered, valid as a whole (check_site).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "domain/phase.hpp"

namespace busbar {

struct Site {
    SiteId id;
    std::string name = {};
    std::string zone = "UTC";  // IANA time zone, for windows of rules.

    bool operator==(const Site&) const = default;
};

struct Circuit {
    CircuitId id;
    SiteId site;
    std::optional<CircuitId> parent;  // Empty: fed from outside the site.
    std::string name = {};
    PerPhase breaker;    // Rated current of each line.
    int safety_pct = 5;  // Never handed out: covers metering error and ramps. 0..90.

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

    bool operator==(const Charger&) const = default;
};

struct SiteConfig {
    Site site;
    std::vector<Circuit> circuits;
    std::vector<Charger> chargers;
};

// Whether the parts fit together: known parents and circuits, no cycles, no id twice, amounts in
// range, and at every circuit the floors of the chargers below fit its budget (what they fall
// back to when we are gone must not trip it). Fails with kInvalid for a value that can never be
// right, kConflict naming the circuit and the shortfall where the parts do not fit.
Status check_site(const SiteConfig& config);

}  // namespace busbar
