#include "store/sqlite_store.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>

#include "store/migrations.hpp"
#include "store/store_contract.hpp"
#include "store/test_support.hpp"

namespace busbar::store {
namespace {

using namespace std::chrono_literals;

// A disk on which this process can write nothing: no file may grow past its first byte.
class BrokenDisk {
public:
    BrokenDisk() : before_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &room_);
        const rlimit none{1, room_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &none);
    }
    ~BrokenDisk() {
        ::setrlimit(RLIMIT_FSIZE, &room_);
        std::signal(SIGXFSZ, before_);
    }
    BrokenDisk(const BrokenDisk&) = delete;
    BrokenDisk& operator=(const BrokenDisk&) = delete;

private:
    rlimit room_{};
    void (*before_)(int);
};

class SqliteHome final : public StoreHome {
public:
    std::unique_ptr<control::Store> open(const Clock& clock, std::size_t queued) override {
        auto store = SqliteStore::open(folder_ / "control.db", clock, {.queued = queued});
        EXPECT_EQ(problem(store), "");
        if (!store) return nullptr;
        return *std::move(store);
    }
    void break_disk() override { broken_.emplace(); }
    void mend_disk() override { broken_.reset(); }

private:
    TempFolder folder_;
    std::optional<BrokenDisk> broken_;
};

constexpr StoreEngine kSqlite{
    "SQLite", []() -> std::unique_ptr<StoreHome> { return std::make_unique<SqliteHome>(); }};

const ManualClock kStill{TimePoint{}};

// Why a store cannot be opened there, as a person reads it.
std::string refusal(const std::filesystem::path& path) {
    const auto store = SqliteStore::open(path, kStill);
    return store ? "opened" : store.error().message;
}

bool mentions(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract, testing::Values(kSqlite));
// No prefix: the suite's name must begin with Concurrency.
INSTANTIATE_TEST_SUITE_P(, ConcurrencyStore, testing::Values(kSqlite));

TEST(SqliteStore, SaysWhereAndWhyItCannotOpen) {
    const TempFolder folder;
    EXPECT_TRUE(mentions(refusal(folder / "missing" / "control.db"), "missing/control.db"));
    EXPECT_TRUE(mentions(refusal(folder / "missing" / "control.db"), "No such file"));
    std::ofstream(folder / "file") << "x";
    EXPECT_TRUE(mentions(refusal(folder / "file" / "control.db"), "Not a directory"));

    std::ofstream(folder / "letter.db") << std::string(20'000, 'x');
    const auto letter = refusal(folder / "letter.db");
    EXPECT_TRUE(mentions(letter, "letter.db: file is not a database")) << letter;
}

TEST(SqliteStore, RefusesAFileOfANewerBusbarAndLeavesItAsItIs) {
    const TempFolder folder;
    ASSERT_EQ(refusal(folder / "control.db"), "opened");
    {
        auto db = *Connection::open(folder / "control.db", Access::kReadWrite);
        ASSERT_TRUE(db->script("UPDATE busbar_schema SET version = 99"));
    }
    const auto store = SqliteStore::open(folder / "control.db", kStill);
    ASSERT_EQ(code(store), Errc::kConflict);
    EXPECT_TRUE(mentions(store.error().message, "control.db: has schema version 99"));
    EXPECT_TRUE(mentions(store.error().message, "start the newer busbar"));
}

TEST(SqliteStore, RefusesDatabasesThatAreNotItsOwn) {
    const TempFolder folder;
    {
        auto db = *Connection::open(folder / "books.db", Access::kReadWrite);
        ASSERT_TRUE(db->script("CREATE TABLE books (title TEXT)"));
        auto telemetry = *Connection::open(folder / "telemetry.db", Access::kReadWrite);
        const std::array steps{"CREATE TABLE readings (value INTEGER)"};
        ASSERT_TRUE(migrate(*telemetry, "telemetry", steps));
    }
    EXPECT_TRUE(mentions(refusal(folder / "books.db"), "not one of busbar's"));
    EXPECT_TRUE(mentions(refusal(folder / "telemetry.db"), "holds busbar's telemetry data"));
    auto db = *Connection::open(folder / "books.db", Access::kReadOnly);
    std::string mode;
    ASSERT_TRUE(db->each("PRAGMA journal_mode", {}, [&](const Row& row) -> Status {
        mode = row.text(0);
        return Done{};
    }));
    EXPECT_EQ(mode, "delete");
}

TEST(SqliteStore, RefusesASecondServerOnTheSameData) {
    const TempFolder folder;
    auto first = SqliteStore::open(folder / "control.db", kStill);
    ASSERT_TRUE(first);
    const auto second = SqliteStore::open(folder / "control.db", kStill);
    ASSERT_EQ(code(second), Errc::kConflict);
    EXPECT_TRUE(mentions(second.error().message, "control.db: in use by another busbar (process " +
                                                     std::to_string(::getpid()) + ")"))
        << second.error().message;
    first->reset();
    EXPECT_EQ(refusal(folder / "control.db"), "opened");
}

TEST(SqliteStore, KeepsItsFilesToTheirOwner) {
    const TempFolder folder;
    const auto store = SqliteStore::open(folder / "control.db", kStill);
    ASSERT_TRUE(store);
    for (const auto* name : {"control.db", "control.db-wal", "control.db.lock"}) {
        struct stat status {};
        ASSERT_EQ(::stat((folder / name).c_str(), &status), 0) << name;
        EXPECT_EQ(status.st_mode & 0777U, 0600U) << name;
    }
}

TEST(SqliteStore, IsDurableAndUsesLargePages) {
    const TempFolder folder;
    auto db = *Connection::open(folder / "x.db", Access::kReadWrite);
    ASSERT_TRUE(db->use_write_ahead_log());
    EXPECT_EQ(*db->integer("PRAGMA synchronous"), 2);  // FULL
    EXPECT_EQ(*db->integer("PRAGMA page_size"), 8192);
}

TEST(SqliteStore, CommitsWhatQueuedTogetherAtOnce) {
    const TempFolder folder;
    auto store = *SqliteStore::open(folder / "control.db", kStill);
    std::promise<void> entered, go;
    auto gone = go.get_future().share();
    store->save_potentials({}, [&entered, gone](auto) {
        entered.set_value();
        gone.wait();
    });
    entered.get_future().wait();
    std::vector<Pending<Done>> pending(50);
    for (auto& each : pending) store->save_potentials({}, each.callback());
    EXPECT_EQ(store->stats().queue_depth, 50U);
    go.set_value();
    for (auto& each : pending) EXPECT_EQ(problem(each.get()), "");
    const auto stats = store->stats();
    EXPECT_EQ(stats.commits, 2);
    EXPECT_EQ(stats.jobs, 51);
    EXPECT_EQ(stats.failed_commits, 0);
    EXPECT_EQ(stats.queue_depth, 0U);
}

TEST(SqliteStore, MovesItsLogIntoTheFileBeforeItGrowsLong) {
    const TempFolder folder;
    auto store = *SqliteStore::open(folder / "control.db", kStill);
    const std::string long_text(200'000, 'x');
    for (int i = 0; i < 120; ++i) {
        const auto written = await<std::int64_t>([&](auto done) {
            store->write({.site = SiteId{"s"},
                          .change = control::PutSite{{.id = SiteId{"s"}, .name = "n"}},
                          .author = "",
                          .before = "",
                          .after = long_text,
                          .accepted_at = {}},
                         done);
        });
        ASSERT_TRUE(written);
    }
    EXPECT_LT(std::filesystem::file_size(folder / "control.db-wal"), 12'000'000U);
}

// What an operator puts back from a backup says nothing of what was sent since it was made.
TEST(SqliteStore, KnowsAnOlderCopyThatWasPutBack) {
    const TempFolder folder;
    const auto file = folder / "control.db";
    // The database is the file and its log.
    const auto copy = [&](const std::filesystem::path& from, const std::filesystem::path& to) {
        for (const auto* part : {"", "-wal"}) {
            const auto source = std::filesystem::path(from).concat(part);
            const auto target = std::filesystem::path(to).concat(part);
            std::filesystem::remove(target);
            if (std::filesystem::exists(source)) std::filesystem::copy_file(source, target);
        }
        std::filesystem::remove(std::filesystem::path(to).concat("-shm"));
    };
    const auto from_backup = [&] {
        auto store = SqliteStore::open(file, kStill);
        EXPECT_EQ(problem(store), "");
        const auto stored = (*store)->load();
        return stored && stored->from_backup;
    };
    EXPECT_FALSE(from_backup());  // New.
    EXPECT_FALSE(from_backup());  // And opened once more.
    copy(file, folder / "backup.db");
    EXPECT_FALSE(from_backup());
    copy(folder / "backup.db", file);
    EXPECT_TRUE(from_backup());
    EXPECT_FALSE(from_backup());
    std::filesystem::remove(folder / "control.db.mark");  // Moved here without it.
    EXPECT_TRUE(from_backup());
}

TEST(Migrations, StepFromAnyVersionToTheNewest) {
    const TempFolder folder;
    const std::array steps{"CREATE TABLE a (x INTEGER)", "INSERT INTO a VALUES (1)",
                           "INSERT INTO a VALUES (2)"};
    for (const std::size_t version : {1U, 1U, 3U, 3U}) {
        auto db = *Connection::open(folder / "x.db", Access::kReadWrite);
        ASSERT_EQ(problem(migrate(*db, "x", std::span(steps).first(version))), "");
        EXPECT_EQ(*db->integer("SELECT count(*) FROM a"), static_cast<std::int64_t>(version - 1));
    }
}

TEST(Migrations, AStepThatFailsLeavesTheVersionBefore) {
    const TempFolder folder;
    const std::array steps{"CREATE TABLE a (x INTEGER)",
                           "INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)"};
    auto db = *Connection::open(folder / "x.db", Access::kReadWrite);
    const auto status = migrate(*db, "x", steps);
    EXPECT_EQ(problem(status), "to schema version 2: no such table: b");
    EXPECT_EQ(*db->integer("SELECT version FROM busbar_schema"), 1);
    EXPECT_EQ(*db->integer("SELECT count(*) FROM a"), 0);
}

}  // namespace busbar::store
