#include "trial_bytes/charger_speech.hpp"

#include <algorithm>
#include <array>

namespace busbar::trial {
namespace {

namespace json = sim::json;

// Floor: OCPP counts whole watt hours.
std::int64_t watt_hours(WattHours energy) {
    return energy.in_milli() / 1000;
}

void set_unless_empty(json::object& into, std::string_view field, const std::string& text) {
    if (!text.empty()) into[field] = text;
}

Spoken words(const BootInfo& boot) {
    json::object payload;
    payload["chargePointVendor"] = boot.vendor;
    payload["chargePointModel"] = boot.model;
    set_unless_empty(payload, "chargePointSerialNumber", boot.serial);
    set_unless_empty(payload, "firmwareVersion", boot.firmware);
    return {"BootNotification", std::move(payload)};
}

Spoken words(const StatusReport& report) {
    json::object payload;
    payload["connectorId"] = report.connector;
    payload["errorCode"] = report.error_code;
    payload["status"] = to_string(report.status);
    payload["timestamp"] = format_time(report.at);
    set_unless_empty(payload, "info", report.info);
    return {"StatusNotification", std::move(payload)};
}

Spoken words(const AuthorizeRequest& request) {
    json::object payload;
    payload["idTag"] = request.id_tag;
    return {"Authorize", std::move(payload)};
}

Spoken words(const StartRequest& request) {
    json::object payload;
    payload["connectorId"] = request.connector;
    payload["idTag"] = request.id_tag;
    payload["meterStart"] = watt_hours(request.meter_start);
    payload["timestamp"] = format_time(request.at);
    return {"StartTransaction", std::move(payload)};
}

Spoken words(const StopRequest& request) {
    json::object payload;
    payload["transactionId"] = request.transaction;
    payload["meterStop"] = watt_hours(request.meter_stop.value_or(WattHours{}));
    payload["timestamp"] = format_time(request.at);
    set_unless_empty(payload, "reason", request.reason);
    return {"StopTransaction", std::move(payload)};
}

// All samples under one time: that of the first.
Spoken words(const MeterReport& report) {
    BUSBAR_CHECK(!report.samples.empty());
    json::array sampled;
    for (const auto& sample : report.samples) {
        const auto [measurand, unit] = unit_of(sample.measurand);
        json::object value;
        value["value"] = decimal(sample.milli);
        value["measurand"] = measurand;
        value["unit"] = unit;
        if (sample.phase) value["phase"] = to_string(*sample.phase);
        sampled.emplace_back(std::move(value));
    }
    json::object at_once;
    at_once["timestamp"] = format_time(report.samples.front().at);
    at_once["sampledValue"] = std::move(sampled);
    json::array list;
    list.emplace_back(std::move(at_once));
    json::object payload;
    payload["connectorId"] = report.connector;
    if (report.transaction) payload["transactionId"] = *report.transaction;
    payload["meterValue"] = std::move(list);
    return {"MeterValues", std::move(payload)};
}

Result<Answer> start_answer(const json::object& payload) {
    BUSBAR_TRY(status, authorization_in(payload, "idTagInfo"));
    BUSBAR_TRY(transaction, sim::whole_number(payload, "transactionId"));
    return Answer{StartReply{status, transaction}};
}

Result<ProfilePurpose> purpose_of(sim::Purpose purpose) {
    if (purpose == sim::Purpose::kTx) return ProfilePurpose::kTransaction;
    if (purpose == sim::Purpose::kTxDefault) return ProfilePurpose::kDefault;
    return Error{Errc::kUnsupported, "is not sent by Busbar", "chargingProfilePurpose"};
}

// Its name is a number, with 1.6 by OCPP, with 2.0.1 by our chargers' choice.
std::optional<TransactionId> number_of(const std::optional<sim::TransactionName>& name) {
    if (!name) return {};
    return std::stoll(*name);
}

class Speech16 final : public ChargerSpeech {
public:
    Spoken in_words(const Said& said) override {
        return std::visit([](const auto& kind) { return words(kind); }, said);
    }
    Result<Answer> answer_in(std::string_view action, std::optional<TransactionId>,
                             const json::object& payload) const override {
        if (action == "BootNotification") return boot_answer(payload);
        if (action == "StartTransaction") return start_answer(payload);
        if (action == "Authorize") {
            BUSBAR_TRY(status, authorization_in(payload, "idTagInfo"));
            return Answer{status};
        }
        return Answer{Done{}};
    }
    Result<Command> command_in(const sim::Call& call) const override {
        if (call.action == "SetChargingProfile")
            return set_limit(sim::v16::read_set_profile(call.payload));
        return Error{Errc::kUnsupported, call.action + " is not taken"};
    }
};

}  // namespace

std::unique_ptr<ChargerSpeech> new_speech(sim::Version version) {
    BUSBAR_CHECK(version != sim::Version::k21);
    if (version == sim::Version::k201) return new_speech_201();
    return std::make_unique<Speech16>();
}

Unit unit_of(Measurand measurand) {
    switch (measurand) {
        case Measurand::kEnergyRegister:
            return {"Energy.Active.Import.Register", "Wh"};
        case Measurand::kEnergyInterval:
            return {"Energy.Active.Import.Interval", "Wh"};
        case Measurand::kPower:
            return {"Power.Active.Import", "W"};
        case Measurand::kCurrent:
            return {"Current.Import", "A"};
        case Measurand::kVoltage:
            return {"Voltage", "V"};
        case Measurand::kSoc:
            return {"SoC", "Percent"};
        case Measurand::kTemperature:
            return {"Temperature", "Celsius"};
    }
    __builtin_unreachable();
}

Result<Authorization> authorization_in(const json::object& payload, std::string_view field) {
    const auto* info = payload.if_contains(field);
    if (info == nullptr || !info->is_object())
        return Error{Errc::kMalformed, "is missing", std::string(field)};
    BUSBAR_TRY(status, sim::short_text(info->get_object(), "status", 20));
    constexpr std::array<std::pair<std::string_view, Authorization>, 4> kWords{
        {{"Accepted", Authorization::kAccepted},
         {"Blocked", Authorization::kBlocked},
         {"Invalid", Authorization::kInvalid},
         {"ConcurrentTx", Authorization::kConcurrentTx}}};
    for (const auto& [word, meaning] : kWords)
        if (status == word) return meaning;
    return Error{Errc::kMalformed, "is not known", "status"};
}

Result<Answer> boot_answer(const json::object& payload) {
    BUSBAR_TRY(status, sim::short_text(payload, "status", 20));
    BUSBAR_TRY(interval, sim::whole_number(payload, "interval"));
    const auto registration = status == "Accepted"  ? Registration::kAccepted
                              : status == "Pending" ? Registration::kPending
                                                    : Registration::kRejected;
    return Answer{BootReply{registration, std::chrono::seconds{interval}}};
}

Result<Command> set_limit(Result<sim::SetProfileRequest> read) {
    BUSBAR_TRY(request, std::move(read));
    const auto& profile = request.profile;
    BUSBAR_TRY(purpose, purpose_of(profile.purpose));
    SetLimit limit{.purpose = purpose,
                   .connector = request.connector,
                   .transaction = number_of(profile.transaction),
                   .limit = profile.periods.front().limit,
                   .start = profile.start};
    for (std::size_t i = 1; i < profile.periods.size(); ++i)
        limit.later.push_back({profile.periods[i].start, profile.periods[i].limit});
    return Command{std::move(limit)};
}

std::optional<std::string> reply_to(const sim::Call& call, const CallResult& result) {
    json::object payload;
    switch (result.outcome) {
        case CallOutcome::kAccepted:
            payload["status"] = "Accepted";
            return sim::write_answer(call.id, std::move(payload));
        case CallOutcome::kRejected:
            payload["status"] = "Rejected";
            return sim::write_answer(call.id, std::move(payload));
        case CallOutcome::kNotSupported:
            return sim::write_refusal(call.id, "NotSupported", result.detail);
        case CallOutcome::kNotSent:
        case CallOutcome::kUnanswered:
            return {};
    }
    __builtin_unreachable();
}

}  // namespace busbar::trial
