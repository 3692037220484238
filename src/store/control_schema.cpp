// The steps that make the tables of control.db. A step that has been released is never edited.
#include <array>

#include "store/control_rows.hpp"

namespace busbar::store {
namespace {

constexpr const char* kFirst = R"sql(
CREATE TABLE sites (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    zone TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE circuits (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    parent TEXT,
    name TEXT NOT NULL,
    breaker_l1_ma INTEGER NOT NULL,
    breaker_l2_ma INTEGER NOT NULL,
    breaker_l3_ma INTEGER NOT NULL,
    safety_pct INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE chargers (
    id TEXT PRIMARY KEY,
    circuit TEXT NOT NULL,
    name TEXT NOT NULL,
    partner TEXT NOT NULL,
    maximum_ma INTEGER NOT NULL,
    minimum_ma INTEGER NOT NULL,
    floor_ma INTEGER NOT NULL,
    quantum_ma INTEGER NOT NULL,
    evse_count INTEGER NOT NULL,
    phases TEXT NOT NULL,
    settle_us INTEGER NOT NULL,
    keeps_profiles INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE rules (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    kind TEXT NOT NULL,
    select_kind TEXT NOT NULL,
    select_name TEXT NOT NULL,
    limit_ma INTEGER,
    expires_at_us INTEGER,
    reason TEXT NOT NULL,
    author TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE boundaries (
    rule TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    due_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX boundaries_by_time ON boundaries (due_us);

CREATE TABLE transactions (
    id INTEGER PRIMARY KEY,
    charger TEXT NOT NULL,
    evse INTEGER NOT NULL,
    id_tag TEXT NOT NULL,
    started_at_us INTEGER NOT NULL,
    meter_start_mwh INTEGER NOT NULL,
    stopped_at_us INTEGER,
    meter_stop_mwh INTEGER NOT NULL,
    stop_reason TEXT NOT NULL
) STRICT;
CREATE INDEX transactions_open ON transactions (id) WHERE stopped_at_us IS NULL;

CREATE TABLE potentials (
    charger TEXT NOT NULL,
    evse INTEGER NOT NULL,
    potential_ma INTEGER NOT NULL,
    PRIMARY KEY (charger, evse)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    revision INTEGER PRIMARY KEY,
    site TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    author TEXT NOT NULL,
    what TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL
) STRICT;

CREATE TABLE revision (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    value INTEGER NOT NULL
) STRICT;
INSERT INTO revision VALUES (1, 0);
)sql";

// Windows are text as parse_window() reads it. What a list holds stands in a table of its own, in
// the order of `position`.
constexpr const char* kSecond = R"sql(
ALTER TABLE sites ADD COLUMN wiring TEXT NOT NULL DEFAULT 'wye';
ALTER TABLE sites ADD COLUMN nominal_mv INTEGER NOT NULL DEFAULT 230000;
ALTER TABLE sites ADD COLUMN raise_spread_us INTEGER NOT NULL DEFAULT 0;

ALTER TABLE circuits ADD COLUMN share_policy TEXT;
ALTER TABLE circuits ADD COLUMN share_strict_bands INTEGER;
ALTER TABLE circuits ADD COLUMN share_min_first INTEGER;
ALTER TABLE circuits ADD COLUMN share_rotation_us INTEGER;
ALTER TABLE circuits ADD COLUMN share_reclaim INTEGER;
ALTER TABLE circuits ADD COLUMN active INTEGER NOT NULL DEFAULT 1;
ALTER TABLE circuits ADD COLUMN building_meter TEXT;
ALTER TABLE circuits ADD COLUMN building_covers TEXT;
ALTER TABLE circuits ADD COLUMN building_stale_us INTEGER;
ALTER TABLE circuits ADD COLUMN building_worst_l1_ma INTEGER;
ALTER TABLE circuits ADD COLUMN building_worst_l2_ma INTEGER;
ALTER TABLE circuits ADD COLUMN building_worst_l3_ma INTEGER;
CREATE TABLE circuit_peaks (
    circuit TEXT NOT NULL,
    position INTEGER NOT NULL,
    time_window TEXT NOT NULL,
    part_mpct INTEGER NOT NULL,
    PRIMARY KEY (circuit, position)
) STRICT, WITHOUT ROWID;

ALTER TABLE chargers ADD COLUMN priority INTEGER NOT NULL DEFAULT 1;
ALTER TABLE chargers ADD COLUMN managed INTEGER NOT NULL DEFAULT 1;
ALTER TABLE chargers ADD COLUMN rotation TEXT NOT NULL DEFAULT 'RST';
ALTER TABLE chargers ADD COLUMN dc_maximum_mw INTEGER;
ALTER TABLE chargers ADD COLUMN dc_minimum_mw INTEGER;
ALTER TABLE chargers ADD COLUMN dc_efficiency_mpct INTEGER;
ALTER TABLE chargers ADD COLUMN dc_auxiliary_mw INTEGER;
ALTER TABLE chargers ADD COLUMN dc_power_factor_mpct INTEGER;
CREATE TABLE charger_tags (
    charger TEXT NOT NULL,
    position INTEGER NOT NULL,
    tag TEXT NOT NULL,
    PRIMARY KEY (charger, position)
) STRICT, WITHOUT ROWID;

ALTER TABLE rules ADD COLUMN layer TEXT NOT NULL DEFAULT 'operator';
ALTER TABLE rules ADD COLUMN enabled INTEGER NOT NULL DEFAULT 1;
ALTER TABLE rules ADD COLUMN limit_mw INTEGER;
ALTER TABLE rules ADD COLUMN limit_mpct INTEGER;
ALTER TABLE rules ADD COLUMN scope TEXT;
ALTER TABLE rules ADD COLUMN standing INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rules ADD COLUMN force INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rules ADD COLUMN band INTEGER;
ALTER TABLE rules ADD COLUMN weight_milli INTEGER;
ALTER TABLE rules ADD COLUMN share_policy TEXT;
ALTER TABLE rules ADD COLUMN share_strict_bands INTEGER;
ALTER TABLE rules ADD COLUMN share_min_first INTEGER;
ALTER TABLE rules ADD COLUMN share_rotation_us INTEGER;
ALTER TABLE rules ADD COLUMN share_reclaim INTEGER;
ALTER TABLE rules ADD COLUMN suspends INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rules ADD COLUMN suspends_rule TEXT;
ALTER TABLE rules ADD COLUMN suspends_kind TEXT;
ALTER TABLE rules ADD COLUMN time_window TEXT;
ALTER TABLE rules ADD COLUMN starts_at_us INTEGER;
CREATE TABLE rule_exceptions (
    rule TEXT NOT NULL,
    position INTEGER NOT NULL,
    select_kind TEXT NOT NULL,
    select_name TEXT NOT NULL,
    PRIMARY KEY (rule, position)
) STRICT, WITHOUT ROWID;

-- A rule may begin, too: more than one boundary each.
ALTER TABLE boundaries RENAME TO old_boundaries;
DROP INDEX boundaries_by_time;
CREATE TABLE boundaries (
    rule TEXT NOT NULL,
    site TEXT NOT NULL,
    due_us INTEGER NOT NULL,
    PRIMARY KEY (rule, due_us)
) STRICT, WITHOUT ROWID;
INSERT INTO boundaries SELECT rule, site, due_us FROM old_boundaries;
DROP TABLE old_boundaries;
CREATE INDEX boundaries_by_time ON boundaries (due_us);

-- id_key: the tag in small letters, since chargers may spell one tag in two ways.
CREATE TABLE id_tags (
    site TEXT NOT NULL,
    id_key TEXT NOT NULL,
    tag TEXT NOT NULL,
    tag_group TEXT NOT NULL,
    PRIMARY KEY (site, id_key)
) STRICT, WITHOUT ROWID;

ALTER TABLE transactions ADD COLUMN requested_mwh INTEGER;
ALTER TABLE transactions ADD COLUMN depart_by_us INTEGER;
)sql";

// What chargers are trusted with, when a potential falls by itself, and limits from outside.
constexpr const char* kThird = R"sql(
ALTER TABLE sites ADD COLUMN lease_us INTEGER NOT NULL DEFAULT 1800000000;
ALTER TABLE chargers ADD COLUMN trust TEXT NOT NULL DEFAULT 'B';
ALTER TABLE chargers ADD COLUMN rate_unit TEXT NOT NULL DEFAULT 'A';
ALTER TABLE chargers ADD COLUMN schedule_periods INTEGER NOT NULL DEFAULT 2;
ALTER TABLE chargers ADD COLUMN writes_per_day INTEGER NOT NULL DEFAULT 200;
ALTER TABLE potentials ADD COLUMN fallback_ma INTEGER;
ALTER TABLE potentials ADD COLUMN until_ns INTEGER;
ALTER TABLE potentials ADD COLUMN steady_id TEXT NOT NULL DEFAULT '';
ALTER TABLE potentials ADD COLUMN kept_out INTEGER NOT NULL DEFAULT 0;

-- What a box outside lets a circuit carry; no heartbeat: there is no such box.
ALTER TABLE circuits ADD COLUMN external_heartbeat_us INTEGER;
ALTER TABLE circuits ADD COLUMN external_failsafe_for_us INTEGER;
ALTER TABLE circuits ADD COLUMN external_source TEXT;
ALTER TABLE circuits ADD COLUMN external_failsafe_until_us INTEGER;
ALTER TABLE circuits ADD COLUMN external_limit_l1_ma INTEGER;
ALTER TABLE circuits ADD COLUMN external_limit_l2_ma INTEGER;
ALTER TABLE circuits ADD COLUMN external_limit_l3_ma INTEGER;
ALTER TABLE circuits ADD COLUMN external_failsafe_l1_ma INTEGER;
ALTER TABLE circuits ADD COLUMN external_failsafe_l2_ma INTEGER;
ALTER TABLE circuits ADD COLUMN external_failsafe_l3_ma INTEGER;

-- New at each start, and in a file beside this one: where the two differ, this is an older copy.
CREATE TABLE mark (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    value TEXT NOT NULL
) STRICT;
INSERT INTO mark VALUES (1, '');
)sql";

// What stations that speak OCPP 2.x call their transactions.
constexpr const char* kFourth = R"sql(
ALTER TABLE transactions ADD COLUMN own_id TEXT NOT NULL DEFAULT '';
)sql";

// What chargers have to show. Keys are sealed: nobody can connect with what stands here.
constexpr const char* kFifth = R"sql(
CREATE TABLE charger_access (
    charger TEXT PRIMARY KEY,
    profile INTEGER,
    certificate_name TEXT NOT NULL,
    key_salt TEXT,
    key_digest TEXT,
    old_key_salt TEXT,
    old_key_digest TEXT,
    old_key_until_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// What meters have signed, and transactions by the time at which they began.
constexpr const char* kSixth = R"sql(
CREATE TABLE signed_readings (
    transaction_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    sampled TEXT NOT NULL,
    PRIMARY KEY (transaction_id, position),
    UNIQUE (transaction_id, at_us, sampled)
) STRICT, WITHOUT ROWID;
CREATE INDEX transactions_by_time ON transactions (started_at_us, id);
CREATE INDEX transactions_by_charger ON transactions (charger, started_at_us, id);
)sql";

constexpr std::array kSteps{kFirst, kSecond, kThird, kFourth, kFifth, kSixth};

}  // namespace

std::span<const char* const> control_migrations() {
    return kSteps;
}

}  // namespace busbar::store
