// What else draws from a circuit, lifts, kitchens and lights, from a meter's samples: what the
// cars' budget is less.
//
// Careful with what rises, slow to believe what falls, and at its configured worst when the meter
// is silent. Pure: time is an argument; it allocates nothing. One owner at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "domain/site.hpp"

namespace busbar {

class BuildingMeter {
public:
    // Averages follow a change with this time constant.
    static constexpr Duration kTimeConstant = std::chrono::seconds{60};
    // The greatest sample is remembered for between one and two of these.
    static constexpr Duration kPeakMemory = std::chrono::minutes{5};
    // Counted in whole steps of this, rounded up; steps up go at once.
    static constexpr Amperes kStep = Amperes::of(1);
    // Steps down go after so long below, or at once where they are more than so much.
    static constexpr Duration kHold = std::chrono::seconds{30};
    static constexpr Amperes kAtOnce = Amperes::of(2);

    explicit BuildingMeter(const BuildingLoad& load) : load_(load) {}
    const BuildingLoad& load() const { return load_; }

    // The meter's current on each line, at the time of receipt, and, for a meter that covers
    // the total, what the cars below are known to have drawn in the same window. What is not
    // known of the cars is 0: then it counts as the building's. Samples out of order are ignored.
    // Returns whether the answers below may have changed.
    bool sampled(const PerPhase& measured, const PerPhase& drawn_by_cars, SteadyPoint now);

    // What to take off the circuit's budget. Per line the greater of the latest sample and the
    // average plus two standard deviations, but no more than the greatest sample of the last
    // minutes: a step makes the deviation count for more than was ever there. Never negative.
    // While stale: the configured worst case, or what was counted last, where that is more.
    PerPhase foreign(SteadyPoint now) const;
    // No sample for `stale_after`, or never: worth an alarm.
    bool stale(SteadyPoint now) const;
    // When it goes stale; empty: it is.
    std::optional<SteadyPoint> next_change(SteadyPoint now) const;

private:
    struct Line {
        std::int64_t mean_micro = 0;  // Millionths of an ampere.
        std::int64_t variance = 0;    // mA squared.
        Amperes peak = {};            // Since `peaks_since_`,
        Amperes peak_before = {};     // and in the window before.
        Amperes counted = {};
        std::optional<SteadyPoint> below_since = {};
    };
    void begin(Line& line, Amperes rest);
    void follow(Line& line, Amperes rest, std::int64_t passed_ms);
    bool count(Line& line, Amperes estimate, SteadyPoint now);

    BuildingLoad load_;
    std::array<Line, 3> lines_ = {};
    std::optional<SteadyPoint> sampled_at_ = {};
    SteadyPoint peaks_since_ = {};
};

}  // namespace busbar
