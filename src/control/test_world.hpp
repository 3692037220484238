// For tests: the whole of control on one thread in virtual time, between a store in memory and
// chargers that are a few lines each.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "control/control.hpp"

namespace busbar::control {

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
                for (const auto due : put->boundaries)
                    boundaries.push_back({put->rule.id, write.site, due});
            } else if (const auto* gone = std::get_if<DeleteRule>(&write.change)) {
                std::erase_if(kept.rules, [&](auto& r) { return r.id == gone->id; });
            } else if (const auto* site = std::get_if<PutSite>(&write.change)) {
                kept.sites.push_back(site->site);
            } else if (const auto* circuit = std::get_if<PutCircuit>(&write.change)) {
                control::put(kept.circuits, circuit->circuit);
            } else if (const auto* charger = std::get_if<PutCharger>(&write.change)) {
                control::put(kept.chargers, charger->charger);
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
    void save_signed(TransactionId transaction, std::vector<SignedReading> readings,
                     Callback<Done> done) override {
        later([this, transaction, readings = std::move(readings), done = std::move(done)] {
            if (fails) return done(Error{Errc::kUnavailable, "disk full"});
            auto& all = signed_readings[transaction];
            all.insert(all.end(), readings.begin(), readings.end());
            done(Done{});
        });
    }
    void transactions(TransactionQuery, Callback<std::vector<Transaction>> done) override {
        later([done = std::move(done)] { done(std::vector<Transaction>{}); });
    }
    void transaction(TransactionId, Callback<TransactionRecord> done) override {
        later([done = std::move(done)] { done(Error{Errc::kNotFound, "none"}); });
    }
    void save_boundaries(std::vector<Boundary> rows, Callback<Done> done) override {
        later([this, rows = std::move(rows), done = std::move(done)] {
            if (fails) return done(Error{Errc::kUnavailable, "disk full"});
            boundaries.insert(boundaries.end(), rows.begin(), rows.end());
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
    std::map<TransactionId, std::vector<SignedReading>> signed_readings;
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
    std::optional<SetLimit> profile;  // Of its transaction.
    bool charging = false;
    bool takes_leases = true;
    Duration clock_error{0};
    std::vector<Amperes> received = {};  // TxProfiles.
    std::vector<Command> commands = {};  // To stop, or about its service.
    bool refuses_default = false;
    std::vector<std::function<void(CallResult)>> held = {};
    // Of what it holds, what it says when asked; empty: it does not know the question.
    std::function<Amperes(Amperes)> shows = {};
    int asked = 0;

    // `wall`: the true time.
    Amperes enforces(TimePoint wall) const {
        if (!charging) return 0_A;
        if (!profile) return fallback;
        const auto now = wall + clock_error;
        if (profile->start && now < *profile->start) return fallback;
        auto limit = profile->limit;
        for (const auto& step : profile->later)
            if (now >= *profile->start + step.after) limit = step.limit;
        return limit;
    }
};

class FakeGateway final : public Gateway {
public:
    FakeGateway(Strand& strand, const Clock& clock) : strand_(strand), clock_(clock) {}

    void call(const ChargerId& id, Command command, std::function<void(SteadyPoint)> sent,
              std::function<void(CallResult)> done) override {
        auto& charger = chargers[id.str()];
        if (!charger.connected)
            return strand_.post([done] { done({.outcome = CallOutcome::kNotSent}); });
        if (!std::holds_alternative<SetLimit>(command)) return ask(id, command, done);
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
        const bool refuses = charger.mood == FakeCharger::Mood::kRejects ||
                             (charger.refuses_default && limit.purpose == kDefault) ||
                             (!limit.later.empty() && !charger.takes_leases);
        const auto outcome = refuses ? CallOutcome::kRejected : CallOutcome::kAccepted;
        strand_.post([this, &charger, limit, done, outcome] {
            apply(charger, limit, outcome);
            done({.outcome = outcome});
        });
    }
    void disconnect(const ChargerId&) override {}
    void refuse(const ChargerId&, SteadyPoint) override {}

    std::map<std::string, FakeCharger> chargers;
    // What a charger does once it has accepted what is no limit.
    std::function<void(const ChargerId&, const Command&)> does = [](auto&, auto&) {};

private:
    void ask(const ChargerId& id, const Command& command,
             const std::function<void(CallResult)>& done) {
        auto& charger = chargers[id.str()];
        CallResult result{.outcome = CallOutcome::kNotSupported};
        if (std::holds_alternative<GetCompositeLimit>(command)) {
            ++charger.asked;
            const auto holds = charger.profile ? charger.profile->limit : charger.fallback;
            if (charger.shows)
                result = {.outcome = CallOutcome::kAccepted,
                          .composite =
                              CompositeLimit{.periods = {{0s, charger.shows(holds).in_milli()}}}};
        } else if (std::holds_alternative<RemoteStop>(command) ||
                   std::holds_alternative<ChangeAvailability>(command)) {
            charger.commands.push_back(command);
            result.outcome = CallOutcome::kAccepted;
        }
        strand_.post([this, id, command, done, result] {
            done(result);
            if (result.outcome == CallOutcome::kAccepted) does(id, command);
        });
    }
    void apply(FakeCharger& charger, const SetLimit& limit, CallOutcome outcome) {
        if (outcome != CallOutcome::kAccepted) return;
        if (limit.purpose == kDefault)
            charger.fallback = limit.limit;
        else
            charger.profile = limit;
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
                .keeps_profiles = true,
                .writes_per_day = 0};
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
        says(id, ConnectorStatus::kAvailable);
    }
    // A status, stamped by the charger's clock if it has one.
    void says(const char* id, ConnectorStatus status) {
        StatusReport report{1, status, "NoError", "", clock_.wall()};
        if (stamps_) {
            control_->told_time(ChargerId(id), clock_.wall());
            report.stamped = true_time() + gateway_.chargers[id].clock_error;
        }
        control_->status(ChargerId(id), report);
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
        says(id, ConnectorStatus::kCharging);
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
    // What a right clock shows, whatever ours is set to.
    TimePoint true_time() const {
        return started_ + std::chrono::floor<Duration>(clock_.steady() - steady_start_);
    }
    Amperes applied(const char* id) { return gateway_.chargers[id].enforces(true_time()); }
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
        for (const auto& [id, charger] : gateway_.chargers) sum += charger.enforces(true_time());
        EXPECT_LE(sum, 48_A);
    }

    ManualClock clock_{*parse_time("2026-02-10T12:00:00Z")};
    const TimePoint started_ = clock_.wall();
    const SteadyPoint steady_start_ = clock_.steady();
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
    bool stamps_ = true;  // Chargers say what time it is, and so can be given leases.
    Registration registration_{};
    std::vector<Dispatched> dispatched_;
    std::vector<std::string> alarms_;
};

}  // namespace busbar::control
