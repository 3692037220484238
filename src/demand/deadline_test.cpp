#include "demand/deadline.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

namespace busbar {
namespace {

using namespace std::chrono_literals;
constexpr TimePoint kNoon{std::chrono::hours{480'012}};

// 22 kWh in so long, on three lines at 230 V with up to 32 A (22.08 kW).
Trip trip(Duration left, WattHours delivered = {}) {
    return {.requested = WattHours::of(22'080),
            .delivered = delivered,
            .depart_by = kNoon + left,
            .maximum = 32_A};
}

TEST(Pace, IsTheRestOfTheEnergyOverTheRestOfTheTime) {
    EXPECT_EQ(pace_of(trip(4h), {}, kNoon), (Pace{.need = 8_A, .laxity = 3h}));
    EXPECT_EQ(pace_of(trip(2h, WattHours::of(11'040)), {}, kNoon),
              (Pace{.need = 8_A, .laxity = 90min}));
    EXPECT_EQ(pace_of(trip(2h), {}, kNoon), (Pace{.need = 16_A, .laxity = 1h}));
}

TEST(Pace, CountsTheLinesTheCarUses) {
    auto one_line = trip(4h);
    one_line.phases = {Phase::kL2};
    EXPECT_EQ(pace_of(one_line, {}, kNoon).need, 24_A);
}

TEST(Pace, IsRoundedUpToTheThousandth) {
    EXPECT_EQ(pace_of(trip(3h), {}, kNoon).need, Amperes::milli(10'667));
}

TEST(Pace, OfACarThatCannotMakeItIsItsMaximum) {
    EXPECT_EQ(pace_of(trip(30min), {}, kNoon), (Pace{.need = 32_A, .laxity = -30min}));
    EXPECT_EQ(pace_of(trip(1h), {}, kNoon), (Pace{.need = 32_A, .laxity = 0min}));
}

TEST(Pace, OfACarThatShouldHaveLeftIsItsMaximum) {
    const auto late = trip(-1h);
    const auto pace = pace_of(late, {}, kNoon);
    EXPECT_EQ(pace, (Pace{.need = 32_A, .laxity = -2h}));
    EXPECT_FALSE(is_urgent(pace, late, 15min, kNoon));  // Its place may go to another.
    EXPECT_EQ(next_change(pace, late, 15min, kNoon), std::nullopt);
}

TEST(Pace, OfACarThatHasWhatItAskedForIsNothing) {
    for (const auto delivered : {22'080, 30'000}) {
        const auto done = trip(4h, WattHours::of(delivered));
        const auto pace = pace_of(done, {}, kNoon);
        EXPECT_EQ(pace, Pace{});
        EXPECT_EQ(pace.need, 0_A);
        EXPECT_FALSE(is_urgent(pace, done, 15min, kNoon));
        EXPECT_EQ(next_change(pace, done, 15min, kNoon), std::nullopt);
    }
}

TEST(Pace, OfACarThatMayHaveNothingIsNothingAndHopeless) {
    auto capped = trip(4h);
    capped.maximum = 0_A;
    EXPECT_EQ(pace_of(capped, {}, kNoon), (Pace{.need = 0_A, .laxity = -Pace::kEndless}));
}

TEST(Pace, IsUrgentWhenItCannotWaitForASlot) {
    const auto leaves = trip(75min);
    const auto pace = pace_of(leaves, {}, kNoon);
    EXPECT_EQ(pace.laxity, 15min);
    EXPECT_FALSE(is_urgent(pace, leaves, 15min, kNoon));
    EXPECT_TRUE(is_urgent(pace, leaves, 16min, kNoon));
    EXPECT_EQ(next_change(pace, leaves, 15min, kNoon), kNoon + 1us);
    EXPECT_EQ(next_change(pace, leaves, 16min, kNoon), kNoon + 1min);
}

TEST(Pace, IsToBeAskedForEachMinuteAndAtTheDeparture) {
    const auto next = [](Duration left, WattHours delivered = {}) {
        const auto leaves = trip(left, delivered);
        return next_change(pace_of(leaves, {}, kNoon), leaves, 15min, kNoon);
    };
    EXPECT_EQ(next(4h), kNoon + 1min);
    EXPECT_EQ(next(75min + 20s), kNoon + 20s + 1us);
    EXPECT_EQ(next(30min), kNoon + 30min);  // All it can get, whatever happens.
    EXPECT_EQ(next(40s, WattHours::of(22'070)), kNoon + 40s);
}

TEST(Pace, StaysWithinItsBoundsAndDeliversOnTimeWhateverIsAsked) {
    EXPECT_TRUE(rc::check(
        "bounds, and need times time is enough",
        [](std::uint64_t energy, std::int64_t time, std::uint16_t maximum, bool delta) {
            const Supply supply{.wiring = delta ? Wiring::kDeltaLinear : Wiring::kWye};
            const auto left = std::chrono::milliseconds{time % (400LL * 24 * 3'600 * 1'000)};
            const Trip asked{.requested = WattHours::milli(
                                 static_cast<std::int64_t>(energy % std::uint64_t{kMaxInputMilli})),
                             .depart_by = kNoon + left,
                             .maximum = Amperes::milli(maximum)};
            const auto pace = pace_of(asked, supply, kNoon);
            RC_ASSERT(pace.need >= 0_A && pace.need <= asked.maximum);
            RC_ASSERT(pace.laxity >= -Pace::kEndless && pace.laxity <= Pace::kEndless);
            if (pace.laxity <= Duration{}) {
                RC_ASSERT(pace.need == asked.maximum);
            } else if (pace.need > 0_A && left <= Pace::kEndless) {
                const auto power =
                    power_of(pace.need, asked.phases, supply, supply.nominal, Rounding::kDown);
                RC_ASSERT((power + Watts::milli(1)).in_milli() * left.count() / 3'600'000 >=
                          asked.requested.in_milli() - 1);
            }
        }));
}

}  // namespace
}  // namespace busbar
