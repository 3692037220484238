// What operators write: what is refused, and what may not be changed under a charger.
#include <gtest/gtest.h>

#include "control/test_world.hpp"

namespace busbar::control {
namespace {

TEST_F(ControlTest, TwoPatchesAtOnceBothCountUnlessOneInsistsOnAVersion) {
    all_charging();
    const auto id = rule(cap("a", 10_A))->value.id;
    std::vector<Result<Written<Rule>>> written;
    const auto patch = [&](RulePatch p) {
        control_->patch_rule(id, p, {"me", clock_.steady()},
                             [&](auto r) { written.push_back(std::move(r)); });
    };
    patch({.limit = 9_A});
    patch({.reason = "both"});
    run();
    ASSERT_EQ(written.size(), 2u);
    EXPECT_EQ(written[1]->value.version, 3);
    EXPECT_EQ(written[1]->value.limit, 9_A);
    EXPECT_EQ(written[1]->value.reason, "both");
    patch({.limit = 8_A, .if_version = 2});
    run();
    EXPECT_EQ(written[2].error().code, Errc::kConflict);
}

TEST_F(ControlTest, WrongRulesChangeNothing) {
    all_charging();
    const auto before = store_.kept.revision;
    EXPECT_EQ(rule(cap("nope", 10_A)).error().code, Errc::kNotFound);
    EXPECT_EQ(rule(cap("a", -1_A)).error().code, Errc::kInvalid);
    auto past = cap("a", 10_A);
    past.expires_at = clock_.wall() - 1s;
    EXPECT_EQ(rule(past).error().field, "expiresAt");
    EXPECT_EQ(store_.kept.revision, before);
    EXPECT_EQ(applied("a"), 16_A);
}

TEST_F(ControlTest, ARulesIdIsNotGivenAgainAfterARestart) {
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(rule(cap("a", -1_A)));
    store_.fails = true;
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(rule(cap("a", 9_A)));
    store_.fails = false;
    const auto first = rule(cap("a", 10_A))->value.id;
    restart();
    const auto second = rule(cap("a", 11_A));
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_NE(second->value.id, first);
    EXPECT_EQ(store_.kept.rules.size(), 2u);
}

TEST_F(ControlTest, ACircuitsIdBelongsToOneSite) {
    Result<Written<Circuit>> out = Error{Errc::kTimeout, ""};
    control_->put_site(SiteId("other"), {}, {"me", clock_.steady()}, [](auto) {});
    run();
    control_->put_circuit(CircuitId("feeder"), SiteId("other"), {.breaker = PerPhase::each(9_A)},
                          {"me", clock_.steady()}, [&](auto r) { out = std::move(r); });
    run();
    EXPECT_EQ(out.error().code, Errc::kConflict);
}

TEST_F(ControlTest, APatchedCapOnACircuitHasToFitBesideAnExclusionWrittenAtOnce) {
    const RuleDraft feeder{
        .kind = RuleKind::kCap, .select = {SelectorKind::kCircuit, "feeder"}, .limit = 40_A};
    const auto cap_id = rule(feeder)->value.id;
    std::vector<Result<Written<Rule>>> written;
    const auto note = [&](Result<Written<Rule>> r) { written.push_back(std::move(r)); };
    control_->create_rule(SiteId("garage"),
                          {.kind = RuleKind::kExclude, .select = {SelectorKind::kCharger, "a"}},
                          {"me", clock_.steady()}, note);
    control_->patch_rule(cap_id, {.limit = 20_A}, {"me", clock_.steady()}, note);
    control_->patch_rule(cap_id, {.limit = 33_A}, {"me", clock_.steady()}, note);
    run();
    ASSERT_EQ(written.size(), 3u);
    EXPECT_TRUE(written[0]);
    EXPECT_EQ(written[1].error().code, Errc::kConflict);
    EXPECT_EQ(written[2]->value.limit, 33_A);
}

TEST_F(ControlTest, AnIdWantedByTwoSitesAtOnceGoesToOneOfThem) {
    control_->put_site(SiteId("other"), {}, {"me", clock_.steady()}, [](auto) {});
    run();
    std::vector<bool> taken;
    for (const auto* site : {"garage", "other"})
        control_->put_circuit(CircuitId("new"), SiteId(site), {.breaker = PerPhase::each(9_A)},
                              {"me", clock_.steady()},
                              [&](auto r) { taken.push_back(r.has_value()); });
    run();
    EXPECT_EQ(std::ranges::count(taken, true), 1);
    EXPECT_EQ(taken.size(), 2u);
}

TEST_F(ControlTest, AnUnknownChargerIsPendingUntilItIsConfigured) {
    connect("d");
    run();
    EXPECT_EQ(registration_, Registration::kPending);
    ASSERT_EQ(control_->unknown_chargers().size(), 1u);
    EXPECT_EQ(plug("d"), 0);
    ChargerPatch patch{.circuit = CircuitId("feeder"), .maximum = 32_A, .settle = kSettle};
    control_->put_charger(ChargerId("d"), patch, {"me", clock_.steady()}, [](auto) {});
    run();
    EXPECT_TRUE(control_->unknown_chargers().empty());
    for (const auto* id : {"a", "b", "c"}) connect(id);
    run(kSettle);
    EXPECT_EQ(gateway_.chargers["d"].fallback, 0_A);
    EXPECT_GT(plug("d"), 0);
    run(kSettle);
    EXPECT_EQ(applied("d"), 32_A);
}

TEST_F(ControlTest, RewiringAChargerThatMayBeDrawingIsRefused) {
    all_charging();
    Result<Written<Charger>> out = Error{Errc::kTimeout, ""};
    control_->put_charger(ChargerId("a"), {.phases = PhaseSet{Phase::kL1}}, {"me", clock_.steady()},
                          [&](auto r) { out = std::move(r); });
    run();
    EXPECT_EQ(out.error().code, Errc::kConflict);
    EXPECT_EQ(remove("a").error().code, Errc::kConflict);
}

TEST_F(ControlTest, AConnectedChargerIsNotGoneWhateverIsSaid) {
    all_charging();
    const auto refused = remove("a", Even::kDrawing);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::kConflict);
    EXPECT_NE(refused.error().message.find("Switch it off, or give it another server's address"),
              std::string::npos)
        << refused.error().message;
    disconnect("a");
    gateway_.chargers.erase("a");
    EXPECT_TRUE(remove("a", Even::kDrawing));
}

TEST_F(ControlTest, SayingThatAChargersWordCountsForNothingTellsWhatItCosts) {
    all_charging();
    const auto fits = put("a", {.trust = TrustClass::kC});
    ASSERT_TRUE(fits);
    EXPECT_EQ(fits->warnings, std::vector<std::string>{}) << "32 A of 48 A";
    // True or not, it is taken: to go on counting with its word would be worse.
    const auto written = put("b", {.trust = TrustClass::kC});
    ASSERT_TRUE(written);
    ASSERT_EQ(written->warnings.size(), 1U);
    EXPECT_EQ(written->warnings.front(),
              "it counts with 32 A whatever it is told: beside the floors of the others, 16 A more "
              "than circuit feeder has on L1. Until there is room, charging there is lowered, "
              "ended, or not begun");
    EXPECT_EQ(store_.kept.chargers.at(1).trust, TrustClass::kC);
}

TEST_F(ControlTest, WhatAnOfflineChargerMayBeDrawingCannotBeRewiredAway) {
    all_charging();
    disconnect("a");
    run(1h);
    EXPECT_EQ(put("a", {.phases = PhaseSet{Phase::kL1}}).error().code, Errc::kConflict);
    EXPECT_EQ(put("a", {.maximum = 16_A}).error().code, Errc::kConflict);
    EXPECT_EQ(remove("a").error().code, Errc::kConflict);
    Result<Written<Circuit>> moved = Error{Errc::kTimeout, ""};
    control_->put_circuit(CircuitId("above"), SiteId("garage"), {.breaker = PerPhase::each(48_A)},
                          {"me", clock_.steady()}, [](auto) {});
    run();
    control_->put_circuit(CircuitId("feeder"), {}, {.parent = CircuitId("above")},
                          {"me", clock_.steady()}, [&](auto r) { moved = std::move(r); });
    run();
    EXPECT_EQ(moved.error().code, Errc::kConflict);
    // Somebody says that it is gone for good, and it is.
    gateway_.chargers.erase("a");
    EXPECT_TRUE(remove("a", Even::kDrawing));
    run(kSettle);
    EXPECT_EQ(report("b").desired, 24_A);
}

TEST_F(ControlTest, AChargerThatNeverConnectedMayBeChangedAndDeleted) {
    EXPECT_TRUE(put("a", {.maximum = 16_A}));
    EXPECT_TRUE(remove("a"));
    EXPECT_TRUE(store_.kept.potentials.empty());
}

TEST_F(ControlTest, ChangingAChargerWhileItHoldsAnAnswerDoesNotConfuseTheTwo) {
    ASSERT_TRUE(put("a", {.evse_count = 2}));
    connect("a");
    // Of its second EVSE too it is known that nobody charges there.
    control_->status(ChargerId("a"), {2, ConnectorStatus::kAvailable, "NoError", "", {}});
    run(kSettle);
    disconnect("a");
    connect("a");
    gateway_.chargers["a"].mood = FakeCharger::Mood::kHolds;
    run();
    ASSERT_EQ(gateway_.chargers["a"].held.size(), 1u);
    EXPECT_EQ(put("a", {.evse_count = 1}).error().code, Errc::kConflict);
    for (auto& answer : std::exchange(gateway_.chargers["a"].held, {}))
        answer({.outcome = CallOutcome::kAccepted});
    run();
    EXPECT_TRUE(put("a", {.evse_count = 1}));
    EXPECT_TRUE(put("a", {.evse_count = 2}));
}

TEST_F(ControlTest, WhatARuleIsAboutIsNotDeletedUnderIt) {
    (void)rule(cap("a", 10_A));
    const auto refused = remove("a");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "rule r-1 is about charger 'a': delete that rule first");
}

TEST_F(ControlTest, ExclusionsWrittenAtOnceStillHaveToFitTogether) {
    std::vector<Result<Written<Rule>>> written;
    for (const auto* id : {"a", "b", "c"})
        control_->create_rule(
            SiteId("garage"), {.kind = RuleKind::kExclude, .select = {SelectorKind::kCharger, id}},
            {"me", clock_.steady()}, [&](auto r) { written.push_back(std::move(r)); });
    run();
    ASSERT_EQ(written.size(), 3u);
    EXPECT_TRUE(written[0]);
    EXPECT_EQ(written[1].error().code, Errc::kConflict);
    EXPECT_EQ(written[2].error().code, Errc::kConflict);
    // Nor can the room be taken from one that is excluded already.
    EXPECT_EQ(
        rule({.kind = RuleKind::kCap, .select = {SelectorKind::kCircuit, "feeder"}, .limit = 20_A})
            .error()
            .code,
        Errc::kConflict);
    Result<Written<Circuit>> smaller = Error{Errc::kTimeout, ""};
    control_->put_circuit(CircuitId("feeder"), {}, {.breaker = PerPhase::each(20_A)},
                          {"me", clock_.steady()}, [&](auto r) { smaller = std::move(r); });
    run();
    EXPECT_EQ(smaller.error().code, Errc::kConflict);
}

TEST_F(ControlTest, FloorsThatWouldTripTheBreakerAreRefused) {
    Result<Written<Charger>> out = Error{Errc::kTimeout, ""};
    for (const auto* id : {"a", "b"}) {
        control_->put_charger(ChargerId(id), {.floor = 25_A}, {"me", clock_.steady()},
                              [&](auto r) { out = std::move(r); });
        run();
    }
    EXPECT_EQ(out.error().code, Errc::kConflict);
    EXPECT_EQ(out.error().message.substr(0, 48),
              "the floors of the chargers below circuit feeder ");
}

}  // namespace
}  // namespace busbar::control
