#include "reconcile/features.hpp"

#include <gtest/gtest.h>

namespace busbar {
namespace {

Leaf leaf_of(RateUnit unit, int periods) {
    return compile({{SiteId("s")},
                    {{.id = CircuitId("c"), .site = SiteId("s"), .parent = {}, .breaker = {}}},
                    {{.id = ChargerId("a"),
                      .circuit = CircuitId("c"),
                      .maximum = 32_A,
                      .rate_unit = unit,
                      .schedule_periods = periods}},
                    {}})
        .leaves.front();
}

TEST(Features, AreTriedOneLessAtATimeAndThenFromTheStart) {
    const auto leaf = leaf_of(RateUnit::kAmperes, 2);
    auto tried = features_of(leaf);
    EXPECT_EQ(tried, (Features{true, RateUnit::kAmperes}));
    tried = fewer(tried, leaf);
    EXPECT_EQ(tried, (Features{false, RateUnit::kAmperes}));
    tried = fewer(tried, leaf);
    EXPECT_EQ(tried, (Features{false, RateUnit::kWatts}));
    tried = fewer(tried, leaf);
    EXPECT_EQ(tried, features_of(leaf));
}

TEST(Features, OfAChargerThatTakesOnePeriodAndWattsBeginThere) {
    const auto leaf = leaf_of(RateUnit::kWatts, 1);
    EXPECT_EQ(features_of(leaf), (Features{false, RateUnit::kWatts}));
    EXPECT_EQ(fewer(features_of(leaf), leaf), (Features{false, RateUnit::kAmperes}));
    EXPECT_EQ(fewer(Features{false, RateUnit::kAmperes}, leaf), features_of(leaf));
}

}  // namespace
}  // namespace busbar
