#include "reconcile/write_budget.hpp"

#include <gtest/gtest.h>

namespace busbar {
namespace {

using namespace std::chrono_literals;
using enum WriteBudget::State;

const SteadyPoint kStart{100h};

TEST(WriteBudget, IsSpentAfterADaysWritesAndFillsEvenly) {
    WriteBudget budget(24);
    EXPECT_EQ(budget.left(kStart), 24);
    for (int i = 0; i < 12; ++i) budget.wrote(kStart);
    EXPECT_EQ(budget.state(kStart), kPlenty);
    budget.wrote(kStart);
    EXPECT_EQ(budget.state(kStart), kFew);
    for (int i = 13; i < 24; ++i) budget.wrote(kStart);
    EXPECT_EQ(budget.state(kStart), kSpent);
    EXPECT_EQ(budget.again_at(kStart), kStart + 144min);
    EXPECT_EQ(budget.state(kStart + 143min), kSpent);
    EXPECT_EQ(budget.state(kStart + 144min), kFew);
    budget.wrote(kStart + 144min);
    EXPECT_EQ(budget.state(kStart + 144min), kFew);
    budget.wrote(kStart + 144min);
    EXPECT_EQ(budget.state(kStart + 144min), kSpent);
    EXPECT_EQ(budget.left(kStart + 48h), 24);  // Never more than a day's.
}

TEST(WriteBudget, WithoutALimitIsAlwaysPlenty) {
    WriteBudget budget(0);
    for (int i = 0; i < 100'000; ++i) budget.wrote(kStart);
    EXPECT_EQ(budget.state(kStart), kPlenty);
}

}  // namespace
}  // namespace busbar
