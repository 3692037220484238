// How long to wait before the next attempt: longer each time, and never quite the same, so that
// all that lost one server do not come back at once.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/check.hpp"
#include "base/time.hpp"

namespace busbar::feeder {

// Waits from `least` to `most`. The n-th is drawn from the upper half of a span that doubles:
// 1..2 s, 2..4 s, ..., 30..60 s with the bounds of production. Not thread-safe.
class Backoff {
public:
    // Requires: 0 < least <= most.
    Backoff(Duration least, Duration most, std::uint64_t seed)
        : least_(least), most_(most), span_(least), state_(seed) {
        BUSBAR_CHECK(least.count() > 0);
        BUSBAR_CHECK(least <= most);
    }

    Duration next() {
        span_ = std::min(span_ * 2, most_);
        const auto from = std::max(least_, span_ / 2);
        const auto choices = static_cast<std::uint64_t>((span_ - from).count()) + 1;
        return from + Duration{static_cast<std::int64_t>(random() % choices)};
    }

    // What was waited for has come: the next wait is a short one again.
    void reset() { span_ = least_; }

private:
    std::uint64_t random() {  // SplitMix64.
        auto bits = state_ += 0x9e3779b97f4a7c15U;
        bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9U;
        bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebU;
        return bits ^ (bits >> 31U);
    }

    Duration least_;
    Duration most_;
    Duration span_;
    std::uint64_t state_;
};

}  // namespace busbar::feeder
