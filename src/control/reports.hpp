// What may be asked of a live site: copies, made on its strand at one moment.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "control/feed.hpp"
#include "domain/charging.hpp"
#include "domain/grant.hpp"
#include "domain/rule.hpp"
#include "domain/site.hpp"
#include "reconcile/probe.hpp"
#include "rules/external.hpp"

namespace busbar::control {

struct EvseReport {
    int number = 1;
    ConnectorStatus status = ConnectorStatus::kUnknown;
    std::optional<Transaction> transaction = {};
    Amperes desired = {};                 // What it should have.
    std::optional<Amperes> applied = {};  // What it accepted; empty if that is not known.
    Amperes potential = {};               // The most it may be drawing.
    std::optional<Amperes> metered = {};  // The highest line of its last meter values.
    std::vector<Reason> reasons = {};     // The binding one first.
    std::optional<NextChange> next = {};  // What is known to change by itself, soonest first.
    // When what it may be drawing comes to its floor by itself; empty: it does not, or is there.
    std::optional<TimePoint> holds_until = {};
    // What is counted for it beyond what it has (its floor, where it is away): nobody can use it.
    Amperes stranded = {};
};

struct ChargerReport {
    Charger charger;
    bool online = false;
    std::string vendor;
    std::string model;
    std::vector<EvseReport> evses;
    int failures = 0;  // Limits it did not accept, in a row.
    std::optional<TimePoint> offline_since = {};
    std::optional<Duration> clock_uncertainty = {};  // Empty: its clock is not known.
    std::optional<int> writes_left = {};             // Of today's. Empty: no limit.
};

// A commissioning probe, as far as it has come.
struct ProbeReport {
    ChargerId charger;
    TimePoint started_at;
    Probe probe;
    std::optional<std::int64_t> revision = {};  // Its result is written,
    std::string not_written = {};               // or why not; empty while neither is known.
};

// What somebody outside lets a circuit carry now.
struct ExternalReport {
    ExternalWatch::State state = ExternalWatch::State::kUnheard;
    std::optional<PerPhase> ceiling = {};
};

struct CircuitReport {
    Circuit circuit;
    std::optional<PerPhase> cap;  // A rule's or an outsider's, where it is below the budget.
    PerPhase budget;              // What may be handed out now.
    PerPhase allocated;           // Sum of what the EVSEs below should have.
    PerPhase potential;           // Sum of what they may be drawing.
    PerPhase metered;             // Sum of their last meter values.
    // Where the potential passes the budget: what of it is of EVSEs that are kept out of service,
    // so that nobody can begin to draw it.
    PerPhase kept_out = {};
    std::optional<PerPhase> measured = {};  // All that flows, by the feeder's own meter.
    Overload::Stage overload = Overload::Stage::kNormal;
    std::optional<ExternalReport> external = {};
};

struct SiteReport {
    Site site;
    std::int64_t revision = 0;
    std::vector<CircuitReport> circuits;
    std::vector<ChargerReport> chargers;
    std::vector<Rule> rules;
    std::vector<IdTag> id_tags;
    std::deque<Alarm> alarms;  // The newest last.
};

// What a plan would change, against the same moment without it.
struct PlannedLimit {
    EvseId evse;
    Amperes before;
    Amperes after;
    std::vector<Reason> reasons_before = {};
    std::vector<Reason> reasons_after = {};
};
struct PlannedCircuit {
    CircuitId circuit;
    PerPhase budget_before;
    PerPhase budget_after;
    PerPhase allocated_before;
    PerPhase allocated_after;
};
struct PlanReport {
    TimePoint at;
    std::vector<PlannedLimit> limits;      // Those whose limit or binding reason changes.
    std::vector<PlannedCircuit> circuits;  // Those whose budget or sum changes.
    std::size_t unchanged = 0;             // EVSEs for which nothing changes.
};

// A charger that connected and is not configured.
struct UnknownCharger {
    ChargerId id;
    TimePoint last_seen;
    std::string vendor;
    std::string model;
};

}  // namespace busbar::control
