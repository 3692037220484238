// Each kind of rule, and what cars and buildings show, from the write to what chargers enforce.
#include <gtest/gtest.h>

#include "control/test_world.hpp"

namespace busbar::control {
namespace {

using namespace std::chrono_literals;

class RulesInAction : public ControlTest {
protected:
    // What car `id` draws, as its charger reports it, every ten seconds for so long.
    void draws(const char* id, Amperes current, Duration time) {
        for (Duration passed{}; passed < time; passed += 10s) {
            MeterSample sample{
                .measurand = Measurand::kCurrent, .milli = current.in_milli(), .at = clock_.wall()};
            control_->meter(ChargerId(id), {1, transactions_[id], {sample}});
            run(10s);
        }
    }
    Result<PlanReport> plan(PlanDraft draft) {
        Result<PlanReport> out = Error{Errc::kTimeout, "no answer"};
        control_->plan(SiteId("garage"), std::move(draft),
                       [&](Result<PlanReport> report) { out = std::move(report); });
        run();
        return out;
    }
    void breaker(Amperes rating, std::optional<BuildingLoad> building = {}) {
        CircuitPatch patch{.breaker = PerPhase::each(rating)};
        patch.building = building;
        control_->put_circuit(CircuitId("feeder"), {}, patch, {"me", clock_.steady()},
                              [](auto written) { ASSERT_TRUE(written); });
        run(kSettle);
    }
    void site(SitePatch patch) {
        control_->put_site(SiteId("garage"), std::move(patch), {"me", clock_.steady()},
                           [](auto written) { ASSERT_TRUE(written); });
        run();
    }
};

TEST_F(RulesInAction, AReservationComesBeforeAnybodysSurplus) {
    all_charging();
    ASSERT_TRUE(
        rule({.kind = RuleKind::kReserve, .select = {SelectorKind::kCharger, "a"}, .limit = 24_A}));
    run(kSettle);
    EXPECT_EQ(applied("a"), 24_A);
    EXPECT_EQ(applied("b"), 12_A);
    EXPECT_EQ(applied("c"), 12_A);
    EXPECT_EQ(report("a").reasons.back().kind, ReasonKind::kReserved);
}

TEST_F(RulesInAction, AStandingReservationIsHeldForNobodyAndHasToFit) {
    for (const auto* id : {"a", "b", "c"}) connect(id);
    run(30s);
    ASSERT_TRUE(rule({.kind = RuleKind::kReserve,
                      .select = {SelectorKind::kCharger, "a"},
                      .limit = 30_A,
                      .standing = true}));
    transactions_["b"] = plug("b");
    run(kSettle);
    EXPECT_EQ(applied("b"), 18_A);
    const auto second = rule({.kind = RuleKind::kReserve,
                              .select = {SelectorKind::kCharger, "b"},
                              .limit = 30_A,
                              .standing = true});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::kConflict);
    EXPECT_NE(second.error().message.find("12 A"), std::string::npos) << second.error().message;
    EXPECT_NE(second.error().message.find("feeder"), std::string::npos);
}

TEST_F(RulesInAction, AScheduledCapBindsInItsWindowOnly) {
    all_charging();  // It is a little past noon, UTC.
    auto draft = cap("a", 10_A);
    draft.window = *parse_window("12:30-13:00 UTC");
    const auto scheduled = rule(draft);
    ASSERT_TRUE(scheduled);
    EXPECT_EQ(applied("a"), 16_A);
    ASSERT_TRUE(report("a").next);
    EXPECT_EQ(report("a").next->at, *parse_time("2026-02-10T12:30:00Z"));
    EXPECT_EQ(report("a").next->text, "cap " + scheduled->value.id.str() + " begins");
    run(*parse_time("2026-02-10T12:30:00Z") - clock_.wall());
    EXPECT_EQ(applied("a"), 10_A);
    run(*parse_time("2026-02-10T13:00:00Z") - clock_.wall() + 2 * kSettle);
    EXPECT_EQ(applied("a"), 16_A);
}

TEST_F(RulesInAction, ACapOnAPartnersSumHoldsWhileItsCarsComeAndGo) {
    for (const auto* id : {"a", "b"}) ASSERT_TRUE(put(id, {.partner = "metro"}));
    all_charging();
    ASSERT_TRUE(rule({.kind = RuleKind::kCap,
                      .select = {SelectorKind::kPartner, "metro"},
                      .limit = 20_A,
                      .scope = Scope::kSum}));
    run(kSettle);
    EXPECT_EQ(applied("a") + applied("b"), 20_A);
    EXPECT_EQ(applied("c"), 28_A);
    EXPECT_NE(why("a").find("rule r-1"), std::string::npos) << why("a");
}

TEST_F(RulesInAction, AnEarlierBandIsServedFirstWhereBandsAreStrict) {
    all_charging();
    ASSERT_TRUE(rule({.kind = RuleKind::kShare,
                      .select = {SelectorKind::kCircuit, "feeder"},
                      .share = Share{.strict_bands = true}}));
    ASSERT_TRUE(rule(
        {.kind = RuleKind::kRank, .select = {SelectorKind::kCharger, "b"}, .band = kFirstBand}));
    run(kSettle);
    EXPECT_EQ(applied("b"), 32_A);
    EXPECT_EQ(applied("a"), 8_A);
    EXPECT_EQ(applied("c"), 8_A);
}

TEST_F(RulesInAction, ABoostLiftsACapForAnHour) {
    all_charging();
    ASSERT_TRUE(rule(cap("a", 8_A)));
    ASSERT_TRUE(rule({.kind = RuleKind::kBoost,
                      .select = {SelectorKind::kCharger, "a"},
                      .expires_at = clock_.wall() + 1h}));
    run(2 * kSettle);
    EXPECT_EQ(applied("a"), 16_A);
    run(1h);
    EXPECT_EQ(applied("a"), 8_A);
}

TEST_F(RulesInAction, APlanShowsWhatWouldChangeAndChangesNothing) {
    all_charging();
    const auto sent = dispatched_.size();
    const auto planned = plan({.rules = {cap("a", 10_A)}});
    ASSERT_TRUE(planned) << planned.error().message;
    ASSERT_EQ(planned->limits.size(), 3u);
    EXPECT_EQ(planned->limits[0].before, 16_A);
    EXPECT_EQ(planned->limits[0].after, 10_A);
    EXPECT_EQ(planned->limits[0].reasons_after.front().kind, ReasonKind::kCapped);
    EXPECT_EQ(planned->limits[1].after, 19_A);
    EXPECT_EQ(dispatched_.size(), sent);
    EXPECT_EQ(applied("a"), 16_A);

    EXPECT_EQ(plan({.without_rules = {RuleId("r-9")}}).error().code, Errc::kNotFound);
    CircuitPatch smaller{.breaker = PerPhase::each(24_A)};
    const auto shrunk = plan({.circuits = {{CircuitId("feeder"), smaller}}});
    ASSERT_TRUE(shrunk);
    EXPECT_EQ(shrunk->limits[0].after, 8_A);
    EXPECT_EQ(shrunk->circuits[0].budget_after, PerPhase::each(24_A));
}

TEST_F(RulesInAction, CarsTakeTurnsWhereTooFewCanCharge) {
    breaker(12_A);
    all_charging();
    std::map<std::string, Duration> charged;
    for (int minute = 0; minute < 180; ++minute) {
        int charging = 0;
        for (const auto* id : {"a", "b", "c"}) {
            const bool on = applied(id) > 0_A;
            charging += on;
            if (on) charged[id] += 1min;
            if (on) {
                MeterSample sample{.measurand = Measurand::kCurrent,
                                   .milli = applied(id).in_milli(),
                                   .at = clock_.wall()};
                control_->meter(ChargerId(id), {1, transactions_[id], {sample}});
            }
        }
        EXPECT_LE(charging, 2);
        run(1min);
    }
    // Two of three at any time: each two hours of the three, give or take a slot.
    for (const auto& [id, time] : charged) {
        EXPECT_GE(time, 100min) << id;
        EXPECT_LE(time, 140min) << id;
    }
}

TEST_F(RulesInAction, WhoLostItsPlaceToACapAndNotToACarHasItBackAtOnce) {
    all_charging();
    const auto dark =
        rule({.kind = RuleKind::kCap, .select = {SelectorKind::kCircuit, "feeder"}, .limit = 0_A});
    run(kSettle);
    EXPECT_EQ(applied("a"), 0_A);
    EXPECT_EQ(report("a").reasons.front().kind, ReasonKind::kNotAdmitted);
    control_->delete_rule(dark->value.id, {"me", clock_.steady()}, [](auto) {});
    run(2 * kSettle);
    for (const auto* id : {"a", "b", "c"}) EXPECT_EQ(applied(id), 16_A) << id;
}

TEST_F(RulesInAction, ASafetyCapBelowAPromiseWarnsAndStandsInNobodysWay) {
    all_charging();
    const auto excluded =
        rule({.kind = RuleKind::kExclude, .select = {SelectorKind::kCharger, "a"}});
    ASSERT_EQ(excluded->warnings.size(), 1u);
    EXPECT_EQ(
        excluded->warnings[0],
        "a is unmanaged, by this rule: it counts with 32 A, and no cap or pause holds for it");
    auto safety = RuleDraft{.kind = RuleKind::kCap,
                            .select = {SelectorKind::kCircuit, "feeder"},
                            .limit = 10_A,
                            .layer = Layer::kSafety};
    ASSERT_TRUE(rule(safety));
    EXPECT_TRUE(put("b", {.name = "Bay 2"}));
    EXPECT_TRUE(plan({.rules = {cap("c", 10_A)}}));
    breaker(60_A);
    const auto worse = rule({.kind = RuleKind::kExclude, .select = {SelectorKind::kCharger, "b"}});
    EXPECT_EQ(worse.error().code, Errc::kConflict);
}

TEST_F(RulesInAction, ARuleAboutWhatIsGoneCanStillBeSwitchedOff) {
    ASSERT_TRUE(put("a", {.tags = std::vector<std::string>{"tmp"}}));
    auto draft = cap("", 10_A);
    draft.select = {SelectorKind::kTag, "tmp"};
    const auto tagged = rule(draft);
    ASSERT_TRUE(tagged);
    ASSERT_TRUE(put("a", {.tags = std::vector<std::string>{}}));
    Result<Written<Rule>> off = Error{Errc::kTimeout, ""};
    control_->patch_rule(tagged->value.id, {.enabled = false}, {"me", clock_.steady()},
                         [&](auto written) { off = std::move(written); });
    run();
    ASSERT_TRUE(off) << off.error().message;
    EXPECT_FALSE(off->value.enabled);
    draft.select = {SelectorKind::kAll, "", {{SelectorKind::kCharger, "b"}}};
    ASSERT_TRUE(rule(draft));
    EXPECT_EQ(remove("b").error().code, Errc::kConflict);
}

TEST_F(RulesInAction, WhatACarDoesNotDrawGoesToOthersUntilItDrawsAgain) {
    all_charging();
    draws("a", 7_A, 10min);
    EXPECT_LE(applied("a"), 9_A);
    EXPECT_EQ(report("a").reasons.front().kind, ReasonKind::kReclaimed);
    EXPECT_GE(applied("b"), 19_A);
    draws("a", applied("a"), 1min);
    run(1min);
    for (int i = 0; i < 12; ++i) draws("a", applied("a"), 1min);
    EXPECT_EQ(applied("a"), 16_A);
}

TEST_F(RulesInAction, TheBuildingComesFirstAndASilentMeterCountsAtItsWorst) {
    all_charging();
    breaker(48_A, BuildingLoad{.meter = MeterId("hall"),
                               .covers = BuildingLoad::Covers::kRest,
                               .worst_case = PerPhase::each(24_A)});
    run(kSettle);
    EXPECT_EQ(applied("a"), 8_A);  // It has said nothing yet.
    for (int i = 0; i < 30; ++i) {
        control_->building_sample(CircuitId("feeder"), PerPhase::each(6_A),
                                  [](auto taken) { EXPECT_TRUE(taken); });
        run(5s);
    }
    EXPECT_EQ(applied("a"), 14_A);
    run(1min);
    EXPECT_EQ(applied("a"), 8_A);
    EXPECT_NE(std::ranges::find_if(alarms_,
                                   [](const auto& text) {
                                       return text.find("meter is silent") != std::string::npos;
                                   }),
              alarms_.end());
}

TEST_F(RulesInAction, AfterABoundaryNotAllRiseAtOnce) {
    site({.raise_spread = 600s});
    all_charging();
    run(700s);
    ASSERT_EQ(applied("a"), 16_A);
    auto draft = RuleDraft{.kind = RuleKind::kCap,
                           .select = {SelectorKind::kCircuit, "feeder"},
                           .limit = 24_A,
                           .expires_at = clock_.wall() + 10min};
    ASSERT_TRUE(rule(draft));
    run(kSettle);
    EXPECT_EQ(applied("a"), 8_A);
    run(10min);
    std::set<Amperes> seen;
    for (const auto* id : {"a", "b", "c"}) seen.insert(applied(id));
    EXPECT_TRUE(seen.contains(8_A)) << "everybody rose at once";
    run(700s);
    for (const auto* id : {"a", "b", "c"}) EXPECT_EQ(applied(id), 16_A) << id;
}

TEST_F(RulesInAction, WhoHasToLeaveSoonGetsMoreWhereDeadlinesCount) {
    all_charging();
    ASSERT_TRUE(rule({.kind = RuleKind::kShare,
                      .select = {SelectorKind::kCircuit, "feeder"},
                      .share = Share{.policy = SharePolicy::kDeadline}}));
    const auto wish = [&](const char* id, WattHours energy, Duration in) {
        control_->set_wish(transactions_[id],
                           {.requested = energy, .depart_by = clock_.wall() + in},
                           [](auto changed) { EXPECT_TRUE(changed); });
        run();
    };
    wish("a", WattHours::of(20'000), 1h);
    wish("b", WattHours::of(5'000), 8h);
    wish("c", WattHours::of(5'000), 8h);
    run(2 * kSettle);
    EXPECT_GE(applied("a"), 28_A);
    EXPECT_LE(applied("b"), 10_A);
    EXPECT_EQ(applied("a") + applied("b") + applied("c"), 48_A);
}

TEST_F(RulesInAction, AGroupOfDriversIsCappedWhoeverPlugsInWhere) {
    Result<Written<IdTag>> tagged = Error{Errc::kTimeout, ""};
    control_->put_id_tag(SiteId("garage"), "tag", "guests", {"me", clock_.steady()},
                         [&](auto written) { tagged = std::move(written); });
    run();
    ASSERT_TRUE(tagged);
    all_charging();
    ASSERT_TRUE(
        rule({.kind = RuleKind::kCap,
              .select = {SelectorKind::kIdTagGroup, "guests", {{SelectorKind::kCharger, "b"}}},
              .limit = 7_A}));
    run(kSettle);
    EXPECT_EQ(applied("a"), 7_A);
    EXPECT_EQ(applied("c"), 7_A);
    EXPECT_EQ(applied("b"), 32_A);
}

}  // namespace
}  // namespace busbar::control
