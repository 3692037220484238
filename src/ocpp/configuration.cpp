#include "base/json_writer.hpp"
#include "ocpp/command.hpp"
#include "ocpp/schema.hpp"

// OCPP 1.6, Core: a charger's configuration keys.
namespace busbar::ocpp {

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
