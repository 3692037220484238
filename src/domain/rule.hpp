// What an operator wrote: a cap, a pause, a reservation..., for whom, when and how strongly.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.hpp"
#include "base/quantity.hpp"
#include "base/time.hpp"
#include "domain/selector.hpp"
#include "domain/share.hpp"
#include "domain/window.hpp"

namespace busbar {

enum class RuleKind : std::uint8_t {
    kCap,      // At most so much: each selected EVSE, or all of them together (Scope).
    kPause,    // 0 A for each selected EVSE; the car stays plugged in.
    kReserve,  // Each selected EVSE gets this, if its car wants it, before anybody's surplus.
    kExclude,  // Not ours to control: its hardware maximum is held for it, used or not.
    kRank,     // Who is served first (band), and how much of the surplus it gets (weight).
    kShare,    // How a circuit's current is split among the cars below it.
    kSuspend,  // Switches other rules off for the selected EVSEs.
    kBoost,    // No caps or pauses of its layer or below, and the first band.
};

// Who speaks. A cap of a higher layer holds whatever lower ones say (all caps hold: the least
// wins); layers decide between ranks, and which rules a suspension may switch off. The physical
// layer above them all, nameplates and breakers, is configuration and no rule.
enum class Layer : std::uint8_t { kDefault, kDriver, kPartner, kOperator, kGrid, kSafety };

// Of a cap: per EVSE, or for the sum over all that it selects.
enum class Scope : std::uint8_t { kEach, kSum };

// Which rules a suspension switches off: one, or all of a kind, or all caps, pauses and
// reservations. Never one of a layer above its own, never one of the safety layer.
struct Suspends {
    std::optional<RuleId> rule = {};
    std::optional<RuleKind> kind = {};

    bool operator==(const Suspends&) const = default;
};

inline constexpr int kFirstBand = 1;
inline constexpr int kOrdinaryBand = 5;
inline constexpr int kLastBand = 9;

struct Rule {
    RuleId id{""};
    SiteId site{""};
    RuleKind kind = RuleKind::kCap;
    Selector select = {};
    // How much, for caps (one of the three) and reservations (amperes or watts). Amperes per line;
    // watts of the EVSE, or of the circuit over all its lines; percent of the hardware maximum,
    // or of the circuit's budget. 0 is a limit like any other.
    std::optional<Amperes> limit = {};
    std::optional<TimePoint> expires_at = {};
    std::string reason = {};  // The operator's words, shown wherever the rule bites.
    std::string author = {};
    std::int64_t version = 1;  // Rises by one with each change.
    TimePoint created_at = {};

    Layer layer = Layer::kOperator;
    bool enabled = true;
    std::optional<Watts> limit_power = {};
    std::optional<Percent> limit_pct = {};
    std::optional<Scope> scope = {};    // Caps; empty: kSum where it selects a circuit, else kEach.
    bool standing = false;              // Reservations: held while no car is there, too.
    bool force = false;                 // Reservations: kept though it does not always fit.
    std::optional<int> band = {};       // Ranks and boosts: kFirstBand..kLastBand.
    std::optional<Weight> weight = {};  // Ranks: share of the surplus; 1 is ordinary.
    std::optional<Share> share = {};    // kShare.
    std::optional<Suspends> suspends = {};  // kSuspend.
    std::optional<Window> window = {};      // When it holds; empty: always.
    std::optional<TimePoint> starts_at = {};

    // Half-open: at `expires_at` it is over, for good.
    bool expired(TimePoint now) const { return expires_at && now >= *expires_at; }
    bool operator==(const Rule&) const = default;
};

// A cap for the sum of all it selects.
bool caps_sum(const Rule& rule);

// The words of the API: "cap", "pause", ...; "operator", ...; "each", "sum".
std::string_view to_string(RuleKind kind);
std::string_view to_string(Layer layer);
std::string_view to_string(Scope scope);
std::optional<RuleKind> parse_rule_kind(std::string_view word);
std::optional<Layer> parse_layer(std::string_view word);
std::optional<Scope> parse_scope(std::string_view word);

}  // namespace busbar
