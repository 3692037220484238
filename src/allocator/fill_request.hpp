// What a filling is asked for: the leaves to raise, and between what.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

#include "allocator/layout.hpp"

namespace busbar {

// All leaves of `members` rise together from `base` to at most `most`: at a level L, leaf i counts
// with clamp(weight[i] * L, base[i], most[i]) thousandths of an ampere on each of its lines. A
// full line stops those that load it.
struct FillRequest {
    std::span<const Layout::Index> members;
    // By leaf, of the members only. Requires: base < most, weight > 0.
    std::span<const std::int64_t> base;
    std::span<const std::int64_t> most;
    std::span<const double> weight;
};

// The level of a leaf that nothing stops.
inline constexpr double kNoLevel = std::numeric_limits<double>::infinity();

// What a member counts with at a level.
inline double amount_at(double level, double weight, double base, double most) {
    const double amount = weight * level;
    return amount < base ? base : amount < most ? amount : most;
}

}  // namespace busbar
