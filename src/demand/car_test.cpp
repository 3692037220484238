#include "demand/car.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <random>

namespace busbar {
namespace {

using namespace std::chrono_literals;
using enum ConnectorStatus;
using News = Car::News;

// A 32 A EVSE that samples every 15 s, and a car to be told how to behave.
class ACar : public testing::Test {
protected:
    // So many samples of this draw, one every 15 s.
    void draw(Amperes amount, int samples) {
        for (int i = 0; i < samples; ++i) {
            now_ += 15s;
            car_.sampled(amount, now_);
        }
    }
    void draw_for(Amperes amount, Duration time) { draw(amount, static_cast<int>(time / 15s)); }
    void limit(Amperes limit) { car_.limited(limit, now_); }
    void pass(Duration time) {
        now_ += time;
        car_.advance(now_);
    }
    // Reclaimed to 11 A at a draw of 10.
    void settle_at_ten() {
        limit(32_A);
        draw_for(10_A, 4min);
        draw(10_A, 1);
        ASSERT_EQ(car_.wanted(32_A), 11_A);
        limit(11_A);
    }

    SteadyPoint now_{1h};
    Car car_{{.maximum = 32_A}};
};

TEST_F(ACar, WantsAllItMayHaveUntilItShowsOtherwise) {
    EXPECT_EQ(car_.wanted(32_A), 32_A);
    EXPECT_EQ(car_.wanted(16_A), 16_A);
    EXPECT_EQ(car_.wanted(6_A), 6_A);
    EXPECT_EQ(car_.wanted(5.9_A), 0_A);
    EXPECT_EQ(car_.minimum(32_A), 6_A);
    EXPECT_TRUE(car_.may_pause());
    EXPECT_FALSE(car_.goes_last());
    EXPECT_EQ(car_.next_change(), std::nullopt);
}

TEST_F(ACar, IsLeftAloneFor180SecondsAndThenReclaimedAfter60) {
    limit(32_A);
    draw_for(10_A, 180s);
    draw(10_A, 3);  // 180 s to 225 s: four samples with the one at 180 s, but only 45 s.
    EXPECT_EQ(car_.wanted(32_A), 32_A);
    draw(10_A, 1);
    EXPECT_EQ(car_.wanted(32_A), 11_A);
    EXPECT_EQ(car_.reclaimed_at(), 10_A);
    EXPECT_EQ(car_.wanted(32_A, Car::Unused::kKept), 32_A);
    EXPECT_EQ(car_.wanted(8_A), 8_A);
}

TEST_F(ACar, NeedsThreeLowSamples) {
    limit(32_A);
    pass(180s);
    car_.sampled(10_A, now_);
    pass(60s);
    car_.sampled(10_A, now_);
    EXPECT_EQ(car_.wanted(32_A), 32_A);
    pass(60s);
    car_.sampled(10_A, now_);
    EXPECT_EQ(car_.wanted(32_A), 11_A);
}

TEST_F(ACar, IsAskedForOneAmpereAboveTheHighestOfItsLowSamplesInWholeAmperes) {
    limit(32_A);
    draw_for(10_A, 180s);
    draw(9.3_A, 2);
    draw(8_A, 2);
    EXPECT_EQ(car_.wanted(32_A), 11_A);  // The 10 A at 180 s counts.
    limit(11_A);
    draw(8.2_A, 4);
    draw(7.1_A, 1);
    EXPECT_EQ(car_.wanted(32_A), 10_A);  // 9.2, rounded up.
}

TEST_F(ACar, WithinOneAndAHalfAmperesOfItsLimitIsUsingIt) {
    limit(16_A);
    draw_for(14.5_A, 20min);
    EXPECT_EQ(car_.wanted(32_A), 32_A);
    draw(14.4_A, 5);
    EXPECT_EQ(car_.wanted(32_A), 16_A);
}

TEST_F(ACar, OneSampleThatUsesTheLimitBeginsTheMinuteAgain) {
    limit(32_A);
    draw_for(10_A, 180s);
    for (int i = 0; i < 20; ++i) {
        draw(10_A, 3);
        draw(31_A, 1);
    }
    EXPECT_EQ(car_.wanted(32_A), 32_A);
}

TEST_F(ACar, IsNeverReclaimedBelowItsMinimum) {
    limit(32_A);
    draw_for(2_A, 5min);
    EXPECT_EQ(car_.wanted(32_A), 6_A);
    EXPECT_EQ(car_.reclaimed_at(), 2_A);
}

TEST_F(ACar, ThatIsPausedIsNotReclaimed) {
    limit(32_A);
    draw(31_A, 2);
    limit(0_A);
    draw_for(0_A, 4h);
    EXPECT_EQ(car_.wanted(32_A), 32_A);
    EXPECT_FALSE(car_.goes_last());
    EXPECT_EQ(car_.next_change(), std::nullopt);
}

TEST_F(ACar, GrowsBackByTwoAmperesOrAQuarterWhileItFollows) {
    settle_at_ten();
    std::vector<Amperes> wants;
    for (int i = 0; i < 8 && car_.reclaimed_at(); ++i) {
        draw(car_.wanted(32_A), 1);  // It takes all it gets.
        limit(car_.wanted(32_A));
        wants.push_back(car_.wanted(32_A));
    }
    EXPECT_EQ(wants, (std::vector{14_A, 18_A, 23_A, 29_A, 32_A}));
}

TEST_F(ACar, WaitsWithAnotherRaiseUntilItHasFollowedTheFirst) {
    settle_at_ten();
    draw(11_A, 1);
    ASSERT_EQ(car_.wanted(32_A), 14_A);
    limit(14_A);
    draw(11_A, 1);
    EXPECT_EQ(car_.wanted(32_A), 14_A);
    draw(13_A, 1);
    EXPECT_EQ(car_.wanted(32_A), 18_A);
}

TEST_F(ACar, IsNotReclaimedIn180SecondsAfterARaiseThatItCouldUse) {
    settle_at_ten();
    draw(11_A, 1);
    limit(14_A);
    draw_for(11_A, 180s);
    draw(11_A, 3);
    EXPECT_EQ(car_.wanted(32_A), 14_A);
    draw(11_A, 1);
    EXPECT_EQ(car_.wanted(32_A), 12_A);
}

TEST_F(ACar, ThatIgnoresRaisesIsReclaimedThoughTheyNeverEnd) {
    limit(16_A);
    draw_for(8_A, 180s);
    for (int i = 0; i < 8; ++i) {
        limit(i % 2 == 0 ? 20_A : 18_A);
        draw(8_A, 1);
    }
    EXPECT_EQ(car_.wanted(32_A), 9_A);
}

TEST_F(ACar, AtASteadyDrawIsProbedEverMoreRarely) {
    limit(32_A);
    int raises = 0;
    int changes = 0;
    auto wanted = car_.wanted(32_A);
    for (Duration time{}; time < 24h; time += 15s) {
        draw(std::min(16_A, car_.wanted(32_A)), 1);
        const auto next = car_.wanted(32_A);
        raises += next > wanted;
        changes += next != wanted;
        if (next != wanted) limit(next);
        wanted = next;
    }
    EXPECT_GE(raises, 5);  // 15, 30, 60, 120, 240, 240... minutes apart.
    EXPECT_LE(raises, 10);
    EXPECT_LE(changes, 21);
}

TEST_F(ACar, ThatTakesAProbeUpIsBackAtItsMaximumSoon) {
    settle_at_ten();
    draw_for(10_A, 16min);
    EXPECT_EQ(car_.wanted(32_A), 14_A);
    limit(14_A);
    for (int i = 0; i < 4; ++i) {
        draw(car_.wanted(32_A), 1);
        limit(car_.wanted(32_A));
    }
    EXPECT_EQ(car_.wanted(32_A), 32_A);
}

TEST_F(ACar, WhoseMeterFallsSilentIsNoLongerReclaimed) {
    settle_at_ten();
    EXPECT_EQ(car_.next_change(), now_ + 30min);
    pass(30min - 1s);
    EXPECT_EQ(car_.wanted(32_A), 11_A);
    pass(1s);
    EXPECT_EQ(car_.wanted(32_A), 32_A);
    EXPECT_EQ(car_.next_change(), std::nullopt);
}

TEST_F(ACar, WithoutAMeterIsNeverReclaimedNorTakenToSleep) {
    limit(32_A);
    car_.status(kCharging, now_);
    pass(10h);
    EXPECT_EQ(car_.wanted(32_A), 32_A);
    EXPECT_FALSE(car_.goes_last());
}

TEST(Car, OfDcIsNeverReclaimedNorLastNorPaused) {
    Car car({.maximum = 400_A, .minimum = 12_A, .pausable = false});
    SteadyPoint now{1h};
    car.limited(400_A, now);
    car.status(kSuspendedEv, now);
    for (int i = 0; i < 1'000; ++i) car.sampled(0_A, now += 15s);
    EXPECT_EQ(car.wanted(400_A), 400_A);
    EXPECT_EQ(car.minimum(400_A), 12_A);
    EXPECT_FALSE(car.goes_last());
    EXPECT_FALSE(car.may_pause());
    EXPECT_EQ(car.next_change(), std::nullopt);
}

TEST_F(ACar, ThatDoesNotDrawAfter120SecondsMayNeedAnAmpereMore) {
    limit(6_A);
    draw(0_A, 7);
    EXPECT_EQ(car_.minimum(32_A), 6_A);
    draw(0_A, 1);
    EXPECT_EQ(car_.minimum(32_A), 7_A);
    limit(7_A);
    draw(0_A, 7);
    EXPECT_EQ(car_.minimum(32_A), 7_A);
    draw(0_A, 1);
    EXPECT_EQ(car_.minimum(32_A), 8_A);
    EXPECT_EQ(car_.learned(), std::nullopt);  // Nothing is proven yet.
}

TEST_F(ACar, ThatWakesWithAHigherMinimumHasProvenIt) {
    limit(6_A);
    draw(0_A, 8);
    limit(7_A);
    draw(6.8_A, 1);
    EXPECT_EQ(car_.learned(), 7_A);
    EXPECT_EQ(car_.take_news(), News::kMinimumLearned);
    EXPECT_EQ(car_.take_news(), News::kNone);
    EXPECT_EQ(car_.minimum(32_A), 7_A);
    EXPECT_EQ(car_.wanted(6.5_A), 0_A);
}

TEST_F(ACar, ASuspectedMinimumDoesNotKeepItFromWhatItMayHave) {
    limit(6_A);
    draw(0_A, 8);
    EXPECT_EQ(car_.minimum(6_A), 6_A);
    EXPECT_EQ(car_.wanted(6_A), 6_A);
}

TEST_F(ACar, ItsMinimumIsSuspectedUpToTenAmperesOverItsRetries) {
    Amperes most;
    for (int minute = 0; minute < 120; ++minute) {
        limit(car_.goes_last() ? 0_A : car_.minimum(32_A));
        draw(0_A, 4);
        most = std::max(most, car_.minimum(32_A));
    }
    EXPECT_EQ(most, 10_A);
}

TEST_F(ACar, ThatDoesNotWakeAtTenAmperesEitherBeginsWithItsUsualMinimumAgain) {
    std::vector<Amperes> failed_at;
    for (int minute = 0; minute < 600; ++minute) {
        const bool was_last = car_.goes_last();
        limit(was_last ? 0_A : car_.minimum(32_A));
        draw(0_A, 4);
        if (car_.goes_last() && !was_last) failed_at.push_back(car_.minimum(32_A));
    }
    ASSERT_GE(failed_at.size(), 4u);
    EXPECT_TRUE(std::ranges::count(failed_at, 6_A) > 0);
}

TEST_F(ACar, ThatSleepsAtAGenerousLimitIsNotSuspectedToNeedMore) {
    limit(10_A);
    draw(0_A, 10);
    EXPECT_EQ(car_.minimum(32_A), 6_A);
}

TEST_F(ACar, ThatDrewAtItsMinimumBeforeIsNotSuspectedToNeedMore) {
    limit(6_A);
    draw(5.9_A, 4);
    draw(0_A, 12);
    EXPECT_EQ(car_.minimum(32_A), 6_A);
}

TEST_F(ACar, ThatStopsWhenItIsLoweredMayNeedMoreThanThat) {
    limit(16_A);
    draw(16_A, 8);
    limit(6_A);
    draw(0_A, 7);
    EXPECT_EQ(car_.minimum(32_A), 6_A);
    draw(0_A, 1);
    EXPECT_EQ(car_.minimum(32_A), 7_A);
}

TEST_F(ACar, ItsLastMomentsOfAHigherLimitSayNothingAboutALowerOne) {
    limit(16_A);
    draw(16_A, 8);
    limit(6_A);
    now_ += 5s;
    car_.sampled(6.5_A, now_);
    draw(0_A, 10);
    EXPECT_EQ(car_.minimum(32_A), 7_A);
}

TEST_F(ACar, ThatIsLoweredHasItsFiveMinutesFromThenOn) {
    limit(16_A);
    draw(16_A, 1);
    pass(4min);
    limit(6_A);
    pass(61s);
    car_.sampled(0_A, now_);
    EXPECT_FALSE(car_.goes_last());
}

TEST(Car, BeginsWithTheMinimumLearnedBeforeAndUnlearnsIt) {
    Car car({.maximum = 32_A, .learned = 9_A});
    SteadyPoint now{1h};
    EXPECT_EQ(car.minimum(32_A), 9_A);
    EXPECT_EQ(car.wanted(8_A), 0_A);
    car.limited(7_A, now);  // A floor, say.
    car.sampled(6.9_A, now += 15s);
    EXPECT_EQ(car.minimum(32_A), 7_A);
    EXPECT_EQ(car.learned(), 7_A);
    EXPECT_EQ(car.take_news(), News::kMinimumLearned);
}

TEST_F(ACar, ThatDoesNotDrawForFiveMinutesGivesItsPlaceBackAndGoesLast) {
    limit(16_A);
    draw(0_A, 19);
    EXPECT_FALSE(car_.goes_last());
    draw(0_A, 1);
    EXPECT_TRUE(car_.goes_last());
    EXPECT_EQ(car_.take_news(), News::kResumeFailed);
    EXPECT_EQ(car_.wanted(32_A), 6_A);  // Out of what nobody else wants.
    EXPECT_TRUE(car_.may_pause());
    EXPECT_LE(car_.next_change(), now_ + 15min);
}

TEST_F(ACar, ThatSaysItDoesNotWantNeedsNoMeterToGoLast) {
    limit(16_A);
    car_.status(kSuspendedEv, now_);
    EXPECT_EQ(car_.next_change(), now_ + 5min);
    pass(5min);
    EXPECT_TRUE(car_.goes_last());
    EXPECT_EQ(car_.take_news(), News::kResumeFailed);
    EXPECT_EQ(car_.next_change(), now_ + 15min);
    car_.status(kCharging, now_);
    EXPECT_FALSE(car_.goes_last());
}

TEST_F(ACar, ThatGoesLastIsTriedAgainAfter15MinutesAndThenMoreRarely) {
    limit(16_A);
    draw(0_A, 20);
    EXPECT_EQ(car_.take_news(), News::kResumeFailed);
    limit(0_A);
    std::vector<Duration> waits;
    for (int i = 0; i < 6; ++i) {
        ASSERT_TRUE(car_.goes_last());
        const auto from = now_;
        while (car_.goes_last()) draw(0_A, 1);
        waits.push_back(std::chrono::duration_cast<Duration>(now_ - from));
        limit(16_A);
        while (!car_.goes_last()) draw(0_A, 1);
        limit(0_A);
    }
    EXPECT_EQ(waits, (std::vector<Duration>{15min, 30min, 1h, 2h, 2h, 2h}));
    EXPECT_EQ(car_.take_news(), News::kNone);  // It was said the first time.
}

TEST_F(ACar, WhoseMeterShowsADrawDoesNotSleepWhateverItsStatusSays) {
    limit(16_A);
    car_.status(kSuspendedEv, now_);
    draw(16_A, 1);
    pass(20min);
    EXPECT_FALSE(car_.goes_last());
}

TEST_F(ACar, WithoutAMeterThatSaidItChargedIsFullAndHasNotFailedToResume) {
    car_.status(kCharging, now_);
    limit(16_A);
    pass(1h);
    car_.status(kSuspendedEv, now_);
    pass(5min);
    EXPECT_TRUE(car_.goes_last());
    EXPECT_EQ(car_.take_news(), News::kNone);
}

TEST_F(ACar, ThatWakesUpStandsInLineAgain) {
    limit(16_A);
    draw(0_A, 20);
    ASSERT_TRUE(car_.goes_last());
    limit(6_A);
    draw(5.8_A, 1);
    EXPECT_FALSE(car_.goes_last());
}

TEST_F(ACar, ThatIsFullGoesLastWithoutAnAlarm) {
    limit(16_A);
    draw(16_A, 100);
    draw(0.3_A, 20);
    EXPECT_TRUE(car_.goes_last());
    EXPECT_EQ(car_.take_news(), News::kNone);
    EXPECT_TRUE(car_.may_pause());
}

TEST_F(ACar, ThatOnceFailedToResumeIsNotPausedAgainWhileItDraws) {
    limit(16_A);
    draw(16_A, 60);
    limit(0_A);
    draw(0_A, 60);
    EXPECT_TRUE(car_.may_pause());
    limit(16_A);
    draw(0_A, 20);
    EXPECT_EQ(car_.take_news(), News::kResumeFailed);
    EXPECT_TRUE(car_.goes_last());
    EXPECT_TRUE(car_.may_pause());  // Nothing is lost by it.
    draw(12_A, 1);                  // Somebody woke it by hand.
    EXPECT_FALSE(car_.goes_last());
    EXPECT_FALSE(car_.may_pause());
}

TEST_F(ACar, ThatSleptBeforeItsPauseMayBePausedAgain) {
    limit(16_A);
    draw(16_A, 60);
    draw(0_A, 20);
    limit(0_A);
    draw(0_A, 61);
    limit(16_A);
    draw(0_A, 20);
    EXPECT_TRUE(car_.goes_last());
    draw(12_A, 1);
    EXPECT_TRUE(car_.may_pause());
}

TEST_F(ACar, ALateSampleOfAnEarlierPauseDoesNotPassForAWakeUp) {
    limit(16_A);
    draw(0_A, 20);
    limit(0_A);
    draw(8_A, 1);
    EXPECT_TRUE(car_.goes_last());
}

// Anything can come in any order: what holds in spite of it.
TEST(Car, WantsNothingOrBetweenItsMinimumAndItsMaximumWhateverItShows) {
    EXPECT_TRUE(rc::check("bounds, and next_change() tells all", [](unsigned seed) {
        std::mt19937 random(seed);
        const auto below = [&random](int n) { return static_cast<int>(random() % unsigned(n)); };
        Car car({.maximum = Amperes::of(6 + below(60)), .pausable = below(8) != 0});
        SteadyPoint now{1h};
        for (int step = 0; step < 300; ++step) {
            const auto amount = Amperes::milli(below(40) * 1'000 + below(10) * 100);
            switch (below(5)) {
                case 0:
                    car.limited(below(3) == 0 ? 0_A : amount, now);
                    break;
                case 1:
                case 2:
                    car.sampled(below(2) == 0 ? 0_A : amount, now);
                    break;
                case 3:
                    car.status(below(2) == 0 ? kSuspendedEv : kCharging, now);
                    break;
                case 4:
                    car.advance(now);
                    break;
            }
            const auto most = Amperes::milli(below(40'000));
            const auto wanted = car.wanted(most);
            RC_ASSERT(wanted == 0_A || (car.minimum(most) <= wanted && wanted <= most));
            RC_ASSERT((wanted == 0_A) == (most < car.minimum(most)));
            RC_ASSERT(car.minimum(most) >= 6_A && car.minimum(most) <= 10_A);

            const auto next = car.next_change();
            RC_ASSERT(!next || *next > now);
            const auto later = now + std::chrono::milliseconds{below(400'000)};
            if (!next || later < *next) {
                auto copy = car;
                RC_ASSERT(!copy.advance(later));
            } else {
                auto copy = car;
                RC_ASSERT(copy.advance(*next));
            }
            now = later;
        }
    }));
}

TEST(Car, ThatFollowsItsLimitIsNeverReclaimed) {
    EXPECT_TRUE(rc::check("limits change at any time; it follows within 30 s", [](unsigned seed) {
        std::mt19937 random(seed);
        Car car({.maximum = 32_A});
        SteadyPoint now{1h};
        SteadyPoint follows_at = now;
        Amperes limit, drawn;
        for (int step = 0; step < 2'000; ++step) {
            if (random() % 20 == 0) {
                limit = random() % 3 == 0 ? 0_A : Amperes::of(6 + random() % 27);
                if (limit < drawn) drawn = limit;
                follows_at = now + std::chrono::seconds{random() % 30};
                car.limited(limit, now);
            }
            now += std::chrono::seconds{1 + random() % 30};
            if (now >= follows_at) drawn = limit;
            const bool standby = drawn == 0_A;
            car.sampled(standby ? 0_A : drawn - Amperes::milli(random() % 1'500), now);
            RC_ASSERT(car.wanted(32_A) == 32_A);
            RC_ASSERT(!car.goes_last());
        }
    }));
}

TEST(Car, ThatFollowsGrowsBackToItsMaximumWithoutEverFallingBack) {
    EXPECT_TRUE(rc::check("from any reclaimed draw", [](unsigned seed) {
        std::mt19937 random(seed);
        Car car({.maximum = 32_A});
        SteadyPoint now{1h};
        car.limited(32_A, now);
        const auto draw = Amperes::milli(random() % 28'000);
        for (int i = 0; i < 17; ++i) car.sampled(draw, now += 15s);
        RC_ASSERT(car.reclaimed_at() == draw);
        auto wanted = car.wanted(32_A);
        car.limited(wanted, now);
        for (int i = 0; i < 12; ++i) {
            car.sampled(wanted, now += 15s);
            RC_ASSERT(car.wanted(32_A) >= wanted);
            wanted = car.wanted(32_A);
            car.limited(wanted, now);
        }
        RC_ASSERT(wanted == 32_A);
    }));
}

}  // namespace
}  // namespace busbar
