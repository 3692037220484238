#include "base/json_writer.hpp"
#include "ocpp/command.hpp"
#include "ocpp/schema.hpp"

// OCPP 1.6, Core: a charger's configuration keys.
namespace busbar::ocpp {
namespace {

constexpr std::size_t kMaxKeys = 1'000;

}  // namespace

Question ask(const GetConfiguration& command) {
    std::string keys;
    for (const auto& key : command.keys) keys += (keys.empty() ? "" : ",") + json_string(key);
    return {"GetConfiguration", keys.empty() ? "{}" : R"({"key":[)" + keys + "]}"};
}

CallResult understand(const GetConfiguration&, const boost::json::object& payload,
                      std::string_view text) {
    CallResult result;
    const bool usable =
        payload.contains("configurationKey") || payload.contains("unknownKey") || payload.empty();
    result.outcome = usable ? CallOutcome::kAccepted : CallOutcome::kUnanswered;
    result.detail = usable ? std::string(text) : "the answer lists no keys";
    const auto* keys = payload.if_contains("configurationKey");
    if (keys == nullptr || !keys->is_array()) return result;
    for (const auto& each : keys->get_array()) {
        if (!each.is_object() || result.keys.size() == kMaxKeys) continue;
        const auto& entry = each.get_object();
        if (const auto name = text_at(entry, "key"); !name.empty())
            result.keys.push_back({std::string(name), std::string(text_at(entry, "value"))});
    }
    return result;
}

Question ask(const ChangeConfiguration& command) {
    return {"ChangeConfiguration", R"({"key":)" + json_string(command.key) + R"(,"value":)" +
                                       json_string(command.value) + "}"};
}

CallResult understand(const ChangeConfiguration&, const boost::json::object& payload,
                      std::string_view) {
    return by_status(payload, {{"Accepted", CallOutcome::kAccepted},
                               {"RebootRequired", CallOutcome::kAccepted},
                               {"Rejected", CallOutcome::kRejected},
                               {"NotSupported", CallOutcome::kNotSupported}});
}

}  // namespace busbar::ocpp
