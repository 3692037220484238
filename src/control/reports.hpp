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
};

struct ChargerReport {
    Charger charger;
    bool online = false;
    std::string vendor;
    std::string model;
    std::vector<EvseReport> evses;
    int failures = 0;  // Limits it did not accept, in a row.
};

struct CircuitReport {
    Circuit circuit;
    std::optional<Amperes> cap;  // A rule's, where it is below the budget.
    PerPhase budget;             // What may be handed out now.
    PerPhase allocated;          // Sum of what the EVSEs below should have.
    PerPhase potential;          // Sum of what they may be drawing.
    PerPhase metered;            // Sum of their last meter values.
};

struct SiteReport {
    Site site;
    std::int64_t revision = 0;
    std::vector<CircuitReport> circuits;
    std::vector<ChargerReport> chargers;
    std::vector<Rule> rules;
    std::deque<Alarm> alarms;  // The newest last.
};

// A charger that connected and is not configured.
struct UnknownCharger {
    ChargerId id;
    TimePoint last_seen;
    std::string vendor;
    std::string model;
};

}  // namespace busbar::control
