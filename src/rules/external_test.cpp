#include "rules/external.hpp"

#include <gtest/gtest.h>

namespace busbar {
namespace {

using namespace std::chrono_literals;
using enum ExternalWatch::State;

constexpr SteadyPoint kStart{1h};

ExternalLimit limit(Amperes now, std::optional<Amperes> failsafe) {
    ExternalLimit out{.limit = PerPhase::each(now), .heartbeat = 120s, .failsafe_for = 1h};
    if (failsafe) out.failsafe = PerPhase::each(*failsafe);
    return out;
}

TEST(ExternalWatch, HoldsTheLimitWhileItIsHeard) {
    ExternalWatch watch(limit(40_A, 10_A), {}, kStart);
    watch.heard(limit(40_A, 10_A), kStart);
    EXPECT_EQ(watch.state(kStart + 119'999ms), kHeard);
    EXPECT_EQ(watch.ceiling(kStart + 119'999ms), PerPhase::each(40_A));
    EXPECT_EQ(watch.next_change(kStart), kStart + 120s);
}

TEST(ExternalWatch, HoldsTheFailsafeFromTheMissedHeartbeatOn) {
    ExternalWatch watch(limit(8_A, 10_A), {}, kStart);
    watch.heard(limit(8_A, 10_A), kStart);
    EXPECT_EQ(watch.state(kStart + 120s), kFailsafe);
    EXPECT_EQ(watch.ceiling(kStart + 120s), PerPhase::each(10_A));
    EXPECT_EQ(watch.ceiling(kStart + 240h), PerPhase::each(10_A)) << "it ended by itself";
    EXPECT_EQ(watch.next_change(kStart + 240h), std::nullopt);
}

TEST(ExternalWatch, KeepsTheFailsafeForItsTimeThoughTheBoxIsBack) {
    ExternalWatch watch(limit(40_A, 10_A), {}, kStart);
    watch.heard(limit(40_A, 10_A), kStart);
    const auto failed = kStart + 120s;
    const auto end = failed + 1h;
    for (auto at = failed + 10s; at < end; at += 100s) {
        watch.heard(limit(40_A, 10_A), at);
        ASSERT_EQ(watch.state(at), kReturned);
        ASSERT_EQ(watch.ceiling(at), PerPhase::each(10_A));
    }
    watch.heard(limit(40_A, 10_A), end - 1ms);
    EXPECT_EQ(watch.state(end - 1ms), kReturned);
    EXPECT_EQ(watch.next_change(end - 1ms), end);
    EXPECT_EQ(watch.state(end), kHeard);
    EXPECT_EQ(watch.ceiling(end), PerPhase::each(40_A));
}

TEST(ExternalWatch, TakesALowerLimitAtOnceWhileTheFailsafeStillHolds) {
    ExternalWatch watch(limit(40_A, 10_A), {}, kStart);
    watch.heard(limit(40_A, 10_A), kStart);
    watch.heard(limit(0_A, 10_A), kStart + 130s);
    EXPECT_EQ(watch.ceiling(kStart + 130s), PerPhase::each(0_A));
}

TEST(ExternalWatch, HoldsTheLowerOfBothUntilItIsHeardAfterARestart) {
    EXPECT_EQ(ExternalWatch(limit(40_A, 10_A), {}, kStart).ceiling(kStart), PerPhase::each(10_A));
    EXPECT_EQ(ExternalWatch(limit(6_A, 10_A), {}, kStart).ceiling(kStart + 240h),
              PerPhase::each(6_A));
    ExternalWatch watch(limit(40_A, 10_A), {}, kStart);
    watch.heard(limit(40_A, 10_A), kStart + 500s);
    EXPECT_EQ(watch.ceiling(kStart + 500s), PerPhase::each(40_A));
}

TEST(ExternalWatch, HoldsTheRestOfAFailsafeThroughARestart) {
    ExternalWatch watch(limit(40_A, 10_A), 30min, kStart);
    watch.heard(limit(40_A, 10_A), kStart + 29min);
    EXPECT_EQ(watch.state(kStart + 29min), kReturned);
    EXPECT_EQ(watch.state(kStart + 30min), kHeard);
}

TEST(ExternalWatch, KeepsTheLastLimitWhereThereIsNoFailsafe) {
    ExternalWatch watch(limit(16_A, {}), {}, kStart);
    watch.heard(limit(16_A, {}), kStart);
    EXPECT_EQ(watch.state(kStart + 1h), kFailsafe);
    EXPECT_EQ(watch.ceiling(kStart + 1h), PerPhase::each(16_A));
}

TEST(ExternalWatch, LimitsNothingWhileTheBoxSaysThatNothingIsLimited) {
    auto free = limit(0_A, 10_A);
    free.limit.reset();
    ExternalWatch watch(free, {}, kStart);
    EXPECT_EQ(watch.ceiling(kStart), PerPhase::each(10_A));
    watch.heard(free, kStart);
    EXPECT_EQ(watch.ceiling(kStart), std::nullopt);
    EXPECT_EQ(watch.ceiling(kStart + 120s), PerPhase::each(10_A));
}

}  // namespace
}  // namespace busbar
