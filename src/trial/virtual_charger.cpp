#include "trial/virtual_charger.hpp"

#include <algorithm>
#include <utility>

namespace busbar::trial {
namespace {

using namespace std::chrono_literals;

constexpr Duration kSlowLeast = 5s;
constexpr Duration kSlowMost = 50s;
constexpr std::size_t kMaxIdleMessages = 8;  // Beyond them, meter values are dropped.

sim::Profile profile_of(const SetLimit& limit) {
    const bool own = limit.purpose == ProfilePurpose::kTransaction;
    std::vector<sim::SchedulePeriod> periods{{std::chrono::seconds{0}, limit.limit}};
    for (const auto& step : limit.later) periods.push_back({step.after, step.limit});
    sim::Profile profile{
        .id = own ? 100 + limit.connector : 1,
        .stack_level = 0,
        .purpose = own ? sim::Purpose::kTx : sim::Purpose::kTxDefault,
        .kind = limit.start ? sim::ScheduleKind::kAbsolute : sim::ScheduleKind::kRelative,
        .start = limit.start,
        .periods = std::move(periods)};
    if (limit.transaction) profile.transaction = std::to_string(*limit.transaction);
    return profile;
}

}  // namespace

VirtualCharger::VirtualCharger(Around& around, int place, const Charger& wiring, LeafIndex first,
                               Manners manners, std::uint64_t seed)
    : around_(around),
      place_(place),
      id_(wiring.id),
      minimum_(wiring.minimum),
      phases_(wiring.phases),
      first_leaf_(first),
      manners_(manners),
      random_(seed),
      model_(
          {.maximum = wiring.maximum, .quantum = manners.quantum, .connectors = wiring.evse_count}),
      sockets_(static_cast<std::size_t>(wiring.evse_count)) {
    // What nobody believes counts at its maximum from the start.
    if (manners_.lies && wiring.trust == TrustClass::kC)
        for (auto& socket : sockets_) socket.honours = true;
    around_.wire.add(id_, *this);
}

TimePoint VirtualCharger::own_time() const {
    const auto passed = std::chrono::floor<Duration>(now() - around_.start_steady);
    return around_.start + passed + passed / 1'000'000 * manners_.clock_drift_ppm +
           manners_.clock_skew;
}

// Nothing that was planned before a reboot happens after it.
void VirtualCharger::later(Duration wait, std::function<void(VirtualCharger&)> task) {
    around_.strand.at(now() + wait, [this, born = incarnation_, task = std::move(task)] {
        if (born == incarnation_) task(*this);
    });
}

void VirtualCharger::note(const char* what, std::string detail) const {
    around_.trace.note(now(), place_, what, std::move(detail));
}

std::optional<TransactionId> VirtualCharger::transaction(int connector) const {
    const auto found = names_.find(at(connector).session);
    if (!at(connector).closed || found == names_.end()) return {};
    return found->second;
}

// --- Power, cars ---------------------------------------------------------------------------------

void VirtualCharger::power_on() {
    powered_ = true;
    outbox_.push_front(BootInfo{"Acme", "Trial", id_.str(), "1.0"});
    for (int connector = 1; connector <= evse_count(); ++connector) say_status(connector);
    dial();
    begin_where_possible();
}

void VirtualCharger::reboot() {
    if (!powered_) return;
    ++reboots_;
    note(manners_.memory == sim::Memory::kForgets ? "reboots, and forgets its limits" : "reboots");
    for (int connector = 1; connector <= evse_count(); ++connector) end(connector, "PowerLoss");
    ++incarnation_;
    powered_ = linked_ = registered_ = waiting_ = false;
    retry_at_ = busy_until_ = {};
    around_.wire.drop(id_);
    model_.reboot(manners_.memory);
    // What waits to be told of transactions is kept; the rest was of the moment.
    std::erase_if(outbox_, [](const Item& item) {
        return !std::holds_alternative<StartItem>(item) && !std::holds_alternative<StopItem>(item);
    });
    for (auto& socket : sockets_) {
        socket.status_queued = false;
        socket.said = ConnectorStatus::kUnknown;
        socket.edges.clear();
        if (manners_.memory == sim::Memory::kForgets) socket.honours = false;
    }
    later(random_.between(manners_.boots_least, manners_.boots_most),
          [](VirtualCharger& charger) { charger.power_on(); });
}

bool VirtualCharger::plug(int connector, sim::VehicleSpec car) {
    auto& socket = at(connector);
    if (socket.car) return false;
    note("gets a car");
    socket.battery = car.capacity * (car.full_pct - car.soc_pct) / 100;
    socket.car = std::move(car);
    socket.naps = false;
    say_status(connector);
    begin(connector);
    return true;
}

void VirtualCharger::unplug(int connector) {
    if (!at(connector).car) return;
    note("loses its car");
    end(connector, "EVDisconnected");
    at(connector).car.reset();
    say_status(connector);
}

void VirtualCharger::begin_where_possible() {
    for (int connector = 1; connector <= evse_count(); ++connector) begin(connector);
}

void VirtualCharger::begin(int connector) {
    auto& socket = at(connector);
    if (!powered_ || socket.closed || socket.out || !socket.car) return;
    if (!registered_ && !manners_.starts_offline) return;
    socket.closed = true;
    socket.session = ++sessions_;
    socket.counted_at = now();
    model_.begin_transaction(connector, own_time());
    outbox_.push_back(StartItem{socket.session,
                                {.connector = connector,
                                 .id_tag = socket.car->id_tag,
                                 .meter_start = socket.meter_register,
                                 .at = own_time(),
                                 .stamped = own_time()}});
    note("begins to charge");
    refresh(connector);
    later(manners_.meter_every, [connector, session = socket.session](VirtualCharger& charger) {
        charger.tick(connector, session);
    });
    pump();
}

void VirtualCharger::end(int connector, const char* reason) {
    auto& socket = at(connector);
    if (!socket.closed) return;
    count(socket);
    socket.closed = false;
    model_.end_transaction(connector);
    outbox_.push_back(StopItem{socket.session,
                               {.transaction = 0,
                                .meter_stop = socket.meter_register,
                                .at = own_time(),
                                .reason = reason,
                                .stamped = own_time()}});
    note("ends a transaction:", reason);
    refresh(connector);
    pump();
}

// What flowed since it was last asked.
void VirtualCharger::count(Socket& socket) {
    const auto passed = std::chrono::floor<std::chrono::milliseconds>(now() - socket.counted_at);
    socket.counted_at = now();
    if (socket.drawn == 0_A) return;
    const auto lines = std::min(phases_.count(), socket.car ? socket.car->phases : 1);
    const auto energy = socket.drawn * sim::kNominalVoltage * lines * passed;
    socket.meter_register += energy;
    socket.battery -= std::min(socket.battery, energy);
}

void VirtualCharger::tick(int connector, int session) {
    auto& socket = at(connector);
    if (!socket.closed || socket.session != session) return;
    count(socket);
    if (manners_.naps > 0 && random_.fraction() < manners_.naps) socket.naps = !socket.naps;
    refresh(connector);
    if (linked_ && registered_ && outbox_.size() < kMaxIdleMessages) {
        MeterReport report{.connector = connector,
                           .transaction = transaction(connector),
                           .samples = {{.measurand = Measurand::kEnergyRegister,
                                        .milli = socket.meter_register.in_milli(),
                                        .at = own_time()}}};
        int lines = socket.car ? socket.car->phases : 3;
        for (const auto phase : kPhases)
            if (phases_.has(phase))
                report.samples.push_back({.measurand = Measurand::kCurrent,
                                          .phase = phase,
                                          .milli = lines-- > 0 ? socket.drawn.in_milli() : 0,
                                          .at = own_time()});
        outbox_.emplace_back(std::move(report));
        pump();
    }
    later(manners_.meter_every,
          [connector, session](VirtualCharger& charger) { charger.tick(connector, session); });
}

// Looks at what it enforces, and what may flow for it.
void VirtualCharger::refresh(int connector) {
    auto& socket = at(connector);
    const auto limit = socket.closed ? model_.limit(connector, own_time()) : 0_A;
    if (socket.closed && limit < socket.enforced) {
        const auto lag = random_.between(Duration{0}, manners_.obeys_within) +
                         (socket.car ? socket.car->lag_most : Duration{0});
        socket.holds.push_back({socket.enforced, now() + lag});
        later(lag, [connector](VirtualCharger& charger) { charger.refresh(connector); });
    }
    if (limit != socket.enforced) around_.trace.note(now(), place_, "lets flow", limit);
    if (limit > 0_A && limit < minimum_ && !manners_.lies)
        around_.violation(id_.str() + " enforces " + decimal(limit.in_milli()) +
                          " A, less than its minimum");
    socket.enforced = limit;
    if (!socket.closed) socket.holds.clear();
    std::erase_if(socket.holds, [&](const Hold& held) { return held.until <= now(); });
    auto worst = limit;
    for (const auto& held : socket.holds) worst = std::max(worst, held.value);
    count(socket);
    socket.worst = worst;
    const bool takes = socket.closed && socket.car && !socket.naps && socket.battery > WattHours{};
    const auto flows = takes ? std::min(worst, socket.car->maximum) : 0_A;
    socket.drawn = takes && flows >= socket.car->minimum ? flows : 0_A;
    around_.draws(first_leaf_ + static_cast<LeafIndex>(connector - 1),
                  socket.honours ? worst : 0_A);
    say_status(connector);
}

// A lease ends by itself, when its own clock says so.
void VirtualCharger::watch_edges(int connector) {
    for (const auto edge : at(connector).edges) {
        const auto wait = edge - own_time();
        if (wait < Duration{0}) continue;
        later(wait - wait / 1'000'000 * manners_.clock_drift_ppm + 1ms,
              [connector](VirtualCharger& charger) { charger.refresh(connector); });
    }
}

// It was told the time a moment ago.
void VirtualCharger::set_clock() {
    const auto late = random_.between(Duration{0}, Duration{2s});
    manners_.clock_skew += around_.clock.wall() - late - own_time();
    note("sets its clock");
    for (int connector = 1; connector <= evse_count(); ++connector) {
        refresh(connector);
        watch_edges(connector);
    }
}

ConnectorStatus VirtualCharger::status_of(int connector) const {
    const auto& socket = at(connector);
    if (!socket.closed && socket.out) return ConnectorStatus::kUnavailable;
    if (!socket.closed)
        return socket.car ? ConnectorStatus::kPreparing : ConnectorStatus::kAvailable;
    if (socket.drawn > 0_A) return ConnectorStatus::kCharging;
    return socket.enforced < minimum_ ? ConnectorStatus::kSuspendedEvse
                                      : ConnectorStatus::kSuspendedEv;
}

void VirtualCharger::say_status(int connector) {
    auto& socket = at(connector);
    if (socket.status_queued || socket.said == status_of(connector) || !powered_) return;
    socket.status_queued = true;
    outbox_.emplace_back(StatusItem{connector});
    pump();
}

// --- Talking -------------------------------------------------------------------------------------

void VirtualCharger::keeps_dialling(bool dials) {
    dials_ = dials;
    if (!linked_) dial();
}

void VirtualCharger::dial() {
    if (powered_ && dials_) around_.wire.dial(id_);
}

void VirtualCharger::linked() {
    if (!powered_) return;
    note("is connected");
    linked_ = true;
    waiting_ = false;
    retry_at_ = {};
    for (int connector = 1; connector <= evse_count(); ++connector) {
        at(connector).said = ConnectorStatus::kUnknown;
        say_status(connector);
    }
    pump();
}

void VirtualCharger::unlinked() {
    if (linked_) note("lost its connection");
    linked_ = waiting_ = false;
    later(random_.between(manners_.redials_least, manners_.redials_most),
          [](VirtualCharger& charger) {
              if (!charger.linked_) charger.dial();
          });
}

bool VirtualCharger::must_arrive(const Item& item) {
    return std::holds_alternative<BootInfo>(item) || std::holds_alternative<StartItem>(item) ||
           std::holds_alternative<StopItem>(item);
}

Duration VirtualCharger::retry_wait() {
    return manners_.retries_after + random_.between(Duration{0}, manners_.retries_after);
}

// Empty: nothing to be said after all.
std::optional<Said> VirtualCharger::said_of(const Item& item) {
    if (const auto* boot = std::get_if<BootInfo>(&item)) return *boot;
    if (const auto* start = std::get_if<StartItem>(&item)) return start->request;
    if (const auto* meter = std::get_if<MeterReport>(&item)) {
        auto report = *meter;
        report.stamped = report.samples.front().at;
        return report;
    }
    if (const auto* status = std::get_if<StatusItem>(&item)) {
        auto& socket = at(status->connector);
        socket.status_queued = false;
        socket.said = status_of(status->connector);
        return StatusReport{status->connector, socket.said, "NoError", "", own_time(), own_time()};
    }
    const auto& stop = std::get<StopItem>(item);
    const auto name = names_.find(stop.session);
    if (name == names_.end()) return {};  // It was never let begin.
    auto request = stop.request;
    request.transaction = name->second;
    return request;
}

// Says the next thing, one at a time; before it is accepted, nothing but who it is.
void VirtualCharger::pump() {
    while (linked_ && !waiting_ && !outbox_.empty() && now() >= retry_at_) {
        const auto boot = std::ranges::find_if(
            outbox_, [](const Item& item) { return std::holds_alternative<BootInfo>(item); });
        if (!registered_) {
            if (boot == outbox_.end()) return;
            if (boot != outbox_.begin()) std::swap(*boot, outbox_.front());
        }
        auto said = said_of(outbox_.front());
        if (!said) {
            outbox_.pop_front();
            continue;
        }
        waiting_ = true;
        const auto number = ++message_;
        around_.wire.say(id_, std::move(*said),
                         [this, born = incarnation_, number](const Result<Answer>& answer) {
                             if (born == incarnation_) answered(number, answer);
                         });
        later(manners_.retries_after, [number](VirtualCharger& charger) {
            if (charger.waiting_ && charger.message_ == number) charger.over(false);
        });
    }
}

// The first message is over: heard, or to be repeated if it matters.
void VirtualCharger::over(bool heard) {
    waiting_ = false;
    if (heard || !must_arrive(outbox_.front())) {
        outbox_.pop_front();
    } else {
        const auto wait = retry_wait();
        retry_at_ = now() + wait;
        later(wait, [](VirtualCharger& charger) { charger.pump(); });
    }
    pump();
}

void VirtualCharger::answered(std::uint64_t number, const Result<Answer>& answer) {
    if (!waiting_ || number != message_) return;
    if (!answer) return over(false);
    if (const auto* boot = std::get_if<BootReply>(&*answer)) {
        if (boot->status != Registration::kAccepted) return over(false);
        registered_ = true;
        if (manners_.sets_clock) set_clock();
        over(true);
        return begin_where_possible();
    }
    if (const auto* start = std::get_if<StartReply>(&*answer)) {
        const auto item = std::get<StartItem>(outbox_.front());
        const int connector = item.request.connector;
        const bool runs = at(connector).closed && at(connector).session == item.session;
        if (start->status == Authorization::kAccepted) {
            names_[item.session] = start->transaction;
            if (runs) model_.name_transaction(connector, std::to_string(start->transaction));
        } else if (runs) {
            end(connector, "DeAuthorized");
        }
    } else if (const auto* stop = std::get_if<StopItem>(&outbox_.front())) {
        names_.erase(stop->session);
    }
    over(true);
}

// --- Obeying -------------------------------------------------------------------------------------

void VirtualCharger::asked(Command command, std::function<void(CallResult)> answer) {
    if (!powered_) return;
    if (std::holds_alternative<SetLimit>(command)) count_limit();
    const auto takes =
        mood_ == Mood::kSlow ? random_.between(kSlowLeast, kSlowMost) : manners_.answers_after;
    busy_until_ = std::max(busy_until_, now()) + takes;
    const auto wait = std::chrono::ceil<Duration>(busy_until_ - now());
    later(wait, [command = std::move(command), answer = std::move(answer)](
                    VirtualCharger& charger) { charger.obey(command, answer); });
}

void VirtualCharger::count_limit() {
    ++limits_;
    const auto hour = (now() - around_.start_steady) / 1h;
    if (hour != hour_) {
        most_limits_ = most_limits_an_hour();
        hour_limits_ = 0;
        hour_ = hour;
    }
    ++hour_limits_;
}

void VirtualCharger::obey(const Command& command, const std::function<void(CallResult)>& answer) {
    if (mood_ == Mood::kDeaf) return note("does not hear");
    auto outcome = CallOutcome::kNotSupported;
    if (const auto* limit = std::get_if<SetLimit>(&command)) outcome = install(*limit);
    if (const auto* order = std::get_if<RemoteStop>(&command)) outcome = stop(*order);
    if (const auto* order = std::get_if<ChangeAvailability>(&command)) outcome = serve(*order);
    if (mood_ == Mood::kMute) return;
    answer({.outcome = outcome});
}

CallOutcome VirtualCharger::install(const SetLimit& limit) {
    const bool own = limit.purpose == ProfilePurpose::kTransaction;
    if (limit.limit > 0_A && limit.limit < minimum_)
        around_.violation(id_.str() + " was sent " + decimal(limit.limit.in_milli()) +
                          " A, less than its minimum");
    if (limit.purpose == ProfilePurpose::kStationMax) return CallOutcome::kNotSupported;
    const bool refuses = mood_ == Mood::kRejects || limit.unit != RateUnit::kAmperes ||
                         (!manners_.lies && model_.install(limit.connector, profile_of(limit)) ==
                                                sim::ProfileAnswer::kRejected);
    if (refuses) {
        note("rejects", decimal(limit.limit.in_milli()) + " A as " +
                            std::string(to_string(limit.purpose)) + " in " +
                            std::string(to_string(limit.unit)) +
                            (limit.transaction ? " of " + std::to_string(*limit.transaction) : ""));
        return CallOutcome::kRejected;
    }
    around_.trace.note(now(), place_, own ? "accepts" : "accepts as default", limit.limit);
    if (limit.start && !limit.later.empty()) {
        const auto left = *limit.start + limit.later.back().after - own_time();
        note("has a lease for",
             std::to_string(std::chrono::floor<std::chrono::seconds>(left).count()) +
                 " s of its own clock");
    }
    for (int connector = 1; connector <= evse_count(); ++connector) {
        if (own && connector != limit.connector) continue;
        if (own && !manners_.lies) {
            auto& edges = at(connector).edges;
            edges.clear();
            for (const auto& step : limit.later) edges.push_back(*limit.start + step.after);
            watch_edges(connector);
        }
        refresh(connector);
        if (own || at(connector).honours || manners_.lies) continue;
        // It knows its default now. What flowed before it did has its time to end.
        const auto lag =
            manners_.obeys_within + (at(connector).car ? at(connector).car->lag_most : Duration{0});
        later(lag, [connector](VirtualCharger& charger) {
            charger.at(connector).honours = true;
            charger.refresh(connector);
        });
    }
    return CallOutcome::kAccepted;
}

CallOutcome VirtualCharger::stop(const RemoteStop& order) {
    for (int connector = 1; connector <= evse_count(); ++connector) {
        if (transaction(connector) != order.transaction) continue;
        end(connector, "Remote");
        say_status(connector);
        return CallOutcome::kAccepted;
    }
    return CallOutcome::kRejected;
}

// Where a transaction runs, it takes effect when that is over.
CallOutcome VirtualCharger::serve(const ChangeAvailability& order) {
    if (mood_ == Mood::kRejects) return CallOutcome::kRejected;
    for (int connector = 1; connector <= evse_count(); ++connector) {
        if (order.connector != 0 && order.connector != connector) continue;
        at(connector).out = !order.operative;
        note(order.operative ? "is in service" : "is out of service", std::to_string(connector));
        say_status(connector);
    }
    begin_where_possible();
    return CallOutcome::kAccepted;
}

std::string VirtualCharger::describe() const {
    std::string text = id_.str() + (powered_ ? linked_ ? "" : ", not connected" : ", booting");
    for (int connector = 1; connector <= evse_count(); ++connector) {
        const auto& socket = at(connector);
        text += "; " + std::to_string(connector) + ": " +
                std::string(to_string(status_of(connector))) + ", enforces " +
                decimal(socket.enforced.in_milli()) + " A, may draw " +
                decimal(socket.worst.in_milli()) + " A" +
                (socket.honours ? "" : ", has acknowledged nothing");
    }
    return text;
}

}  // namespace busbar::trial
