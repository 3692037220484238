#include "domain/rule.hpp"

namespace busbar {

std::string_view to_string(RuleKind kind) {
    switch (kind) {
        case RuleKind::kCap:
            return "cap";
        case RuleKind::kPause:
            return "pause";
        case RuleKind::kExclude:
            return "exclude";
    }
    __builtin_unreachable();
}

std::string_view to_string(SelectorKind kind) {
    switch (kind) {
        case SelectorKind::kCharger:
            return "charger";
        case SelectorKind::kCircuit:
            return "circuit";
        case SelectorKind::kPartner:
            return "partner";
        case SelectorKind::kAll:
            return "all";
    }
    __builtin_unreachable();
}

std::optional<RuleKind> parse_rule_kind(std::string_view word) {
    for (const auto kind : {RuleKind::kCap, RuleKind::kPause, RuleKind::kExclude})
        if (to_string(kind) == word) return kind;
    return {};
}

std::optional<SelectorKind> parse_selector_kind(std::string_view word) {
    for (const auto kind : {SelectorKind::kCharger, SelectorKind::kCircuit, SelectorKind::kPartner,
                            SelectorKind::kAll})
        if (to_string(kind) == word) return kind;
    return {};
}

}  // namespace busbar
