#include "store/control_rows.hpp"

#include <algorithm>
#include <limits>
#include <tuple>
#include <type_traits>

#include "store/control_columns.hpp"

namespace busbar::store {
namespace {

// --- Rows ----------------------------------------------------------------------------------

// Column by column, in the order of the lists in control_columns.hpp. What was never written by us
// is remembered, the first of it, and read as nothing.
class Columns {
public:
    explicit Columns(const Row& row) : row_(row) {}

    std::int64_t integer() { return row_.integer(at_++); }
    int small() { return static_cast<int>(integer()); }
    bool flag() { return integer() != 0; }
    std::string text() { return row_.text(at_++); }
    TimePoint time() { return row_.time(at_++); }
    Duration duration() { return Duration{integer()}; }
    template <class Q>
    Q quantity() {
        return Q::milli(integer());
    }
    PerPhase amperes() {
        PerPhase out;
        for (const auto phase : kPhases) out[phase] = quantity<Amperes>();
        return out;
    }
    // Nothing where there is NULL, else what `read` makes of it.
    template <class Read>
    auto perhaps(Read read) -> std::optional<decltype(read())> {
        if (row_.is_null(at_)) {
            ++at_;
            return {};
        }
        return read();
    }
    // A text that `parse` has to understand.
    template <class Parse>
    auto word(std::string_view what, Parse parse) {
        const auto written = text();
        auto value = parse(written);
        if (!value) {
            if (wrong_.empty()) wrong_ = "its " + std::string(what) + " is '" + written + "'";
            return std::decay_t<decltype(*value)>{};
        }
        return *std::move(value);
    }
    void skip(int columns) { at_ += columns; }

    // kInvalid, naming the row and the column, if a text was not understood.
    template <class T>
    Result<T> done(std::string_view kind, const std::string& id, T value) const {
        if (wrong_.empty()) return value;
        return Error{Errc::kInvalid, std::string(kind) + " " + id + " is damaged: " + wrong_};
    }

private:
    const Row& row_;
    int at_ = 0;
    std::string wrong_;
};

std::optional<Share> read_share(Columns& columns) {
    constexpr int kOthers = 4;
    auto policy = columns.perhaps([&] { return columns.word("share", parse_share_policy); });
    if (!policy) {
        columns.skip(kOthers);
        return {};
    }
    Share share{.policy = *policy};
    share.strict_bands = columns.flag();
    share.min_first = columns.flag();
    share.rotation_slot = columns.duration();
    share.reclaim = columns.flag();
    return share;
}

Result<Site> read_site(const Row& row) {
    Columns columns(row);
    Site site{.id = SiteId{columns.text()}};
    site.name = columns.text();
    site.zone = columns.text();
    site.supply.wiring = columns.word("wiring", parse_wiring);
    site.supply.nominal = columns.quantity<Volts>();
    site.raise_spread = columns.duration();
    site.lease = columns.duration();
    return columns.done("site", site.id.str(), site);
}

std::optional<BuildingLoad> read_building(Columns& columns) {
    constexpr int kOthers = 5;
    auto meter = columns.perhaps([&] { return MeterId{columns.text()}; });
    if (!meter) {
        columns.skip(kOthers);
        return {};
    }
    BuildingLoad load{.meter = *std::move(meter)};
    load.covers = columns.word("building meter", parse_covers);
    load.stale_after = columns.duration();
    load.worst_case = columns.amperes();
    return load;
}

std::optional<ExternalLimit> read_external(Columns& columns) {
    constexpr int kOthers = 9;
    const auto heartbeat = columns.perhaps([&] { return columns.duration(); });
    if (!heartbeat) {
        columns.skip(kOthers);
        return {};
    }
    ExternalLimit external{.heartbeat = *heartbeat};
    external.failsafe_for = columns.duration();
    external.source = columns.text();
    external.failsafe_until = columns.perhaps([&] { return columns.time(); });
    const auto lines = [&]() -> std::optional<PerPhase> {
        auto amperes = columns.perhaps([&] { return columns.amperes(); });
        if (!amperes) columns.skip(2);  // One was read.
        return amperes;
    };
    external.limit = lines();
    external.failsafe = lines();
    return external;
}

Result<Circuit> read_circuit(const Row& row) {
    Columns columns(row);
    const CircuitId id{columns.text()};
    const SiteId site{columns.text()};
    auto parent = columns.perhaps([&] { return CircuitId{columns.text()}; });
    auto name = columns.text();
    Circuit circuit{.id = id,
                    .site = site,
                    .parent = std::move(parent),
                    .name = std::move(name),
                    .breaker = columns.amperes()};
    circuit.safety_pct = columns.small();
    circuit.active = columns.flag();
    circuit.share = read_share(columns);
    circuit.building = read_building(columns);
    circuit.external = read_external(columns);
    return columns.done("circuit", id.str(), std::move(circuit));
}

std::optional<PhaseSet> phases_in(std::string_view text) {
    if (text.empty()) return PhaseSet{};
    auto phases = parse_phases(text);
    return phases ? std::optional(*phases) : std::nullopt;
}

std::optional<DcOutput> read_dc(Columns& columns) {
    constexpr int kOthers = 4;
    const auto maximum = columns.perhaps([&] { return columns.quantity<Watts>(); });
    if (!maximum) {
        columns.skip(kOthers);
        return {};
    }
    DcOutput dc{.maximum = *maximum};
    dc.minimum = columns.quantity<Watts>();
    dc.efficiency_min = columns.quantity<Percent>();
    dc.auxiliary = columns.quantity<Watts>();
    dc.power_factor = columns.quantity<Percent>();
    return dc;
}

Result<Charger> read_charger(const Row& row) {
    Columns columns(row);
    const ChargerId id{columns.text()};
    Charger charger{.id = id, .circuit = CircuitId{columns.text()}};
    charger.name = columns.text();
    charger.partner = columns.text();
    charger.maximum = columns.quantity<Amperes>();
    charger.minimum = columns.quantity<Amperes>();
    charger.floor = columns.quantity<Amperes>();
    charger.quantum = columns.quantity<Amperes>();
    charger.evse_count = columns.small();
    charger.phases = columns.word("phases", phases_in);
    charger.settle = columns.duration();
    charger.keeps_profiles = columns.flag();
    charger.trust = columns.word("trust", parse_trust_class);
    charger.rate_unit = columns.word("rate unit", parse_rate_unit);
    charger.schedule_periods = columns.small();
    charger.writes_per_day = columns.small();
    charger.priority = columns.small();
    charger.managed = columns.flag();
    charger.rotation = columns.word("rotation", parse_rotation);
    charger.dc = read_dc(columns);
    return columns.done("charger", id.str(), std::move(charger));
}

std::optional<Suspends> read_suspends(Columns& columns) {
    const bool there = columns.flag();
    Suspends suspends{
        .rule = columns.perhaps([&] { return RuleId{columns.text()}; }),
        .kind = columns.perhaps([&] { return columns.word("suspended kind", parse_rule_kind); })};
    return there ? std::optional(std::move(suspends)) : std::nullopt;
}

Result<Rule> read_rule(const Row& row) {
    Columns columns(row);
    Rule rule{.id = RuleId{columns.text()}, .site = SiteId{columns.text()}};
    rule.kind = columns.word("kind", parse_rule_kind);
    rule.select.kind = columns.word("selector", parse_selector_kind);
    rule.select.name = columns.text();
    rule.limit = columns.perhaps([&] { return columns.quantity<Amperes>(); });
    rule.limit_power = columns.perhaps([&] { return columns.quantity<Watts>(); });
    rule.limit_pct = columns.perhaps([&] { return columns.quantity<Percent>(); });
    rule.scope = columns.perhaps([&] { return columns.word("scope", parse_scope); });
    rule.layer = columns.word("layer", parse_layer);
    rule.enabled = columns.flag();
    rule.standing = columns.flag();
    rule.force = columns.flag();
    rule.band = columns.perhaps([&] { return columns.small(); });
    rule.weight = columns.perhaps([&] { return columns.quantity<Weight>(); });
    rule.share = read_share(columns);
    rule.suspends = read_suspends(columns);
    rule.window = columns.perhaps([&] { return columns.word("window", parse_window); });
    rule.starts_at = columns.perhaps([&] { return columns.time(); });
    rule.expires_at = columns.perhaps([&] { return columns.time(); });
    rule.reason = columns.text();
    rule.author = columns.text();
    rule.version = columns.integer();
    rule.created_at = columns.time();
    return columns.done("rule", rule.id.str(), rule);
}

Result<IdTag> read_id_tag(const Row& row) {
    return IdTag{.tag = row.text(1), .site = SiteId{row.text(0)}, .group = row.text(2)};
}

Result<ChargerAccess> read_access(const Row& row) {
    Columns columns(row);
    ChargerAccess access{ChargerId{columns.text()}};
    const auto profile = columns.perhaps([&] { return columns.small(); });
    if (profile && (*profile < 0 || *profile > 3))
        return Error{Errc::kInvalid,
                     "charger " + access.charger.str() + " has no security profile of OCPP"};
    if (profile) access.profile = static_cast<SecurityProfile>(*profile);
    access.certificate_name = columns.text();
    const auto key = [&]() -> std::optional<SealedKey> {
        auto salt = columns.perhaps([&] { return columns.text(); });
        auto digest = columns.perhaps([&] { return columns.text(); });
        if (!salt || !digest) return {};
        return SealedKey{*std::move(salt), *std::move(digest)};
    };
    access.key = key();
    access.old_key = key();
    access.old_key_until = columns.time();
    return access;
}

EvseId read_evse(Columns& columns) {
    ChargerId charger{columns.text()};
    return {std::move(charger), columns.small()};
}

Result<Transaction> read_transaction(const Row& row) {
    Columns columns(row);
    const auto id = columns.integer();
    auto evse = read_evse(columns);
    Transaction transaction{.id = id, .evse = std::move(evse), .id_tag = columns.text()};
    transaction.started_at = columns.time();
    transaction.meter_start = columns.quantity<WattHours>();
    transaction.stopped_at = columns.perhaps([&] { return columns.time(); });
    transaction.meter_stop = columns.quantity<WattHours>();
    transaction.stop_reason = columns.text();
    transaction.requested = columns.perhaps([&] { return columns.quantity<WattHours>(); });
    transaction.depart_by = columns.perhaps([&] { return columns.time(); });
    transaction.own_id = columns.text();
    return transaction;
}

struct PotentialOnAClock {
    control::PotentialRow row;
    std::string steady_id;
};

Result<PotentialOnAClock> read_potential(const Row& row) {
    Columns columns(row);
    control::PotentialRow potential{.evse = read_evse(columns), .potential = {}};
    potential.potential = columns.quantity<Amperes>();
    potential.fallback = columns.perhaps([&] { return columns.quantity<Amperes>(); });
    potential.until =
        columns.perhaps([&] { return SteadyPoint{std::chrono::nanoseconds{columns.integer()}}; });
    auto clock = columns.text();
    potential.kept_out = columns.flag();
    return PotentialOnAClock{std::move(potential), std::move(clock)};
}

// --- Lists ---------------------------------------------------------------------------------

std::string selecting(std::string_view columns, std::string_view from) {
    return "SELECT " + std::string(columns) + " FROM " + std::string(from);
}

template <class T>
Status read_all(Connection& db, const std::string& sql, Result<T> (*read)(const Row&),
                std::vector<T>& into) {
    return db.each(sql, {}, [&](const Row& row) -> Status {
        BUSBAR_TRY(value, read(row));
        into.push_back(std::move(value));
        return Done{};
    });
}

// Hands each row of a list to its owner, the one whose id stands in the first column. `owners` and
// the rows are in the order of ids. Rows of nobody are left where they are.
template <class Owner, class Take>
Status read_lists(Connection& db, const std::string& sql, std::vector<Owner>& owners, Take take) {
    auto owner = owners.begin();
    return db.each(sql, {}, [&](const Row& row) -> Status {
        const auto id = row.text(0);
        while (owner != owners.end() && owner->id.str() < id) ++owner;
        if (owner == owners.end() || owner->id.str() != id) return Done{};
        return take(*owner, row);
    });
}

Status take_peak(Circuit& circuit, const Row& row) {
    Columns columns(row);
    columns.skip(2);
    const auto window = columns.word("peak", parse_window);
    BUSBAR_TRY(
        peak, columns.done("circuit", circuit.id.str(), Peak{window, columns.quantity<Percent>()}));
    circuit.peaks.push_back(std::move(peak));
    return Done{};
}

Status take_tag(Charger& charger, const Row& row) {
    charger.tags.push_back(row.text(2));
    return Done{};
}

Status take_exception(Rule& rule, const Row& row) {
    Columns columns(row);
    columns.skip(2);
    const auto kind = columns.word("exception", parse_selector_kind);
    BUSBAR_TRY(term, columns.done("rule", rule.id.str(), SelectorTerm{kind, columns.text()}));
    rule.select.except.push_back(std::move(term));
    return Done{};
}

// What operators own.
Status load_configuration(Connection& db, control::Stored& stored) {
    static const auto sites = selecting(kSiteColumns, "sites ORDER BY id");
    static const auto circuits = selecting(kCircuitColumns, "circuits ORDER BY id");
    static const auto peaks = selecting(kPeakColumns, "circuit_peaks ORDER BY circuit, position");
    static const auto chargers = selecting(kChargerColumns, "chargers ORDER BY id");
    static const auto tags = selecting(kTagColumns, "charger_tags ORDER BY charger, position");
    static const auto id_tags = selecting(kIdTagColumns, "id_tags ORDER BY site, id_key");
    static const auto access = selecting(kAccessColumns, "charger_access ORDER BY charger");
    auto status = read_all(db, sites, read_site, stored.sites);
    if (status) status = read_all(db, circuits, read_circuit, stored.circuits);
    if (status) status = read_lists(db, peaks, stored.circuits, take_peak);
    if (status) status = read_all(db, chargers, read_charger, stored.chargers);
    if (status) status = read_lists(db, tags, stored.chargers, take_tag);
    if (status) status = read_all(db, id_tags, read_id_tag, stored.id_tags);
    if (status) status = read_all(db, access, read_access, stored.access);
    return status;
}

// Rules that are gone still stand in the audit: nobody is to meet their names again.
Status load_last_rule(Connection& db, std::int64_t& into) {
    BUSBAR_TRY(last, db.integer("SELECT max(CAST(substr(subject, 3) AS INTEGER)) FROM audit "
                                "WHERE what = 'put rule' AND subject LIKE 'r-%'"));
    into = last.value_or(0);
    return Done{};
}

Status load_rules(Connection& db, std::vector<Rule>& into) {
    static const auto rules = selecting(kRuleColumns, "rules ORDER BY id");
    static const auto exceptions =
        selecting(kExceptionColumns, "rule_exceptions ORDER BY rule, position");
    auto status = read_all(db, rules, read_rule, into);
    return status ? read_lists(db, exceptions, into, take_exception) : std::move(status);
}

}  // namespace

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

Result<std::vector<Transaction>> load_transactions(Connection& db,
                                                   const control::TransactionQuery& query) {
    // Two texts, so that each has its index.
    const auto text = [](std::string_view which) {
        return selecting(kTransactionColumns,
                         "transactions WHERE " + std::string(which) +
                             " AND started_at_us >= coalesce(?2, started_at_us)"
                             " AND (?3 IS NULL OR started_at_us < ?3)"
                             " AND (?4 IS NULL OR (started_at_us, id) <"
                             " (SELECT started_at_us, id FROM transactions WHERE id = ?4))"
                             " ORDER BY started_at_us DESC, id DESC LIMIT ?5");
    };
    static const auto of_all = text("?1 IS NULL"), of_one = text("charger = ?1");
    std::vector<Transaction> found;
    auto status = db.each(query.charger ? of_one : of_all,
                          {query.charger, query.from, query.to, query.after, query.limit},
                          [&](const Row& row) -> Status {
                              BUSBAR_TRY(transaction, read_transaction(row));
                              found.push_back(std::move(transaction));
                              return Done{};
                          });
    if (!status) return std::move(status).error();
    return found;
}

Result<control::TransactionRecord> load_transaction(Connection& db, TransactionId id) {
    std::optional<control::TransactionRecord> found;
    auto status = db.each(selecting(kTransactionColumns, "transactions WHERE id = ?"), {id},
                          [&](const Row& row) -> Status {
                              BUSBAR_TRY(transaction, read_transaction(row));
                              found = control::TransactionRecord{std::move(transaction)};
                              return Done{};
                          });
    if (!status) return std::move(status).error();
    if (!found)
        return Error{Errc::kNotFound, "transaction " + std::to_string(id) + " is not known"};
    status = db.each(
        "SELECT at_us, sampled FROM signed_readings WHERE transaction_id = ? ORDER BY position",
        {id}, [&](const Row& row) -> Status {
            found->signed_readings.push_back({row.time(0), row.text(1)});
            return Done{};
        });
    if (!status) return std::move(status).error();
    return *std::move(found);
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

Result<control::Stored> load_stored(Connection& db, const std::string& steady_id) {
    control::Stored stored;
    BUSBAR_TRY(revision, load_revision(db));
    stored.revision = revision;
    static const auto open =
        selecting(kTransactionColumns, "transactions WHERE stopped_at_us IS NULL ORDER BY id");
    static const auto potentials =
        selecting(kPotentialColumns, "potentials ORDER BY charger, evse");
    auto status = load_configuration(db, stored);
    if (status) status = load_rules(db, stored.rules);
    if (status) status = read_all(db, open, read_transaction, stored.open_transactions);
    if (status) status = load_last_rule(db, stored.last_rule);
    std::vector<PotentialOnAClock> found;
    if (status) status = read_all(db, potentials, read_potential, found);
    if (!status) return status.error();
    for (auto& each : found) {
        if (each.steady_id != steady_id) each.row.until.reset();
        stored.potentials.push_back(std::move(each.row));
    }
    return stored;
}

}  // namespace busbar::store
