#include "sim/garage.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace busbar::sim {
namespace {

TEST(DemoGarage, IsAValidSite) {
    const auto garage = demo_garage();
    const auto fits = check_site(garage);
    EXPECT_TRUE(fits) << fits.error().message;
    EXPECT_EQ(garage.chargers.size(), 20U);
    EXPECT_EQ(garage.chargers.front().id.str(), "CP-01");
    EXPECT_EQ(garage.chargers.back().id.str(), "CP-20");
}

TEST(DemoGarage, SpreadsItsSinglePhaseChargersOverTheLines) {
    std::map<std::string, int> by_lines;
    for (const auto& charger : demo_garage().chargers) ++by_lines[to_string(charger.phases)];
    EXPECT_EQ(by_lines["L1"], 2);
    EXPECT_EQ(by_lines["L2"], 2);
    EXPECT_EQ(by_lines["L3"], 2);
    EXPECT_EQ(by_lines["L1+L2+L3"], 14);
}

TEST(DemoFleet, IsWiredLikeTheGarage) {
    const auto garage = demo_garage();
    const auto fleet = demo_fleet("ws://127.0.0.1:3000/ocpp/");
    ASSERT_EQ(fleet.chargers.size(), garage.chargers.size());
    for (std::size_t i = 0; i < fleet.chargers.size(); ++i) {
        const auto& simulated = fleet.chargers[i];
        EXPECT_EQ(simulated.id, garage.chargers[i].id);
        EXPECT_EQ(simulated.phases, garage.chargers[i].phases);
        EXPECT_EQ(simulated.maximum, garage.chargers[i].maximum);
        EXPECT_TRUE(simulated.phases.has(simulated.first_line));
        EXPECT_EQ(simulated.circuits,
                  (std::vector{garage.chargers[i].circuit, CircuitId{"feeder"}}));
    }
    ASSERT_EQ(fleet.circuits.size(), 3U);
    EXPECT_EQ(fleet.circuits.front().breaker, PerPhase::each(160_A));
}

TEST(DemoFleet, ItsCarsObeyWithinTheTimeTheGarageCountsOn) {
    const auto settle = demo_garage().chargers.front().settle;
    std::set<std::string> cards;
    const auto fleet = demo_fleet("ws://127.0.0.1:3000/");
    for (const auto& car : fleet.arrivals->cars) {
        EXPECT_LT(car.lag_most, settle);
        EXPECT_TRUE(cards.insert(car.id_tag).second) << car.id_tag;
    }
}

}  // namespace
}  // namespace busbar::sim
