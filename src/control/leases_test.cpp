// Limits that end by themselves, as a site gives them: what a charger is sent, what it counts for
// while it is away, and what is left of that after a restart.
#include "control/test_world.hpp"

namespace busbar::control {
namespace {

constexpr auto kLease = 30min;  // The default of a site.

class Leases : public ControlTest {
protected:
    Leases() {
        for (auto& charger : store_.kept.chargers) charger.trust = TrustClass::kA;
        restart();
    }
    // a has 32 A, b and c 8 A each.
    void one_charges_alone() {
        all_charging();
        (void)rule(cap("b", 8_A));
        (void)rule(cap("c", 8_A));
        run(kSettle);
        ASSERT_EQ(applied("a"), 32_A);
    }
    // Lifts the caps of the others.
    void others_want_more() {
        for (const auto* id : {"r-1", "r-2"})
            control_->delete_rule(RuleId(id), {"me", clock_.steady()}, [](auto) {});
        run();
    }
    const SetLimit& profile(const char* id) { return *gateway_.chargers[id].profile; }
    std::size_t writes(const char* id) { return gateway_.chargers[id].received.size(); }
};

TEST_F(Leases, ALimitCarriesItsFloorAsALaterPeriod) {
    all_charging();
    const auto& sent = profile("a");
    EXPECT_EQ(sent.limit, 16_A);
    ASSERT_TRUE(sent.start);
    EXPECT_LE(*sent.start, clock_.wall() - 60s);
    ASSERT_EQ(sent.later.size(), 1u);
    EXPECT_EQ(sent.later.front().limit, 0_A);
    const auto ends = *sent.start + sent.later.front().after - clock_.wall();
    EXPECT_GT(ends, kLease - 1min);
    EXPECT_LT(ends, kLease + 1min);
}

TEST_F(Leases, IsRenewedInTimeAndNotMoreOften) {
    all_charging();
    const auto before = writes("a");
    run(10h);
    EXPECT_EQ(applied("a"), 16_A);
    EXPECT_EQ(writes("a") - before, 10 * 60 / 24);  // At four fifths of the lease.
}

TEST_F(Leases, AChargerThatIsAwayFallsToItsFloorAndItsAmperesGoToOthers) {
    one_charges_alone();
    disconnect("a");
    others_want_more();
    EXPECT_EQ(report("b").desired, 8_A);
    const auto away = report("a").reasons.front();
    EXPECT_EQ(away.kind, ReasonKind::kOffline);
    EXPECT_EQ(away.amount, 32_A);
    ASSERT_TRUE(away.since && away.until);
    EXPECT_LE(*away.until, clock_.wall() + kLease + 1min);
    run(*away.until - clock_.wall() - 1s);
    EXPECT_EQ(applied("a"), 0_A);  // By itself, before we count on it.
    EXPECT_EQ(applied("b"), 8_A);
    run(10s);
    EXPECT_EQ(applied("b"), 24_A);
    EXPECT_EQ(report("a").potential, 0_A);
}

TEST_F(Leases, OfAChargerThatWasNeverProvenAreNotCountedOn) {
    store_.kept.chargers[0].trust = TrustClass::kB;
    restart();
    one_charges_alone();
    disconnect("a");
    others_want_more();
    run(10h);
    EXPECT_EQ(applied("b"), 8_A);
    EXPECT_EQ(why("a").find("until"), std::string::npos);
}

TEST_F(Leases, ARenewalWhoseAnswerIsLostCountsToItsEnd) {
    all_charging();
    run(20min);
    gateway_.chargers["a"].mood = FakeCharger::Mood::kHolds;
    run(6min);  // A renewal was sent, applied perhaps, and never answered.
    disconnect("a");
    run();
    const auto away = report("a").reasons.front();
    ASSERT_TRUE(away.until);
    EXPECT_GE(*away.until, clock_.wall() + kLease - 2min);
}

TEST_F(Leases, ASlowClockMakesItsLeaseLonger) {
    gateway_.chargers["a"].clock_error = -40s;
    one_charges_alone();
    disconnect("a");
    others_want_more();
    run(kLease + 2min);
    EXPECT_EQ(applied("a"), 0_A);
    EXPECT_EQ(applied("b"), 24_A);
}

TEST_F(Leases, WithoutAKnownClockThereIsNone) {
    stamps_ = false;
    all_charging();
    EXPECT_FALSE(profile("a").start);
    EXPECT_TRUE(profile("a").later.empty());
    disconnect("a");
    run(10h);
    EXPECT_EQ(report("a").potential, 16_A);
}

TEST_F(Leases, WhatWasSentBeforeAClockWasKnownIsGivenOneThen) {
    stamps_ = false;
    all_charging();
    ASSERT_TRUE(profile("a").later.empty());
    const auto is_endless = [&] {
        const auto reasons = report("a").reasons;
        return std::ranges::count(reasons, ReasonKind::kEndless, &Reason::kind) == 1;
    };
    EXPECT_TRUE(is_endless()) << "and whoever looks is told";
    stamps_ = true;
    says("a", ConnectorStatus::kCharging);
    run();
    EXPECT_EQ(profile("a").later.size(), 1u);
    EXPECT_EQ(applied("a"), 16_A);
    EXPECT_FALSE(is_endless());
    const auto before = writes("a");
    run(10min);
    EXPECT_EQ(writes("a"), before);
}

// Chargers do not boot because we did.
TEST_F(Leases, AreGivenAgainAfterARestartAtTheFirstWordOfACharger) {
    all_charging();
    restart();
    for (const auto* id : {"a", "b", "c"}) {
        connect(id);
        control_->status(ChargerId(id), {1, ConnectorStatus::kCharging, "NoError", "",
                                         clock_.wall(), true_time()});
    }
    run(1min);
    ASSERT_EQ(profile("a").later.size(), 1u);
    EXPECT_GT(*profile("a").start + profile("a").later.front().after, clock_.wall() + 25min);
}

TEST_F(Leases, AChargerThatRefusesThemGetsASinglePeriod) {
    gateway_.chargers["a"].takes_leases = false;
    all_charging();
    EXPECT_EQ(applied("a"), 16_A);
    EXPECT_TRUE(profile("a").later.empty());
    disconnect("a");
    run(10h);
    EXPECT_EQ(report("a").potential, 16_A);  // It goes on with it for ever.
}

TEST_F(Leases, SurviveARestartOfTheServer) {
    one_charges_alone();
    disconnect("a");
    others_want_more();
    run(10min);
    restart();
    for (const auto* id : {"b", "c"}) connect(id);
    run(10s);
    EXPECT_EQ(report("a").potential, 32_A);
    EXPECT_EQ(applied("b"), 8_A);
    run(kLease - 8min);
    EXPECT_EQ(report("a").potential, 0_A);
    EXPECT_EQ(applied("b"), 24_A);
}

TEST_F(Leases, AreNotEndedByACalendarThatWasSet) {
    one_charges_alone();
    disconnect("a");
    run(1min);
    clock_.jump_wall(10 * 24h);
    restart();
    run(10min);
    EXPECT_EQ(report("a").potential, 32_A);
    run(22min);
    EXPECT_EQ(report("a").potential, 0_A);
}

TEST_F(Leases, BeginAnewForUsWhenTheMachineWasRestarted) {
    one_charges_alone();
    disconnect("a");
    run(1min);
    clock_.restart_machine();
    for (auto& row : store_.kept.potentials) row.until.reset();  // As a store gives them.
    restart();
    run(kLease + 10min);
    EXPECT_EQ(report("a").potential, 32_A);
    run(kLease);
    EXPECT_EQ(report("a").potential, 0_A);
}

TEST_F(Leases, AStoreFromABackupSaysNothingOfWhatChargersDraw) {
    all_charging();
    store_.kept.from_backup = true;
    restart();
    EXPECT_EQ(report("a").potential, 32_A);
    for (const auto* id : {"a", "b", "c"}) connect(id);
    run(1min);
    EXPECT_EQ(applied("a"), 16_A);
}

TEST_F(Leases, WhenAllWritesOfADayAreSpentTheChargerIsLeftToItsFloor) {
    store_.kept.chargers[0].writes_per_day = 10;
    restart();
    all_charging();
    const std::string spent =
        "has taken all its 10 writes of a day: it can only be lowered, and is left to its floor "
        "when its lease is over";
    while (std::ranges::count(alarms_, spent) == 0 && clock_.steady() < SteadyPoint{24h}) run(1min);
    ASSERT_EQ(std::ranges::count(alarms_, spent), 1);
    EXPECT_EQ(applied("a"), 16_A);
    run(40min);
    EXPECT_EQ(applied("a"), 0_A);
    EXPECT_EQ(report("a").potential, 0_A);
    EXPECT_EQ(applied("b"), 24_A);
    EXPECT_EQ(why("a").substr(0, 37), "has taken all its writes of a day, an");
    run(24h);
    EXPECT_EQ(std::ranges::count(alarms_, spent), 1);
}

TEST_F(Leases, WhatIsKnownToFallSoonIsToldInAdvance) {
    store_.kept.chargers[0].schedule_periods = 3;
    restart();
    all_charging();
    auto draft = cap("a", 10_A);
    draft.starts_at = clock_.wall() + 40min;
    (void)rule(draft);
    const auto due = *draft.starts_at;
    run(25min);  // Renewed meanwhile.
    ASSERT_EQ(profile("a").later.size(), 2u);
    EXPECT_EQ(profile("a").later.front().limit, 10_A);
    const auto armed = *profile("a").start + profile("a").later.front().after;
    EXPECT_LE(armed, due);
    EXPECT_GT(armed, due - 1min);
    disconnect("a");
    run(due - clock_.wall());
    EXPECT_EQ(applied("a"), 10_A);  // We had no part in it.
}

TEST_F(Leases, WhatWasToldInAdvanceAndIsNoLongerSoIsToldAgain) {
    store_.kept.chargers[0].schedule_periods = 3;
    restart();
    all_charging();
    auto draft = cap("a", 10_A);
    draft.starts_at = clock_.wall() + 40min;
    const auto capped = rule(draft);
    ASSERT_TRUE(capped);
    run(25min);
    ASSERT_EQ(profile("a").later.size(), 2u);
    control_->delete_rule(capped->value.id, {"me", clock_.steady()}, [](auto) {});
    run(16min);
    EXPECT_EQ(applied("a"), 16_A);
    EXPECT_EQ(report("a").desired, 16_A);
    // Once, and then no more often than any other.
    const auto before = writes("a");
    run(2h);
    EXPECT_LE(writes("a") - before, 5u);
}

TEST_F(Leases, ACarIsLetInOnlyOnceItsChargerHasItsDefault) {
    all_charging();
    auto& a = gateway_.chargers["a"];
    a.mood = FakeCharger::Mood::kHolds;
    a.charging = false;
    a.profile.reset();
    control_->boot(ChargerId("a"), {"Acme", "One", "", ""}, [](BootReply) {});
    std::optional<Authorization> answer;
    control_->authorize(ChargerId("a"), "tag", [&](Authorization given) { answer = given; });
    run(1s);
    EXPECT_FALSE(answer);  // 32 A more would be too much, and nothing holds it back yet.
    a.mood = FakeCharger::Mood::kAnswers;
    std::exchange(a.held, {}).front()({.outcome = CallOutcome::kAccepted});
    run();
    EXPECT_EQ(answer, Authorization::kAccepted);
}

// --- Our own clock -------------------------------------------------------------------------------

TEST_F(Leases, AClockThatIsSetForwardMakesWhatIsDueHappenAtOnce) {
    all_charging();
    auto draft = cap("a", 10_A);
    draft.starts_at = clock_.wall() + 2h;
    (void)rule(draft);
    clock_.jump_wall(3h);
    run(1s);
    EXPECT_EQ(applied("a"), 10_A);
    EXPECT_EQ(std::ranges::count(alarms_, "our own clock was set 10800 s forward"), 1);
}

TEST_F(Leases, AClockThatIsSetBackTakesBackWhatIsNotDueYet) {
    all_charging();
    auto draft = cap("a", 10_A);
    draft.starts_at = clock_.wall() + 5min;
    (void)rule(draft);
    run(10min);
    ASSERT_EQ(applied("a"), 10_A);
    clock_.jump_wall(-8min);
    run(kSettle + 1s);
    EXPECT_EQ(applied("a"), 16_A);
    run(5min);
    EXPECT_EQ(applied("a"), 10_A);  // And it is due once more.
}

TEST_F(Leases, EachEdgeOfAWindowIsARowOfTheStoreBeforeItComes) {
    all_charging();
    auto draft = cap("a", 10_A);
    draft.window = *parse_window("13:00-14:00");
    (void)rule(draft);
    const auto next = [&] {
        std::vector<TimePoint> due;
        for (const auto& row : store_.boundaries) due.push_back(row.due);
        return due.empty() ? std::string("none") : format_time(std::ranges::min(due)).substr(0, 16);
    };
    EXPECT_EQ(next(), "2026-02-10T13:00");
    run(1h);
    EXPECT_EQ(applied("a"), 10_A);
    EXPECT_EQ(next(), "2026-02-10T14:00");
    run(1h);
    EXPECT_EQ(applied("a"), 16_A);
    EXPECT_EQ(next(), "2026-02-11T13:00");
}

}  // namespace
}  // namespace busbar::control
