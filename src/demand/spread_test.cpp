#include "demand/spread.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <random>
#include <vector>

namespace busbar {
namespace {

using namespace std::chrono_literals;
constexpr SteadyPoint kNow{1h};
constexpr std::uint32_t kHalf = 1U << 31U;

TEST(Spread, WithoutAnOccasionHoldsNothingBack) {
    const Spread spread;
    EXPECT_EQ(spread.allowed(32_A, kNow), 32_A);
    EXPECT_EQ(spread.next_change(kNow), std::nullopt);
}

TEST(Spread, HoldsAnIncreaseForItsPartOfTheTime) {
    Spread spread;
    spread.begin(6_A, 600s, kHalf, kNow);
    EXPECT_EQ(spread.waits(32_A, kNow), kNow + 300s);
    EXPECT_EQ(spread.next_change(kNow), kNow + 300s);
    EXPECT_EQ(spread.allowed(32_A, kNow + 300s - 1ms), 6_A);
    EXPECT_EQ(spread.allowed(32_A, kNow + 300s), 32_A);
    EXPECT_EQ(spread.waits(32_A, kNow + 300s), std::nullopt);
    EXPECT_EQ(spread.next_change(kNow + 300s), std::nullopt);
}

TEST(Spread, NeverHoldsADecreaseNorTheWayBackToWhatWasReached) {
    Spread spread;
    spread.begin(16_A, 600s, kHalf, kNow);
    EXPECT_EQ(spread.allowed(10_A, kNow), 10_A);
    EXPECT_EQ(spread.allowed(0_A, kNow), 0_A);
    EXPECT_EQ(spread.allowed(16_A, kNow + 1s), 16_A);
    EXPECT_EQ(spread.waits(16_A, kNow + 1s), std::nullopt);
}

TEST(Spread, OfNothingLetsAllRiseAtOnce) {
    Spread spread;
    spread.begin(6_A, 0s, ~0U, kNow);
    EXPECT_EQ(spread.allowed(32_A, kNow), 32_A);
}

TEST(Spread, ABoundaryThatFlapsNeitherShortensNorExtendsTheWait) {
    Spread spread;
    spread.begin(6_A, 600s, kHalf, kNow);
    spread.begin(6_A, 600s, 0, kNow + 10s);
    spread.begin(8_A, 600s, ~0U, kNow + 20s);
    EXPECT_EQ(spread.next_change(kNow + 20s), kNow + 300s);
    EXPECT_EQ(spread.allowed(32_A, kNow + 20s), 8_A);
    spread.begin(10_A, 600s, kHalf, kNow + 300s);
    EXPECT_EQ(spread.next_change(kNow + 300s), kNow + 600s);
}

TEST(Spread, EndsWithTheCar) {
    Spread spread;
    spread.begin(6_A, 600s, kHalf, kNow);
    spread.end();
    EXPECT_EQ(spread.allowed(32_A, kNow), 32_A);
}

TEST(Spread, SpreadsAThousandEvenlyOverTheTime) {
    std::mt19937 random(7);
    std::vector<int> minutes(10);
    for (int i = 0; i < 1'000; ++i) {
        Spread spread;
        spread.begin(0_A, 600s, static_cast<std::uint32_t>(random()), kNow);
        const auto until = spread.next_change(kNow).value_or(kNow);
        ++minutes.at(static_cast<std::size_t>((until - kNow) / 1min));
    }
    EXPECT_GT(*std::ranges::min_element(minutes), 60);
    EXPECT_LT(*std::ranges::max_element(minutes), 140);
}

TEST(Spread, StaysWithinItsTimeAndBetweenReachedAndWanted) {
    EXPECT_TRUE(rc::check("any figures", [](unsigned random, unsigned most_s, unsigned passed_ms) {
        Spread spread;
        const Duration most = std::chrono::seconds{most_s % 86'400};
        spread.begin(6_A, most, random, kNow);
        const auto now = kNow + std::chrono::milliseconds{passed_ms % 90'000'000};
        const auto allowed = spread.allowed(32_A, now);
        RC_ASSERT(allowed == 6_A || allowed == 32_A);
        RC_ASSERT(allowed == 32_A || now < kNow + most);
    }));
}

}  // namespace
}  // namespace busbar
