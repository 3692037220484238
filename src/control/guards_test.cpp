// What guards a circuit beside its budget: limits from outside, feeders that are measured, and who
// gives way when nothing else helps.
#include <gtest/gtest.h>

#include "control/test_world.hpp"

namespace busbar::control {
namespace {

using namespace std::chrono_literals;

class Guarding : public ControlTest {
protected:
    Guarding() {
        gateway_.does = [this](const ChargerId& id, const Command& command) {
            if (const auto* stop = std::get_if<RemoteStop>(&command)) {
                gateway_.chargers[id.str()].charging = false;
                gateway_.chargers[id.str()].profile.reset();
                control_->stop(id, {stop->transaction, {}, clock_.wall(), "Remote", {}},
                               [](auto) {});
                says(id, ConnectorStatus::kAvailable);
            } else if (const auto* availability = std::get_if<ChangeAvailability>(&command)) {
                says(id, availability->operative ? ConnectorStatus::kAvailable
                                                 : ConnectorStatus::kUnavailable);
            }
        };
    }

    void says(const ChargerId& id, ConnectorStatus status) {
        in_service_[id.str()] = status != ConnectorStatus::kUnavailable;
        control_->status(id, {1, status, "NoError", "", {}, {}});
    }
    Result<Written<Circuit>> external(ExternalPatch patch) {
        Result<Written<Circuit>> out = Error{Errc::kTimeout, "no answer"};
        control_->put_external_limit(CircuitId("feeder"), std::move(patch),
                                     {"dso", clock_.steady()},
                                     [&](auto written) { out = std::move(written); });
        run();
        return out;
    }
    Result<Written<Circuit>> limited(Amperes limit) {
        return external({.limit = PerPhase::each(limit), .source = "dso-box"});
    }
    void circuit(CircuitPatch patch) {
        control_->put_circuit(CircuitId("feeder"), {}, std::move(patch), {"me", clock_.steady()},
                              [](auto written) { ASSERT_TRUE(written); });
        run();
    }
    CircuitReport feeder() {
        CircuitReport out{
            .circuit = {.id = CircuitId(""), .site = SiteId(""), .parent = {}, .breaker = {}},
            .cap = {},
            .budget = {},
            .allocated = {},
            .potential = {},
            .metered = {}};
        control_->reports(
            [&](Result<std::vector<SiteReport>> sites) { out = sites->front().circuits.front(); });
        run();
        return out;
    }
    void draws(const char* id, Amperes current) {
        MeterSample sample{
            .measurand = Measurand::kCurrent, .milli = current.in_milli(), .at = clock_.wall()};
        control_->meter(ChargerId(id), {1, transactions_[id], {sample}, {}});
    }
    // The feeder's meter shows this each second for so long; cars that charge draw at most so much.
    void measures(Amperes l1, Amperes each, Duration time) {
        for (Duration passed{}; passed < time; passed += 1s) {
            for (const auto* id : {"a", "b", "c"}) draws(id, std::min(applied(id), each));
            control_->feeder_sample(MeterId("main"), PerPhase{{l1, 10_A, 10_A}}, clock_.steady());
            run(1s);
        }
    }
    // A meter sees all that flows through the feeder, and what the cars draw of it is known.
    void meter_on_feeder() {
        circuit({.building = BuildingLoad{.meter = MeterId("main"), .stale_after = 1h}});
    }
    bool alarmed(const std::string& part) {
        return std::ranges::any_of(
            alarms_, [&](const std::string& text) { return text.find(part) != std::string::npos; });
    }
    template <class T>
    std::vector<T> asked(const char* id) {
        std::vector<T> out;
        for (const auto& command : gateway_.chargers[id].commands)
            if (const auto* one = std::get_if<T>(&command)) out.push_back(*one);
        return out;
    }
    void restart_with(std::function<void(Charger&)> change) {
        for (auto& each : store_.kept.chargers) change(each);
        restart();
    }
    std::map<std::string, bool> in_service_{{"a", true}, {"b", true}, {"c", true}};
    Amperes total() { return applied("a") + applied("b") + applied("c"); }
};

// --- Limits from outside ---

TEST_F(Guarding, AnExternalLimitCapsTheCircuitAndIsNamed) {
    all_charging();
    const auto written = limited(24_A);
    ASSERT_TRUE(written) << written.error().message;
    run(kSettle);
    EXPECT_EQ(total(), 24_A);
    EXPECT_EQ(feeder().cap, PerPhase::each(24_A));
    const auto reasons = report("a").reasons;
    ASSERT_GE(reasons.size(), 2U);
    EXPECT_EQ(to_sentence(reasons[1]), "feeder (L1) is limited to 24 A from outside (dso-box)");
    EXPECT_EQ(reasons[0].rule, std::nullopt);
}

TEST_F(Guarding, AnExternalLimitOfZeroIsALimit) {
    all_charging();
    ASSERT_TRUE(limited(0_A));
    run(kSettle);
    EXPECT_EQ(total(), 0_A);
}

TEST_F(Guarding, ARulesCapBelowTheExternalLimitStillHolds) {
    all_charging();
    ASSERT_TRUE(limited(40_A));
    ASSERT_TRUE(rule({.select = {SelectorKind::kCircuit, "feeder"}, .limit = 18_A}));
    run(kSettle);
    EXPECT_EQ(total(), 18_A);
    EXPECT_EQ(report("a").reasons.front().rule, RuleId("r-1"));
}

TEST_F(Guarding, AHeartbeatThatSaysTheSameIsNoWrite) {
    ASSERT_TRUE(limited(24_A));
    const auto revision = store_.kept.revision;
    for (int i = 0; i < 10; ++i) {
        run(110s);
        const auto again = limited(24_A);
        ASSERT_TRUE(again);
        EXPECT_EQ(again->revision, revision);
    }
    EXPECT_EQ(store_.kept.revision, revision);
    EXPECT_FALSE(alarmed("heartbeat"));
}

TEST_F(Guarding, WithoutAHeartbeatTheFailsafeHoldsAndSomebodyIsTold) {
    all_charging();
    ASSERT_TRUE(external({.limit = PerPhase::each(36_A),
                          .failsafe = PerPhase::each(18_A),
                          .failsafe_for = 10min,
                          .source = "dso-box"}));
    run(119s);
    EXPECT_EQ(total(), 36_A);
    EXPECT_FALSE(alarmed("heartbeat"));
    run(2s);
    EXPECT_EQ(total(), 18_A);
    EXPECT_TRUE(alarmed("(dso-box): 18 A holds"));
    EXPECT_NE(to_sentence(report("a").reasons[1]).find("no heartbeat"), std::string::npos);
    run(1h);
    EXPECT_EQ(total(), 18_A) << "it ended by itself";
    ASSERT_TRUE(external({}));
    run(30s);
    EXPECT_EQ(total(), 36_A);
}

TEST_F(Guarding, TheFailsafeHoldsForItsTimeThoughHeartbeatsAreBackAndThroughARestart) {
    all_charging();
    ASSERT_TRUE(external(
        {.limit = PerPhase::each(36_A), .failsafe = PerPhase::each(18_A), .failsafe_for = 10min}));
    run(121s);
    ASSERT_TRUE(external({}));
    run(30s);
    EXPECT_EQ(total(), 18_A);
    ASSERT_TRUE(store_.kept.circuits.back().external->failsafe_until);
    restart();
    for (const auto* id : {"a", "b", "c"}) connect(id);
    ASSERT_TRUE(external({}));
    run(30s);
    EXPECT_EQ(feeder().budget, PerPhase::each(18_A));
    for (int i = 0; i < 11; ++i) {
        run(60s);
        ASSERT_TRUE(external({}));
    }
    EXPECT_EQ(feeder().budget, PerPhase::each(36_A));
}

TEST_F(Guarding, AfterARestartTheLowerOfLimitAndFailsafeHoldsUntilTheBoxIsHeard) {
    ASSERT_TRUE(external(
        {.limit = PerPhase::each(36_A), .failsafe = PerPhase::each(18_A), .source = "dso-box"}));
    restart();
    EXPECT_EQ(feeder().budget, PerPhase::each(18_A));
    EXPECT_EQ(feeder().external->state, ExternalWatch::State::kUnheard);
    run(121s);
    EXPECT_TRUE(alarmed("no heartbeat"));
    ASSERT_TRUE(external({}));
    EXPECT_EQ(feeder().budget, PerPhase::each(36_A));
}

TEST_F(Guarding, KilowattsBecomeAmperesOfTheCircuitsLines) {
    const auto written = external({.limit_power = 13'800_W, .failsafe_power = 6'900_W});
    ASSERT_TRUE(written) << written.error().message;
    EXPECT_EQ(written->value.external->limit, PerPhase::each(20_A));
    EXPECT_EQ(written->value.external->failsafe, PerPhase::each(10_A));
}

TEST_F(Guarding, AnExternalLimitThatCannotBeIsRefused) {
    EXPECT_EQ(external({.source = "dso-box"}).error().field, "limitA");
    EXPECT_EQ(external({.limit = std::optional<PerPhase>{}}).error().field, "failsafeA");
    EXPECT_EQ(external({.limit = PerPhase::each(-1_A)}).error().field, "limitA");
    EXPECT_EQ(external({.limit = PerPhase::each(1_A), .heartbeat = 0s}).error().field,
              "heartbeatS");
}

TEST_F(Guarding, ADeletedExternalLimitLimitsNothing) {
    all_charging();
    ASSERT_TRUE(limited(24_A));
    run(kSettle);
    std::optional<Errc> failed;
    const auto end = [&] {
        control_->delete_external_limit(CircuitId("feeder"), {"dso", clock_.steady()},
                                        [&](Result<Written<Circuit>> written) {
                                            if (!written) failed = written.error().code;
                                        });
        run(30s);
    };
    end();
    EXPECT_EQ(failed, std::nullopt);
    EXPECT_EQ(total(), 48_A);
    end();
    EXPECT_EQ(failed, Errc::kNotFound);
}

// --- Feeders that are measured ---

TEST_F(Guarding, AnOverloadThatLastsStopsTheLastBandAndNobodyElseRises) {
    meter_on_feeder();
    all_charging();
    ASSERT_TRUE(rule(
        {.kind = RuleKind::kRank, .select = {SelectorKind::kCharger, "c"}, .band = kLastBand}));
    run(kSettle);
    measures(50.4_A, 16.8_A, 30s);
    EXPECT_EQ(feeder().overload, Overload::Stage::kWarn);
    const auto before = applied("a");
    measures(50.4_A, 16.8_A, 1s);
    EXPECT_EQ(applied("c"), 0_A);
    EXPECT_LE(applied("a"), before);
    EXPECT_EQ(why("c"), "shed: feeder (L1) measured 50.4 A of 48 A");
    EXPECT_TRUE(alarmed("measured 50.4 A of 48 A (L1): charging is shed"));
    EXPECT_EQ(feeder().overload, Overload::Stage::kShed);
    measures(33.6_A, 16.8_A, 10s);
    EXPECT_EQ(applied("c"), 0_A);
    EXPECT_LE(applied("a"), before) << "the amperes of the one went to the others";
    for (int i = 0; i < 180; ++i) measures(applied("a") + applied("b") + applied("c"), 16.8_A, 1s);
    EXPECT_GT(applied("c"), 0_A);
    EXPECT_EQ(feeder().overload, Overload::Stage::kNormal);
}

TEST_F(Guarding, AnEmergencyStopsEverybodyAtOnce) {
    meter_on_feeder();
    all_charging();
    measures(63_A, 21_A, 1s);
    EXPECT_EQ(total(), 0_A);
    EXPECT_TRUE(alarmed("all charging below it stops"));
    EXPECT_EQ(why("b"), "shed: feeder (L1) measured 63 A of 48 A");
}

TEST_F(Guarding, AMeterOfTheRestShedsNobody) {
    circuit({.building =
                 BuildingLoad{.meter = MeterId("main"), .covers = BuildingLoad::Covers::kRest}});
    all_charging();
    measures(70_A, 0_A, 1s);
    EXPECT_EQ(feeder().measured, std::nullopt);
    EXPECT_FALSE(alarmed("measured"));
}

TEST_F(Guarding, TheSumOfTheChargersOwnMetersOnlyWarns) {
    all_charging();
    for (const auto* id : {"a", "b", "c"}) draws(id, 16_A);
    run(60s);
    EXPECT_FALSE(alarmed("sum up to"));
    for (const auto* id : {"a", "b", "c"}) draws(id, 17_A);
    run(60s);
    EXPECT_TRUE(alarmed("the meters of its chargers sum up to 51 A of 48 A (L1)"));
    EXPECT_GT(total(), 40_A);
}

// --- Who gives way ---

TEST_F(Guarding, FloorsThatDoNotFitAreTakenAndComeBack) {
    restart_with([](Charger& each) { each.floor = 6_A; });
    for (const auto* id : {"a", "b", "c"}) connect(id);
    run(30s);
    EXPECT_EQ(gateway_.chargers["a"].fallback, 6_A);
    ASSERT_TRUE(limited(12_A));
    run(kSettle);
    EXPECT_EQ(gateway_.chargers["a"].fallback + gateway_.chargers["b"].fallback +
                  gateway_.chargers["c"].fallback,
              12_A);
    EXPECT_EQ(gateway_.chargers["c"].fallback, 0_A) << "who is named last gives way first";
    ASSERT_TRUE(limited(40_A));
    run(50s);
    EXPECT_EQ(gateway_.chargers["c"].fallback, 0_A);
    run(15s);
    EXPECT_EQ(gateway_.chargers["c"].fallback, 6_A);
    EXPECT_FALSE(alarmed("unsatisfiable"));
}

// A car came while nobody was there to hear of it. What the charger said before waited in it.
TEST_F(Guarding, AStatusOfBeforeProvesNoOpenContactor) {
    restart_with([](Charger& each) {
        each.floor = 6_A;
        each.keeps_profiles = false;
    });
    for (const auto* id : {"a", "b", "c"}) connect(id);
    run(30s);
    ASSERT_EQ(gateway_.chargers["a"].fallback, 6_A);
    store_.kept.chargers[0].floor = 0_A;
    restart();
    gateway_.chargers["a"].connected = true;
    control_->connected(ChargerId("a"), generations_["a"] = ++generation_);
    for (const auto& stamp : {std::optional(clock_.wall() - 3min), std::optional<TimePoint>()})
        control_->status(ChargerId("a"),
                         {1, ConnectorStatus::kPreparing, "NoError", "", clock_.wall(), stamp});
    run();
    ASSERT_EQ(gateway_.chargers["a"].fallback, 0_A);
    EXPECT_GE(report("a").potential, 6_A) << "a car may have come";
    run(kSettle);
    EXPECT_EQ(report("a").potential, 0_A);
}

TEST_F(Guarding, AFloorThatWasTakenIsForCarsThatCharge) {
    restart_with([](Charger& each) { each.floor = 6_A; });
    for (const auto* id : {"a", "b", "c"}) connect(id);
    run(30s);
    transactions_["a"] = plug("a");
    run(30s);
    EXPECT_EQ(applied("a"), 32_A);
    ASSERT_TRUE(limited(14_A));
    run(2 * kSettle);
    EXPECT_EQ(applied("a"), 8_A) << "6 A are still the floor of b";
    EXPECT_EQ(gateway_.chargers["b"].fallback, 6_A);
    EXPECT_EQ(gateway_.chargers["c"].fallback, 0_A);
    ASSERT_TRUE(limited(8_A));
    run(2 * kSettle);
    EXPECT_EQ(applied("a"), 8_A);
    EXPECT_EQ(gateway_.chargers["b"].fallback, 0_A);
    EXPECT_TRUE(gateway_.chargers["a"].commands.empty());
}

TEST_F(Guarding, WhatIsHeldForAnIdleChargerThatDoesNotObeyIsGivenToNobody) {
    all_charging();
    control_->stop(ChargerId("c"), {transactions_["c"], {}, clock_.wall(), ""}, [](auto) {});
    gateway_.chargers["c"].charging = false;
    says(ChargerId("c"), ConnectorStatus::kAvailable);
    ASSERT_TRUE(put("c", {.trust = TrustClass::kC}));
    run(30s);
    EXPECT_EQ(report("a").desired, 8_A);
    EXPECT_EQ(report("b").desired, 8_A);
    EXPECT_EQ(applied("a"), 8_A);
    EXPECT_EQ(why("c"), "not trusted to keep its limit, so 32 A is held for it");
}

TEST_F(Guarding, WhoTakesNoLimitHasItsChargingEnded) {
    all_charging();
    gateway_.chargers["a"].mood = FakeCharger::Mood::kRejects;
    ASSERT_TRUE(limited(10_A));
    run(60s);
    ASSERT_EQ(asked<RemoteStop>("a").size(), 1U);
    EXPECT_EQ(asked<RemoteStop>("a").front().transaction, transactions_["a"]);
    EXPECT_TRUE(asked<RemoteStop>("b").empty()) << "it obeyed";
    EXPECT_TRUE(asked<RemoteStop>("c").empty());
    EXPECT_LE(total(), 10_A);
    EXPECT_TRUE(alarmed("its charging is ended: feeder"));
    EXPECT_TRUE(
        alarmed("physically unsatisfiable: may carry 16 A of 10 A (L1): a holds 16 A "
                "(takes no limit)"));
}

TEST_F(Guarding, AnIdleChargerThatCountsInFullIsKeptOutUntilThereIsRoom) {
    for (const auto* id : {"a", "b", "c"}) connect(id);
    run(30s);
    ASSERT_TRUE(put("a", {.trust = TrustClass::kC}));
    ASSERT_TRUE(limited(20_A));
    run(30s);
    ASSERT_EQ(asked<ChangeAvailability>("a").size(), 1U);
    EXPECT_FALSE(in_service_["a"]);
    EXPECT_TRUE(in_service_["b"]) << "it holds nothing";
    EXPECT_TRUE(alarmed("a holds 32 A (does not do as it says)"));
    // Who reads that 32 A of 20 A may flow reads why none does.
    EXPECT_EQ(feeder().potential, PerPhase::each(32_A));
    EXPECT_EQ(feeder().kept_out, PerPhase::each(32_A));
    EXPECT_EQ(report("a").reasons.front().kind, ReasonKind::kOutOfService);
    ASSERT_TRUE(limited(40_A));
    run(50s);
    EXPECT_FALSE(in_service_["a"]);
    EXPECT_EQ(feeder().kept_out, PerPhase{}) << "there is nothing to explain";
    run(30s);
    EXPECT_TRUE(in_service_["a"]);
    EXPECT_EQ(asked<ChangeAvailability>("a").size(), 2U);
}

TEST_F(Guarding, WhoWasKeptOutIsPutBackIntoServiceAfterARestart) {
    for (const auto* id : {"a", "b", "c"}) connect(id);
    run(30s);
    ASSERT_TRUE(put("a", {.trust = TrustClass::kC}));
    ASSERT_TRUE(limited(20_A));
    run(30s);
    ASSERT_FALSE(in_service_["a"]);
    restart();
    for (const auto* id : {"a", "b", "c"}) connect(id);
    run(90s);
    EXPECT_FALSE(in_service_["a"]) << "there is no room yet";
    ASSERT_TRUE(limited(40_A));
    run(70s);
    EXPECT_TRUE(in_service_["a"]);
}

TEST_F(Guarding, NothingIsSentWhileTheStoreDoesNotKnowWhoIsKeptOut) {
    for (const auto* id : {"a", "b", "c"}) connect(id);
    run(30s);
    ASSERT_TRUE(put("a", {.trust = TrustClass::kC}));
    ASSERT_TRUE(limited(20_A));
    store_.fails = true;
    run(60s);
    EXPECT_TRUE(in_service_["a"]);
    store_.fails = false;
    run(5s);
    EXPECT_FALSE(in_service_["a"]);
}

TEST_F(Guarding, WhatAnUnreachableChargerHoldsIsNamed) {
    all_charging();
    disconnect("a");
    ASSERT_TRUE(limited(10_A));
    run(30s);
    EXPECT_TRUE(
        alarmed("physically unsatisfiable: may carry 16 A of 10 A (L1): a holds 16 A (not "
                "connected)"));
    EXPECT_EQ(applied("b") + applied("c"), 0_A);
    EXPECT_TRUE(gateway_.chargers["b"].commands.empty());
    EXPECT_TRUE(gateway_.chargers["c"].commands.empty());
}

TEST_F(Guarding, WhoComesBackAfterItsChargingEndedIsKeptOutWhileItTakesNoLimit) {
    all_charging();
    gateway_.chargers["a"].mood = FakeCharger::Mood::kRejects;
    ASSERT_TRUE(put("a", {.trust = TrustClass::kC}));
    ASSERT_TRUE(limited(10_A));
    run(120s);
    EXPECT_EQ(asked<RemoteStop>("a").size(), 1U);
    EXPECT_FALSE(in_service_["a"]);
    EXPECT_EQ(total(), 0_A) << "it still counts in full";
    ASSERT_TRUE(limited(48_A));
    run(120s);
    EXPECT_TRUE(in_service_["a"]);
    EXPECT_EQ(applied("b") + applied("c"), 16_A);
}

TEST_F(Guarding, ARemoteStopThatIsNotFollowedGoesToTheNextInTheEnd) {
    all_charging();
    gateway_.does = [](auto&, auto&) {};  // They say yes, and do nothing.
    for (const auto* id : {"b", "c"}) gateway_.chargers[id].mood = FakeCharger::Mood::kRejects;
    ASSERT_TRUE(limited(20_A));
    run(60s);
    EXPECT_EQ(asked<RemoteStop>("b").size(), 0U);
    EXPECT_EQ(asked<RemoteStop>("c").size(), 1U) << "who came last goes first";
    run(150s);
    EXPECT_GE(asked<RemoteStop>("b").size(), 1U);
    EXPECT_GE(asked<RemoteStop>("c").size(), 2U);
}

TEST_F(Guarding, CarsThatObeyComeToZeroBeforeAnybodysChargingEnds) {
    all_charging();
    ASSERT_TRUE(put("c", {.trust = TrustClass::kC}));
    ASSERT_TRUE(limited(36_A));
    run(60s);
    EXPECT_TRUE(asked<RemoteStop>("a").empty());
    EXPECT_TRUE(asked<RemoteStop>("b").empty());
    EXPECT_TRUE(asked<RemoteStop>("c").empty()) << "its 32 A fit";
    EXPECT_LE(applied("a") + applied("b"), 4_A);
}

}  // namespace
}  // namespace busbar::control
