// Median, 99th percentile and greatest of a handful of measurements.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace busbar::app {

struct Quantiles {
    std::size_t count = 0;
    double p50 = 0;
    double p99 = 0;
    double max = 0;
};

// Nearest rank: each figure is one that was measured. All 0 where nothing was.
inline Quantiles summarise(std::vector<double> values) {
    if (values.empty()) return {};
    std::ranges::sort(values);
    const auto rank = [&](double share) {
        const auto nth = std::ceil(share * static_cast<double>(values.size()));
        return values[static_cast<std::size_t>(std::max(nth, 1.0)) - 1];
    };
    return {values.size(), rank(0.5), rank(0.99), values.back()};
}

}  // namespace busbar::app
