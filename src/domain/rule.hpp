// What an operator wrote: a cap, a pause, an exclusion, possibly with an end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.hpp"
#include "base/quantity.hpp"
#include "base/time.hpp"

namespace busbar {

enum class RuleKind : std::uint8_t {
    kCap,      // At most `limit`: each selected charger, or the selected circuit as a whole.
    kPause,    // 0 A for each selected charger; the car stays plugged in.
    kExclude,  // Not ours to control: its hardware maximum is held for it, used or not.
};

enum class SelectorKind : std::uint8_t { kCharger, kCircuit, kPartner, kAll };

// Which chargers a rule speaks of. `name` is empty for kAll.
struct Selector {
    SelectorKind kind = SelectorKind::kAll;
    std::string name = {};

    bool operator==(const Selector&) const = default;
};

struct Rule {
    RuleId id;
    SiteId site;
    RuleKind kind = RuleKind::kCap;
    Selector select = {};
    std::optional<Amperes> limit = {};  // Per line; caps only. 0 is a limit like any other.
    std::optional<TimePoint> expires_at = {};
    std::string reason = {};  // The operator's words, shown wherever the rule bites.
    std::string author = {};
    std::int64_t version = 1;  // Rises by one with each change.
    TimePoint created_at = {};

    // Half-open: at `expires_at` it is over.
    bool active(TimePoint now) const { return !expires_at || now < *expires_at; }
    bool operator==(const Rule&) const = default;
};

// The words of the API: "cap", "pause", "exclude"; "charger", "circuit", "partner", "all".
std::string_view to_string(RuleKind kind);
std::string_view to_string(SelectorKind kind);
std::optional<RuleKind> parse_rule_kind(std::string_view word);
std::optional<SelectorKind> parse_selector_kind(std::string_view word);

}  // namespace busbar
