#include "telemetry/performance.hpp"

#include <gtest/gtest.h>

#include <random>

namespace busbar::telemetry {
namespace {

using namespace std::chrono_literals;

const TimePoint kMidnight = *parse_time("2026-02-10T00:00:00Z");
const Window kDay{kMidnight, kMidnight + 24h};
const VehicleId kVehicle{"VEH-001"};
const MeterId kMeter{"METER-001"};

VehicleReading charging(Duration since_midnight, std::int64_t energy_wh,
                        std::optional<MeterId> meter = kMeter) {
    return {.vehicle = kVehicle,
            .charger = std::move(meter),
            .soc_milli_pct = 50'000,
            .energy = WattHours::of(energy_wh),
            .battery_milli_celsius = 30'000,
            .at = kMidnight + since_midnight};
}
MeterInterval interval(Duration since_midnight, std::int64_t energy_wh) {
    return {kMidnight + since_midnight, WattHours::of(energy_wh)};
}
OtherVehicle other(Duration since_midnight) {
    return {.at = kMidnight + since_midnight};
}

Performance of(std::vector<VehicleReading> readings, std::vector<MeterHistory> meters) {
    return performance_of(kVehicle, kDay, readings, meters);
}

TEST(Performance, SumsWhatTheMeterMeasuredWhileTheVehicleWasThere) {
    const auto result =
        of({charging(61min, 80), charging(62min, 90)},
           {{kMeter, {interval(60min, 500), interval(62min, 200), interval(63min, 700)}, {}}});
    EXPECT_EQ(result.ac_consumed, WattHours::of(700));  // 60 and 62 minutes; 63 is after it left.
    EXPECT_EQ(result.dc_delivered, WattHours::of(170));
    EXPECT_EQ(result.efficiency_e4, 2'429);
    EXPECT_EQ(result.meter, kMeter);
    EXPECT_EQ(result.data_points, 2);
    EXPECT_EQ(result.battery_milli_celsius, 30'000);
    EXPECT_EQ(result.window_start, kDay.from);
    EXPECT_EQ(result.window_end, kDay.to);
}

TEST(Performance, AReadingSpeaksForFifteenMinutesAtMost) {
    const auto result = of({charging(60min, 1), charging(120min, 1)},
                           {{kMeter,
                             {interval(45min, 1), interval(46min, 10), interval(61min, 100),
                              interval(105min, 1'000), interval(105min + 1us, 10'000)},
                             {}}});
    EXPECT_EQ(result.ac_consumed, WattHours::of(10'010));
}

TEST(Performance, TwoVehiclesThatShareAChargerDoNotShareItsEnergy) {
    // One until 10:00, the other from 10:05 on; the meter reports every minute.
    std::vector<MeterInterval> meter;
    for (auto at = 9h + 1min; at <= 11h; at += 1min) meter.push_back(interval(at, 100));
    std::vector<VehicleReading> first, second;
    std::vector<OtherVehicle> first_seen, second_seen;
    for (auto at = 9h + 5min; at <= 10h; at += 5min)
        first.push_back(charging(at, 400)), first_seen.push_back(other(at));
    for (auto at = 10h + 5min; at <= 11h; at += 5min)
        second.push_back(charging(at, 400)), second_seen.push_back(other(at));

    const auto a = of(first, {{kMeter, meter, second_seen}});
    const auto b = of(second, {{kMeter, meter, first_seen}});
    EXPECT_EQ(a.ac_consumed, WattHours::of(6'000));
    EXPECT_EQ(b.ac_consumed, WattHours::of(6'000));
    EXPECT_EQ(a.efficiency_e4, 8'000);
}

TEST(Performance, OfTwoVehiclesThatReportAtTheSameMomentOneTakesTheInterval) {
    const std::vector<MeterInterval> meter{interval(1min, 100)};
    const auto first = of({charging(1min, 1)}, {{kMeter, meter, {{kMidnight + 1min, false}}}});
    const auto second = of({charging(1min, 1)}, {{kMeter, meter, {{kMidnight + 1min, true}}}});
    EXPECT_EQ(first.ac_consumed, WattHours::of(100));
    EXPECT_EQ(second.ac_consumed, WattHours{});
}

TEST(Performance, HoweverVehiclesMixTheirSharesNeverExceedTheMeter) {
    for (unsigned seed = 0; seed < 500; ++seed) {
        std::mt19937 random(seed);
        std::vector<MeterInterval> meter;
        std::vector<VehicleReading> readings[2];
        std::vector<OtherVehicle> seen[2];
        WattHours total;
        for (auto at = 1min; at < 300min; at += 1min) {
            if (random() % 2 == 0) meter.push_back(interval(at, 1)), total += WattHours::of(1);
            for (const std::size_t v : {0U, 1U}) {
                if (random() % 6 != 0) continue;
                readings[v].push_back(charging(at, 1));
                seen[v].push_back({kMidnight + at, v == 0});
            }
        }
        const auto a = of(readings[0], {{kMeter, meter, seen[1]}});
        const auto b = of(readings[1], {{kMeter, meter, seen[0]}});
        ASSERT_LE(a.ac_consumed + b.ac_consumed, total) << "seed " << seed;
        ASSERT_GT(a.ac_consumed, WattHours{}) << "seed " << seed;
        ASSERT_GT(b.ac_consumed, WattHours{}) << "seed " << seed;
    }
}

TEST(Performance, FollowsTheVehicleFromChargerToCharger) {
    const MeterId second{"METER-002"};
    const auto result = of({charging(10min, 1), charging(20min, 1, second)},
                           {{kMeter, {interval(10min, 1), interval(20min, 10)}, {}},
                            {second, {interval(10min, 100), interval(20min, 1'000)}, {}}});
    EXPECT_EQ(result.ac_consumed, WattHours::of(1'001));
    EXPECT_EQ(result.meter, second);
}

TEST(Performance, CountsMappedMetersInFullWhereReadingsNameNone) {
    const MeterId second{"METER-002"};
    const auto result = of({charging(10min, 900, std::nullopt)},
                           {{kMeter, {interval(5min, 400), interval(23h, 400)}, {}},
                            {second, {interval(6min, 200)}, {}}});
    EXPECT_EQ(result.ac_consumed, WattHours::of(1'000));
    EXPECT_EQ(result.efficiency_e4, 9'000);
    EXPECT_EQ(result.meter, kMeter);
}

TEST(Performance, AVehicleWithoutMetersHasNoAcAndNoEfficiency) {
    const auto result = of({charging(10min, 900, std::nullopt)}, {});
    EXPECT_EQ(result.ac_consumed, WattHours{});
    EXPECT_EQ(result.dc_delivered, WattHours::of(900));
    EXPECT_FALSE(result.efficiency_e4);
    EXPECT_FALSE(result.meter);
}

TEST(Performance, AWindowWithoutReadingsIsEmptyAndNotZeroDegrees) {
    const auto result = of({}, {});
    EXPECT_EQ(result.data_points, 0);
    EXPECT_FALSE(result.battery_milli_celsius);
    EXPECT_FALSE(result.efficiency_e4);
}

TEST(Performance, RoundsHalfToEven) {
    EXPECT_EQ(divide_half_even(1, 20'000, 10'000), 0);  // 0.5
    EXPECT_EQ(divide_half_even(3, 20'000, 10'000), 2);  // 1.5
    EXPECT_EQ(divide_half_even(5, 20'000, 10'000), 2);  // 2.5
    EXPECT_EQ(divide_half_even(-1, 2), 0);
    EXPECT_EQ(divide_half_even(-3, 2), -2);
    EXPECT_EQ(divide_half_even(-4, 3), -1);
    EXPECT_EQ(divide_half_even(2, 3, 10'000), 6'667);
    EXPECT_EQ(divide_half_even(1'000'000'000'000'000'000, 4, 4), 1'000'000'000'000'000'000);
}

}  // namespace
}  // namespace busbar::telemetry
