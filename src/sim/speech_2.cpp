#include <array>
#include <map>

#include "sim/speech.hpp"
#include "sim/vehicle.hpp"

// OCPP 2.0.1 and 2.1: provisioning, authorization, transactions, availability, meter values, remote
// control, smart charging. One EVSE with one connector.
namespace busbar::sim::v2 {

std::string_view connector_status(ConnectorStatus status) {
    using enum ConnectorStatus;
    switch (status) {
        case kAvailable:
        case kReserved:
        case kUnavailable:
        case kFaulted:
            return to_string(status);
        default:
            return "Occupied";
    }
}

namespace {

// --- What is said ---------------------------------------------------------------------------

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
            return "EVConnected";
    }
}

json::object sample(const Reading& reading, std::string_view measurand, std::string_view unit,
                    std::int64_t milli) {
    json::object entry;
    entry["value"] = static_cast<double>(milli) / 1000;
    entry["context"] = reading.context;
    entry["measurand"] = measurand;
    json::object of_unit;
    of_unit["unit"] = unit;
    entry["unitOfMeasure"] = std::move(of_unit);
    return entry;
}

json::array meter_value(const Reading& reading) {
    json::array samples;
    Watts power;
    for (const auto line : kPhases) {
        if (!reading.wired.has(line)) continue;
        power += reading.drawn[line] * kNominalVoltage;
        auto current = sample(reading, "Current.Import", "A", reading.drawn[line].in_milli());
        auto voltage = sample(reading, "Voltage", "V", kNominalVoltage.in_milli());
        current["phase"] = to_string(line);
        voltage["phase"] = std::string(to_string(line)) + "-N";
        samples.emplace_back(std::move(current));
        samples.emplace_back(std::move(voltage));
    }
    samples.emplace_back(sample(reading, "Power.Active.Import", "W", power.in_milli()));
    samples.emplace_back(
        sample(reading, "Energy.Active.Import.Register", "Wh", reading.energy.in_milli()));
    if (reading.soc_pct) {
        auto soc = sample(reading, "SoC", "Percent",
                          static_cast<std::int64_t>(*reading.soc_pct * 10) * 100);
        soc["location"] = "EV";
        samples.emplace_back(std::move(soc));
    }
    json::object value;
    value["timestamp"] = format_time(reading.at);
    value["sampledValue"] = std::move(samples);
    json::array values;
    values.emplace_back(std::move(value));
    return values;
}

json::object id_token(const std::string& card) {
    json::object token;
    token["idToken"] = card;
    token["type"] = "ISO14443";
    return token;
}

// What all events of a transaction tell.
json::object event(const Told& told, std::string_view type, std::string_view trigger) {
    json::object info;
    info["transactionId"] = told.name;
    info["chargingState"] = charging_state(told.status);
    json::object payload;
    payload["eventType"] = type;
    payload["timestamp"] = format_time(told.reading.at);
    payload["triggerReason"] = trigger;
    payload["seqNo"] = told.event;
    payload["offline"] = told.offline;
    payload["transactionInfo"] = std::move(info);
    payload["meterValue"] = meter_value(told.reading);
    return payload;
}

// Why a transaction ended: the reason, and what triggered that.
std::pair<std::string_view, std::string_view> end_of(std::string_view reason) {
    struct End {
        std::string_view reason, stopped, trigger;
    };
    constexpr std::array<End, 5> kEnds{{{"EVDisconnected", "EVDisconnected", "EVDeparted"},
                                        {"Local", "Local", "StopAuthorized"},
                                        {"Remote", "Remote", "RemoteStop"},
                                        {"PowerLoss", "PowerLoss", "AbnormalCondition"},
                                        {"DeAuthorized", "DeAuthorized", "Deauthorized"}}};
    for (const auto& end : kEnds)
        if (end.reason == reason) return {end.stopped, end.trigger};
    return {"Other", "AbnormalCondition"};
}

// --- Variables ------------------------------------------------------------------------------

struct Variable {
    std::string component;
    std::string name;
    std::string instance = {};

    auto operator<=>(const Variable&) const = default;
};

const Variable kHeartbeat{"OCPPCommCtrlr", "HeartbeatInterval"};
const Variable kMeter{"SampledDataCtrlr", "TxUpdatedInterval"};

std::map<Variable, std::string> variables(const Settings& settings) {
    const auto seconds_of = [](Duration duration) {
        return std::to_string(std::chrono::floor<std::chrono::seconds>(duration).count());
    };
    return {
        {kHeartbeat, seconds_of(settings.heartbeat)},
        {kMeter, seconds_of(settings.meter)},
        {{"AuthCtrlr", "LocalAuthorizeOffline"}, settings.starts_offline ? "true" : "false"},
        {{"SmartChargingCtrlr", "Available"}, "true"},
        {{"SmartChargingCtrlr", "Enabled"}, "true"},
        {{"SmartChargingCtrlr", "Entries", "ChargingProfiles"},
         std::to_string(settings.max_profiles)},
        {{"SmartChargingCtrlr", "PeriodsPerSchedule"}, std::to_string(settings.max_periods)},
        {{"SmartChargingCtrlr", "Phases3to1"}, "false"},
        {{"SmartChargingCtrlr", "ProfileStackLevel"}, std::to_string(settings.max_stack_level)},
        {{"SmartChargingCtrlr", "RateUnit"}, settings.watts ? "W" : "A"},
    };
}

Result<Variable> read_variable(const json::object& from) {
    Variable variable;
    BUSBAR_TRY(component, child(from, "component"));
    BUSBAR_TRY(component_name, short_text(*component, "name", 50));
    BUSBAR_TRY(named, child(from, "variable"));
    BUSBAR_TRY(name, short_text(*named, "name", 50));
    variable = {component_name, name};
    if (named->contains("instance")) {
        BUSBAR_TRY(instance, short_text(*named, "instance", 50));
        variable.instance = instance;
    }
    return variable;
}

// The answer to one of several: which variable it was, as it was asked for, and what became of it.
json::object result_for(const json::object& asked, std::string_view status) {
    json::object result;
    result["attributeStatus"] = status;
    result["component"] = asked.at("component");
    result["variable"] = asked.at("variable");
    return result;
}

// Answers each object of a list by itself.
Reply answer_each(const Call& call, std::string_view asked, std::string_view answered,
                  const std::function<Result<json::object>(const json::object&)>& answer) {
    const auto questions = list(call.payload, asked);
    if (!questions) return refused(call, questions.error());
    if ((*questions)->empty()) return refused(call, wrong(asked, "is empty"));
    json::array results;
    for (const auto& each : **questions) {
        if (!each.is_object()) return refused(call, wrong(asked, "must hold objects"));
        auto result = answer(each.get_object());
        if (!result) return refused(call, result.error());
        results.emplace_back(std::move(*result));
    }
    json::object payload;
    payload[answered] = std::move(results);
    return {write_answer(call.id, std::move(payload))};
}

std::string_view why_unknown(const std::map<Variable, std::string>& known,
                             const Variable& variable) {
    for (const auto& [each, value] : known)
        if (each.component == variable.component) return "UnknownVariable";
    return "UnknownComponent";
}

Reply get_variables(const Call& call, Deeds& deeds) {
    const auto known = variables(deeds.settings());
    const auto get = [&](const json::object& asked) -> Result<json::object> {
        BUSBAR_TRY(variable, read_variable(asked));
        const auto found = known.find(variable);
        if (found == known.end()) return result_for(asked, why_unknown(known, variable));
        auto result = result_for(asked, "Accepted");
        result["attributeValue"] = found->second;
        return result;
    };
    return answer_each(call, "getVariableData", "getVariableResult", get);
}

Reply set_variables(const Call& call, Deeds& deeds) {
    const auto set = [&](const json::object& asked) -> Result<json::object> {
        BUSBAR_TRY(variable, read_variable(asked));
        BUSBAR_TRY(value, short_text(asked, "attributeValue", 1000));
        const auto known = variables(deeds.settings());
        if (!known.contains(variable)) return result_for(asked, why_unknown(known, variable));
        const auto every = read_seconds(value);
        const bool done =
            every && (variable == kHeartbeat || variable == kMeter) &&
            deeds.set_interval(variable == kHeartbeat ? Interval::kHeartbeat : Interval::kMeter,
                               *every);
        return result_for(asked, done ? "Accepted" : "Rejected");
    };
    return answer_each(call, "setVariableData", "setVariableResult", set);
}

// --- What is asked --------------------------------------------------------------------------

// K01.FR.03: a TxProfile that is sent alone names its transaction.
bool names_its_transaction(const Profile& profile) {
    return profile.purpose != Purpose::kTx || profile.transaction;
}

Reply set_profile(const Call& call, Deeds& deeds, Version version) {
    auto request = v2::read_set_profile(call.payload, version, deeds.rates());
    if (!request && request.error().code == Errc::kUnsupported) return by_status(call, "Rejected");
    if (!request) return refused(call, request.error());
    const bool accepted = names_its_transaction(request->profile) &&
                          deeds.set_profile(std::move(*request)) == ProfileAnswer::kAccepted;
    return by_status(call, accepted ? "Accepted" : "Rejected");
}

Reply clear_profile(const Call& call, Deeds& deeds) {
    return clear_profiles(call, read_clear_profile(call.payload), deeds);
}

Reply composite_schedule(const Call& call, Deeds& deeds) {
    return composite_of(call, "evseId", write_composite, deeds);
}

Reply trigger_message(const Call& call, Deeds& deeds) {
    using enum Deeds::Said;
    const auto what = short_text(call.payload, "requestedMessage", 50);
    if (!what) return refused(call, what.error());
    constexpr std::array<std::pair<std::string_view, Deeds::Said>, 5> kMessages{
        {{"BootNotification", kBoot},
         {"Heartbeat", kHeartbeat},
         {"StatusNotification", kStatus},
         {"MeterValues", kReading},
         {"TransactionEvent", kReading}}};
    for (const auto& [name, said] : kMessages) {
        if (*what != name) continue;
        // F06: there is nothing to tell of a transaction that does not run.
        if (name == "TransactionEvent" && !deeds.charges()) return by_status(call, "Rejected");
        return by_status(call, "Accepted", deeds.say(said));
    }
    return by_status(call, "NotImplemented");
}

Reply remote_start(const Call& call, Deeds& deeds, Version version) {
    const auto number = whole_number(call.payload, "remoteStartId");
    if (!number) return refused(call, number.error());
    const auto token = child(call.payload, "idToken");
    if (!token) return refused(call, token.error());
    auto card = short_text(**token, "idToken", 255);
    if (!card) return refused(call, card.error());
    std::optional<Profile> profile;
    if (call.payload.contains("chargingProfile")) {
        const auto given = child(call.payload, "chargingProfile");
        if (!given) return refused(call, given.error());
        auto read = read_profile(**given, version, deeds.rates());
        // F01.FR.09, 11: of this transaction, which has no name yet.
        if (!read || read->purpose != Purpose::kTx || read->transaction)
            return by_status(call, "Rejected");
        profile = std::move(*read);
    }
    return accepted_if(call, deeds.start(std::move(*card), std::move(profile), *number));
}

Reply remote_stop(const Call& call, Deeds& deeds) {
    const auto name = short_text(call.payload, "transactionId", 36);
    if (!name) return refused(call, name.error());
    return accepted_if(call, deeds.stop(*name));
}

Reply change_availability(const Call& call, Deeds& deeds) {
    const auto status = short_text(call.payload, "operationalStatus", 20);
    if (!status) return refused(call, status.error());
    const bool operative = *status == "Operative";
    if (!operative && *status != "Inoperative")
        return refused(call, wrong("operationalStatus", "is not Operative or Inoperative"));
    return by_status(call, !operative && deeds.charges() ? "Scheduled" : "Accepted",
                     deeds.set_operative(operative));
}

Reply reset(const Call& call, Deeds& deeds) {
    const auto type = short_text(call.payload, "type", 20);
    if (!type) return refused(call, type.error());
    const bool once_idle = *type == "OnIdle";
    return by_status(call, once_idle && deeds.charges() ? "Scheduled" : "Accepted",
                     deeds.reset(once_idle ? Deeds::Reset::kOnceIdle : Deeds::Reset::kAtOnce));
}

// What a station of this kind has no part for, but OCPP a status to say so.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kFixed{
    {{"ClearCache", "Accepted"},
     {"DataTransfer", "UnknownVendorId"},
     {"UnlockConnector", "UnlockFailed"},
     {"GetBaseReport", "NotSupported"},
     {"GetReport", "NotSupported"}}};

// What OCPP knows, and this charger does not do.
constexpr std::array<std::string_view, 18> kNotSupported{
    "CancelReservation",    "CertificateSigned",
    "ClearDisplayMessage",  "ClearVariableMonitoring",
    "CostUpdated",          "CustomerInformation",
    "DeleteCertificate",    "GetChargingProfiles",
    "GetDisplayMessages",   "GetInstalledCertificateIds",
    "GetLocalListVersion",  "GetLog",
    "GetTransactionStatus", "InstallCertificate",
    "ReserveNow",           "SendLocalList",
    "SetNetworkProfile",    "UpdateFirmware"};

class Speech2 final : public Speech {
public:
    explicit Speech2(Version version) : version_(version) {}

    std::string_view subprotocol() const override {
        return version_ == Version::k201 ? "ocpp2.0.1" : "ocpp2.1";
    }
    bool names_transactions() const override { return true; }

    Spoken boot(const ChargerSetup& setup) const override {
        json::object station;
        station["model"] = "Simulated";
        station["vendorName"] = "Busbar";
        station["serialNumber"] = setup.id.str().substr(0, 25);
        station["firmwareVersion"] = "1";
        json::object payload;
        payload["reason"] = "PowerUp";
        payload["chargingStation"] = std::move(station);
        return {"BootNotification", std::move(payload)};
    }
    std::optional<Spoken> status(int connector, ConnectorStatus status,
                                 TimePoint at) const override {
        if (connector == 0) return {};
        json::object payload;
        payload["timestamp"] = format_time(at);
        payload["connectorStatus"] = connector_status(status);
        payload["evseId"] = connector;
        payload["connectorId"] = 1;
        return Spoken{"StatusNotification", std::move(payload)};
    }
    bool differ(ConnectorStatus before, ConnectorStatus after) const override {
        return connector_status(before) != connector_status(after);
    }
    Spoken authorize(const std::string& card) const override {
        json::object payload;
        payload["idToken"] = id_token(card);
        return {"Authorize", std::move(payload)};
    }
    Spoken began(const Told& told) const override {
        auto payload = event(told, "Started", told.remote_start ? "RemoteStart" : "Authorized");
        if (told.remote_start)
            payload["transactionInfo"].get_object()["remoteStartId"] = *told.remote_start;
        json::object evse;
        evse["id"] = 1;
        evse["connectorId"] = 1;
        payload["evse"] = std::move(evse);
        payload["idToken"] = id_token(told.card);
        return {"TransactionEvent", std::move(payload)};
    }
    bool tells_changes() const override { return true; }
    Spoken changed(const Told& told) const override {
        return {"TransactionEvent", event(told, "Updated", "ChargingStateChanged")};
    }
    Spoken ended(const Told& told, std::string_view reason) const override {
        const auto [stopped, trigger] = end_of(reason);
        auto payload = event(told, "Ended", trigger);
        auto& info = payload["transactionInfo"].get_object();
        info["stoppedReason"] = stopped;
        info["chargingState"] = stopped == "EVDisconnected" ? "Idle" : "EVConnected";
        return {"TransactionEvent", std::move(payload)};
    }
    Spoken reading(const Reading& reading, const Told* told) const override {
        if (told != nullptr)
            return {"TransactionEvent",
                    event(*told, "Updated",
                          reading.context == "Trigger" ? "Trigger" : "MeterValuePeriodic")};
        json::object payload;
        payload["evseId"] = 1;
        payload["meterValue"] = meter_value(reading);
        return {"MeterValues", std::move(payload)};
    }
    void name(json::object&, const TransactionName&) const override {}

    bool authorized(const json::object& answer) const override {
        const auto* info = answer.if_contains("idTokenInfo");
        if (info == nullptr || !info->is_object()) return false;
        const auto status = short_text(info->get_object(), "status", 30);
        return status && *status == "Accepted";
    }
    // An answer to an event need say nothing.
    bool welcome(const json::object& answer) const override {
        return !answer.contains("idTokenInfo") || authorized(answer);
    }
    std::optional<TransactionName> name_in(const json::object&) const override { return {}; }
    Result<SetProfileRequest> read_set_profile(const json::object& payload,
                                               Rates rates) const override {
        return v2::read_set_profile(payload, version_, rates);
    }
    Reply reply_to(const Call& call, Deeds& deeds) const override {
        using Taker = Reply (*)(const Call&, Deeds&);
        constexpr std::array<std::pair<std::string_view, Taker>, 8> kTakers{{
            {"ClearChargingProfile", clear_profile},
            {"GetCompositeSchedule", composite_schedule},
            {"GetVariables", get_variables},
            {"SetVariables", set_variables},
            {"TriggerMessage", trigger_message},
            {"RequestStopTransaction", remote_stop},
            {"ChangeAvailability", change_availability},
            {"Reset", reset},
        }};
        if (call.action == "SetChargingProfile") return set_profile(call, deeds, version_);
        if (call.action == "RequestStartTransaction") return remote_start(call, deeds, version_);
        for (const auto& [action, take] : kTakers)
            if (call.action == action) return take(call, deeds);
        for (const auto& [action, status] : kFixed)
            if (call.action == action) return by_status(call, status);
        for (const auto& action : kNotSupported)
            if (call.action == action)
                return {write_refusal(call.id, "NotSupported", "this charger does not do that")};
        return not_known(call);
    }

private:
    const Version version_;
};

}  // namespace

const Speech& speech(Version version) {
    static const Speech2 k201{Version::k201}, k21{Version::k21};
    return version == Version::k21 ? k21 : k201;
}

}  // namespace busbar::sim::v2
