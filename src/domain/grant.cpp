#include "domain/grant.hpp"

namespace busbar {
namespace {

std::string amps(Amperes amount) {
    return decimal(amount.in_milli()) + " A";
}

std::string by_rule(const Reason& reason) {
    return reason.rule ? " by rule " + reason.rule->str() : std::string();
}

std::string at_row(const Reason& reason) {
    std::string text = reason.row;
    if (reason.phase) text += " (" + std::string(to_string(*reason.phase)) + ")";
    return text;
}

}  // namespace

std::string to_sentence(const Reason& reason) {
    switch (reason.kind) {
        case ReasonKind::kIdle:
            return "no car is charging";
        case ReasonKind::kHardware:
            return "takes all its hardware can";
        case ReasonKind::kCapped:
            return "capped at " + amps(reason.amount) + by_rule(reason);
        case ReasonKind::kPaused:
            return "paused" + by_rule(reason);
        case ReasonKind::kExcluded:
            return "excluded" + by_rule(reason) + ", so " + amps(reason.amount) + " is held for it";
        case ReasonKind::kShared:
            return (reason.sharers > 1 ? "shares " + at_row(reason) + " with " +
                                             std::to_string(reason.sharers - 1) +
                                             (reason.sharers == 2 ? " other" : " others")
                                       : "takes what is left of " + at_row(reason)) +
                   (reason.rule ? ", which rule " + reason.rule->str() + " caps" : "");
        case ReasonKind::kNotAdmitted:
            return "waits: " + at_row(reason) + " has " + amps(reason.amount) +
                   " left, less than a car needs to charge" +
                   (reason.rule ? " (rule " + reason.rule->str() + " caps it)" : "");
        case ReasonKind::kBelowMinimum:
            return "gets nothing: " + amps(reason.amount) + by_rule(reason) +
                   " is less than a car needs to charge";
        case ReasonKind::kOffline:
            return "not connected, so " + amps(reason.amount) + " is held for it";
        case ReasonKind::kAwaitsAmps:
            return "goes to " + amps(reason.amount) + " once others have given back";
        case ReasonKind::kRejecting:
            return "the charger refuses its limit of " + amps(reason.amount);
    }
    __builtin_unreachable();
}

std::string_view to_string(ReasonKind kind) {
    switch (kind) {
        case ReasonKind::kIdle:
            return "idle";
        case ReasonKind::kHardware:
            return "hardware";
        case ReasonKind::kCapped:
            return "capped";
        case ReasonKind::kPaused:
            return "paused";
        case ReasonKind::kExcluded:
            return "excluded";
        case ReasonKind::kShared:
            return "shared";
        case ReasonKind::kNotAdmitted:
            return "not_admitted";
        case ReasonKind::kBelowMinimum:
            return "below_minimum";
        case ReasonKind::kOffline:
            return "offline";
        case ReasonKind::kAwaitsAmps:
            return "awaits_amps";
        case ReasonKind::kRejecting:
            return "rejecting";
    }
    __builtin_unreachable();
}

}  // namespace busbar
