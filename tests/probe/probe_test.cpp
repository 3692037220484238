// The commissioning probe as a whole: control, OCPP's frames, and simulated chargers that are
// honest or not, in virtual time.
#include <gtest/gtest.h>

#include "control/test_world.hpp"
#include "ocpp/conversation.hpp"
#include "sim/station.hpp"

namespace busbar::control {
namespace {

constexpr auto kTick = 100ms;
constexpr auto kReconnect = 4s;

// A charger and its cable to us: frames, and no sockets.
class Line final : public ocpp::Outlet {
public:
    Line(sim::ChargerSetup setup, ManualClock& clock, ManualStrand& loop, ChargerEvents& events)
        : clock_(clock),
          loop_(loop),
          events_(events),
          strand_(std::make_shared<Shared>(loop)),
          station_(std::move(setup), {.meter_interval = 10s}, clock, *strand_,
                   {.send = [this](std::string frame) { deliver(std::move(frame)); },
                    .hang_up = [this] { loop_.post([this] { drop(); }); },
                    .changed = [] {}}) {
        connect();
        tick();
    }

    sim::Station& station() { return station_; }
    const ChargerId& id() const { return station_.setup().id; }
    int refusals() const { return refusals_; }

    void call(Command command, ocpp::Conversation::Sent sent, ocpp::Conversation::Finished done) {
        if (!talk_) return done({.outcome = CallOutcome::kNotSent});
        talk_->call(std::move(command), std::move(sent), std::move(done));
    }
    void refuse(SteadyPoint until) {
        refused_until_ = until;
        if (until > clock_.steady()) loop_.post([this] { drop(); });
    }

    // --- ocpp::Outlet ---
    void send(std::string frame, std::function<void()> started) override {
        if (started) started();
        loop_.post([this, link = link_, frame = std::move(frame)] {
            if (link == link_ && talk_) station_.receive(frame);
        });
    }
    void close(std::string) override {
        loop_.post([this] { drop(); });
    }
    void has_room() override {}

private:
    void deliver(std::string frame) {
        loop_.post([this, link = link_, frame = std::move(frame)] {
            if (link == link_ && talk_) talk_->receive(frame);
        });
    }
    void connect() {
        if (clock_.steady() < refused_until_) {
            ++refusals_;
            return loop_.at(clock_.steady() + kReconnect, [this] { connect(); });
        }
        ++link_;
        talk_ = std::make_shared<ocpp::Conversation>(id(), ocpp::Version::k16,
                                                     std::to_string(link_) + "-", options_, events_,
                                                     strand_, clock_, *this, observer_);
        events_.connected(id(), link_);
        station_.connected();
    }
    void drop() {
        if (!talk_) return;
        const auto talk = std::exchange(talk_, nullptr);
        talk->end();
        station_.disconnected();
        events_.disconnected(id(), link_);
        loop_.at(clock_.steady() + kReconnect, [this] { connect(); });
    }
    void tick() {
        station_.tick();
        loop_.at(clock_.steady() + kTick, [this] { tick(); });
    }

    ManualClock& clock_;
    ManualStrand& loop_;
    ChargerEvents& events_;
    std::shared_ptr<Strand> strand_;
    ocpp::ConversationOptions options_;
    ocpp::GatewayObserver observer_;
    std::shared_ptr<ocpp::Conversation> talk_;
    std::int64_t link_ = 0;
    SteadyPoint refused_until_ = {};
    int refusals_ = 0;
    sim::Station station_;
};

class WireGateway final : public Gateway {
public:
    void call(const ChargerId& id, Command command, std::function<void(SteadyPoint)> sent,
              std::function<void(CallResult)> done) override {
        lines.at(id)->call(std::move(command), std::move(sent), std::move(done));
    }
    void disconnect(const ChargerId&) override {}
    void refuse(const ChargerId& id, SteadyPoint until) override { lines.at(id)->refuse(until); }

    std::map<ChargerId, std::unique_ptr<Line>> lines;
};

const ChargerId kProbed{"probed"};
const ChargerId kOther{"other"};

// Two chargers behind one feeder, a car at each.
class ProbeTest : public testing::Test {
protected:
    void start(const sim::Behaviour& behaviour = {}, Amperes floor = 0_A) {
        start(sim::ChargerSetup{.id = kProbed, .behaviour = behaviour}, floor);
    }
    void start(const sim::ChargerSetup& setup, Amperes floor) {
        store_.kept.sites.push_back({.id = SiteId("garage"), .name = "Garage", .lease = lease_});
        store_.kept.circuits.push_back({.id = CircuitId("feeder"),
                                        .site = SiteId("garage"),
                                        .parent = {},
                                        .breaker = PerPhase::each(feeder_),
                                        .safety_pct = 0});
        for (const auto& id : {kProbed, kOther})
            store_.kept.chargers.push_back({.id = id,
                                            .circuit = CircuitId("feeder"),
                                            .maximum = 32_A,
                                            .floor = floor,
                                            .settle = 10s});
        feed_.subscribe([this](const FeedEvent& event) {
            if (const auto* a = std::get_if<Alarm>(&event)) alarms_.push_back(a->text);
        });
        control_ = std::make_unique<Control>(
            store_, telemetry_, clock_, feed_, [this] { return std::make_unique<Shared>(loop_); },
            [this] { return ++chance_; });
        ASSERT_TRUE(control_->start(gateway_));
        loop_.run();
        for (auto each : {setup, sim::ChargerSetup{.id = kOther}}) {
            const auto id = each.id;
            auto line = std::make_unique<Line>(std::move(each), clock_, loop_, *control_);
            gateway_.lines.emplace(id, std::move(line));
        }
        for (auto& [id, line] : gateway_.lines)
            ASSERT_TRUE(line->station().plug({.capacity = WattHours::of(1'000'000)}));
        loop_.run_for(60s);
    }
    Result<ProbeReport> begin(const ProbeOptions& options) {
        Result<ProbeReport> out = Error{Errc::kTimeout, "no answer"};
        control_->start_probe(kProbed, options, [&](auto report) { out = std::move(report); });
        loop_.run();
        return out;
    }
    Result<ProbeReport> report() {
        Result<ProbeReport> out = Error{Errc::kTimeout, "no answer"};
        control_->probe_report(kProbed, [&](auto found) { out = std::move(found); });
        loop_.run();
        return out;
    }
    // Runs the whole probe; what the other car draws is watched.
    Probe probe(const ProbeOptions& options) {
        const auto begun = begin(options);
        EXPECT_TRUE(begun) << begun.error().message;
        for (int second = 0; second < 1'200; ++second) {
            loop_.run_for(1s);
            check_breaker();
            if (report()->probe.state() != ProbeState::kRunning) break;
        }
        return report()->probe;
    }
    void check_breaker() {
        Amperes sum;
        for (auto& [id, line] : gateway_.lines) sum += line->station().drawn()[Phase::kL1];
        EXPECT_LE(sum, feeder_);
    }
    Charger charger() {
        std::optional<Charger> out;
        control_->charger_report(kProbed, [&](auto found) { out = found->charger; });
        loop_.run();
        return *out;
    }
    static std::string told(const Probe& probe) {
        std::string out = std::string(to_string(probe.state())) + " " + probe.why_aborted();
        for (std::size_t i = 0; i < kProbeSteps; ++i) {
            const auto step = static_cast<ProbeStep>(i);
            out += "\n" + std::string(to_string(step)) + " " +
                   std::string(to_string(probe.finding(step).outcome)) + ": " +
                   probe.finding(step).text;
        }
        return out;
    }
    static ProbeOutcome outcome(const Probe& probe, ProbeStep step) {
        return probe.finding(step).outcome;
    }
    sim::Station& station() { return gateway_.lines.at(kProbed)->station(); }

    Amperes feeder_ = 64_A;
    Duration lease_ = 30min;
    ManualClock clock_{*parse_time("2026-02-10T12:00:00Z")};
    ManualStrand loop_{clock_};
    FakeStore store_{loop_};
    FakeTelemetry telemetry_{loop_};
    WireGateway gateway_;
    Feed feed_;
    std::unique_ptr<Control> control_;
    std::uint32_t chance_ = 0;
    std::vector<std::string> alarms_;
};

using enum ProbeStep;
using enum ProbeOutcome;

TEST_F(ProbeTest, AnHonestChargerIsFoundToBeClassAAndKeepsItsProfiles) {
    start();
    const auto found = probe({.lease = 20s});
    ASSERT_EQ(found.state(), ProbeState::kDone) << told(found);
    for (const auto step :
         {kCapabilities, kUnit, kPeriods, kRounding, kObedience, kLapse, kRefusal, kMemory})
        EXPECT_EQ(outcome(found, step), kPassed) << told(found);
    EXPECT_GT(gateway_.lines.at(kProbed)->refusals(), 0);
    EXPECT_EQ(found.figures().latencies.size(), 3U);
    loop_.run_for(60s);
    const auto after = charger();
    EXPECT_EQ(after.trust, TrustClass::kA) << told(found);
    EXPECT_EQ(after.quantum, 0.1_A);
    EXPECT_TRUE(after.keeps_profiles);
    EXPECT_EQ(after.schedule_periods, 24);
    EXPECT_GE(after.settle, 5s);
    EXPECT_LE(after.settle, 9s);
    EXPECT_TRUE(report()->revision);
    // It goes on as if nothing had been, and so does the other.
    EXPECT_EQ(station().drawn()[Phase::kL1], 16_A);
}

TEST_F(ProbeTest, WithAFloorItIsSeenToFallToThat) {
    start({}, 6_A);
    const auto found = probe({.reset = false, .lease = 20s});
    ASSERT_EQ(found.state(), ProbeState::kDone) << told(found);
    EXPECT_EQ(outcome(found, kLapse), kPassed) << told(found);
    EXPECT_EQ(outcome(found, kRefusal), kPassed) << told(found);
    EXPECT_EQ(outcome(found, kMemory), kSkipped);
    loop_.run();
    EXPECT_EQ(charger().trust, TrustClass::kA) << told(found);
}

TEST_F(ProbeTest, OneThatIgnoresLeasesStaysClassB) {
    start({.ignores_leases = true});
    const auto found = probe({.reset = false, .lease = 20s});
    EXPECT_EQ(outcome(found, kPeriods), kPassed) << told(found);
    EXPECT_EQ(outcome(found, kLapse), kFailed) << told(found);
    EXPECT_EQ(outcome(found, kRefusal), kSkipped) << told(found);
    loop_.run();
    EXPECT_EQ(charger().trust, TrustClass::kB);
}

TEST_F(ProbeTest, OneThatDoesNotDoWhatItAcknowledgesBecomesClassC) {
    start();
    auto liar = sim::Behaviour{};
    liar.disobeys = true;
    station().set_behaviour(liar);
    const auto found = probe({.reset = false, .lease = 20s});
    EXPECT_EQ(outcome(found, kObedience), kFailed) << told(found);
    loop_.run();
    EXPECT_EQ(charger().trust, TrustClass::kC);
    EXPECT_FALSE(alarms_.empty());
}

TEST_F(ProbeTest, OneThatTakesASinglePeriodIsClassBWithoutLeases) {
    start({.takes_one_period = true});
    const auto found = probe({.reset = false, .lease = 20s});
    EXPECT_EQ(outcome(found, kUnit), kPassed) << told(found);
    EXPECT_EQ(outcome(found, kPeriods), kFailed) << told(found);
    EXPECT_EQ(outcome(found, kObedience), kPassed) << told(found);
    EXPECT_EQ(outcome(found, kLapse), kSkipped) << told(found);
    loop_.run();
    EXPECT_EQ(charger().trust, TrustClass::kB);
    EXPECT_EQ(charger().schedule_periods, 1);
}

TEST_F(ProbeTest, OneThatRoundsUpIsSentWholeAmperes) {
    start(sim::ChargerSetup{.id = kProbed, .rounds_up = true}, 0_A);
    const auto found = probe({.reset = false, .refuse = false, .lease = 20s});
    EXPECT_EQ(outcome(found, kRounding), kFailed) << told(found);
    loop_.run();
    EXPECT_EQ(charger().quantum, 1_A);
    EXPECT_EQ(charger().trust, TrustClass::kB) << "nobody saw it alone";
}

TEST_F(ProbeTest, OneThatForgetsAtAResetIsNotSaidToKeepItsProfiles) {
    start({.forgets_profiles_at_reboot = true});
    const auto found = probe({.refuse = false, .lease = 20s});
    EXPECT_EQ(outcome(found, kMemory), kFailed) << told(found);
    loop_.run();
    EXPECT_FALSE(charger().keeps_profiles);
}

TEST_F(ProbeTest, NothingIsResetThatCouldTripTheBreakerMeanwhile) {
    feeder_ = 48_A;
    start();
    const auto found = probe({.refuse = false, .lease = 20s});
    EXPECT_EQ(outcome(found, kMemory), kSkipped) << told(found);
    EXPECT_EQ(station().snapshot().boots, 1);
}

TEST_F(ProbeTest, WithoutAmperesNothingIsProven) {
    feeder_ = 18_A;
    start();
    const auto found = probe({.lease = 20s});
    EXPECT_EQ(found.state(), ProbeState::kDone);
    EXPECT_EQ(outcome(found, kUnit), kUnclear) << told(found);
    EXPECT_EQ(outcome(found, kObedience), kUnclear) << told(found);
    loop_.run();
    EXPECT_EQ(charger().trust, TrustClass::kB);
}

TEST_F(ProbeTest, WithoutACompositeScheduleTheMeterTells) {
    start({.hides_limits = true});
    const auto found = probe({.reset = false, .lease = 20s});
    EXPECT_EQ(outcome(found, kPeriods), kPassed) << told(found);
    EXPECT_EQ(outcome(found, kRefusal), kPassed) << told(found);
    loop_.run();
    EXPECT_EQ(charger().trust, TrustClass::kA) << told(found);
    EXPECT_EQ(charger().quantum, 0.1_A);
}

TEST_F(ProbeTest, AnAbortedProbeLeavesAllAsItWas) {
    start();
    ASSERT_TRUE(begin({.lease = 20s}));
    EXPECT_EQ(begin({}).error().code, Errc::kConflict);
    loop_.run_for(20s);
    std::optional<ProbeReport> aborted;
    control_->abort_probe(kProbed, [&](auto found) { aborted = *found; });
    loop_.run_for(30s);
    EXPECT_EQ(aborted->probe.state(), ProbeState::kAborted);
    EXPECT_EQ(charger().trust, TrustClass::kB);
    EXPECT_EQ(station().drawn()[Phase::kL1], 16_A);
}

TEST_F(ProbeTest, ACarThatGoesEndsIt) {
    start();
    ASSERT_TRUE(begin({.lease = 20s}));
    loop_.run_for(10s);
    ASSERT_TRUE(station().unplug());
    loop_.run_for(5s);
    EXPECT_EQ(report()->probe.state(), ProbeState::kAborted) << told(report()->probe);
    EXPECT_EQ(begin({}).error().code, Errc::kConflict) << "no car is there";
}

TEST_F(ProbeTest, AChargerThatDrawsMoreThanItMayIsNoLongerTrusted) {
    start();
    Result<Written<Rule>> capped = Error{Errc::kTimeout, ""};
    auto liar = sim::Behaviour{};
    liar.disobeys = true;
    station().set_behaviour(liar);
    control_->create_rule(
        SiteId("garage"),
        {.kind = RuleKind::kCap, .select = {SelectorKind::kCharger, kProbed.str()}, .limit = 8_A},
        {"me", clock_.steady()}, [&](auto rule) { capped = std::move(rule); });
    loop_.run();
    ASSERT_TRUE(capped);
    loop_.run_for(15s);
    EXPECT_EQ(charger().trust, TrustClass::kB) << "it has time to follow";
    loop_.run_for(40s);
    EXPECT_EQ(charger().trust, TrustClass::kC);
    ASSERT_FALSE(alarms_.empty());
    EXPECT_NE(alarms_.back().find("draws 16 A of 8 A"), std::string::npos) << alarms_.back();
}

TEST_F(ProbeTest, OneOfClassAThatKeepsOnAfterItsLeaseIsClassB) {
    lease_ = 20s;
    start({.ignores_leases = true});
    const auto put = [&](ChargerPatch patch) {
        control_->put_charger(kProbed, std::move(patch), {"me", clock_.steady()},
                              [](const auto& written) { EXPECT_TRUE(written); });
        loop_.run_for(1s);
    };
    put({.trust = TrustClass::kA});
    loop_.run_for(60s);
    EXPECT_EQ(charger().trust, TrustClass::kA) << "its leases are renewed";
    put({.writes_per_day = 1});  // Spent at once: no lease is renewed any more.
    loop_.run_for(120s);
    EXPECT_EQ(charger().trust, TrustClass::kB);
    ASSERT_FALSE(alarms_.empty());
    EXPECT_NE(alarms_.back().find("as if its lease were not over"), std::string::npos)
        << alarms_.back();
}

}  // namespace
}  // namespace busbar::control
