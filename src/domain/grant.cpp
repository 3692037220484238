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

std::string rule_of(const std::optional<RuleId>& rule) {
    return rule ? "rule " + rule->str() : std::string("a rule");
}

// "12:00:05 UTC": to the second, which is as fine as anybody waits.
std::string clock_time(TimePoint at) {
    return format_time(at).substr(11, 8) + " UTC";
}

std::string until(const Reason& reason, std::string_view before) {
    return reason.until ? std::string(before) + clock_time(*reason.until) : std::string();
}

std::string shared_sentence(const Reason& reason) {
    const auto others = reason.sharers - 1;
    return (reason.sharers > 1 ? "shares " + at_row(reason) + " with " + std::to_string(others) +
                                     (others == 1 ? " other" : " others")
                               : "takes what is left of " + at_row(reason)) +
           (reason.rule ? ", which rule " + reason.rule->str() + " caps" : "");
}

std::string waits_sentence(const Reason& reason) {
    return "waits: " + at_row(reason) + " has " + amps(reason.amount) +
           " left, less than a car needs to charge" +
           (reason.rule ? " (rule " + reason.rule->str() + " caps it)" : "") +
           until(reason, "; its turn comes by ");
}

std::string external_sentence(const Reason& reason) {
    return at_row(reason) + " is limited to " + amps(reason.amount) + " from outside" +
           (reason.source.empty() ? "" : " (" + reason.source + ")");
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
        case ReasonKind::kReserved:
            return amps(reason.amount) + " is reserved for it" + by_rule(reason);
        case ReasonKind::kShared:
            return shared_sentence(reason);
        case ReasonKind::kNotAdmitted:
            return waits_sentence(reason);
        case ReasonKind::kResting:
            return "gave its turn to another car, and rests" + until(reason, " until ");
        case ReasonKind::kBelowMinimum:
            return "gets nothing: " + amps(reason.amount) + by_rule(reason) +
                   " is less than a car needs to charge";
        case ReasonKind::kMinimum:
            return "its car needs at least " + amps(reason.amount) + " to charge";
        case ReasonKind::kReclaimed:
            return "its car draws " + amps(reason.amount) + ", so the rest went to others";
        case ReasonKind::kLast:
            return "its car drew nothing when it could, so it comes last";
        case ReasonKind::kDeadline:
            return "needs " + amps(reason.amount) + " on average" +
                   until(reason, " until it leaves at ");
        case ReasonKind::kBand:
            return "ranked in band " + std::to_string(reason.band) + by_rule(reason);
        case ReasonKind::kBoosted:
            return "boosted" + by_rule(reason) + ": caps and pauses do not hold for it";
        case ReasonKind::kLifted:
            return rule_of(reason.rule) + " does not hold: " + rule_of(reason.other) +
                   " switches it off";
        case ReasonKind::kInactive:
            return reason.row + " is switched off";
        case ReasonKind::kBuilding:
            return at_row(reason) + " carries " + amps(reason.amount) + " for something else";
        case ReasonKind::kSpread:
            return "waits its turn to rise" + until(reason, " at ") +
                   ", so that not all cars do at once";
        case ReasonKind::kOffline:
            return "not connected" + (reason.since ? " since " + clock_time(*reason.since) : "") +
                   ", so " + amps(reason.amount) + " is held for it" + until(reason, " until ");
        case ReasonKind::kDistrusted:
            return "not trusted to keep its limit, so " + amps(reason.amount) + " is held for it";
        case ReasonKind::kExternal:
            return external_sentence(reason);
        case ReasonKind::kShed:
            return "shed: " + at_row(reason) + " measured " + amps(reason.amount) + " of " +
                   amps(reason.rating);
        case ReasonKind::kGivesWay:
            return "gives way: others on " + reason.row + " may draw more than it should carry";
        case ReasonKind::kOutOfService:
            return "out of service until there is room: others may draw more than there is";
        case ReasonKind::kWritesSpent:
            return "has taken all its writes of a day, and can only be lowered" +
                   until(reason, " until ");
        case ReasonKind::kEndless:
            return "its limit does not end by itself: its clock is not known well enough";
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
        case ReasonKind::kReserved:
            return "reserved";
        case ReasonKind::kShared:
            return "shared";
        case ReasonKind::kNotAdmitted:
            return "not_admitted";
        case ReasonKind::kResting:
            return "resting";
        case ReasonKind::kBelowMinimum:
            return "below_minimum";
        case ReasonKind::kMinimum:
            return "minimum";
        case ReasonKind::kReclaimed:
            return "reclaimed";
        case ReasonKind::kLast:
            return "last";
        case ReasonKind::kDeadline:
            return "deadline";
        case ReasonKind::kBand:
            return "band";
        case ReasonKind::kBoosted:
            return "boosted";
        case ReasonKind::kLifted:
            return "lifted";
        case ReasonKind::kInactive:
            return "inactive";
        case ReasonKind::kBuilding:
            return "building";
        case ReasonKind::kSpread:
            return "spread";
        case ReasonKind::kOffline:
            return "offline";
        case ReasonKind::kDistrusted:
            return "distrusted";
        case ReasonKind::kExternal:
            return "external";
        case ReasonKind::kShed:
            return "shed";
        case ReasonKind::kGivesWay:
            return "gives_way";
        case ReasonKind::kOutOfService:
            return "out_of_service";
        case ReasonKind::kWritesSpent:
            return "writes_spent";
        case ReasonKind::kEndless:
            return "endless";
        case ReasonKind::kAwaitsAmps:
            return "awaits_amps";
        case ReasonKind::kRejecting:
            return "rejecting";
    }
    __builtin_unreachable();
}

}  // namespace busbar
