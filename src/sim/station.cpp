#include "sim/station.hpp"

#include <algorithm>

namespace busbar::sim {
namespace {

constexpr int kOutlet = 1;
constexpr std::chrono::seconds kUsualInterval{60};  // Where the CSMS leaves the choice to us.
constexpr std::chrono::seconds kUsualClockError{1};

}  // namespace

Station::Station(ChargerSetup setup, StationOptions options, const Clock& clock, Strand& strand,
                 StationHooks hooks)
    : setup_(std::move(setup)),
      options_(options),
      clock_(clock),
      strand_(strand),
      hooks_(std::move(hooks)),
      behaviour_(setup_.behaviour),
      speech_(speech_of(setup_.version)),
      model_({.maximum = setup_.maximum, .quantum = setup_.quantum, .rounds_up = setup_.rounds_up}),
      limit_(model_.limit(kOutlet, clock.wall())),
      advanced_at_(clock.steady()),
      clock_error_(options.clock_error),
      meter_every_(options.meter_interval),
      seen_{.id = setup_.id} {}

// --- The link -------------------------------------------------------------------------------

void Station::connected() {
    BUSBAR_CHECK(!connected_);
    advance();
    if (behaviour_.forgets_profiles_at_reconnect && seen_.connects > 0) model_.forget_profiles();
    connected_ = true;
    model_.link_back(own_time());
    ++link_;
    ++seen_.connects;
    send_after_ = clock_.steady();
    if (must_boot_) {
        boot();
    } else {
        heartbeat_at_ = clock_.steady() + heartbeat_every_;
        queue_all_statuses_first();
        try_begin();
    }
    advance();
    pump();
}

void Station::disconnected() {
    if (!connected_) return;
    connected_ = false;
    model_.link_lost(own_time());
    held_.clear();
    if (open_) {
        auto message = std::move(open_->message);
        open_.reset();
        if (message.of) queue_.push_front(std::move(message));
    }
    drop_passing_messages();
    boot_at_.reset();
    authorizing_ = false;
    try_begin();
    advance();
}

void Station::receive(std::string_view text) {
    if (!connected_) return;
    advance();
    auto frame = read_frame(text);
    if (!frame) {
        ++seen_.bad_frames_received;
        return;
    }
    if (const auto* call = std::get_if<Call>(&*frame)) {
        take_call(*call);
    } else {
        const auto* answer = std::get_if<CallAnswer>(&*frame);
        const auto* refusal = std::get_if<CallRefusal>(&*frame);
        const auto& id = answer != nullptr ? answer->id : refusal->id;
        if (refusal != nullptr) ++seen_.call_errors_received;
        if (!open_ || open_->id != id) return;  // Too late, or never asked.
        auto message = std::move(open_->message);
        open_.reset();
        if (answer != nullptr)
            answered(std::move(message), answer->payload);
        else
            refused(std::move(message));
    }
    advance();
    pump();
}

void Station::tick() {
    advance();
    const auto now = clock_.steady();
    if (open_ && now >= open_->deadline) {
        auto message = std::move(open_->message);
        open_.reset();
        unanswered(std::move(message));
    }
    if (connected_ && boot_at_ && now >= *boot_at_) {
        boot_at_.reset();
        boot();
    }
    if (online() && now >= heartbeat_at_) {
        heartbeat_at_ = now + heartbeat_every_;
        say(Said::kHeartbeat)();
    }
    if (session_ && meter_every_ > Duration{0} && now >= meter_at_) {
        meter_at_ = std::max(meter_at_ + meter_every_, now);
        queue_reading("Sample.Periodic");
    }
    if (session_ && car_is_full()) end_transaction("Local");
    if (reset_once_idle_ && !session_) reboot();
    pump();
}

// --- The world ------------------------------------------------------------------------------

Status Station::plug(VehicleSpec car) {
    if (car_) return Error{Errc::kConflict, "a car is plugged in at " + setup_.id.str()};
    if (car.capacity <= WattHours{}) return Error{Errc::kInvalid, "must be > 0", "capacity"};
    if (car.phases < 1 || car.phases > 3) return Error{Errc::kInvalid, "must be 1..3", "phases"};
    if (car.lag_least > car.lag_most)
        return Error{Errc::kInvalid, "must be <= lag_most", "lag_least"};
    if (car.id_tag.empty() || car.id_tag.size() > 20)
        return Error{Errc::kInvalid, "must have 1..20 characters", "id_tag"};
    advance();
    car.phases = std::min(car.phases, setup_.phases.count());
    car_.emplace(std::move(car), options_.battery_speed);
    done_with_car_ = car_->full();
    advance();
    try_begin();
    pump();
    return Done{};
}

Status Station::unplug() {
    if (!car_) return Error{Errc::kConflict, "no car is plugged in at " + setup_.id.str()};
    if (session_) end_transaction("EVDisconnected");
    car_.reset();
    authorizing_ = false;
    done_with_car_ = false;
    advance();
    pump();
    return Done{};
}

void Station::reboot() {
    if (session_) {
        end_transaction("PowerLoss");
        done_with_car_ = false;
    }
    model_.reboot(behaviour_.forgets_profiles_at_reboot ? Memory::kForgets : Memory::kKeeps);
    const bool was_connected = connected_;
    must_boot_ = true;
    reset_once_idle_ = false;
    registration_.reset();
    disconnected();
    if (was_connected) hooks_.hang_up();
    advance();
}

void Station::set_behaviour(Behaviour behaviour) {
    behaviour_ = behaviour;
}

std::size_t Station::release() {
    auto answers = std::exchange(held_, {});
    for (const auto& answer : answers) answer();
    advance();
    pump();
    return answers.size();
}

// --- What can be seen -----------------------------------------------------------------------

PerPhase Station::drawn() const {
    return car_ && session_ ? on_lines(setup_, car_->spec().phases, car_->drawn()) : PerPhase{};
}

PerPhase Station::enforced() const {
    // By all wired lines: a limit in amperes keeps a car off none of them.
    return session_ ? on_lines(setup_, setup_.phases.count(), limit_) : PerPhase{};
}

ChargerSnapshot Station::snapshot() const {
    auto seen = seen_;
    seen.id = setup_.id;
    seen.connected = connected_;
    seen.registration = registration_;
    seen.status = status_;
    seen.limit = limit_;
    seen.drawn = drawn();
    seen.enforced = enforced();
    seen.in_transaction = session_.has_value();
    if (session_) seen.transaction = session_->name;
    if (car_) seen.soc_pct = car_->soc_pct();
    seen.meter_register = register_;
    seen.answers_held = held_.size();
    seen.calls_waiting = queue_.size() + (open_ ? 1 : 0);
    return seen;
}

// --- Its own life ---------------------------------------------------------------------------

const std::string& Station::card() const {
    BUSBAR_CHECK(car_);
    return remote_tag_.empty() ? car_->spec().id_tag : remote_tag_;
}

void Station::advance() {
    const auto passed = std::chrono::floor<Duration>(clock_.steady() - advanced_at_);
    advanced_at_ += passed;
    if (car_ && session_) register_ += car_->step(limit_, passed).energy;
    limit_ = behaviour_.disobeys
                 ? setup_.maximum
                 : model_.limit(kOutlet, own_time(),
                                behaviour_.ignores_leases ? Steps::kIgnored : Steps::kTaken);
    if (const auto status = present_status(); status != status_) {
        const auto before = std::exchange(status_, status);
        if (online() && speech_.differ(before, status)) queue_status(kOutlet);
        queue_change();
    }
    hooks_.changed();
}

ConnectorStatus Station::present_status() const {
    using enum ConnectorStatus;
    if (session_ && car_) {
        if (car_->drawn() > Amperes{}) return kCharging;
        if (limit_ < car_->spec().minimum) return kSuspendedEvse;
        return car_->full() ? kSuspendedEv : kCharging;
    }
    if (!operative_) return kUnavailable;
    if (!car_) return kAvailable;
    return done_with_car_ ? kFinishing : kPreparing;
}

ConnectorStatus Station::whole_status() const {
    return operative_ ? ConnectorStatus::kAvailable : ConnectorStatus::kUnavailable;
}

void Station::boot() {
    queue_.push_front({.topic = Topic::kBoot, .spoken = speech_.boot(setup_)});
}

void Station::registered(const json::object& answer) {
    const auto status = short_text(answer, "status", 20);
    const auto interval = whole_number(answer, "interval");
    const std::chrono::seconds every{interval && *interval > 0 ? *interval
                                                               : kUsualInterval.count()};
    set_clock(answer);
    if (!status || *status != "Accepted") {
        registration_ =
            status && *status == "Pending" ? Registration::kPending : Registration::kRejected;
        boot_at_ = clock_.steady() + every;
        return;
    }
    registration_ = Registration::kAccepted;
    must_boot_ = false;
    heartbeat_every_ = every;
    heartbeat_at_ = clock_.steady() + every;
    queue_all_statuses_first();
    try_begin();
}

void Station::set_clock(const json::object& answer) {
    const auto text = short_text(answer, "currentTime", 64);
    if (!text) return;
    const auto told = parse_time(*text);
    if (!told) return;
    // Small differences are the message's travel time: following them would only add jitter.
    const auto error = *told - own_time();
    if (error > kUsualClockError || -error > kUsualClockError) clock_error_ += error;
}

void Station::try_begin() {
    if (!car_ || session_ || authorizing_ || done_with_car_ || !operative_) return;
    if (registration_ != Registration::kAccepted) return;
    if (connected_) {
        authorizing_ = true;
        queue({.topic = Topic::kAuthorize, .spoken = speech_.authorize(card()), .card = card()});
    } else if (behaviour_.starts_offline) {
        begin_transaction({});
    }
}

// Its own names need only be unlike all others of this charger, in other lives of it too.
TransactionName Station::new_name() const {
    return std::to_string(own_time().time_since_epoch().count()) + "-" + std::to_string(last_key_);
}

void Station::begin_transaction(std::optional<std::int64_t> remote_start) {
    advance();
    session_ = Session{.key = ++last_key_, .remote_start = remote_start};
    model_.begin_transaction(kOutlet, own_time());
    if (speech_.names_transactions()) {
        session_->name = new_name();
        model_.name_transaction(kOutlet, *session_->name);
    }
    names_[session_->key] = session_->name;
    meter_at_ = clock_.steady() + meter_every_;
    queue({.topic = Topic::kBegin,
           .spoken = speech_.began(told("Transaction.Begin")),
           .of = session_->key});
    advance();
}

void Station::end_transaction(std::string_view reason) {
    BUSBAR_CHECK(session_ && car_);
    advance();
    queue({.topic = Topic::kEnd,
           .spoken = speech_.ended(told("Transaction.End"), reason),
           .of = session_->key});
    model_.end_transaction(kOutlet);
    car_->cut();
    session_.reset();
    remote_tag_.clear();
    done_with_car_ = true;
    advance();
}

}  // namespace busbar::sim
