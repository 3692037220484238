#include <algorithm>
#include <array>

#include "sim/station.hpp"

namespace busbar::sim {
namespace {

constexpr std::size_t kMostHeld = 100;
constexpr std::chrono::milliseconds kBeforeReset{100};  // So that the answer still leaves.

json::object status_only(std::string_view status) {
    json::object payload;
    payload["status"] = status;
    return payload;
}

std::string accepted(const Call& call, std::string_view status = "Accepted") {
    return write_answer(call.id, status_only(status));
}

std::string refusal(const Call& call, const Error& error) {
    return write_refusal(call.id, "PropertyConstraintViolation", error.message);
}

std::string rotation(Phase first) {
    constexpr std::array<std::string_view, 3> kNames{"RST", "STR", "TRS"};
    return "0.RST,1." + std::string(kNames[static_cast<std::size_t>(first)]);
}

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
    if (auto request = read_set_profile(call.payload)) {
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

Station::Reply Station::reply_to(const Call& call, std::int64_t record) {
    if (call.action == "SetChargingProfile") return set_profile(call, record);
    if (call.action == "ClearChargingProfile") return clear_profile(call);
    if (call.action == "GetCompositeSchedule" && !behaviour_.hides_limits)
        return composite_schedule(call);
    if (call.action == "GetConfiguration") return get_configuration(call);
    if (call.action == "ChangeConfiguration") return change_configuration(call);
    if (call.action == "TriggerMessage") return trigger_message(call);
    if (call.action == "RemoteStartTransaction") return remote_start(call);
    if (call.action == "RemoteStopTransaction") return remote_stop(call);
    if (call.action == "ChangeAvailability") return change_availability(call);
    if (call.action == "Reset") return reset(call);
    if (call.action == "ClearCache") return {accepted(call)};
    if (call.action == "UnlockConnector") return {accepted(call, "NotSupported")};
    if (call.action == "DataTransfer") return {accepted(call, "UnknownVendorId")};
    return {write_refusal(call.id, "NotImplemented", "this charger does not know the action")};
}

// --- Smart charging -------------------------------------------------------------------------

Station::Reply Station::set_profile(const Call& call, std::int64_t record) {
    auto request = read_set_profile(call.payload);
    if (!request && request.error().code == Errc::kUnsupported) return {accepted(call, "Rejected")};
    if (!request) return {refusal(call, request.error())};
    const bool too_long = behaviour_.takes_one_period && request->profile.periods.size() > 1;
    const auto answer = behaviour_.answering == Answering::kRefusing || too_long
                            ? ProfileAnswer::kRejected
                            : model_.install(request->connector, std::move(request->profile));
    if (answer == ProfileAnswer::kRejected) return {accepted(call, "Rejected")};
    seen_.applied_at = clock_.steady();
    if (record >= received_before_)
        received_[static_cast<std::size_t>(record - received_before_)].accepted = true;
    advance();
    return {accepted(call)};
}

Station::Reply Station::clear_profile(const Call& call) {
    const auto filter = read_clear_profile(call.payload);
    if (!filter) return {refusal(call, filter.error())};
    const int cleared = model_.clear(*filter);
    advance();
    return {accepted(call, cleared > 0 ? "Accepted" : "Unknown")};
}

Station::Reply Station::composite_schedule(const Call& call) {
    const auto connector = whole_number(call.payload, "connectorId");
    if (!connector) return {refusal(call, connector.error())};
    const auto duration = whole_number(call.payload, "duration");
    if (!duration) return {refusal(call, duration.error())};
    if (*connector < 0 || *connector > 1 || *duration < 0) return {accepted(call, "Rejected")};
    const std::chrono::seconds asked{*duration};
    const auto periods = model_.composite(static_cast<int>(*connector), own_time(), asked);
    return {write_answer(
        call.id, write_composite(static_cast<int>(*connector), own_time(), asked, periods))};
}

// --- Configuration --------------------------------------------------------------------------

std::map<std::string, std::string> Station::configuration() const {
    const auto seconds_of = [](Duration duration) {
        return std::to_string(std::chrono::floor<std::chrono::seconds>(duration).count());
    };
    const auto& spec = model_.spec();
    return {
        {"AuthorizeRemoteTxRequests", "false"},
        {"ChargeProfileMaxStackLevel", std::to_string(spec.max_stack_level)},
        {"ChargingScheduleAllowedChargingRateUnit", "Current"},
        {"ChargingScheduleMaxPeriods",
         std::to_string(behaviour_.takes_one_period ? 1 : spec.max_periods)},
        {"ClockAlignedDataInterval", "0"},
        {"ConnectorSwitch3to1PhaseSupported", "false"},
        {"ConnectorPhaseRotation", rotation(setup_.first_line)},
        {"HeartbeatInterval", seconds_of(heartbeat_every_)},
        {"LocalAuthorizeOffline", behaviour_.starts_offline ? "true" : "false"},
        {"MaxChargingProfilesInstalled", std::to_string(spec.max_profiles)},
        {"MeterValueSampleInterval", seconds_of(meter_every_)},
        {"NumberOfConnectors", "1"},
        {"SupportedFeatureProfiles", "Core,SmartCharging,RemoteTrigger"},
    };
}

Station::Reply Station::get_configuration(const Call& call) const {
    const auto known = configuration();
    json::array keys, unknown;
    const auto add = [&](const std::string& name, const std::string& value) {
        json::object entry;
        entry["key"] = name;
        entry["readonly"] = name != "HeartbeatInterval" && name != "MeterValueSampleInterval";
        entry["value"] = value;
        keys.emplace_back(std::move(entry));
    };
    const auto* asked = call.payload.if_contains("key");
    if (asked == nullptr || !asked->is_array() || asked->get_array().empty()) {
        for (const auto& [name, value] : known) add(name, value);
    } else {
        for (const auto& each : asked->get_array()) {
            if (!each.is_string()) continue;
            const std::string name{each.get_string().data(), each.get_string().size()};
            if (const auto found = known.find(name); found != known.end())
                add(name, found->second);
            else
                unknown.emplace_back(name);
        }
    }
    json::object payload;
    payload["configurationKey"] = std::move(keys);
    if (!unknown.empty()) payload["unknownKey"] = std::move(unknown);
    return {write_answer(call.id, std::move(payload))};
}

Station::Reply Station::change_configuration(const Call& call) {
    const auto key = short_text(call.payload, "key", 50);
    if (!key) return {refusal(call, key.error())};
    const auto text = short_text(call.payload, "value", 500);
    if (!text) return {refusal(call, text.error())};
    if (!configuration().contains(*key)) return {accepted(call, "NotSupported")};
    const auto number = parse_milli(*text);
    constexpr std::int64_t kMostSeconds = 1'000'000;
    if (!number || *number < 0 || *number % 1000 != 0 || *number / 1000 > kMostSeconds)
        return {accepted(call, "Rejected")};
    const std::chrono::seconds every{*number / 1000};
    if (*key == "HeartbeatInterval" && *number > 0) {
        heartbeat_every_ = every;
        heartbeat_at_ = clock_.steady() + every;
    } else if (*key == "MeterValueSampleInterval") {
        meter_every_ = every;
        meter_at_ = clock_.steady() + every;
    } else {
        return {accepted(call, "Rejected")};
    }
    return {accepted(call)};
}

// --- Remote control -------------------------------------------------------------------------

Station::Reply Station::trigger_message(const Call& call) {
    const auto what = short_text(call.payload, "requestedMessage", 50);
    if (!what) return {refusal(call, what.error())};
    std::function<void()> then;
    if (*what == "BootNotification")
        then = [this] { boot(); };
    else if (*what == "Heartbeat")
        then = [this] { queue({.action = "Heartbeat", .payload = {}}); };
    else if (*what == "StatusNotification")
        then = [this] { queue_all_statuses_first(); };
    else if (*what == "MeterValues")
        then = [this] { queue_meter_values("Trigger"); };
    else
        return {accepted(call, "NotImplemented")};
    return {accepted(call), std::move(then)};
}

Station::Reply Station::remote_start(const Call& call) {
    const auto tag = short_text(call.payload, "idTag", 20);
    if (!tag) return {refusal(call, tag.error())};
    std::optional<Profile> profile;
    if (const auto* given = call.payload.if_contains("chargingProfile")) {
        if (!given->is_object()) return {accepted(call, "Rejected")};
        auto read = read_profile(given->get_object());
        if (!read || read->purpose != Purpose::kTx) return {accepted(call, "Rejected")};
        profile = std::move(*read);
    }
    if (!car_ || session_ || !operative_ || !online()) return {accepted(call, "Rejected")};
    return {accepted(call), [this, tag = *tag, profile] {
                if (!car_ || session_) return;
                remote_tag_ = tag;
                authorizing_ = false;
                begin_transaction();
                // One that cannot be held is dropped, as real chargers do: the CSMS finds that
                // out from GetCompositeSchedule.
                if (profile) (void)model_.install(1, *profile);
                advance();
            }};
}

Station::Reply Station::remote_stop(const Call& call) {
    const auto id = whole_number(call.payload, "transactionId");
    if (!id) return {refusal(call, id.error())};
    if (!session_ || session_->id != *id) return {accepted(call, "Rejected")};
    return {accepted(call), [this, id = *id] {
                if (session_ && session_->id == id) end_transaction("Remote");
            }};
}

Station::Reply Station::change_availability(const Call& call) {
    const auto type = short_text(call.payload, "type", 20);
    if (!type) return {refusal(call, type.error())};
    if (*type != "Operative" && *type != "Inoperative")
        return {refusal(call, {Errc::kInvalid, "type is not Operative or Inoperative"})};
    operative_ = *type == "Operative";
    return {accepted(call, !operative_ && session_ ? "Scheduled" : "Accepted"), [this] {
                advance();
                try_begin();
            }};
}

Station::Reply Station::reset(const Call& call) {
    return {accepted(call), [this, link = link_] {
                strand_.at(clock_.steady() + kBeforeReset, [this, link] {
                    if (connected_ && link == link_) reboot();
                });
            }};
}

}  // namespace busbar::sim
