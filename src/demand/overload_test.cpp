#include "demand/overload.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace busbar {
namespace {

using namespace std::chrono_literals;
using enum Overload::Stage;

constexpr SteadyPoint kBegin{1h};

// A feeder of 100 A a line with a sample each second on L1.
class OverloadTest : public testing::Test {
protected:
    bool sample(Amperes l1, Duration later = 1s) {
        now_ += later;
        return guard_.sampled(PerPhase{{l1, 20_A, 20_A}}, bands_, now_);
    }
    // Seconds until something changes.
    int seconds_until_change(Amperes l1, int most = 1'000) {
        for (int seconds = 1; seconds <= most; ++seconds)
            if (sample(l1)) return seconds;
        return -1;
    }

    std::vector<int> bands_{5, 9};
    Overload guard_{PerPhase::each(100_A)};
    SteadyPoint now_ = kBegin;
};

TEST_F(OverloadTest, SaysNothingUpToItsRating) {
    EXPECT_EQ(seconds_until_change(100_A), -1);
    EXPECT_EQ(guard_.stage(), kNormal);
}

TEST_F(OverloadTest, WarnsAboveItsRatingAndStopsNobodyBelow105Percent) {
    EXPECT_TRUE(sample(100.1_A));
    EXPECT_EQ(guard_.stage(), kWarn);
    EXPECT_EQ(seconds_until_change(104.9_A), -1);
    EXPECT_FALSE(guard_.sheds(9));
}

TEST_F(OverloadTest, TakesBackItsWarningAfterAMinuteWithin) {
    sample(101_A);
    EXPECT_EQ(seconds_until_change(100_A), 61);
    EXPECT_EQ(guard_.stage(), kNormal);
}

TEST_F(OverloadTest, ShedsTheLastBandAfter30SecondsAt105Percent) {
    sample(105_A);  // The warning: the time counts from here.
    EXPECT_EQ(seconds_until_change(105_A), 30);
    EXPECT_EQ(guard_.stage(), kShed);
    EXPECT_TRUE(guard_.sheds(9));
    EXPECT_FALSE(guard_.sheds(5));
    EXPECT_EQ(guard_.seen().phase, Phase::kL1);
    EXPECT_EQ(guard_.seen().measured, 105_A);
    EXPECT_EQ(guard_.seen().rating, 100_A);
}

TEST_F(OverloadTest, ShedsTheNextBandAfterAnother30Seconds) {
    sample(105_A);
    seconds_until_change(105_A);
    EXPECT_EQ(seconds_until_change(105_A), 30);
    EXPECT_TRUE(guard_.sheds(5));
    EXPECT_EQ(guard_.stage(), kShed);
    EXPECT_EQ(seconds_until_change(105_A), -1) << "there is nobody left to stop";
}

TEST_F(OverloadTest, ShedsSoonerTheMoreThereIs) {
    sample(110_A);
    EXPECT_EQ(seconds_until_change(110_A), 15);
    Overload other(PerPhase::each(100_A));
    guard_ = other;
    sample(125_A);
    EXPECT_EQ(seconds_until_change(125_A), 6);
}

TEST_F(OverloadTest, ForgetsOnlyAsFastAsItCooledDown) {
    sample(105_A);
    for (int i = 0; i < 20; ++i) sample(105_A);
    for (int i = 0; i < 10; ++i) sample(90_A);
    sample(105_A);
    EXPECT_EQ(seconds_until_change(105_A), 20);
}

TEST_F(OverloadTest, StopsEverybodyAtOnceAt130Percent) {
    EXPECT_FALSE(sample(50_A));
    EXPECT_TRUE(sample(130_A));
    EXPECT_EQ(guard_.stage(), kEmergency);
    EXPECT_TRUE(guard_.sheds(1));
}

TEST_F(OverloadTest, LetsOneBandAfterTheOtherBackAfterAMinuteOfCalm) {
    bands_ = {1, 5, 9};
    sample(130_A);
    EXPECT_EQ(seconds_until_change(96_A, 300), -1) << "that is not calm";
    EXPECT_EQ(seconds_until_change(95_A), 61);
    EXPECT_EQ(guard_.stage(), kShed);
    EXPECT_FALSE(guard_.sheds(1));
    EXPECT_TRUE(guard_.sheds(5));
    EXPECT_EQ(seconds_until_change(95_A), 60);
    EXPECT_FALSE(guard_.sheds(5));
    EXPECT_TRUE(guard_.sheds(9));
    EXPECT_EQ(seconds_until_change(95_A), 60);
    EXPECT_EQ(guard_.stage(), kNormal);
}

TEST_F(OverloadTest, KnowsNothingOfTheTimeBetweenSamplesFarApart) {
    sample(105_A);
    for (int i = 0; i < 20; ++i) EXPECT_FALSE(sample(105_A, 6s));
    EXPECT_EQ(seconds_until_change(105_A), 30);
}

TEST_F(OverloadTest, CountsSamplesFiveSecondsApart) {
    sample(105_A);
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(sample(105_A, 5s));
    EXPECT_TRUE(sample(105_A, 5s));
    EXPECT_EQ(guard_.stage(), kShed);
}

TEST_F(OverloadTest, KeepsWhatItStoppedWhileNobodyMeasures) {
    sample(130_A);
    EXPECT_FALSE(sample(20_A, 10min)) << "it was calm for a moment, as far as is known";
    EXPECT_EQ(guard_.stage(), kEmergency);
    EXPECT_EQ(guard_.latest(now_ + 10s), (PerPhase{{20_A, 20_A, 20_A}}));
    EXPECT_EQ(guard_.latest(now_ + 10s + 1ms), std::nullopt);
}

TEST_F(OverloadTest, WatchesNoLineThatDoesNotExist) {
    guard_ = Overload(PerPhase{{0_A, 100_A, 100_A}});
    EXPECT_FALSE(sample(50_A));
}

}  // namespace
}  // namespace busbar
