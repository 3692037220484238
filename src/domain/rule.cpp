#include "domain/rule.hpp"

namespace busbar {

bool caps_sum(const Rule& rule) {
    if (rule.kind != RuleKind::kCap) return false;
    if (rule.scope) return *rule.scope == Scope::kSum;
    return rule.select.kind == SelectorKind::kCircuit;
}

std::string_view to_string(RuleKind kind) {
    switch (kind) {
        case RuleKind::kCap:
            return "cap";
        case RuleKind::kPause:
            return "pause";
        case RuleKind::kReserve:
            return "reserve";
        case RuleKind::kExclude:
            return "exclude";
        case RuleKind::kRank:
            return "rank";
        case RuleKind::kShare:
            return "share";
        case RuleKind::kSuspend:
            return "suspend";
        case RuleKind::kBoost:
            return "boost";
    }
    __builtin_unreachable();
}

std::string_view to_string(Layer layer) {
    switch (layer) {
        case Layer::kDefault:
            return "default";
        case Layer::kDriver:
            return "driver";
        case Layer::kPartner:
            return "partner";
        case Layer::kOperator:
            return "operator";
        case Layer::kGrid:
            return "grid";
        case Layer::kSafety:
            return "safety";
    }
    __builtin_unreachable();
}

std::string_view to_string(Scope scope) {
    switch (scope) {
        case Scope::kEach:
            return "each";
        case Scope::kSum:
            return "sum";
    }
    __builtin_unreachable();
}

std::optional<RuleKind> parse_rule_kind(std::string_view word) {
    using enum RuleKind;
    for (const auto kind : {kCap, kPause, kReserve, kExclude, kRank, kShare, kSuspend, kBoost})
        if (to_string(kind) == word) return kind;
    return {};
}

std::optional<Layer> parse_layer(std::string_view word) {
    using enum Layer;
    for (const auto layer : {kDefault, kDriver, kPartner, kOperator, kGrid, kSafety})
        if (to_string(layer) == word) return layer;
    return {};
}

std::optional<Scope> parse_scope(std::string_view word) {
    for (const auto scope : {Scope::kEach, Scope::kSum})
        if (to_string(scope) == word) return scope;
    return {};
}

}  // namespace busbar
