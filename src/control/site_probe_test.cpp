// What is checked of a charger that nobody probes.
#include "control/test_world.hpp"

namespace busbar::control {
namespace {

class Checked : public ControlTest {
protected:
    FakeCharger& a() { return gateway_.chargers["a"]; }
    // Another limit for "a", settled.
    void capped(Amperes limit) {
        ASSERT_TRUE(rule(cap("a", limit)));
        run(30s);
    }
};

TEST_F(Checked, OneThatShowsMoreThanItAcceptedIsNotBelieved) {
    a().shows = [](Amperes enforced) { return enforced + 4_A; };
    connect("a");
    run();
    plug("a");
    run(30s);
    ASSERT_FALSE(alarms_.empty());
    EXPECT_EQ(alarms_.back(), "accepted 0 A, and shows that it enforces 4 A");
    EXPECT_EQ(a().received, (std::vector<Amperes>{0_A, 0_A})) << "sent once more";
    EXPECT_EQ(put("a", {})->value.quantum, 1_A);
}

TEST_F(Checked, OneThatShowsWhatItAcceptedIsAskedOnceInAQuarterOfAnHour) {
    a().shows = [](Amperes enforced) { return enforced; };
    all_charging();
    EXPECT_EQ(a().asked, 1);
    capped(10_A);
    capped(9_A);
    EXPECT_EQ(a().asked, 1);
    run(15min);
    EXPECT_EQ(a().asked, 2);
    run(60min);
    EXPECT_EQ(a().asked, 2) << "nothing has changed since";
    EXPECT_TRUE(alarms_.empty());
}

TEST_F(Checked, OneThatDoesNotKnowTheQuestionIsAskedAgainOnItsNextConnectionOnly) {
    all_charging();
    EXPECT_EQ(a().asked, 1);
    run(20min);
    capped(10_A);
    EXPECT_EQ(a().asked, 1);
    disconnect("a");
    run(5s);
    connect("a");
    run(5s);
    EXPECT_EQ(a().asked, 2);
}

TEST_F(Checked, OneThatRoundsUpIsSentWholeAmperesFromThenOn) {
    ASSERT_TRUE(put("a", {.quantum = 0.1_A}));
    a().shows = [](Amperes enforced) { return -(-enforced).floored_to(1_A); };
    ASSERT_TRUE(rule(cap("a", 9.5_A)));
    all_charging();
    run(60s);
    EXPECT_EQ(put("a", {})->value.quantum, 1_A);
    EXPECT_EQ(applied("a"), 9_A);
}

TEST_F(Checked, ALimitIsSentOnceMoreWhenACarGoesOnThatWasSuspended) {
    all_charging();
    const auto before = a().received.size();
    const auto say = [&](ConnectorStatus status) {
        control_->status(ChargerId("a"), {1, status, "NoError", "", {}});
        run(5s);
    };
    say(ConnectorStatus::kSuspendedEv);
    EXPECT_EQ(a().received.size(), before);
    say(ConnectorStatus::kCharging);
    ASSERT_EQ(a().received.size(), before + 1);
    EXPECT_EQ(a().received.back(), applied("a"));
    say(ConnectorStatus::kCharging);
    EXPECT_EQ(a().received.size(), before + 1) << "once";
    ASSERT_TRUE(put("a", {.trust = TrustClass::kA}));
    say(ConnectorStatus::kSuspendedEvse);
    say(ConnectorStatus::kCharging);
    EXPECT_EQ(a().received.size(), before + 1) << "one that was proven to keep it does not need it";
}

TEST_F(Checked, ADecreaseIsNotDelayedByAQuestion) {
    all_charging();
    a().shows = [](Amperes enforced) { return enforced; };
    run(20min);
    ASSERT_TRUE(rule(cap("a", 8_A)));
    EXPECT_EQ(applied("a"), 8_A);
}

TEST_F(Checked, WhatAnOfflineChargerHoldsCanBeSeen) {
    all_charging();
    EXPECT_EQ(report("a").stranded, 0_A);
    disconnect("a");
    run(60s);
    EXPECT_EQ(report("a").stranded, report("a").potential);
    EXPECT_GT(report("a").stranded, 0_A);
    std::optional<TimePoint> since;
    control_->charger_report(ChargerId("a"), [&](auto found) { since = found->offline_since; });
    run();
    EXPECT_EQ(since, clock_.wall() - 60s);
}

TEST_F(Checked, AProbeNeedsACarThatCharges) {
    Result<ProbeReport> begun = Error{Errc::kTimeout, ""};
    const auto probe = [&](const ProbeOptions& options) {
        control_->start_probe(ChargerId("a"), options, [&](auto out) { begun = std::move(out); });
        run();
        return begun ? "" : begun.error().message + " " + begun.error().field;
    };
    EXPECT_NE(probe({}).find("is not connected"), std::string::npos);
    connect("a");
    run();
    EXPECT_NE(probe({}).find("no car"), std::string::npos);
    plug("a");
    EXPECT_NE(probe({.lease = 19s}).find("leaseS"), std::string::npos);
    EXPECT_NE(probe({.evse = 2}).find("evse"), std::string::npos);
    ASSERT_TRUE(rule({.kind = RuleKind::kExclude, .select = {SelectorKind::kCharger, "a"}}));
    run(30s);
    EXPECT_NE(probe({}).find("excluded"), std::string::npos);
}

TEST_F(Checked, AStoreThatIsAwayDoesNotSaveALiarsTrust) {
    all_charging();
    store_.fails = true;
    for (int i = 0; i < 20; ++i) {
        control_->meter(ChargerId("a"),
                        {.connector = 1,
                         .samples = {{Measurand::kCurrent, std::nullopt, 32'000, clock_.wall()}}});
        run(1s);
    }
    EXPECT_EQ(report("a").potential, 32_A) << "counted at once";
    run(60s);
    EXPECT_EQ(report("a").potential, 32_A);
    store_.fails = false;
    run(30s);
    EXPECT_EQ(put("a", {})->value.trust, TrustClass::kC) << "and written when it can be";
}

}  // namespace
}  // namespace busbar::control
