// What cars and buildings show, and what that means for who is to get what.
#include <algorithm>
#include <utility>

#include "control/site_home.hpp"
#include "demand/deadline.hpp"

namespace busbar::control {
namespace {

// A car's current of longer ago says nothing of what flows now.
constexpr auto kMeteredFor = std::chrono::seconds{60};

}  // namespace

// A transaction began, or goes on after a restart.
void SiteHome::car_came(LeafIndex leaf) {
    auto& live = live_[leaf];
    const auto& where = network_.leaves[leaf];
    live.car.emplace(Car::Setup{.maximum = where.maximum,
                                .minimum = where.minimum,
                                .quantum = where.quantum,
                                .pausable = where.pausable,
                                .learned = minima_.find(live.transaction->id_tag)});
    live.place.emplace(world_.clock.steady());
    live.energy_register.reset();
}

void SiteHome::car_went(LeafIndex leaf) {
    live_[leaf].car.reset();
    live_[leaf].place.reset();
    live_[leaf].spread.end();
    live_[leaf].metered.reset();  // Of a contactor that is open again.
}

// Something lets many rise at once: each waits a part of the site's spread of its own.
void SiteHome::spread_raise(LeafIndex leaf, SteadyPoint now) {
    const auto most = config_.site.raise_spread;
    if (most <= Duration{0} || !live_[leaf].transaction) return;
    const auto reached = ledger_.applied(leaf, ProfilePurpose::kTransaction).value_or(0_A);
    live_[leaf].spread.begin(reached, most, world_.random(), now);
}

bool SiteHome::wants(LeafIndex leaf) const {
    switch (live_[leaf].status) {
        case ConnectorStatus::kAvailable:
        case ConnectorStatus::kFinishing:
        case ConnectorStatus::kFaulted:
        case ConnectorStatus::kUnavailable:
            return false;
        default:
            return live_[leaf].transaction.has_value();
    }
}

void SiteHome::look_at_cars(SteadyPoint now, TimePoint wall) {
    states_.resize(live_.size());
    turns_.resize(live_.size());
    each_station([&](const ChargerId&, const Station& station, Leaves leaves) {
        for (auto leaf = leaves.first; leaf < leaves.end; ++leaf) {
            states_[leaf] = {.reachable = station.online,
                             .obeys = ledger_.trust(leaf) != TrustClass::kC,
                             .wants = wants(leaf),
                             .since = live_[leaf].since,
                             .potential = ledger_.potential(leaf)};
            turns_[leaf] = {};
            if (live_[leaf].car) look_at_car(leaf, now, wall);
            if (station.writes.state(now) == WriteBudget::State::kSpent) stay_below(leaf);
        }
    });
}

// What one car asks for, from what it showed.
void SiteHome::look_at_car(LeafIndex leaf, SteadyPoint now, TimePoint wall) {
    auto& live = live_[leaf];
    auto& state = states_[leaf];
    const auto& where = network_.leaves[leaf];
    const auto& share = resolver_->rules_of(leaf).share;
    const auto later = [&](SteadyPoint at) {
        return wall + std::chrono::floor<Duration>(at - now);
    };
    const auto wake = [&](std::optional<SteadyPoint> at) {
        if (at) wake_at(std::max(*at, now));
    };
    live.car->advance(now);
    take_news(leaf);
    state.minimum = live.car->minimum(where.maximum);
    state.goes_last = live.car->goes_last();
    const auto takes = live.car->wanted(
        where.maximum, share.reclaim ? Car::Unused::kReclaimed : Car::Unused::kKept);
    if (takes < where.maximum) state.takes = takes;
    state.draws = live.car->reclaimed_at().value_or(0_A);
    if (const auto until = live.spread.waits(where.maximum, now)) {
        state.spread = live.spread.allowed(where.maximum, now);
        state.spread_until = later(*until);
    }
    bool urgent = false;
    if (const auto& transaction = *live.transaction;
        transaction.requested && transaction.depart_by) {
        const Trip trip{.requested = *transaction.requested,
                        .delivered = delivered(leaf),
                        .depart_by = *transaction.depart_by,
                        .maximum = where.maximum,
                        .phases = where.phases};
        const auto pace = pace_of(trip, network_.supply, wall);
        state.departs = trip.depart_by;
        state.need = pace.need;
        urgent = is_urgent(pace, trip, share.rotation_slot, wall);
        if (const auto next = busbar::next_change(pace, trip, share.rotation_slot, wall))
            wake_at(now + std::max(*next - wall, Duration{0}));
    }
    turns_[leaf] = turn_of(*live.place,
                           {.band = resolver_->rules_of(leaf).band,
                            .last = state.goes_last,
                            .may_pause = where.pausable && live.car->may_pause(),
                            .urgent = urgent,
                            .slot = share.rotation_slot},
                           now);
    state.turn = turns_[leaf].number;
    state.promise_turn = turns_[leaf].without_average();
    if (turns_[leaf].rests && turns_[leaf].until && *turns_[leaf].until > now) {
        state.rests = later(*turns_[leaf].until);
        wake(turns_[leaf].until);
    }
    wake(live.car->next_change());
    wake(live.spread.next_change(now));
}

void SiteHome::take_news(LeafIndex leaf) {
    auto& live = live_[leaf];
    switch (live.car->take_news()) {
        case Car::News::kNone:
            return;
        case Car::News::kResumeFailed:
            alarm(network_.leaves[leaf].evse.charger.str(),
                  "resume_failed: the car does not draw what it is given, and goes last");
            return;
        case Car::News::kMinimumLearned:
            if (const auto learned = live.car->learned())
                minima_.learn(live.transaction->id_tag, *learned);
            return;
    }
}

// Since its transaction began, as far as its meter says.
WattHours SiteHome::delivered(LeafIndex leaf) const {
    const auto& live = live_[leaf];
    if (!live.energy_register) return {};
    return std::max(*live.energy_register - live.transaction->meter_start, WattHours{});
}

// What came of a resolve, for whose turn it is next.
void SiteHome::take_turns(SteadyPoint now) {
    using enum Place::Standing;
    // Only who made way for another car rests: not who lost its place because there is less to
    // go round, and may have it back as soon as there is more.
    bool somebody_came_in = false;
    for (LeafIndex leaf = 0; leaf < live_.size(); ++leaf)
        if (const auto& place = live_[leaf].place)
            somebody_came_in |=
                place->standing() != kAdmitted && resolver_->outcome(leaf) == Outcome::kAdmitted;
    for (LeafIndex leaf = 0; leaf < live_.size(); ++leaf) {
        auto& place = live_[leaf].place;
        if (!place) continue;
        // A car that an operator paused does not wait for others.
        const auto outcome = resolver_->outcome(leaf);
        const bool waits = outcome == Outcome::kNotAdmitted || states_[leaf].rests;
        if (waits && place->standing() == kAdmitted && !somebody_came_in)
            place->stand(kIdle, 0_A, now);
        place->stand(outcome == Outcome::kAdmitted ? kAdmitted
                     : waits                       ? kWaiting
                                                   : kIdle,
                     resolver_->limit(leaf), now);
        turns_[leaf].standing = place->standing();
    }
    if (const auto next = busbar::next_change(turns_, now)) wake_at(std::max(*next, now));
}

// When a leaf that waits can come in because another's turn is over.
std::optional<TimePoint> SiteHome::turn_at(LeafIndex leaf) const {
    if (resolver_->outcome(leaf) != Outcome::kNotAdmitted) return {};
    const auto now = world_.clock.steady();
    const auto at = comes_in_at(turns_[leaf], turns_, now);
    if (!at) return {};
    return world_.clock.wall() + std::chrono::floor<Duration>(*at - now);
}

// --- Buildings -----------------------------------------------------------------------------------

void SiteHome::building_sample(const CircuitId& circuit, const PerPhase& measured, SteadyPoint at,
                               Callback<Done> done) {
    const auto row = network_.row_of(circuit);
    const auto meter = buildings_.find(circuit);
    if (!row || meter == buildings_.end())
        return done(Error{Errc::kConflict,
                          "circuit '" + circuit.str() + "' has no building meter configured"});
    const auto now = world_.clock.steady();
    PerPhase drawn;
    for (LeafIndex leaf = 0; leaf < live_.size(); ++leaf) {
        const auto& live = live_[leaf];
        const auto& rows = network_.leaves[leaf].rows;
        if (!live.metered || now - live.metered_at > kMeteredFor ||
            std::ranges::find(rows, *row) == rows.end())
            continue;
        for (const auto phase : kPhases)
            drawn[phase] +=
                std::min((*live.metered)[static_cast<std::size_t>(phase)], ledger_.potential(leaf));
    }
    const bool was_stale = meter->second.stale(now);
    if (meter->second.sampled(measured, drawn, std::min(at, now)) || was_stale) touch();
    stale_buildings_.erase(circuit);
    feeder_sampled(circuit, measured, std::min(at, now));
    done(Done{});
}

// Which circuits have a meter; those that had the same one before keep what it showed.
void SiteHome::renew_buildings() {
    std::map<CircuitId, BuildingMeter> kept;
    for (const auto& circuit : config_.circuits) {
        if (!circuit.building) continue;
        const auto found = buildings_.find(circuit.id);
        const bool same = found != buildings_.end() && found->second.load() == *circuit.building;
        kept.emplace(circuit.id, same ? found->second : BuildingMeter(*circuit.building));
    }
    buildings_ = std::move(kept);
}

void SiteHome::look_at_buildings(SteadyPoint now) {
    foreign_.assign(network_.rows.size(), {});
    for (const auto& [circuit, meter] : buildings_) {
        const auto row = network_.row_of(circuit);
        if (!row) continue;
        foreign_[*row].load = meter.foreign(now);
        if (const auto next = meter.next_change(now)) wake_at(std::max(*next, now));
        if (meter.stale(now) && running_ && stale_buildings_.insert(circuit).second)
            alarm(circuit.str(), "its building meter is silent: its worst case counts");
    }
}

}  // namespace busbar::control
