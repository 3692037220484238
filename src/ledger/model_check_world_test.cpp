#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "ledger/model_check.hpp"

namespace busbar::model {
namespace {

using enum ProfilePurpose;
constexpr auto kPossible = Ledger::Drawing::kPossible;
constexpr auto kImpossible = Ledger::Drawing::kImpossible;

// Variants of a reboot and of a broken link.
constexpr int kKeepsDefault = 1;
constexpr int kReplyArrived = 2;

Amperes amperes(Amps value) {
    return Amperes::of(value);
}

Amps amps(Amperes value) {
    return static_cast<Amps>(value.in_milli() / 1000);
}

// Chargers that are all alike, on one circuit and one line.
Network network_of(const Scope& scope) {
    const bool counts_floor = scope.sabotage != Sabotage::kFloorNotCounted;
    SiteConfig config{{SiteId("s"), "S"}, {}, {}};
    config.circuits.push_back({.id = CircuitId("row"),
                               .site = SiteId("s"),
                               .parent = {},
                               .breaker = PerPhase::each(amperes(scope.capacity)),
                               .safety_pct = 0});
    for (int i = 0; i < scope.chargers; ++i)
        config.chargers.push_back({.id = ChargerId(std::string(1, static_cast<char>('A' + i))),
                                   .circuit = CircuitId("row"),
                                   .maximum = amperes(scope.maximum),
                                   .minimum = 1_A,
                                   .floor = amperes(counts_floor ? scope.floor : Amps{0}),
                                   .phases = {Phase::kL1},
                                   .settle = std::chrono::seconds{scope.settle}});
    return compile(config);
}

bool passed(Ticks lease) {
    return lease <= 0;
}

void pass(Ticks& ticks) {
    if (ticks != kForever) ticks = static_cast<Ticks>(std::max(ticks - 1, -1));
}

void set_back_by_one(Ticks& ticks) {
    if (ticks != kForever) ++ticks;
}

}  // namespace

World::World(const Scope& scope)
    : scope_(&scope),
      network_(std::make_shared<const Network>(network_of(scope))),
      ledger_(*network_),
      chargers_(static_cast<std::size_t>(scope.chargers)),
      memory_(chargers_.size()),
      budget_(scope.capacity),
      bound_(scope.capacity) {
    for (LeafIndex leaf = 0; leaf < chargers_.size(); ++leaf) ledger_.trust(leaf, scope.trust);
    if (scope.booted) boot();
}

void World::boot() {
    for (std::uint8_t charger = 0; charger < chargers_.size(); ++charger) {
        take({.event = Event::kReconnect, .charger = charger});
        take({.event = Event::kHear, .charger = charger});
        take({.event = Event::kSend, .charger = charger, .value = scope_->floor});
        take({.event = Event::kDeliver, .charger = charger});
        take({.event = Event::kAnswer, .charger = charger});
    }
    if (scope_->crashes) {
        save();
        saved();
    }
    BUSBAR_CHECK(!wrong());
}

// --- What is -------------------------------------------------------------------------------------

Ticks World::until(SteadyPoint point) const {
    const auto left = point - SteadyPoint{now_};
    return static_cast<Ticks>(std::chrono::floor<std::chrono::seconds>(left).count());
}

Amps World::enforces(const Charger& c) const {
    if (c.limit == kNone) return c.fallback == kNone ? scope_->maximum : c.fallback;
    return passed(c.lease) && scope_->lapses ? std::min(c.limit, scope_->floor) : c.limit;
}

Amps World::draws(const Charger& c) const {
    return c.car ? std::max({enforces(c), c.past[0], c.past[1]}) : Amps{0};
}

Amps World::counted(LeafIndex leaf) const {
    return amps(ledger_.potential(leaf));
}

bool World::counts_too_much() const {
    return ledger_.row_potential(0, Phase::kL1) > amperes(budget_);
}

std::optional<std::string> World::wrong() const {
    ledger_.check();
    if (broken_) return broken_;
    int sum = 0;
    bool more = false;
    for (LeafIndex leaf = 0; leaf < chargers_.size(); ++leaf) {
        const auto draw = draws(chargers_[leaf]);
        sum += draw;
        more = more || draw > counted(leaf);
    }
    if (sum > bound_) return "overload";
    // What is broken on purpose is to do harm, and not only to be unlike.
    if (more && scope_->sabotage == Sabotage::kNothing) return "draws more than is counted";
    return {};
}

std::uint64_t World::hash() const {
    constexpr auto mix = [](std::uint64_t hash, std::uint64_t value) {
        hash ^= value + 0x9e3779b97f4a7c15U + (hash << 6) + (hash >> 2);
        hash ^= hash >> 32;
        hash *= 0xd6e8feb86659fd93U;
        return hash ^ hash >> 29;
    };
    static std::vector<std::int64_t> numbers;
    static std::vector<std::uint64_t> each;
    each.clear();
    for (LeafIndex leaf = 0; leaf < chargers_.size(); ++leaf) {
        const auto& c = chargers_[leaf];
        const auto& m = memory_[leaf];
        numbers.clear();
        ledger_.append_state(leaf, SteadyPoint{now_}, numbers);
        numbers.insert(numbers.end(), {c.fallback, c.limit, c.lease, c.past[0], c.past[1],
                                       c.connected, c.car, c.rebooted, static_cast<int>(c.reply),
                                       m.running, m.same, m.heard, m.reserved, m.ends});
        for (const auto& r : {c.late, c.request, m.call}) {
            numbers.push_back(r.there);
            if (r.there)
                numbers.insert(numbers.end(),
                               {r.stale, static_cast<int>(r.purpose), r.value, r.lease});
        }
        for (const auto& r : {m.stored, m.saving, m.backup}) {
            numbers.push_back(r.there);
            if (r.there) numbers.insert(numbers.end(), {r.potential, r.until, r.fallback});
        }
        std::uint64_t one = 0;
        for (const auto number : numbers) one = mix(one, static_cast<std::uint64_t>(number));
        each.push_back(one);
    }
    std::ranges::sort(each);
    std::uint64_t all = 1;
    for (const auto one : each) all = mix(all, one);
    for (const int value : {int{budget_}, int{bound_}, int{copied_}, faults_})
        all = mix(all, static_cast<std::uint64_t>(value));
    return all == 0 ? 1 : all;
}

// --- What can happen -----------------------------------------------------------------------------

void World::list(std::vector<Action>& out) const {
    out.clear();
    out.push_back({.event = Event::kTick});
    const auto next = ledger_.next_settle();
    const bool looked = !next || *next > SteadyPoint{now_};
    if (!looked) out.push_back({.event = Event::kLook});
    if (scope_->crashes) list_store(out);
    for (LeafIndex leaf = 0; leaf < chargers_.size(); ++leaf) {
        if (looked) list_sends(leaf, out);
        list_link(leaf, out);
        if (fault_left()) list_faults(leaf, out);
    }
    if (!fault_left()) return;
    if (scope_->lowered != kNone) out.push_back({.event = Event::kBudget});
    if (scope_->crashes) {
        // What was being written is in the store, or is not.
        out.push_back({.event = Event::kCrash, .value = 0});
        if (memory_[0].saving.there) out.push_back({.event = Event::kCrash, .value = 1});
    }
    if (scope_->backups) {
        if (scope_->sabotage == Sabotage::kBackupTrusted && !copied_)
            out.push_back({.event = Event::kCopy});
        out.push_back({.event = Event::kRestoreCopy});
    }
}

Amperes World::as_counted(ProfilePurpose purpose, Amps value) const {
    const bool floor = purpose == kDefault && scope_->sabotage == Sabotage::kFloorNotCounted;
    return floor ? 0_A : amperes(value);
}

// Any value that the ledger lets go, as the site's strand does it: made room for, made durable,
// sent.
void World::list_sends(LeafIndex leaf, std::vector<Action>& out) const {
    const auto& c = chargers_[leaf];
    const auto& m = memory_[leaf];
    if (!c.connected || ledger_.calling(leaf)) return;
    const auto consider = [&](ProfilePurpose purpose, Amps want, bool leased) {
        const auto asked = as_counted(purpose, want);
        const auto value = ledger_.allowed(leaf, purpose, asked);
        if (!value) return;
        // A part of it is a value of its own.
        if (*value != asked && ledger_.allowed(leaf, purpose, *value).value_or(0_A) == *value)
            return;
        if (leased && *value <= amperes(scope_->floor)) return;
        const bool same = ledger_.applied(leaf, purpose) == *value;
        if (same && !(leased && ledger_.may_renew(leaf))) return;
        Action action{.event = Event::kSend,
                      .charger = static_cast<std::uint8_t>(leaf),
                      .purpose = purpose,
                      .leased = leased,
                      .value = *value == asked ? want : amps(*value)};
        if (!durable(m, action.value, lease_of(action))) {
            if (m.saving.there) return;
            action.event = Event::kReserve;
        }
        out.push_back(action);
    };
    for (const auto value : scope_->defaults) consider(kDefault, value, false);
    if (!m.running) return;
    for (const auto value : scope_->limits) {
        consider(kTransaction, value, false);
        if (scope_->lease > 0) consider(kTransaction, value, true);
    }
}

// All rows are written together.
void World::list_store(std::vector<Action>& out) const {
    bool differs = false;
    for (LeafIndex leaf = 0; leaf < memory_.size(); ++leaf) {
        const auto& m = memory_[leaf];
        if (m.reserved)
            out.push_back({.event = Event::kGiveBack, .charger = static_cast<std::uint8_t>(leaf)});
        differs = differs || row_of(leaf) != m.stored;
    }
    if (memory_[0].saving.there)
        out.push_back({.event = Event::kSaved});
    else if (differs)
        out.push_back({.event = Event::kSave});
}

void World::save() {
    for (LeafIndex leaf = 0; leaf < memory_.size(); ++leaf) memory_[leaf].saving = row_of(leaf);
}

void World::saved() {
    for (auto& m : memory_) m.stored = std::exchange(m.saving, {});
}

bool World::may_start(LeafIndex leaf) const {
    const auto& c = chargers_[leaf];
    // Without a default no car is let in by the charger itself; by us, where all that it may draw
    // has room, and the store knows.
    if (c.fallback != kNone) return true;
    if (!c.connected) return false;
    return ledger_.known(leaf) ||
           (ledger_.may_renew(leaf) && durable(memory_[leaf], scope_->maximum, {}));
}

void World::list_link(LeafIndex leaf, std::vector<Action>& out) const {
    const auto& c = chargers_[leaf];
    const auto& m = memory_[leaf];
    const auto charger = static_cast<std::uint8_t>(leaf);
    const auto add = [&](Event event, int value = 0) {
        out.push_back({.event = event, .charger = charger, .value = static_cast<Amps>(value)});
    };
    if (c.late.there)
        add(Event::kDeliverLate);
    else if (c.request.there)
        add(Event::kDeliver);
    if (c.reply != Reply::kNothing) add(Event::kAnswer);
    if (ledger_.calling(leaf) && !c.request.there && c.reply == Reply::kNothing)
        add(Event::kGiveUp);
    if (c.car || may_start(leaf)) add(Event::kCar);
    if (c.connected && !m.heard) add(Event::kHear);
    if (!c.connected) {
        add(Event::kReconnect, 0);
        if (scope_->keeps && !c.rebooted) add(Event::kReconnect, 1);
    }
}

void World::list_faults(LeafIndex leaf, std::vector<Action>& out) const {
    const auto& c = chargers_[leaf];
    const auto& m = memory_[leaf];
    const auto charger = static_cast<std::uint8_t>(leaf);
    const auto add = [&](Event event, int value = 0) {
        out.push_back({.event = event, .charger = charger, .value = static_cast<Amps>(value)});
    };
    if (scope_->refuses && c.request.there && !c.late.there) add(Event::kRefuse);
    if (scope_->slow && ledger_.calling(leaf) && !c.late.there &&
        (c.request.there || c.reply != Reply::kNothing))
        add(Event::kGiveUp);
    const bool reply = c.reply != Reply::kNothing;
    if (scope_->breaks && c.connected) {
        add(Event::kBreak);
        if (reply) add(Event::kBreak, kReplyArrived);
    }
    if (scope_->reboots && c.fallback != kNone) {
        for (const int keeps : {0, kKeepsDefault}) {
            if (scope_->keeps && keeps == 0) continue;
            add(Event::kReboot, keeps);
            if (reply) add(Event::kReboot, keeps | kReplyArrived);
        }
    }
    if (scope_->demotes && ledger_.trust(leaf) != TrustClass::kC) add(Event::kDemote);
    if (scope_->clock_set && c.connected && m.ends != kForever) add(Event::kSetBack);
}

bool World::is_fault(Event event) {
    switch (event) {
        case Event::kRefuse:
        case Event::kBreak:
        case Event::kReboot:
        case Event::kBudget:
        case Event::kDemote:
        case Event::kSetBack:
        case Event::kCrash:
        case Event::kRestoreCopy:
            return true;
        default:
            return false;
    }
}

// --- What happens --------------------------------------------------------------------------------

void World::take(const Action& action) {
    const auto leaf = LeafIndex{action.charger};
    const auto before = ledger_.row_potential(0, Phase::kL1);
    const bool late = action.event == Event::kGiveUp &&
                      (chargers_[leaf].request.there || chargers_[leaf].reply != Reply::kNothing);
    if (scope_->faults >= 0 && (is_fault(action.event) || late)) ++faults_;
    switch (action.event) {
        case Event::kTick:
            tick();
            break;
        case Event::kLook:
            look();
            break;
        case Event::kSend:
        case Event::kReserve:
            send(leaf, action);
            check_raise(amps(before));
            break;
        case Event::kGiveBack:
            ledger_.reserve(leaf, 0_A);
            memory_[leaf].reserved = false;
            break;
        case Event::kSave:
            save();
            break;
        case Event::kSaved:
            saved();
            break;
        case Event::kDeliver:
            deliver(leaf, std::exchange(chargers_[leaf].request, {}), true);
            break;
        case Event::kDeliverLate:
            deliver(leaf, std::exchange(chargers_[leaf].late, {}), false);
            break;
        case Event::kRefuse:
            chargers_[leaf].request = {};
            chargers_[leaf].reply = Reply::kRefuses;
            break;
        case Event::kAnswer:
            answer(leaf);
            break;
        case Event::kGiveUp:
            give_up(leaf);
            break;
        case Event::kCar:
            turn_car(leaf);
            break;
        case Event::kHear:
            tell(leaf);
            break;
        case Event::kBreak:
            lose_link(leaf, action.value == kReplyArrived);
            break;
        case Event::kReboot:
            reboot(leaf, action.value);
            break;
        case Event::kReconnect:
            reconnect(leaf, action.value == 1);
            break;
        case Event::kBudget:
            set_budget(budget_ == scope_->lowered ? scope_->capacity : scope_->lowered);
            break;
        case Event::kDemote:
            ledger_.trust(leaf, TrustClass::kC);
            break;
        case Event::kSetBack:
            set_back(leaf);
            break;
        case Event::kCrash:
            crash(action.value == 1);
            break;
        case Event::kCopy:
            copied_ = true;
            for (auto& m : memory_) m.backup = m.stored;
            break;
        case Event::kRestoreCopy:
            restore_copy();
            break;
    }
    if (ledger_.row_potential(0, Phase::kL1) <= amperes(budget_)) bound_ = budget_;
}

// While the row counts more than its budget, nothing that we send may make it more.
void World::check_raise(Amps before) {
    if (before > budget_ && ledger_.row_potential(0, Phase::kL1) > amperes(before))
        broken_ = "raised above its budget";
}

// Whatever the charger does by itself or is told to, its car may take a settle to follow.
template <class F>
void World::change(Charger& c, F&& how) {
    const auto before = enforces(c);
    how();
    auto& past = c.past[static_cast<std::size_t>(scope_->settle - 1)];
    if (c.car && before > enforces(c)) past = std::max(past, before);
    if (c.past[1] >= c.past[0]) c.past[0] = 0;  // Says no more.
}

void World::tick() {
    now_ += std::chrono::seconds{1};
    for (auto& c : chargers_) {
        c.past = {c.past[1], 0};
        change(c, [&] {
            if (c.limit != kNone) pass(c.lease);
        });
        if (c.late.there) pass(c.late.lease);
        if (c.request.there) pass(c.request.lease);
    }
    for (auto& m : memory_) {
        pass(m.ends);
        if (m.call.there) pass(m.call.lease);
        for (auto* row : {&m.stored, &m.saving, &m.backup}) pass(row->until);
    }
}

void World::look() {
    ledger_.settle(SteadyPoint{now_});
}

std::optional<Lease> World::lease_of(const Action& action) const {
    if (!action.leased) return {};
    return Lease{amperes(scope_->floor), at(scope_->lease)};
}

// A value that is in the store with an end needs one as soon, or to be no more than it falls to.
bool World::durable(const Memory& m, Amps value, const std::optional<Lease>& lease) const {
    if (!scope_->crashes || scope_->sabotage == Sabotage::kSentBeforePersisted) return true;
    const auto in = [&](const Row& row) {
        if (!row.there) return value == 0;
        if (value > row.potential) return false;
        if (scope_->sabotage == Sabotage::kLeaseSentUnpersisted) return true;
        return row.until == kForever || (lease && until(lease->ends) <= row.until) ||
               value <= row.fallback;
    };
    return in(m.stored) && (!m.saving.there || in(m.saving));
}

Row World::row_of(LeafIndex leaf) const {
    const auto lease = ledger_.lease(leaf);
    return {.there = true,
            .potential = counted(leaf),
            .until = lease ? std::max(until(lease->ends), Ticks{-1}) : kForever,
            .fallback = lease ? amps(lease->fallback) : Amps{0}};
}

void World::send(LeafIndex leaf, const Action& action) {
    auto& m = memory_[leaf];
    const auto value = as_counted(action.purpose, action.value);
    const auto lease = lease_of(action);
    const auto room = amperes(budget_) - ledger_.row_potential(0, Phase::kL1);
    if (value > ledger_.potential(leaf) && value - ledger_.potential(leaf) > room) {
        broken_ = "allows what cannot be reserved";
        return;
    }
    if (value > ledger_.potential(leaf) || lease || action.event == Event::kReserve) {
        ledger_.reserve(leaf, value, lease);
        m.reserved = true;
    }
    if (action.event == Event::kReserve) {
        save();
        return;
    }
    m.reserved = false;
    ledger_.sent(leaf, action.purpose, value, lease);
    if (scope_->sabotage == Sabotage::kHoldDropped) ledger_.settle(at(scope_->settle));
    m.call = {.there = true,
              .stale = false,
              .purpose = action.purpose,
              .value = action.value,
              .lease = action.leased ? scope_->lease : kForever};
    if (action.leased)
        m.ends = m.ends == kForever ? scope_->lease : std::max(m.ends, scope_->lease);
    auto request = m.call;
    request.stale = request.purpose == kTransaction && !m.same;
    chargers_[leaf].request = request;
}

void World::deliver(LeafIndex leaf, const Request& request, bool answers) {
    auto& c = chargers_[leaf];
    const bool refused = request.purpose == kTransaction && (request.stale || !c.car);
    if (!refused)
        change(c, [&] {
            if (request.purpose == kDefault) {
                c.fallback = request.value;
            } else {
                c.limit = request.value;
                c.lease = request.lease;
            }
        });
    if (answers) c.reply = refused ? Reply::kRefuses : Reply::kAccepts;
}

void World::answer(LeafIndex leaf) {
    auto& c = chargers_[leaf];
    auto& m = memory_[leaf];
    const auto call = std::exchange(m.call, {});
    const bool accepted = std::exchange(c.reply, Reply::kNothing) == Reply::kAccepts;
    const bool idle = m.heard && c.connected && !m.running;
    ledger_.answered(leaf, accepted ? CallOutcome::kAccepted : CallOutcome::kRejected,
                     SteadyPoint{now_}, idle ? kImpossible : kPossible);
    if (scope_->sabotage == Sabotage::kSettleIgnored) ledger_.settle(at(scope_->settle));
    if (call.purpose == kDefault) return;
    if (call.stale)
        ledger_.transaction_over(leaf, SteadyPoint{now_});
    else if (accepted)
        m.ends = call.lease;
}

void World::give_up(LeafIndex leaf) {
    auto& c = chargers_[leaf];
    auto& m = memory_[leaf];
    if (c.request.there) c.late = std::exchange(c.request, {});
    c.reply = Reply::kNothing;
    const auto call = std::exchange(m.call, {});
    const bool renews = call.lease != kForever && ledger_.applied(leaf, call.purpose) &&
                        *ledger_.applied(leaf, call.purpose) == amperes(call.value);
    const bool forgotten = scope_->sabotage == Sabotage::kUnansweredForgotten ||
                           (scope_->sabotage == Sabotage::kLaterEndForgotten && renews);
    ledger_.answered(leaf, forgotten ? CallOutcome::kRejected : CallOutcome::kUnanswered,
                     SteadyPoint{now_}, kPossible);
    if (call.purpose == kTransaction && call.stale)
        ledger_.transaction_over(leaf, SteadyPoint{now_});
}

// A car comes, or goes. Its charger says so at once, or once it is asked.
void World::turn_car(LeafIndex leaf) {
    auto& c = chargers_[leaf];
    auto& m = memory_[leaf];
    if (c.car) c.limit = kNone, c.lease = kForever;
    c.car = !c.car;
    c.past = {};
    m.same = false;
    for (auto* request : {&c.late, &c.request})
        request->stale = request->there && request->purpose == kTransaction;
    if (c.connected && m.heard) tell(leaf);
}

void World::tell(LeafIndex leaf) {
    auto& c = chargers_[leaf];
    auto& m = memory_[leaf];
    m.heard = true;
    const bool changed = !m.same && (m.running || c.car);
    if (changed || !c.car) {
        ledger_.transaction_over(leaf, SteadyPoint{now_});
        if (m.call.there) m.call.stale = m.call.purpose == kTransaction;
    }
    m.running = c.car;
    m.same = true;
}

void World::lose_link(LeafIndex leaf, bool reply_arrived) {
    auto& c = chargers_[leaf];
    c.connected = false;
    c.late = c.request = {};
    if (!reply_arrived) c.reply = Reply::kNothing;
    memory_[leaf].heard = false;
}

void World::reboot(LeafIndex leaf, int variant) {
    auto& c = chargers_[leaf];
    auto& m = memory_[leaf];
    lose_link(leaf, (variant & kReplyArrived) != 0);
    if ((variant & kKeepsDefault) == 0) c.fallback = kNone;
    if (c.car) m.same = false;
    c.car = false;
    c.limit = kNone, c.lease = kForever;
    c.past = {};
    c.rebooted = true;
}

void World::reconnect(LeafIndex leaf, bool kept) {
    auto& c = chargers_[leaf];
    c.connected = true;
    const bool rebooted = std::exchange(c.rebooted, false);
    if (kept)
        ledger_.doubt(leaf);
    else if (!(rebooted && scope_->sabotage == Sabotage::kRebootNotCounted))
        ledger_.forget(leaf);
    if (scope_->sabotage == Sabotage::kTransactionTakenForOver)
        ledger_.transaction_over(leaf, SteadyPoint{now_});
}

// It is told the time, and its clock had been ahead: what it has lasts longer, or holds again.
void World::set_back(LeafIndex leaf) {
    auto& c = chargers_[leaf];
    auto& m = memory_[leaf];
    if (c.limit != kNone) set_back_by_one(c.lease);
    if (c.late.there) set_back_by_one(c.late.lease);
    if (c.request.there) set_back_by_one(c.request.lease);
    if (m.call.there) set_back_by_one(m.call.lease);
    set_back_by_one(m.ends);
    ledger_.lease_ends(leaf, at(m.ends));
    // A lease that was over, and whose amperes are elsewhere by now, cannot be held back: it is
    // counted, as after a budget that was lowered.
    bound_ = std::max(bound_, amps(ledger_.row_potential(0, Phase::kL1)));
}

void World::set_budget(Amps budget) {
    budget_ = budget;
    bound_ = std::max(bound_, budget);
    ledger_.set_budgets(std::vector{PerPhase::each(amperes(budget))});
}

// All that is not in the store is gone, and so are the connections.
void World::crash(bool written) {
    if (written) saved();
    for (auto& m : memory_) m.saving = {};
    restart();
}

void World::restart() {
    std::vector<TrustClass> trusts;
    for (LeafIndex leaf = 0; leaf < chargers_.size(); ++leaf) trusts.push_back(ledger_.trust(leaf));
    ledger_ = Ledger(*network_);
    set_budget(budget_);
    for (LeafIndex leaf = 0; leaf < chargers_.size(); ++leaf) {
        auto& m = memory_[leaf];
        lose_link(leaf, false);
        ledger_.trust(leaf, trusts[leaf]);
        if (m.stored.there) {
            std::optional<Lease> lease;
            if (m.stored.until != kForever)
                lease = Lease{amperes(m.stored.fallback), at(m.stored.until)};
            ledger_.restore(leaf, amperes(m.stored.potential), lease);
            if (!m.running) ledger_.transaction_over(leaf, SteadyPoint{now_});
        }
        m.reserved = false;
        m.call = {};
        m.ends = kForever;
    }
}

// A copy of older days says nothing of what was sent since.
void World::restore_copy() {
    for (auto& m : memory_) {
        m.saving = {};
        m.stored = scope_->sabotage == Sabotage::kBackupTrusted ? m.backup : Row{};
    }
    restart();
}

// --- Telling -------------------------------------------------------------------------------------

std::string World::standing() const {
    std::string counts, draws_now;
    for (LeafIndex leaf = 0; leaf < chargers_.size(); ++leaf) {
        const auto plus = leaf == 0 ? "" : " + ";
        counts += plus + std::to_string(counted(leaf));
        draws_now += plus + std::to_string(draws(chargers_[leaf]));
    }
    return "counts " + counts + ", draws " + draws_now + " of " + std::to_string(budget_) + " A";
}

std::string World::describe(const Action& action) const {
    const std::string who(1, static_cast<char>('A' + action.charger));
    const auto value = std::to_string(action.value) + " A";
    const auto what = (action.purpose == kDefault ? "default " : "limit ") + value +
                      (action.leased ? " with a lease" : "");
    const auto& c = chargers_[action.charger];
    const auto arrived = (action.value & kReplyArrived) != 0 ? ", its reply had arrived" : "";
    switch (action.event) {
        case Event::kTick:
            return "a tick passes";
        case Event::kLook:
            return "control looks which waits are over";
        case Event::kSend:
            return "control sends " + who + " " + what;
        case Event::kReserve:
            return "control makes room for " + who + ", " + what + ", and saves";
        case Event::kGiveBack:
            return "control gives the room for " + who + " back";
        case Event::kSave:
            return "control saves what it counts";
        case Event::kSaved:
            return "the store has written it";
        case Event::kDeliver:
            return who + " receives it";
        case Event::kDeliverLate:
            return who + " receives what control has given up";
        case Event::kRefuse:
            return who + " refuses it";
        case Event::kAnswer:
            return who + "'s reply arrives";
        case Event::kGiveUp:
            return "control gives up waiting for " + who;
        case Event::kCar:
            return c.car ? "the car at " + who + " leaves" : "a car starts at " + who;
        case Event::kHear:
            return "control hears what runs at " + who;
        case Event::kBreak:
            return who + "'s link breaks" + arrived;
        case Event::kReboot:
            return who + " reboots, and " +
                   ((action.value & kKeepsDefault) != 0 ? "keeps its default" : "forgets all") +
                   arrived;
        case Event::kReconnect:
            return who + " reconnects, " + (action.value == 1 ? "" : "not ") + "proven to keep";
        case Event::kBudget:
            return "the budget changes";
        case Event::kDemote:
            return who + " is no longer trusted";
        case Event::kSetBack:
            return who + "'s clock is set back a tick";
        case Event::kCrash:
            return std::string("control crashes and restarts") +
                   (action.value == 1 ? "; the store has written it" : "");
        case Event::kCopy:
            return "the store is copied";
        case Event::kRestoreCopy:
            return "control restarts from a copy of the store";
    }
    return {};
}

}  // namespace busbar::model
