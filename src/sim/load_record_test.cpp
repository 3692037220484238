#include "sim/load_record.hpp"

#include <gtest/gtest.h>

namespace busbar::sim {
namespace {

using namespace std::chrono_literals;

const CircuitId kFeeder{"feeder"}, kLevel{"level"};

class LoadRecordTest : public testing::Test {
protected:
    const std::vector<CircuitSetup> circuits_{{kFeeder, PerPhase::each(40_A)},
                                              {kLevel, PerPhase::each(32_A)}};
    const std::vector<ChargerSetup> chargers_{{.id = ChargerId{"a"}, .circuits = {kLevel, kFeeder}},
                                              {.id = ChargerId{"b"}, .circuits = {kFeeder}}};
    const SteadyPoint start_{1h};
    LoadRecord record_{circuits_, chargers_};

    const CircuitLoad& feeder() const { return record_.circuits()[0]; }
    const CircuitLoad& level() const { return record_.circuits()[1]; }
};

TEST_F(LoadRecordTest, AddsUpEachLineOnEachCircuitOfThePath) {
    record_.set(0, PerPhase::each(10_A), PerPhase::each(16_A));
    record_.set(1, PerPhase{{5_A, 0_A, 0_A}}, PerPhase::each(6_A));
    record_.measure(start_);
    EXPECT_EQ(feeder().drawn.now, (PerPhase{{15_A, 10_A, 10_A}}));
    EXPECT_EQ(feeder().enforced.now, PerPhase::each(22_A));
    EXPECT_EQ(level().drawn.now, PerPhase::each(10_A));
    EXPECT_FALSE(feeder().drawn.ever_over());
}

TEST_F(LoadRecordTest, RemembersTheMostAndHowFarAndLongItWasOver) {
    record_.set(0, PerPhase{{32_A, 0_A, 0_A}}, {});
    record_.set(1, PerPhase{{13_A, 0_A, 0_A}}, {});
    record_.measure(start_);
    record_.set(1, {}, {});
    record_.measure(start_ + 2s);
    record_.measure(start_ + 10s);
    EXPECT_EQ(feeder().drawn.most[Phase::kL1], 45_A);
    EXPECT_EQ(feeder().drawn.moments_over, 1);
    EXPECT_DOUBLE_EQ(feeder().drawn.over_ampere_seconds[0], 10);
    EXPECT_DOUBLE_EQ(feeder().drawn.over_ampere_seconds[1], 0);
    EXPECT_FALSE(level().drawn.ever_over()) << "32 A on 32 A is not over";
    EXPECT_FALSE(feeder().enforced.ever_over());
}

TEST_F(LoadRecordTest, BeginsAnewWithWhatFlowsNow) {
    record_.set(0, PerPhase::each(50_A), PerPhase::each(50_A));
    record_.measure(start_);
    record_.set(0, PerPhase::each(20_A), PerPhase::each(20_A));
    record_.restart(start_ + 1s);
    EXPECT_EQ(feeder().drawn.most, PerPhase::each(20_A));
    EXPECT_FALSE(feeder().enforced.ever_over());
    EXPECT_DOUBLE_EQ(feeder().drawn.over_ampere_seconds[0], 0);
}

TEST(OnLines, ASinglePhaseCarLoadsTheFirstLineAndMoreFollowInTurn) {
    ChargerSetup charger{.id = ChargerId{"a"}, .first_line = Phase::kL3};
    EXPECT_EQ(on_lines(charger, 1, 9_A), (PerPhase{{0_A, 0_A, 9_A}}));
    EXPECT_EQ(on_lines(charger, 2, 9_A), (PerPhase{{9_A, 0_A, 9_A}}));
    EXPECT_EQ(on_lines(charger, 3, 9_A), PerPhase::each(9_A));
    charger.phases = PhaseSet{Phase::kL3};
    EXPECT_EQ(on_lines(charger, 3, 9_A), (PerPhase{{0_A, 0_A, 9_A}}));
}

TEST(RowOfChargers, CountsFromOneWithTwoDigits) {
    const auto row = row_of_chargers("CP-", 11, {.id = ChargerId{"any"}, .maximum = 20_A});
    EXPECT_EQ(row.front().id.str(), "CP-01");
    EXPECT_EQ(row.back().id.str(), "CP-11");
    EXPECT_EQ(row.back().maximum, 20_A);
}

}  // namespace
}  // namespace busbar::sim
