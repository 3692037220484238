// What comes upon circuits from outside: limits that others set, and what feeders measure.
#include "control/site_guard.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "control/site_home.hpp"

namespace busbar::control {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookAtSumsEvery = 5s;
// A charger's meter values of longer ago say nothing of what flows now.
constexpr auto kValuesFor = 60s;

std::string in_amperes(Amperes amount) {
    return decimal(amount.in_milli()) + " A";
}

bool same_but_for_failsafe(ExternalLimit a, const ExternalLimit& b) {
    a.failsafe_until = b.failsafe_until;
    return a == b;
}

// "10 A", or line by line.
std::string in_amperes(const PerPhase& lines) {
    using enum Phase;
    if (lines == PerPhase::each(lines[kL1])) return in_amperes(lines[kL1]);
    return decimal(lines[kL1].in_milli()) + "/" + decimal(lines[kL2].in_milli()) + "/" +
           in_amperes(lines[kL3]);
}

bool stops_somebody(const Overload& overload) {
    return overload.stage() >= Overload::Stage::kShed;
}

}  // namespace

bool SiteHome::is_below(LeafIndex leaf, RowIndex row) const {
    const auto& rows = network_.leaves[leaf].rows;
    return std::ranges::find(rows, row) != rows.end();
}

// Which circuits are guarded; those that were before keep what is known of them.
void SiteHome::renew_guards() {
    const auto now = world_.clock.steady();
    std::map<CircuitId, WatchedLimit> limits;
    std::map<CircuitId, WatchedFeeder> feeders;
    for (const auto& circuit : config_.circuits) {
        if (circuit.external) renew_limit(circuit, now, limits);
        if (!circuit.building || circuit.building->covers != BuildingLoad::Covers::kTotal) continue;
        const auto& meter = circuit.building->meter;
        const auto found = guards_.feeders.find(circuit.id);
        const bool same = found != guards_.feeders.end() && found->second.meter == meter &&
                          found->second.rating == circuit.breaker;
        feeders.emplace(circuit.id, same ? std::move(found->second)
                                         : WatchedFeeder{.meter = meter,
                                                         .rating = circuit.breaker,
                                                         .overload = Overload(circuit.breaker)});
    }
    guards_.limits = std::move(limits);
    guards_.feeders = std::move(feeders);
}

// A limit that changed has just been said.
void SiteHome::renew_limit(const Circuit& circuit, SteadyPoint now,
                           std::map<CircuitId, WatchedLimit>& limits) {
    const auto& said = *circuit.external;
    const auto found = guards_.limits.find(circuit.id);
    if (found != guards_.limits.end()) {
        auto kept = std::move(found->second);
        if (!same_but_for_failsafe(kept.limit, said)) hear(kept, said, now);
        kept.limit = said;
        limits.emplace(circuit.id, std::move(kept));
        return;
    }
    std::optional<Duration> failsafe_left;
    if (said.failsafe_until) failsafe_left = *said.failsafe_until - world_.clock.wall();
    WatchedLimit made{
        .limit = said, .watch = ExternalWatch(said, failsafe_left, now), .since = now};
    if (running_) hear(made, said, now);
    limits.emplace(circuit.id, std::move(made));
}

void SiteHome::hear(WatchedLimit& limit, const ExternalLimit& said, SteadyPoint now) {
    limit.watch.heard(said, now);
    limit.alarmed = false;
}

// The same again: only a heartbeat.
void SiteHome::external_heard(const CircuitId& circuit) {
    const auto found = guards_.limits.find(circuit);
    if (found == guards_.limits.end()) return;
    const auto now = world_.clock.steady();
    const bool changes = found->second.watch.state(now) != ExternalWatch::State::kHeard;
    hear(found->second, found->second.limit, now);
    if (changes) touch();
    wake_at(*found->second.watch.next_change(now));
}

// What others let circuits carry, and what feeders that measured too much leave each EVSE.
void SiteHome::look_at_guards(SteadyPoint now) {
    for (auto& [circuit, limit] : guards_.limits) {
        const auto row = network_.row_of(circuit);
        if (!row) continue;
        foreign_[*row].ceiling = limit.watch.ceiling(now);
        if (const auto next = limit.watch.next_change(now)) wake_at(std::max(*next, now));
        if (running_) tell_silence(circuit, limit, now);
    }
    for (const auto& [circuit, feeder] : guards_.feeders) {
        const auto row = network_.row_of(circuit);
        if (!row || !stops_somebody(feeder.overload)) continue;
        for (LeafIndex leaf = 0; leaf < live_.size(); ++leaf)
            if (is_below(leaf, *row)) keep_low(leaf, left_by(feeder, leaf), ReasonKind::kShed);
    }
    for (LeafIndex leaf = 0; leaf < live_.size(); ++leaf)
        if (live_[leaf].yielding.at_zero) keep_low(leaf, 0_A, ReasonKind::kGivesWay);
    look_at_sums(now);
}

void SiteHome::keep_low(LeafIndex leaf, Amperes most, ReasonKind reason) {
    auto& state = states_[leaf];
    if (state.guarded && *state.guarded <= most) return;
    state.guarded = most;
    state.guarded_for = reason;
}

Amperes SiteHome::left_by(const WatchedFeeder& feeder, LeafIndex leaf) const {
    if (feeder.overload.sheds(resolver_->rules_of(leaf).band)) return 0_A;
    const auto had = feeder.had.find(network_.leaves[leaf].evse);
    return had == feeder.had.end() ? 0_A : had->second;
}

// One alarm for each silence; and the failsafe is to hold for its time, restarts or not.
void SiteHome::tell_silence(const CircuitId& circuit, WatchedLimit& limit, SteadyPoint now) {
    using enum ExternalWatch::State;
    const auto state = limit.watch.state(now);
    const auto late = limit.since + limit.limit.heartbeat;
    if (state == kUnheard && now < late) wake_at(late);
    const bool silent = state == kFailsafe || (state == kUnheard && now >= late);
    if (!silent || limit.alarmed) return;
    limit.alarmed = true;
    const auto ceiling = limit.watch.ceiling(now);
    alarm(circuit.str(), "no heartbeat from what limits it from outside" +
                             (limit.limit.source.empty() ? "" : " (" + limit.limit.source + ")") +
                             ": " +
                             (ceiling ? in_amperes(*ceiling) + " holds" : "nothing limits it"));
    if (state == kFailsafe && limit.limit.failsafe_for > Duration{0})
        keep_failsafe(circuit, world_.clock.wall() + limit.limit.failsafe_for);
}

// --- What feeders measure ------------------------------------------------------------------------

// A sample of all that flows through a circuit.
void SiteHome::feeder_sampled(const CircuitId& circuit, const PerPhase& measured, SteadyPoint at) {
    const auto found = guards_.feeders.find(circuit);
    const auto row = network_.row_of(circuit);
    if (found == guards_.feeders.end() || !row || !resolved_) return;
    auto& feeder = found->second;
    std::vector<int> bands;
    for (LeafIndex leaf = 0; leaf < live_.size(); ++leaf)
        if (is_below(leaf, *row) && live_[leaf].transaction && !resolver_->excluded(leaf))
            bands.push_back(resolver_->rules_of(leaf).band);
    if (!feeder.overload.sampled(measured, bands, at)) return;
    if (stops_somebody(feeder.overload)) {
        for (LeafIndex leaf = 0; leaf < live_.size(); ++leaf)
            if (is_below(leaf, *row))
                feeder.had.try_emplace(network_.leaves[leaf].evse, resolver_->limit(leaf));
    } else {
        feeder.had.clear();
    }
    tell_overload(circuit, feeder.overload);
    touch();
}

void SiteHome::tell_overload(const CircuitId& circuit, const Overload& overload) {
    const auto stage = overload.stage();
    const auto& seen = overload.seen();
    world_.feed.publish(OverloadChanged{config_.site.id, circuit, stage, seen});
    const auto what = "measured " + in_amperes(seen.measured) + " of " + in_amperes(seen.rating) +
                      " (" + std::string(to_string(seen.phase)) + ")";
    switch (stage) {
        case Overload::Stage::kNormal:
            return log::info("overload is over", {{"circuit", circuit.str()}});
        case Overload::Stage::kWarn:
            return alarm(circuit.str(), what);
        case Overload::Stage::kShed:
            return alarm(circuit.str(), what + ": charging is shed, the last band first");
        case Overload::Stage::kEmergency:
            return alarm(circuit.str(), what + ": all charging below it stops");
    }
}

// What the chargers' own meters sum up to is not exact enough to stop anybody; somebody should
// know. Values that are old or missing count as nothing.
void SiteHome::look_at_sums(SteadyPoint now) {
    if (!running_ || (guards_.sums_at && now < *guards_.sums_at + kLookAtSumsEvery)) return;
    guards_.sums_at = now;
    std::vector<PerPhase> sums(network_.rows.size());
    for (LeafIndex leaf = 0; leaf < live_.size(); ++leaf) {
        const auto& live = live_[leaf];
        if (!live.metered || now - live.metered_at > kValuesFor) continue;
        for (const auto row : network_.leaves[leaf].rows)
            for (const auto phase : kPhases)
                sums[row][phase] += (*live.metered)[static_cast<std::size_t>(phase)];
    }
    for (const auto& circuit : config_.circuits) {
        const auto row = network_.row_of(circuit.id);
        if (!row) continue;
        const auto over = std::ranges::find_if(
            kPhases, [&](Phase phase) { return sums[*row][phase] > circuit.breaker[phase]; });
        if (over == kPhases.end()) {
            guards_.sums_over.erase(circuit.id);
        } else if (guards_.sums_over.insert(circuit.id).second) {
            alarm(circuit.id.str(), "the meters of its chargers sum up to " +
                                        in_amperes(sums[*row][*over]) + " of " +
                                        in_amperes(circuit.breaker[*over]) + " (" +
                                        std::string(to_string(*over)) + ")");
        }
    }
}

// --- What is said of it --------------------------------------------------------------------------

// What only the guards know of a reason that the resolver gave.
void SiteHome::tell_guard(LeafIndex leaf, Reason& reason) const {
    if (reason.kind == ReasonKind::kExternal) {
        const auto found = guards_.limits.find(CircuitId(reason.row));
        if (found == guards_.limits.end()) return;
        const auto& [circuit, limit] = *found;
        const auto state = limit.watch.state(world_.clock.steady());
        reason.source = limit.limit.source;
        if (state != ExternalWatch::State::kHeard)
            reason.source +=
                std::string(reason.source.empty() ? "" : ", ") +
                (state == ExternalWatch::State::kReturned ? "its failsafe has to hold for its time"
                                                          : "no heartbeat");
        return;
    }
    for (const auto row : network_.leaves[leaf].rows) {
        const auto& circuit = network_.rows[row].circuit;
        if (reason.kind == ReasonKind::kGivesWay && guards_.over.contains(network_.rows[row].name))
            reason.row = network_.rows[row].name;
        if (reason.kind != ReasonKind::kShed || !circuit || !reason.row.empty()) continue;
        const auto feeder = guards_.feeders.find(*circuit);
        if (feeder == guards_.feeders.end() || !stops_somebody(feeder->second.overload)) continue;
        const auto& seen = feeder->second.overload.seen();
        reason.row = network_.rows[row].name;
        reason.phase = seen.phase;
        reason.amount = seen.measured;
        reason.rating = seen.rating;
    }
}

void SiteHome::report_guards(RowIndex row, CircuitReport& report) const {
    const auto now = world_.clock.steady();
    if (const auto limit = guards_.limits.find(report.circuit.id); limit != guards_.limits.end())
        report.external =
            ExternalReport{limit->second.watch.state(now), limit->second.watch.ceiling(now)};
    if (const auto feeder = guards_.feeders.find(report.circuit.id);
        feeder != guards_.feeders.end()) {
        report.measured = feeder->second.overload.latest(now);
        report.overload = feeder->second.overload.stage();
    }
    const auto counted = excess_of(row, Kept::kCounted), without = excess_of(row, Kept::kOut);
    for (const auto phase : kPhases) report.kept_out[phase] = counted[phase] - without[phase];
    if (!resolved_ || report.cap || !foreign_[row].ceiling) return;
    const bool binds = std::ranges::any_of(kPhases, [&](Phase phase) {
        return (*foreign_[row].ceiling)[phase] < resolver_->rows()[row].budget[phase];
    });
    if (binds) report.cap = report.budget;
}

}  // namespace busbar::control
