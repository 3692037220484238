// What an EVSE gets, and why: every limit carries reasons that a person can read and a program
// can check.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.hpp"
#include "base/quantity.hpp"
#include "base/time.hpp"
#include "domain/phase.hpp"

namespace busbar {

enum class ReasonKind : std::uint8_t {
    kIdle,          // No car is charging.
    kHardware,      // Gets all that its hardware takes.
    kCapped,        // A rule caps it. `rule`, `amount`.
    kPaused,        // A rule pauses it. `rule`.
    kExcluded,      // It is excluded: its hardware maximum is held. `rule` if one, `amount`.
    kReserved,      // A rule reserves this for it. `rule`, `amount`.
    kShared,        // A row is full and shared. `row`, `phase`, `sharers`, `rule` if capped.
    kNotAdmitted,   // The row has less than its minimum left. `row`, `phase`, `amount`, and
                    // `until`: when a car that charges now makes room, if cars take turns.
    kResting,       // It was paused to let another in, and rests until `until`.
    kBelowMinimum,  // Its cap is less than its minimum, so it gets 0. `rule`, `amount`.
    kMinimum,       // Its car needs more than the usual minimum. `amount`.
    kReclaimed,     // Its car draws less: the rest went to others. `amount`: what it draws.
    kLast,          // It did not draw when it was given current: it goes last.
    kDeadline,      // It has to leave at `until`, and still needs `amount` on average.
    kBand,          // A rule puts it into another band than the ordinary one. `rule`, `band`.
    kBoosted,       // A rule lifts caps for it. `rule`.
    kLifted,        // A rule that would bind is switched off by another. `rule`, `other`.
    kInactive,      // Its circuit is switched off. `row`.
    kBuilding,      // The row carries something else, too. `row`, `phase`, `amount`.
    kSpread,        // It may rise only at `until`: chargers do not all rise at once.
    kOffline,       // Not connected `since`: what it may be drawing is held. `amount`, and
                    // `until`, if it falls to its floor by itself.
    kDistrusted,    // It is not trusted to obey: what its hardware takes is held. `amount`.
    kExternal,      // Somebody outside limits the row. `row`, `phase`, `amount`, `source`.
    kShed,          // A feeder measured too much, so it stops, or must not rise. `row`, `phase`,
                    // `amount` measured of `rating`.
    kGivesWay,      // The row may carry more than it should, because of others. `row`.
    kWritesSpent,   // It was written to so often that it can only be lowered, until `until`.
    kOutOfService,  // It was taken out of service, for what others on a row may draw.
    kEndless,       // Its limit does not end by itself, as its clock is not known well enough.
    kAwaitsAmps,    // Decided, but the amperes are not given back yet. `amount`: the wish.
    kRejecting,     // The charger refuses the limit. `amount`: the wish.
};

struct Reason {
    ReasonKind kind = ReasonKind::kIdle;
    std::optional<RuleId> rule = {};
    std::optional<RuleId> other = {};
    std::string row = {};  // A circuit's id, or the charger's own.
    std::optional<Phase> phase = {};
    int sharers = 0;
    int band = 0;
    Amperes amount = {};
    std::optional<TimePoint> until = {};
    std::optional<TimePoint> since = {};
    Amperes rating = {};
    std::string source = {};  // "dso-box", "dso-box is silent": who limits the row.

    bool operator==(const Reason&) const = default;
};

// "shares circuit level-1 (L2) with 4 others": one reason, to stand after "gets 16 A: ".
std::string to_sentence(const Reason& reason);
// "not_admitted", "shared": the kind in data.
std::string_view to_string(ReasonKind kind);

// What is going to change by itself, and when: "the cap of rule r-7 ends".
struct NextChange {
    TimePoint at;
    std::string text;

    bool operator==(const NextChange&) const = default;
};

}  // namespace busbar
