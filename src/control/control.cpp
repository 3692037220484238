#include "control/control.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/log.hpp"
#include "control/json.hpp"

namespace busbar::control {
namespace {

using namespace std::chrono_literals;

constexpr auto kSweepEvery = 1s;
constexpr auto kPendingInterval = std::chrono::seconds{30};
constexpr std::size_t kMaxUnknown = 1'000;

template <class Name>
Error unknown_thing(const char* what, const Name& id) {
    return {Errc::kNotFound, std::string(what) + " '" + id.str() + "' does not exist"};
}

RuleId rule_id(std::int64_t number) {
    return RuleId("r-" + std::to_string(number));
}

void forget_meter(std::map<MeterId, std::set<CircuitId>>& meters, const CircuitId& circuit) {
    for (auto& [meter, circuits] : meters) circuits.erase(circuit);
    std::erase_if(meters, [](const auto& meter) { return meter.second.empty(); });
}

// 0 for an id that is not one of ours.
std::int64_t number_of(const RuleId& id) {
    std::int64_t number = 0;
    const auto& text = id.str();
    if (text.size() > 2) std::from_chars(text.data() + 2, text.data() + text.size(), number);
    return number;
}

}  // namespace

Control::Control(Store& store, telemetry::TelemetryStore& telemetry, const Clock& clock, Feed& feed,
                 StrandFactory strands, std::function<std::uint32_t()> random)
    : world_{.store = store,
             .gateway = nullptr,
             .telemetry = telemetry,
             .clock = clock,
             .feed = feed,
             .random = std::move(random),
             .next_rule_id = [this] { return rule_id(++last_rule_); }},
      strands_(std::move(strands)),
      strand_(strands_()) {}

Control::~Control() {
    stop();
}

Status Control::start(Gateway& gateway) {
    world_.gateway = &gateway;
    auto loaded = world_.store.load();
    if (!loaded) return std::move(loaded).error().in("load");
    auto& stored = *loaded;
    last_rule_ = std::max(stored.revision, stored.last_rule);
    if (stored.from_backup)
        log::warn("the store is an older copy: each charger counts in full until it has spoken",
                  {});
    for (const auto& rule : stored.rules)
        last_rule_ = std::max<std::int64_t>(last_rule_, number_of(rule.id));
    world_.store.on_commit([this](const Committed& change) { on_commit(change); });
    for (const auto& site : stored.sites) {
        SiteConfig config{site, {}, {}};
        for (const auto& id_tag : stored.id_tags)
            if (id_tag.site == site.id) config.id_tags.push_back(id_tag);
        Stored part{.revision = stored.revision};
        part.from_backup = stored.from_backup;
        std::set<CircuitId> circuits;
        for (const auto& circuit : stored.circuits)
            if (circuit.site == site.id) {
                config.circuits.push_back(circuit);
                circuits.insert(circuit.id);
            }
        std::set<ChargerId> chargers;
        for (const auto& charger : stored.chargers)
            if (circuits.contains(charger.circuit)) {
                config.chargers.push_back(charger);
                chargers.insert(charger.id);
            }
        for (const auto& rule : stored.rules)
            if (rule.site == site.id) part.rules.push_back(rule);
        for (const auto& row : stored.potentials)
            if (chargers.contains(row.evse.charger)) part.potentials.push_back(row);
        for (const auto& transaction : stored.open_transactions)
            if (chargers.contains(transaction.evse.charger))
                part.open_transactions.push_back(transaction);
        if (auto checked = check_site(config); !checked)
            return std::move(checked).error().in("site " + site.id.str());
        add_site(std::move(config), std::move(part));
    }
    directory_.with([&](Directory& directory) {
        for (const auto& access : stored.access)
            directory.access.insert_or_assign(access.charger, access);
    });
    *running_ = true;
    world_.telemetry.meter_status([this, running = running_](auto readings) {
        if (!readings || !*running) return;
        for (const auto& reading : *readings) {
            const auto colon = reading.meter.str().rfind(':');
            auto home = site_of(ChargerId(reading.meter.str()));
            if (!home && colon != std::string::npos)
                home = site_of(ChargerId(reading.meter.str().substr(0, colon)));
            if (home) home->post([reading](SiteHome& s) { s.restore_register(reading); });
        }
    });
    strand_->post([this] { sweep(); });
    return Done{};
}

void Control::stop() {
    *running_ = false;
    directory_.with([](Directory& directory) {
        for (const auto& [id, home] : directory.sites)
            home->post([](SiteHome& site) { site.stop(); });
    });
}

void Control::index(Directory& directory, const SiteId& site, const Change& change) {
    if (const auto* circuit = std::get_if<PutCircuit>(&change)) {
        forget_meter(directory.meters, circuit->circuit.id);
        if (const auto& building = circuit->circuit.building)
            directory.meters[building->meter].insert(circuit->circuit.id);
        directory.circuits.insert_or_assign(circuit->circuit.id, site);
    } else if (const auto* charger = std::get_if<PutCharger>(&change)) {
        directory.chargers.insert_or_assign(charger->charger.id, site);
        directory.unknown.erase(charger->charger.id);
        if (!charger->charger.partner.empty())
            directory.partners[charger->charger.partner].insert(site);
    } else if (const auto* rule = std::get_if<PutRule>(&change)) {
        directory.rules.insert_or_assign(rule->rule.id, site);
    } else if (const auto* gone_rule = std::get_if<DeleteRule>(&change)) {
        directory.rules.erase(gone_rule->id);
    } else if (const auto* gone_charger = std::get_if<DeleteCharger>(&change)) {
        directory.chargers.erase(gone_charger->id);
        directory.access.erase(gone_charger->id);
    } else if (const auto* put_access = std::get_if<PutAccess>(&change)) {
        directory.access.insert_or_assign(put_access->access.charger, put_access->access);
    } else if (const auto* gone_circuit = std::get_if<DeleteCircuit>(&change)) {
        directory.circuits.erase(gone_circuit->id);
        forget_meter(directory.meters, gone_circuit->id);
    }
}

void Control::add_site(SiteConfig config, Stored stored) {
    const auto id = config.site.id;
    directory_.with([&](Directory& directory) {
        for (const auto& circuit : config.circuits) index(directory, id, PutCircuit{circuit});
        for (const auto& charger : config.chargers) index(directory, id, PutCharger{charger});
        for (const auto& rule : stored.rules) index(directory, id, PutRule{rule});
        auto home =
            std::make_shared<SiteHome>(world_, strands_(), std::move(config), std::move(stored));
        home->post([](SiteHome& site) { site.start(); });
        directory.sites.emplace(id, std::move(home));
    });
}

void Control::on_commit(const Committed& change) {
    if (!*running_) return;
    if (const auto* put = std::get_if<PutSite>(&change.change); put && !site(change.site))
        return add_site({put->site, {}, {}}, {.revision = change.revision});
    const auto* added = std::get_if<PutCharger>(&change.change);
    const auto generation = directory_.with([&](Directory& directory) -> std::int64_t {
        index(directory, change.site, change.change);
        if (!added) return 0;
        const auto online = directory.online.find(added->charger.id);
        return online == directory.online.end() ? 0 : online->second;
    });
    const auto home = site(change.site);
    if (!home) return;
    home->post([change](SiteHome& s) { s.committed(change); });
    // It was connected before it was known: now it is one of the site's.
    if (generation > 0)
        home->post(
            [id = added->charger.id, generation](SiteHome& s) { s.connected(id, generation); });
}

// Boundaries are durable rows: what was due while nobody ran is claimed by the first sweep.
void Control::sweep() {
    if (!*running_) return;
    auto claimed = [this, running = running_](Result<std::vector<Boundary>> due) {
        if (!due || !*running) return;  // A store that is away: the rows wait for it.
        for (const auto& boundary : *due)
            if (const auto home = site(boundary.site))
                home->post([](SiteHome& s) { s.boundary_due(); });
    };
    world_.store.claim_boundaries(world_.clock.wall(), std::move(claimed));
    watch_clock();
    strand_->at(world_.clock.steady() + kSweepEvery, [this, running = running_] {
        if (*running) sweep();
    });
}

// A clock that was set is noticed within a sweep, by all sites. One that nobody keeps is worth a
// word: windows and leases go by it.
void Control::watch_clock() {
    const std::chrono::nanoseconds ahead =
        world_.clock.wall().time_since_epoch() - world_.clock.steady().time_since_epoch();
    const auto jump = std::chrono::abs(ahead - std::exchange(clock_, ahead).value_or(ahead));
    if (jump >= kClockJump) each_site([](SiteHome& site) { site.clock_was_set(); });
    const bool kept = world_.clock.is_kept();
    if (std::exchange(clock_is_kept_, kept) && !kept)
        log::warn("nobody keeps this machine's clock right (NTP): windows and leases go by it", {});
}

void Control::each_site(const std::function<void(SiteHome&)>& task) const {
    const auto homes = directory_.with([](const Directory& directory) { return directory.sites; });
    for (const auto& [id, home] : homes) home->post(task);
}

std::shared_ptr<SiteHome> Control::site(const SiteId& id) const {
    return directory_.with([&](const Directory& directory) -> std::shared_ptr<SiteHome> {
        const auto found = directory.sites.find(id);
        return found == directory.sites.end() ? nullptr : found->second;
    });
}

template <class K>
std::shared_ptr<SiteHome> Control::home_of(std::map<K, SiteId> Directory::*index_of,
                                           const K& key) const {
    return directory_.with([&](const Directory& directory) -> std::shared_ptr<SiteHome> {
        const auto& by_key = directory.*index_of;
        const auto found = by_key.find(key);
        if (found == by_key.end()) return nullptr;
        return directory.sites.at(found->second);
    });
}

std::shared_ptr<SiteHome> Control::site_of(const ChargerId& charger) const {
    return home_of(&Directory::chargers, charger);
}

Result<SiteId> Control::site_for(const Selector& select) const {
    return directory_.with([&](const Directory& directory) -> Result<SiteId> {
        const auto must_say = Error{Errc::kInvalid, "is required, there are several", "site"};
        const auto unknown = [&] {
            const std::string kind(to_string(select.kind));
            return Error{Errc::kNotFound, kind + " '" + select.name + "' does not exist",
                         "select." + kind};
        };
        if (select.kind == SelectorKind::kCharger || select.kind == SelectorKind::kEvse) {
            auto found = directory.chargers.find(ChargerId(select.name));
            if (found == directory.chargers.end() && select.kind == SelectorKind::kEvse)
                found = directory.chargers.find(parse_evse(select.name).charger);
            return found == directory.chargers.end() ? Result<SiteId>(unknown()) : found->second;
        }
        if (select.kind == SelectorKind::kCircuit) {
            const auto found = directory.circuits.find(CircuitId(select.name));
            return found == directory.circuits.end() ? Result<SiteId>(unknown()) : found->second;
        }
        if (select.kind == SelectorKind::kPartner) {
            const auto found = directory.partners.find(select.name);
            if (found == directory.partners.end()) return unknown();
            if (found->second.size() > 1) return must_say;
            return *found->second.begin();
        }
        if (directory.sites.empty())
            return Error{Errc::kNotFound, "there is no site yet: PUT /api/v1/sites/{id} first"};
        if (directory.sites.size() > 1) return must_say;
        return directory.sites.begin()->first;
    });
}

// --- Operators -----------------------------------------------------------------------------------

void Control::create_rule(SiteId id, RuleDraft draft, Caller caller, Callback<Written<Rule>> done) {
    const auto home = site(id);
    if (!home) return done(unknown_thing("site", id));
    home->post([=](SiteHome& s) { s.create_rule(draft, caller, done); });
}

void Control::patch_rule(RuleId id, RulePatch patch, Caller caller, Callback<Written<Rule>> done) {
    const auto home = home_of(&Directory::rules, id);
    if (!home) return done(unknown_thing("rule", id));
    home->post([=](SiteHome& s) { s.patch_rule(id, patch, caller, done); });
}

void Control::delete_rule(RuleId id, Caller caller, Callback<Written<Rule>> done) {
    const auto home = home_of(&Directory::rules, id);
    if (!home) return done(unknown_thing("rule", id));
    home->post([=](SiteHome& s) { s.delete_rule(id, caller, done); });
}

void Control::put_site(SiteId id, SitePatch patch, Caller caller, Callback<Written<Site>> done) {
    if (const auto home = site(id))
        return home->post([=](SiteHome& s) { s.put_site(patch, caller, done); });
    Site made{.id = id, .name = id.str()};
    apply(patch, made);
    if (const auto checked = check_parts({made, {}, {}}); !checked) return done(checked.error());
    auto stored = [made, done](Result<std::int64_t> revision) {
        if (!revision) return done(std::move(revision).error());
        done(Written<Site>{made, *revision, true});
    };
    world_.store.write({.site = id,
                        .change = PutSite{made},
                        .author = caller.author,
                        .before = "",
                        .after = to_json(made),
                        .accepted_at = caller.accepted_at},
                       std::move(stored));
}

template <class K, class T>
std::optional<Callback<T>> Control::claim(std::map<K, SiteId> Directory::*index_of,
                                          std::map<K, Claim> Directory::*claims_of, const K& id,
                                          const SiteId& site, Callback<T> done) {
    const bool free = directory_.with([&](Directory& directory) {
        const auto known = (directory.*index_of).find(id);
        if (known != (directory.*index_of).end() && known->second != site) return false;
        auto& held = (directory.*claims_of).try_emplace(id, Claim{site}).first->second;
        if (held.site != site) return false;
        ++held.writes;
        return true;
    });
    if (!free) return {};
    return [this, running = running_, claims_of, id, done = std::move(done)](Result<T> result) {
        if (*running)
            directory_.with([&](Directory& directory) {
                auto& claims = directory.*claims_of;
                const auto held = claims.find(id);
                if (held != claims.end() && --held->second.writes == 0) claims.erase(held);
            });
        done(std::move(result));
    };
}

void Control::put_circuit(CircuitId id, std::optional<SiteId> in, CircuitPatch patch, Caller caller,
                          Callback<Written<Circuit>> done) {
    if (!in) {
        const auto found = site_for({SelectorKind::kCircuit, id.str()});
        const auto only = found ? found : site_for({SelectorKind::kAll});
        if (!only) return done(only.error());
        in = *only;
    }
    const auto home = site(*in);
    if (!home) return done(unknown_thing("site", *in));
    const auto last = claim(&Directory::circuits, &Directory::claimed_circuits, id, *in, done);
    if (!last)
        return done(Error{Errc::kConflict,
                          "circuit '" + id.str() + "' is at another site: its id is taken",
                          "site"});
    home->post([=](SiteHome& s) { s.put_circuit(id, patch, caller, *last); });
}

void Control::put_charger(ChargerId id, ChargerPatch patch, Caller caller,
                          Callback<Written<Charger>> done) {
    const auto in = patch.circuit ? site_for({SelectorKind::kCircuit, patch.circuit->str()})
                                  : site_for({SelectorKind::kCharger, id.str()});
    if (!in && patch.circuit) {
        auto error = unknown_thing("circuit", *patch.circuit);
        error.field = "circuit";
        return done(std::move(error));
    }
    if (!in) return done(Error{Errc::kInvalid, "is required for a new charger", "circuit"});
    const auto last = claim(&Directory::chargers, &Directory::claimed_chargers, id, *in, done);
    if (!last)
        return done(Error{Errc::kConflict,
                          "charger '" + id.str() + "' is at another site: delete it there first",
                          "circuit"});
    site(*in)->post([=](SiteHome& s) { s.put_charger(id, patch, caller, *last); });
}

void Control::delete_charger(ChargerId id, Even even, Caller caller,
                             Callback<Written<Charger>> done) {
    const auto home = site_of(id);
    if (!home) return done(unknown_thing("charger", id));
    home->post([=](SiteHome& s) { s.delete_charger(id, even, caller, done); });
}

void Control::put_id_tag(SiteId id, std::string tag, std::string group, Caller caller,
                         Callback<Written<IdTag>> done) {
    const auto home = site(id);
    if (!home) return done(unknown_thing("site", id));
    home->post([=](SiteHome& s) { s.put_id_tag(tag, group, caller, done); });
}

void Control::delete_id_tag(SiteId id, std::string tag, Caller caller,
                            Callback<Written<IdTag>> done) {
    const auto home = site(id);
    if (!home) return done(unknown_thing("site", id));
    home->post([=](SiteHome& s) { s.delete_id_tag(tag, caller, done); });
}

void Control::building_sample(CircuitId id, PerPhase measured, Callback<Done> done) {
    const auto home = home_of(&Directory::circuits, id);
    if (!home) return done(unknown_thing("circuit", id));
    home->post([=, at = world_.clock.steady()](SiteHome& s) {
        s.building_sample(id, measured, at, done);
    });
}

void Control::feeder_sample(const MeterId& meter, PerPhase measured, SteadyPoint at) {
    if (!*running_) return;
    const auto circuits = directory_.with([&](const Directory& directory) {
        const auto found = directory.meters.find(meter);
        return found == directory.meters.end() ? std::set<CircuitId>{} : found->second;
    });
    for (const auto& circuit : circuits)
        if (const auto home = home_of(&Directory::circuits, circuit))
            home->post([=](SiteHome& s) { s.building_sample(circuit, measured, at, [](auto) {}); });
}

void Control::put_external_limit(CircuitId id, ExternalPatch patch, Caller caller,
                                 Callback<Written<Circuit>> done) {
    const auto home = home_of(&Directory::circuits, id);
    if (!home) return done(unknown_thing("circuit", id));
    home->post([=](SiteHome& s) { s.put_external_limit(id, patch, caller, done); });
}

void Control::delete_external_limit(CircuitId id, Caller caller, Callback<Written<Circuit>> done) {
    const auto home = home_of(&Directory::circuits, id);
    if (!home) return done(unknown_thing("circuit", id));
    home->post([=](SiteHome& s) { s.delete_external_limit(id, caller, done); });
}

// Transactions are not indexed: there are as many homes to ask as sites, and somebody asks by hand.
void Control::set_wish(TransactionId transaction, DriverWish wish, Callback<Transaction> done) {
    auto homes = std::make_shared<std::vector<std::shared_ptr<SiteHome>>>();
    directory_.with([&](const Directory& directory) {
        for (const auto& [id, home] : directory.sites) homes->push_back(home);
    });
    ask_next(std::move(homes), 0, transaction, wish, std::move(done));
}

void Control::ask_next(std::shared_ptr<std::vector<std::shared_ptr<SiteHome>>> homes,
                       std::size_t next, TransactionId transaction, DriverWish wish,
                       Callback<Transaction> done) {
    if (next == homes->size())
        return done(
            Error{Errc::kNotFound, "no transaction " + std::to_string(transaction) + " runs"});
    auto answered = [homes, next, transaction, wish, done](Result<Transaction> changed) {
        if (changed || changed.error().code != Errc::kNotFound) return done(std::move(changed));
        ask_next(homes, next + 1, transaction, wish, done);
    };
    (*homes)[next]->post([transaction, wish, answered = std::move(answered)](SiteHome& s) {
        s.set_wish(transaction, wish, answered);
    });
}

void Control::delete_circuit(CircuitId id, Caller caller, Callback<Written<Circuit>> done) {
    const auto home = home_of(&Directory::circuits, id);
    if (!home) return done(unknown_thing("circuit", id));
    home->post([=](SiteHome& s) { s.delete_circuit(id, caller, done); });
}

void Control::plan(SiteId id, PlanDraft draft, Callback<PlanReport> done) {
    const auto home = site(id);
    if (!home) return done(unknown_thing("site", id));
    home->post([=](SiteHome& s) { done(s.plan(draft)); });
}

void Control::start_probe(const ChargerId& id, ProbeOptions options, Callback<ProbeReport> done) {
    const auto home = site_of(id);
    if (!home) return done(unknown_thing("charger", id));
    home->post([=](SiteHome& s) { done(s.start_probe(id, options)); });
}

void Control::abort_probe(const ChargerId& id, Callback<ProbeReport> done) {
    const auto home = site_of(id);
    if (!home) return done(unknown_thing("charger", id));
    home->post([=](SiteHome& s) { done(s.abort_probe(id)); });
}

void Control::probe_report(const ChargerId& id, Callback<ProbeReport> done) {
    const auto home = site_of(id);
    if (!home) return done(unknown_thing("charger", id));
    home->post([=](SiteHome& s) { done(s.probe_report(id)); });
}

// --- Questions -----------------------------------------------------------------------------------

void Control::reports(Callback<std::vector<SiteReport>> done) {
    struct Gathering {
        Guarded<std::vector<SiteReport>> reports;
        std::atomic<std::size_t> missing{0};
    };
    std::vector<std::shared_ptr<SiteHome>> homes;
    directory_.with([&](const Directory& directory) {
        for (const auto& [id, home] : directory.sites) homes.push_back(home);
    });
    if (homes.empty()) return strand_->post([done] { done(std::vector<SiteReport>{}); });
    const auto gathering = std::make_shared<Gathering>();
    gathering->missing = homes.size();
    for (const auto& home : homes)
        home->post([gathering, done](SiteHome& s) {
            gathering->reports.with([&](auto& all) { all.push_back(s.report()); });
            if (--gathering->missing > 0) return;
            auto all = gathering->reports.with([](auto& reports) { return std::move(reports); });
            std::ranges::sort(all, {}, [](const SiteReport& r) { return r.site.id; });
            done(std::move(all));
        });
}

void Control::charger_report(const ChargerId& id, Callback<ChargerReport> done) {
    const auto home = site_of(id);
    if (!home) return strand_->post([done, id] { done(unknown_thing("charger", id)); });
    home->post([id, done](SiteHome& s) { done(s.charger_report(id)); });
}

void Control::find_rule(const RuleId& id, Callback<Rule> done) {
    const auto home = home_of(&Directory::rules, id);
    if (!home) return strand_->post([done, id] { done(unknown_thing("rule", id)); });
    home->post([id, done](SiteHome& s) {
        const auto rule = s.find_rule(id);
        done(rule ? Result<Rule>(*rule) : unknown_thing("rule", id));
    });
}

std::vector<UnknownCharger> Control::unknown_chargers() const {
    return directory_.with([](const Directory& directory) {
        std::vector<UnknownCharger> all;
        for (const auto& [id, charger] : directory.unknown) all.push_back(charger);
        return all;
    });
}

// --- Chargers ------------------------------------------------------------------------------------

void Control::connected(const ChargerId& charger, std::int64_t generation) {
    const auto now = world_.clock.wall();
    directory_.with([&](Directory& directory) {
        directory.online[charger] = generation;
        if (directory.chargers.contains(charger)) return;
        if (directory.unknown.size() >= kMaxUnknown && !directory.unknown.contains(charger)) return;
        directory.unknown.insert_or_assign(charger, UnknownCharger{charger, now, "", ""});
    });
    if (const auto home = site_of(charger))
        home->post([=](SiteHome& s) { s.connected(charger, generation); });
}

void Control::disconnected(const ChargerId& charger, std::int64_t generation) {
    directory_.with([&](Directory& directory) {
        const auto online = directory.online.find(charger);
        if (online != directory.online.end() && online->second == generation)
            directory.online.erase(online);
    });
    if (const auto home = site_of(charger))
        home->post([=](SiteHome& s) { s.disconnected(charger, generation); });
}

void Control::boot(const ChargerId& charger, BootInfo info, std::function<void(BootReply)> reply) {
    if (const auto home = site_of(charger))
        return home->post([=](SiteHome& s) { s.boot(charger, info, reply); });
    const auto now = world_.clock.wall();
    directory_.with([&](Directory& directory) {
        const auto found = directory.unknown.find(charger);
        if (found != directory.unknown.end())
            found->second = {charger, now, info.vendor, info.model};
    });
    log::info("unknown charger", {{"charger", charger}, {"vendor", info.vendor}});
    strand_->post([reply = std::move(reply)] {
        reply({.status = Registration::kPending, .interval = kPendingInterval});
    });
}

void Control::alarm(const ChargerId& charger, std::string text) {
    const auto home = site_of(charger);
    if (!home) return log::warn("alarm", {{"subject", charger}, {"text", text}});
    home->post([charger, text = std::move(text)](SiteHome& s) { s.alarm(charger.str(), text); });
}

void Control::told_time(const ChargerId& charger, TimePoint now) {
    if (const auto home = site_of(charger))
        home->post([=](SiteHome& s) { s.told_time(charger, now); });
}

void Control::status(const ChargerId& charger, StatusReport report) {
    if (const auto home = site_of(charger))
        home->post([=](SiteHome& s) { s.status(charger, report); });
}

// Everybody may charge at a charger that is ours.
void Control::authorize(const ChargerId& charger, std::string,
                        std::function<void(Authorization)> reply) {
    if (const auto home = site_of(charger))
        return home->post([=](SiteHome& s) { s.authorize(charger, reply); });
    strand_->post([reply = std::move(reply)] { reply(Authorization::kInvalid); });
}

void Control::start(const ChargerId& charger, StartRequest request, Callback<StartReply> reply) {
    if (const auto home = site_of(charger))
        return home->post([=](SiteHome& s) { s.start_transaction(charger, request, reply); });
    strand_->post([reply] { reply(StartReply{Authorization::kInvalid, 0}); });
}

void Control::stop(const ChargerId& charger, StopRequest request, Callback<Done> reply) {
    if (const auto home = site_of(charger))
        return home->post([=](SiteHome& s) { s.stop_transaction(charger, request, reply); });
    strand_->post([reply] { reply(Done{}); });
}

void Control::transaction(const ChargerId& charger, TransactionEvent event,
                          Callback<StartReply> reply) {
    if (const auto home = site_of(charger))
        return home->post([=](SiteHome& s) { s.transaction_event(charger, event, reply); });
    strand_->post([reply] { reply(StartReply{Authorization::kInvalid, 0}); });
}

void Control::meter(const ChargerId& charger, MeterReport report) {
    if (const auto home = site_of(charger))
        home->post([=](SiteHome& s) { s.meter(charger, report); });
}

}  // namespace busbar::control
