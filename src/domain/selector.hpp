// Whom a rule is about.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace busbar {

enum class SelectorKind : std::uint8_t {
    kCharger,      // All its EVSEs.
    kEvse,         // One: "CP-7/2"; "CP-7" is its first.
    kCircuit,      // All below it.
    kTag,          // All chargers with this tag.
    kPartner,      // All chargers of this partner.
    kIdTagGroup,   // Whoever's idTag is in this group, while the transaction runs.
    kTransaction,  // One transaction, by its number.
    kAll,
};

// One of them, by name. `name` is empty for kAll.
struct SelectorTerm {
    SelectorKind kind = SelectorKind::kAll;
    std::string name = {};

    bool operator==(const SelectorTerm&) const = default;
};

struct Selector {
    SelectorKind kind = SelectorKind::kAll;
    std::string name = {};
    std::vector<SelectorTerm> except = {};  // Selected by the above, yet left alone. At most 32.

    SelectorTerm term() const { return {kind, name}; }
    bool operator==(const Selector&) const = default;
};

// What a selection depends on: configuration only, or also on who is charging now.
bool depends_on_transactions(const Selector& selector);

// The words of the API: "charger", "evse", "circuit", "tag", "partner", "idTagGroup",
// "transaction", "all".
std::string_view to_string(SelectorKind kind);
std::optional<SelectorKind> parse_selector_kind(std::string_view word);
// "tag ground-floor", "all": for people.
std::string to_string(const SelectorTerm& term);

}  // namespace busbar
