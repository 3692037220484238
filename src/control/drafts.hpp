// What a caller asks to have written, before it is checked against the live site.
#pragma once

#include <optional>
#include <string>

#include "domain/rule.hpp"
#include "domain/site.hpp"

namespace busbar::control {

// Who asks, and since when the request was complete: dispatch times count from there.
struct Caller {
    std::string author;
    SteadyPoint accepted_at;
};

// Whether a charger may be deleted that was last seen drawing: only if somebody says that it is
// gone for good.
enum class Even : std::uint8_t { kAtRest, kDrawing };

struct RuleDraft {
    RuleKind kind = RuleKind::kCap;
    Selector select = {};
    std::optional<Amperes> limit = {};
    std::optional<TimePoint> expires_at = {};
    std::string reason = {};
};

// What is empty stays as it is.
struct RulePatch {
    std::optional<Amperes> limit = {};
    std::optional<std::optional<TimePoint>> expires_at = {};
    std::optional<std::string> reason = {};
    std::optional<std::int64_t> if_version = {};  // Refused with kConflict if it has moved on.
};

struct SitePatch {
    std::optional<std::string> name = {};
    std::optional<std::string> zone = {};
};

struct CircuitPatch {
    std::optional<std::optional<CircuitId>> parent = {};
    std::optional<std::string> name = {};
    std::optional<PerPhase> breaker = {};  // Required for a new one.
    std::optional<int> safety_pct = {};
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
};

// The object as it stands after the write, and the server's revision then.
template <class T>
struct Written {
    T value;
    std::int64_t revision = 0;
    bool created = false;
};

}  // namespace busbar::control
