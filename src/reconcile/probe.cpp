#include "reconcile/probe.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/check.hpp"
#include "reconcile/draw_watch.hpp"

namespace busbar {
namespace {

using namespace std::chrono_literals;

constexpr Amperes kOddPart = 4.4_A;  // Above the lowest limit: no whole ampere.
constexpr auto kMeterEvery = 1s;
constexpr auto kAskAgain = 1s;
constexpr auto kLookEvery = 1s;
constexpr auto kComposite = 120s;  // Beyond the lease.
constexpr Duration kCarFollows = 5s;
constexpr int kMostPeriods = 1'024;

const std::vector<std::string> kKeys{"ChargeProfileMaxStackLevel",
                                     "ChargingScheduleAllowedChargingRateUnit",
                                     "ChargingScheduleMaxPeriods", "MaxChargingProfilesInstalled",
                                     "ConnectorSwitch3to1PhaseSupported"};

}  // namespace

std::string_view to_string(ProbeStep step) {
    switch (step) {
        case ProbeStep::kCapabilities:
            return "capabilities";
        case ProbeStep::kUnit:
            return "unit";
        case ProbeStep::kPeriods:
            return "periods";
        case ProbeStep::kRounding:
            return "rounding";
        case ProbeStep::kObedience:
            return "obedience";
        case ProbeStep::kLapse:
            return "lapse";
        case ProbeStep::kRefusal:
            return "refusal";
        case ProbeStep::kMemory:
            return "memory";
    }
    __builtin_unreachable();
}

std::string_view to_string(ProbeOutcome outcome) {
    switch (outcome) {
        case ProbeOutcome::kWaiting:
            return "waiting";
        case ProbeOutcome::kPassed:
            return "passed";
        case ProbeOutcome::kFailed:
            return "failed";
        case ProbeOutcome::kUnclear:
            return "unclear";
        case ProbeOutcome::kSkipped:
            return "skipped";
    }
    __builtin_unreachable();
}

std::string_view to_string(ProbeState state) {
    switch (state) {
        case ProbeState::kRunning:
            return "running";
        case ProbeState::kDone:
            return "done";
        case ProbeState::kAborted:
            return "aborted";
    }
    __builtin_unreachable();
}

Probe::Probe(const ProbeOptions& options, const Limits& limits, SteadyPoint now)
    : options_(options),
      limits_(limits),
      low_(std::max(limits.minimum, limits.floor)),
      odd_(low_ + kOddPart),
      since_(now) {
    BUSBAR_CHECK(limits.minimum > 0_A);
}

// --- What was seen -------------------------------------------------------------------------------

void Probe::limit_answered(const SetLimit& limit, CallOutcome outcome,
                           std::optional<SteadyPoint> lease_ends, SteadyPoint now) {
    if (outcome == CallOutcome::kAccepted) {
        if (!unit_ || limit.unit == RateUnit::kAmperes) unit_ = limit.unit;
        const bool again =
            accepted_ && accepted_->at >= since_ && accepted_->limit.limit == limit.limit;
        accepted_ = Accepted{limit, again ? accepted_->at : now, now, lease_ends};
    } else if (outcome == CallOutcome::kRejected || outcome == CallOutcome::kNotSupported) {
        lease_refused_ = lease_refused_ || !limit.later.empty();
    }
}

void Probe::sampled(Amperes highest_line, SteadyPoint taken, SteadyPoint now) {
    const Sample sample{highest_line, std::min(taken, now)};
    if (stage_ == Stage::kBack && step_ == ProbeStep::kRefusal && sample.taken < back_at_) {
        // It waited in the charger: what it drew after its lease, while nobody told it anything.
        const bool after = sample.taken >= *accepted_->lease_ends + settle();
        if (after && (!late_sample_ || late_sample_->highest < sample.highest))
            late_sample_ = sample;
        return;
    }
    if (sample_ && sample.taken < sample_->taken) return;
    sample_ = sample;
    if (stage_ == Stage::kLapse && sample.taken < lease_may_end()) high_sample_ = sample;
}

void Probe::asked(SteadyPoint now) {
    open_ = question(now);
}

void Probe::answered(const CallResult& result, SteadyPoint now) {
    const auto asked = std::exchange(open_, Question::kNone);
    if (asked == Question::kNone) return;
    ask_again_ = now + (asked == Question::kMeter ? kMeterEvery : kAskAgain);
    if (result.outcome == CallOutcome::kNotSent) return;
    if (asked == Question::kMeter) {
        const bool refused = result.outcome == CallOutcome::kNotSupported ||
                             result.outcome == CallOutcome::kRejected;
        triggers_ = triggers_ && !refused;
        return;
    }
    told_ = true;
    answer_ = result;
}

// --- What to do ----------------------------------------------------------------------------------

void Probe::find(ProbeStep step, ProbeOutcome outcome, std::string text) {
    findings_[index(step)] = {outcome, std::move(text)};
}

void Probe::enter(Stage stage, SteadyPoint now) {
    stage_ = stage;
    since_ = now;
    told_ = false;
    ask_again_ = now;
    open_ = Question::kNone;  // The answer, if one is still to come, is not to this.
}

void Probe::enter(ProbeStep step, Stage stage, SteadyPoint now) {
    step_ = step;
    enter(stage, now);
}

void Probe::abort(std::string why) {
    if (state_ != ProbeState::kRunning) return;
    state_ = ProbeState::kAborted;
    why_ = std::move(why);
    for (auto& finding : findings_)
        if (finding.outcome == ProbeOutcome::kWaiting)
            finding = {ProbeOutcome::kSkipped, "the probe was aborted"};
}

// Nothing is seen of a charger that is away, or of a car that is gone.
bool Probe::interrupted(const ProbeView& view) {
    // It may be gone with its answer.
    const bool resets = step_ == ProbeStep::kMemory &&
                        (stage_ != Stage::kAsk || told_ || open_ == Question::kReset);
    if (!view.charging && step_ != ProbeStep::kMemory) {
        abort("the transaction ended");
    } else if (!view.online && !resets && stage_ != Stage::kCut && stage_ != Stage::kAway) {
        abort("its connection was lost");
    }
    return state_ != ProbeState::kRunning;
}

ProbeWants Probe::look(const ProbeView& view, SteadyPoint now) {
    if (state_ != ProbeState::kRunning || interrupted(view)) return {.look_again = now};
    while (state_ == ProbeState::kRunning && advance(view, now)) continue;
    return wants(now);
}

bool Probe::advance(const ProbeView& view, SteadyPoint now) {
    switch (step_) {
        case ProbeStep::kCapabilities:
            return capabilities(now);
        case ProbeStep::kUnit:
        case ProbeStep::kPeriods:
        case ProbeStep::kRounding:
            return schedule(view, now);
        case ProbeStep::kObedience:
            return obedience(view, now);
        case ProbeStep::kLapse:
            return lapse(view, now);
        case ProbeStep::kRefusal:
            return refusal(view, now);
        case ProbeStep::kMemory:
            return memory(view, now);
    }
    __builtin_unreachable();
}

bool Probe::watches_meter() const {
    if (stage_ == Stage::kBack) return step_ == ProbeStep::kRefusal;
    return stage_ == Stage::kRead || stage_ == Stage::kRaise || stage_ == Stage::kLapse ||
           stage_ == Stage::kLower;
}

Probe::Question Probe::question(SteadyPoint now) const {
    if (open_ != Question::kNone || state_ != ProbeState::kRunning || now < ask_again_)
        return Question::kNone;
    if (watches_meter()) return triggers_ ? Question::kMeter : Question::kNone;
    if (told_) return Question::kNone;
    if (step_ == ProbeStep::kCapabilities) return Question::kConfiguration;
    if (stage_ == Stage::kShow || stage_ == Stage::kBack) return Question::kComposite;
    const bool resets = step_ == ProbeStep::kMemory && stage_ == Stage::kAsk;
    return resets ? Question::kReset : Question::kNone;
}

std::optional<Command> Probe::command_of(Question question) const {
    switch (question) {
        case Question::kNone:
            return {};
        case Question::kConfiguration:
            return GetConfiguration{kKeys};
        case Question::kComposite:
            return GetCompositeLimit{
                options_.evse,
                std::chrono::ceil<std::chrono::seconds>(options_.lease) + kComposite};
        case Question::kMeter:
            return TriggerMessage{"MeterValues", options_.evse};
        case Question::kReset:
            return Reset{.hard = true};
    }
    __builtin_unreachable();
}

ProbeWants Probe::wants(SteadyPoint now) {
    if (state_ != ProbeState::kRunning) return {.look_again = now};
    const bool resets = step_ == ProbeStep::kMemory && stage_ != Stage::kAsk;
    const bool alone = stage_ == Stage::kLapse || stage_ == Stage::kCut || stage_ == Stage::kAway ||
                       stage_ == Stage::kBack;
    return {.most = most_,
            .hold_transaction = alone,
            .hold_all = resets,
            .ask = command_of(question(now)),
            .refuse_until = std::exchange(refuse_until_, std::nullopt),
            .look_again = now + kLookEvery};
}

bool Probe::has(Amperes limit) const {
    return accepted_ && accepted_->at >= since_ && accepted_->limit.limit == limit &&
           most_ == limit;
}

Amperes Probe::of(const CompositePeriod& period) const {
    if (answer_.composite->unit == RateUnit::kAmperes) return Amperes::milli(period.milli);
    return current_of(Watts::milli(period.milli), limits_.phases, limits_.supply,
                      limits_.supply.least(), Rounding::kUp);
}

Duration Probe::slowest() const {
    const auto& all = figures_.latencies;
    return all.empty() ? Duration{0} : *std::ranges::max_element(all);
}

Duration Probe::settle() const {
    return figures_.latencies.empty() ? limits_.settle : kCarFollows + slowest();
}

// --- What came of it -----------------------------------------------------------------------------

ProbeResult Probe::result() const {
    BUSBAR_CHECK(state_ == ProbeState::kDone);
    const auto passed = [&](ProbeStep step) {
        return finding(step).outcome == ProbeOutcome::kPassed;
    };
    const bool proven = passed(ProbeStep::kUnit) && passed(ProbeStep::kPeriods) &&
                        passed(ProbeStep::kObedience) && passed(ProbeStep::kLapse) &&
                        passed(ProbeStep::kRefusal);
    ProbeResult out{.trust = disobeyed_ ? TrustClass::kC
                             : proven   ? TrustClass::kA
                                        : TrustClass::kB,
                    .rate_unit = unit_};
    if (passed(ProbeStep::kObedience))
        out.settle = std::chrono::ceil<std::chrono::milliseconds>(settle());
    if (figures_.shown || figures_.drawn) out.quantum = quantum_;
    const auto memory = finding(ProbeStep::kMemory).outcome;
    if (memory == ProbeOutcome::kPassed || memory == ProbeOutcome::kFailed)
        out.keeps_profiles = memory == ProbeOutcome::kPassed;
    if (finding(ProbeStep::kPeriods).outcome == ProbeOutcome::kFailed) {
        out.schedule_periods = 1;
    } else if (passed(ProbeStep::kPeriods)) {
        out.schedule_periods = 2;
        for (const auto& [key, value] : figures_.keys) {
            int most = 0;
            if (key == "ChargingScheduleMaxPeriods" &&
                std::from_chars(value.data(), value.data() + value.size(), most).ec == std::errc())
                out.schedule_periods = std::clamp(most, 2, kMostPeriods);
        }
    }
    return out;
}

}  // namespace busbar
