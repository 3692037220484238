#include "store/store_contract.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "store/test_support.hpp"

namespace busbar::store {
namespace {

using namespace std::chrono_literals;
using control::PutRule;
using control::Write;

const TimePoint kStoreNoon = *parse_time("2026-02-10T12:00:00Z");
const SiteId kGarage{"garage"};

Rule cap(std::string id, std::int64_t version = 1) {
    return {.id = RuleId{std::move(id)},
            .site = kGarage,
            .kind = RuleKind::kCap,
            .select = {SelectorKind::kCharger, "CP-7"},
            .limit = 10.5_A,
            .expires_at = kStoreNoon + 1h,
            .reason = "Straßenfest; \"bis 13 Uhr\"",
            .author = "anna",
            .version = version,
            .created_at = kStoreNoon};
}

Charger charger(std::string id) {
    return {.id = ChargerId{std::move(id)},
            .circuit = CircuitId{"row"},
            .name = "By the door",
            .partner = "",
            .maximum = 32_A,
            .floor = 6_A};
}

Write as_write(control::Change change) {
    return {.site = kGarage,
            .change = std::move(change),
            .author = "anna",
            .before = "",
            .after = R"({"limitA":10.5})",
            .accepted_at = SteadyPoint{5s}};
}

std::set<std::string> ids(const std::vector<Rule>& rules) {
    std::set<std::string> all;
    for (const auto& rule : rules) all.insert(rule.id.str());
    return all;
}

}  // namespace

// --- The fixture ---------------------------------------------------------------------------

StoreContract::StoreContract()
    : home_(GetParam().make_home()), clock_(kStoreNoon), store_(home_->open(clock_)) {}

void StoreContract::reopen(std::size_t queued) {
    store_.reset();
    store_ = home_->open(clock_, queued);
}

control::Stored StoreContract::stored() {
    auto all = store_->load();
    EXPECT_EQ(problem(all), "");
    return all ? *std::move(all) : control::Stored{};
}

Result<std::int64_t> StoreContract::write(control::Change change) {
    return await<std::int64_t>(
        [&](auto done) { store_->write(as_write(std::move(change)), done); });
}

// --- Round trips ---------------------------------------------------------------------------

TEST_P(StoreContract, StartsEmptyAtRevisionZero) {
    const auto all = stored();
    EXPECT_EQ(all.revision, 0);
    EXPECT_TRUE(all.sites.empty() && all.circuits.empty() && all.chargers.empty());
    EXPECT_TRUE(all.rules.empty() && all.open_transactions.empty() && all.potentials.empty());
}

TEST_P(StoreContract, GivesBackSitesAsTheyWereWritten) {
    const Site garage{.id = kGarage, .name = "Parkhaus Süd", .zone = "Europe/Berlin", .lease = 20s};
    const Site nameless{.id = SiteId{"annex"}, .name = "", .zone = "UTC"};
    ASSERT_EQ(value(write(control::PutSite{nameless})), 1);
    ASSERT_EQ(value(write(control::PutSite{{.id = kGarage, .name = "old", .zone = "UTC"}})), 2);
    ASSERT_EQ(value(write(control::PutSite{garage})), 3);
    reopen();
    EXPECT_EQ(stored().sites, (std::vector{nameless, garage}));
}

TEST_P(StoreContract, GivesBackCircuitsAsTheyWereWritten) {
    const Circuit feeder{.id = CircuitId{"feeder"},
                         .site = kGarage,
                         .parent = {},
                         .name = "Feeder",
                         .breaker = PerPhase::each(63_A)};
    const Circuit row{.id = CircuitId{"row"},
                      .site = kGarage,
                      .parent = feeder.id,
                      .name = "Row 1",
                      .breaker = PerPhase{{16_A, 25.5_A, Amperes::milli(1)}},
                      .safety_pct = 12};
    ASSERT_TRUE(write(control::PutCircuit{feeder}));
    ASSERT_TRUE(write(control::PutCircuit{row}));
    reopen();
    EXPECT_EQ(stored().circuits, (std::vector{feeder, row}));
    ASSERT_TRUE(write(control::DeleteCircuit{row.id}));
    EXPECT_EQ(stored().circuits, (std::vector{feeder}));
    EXPECT_EQ(code(write(control::DeleteCircuit{row.id})), Errc::kNotFound);
}

TEST_P(StoreContract, GivesBackChargersAsTheyWereWritten) {
    const auto plain = charger("CP-1");
    // What a charger may call itself: quotes, a NUL, bytes that are no UTF-8.
    auto odd = charger(std::string("CP'2\0\xFF", 6));
    odd.partner = "fleet";
    odd.minimum = 8_A;
    odd.floor = 0_A;
    odd.quantum = 0.1_A;
    odd.evse_count = 16;
    odd.phases = {Phase::kL1, Phase::kL3};
    odd.settle = 7'250ms;
    odd.keeps_profiles = true;
    odd.trust = TrustClass::kA;
    odd.rate_unit = RateUnit::kWatts;
    odd.schedule_periods = 24;
    odd.writes_per_day = 0;
    auto phaseless = charger("CP-3");
    phaseless.phases = {};
    for (const auto& each : {plain, odd, phaseless}) ASSERT_TRUE(write(control::PutCharger{each}));
    reopen();
    EXPECT_EQ(stored().chargers, (std::vector{odd, plain, phaseless}));
}

TEST_P(StoreContract, GivesBackWhenAPotentialFallsByItself) {
    ASSERT_TRUE(write(control::PutCharger{charger("CP-1")}));
    const control::PotentialRow leased{.evse = {ChargerId{"CP-1"}, 1},
                                       .potential = 16_A,
                                       .fallback = 6_A,
                                       .until = SteadyPoint{31min}};
    const control::PotentialRow lasting{.evse = {ChargerId{"CP-1"}, 2}, .potential = 32_A};
    ASSERT_TRUE(await<Done>([&](auto done) { store_->save_potentials({leased, lasting}, done); }));
    reopen();
    EXPECT_EQ(stored().potentials, (std::vector{leased, lasting}));
    EXPECT_FALSE(stored().from_backup);
}

TEST_P(StoreContract, AddsBoundariesToThoseOfARule) {
    auto change = PutRule{cap("a")};
    change.boundaries = {kStoreNoon + 1h};
    ASSERT_TRUE(write(change));
    const control::Boundary next{RuleId{"a"}, kGarage, kStoreNoon + 2h};
    for (int i = 0; i < 2; ++i)  // Twice: once is enough.
        ASSERT_TRUE(await<Done>([&](auto done) { store_->save_boundaries({next}, done); }));
    reopen();
    const auto claimed = await<std::vector<control::Boundary>>(
        [&](auto done) { store_->claim_boundaries(kStoreNoon + 2h, done); });
    ASSERT_TRUE(claimed);
    std::vector<TimePoint> due;
    for (const auto& each : *claimed)
        if (each.rule == RuleId{"a"}) due.push_back(each.due);
    EXPECT_EQ(std::count(due.begin(), due.end(), kStoreNoon + 1h), 1);
    EXPECT_EQ(std::count(due.begin(), due.end(), kStoreNoon + 2h), 1);
}

TEST_P(StoreContract, ForgetsThePotentialsOfADeletedCharger) {
    ASSERT_TRUE(write(control::PutCharger{charger("CP-1")}));
    const EvseId first{ChargerId{"CP-1"}, 1}, second{ChargerId{"CP-1"}, 2};
    const EvseId other{ChargerId{"CP-10"}, 1};
    ASSERT_TRUE(await<Done>([&](auto done) {
        store_->save_potentials({{first, 16_A}, {second, 6_A}, {other, 32_A}}, done);
    }));
    ASSERT_TRUE(write(control::DeleteCharger{ChargerId{"CP-1"}}));
    EXPECT_EQ(stored().potentials, (std::vector<control::PotentialRow>{{other, 32_A}}));
    EXPECT_TRUE(stored().chargers.empty());
    EXPECT_EQ(code(write(control::DeleteCharger{ChargerId{"CP-1"}})), Errc::kNotFound);
}

TEST_P(StoreContract, GivesBackRulesAsTheyWereWritten) {
    const auto limited = cap("a");
    const Rule paused{.id = RuleId{"b"},
                      .site = kGarage,
                      .kind = RuleKind::kPause,
                      .select = {SelectorKind::kPartner, "fleet"},
                      .limit = {},
                      .expires_at = {},
                      .reason = "",
                      .author = "",
                      .created_at = kStoreNoon + 1us};
    auto nothing = cap("c");
    nothing.limit = 0_A;  // A limit like any other, not "none".
    nothing.kind = RuleKind::kExclude;
    nothing.select = {};
    for (const auto& rule : {limited, paused, nothing}) ASSERT_TRUE(write(PutRule{rule}));
    reopen();
    EXPECT_EQ(stored().rules, (std::vector{limited, paused, nothing}));
}

TEST_P(StoreContract, GivesBackOpenTransactionsOnly) {
    const Transaction open{.id = 2'147'483'647,
                           .evse = {ChargerId{"CP-1"}, 2},
                           .id_tag = "04A2\0B",
                           .started_at = kStoreNoon + 123us,
                           .meter_start = WattHours::milli(1'234'567),
                           .own_id = "9c1d-Ã©"};
    Transaction over = open;
    over.id = 7;
    const auto save = [&](const Transaction& transaction) {
        return await<Done>([&](auto done) { store_->save_transaction(transaction, done); });
    };
    ASSERT_TRUE(save(open));
    ASSERT_TRUE(save(over));
    EXPECT_EQ(stored().open_transactions, (std::vector{over, open}));
    over.stopped_at = kStoreNoon + 1h;
    over.meter_stop = WattHours::of(9'000);
    over.stop_reason = "EVDisconnected";
    ASSERT_TRUE(save(over));
    reopen();
    EXPECT_EQ(stored().open_transactions, (std::vector{open}));
}

TEST_P(StoreContract, ReplacesThePotentialsThatAreNamedAndNoOthers) {
    const EvseId a{ChargerId{"CP-1"}, 1}, b{ChargerId{"CP-1"}, 2};
    const auto save = [&](std::vector<control::PotentialRow> rows) {
        return await<Done>([&](auto done) { store_->save_potentials(std::move(rows), done); });
    };
    const control::PotentialRow kept_out{.evse = b, .potential = 12.5_A, .kept_out = true};
    ASSERT_TRUE(save({{a, 16_A}, {b, 6_A}}));
    ASSERT_TRUE(save({kept_out}));
    ASSERT_TRUE(save({}));
    reopen();
    EXPECT_EQ(stored().potentials, (std::vector<control::PotentialRow>{{a, 16_A}, kept_out}));
}

// --- Versions, revisions, audit ------------------------------------------------------------

TEST_P(StoreContract, RefusesAVersionThatHasMovedOnAndWritesNothingOfIt) {
    EXPECT_EQ(code(write(PutRule{cap("a", 2)})), Errc::kConflict);  // Nothing to replace.
    ASSERT_EQ(value(write(PutRule{cap("a")})), 1);
    EXPECT_EQ(code(write(PutRule{cap("a")})), Errc::kConflict);
    ASSERT_EQ(value(write(PutRule{cap("a", 2)})), 2);
    EXPECT_EQ(code(write(PutRule{cap("a", 2)})), Errc::kConflict);
    EXPECT_EQ(code(write(PutRule{cap("a", 4)})), Errc::kConflict);
    ASSERT_EQ(value(write(PutRule{cap("a", 3)})), 3);
    const auto all = stored();
    EXPECT_EQ(all.rules, (std::vector{cap("a", 3)}));
    EXPECT_EQ(all.revision, 3);
    const auto rows =
        await<std::vector<control::AuditRow>>([&](auto done) { store_->audit(0, 100, done); });
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->size(), 3U);
}

TEST_P(StoreContract, AFailedWriteDoesNotSinkThoseThatAreCommittedWithIt) {
    // While the first write's callback holds the writer, the others gather in one transaction.
    std::promise<void> go;
    Pending<std::int64_t> good, bad, better;
    auto gone = go.get_future().share();
    store_->write(as_write(PutRule{cap("first")}), [gone](auto) { gone.wait(); });
    store_->write(as_write(PutRule{cap("good")}), good.callback());
    store_->write(as_write(PutRule{cap("good")}), bad.callback());
    store_->write(as_write(PutRule{cap("better")}), better.callback());
    go.set_value();
    EXPECT_EQ(value(good.get()), 2);
    EXPECT_EQ(code(bad.get()), Errc::kConflict);
    EXPECT_EQ(value(better.get()), 3);
    EXPECT_EQ(ids(stored().rules), (std::set<std::string>{"first", "good", "better"}));
}

TEST_P(StoreContract, WritesAnAuditRowForEachChange) {
    ASSERT_TRUE(write(control::PutSite{{.id = kGarage, .name = "Garage", .zone = "UTC"}}));
    clock_.advance(1h);
    ASSERT_TRUE(write(PutRule{cap("a")}));
    ASSERT_TRUE(write(control::DeleteRule{RuleId{"a"}}));
    reopen();
    const auto audit = [&](std::int64_t before, int limit) {
        auto rows = await<std::vector<control::AuditRow>>(
            [&](auto done) { store_->audit(before, limit, done); });
        return rows ? *std::move(rows) : std::vector<control::AuditRow>{};
    };
    const auto rows = audit(0, 10);
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[0].what, "delete rule");
    EXPECT_EQ(rows[1].what, "put rule");
    EXPECT_EQ(rows[1].revision, 2);
    EXPECT_EQ(rows[1].subject, "a");
    EXPECT_EQ(rows[1].author, "anna");
    EXPECT_EQ(rows[1].before, "");
    EXPECT_EQ(rows[1].after, R"({"limitA":10.5})");
    EXPECT_EQ(rows[1].at, kStoreNoon + 1h);
    EXPECT_EQ(rows[2].what, "put site");
    EXPECT_EQ(rows[2].at, kStoreNoon);

    EXPECT_EQ(audit(0, 1).at(0).revision, 3);
    EXPECT_EQ(audit(2, 10).at(0).revision, 1);
    EXPECT_TRUE(audit(1, 10).empty());
    EXPECT_TRUE(audit(0, 0).empty());
    EXPECT_TRUE(audit(0, -1).empty());
}

TEST_P(StoreContract, TellsTheHookBeforeTheCallbackWhatWasCommitted) {
    std::vector<std::string> heard;
    store_->on_commit([&](const control::Committed& committed) {
        heard.push_back("hook " + std::to_string(committed.revision));
        EXPECT_EQ(committed.site, kGarage);
        EXPECT_EQ(committed.accepted_at, SteadyPoint{5s});
        EXPECT_EQ(std::get<PutRule>(committed.change).rule, cap("a"));
    });
    const auto revision = await<std::int64_t>([&](auto done) {
        store_->write(as_write(PutRule{cap("a")}), [&heard, done](Result<std::int64_t> result) {
            heard.push_back("done " + std::to_string(*result));
            done(std::move(result));
        });
    });
    ASSERT_EQ(value(revision), 1);
    EXPECT_EQ(code(write(PutRule{cap("a")})), Errc::kConflict);  // And no hook.
    EXPECT_EQ(heard, (std::vector<std::string>{"hook 1", "done 1"}));
}

// --- Boundaries ----------------------------------------------------------------------------

TEST_P(StoreContract, HandsOutABoundaryOnceAndNotBeforeItsTime) {
    const auto claim = [&](TimePoint now) {
        auto due = await<std::vector<control::Boundary>>(
            [&](auto done) { store_->claim_boundaries(now, done); });
        EXPECT_EQ(problem(due), "");
        std::string rules;
        for (const auto& boundary : *due) {
            EXPECT_EQ(boundary.site, kGarage);
            rules += boundary.rule.str() + "@" + format_time(boundary.due).substr(11, 5) + " ";
        }
        return rules;
    };
    auto later = cap("later");
    later.expires_at = kStoreNoon + 2h;
    auto endless = cap("endless");
    endless.expires_at.reset();
    for (const auto& rule : {later, cap("a"), cap("changed"), cap("deleted"), endless})
        ASSERT_TRUE(write(PutRule{rule}));
    auto changed = cap("changed", 2);
    changed.expires_at = kStoreNoon + 30min;
    ASSERT_TRUE(write(PutRule{changed}));
    ASSERT_TRUE(write(control::DeleteRule{RuleId{"deleted"}}));
    EXPECT_EQ(code(write(control::DeleteRule{RuleId{"deleted"}})), Errc::kNotFound);

    EXPECT_EQ(claim(kStoreNoon + 30min - 1us), "");
    reopen();
    EXPECT_EQ(claim(kStoreNoon + 1h), "changed@12:30 a@13:00 ");
    EXPECT_EQ(claim(kStoreNoon + 1h), "");
    reopen();
    EXPECT_EQ(claim(kStoreNoon + 24h), "later@14:00 ");

    // A rule that loses its end loses its boundary.
    auto forever = changed;
    forever.version = 3;
    forever.expires_at.reset();
    auto again = later;
    again.version = 2;
    ASSERT_TRUE(write(PutRule{again}));
    ASSERT_TRUE(write(PutRule{forever}));
    EXPECT_EQ(claim(kStoreNoon + 24h), "later@14:00 ");
}

// --- Trouble -------------------------------------------------------------------------------

TEST_P(StoreContract, SaysBusyWhenTheQueueIsFullAndTakesMoreAfterwards) {
    reopen(4);
    std::promise<void> entered, go;
    auto gone = go.get_future().share();
    store_->write(as_write(PutRule{cap("first")}), [&entered, gone](auto) {
        entered.set_value();
        gone.wait();
    });
    entered.get_future().wait();
    std::vector<Pending<std::int64_t>> fits(4);
    for (std::size_t i = 0; i < fits.size(); ++i)
        store_->write(as_write(PutRule{cap("fits-" + std::to_string(i))}), fits[i].callback());
    // Answered though the writer is held up, and not inside the call.
    const auto caller = std::this_thread::get_id();
    Pending<std::int64_t> refused;
    store_->write(as_write(PutRule{cap("refused")}),
                  [caller, done = refused.callback()](Result<std::int64_t> result) {
                      EXPECT_NE(std::this_thread::get_id(), caller);
                      done(std::move(result));
                  });
    EXPECT_EQ(code(refused.get()), Errc::kBusy);
    go.set_value();
    for (auto& pending : fits) EXPECT_EQ(problem(pending.get()), "");
    EXPECT_EQ(problem(write(PutRule{cap("after")})), "");
    EXPECT_FALSE(ids(stored().rules).contains("refused"));
}

TEST_P(StoreContract, AnswersUnavailableWhenTheDiskFailsAndGoesOnWhenItIsBack) {
    ASSERT_EQ(value(write(PutRule{cap("before")})), 1);
    int hooks = 0;
    reopen();
    store_->on_commit([&](const control::Committed&) { ++hooks; });
    home_->break_disk();
    std::vector<Result<std::int64_t>> failed;
    for (const auto* id : {"lost-1", "lost-2"}) failed.push_back(write(PutRule{cap(id)}));
    const auto potentials = await<Done>([&](auto done) {
        store_->save_potentials({{{ChargerId{"CP-1"}, 1}, 16_A}}, done);
    });
    home_->mend_disk();
    for (const auto& result : failed) EXPECT_EQ(code(result), Errc::kUnavailable);
    EXPECT_EQ(code(potentials), Errc::kUnavailable);
    EXPECT_EQ(hooks, 0);
    EXPECT_EQ(value(write(PutRule{cap("after")})), 2);
    EXPECT_EQ(hooks, 1);
    reopen();
    EXPECT_EQ(ids(stored().rules), (std::set<std::string>{"before", "after"}));
    EXPECT_TRUE(stored().potentials.empty());
}

TEST_P(StoreContract, WritesWhatIsQueuedBeforeItCloses) {
    std::vector<Pending<std::int64_t>> pending(200);
    for (std::size_t i = 0; i < pending.size(); ++i)
        store_->write(as_write(PutRule{cap(std::to_string(i))}), pending[i].callback());
    reopen();
    for (auto& each : pending) EXPECT_EQ(problem(each.get()), "");
    EXPECT_EQ(stored().rules.size(), pending.size());
}

// --- kill -9 -------------------------------------------------------------------------------

namespace {

// Writes rules as fast as it can, and says on `pipe` which ones were acknowledged. Never returns.
[[noreturn]] void write_until_killed(StoreHome& home, const Clock& clock, int pipe) {
    const auto store = home.open(clock);
    for (std::int32_t i = 0;; ++i) {
        Pending<std::int64_t> last;
        for (std::int32_t k = 0; k < 8; ++k) {
            const std::int32_t number = i * 8 + k;
            store->write(as_write(PutRule{cap(std::to_string(number))}),
                         [number, pipe, done = last.callback(), k](Result<std::int64_t> result) {
                             if (!result || ::write(pipe, &number, sizeof number) != sizeof number)
                                 ::_exit(1);
                             if (k == 7) done(std::move(result));
                         });
        }
        if (!last.get()) ::_exit(1);
    }
}

}  // namespace

TEST_P(StoreContract, FindsEverythingAcknowledgedAfterKillNine) {
    store_.reset();  // No threads and no lock while we fork.
    std::set<std::string> acknowledged;
    for (const std::size_t enough : {1U, 40U, 400U}) {
        const auto home = GetParam().make_home();
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        const auto child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            ::close(ends[0]);
            write_until_killed(*home, clock_, ends[1]);
        }
        ::close(ends[1]);
        acknowledged.clear();
        std::int32_t number = 0;
        while (::read(ends[0], &number, sizeof number) == sizeof number) {
            acknowledged.insert(std::to_string(number));
            if (acknowledged.size() == enough) ::kill(child, SIGKILL);
        }
        ::close(ends[0]);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the child failed";

        store_ = home->open(clock_);
        ASSERT_NE(store_, nullptr);
        const auto all = stored();
        const auto found = ids(all.rules);
        ASSERT_GE(acknowledged.size(), enough);
        for (const auto& id : acknowledged) EXPECT_TRUE(found.contains(id)) << id;
        // Rule, revision, audit row and boundary came together or not at all.
        EXPECT_EQ(all.revision, static_cast<std::int64_t>(found.size()));
        const auto due = await<std::vector<control::Boundary>>(
            [&](auto done) { store_->claim_boundaries(kStoreNoon + 1h, done); });
        const auto audit = await<std::vector<control::AuditRow>>(
            [&](auto done) { store_->audit(0, 1'000'000, done); });
        ASSERT_TRUE(due && audit);
        EXPECT_EQ(due->size(), found.size());
        EXPECT_EQ(audit->size(), found.size());
        store_.reset();
    }
}

// --- Many threads --------------------------------------------------------------------------

TEST_P(ConcurrencyStore, CallsBackEveryWriteOnceAndTheHookInOrderOfRevisions) {
    constexpr int kThreads = 4, kWrites = 250;
    reopen(300);  // Small enough to be full at times.
    std::int64_t last_hook = 0;
    std::set<std::int64_t> hooked;
    store_->on_commit([&](const control::Committed& committed) {
        EXPECT_EQ(committed.revision, last_hook + 1);
        last_hook = committed.revision;
        hooked.insert(committed.revision);
    });
    std::mutex mutex;
    std::condition_variable all_back;
    std::map<std::string, int> calls;
    std::set<std::int64_t> revisions;
    int back = 0, busy = 0;
    const auto hears = [&](const std::string& id, const Result<std::int64_t>& result) {
        const std::lock_guard lock(mutex);
        if (result) {
            EXPECT_TRUE(revisions.insert(*result).second);
        } else {
            EXPECT_EQ(result.error().code, Errc::kBusy);
            ++busy;
        }
        ++calls[id];
        if (++back == kThreads * kWrites) all_back.notify_all();
    };
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < kWrites; ++i) {
                const auto id = std::to_string(t) + "/" + std::to_string(i);
                store_->write(as_write(PutRule{cap(id)}),
                              [&hears, id](const Result<std::int64_t>& r) { hears(id, r); });
            }
        });
    for (auto& thread : threads) thread.join();
    {
        std::unique_lock lock(mutex);
        ASSERT_TRUE(all_back.wait_for(lock, 60s, [&] { return back == kThreads * kWrites; }));
        for (const auto& [id, count] : calls) EXPECT_EQ(count, 1) << id;
    }
    const auto all = stored();
    EXPECT_EQ(all.revision, kThreads * kWrites - busy);
    EXPECT_EQ(all.rules.size(), revisions.size());
    store_.reset();  // The writing thread is gone: `hooked` is ours.
    EXPECT_EQ(hooked, revisions);
}

TEST_P(ConcurrencyStore, ReadsWhileItWrites) {
    std::vector<Pending<std::int64_t>> writes(300);
    std::thread writer([&] {
        for (std::size_t i = 0; i < writes.size(); ++i)
            store_->write(as_write(PutRule{cap(std::to_string(i))}), writes[i].callback());
    });
    std::int64_t newest = 0;
    for (int i = 0; i < 50; ++i) {
        const auto rows =
            await<std::vector<control::AuditRow>>([&](auto done) { store_->audit(0, 1, done); });
        ASSERT_EQ(problem(rows), "");
        if (rows->empty()) continue;
        EXPECT_GE(rows->front().revision, newest);
        newest = rows->front().revision;
    }
    writer.join();
    for (auto& write : writes) EXPECT_EQ(problem(write.get()), "");
}

}  // namespace busbar::store
