#include "reconcile/probe.hpp"

#include <gtest/gtest.h>

namespace busbar {
namespace {

using namespace std::chrono_literals;
using enum ProbeStep;
using enum ProbeOutcome;

// A charger and its car as the probe sees them, a second at a time; each manner fails a step.
struct Bench {
    struct Manners {
        bool tells = true;          // Its configuration.
        bool takes_amperes = true;  // Else watts only.
        bool takes_periods = true;
        bool shows = true;       // A composite schedule...
        bool shows_fall = true;  // ...that falls.
        Amperes shows_more = 0_A;
        Duration follows_after = 2s;
        bool obeys = true;
        bool lapses = true;
        bool lapses_alone = true;
        bool meters = true;
        bool triggers = true;
        bool resets = true;
        bool forgets = false;
        bool comes_back = true;
    };
    explicit Bench(const Manners& how, const ProbeOptions& options = {.lease = 60s},
                   Amperes floor_is = 0_A)
        : manners(how),
          floor(floor_is),
          probe(options, {.maximum = 32_A, .minimum = 6_A, .floor = floor_is, .settle = 30s}, now) {
    }

    Manners manners;
    Amperes floor;
    SteadyPoint now{1'000s};
    Probe probe;
    Amperes available = 32_A;
    Amperes car = 16_A;
    bool online = true;
    bool charging = true;
    bool room = true;
    Amperes limit = 0_A;
    SteadyPoint limited_at = now;
    std::optional<SteadyPoint> lease_ends = {};
    SteadyPoint refused_until = {};
    std::optional<SteadyPoint> boots_at = {};
    Amperes drawn = 0_A;
    int asked_for_meter = 0;

    // Runs it to its end; false if it has none within half an hour.
    bool run() {
        for (int second = 0; second < 1'800; ++second)
            if (!step()) return true;
        return false;
    }
    bool step() {
        now += 1s;
        live();
        const auto wants = probe.look({.online = online,
                                       .charging = charging,
                                       .available = available,
                                       .applied = limit,
                                       .room_for_maximum = room},
                                      now);
        if (probe.state() != ProbeState::kRunning) return false;
        if (wants.refuse_until) refused_until = *wants.refuse_until, online = false;
        if (online && !wants.hold_transaction && wants.most && *wants.most != limit)
            accept(std::min(*wants.most, available));
        if (online && wants.ask) {
            probe.asked(now);
            probe.answered(answer(*wants.ask), now);
        }
        return true;
    }
    ProbeOutcome outcome(ProbeStep step) const { return probe.finding(step).outcome; }
    const std::string& text(ProbeStep step) const { return probe.finding(step).text; }

private:
    void live() {
        const bool away = !online;
        if (boots_at && now >= *boots_at) {
            boots_at.reset();
            online = true;
            probe.booted();
        } else if (away && !boots_at && now >= refused_until && manners.comes_back) {
            online = true;
        }
        const bool over = lease_ends && now >= *lease_ends;
        const bool falls = away ? manners.lapses_alone : manners.lapses;
        const auto enforced = over && falls ? std::min(limit, floor) : limit;
        if (!manners.obeys)
            drawn = car;
        else if (enforced > drawn || now >= limited_at + manners.follows_after)
            drawn = enforced < 6_A ? 0_A : std::min(enforced, car);
        if (online && manners.meters && !manners.triggers) probe.sampled(drawn, now, now);
    }
    void accept(Amperes value) {
        SetLimit command{.purpose = ProfilePurpose::kTransaction,
                         .connector = 1,
                         .transaction = 7,
                         .limit = value};
        if (manners.takes_periods && value > floor) {
            command.start = TimePoint{};
            command.later = {{60s, floor}};
            lease_ends = now + probe.options().lease;
        } else {
            if (value > floor) {
                auto refused = command;
                refused.later = {{60s, floor}};
                probe.limit_answered(refused, CallOutcome::kRejected, {}, now);
            }
            lease_ends.reset();
        }
        if (!manners.takes_amperes) command.unit = RateUnit::kWatts;
        limit = value;
        limited_at = now;
        probe.limit_answered(command, CallOutcome::kAccepted, lease_ends, now);
    }
    CallResult answer(const Command& command) {
        CallResult out{.outcome = CallOutcome::kAccepted};
        if (std::holds_alternative<GetConfiguration>(command)) {
            if (manners.tells) out.keys = {{"ChargingScheduleMaxPeriods", "12"}};
            if (!manners.tells) out.outcome = CallOutcome::kRejected;
        } else if (std::holds_alternative<TriggerMessage>(command)) {
            ++asked_for_meter;
            if (!manners.triggers) out.outcome = CallOutcome::kNotSupported;
            if (manners.triggers && manners.meters) probe.sampled(drawn, now, now);
        } else if (std::holds_alternative<Reset>(command)) {
            if (!manners.resets) return {.outcome = CallOutcome::kRejected};
            limit = manners.forgets ? 32_A : floor;
            online = charging = false;
            boots_at = now + 20s;
        } else if (manners.shows) {
            out.composite =
                CompositeLimit{.periods = {{0s, (limit + manners.shows_more).in_milli()}}};
            if (lease_ends && manners.shows_fall)
                out.composite->periods.push_back({60s, floor.in_milli()});
        } else {
            out.outcome = CallOutcome::kNotSupported;
        }
        return out;
    }
};

TEST(Probe, AChargerThatPassesAllIsClassA) {
    Bench bench({});
    ASSERT_TRUE(bench.run());
    ASSERT_EQ(bench.probe.state(), ProbeState::kDone);
    for (std::size_t i = 0; i < kProbeSteps; ++i)
        EXPECT_EQ(bench.outcome(static_cast<ProbeStep>(i)), kPassed)
            << to_string(static_cast<ProbeStep>(i)) << ": "
            << bench.text(static_cast<ProbeStep>(i));
    const auto result = bench.probe.result();
    EXPECT_EQ(result.trust, TrustClass::kA);
    EXPECT_EQ(result.settle, Duration{7s}) << "five for the car, two of the charger";
    EXPECT_EQ(result.quantum, 0.1_A);
    EXPECT_EQ(result.keeps_profiles, true);
    EXPECT_EQ(result.rate_unit, RateUnit::kAmperes);
    EXPECT_EQ(result.schedule_periods, 12);
}

TEST(Probe, NeverWantsMoreThanThereIs) {
    Bench bench({});
    bench.available = 12_A;
    while (bench.step()) EXPECT_LE(bench.limit, 12_A);
    EXPECT_EQ(bench.probe.result().trust, TrustClass::kA);
}

TEST(Probe, ASilentConfigurationProvesNothingAgainstIt) {
    Bench bench({.tells = false});
    ASSERT_TRUE(bench.run());
    EXPECT_EQ(bench.outcome(kCapabilities), kUnclear);
    EXPECT_EQ(bench.probe.result().trust, TrustClass::kA);
    EXPECT_EQ(bench.probe.result().schedule_periods, 2);
}

TEST(Probe, OneThatTakesWattsOnlyIsNotClassA) {
    Bench bench({.takes_amperes = false});
    ASSERT_TRUE(bench.run());
    EXPECT_EQ(bench.outcome(kUnit), kFailed);
    EXPECT_EQ(bench.probe.result().trust, TrustClass::kB);
    EXPECT_EQ(bench.probe.result().rate_unit, RateUnit::kWatts);
}

TEST(Probe, OneThatRefusesTwoPeriodsGetsNoLeases) {
    Bench bench({.takes_periods = false});
    ASSERT_TRUE(bench.run());
    EXPECT_EQ(bench.outcome(kPeriods), kFailed);
    EXPECT_EQ(bench.outcome(kLapse), kSkipped);
    EXPECT_EQ(bench.outcome(kRefusal), kSkipped);
    EXPECT_EQ(bench.probe.result().schedule_periods, 1);
    EXPECT_EQ(bench.probe.result().trust, TrustClass::kB);
}

TEST(Probe, AScheduleThatIsNotShownToFallIsNotTaken) {
    Bench bench({.shows_fall = false});
    ASSERT_TRUE(bench.run());
    EXPECT_EQ(bench.outcome(kPeriods), kFailed);
    EXPECT_EQ(bench.probe.result().trust, TrustClass::kB);
}

TEST(Probe, WithoutACompositeScheduleTheMeterTells) {
    Bench bench({.shows = false});
    ASSERT_TRUE(bench.run());
    EXPECT_EQ(bench.outcome(kPeriods), kPassed);
    EXPECT_EQ(bench.outcome(kMemory), kUnclear);
    EXPECT_EQ(bench.probe.result().trust, TrustClass::kA);
    EXPECT_EQ(bench.probe.result().keeps_profiles, std::nullopt);
}

TEST(Probe, OneThatRoundsUpFollowsWholeAmperes) {
    Bench bench({.shows_more = 0.6_A});
    ASSERT_TRUE(bench.run());
    EXPECT_EQ(bench.outcome(kRounding), kFailed);
    EXPECT_EQ(bench.probe.result().quantum, 1_A);
}

TEST(Probe, OneThatShowsTheWholeAmpereBelowFollowsWholeAmperes) {
    Bench bench({.shows_more = -0.4_A});
    ASSERT_TRUE(bench.run());
    EXPECT_EQ(bench.outcome(kRounding), kPassed);
    EXPECT_EQ(bench.probe.result().quantum, 1_A);
}

TEST(Probe, OneThatDrawsOnIsClassCAndIsAskedNothingMore) {
    Bench bench({.obeys = false});
    ASSERT_TRUE(bench.run());
    EXPECT_EQ(bench.outcome(kObedience), kFailed) << bench.text(kObedience);
    EXPECT_EQ(bench.outcome(kLapse), kSkipped);
    EXPECT_EQ(bench.probe.result().trust, TrustClass::kC);
    EXPECT_EQ(bench.probe.result().settle, std::nullopt);
}

TEST(Probe, ASlowOneGetsTheTimeItNeeds) {
    Bench bench({.follows_after = 12s});
    ASSERT_TRUE(bench.run());
    EXPECT_EQ(bench.outcome(kObedience), kPassed);
    EXPECT_EQ(bench.probe.result().settle, Duration{17s});
}

TEST(Probe, OneThatKeepsOnAfterItsLeaseIsClassB) {
    Bench bench({.lapses = false});
    ASSERT_TRUE(bench.run());
    EXPECT_EQ(bench.outcome(kLapse), kFailed);
    EXPECT_EQ(bench.outcome(kRefusal), kSkipped);
    EXPECT_EQ(bench.probe.result().trust, TrustClass::kB);
}

TEST(Probe, OneThatKeepsOnAloneIsClassB) {
    Bench bench({.lapses_alone = false});
    ASSERT_TRUE(bench.run());
    EXPECT_EQ(bench.outcome(kLapse), kPassed);
    EXPECT_EQ(bench.outcome(kRefusal), kFailed);
    EXPECT_EQ(bench.probe.result().trust, TrustClass::kB);
}

TEST(Probe, OneThatDoesNotComeBackEndsIt) {
    Bench bench({.comes_back = false});
    ASSERT_TRUE(bench.run());
    EXPECT_EQ(bench.probe.state(), ProbeState::kAborted);
    EXPECT_EQ(bench.probe.why_aborted(), "it did not come back");
}

TEST(Probe, OneThatForgetsAtAResetKeepsNothing) {
    Bench bench({.forgets = true});
    ASSERT_TRUE(bench.run());
    EXPECT_EQ(bench.outcome(kMemory), kFailed);
    EXPECT_EQ(bench.probe.result().keeps_profiles, false);
    EXPECT_EQ(bench.probe.result().trust, TrustClass::kA);
}

TEST(Probe, OneThatRefusesAResetIsLeftAsItIs) {
    Bench bench({.resets = false});
    ASSERT_TRUE(bench.run());
    EXPECT_EQ(bench.outcome(kMemory), kUnclear);
    EXPECT_EQ(bench.probe.result().keeps_profiles, std::nullopt);
}

TEST(Probe, WhatItMayNotDoIsSkipped) {
    Bench bench({}, {.reset = false, .refuse = false, .lease = 60s});
    ASSERT_TRUE(bench.run());
    EXPECT_EQ(bench.outcome(kRefusal), kSkipped);
    EXPECT_EQ(bench.outcome(kMemory), kSkipped);
    EXPECT_EQ(bench.probe.result().trust, TrustClass::kB) << "nobody saw it alone";
    Bench tight({}, {.refuse = false, .lease = 60s});
    tight.room = false;
    ASSERT_TRUE(tight.run());
    EXPECT_EQ(tight.outcome(kMemory), kSkipped);
    EXPECT_TRUE(tight.charging) << "it was not reset";
}

TEST(Probe, WithoutMeterValuesNothingIsSeen) {
    Bench bench({.meters = false}, {.reset = false, .lease = 60s});
    ASSERT_TRUE(bench.run());
    EXPECT_EQ(bench.outcome(kObedience), kUnclear);
    EXPECT_EQ(bench.outcome(kLapse), kUnclear);
    EXPECT_EQ(bench.probe.result().trust, TrustClass::kB);
}

TEST(Probe, OneThatCannotBeAskedForMeterValuesSendsItsOwn) {
    Bench bench({.triggers = false});
    ASSERT_TRUE(bench.run());
    EXPECT_EQ(bench.asked_for_meter, 1);
    EXPECT_EQ(bench.probe.result().trust, TrustClass::kA);
}

TEST(Probe, ACarThatDrawsTooLittleProvesNothing) {
    Bench bench({});
    bench.car = 7_A;
    ASSERT_TRUE(bench.run());
    EXPECT_EQ(bench.outcome(kObedience), kUnclear) << bench.text(kObedience);
    EXPECT_EQ(bench.outcome(kLapse), kUnclear);
    EXPECT_EQ(bench.probe.result().trust, TrustClass::kB);
}

TEST(Probe, WhatFallsDuringALapseForAnotherReasonProvesNothing) {
    Bench bench({});
    while (bench.probe.step() != kLapse || bench.limit < 16_A) ASSERT_TRUE(bench.step());
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(bench.step());
    bench.available = 10_A;
    ASSERT_TRUE(bench.step());
    EXPECT_EQ(bench.outcome(kLapse), kUnclear) << bench.text(kLapse);
    ASSERT_TRUE(bench.step());
    EXPECT_LE(bench.limit, 10_A) << "the decrease is not held back";
}

TEST(Probe, WithAFloorItIsToFallToThat) {
    Bench bench({}, {.lease = 60s}, 6_A);
    ASSERT_TRUE(bench.run());
    EXPECT_EQ(bench.probe.result().trust, TrustClass::kA) << bench.text(kLapse);
}

TEST(Probe, EndsWithItsCarAndItsConnection) {
    Bench gone({});
    for (int i = 0; i < 20; ++i) gone.step();
    gone.charging = false;
    EXPECT_FALSE(gone.step());
    EXPECT_EQ(gone.probe.why_aborted(), "the transaction ended");
    EXPECT_EQ(gone.outcome(kMemory), kSkipped);
    Bench lost({.comes_back = false});
    for (int i = 0; i < 20; ++i) lost.step();
    lost.online = false;
    EXPECT_FALSE(lost.step());
    EXPECT_EQ(lost.probe.why_aborted(), "its connection was lost");
}

}  // namespace
}  // namespace busbar
