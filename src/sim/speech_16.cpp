#include <array>
#include <map>

#include "sim/speech.hpp"
#include "sim/vehicle.hpp"

// OCPP 1.6J: core, smart charging and remote trigger.
namespace busbar::sim::v16 {
namespace {

// --- What is said ---------------------------------------------------------------------------

// Floor: OCPP 1.6 counts whole watt hours.
std::int64_t watt_hours(WattHours energy) {
    return energy.in_milli() / 1000;
}

json::object sample(const Reading& reading, std::string_view measurand, std::string_view unit,
                    std::int64_t milli) {
    json::object entry;
    entry["value"] = decimal(milli);
    entry["context"] = reading.context;
    entry["measurand"] = measurand;
    entry["unit"] = unit;
    return entry;
}

json::array sampled_values(const Reading& reading) {
    json::array values;
    Watts power;
    for (const auto line : kPhases) {
        if (!reading.wired.has(line)) continue;
        const auto name = std::string(to_string(line)) + "-N";
        power += reading.drawn[line] * kNominalVoltage;
        auto current = sample(reading, "Current.Import", "A", reading.drawn[line].in_milli());
        auto voltage = sample(reading, "Voltage", "V", kNominalVoltage.in_milli());
        current["phase"] = name;
        voltage["phase"] = name;
        values.emplace_back(std::move(current));
        values.emplace_back(std::move(voltage));
    }
    values.emplace_back(sample(reading, "Power.Active.Import", "W", power.in_milli()));
    values.emplace_back(
        sample(reading, "Energy.Active.Import.Register", "Wh", reading.energy.in_milli()));
    if (reading.soc_pct) {
        auto soc = sample(reading, "SoC", "Percent",
                          static_cast<std::int64_t>(*reading.soc_pct * 10) * 100);
        soc["location"] = "EV";
        values.emplace_back(std::move(soc));
    }
    return values;
}

std::string rotation(Phase first) {
    constexpr std::array<std::string_view, 3> kNames{"RST", "STR", "TRS"};
    return "0.RST,1." + std::string(kNames[static_cast<std::size_t>(first)]);
}

std::map<std::string, std::string> configuration(const Settings& settings) {
    const auto seconds_of = [](Duration duration) {
        return std::to_string(std::chrono::floor<std::chrono::seconds>(duration).count());
    };
    return {
        {"AuthorizeRemoteTxRequests", "false"},
        {"ChargeProfileMaxStackLevel", std::to_string(settings.max_stack_level)},
        {"ChargingScheduleAllowedChargingRateUnit", settings.watts ? "Power" : "Current"},
        {"ChargingScheduleMaxPeriods", std::to_string(settings.max_periods)},
        {"ClockAlignedDataInterval", "0"},
        {"ConnectorSwitch3to1PhaseSupported", "false"},
        {"ConnectorPhaseRotation", rotation(settings.first_line)},
        {"HeartbeatInterval", seconds_of(settings.heartbeat)},
        {"LocalAuthorizeOffline", settings.starts_offline ? "true" : "false"},
        {"MaxChargingProfilesInstalled", std::to_string(settings.max_profiles)},
        {"MeterValueSampleInterval", seconds_of(settings.meter)},
        {"NumberOfConnectors", "1"},
        {"SupportedFeatureProfiles", "Core,SmartCharging,RemoteTrigger"},
    };
}

// --- What is asked --------------------------------------------------------------------------

Reply set_profile(const Call& call, Deeds& deeds) {
    auto request = read_set_profile(call.payload, deeds.rates());
    if (!request && request.error().code == Errc::kUnsupported) return by_status(call, "Rejected");
    if (!request) return refused(call, request.error());
    const bool accepted = deeds.set_profile(std::move(*request)) == ProfileAnswer::kAccepted;
    return by_status(call, accepted ? "Accepted" : "Rejected");
}

Reply clear_profile(const Call& call, Deeds& deeds) {
    return clear_profiles(call, read_clear_profile(call.payload), deeds);
}

Reply composite_schedule(const Call& call, Deeds& deeds) {
    return composite_of(call, "connectorId", write_composite, deeds);
}

Reply get_configuration(const Call& call, Deeds& deeds) {
    const auto known = configuration(deeds.settings());
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

Reply change_configuration(const Call& call, Deeds& deeds) {
    const auto key = short_text(call.payload, "key", 50);
    if (!key) return refused(call, key.error());
    const auto text = short_text(call.payload, "value", 500);
    if (!text) return refused(call, text.error());
    if (!configuration(deeds.settings()).contains(*key)) return by_status(call, "NotSupported");
    const bool heartbeat = *key == "HeartbeatInterval";
    const auto every = read_seconds(*text);
    const bool done =
        every && (heartbeat || *key == "MeterValueSampleInterval") &&
        deeds.set_interval(heartbeat ? Interval::kHeartbeat : Interval::kMeter, *every);
    return by_status(call, done ? "Accepted" : "Rejected");
}

Reply trigger_message(const Call& call, Deeds& deeds) {
    using enum Deeds::Said;
    const auto what = short_text(call.payload, "requestedMessage", 50);
    if (!what) return refused(call, what.error());
    constexpr std::array<std::pair<std::string_view, Deeds::Said>, 4> kMessages{
        {{"BootNotification", kBoot},
         {"Heartbeat", kHeartbeat},
         {"StatusNotification", kStatus},
         {"MeterValues", kReading}}};
    for (const auto& [name, said] : kMessages)
        if (*what == name) return by_status(call, "Accepted", deeds.say(said));
    return by_status(call, "NotImplemented");
}

Reply remote_start(const Call& call, Deeds& deeds) {
    auto tag = short_text(call.payload, "idTag", 20);
    if (!tag) return refused(call, tag.error());
    std::optional<Profile> profile;
    if (const auto* given = call.payload.if_contains("chargingProfile")) {
        if (!given->is_object()) return by_status(call, "Rejected");
        auto read = read_profile(given->get_object(), deeds.rates());
        if (!read || read->purpose != Purpose::kTx) return by_status(call, "Rejected");
        profile = std::move(*read);
    }
    return accepted_if(call, deeds.start(std::move(*tag), std::move(profile), {}));
}

Reply remote_stop(const Call& call, Deeds& deeds) {
    const auto id = whole_number(call.payload, "transactionId");
    if (!id) return refused(call, id.error());
    return accepted_if(call, deeds.stop(std::to_string(*id)));
}

Reply change_availability(const Call& call, Deeds& deeds) {
    const auto type = short_text(call.payload, "type", 20);
    if (!type) return refused(call, type.error());
    const bool operative = *type == "Operative";
    if (!operative && *type != "Inoperative")
        return refused(call, {Errc::kInvalid, "type is not Operative or Inoperative"});
    return by_status(call, !operative && deeds.charges() ? "Scheduled" : "Accepted",
                     deeds.set_operative(operative));
}

class Speech16 final : public Speech {
public:
    std::string_view subprotocol() const override { return "ocpp1.6"; }
    bool names_transactions() const override { return false; }

    Spoken boot(const ChargerSetup& setup) const override {
        json::object payload;
        payload["chargePointVendor"] = "Busbar";
        payload["chargePointModel"] = "Simulated";
        payload["chargePointSerialNumber"] = setup.id.str().substr(0, 25);
        payload["firmwareVersion"] = "1";
        return {"BootNotification", std::move(payload)};
    }
    std::optional<Spoken> status(int connector, ConnectorStatus status,
                                 TimePoint at) const override {
        json::object payload;
        payload["connectorId"] = connector;
        payload["errorCode"] = "NoError";
        payload["status"] = to_string(status);
        payload["timestamp"] = format_time(at);
        return Spoken{"StatusNotification", std::move(payload)};
    }
    bool differ(ConnectorStatus before, ConnectorStatus after) const override {
        return before != after;
    }
    Spoken authorize(const std::string& card) const override {
        json::object payload;
        payload["idTag"] = card;
        return {"Authorize", std::move(payload)};
    }
    Spoken began(const Told& told) const override {
        json::object payload;
        payload["connectorId"] = 1;
        payload["idTag"] = told.card;
        payload["meterStart"] = watt_hours(told.reading.energy);
        payload["timestamp"] = format_time(told.reading.at);
        return {"StartTransaction", std::move(payload)};
    }
    bool tells_changes() const override { return false; }
    Spoken changed(const Told&) const override { return {}; }
    Spoken ended(const Told& told, std::string_view reason) const override {
        json::object payload;
        payload["idTag"] = told.card;
        payload["meterStop"] = watt_hours(told.reading.energy);
        payload["timestamp"] = format_time(told.reading.at);
        payload["reason"] = reason;
        return {"StopTransaction", std::move(payload)};
    }
    Spoken reading(const Reading& reading, const Told*) const override {
        json::object value;
        value["timestamp"] = format_time(reading.at);
        value["sampledValue"] = sampled_values(reading);
        json::array list;
        list.emplace_back(std::move(value));
        json::object payload;
        payload["connectorId"] = 1;
        payload["meterValue"] = std::move(list);
        return {"MeterValues", std::move(payload)};
    }
    void name(json::object& payload, const TransactionName& name) const override {
        payload["transactionId"] = std::stoll(name);
    }

    bool authorized(const json::object& answer) const override {
        const auto* info = answer.if_contains("idTagInfo");
        if (info == nullptr || !info->is_object()) return false;
        const auto status = short_text(info->get_object(), "status", 20);
        return status && *status == "Accepted";
    }
    bool welcome(const json::object& answer) const override { return authorized(answer); }
    std::optional<TransactionName> name_in(const json::object& answer) const override {
        const auto number = whole_number(answer, "transactionId");
        if (!number) return {};
        return std::to_string(*number);
    }
    Result<SetProfileRequest> read_set_profile(const json::object& payload,
                                               Rates rates) const override {
        return v16::read_set_profile(payload, rates);
    }
    Reply reply_to(const Call& call, Deeds& deeds) const override {
        using Taker = Reply (*)(const Call&, Deeds&);
        constexpr std::array<std::pair<std::string_view, Taker>, 9> kTakers{{
            {"SetChargingProfile", set_profile},
            {"ClearChargingProfile", clear_profile},
            {"GetCompositeSchedule", composite_schedule},
            {"GetConfiguration", get_configuration},
            {"ChangeConfiguration", change_configuration},
            {"TriggerMessage", trigger_message},
            {"RemoteStartTransaction", remote_start},
            {"RemoteStopTransaction", remote_stop},
            {"ChangeAvailability", change_availability},
        }};
        for (const auto& [action, take] : kTakers)
            if (call.action == action) return take(call, deeds);
        if (call.action == "Reset")
            return by_status(call, "Accepted", deeds.reset(Deeds::Reset::kAtOnce));
        if (call.action == "ClearCache") return by_status(call, "Accepted");
        if (call.action == "UnlockConnector") return by_status(call, "NotSupported");
        if (call.action == "DataTransfer") return by_status(call, "UnknownVendorId");
        return not_known(call);
    }
};

}  // namespace

const Speech& speech() {
    static const Speech16 kSpeech;
    return kSpeech;
}

}  // namespace busbar::sim::v16
