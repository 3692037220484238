#include "telemetry/registers.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace busbar::telemetry {
namespace {

using namespace std::chrono_literals;
using enum IntervalKind;

// Feeds totals in Wh, a minute apart.
class Series {
public:
    IntervalEnergy operator()(std::int64_t total_wh) {
        at_ += 1min;
        return *registers.next(WattHours::of(total_wh), at_);
    }

    RegisterSeries registers;

private:
    TimePoint at_ = {};
};

IntervalEnergy measured(std::int64_t wh) {
    return {WattHours::of(wh), kMeasured};
}
constexpr IntervalEnergy kFirstSample{{}, kFirst};
constexpr IntervalEnergy kUnknownStep{{}, kRestart};

TEST(RegisterSeries, GivesTheDifferenceOfTwoTotals) {
    Series next;
    EXPECT_EQ(next(910'000), kFirstSample);  // Not 910 kWh in a minute.
    EXPECT_EQ(next(910'083), measured(83));
    EXPECT_EQ(next(910'083), measured(0));
    EXPECT_EQ(next(910'200), measured(117));
}

TEST(RegisterSeries, CountsFromALowerTotalOnceTheNextOneRises) {
    Series next;
    next(5'000);
    next(5'100);
    EXPECT_EQ(next(0), kUnknownStep);
    EXPECT_EQ(next(0), kUnknownStep);
    EXPECT_EQ(next(90), measured(90));
    EXPECT_EQ(next(200), measured(110));
}

TEST(RegisterSeries, DoesNotBillTheWholeTotalAfterOneBadSample) {
    Series next;
    next(5'000);
    EXPECT_EQ(next(3), kUnknownStep);
    EXPECT_EQ(next(5'040), measured(40));
    EXPECT_EQ(next(5'100), measured(60));
}

TEST(RegisterSeries, BelievesALowerTotalAtOnceAfterABootOrANewTransaction) {
    Series next;
    next(50);
    next.registers.expect_restart();
    EXPECT_EQ(next(0), kUnknownStep);
    EXPECT_EQ(next(80), measured(80));  // Above the old 50, and all of it new.
}

TEST(RegisterSeries, ANewTransactionOnARunningTotalChangesNothing) {
    Series next;
    next(1'000);
    next.registers.expect_restart();
    EXPECT_EQ(next(1'020), measured(20));
    EXPECT_EQ(next(7), kUnknownStep);
    EXPECT_EQ(next(1'050), measured(30));  // The announcement was used up.
}

TEST(RegisterSeries, LeavesOutLateAndRepeatedSamples) {
    RegisterSeries registers;
    const TimePoint noon{12h};
    ASSERT_TRUE(registers.next(WattHours::of(100), noon));
    EXPECT_FALSE(registers.next(WattHours::of(100), noon));
    EXPECT_FALSE(registers.next(WattHours::of(90), noon - 1min));
    EXPECT_EQ(registers.next(WattHours::of(130), noon + 1min), measured(30));
}

TEST(RegisterSeries, GoesOnWhereTheStoreStopped) {
    const TimePoint noon{12h};
    RegisterSeries registers{WattHours::of(100), noon};
    EXPECT_EQ(registers.next(WattHours::of(700), noon + 10min), measured(600));
}

TEST(RegisterSeries, NeverGivesANegativeEnergyNorMoreThanTheTotalsRose) {
    for (unsigned seed = 0; seed < 2'000; ++seed) {
        std::mt19937 random(seed);
        Series next;
        std::int64_t total = 1'000;
        WattHours sum, rises;
        for (int i = 0; i < 50; ++i) {
            const auto before = total;
            if (random() % 8 == 0)
                total = static_cast<std::int64_t>(random() % 1'200);
            else
                total += static_cast<std::int64_t>(random() % 100);
            if (random() % 8 == 0) next.registers.expect_restart();
            const auto interval = next(total);
            ASSERT_GE(interval.energy, WattHours{}) << "seed " << seed;
            sum += interval.energy;
            if (i > 0 && total > before) rises += WattHours::of(total - before);
        }
        ASSERT_LE(sum, rises) << "seed " << seed;
    }
}

}  // namespace
}  // namespace busbar::telemetry
