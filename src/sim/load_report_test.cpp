#include "sim/load_report.hpp"

#include <gtest/gtest.h>

#include <array>

#include "sim/manners.hpp"

namespace busbar::sim {
namespace {

using namespace std::chrono_literals;

TEST(LoadReport, SaysWhatFlowedWhatMightAndHowFarThatWasOverTheBreaker) {
    const std::vector<CircuitSetup> circuits{{CircuitId("feeder"), PerPhase::each(16_A)}};
    ChargerSetup charger{.id = ChargerId("CP-1")};
    charger.circuits = {CircuitId("feeder")};
    LoadRecord record(circuits, std::vector{charger});
    const SteadyPoint start{1s};
    (void)record.set(0, PerPhase::each(10_A), PerPhase::each(20.5_A));
    record.measure(start);
    (void)record.set(0, PerPhase::each(9.5_A), PerPhase::each(12_A));
    record.measure(start + 2s);
    EXPECT_EQ(load_report(record.circuits()),
              R"([{"id":"feeder","chargers":1,"breakerA":{"L1":16,"L2":16,"L3":16},)"
              R"("drawn":{"nowA":{"L1":9.5,"L2":9.5,"L3":9.5},"mostA":{"L1":10,"L2":10,"L3":10},)"
              R"("overAmpereSeconds":{"L1":0,"L2":0,"L3":0},"momentsOver":0},)"
              R"("enforced":{"nowA":{"L1":12,"L2":12,"L3":12},)"
              R"("mostA":{"L1":20.5,"L2":20.5,"L3":20.5},)"
              R"("overAmpereSeconds":{"L1":9,"L2":9,"L3":9},"momentsOver":1}}])");
}

TEST(LoadReport, CountsEachMannerOfBehaviourByItself) {
    auto chargers =
        row_of_chargers("CP-", 3, {.id = ChargerId("any"), .circuits = {CircuitId("feeder")}});
    chargers[1].manner = "slow";
    std::vector<CircuitSetup> circuits{{CircuitId("feeder"), PerPhase::each(16_A)}};
    watch_each_manner(circuits, chargers);
    LoadRecord record(circuits, chargers);
    for (std::size_t i = 0; i < 3; ++i)
        (void)record.set(i, PerPhase::each(1_A), PerPhase::each(6_A));
    record.measure(SteadyPoint{1s});
    ASSERT_EQ(record.circuits().size(), 3U);
    const std::array<std::int64_t, 3> enforced{18, 12, 6};
    for (std::size_t i = 0; i < 3; ++i)
        EXPECT_EQ(record.circuits()[i].enforced.most, PerPhase::each(1_A * enforced[i]));
    const auto report = load_report(record.circuits());
    EXPECT_NE(report.find(R"({"id":"feeder","behaviour":"slow","chargers":1,)"), std::string::npos)
        << report;
}

}  // namespace
}  // namespace busbar::sim
