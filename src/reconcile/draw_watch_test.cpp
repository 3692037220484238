#include "reconcile/draw_watch.hpp"

#include <gtest/gtest.h>

namespace busbar {
namespace {

using namespace std::chrono_literals;
using enum DrawWatch::Verdict;

struct Watched {
    DrawWatch watch = {};
    SteadyPoint now{1'000s};
    Amperes most = 6_A;
    Amperes given = 6_A;

    DrawWatch::Verdict after(Duration wait, Amperes drawn, Duration age = 0s) {
        now += wait;
        return watch.sampled(drawn, now - age, now, most, given);
    }
};

TEST(DrawWatch, MoreThanAnAmpereAndFivePercentForMoreThanTenSecondsIsTooMuch) {
    Watched it;
    EXPECT_EQ(it.after(0s, 16_A), kFine);
    EXPECT_EQ(it.after(5s, 16_A), kFine);
    EXPECT_EQ(it.after(5s, 16_A), kFine) << "ten seconds are not more than ten";
    EXPECT_EQ(it.after(5s, 16_A), kDrewMore);
    EXPECT_EQ(it.after(5s, 16_A), kFine) << "said once";
}

TEST(DrawWatch, WhatAMeterMayBeWrongByIsFine) {
    Watched it;
    for (int i = 0; i < 10; ++i) EXPECT_EQ(it.after(5s, 7.3_A), kFine);
    Watched above;
    (void)above.after(0s, 7.31_A);
    (void)above.after(10s, 7.31_A);
    EXPECT_EQ(above.after(10s, 7.31_A), kDrewMore);
}

TEST(DrawWatch, OneSampleWithinItsLimitBeginsAnew) {
    Watched it;
    (void)it.after(0s, 16_A);
    (void)it.after(5s, 16_A);
    (void)it.after(5s, 6_A);
    EXPECT_EQ(it.after(5s, 16_A), kFine);
    EXPECT_EQ(it.after(5s, 16_A), kFine);
}

TEST(DrawWatch, OneThatKeepsWhatItWasGivenHasNotLetItsLeaseLapse) {
    Watched it{.most = 0_A, .given = 16_A};
    (void)it.after(0s, 16_A);
    (void)it.after(6s, 16_A);
    EXPECT_EQ(it.after(6s, 16_A), kKeptOn);
    Watched more{.most = 0_A, .given = 10_A};
    (void)more.after(0s, 16_A);
    (void)more.after(6s, 16_A);
    EXPECT_EQ(more.after(6s, 16_A), kDrewMore);
}

TEST(DrawWatch, WhatWaitedInTheChargerSaysNothingOfNow) {
    Watched it;
    (void)it.after(0s, 6_A);
    (void)it.after(10s, 6_A);  // It speaks every ten seconds.
    for (int i = 0; i < 5; ++i) EXPECT_EQ(it.after(10s, 16_A, 21s), kFine);
}

TEST(DrawWatch, ASilenceOfMoreThanTwoIntervalsBeginsAnew) {
    Watched it;
    (void)it.after(0s, 6_A);
    (void)it.after(10s, 16_A);
    EXPECT_EQ(it.after(30s, 16_A), kFine);
    EXPECT_EQ(it.after(20s, 16_A), kDrewMore);
}

TEST(DrawWatch, AnotherTransactionBeginsAnew) {
    Watched it;
    (void)it.after(0s, 16_A);
    (void)it.after(9s, 16_A);
    it.watch.reset();
    EXPECT_EQ(it.after(9s, 16_A), kFine);
}

}  // namespace
}  // namespace busbar
