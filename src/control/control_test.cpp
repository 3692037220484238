// The whole of control on one thread in virtual time, between a store in memory and chargers
// that are a few lines each.
#include "control/control.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace busbar::control {
namespace {

using namespace std::chrono_literals;
using enum ProfilePurpose;

// Every strand of the test is the same one.
class Shared final : public Strand {
public:
    explicit Shared(ManualStrand& strand) : strand_(strand) {}
    void post(Task task) override { strand_.post(std::move(task)); }
    void at(SteadyPoint when, Task task) override { strand_.at(when, std::move(task)); }

private:
    ManualStrand& strand_;
};

// Keeps everything in memory, and can be told to fail or to stall.
class FakeStore final : public Store {
public:
    explicit FakeStore(Strand& strand) : strand_(strand) {}

    Result<Stored> load() override { return kept; }
    void on_commit(std::function<void(const Committed&)> hook) override { hook_ = std::move(hook); }

    void write(Write write, Callback<std::int64_t> done) override {
        later([this, write = std::move(write), done = std::move(done)] {
            if (fails) return done(Error{Errc::kUnavailable, "disk full"});
            if (const auto* put = std::get_if<PutRule>(&write.change)) {
                const auto found = std::ranges::find(kept.rules, put->rule.id, &Rule::id);
                const auto version = found == kept.rules.end() ? 0 : found->version;
                if (version + 1 != put->rule.version)
                    return done(Error{Errc::kConflict, "the version has moved on"});
                if (found == kept.rules.end())
                    kept.rules.push_back(put->rule);
                else
                    *found = put->rule;
                std::erase_if(boundaries, [&](auto& b) { return b.rule == put->rule.id; });
                if (put->rule.expires_at)
                    boundaries.push_back({put->rule.id, write.site, *put->rule.expires_at});
            } else if (const auto* gone = std::get_if<DeleteRule>(&write.change)) {
                std::erase_if(kept.rules, [&](auto& r) { return r.id == gone->id; });
            } else if (const auto* site = std::get_if<PutSite>(&write.change)) {
                kept.sites.push_back(site->site);
            } else if (const auto* circuit = std::get_if<PutCircuit>(&write.change)) {
                kept.circuits.push_back(circuit->circuit);
            } else if (const auto* charger = std::get_if<PutCharger>(&write.change)) {
                kept.chargers.push_back(charger->charger);
            }
            hook_({++kept.revision, write.site, write.change, write.accepted_at});
            done(kept.revision);
        });
    }
    void save_potentials(std::vector<PotentialRow> rows, Callback<Done> done) override {
        later([this, rows = std::move(rows), done = std::move(done)] {
            if (fails) return done(Error{Errc::kUnavailable, "disk full"});
            for (const auto& row : rows) {
                std::erase_if(kept.potentials, [&](auto& p) { return p.evse == row.evse; });
                kept.potentials.push_back(row);
            }
            done(Done{});
        });
    }
    void save_transaction(Transaction transaction, Callback<Done> done) override {
        later([this, transaction = std::move(transaction), done = std::move(done)] {
            if (fails) return done(Error{Errc::kUnavailable, "disk full"});
            auto& open = kept.open_transactions;
            std::erase_if(open, [&](auto& t) { return t.id == transaction.id; });
            if (!transaction.stopped_at) open.push_back(transaction);
            done(Done{});
        });
    }
    void claim_boundaries(TimePoint now, Callback<std::vector<Boundary>> done) override {
        later([this, now, done = std::move(done)] {
            std::vector<Boundary> due;
            std::erase_if(boundaries, [&](auto& b) {
                if (b.due <= now) due.push_back(b);
                return b.due <= now;
            });
            done(due);
        });
    }
    void audit(std::int64_t, int, Callback<std::vector<AuditRow>> done) override {
        later([done = std::move(done)] { done(std::vector<AuditRow>{}); });
    }

    void release() {
        stalls = false;
        for (auto& task : std::exchange(stalled_, {})) strand_.post(std::move(task));
    }

    Stored kept;
    std::vector<Boundary> boundaries;
    bool fails = false;
    bool stalls = false;

private:
    void later(Task task) {
        if (stalls)
            stalled_.push_back(std::move(task));
        else
            strand_.post(std::move(task));
    }

    Strand& strand_;
    std::function<void(const Committed&)> hook_;
    std::vector<Task> stalled_;
};

class FakeTelemetry final : public telemetry::TelemetryStore {
public:
    explicit FakeTelemetry(Strand& strand) : strand_(strand) {}
    void append(std::vector<telemetry::Reading> more, telemetry::Callback<Done> done) override {
        readings.insert(readings.end(), more.begin(), more.end());
        strand_.post([done = std::move(done)] { done(Done{}); });
    }
    void meter_status(telemetry::Callback<std::vector<telemetry::MeterReading>> done) override {
        strand_.post([done = std::move(done)] { done(std::vector<telemetry::MeterReading>{}); });
    }
    void vehicle_status(telemetry::Callback<std::vector<telemetry::VehicleReading>>) override {}
    void map_vehicle(VehicleId, std::vector<MeterId>, telemetry::Callback<Done>) override {}
    void performance(VehicleId, TimePoint, TimePoint,
                     telemetry::Callback<telemetry::Performance>) override {}

    std::vector<telemetry::Reading> readings;

private:
    Strand& strand_;
};

// A charger as far as limits go.
struct FakeCharger {
    enum class Mood { kAnswers, kHolds, kRejects };
    Mood mood = Mood::kAnswers;
    bool connected = false;
    Amperes fallback = 32_A;
    std::optional<Amperes> transaction_limit;
    bool charging = false;
    std::vector<Amperes> received = {};  // TxProfiles.
    std::vector<std::function<void(CallResult)>> held = {};

    Amperes enforces() const { return charging ? transaction_limit.value_or(fallback) : 0_A; }
};

class FakeGateway final : public Gateway {
public:
    FakeGateway(Strand& strand, const Clock& clock) : strand_(strand), clock_(clock) {}

    void call(const ChargerId& id, Command command, std::function<void(SteadyPoint)> sent,
              std::function<void(CallResult)> done) override {
        auto& charger = chargers[id.str()];
        if (!charger.connected)
            return strand_.post([done] { done({.outcome = CallOutcome::kNotSent}); });
        sent(clock_.steady());
        const auto limit = std::get<SetLimit>(command);
        if (limit.purpose == kTransaction) charger.received.push_back(limit.limit);
        if (charger.mood == FakeCharger::Mood::kHolds) {
            const auto over = std::make_shared<bool>(false);
            auto finish = [this, &charger, limit, done, over](CallResult result) {
                if (std::exchange(*over, true)) return;
                apply(charger, limit, result.outcome);
                done(result);
            };
            charger.held.push_back(finish);
            return strand_.at(clock_.steady() + 30s, [finish = std::move(finish)] {
                finish({.outcome = CallOutcome::kUnanswered});
            });
        }
        const auto outcome = charger.mood == FakeCharger::Mood::kRejects ? CallOutcome::kRejected
                                                                         : CallOutcome::kAccepted;
        strand_.post([this, &charger, limit, done, outcome] {
            apply(charger, limit, outcome);
            done({.outcome = outcome});
        });
    }
    void disconnect(const ChargerId&) override {}

    std::map<std::string, FakeCharger> chargers;

private:
    void apply(FakeCharger& charger, const SetLimit& limit, CallOutcome outcome) {
        if (outcome != CallOutcome::kAccepted) return;
        if (limit.purpose == kDefault)
            charger.fallback = limit.limit;
        else
            charger.transaction_limit = limit.limit;
    }

    Strand& strand_;
    const Clock& clock_;
};

constexpr auto kSettle = 5s;

class ControlTest : public testing::Test {
protected:
    ControlTest() {
        store_.kept.sites.push_back({SiteId("garage"), "Garage"});
        store_.kept.circuits.push_back({.id = CircuitId("feeder"),
                                        .site = SiteId("garage"),
                                        .parent = {},
                                        .breaker = PerPhase::each(48_A),
                                        .safety_pct = 0});
        for (const auto* id : {"a", "b", "c"}) store_.kept.chargers.push_back(charger(id));
        start();
    }
    static Charger charger(const char* id) {
        return {.id = ChargerId(id),
                .circuit = CircuitId("feeder"),
                .partner = id == std::string("c") ? "acme" : "",
                .maximum = 32_A,
                .settle = kSettle,
                .keeps_profiles = true};
    }

    void start() {
        feed_ = std::make_unique<Feed>();
        feed_->subscribe([this](const FeedEvent& event) {
            if (const auto* d = std::get_if<Dispatched>(&event)) dispatched_.push_back(*d);
            if (const auto* a = std::get_if<Alarm>(&event)) alarms_.push_back(a->text);
            check_breaker();
        });
        control_ = std::make_unique<Control>(
            store_, telemetry_, clock_, *feed_, [this] { return std::make_unique<Shared>(loop_); },
            [this] { return static_cast<std::uint32_t>(random_()); });
        ASSERT_TRUE(control_->start(gateway_));
        run();
    }
    void restart() {
        control_.reset();
        loop_.run();
        start();
    }

    void run(Duration time = 0s) { loop_.run_for(time); }

    void connect(const char* id) {
        gateway_.chargers[id].connected = true;
        control_->connected(ChargerId(id), generations_[id] = ++generation_);
        if (!booted_.insert(id).second) return;
        control_->boot(ChargerId(id), {"Acme", "One", "", ""},
                       [this](BootReply reply) { registration_ = reply.status; });
        control_->status(ChargerId(id), {1, ConnectorStatus::kAvailable, "NoError", "", {}});
    }
    void disconnect(const char* id) {
        gateway_.chargers[id].connected = false;
        control_->disconnected(ChargerId(id), generations_[id]);
    }
    TransactionId plug(const char* id, WattHours meter = {}) {
        TransactionId transaction = 0;
        control_->start(ChargerId(id), {1, "tag", meter, clock_.wall()},
                        [&](Result<StartReply> reply) {
                            if (reply) transaction = reply->transaction;
                        });
        control_->status(ChargerId(id), {1, ConnectorStatus::kCharging, "NoError", "", {}});
        run();
        if (transaction != 0) gateway_.chargers[id].charging = true;
        return transaction;
    }
    // All three chargers online and charging, settled at 16 A each.
    void all_charging() {
        for (const auto* id : {"a", "b", "c"}) connect(id);
        run();
        for (const auto* id : {"a", "b", "c"}) transactions_[id] = plug(id);
        run(30s);
    }

    Result<Written<Rule>> rule(RuleDraft draft) {
        Result<Written<Rule>> out = Error{Errc::kTimeout, "no answer"};
        control_->create_rule(SiteId("garage"), std::move(draft), {"me", clock_.steady()},
                              [&](Result<Written<Rule>> written) { out = std::move(written); });
        run();
        return out;
    }
    Result<Written<Charger>> put(const char* id, ChargerPatch patch) {
        Result<Written<Charger>> out = Error{Errc::kTimeout, "no answer"};
        control_->put_charger(ChargerId(id), std::move(patch), {"me", clock_.steady()},
                              [&](auto written) { out = std::move(written); });
        run();
        return out;
    }
    Result<Written<Charger>> remove(const char* id, Even even = Even::kAtRest) {
        Result<Written<Charger>> out = Error{Errc::kTimeout, "no answer"};
        control_->delete_charger(ChargerId(id), even, {"me", clock_.steady()},
                                 [&](auto written) { out = std::move(written); });
        run();
        return out;
    }
    static RuleDraft cap(const char* id, Amperes limit) {
        return {.kind = RuleKind::kCap, .select = {SelectorKind::kCharger, id}, .limit = limit};
    }
    Amperes applied(const char* id) { return gateway_.chargers[id].enforces(); }
    EvseReport report(const char* id) {
        EvseReport out;
        control_->charger_report(ChargerId(id),
                                 [&](Result<ChargerReport> r) { out = r->evses.front(); });
        loop_.run();
        return out;
    }
    std::string why(const char* id) { return to_sentence(report(id).reasons.front()); }

    // What the chargers enforce never sums above the breaker, whatever happens.
    void check_breaker() {
        Amperes sum;
        for (const auto& [id, charger] : gateway_.chargers) sum += charger.enforces();
        EXPECT_LE(sum, 48_A);
    }

    ManualClock clock_{*parse_time("2026-02-10T12:00:00Z")};
    ManualStrand loop_{clock_};
    FakeStore store_{loop_};
    FakeTelemetry telemetry_{loop_};
    FakeGateway gateway_{loop_, clock_};
    std::unique_ptr<Feed> feed_;
    std::unique_ptr<Control> control_;
    std::mt19937 random_{7};
    std::int64_t generation_ = 0;
    std::map<std::string, std::int64_t> generations_;
    std::set<std::string> booted_;
    std::map<std::string, TransactionId> transactions_;
    Registration registration_{};
    std::vector<Dispatched> dispatched_;
    std::vector<std::string> alarms_;
};

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
    EXPECT_EQ(why("a"), "not connected, so 32 A is held for it");
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
