// What operators own, on its way into the tables.
#include <functional>
#include <variant>

#include "store/control_columns.hpp"
#include "store/control_rows.hpp"

namespace busbar::store {
namespace {

// "INSERT OR REPLACE INTO sites (id, name) VALUES (?, ?)".
std::string replacing(std::string_view table, std::string_view columns) {
    std::string places = "?";
    for (const char c : columns)
        if (c == ',') places += ", ?";
    return "INSERT OR REPLACE INTO " + std::string(table) + " (" + std::string(columns) +
           ") VALUES (" + places + ")";
}

// A part of something that may not be there. What `part` returns must outlive the statement.
template <class T, class Part>
Value part_of(const std::optional<T>& whole, Part part) {
    return whole ? Value(std::invoke(part, *whole)) : Value(std::nullopt);
}

Value policy_of(const std::optional<Share>& share) {
    return part_of(share, [](const Share& s) { return to_string(s.policy); });
}
Value rotation_of(const std::optional<Share>& share) {
    return part_of(share, [](const Share& s) { return std::int64_t{s.rotation_slot.count()}; });
}

Status deleted(const Connection& db, std::string_view what, const std::string& id) {
    if (db.changes() > 0) return Done{};
    return Error{Errc::kNotFound, "there is no " + std::string(what) + " " + id};
}

// --- Putting -------------------------------------------------------------------------------

Status apply(Connection& db, const control::PutSite& change) {
    static const auto sql = replacing("sites", kSiteColumns);
    const auto& site = change.site;
    return db.run(sql, {site.id, site.name, site.zone, to_string(site.supply.wiring),
                        site.supply.nominal, site.raise_spread.count(), site.lease.count()});
}

Status put_peaks(Connection& db, const Circuit& circuit) {
    static const auto sql = replacing("circuit_peaks", kPeakColumns);
    if (auto status = db.run("DELETE FROM circuit_peaks WHERE circuit = ?", {circuit.id}); !status)
        return status;
    int position = 0;
    for (const auto& peak : circuit.peaks) {
        const auto window = to_string(peak.window);
        auto status = db.run(sql, {circuit.id, position++, window, peak.percent});
        if (!status) return status;
    }
    return Done{};
}

Status apply(Connection& db, const control::PutCircuit& change) {
    static const auto sql = replacing("circuits", kCircuitColumns);
    const auto& circuit = change.circuit;
    const auto& share = circuit.share;
    const auto& building = circuit.building;
    const auto& external = circuit.external;
    const auto line_of = [&](std::optional<PerPhase> ExternalLimit::*amperes, Phase phase) {
        return external && *external.*amperes ? Value((*(*external.*amperes))[phase])
                                              : Value(std::nullopt);
    };
    const auto limit = [&](Phase phase) { return line_of(&ExternalLimit::limit, phase); };
    const auto failsafe = [&](Phase phase) { return line_of(&ExternalLimit::failsafe, phase); };
    const auto worst = [&](Phase phase) {
        return part_of(building, [&](const BuildingLoad& load) { return load.worst_case[phase]; });
    };
    auto status = db.run(
        sql,
        {circuit.id,
         circuit.site,
         circuit.parent,
         circuit.name,
         circuit.breaker[Phase::kL1],
         circuit.breaker[Phase::kL2],
         circuit.breaker[Phase::kL3],
         circuit.safety_pct,
         circuit.active,
         policy_of(share),
         part_of(share, &Share::strict_bands),
         part_of(share, &Share::min_first),
         rotation_of(share),
         part_of(share, &Share::reclaim),
         building ? Value(building->meter) : Value(std::nullopt),
         part_of(building, [](const BuildingLoad& load) { return to_string(load.covers); }),
         part_of(building,
                 [](const BuildingLoad& load) { return std::int64_t{load.stale_after.count()}; }),
         worst(Phase::kL1),
         worst(Phase::kL2),
         worst(Phase::kL3),
         part_of(external,
                 [](const ExternalLimit& e) { return std::int64_t{e.heartbeat.count()}; }),
         part_of(external,
                 [](const ExternalLimit& e) { return std::int64_t{e.failsafe_for.count()}; }),
         external ? Value(external->source) : Value(std::nullopt),
         external ? Value(external->failsafe_until) : Value(std::nullopt),
         limit(Phase::kL1),
         limit(Phase::kL2),
         limit(Phase::kL3),
         failsafe(Phase::kL1),
         failsafe(Phase::kL2),
         failsafe(Phase::kL3)});
    return status ? put_peaks(db, circuit) : std::move(status);
}

Status put_tags(Connection& db, const Charger& charger) {
    static const auto sql = replacing("charger_tags", kTagColumns);
    if (auto status = db.run("DELETE FROM charger_tags WHERE charger = ?", {charger.id}); !status)
        return status;
    int position = 0;
    for (const auto& tag : charger.tags)
        if (auto status = db.run(sql, {charger.id, position++, tag}); !status) return status;
    return Done{};
}

Status apply(Connection& db, const control::PutCharger& change) {
    static const auto sql = replacing("chargers", kChargerColumns);
    const auto& charger = change.charger;
    const auto& dc = charger.dc;
    const auto phases = to_string(charger.phases);
    const auto rotation = to_string(charger.rotation);
    auto status = db.run(sql, {charger.id,
                               charger.circuit,
                               charger.name,
                               charger.partner,
                               charger.maximum,
                               charger.minimum,
                               charger.floor,
                               charger.quantum,
                               charger.evse_count,
                               phases,
                               charger.settle.count(),
                               charger.keeps_profiles,
                               to_string(charger.trust),
                               to_string(charger.rate_unit),
                               charger.schedule_periods,
                               charger.writes_per_day,
                               charger.priority,
                               charger.managed,
                               rotation,
                               part_of(dc, &DcOutput::maximum),
                               part_of(dc, &DcOutput::minimum),
                               part_of(dc, &DcOutput::efficiency_min),
                               part_of(dc, &DcOutput::auxiliary),
                               part_of(dc, &DcOutput::power_factor)});
    return status ? put_tags(db, charger) : std::move(status);
}

Error version_moved_on(const Rule& rule, std::optional<std::int64_t> found) {
    const auto now = found ? "is at version " + std::to_string(*found) : "does not exist";
    const auto wanted = rule.version == 1 ? "to create it, it must not exist"
                                          : "to write version " + std::to_string(rule.version) +
                                                ", it must be at the one before";
    return {Errc::kConflict, "rule " + rule.id.str() + " " + now + ": " + wanted};
}

// The moments at which it begins and ends, and the next edge of its window: those after that are
// added one by one.
Status put_boundaries(Connection& db, const control::PutRule& change) {
    const auto& rule = change.rule;
    if (auto status = db.run("DELETE FROM boundaries WHERE rule = ?", {rule.id}); !status)
        return status;
    auto moments = change.boundaries;
    for (const auto& due : {rule.starts_at, rule.expires_at})
        if (due) moments.push_back(*due);
    for (const auto& due : moments)
        if (auto status = put_boundary(db, {rule.id, rule.site, due}); !status) return status;
    return Done{};
}

Status put_exceptions(Connection& db, const Rule& rule) {
    static const auto sql = replacing("rule_exceptions", kExceptionColumns);
    if (auto status = db.run("DELETE FROM rule_exceptions WHERE rule = ?", {rule.id}); !status)
        return status;
    int position = 0;
    for (const auto& term : rule.select.except) {
        auto status = db.run(sql, {rule.id, position++, to_string(term.kind), term.name});
        if (!status) return status;
    }
    return Done{};
}

Status apply(Connection& db, const control::PutRule& change) {
    static const auto sql = replacing("rules", kRuleColumns);
    const auto& rule = change.rule;
    BUSBAR_TRY(version, db.integer("SELECT version FROM rules WHERE id = ?", {rule.id}));
    if (version.value_or(0) != rule.version - 1) return version_moved_on(rule, version);
    const auto& share = rule.share;
    const auto& suspends = rule.suspends;
    std::string window;
    if (rule.window) window = to_string(*rule.window);
    const auto suspended_rule = suspends ? suspends->rule : std::nullopt;
    const auto suspended_kind = suspends ? suspends->kind : std::nullopt;
    auto status =
        db.run(sql, {rule.id,
                     rule.site,
                     to_string(rule.kind),
                     to_string(rule.select.kind),
                     rule.select.name,
                     rule.limit,
                     rule.limit_power,
                     rule.limit_pct,
                     part_of(rule.scope, [](Scope scope) { return to_string(scope); }),
                     to_string(rule.layer),
                     rule.enabled,
                     rule.standing,
                     rule.force,
                     rule.band,
                     rule.weight,
                     policy_of(share),
                     part_of(share, &Share::strict_bands),
                     part_of(share, &Share::min_first),
                     rotation_of(share),
                     part_of(share, &Share::reclaim),
                     suspends.has_value(),
                     suspended_rule,
                     part_of(suspended_kind, [](RuleKind kind) { return to_string(kind); }),
                     rule.window ? Value(window) : Value(std::nullopt),
                     rule.starts_at,
                     rule.expires_at,
                     rule.reason,
                     rule.author,
                     rule.version,
                     rule.created_at});
    if (status) status = put_exceptions(db, rule);
    return status ? put_boundaries(db, change) : std::move(status);
}

// Chargers may spell one tag in two ways (OCPP: CiString).
std::string key_of(std::string tag) {
    for (char& c : tag)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return tag;
}

Status apply(Connection& db, const control::PutIdTag& change) {
    const auto& [tag, site, group] = change.id_tag;
    const auto key = key_of(tag);
    return db.run(
        "INSERT OR REPLACE INTO id_tags (site, id_key, tag, tag_group) VALUES (?, ?, ?, ?)",
        {site, key, tag, group});
}

Status apply(Connection& db, const control::PutAccess& change) {
    static const auto sql = replacing("charger_access", kAccessColumns);
    const auto& access = change.access;
    const auto profile = access.profile
                             ? Value(std::int64_t{static_cast<std::int64_t>(*access.profile)})
                             : Value(std::nullopt);
    const auto part = [](const std::optional<SealedKey>& key, std::string SealedKey::*which) {
        return key ? Value((*key).*which) : Value(std::nullopt);
    };
    return db.run(sql, {access.charger, profile, access.certificate_name,
                        part(access.key, &SealedKey::salt), part(access.key, &SealedKey::digest),
                        part(access.old_key, &SealedKey::salt),
                        part(access.old_key, &SealedKey::digest), access.old_key_until});
}

// --- Deleting ------------------------------------------------------------------------------

Status apply(Connection& db, const control::DeleteCharger& change) {
    auto status = db.run("DELETE FROM potentials WHERE charger = ?", {change.id});
    if (status) status = db.run("DELETE FROM charger_tags WHERE charger = ?", {change.id});
    if (status) status = db.run("DELETE FROM charger_access WHERE charger = ?", {change.id});
    if (status) status = db.run("DELETE FROM chargers WHERE id = ?", {change.id});
    return status ? deleted(db, "charger", change.id.str()) : std::move(status);
}

Status apply(Connection& db, const control::DeleteCircuit& change) {
    auto status = db.run("DELETE FROM circuit_peaks WHERE circuit = ?", {change.id});
    if (status) status = db.run("DELETE FROM circuits WHERE id = ?", {change.id});
    return status ? deleted(db, "circuit", change.id.str()) : std::move(status);
}

Status apply(Connection& db, const control::DeleteRule& change) {
    auto status = db.run("DELETE FROM boundaries WHERE rule = ?", {change.id});
    if (status) status = db.run("DELETE FROM rule_exceptions WHERE rule = ?", {change.id});
    if (status) status = db.run("DELETE FROM rules WHERE id = ?", {change.id});
    return status ? deleted(db, "rule", change.id.str()) : std::move(status);
}

Status apply(Connection& db, const control::DeleteIdTag& change) {
    const auto key = key_of(change.tag);
    auto status = db.run("DELETE FROM id_tags WHERE site = ? AND id_key = ?", {change.site, key});
    return status ? deleted(db, "id tag", change.tag) : std::move(status);
}

// --- Names ---------------------------------------------------------------------------------

struct Described {
    std::string_view name;
    std::string subject;
};

Described described(const control::PutSite& change) {
    return {"put site", change.site.id.str()};
}
Described described(const control::PutCircuit& change) {
    return {"put circuit", change.circuit.id.str()};
}
Described described(const control::PutCharger& change) {
    return {"put charger", change.charger.id.str()};
}
Described described(const control::DeleteCharger& change) {
    return {"delete charger", change.id.str()};
}
Described described(const control::DeleteCircuit& change) {
    return {"delete circuit", change.id.str()};
}
Described described(const control::PutRule& change) {
    return {"put rule", change.rule.id.str()};
}
Described described(const control::DeleteRule& change) {
    return {"delete rule", change.id.str()};
}
Described described(const control::PutIdTag& change) {
    return {"put id tag", change.id_tag.tag};
}
Described described(const control::PutAccess& change) {
    return {"put access", change.access.charger.str()};
}
Described described(const control::DeleteIdTag& change) {
    return {"delete id tag", change.tag};
}

}  // namespace

Status apply_change(Connection& db, const control::Change& change) {
    return std::visit([&](const auto& c) { return apply(db, c); }, change);
}

std::string_view change_name(const control::Change& change) {
    return std::visit([](const auto& c) { return described(c).name; }, change);
}

std::string change_subject(const control::Change& change) {
    return std::visit([](const auto& c) { return described(c).subject; }, change);
}

Status put_boundary(Connection& db, const control::Boundary& row) {
    return db.run("INSERT OR REPLACE INTO boundaries (rule, site, due_us) VALUES (?, ?, ?)",
                  {row.rule, row.site, row.due});
}

Status put_potential(Connection& db, const control::PotentialRow& row,
                     const std::string& steady_id) {
    static const auto sql = replacing("potentials", kPotentialColumns);
    const auto until = row.until ? Value(std::int64_t{row.until->time_since_epoch().count()})
                                 : Value(std::nullopt);
    return db.run(sql, {row.evse.charger, row.evse.number, row.potential, row.fallback, until,
                        steady_id, row.kept_out});
}

Status put_transaction(Connection& db, const Transaction& transaction) {
    static const auto sql = replacing("transactions", kTransactionColumns);
    return db.run(sql, {transaction.id, transaction.evse.charger, transaction.evse.number,
                        transaction.id_tag, transaction.started_at, transaction.meter_start,
                        transaction.stopped_at, transaction.meter_stop, transaction.stop_reason,
                        transaction.requested, transaction.depart_by, transaction.own_id});
}

Status put_signed(Connection& db, TransactionId transaction, const SignedReading& reading) {
    const auto status = db.run(
        "INSERT OR IGNORE INTO signed_readings SELECT ?1, "
        "1 + coalesce((SELECT max(position) FROM signed_readings WHERE transaction_id = ?1), 0), "
        "?2, ?3",
        {transaction, reading.at, reading.sampled});
    if (!status) return status;
    return db.run(
        "DELETE FROM signed_readings WHERE transaction_id = ?1 AND position > 1 AND position <= "
        "(SELECT max(position) FROM signed_readings WHERE transaction_id = ?1) - ?2",
        {transaction, control::kMaxSignedReadings - 1});
}

}  // namespace busbar::store
