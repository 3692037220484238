#include <array>
#include <utility>

#include "base/json_writer.hpp"
#include "ocpp/schema.hpp"
#include "ocpp/v2.hpp"

// OCPP 2.x, block B: a station's variables, where 1.6 has configuration keys. A key is written
// "Component.Variable"; those of 1.6 that mean the same are known by their old names, too, so that
// who asks need not know what is spoken.
namespace busbar::ocpp::v2 {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxKeys = 1'000;

struct Variable {
    std::string component;
    std::string name;
    std::string instance = {};
};
struct Known {
    std::string_view key;  // Of 1.6.
    std::string_view component;
    std::string_view name;
    std::string_view instance = {};
};
constexpr std::array<Known, 8> kKnown{{
    {"ChargeProfileMaxStackLevel", "SmartChargingCtrlr", "ProfileStackLevel"},
    {"ChargingScheduleAllowedChargingRateUnit", "SmartChargingCtrlr", "RateUnit"},
    {"ChargingScheduleMaxPeriods", "SmartChargingCtrlr", "PeriodsPerSchedule"},
    {"MaxChargingProfilesInstalled", "SmartChargingCtrlr", "Entries", "ChargingProfiles"},
    {"ConnectorSwitch3to1PhaseSupported", "SmartChargingCtrlr", "Phases3to1"},
    {"HeartbeatInterval", "OCPPCommCtrlr", "HeartbeatInterval"},
    {"WebSocketPingInterval", "OCPPCommCtrlr", "WebSocketPingInterval"},
    {"MeterValueSampleInterval", "SampledDataCtrlr", "TxUpdatedInterval"},
}};

Variable variable_of(std::string_view key) {
    for (const auto& known : kKnown)
        if (known.key == key)
            return {std::string(known.component), std::string(known.name),
                    std::string(known.instance)};
    const auto dot = key.find('.');
    if (dot == std::string_view::npos) return {"ChargingStation", std::string(key)};
    return {std::string(key.substr(0, dot)), std::string(key.substr(dot + 1))};
}

std::string key_of(std::string_view component, std::string_view name) {
    for (const auto& known : kKnown)
        if (known.component == component && known.name == name) return std::string(known.key);
    return std::string(component) + "." + std::string(name);
}

std::string written(const Variable& variable) {
    auto out = R"("component":{"name":)" + json_string(variable.component) +
               R"(},"variable":{"name":)" + json_string(variable.name);
    if (!variable.instance.empty()) out += R"(,"instance":)" + json_string(variable.instance);
    return out + "}";
}

// "A,W" is "Current,Power" in 1.6.
std::string value_for(std::string_view key, std::string_view value) {
    if (key != "ChargingScheduleAllowedChargingRateUnit") return std::string(value);
    std::string out;
    if (value.find('A') != std::string_view::npos) out = "Current";
    if (value.find('W') != std::string_view::npos) out += out.empty() ? "Power" : ",Power";
    return out;
}

// The objects in a list of an answer, which may not follow OCPP.
template <class F>
void each_object_in(const json::object& payload, std::string_view name, F&& visit) {
    const auto* list = payload.if_contains(name);
    if (list == nullptr || !list->is_array()) return;
    for (const auto& each : list->get_array())
        if (each.is_object()) visit(each.get_object());
}

std::string_view name_at(const json::object& result, std::string_view member) {
    const auto* object = result.if_contains(member);
    if (object == nullptr || !object->is_object()) return {};
    return text_at(object->get_object(), "name");
}

}  // namespace

// Nobody can list all of them in one answer: what smart charging needs is asked for.
Question ask(const GetConfiguration& command, Version) {
    std::string list;
    const auto add = [&](std::string_view key) {
        list += (list.empty() ? "{" : ",{") + written(variable_of(key)) + "}";
    };
    for (const auto& key : command.keys) add(key);
    if (command.keys.empty())
        for (const auto& known : kKnown) add(known.key);
    return {"GetVariables", R"({"getVariableData":[)" + list + "]}"};
}

CallResult understand(const GetConfiguration&, const json::object& payload, std::string_view text) {
    CallResult result;
    const bool usable = payload.contains("getVariableResult");
    result.outcome = usable ? CallOutcome::kAccepted : CallOutcome::kUnanswered;
    result.detail = usable ? std::string(text) : "the answer lists no variables";
    each_object_in(payload, "getVariableResult", [&](const json::object& each) {
        if (text_at(each, "attributeStatus") != "Accepted" || result.keys.size() == kMaxKeys)
            return;
        auto key = key_of(name_at(each, "component"), name_at(each, "variable"));
        auto value = value_for(key, text_at(each, "attributeValue"));
        result.keys.push_back({std::move(key), std::move(value)});
    });
    return result;
}

Question ask(const ChangeConfiguration& command, Version) {
    return {"SetVariables", R"({"setVariableData":[{"attributeValue":)" +
                                json_string(command.value) + "," +
                                written(variable_of(command.key)) + "}]}"};
}

CallResult understand(const ChangeConfiguration&, const json::object& payload, std::string_view) {
    CallResult result{.outcome = CallOutcome::kUnanswered,
                      .detail = "the answer says nothing of the variable"};
    each_object_in(payload, "setVariableResult", [&](const json::object& each) {
        const auto status = text_at(each, "attributeStatus");
        result.detail = std::string(status);
        if (status == "Accepted" || status == "RebootRequired")
            result.outcome = CallOutcome::kAccepted;
        else
            result.outcome =
                status == "Rejected" ? CallOutcome::kRejected : CallOutcome::kNotSupported;
    });
    return result;
}

}  // namespace busbar::ocpp::v2
