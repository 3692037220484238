#include "sim/arrivals.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace busbar::sim {
namespace {

using namespace std::chrono_literals;

const SteadyPoint kMorning{1h};

TEST(Arrivals, FillsEveryChargerInTime) {
    Arrivals arrivals{{}, 20, 1, kMorning};
    for (std::size_t charger = 0; charger < 20; ++charger)
        EXPECT_TRUE(arrivals.arrival(charger, kMorning + 20s));
    for (std::size_t charger = 0; charger < 20; ++charger)
        EXPECT_FALSE(arrivals.arrival(charger, kMorning + 20s)) << "the place is taken";
}

TEST(Arrivals, ACarStaysItsTimeUnlessItIsFull) {
    Arrivals arrivals{{}, 2, 1, kMorning};
    ASSERT_TRUE(arrivals.arrival(0, kMorning + 20s));
    ASSERT_TRUE(arrivals.arrival(1, kMorning + 20s));
    EXPECT_FALSE(arrivals.leaves(0, false, kMorning + 2min));
    EXPECT_TRUE(arrivals.leaves(0, false, kMorning + 9min));
    EXPECT_FALSE(arrivals.leaves(0, false, kMorning + 9min)) << "it has left";
    EXPECT_FALSE(arrivals.leaves(1, true, kMorning + 30s));
    EXPECT_TRUE(arrivals.leaves(1, true, kMorning + 45s));
}

TEST(Arrivals, OneCarIsNeverAtTwoChargers) {
    ArrivalPlan plan;
    for (const auto* tag : {"CARD-1", "CARD-2", "CARD-3"}) {
        VehicleSpec car;
        car.id_tag = tag;
        plan.cars.push_back(car);
    }
    Arrivals arrivals{plan, 10, 7, kMorning};
    std::map<std::size_t, std::string> standing;
    int visits = 0;
    for (auto now = kMorning; now < kMorning + 3h; now += 1s) {
        for (std::size_t charger = 0; charger < 10; ++charger) {
            if (arrivals.leaves(charger, false, now)) standing.erase(charger);
            if (auto car = arrivals.arrival(charger, now)) {
                ++visits;
                for (const auto& [where, tag] : standing) ASSERT_NE(tag, car->id_tag);
                standing[charger] = car->id_tag;
            }
        }
    }
    EXPECT_GT(visits, 20);
}

TEST(Arrivals, EqualSeedsGiveEqualDays) {
    Arrivals one{{}, 3, 5, kMorning}, other{{}, 3, 5, kMorning};
    for (auto now = kMorning; now < kMorning + 1h; now += 5s)
        for (std::size_t charger = 0; charger < 3; ++charger) {
            ASSERT_EQ(one.leaves(charger, false, now), other.leaves(charger, false, now));
            ASSERT_EQ(one.arrival(charger, now), other.arrival(charger, now));
        }
}

TEST(Arrivals, OfKnownVisitsComeToAnyFreePlaceAndLeaveWhenTheyDid) {
    const auto card = [](const char* tag) {
        VehicleSpec car;
        car.id_tag = tag;
        return car;
    };
    const ArrivalPlan plan{
        .visits = {{10s, 60s, card("A")}, {20s, 5s, card("B")}, {20s, 100s, card("C")}}};
    Arrivals arrivals{plan, 1, 1, kMorning};
    EXPECT_FALSE(arrivals.arrival(0, kMorning + 9s));
    ASSERT_EQ(arrivals.arrival(0, kMorning + 10s)->id_tag, "A");
    EXPECT_FALSE(arrivals.leaves(0, true, kMorning + 69s));
    EXPECT_TRUE(arrivals.leaves(0, true, kMorning + 70s));
    // B was gone before there was room.
    ASSERT_EQ(arrivals.arrival(0, kMorning + 70s)->id_tag, "C");
    EXPECT_TRUE(arrivals.leaves(0, false, kMorning + 120s));
    EXPECT_FALSE(arrivals.arrival(0, kMorning + 1h));
}

}  // namespace
}  // namespace busbar::sim
