// Points in time, and their text form at the edges (RFC 3339).
//
// Two clocks, two types, so that they cannot be mixed up: `TimePoint` is what a calendar shows
// and may jump; `SteadyPoint` only ever goes forward and measures waits, leases and deadlines.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace busbar {

using Duration = std::chrono::microseconds;
using TimePoint = std::chrono::sys_time<Duration>;
using SteadyPoint = std::chrono::time_point<std::chrono::steady_clock>;

// Reads "2026-02-10T12:00:00Z", with any offset and up to nine decimals of a second (kept to the
// microsecond). A leap second becomes the last microsecond of its minute. A text without a zone
// is refused, unless `assume_utc`: many chargers leave it out.
// Fails with kInvalid; the years 1970 to 9998 are accepted.
enum class Zone { kRequired, kAssumeUtc };
Result<TimePoint> parse_time(std::string_view text, Zone zone = Zone::kRequired);

// "2026-02-10T12:00:00.000Z": UTC, milliseconds, always 24 characters.
std::string format_time(TimePoint time);

}  // namespace busbar
