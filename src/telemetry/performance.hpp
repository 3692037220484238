// What a vehicle did in a window, worked out from readings that somebody has fetched.
//
// Pure. An interval of a meter belongs to the vehicle whose next reading behind that meter covers
// the interval's end: a reading at t covers (previous reading of that vehicle, t], at most 15
// minutes, and not what lies before the last reading of another vehicle behind the same meter.
// So an interval is counted for one vehicle only, whoever shares a charger with whom. Nothing
// from outside the window is counted.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "telemetry/telemetry.hpp"

namespace busbar::telemetry {

// Half-open to the left, as intervals are: from < at <= to.
struct Window {
    TimePoint from = {};
    TimePoint to = {};
};

struct MeterInterval {
    TimePoint at = {};  // Its end.
    WattHours energy = {};
};

// When another vehicle reported from behind the same meter.
struct OtherVehicle {
    TimePoint at = {};
    // Of two vehicles that report at the same moment, one takes the interval before it.
    bool goes_first = false;
};

struct MeterHistory {
    MeterId meter;
    std::vector<MeterInterval> intervals;
    std::vector<OtherVehicle> others;
};

// `meters` are those which the readings name. If they name none: those which the vehicle is mapped
// to, which then count in full.
// Requires: readings of this vehicle inside the window, and everything sorted by time.
// Cost: O(readings x log(intervals) + intervals).
Performance performance_of(const VehicleId& vehicle, Window window,
                           std::span<const VehicleReading> readings,
                           std::span<const MeterHistory> meters);

// a * scale / b, rounded half to even. Requires: b > 0, and a result that fits 64 bits.
std::int64_t divide_half_even(std::int64_t a, std::int64_t b, std::int64_t scale = 1);

}  // namespace busbar::telemetry
