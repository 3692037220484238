#include "demand/building.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <random>

namespace busbar {
namespace {

using namespace std::chrono_literals;
using Covers = BuildingLoad::Covers;

BuildingLoad load(Covers covers = Covers::kRest) {
    return {.meter = MeterId("feeder"), .covers = covers, .worst_case = PerPhase::each(40_A)};
}

class ABuilding : public testing::Test {
protected:
    // The same on each line, every second.
    void draw(Amperes amount, Duration time = 1s) {
        for (Duration passed{}; passed < time; passed += 1s) {
            now_ += 1s;
            meter_.sampled(PerPhase::each(amount), {}, now_);
        }
    }
    Amperes foreign() const { return meter_.foreign(now_)[Phase::kL2]; }

    SteadyPoint now_{1h};
    BuildingMeter meter_{load()};
};

TEST_F(ABuilding, CountsAtItsWorstUntilItsMeterSpeaks) {
    EXPECT_TRUE(meter_.stale(now_));
    EXPECT_EQ(foreign(), 40_A);
    EXPECT_EQ(meter_.next_change(now_), std::nullopt);
    draw(10_A);
    EXPECT_FALSE(meter_.stale(now_));
    EXPECT_EQ(foreign(), 10_A);
}

TEST_F(ABuilding, CountsAtItsWorstWhenItsMeterIsSilentFor30Seconds) {
    draw(10_A, 5min);
    EXPECT_EQ(meter_.next_change(now_), now_ + 30s);
    now_ += 30s - 1ms;
    EXPECT_EQ(foreign(), 10_A);
    now_ += 1ms;
    EXPECT_EQ(foreign(), 40_A);
    EXPECT_TRUE(meter_.stale(now_));
    draw(12_A);
    EXPECT_EQ(foreign(), 12_A);
}

TEST_F(ABuilding, ASilentMeterNeverFreesWhatWasCountedBefore) {
    draw(55_A);
    now_ += 1h;
    EXPECT_EQ(foreign(), 55_A);
}

TEST(BuildingMeter, OfTheTotalLeavesOutWhatTheCarsDraw) {
    BuildingMeter meter(load(Covers::kTotal));
    const SteadyPoint now{1h};
    meter.sampled(PerPhase({50_A, 30_A, 20_A}), PerPhase({16_A, 30_A, 32_A}), now);
    EXPECT_EQ(meter.foreign(now), PerPhase({34_A, 0_A, 0_A}));
}

TEST(BuildingMeter, OfTheRestTakesItAsItIs) {
    BuildingMeter meter(load(Covers::kRest));
    const SteadyPoint now{1h};
    meter.sampled(PerPhase({50_A, 30_A, -20_A}), PerPhase({16_A, 30_A, 32_A}), now);
    EXPECT_EQ(meter.foreign(now), PerPhase({50_A, 30_A, 0_A}));
}

TEST(BuildingMeter, TellsLinesApart) {
    BuildingMeter meter(load());
    SteadyPoint now{1h};
    for (int i = 0; i < 100; ++i) meter.sampled(PerPhase({10_A, 20_A, 30_A}), {}, now += 1s);
    EXPECT_EQ(meter.foreign(now), PerPhase({10_A, 20_A, 30_A}));
}

TEST(BuildingMeter, IgnoresASampleThatComesLate) {
    BuildingMeter meter(load());
    const SteadyPoint now{1h};
    meter.sampled(PerPhase::each(10_A), {}, now);
    EXPECT_FALSE(meter.sampled(PerPhase::each(35_A), {}, now - 1s));
    EXPECT_EQ(meter.foreign(now), PerPhase::each(10_A));
}

TEST_F(ABuilding, StepsUpAtOnceAndNeverAboveWhatWasMeasured) {
    draw(10_A, 10min);
    draw(40_A);
    EXPECT_EQ(foreign(), 40_A);
    for (int i = 0; i < 600; ++i) {
        draw(40_A);
        ASSERT_EQ(foreign(), 40_A);
    }
}

TEST_F(ABuilding, StepsDownSlowlyAndNeverAboveWhatWasMeasured) {
    draw(40_A, 10min);
    std::vector<Amperes> counted;
    for (int i = 0; i < 20 * 60; ++i) {
        draw(10_A);
        ASSERT_LE(foreign(), 40_A);
        ASSERT_GE(foreign(), 10_A);
        counted.push_back(foreign());
    }
    EXPECT_GE(counted[30], 30_A);  // The load may be back in a moment.
    EXPECT_LE(counted[10 * 60], 12_A);
    EXPECT_EQ(counted.back(), 10_A);
}

TEST_F(ABuilding, HoldsWhatALoadThatSwitchesEverySecondsTakes) {
    draw(10_A, 10min);
    int changes = 0;
    auto before = foreign();
    for (int i = 0; i < 600; ++i) {
        draw(i % 10 < 5 ? 14_A : 10_A);
        if (i > 60) changes += foreign() != before;
        before = foreign();
    }
    EXPECT_EQ(before, 14_A);
    EXPECT_EQ(changes, 0);
}

TEST_F(ABuilding, NoiseOfLessThanAnAmpereDoesNotChangeWhatIsCounted) {
    std::mt19937 random(1);
    for (int usual = 10'000; usual < 11'000; usual += 20) {
        int changes = 0;
        auto before = foreign();
        for (int i = 0; i < 1'800; ++i) {
            draw(Amperes::milli(usual - 450 + static_cast<int>(random() % 900)));
            if (i > 300) changes += foreign() != before;
            before = foreign();
        }
        EXPECT_LE(changes, 2) << usual;
        EXPECT_GE(before, 11_A);
        EXPECT_LE(before, 12_A);
    }
}

TEST_F(ABuilding, ASmallStepDownIsBelievedAfter30Seconds) {
    BuildingMeter meter(load());
    meter.sampled(PerPhase::each(12_A), {}, now_);
    // The average takes its time, too: it is below 11 A after some three minutes.
    int seconds = 0;
    while (meter.foreign(now_)[Phase::kL1] == 12_A && seconds < 600) {
        meter.sampled(PerPhase::each(10.2_A), {}, now_ += 1s);
        ++seconds;
    }
    EXPECT_GT(seconds, 30);
    EXPECT_LE(seconds, 240);
    EXPECT_EQ(meter.foreign(now_)[Phase::kL1], 11_A);
}

TEST_F(ABuilding, AFallOfMoreThanTwoAmperesDoesNotWait30Seconds) {
    draw(40_A, 10min);
    std::vector<SteadyPoint> steps;
    for (auto before = foreign(); steps.size() < 5; before = foreign()) {
        draw(10_A);
        if (foreign() != before) steps.push_back(now_);
    }
    EXPECT_LT(steps[4] - steps[0], 60s);
}

TEST(BuildingMeter, IsNeverNegativeNeverBelowTheLatestNeverAboveTheMostOfTheLastTenMinutes) {
    EXPECT_TRUE(rc::check("any samples at any time", [](unsigned seed) {
        std::mt19937 random(seed);
        BuildingMeter meter(load(random() % 2 == 0 ? Covers::kTotal : Covers::kRest));
        SteadyPoint now{1h};
        std::vector<std::pair<SteadyPoint, Amperes>> seen;
        const std::int64_t most = random() % 5 == 0 ? kMaxInputMilli : 60'000;
        const unsigned pace = random() % 3 == 0 ? 40'000 : 5'000;
        for (int step = 0; step < 200; ++step) {
            now += std::chrono::milliseconds{random() % pace};
            const auto measured = Amperes::milli(
                static_cast<std::int64_t>((std::uint64_t{random()} << 32U | random()) %
                                          static_cast<std::uint64_t>(2 * most)) -
                most / 2);
            meter.sampled(PerPhase::each(measured), PerPhase{}, now);
            const auto rest = std::max(measured, 0_A);
            seen.emplace_back(now, rest);
            auto highest = 0_A;
            for (const auto& [at, amount] : seen)
                if (at >= now - 10min - 40s) highest = std::max(highest, amount);
            const auto foreign = meter.foreign(now)[Phase::kL3];
            RC_ASSERT(foreign >= rest);
            RC_ASSERT(foreign <= highest + 1_A);
            const auto stale = *meter.next_change(now);
            RC_ASSERT(meter.foreign(stale - 1ns)[Phase::kL3] == foreign);
            RC_ASSERT(meter.foreign(stale)[Phase::kL3] >= 40_A);
        }
    }));
}

}  // namespace
}  // namespace busbar
