#include "sim/vehicle.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

namespace busbar::sim {
namespace {

using namespace std::chrono_literals;

VehicleSpec prompt_car() {
    VehicleSpec spec;
    spec.maximum = 32_A;
    spec.lag_least = spec.lag_most = 0s;
    return spec;
}

TEST(Vehicle, ClimbsTo32AmperesAtFiveASecond) {
    Vehicle car{prompt_car()};
    EXPECT_EQ(car.step(32_A, 1s).current, 5_A);
    EXPECT_EQ(car.step(32_A, 2s).current, 15_A);
    EXPECT_EQ(car.step(32_A, 10s).current, 32_A);
}

TEST(Vehicle, NeverTakesMoreThanItsOwnCharger) {
    auto spec = prompt_car();
    spec.maximum = 16_A;
    Vehicle car{spec};
    EXPECT_EQ(car.step(32_A, 1min).current, 16_A);
}

TEST(Vehicle, DoesNotChargeBelowSixAmperes) {
    Vehicle car{prompt_car()};
    EXPECT_EQ(car.step(5.9_A, 1min).current, 0_A);
    EXPECT_EQ(car.step(6_A, 1min).current, 6_A);
    EXPECT_EQ(car.step(0_A, 100ms).current, 0_A);
}

TEST(Vehicle, FollowsADecreaseOnlyAfterItsLag) {
    auto spec = prompt_car();
    spec.lag_least = spec.lag_most = 4s;
    Vehicle car{spec};
    car.step(32_A, 1min);
    EXPECT_EQ(car.step(10_A, 3900ms).current, 32_A);
    EXPECT_EQ(car.step(10_A, 100ms).current, 10_A);
}

TEST(Vehicle, HearsEachOfSeveralDecreasesAfterTheLag) {
    auto spec = prompt_car();
    spec.lag_least = spec.lag_most = 4s;
    Vehicle car{spec};
    car.step(32_A, 1min);
    EXPECT_EQ(car.step(20_A, 2s).current, 32_A);
    EXPECT_EQ(car.step(10_A, 2s).current, 20_A);
    EXPECT_EQ(car.step(10_A, 2s).current, 10_A);
}

TEST(Vehicle, TakesNoMoreThanTheNewOfferWhileItLags) {
    auto spec = prompt_car();
    spec.lag_least = spec.lag_most = 4s;
    Vehicle car{spec};
    car.step(32_A, 2s);
    EXPECT_EQ(car.step(16_A, 3s).current, 16_A);
}

TEST(Vehicle, IsNeverAboveTheHighestOfferOfTheLastFiveSeconds) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        auto spec = prompt_car();
        spec.lag_most = 5s;
        spec.seed = seed;
        Vehicle car{spec};
        Random random{seed};
        std::deque<Amperes> offers;
        for (int step = 0; step < 2'000; ++step) {
            const auto change = random.fraction() < 0.05;
            offers.push_back(change || offers.empty() ? Amperes::of(random.between(0, 40))
                                                      : offers.back());
            if (offers.size() > 51) offers.pop_front();
            const auto draw = car.step(offers.back(), 100ms);
            ASSERT_LE(draw.current, *std::max_element(offers.begin(), offers.end()))
                << "seed " << seed << " step " << step;
        }
    }
}

TEST(Vehicle, DrawsLessAndLessAbove80PercentAndStopsWhenFull) {
    auto spec = prompt_car();
    spec.soc_pct = 80;
    spec.capacity = WattHours::of(10'000);
    Vehicle car{spec};
    const auto first = car.step(32_A, 10s).current;
    car.step(32_A, 3min);
    const auto later = car.drawn();
    EXPECT_LT(later, first);
    EXPECT_GE(later, 6_A);
    car.step(32_A, 3h);
    EXPECT_TRUE(car.full());
    EXPECT_EQ(car.drawn(), 0_A);
    EXPECT_DOUBLE_EQ(car.soc_pct(), 100);
}

TEST(Vehicle, CountsTheEnergyOfAllItsLinesToTheWattHour) {
    auto spec = prompt_car();
    spec.soc_pct = 0;
    spec.ramp_per_second = 100'000_A;
    for (const int phases : {1, 3}) {
        spec.phases = phases;
        Vehicle car{spec};
        car.step(10_A, 100ms);  // The ramp.
        WattHours energy;
        for (int i = 0; i < 36'000; ++i) energy += car.step(10_A, 100ms).energy;
        EXPECT_EQ(energy, WattHours::of(2'300 * phases));
        EXPECT_NEAR(car.soc_pct(), phases * 2.3 / 60 * 100, 0.01);
    }
}

TEST(Vehicle, AFasterBatteryFillsFasterButDrawsTheSame) {
    auto slow_spec = prompt_car();
    slow_spec.soc_pct = 0;
    Vehicle slow{slow_spec}, fast{slow_spec, 10};
    const auto slow_energy = slow.step(10_A, 10min).energy;
    EXPECT_EQ(slow_energy, fast.step(10_A, 10min).energy);
    EXPECT_NEAR(fast.soc_pct(), 10 * slow.soc_pct(), 0.01);
}

TEST(Vehicle, AnOpenContactorEndsTheCurrentAtOnce) {
    auto spec = prompt_car();
    spec.lag_least = spec.lag_most = 5s;
    Vehicle car{spec};
    car.step(32_A, 1min);
    car.cut();
    EXPECT_EQ(car.drawn(), 0_A);
    EXPECT_EQ(car.step(0_A, 100ms).current, 0_A);
}

TEST(Vehicle, EqualSeedsGiveEqualCars) {
    EXPECT_EQ(random_vehicle(7), random_vehicle(7));
    EXPECT_NE(random_vehicle(7), random_vehicle(8));
    Vehicle one{random_vehicle(7)}, other{random_vehicle(7)};
    Random random{3};
    for (int i = 0; i < 500; ++i) {
        const auto offer = Amperes::of(random.between(0, 32));
        ASSERT_EQ(one.step(offer, 700ms).energy, other.step(offer, 700ms).energy);
    }
}

TEST(Vehicle, ASleepyOneTakesItsTimeToWakeAfterALongPause) {
    VehicleSpec spec{.ramp_per_second = 100'000_A, .lag_most = Duration{0}};
    spec.sleeps_after = std::chrono::seconds{30};
    spec.wakes_after = std::chrono::seconds{20};
    Vehicle car{spec};
    const auto after = [&](Amperes offer, int seconds) {
        return car.step(offer, std::chrono::seconds{seconds}).current;
    };
    EXPECT_EQ(after(16_A, 2), 16_A);
    EXPECT_EQ(after(0_A, 29), 0_A);  // A short pause.
    EXPECT_EQ(after(16_A, 2), 16_A);
    EXPECT_EQ(after(0_A, 30), 0_A);
    EXPECT_EQ(after(16_A, 19), 0_A);
    EXPECT_EQ(after(16_A, 2), 16_A);
}

}  // namespace
}  // namespace busbar::sim
