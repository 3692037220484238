#include "control/site_home.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/log.hpp"
#include "rules/effective.hpp"

namespace busbar::control {
namespace {

using namespace std::chrono_literals;

constexpr auto kFullCompareEvery = 60s;
constexpr int kFailuresToAlarm = 3;
constexpr std::size_t kMaxAlarms = 100;

}  // namespace

SiteHome::SiteHome(World& world, std::unique_ptr<Strand> strand, SiteConfig config, Stored stored)
    : world_(world),
      strand_(std::move(strand)),
      config_(std::move(config)),
      rules_(std::move(stored.rules)),
      revision_(stored.revision),
      network_(compile(config_, rules_)),
      ledger_(network_),
      live_(network_.leaves.size()),
      resolver_(std::make_unique<Resolver>(network_)) {
    for (const auto& charger : config_.chargers) set_up(stations_[charger.id], charger);
    for (const auto& row : stored.potentials) restore(row, stored.from_backup);
    for (auto& transaction : stored.open_transactions) {
        if (const auto leaf = network_.leaf_of(transaction.evse)) {
            // A little apart, so that who came first is told the same way each time.
            live_[*leaf].since = std::min(transaction.started_at, world_.clock.wall()) +
                                 std::chrono::microseconds{*leaf};
            live_[*leaf].transaction = std::move(transaction);
            car_came(*leaf);
        }
    }
    renew_floors();
    renew_buildings();
    renew_guards();
    // Where no transaction runs, no transaction's limit can be in force any more.
    for (LeafIndex leaf = 0; leaf < live_.size(); ++leaf)
        if (!live_[leaf].transaction && ledger_.known(leaf))
            ledger_.transaction_over(leaf, world_.clock.steady());
}

// Takes on what is configured about a charger, where that has changed.
void SiteHome::set_up(Station& station, const Charger& charger) const {
    station.evses = static_cast<std::size_t>(charger.evse_count);
    const auto configured = features_of(network_.leaves[network_.leaves_of(charger.id).first]);
    if (station.configured != configured) station.features = station.configured = configured;
    if (station.writes.per_day() != charger.writes_per_day)
        station.writes = WriteBudget(charger.writes_per_day);
}

// What a charger may be drawing, as the store last had it. A copy of older days says nothing of
// what was sent since. Where nobody knows when a lease began, it begins now.
void SiteHome::restore(const PotentialRow& row, bool from_backup) {
    const auto leaf = network_.leaf_of(row.evse);
    if (!leaf) return;
    auto& live = live_[*leaf];
    live.seen = true;
    auto& yielding = live.yielding;
    yielding.out = yielding.told_out = yielding.durable_out = row.kept_out;
    stations_.at(row.evse.charger).offline_since = world_.clock.wall();
    if (from_backup) return;
    std::optional<Lease> lease;
    if (row.fallback) {
        const auto longest = world_.clock.steady() + config_.site.lease * 3 / 2;
        lease = Lease{*row.fallback, row.until.value_or(longest)};
        // On a clock that is no more it is worth nothing: it is written anew.
        live.durable_lease = {*row.fallback, row.until.value_or(world_.clock.steady())};
    }
    live.durable = row.potential;
    ledger_.restore(*leaf, row.potential, lease);
}

void SiteHome::post(std::function<void(SiteHome&)> task) {
    strand_->post([weak = weak_from_this(), task = std::move(task)] {
        if (const auto self = weak.lock()) task(*self);
    });
}

void SiteHome::start() {
    running_ = true;
    // Nobody knows for how long nobody decided: that was an outage.
    for (LeafIndex leaf = 0; leaf < live_.size(); ++leaf) spread_raise(leaf, world_.clock.steady());
    touch();
}

void SiteHome::touch() {
    if (scheduled_ || !running_) return;
    scheduled_ = true;
    post([](SiteHome& site) { site.evaluate(); });
}

// Chargers and leaves stand in the same order, so that they are walked side by side.
template <class F>
void SiteHome::each_station(F&& visit) {
    LeafIndex leaf = 0;
    for (auto& [charger, station] : stations_) {
        const Leaves leaves{leaf, leaf + station.evses};
        visit(charger, station, leaves);
        leaf = leaves.end;
    }
}

// Who is charging where, for rules about groups and transactions.
std::vector<Occupant> SiteHome::occupants() const {
    std::vector<Occupant> out(live_.size());
    for (LeafIndex leaf = 0; leaf < live_.size(); ++leaf)
        if (const auto& transaction = live_[leaf].transaction)
            out[leaf] = {transaction->id, config_.group_of(transaction->id_tag)};
    return out;
}

// Finds out which rules hold, if that can have changed.
void SiteHome::refresh_rules(TimePoint wall) {
    if (!rules_changed_ && (!rules_until_ || wall < *rules_until_)) return;
    const auto charging = occupants();
    resolver_->set_rules(effective_rules(config_, network_, rules_, charging, wall));
    rules_until_.reset();
    rules_changed_ = false;
    ahead_rules_ = false;
    upcoming_.assign(live_.size(), std::nullopt);
    std::vector<Boundary> fresh;
    const auto note = [&](const RuleId& subject, std::optional<TimePoint> edge) {
        if (!edge) return;
        if (!rules_until_ || *edge < *rules_until_) rules_until_ = edge;
        note_boundary(fresh, subject, *edge);
    };
    for (const auto& circuit : config_.circuits)
        if (!circuit.peaks.empty())
            note(RuleId("circuit " + circuit.id.str()),
                 next_boundary({config_.site, {circuit}, {}, {}}, {}, wall));
    for (RuleIndex rule = 0; rule < rules_.size(); ++rule) {
        const auto edge = next_boundary(config_.site, rules_[rule], wall);
        note(rules_[rule].id, edge);
        if (!edge) continue;
        for (const auto leaf : select(network_, rules_[rule].select, charging))
            if (!upcoming_[leaf] || *edge < upcoming_[leaf]->at) upcoming_[leaf] = {*edge, rule};
    }
    save_boundaries(std::move(fresh));
}

void SiteHome::note_boundary(std::vector<Boundary>& fresh, const RuleId& subject, TimePoint due) {
    const auto [noted, is_new] = noted_.try_emplace(subject, due);
    if (!is_new && noted->second == due) return;
    noted->second = due;
    fresh.push_back({subject, config_.site.id, due});
}

// The store wakes us at each of these, too: a timer of our own dies with us, and stands still
// while the machine sleeps.
void SiteHome::save_boundaries(std::vector<Boundary> fresh) {
    if (fresh.empty() || !running_) return;
    auto done = [weak = weak_from_this()](const Result<Done>& saved) {
        const auto self = weak.lock();
        if (saved || !self) return;
        self->post([](SiteHome& site) { site.noted_.clear(); });  // All again, the next time.
    };
    world_.store.save_boundaries(std::move(fresh), std::move(done));
}

void SiteHome::resolve() {
    const auto wall = world_.clock.wall();
    const auto now = world_.clock.steady();
    refresh_rules(wall);
    look_at_cars(now, wall);
    look_at_buildings(now);
    look_at_guards(now);
    resolver_->resolve(states_, foreign_);
    ahead_.clear();
    take_turns(now);
    resolved_ = true;
}

// The whole of deciding: look at everything, then take each charger's next step.
void SiteHome::evaluate() {
    scheduled_ = false;
    if (!running_) return;
    const auto now = world_.clock.steady();
    const auto wall = world_.clock.wall();
    watch_clock(now, wall);
    if (rules_until_ && *rules_until_ <= wall) {
        world_.feed.publish(BoundaryReached{config_.site.id, wall - *rules_until_});
        for (LeafIndex leaf = 0; leaf < live_.size(); ++leaf) spread_raise(leaf, now);
    }
    ledger_.settle(now);
    resolve();
    ledger_.set_budgets(resolver_->budgets());
    relieve(now);
    world_.feed.publish(
        Resolved{config_.site.id, world_.clock.steady() - now, network_.leaves.size()});

    for (LeafIndex leaf = 0; leaf < live_.size(); ++leaf) ledger_.reserve(leaf, 0_A);
    each_station([&](const ChargerId& charger, Station& station, Leaves leaves) {
        plan(charger, station, leaves, now);
    });
    fresh_cause_.reset();
    persist(now);
    forget_expired(now, wall);
    schedule_wakes(world_.clock.steady(), world_.clock.wall());
}

// Compares what one charger should have with what it has, and sends what may be sent.
void SiteHome::plan(const ChargerId& charger, Station& station, Leaves leaves, SteadyPoint now) {
    const auto wants = look_at_probe(charger, station, now);
    if (wants.hold_all) return ask(charger, station, leaves, wants, now);
    planned_.clear();
    views_.clear();
    // One default for all connectors of a charger: never connector 0 and n mixed.
    planned_.push_back({{.purpose = ProfilePurpose::kDefault}, leaves, default_of(leaves.first)});
    for (auto leaf = leaves.first; leaf < leaves.end; ++leaf) {
        const auto& transaction = live_[leaf].transaction;
        const bool held = is_probed(leaf) && wants.hold_transaction;
        // It says that no car is there: the end of that transaction is still on its way, and no
        // charger takes a limit for one that it does not know.
        const bool gone = live_[leaf].status == ConnectorStatus::kAvailable &&
                          live_[leaf].freshness != Freshness::kStale;
        if (!transaction || held || gone) continue;
        planned_.push_back({{.purpose = ProfilePurpose::kTransaction,
                             .connector = network_.leaves[leaf].evse.number,
                             .transaction = transaction->id,
                             .own_id = transaction->own_id},
                            {leaf, leaf + 1},
                            resolver_->limit(leaf)});
        if (is_probed(leaf) && wants.most)
            planned_.back().want = std::min(planned_.back().want, *wants.most);
    }
    for (auto& each : planned_) views_.push_back(look_at(station, each, now));
    answer_authorizations(station, leaves, now);
    if (command(charger, station, leaves, now)) return;

    const auto jitter = static_cast<int>(std::hash<ChargerId>{}(charger) % 51) - 25;
    const auto action = next_action({.online = station.online,
                                     .busy = station.busy,
                                     .failures = station.failures,
                                     .last_attempt = station.last_attempt,
                                     .limits = views_,
                                     .jitter_pct = jitter,
                                     .writes = station.writes.state(now),
                                     .writes_again = station.writes.again_at(now)},
                                    now);
    if (const auto* due = std::get_if<Send>(&action)) {
        send(charger, station, planned_[due->limit], now);
    } else if (const auto* later = std::get_if<WaitUntil>(&action)) {
        wake_at(later->when);
    }
    ask(charger, station, leaves, wants, now);
}

SiteHome::Wish& SiteHome::wish_of(Station& station, const Planned& planned) {
    return planned.command.purpose == ProfilePurpose::kDefault
               ? station.default_limit
               : live_[planned.leaves.first].transaction_limit;
}

const SiteHome::Wish& SiteHome::wish_of(const Station& station, const Planned& planned) const {
    return planned.command.purpose == ProfilePurpose::kDefault
               ? station.default_limit
               : live_[planned.leaves.first].transaction_limit;
}

// One limit as reconcile sees it. Takes note of the wish, and completes the command.
LimitView SiteHome::look_at(Station& station, Planned& planned, SteadyPoint now) {
    const auto leaf = planned.leaves.first;
    LimitView view{.applied = ledger_.applied(leaf, planned.command.purpose), .allowed = {}};
    if (station.online) view.allowed = make_room(station, planned, now);
    auto& wish = wish_of(station, planned);
    view.attempted = wish.attempted;
    if (view.allowed == view.applied && ledger_.may_renew(leaf)) view.renew_at = wish.renew_at;
    note_cause(station, planned, view);
    wish.wanted = planned.want;
    return view;
}

// What the ledger lets go towards the wish, reserved on all rows and known to the store; nothing
// while that is not so.
std::optional<Amperes> SiteHome::make_room(const Station& station, Planned& planned,
                                           SteadyPoint now) {
    const auto purpose = planned.command.purpose;
    const auto applied = ledger_.applied(planned.leaves.first, purpose);
    const auto& renew_at = wish_of(station, planned).renew_at;
    const bool to_renew = applied && renew_at && *renew_at <= now;
    std::optional<Amperes> least = planned.want;
    for (auto leaf = planned.leaves.first; leaf < planned.leaves.end && least; ++leaf) {
        const auto value = ledger_.allowed(leaf, purpose, planned.want);
        least = value ? std::optional{std::min(*least, *value)} : std::nullopt;
    }
    // While it waits for more, what it has goes on.
    if (!least && to_renew) least = applied;
    if (!least) return {};
    planned.command.limit = *least;
    // Nothing is to be sent: the rest would be for nothing.
    if (applied == least && !to_renew) return least;
    add_unit(station, planned);
    if (gives_lease(station, planned)) add_lease(station, planned, now);
    bool durable = true;
    for (auto leaf = planned.leaves.first; leaf < planned.leaves.end; ++leaf) {
        // Two EVSEs behind one row: what the first took may leave too little for the second.
        if (ledger_.allowed(leaf, purpose, *least) != least) return {};
        ledger_.reserve(leaf, *least, planned.lease);
        durable = durable && is_durable(leaf, *least, planned.lease);
    }
    return durable ? least : std::nullopt;
}

// Remembers, for the dispatch times, which write made this charger's limit change, and what
// beyond our own work its dispatch has to wait for.
void SiteHome::note_cause(Station& station, const Planned& planned, const LimitView& view) {
    const bool changed = wish_of(station, planned).wanted != planned.want;
    if (changed && fresh_cause_ && !station.cause && station.online) {
        station.cause = fresh_cause_;
        if (station.busy || station.failures > 0) station.cause->waited = Waited::kCharger;
    }
    if (!station.cause || view.allowed) return;
    bool room = true;
    for (auto leaf = planned.leaves.first; leaf < planned.leaves.end; ++leaf)
        room = room && ledger_.potential(leaf) >= planned.want;
    if (!room) station.cause->waited = Waited::kAmperes;
}

void SiteHome::send(const ChargerId& charger, Station& station, const Planned& planned,
                    SteadyPoint now) {
    std::vector<EvseId> evses;
    for (auto leaf = planned.leaves.first; leaf < planned.leaves.end; ++leaf) {
        ledger_.sent(leaf, planned.command.purpose, planned.command.limit, planned.lease);
        evses.push_back(network_.leaves[leaf].evse);
        if (!planned.lease) continue;
        const auto end = *planned.command.start + planned.command.later.back().after;
        auto& until = live_[leaf].lease_until;
        until = std::max(until.value_or(end), end);
    }
    if (planned.command.purpose == ProfilePurpose::kTransaction) count_write(charger, station, now);
    station.busy = true;
    station.last_attempt = now;
    const auto cause = std::exchange(station.cause, std::nullopt);
    const auto sent_at = std::make_shared<std::atomic<SteadyPoint>>(SteadyPoint{});
    auto on_sent = [weak = weak_from_this(), charger, limit = planned.command, cause,
                    sent_at](SteadyPoint at) {
        *sent_at = at;
        if (const auto self = weak.lock())
            self->world_.feed.publish(Dispatched{charger, limit, at, cause});
    };
    auto on_done = [weak = weak_from_this(), charger, limit = planned.command,
                    evses = std::move(evses), cause, sent_at](CallResult result) {
        const auto self = weak.lock();
        if (!self) return;
        self->post([=, result = std::move(result)](SiteHome& site) {
            site.answered(charger, limit, evses, *sent_at, cause, result);
        });
    };
    world_.gateway->call(charger, planned.command, std::move(on_sent), std::move(on_done));
}

Ledger::Drawing SiteHome::drawing(LeafIndex leaf) const {
    // With no car, or none that started, the contactor is open: nothing has to follow.
    const auto& live = live_[leaf];
    const bool open =
        live.status == ConnectorStatus::kAvailable || live.status == ConnectorStatus::kPreparing ||
        live.status == ConnectorStatus::kReserved || live.status == ConnectorStatus::kUnavailable;
    return open && live.freshness == Freshness::kFresh && !live.transaction
               ? Ledger::Drawing::kImpossible
               : Ledger::Drawing::kPossible;
}

void SiteHome::answered(const ChargerId& charger, const SetLimit& limit, std::vector<EvseId> evses,
                        SteadyPoint sent_at, std::optional<Cause> cause, const CallResult& result) {
    const auto now = world_.clock.steady();
    const auto found = stations_.find(charger);
    const bool accepted = result.outcome == CallOutcome::kAccepted;
    for (const auto& evse : evses) {
        const auto leaf = network_.leaf_of(evse);
        if (!leaf || !ledger_.calling(*leaf)) continue;  // Deleted meanwhile.
        ledger_.answered(*leaf, result.outcome, now, drawing(*leaf));
        if (limit.purpose == ProfilePurpose::kDefault) continue;
        limit_answered(*leaf, limit, result.outcome, now);
        auto& live = live_[*leaf];
        if (accepted && live.car && live.transaction->id == limit.transaction)
            live.car->limited(limit.limit, now);
        if (live.transaction && live.transaction->id == limit.transaction) {
            auto& wish = live.transaction_limit;
            wish.attempted = accepted ? std::nullopt : std::optional{limit.limit};
            if (accepted) renew_later(*leaf, limit, now);
        } else {
            ledger_.transaction_over(*leaf, now);
        }
    }
    world_.feed.publish(Answered{charger, limit, result.outcome, sent_at, now, cause});
    if (found == stations_.end()) return;
    auto& station = found->second;
    station.busy = false;
    if (limit.purpose == ProfilePurpose::kDefault)
        station.default_limit.attempted = accepted ? std::nullopt : std::optional{limit.limit};
    const bool refused =
        result.outcome == CallOutcome::kRejected || result.outcome == CallOutcome::kNotSupported;
    // Once may be for another reason: it may not know the transaction yet.
    if (refused && station.failures > 0)
        station.features =
            fewer(station.features, network_.leaves[network_.leaves_of(charger).first]);
    if (accepted) {
        station.failures = 0;
    } else if (result.outcome != CallOutcome::kNotSent) {
        if (++station.failures == kFailuresToAlarm)
            alarm(charger.str(),
                  "does not take its limit: " + std::string(to_string(result.outcome)) +
                      (result.detail.empty() ? "" : " (" + result.detail + ")"));
    }
    touch();
}

// Writes the potentials that have changed.
void SiteHome::persist(SteadyPoint now) {
    if (saving_ || (save_after_ && now < *save_after_)) return;
    auto rows = potentials_to_save();
    if (rows.empty()) return;
    saving_ = true;
    auto done = [weak = weak_from_this(), rows](Result<Done> saved) {
        if (const auto self = weak.lock())
            self->post([rows, saved = std::move(saved)](SiteHome& site) {
                site.potentials_saved(rows, saved);
            });
    };
    world_.store.save_potentials(std::move(rows), std::move(done));
}

void SiteHome::wake_at(SteadyPoint when) {
    if (next_wake_ && *next_wake_ <= when) return;
    next_wake_ = when;
    strand_->at(when, [weak = weak_from_this(), when] {
        const auto self = weak.lock();
        if (!self || self->next_wake_ != when) return;  // An earlier one has taken its place.
        self->next_wake_.reset();
        self->touch();
    });
}

void SiteHome::schedule_wakes(SteadyPoint now, TimePoint wall) {
    if (const auto settled = ledger_.next_settle()) wake_at(std::max(*settled, now));
    if (rules_until_) wake_at(now + std::max(*rules_until_ - wall, Duration{0}));
    wake_at(now + kFullCompareEvery);
}

void SiteHome::alarm(std::string subject, std::string text) {
    Alarm raised{world_.clock.wall(), std::move(subject), std::move(text)};
    log::warn("alarm", {{"subject", raised.subject}, {"text", raised.text}});
    world_.feed.publish(raised);
    alarms_.push_back(std::move(raised));
    if (alarms_.size() > kMaxAlarms) alarms_.pop_front();
}

EvseReport SiteHome::evse_report(LeafIndex leaf, std::vector<Reason> reasons) const {
    const auto& live = live_[leaf];
    const bool running = live.transaction.has_value();
    EvseReport out{.number = network_.leaves[leaf].evse.number,
                   .status = live.status,
                   .transaction = live.transaction,
                   .potential = ledger_.potential(leaf),
                   .stranded = stranded(leaf)};
    if (const auto lease = ledger_.lease(leaf))
        out.holds_until =
            world_.clock.wall() + std::chrono::ceil<Duration>(lease->ends - world_.clock.steady());
    const auto fallback = ledger_.applied(leaf, ProfilePurpose::kDefault);
    if (running) out.applied = ledger_.applied(leaf, ProfilePurpose::kTransaction);
    // A transaction that was sent no limit of its own yet has the default.
    if (!out.applied && (!running || fallback == out.potential)) out.applied = fallback;
    if (live.metered) out.metered = *std::ranges::max_element(*live.metered);
    if (!resolved_) return out;
    out.desired = resolver_->limit(leaf);
    out.reasons = std::move(reasons);
    for (auto& reason : out.reasons) {
        if (reason.kind == ReasonKind::kNotAdmitted) reason.until = turn_at(leaf);
        if (reason.kind == ReasonKind::kOffline) tell_outage(leaf, reason);
        tell_guard(leaf, reason);
    }
    out.next = next_change(leaf);
    const auto& station = stations_.at(network_.leaves[leaf].evse.charger);
    if (live.yielding.out || live.yielding.told_out)
        out.reasons.insert(out.reasons.begin(), {.kind = ReasonKind::kOutOfService});
    if (const auto now = world_.clock.steady();
        running && station.writes.state(now) == WriteBudget::State::kSpent) {
        const auto again = std::chrono::ceil<Duration>(station.writes.again_at(now) - now);
        out.reasons.insert(out.reasons.begin(), {.kind = ReasonKind::kWritesSpent,
                                                 .until = world_.clock.wall() + again});
    }
    // What a server that dies would leave behind, where it is meant to end.
    const auto& there = network_.leaves[leaf];
    const auto own = ledger_.applied(leaf, ProfilePurpose::kTransaction);
    if (running && station.online && ledger_.trust(leaf) == TrustClass::kA &&
        station.features.lease && own > there.floor && !ledger_.lease(leaf))
        out.reasons.push_back({.kind = ReasonKind::kEndless});
    const bool differs = running && station.online && out.applied != out.desired;
    if (differs && !station.busy &&
        !ledger_.allowed(leaf, ProfilePurpose::kTransaction, out.desired))
        out.reasons.push_back({.kind = ReasonKind::kAwaitsAmps, .amount = out.desired});
    else if (differs && station.failures >= kFailuresToAlarm)
        out.reasons.push_back({.kind = ReasonKind::kRejecting,
                               .amount = live.transaction_limit.attempted.value_or(
                                   station.default_limit.attempted.value_or(out.desired))});
    return out;
}

// The soonest thing that is known to change by itself.
std::optional<NextChange> SiteHome::next_change(LeafIndex leaf) const {
    const auto wall = world_.clock.wall();
    std::optional<NextChange> next;
    const auto sooner = [&](TimePoint at, const std::string& text) {
        if (at > wall && (!next || at < next->at)) next = NextChange{at, text};
    };
    if (const auto& edge = upcoming_[leaf]) {
        const auto& rule = rules_[edge->rule];
        sooner(edge->at, std::string(to_string(rule.kind)) + " " + rule.id.str() +
                             (holds(config_.site, rule, wall) ? " ends" : " begins"));
    }
    const auto& state = states_[leaf];
    if (state.rests) sooner(*state.rests, "it may charge again");
    if (const auto at = turn_at(leaf)) sooner(*at, "a car that charges now may make room");
    if (state.spread && resolver_->limit(leaf) == *state.spread)
        sooner(state.spread_until, "it may rise again");
    if (state.departs) sooner(*state.departs, "its driver wants to leave");
    return next;
}

// Why each of these leaves has what it has; nothing before the first resolve.
std::vector<std::vector<Reason>> SiteHome::reasons_of(LeafIndex first, LeafIndex end) const {
    if (resolved_) return resolver_->reasons(rules_, first, end);
    return std::vector<std::vector<Reason>>(end - first);
}

ChargerReport SiteHome::station_report(const Charger& charger,
                                       std::span<std::vector<Reason>> reasons) const {
    const auto& station = stations_.at(charger.id);
    ChargerReport out{.charger = charger,
                      .online = station.online,
                      .vendor = station.info.vendor,
                      .model = station.info.model,
                      .evses = {},
                      .failures = station.failures,
                      .offline_since = station.offline_since};
    const auto now = world_.clock.steady();
    if (station.clock.known()) out.clock_uncertainty = station.clock.uncertainty();
    if (station.writes.per_day() > 0) out.writes_left = station.writes.left(now);
    const auto [first, last] = network_.leaves_of(charger.id);
    for (auto leaf = first; leaf < last; ++leaf)
        out.evses.push_back(evse_report(leaf, std::move(reasons[leaf - first])));
    return out;
}

Result<ChargerReport> SiteHome::charger_report(const ChargerId& charger) const {
    const auto found = std::ranges::find(config_.chargers, charger, &Charger::id);
    if (found == config_.chargers.end())
        return Error{Errc::kNotFound, "charger '" + charger.str() + "' does not exist"};
    const auto [first, last] = network_.leaves_of(charger);
    auto reasons = reasons_of(first, last);
    return station_report(*found, reasons);
}

std::optional<Rule> SiteHome::find_rule(const RuleId& id) const {
    const auto found = std::ranges::find(rules_, id, &Rule::id);
    return found == rules_.end() ? std::nullopt : std::optional{*found};
}

SiteReport SiteHome::report() const {
    SiteReport out{.site = config_.site,
                   .revision = revision_,
                   .circuits = {},
                   .chargers = {},
                   .rules = rules_,
                   .id_tags = config_.id_tags,
                   .alarms = alarms_};
    auto reasons = reasons_of(0, live_.size());
    std::vector<PerPhase> allocated(network_.rows.size()), metered(network_.rows.size());
    for (LeafIndex leaf = 0; leaf < live_.size(); ++leaf)
        for (const auto row : network_.leaves[leaf].rows)
            for (const auto phase : kPhases) {
                if (!network_.leaves[leaf].phases.has(phase)) continue;
                if (resolved_) allocated[row][phase] += resolver_->limit(leaf);
                if (const auto& m = live_[leaf].metered)
                    metered[row][phase] += (*m)[static_cast<std::size_t>(phase)];
            }
    for (RowIndex row = 0; row < network_.rows.size(); ++row) {
        const auto circuit = std::ranges::find_if(
            config_.circuits, [&](const Circuit& c) { return c.id == network_.rows[row].circuit; });
        if (circuit == config_.circuits.end()) continue;
        CircuitReport report{.circuit = *circuit,
                             .cap = {},
                             .budget = {},
                             .allocated = allocated[row],
                             .potential = {},
                             .metered = metered[row]};
        for (const auto phase : kPhases) {
            report.budget[phase] = ledger_.row_budget(row, phase);
            report.potential[phase] = ledger_.row_potential(row, phase);
        }
        if (resolved_ && resolver_->rows()[row].cap) report.cap = report.budget;
        report_guards(row, report);
        out.circuits.push_back(std::move(report));
    }
    for (const auto& charger : config_.chargers) {
        const auto [first, last] = network_.leaves_of(charger.id);
        out.chargers.push_back(
            station_report(charger, std::span(reasons).subspan(first, last - first)));
    }
    return out;
}

}  // namespace busbar::control
