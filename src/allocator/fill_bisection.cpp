#include "allocator/fill_bisection.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace busbar {
namespace {

// Thousandths of an ampere: nobody's amount is further from the exact one.
constexpr double kCloseEnough = 1e-4;

}  // namespace

bool FillByBisection::holds_at(Lines& lines, const FillRequest& request, double level) {
    for (const auto leaf : rising_)
        trial_[leaf] = static_cast<std::int64_t>(
            amount_at(level, request.weight[leaf], static_cast<double>(request.base[leaf]),
                      static_cast<double>(request.most[leaf])));
    lines.load(trial_);
    return !lines.over() ||
           std::ranges::all_of(rising_, [&](Index leaf) { return lines.holds(leaf); });
}

void FillByBisection::run(Lines& lines, const FillRequest& request,
                          std::span<const std::int64_t> used, std::span<double> level) {
    std::ranges::copy(used, trial_.begin());
    rising_.assign(request.members.begin(), request.members.end());
    double low = 0;
    while (!rising_.empty()) {
        double high = 0, steepest = 0;
        for (const auto leaf : rising_) {
            level[leaf] = kNoLevel;
            high = std::max(high, static_cast<double>(request.most[leaf]) / request.weight[leaf]);
            steepest = std::max(steepest, request.weight[leaf]);
        }
        if (holds_at(lines, request, kNoLevel)) return;
        high *= 1.001;  // Safely past the last of them.
        while ((high - low) * steepest > kCloseEnough) {
            const double middle = low + (high - low) / 2;
            if (middle <= low || middle >= high) break;
            (holds_at(lines, request, middle) ? low : high) = middle;
        }
        // Whoever loads a line that does not hold a hair higher has come to its end.
        BUSBAR_CHECK(!holds_at(lines, request, high));
        const auto stopped =
            std::ranges::partition(rising_, [&](Index leaf) { return lines.holds(leaf); });
        for (const auto leaf : stopped) {
            level[leaf] = low;
            trial_[leaf] = static_cast<std::int64_t>(
                amount_at(low, request.weight[leaf], static_cast<double>(request.base[leaf]),
                          static_cast<double>(request.most[leaf])));
        }
        rising_.erase(stopped.begin(), stopped.end());
    }
}

}  // namespace busbar
