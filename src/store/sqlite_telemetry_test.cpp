#include "store/sqlite_telemetry.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "store/test_support.hpp"

namespace busbar::store {
namespace {

using namespace std::chrono_literals;
using telemetry::MeterReading;
using telemetry::Reading;
using telemetry::VehicleReading;

const TimePoint kDayStart = *parse_time("2026-02-10T00:00:00Z");

MeterReading meter(std::string id, Duration since, std::int64_t energy_wh) {
    return {.meter = MeterId{std::move(id)},
            .energy = WattHours::of(energy_wh),
            .voltage = Volts::milli(229'900),
            .at = kDayStart + since};
}
VehicleReading vehicle(std::string id, Duration since, std::int64_t energy_wh,
                       std::optional<MeterId> charger = {}) {
    return {.vehicle = VehicleId{std::move(id)},
            .charger = std::move(charger),
            .soc_milli_pct = 55'500,
            .energy = WattHours::of(energy_wh),
            .battery_milli_celsius = -1'250,
            .at = kDayStart + since};
}

class SqliteTelemetryTest : public testing::Test {
protected:
    SqliteTelemetryTest() { reopen(); }

    void reopen(WriterLimits limits = SqliteTelemetry::kLimits) {
        store_.reset();
        auto store = SqliteTelemetry::open(folder_ / "telemetry.db", clock_, limits);
        ASSERT_EQ(problem(store), "");
        store_ = *std::move(store);
    }
    Status append(std::vector<Reading> readings) {
        return await<Done>([&](auto done) { store_->append(std::move(readings), done); });
    }
    std::vector<MeterReading> meters() {
        return *await<std::vector<MeterReading>>([&](auto done) { store_->meter_status(done); });
    }
    std::vector<VehicleReading> vehicles() {
        return *await<std::vector<VehicleReading>>(
            [&](auto done) { store_->vehicle_status(done); });
    }
    Result<telemetry::Performance> performance(const std::string& id, TimePoint from = kDayStart,
                                               TimePoint to = kDayStart + 24h) {
        return await<telemetry::Performance>(
            [&](auto done) { store_->performance(VehicleId{id}, from, to, done); });
    }
    std::int64_t rows(std::string_view sql) {
        auto db = *Connection::open(folder_ / "telemetry.db", Access::kReadOnly);
        return db->integer(sql)->value_or(-1);
    }

    TempFolder folder_;
    ManualClock clock_{kDayStart + 12h};
    std::unique_ptr<SqliteTelemetry> store_;
};

TEST_F(SqliteTelemetryTest, GivesBackTheNewestOfEachDeviceAsItWasSent) {
    auto with_register = meter("M-2", 11h, 250);
    with_register.energy_register = WattHours::milli(910'000'083);
    const auto plain = meter("M-1", 11h, 0);
    const auto parked = vehicle("V-1", 11h, 210);
    const auto charging = vehicle("V-2", 11h, 210, MeterId{"M-1"});
    ASSERT_TRUE(append({with_register, charging, plain, parked}));
    reopen();
    EXPECT_EQ(meters(), (std::vector{plain, with_register}));
    EXPECT_EQ(vehicles(), (std::vector{parked, charging}));
}

TEST_F(SqliteTelemetryTest, LateReadingsEnterHistoryButNotTheHotState) {
    ASSERT_TRUE(append({meter("M-1", 11h, 3), vehicle("V-1", 11h, 3, MeterId{"M-1"})}));
    ASSERT_TRUE(append({meter("M-1", 10h, 5), vehicle("V-1", 10h, 5, MeterId{"M-1"})}));
    EXPECT_EQ(meters(), (std::vector{meter("M-1", 11h, 3)}));
    EXPECT_EQ(vehicles(), (std::vector{vehicle("V-1", 11h, 3, MeterId{"M-1"})}));
    const auto day = performance("V-1");
    ASSERT_TRUE(day);
    EXPECT_EQ(day->ac_consumed, WattHours::of(8));
    EXPECT_EQ(day->dc_delivered, WattHours::of(8));
    EXPECT_EQ(day->data_points, 2);
}

TEST_F(SqliteTelemetryTest, StoresAReadingThatComesTwiceOnceAndACorrectionInItsPlace) {
    const auto first = vehicle("V-1", 11h, 3, MeterId{"M-1"});
    ASSERT_TRUE(append({meter("M-1", 11h, 4), first, first}));
    ASSERT_TRUE(append({meter("M-1", 11h, 4), first}));
    EXPECT_EQ(performance("V-1")->dc_delivered, WattHours::of(3));
    EXPECT_EQ(performance("V-1")->data_points, 1);
    const auto corrected = vehicle("V-1", 11h, 2, MeterId{"M-1"});
    ASSERT_TRUE(append({corrected}));
    EXPECT_EQ(performance("V-1")->dc_delivered, WattHours::of(2));
    EXPECT_EQ(performance("V-1")->efficiency_e4, 5'000);
    EXPECT_EQ(vehicles(), (std::vector{corrected}));
}

TEST_F(SqliteTelemetryTest, AClockThatIsAheadCannotFreezeTheHotState) {
    ASSERT_TRUE(append({meter("M-1", 12h + 5min, 1)}));  // Just within what is believed.
    ASSERT_TRUE(append({meter("M-1", 12h + 5min + 1us, 1'000), meter("M-2", 20h, 1'000),
                        vehicle("V-1", 20h, 1'000, MeterId{"M-1"}), vehicle("V-1", 11h, 1)}));
    EXPECT_EQ(meters(), (std::vector{meter("M-1", 12h + 5min, 1)}));
    EXPECT_EQ(vehicles(), (std::vector{vehicle("V-1", 11h, 1)}));
    clock_.advance(1h);
    ASSERT_TRUE(append({meter("M-1", 13h, 2)}));
    EXPECT_EQ(meters(), (std::vector{meter("M-1", 13h, 2)}));
    // Kept, but in no sum, even when its time has come.
    EXPECT_EQ(performance("V-1")->dc_delivered, WattHours::of(1));
    EXPECT_EQ(rows("SELECT count(*) FROM meter_readings WHERE suspect = 1"), 2);
}

TEST_F(SqliteTelemetryTest, TwoVehiclesThatShareAChargerDoNotShareItsEnergy) {
    std::vector<Reading> readings;
    for (auto at = 9h + 1min; at <= 11h; at += 1min) readings.push_back(meter("M-1", at, 100));
    for (auto at = 9h + 5min; at <= 11h; at += 5min)
        readings.push_back(vehicle(at <= 10h ? "V-1" : "V-2", at, 400, MeterId{"M-1"}));
    ASSERT_TRUE(append(readings));
    for (const auto* id : {"V-1", "V-2"}) {
        const auto day = performance(id);
        ASSERT_TRUE(day);
        EXPECT_EQ(day->ac_consumed, WattHours::of(6'000)) << id;
        EXPECT_EQ(day->efficiency_e4, 8'000) << id;
        EXPECT_EQ(day->meter, MeterId{"M-1"});
        EXPECT_EQ(day->battery_milli_celsius, -1'250);
    }
}

TEST_F(SqliteTelemetryTest, AnswersForTheWindowAsked) {
    ASSERT_TRUE(append({vehicle("V-1", 10h, 1), vehicle("V-1", 11h, 10)}));
    const auto dc = [&](Duration from, Duration to) {
        return performance("V-1", kDayStart + from, kDayStart + to)->dc_delivered;
    };
    EXPECT_EQ(dc(9h, 10h), WattHours::of(1));
    EXPECT_EQ(dc(10h, 11h), WattHours::of(10));
    EXPECT_EQ(dc(10h, 11h - 1us), WattHours{});
    EXPECT_EQ(dc(12h, 9h), WattHours{});
    EXPECT_EQ(performance("V-1", kDayStart, kDayStart + 1h)->data_points, 0);
    EXPECT_EQ(code(performance("V-9")), Errc::kNotFound);
}

TEST_F(SqliteTelemetryTest, UsesTheMapForVehiclesWhoseReadingsNameNoCharger) {
    ASSERT_TRUE(append({meter("M-1", 10h, 400), meter("M-2", 10h, 600), meter("M-3", 10h, 9),
                        vehicle("V-1", 10h, 900)}));
    EXPECT_EQ(performance("V-1")->ac_consumed, WattHours{});
    EXPECT_FALSE(performance("V-1")->efficiency_e4);
    EXPECT_FALSE(performance("V-1")->meter);
    const auto map = [&](std::vector<MeterId> to) {
        return await<Done>(
            [&](auto done) { store_->map_vehicle(VehicleId{"V-1"}, std::move(to), done); });
    };
    ASSERT_TRUE(map({MeterId{"M-3"}}));
    ASSERT_TRUE(map({MeterId{"M-2"}, MeterId{"M-1"}, MeterId{"M-2"}}));
    reopen();
    EXPECT_EQ(performance("V-1")->ac_consumed, WattHours::of(1'000));
    EXPECT_EQ(performance("V-1")->efficiency_e4, 9'000);
    EXPECT_EQ(performance("V-1")->meter, MeterId{"M-2"});
}

TEST_F(SqliteTelemetryTest, NoQuestionReadsAWholeTable) {
    auto db = *Connection::open(folder_ / "telemetry.db", Access::kReadWrite);
    for (const auto question : performance_questions()) {
        // Values do not matter for the plan; literals save binding a varying number of them.
        auto sql = "EXPLAIN QUERY PLAN " + std::string(question);
        for (auto at = sql.find('?'); at != std::string::npos; at = sql.find('?'))
            sql.replace(at, 1, "'x'");
        int searches = 0;
        ASSERT_TRUE(db->each(sql, {}, [&](const Row& row) -> Status {
            const auto step = row.text(3);
            EXPECT_EQ(step.find("SCAN"), std::string::npos) << sql << "\n" << step;
            EXPECT_EQ(step.find("TEMP B-TREE"), std::string::npos) << sql << "\n" << step;
            if (step.find("SEARCH") == 0 && step.find("USING") != std::string::npos) ++searches;
            return Done{};
        }));
        EXPECT_EQ(searches, 1) << sql;
    }
}

TEST_F(SqliteTelemetryTest, DropsHistoryThatIsOlderThanNinetyDaysBitByBit) {
    std::vector<Reading> old, kept;
    for (int i = 0; i < 3'000; ++i) old.push_back(meter("M-1", 1s * i, 1));
    for (int i = 0; i < 100; ++i) old.push_back(vehicle("V-" + std::to_string(i), 1h, 1));
    ASSERT_TRUE(append(old));
    clock_.advance(91 * 24h);
    for (const auto* id : {"M-1", "M-2"}) kept.push_back(meter(id, 2 * 24h, 1));
    ASSERT_TRUE(append(kept));
    for (int i = 0; i < 8; ++i) {
        clock_.advance(1s);
        ASSERT_TRUE(append({meter("M-1", 91 * 24h + 12h + 1s * i, 1)}));
    }
    ASSERT_TRUE(append({}));  // The last sweep was queued before it.
    EXPECT_EQ(rows("SELECT count(*) FROM meter_readings"), 10);
    EXPECT_EQ(rows("SELECT count(*) FROM vehicle_readings"), 0);
    EXPECT_EQ(vehicles().size(), 100U);
    EXPECT_EQ(performance("V-7")->data_points, 0);
}

TEST_F(SqliteTelemetryTest, OurOwnClockJumpingAheadDeletesNothing) {
    ASSERT_TRUE(append({meter("M-1", 11h, 1)}));
    clock_.jump_wall(10 * 365 * 24h);
    for (int i = 0; i < 3; ++i) {
        clock_.advance(1s);
        ASSERT_TRUE(append({meter("M-1", 12h + 1s * i, 1)}));
    }
    ASSERT_TRUE(append({}));
    EXPECT_EQ(rows("SELECT count(*) FROM meter_readings"), 4);
}

TEST_F(SqliteTelemetryTest, RefusesWhatTheQueueCannotHold) {
    reopen({.queued = 10, .transaction = 10});
    EXPECT_EQ(code(append(std::vector<Reading>(11, meter("M-1", 1h, 1)))), Errc::kTooLarge);
    std::promise<void> entered, go;
    auto gone = go.get_future().share();
    store_->append({}, [&entered, gone](auto) {
        entered.set_value();
        gone.wait();
    });
    entered.get_future().wait();
    Pending<Done> fits;
    store_->append(std::vector<Reading>(8, meter("M-1", 1h, 1)), fits.callback());
    EXPECT_EQ(code(append(std::vector<Reading>(3, meter("M-2", 1h, 1)))), Errc::kBusy);
    go.set_value();
    EXPECT_EQ(problem(fits.get()), "");
    EXPECT_EQ(meters().size(), 1U);  // Of the refused ones none.
}

TEST_F(SqliteTelemetryTest, RefusesASecondServerOnTheSameData) {
    const auto second = SqliteTelemetry::open(folder_ / "telemetry.db", clock_);
    EXPECT_EQ(code(second), Errc::kConflict);
}

TEST_F(SqliteTelemetryTest, FindsEveryAcknowledgedReadingAfterKillNine) {
    store_.reset();  // No threads and no lock while we fork.
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        reopen();
        for (std::int32_t i = 0;; ++i) {
            // Two that must come together.
            std::vector<Reading> pair{meter("M-1", 1ms * i, 1), meter("M-2", 1ms * i, 1)};
            if (!append(std::move(pair))) ::_exit(1);
            if (::write(ends[1], &i, sizeof i) != sizeof i) ::_exit(1);
        }
    }
    ::close(ends[1]);
    std::int32_t number = 0, acknowledged = 0;
    while (::read(ends[0], &number, sizeof number) == sizeof number)
        if (++acknowledged == 200) ::kill(child, SIGKILL);
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the child failed";
    reopen();
    const auto first = rows("SELECT count(*) FROM meter_readings WHERE meter = 'M-1'");
    EXPECT_GE(first, acknowledged);
    EXPECT_EQ(rows("SELECT count(*) FROM meter_readings WHERE meter = 'M-2'"), first);
    EXPECT_EQ(meters().at(0).at, kDayStart + 1ms * (first - 1));
}

class ConcurrencyTelemetry : public SqliteTelemetryTest {};

TEST_F(ConcurrencyTelemetry, TakesReadingsFromManyThreadsWhileItIsAsked) {
    constexpr int kThreads = 4, kAppends = 100;
    std::vector<Pending<Done>> pending(kThreads * kAppends);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < kAppends; ++i)
                store_->append({vehicle("V-" + std::to_string(t), 1s * i, 1),
                                meter("M-" + std::to_string(t), 1s * i, 1)},
                               pending[static_cast<std::size_t>(t * kAppends + i)].callback());
        });
    for (int i = 0; i < 20; ++i) EXPECT_LE(meters().size(), 4U);
    for (auto& thread : threads) thread.join();
    for (auto& each : pending) ASSERT_EQ(problem(each.get()), "");
    EXPECT_EQ(meters().size(), 4U);
    EXPECT_EQ(performance("V-0", kDayStart - 1s)->data_points, kAppends);
}

}  // namespace
}  // namespace busbar::store
