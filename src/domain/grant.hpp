// What an EVSE asks for, what it gets, and why: every limit carries reasons that a person can
// read and a program can check.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "base/quantity.hpp"
#include "base/time.hpp"
#include "domain/network.hpp"
#include "domain/phase.hpp"

namespace busbar {

enum class ReasonKind : std::uint8_t {
    kIdle,          // No car is charging.
    kHardware,      // Gets all that its hardware takes.
    kCapped,        // A rule caps it. `rule`, `amount`.
    kPaused,        // A rule pauses it. `rule`.
    kExcluded,      // A rule excludes it: its hardware maximum is held. `rule`, `amount`.
    kShared,        // A row is full and shared alike. `row`, `phase`, `sharers`, `rule` if capped.
    kNotAdmitted,   // The row has less than its minimum left. `row`, `phase`, `amount`.
    kBelowMinimum,  // Its cap is less than its minimum, so it gets 0. `rule`, `amount`.
    kOffline,       // Not connected: what it may be drawing is held. `amount`.
    kAwaitsAmps,    // Decided, but the amperes are not given back yet. `amount`: the wish.
    kRejecting,     // The charger refuses the limit. `amount`: the wish.
};

struct Reason {
    ReasonKind kind = ReasonKind::kIdle;
    std::optional<RuleId> rule = {};
    std::string row = {};  // A circuit's id, or the charger's own.
    std::optional<Phase> phase = {};
    int sharers = 0;
    Amperes amount = {};

    bool operator==(const Reason&) const = default;
};

// What one leaf of the network asks for.
struct Demand {
    enum class Kind : std::uint8_t {
        kIdle,   // No car that charges: stays at its floor.
        kWants,  // A car that takes what it gets, up to `wanted`.
        kFixed,  // Cannot be changed now (offline, excluded): `wanted` is held for it.
    };
    Kind kind = Kind::kIdle;
    Amperes wanted = {};
    TimePoint since = {};  // Who came first is admitted first; then by id.
    Reason because = {};   // Why not more than `wanted`.
};

// What may flow through one row, and the rule that made it less than configured, if any.
struct RowBudget {
    PerPhase amperes;
    std::optional<RuleId> cap = {};
};

struct Grant {
    Amperes limit;
    std::vector<Reason> reasons;  // The binding one first.

    bool operator==(const Grant&) const = default;
};

// "shares circuit level-1 (L2) with 4 others": one reason, to stand after "gets 16 A: ".
std::string to_sentence(const Reason& reason);
// "not_admitted", "shared": the kind in data.
std::string_view to_string(ReasonKind kind);

}  // namespace busbar
