// What a site keeps between evaluations to guard its circuits beside budgets and ledger: boxes that
// limit them from outside, feeders that are measured, and chargers that have to give way.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "demand/overload.hpp"
#include "domain/site.hpp"
#include "rules/external.hpp"

namespace busbar::control {

// A circuit's external limit.
struct WatchedLimit {
    ExternalLimit limit;  // As the watch knows it.
    ExternalWatch watch;
    SteadyPoint since;     // When it was first watched.
    bool alarmed = false;  // Somebody was told that it is silent.
};

// A circuit whose meter sees all that flows.
struct WatchedFeeder {
    MeterId meter;
    PerPhase rating;
    Overload overload;
    // While somebody has to stop, nobody else may rise above what they had when that began.
    std::map<EvseId, Amperes> had = {};
};

// A row that may carry more than its budget.
struct OverRow {
    SteadyPoint since;
    bool alarmed = false;
};

struct Guards {
    std::map<CircuitId, WatchedLimit> limits;
    std::map<CircuitId, WatchedFeeder> feeders;
    std::set<CircuitId> sums_over;  // By the chargers' own meters; an alarm was raised.
    std::optional<SteadyPoint> sums_at;
    std::map<std::string, OverRow> over;  // By the row's name.
    bool floors_taken = false;            // Of some charger.
};

// How one EVSE gives way on a row that carries too much, each step harder than the one before.
struct Yielding {
    bool at_zero = false;       // Its transaction has a limit of 0 A.
    bool stop = false;          // Its transaction is to end.
    bool out = false;           // It is to be out of service.
    bool told_out = false;      // The charger has accepted that, and not yet the opposite.
    bool durable_out = false;   // The store knows.
    int asked = 0;              // How often the charger was asked for that,
    bool refused = false;       // with no good answer to the last time,
    SteadyPoint retry_at = {};  // and not again before this.
    std::optional<SteadyPoint> fits_since = {};

    bool any() const { return at_zero || stop || out || told_out; }
};

// How a charger does: its floor, and with it its default, is 0 A for now.
struct FloorYielding {
    bool taken = false;
    Amperes configured = {};
    std::optional<SteadyPoint> fits_since = {};
};

}  // namespace busbar::control
