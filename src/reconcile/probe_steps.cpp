// The steps of a probe: what each waits for, for how long, and what it makes of it.
#include <algorithm>
#include <utility>

#include "reconcile/draw_watch.hpp"
#include "reconcile/probe.hpp"

namespace busbar {
namespace {

using namespace std::chrono_literals;
using enum ProbeOutcome;

constexpr Amperes kHigh = 16_A;  // What most cars draw.
constexpr Amperes kSpan = 4_A;   // Between low and high, for a fall to be seen.
constexpr int kPulses = 3;
constexpr auto kAnswerWithin = 45s;  // A call and a pause.
constexpr auto kAmperesWithin = 120s;
constexpr auto kDrawWithin = 60s;
constexpr auto kSteadyAfter = 5s;
constexpr auto kReadWithin = 30s;
constexpr auto kFollowWithin = 30s;
constexpr auto kFollowUnasked = 75s;  // Its own meter values may come once a minute.
constexpr auto kLapseMargin = 15s;
constexpr auto kRefuseMargin = 10s;
constexpr auto kCutWithin = 30s;
constexpr auto kBackWithin = 300s;
constexpr auto kBootWithin = 180s;
constexpr auto kRoomWithin = 60s;
constexpr Amperes kReading = 0.2_A;  // What a meter reads a steady current with.

std::string amperes(Amperes amount) {
    return decimal(amount.in_milli()) + " A";
}

std::string in_seconds(Duration time) {
    return decimal(std::chrono::round<std::chrono::milliseconds>(time).count() / 100 * 100) + " s";
}

}  // namespace

void Probe::unclear(std::string text, SteadyPoint now) {
    find(step_, kUnclear, std::move(text));
    next_step(now);
}

// What a step is pointless without is not waited for.
void Probe::next_step(SteadyPoint now) {
    const auto skip = [&](ProbeStep step, bool skipped, const char* why) {
        if (skipped) find(step, kSkipped, why);
        return skipped;
    };
    const auto outcome = [&](ProbeStep step) { return finding(step).outcome; };
    using enum ProbeStep;
    if (step_ < kUnit) return enter(kUnit, Stage::kRaise, now);
    if (step_ < kObedience) {
        most_ = low_;
        return enter(kObedience, Stage::kRaise, now);
    }
    const bool leases = outcome(kPeriods) != kFailed;
    constexpr auto kDisobeys = "it does not do what it acknowledges";
    constexpr auto kNoSchedule = "it takes no schedule that falls by itself";
    if (step_ < kLapse && !skip(kLapse, disobeyed_, kDisobeys) &&
        !skip(kLapse, !leases, kNoSchedule))
        return enter(kLapse, Stage::kLower, now);
    if (step_ < kRefusal && !skip(kRefusal, disobeyed_, kDisobeys) &&
        !skip(kRefusal, !leases, kNoSchedule) &&
        !skip(kRefusal, outcome(kLapse) == kFailed, "it keeps on when a lease is over") &&
        !skip(kRefusal, !options_.refuse, "not asked for"))
        return enter(kRefusal, Stage::kLower, now);
    most_.reset();
    if (step_ < kMemory && !skip(kMemory, !options_.reset, "not asked for"))
        return enter(kMemory, Stage::kAsk, now);
    state_ = ProbeState::kDone;
}

bool Probe::capabilities(SteadyPoint now) {
    if (!told_ && !late(kAnswerWithin, now)) return false;
    if (!told_ || answer_.outcome != CallOutcome::kAccepted) {
        unclear(told_ ? "it does not tell: " + answer_.detail : "it does not answer", now);
        return true;
    }
    std::string text;
    for (const auto& [key, value] : answer_.keys) {
        if (value.size() > 64) continue;
        text += (text.empty() ? "" : ", ") + key + " " + value;
        figures_.keys.push_back({key, value});
    }
    find(step_, kPassed, text.empty() ? "it knows none of the keys" : text);
    next_step(now);
    return true;
}

// --- Unit, periods, rounding: one limit with a lease ---------------------------------------------

bool Probe::schedule(const ProbeView& view, SteadyPoint now) {
    switch (stage_) {
        case Stage::kRaise:
            most_ = odd_;
            if (has(odd_)) {
                schedule_accepted(now);
            } else if (late(kAmperesWithin, now)) {
                const bool short_of = view.available < odd_;
                const auto why = short_of ? "needs " + amperes(odd_) + ", and there were " +
                                                amperes(view.available)
                                          : std::string("it accepts no limit");
                for (const auto step :
                     {ProbeStep::kUnit, ProbeStep::kPeriods, ProbeStep::kRounding})
                    find(step, short_of ? kUnclear : kFailed, why);
                next_step(now);
            } else {
                return false;
            }
            return true;
        case Stage::kShow:
            return show(now);
        default:
            if (!late(kReadWithin, now) && !(drawn_since(accepted_->at + kSteadyAfter) &&
                                             sample_->highest + kReading >= odd_.floored_to(1_A)))
                return false;
            judge_rounding(now);
            return true;
    }
}

void Probe::schedule_accepted(SteadyPoint now) {
    using enum ProbeStep;
    const auto& limit = accepted_->limit;
    figures_.asked = odd_;
    if (limit.unit == RateUnit::kAmperes)
        find(kUnit, kPassed, "takes amperes");
    else
        find(kUnit, kFailed, "takes watts only");
    if (!limit.later.empty())
        find(kPeriods, kPassed, "accepted");
    else if (lease_refused_)
        find(kPeriods, kFailed, "refuses a schedule of two periods");
    else
        find(kPeriods, kUnclear, "no lease could be given: its clock is not known");
    enter(kRounding, Stage::kShow, now);
}

bool Probe::show(SteadyPoint now) {
    if (!told_ && !late(kAnswerWithin, now)) return false;
    const auto& periods = accepted_->limit.later;
    auto& shown = findings_[index(ProbeStep::kPeriods)];
    if (told_ && answer_.composite) {
        const auto& all = answer_.composite->periods;
        figures_.shown = of(all.front());
        const auto falls = std::ranges::any_of(all, [&](const CompositePeriod& period) {
            return !periods.empty() && of(period) <= periods.back().limit;
        });
        if (shown.outcome == kPassed && !falls)
            shown = {kFailed, "accepted, but its composite schedule does not fall"};
        else if (shown.outcome == kPassed)
            shown.text = "accepted, and shown in its composite schedule";
    } else if (shown.outcome == kPassed) {
        shown.text = "accepted; it shows no composite schedule, so that only the lapse can tell";
    }
    enter(Stage::kRead, now);
    return true;
}

void Probe::judge_rounding(SteadyPoint now) {
    const auto whole = odd_.floored_to(1_A);
    // A car that draws less than the whole ampere below says nothing.
    if (drawn_since(accepted_->at + kSteadyAfter) && sample_->highest + kReading >= whole)
        figures_.drawn = sample_->highest;
    const auto& [shown, drawn] = std::pair{figures_.shown, figures_.drawn};
    const bool up = (shown && *shown > odd_) || (drawn && *drawn > odd_ + kReading);
    const bool down = (shown && *shown <= whole) || (drawn && *drawn <= whole + kReading);
    quantum_ = up || down || !(shown || drawn) ? 1_A : 0.1_A;
    auto text =
        "of " + amperes(odd_) + (shown ? " it shows " + amperes(*shown) : "") +
        (drawn ? std::string(shown ? " and" : "") + " the car draws " + amperes(*drawn) : "");
    if (!shown && !drawn)
        find(step_, kUnclear, "it shows nothing, and the car draws less than " + amperes(whole));
    else if (up)
        find(step_, kFailed, text + ": it rounds up");
    else
        find(step_, kPassed, text + (down ? ": it takes whole amperes" : ": it takes tenths"));
    next_step(now);
}

// --- Obedience -----------------------------------------------------------------------------------

// Has the car draw well above the low limit. True if the stage or step is over.
bool Probe::raise(const ProbeView& view, SteadyPoint now) {
    const auto high = std::min({view.available, limits_.maximum, kHigh}).floored_to(1_A);
    const bool raised = most_ && *most_ > low_ && has(*most_) && view.available >= *most_;
    if (!raised) {
        if (high >= low_ + kSpan) most_ = high;
        if (!late(kAmperesWithin, now)) return false;
        unclear(high >= low_ + kSpan ? "it does not accept " + amperes(high)
                                     : "needs " + amperes(low_ + kSpan) + ", and there were " +
                                           amperes(view.available),
                now);
        return true;
    }
    if (drawn_since(accepted_->at) && sample_->highest > tolerated(low_) + 1_A) return true;
    if (now < accepted_->at + kDrawWithin) return false;
    unclear(sample_ ? "the car draws " + amperes(sample_->highest) + ", which is too little to see"
                    : "there are no meter values of its current",
            now);
    return true;
}

bool Probe::obedience(const ProbeView& view, SteadyPoint now) {
    if (stage_ == Stage::kRaise) {
        if (!raise(view, now)) return false;
        if (step_ != ProbeStep::kObedience) return true;
        most_ = low_;
        enter(Stage::kLower, now);
        return true;
    }
    if (!has(low_)) {
        if (!late(kAmperesWithin, now)) return false;
        unclear("it does not accept " + amperes(low_), now);
        return true;
    }
    const auto at = accepted_->at;
    if (drawn_since(at) && sample_->highest <= tolerated(low_)) {
        figures_.latencies.push_back(std::chrono::ceil<Duration>(sample_->taken - at));
        if (std::ssize(figures_.latencies) < kPulses) {
            enter(Stage::kRaise, now);
            return true;
        }
        find(step_, kPassed,
             "follows " + std::to_string(kPulses) + " decreases within " + in_seconds(slowest()));
        next_step(now);
        return true;
    }
    if (now < at + (triggers_ ? Duration{kFollowWithin} : Duration{kFollowUnasked})) return false;
    if (!drawn_since(at)) {
        unclear("there are no meter values of its current", now);
        return true;
    }
    disobeyed_ = true;
    find(step_, kFailed,
         "acknowledged " + amperes(low_) + ", and draws " + amperes(sample_->highest) + " still");
    next_step(now);
    return true;
}

// --- Lapse, online and offline -------------------------------------------------------------------

// From the low limit to a high one with a lease, drawn. True if it is there, or the step is over.
bool Probe::begin_lease(const ProbeView& view, SteadyPoint now) {
    if (stage_ == Stage::kLower) {
        most_ = low_;
        if (view.applied == low_) {
            enter(Stage::kRaise, now);
            return true;
        }
        if (!late(kAmperesWithin, now)) return false;
        unclear("it does not accept " + amperes(low_), now);
        return true;
    }
    const auto step = step_;
    if (!raise(view, now)) return false;
    if (step_ != step || state_ != ProbeState::kRunning) return true;
    high_sample_ = sample_;
    late_sample_.reset();
    if (!accepted_->lease_ends)
        unclear("no lease could be given: its clock is not known", now);
    else if (step_ == ProbeStep::kLapse)
        enter(Stage::kLapse, now);
    else
        enter(Stage::kCut, now);
    return true;
}

bool Probe::lapse(const ProbeView& view, SteadyPoint now) {
    if (stage_ != Stage::kLapse) return begin_lease(view, now);
    if (view.available < *most_) {
        unclear("what it may have fell to " + amperes(view.available) + " meanwhile", now);
        return true;
    }
    const auto before = step_;
    judge_lapse(now);
    return step_ != before || state_ != ProbeState::kRunning;
}

void Probe::judge_lapse(SteadyPoint now) {
    const auto most = tolerated(limits_.floor);
    if (high_sample_->highest <= most)
        return unclear("the car stopped before the lease was over", now);
    if (drawn_since(lease_may_end()) && sample_->highest <= most) {
        figures_.lapsed_after = std::max(
            Duration{0},
            std::chrono::ceil<Duration>(sample_->taken - accepted_->leased_at - options_.lease));
        find(step_, kPassed,
             "fell to " + amperes(sample_->highest) + " " + in_seconds(*figures_.lapsed_after) +
                 " after its lease");
        return next_step(now);
    }
    if (now < *accepted_->lease_ends + settle() + kLapseMargin) return;
    if (!drawn_since(*accepted_->lease_ends))
        return unclear("there are no meter values of its current", now);
    find(step_, kFailed,
         "its lease is over, and the car draws " + amperes(sample_->highest) + " still");
    next_step(now);
}

bool Probe::refusal(const ProbeView& view, SteadyPoint now) {
    const auto ends = accepted_ && accepted_->lease_ends ? *accepted_->lease_ends : now;
    switch (stage_) {
        case Stage::kCut:
            if (!view.online) {
                enter(Stage::kAway, now);
            } else if (late(kCutWithin, now)) {
                unclear("its connection could not be closed", now);
            } else if (!refused_) {
                refused_ = true;
                refuse_until_ = ends + settle() + kRefuseMargin;
                return false;
            } else {
                return false;
            }
            return true;
        case Stage::kAway:
            if (view.online) {
                back_at_ = now;
                enter(Stage::kBack, now);
                if (now < ends + settle()) unclear("it came back before its lease was over", now);
            } else if (now >= ends + settle() + kBackWithin) {
                abort("it did not come back");
            } else {
                return false;
            }
            return true;
        case Stage::kBack:
            if (view.available < limits_.floor) {
                unclear("what it may have fell to " + amperes(view.available) + " meanwhile", now);
                return true;
            }
            return judge_return(now);
        default:
            return begin_lease(view, now);
    }
}

bool Probe::judge_return(SteadyPoint now) {
    const auto most = tolerated(limits_.floor);
    const auto seen = late_sample_ && late_sample_->highest > most ? late_sample_
                      : drawn_since(back_at_)                      ? sample_
                                                                   : late_sample_;
    if (!seen) {
        if (!late(kAnswerWithin, now)) return false;
        unclear("there are no meter values of that time", now);
        return true;
    }
    if (seen->highest <= most)
        find(step_, kPassed, "alone, it fell to " + amperes(seen->highest));
    else
        find(step_, kFailed, "alone, it let the car draw " + amperes(seen->highest) + " still");
    next_step(now);
    return true;
}

// --- Memory --------------------------------------------------------------------------------------

bool Probe::memory(const ProbeView& view, SteadyPoint now) {
    switch (stage_) {
        case Stage::kAsk:
            if (!told_ && open_ == Question::kNone && !view.room_for_maximum) {
                // After a reset it may draw all that its hardware takes, until it has its default.
                if (!late(kRoomWithin, now)) {
                    ask_again_ = now + kSteadyAfter;
                    return false;
                }
                find(step_, kSkipped,
                     "there is no room for its hardware maximum, which a charger that forgets "
                     "would draw, or it has several EVSEs");
                next_step(now);
            } else if (told_ && answer_.outcome == CallOutcome::kAccepted) {
                booted_ = false;
                enter(Stage::kAway, now);
            } else if (told_ || late(kRoomWithin + kAnswerWithin, now)) {
                unclear(told_ ? "it refuses a hard reset: " + answer_.detail : "it does not answer",
                        now);
            } else {
                return false;
            }
            return true;
        case Stage::kAway:
            if (booted_ && view.online)
                enter(Stage::kBack, now);
            else if (late(kBootWithin, now))
                unclear("it did not boot", now);
            else
                return false;
            return true;
        default:
            if (!told_ && !late(kAnswerWithin, now)) return false;
            if (!told_ || !answer_.composite) {
                unclear("it shows no composite schedule", now);
                return true;
            }
            const auto shown = of(answer_.composite->periods.front());
            find(step_, shown <= limits_.floor ? kPassed : kFailed,
                 "after a hard reset it shows " + amperes(shown) + ", its default was " +
                     amperes(limits_.floor));
            next_step(now);
            return true;
    }
}

}  // namespace busbar
