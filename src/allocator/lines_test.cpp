#include "allocator/lines.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace busbar {
namespace {

using enum Phase;

// One row of a kind, and a leaf for each set of lines.
Network one_row(LineModel model, std::vector<PhaseSet> leaves) {
    Network network;
    network.rows.push_back(
        {.name = "row", .circuit = CircuitId("row"), .parent = {}, .budget = {}, .model = model});
    for (const auto phases : leaves)
        network.leaves.push_back({.evse = {ChargerId("x"), 1},
                                  .rows = {0},
                                  .phases = phases,
                                  .maximum = 80_A,
                                  .minimum = 6_A,
                                  .floor = 0_A,
                                  .quantum = 1_A,
                                  .settle = {},
                                  .partner = {},
                                  .keeps_profiles = true});
    return network;
}

// What one load after the other draws, and what is left of 100 A on L1 then.
Amperes left_after(LineModel model, const std::vector<std::pair<PhaseSet, Amperes>>& loads) {
    std::vector<PhaseSet> sets;
    for (const auto& load : loads) sets.push_back(load.first);
    Lines lines(one_row(model, sets));
    const std::vector budgets{PerPhase::each(100_A)};
    lines.reset(budgets);
    for (LeafIndex i = 0; i < loads.size(); ++i) lines.take(i, loads[i].second);
    return lines.left(0, kL1);
}

TEST(Lines, APlainSumCountsEachLoadOnItsLines) {
    EXPECT_EQ(left_after(LineModel::kSum, {{{kL1, kL2}, 16_A}, {{kL1, kL3}, 16_A}}), 68_A);
    EXPECT_EQ(left_after(LineModel::kSum, {{{kL2, kL3}, 16_A}, {PhaseSet::all(), 10_A}}), 90_A);
}

TEST(Lines, TwoLikeLoadsBetweenLinesMakeSqrtThreeTimesTheCurrentWhereTheyMeet) {
    // 16 sqrt(3) = 27.7128...
    EXPECT_EQ(left_after(LineModel::kDelta, {{{kL1, kL2}, 16_A}, {{kL1, kL3}, 16_A}}), 72.287_A);
    EXPECT_EQ(left_after(LineModel::kDelta, {{{kL2, kL3}, 16_A}}), 100_A);
}

TEST(Lines, ALoadOnThreeLinesIsABalancedOne) {
    EXPECT_EQ(left_after(LineModel::kDelta, {{PhaseSet::all(), 30_A}}),
              Amperes::milli(69'999));  // Rounded to the safe side.
    EXPECT_EQ(left_after(LineModel::kDelta, {{PhaseSet::all(), 30_A}, {{kL1}, 10_A}}),
              Amperes::milli(59'999));
}

TEST(Lines, BeforeATransformerTwoPairsRelieveEachOtherButAreNotTrustedTo) {
    // |I_a - I_c| of 20 A between L1 and L2, and as much between L2 and L3: 20 A, as of one alone.
    EXPECT_EQ(left_after(LineModel::kDeltaPrimary, {{{kL1, kL2}, 20_A}}), 80_A);
    EXPECT_EQ(left_after(LineModel::kDeltaPrimary, {{{kL1, kL2}, 20_A}, {{kL2, kL3}, 20_A}}), 80_A);
    // The third weighs twice.
    EXPECT_EQ(left_after(LineModel::kDeltaPrimary, {{{kL3, kL1}, 20_A}}), 60_A);
    // 10 and 20: sqrt(300) with both, 20 if the smaller draws nothing.
    EXPECT_EQ(left_after(LineModel::kDeltaPrimary, {{{kL1, kL2}, 10_A}, {{kL2, kL3}, 20_A}}), 80_A);
}

TEST(Lines, WhatThereIsRoomForFitsAndNoMore) {
    for (const auto model : {LineModel::kSum, LineModel::kDelta, LineModel::kDeltaPrimary})
        for (const auto phases :
             {PhaseSet{kL1}, PhaseSet{kL1, kL2}, PhaseSet{kL3, kL1}, PhaseSet::all()}) {
            Lines lines(one_row(model, {{kL1, kL2}, {kL2, kL3}, PhaseSet::all(), {kL3}, phases}));
            const std::vector budgets{PerPhase({61.234_A, 70_A, 80.001_A})};
            lines.reset(budgets);
            lines.take(0, 7.123_A);
            lines.take(1, 11.5_A);
            lines.take(2, 10.007_A);
            lines.take(3, 3_A);
            const auto room = lines.room(4);
            EXPECT_GT(room, 0_A);
            EXPECT_TRUE(lines.fits(4, room));
            EXPECT_FALSE(lines.fits(4, room + Amperes::milli(1)));
            lines.take(4, room);
            EXPECT_TRUE(lines.holds(4));
            EXPECT_EQ(lines.room(4), 0_A);
            lines.take(4, Amperes::milli(1));
            EXPECT_FALSE(lines.holds(4));
            EXPECT_EQ(lines.room(4), 0_A);
            // Given back, all is as before.
            lines.take(4, -room - Amperes::milli(1));
            EXPECT_EQ(lines.room(4), room);
        }
}

TEST(Lines, LoadingAllAtOnceIsTakingOneAfterTheOther) {
    for (const auto model : {LineModel::kSum, LineModel::kDelta, LineModel::kDeltaPrimary}) {
        const auto network = one_row(model, {{kL1}, {kL1, kL2}, {kL2, kL3}, PhaseSet::all()});
        const std::vector budgets{PerPhase::each(60_A)};
        const std::array<std::int64_t, 4> amounts{1'000, 12'345, 6'000, 8'001};
        Lines one(network), all(network);
        one.reset(budgets);
        all.reset(budgets);
        all.load(std::array<std::int64_t, 4>{32'000, 32'000, 32'000, 32'000});
        EXPECT_TRUE(all.over());
        all.load(amounts);
        EXPECT_FALSE(all.over());
        for (LeafIndex i = 0; i < amounts.size(); ++i) one.take(i, Amperes::milli(amounts[i]));
        for (const auto phase : kPhases) EXPECT_EQ(one.left(0, phase), all.left(0, phase));
    }
}

TEST(Lines, TheWidestAmountsDoNotOverflow) {
    for (const auto model : {LineModel::kSum, LineModel::kDelta, LineModel::kDeltaPrimary}) {
        Lines lines(one_row(model, {{kL1, kL2}, {kL3, kL1}, PhaseSet::all()}));
        const std::vector budgets{PerPhase::each(kUnlimited * 1'000'000)};
        lines.reset(budgets);
        for (LeafIndex i = 0; i < 3; ++i) lines.take(i, kUnlimited * 100'000);
        EXPECT_TRUE(lines.holds(0));
        lines.take(1, kUnlimited * 1'000'000);
        EXPECT_FALSE(lines.holds(0));
    }
}

}  // namespace
}  // namespace busbar
