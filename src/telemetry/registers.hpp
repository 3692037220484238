// Turns the running total of one meter into the energy of each interval.
//
// Pure: no clock, no I/O. One object a meter, for samples of one series (OCPP: periodic samples
// and clock-aligned ones are two series). Not thread-safe.
//
// A total that is lower than the one before is either a new count from zero (a meter that counts
// each session, a restart, a replaced meter) or a bad sample. Which of the two shows later: the
// old count is kept until the new one is confirmed, by expect_restart() or by the next sample
// that rises without reaching the old count. What was used in the step itself is unknown, and
// counts as nothing: an energy is never negative and never guessed.
#pragma once

#include <cstdint>
#include <optional>

#include "base/quantity.hpp"
#include "base/time.hpp"

namespace busbar::telemetry {

enum class IntervalKind : std::uint8_t {
    kMeasured,  // The difference of two totals.
    kFirst,     // Nothing to compare with: energy 0.
    kRestart,   // The total fell: energy 0, what was used is unknown.
};

struct IntervalEnergy {
    WattHours energy = {};
    IntervalKind kind = IntervalKind::kMeasured;

    bool operator==(const IntervalEnergy&) const = default;
};

class RegisterSeries {
public:
    RegisterSeries() = default;

    // Goes on where an earlier object stopped: what the store kept of this meter, so that what
    // was used while the server was down is counted.
    RegisterSeries(WattHours total, TimePoint at) : count_{total}, last_at_(at) {}

    // The interval that ends with this sample. Empty if the sample is not later than the last
    // one: late and repeated samples say nothing new. Requires: total >= 0.
    std::optional<IntervalEnergy> next(WattHours total, TimePoint at);

    // The charger booted, or a new transaction began: if the next total is lower, the meter did
    // count from zero again, and nothing has to confirm it.
    void expect_restart() { restart_expected_ = true; }

private:
    std::optional<WattHours> count_ = {};        // The last total of the confirmed count.
    std::optional<WattHours> unconfirmed_ = {};  // The last total below it.
    TimePoint last_at_ = {};
    bool restart_expected_ = false;
};

}  // namespace busbar::telemetry
