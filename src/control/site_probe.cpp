// How far a charger's word goes: the commissioning probe, and what is watched after it. A charger
// is asked what it enforces, and its meter is read; what it is caught at costs it its trust.
#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "control/site_home.hpp"

namespace busbar::control {
namespace {

using namespace std::chrono_literals;

constexpr const char* kProbeAuthor = "probe";
constexpr auto kCheckEvery = 15min;
constexpr auto kCheckAhead = 60s;
constexpr auto kClockBeforeHolds = 5min;  // After a reconnect: queues are empty by then.
constexpr Duration kOnTheWay = 3s;
constexpr auto kWriteAgainAfter = 5s;
constexpr Duration kLeastLease = 20s;
constexpr Duration kMostLease = 10min;

Error conflict(const ChargerId& charger, const std::string& why) {
    return {Errc::kConflict, "charger '" + charger.str() + "' " + why};
}

std::string amperes(Amperes amount) {
    return decimal(amount.in_milli()) + " A";
}

bool same_limits(const Leaf& a, const Leaf& b) {
    return a.maximum == b.maximum && a.minimum == b.minimum && a.floor == b.floor &&
           a.phases == b.phases;
}

}  // namespace

// --- The probe -----------------------------------------------------------------------------------

Result<ProbeReport> SiteHome::start_probe(const ChargerId& charger, const ProbeOptions& options) {
    const auto found = stations_.find(charger);
    if (found == stations_.end())
        return Error{Errc::kNotFound, "charger '" + charger.str() + "' does not exist"};
    auto& station = found->second;
    const auto leaf = leaf_at(charger, options.evse);
    if (!leaf) return Error{Errc::kInvalid, "the charger has no such EVSE", "evse"};
    if (options.lease < kLeastLease || options.lease > kMostLease)
        return Error{Errc::kInvalid, "must be 20 to 600", "leaseS"};
    const auto& as_it_is = network_.leaves[*leaf];
    if (station.probing && station.probing->probe.state() == ProbeState::kRunning)
        return conflict(charger, "is being probed already");
    if (as_it_is.dc) return conflict(charger, "is a DC charger: a probe would end its session");
    if (!station.online) return conflict(charger, "is not connected");
    if (!live_[*leaf].transaction)
        return conflict(charger, "has no car that charges: plug one in, and tell its driver");
    if (!resolved_ || resolver_->excluded(*leaf))
        return conflict(charger, "is excluded: it is not ours to control");
    const auto now = world_.clock.steady();
    station.probing = Probing{.probe = Probe(options,
                                             {.maximum = as_it_is.maximum,
                                              .minimum = as_it_is.minimum,
                                              .floor = as_it_is.floor,
                                              .settle = as_it_is.settle,
                                              .phases = as_it_is.phases,
                                              .supply = network_.supply},
                                             now),
                              .number = ++probes_,
                              .started_at = world_.clock.wall(),
                              .as_it_was = as_it_is};
    station.features = {.lease = true, .unit = RateUnit::kAmperes};
    log::info("probe begins", {{"charger", charger}});
    touch();
    return probe_report(charger);
}

Result<ProbeReport> SiteHome::abort_probe(const ChargerId& charger) {
    BUSBAR_TRY(there, probe_report(charger));
    (void)there;
    auto& station = stations_.at(charger);
    if (station.probing->probe.state() == ProbeState::kRunning) {
        station.probing->probe.abort("by an operator");
        end_probe(charger, station, world_.clock.steady());
        touch();
    }
    return probe_report(charger);
}

Result<ProbeReport> SiteHome::probe_report(const ChargerId& charger) const {
    const auto found = stations_.find(charger);
    if (found == stations_.end())
        return Error{Errc::kNotFound, "charger '" + charger.str() + "' does not exist"};
    const auto& probing = found->second.probing;
    if (!probing)
        return Error{Errc::kNotFound,
                     "charger '" + charger.str() + "' was not probed since the server was started"};
    return ProbeReport{charger, probing->started_at, probing->probe, probing->revision,
                       probing->not_written};
}

bool SiteHome::is_probed(LeafIndex leaf) const {
    if (probes_ == 0) return false;
    const auto& evse = network_.leaves[leaf].evse;
    const auto& probing = stations_.at(evse.charger).probing;
    return probing && probing->probe.state() == ProbeState::kRunning &&
           probing->probe.options().evse == evse.number;
}

// While a charger is probed its leases are short, so that one is seen to end.
Duration SiteHome::lease_of(LeafIndex leaf) const {
    if (!is_probed(leaf)) return config_.site.lease;
    return stations_.at(network_.leaves[leaf].evse.charger).probing->probe.options().lease;
}

ProbeWants SiteHome::look_at_probe(const ChargerId& charger, Station& station, SteadyPoint now) {
    if (!station.probing || station.probing->probe.state() != ProbeState::kRunning) return {};
    auto& probing = *station.probing;
    auto& probe = probing.probe;
    const auto leaf = leaf_at(charger, probe.options().evse);
    if (!leaf || !same_limits(network_.leaves[*leaf], probing.as_it_was) ||
        resolver_->excluded(*leaf)) {
        probe.abort("its configuration was changed");
        end_probe(charger, station, now);
        return {};
    }
    const auto maximum = network_.leaves[*leaf].maximum;
    const auto [first, last] = network_.leaves_of(charger);
    const bool room = last - first == 1 &&
                      ledger_.allowed(*leaf, ProfilePurpose::kTransaction, maximum) == maximum;
    auto wants = probe.look({.online = station.online,
                             .charging = live_[*leaf].transaction.has_value(),
                             .available = resolver_->limit(*leaf),
                             .applied = ledger_.applied(*leaf, ProfilePurpose::kTransaction),
                             .room_for_maximum = room},
                            now);
    if (probe.state() != ProbeState::kRunning) {
        end_probe(charger, station, now);
        return {};
    }
    if (wants.refuse_until) world_.gateway->refuse(charger, *wants.refuse_until);
    wake_at(wants.look_again);
    return wants;
}

// What was found is written as an operator would write it, with its audit row.
void SiteHome::end_probe(const ChargerId& charger, Station& station, SteadyPoint now) {
    auto& probing = *station.probing;
    const auto state = probing.probe.state();
    log::info("probe ended", {{"charger", charger}, {"state", to_string(state)}});
    world_.gateway->refuse(charger, now);  // It is let in again.
    station.features = station.configured;
    if (state != ProbeState::kDone) return;
    const auto result = probing.probe.result();
    const ChargerPatch patch{.quantum = result.quantum,
                             .settle = result.settle,
                             .keeps_profiles = result.keeps_profiles,
                             .trust = result.trust,
                             .rate_unit = result.rate_unit,
                             .schedule_periods = result.schedule_periods};
    if (result.trust == TrustClass::kC)
        alarm(charger.str(),
              "does not do what it acknowledges, the probe found: its hardware "
              "maximum is counted from now on");
    auto written = [weak = weak_from_this(), charger,
                    number = probing.number](Result<Written<Charger>> what) {
        const auto self = weak.lock();
        if (!self) return;
        self->post([charger, number, what = std::move(what)](SiteHome& site) {
            const auto found = site.stations_.find(charger);
            if (found == site.stations_.end() || !found->second.probing ||
                found->second.probing->number != number)
                return;
            if (what)
                found->second.probing->revision = what->revision;
            else
                found->second.probing->not_written = what.error().message;
        });
    };
    put_charger(charger, patch, {kProbeAuthor, now}, std::move(written));
}

// --- What is asked -------------------------------------------------------------------------------

// One call at a time: a limit waits for the answer, so it is not awaited for long
// (answer_within()). `heard` is called with the station's answer
// on our strand, if the charger is still there.
template <class Heard>
void SiteHome::call(const ChargerId& charger, Station& station, Command command, Heard heard) {
    station.busy = true;
    auto done = [weak = weak_from_this(), charger, heard = std::move(heard)](CallResult result) {
        const auto self = weak.lock();
        if (!self) return;
        self->post([charger, heard, result = std::move(result)](SiteHome& site) {
            const auto found = site.stations_.find(charger);
            if (found == site.stations_.end()) return;
            found->second.busy = false;
            heard(site, found->second, result);
            site.touch();
        });
    };
    world_.gateway->call(
        charger, std::move(command), [](SteadyPoint) {}, std::move(done));
}

void SiteHome::ask(const ChargerId& charger, Station& station, Leaves leaves,
                   const ProbeWants& wants, SteadyPoint now) {
    if (station.busy || !station.online) return;
    if (wants.ask) {
        station.probing->probe.asked(now);
        // From here on it may come back without any limit.
        if (std::holds_alternative<Reset>(*wants.ask))
            for (auto leaf = leaves.first; leaf < leaves.end; ++leaf) ledger_.forget(leaf);
        return call(charger, station, *wants.ask,
                    [number = station.probing->number](SiteHome& site, Station& there,
                                                       const CallResult& result) {
                        if (there.probing && there.probing->number == number)
                            there.probing->probe.answered(result, site.world_.clock.steady());
                    });
    }
    if (!station.shows_limits) return;
    for (auto leaf = leaves.first; leaf < leaves.end; ++leaf) {
        auto& check = live_[leaf].check;
        const auto applied = ledger_.applied(leaf, ProfilePurpose::kTransaction);
        if (!check.due || !applied || is_probed(leaf)) continue;
        if (check.asked_at && now < *check.asked_at + kCheckEvery) continue;
        check = {.due = false, .asked_at = now};
        const auto evse = network_.leaves[leaf].evse;
        return call(charger, station, GetCompositeLimit{evse.number, kCheckAhead},
                    [evse, applied = *applied](SiteHome& site, Station&, const CallResult& result) {
                        site.shown(evse, applied, result);
                    });
    }
}

// What a charger says it enforces, against what it had accepted when it was asked.
void SiteHome::shown(const EvseId& evse, Amperes applied, const CallResult& result) {
    const auto leaf = network_.leaf_of(evse);
    if (!leaf || result.outcome == CallOutcome::kNotSent) return;
    if (!result.composite) {
        stations_.at(evse.charger).shows_limits = false;
        return;
    }
    if (ledger_.applied(*leaf, ProfilePurpose::kTransaction) != applied) return;
    const auto& there = network_.leaves[*leaf];
    const auto& first = result.composite->periods.front();
    const auto most = result.composite->unit == RateUnit::kAmperes
                          ? Amperes::milli(first.milli)
                          : current_of(Watts::milli(first.milli), there.phases, network_.supply,
                                       network_.supply.nominal, Rounding::kDown);
    const bool watts = result.composite->unit == RateUnit::kWatts;
    if (most <= (watts ? applied + 1_A : applied)) return;
    alarm(evse.charger.str(),
          "accepted " + amperes(applied) + ", and shows that it enforces " + amperes(most));
    // Not accepted, then: it is sent again, and what it held before counts until it is.
    ledger_.doubt(*leaf);
    live_[*leaf].check.due = true;
    const bool rounds_up = most < applied + 1_A && most.floored_to(1_A) == most;
    if (rounds_up && there.quantum < 1_A)
        put_charger(evse.charger, {.quantum = 1_A}, {kOwnAuthor, world_.clock.steady()},
                    [](const Result<Written<Charger>>&) {});
}

void SiteHome::limit_answered(LeafIndex leaf, const SetLimit& limit, CallOutcome outcome,
                              SteadyPoint now) {
    auto& live = live_[leaf];
    if (outcome == CallOutcome::kAccepted) {
        // What is only sent again was looked at before.
        live.check.due = live.check.due || !live.check.asked_at || live.given != limit.limit;
        live.given = limit.limit;
    }
    if (!is_probed(leaf)) return;
    const auto& station = stations_.at(network_.leaves[leaf].evse.charger);
    std::optional<SteadyPoint> ends;
    if (!limit.later.empty() && station.clock.known())
        ends = station.clock.surely_at(*limit.start + limit.later.back().after);
    stations_.at(network_.leaves[leaf].evse.charger)
        .probing->probe.limit_answered(limit, outcome, ends, now);
}

// --- What is watched -----------------------------------------------------------------------------

// When a message was written, by the charger's clock as it was before its queue came: old messages
// would show an old clock.
SteadyPoint SiteHome::taken_at(const Station& station, std::optional<TimePoint> stamp,
                               SteadyPoint now) {
    const bool before =
        station.clock_before.known() && now < station.connected_at + kClockBeforeHolds;
    const auto& clock = before ? station.clock_before : station.clock;
    if (!stamp || !clock.known()) return now;
    const auto age = clock.earliest(now) - *stamp;
    return age <= kOnTheWay ? now : now - age;
}

void SiteHome::watch_draw(LeafIndex leaf, Amperes highest_line, std::optional<TimePoint> stamp,
                          SteadyPoint now) {
    const auto& charger = network_.leaves[leaf].evse.charger;
    auto& station = stations_.at(charger);
    const auto taken = taken_at(station, stamp, now);
    if (is_probed(leaf)) {
        station.probing->probe.sampled(highest_line, taken, now);
        return touch();
    }
    if (ledger_.trust(leaf) == TrustClass::kC) return;
    auto& live = live_[leaf];
    const auto most = ledger_.drawable(leaf);
    const auto verdict = live.watch.sampled(highest_line, taken, now, most, live.given);
    const auto what = "draws " + amperes(highest_line) + " of " + amperes(most);
    if (verdict == DrawWatch::Verdict::kDrewMore)
        demote(charger, TrustClass::kC, what + ": its hardware maximum is counted from now on");
    else if (verdict == DrawWatch::Verdict::kKeptOn)
        demote(charger, TrustClass::kB, what + ", as if its lease were not over");
}

// Counted at once; written as soon as can be.
void SiteHome::demote(const ChargerId& charger, TrustClass trust, const std::string& why) {
    auto& station = stations_.at(charger);
    if (station.demoted && *station.demoted >= trust) return;
    alarm(charger.str(), why + " (trust " + std::string(to_string(trust)) + ")");
    station.demoted = trust;
    keep_demoted();
    write_demotion(charger);
    touch();
}

void SiteHome::write_demotion(const ChargerId& charger) {
    const auto found = stations_.find(charger);
    if (found == stations_.end() || !found->second.demoted) return;
    auto written = [weak = weak_from_this(), charger](const Result<Written<Charger>>& what) {
        const auto self = weak.lock();
        if (!self) return;
        self->post([charger, done = what.has_value()](SiteHome& site) {
            const auto there = site.stations_.find(charger);
            if (there == site.stations_.end()) return;
            if (done) return there->second.demoted.reset();
            site.strand_->at(site.world_.clock.steady() + kWriteAgainAfter,
                             [weak = site.weak_from_this(), charger] {
                                 if (const auto home = weak.lock()) home->write_demotion(charger);
                             });
        });
    };
    put_charger(charger, {.trust = found->second.demoted}, {kOwnAuthor, world_.clock.steady()},
                std::move(written));
}

// A demotion that is not written yet holds all the same.
void SiteHome::keep_demoted() {
    for (const auto& [charger, station] : stations_) {
        if (!station.demoted) continue;
        const auto [first, last] = network_.leaves_of(charger);
        for (auto leaf = first; leaf < last; ++leaf)
            if (ledger_.trust(leaf) < *station.demoted) ledger_.trust(leaf, *station.demoted);
    }
}

// Some take a limit while the car is suspended, and have forgotten it when it goes on.
void SiteHome::resumed(LeafIndex leaf, ConnectorStatus before, SteadyPoint now) {
    const bool suspended =
        before == ConnectorStatus::kSuspendedEv || before == ConnectorStatus::kSuspendedEvse;
    auto& live = live_[leaf];
    if (!suspended || live.status != ConnectorStatus::kCharging || !live.transaction) return;
    if (ledger_.trust(leaf) != TrustClass::kA) live.transaction_limit.renew_at = now;
}

// What a charger costs beyond what it has.
Amperes SiteHome::stranded(LeafIndex leaf) const {
    const auto& there = network_.leaves[leaf];
    auto has = there.floor;
    if (stations_.at(there.evse.charger).online) {
        const auto purpose =
            live_[leaf].transaction ? ProfilePurpose::kTransaction : ProfilePurpose::kDefault;
        has = ledger_.applied(leaf, purpose).value_or(there.floor);
    }
    return std::max(ledger_.potential(leaf) - has, 0_A);
}

}  // namespace busbar::control
