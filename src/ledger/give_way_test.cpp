#include "ledger/give_way.hpp"

#include <gtest/gtest.h>

namespace busbar {
namespace {

using Indexes = std::vector<std::size_t>;

TimePoint at(int minute) {
    return TimePoint{std::chrono::minutes{minute}};
}

TEST(GiveWay, AsksNobodyWhereAllFits) {
    const Holder holder{.holds = 16_A};
    EXPECT_EQ(give_way(std::span(&holder, 1), PerPhase{}), Indexes{});
}

TEST(GiveWay, AsksThoseFirstWhereNobodyCharges) {
    const Holder holders[] = {{.holds = 6_A, .charging = true, .band = 9, .since = at(2)},
                              {.holds = 6_A}};
    EXPECT_EQ(give_way(holders, PerPhase::each(6_A)), Indexes{1});
}

TEST(GiveWay, AsksTheLastBandBeforeWhoCameLast) {
    const Holder holders[] = {{.holds = 6_A, .charging = true, .band = 9, .since = at(1)},
                              {.holds = 6_A, .charging = true, .band = 5, .since = at(3)},
                              {.holds = 6_A, .charging = true, .band = 5, .since = at(2)}};
    EXPECT_EQ(give_way(holders, PerPhase::each(6_A)), Indexes{0});
    EXPECT_EQ(give_way(holders, PerPhase::each(7_A)), (Indexes{0, 1}));
    EXPECT_EQ(give_way(holders, PerPhase::each(50_A)), (Indexes{0, 1, 2}));
}

TEST(GiveWay, LeavesThoseAloneThatLoadOtherLines) {
    const Holder holders[] = {
        {.phases = {Phase::kL1}, .holds = 16_A, .charging = true, .since = at(1)},
        {.phases = {Phase::kL2}, .holds = 16_A, .charging = true, .since = at(2)}};
    EXPECT_EQ(give_way(holders, PerPhase{{10_A, 0_A, -5_A}}), Indexes{0});
}

TEST(GiveWay, AsksNobodyWhoHoldsNothing) {
    const Holder holders[] = {{.holds = 0_A, .charging = true}, {.holds = 6_A, .charging = true}};
    EXPECT_EQ(give_way(holders, PerPhase::each(1_A)), Indexes{1});
}

}  // namespace
}  // namespace busbar
