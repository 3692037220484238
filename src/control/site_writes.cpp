// What operators change. Each write is checked against the live site, stored, and only then
// takes effect: the store's commit comes back through committed().
#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "control/json.hpp"
#include "control/site_home.hpp"
#include "rules/effective.hpp"

namespace busbar::control {
namespace {

constexpr std::size_t kMaxRules = 10'000;
constexpr std::size_t kMaxConfigWrites = 64;
constexpr std::size_t kMaxNameBytes = 128;
constexpr std::size_t kMaxWarnings = 10;
constexpr std::size_t kForgetAtOnce = 64;
constexpr auto kForgetAgainAfter = std::chrono::seconds{1};

Error rule_not_found(const RuleId& id) {
    return {Errc::kNotFound, "rule '" + id.str() + "' does not exist"};
}

Error circuit_not_found(const CircuitId& id) {
    return {Errc::kNotFound, "circuit '" + id.str() + "' does not exist"};
}

void put_tag(std::vector<IdTag>& list, const IdTag& value) {
    const auto found =
        std::ranges::find_if(list, [&](const IdTag& t) { return same_tag(t.tag, value.tag); });
    if (found == list.end())
        list.push_back(value);
    else
        *found = value;
}

template <class T, class I>
bool remove(std::vector<T>& list, const I& id) {
    return std::erase_if(list, [&](const T& value) { return value.id == id; }) > 0;
}

// What is promised for good has to fit with every other promise, so each is checked against the
// one before. Nothing else can take room that is held: all others may be written side by side.
// The grid's and safety's caps are never refused: they hold, and promises give way.
bool has_to_fit(const Rule& rule) {
    if (rule.kind == RuleKind::kExclude) return true;
    if (rule.kind == RuleKind::kReserve) return rule.standing && !rule.force;
    return rule.kind == RuleKind::kCap && caps_sum(rule) && rule.layer < Layer::kGrid;
}

Status check_name(const std::string& name) {
    if (name.size() > kMaxNameBytes)
        return Error{Errc::kInvalid, "must have at most 128 bytes", "name"};
    return Done{};
}

}  // namespace

// --- In turn: one write at a time, so that each is checked against the one before ---------------

// `store` gets the callback to end with; the next one's turn comes when that is called.
template <class T, class F>
void SiteHome::in_turn(Callback<T> done, F store) {
    if (config_writes_.size() >= kMaxConfigWrites)
        return done(Error{Errc::kBusy, "too many configuration changes are waiting: try again"});
    auto last = [weak = weak_from_this(), done = std::move(done)](Result<T> result) {
        if (const auto self = weak.lock()) self->post([](SiteHome& site) { site.turn_over(); });
        done(std::move(result));
    };
    config_writes_.push_back(
        [store = std::move(store), last = Callback<T>(std::move(last))] { store(last); });
    if (!config_write_open_) turn_over();
}

void SiteHome::turn_over() {
    config_write_open_ = !config_writes_.empty();
    if (!config_write_open_) return;
    auto next = std::move(config_writes_.front());
    config_writes_.pop_front();
    next();
}

// Stores one change; `value` is what the caller gets back when it is durable.
template <class T>
void SiteHome::write(Change change, T value, bool created, std::string before, std::string after,
                     Caller caller, Callback<Written<T>> done) {
    auto stored = [value = std::move(value), created,
                   done = std::move(done)](Result<std::int64_t> revision) {
        if (!revision) return done(std::move(revision).error());
        done(Written<T>{value, *revision, created});
    };
    world_.store.write({.site = config_.site.id,
                        .change = std::move(change),
                        .author = std::move(caller.author),
                        .before = std::move(before),
                        .after = std::move(after),
                        .accepted_at = caller.accepted_at},
                       std::move(stored));
}

// What cannot be kept already does not count against the write.
Status SiteHome::keeps_promises(const SiteConfig& config, const Network& network,
                                std::span<const Rule> rules) const {
    const auto now = world_.clock.wall();
    std::optional<Network> made;
    return check_promises(broken_promises(config_, network_with(rules_, made), rules_, now),
                          broken_promises(config, network, rules, now));
}

// The network with these rules' sets: the live one, unless they make others.
const Network& SiteHome::network_with(std::span<const Rule> rules,
                                      std::optional<Network>& made) const {
    if (!guards_.floors_taken && same_sets(network_, rules)) return network_;
    return made.emplace(compile(config_, rules));
}

Status SiteHome::check_with(const Rule& rule) const {
    BUSBAR_TRY(checked, check_rule(config_, rules_, rule));
    (void)checked;
    if (!has_to_fit(rule)) return Done{};
    auto rules = rules_;
    put(rules, rule);
    std::optional<Network> made;
    auto kept = keeps_promises(config_, network_with(rules, made), rules);
    if (kept) return kept;
    auto error = std::move(kept).error();
    error.field = "select";
    return error;
}

void SiteHome::create_rule(RuleDraft draft, Caller caller, Callback<Written<Rule>> reply) {
    if (!has_to_fit(draft))
        return store_rule(std::move(draft), std::move(caller), std::move(reply));
    in_turn(std::move(reply), [this, draft, caller](const Callback<Written<Rule>>& done) {
        store_rule(draft, caller, done);
    });
}

void SiteHome::store_rule(RuleDraft draft, Caller caller, Callback<Written<Rule>> done) {
    if (rules_.size() >= kMaxRules)
        return done(Error{Errc::kConflict, "the site has 10000 rules, which is the most it takes"});
    auto rule = std::move(draft);
    rule.id = RuleId("");  // It gets one once it is known to be right.
    rule.site = config_.site.id;
    rule.author = caller.author;
    rule.version = 1;
    rule.created_at = world_.clock.wall();
    if (rule.expires_at && *rule.expires_at <= rule.created_at)
        return done(Error{Errc::kInvalid, "is in the past", "expiresAt"});
    if (const auto checked = check_with(rule); !checked) return done(checked.error());
    rule.id = world_.next_rule_id();
    auto after = to_json(rule);
    auto warned = [done = std::move(done),
                   warnings = warnings_for(rule)](Result<Written<Rule>> written) {
        if (written) written->warnings = warnings;
        done(std::move(written));
    };
    write<Rule>(with_boundary(rule), rule, true, "", std::move(after), std::move(caller),
                std::move(warned));
}

// Its next edge is as durable as the rule.
PutRule SiteHome::with_boundary(const Rule& rule) const {
    PutRule change{rule};
    if (const auto due = next_boundary(config_.site, rule, world_.clock.wall()))
        change.boundaries.push_back(*due);
    return change;
}

// What an operator may not expect of rules that meet.
std::vector<std::string> SiteHome::warnings_for(const Rule& rule) const {
    auto rules = rules_;
    rules.push_back(rule);
    std::optional<Network> made;
    const auto& network = network_with(rules, made);
    const auto now = world_.clock.wall();
    const auto charging = occupants();
    const auto ruled = effective_rules(config_, network, rules, charging, now);
    const auto name = [&](RuleIndex index) {
        return index == kNoRule            ? std::string("the configuration")
               : index + 1 == rules.size() ? std::string("this rule")
                                           : "rule " + rules[index].id.str();
    };
    std::vector<std::string> out;
    for (const auto leaf : select(network, rule.select, charging)) {
        if (out.size() == kMaxWarnings) break;
        const auto& here = ruled.leaves[leaf];
        const auto evse = to_string(network.leaves[leaf].evse);
        if (here.exclude)
            out.push_back(evse + " is unmanaged, by " + name(*here.exclude) + ": it counts with " +
                          decimal(network.leaves[leaf].maximum.in_milli()) +
                          " A, and no cap or pause holds for it");
        else if (here.reserve && here.cap && here.cap->limit < here.reserve->limit)
            out.push_back(evse + " gets no more than the " + decimal(here.cap->limit.in_milli()) +
                          " A of " + name(here.cap->rule) + ", though " +
                          decimal(here.reserve->limit.in_milli()) + " A are reserved for it by " +
                          name(here.reserve->rule));
    }
    return out;
}

void SiteHome::patch_rule(RuleId id, RulePatch patch, Caller caller,
                          Callback<Written<Rule>> reply) {
    const auto found = find_rule(id);
    auto patched = found.value_or(Rule{});
    apply(patch, patched);
    if (!found || !has_to_fit(patched))
        return store_patch(std::move(id), std::move(patch), std::move(caller), std::move(reply));
    in_turn(std::move(reply), [this, id, patch, caller](const Callback<Written<Rule>>& done) {
        store_patch(id, patch, caller, done);
    });
}

void SiteHome::store_patch(RuleId id, RulePatch patch, Caller caller,
                           Callback<Written<Rule>> done) {
    const auto found = find_rule(id);
    if (!found) return done(rule_not_found(id));
    if (patch.if_version && *patch.if_version != found->version)
        return done(Error{Errc::kConflict, "rule '" + id.str() +
                                               "' has changed since: it is at "
                                               "version " +
                                               std::to_string(found->version)});
    auto rule = *found;
    apply(patch, rule);
    rule.author = caller.author;
    ++rule.version;
    if (patch.expires_at && rule.expires_at && *rule.expires_at <= world_.clock.wall())
        return done(Error{Errc::kInvalid, "is in the past", "expiresAt"});
    // What it is about may be gone by now, which no patch can mend, and none makes worse.
    const auto checked = check_with(rule);
    if (!checked && checked.error().code != Errc::kNotFound) return done(checked.error());

    // Somebody else may have changed it while this was on its way: then look again, unless the
    // caller said which version it meant.
    const bool insists = patch.if_version.has_value();
    auto again = [weak = weak_from_this(), id, patch = std::move(patch), caller, done,
                  insists](Result<Written<Rule>> written) {
        const auto self = weak.lock();
        const bool lost_race = !written && written.error().code == Errc::kConflict && !insists;
        if (!lost_race || !self) return done(std::move(written));
        self->post([=](SiteHome& site) { site.store_patch(id, patch, caller, done); });
    };
    auto before = to_json(*found), after = to_json(rule);
    write<Rule>(with_boundary(rule), rule, false, std::move(before), std::move(after),
                std::move(caller), std::move(again));
}

void SiteHome::delete_rule(RuleId id, Caller caller, Callback<Written<Rule>> done) {
    const auto found = find_rule(id);
    if (!found) return done(rule_not_found(id));
    write(DeleteRule{id}, *found, false, to_json(*found), "", std::move(caller), std::move(done));
}

// --- Configuration -------------------------------------------------------------------------------

void SiteHome::put_site(SitePatch patch, Caller caller, Callback<Written<Site>> reply) {
    in_turn(std::move(reply), [this, patch, caller](const Callback<Written<Site>>& done) {
        auto site = config_.site;
        apply(patch, site);
        if (const auto checked = check_name(site.name); !checked) return done(checked.error());
        auto config = config_;
        config.site = site;
        if (const auto checked = check_config(config); !checked) return done(checked.error());
        write(PutSite{site}, site, false, to_json(config_.site), to_json(site), caller, done);
    });
}

void SiteHome::put_circuit(CircuitId id, CircuitPatch patch, Caller caller,
                           Callback<Written<Circuit>> reply) {
    in_turn(std::move(reply), [this, id, patch, caller](const Callback<Written<Circuit>>& done) {
        const auto found = std::ranges::find(config_.circuits, id, &Circuit::id);
        const bool created = found == config_.circuits.end();
        auto made = patched(config_, id, patch);
        if (!made) return done(std::move(made).error());
        const auto& circuit = *made;
        if (const auto checked = check_name(circuit.name); !checked) return done(checked.error());
        auto config = config_;
        put(config.circuits, circuit);
        if (const auto checked = check_config(config); !checked) return done(checked.error());
        if (!created)
            if (const auto safe = may_change(*found, circuit); !safe) return done(safe.error());
        auto before = created ? std::string() : to_json(*found);
        write(PutCircuit{circuit}, circuit, created, std::move(before), to_json(circuit), caller,
              done);
    });
}

// --- Limits from outside
// --------------------------------------------------------------------------

// What is said again is no write: it only shows that the box is there.
void SiteHome::put_external_limit(CircuitId id, ExternalPatch patch, Caller caller,
                                  Callback<Written<Circuit>> reply) {
    in_turn(std::move(reply), [this, id, patch, caller](const Callback<Written<Circuit>>& done) {
        const auto found = std::ranges::find(config_.circuits, id, &Circuit::id);
        if (found == config_.circuits.end()) return done(circuit_not_found(id));
        auto said = patched(*found, patch, config_.site.supply);
        if (!said) return done(std::move(said).error());
        if (found->external != *said) return write_external(id, *std::move(said), caller, done);
        external_heard(id);
        done(Written<Circuit>{*found, revision_});
    });
}

void SiteHome::delete_external_limit(CircuitId id, Caller caller,
                                     Callback<Written<Circuit>> reply) {
    in_turn(std::move(reply), [this, id, caller](const Callback<Written<Circuit>>& done) {
        const auto found = std::ranges::find(config_.circuits, id, &Circuit::id);
        if (found == config_.circuits.end()) return done(circuit_not_found(id));
        if (!found->external)
            return done(Error{Errc::kNotFound, "circuit '" + id.str() + "' has no external limit"});
        write_external(id, {}, caller, done);
    });
}

// Requires: the circuit exists.
void SiteHome::write_external(const CircuitId& id, std::optional<ExternalLimit> external,
                              Caller caller, const Callback<Written<Circuit>>& done) {
    const auto& before = *std::ranges::find(config_.circuits, id, &Circuit::id);
    auto circuit = before;
    circuit.external = std::move(external);
    auto config = config_;
    put(config.circuits, circuit);
    if (const auto checked = check_parts(config); !checked) return done(checked.error());
    write(PutCircuit{circuit}, circuit, !before.external.has_value(), to_json(before),
          to_json(circuit), std::move(caller), done);
}

// A failsafe has begun: for how long it holds at least is to survive a restart.
void SiteHome::keep_failsafe(const CircuitId& id, TimePoint until) {
    const Caller self{kOwnAuthor, world_.clock.steady()};
    auto kept = [](const Result<Written<Circuit>>& written) {
        if (!written) log::warn("failsafe not stored", {{"why", written.error().message}});
    };
    in_turn<Written<Circuit>>(
        std::move(kept), [this, id, until, self](const Callback<Written<Circuit>>& done) {
            const auto found = std::ranges::find(config_.circuits, id, &Circuit::id);
            if (found == config_.circuits.end() || !found->external)
                return done(circuit_not_found(id));
            auto external = found->external;
            external->failsafe_until = until;
            write_external(id, std::move(external), self, done);
        });
}

// --- Id tags -------------------------------------------------------------------------------------

void SiteHome::put_id_tag(std::string tag, std::string group, Caller caller,
                          Callback<Written<IdTag>> reply) {
    in_turn(std::move(reply), [this, tag, group, caller](const Callback<Written<IdTag>>& done) {
        const IdTag made{.tag = tag, .site = config_.site.id, .group = group};
        auto config = config_;
        put_tag(config.id_tags, made);
        if (const auto checked = check_site(config); !checked) return done(checked.error());
        const auto found = std::ranges::find_if(
            config_.id_tags, [&](const IdTag& t) { return same_tag(t.tag, tag); });
        const bool created = found == config_.id_tags.end();
        auto before = created ? std::string() : to_json(*found);
        write(PutIdTag{made}, made, created, std::move(before), to_json(made), caller, done);
    });
}

void SiteHome::delete_id_tag(std::string tag, Caller caller, Callback<Written<IdTag>> reply) {
    in_turn(std::move(reply), [this, tag, caller](const Callback<Written<IdTag>>& done) {
        const auto found = std::ranges::find_if(
            config_.id_tags, [&](const IdTag& t) { return same_tag(t.tag, tag); });
        if (found == config_.id_tags.end())
            return done(Error{Errc::kNotFound, "id tag '" + tag + "' does not exist"});
        write(DeleteIdTag{config_.site.id, tag}, *found, false, to_json(*found), "", caller, done);
    });
}

// What stands on the wire cannot be rewired on paper: while a charger may be drawing, connected
// or not, the rows it counts on stay the same. One that never connected is still being set up.
Status SiteHome::at_rest(LeafIndex leaf) const {
    const auto potential = ledger_.potential(leaf);
    const auto& evse = network_.leaves[leaf].evse;
    if (!live_[leaf].seen || (potential == 0_A && !ledger_.calling(leaf))) return Done{};
    return Error{Errc::kConflict,
                 "charger '" + evse.charger.str() + "' may be drawing " +
                     decimal(potential.in_milli()) +
                     " A where it is wired now: pause it, with a floor of 0 A, and try again once "
                     "it has connected and stands at 0 A"};
}

Status SiteHome::may_change(const Charger& from, const Charger& to) const {
    if (from.circuit == to.circuit && from.phases == to.phases &&
        from.evse_count == to.evse_count && from.maximum == to.maximum && from.dc == to.dc)
        return Done{};
    const auto [first, last] = network_.leaves_of(from.id);
    for (auto leaf = first; leaf < last; ++leaf)
        if (auto resting = at_rest(leaf); !resting) return resting;
    return Done{};
}

Status SiteHome::may_change(const Circuit& from, const Circuit& to) const {
    if (from.parent == to.parent) return Done{};
    const auto row = *network_.row_of(from.id);
    for (LeafIndex leaf = 0; leaf < network_.leaves.size(); ++leaf) {
        const auto& rows = network_.leaves[leaf].rows;
        if (std::ranges::find(rows, row) == rows.end()) continue;
        if (auto resting = at_rest(leaf); !resting) return resting;
    }
    return Done{};
}

// Whether the configuration holds together, also with what rules hold for good.
Status SiteHome::check_config(const SiteConfig& config) const {
    BUSBAR_TRY(checked, check_parts(config));
    (void)checked;
    return keeps_promises(config, compile(config, rules_), rules_);
}

// Deleting what a rule speaks of would leave the rule behind, to bite whoever gets the id next.
Status SiteHome::not_selected(SelectorKind kind, const std::string& name) const {
    const auto is_about = [&](SelectorKind of, const std::string& said) {
        if (of == kind) return said == name;
        const bool evse = of == SelectorKind::kEvse && kind == SelectorKind::kCharger;
        return evse && (said == name || parse_evse(said).charger.str() == name);
    };
    for (const auto& rule : rules_) {
        bool found = is_about(rule.select.kind, rule.select.name);
        for (const auto& except : rule.select.except)
            found = found || is_about(except.kind, except.name);
        if (found)
            return Error{Errc::kConflict, "rule " + rule.id.str() + " is about " +
                                              std::string(to_string(kind)) + " '" + name +
                                              "': delete that rule first"};
    }
    return Done{};
}

// A charger whose word counts for nothing holds its hardware maximum, as an excluded one does.
// Saying so is not refused where that does not fit: it is so all the same, and counting on its word
// would be worse. But it may cost cars their charge, which is said.
std::vector<std::string> SiteHome::warnings_for(const SiteConfig& config,
                                                const Charger& charger) const {
    if (charger.trust != TrustClass::kC) return {};
    auto rules = rules_;
    const auto holds_its_maximum = [&](const Charger& each) {
        rules.push_back({.site = config.site.id,
                         .kind = RuleKind::kExclude,
                         .select = {SelectorKind::kCharger, each.id.str()}});
    };
    for (const auto& other : config.chargers)
        if (other.trust == TrustClass::kC && other.id != charger.id) holds_its_maximum(other);
    const auto network = compile(config, rules_);
    const auto now = world_.clock.wall();
    const auto before = broken_promises(config, network, rules, now);
    holds_its_maximum(charger);
    const auto worse = first_worse(before, broken_promises(config, network, rules, now));
    if (!worse) return {};
    return {"it counts with " + decimal(charger.maximum.in_milli()) +
            " A whatever it is told: beside the floors of the others, " +
            decimal(worse->amount.in_milli()) + " A more than " + worse->row + " has on " +
            std::string(to_string(worse->phase)) +
            ". Until there is room, charging there is lowered, ended, or not begun"};
}

void SiteHome::put_charger(ChargerId id, ChargerPatch patch, Caller caller,
                           Callback<Written<Charger>> reply) {
    in_turn(std::move(reply), [this, id, patch, caller](const Callback<Written<Charger>>& done) {
        const auto found = std::ranges::find(config_.chargers, id, &Charger::id);
        const bool created = found == config_.chargers.end();
        auto made = patched(config_, id, patch);
        if (!made) return done(std::move(made).error());
        const auto& charger = *made;
        if (const auto checked = check_name(charger.name); !checked) return done(checked.error());
        auto config = config_;
        put(config.chargers, charger);
        if (const auto checked = check_config(config); !checked) return done(checked.error());
        if (!created)
            if (const auto safe = may_change(*found, charger); !safe) return done(safe.error());
        auto before = created ? std::string() : to_json(*found);
        auto warned = [done, warnings = warnings_for(config, charger)](auto written) {
            if (written) written->warnings = warnings;
            done(std::move(written));
        };
        write<Charger>(PutCharger{charger}, charger, created, std::move(before), to_json(charger),
                       caller, std::move(warned));
    });
}

void SiteHome::delete_charger(ChargerId id, Even even, Caller caller,
                              Callback<Written<Charger>> reply) {
    in_turn(std::move(reply), [this, id, even, caller](const Callback<Written<Charger>>& done) {
        const auto found = std::ranges::find(config_.chargers, id, &Charger::id);
        if (found == config_.chargers.end())
            return done(Error{Errc::kNotFound, "charger '" + id.str() + "' does not exist"});
        if (stations_.at(id).online)
            return done(Error{Errc::kConflict,
                              "charger '" + id.str() +
                                  "' is connected, so it is not gone: nobody would count what it "
                                  "draws. Switch it off, or give it another server's address, and "
                                  "delete it then"});
        const auto [first, last] = network_.leaves_of(id);
        for (auto leaf = first; leaf < last && even == Even::kAtRest; ++leaf)
            if (auto resting = at_rest(leaf); !resting) {
                auto error = std::move(resting).error();
                error.message += "; or delete it with ?force=true, if it is gone for good";
                return done(std::move(error));
            }
        if (const auto free = not_selected(SelectorKind::kCharger, id.str()); !free)
            return done(free.error());
        write(DeleteCharger{id}, *found, false, to_json(*found), "", caller, done);
    });
}

void SiteHome::delete_circuit(CircuitId id, Caller caller, Callback<Written<Circuit>> reply) {
    in_turn(std::move(reply), [this, id, caller](const Callback<Written<Circuit>>& done) {
        const auto found = std::ranges::find(config_.circuits, id, &Circuit::id);
        if (found == config_.circuits.end()) return done(circuit_not_found(id));
        const bool used =
            std::ranges::any_of(config_.chargers, [&](auto& c) { return c.circuit == id; }) ||
            std::ranges::any_of(config_.circuits, [&](auto& c) { return c.parent == id; });
        if (used)
            return done(Error{Errc::kConflict,
                              "circuit '" + id.str() + "' still feeds chargers or circuits"});
        if (const auto free = not_selected(SelectorKind::kCircuit, id.str()); !free)
            return done(free.error());
        write(DeleteCircuit{id}, *found, false, to_json(*found), "", caller, done);
    });
}

// --- What the store has committed ---------------------------------------------------------------

void SiteHome::committed(const Committed& change) {
    revision_ = std::max(revision_, change.revision);
    bool rewired = false;
    std::visit(
        [&](const auto& what) {
            using T = std::decay_t<decltype(what)>;
            if constexpr (std::is_same_v<T, PutRule>) {
                put(rules_, what.rule);
                rewired = !same_sets(network_, rules_);
            } else if constexpr (std::is_same_v<T, DeleteRule>) {
                remove(rules_, what.id);
                rewired = !same_sets(network_, rules_);
            } else if constexpr (std::is_same_v<T, PutIdTag>) {
                put_tag(config_.id_tags, what.id_tag);
            } else if constexpr (std::is_same_v<T, DeleteIdTag>) {
                std::erase_if(config_.id_tags,
                              [&](const IdTag& t) { return same_tag(t.tag, what.tag); });
            } else if constexpr (std::is_same_v<T, PutSite>) {
                rewired = config_.site.supply != what.site.supply;
                config_.site = what.site;
            } else if constexpr (std::is_same_v<T, PutCircuit>) {
                put(config_.circuits, what.circuit);
                rewired = true;
            } else if constexpr (std::is_same_v<T, PutCharger>) {
                put(config_.chargers, what.charger);
                rewired = true;
            } else if constexpr (std::is_same_v<T, DeleteCharger>) {
                rewired = remove(config_.chargers, what.id);
            } else if constexpr (std::is_same_v<T, DeleteCircuit>) {
                rewired = remove(config_.circuits, what.id);
            }
        },
        change.change);
    rules_changed_ = true;
    if (rewired) rebuild();
    if (!fresh_cause_) fresh_cause_ = Cause{change.revision, change.accepted_at};
    world_.feed.publish(ChangeCommitted{config_.site.id, change.revision});
    touch();
}

// A changed network over the same knowledge.
void SiteHome::rebuild() {
    auto network = compile(config_, rules_);
    Ledger ledger(network, ledger_);
    std::vector<Live> live(network.leaves.size());
    for (LeafIndex leaf = 0; leaf < live.size(); ++leaf)
        if (const auto before = network_.leaf_of(network.leaves[leaf].evse))
            live[leaf] = std::move(live_[*before]);
    std::map<ChargerId, Station> stations;
    for (const auto& charger : config_.chargers) {
        const auto kept = stations_.find(charger.id);
        stations.emplace(charger.id, kept == stations_.end() ? Station{} : std::move(kept->second));
    }
    network_ = std::move(network);
    ledger_ = std::move(ledger);
    live_ = std::move(live);
    stations_ = std::move(stations);
    for (const auto& charger : config_.chargers) set_up(stations_.at(charger.id), charger);
    renew_floors();
    keep_demoted();
    resolver_ = std::make_unique<Resolver>(network_);
    ahead_resolver_.reset();
    rules_changed_ = true;
    renew_buildings();
    renew_guards();
    resolve();
}

// Rules that are over are deleted, a few at a time, with an audit row that says who did: nobody
// has to tidy up. Until then they do nothing.
void SiteHome::forget_expired(SteadyPoint now, TimePoint wall) {
    if (forgetting_ > 0 || (forget_after_ && now < *forget_after_)) return;
    std::vector<RuleId> over;
    for (const auto& rule : rules_)
        if (rule.expired(wall) && over.size() < kForgetAtOnce) over.push_back(rule.id);
    for (const auto& id : over) {
        ++forgetting_;
        auto done = [weak = weak_from_this()](Result<Written<Rule>> gone) {
            const auto self = weak.lock();
            if (!self) return;
            const bool failed = !gone && gone.error().code != Errc::kNotFound;
            self->post([failed](SiteHome& site) { site.forgot(failed); });
        };
        delete_rule(id, {kOwnAuthor, now}, std::move(done));
    }
}

void SiteHome::forgot(bool failed) {
    --forgetting_;
    if (failed) {
        forget_after_ = world_.clock.steady() + kForgetAgainAfter;
        wake_at(*forget_after_);
    }
    if (forgetting_ == 0) touch();
}

}  // namespace busbar::control
