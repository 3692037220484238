// Databases of every version there was: what they hold is there in the newest, with what was new
// at its default.
#include <gtest/gtest.h>

#include "store/control_rows.hpp"
#include "store/migrations.hpp"
#include "store/sqlite_store.hpp"
#include "store/test_support.hpp"

namespace busbar::store {
namespace {

using namespace std::chrono_literals;

// As busbar 0.1 made it: kept here, so that nobody edits a step that is out in the field.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE busbar_schema (kind TEXT NOT NULL, version INTEGER NOT NULL) STRICT;
INSERT INTO busbar_schema VALUES ('control', 1);
CREATE TABLE sites (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, zone TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE circuits (
    id TEXT PRIMARY KEY, site TEXT NOT NULL, parent TEXT, name TEXT NOT NULL,
    breaker_l1_ma INTEGER NOT NULL, breaker_l2_ma INTEGER NOT NULL,
    breaker_l3_ma INTEGER NOT NULL, safety_pct INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE chargers (
    id TEXT PRIMARY KEY, circuit TEXT NOT NULL, name TEXT NOT NULL, partner TEXT NOT NULL,
    maximum_ma INTEGER NOT NULL, minimum_ma INTEGER NOT NULL, floor_ma INTEGER NOT NULL,
    quantum_ma INTEGER NOT NULL, evse_count INTEGER NOT NULL, phases TEXT NOT NULL,
    settle_us INTEGER NOT NULL, keeps_profiles INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE rules (
    id TEXT PRIMARY KEY, site TEXT NOT NULL, kind TEXT NOT NULL, select_kind TEXT NOT NULL,
    select_name TEXT NOT NULL, limit_ma INTEGER, expires_at_us INTEGER, reason TEXT NOT NULL,
    author TEXT NOT NULL, version INTEGER NOT NULL, created_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE boundaries (
    rule TEXT PRIMARY KEY, site TEXT NOT NULL, due_us INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX boundaries_by_time ON boundaries (due_us);
CREATE TABLE transactions (
    id INTEGER PRIMARY KEY, charger TEXT NOT NULL, evse INTEGER NOT NULL, id_tag TEXT NOT NULL,
    started_at_us INTEGER NOT NULL, meter_start_mwh INTEGER NOT NULL, stopped_at_us INTEGER,
    meter_stop_mwh INTEGER NOT NULL, stop_reason TEXT NOT NULL) STRICT;
CREATE INDEX transactions_open ON transactions (id) WHERE stopped_at_us IS NULL;
CREATE TABLE potentials (
    charger TEXT NOT NULL, evse INTEGER NOT NULL, potential_ma INTEGER NOT NULL,
    PRIMARY KEY (charger, evse)) STRICT, WITHOUT ROWID;
CREATE TABLE audit (
    revision INTEGER PRIMARY KEY, site TEXT NOT NULL, at_us INTEGER NOT NULL,
    author TEXT NOT NULL, what TEXT NOT NULL, subject TEXT NOT NULL, before TEXT NOT NULL,
    after TEXT NOT NULL) STRICT;
CREATE TABLE revision (
    only INTEGER PRIMARY KEY CHECK (only = 1), value INTEGER NOT NULL) STRICT;
INSERT INTO revision VALUES (1, 4);
INSERT INTO sites VALUES ('garage', 'Garage', 'Europe/Berlin');
INSERT INTO circuits VALUES ('feeder', 'garage', NULL, 'Feeder', 63000, 50000, 63000, 7);
INSERT INTO chargers VALUES
    ('CP-1', 'feeder', 'Door', 'acme', 32000, 8000, 0, 100, 2, 'L1+L3', 7250000, 1);
INSERT INTO rules VALUES
    ('r-1', 'garage', 'cap', 'circuit', 'feeder', 40500, 3600000000, 'works', 'local', 3, 1000000);
INSERT INTO boundaries VALUES ('r-1', 'garage', 3600000000);
INSERT INTO transactions VALUES (9, 'CP-1', 2, 'tag', 1000000, 5000, NULL, 0, '');
INSERT INTO potentials VALUES ('CP-1', 2, 16000);
INSERT INTO audit VALUES (4, 'garage', 1000000, 'local', 'put rule', 'r-1', '', '{}');
)sql";

const ManualClock kStart{TimePoint{}};

// A database of version 1, opened by the newest busbar.
class Version1 : public testing::Test {
protected:
    void make() {
        {
            auto db = *Connection::open(folder_ / "control.db", Access::kReadWrite);
            ASSERT_EQ(problem(db->transaction([&] { return db->script(kVersion1); })), "");
        }
        auto store = SqliteStore::open(folder_ / "control.db", kStart);
        ASSERT_EQ(problem(store), "");
        store_ = *std::move(store);
    }

    TempFolder folder_;
    std::unique_ptr<SqliteStore> store_;
};

TEST_F(Version1, HoldsTheSameInTheNewestVersion) {
    make();
    const auto loaded = store_->load();
    ASSERT_EQ(problem(loaded), "");
    EXPECT_EQ(loaded->revision, 4);
    const SiteId garage{"garage"};
    EXPECT_EQ(loaded->sites,
              (std::vector{Site{.id = garage, .name = "Garage", .zone = "Europe/Berlin"}}));
    EXPECT_EQ(loaded->circuits, (std::vector{Circuit{.id = CircuitId{"feeder"},
                                                     .site = garage,
                                                     .parent = {},
                                                     .name = "Feeder",
                                                     .breaker = PerPhase{{63_A, 50_A, 63_A}},
                                                     .safety_pct = 7}}));
    EXPECT_EQ(loaded->chargers, (std::vector{Charger{.id = ChargerId{"CP-1"},
                                                     .circuit = CircuitId{"feeder"},
                                                     .name = "Door",
                                                     .partner = "acme",
                                                     .maximum = 32_A,
                                                     .minimum = 8_A,
                                                     .floor = 0_A,
                                                     .quantum = 0.1_A,
                                                     .evse_count = 2,
                                                     .phases = {Phase::kL1, Phase::kL3},
                                                     .settle = 7'250ms,
                                                     .keeps_profiles = true}}));
    EXPECT_EQ(loaded->rules, (std::vector{Rule{.id = RuleId{"r-1"},
                                               .site = garage,
                                               .kind = RuleKind::kCap,
                                               .select = {SelectorKind::kCircuit, "feeder"},
                                               .limit = 40.5_A,
                                               .expires_at = TimePoint{1h},
                                               .reason = "works",
                                               .author = "local",
                                               .version = 3,
                                               .created_at = TimePoint{1s}}}));
    EXPECT_EQ(loaded->open_transactions,
              (std::vector{Transaction{.id = 9,
                                       .evse = {ChargerId{"CP-1"}, 2},
                                       .id_tag = "tag",
                                       .started_at = TimePoint{1s},
                                       .meter_start = WattHours::of(5)}}));
    EXPECT_EQ(loaded->potentials,
              (std::vector<control::PotentialRow>{{{ChargerId{"CP-1"}, 2}, 16_A}}));
    EXPECT_TRUE(loaded->id_tags.empty());
}

TEST_F(Version1, KeepsItsBoundariesAndAudit) {
    make();
    const auto due = await<std::vector<control::Boundary>>(
        [&](auto done) { store_->claim_boundaries(TimePoint{1h}, done); });
    ASSERT_EQ(problem(due), "");
    ASSERT_EQ(due->size(), 1U);
    EXPECT_EQ(due->front().rule, RuleId{"r-1"});
    EXPECT_EQ(due->front().due, TimePoint{1h});
    const auto audit =
        await<std::vector<control::AuditRow>>([&](auto done) { store_->audit(0, 10, done); });
    ASSERT_EQ(problem(audit), "");
    EXPECT_EQ(audit->size(), 1U);
}

TEST_F(Version1, IsWhatTheFirstStepStillMakes) {
    const auto shape = [](Connection& db) {
        std::vector<std::string> columns;
        const auto read = db.each(
            "SELECT t.name || '.' || c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' || "
            "c.pk "
            "FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY 1",
            {}, [&](const Row& row) -> Status {
                columns.push_back(row.text(0));
                return Done{};
            });
        EXPECT_EQ(problem(read), "");
        return columns;
    };
    auto kept = *Connection::open(folder_ / "kept.db", Access::kReadWrite);
    ASSERT_EQ(problem(kept->transaction([&] { return kept->script(kVersion1); })), "");
    auto made = *Connection::open(folder_ / "made.db", Access::kReadWrite);
    ASSERT_EQ(problem(migrate(*made, "control", control_migrations().first(1))), "");
    EXPECT_EQ(shape(*made), shape(*kept));
}

// What a test breaks in a row, and what is said about it.
struct Damage {
    const char* sql;
    const char* said;
};

TEST_F(Version1, NamesTheRowAndTheTextThatIsDamaged) {
    make();
    store_.reset();
    auto db = *Connection::open(folder_ / "control.db", Access::kReadWrite);
    for (const auto& [sql, said] : std::vector<Damage>{
             {"UPDATE sites SET wiring = 'star'", "site garage is damaged: its wiring is 'star'"},
             {"UPDATE circuits SET share_policy = 'fair'",
              "circuit feeder is damaged: its share is 'fair'"},
             {"UPDATE circuits SET building_meter = 'm', building_covers = 'some'",
              "circuit feeder is damaged: its building meter is 'some'"},
             {"INSERT INTO circuit_peaks VALUES ('feeder', 0, 'sometimes', 50000)",
              "circuit feeder is damaged: its peak is 'sometimes'"},
             {"UPDATE chargers SET phases = 'L9'", "charger CP-1 is damaged: its phases is 'L9'"},
             {"UPDATE chargers SET rotation = 'RRR'",
              "charger CP-1 is damaged: its rotation is 'RRR'"},
             {"UPDATE rules SET kind = 'cup'", "rule r-1 is damaged: its kind is 'cup'"},
             {"UPDATE rules SET select_kind = 'x'", "rule r-1 is damaged: its selector is 'x'"},
             {"UPDATE rules SET layer = 'x'", "rule r-1 is damaged: its layer is 'x'"},
             {"UPDATE rules SET scope = 'x'", "rule r-1 is damaged: its scope is 'x'"},
             {"UPDATE rules SET share_policy = 'x'", "rule r-1 is damaged: its share is 'x'"},
             {"UPDATE rules SET suspends = 1, suspends_kind = 'x'",
              "rule r-1 is damaged: its suspended kind is 'x'"},
             {"UPDATE rules SET time_window = '25:00-26:00'",
              "rule r-1 is damaged: its window is '25:00-26:00'"},
             {"INSERT INTO rule_exceptions VALUES ('r-1', 0, 'x', '')",
              "rule r-1 is damaged: its exception is 'x'"}}) {
        std::string found;
        // Each starts from what is whole: nothing of this is kept.
        const auto undone = db->transaction([&]() -> Status {
            if (auto status = db->script(sql); !status) return status;
            const auto loaded = load_stored(*db, "");
            EXPECT_EQ(code(loaded), Errc::kInvalid) << sql;
            found = problem(loaded);
            return Error{Errc::kConflict, "undone"};
        });
        EXPECT_EQ(problem(undone), "undone") << sql;
        EXPECT_EQ(found, said);
    }
}

}  // namespace
}  // namespace busbar::store
