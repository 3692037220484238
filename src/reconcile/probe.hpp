// The commissioning probe of one EVSE with a car: what the charger is to have, to hear and to be
// asked next, given what was seen of it, and what that proves. From it follow the charger's trust
// class, its settle time and the finest step it follows.
//
// It sends nothing and takes nothing: it says how much the charger may have at most, and the usual
// way from wish to wire (allocator, ledger, one call at a time) does the rest. So what is sent is
// never above what is allowed, and everybody else goes on. A step that cannot be shown, because the
// car draws too little or amperes are short, is unclear, and proves nothing.
//
// Pure: time is an argument. One owner at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "domain/charging.hpp"

namespace busbar {

enum class ProbeStep : std::uint8_t {
    kCapabilities,  // What it says of itself: GetConfiguration.
    kUnit,          // It takes limits in amperes.
    kPeriods,       // It takes a schedule that falls by itself, and shows it.
    kRounding,      // What it makes of a limit that is no whole ampere.
    kObedience,     // High, low, again and again: the car follows, and how soon.
    kLapse,         // A lease is left to run out while it is connected.
    kRefusal,       // ... and while its connection is refused.
    kMemory,        // What it has after a hard reset, before anything is sent.
};
inline constexpr std::size_t kProbeSteps = 8;
std::string_view to_string(ProbeStep step);  // "capabilities", "unit", ...

enum class ProbeOutcome : std::uint8_t {
    kWaiting,  // Not yet.
    kPassed,
    kFailed,
    kUnclear,  // Nothing could be seen: the text says why.
    kSkipped,
};
std::string_view to_string(ProbeOutcome outcome);  // "waiting", "passed", ...

enum class ProbeState : std::uint8_t { kRunning, kDone, kAborted };
std::string_view to_string(ProbeState state);  // "running", "done", "aborted"

struct ProbeOptions {
    int evse = 1;
    bool reset = true;                         // Whether it may be reset, which ends the session.
    bool refuse = true;                        // Whether its connection may be refused for a while.
    Duration lease = std::chrono::minutes{1};  // 20 s to 10 min.
};

struct ProbeFinding {
    ProbeOutcome outcome = ProbeOutcome::kWaiting;
    std::string text = {};
};

// What was measured on the way.
struct ProbeFigures {
    std::vector<ConfigurationKey> keys = {};    // That it answered with.
    std::vector<Duration> latencies = {};       // From each decrease accepted to the car having it.
    std::optional<Amperes> asked = {};          // In the step of rounding: what was sent,
    std::optional<Amperes> shown = {};          // what it says that it enforces,
    std::optional<Amperes> drawn = {};          // and what the car drew.
    std::optional<Duration> lapsed_after = {};  // The end of the lease, online.
};

// What is to be written down about the charger. Empty: the probe does not know better.
struct ProbeResult {
    TrustClass trust = TrustClass::kB;
    std::optional<Duration> settle = {};
    std::optional<Amperes> quantum = {};
    std::optional<bool> keeps_profiles = {};
    std::optional<RateUnit> rate_unit = {};
    std::optional<int> schedule_periods = {};
};

// The world as it is now.
struct ProbeView {
    bool online = false;
    bool charging = false;                // A transaction runs at the EVSE.
    Amperes available = {};               // What rules, breakers and others leave it.
    std::optional<Amperes> applied = {};  // What it last accepted, as far as that is known.
    bool room_for_maximum = false;        // It may come back without any limit: that would fit.
};

// What the probe would have now.
struct ProbeWants {
    std::optional<Amperes> most = {};  // The transaction's limit is no more than this. Empty: any.
    bool hold_transaction = false;     // No limit is sent to the transaction, nor renewed.
    bool hold_all = false;             // Nor is any default.
    std::optional<Command> ask = {};   // To be asked when nothing else is due: then asked().
    std::optional<SteadyPoint> refuse_until = {};  // To be done at once; said once.
    SteadyPoint look_again = {};                   // At the latest.
};

class Probe {
public:
    struct Limits {  // Of the EVSE.
        Amperes maximum;
        Amperes minimum;
        Amperes floor;
        Duration settle;  // As configured: waited for until its own is known.
        PhaseSet phases = PhaseSet::all();
        Supply supply = {};
    };
    // Requires: minimum > 0, floor 0 or >= minimum.
    Probe(const ProbeOptions& options, const Limits& limits, SteadyPoint now);

    // --- What was seen ---
    // An answer to a limit of the transaction; with `lease_ends`, it was leased until then.
    void limit_answered(const SetLimit& limit, CallOutcome outcome,
                        std::optional<SteadyPoint> lease_ends, SteadyPoint now);
    // Its highest line, and when that was taken: long ago, if the message waited in the charger.
    void sampled(Amperes highest_line, SteadyPoint taken, SteadyPoint now);
    void asked(SteadyPoint now);
    // The answer to what was asked.
    void answered(const CallResult& result, SteadyPoint now);
    void booted() { booted_ = true; }

    // --- What to do ---
    // Moves on as far as it can. To be called before each look at the charger's limits.
    ProbeWants look(const ProbeView& view, SteadyPoint now);
    void abort(std::string why);

    // --- What came of it ---
    ProbeState state() const { return state_; }
    const std::string& why_aborted() const { return why_; }
    ProbeStep step() const { return step_; }
    const ProbeFinding& finding(ProbeStep step) const { return findings_[index(step)]; }
    const ProbeFigures& figures() const { return figures_; }
    const ProbeOptions& options() const { return options_; }
    // Requires: state() == kDone.
    ProbeResult result() const;

private:
    enum class Stage : std::uint8_t {
        kAsk,    // A question is open, or to be asked.
        kRaise,  // It is to have a high limit, and the car to draw it.
        kShow,   // It is asked what it enforces.
        kRead,   // The meter is watched.
        kLower,  // It is to have the low limit.
        kLapse,  // Nothing is sent: its lease runs out.
        kCut,    // Its connection is being closed.
        kAway,   // It is away.
        kBack,   // It is back.
    };
    struct Accepted {
        SetLimit limit;
        SteadyPoint at;         // First; it may have been sent again since,
        SteadyPoint leased_at;  // at last then.
        std::optional<SteadyPoint> lease_ends;
    };
    struct Sample {
        Amperes highest;
        SteadyPoint taken;
    };
    enum class Question : std::uint8_t { kNone, kConfiguration, kComposite, kMeter, kReset };

    static std::size_t index(ProbeStep step) { return static_cast<std::size_t>(step); }
    void find(ProbeStep step, ProbeOutcome outcome, std::string text);
    void enter(ProbeStep step, Stage stage, SteadyPoint now);
    void enter(Stage stage, SteadyPoint now);
    void next_step(SteadyPoint now);
    bool advance(const ProbeView& view, SteadyPoint now);
    bool interrupted(const ProbeView& view);
    bool capabilities(SteadyPoint now);
    bool schedule(const ProbeView& view, SteadyPoint now);
    void schedule_accepted(SteadyPoint now);
    bool show(SteadyPoint now);
    void judge_rounding(SteadyPoint now);
    bool raise(const ProbeView& view, SteadyPoint now);
    bool obedience(const ProbeView& view, SteadyPoint now);
    bool lapse(const ProbeView& view, SteadyPoint now);
    bool refusal(const ProbeView& view, SteadyPoint now);
    bool judge_return(SteadyPoint now);
    bool memory(const ProbeView& view, SteadyPoint now);
    bool watches_meter() const;
    Question question(SteadyPoint now) const;
    std::optional<Command> command_of(Question question) const;
    ProbeWants wants(SteadyPoint now);
    bool begin_lease(const ProbeView& view, SteadyPoint now);
    void judge_lapse(SteadyPoint now);
    void unclear(std::string text, SteadyPoint now);
    // Accepted in this stage, and still wanted.
    bool has(Amperes limit) const;
    bool drawn_since(SteadyPoint from) const { return sample_ && sample_->taken >= from; }
    Amperes of(const CompositePeriod& period) const;
    Duration slowest() const;
    Duration settle() const;
    // A little before, for the answer took its time.
    SteadyPoint lease_may_end() const {
        return accepted_->leased_at + options_.lease - std::chrono::seconds{5};
    }
    bool late(Duration time, SteadyPoint now) const { return now >= since_ + time; }

    ProbeOptions options_;
    Limits limits_;
    Amperes low_;  // What the pulses go down to,
    Amperes odd_;  // and the limit that is no whole ampere.
    std::array<ProbeFinding, kProbeSteps> findings_;
    ProbeFigures figures_;
    ProbeState state_ = ProbeState::kRunning;
    std::string why_;

    ProbeStep step_ = ProbeStep::kCapabilities;
    Stage stage_ = Stage::kAsk;
    SteadyPoint since_;  // The stage began.
    std::optional<Amperes> most_;
    std::optional<Accepted> accepted_;
    std::optional<RateUnit> unit_;
    bool lease_refused_ = false;
    bool disobeyed_ = false;
    std::optional<Sample> sample_;       // The last one.
    std::optional<Sample> high_sample_;  // The last one before the lease could end.
    std::optional<Sample> late_sample_;  // The highest after it had, taken while away.
    Question open_ = Question::kNone;
    SteadyPoint ask_again_ = {};
    bool triggers_ = true;  // It sends meter values when asked to.
    bool told_ = false;     // The stage's question was answered.
    CallResult answer_ = {};
    std::optional<SteadyPoint> refuse_until_;
    std::optional<SteadyPoint> offline_since_;
    SteadyPoint back_at_ = {};
    bool refused_ = false;  // Its connection: said once.
    bool booted_ = false;
    Amperes quantum_ = Amperes::of(1);
};

}  // namespace busbar
