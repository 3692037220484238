#include "reconcile/draw_watch.hpp"

#include <algorithm>

namespace busbar {
namespace {

// Some meters speak every second, and a message may be late by more than two of that.
constexpr Duration kShortest = std::chrono::seconds{5};
constexpr Duration kUsual = std::chrono::seconds{60};  // While nothing is known.

}  // namespace

DrawWatch::Verdict DrawWatch::sampled(Amperes highest_line, SteadyPoint taken, SteadyPoint now,
                                      Amperes most, Amperes given) {
    const auto interval = interval_ > Duration{0} ? std::max(interval_, kShortest) : kUsual;
    if (now - taken > 2 * interval || (last_ && taken <= *last_)) return Verdict::kFine;
    const auto gap = last_ ? std::chrono::floor<Duration>(taken - *last_) : Duration{0};
    last_ = taken;
    if (gap > 2 * interval) above_since_.reset();
    if (gap > Duration{0}) interval_ = std::min(gap, 2 * interval);
    if (highest_line <= tolerated(most)) {
        above_since_.reset();
        return Verdict::kFine;
    }
    if (!above_since_) above_since_ = taken;
    if (taken - *above_since_ <= kPatience) return Verdict::kFine;
    above_since_.reset();
    return highest_line <= tolerated(given) ? Verdict::kKeptOn : Verdict::kDrewMore;
}

}  // namespace busbar
