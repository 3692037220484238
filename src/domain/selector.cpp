#include "domain/selector.hpp"

#include <algorithm>

namespace busbar {
namespace {

bool is_about_transactions(SelectorKind kind) {
    return kind == SelectorKind::kIdTagGroup || kind == SelectorKind::kTransaction;
}

}  // namespace

bool depends_on_transactions(const Selector& selector) {
    return is_about_transactions(selector.kind) ||
           std::ranges::any_of(selector.except, is_about_transactions, &SelectorTerm::kind);
}

std::string_view to_string(SelectorKind kind) {
    switch (kind) {
        case SelectorKind::kCharger:
            return "charger";
        case SelectorKind::kEvse:
            return "evse";
        case SelectorKind::kCircuit:
            return "circuit";
        case SelectorKind::kTag:
            return "tag";
        case SelectorKind::kPartner:
            return "partner";
        case SelectorKind::kIdTagGroup:
            return "idTagGroup";
        case SelectorKind::kTransaction:
            return "transaction";
        case SelectorKind::kAll:
            return "all";
    }
    __builtin_unreachable();
}

std::optional<SelectorKind> parse_selector_kind(std::string_view word) {
    using enum SelectorKind;
    for (const auto kind :
         {kCharger, kEvse, kCircuit, kTag, kPartner, kIdTagGroup, kTransaction, kAll})
        if (to_string(kind) == word) return kind;
    return {};
}

std::string to_string(const SelectorTerm& term) {
    std::string text(to_string(term.kind));
    if (term.kind != SelectorKind::kAll) text += " " + term.name;
    return text;
}

}  // namespace busbar
