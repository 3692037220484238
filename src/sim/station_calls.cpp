#include "sim/station.hpp"

namespace busbar::sim {
namespace {

constexpr std::size_t kMostHeld = 100;
constexpr std::chrono::milliseconds kBeforeReset{100};  // So that the answer still leaves.

}  // namespace

void Station::take_call(const Call& call) {
    const bool of_interest = call.action == "SetChargingProfile";
    const auto record = of_interest ? note_profile(call) : 0;
    const bool acts_now = behaviour_.acts_before_answer ||
                          behaviour_.answering == Answering::kAtOnce ||
                          behaviour_.answering == Answering::kRefusing;
    std::function<void()> answer;
    if (acts_now)
        answer = [this, reply = reply_to(call, record)] { finish(reply); };
    else
        answer = [this, call, record] { finish(reply_to(call, record)); };
    switch (behaviour_.answering) {
        case Answering::kAtOnce:
        case Answering::kRefusing:
            answer();
            return;
        case Answering::kLate:
            strand_.at(clock_.steady() + behaviour_.late_by,
                       [this, link = link_, answer = std::move(answer)] {
                           if (!connected_ || link != link_) return;
                           answer();
                           advance();
                           pump();
                       });
            return;
        case Answering::kWhenReleased:
            if (held_.size() < kMostHeld) held_.push_back(std::move(answer));
            return;
        case Answering::kNever:
            return;
    }
}

void Station::finish(const Reply& reply) {
    if (!connected_) return;
    hooks_.send(reply.frame);
    if (reply.then) reply.then();
}

std::int64_t Station::note_profile(const Call& call) {
    ++seen_.profiles_received;
    ReceivedProfile received{.at = clock_.steady()};
    if (auto request = speech_.read_set_profile(call.payload, rates())) {
        received.connector = request->connector;
        received.purpose = request->profile.purpose;
        received.transaction = request->profile.transaction;
        received.periods = std::move(request->profile.periods);
    }
    if (received_.size() >= kMostReceived) {
        received_.pop_front();
        ++received_before_;
    }
    received_.push_back(std::move(received));
    return received_before_ + static_cast<std::int64_t>(received_.size()) - 1;
}

Reply Station::reply_to(const Call& call, std::int64_t record) {
    answering_ = record;
    if (call.action == "GetCompositeSchedule" && behaviour_.hides_limits) return not_known(call);
    return speech_.reply_to(call, *this);
}

// --- Smart charging -------------------------------------------------------------------------

Rates Station::rates() const {
    return {.watts = behaviour_.watts_only, .lines = setup_.phases.count()};
}

ProfileAnswer Station::set_profile(SetProfileRequest request) {
    const auto& profile = request.profile;
    if (behaviour_.answering == Answering::kRefusing ||
        (behaviour_.takes_one_period && profile.periods.size() > 1) ||
        (behaviour_.no_station_max && profile.purpose == Purpose::kChargePointMax))
        return ProfileAnswer::kRejected;
    const auto answer = model_.install(request.connector, std::move(request.profile));
    if (answer == ProfileAnswer::kRejected) return answer;
    seen_.applied_at = clock_.steady();
    if (answering_ >= received_before_)
        received_[static_cast<std::size_t>(answering_ - received_before_)].accepted = true;
    advance();
    return answer;
}

int Station::clear_profiles(const ClearFilter& filter) {
    const int cleared = model_.clear(filter);
    advance();
    return cleared;
}

std::optional<std::vector<SchedulePeriod>> Station::limits(std::int64_t outlet,
                                                           std::chrono::seconds ahead) {
    if (outlet < 0 || outlet > 1) return {};
    return model_.composite(static_cast<int>(outlet), own_time(), ahead);
}

// --- Settings -------------------------------------------------------------------------------

Settings Station::settings() const {
    const auto& spec = model_.spec();
    return {.heartbeat = heartbeat_every_,
            .meter = meter_every_,
            .starts_offline = behaviour_.starts_offline,
            .watts = behaviour_.watts_only,
            .max_stack_level = spec.max_stack_level,
            .max_profiles = spec.max_profiles,
            .max_periods = behaviour_.takes_one_period ? 1 : spec.max_periods,
            .first_line = setup_.first_line};
}

bool Station::set_interval(Interval interval, std::chrono::seconds every) {
    if (interval == Interval::kMeter) {
        meter_every_ = every;
        meter_at_ = clock_.steady() + every;
        return true;
    }
    if (every <= std::chrono::seconds{0}) return false;
    heartbeat_every_ = every;
    heartbeat_at_ = clock_.steady() + every;
    return true;
}

// --- Remote control -------------------------------------------------------------------------

std::function<void()> Station::say(Said what) {
    switch (what) {
        case Said::kBoot:
            return [this] { boot(); };
        case Said::kHeartbeat:
            return [this] {
                queue({.topic = Topic::kHeartbeat, .spoken = {"Heartbeat", json::object{}}});
            };
        case Said::kStatus:
            return [this] { queue_all_statuses_first(); };
        case Said::kReading:
            return [this] { queue_reading("Trigger"); };
    }
    __builtin_unreachable();
}

Deeds::Later Station::start(std::string card, std::optional<Profile> profile,
                            std::optional<std::int64_t> number) {
    if (!car_ || session_ || !operative_ || !online()) return {};
    return [this, card = std::move(card), profile = std::move(profile), number] {
        if (!car_ || session_) return;
        remote_tag_ = card;
        authorizing_ = false;
        begin_transaction(number);
        // One that cannot be held is dropped, as real chargers do: the CSMS finds that out from
        // GetCompositeSchedule.
        if (profile) (void)model_.install(1, *profile);
        advance();
    };
}

Deeds::Later Station::stop(const TransactionName& transaction) {
    if (!session_ || session_->name != transaction) return {};
    return [this, transaction] {
        if (session_ && session_->name == transaction) end_transaction("Remote");
    };
}

std::function<void()> Station::set_operative(bool operative) {
    operative_ = operative;
    return [this] {
        advance();
        try_begin();
    };
}

std::function<void()> Station::reset(Reset when) {
    if (when == Reset::kOnceIdle && session_) return [this] { reset_once_idle_ = true; };
    return [this, link = link_] {
        strand_.at(clock_.steady() + kBeforeReset, [this, link] {
            if (connected_ && link == link_) reboot();
        });
    };
}

}  // namespace busbar::sim
