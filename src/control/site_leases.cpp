// Limits that end by themselves: what a charger falls back to when it no longer hears from us, on
// its own clock, and what the store has to know before such a limit is sent.
#include <algorithm>
#include <utility>

#include "control/site_home.hpp"
#include "rules/effective.hpp"

namespace busbar::control {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

// A schedule starts so much before anything that the charger's clock may show: one that starts
// in its future would not hold yet.
constexpr auto kStartBefore = 60s;
// A clock that is known no better than this is not known.
constexpr int kLeaseToUncertainty = 2;
// Charger clocks show whole seconds, so a step may come up to one early.
constexpr auto kAfterStep = 1s;
constexpr auto kRetrySaveAfter = 1s;
constexpr std::size_t kMostWaitingToAuthorize = 8;
constexpr auto kAuthorizeWithin = 10s;

}  // namespace

// A charger's limit is leased while it is above what it falls back to, if its clock is known.
bool SiteHome::gives_lease(const Station& station, const Planned& planned) const {
    const auto leaf = planned.leaves.first;
    return planned.command.purpose == ProfilePurpose::kTransaction && station.features.lease &&
           planned.command.limit > network_.leaves[leaf].floor && !resolver_->excluded(leaf) &&
           station.clock.known() &&
           station.clock.uncertainty() * kLeaseToUncertainty <= lease_of(leaf);
}

// The limit now, what is known to lower it before the lease is over, and the floor.
void SiteHome::add_lease(const Station& station, Planned& planned, SteadyPoint now) {
    const auto leaf = planned.leaves.first;
    const auto& clock = station.clock;
    const auto start = std::chrono::floor<seconds>(clock.earliest(now) - kStartBefore);
    // A lease as seen on the fastest clock it may have...
    const auto end = std::chrono::ceil<seconds>(clock.latest(now) + lease_of(leaf));
    auto fallback = network_.leaves[leaf].floor;
    auto& command = planned.command;
    command.start = start;
    command.lease = std::chrono::ceil<seconds>(lease_of(leaf));
    const auto then = ahead(leaf);
    if (then && *then < command.limit && network_.leaves[leaf].schedule_periods >= 3) {
        // ... and a decrease as seen on the slowest: no later than it is due.
        const auto wait = std::max(*rules_until_ - world_.clock.wall(), Duration{0});
        const auto due = std::chrono::floor<seconds>(clock.earliest(now) + wait);
        const auto after = std::max(due - start, seconds{1});
        if (start + after < end) {
            command.later.push_back({after, *then});
            fallback = std::min(fallback, *then);
        }
    }
    command.later.push_back({end - start, fallback});
    // ... and its end as seen on the slowest, for us to count on.
    planned.lease = Lease{fallback, clock.surely_at(end)};
}

// How much longer the store has a lease last than it does, so that it need not be written at
// every renewal to the millisecond.
Duration SiteHome::slack() const {
    return std::min<Duration>(config_.site.lease / 4, 60s);
}

bool SiteHome::is_durable(LeafIndex leaf, Amperes value, const std::optional<Lease>& lease) const {
    const auto& live = live_[leaf];
    if (value > live.durable) return false;
    if (!live.durable_lease || value <= live.durable_lease->fallback) return true;
    return lease && lease->ends <= live.durable_lease->ends &&
           lease->fallback <= live.durable_lease->fallback;
}

// When our own clock was set, other rules may hold.
void SiteHome::watch_clock(SteadyPoint now, TimePoint wall) {
    const std::chrono::nanoseconds ahead = wall.time_since_epoch() - now.time_since_epoch();
    const auto before = std::exchange(clock_, ahead);
    const auto jump = ahead - before.value_or(ahead);
    if (std::chrono::abs(jump) < kClockJump) return;
    const auto by = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::abs(jump));
    alarm(config_.site.id.str(), "our own clock was set " + decimal(by.count()) +
                                     (jump < jump.zero() ? " s back" : " s forward"));
    rules_changed_ = true;
}

// What rose, or lasts longer, must be durable before it is sent; what fell is written beside it,
// for the next start.
std::vector<PotentialRow> SiteHome::potentials_to_save() {
    std::vector<PotentialRow> rows;
    for (LeafIndex leaf = 0; leaf < live_.size(); ++leaf) {
        auto& live = live_[leaf];
        // One that never connected counts at its maximum without a row to say so.
        if (!live.seen) continue;
        const auto potential = ledger_.potential(leaf);
        const auto lease = ledger_.lease(leaf);
        const auto& stored = live.durable_lease;
        const bool longer =
            stored && potential > stored->fallback &&
            (!lease || lease->ends > stored->ends || lease->fallback > stored->fallback);
        const bool ends_now = !stored && lease;
        const bool kept_out = live.yielding.out || live.yielding.told_out;
        if (potential == live.durable && kept_out == live.yielding.durable_out && !longer &&
            !ends_now)
            continue;
        PotentialRow row{
            .evse = network_.leaves[leaf].evse, .potential = potential, .kept_out = kept_out};
        if (lease) {
            row.fallback = lease->fallback;
            row.until = lease->ends + slack();
        }
        // Until it is known which of the two the store has, the less counts.
        live.durable = std::min(live.durable, potential);
        if (lease && live.durable_lease)
            live.durable_lease = {std::min(live.durable_lease->fallback, lease->fallback),
                                  std::min(live.durable_lease->ends, *row.until)};
        else if (lease)
            live.durable_lease = {lease->fallback, *row.until};
        rows.push_back(std::move(row));
    }
    return rows;
}

void SiteHome::potentials_saved(const std::vector<PotentialRow>& rows, const Result<Done>& saved) {
    saving_ = false;
    const bool known_to_fail = std::exchange(save_after_, std::nullopt).has_value();
    if (saved) {
        for (const auto& row : rows) {
            const auto leaf = network_.leaf_of(row.evse);
            if (!leaf) continue;
            live_[*leaf].durable = row.potential;
            live_[*leaf].yielding.durable_out = row.kept_out;
            live_[*leaf].durable_lease.reset();
            if (row.fallback) live_[*leaf].durable_lease = {*row.fallback, *row.until};
        }
    } else {
        save_after_ = world_.clock.steady() + kRetrySaveAfter;
        wake_at(*save_after_);
        if (!known_to_fail)
            alarm(config_.site.id.str(),
                  "increases wait, the store fails: " + saved.error().message);
    }
    touch();
}

// --- Clocks --------------------------------------------------------------------------------------

void SiteHome::told_time(const ChargerId& charger, TimePoint now) {
    const auto found = stations_.find(charger);
    if (found == stations_.end()) return;
    found->second.clock.told(now, world_.clock.steady());
    update_leases(charger, found->second);
}

void SiteHome::hear_clock(const ChargerId& charger, std::optional<TimePoint> stamp) {
    const auto found = stations_.find(charger);
    if (found == stations_.end() || !stamp) return;
    found->second.clock.said(*stamp, world_.clock.steady());
    update_leases(charger, found->second);
    // What was sent while the clock was not known, or by an earlier server, may have no end: now
    // it can have one.
    const auto [first, last] = network_.leaves_of(charger);
    for (auto leaf = first; leaf < last; ++leaf) {
        const auto& live = live_[leaf];
        const auto applied = ledger_.applied(leaf, ProfilePurpose::kTransaction);
        if (live.lease_until || live.transaction_limit.renew_at || !applied ||
            !gives_lease(found->second,
                         {{.purpose = ProfilePurpose::kTransaction, .limit = *applied},
                          {leaf, leaf + 1},
                          *applied}))
            continue;
        live_[leaf].transaction_limit.renew_at = world_.clock.steady();
        touch();
    }
}

// Whether a message was stamped on this connection, as far as can be told. A clock that is not
// known may show anything.
SiteHome::Freshness SiteHome::freshness(const Station& station, std::optional<TimePoint> stamp) {
    constexpr auto kWholeSeconds = 2s;
    constexpr auto kClockMargin = 1s;
    if (!stamp || !station.clock.known()) return Freshness::kUnknown;
    const auto& clock = station.clock;
    if (*stamp + kWholeSeconds < clock.earliest(station.connected_at)) return Freshness::kStale;
    const bool after = *stamp + kWholeSeconds + kClockMargin >= clock.latest(station.connected_at);
    return after ? Freshness::kFresh : Freshness::kUnknown;
}

// A lease runs on the charger's clock: when that is found to be slower, the lease is longer.
void SiteHome::update_leases(const ChargerId& charger, const Station& station) {
    const auto [first, last] = network_.leaves_of(charger);
    for (auto leaf = first; leaf < last; ++leaf) {
        if (!live_[leaf].lease_until) continue;
        if (station.clock.known())
            ledger_.lease_ends(leaf, station.clock.surely_at(*live_[leaf].lease_until));
        else
            ledger_.lease_ends(leaf, {});
    }
}

// --- Ahead ---------------------------------------------------------------------------------------

// A limit that is known to fall within a lease from here is told to the charger in advance, so that
// it does not need us when the time comes.
std::optional<Amperes> SiteHome::ahead(LeafIndex leaf) {
    if (!rules_until_ || *rules_until_ - world_.clock.wall() > config_.site.lease) return {};
    if (!ahead_resolver_) ahead_resolver_ = std::make_unique<Resolver>(network_);
    if (!std::exchange(ahead_rules_, true)) {
        ahead_.clear();
        ahead_resolver_->set_rules(
            effective_rules(config_, network_, rules_, occupants(), *rules_until_));
    }
    if (ahead_.empty()) {
        ahead_resolver_->resolve(states_, foreign_);
        for (LeafIndex each = 0; each < live_.size(); ++each)
            ahead_.push_back(ahead_resolver_->limit(each));
    }
    return ahead_[leaf];
}

// A charger that takes watts is told what its lines carry at the lowest voltage there can be.
void SiteHome::add_unit(const Station& station, Planned& planned) const {
    planned.command.unit = station.features.unit;
    planned.command.phases = network_.leaves[planned.leaves.first].phases;
    planned.command.supply = network_.supply;
}

// --- Before a transaction ------------------------------------------------------------------------

// A car is let in once its charger has its default, or where there is room for all that it could
// take without one: no transaction is to start unlimited.
void SiteHome::authorize(const ChargerId& charger, std::function<void(Authorization)> reply) {
    const auto found = stations_.find(charger);
    if (found == stations_.end()) return reply(Authorization::kInvalid);
    auto& waiting = found->second.waiting_to_authorize;
    if (waiting.size() >= kMostWaitingToAuthorize) return reply(Authorization::kInvalid);
    if (waiting.empty()) found->second.authorize_by = world_.clock.steady() + kAuthorizeWithin;
    waiting.push_back(std::move(reply));
    touch();
}

void SiteHome::answer_authorizations(Station& station, Leaves leaves, SteadyPoint now) {
    if (station.waiting_to_authorize.empty()) return;
    bool ready = true;
    for (auto leaf = leaves.first; leaf < leaves.end; ++leaf)
        ready = ready &&
                (ledger_.known(leaf) ||
                 (ledger_.may_renew(leaf) && is_durable(leaf, network_.leaves[leaf].maximum, {})));
    if (!ready && station.online && now < station.authorize_by)
        return wake_at(station.authorize_by);
    for (const auto& reply : std::exchange(station.waiting_to_authorize, {}))
        reply(ready ? Authorization::kAccepted : Authorization::kInvalid);
}

// "holds 32 A until 14:05:10".
void SiteHome::tell_outage(LeafIndex leaf, Reason& reason) const {
    reason.since = stations_.at(network_.leaves[leaf].evse.charger).offline_since;
    const auto lease = ledger_.lease(leaf);
    if (!lease) return;
    const auto ends = lease->ends + network_.leaves[leaf].settle - world_.clock.steady();
    reason.until = world_.clock.wall() + std::chrono::ceil<Duration>(ends);
}

// It can only be lowered: what it cannot be given is for others.
void SiteHome::stay_below(LeafIndex leaf) {
    auto& state = states_[leaf];
    const auto has = ledger_.applied(leaf, ProfilePurpose::kTransaction).value_or(0_A);
    if (has < network_.leaves[leaf].minimum) state.wants = false;
    state.takes = std::min(state.takes.value_or(has), has);
}

// --- Writes --------------------------------------------------------------------------------------

void SiteHome::count_write(const ChargerId& charger, Station& station, SteadyPoint now) {
    using enum WriteBudget::State;
    station.writes.wrote(now);
    const auto left = station.writes.state(now);
    if (left == kPlenty) station.writes_were_spent = false;
    if (left == kSpent && !std::exchange(station.writes_were_spent, true))
        alarm(charger.str(),
              "has taken all its " + std::to_string(station.writes.per_day()) +
                  " writes of a day: it can only be lowered, and is left to its floor "
                  "when its lease is over");
}

// At four fifths of the lease, or when it is lowered before; at once where it has none and could
// have one.
void SiteHome::renew_later(LeafIndex leaf, const SetLimit& limit, SteadyPoint now) {
    auto& live = live_[leaf];
    live.transaction_limit.renew_at.reset();
    live.lease_until.reset();
    if (limit.later.empty()) {
        // The clock may have become known while the charger had the call.
        const auto& station = stations_.at(network_.leaves[leaf].evse.charger);
        if (gives_lease(station, {limit, {leaf, leaf + 1}, limit.limit}))
            live.transaction_limit.renew_at = now;
        return;
    }
    auto& renew_at = live.transaction_limit.renew_at.emplace(now + lease_of(leaf) * 4 / 5);
    live.lease_until = *limit.start + limit.later.back().after;
    if (limit.later.size() < 2) return;
    // What was told in advance may no longer be so. Where it is, another limit replaces this one
    // before.
    const auto& clock = stations_.at(network_.leaves[leaf].evse.charger).clock;
    if (!clock.known()) return;
    const auto lowered_at = clock.surely_at(*limit.start + limit.later.front().after) + kAfterStep;
    if (lowered_at > now) renew_at = std::min(renew_at, lowered_at);
}

}  // namespace busbar::control
