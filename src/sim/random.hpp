// Chance that can be repeated: the same seed gives the same cars, waits and lags on every machine.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/check.hpp"
#include "base/time.hpp"

namespace busbar::sim {

// SplitMix64: small enough for one in every car. Not for secrets. Not thread-safe.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        auto bits = state_ += 0x9e3779b97f4a7c15U;
        bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9U;
        bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebU;
        return bits ^ (bits >> 31U);
    }

    // 0 <= x < 1.
    double fraction() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

    // Both ends can come. Requires: least <= most.
    std::int64_t between(std::int64_t least, std::int64_t most) {
        BUSBAR_CHECK(least <= most);
        const auto choices = static_cast<std::uint64_t>(most - least) + 1;
        return choices == 0 ? static_cast<std::int64_t>(next())
                            : least + static_cast<std::int64_t>(next() % choices);
    }
    Duration between(Duration least, Duration most) {
        return Duration{between(least.count(), most.count())};
    }

    // A wait with this mean, as between arrivals that know nothing of each other; at most ten
    // times the mean.
    Duration exponential(Duration mean) {
        const double wait = -std::log(1.0 - fraction()) * static_cast<double>(mean.count());
        return std::min(Duration{static_cast<std::int64_t>(wait)}, mean * 10);
    }

private:
    std::uint64_t state_;
};

}  // namespace busbar::sim
