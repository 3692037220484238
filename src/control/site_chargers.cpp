// What chargers say, and what it means for the site.
#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "control/site_home.hpp"

namespace busbar::control {
namespace {

constexpr std::size_t kMaxFinished = 1'000;

bool same_start(const Transaction& transaction, const StartRequest& request) {
    if (!request.own_id.empty() || !transaction.own_id.empty())
        return transaction.own_id == request.own_id;
    return transaction.started_at == request.at && transaction.id_tag == request.id_tag &&
           transaction.meter_start == request.meter_start;
}

// Meter of EVSE 1: the charger's own id; of the others "id:n".
MeterId meter_of(const EvseId& evse) {
    if (evse.number == 1) return MeterId(evse.charger.str());
    return MeterId(evse.charger.str() + ":" + std::to_string(evse.number));
}

}  // namespace

void SiteHome::connected(const ChargerId& charger, std::int64_t generation) {
    const auto found = stations_.find(charger);
    if (found == stations_.end() || generation <= found->second.generation) return;
    auto& station = found->second;
    station.online = true;
    station.generation = generation;
    station.failures = 0;
    station.default_limit = {};
    station.connected_at = world_.clock.steady();
    station.offline_since.reset();
    station.features = station.configured;
    station.clock_before = station.clock;
    station.clock.reconnected(station.connected_at);
    station.shows_limits = true;
    // It was told the time before, by whoever ran here then: one stamp near ours is enough.
    if (!station.clock.known()) station.clock.told(world_.clock.wall(), station.connected_at);
    const auto [first, last] = network_.leaves_of(charger);
    for (auto leaf = first; leaf < last; ++leaf) {
        live_[leaf].seen = true;
        live_[leaf].status = ConnectorStatus::kUnknown;
        live_[leaf].transaction_limit = {};
        live_[leaf].watch.reset();
        live_[leaf].check = {};
        if (network_.leaves[leaf].keeps_profiles)
            ledger_.doubt(leaf);
        else
            ledger_.forget(leaf);
    }
    world_.feed.publish(ConnectionChanged{charger, true});
    touch();
}

void SiteHome::disconnected(const ChargerId& charger, std::int64_t generation) {
    const auto found = stations_.find(charger);
    if (found == stations_.end() || generation != found->second.generation) return;
    found->second.online = false;
    found->second.offline_since = world_.clock.wall();
    found->second.cause.reset();
    world_.feed.publish(ConnectionChanged{charger, false});
    touch();
}

void SiteHome::boot(const ChargerId& charger, BootInfo info, std::function<void(BootReply)> reply) {
    const auto found = stations_.find(charger);
    if (found == stations_.end())
        return reply({.status = Registration::kPending, .interval = world_.heartbeat});
    found->second.info = std::move(info);
    if (auto& probing = found->second.probing) probing->probe.booted();
    const auto [first, last] = network_.leaves_of(charger);
    for (auto leaf = first; leaf < last; ++leaf) {
        ledger_.forget(leaf);
        live_[leaf].status = ConnectorStatus::kUnknown;  // What it said was before it went down.
        live_[leaf].meter_register.expect_restart();
        spread_raise(leaf, world_.clock.steady());
    }
    reply({.status = Registration::kAccepted, .interval = world_.heartbeat});
    touch();
}

std::optional<LeafIndex> SiteHome::leaf_at(const ChargerId& charger, int connector) const {
    return network_.leaf_of({charger, connector});
}

void SiteHome::status(const ChargerId& charger, const StatusReport& report) {
    hear_clock(charger, report.stamped);
    if (report.error_code != "NoError" && !report.error_code.empty())
        alarm(charger.str(),
              "reports " + report.error_code + (report.info.empty() ? "" : ": " + report.info));
    const auto leaf = leaf_at(charger, report.connector);
    if (!leaf) return;  // Connector 0 speaks of the charger as a whole.
    auto& live = live_[*leaf];
    const auto before = std::exchange(live.status, report.status);
    resumed(*leaf, before, world_.clock.steady());
    live.freshness = freshness(stations_.at(charger), report.stamped);
    if (live.car) live.car->status(report.status, world_.clock.steady());
    const bool no_car = report.status == ConnectorStatus::kAvailable;
    if (no_car) live.metered.reset();
    if (no_car && !live.transaction) ledger_.transaction_over(*leaf, world_.clock.steady());
    touch();
}

TransactionId SiteHome::new_transaction_id() const {
    // 1.6 knows 31-bit numbers. Random, so that nobody can guess another charger's.
    for (;;) {
        const auto id = static_cast<TransactionId>(world_.random() & 0x7fff'ffffU);
        const auto taken = [&](const Live& live) {
            return (live.transaction && live.transaction->id == id) ||
                   (live.starting && live.starting->id == id);
        };
        if (id > 0 && std::ranges::none_of(live_, taken) &&
            std::ranges::find(finished_, id, &Transaction::id) == finished_.end())
            return id;
    }
}

void SiteHome::remember(const Transaction& finished) {
    finished_.push_back(finished);
    if (finished_.size() > kMaxFinished) finished_.pop_front();
}

// What was refused for one transaction says nothing of the next: it is not held back.
void SiteHome::transaction_changed(LeafIndex leaf) {
    const auto& evse = network_.leaves[leaf].evse;
    ledger_.transaction_over(leaf, world_.clock.steady());
    const auto before = std::exchange(live_[leaf].transaction_limit, {});
    live_[leaf].watch.reset();
    live_[leaf].given = {};
    rules_changed_ = true;  // Rules may speak of this transaction, or of its driver's group.
    if (before.attempted) stations_.at(evse.charger).failures = 0;
    touch();
}

void SiteHome::start_transaction(const ChargerId& charger, StartRequest request,
                                 Callback<StartReply> reply) {
    hear_clock(charger, request.stamped);
    const auto leaf = leaf_at(charger, request.connector);
    if (!leaf) return reply(StartReply{.status = Authorization::kInvalid, .transaction = 0});
    const auto& evse = network_.leaves[*leaf].evse;
    auto& live = live_[*leaf];
    // A charger repeats what it got no answer to: the same start is the same transaction.
    if (live.transaction && same_start(*live.transaction, request))
        return reply(StartReply{Authorization::kAccepted, live.transaction->id});
    for (const auto& done : finished_)
        if (done.evse == evse && same_start(done, request))
            return reply(StartReply{Authorization::kAccepted, done.id});
    if (live.starting) {
        if (!same_start(*live.starting, request))
            return reply(Error{Errc::kConflict, "another start of this connector is being stored"});
        live.waiting_for_start.push_back(std::move(reply));
        return;
    }
    live.starting = Transaction{.id = new_transaction_id(),
                                .evse = evse,
                                .id_tag = std::move(request.id_tag),
                                .started_at = request.at,
                                .meter_start = request.meter_start,
                                .own_id = std::move(request.own_id)};
    live.waiting_for_start.push_back(std::move(reply));
    auto saved = [weak = weak_from_this(), evse](Result<Done> result) {
        if (const auto self = weak.lock())
            self->post([evse, result = std::move(result)](SiteHome& site) {
                site.finish_start(evse, result);
            });
    };
    world_.store.save_transaction(*live.starting, std::move(saved));
}

void SiteHome::finish_start(const EvseId& evse, const Result<Done>& saved) {
    const auto leaf = network_.leaf_of(evse);
    if (!leaf || !live_[*leaf].starting) return;
    auto& live = live_[*leaf];
    const auto transaction = *std::exchange(live.starting, std::nullopt);
    const auto waiting = std::exchange(live.waiting_for_start, {});
    if (!saved) {
        for (const auto& reply : waiting) reply(saved.error());
        return;
    }
    if (live.transaction) {
        // Its end never reached us, but the connector cannot run two.
        auto lost = *live.transaction;
        lost.stopped_at = transaction.started_at;
        lost.meter_stop = std::max(lost.meter_start, transaction.meter_start);
        lost.stop_reason = "Lost";
        remember(lost);
        world_.store.save_transaction(lost, [](const Result<Done>&) {});
    }
    live.transaction = transaction;
    live.start_unknown = false;
    // A charger's own clock may say anything. No two come at one instant: who was first is to be
    // told the same way each time.
    live.since = latest_arrival_ =
        std::max(world_.clock.wall(), latest_arrival_ + std::chrono::microseconds{1});
    // A status that says that nobody is there is older than this.
    if (live.status == ConnectorStatus::kAvailable) live.status = ConnectorStatus::kUnknown;
    car_came(*leaf);
    live.meter_register.expect_restart();
    transaction_changed(*leaf);
    // The answer first: the charger knows no limit of a transaction that it does not know.
    for (const auto& reply : waiting) reply(StartReply{Authorization::kAccepted, transaction.id});
    world_.feed.publish(TransactionChanged{transaction});
}

// Where a transaction runs that a station speaks of, or would.
std::optional<LeafIndex> SiteHome::leaf_of(const ChargerId& charger,
                                           const TransactionEvent& event) const {
    const auto [first, last] = network_.leaves_of(charger);
    for (auto leaf = first; leaf < last; ++leaf) {
        const auto& live = live_[leaf];
        if ((live.transaction && live.transaction->own_id == event.own_id) ||
            (live.starting && live.starting->own_id == event.own_id))
            return leaf;
    }
    if (event.kind == TransactionEvent::Kind::kEnded) return {};
    if (event.evse == 0 && last - first == 1) return first;
    return leaf_at(charger, event.evse);
}

void SiteHome::transaction_event(const ChargerId& charger, const TransactionEvent& event,
                                 Callback<StartReply> reply) {
    const auto leaf = leaf_of(charger, event);
    if (event.kind == TransactionEvent::Kind::kEnded) {
        if (leaf) take_transaction_news(*leaf, event);
        StopRequest request{.transaction = 0,
                            .meter_stop = event.energy_register,
                            .at = event.at,
                            .reason = event.stop_reason,
                            .stamped = event.stamped,
                            .own_id = event.own_id};
        return stop_transaction(charger, std::move(request),
                                [reply = std::move(reply)](Result<Done> stored) {
                                    if (!stored) return reply(std::move(stored).error());
                                    reply(StartReply{Authorization::kAccepted, 0});
                                });
    }
    if (!leaf) {
        hear_clock(charger, event.stamped);
        return reply(StartReply{Authorization::kInvalid, 0});
    }
    const auto& evse = network_.leaves[*leaf].evse;
    StartRequest request{.connector = evse.number,
                         .id_tag = event.id_tag,
                         .meter_start = event.energy_register.value_or(WattHours{}),
                         .at = event.at,
                         .stamped = event.stamped,
                         .own_id = event.own_id};
    // The answer leaves before any limit that what it says leads to.
    auto begun = [this, evse, event, reply = std::move(reply)](Result<StartReply> started) {
        reply(started);
        const auto there = network_.leaf_of(evse);
        if (started && there) take_transaction_news(*there, event);
    };
    start_transaction(charger, std::move(request), std::move(begun));
}

// What a station says of a transaction beside that it runs.
void SiteHome::take_transaction_news(LeafIndex leaf, const TransactionEvent& event) {
    auto& live = live_[leaf];
    if (!live.transaction || live.transaction->own_id != event.own_id) return;
    const auto& evse = network_.leaves[leaf].evse;
    if (!event.id_tag.empty()) note_driver(leaf, event.id_tag);
    if (!event.energy_register)
        live.start_unknown |= event.kind == TransactionEvent::Kind::kStarted;
    else if (std::exchange(live.start_unknown, false)) {
        live.transaction->meter_start = *event.energy_register;
        world_.store.save_transaction(*live.transaction, [](const Result<Done>&) {});
    }
    if (event.energy_register) live.energy_register = event.energy_register;
    if (!event.samples.empty() || !event.signed_readings.empty())
        meter(evse.charger, {.connector = evse.number,
                             .transaction = live.transaction->id,
                             .samples = event.samples,
                             .stamped = event.stamped,
                             .signed_readings = event.signed_readings});
    if (event.status)
        status(evse.charger, {.connector = evse.number,
                              .status = *event.status,
                              .error_code = {},
                              .info = {},
                              .at = event.at,
                              .stamped = event.stamped});
}

// A car may be plugged in before its driver shows a card.
void SiteHome::note_driver(LeafIndex leaf, const std::string& id_tag) {
    auto& transaction = *live_[leaf].transaction;
    if (transaction.id_tag == id_tag) return;
    transaction.id_tag = id_tag;
    rules_changed_ = true;  // They may speak of the driver's group.
    world_.store.save_transaction(transaction, [](const Result<Done>&) {});
    world_.feed.publish(TransactionChanged{transaction});
    touch();
}

void SiteHome::stop_transaction(const ChargerId& charger, StopRequest request,
                                Callback<Done> reply) {
    hear_clock(charger, request.stamped);
    const auto is_meant = [&](const Transaction& transaction) {
        return request.own_id.empty() ? transaction.id == request.transaction
                                      : transaction.own_id == request.own_id;
    };
    const auto [first, last] = network_.leaves_of(charger);
    for (auto leaf = first; leaf < last; ++leaf) {
        auto& live = live_[leaf];
        if (!live.transaction || !is_meant(*live.transaction)) continue;
        auto done = *live.transaction;
        done.stopped_at = request.at;
        done.meter_stop =
            request.meter_stop.value_or(live.energy_register.value_or(done.meter_start));
        done.stop_reason = request.reason.empty() ? "Local" : std::move(request.reason);
        // Whatever the store says, the car is gone: its amperes are for others once settled.
        live.transaction.reset();
        car_went(leaf);
        transaction_changed(leaf);
        remember(done);
        world_.feed.publish(TransactionChanged{done});
        keep_signed(done.id, std::move(request.signed_readings));
        return world_.store.save_transaction(std::move(done), std::move(reply));
    }
    // An error would make it repeat this for ever, so it gets its answer all the same. If we
    // stored it but the answer was lost, this is a repetition: store it again, to be sure.
    const auto known = std::ranges::find_if(
        finished_, [&](const Transaction& t) { return is_meant(t) && t.evse.charger == charger; });
    if (known != finished_.end()) {
        keep_signed(known->id, std::move(request.signed_readings));
        return world_.store.save_transaction(*known, std::move(reply));
    }
    const auto name = request.own_id.empty() ? std::to_string(request.transaction) : request.own_id;
    alarm(charger.str(), "stops transaction " + name + ", which is not one of its own that runs");
    reply(Done{});
}

// Written before what is written of the transaction afterwards: once that is durable, so is this.
void SiteHome::keep_signed(TransactionId transaction, std::vector<SignedReading> readings) {
    if (readings.empty()) return;
    world_.store.save_signed(transaction, std::move(readings), [](const Result<Done>&) {});
}

void SiteHome::set_wish(TransactionId id, DriverWish wish, Callback<Transaction> done) {
    const auto found = std::ranges::find_if(
        live_, [&](const Live& live) { return live.transaction && live.transaction->id == id; });
    if (found == live_.end())
        return done(Error{Errc::kNotFound, "no transaction " + std::to_string(id) + " runs"});
    if (wish.requested && *wish.requested < WattHours{})
        return done(Error{Errc::kInvalid, "must be 0 or more", "energyKwh"});
    if (wish.depart_by && *wish.depart_by <= world_.clock.wall())
        return done(Error{Errc::kInvalid, "is in the past", "departBy"});
    auto changed = *found->transaction;
    changed.requested = wish.requested;
    changed.depart_by = wish.depart_by;
    auto saved = [weak = weak_from_this(), changed, done = std::move(done)](Result<Done> result) {
        if (!result) return done(std::move(result).error());
        if (const auto self = weak.lock())
            self->post([changed](SiteHome& site) { site.wish_changed(changed); });
        done(changed);
    };
    world_.store.save_transaction(changed, std::move(saved));
}

void SiteHome::wish_changed(const Transaction& changed) {
    const auto leaf = network_.leaf_of(changed.evse);
    if (!leaf || !live_[*leaf].transaction || live_[*leaf].transaction->id != changed.id) return;
    live_[*leaf].transaction->requested = changed.requested;
    live_[*leaf].transaction->depart_by = changed.depart_by;
    world_.feed.publish(TransactionChanged{changed});
    touch();
}

void SiteHome::meter(const ChargerId& charger, const MeterReport& report) {
    hear_clock(charger, report.stamped);
    const auto leaf = leaf_at(charger, report.connector);
    if (!leaf) return;  // Connector 0: the charger's own meter, never added to the EVSEs'.
    auto& live = live_[*leaf];
    if (live.transaction &&
        report.transaction.value_or(live.transaction->id) == live.transaction->id)
        keep_signed(live.transaction->id, report.signed_readings);
    std::array<Amperes, 3> current{};
    bool has_current = false;
    for (const auto& sample : report.samples) {
        if (sample.measurand != Measurand::kCurrent) continue;
        has_current = true;
        for (const auto phase : kPhases)
            if (network_.leaves[*leaf].phases.has(phase) &&
                (!sample.phase || *sample.phase == phase))
                current[static_cast<std::size_t>(phase)] = Amperes::milli(sample.milli);
    }
    const auto now = world_.clock.steady();
    if (has_current) {
        live.metered = current;
        live.metered_at = now;
    }
    for (const auto& sample : report.samples)
        if (live.transaction && sample.measurand == Measurand::kEnergyRegister && !sample.phase)
            live.energy_register = WattHours::milli(sample.milli);
    const auto highest = *std::ranges::max_element(current);
    if (has_current) watch_draw(*leaf, highest, report.stamped, now);
    // What a probe makes a car do says nothing of what the car wants.
    if (has_current && live.car && !is_probed(*leaf) && live.car->sampled(highest, now)) touch();
    record_meter(*leaf, report);
}

void SiteHome::restore_register(const telemetry::MeterReading& reading) {
    if (!reading.energy_register) return;
    for (LeafIndex leaf = 0; leaf < live_.size(); ++leaf)
        if (meter_of(network_.leaves[leaf].evse) == reading.meter)
            live_[leaf].meter_register =
                telemetry::RegisterSeries(*reading.energy_register, reading.at);
}

// Hands registers on to telemetry as the energy of each interval.
void SiteHome::record_meter(LeafIndex leaf, const MeterReport& report) {
    std::vector<telemetry::Reading> readings;
    for (const auto& sample : report.samples) {
        if (sample.measurand != Measurand::kEnergyRegister || sample.phase || sample.milli < 0)
            continue;
        const auto total = WattHours::milli(sample.milli);
        const auto interval = live_[leaf].meter_register.next(total, sample.at);
        if (!interval) continue;
        telemetry::MeterReading reading{.meter = meter_of(network_.leaves[leaf].evse),
                                        .energy = interval->energy,
                                        .energy_register = total,
                                        .voltage = {},
                                        .at = sample.at};
        for (const auto& other : report.samples)
            if (other.measurand == Measurand::kVoltage && other.at == sample.at)
                reading.voltage = Volts::milli(other.milli);
        if (telemetry::check(reading, world_.clock.wall())) readings.emplace_back(reading);
    }
    if (readings.empty()) return;
    auto stored = [meter = meter_of(network_.leaves[leaf].evse)](Result<Done> result) {
        if (!result)
            log::warn("meter values not stored",
                      {{"meter", meter.str()}, {"why", result.error().message}});
    };
    world_.telemetry.append(std::move(readings), std::move(stored));
}

}  // namespace busbar::control
