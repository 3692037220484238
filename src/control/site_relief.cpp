// What is done about a row that may carry more than its budget when every decrease has been
// accepted and had its time: who gives way, and how they come back.
#include <algorithm>
#include <utility>

#include "control/site_home.hpp"
#include "ledger/give_way.hpp"

namespace busbar::control {
namespace {

using namespace std::chrono_literals;

// After so many answers in vain a charger is taken at its word.
constexpr int kFailuresToBelieve = 3;
// Nobody gives way for what may be over in a moment: a row of chargers that all come back.
constexpr auto kActAfter = 10s;
constexpr auto kRepeatAfter = 60s;
constexpr auto kNotSentAfter = 1s;
// What was taken comes back when it has fitted for so long.
constexpr auto kGiveBackAfter = 60s;
constexpr std::size_t kMostNamed = 5;

bool is_over(const PerPhase& excess) {
    return std::ranges::any_of(kPhases, [&](Phase phase) { return excess[phase] > 0_A; });
}

}  // namespace

// What a charger's default is to be.
Amperes SiteHome::default_of(LeafIndex any) const {
    return resolver_->excluded(any) ? network_.leaves[any].maximum : network_.leaves[any].floor;
}

// The floors as they are now, in a network that has those of the configuration.
void SiteHome::renew_floors() {
    guards_.floors_taken = false;
    each_station([&](const ChargerId&, Station& station, Leaves leaves) {
        station.floor.configured = network_.leaves[leaves.first].floor;
        if (!station.floor.taken) return;
        guards_.floors_taken = true;
        set_floor(leaves, 0_A);
    });
}

void SiteHome::set_floor(Leaves leaves, Amperes floor) {
    for (auto leaf = leaves.first; leaf < leaves.end; ++leaf) {
        network_.leaves[leaf].floor = floor;
        ledger_.falls_to(leaf, floor);
    }
}

// What is decided on has changed in its midst: all over again.
void SiteHome::floors_changed() {
    guards_.floors_taken = false;
    each_station([&](const ChargerId&, Station& station, Leaves leaves) {
        guards_.floors_taken |= station.floor.taken;
        set_floor(leaves, station.floor.taken ? 0_A : station.floor.configured);
    });
    resolver_ = std::make_unique<Resolver>(network_);
    ahead_resolver_.reset();
    rules_changed_ = true;
    resolve();
    ledger_.set_budgets(resolver_->budgets());
    touch();
}

// Looks at each row that may carry too much, and takes one step if none is under way.
void SiteHome::relieve(SteadyPoint now) {
    bool over = false;
    for (RowIndex row = 0; row < network_.rows.size(); ++row) {
        const auto& name = network_.rows[row].name;
        if (is_over(excess_of(row, Kept::kCounted))) {
            guards_.over.try_emplace(name, OverRow{.since = now});
            over = true;
        } else if (guards_.over.erase(name) > 0) {
            touch();
        }
    }
    bool floors = over && take_floors();
    for (RowIndex row = 0; over && !floors && row < network_.rows.size(); ++row)
        if (guards_.over.contains(network_.rows[row].name)) floors = relieve_row(row, now);
    floors |= give_back(now);
    if (floors) floors_changed();
}

// By how much the potentials pass the budget, with those that are out of service or without.
PerPhase SiteHome::excess_of(RowIndex row, Kept kept) const {
    PerPhase excess;
    for (const auto phase : kPhases)
        excess[phase] = ledger_.row_potential(row, phase) - ledger_.row_budget(row, phase);
    if (kept == Kept::kCounted || !is_over(excess)) return excess;
    for (LeafIndex leaf = 0; leaf < live_.size(); ++leaf) {
        if (!live_[leaf].yielding.told_out || live_[leaf].transaction || !is_below(leaf, row))
            continue;
        for (const auto phase : kPhases)
            if (network_.leaves[leaf].phases.has(phase)) excess[phase] -= ledger_.potential(leaf);
    }
    return excess;
}

// Whether something that lowers what it may draw is on its way.
bool SiteHome::is_moving(LeafIndex leaf) const {
    const auto& charger = network_.leaves[leaf].evse.charger;
    const auto& station = stations_.at(charger);
    const auto& live = live_[leaf];
    if (!station.online) return false;
    if (station.busy || ledger_.settling(leaf)) return true;
    const auto& own = live.yielding;
    const bool ends = live.transaction ? own.stop : own.out && !own.told_out;
    const bool answers = !own.refused && world_.clock.steady() < own.retry_at;
    if (ends && (own.asked == 0 || (own.asked == 1 && answers))) return true;
    if (station.failures >= kFailuresToBelieve) return false;
    const auto due = [&](ProfilePurpose purpose, Amperes want) {
        const auto may = ledger_.allowed(leaf, purpose, want);
        return may && may != ledger_.applied(leaf, purpose);
    };
    if (due(ProfilePurpose::kDefault, default_of(leaf))) return true;
    return live.transaction && due(ProfilePurpose::kTransaction, resolver_->limit(leaf));
}

Holder SiteHome::holder(LeafIndex leaf, Amperes holds) const {
    return {.phases = network_.leaves[leaf].phases,
            .holds = holds,
            .charging = live_[leaf].transaction.has_value(),
            .band = resolver_->rules_of(leaf).band,
            .since = live_[leaf].since};
}

// The leaves below a row that give way, of those that `holds` says can, and how much each would
// give back.
template <class F>
std::vector<LeafIndex> SiteHome::yielding(RowIndex row, const PerPhase& excess, F holds) const {
    std::vector<LeafIndex> leaves;
    std::vector<Holder> holders;
    for (LeafIndex leaf = 0; leaf < live_.size(); ++leaf) {
        const auto& station = stations_.at(network_.leaves[leaf].evse.charger);
        if (!is_below(leaf, row) || !station.online || resolver_->excluded(leaf)) continue;
        leaves.push_back(leaf);
        holders.push_back(holder(leaf, holds(leaf, station)));
    }
    std::vector<LeafIndex> out;
    for (const auto i : give_way(holders, excess)) out.push_back(leaves[i]);
    return out;
}

// The least that an EVSE comes to, with all that can be done by limits short of its default.
Amperes SiteHome::least_of(LeafIndex leaf) const {
    const auto& where = network_.leaves[leaf];
    if (resolver_->excluded(leaf) || ledger_.trust(leaf) == TrustClass::kC) return where.maximum;
    return where.floor;
}

PerPhase SiteHome::floors_over(RowIndex row) const {
    PerPhase over;
    for (const auto phase : kPhases) over[phase] = -ledger_.row_budget(row, phase);
    for (LeafIndex leaf = 0; leaf < live_.size(); ++leaf) {
        if (!is_below(leaf, row)) continue;
        const auto least = least_of(leaf);
        for (const auto phase : kPhases)
            if (network_.leaves[leaf].phases.has(phase)) over[phase] += least;
    }
    return over;
}

// Floors that do not fit whatever else is done go at once: what is 0 A needs no second step.
bool SiteHome::take_floors() {
    const auto has_floor = [](const Leaf& leaf) { return leaf.floor > 0_A; };
    if (std::ranges::none_of(network_.leaves, has_floor)) return false;
    const auto floor_of = [&](LeafIndex leaf, const Station& station) {
        const bool obeys = ledger_.trust(leaf) != TrustClass::kC;
        return obeys && !station.floor.taken ? network_.leaves[leaf].floor : 0_A;
    };
    bool taken = false;
    for (RowIndex row = 0; row < network_.rows.size(); ++row) {
        // What does not fit by its floors does not fit by its potentials either.
        if (!guards_.over.contains(network_.rows[row].name)) continue;
        const auto over = floors_over(row);
        if (!is_over(over)) continue;
        for (const auto leaf : yielding(row, over, floor_of)) {
            take_floor(leaf);
            taken = true;
        }
    }
    return taken;
}

void SiteHome::take_floor(LeafIndex leaf) {
    auto& floor = stations_.at(network_.leaves[leaf].evse.charger).floor;
    floor.taken = true;
    floor.fits_since.reset();
}

// Whether it took floors.
bool SiteHome::relieve_row(RowIndex row, SteadyPoint now) {
    for (LeafIndex leaf = 0; leaf < live_.size(); ++leaf)
        if (is_below(leaf, row) && is_moving(leaf)) return false;
    auto& over = guards_.over.at(network_.rows[row].name);
    if (now < over.since + kActAfter) {
        wake_at(over.since + kActAfter);
        return false;
    }
    const auto excess = excess_of(row, Kept::kOut);
    const auto applied = [&](LeafIndex leaf, ProfilePurpose purpose) {
        return ledger_.applied(leaf, purpose).value_or(0_A);
    };
    const auto obeys = [&](LeafIndex leaf, const Station& station) {
        return station.failures < kFailuresToBelieve && ledger_.trust(leaf) != TrustClass::kC;
    };
    const auto floors = yielding(row, excess, [&](LeafIndex leaf, const Station& station) {
        if (station.floor.taken || !obeys(leaf, station)) return 0_A;
        return applied(leaf, ProfilePurpose::kDefault) -
               applied(leaf, ProfilePurpose::kTransaction);
    });
    for (const auto leaf : floors) take_floor(leaf);
    if (!floors.empty()) return true;
    const auto limits = yielding(row, excess, [&](LeafIndex leaf, const Station& station) {
        const auto& live = live_[leaf];
        if (!live.transaction || live.yielding.at_zero || !obeys(leaf, station)) return 0_A;
        return applied(leaf, ProfilePurpose::kTransaction) -
               applied(leaf, ProfilePurpose::kDefault);
    });
    for (const auto leaf : limits) live_[leaf].yielding.at_zero = true;
    if (!limits.empty()) {
        touch();
    } else {
        end_charging(row, excess);
        if (!std::exchange(over.alarmed, true)) tell_unsatisfiable(row);
    }
    return false;
}

// Limits are not enough: those where nobody charges are taken out of service, and then charging
// ends, who came last first.
void SiteHome::end_charging(RowIndex row, const PerPhase& excess) {
    const auto leaves = yielding(row, excess, [&](LeafIndex leaf, const Station&) {
        const auto& own = live_[leaf].yielding;
        const bool asked = live_[leaf].transaction ? own.stop : own.out;
        return asked ? 0_A : ledger_.potential(leaf);
    });
    for (const auto leaf : leaves) {
        auto& own = live_[leaf].yielding;
        const bool runs = live_[leaf].transaction.has_value();
        (runs ? own.stop : own.out) = true;
        own.asked = 0;
        own.retry_at = {};
        alarm(network_.leaves[leaf].evse.charger.str(),
              std::string(runs ? "its charging is ended: " : "is taken out of service: ") +
                  network_.rows[row].name + " may carry more than it should");
    }
    if (!leaves.empty()) touch();
}

void SiteHome::tell_unsatisfiable(RowIndex row) {
    const auto excess = excess_of(row, Kept::kCounted);
    const auto worst =
        *std::ranges::max_element(kPhases, {}, [&](Phase phase) { return excess[phase]; });
    std::vector<LeafIndex> holding;
    for (LeafIndex leaf = 0; leaf < live_.size(); ++leaf)
        if (is_below(leaf, row) && ledger_.potential(leaf) > 0_A) holding.push_back(leaf);
    // A site that is still being set up: those who never connected count in full, and that is
    // known.
    if (std::ranges::none_of(holding, [&](LeafIndex leaf) { return live_[leaf].seen; })) return;
    std::ranges::stable_sort(holding, std::greater{},
                             [&](LeafIndex leaf) { return ledger_.potential(leaf); });
    std::string names;
    if (holding.size() > kMostNamed) holding.resize(kMostNamed);
    for (const auto leaf : holding) {
        const auto& station = stations_.at(network_.leaves[leaf].evse.charger);
        names += (names.empty() ? "" : ", ") + to_string(network_.leaves[leaf].evse) + " holds " +
                 decimal(ledger_.potential(leaf).in_milli()) + " A" +
                 (!station.online                          ? " (not connected)"
                  : resolver_->excluded(leaf)              ? " (excluded)"
                  : ledger_.trust(leaf) == TrustClass::kC  ? " (does not do as it says)"
                  : station.failures >= kFailuresToBelieve ? " (takes no limit)"
                                                           : "");
    }
    alarm(network_.rows[row].name, "physically unsatisfiable: may carry " +
                                       decimal(ledger_.row_potential(row, worst).in_milli()) +
                                       " A of " +
                                       decimal(ledger_.row_budget(row, worst).in_milli()) + " A (" +
                                       std::string(to_string(worst)) + "): " + names);
}

// --- The way back --------------------------------------------------------------------------------

// The least room over the rows of a leaf; negative where one is over its budget.
Amperes SiteHome::room_above(LeafIndex leaf) const {
    auto least = network_.leaves[leaf].maximum;
    for (const auto row : network_.leaves[leaf].rows)
        for (const auto phase : kPhases)
            if (network_.leaves[leaf].phases.has(phase))
                least = std::min(
                    least, ledger_.row_budget(row, phase) - ledger_.row_potential(row, phase));
    return least;
}

// Whether it has fitted for long enough. Notes since when, and wakes us when it has.
bool SiteHome::has_fitted(bool fits, std::optional<SteadyPoint>& since, SteadyPoint now) {
    if (!fits) {
        since.reset();
        return false;
    }
    if (!since) since = now;
    if (now >= *since + kGiveBackAfter) return true;
    wake_at(*since + kGiveBackAfter);
    return false;
}

// Whether a floor came back.
bool SiteHome::give_back(SteadyPoint now) {
    bool changed = false;
    for (LeafIndex leaf = 0; leaf < live_.size(); ++leaf) {
        auto& own = live_[leaf].yielding;
        if (!own.any()) continue;
        const bool runs = live_[leaf].transaction.has_value();
        const auto room = room_above(leaf);
        if (own.at_zero && (!runs || room >= network_.leaves[leaf].minimum)) {
            own.at_zero = false;
            changed = true;
        }
        if (own.stop && (!runs || room >= 0_A)) {
            own.stop = false;
            changed = true;
        }
        if (own.out && has_fitted(room >= 0_A, own.fits_since, now)) {
            own.out = false;
            own.fits_since.reset();
            own.retry_at = {};
            changed = true;
        }
    }
    if (changed) touch();
    // One floor at a time: the next has to fit beside it.
    bool floor = false;
    each_station([&](const ChargerId&, Station& station, Leaves leaves) {
        auto& own = station.floor;
        if (!own.taken || floor) return;
        if (!has_fitted(floor_fits(own.configured, leaves), own.fits_since, now)) return;
        own.taken = false;
        floor = true;
    });
    return floor;
}

bool SiteHome::floor_fits(Amperes floor, Leaves leaves) const {
    for (auto leaf = leaves.first; leaf < leaves.end; ++leaf) {
        const auto more = std::max(floor - ledger_.potential(leaf), 0_A) *
                          static_cast<std::int64_t>(leaves.end - leaves.first);
        if (room_above(leaf) < more) return false;
        // Beside the floors of all others, too: or it would go again.
        for (const auto row : network_.leaves[leaf].rows) {
            const auto over = floors_over(row);
            for (const auto phase : kPhases)
                if (network_.leaves[leaf].phases.has(phase) &&
                    over[phase] + floor * static_cast<std::int64_t>(leaves.end - leaves.first) >
                        0_A)
                    return false;
        }
    }
    return true;
}

// --- Commands ------------------------------------------------------------------------------------

// The command that an EVSE of a charger is due, if any.
std::optional<Command> SiteHome::command_due(LeafIndex leaf, SteadyPoint now) const {
    const auto& live = live_[leaf];
    const auto& own = live.yielding;
    const auto number = network_.leaves[leaf].evse.number;
    if (now < own.retry_at) return {};
    if (live.transaction)
        return own.stop ? std::optional<Command>(
                              RemoteStop{live.transaction->id, live.transaction->own_id})
                        : std::nullopt;
    // It may have been put back into service by hand.
    const bool serves =
        live.freshness == Freshness::kFresh &&
        (live.status == ConnectorStatus::kAvailable || live.status == ConnectorStatus::kPreparing);
    if (own.out && own.durable_out && (!own.told_out || serves))
        return ChangeAvailability{number, false};
    if (!own.out && own.told_out) return ChangeAvailability{number, true};
    return {};
}

// Sends what a charger is to do beside its limits. A charger has one call open at a time: true if
// this is it.
bool SiteHome::command(const ChargerId& charger, Station& station, Leaves leaves, SteadyPoint now) {
    if (!station.online || station.busy) return false;
    for (auto leaf = leaves.first; leaf < leaves.end; ++leaf) {
        const auto due = command_due(leaf, now);
        if (!due) {
            if (live_[leaf].yielding.any() && live_[leaf].yielding.retry_at > now)
                wake_at(live_[leaf].yielding.retry_at);
            continue;
        }
        station.busy = true;
        auto done = [weak = weak_from_this(), evse = network_.leaves[leaf].evse,
                     asked = *due](CallResult result) {
            if (const auto self = weak.lock())
                self->post([=](SiteHome& site) { site.commanded(evse, asked, result.outcome); });
        };
        world_.gateway->call(
            charger, *due, [](SteadyPoint) {}, std::move(done));
        return true;
    }
    return false;
}

void SiteHome::commanded(const EvseId& evse, const Command& asked, CallOutcome outcome) {
    const auto station = stations_.find(evse.charger);
    if (station == stations_.end()) return;
    station->second.busy = false;
    if (const auto leaf = network_.leaf_of(evse)) {
        auto& own = live_[*leaf].yielding;
        const bool sent = outcome != CallOutcome::kNotSent;
        own.retry_at = world_.clock.steady() + (sent ? kRepeatAfter : kNotSentAfter);
        own.refused = outcome != CallOutcome::kAccepted;
        if (sent) ++own.asked;
        const auto* availability = std::get_if<ChangeAvailability>(&asked);
        // Unanswered, it may be out of service: that is what has to be undone one day.
        if (availability != nullptr && outcome == CallOutcome::kAccepted) {
            own.told_out = !availability->operative;
        } else if (availability != nullptr && outcome == CallOutcome::kUnanswered) {
            own.told_out = own.told_out || !availability->operative;
        }
    }
    touch();
}

}  // namespace busbar::control
