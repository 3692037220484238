// What the site does: shares, caps, pauses, waits for amperes, and survives what goes wrong.
#include <gtest/gtest.h>

#include "control/test_world.hpp"

namespace busbar::control {
namespace {

TEST_F(ControlTest, SharesAndCapsAndExplains) {
    all_charging();
    EXPECT_EQ(applied("a"), 16_A);
    EXPECT_EQ(why("a"), "shares feeder (L1) with 2 others");
    const auto capped = rule(cap("a", 10_A));
    ASSERT_TRUE(capped);
    EXPECT_EQ(applied("a"), 10_A);
    EXPECT_EQ(why("a"), "capped at 10 A by rule " + capped->value.id.str());
    EXPECT_EQ(applied("b"), 16_A);  // What a gave back is still on its way.
    EXPECT_EQ(report("b").reasons.back().kind, ReasonKind::kAwaitsAmps);
    run(kSettle);
    EXPECT_EQ(applied("b"), 19_A);
    EXPECT_EQ(applied("c"), 19_A);
}

TEST_F(ControlTest, DispatchTimesCountFromTheWriteAndSayWhatWasWaitedFor) {
    all_charging();
    dispatched_.clear();
    const auto written = rule(cap("a", 10_A));
    run(kSettle);
    ASSERT_EQ(dispatched_.size(), 3u);
    EXPECT_EQ(dispatched_[0].charger, ChargerId("a"));
    EXPECT_EQ(dispatched_[0].cause->revision, written->revision);
    EXPECT_EQ(dispatched_[0].cause->waited, Waited::kNothing);
    EXPECT_EQ(dispatched_[1].cause->waited, Waited::kAmperes);
}

TEST_F(ControlTest, ThreeWritesWhileACallIsOpenMakeOneFurtherCallToTheLastValue) {
    all_charging();
    auto& a = gateway_.chargers["a"];
    a.mood = FakeCharger::Mood::kHolds;
    (void)rule(cap("a", 14_A));
    a.received.clear();
    for (const auto limit : {13_A, 9_A, 7_A}) (void)rule(cap("a", limit));
    EXPECT_TRUE(a.received.empty());
    a.mood = FakeCharger::Mood::kAnswers;
    for (auto& answer : std::exchange(a.held, {})) answer({.outcome = CallOutcome::kAccepted});
    run();
    EXPECT_EQ(a.received, (std::vector{7_A}));
    EXPECT_EQ(applied("a"), 7_A);
}

TEST_F(ControlTest, APauseIsZeroAndResumingGoesBackToAShare) {
    all_charging();
    const auto pause = rule({.kind = RuleKind::kPause, .select = {SelectorKind::kPartner, "acme"}});
    EXPECT_EQ(applied("c"), 0_A);
    run(kSettle);
    EXPECT_EQ(applied("a"), 24_A);
    control_->delete_rule(pause->value.id, {"me", clock_.steady()}, [](auto) {});
    run();
    EXPECT_EQ(applied("c"), 0_A);  // The others first.
    EXPECT_EQ(applied("a"), 16_A);
    run(kSettle);
    EXPECT_EQ(applied("c"), 16_A);
}

TEST_F(ControlTest, AnExcludedChargerIsLeftAloneOnceTheOthersMadeRoom) {
    all_charging();
    (void)rule({.kind = RuleKind::kExclude, .select = {SelectorKind::kCharger, "a"}});
    EXPECT_EQ(applied("a"), 16_A);
    EXPECT_EQ(applied("b"), 8_A);
    run(kSettle);
    EXPECT_EQ(applied("a"), 32_A);
    EXPECT_EQ(gateway_.chargers["a"].fallback, 32_A);
    const auto second = rule({.kind = RuleKind::kExclude, .select = {SelectorKind::kCharger, "b"}});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::kConflict);
}

TEST_F(ControlTest, ACapOnTheFeederLowersEverybodyAtOnce) {
    all_charging();
    (void)rule(
        {.kind = RuleKind::kCap, .select = {SelectorKind::kCircuit, "feeder"}, .limit = 30_A});
    for (const auto* id : {"a", "b", "c"}) EXPECT_EQ(applied(id), 10_A);
    EXPECT_EQ(why("a"), "shares feeder (L1) with 2 others, which rule r-1 caps");
}

TEST_F(ControlTest, WhatAnOfflineChargerMayBeDrawingIsHeld) {
    all_charging();
    (void)rule(cap("b", 6_A));
    (void)rule(cap("c", 6_A));
    run(kSettle);
    EXPECT_EQ(applied("a"), 32_A);
    disconnect("a");
    for (const auto* id : {"r-1", "r-2"})
        control_->delete_rule(RuleId(id), {"me", clock_.steady()}, [](auto) {});
    run(1h);
    EXPECT_EQ(applied("b"), 8_A);
    EXPECT_EQ(why("a"), "not connected since 12:00:35 UTC, so 32 A is held for it");
    connect("a");
    run(kSettle);
    EXPECT_EQ(applied("a"), 16_A);
    EXPECT_EQ(applied("b"), 16_A);
}

TEST_F(ControlTest, ASilentChargerCostsOnlyItself) {
    all_charging();
    gateway_.chargers["a"].mood = FakeCharger::Mood::kHolds;
    (void)rule(cap("a", 6_A));
    (void)rule(cap("b", 8_A));
    EXPECT_EQ(applied("b"), 8_A);
    run(1h);
    EXPECT_EQ(applied("c"), 24_A);  // What b gave up; not what a might have.
}

TEST_F(ControlTest, ARejectingChargerIsRetriedAndRaisesOneAlarm) {
    all_charging();
    auto& a = gateway_.chargers["a"];
    a.mood = FakeCharger::Mood::kRejects;
    a.received.clear();
    (void)rule(cap("a", 6_A));
    run(1h);
    EXPECT_GE(a.received.size(), 50u);
    EXPECT_LE(a.received.size(), 100u);
    EXPECT_EQ(std::ranges::count(alarms_, "does not take its limit: rejected"), 1);
    a.mood = FakeCharger::Mood::kAnswers;
    run(80s);
    EXPECT_EQ(applied("a"), 6_A);
}

TEST_F(ControlTest, NothingRisesBeforeItsPotentialIsDurableAndDecreasesDoNotWait) {
    all_charging();
    (void)rule(cap("a", 10_A));
    store_.stalls = true;
    run(kSettle);
    EXPECT_EQ(applied("b"), 16_A);
    store_.release();
    run();
    EXPECT_EQ(applied("b"), 19_A);
}

TEST_F(ControlTest, AfterARestartTheBreakerHoldsAndDesiredIsAppliedAgain) {
    all_charging();
    (void)rule(cap("a", 10_A));
    restart();
    EXPECT_EQ(report("a").potential, 16_A);
    EXPECT_EQ(report("a").desired, 16_A);  // Not connected: held.
    for (const auto* id : {"a", "b", "c"}) connect(id);
    run(30s);
    EXPECT_EQ(applied("a"), 10_A);
    EXPECT_EQ(applied("b"), 19_A);
    for (const auto* id : {"a", "b", "c"}) EXPECT_EQ(report(id).desired, report(id).applied);
}

TEST_F(ControlTest, ARuleEndsAtItsInstantAndIsDeletedForGood) {
    all_charging();
    auto draft = cap("a", 10_A);
    draft.expires_at = clock_.wall() + 10min;
    (void)rule(std::move(draft));
    run(10min - 1ms);
    EXPECT_EQ(report("a").desired, 10_A);
    run(1ms);
    EXPECT_EQ(report("a").desired, 16_A);
    run(2s);
    EXPECT_TRUE(store_.kept.rules.empty());
}

TEST_F(ControlTest, ABoundaryThatPassedWhileNobodyRanTakesEffectAtTheStart) {
    all_charging();
    auto draft = cap("a", 10_A);
    draft.expires_at = clock_.wall() + 10min;
    (void)rule(std::move(draft));
    control_.reset();
    loop_.run();
    clock_.advance(1h);
    start();
    for (const auto* id : {"a", "b", "c"}) connect(id);
    run(30s);
    EXPECT_EQ(applied("a"), 16_A);
    EXPECT_TRUE(store_.kept.rules.empty());
    EXPECT_TRUE(store_.boundaries.empty());
}

TEST_F(ControlTest, ARepeatedStartIsTheSameTransactionAndAnUnknownStopIsAnswered) {
    connect("a");
    run();
    const auto first = plug("a", WattHours::of(5));
    EXPECT_GT(first, 0);
    EXPECT_EQ(plug("a", WattHours::of(5)), first);
    bool answered = false;
    control_->stop(ChargerId("a"), {first + 1, {}, clock_.wall(), ""},
                   [&](Result<Done> r) { answered = r.has_value(); });
    run();
    EXPECT_TRUE(answered);
    EXPECT_EQ(report("a").transaction->id, first);
    control_->stop(ChargerId("b"), {first, {}, clock_.wall(), ""}, [](auto) {});
    run();
    EXPECT_TRUE(report("a").transaction);  // Another charger's transaction is not b's to stop.
    control_->stop(ChargerId("a"), {first, WattHours::of(9), clock_.wall(), ""}, [](auto) {});
    run();
    EXPECT_FALSE(report("a").transaction);
    EXPECT_TRUE(store_.kept.open_transactions.empty());
    EXPECT_EQ(plug("a", WattHours::of(5)), first);  // Its answer had been lost, too.
}

TEST_F(ControlTest, AStoreThatFailsForLongRaisesOneAlarmAnOutage) {
    all_charging();
    for (int outage = 1; outage <= 2; ++outage) {
        (void)rule(cap("a", 10_A - Amperes::of(outage)));
        store_.fails = true;
        run(10min);
        EXPECT_EQ(std::ranges::count(alarms_, "increases wait, the store fails: disk full"),
                  outage);
        store_.fails = false;
        run(10min);
    }
}

TEST_F(ControlTest, AFailingStoreRefusesTheRuleAndKeepsTheLimits) {
    all_charging();
    store_.fails = true;
    const auto refused = rule(cap("a", 10_A));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::kUnavailable);
    EXPECT_EQ(applied("a"), 16_A);
    store_.fails = false;
    EXPECT_TRUE(rule(cap("a", 10_A)));
    EXPECT_EQ(applied("a"), 10_A);
}

TEST_F(ControlTest, ManyRulesThatEndTogetherAreForgottenAFewAtATime) {
    all_charging();
    for (int i = 0; i < 300; ++i) {
        auto draft = cap("a", 10_A);
        draft.expires_at = clock_.wall() + 10min;
        ASSERT_TRUE(rule(std::move(draft)));
    }
    const auto before = store_.kept.revision;
    run(10min);
    EXPECT_EQ(report("a").desired, 16_A);
    run(10s);
    EXPECT_TRUE(store_.kept.rules.empty());
    EXPECT_EQ(store_.kept.revision, before + 300);
}

TEST_F(ControlTest, ExpiredRulesAreForgottenOnceTheStoreCanAgain) {
    all_charging();
    auto draft = cap("a", 10_A);
    draft.expires_at = clock_.wall() + 10min;
    (void)rule(std::move(draft));
    store_.fails = true;
    run(11min);
    EXPECT_EQ(report("a").desired, 16_A);
    EXPECT_EQ(store_.kept.rules.size(), 1u);
    store_.fails = false;
    run(2s);
    EXPECT_TRUE(store_.kept.rules.empty());
}

TEST_F(ControlTest, TheOrderOfArrivalIsOursToTellNotTheChargers) {
    (void)rule(
        {.kind = RuleKind::kCap, .select = {SelectorKind::kCircuit, "feeder"}, .limit = 10_A});
    for (const auto* id : {"a", "b"}) connect(id);
    run(kSettle);
    (void)remove("c");
    plug("a");
    run(30s);
    EXPECT_EQ(applied("a"), 10_A);
    control_->start(ChargerId("b"), {1, "tag", {}, *parse_time("2020-01-01T00:00:00Z")},
                    [](auto) {});
    run(30s);
    EXPECT_EQ(applied("a"), 10_A);
}

TEST_F(ControlTest, AnIdleChargerSaysWhatWillBindIt) {
    connect("a");
    run();
    (void)rule(cap("a", 10_A));
    EXPECT_EQ(why("a"), "no car is charging");
    EXPECT_EQ(to_sentence(report("a").reasons.back()), "capped at 10 A by rule r-1");
}

TEST_F(ControlTest, MeterRegistersBecomeIntervalEnergies) {
    connect("a");
    run();
    plug("a");
    const auto meter = [&](std::int64_t wh) {
        clock_.advance(1min);
        control_->meter(ChargerId("a"),
                        {1, {}, {{Measurand::kEnergyRegister, {}, wh * 1000, clock_.wall()}}});
        run();
    };
    meter(1000);
    meter(1183);
    ASSERT_EQ(telemetry_.readings.size(), 2u);
    const auto& reading = std::get<telemetry::MeterReading>(telemetry_.readings[1]);
    EXPECT_EQ(reading.meter, MeterId("a"));
    EXPECT_EQ(reading.energy, WattHours::of(183));
}

// Anything may happen in any order; the breaker holds at every event (check_breaker), and when
// it is over, every charger has what it should have.
TEST_F(ControlTest, NoRandomDayOverloadsTheFeederAndItEndsConverged) {
    for (const auto* id : {"a", "b", "c"}) connect(id);
    run(kSettle);
    for (const auto* id : {"a", "b", "c"}) transactions_[id] = plug(id);
    std::mt19937 chance(11);
    const auto any = [&] { return std::array{"a", "b", "c"}[chance() % 3]; };
    std::vector<RuleId> rules;
    for (int step = 0; step < 3'000; ++step) {
        switch (chance() % 9) {
            case 0:
            case 1:
                if (auto made = rule(cap(any(), Amperes::of(std::int64_t(chance() % 33)))))
                    rules.push_back(made->value.id);
                break;
            case 2:
            case 3:
                if (rules.empty()) break;
                control_->delete_rule(rules.back(), {"me", clock_.steady()}, [](auto) {});
                rules.pop_back();
                break;
            case 4:
                disconnect(any());
                break;
            case 5:
                connect(any());
                break;
            case 6:
                gateway_.chargers[any()].mood = FakeCharger::Mood(chance() % 3);
                break;
            case 7: {
                auto& charger = gateway_.chargers[any()];
                const auto outcome = CallOutcome(chance() % 2 * 4);  // Accepted or unanswered.
                for (auto& answer : std::exchange(charger.held, {})) answer({.outcome = outcome});
                break;
            }
            default:
                run(std::chrono::milliseconds(chance() % 9'000));
                break;
        }
        run();
        ASSERT_FALSE(HasFailure()) << "step " << step;
    }
    for (const auto* id : {"a", "b", "c"}) {
        auto& charger = gateway_.chargers[id];
        charger.mood = FakeCharger::Mood::kAnswers;
        for (auto& answer : std::exchange(charger.held, {}))
            answer({.outcome = CallOutcome::kUnanswered});
        connect(id);
    }
    run(5min);
    for (const auto* id : {"a", "b", "c"}) EXPECT_EQ(report(id).applied, report(id).desired) << id;
}

}  // namespace
}  // namespace busbar::control
