// What a car needs to leave on time with the energy its driver asked for.
//
// Pure: time is an argument. By nominal voltage, as energy is counted.
#pragma once

#include <optional>

#include "base/quantity.hpp"
#include "base/time.hpp"
#include "domain/electrical.hpp"

namespace busbar {

struct Trip {
    WattHours requested = {};  // From the start of the transaction.
    WattHours delivered = {};
    TimePoint depart_by = {};
    Amperes maximum = {};  // What it can have at most: car, EVSE and caps.
    PhaseSet phases = PhaseSet::all();
};

struct Pace {
    // How soon a pace changes noticeably.
    static constexpr Duration kStep = std::chrono::minutes{1};
    // For "more than anybody waits": a car that needs nothing has this laxity.
    static constexpr Duration kEndless = std::chrono::hours{24 * 365};

    // For Demand::need: amperes on each line on average until it leaves, rounded up; between 0
    // and the maximum. 0: it has what it asked for. The maximum: it has to take all it can get;
    // also after the departure, while it stays.
    Amperes need = {};
    // How long it could wait and still make it at its maximum: negative, if it cannot any more.
    // Between -kEndless and kEndless.
    Duration laxity = kEndless;

    bool operator==(const Pace&) const = default;
};

// For a car whose driver said both, energy and departure; any other has no pace.
// Requires: maximum >= 0, voltage above 0.
Pace pace_of(const Trip& trip, Supply supply, TimePoint now);

// It cannot wait for a slot of rotation any more: its place is not to be taken. Not after its
// departure: departures are often guessed, and a late car must not hold its place for ever.
bool is_urgent(const Pace& pace, const Trip& trip, Duration slot, TimePoint now);

// When to ask again though nothing else happens: after kStep; when it becomes urgent; at the
// departure. Empty: nothing changes any more.
std::optional<TimePoint> next_change(const Pace& pace, const Trip& trip, Duration slot,
                                     TimePoint now);

}  // namespace busbar
