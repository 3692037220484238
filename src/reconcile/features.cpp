#include "reconcile/features.hpp"

namespace busbar {

Features features_of(const Leaf& leaf) {
    return {.lease = leaf.schedule_periods >= 2, .unit = leaf.rate_unit};
}

Features fewer(const Features& refused, const Leaf& leaf) {
    if (refused.lease) return {.lease = false, .unit = refused.unit};
    if (refused.unit != leaf.rate_unit) return features_of(leaf);
    const auto other = refused.unit == RateUnit::kAmperes ? RateUnit::kWatts : RateUnit::kAmperes;
    return {.lease = false, .unit = other};
}

}  // namespace busbar
