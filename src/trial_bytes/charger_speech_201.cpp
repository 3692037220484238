#include <algorithm>
#include <array>
#include <map>

#include "sim/speech.hpp"
#include "trial_bytes/charger_speech.hpp"

// OCPP 2.0.1, as a trial's charger speaks it. Its transactions are named by numbers, which it gives
// itself: the start's time and outlet, so that one that is told again has the same.
namespace busbar::trial {
namespace {

namespace json = sim::json;

constexpr std::int64_t kMostOutlets = 64;

TransactionId own_number(const StartRequest& request) {
    BUSBAR_CHECK(request.connector < kMostOutlets);
    return request.at.time_since_epoch().count() * kMostOutlets + request.connector;
}

json::object reading(std::string_view measurand, std::string_view unit, std::int64_t milli) {
    json::object of_unit;
    of_unit["unit"] = unit;
    json::object value;
    value["value"] = static_cast<double>(milli) / 1000;
    value["measurand"] = measurand;
    value["unitOfMeasure"] = std::move(of_unit);
    return value;
}

json::array at_once(TimePoint at, json::array sampled) {
    json::object value;
    value["timestamp"] = format_time(at);
    value["sampledValue"] = std::move(sampled);
    json::array values;
    values.emplace_back(std::move(value));
    return values;
}

json::array register_at(TimePoint at, WattHours energy) {
    const auto [measurand, unit] = unit_of(Measurand::kEnergyRegister);
    json::array sampled;
    sampled.emplace_back(reading(measurand, unit, energy.in_milli()));
    return at_once(at, std::move(sampled));
}

// All samples under one time: that of the first.
json::array meter_value(const MeterReport& report) {
    BUSBAR_CHECK(!report.samples.empty());
    json::array sampled;
    for (const auto& sample : report.samples) {
        const auto [measurand, unit] = unit_of(sample.measurand);
        auto value = reading(measurand, unit, sample.milli);
        if (sample.phase) value["phase"] = to_string(*sample.phase);
        sampled.emplace_back(std::move(value));
    }
    return at_once(report.samples.front().at, std::move(sampled));
}

json::object id_token(const std::string& card) {
    json::object token;
    token["idToken"] = card;
    token["type"] = "ISO14443";
    return token;
}

json::object evse(int number) {
    json::object object;
    object["id"] = number;
    object["connectorId"] = 1;
    return object;
}

std::string_view charging_state(ConnectorStatus status) {
    using enum ConnectorStatus;
    switch (status) {
        case kCharging:
            return "Charging";
        case kSuspendedEv:
            return "SuspendedEV";
        case kSuspendedEvse:
            return "SuspendedEVSE";
        default:
            return {};  // Not of a transaction.
    }
}

std::string_view stopped_reason(std::string_view reason) {
    constexpr std::array<std::string_view, 5> kKnown{"EVDisconnected", "Local", "Remote",
                                                     "PowerLoss", "DeAuthorized"};
    return std::ranges::count(kKnown, reason) > 0 ? reason : "Other";
}

class Speech201 final : public ChargerSpeech {
public:
    Spoken in_words(const Said& said) override {
        return std::visit([this](const auto& kind) { return words(kind); }, said);
    }

    Result<Answer> answer_in(std::string_view action, std::optional<TransactionId> begins,
                             const json::object& payload) const override {
        if (action == "BootNotification") return boot_answer(payload);
        if (action == "Authorize") {
            BUSBAR_TRY(status, authorization_in(payload, "idTokenInfo"));
            return Answer{status};
        }
        if (!begins) return Answer{Done{}};
        BUSBAR_TRY(status, authorization_in(payload, "idTokenInfo"));
        return Answer{StartReply{status, *begins}};
    }

    Result<Command> command_in(const sim::Call& call) const override {
        if (call.action == "SetChargingProfile")
            return set_limit(sim::v2::read_set_profile(call.payload, sim::Version::k201));
        return Error{Errc::kUnsupported, call.action + " is not taken"};
    }

private:
    Spoken words(const BootInfo& boot) {
        json::object station;
        station["vendorName"] = boot.vendor;
        station["model"] = boot.model;
        if (!boot.serial.empty()) station["serialNumber"] = boot.serial;
        if (!boot.firmware.empty()) station["firmwareVersion"] = boot.firmware;
        json::object payload;
        payload["reason"] = "PowerUp";
        payload["chargingStation"] = std::move(station);
        return {"BootNotification", std::move(payload)};
    }

    // While a transaction runs there, its events say it better.
    Spoken words(const StatusReport& report) {
        const auto state = charging_state(report.status);
        const auto running = running_.find(report.connector);
        if (!state.empty() && running != running_.end()) {
            auto payload = event("Updated", "ChargingStateChanged", report.at, running->second);
            payload["transactionInfo"].get_object()["chargingState"] = state;
            return {"TransactionEvent", std::move(payload)};
        }
        json::object payload;
        payload["timestamp"] = format_time(report.at);
        payload["connectorStatus"] = sim::v2::connector_status(report.status);
        payload["evseId"] = report.connector;
        payload["connectorId"] = 1;
        return {"StatusNotification", std::move(payload)};
    }

    Spoken words(const AuthorizeRequest& request) {
        json::object payload;
        payload["idToken"] = id_token(request.id_tag);
        return {"Authorize", std::move(payload)};
    }

    Spoken words(const StartRequest& request) {
        const auto number = own_number(request);
        running_[request.connector] = number;
        auto payload = event("Started", "Authorized", request.at, number);
        payload["evse"] = evse(request.connector);
        payload["idToken"] = id_token(request.id_tag);
        payload["meterValue"] = register_at(request.at, request.meter_start);
        return {"TransactionEvent", std::move(payload), number};
    }

    Spoken words(const StopRequest& request) {
        std::erase_if(running_,
                      [&](const auto& each) { return each.second == request.transaction; });
        auto payload = event("Ended", "StopAuthorized", request.at, request.transaction);
        payload["meterValue"] = register_at(request.at, request.meter_stop.value_or(WattHours{}));
        payload["transactionInfo"].get_object()["stoppedReason"] = stopped_reason(request.reason);
        return {"TransactionEvent", std::move(payload)};
    }

    Spoken words(const MeterReport& report) {
        if (report.transaction) {
            auto payload = event("Updated", "MeterValuePeriodic", report.samples.front().at,
                                 *report.transaction);
            payload["evse"] = evse(report.connector);
            payload["meterValue"] = meter_value(report);
            return {"TransactionEvent", std::move(payload)};
        }
        json::object payload;
        payload["evseId"] = report.connector;
        payload["meterValue"] = meter_value(report);
        return {"MeterValues", std::move(payload)};
    }

    json::object event(std::string_view type, std::string_view trigger, TimePoint at,
                       TransactionId transaction) {
        json::object info;
        info["transactionId"] = std::to_string(transaction);
        json::object payload;
        payload["eventType"] = type;
        payload["triggerReason"] = trigger;
        payload["timestamp"] = format_time(at);
        payload["seqNo"] = next_event_++;
        payload["transactionInfo"] = std::move(info);
        return payload;
    }

    std::map<int, TransactionId> running_;  // By outlet, as it was told.
    int next_event_ = 0;                    // Over all transactions: it rises in each.
};

}  // namespace

std::unique_ptr<ChargerSpeech> new_speech_201() {
    return std::make_unique<Speech201>();
}

}  // namespace busbar::trial
