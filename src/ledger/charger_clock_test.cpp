#include "ledger/charger_clock.hpp"

#include <gtest/gtest.h>

namespace busbar {
namespace {

using namespace std::chrono_literals;

const TimePoint kNoon = *parse_time("2026-02-10T12:00:00Z");

class ClockOfACharger : public testing::Test {
protected:
    // Its clock is `error` ahead of the true one; a message took `way`.
    void says(Duration error, Duration way = 50ms) {
        clock_.said(kNoon + passed_ - way + error, now());
    }
    void is_told(Duration error_of_ours = 0s) {
        clock_.told(kNoon + passed_ + error_of_ours, now());
    }
    void pass(Duration time) { passed_ += time; }
    SteadyPoint now() const { return SteadyPoint{1h} + passed_; }
    Duration early() const { return clock_.earliest(now()) - (kNoon + passed_); }
    Duration late() const { return clock_.latest(now()) - (kNoon + passed_); }

    ChargerClock clock_;
    Duration passed_{0};
};

TEST_F(ClockOfACharger, IsUnknownUntilTheChargerHasSaidSomething) {
    EXPECT_FALSE(clock_.known());
    is_told();
    EXPECT_FALSE(clock_.known());  // Whether it listens is not known yet.
    says(0s);
    EXPECT_TRUE(clock_.known());
    EXPECT_LE(early(), 0s);
    EXPECT_GE(late(), 0s);
    EXPECT_LE(clock_.uncertainty(), 5s);
}

TEST_F(ClockOfACharger, OfWhichWeHaveToldNothingIsBelievedWhenItAgreesWithItself) {
    says(-40min);
    says(-40min);
    EXPECT_FALSE(clock_.known());
    says(-40min);
    ASSERT_TRUE(clock_.known());
    EXPECT_LE(early(), -40min);
    EXPECT_GE(late(), -40min);
}

TEST_F(ClockOfACharger, IsNotTakenFromMessagesThatWaitedInAQueue) {
    is_told();
    says(0s);
    clock_.reconnected(now());
    for (int i = 10; i > 0; --i) says(0s, i * 15min);
    says(0s);
    EXPECT_GE(early(), -5s);
    EXPECT_LE(clock_.uncertainty(), 5s);
}

// Of half a minute ago: too close to be told by its age alone.
TEST_F(ClockOfACharger, IsAsWellKnownAsBeforeAShortOutageOnceALiveMessageCame) {
    is_told();
    says(0s);
    pass(40s);
    clock_.reconnected(now());
    says(0s, 35s);
    says(0s, 20s);
    EXPECT_GE(clock_.uncertainty(), 20s);  // It may have been set back.
    pass(1s);
    says(0s);
    EXPECT_LE(clock_.uncertainty(), 5s);
}

TEST_F(ClockOfACharger, AQueuedMessageMakesUsWaitLongerForALeaseUntilALiveOneComes) {
    is_told();
    says(0s);
    const auto end = kNoon + 30min;
    const auto before = clock_.surely_at(end);
    says(0s, 20min);
    EXPECT_GE(clock_.surely_at(end), before + 19min);
    says(0s);
    EXPECT_LE(clock_.surely_at(end), before + 5s);
}

TEST_F(ClockOfACharger, AClockThatWasAheadAndIsToldTheTimeMayShowEither) {
    says(+50s);
    says(+50s);
    says(+50s);
    pass(1min);
    is_told();
    EXPECT_LE(early(), 0s);
    EXPECT_GE(late(), 50s);
    says(0s);
    EXPECT_LE(early(), 0s);
    for (int i = 0; i < 8; ++i) says(0s);
    EXPECT_GE(early(), -5s);
    EXPECT_LE(late(), 5s);
}

// Ours was set back an hour, and the charger follows it: its lease lasts an hour longer.
TEST_F(ClockOfACharger, ThatIsSetBackByUsHoldsALeaseForLonger) {
    is_told();
    says(0s);
    const auto end = kNoon + 30min;
    is_told(-1h);
    EXPECT_GE(clock_.surely_at(end), SteadyPoint{1h} + 30min + 1h);
    says(-1h);
    says(-1h);
    says(-1h);
    EXPECT_GE(clock_.surely_at(end), SteadyPoint{1h} + 30min + 1h);
    pass(2min);
    says(-1h);
    EXPECT_LE(clock_.uncertainty(), 5s);
}

TEST_F(ClockOfACharger, ThatDoesNotListenIsKnownAllTheSame) {
    is_told();
    for (int i = 0; i < 3; ++i) says(-15min);
    ASSERT_TRUE(clock_.known());
    EXPECT_LE(early(), -15min);
    // What it was told stays possible until it has shown that it does not follow.
    EXPECT_GE(late(), 0s);
    pass(2min);
    says(-15min);
    EXPECT_LE(late(), -14min);
}

// Whatever a charger's clock shows, and whatever is queued, it is never slower than `earliest`.
TEST_F(ClockOfACharger, NeverShowsLessThanTheEarliest) {
    is_told();
    says(0s);
    Duration error{0};
    std::uint32_t chance = 1;
    const auto roll = [&](std::uint32_t of) {
        return (chance = chance * 1664525u + 1013904223u) >> 16 & 0x7fff ? (chance >> 16) % of : 0;
    };
    for (int i = 0; i < 20'000; ++i) {
        pass(std::chrono::seconds(1 + roll(30)));
        switch (roll(6)) {
            case 0: {  // Our own clock jumps, and the charger follows at once or not.
                const Duration wrong = std::chrono::seconds(roll(7200)) - 1h;
                is_told(wrong);
                if (roll(2) == 0) error = wrong;
                break;
            }
            case 1:  // Queued.
                says(error, std::chrono::seconds(roll(4000)));
                break;
            default:
                says(error, std::chrono::milliseconds(roll(1500)));
        }
        ASSERT_LE(early(), error) << "step " << i;
    }
}

}  // namespace
}  // namespace busbar
