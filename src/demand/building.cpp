#include "demand/building.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace busbar {
namespace {

// Deviations from the average count up to this, so that their squares, weighted, fit 63 bits.
// What is more counts as the latest sample.
constexpr std::int64_t kMostDeviation = 10'000'000;  // 10 kA in mA.
constexpr std::int64_t kOne = 1 << 16;               // Fixed point: weights of samples.

std::int64_t square_root(std::int64_t square) {
    if (square <= 0) return 0;
    // From above, Newton's steps only fall until they have arrived.
    std::int64_t root = std::int64_t{1}
                        << (std::bit_width(static_cast<std::uint64_t>(square)) / 2 + 1);
    for (;;) {
        const auto next = (root + square / root) / 2;
        if (next >= root) return root;
        root = next;
    }
}

Amperes whole_steps_up(Amperes amount) {
    return -((-amount).floored_to(BuildingMeter::kStep));
}

}  // namespace

bool BuildingMeter::stale(SteadyPoint now) const {
    return !sampled_at_ || now >= *sampled_at_ + load_.stale_after;
}

std::optional<SteadyPoint> BuildingMeter::next_change(SteadyPoint now) const {
    if (stale(now)) return std::nullopt;
    return *sampled_at_ + load_.stale_after;
}

PerPhase BuildingMeter::foreign(SteadyPoint now) const {
    const bool worst = stale(now);
    PerPhase foreign;
    for (const auto phase : kPhases) {
        const auto counted = lines_[static_cast<std::size_t>(phase)].counted;
        foreign[phase] = worst ? std::max({counted, load_.worst_case[phase], 0_A}) : counted;
    }
    return foreign;
}

bool BuildingMeter::sampled(const PerPhase& measured, const PerPhase& drawn_by_cars,
                            SteadyPoint now) {
    if (sampled_at_ && now < *sampled_at_) return false;
    const bool anew = stale(now);
    const auto passed = anew ? std::chrono::milliseconds{}
                             : std::chrono::floor<std::chrono::milliseconds>(now - *sampled_at_);
    const bool new_peaks = anew || now >= peaks_since_ + kPeakMemory;
    if (new_peaks) peaks_since_ = now;
    sampled_at_ = now;
    bool changed = anew;
    for (const auto phase : kPhases) {
        auto& line = lines_[static_cast<std::size_t>(phase)];
        const bool total = load_.covers == BuildingLoad::Covers::kTotal;
        const auto ours = total ? std::max(drawn_by_cars[phase], 0_A) : 0_A;
        const auto rest = std::max(measured[phase] - ours, 0_A);
        if (new_peaks) line.peak_before = std::exchange(line.peak, rest);
        line.peak = std::max(line.peak, rest);
        if (anew) {
            begin(line, rest);
            continue;
        }
        follow(line, rest, passed.count());
        const auto usual = Amperes::milli(line.mean_micro / 1'000 + 2 * square_root(line.variance));
        const auto seen = std::max(line.peak, line.peak_before);
        changed |= count(line, std::max(rest, std::min(usual, seen)), now);
    }
    return changed;
}

// After a silence nothing of the past is worth anything.
void BuildingMeter::begin(Line& line, Amperes rest) {
    line = {.mean_micro = rest.in_milli() * 1'000, .peak = rest, .counted = whole_steps_up(rest)};
}

void BuildingMeter::follow(Line& line, Amperes rest, std::int64_t passed_ms) {
    constexpr auto kMs =
        std::chrono::duration_cast<std::chrono::milliseconds>(kTimeConstant).count();
    // Samples do not come evenly: each weighs as much as the time it stands for.
    const auto passed = std::min(passed_ms, 1'000 * kMs);
    const auto weight = passed * kOne / (passed + kMs);
    constexpr auto kMost = kMostDeviation * 1'000;
    const auto deviation_micro =
        std::clamp(rest.in_milli() * 1'000 - line.mean_micro, -kMost, kMost);
    line.mean_micro += deviation_micro * weight / kOne;
    const auto deviation = deviation_micro / 1'000;
    const auto variance = line.variance + deviation * deviation * weight / kOne;
    line.variance = std::min(variance, kMostDeviation * kMostDeviation) * (kOne - weight) / kOne;
}

bool BuildingMeter::count(Line& line, Amperes estimate, SteadyPoint now) {
    const auto next = whole_steps_up(estimate);
    const auto before = line.counted;
    if (next < before && line.counted - estimate <= kAtOnce) {
        if (!line.below_since) line.below_since = now;
        if (now < *line.below_since + kHold) return false;
    }
    line.below_since.reset();
    line.counted = next;
    return next != before;
}

}  // namespace busbar
