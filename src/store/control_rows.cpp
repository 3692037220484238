#include "store/control_rows.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>
#include <variant>

namespace busbar::store {
namespace {

constexpr std::array kSteps{R"sql(
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
)sql"};

using control::DeleteCharger;
using control::DeleteCircuit;
using control::DeleteRule;
using control::PutCharger;
using control::PutCircuit;
using control::PutRule;
using control::PutSite;

// --- Changes -------------------------------------------------------------------------------

Status deleted(const Connection& db, std::string_view what, const std::string& id) {
    if (db.changes() > 0) return Done{};
    return Error{Errc::kNotFound, "there is no " + std::string(what) + " " + id};
}

Status apply(Connection& db, const PutSite& change) {
    const auto& site = change.site;
    return db.run("INSERT OR REPLACE INTO sites (id, name, zone) VALUES (?, ?, ?)",
                  {site.id, site.name, site.zone});
}

Status apply(Connection& db, const PutCircuit& change) {
    const auto& circuit = change.circuit;
    return db.run(
        "INSERT OR REPLACE INTO circuits (id, site, parent, name, breaker_l1_ma, breaker_l2_ma, "
        "breaker_l3_ma, safety_pct) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        {circuit.id, circuit.site, circuit.parent, circuit.name, circuit.breaker[Phase::kL1],
         circuit.breaker[Phase::kL2], circuit.breaker[Phase::kL3], circuit.safety_pct});
}

Status apply(Connection& db, const PutCharger& change) {
    const auto& charger = change.charger;
    return db.run(
        "INSERT OR REPLACE INTO chargers (id, circuit, name, partner, maximum_ma, minimum_ma, "
        "floor_ma, quantum_ma, evse_count, phases, settle_us, keeps_profiles) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {charger.id, charger.circuit, charger.name, charger.partner, charger.maximum,
         charger.minimum, charger.floor, charger.quantum, charger.evse_count,
         to_string(charger.phases), charger.settle.count(), charger.keeps_profiles});
}

Status apply(Connection& db, const DeleteCharger& change) {
    auto status = db.run("DELETE FROM potentials WHERE charger = ?", {change.id});
    if (status) status = db.run("DELETE FROM chargers WHERE id = ?", {change.id});
    if (!status) return status;
    return deleted(db, "charger", change.id.str());
}

Status apply(Connection& db, const DeleteCircuit& change) {
    if (auto status = db.run("DELETE FROM circuits WHERE id = ?", {change.id}); !status)
        return status;
    return deleted(db, "circuit", change.id.str());
}

Error version_moved_on(const Rule& rule, std::optional<std::int64_t> found) {
    const auto now = found ? "is at version " + std::to_string(*found) : "does not exist";
    const auto wanted = rule.version == 1 ? "to create it, it must not exist"
                                          : "to write version " + std::to_string(rule.version) +
                                                ", it must be at the one before";
    return {Errc::kConflict, "rule " + rule.id.str() + " " + now + ": " + wanted};
}

Status apply(Connection& db, const PutRule& change) {
    const auto& rule = change.rule;
    BUSBAR_TRY(version, db.integer("SELECT version FROM rules WHERE id = ?", {rule.id}));
    if (version.value_or(0) != rule.version - 1) return version_moved_on(rule, version);
    auto status = db.run(
        "INSERT OR REPLACE INTO rules (id, site, kind, select_kind, select_name, limit_ma, "
        "expires_at_us, reason, author, version, created_at_us) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {rule.id, rule.site, to_string(rule.kind), to_string(rule.select.kind), rule.select.name,
         rule.limit, rule.expires_at, rule.reason, rule.author, rule.version, rule.created_at});
    if (status) status = db.run("DELETE FROM boundaries WHERE rule = ?", {rule.id});
    if (!status || !rule.expires_at) return status;
    return db.run("INSERT INTO boundaries (rule, site, due_us) VALUES (?, ?, ?)",
                  {rule.id, rule.site, *rule.expires_at});
}

Status apply(Connection& db, const DeleteRule& change) {
    auto status = db.run("DELETE FROM boundaries WHERE rule = ?", {change.id});
    if (status) status = db.run("DELETE FROM rules WHERE id = ?", {change.id});
    if (!status) return status;
    return deleted(db, "rule", change.id.str());
}

std::string_view name_of(const PutSite&) {
    return "put site";
}
std::string_view name_of(const PutCircuit&) {
    return "put circuit";
}
std::string_view name_of(const PutCharger&) {
    return "put charger";
}
std::string_view name_of(const DeleteCharger&) {
    return "delete charger";
}
std::string_view name_of(const DeleteCircuit&) {
    return "delete circuit";
}
std::string_view name_of(const PutRule&) {
    return "put rule";
}
std::string_view name_of(const DeleteRule&) {
    return "delete rule";
}

std::string subject_of(const PutSite& change) {
    return change.site.id.str();
}
std::string subject_of(const PutCircuit& change) {
    return change.circuit.id.str();
}
std::string subject_of(const PutCharger& change) {
    return change.charger.id.str();
}
std::string subject_of(const DeleteCharger& change) {
    return change.id.str();
}
std::string subject_of(const DeleteCircuit& change) {
    return change.id.str();
}
std::string subject_of(const PutRule& change) {
    return change.rule.id.str();
}
std::string subject_of(const DeleteRule& change) {
    return change.id.str();
}

// --- Rows ----------------------------------------------------------------------------------

Error not_ours(std::string_view what, const std::string& id) {
    return {Errc::kInvalid, std::string(what) + " " + id + " is damaged"};
}

std::optional<TimePoint> optional_time(const Row& row, int column) {
    if (row.is_null(column)) return {};
    return row.time(column);
}

Result<Site> read_site(const Row& row) {
    return Site{.id = SiteId{row.text(0)}, .name = row.text(1), .zone = row.text(2)};
}

Result<Circuit> read_circuit(const Row& row) {
    Circuit circuit{.id = CircuitId{row.text(0)},
                    .site = SiteId{row.text(1)},
                    .parent = {},
                    .name = row.text(3),
                    .breaker = PerPhase{{row.quantity<Amperes>(4), row.quantity<Amperes>(5),
                                         row.quantity<Amperes>(6)}},
                    .safety_pct = static_cast<int>(row.integer(7))};
    if (!row.is_null(2)) circuit.parent = CircuitId{row.text(2)};
    return circuit;
}

Result<Charger> read_charger(const Row& row) {
    Charger charger{.id = ChargerId{row.text(0)},
                    .circuit = CircuitId{row.text(1)},
                    .name = row.text(2),
                    .partner = row.text(3),
                    .maximum = row.quantity<Amperes>(4),
                    .minimum = row.quantity<Amperes>(5),
                    .floor = row.quantity<Amperes>(6),
                    .quantum = row.quantity<Amperes>(7),
                    .evse_count = static_cast<int>(row.integer(8)),
                    .phases = {},
                    .settle = Duration{row.integer(10)},
                    .keeps_profiles = row.integer(11) != 0};
    const auto phases = row.text(9);
    if (phases.empty()) return charger;
    const auto parsed = parse_phases(phases);
    if (!parsed) return not_ours("charger", charger.id.str());
    charger.phases = *parsed;
    return charger;
}

Result<Rule> read_rule(const Row& row) {
    const auto kind = parse_rule_kind(row.text(2));
    const auto select = parse_selector_kind(row.text(3));
    if (!kind || !select) return not_ours("rule", row.text(0));
    Rule rule{.id = RuleId{row.text(0)},
              .site = SiteId{row.text(1)},
              .kind = *kind,
              .select = {*select, row.text(4)},
              .limit = {},
              .expires_at = optional_time(row, 6),
              .reason = row.text(7),
              .author = row.text(8),
              .version = row.integer(9),
              .created_at = row.time(10)};
    if (!row.is_null(5)) rule.limit = row.quantity<Amperes>(5);
    return rule;
}

EvseId read_evse(const Row& row, int column) {
    return {ChargerId{row.text(column)}, static_cast<int>(row.integer(column + 1))};
}

Result<Transaction> read_transaction(const Row& row) {
    return Transaction{.id = row.integer(0),
                       .evse = read_evse(row, 1),
                       .id_tag = row.text(3),
                       .started_at = row.time(4),
                       .meter_start = row.quantity<WattHours>(5),
                       .stopped_at = optional_time(row, 6),
                       .meter_stop = row.quantity<WattHours>(7),
                       .stop_reason = row.text(8)};
}

Result<control::PotentialRow> read_potential(const Row& row) {
    return control::PotentialRow{read_evse(row, 0), row.quantity<Amperes>(2)};
}

template <class T>
Status read_all(Connection& db, std::string_view sql, Result<T> (*read)(const Row&),
                std::vector<T>& into) {
    return db.each(sql, {}, [&](const Row& row) -> Status {
        BUSBAR_TRY(value, read(row));
        into.push_back(std::move(value));
        return Done{};
    });
}

}  // namespace

std::span<const char* const> control_migrations() {
    return kSteps;
}

Status apply_change(Connection& db, const control::Change& change) {
    return std::visit([&](const auto& c) { return apply(db, c); }, change);
}

std::string_view change_name(const control::Change& change) {
    return std::visit([](const auto& c) { return name_of(c); }, change);
}

std::string change_subject(const control::Change& change) {
    return std::visit([](const auto& c) { return subject_of(c); }, change);
}

Result<std::int64_t> load_revision(Connection& db) {
    BUSBAR_TRY(value, db.integer("SELECT value FROM revision"));
    if (!value) return Error{Errc::kInvalid, "the revision is missing"};
    return *value;
}

Status put_revision(Connection& db, std::int64_t revision) {
    return db.run("UPDATE revision SET value = ?", {revision});
}

Status put_audit(Connection& db, const control::AuditRow& row, const SiteId& site) {
    return db.run(
        "INSERT INTO audit (revision, site, at_us, author, what, subject, before, after) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        {row.revision, site, row.at, row.author, row.what, row.subject, row.before, row.after});
}

Result<std::vector<control::AuditRow>> load_audit(Connection& db, std::int64_t before, int limit) {
    std::vector<control::AuditRow> rows;
    if (limit <= 0) return rows;
    const auto below = before > 0 ? before : std::numeric_limits<std::int64_t>::max();
    const auto status = db.each(
        "SELECT revision, at_us, author, what, subject, before, after FROM audit "
        "WHERE revision < ? ORDER BY revision DESC LIMIT ?",
        {below, limit}, [&](const Row& row) -> Status {
            rows.push_back({.revision = row.integer(0),
                            .at = row.time(1),
                            .author = row.text(2),
                            .what = row.text(3),
                            .subject = row.text(4),
                            .before = row.text(5),
                            .after = row.text(6)});
            return Done{};
        });
    if (!status) return status.error();
    return rows;
}

Status put_potential(Connection& db, const control::PotentialRow& row) {
    return db.run(
        "INSERT OR REPLACE INTO potentials (charger, evse, potential_ma) VALUES (?, ?, ?)",
        {row.evse.charger, row.evse.number, row.potential});
}

Status put_transaction(Connection& db, const Transaction& transaction) {
    return db.run(
        "INSERT OR REPLACE INTO transactions (id, charger, evse, id_tag, started_at_us, "
        "meter_start_mwh, stopped_at_us, meter_stop_mwh, stop_reason) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {transaction.id, transaction.evse.charger, transaction.evse.number, transaction.id_tag,
         transaction.started_at, transaction.meter_start, transaction.stopped_at,
         transaction.meter_stop, transaction.stop_reason});
}

Result<std::vector<control::Boundary>> take_boundaries(Connection& db, TimePoint now) {
    std::vector<control::Boundary> due;
    const auto status =
        db.each("DELETE FROM boundaries WHERE due_us <= ? RETURNING rule, site, due_us", {now},
                [&](const Row& row) -> Status {
                    due.push_back({RuleId{row.text(0)}, SiteId{row.text(1)}, row.time(2)});
                    return Done{};
                });
    if (!status) return status.error();
    std::sort(due.begin(), due.end(), [](const auto& a, const auto& b) {
        return std::tie(a.due, a.rule) < std::tie(b.due, b.rule);
    });
    return due;
}

Result<control::Stored> load_stored(Connection& db) {
    control::Stored stored;
    BUSBAR_TRY(revision, load_revision(db));
    stored.revision = revision;
    auto status =
        read_all(db, "SELECT id, name, zone FROM sites ORDER BY id", read_site, stored.sites);
    if (status)
        status = read_all(db,
                          "SELECT id, site, parent, name, breaker_l1_ma, breaker_l2_ma, "
                          "breaker_l3_ma, safety_pct FROM circuits ORDER BY id",
                          read_circuit, stored.circuits);
    if (status)
        status = read_all(db,
                          "SELECT id, circuit, name, partner, maximum_ma, minimum_ma, floor_ma, "
                          "quantum_ma, evse_count, phases, settle_us, keeps_profiles "
                          "FROM chargers ORDER BY id",
                          read_charger, stored.chargers);
    if (status)
        status = read_all(db,
                          "SELECT id, site, kind, select_kind, select_name, limit_ma, "
                          "expires_at_us, reason, author, version, created_at_us "
                          "FROM rules ORDER BY id",
                          read_rule, stored.rules);
    if (status)
        status = read_all(db,
                          "SELECT id, charger, evse, id_tag, started_at_us, meter_start_mwh, "
                          "stopped_at_us, meter_stop_mwh, stop_reason FROM transactions "
                          "WHERE stopped_at_us IS NULL ORDER BY id",
                          read_transaction, stored.open_transactions);
    if (status)
        status = read_all(db,
                          "SELECT charger, evse, potential_ma FROM potentials "
                          "ORDER BY charger, evse",
                          read_potential, stored.potentials);
    if (!status) return status.error();
    return stored;
}

}  // namespace busbar::store
