#include <type_traits>

#include "base/json_writer.hpp"
#include "ocpp/schema.hpp"
#include "ocpp/v2.hpp"

// OCPP 2.x: what is asked of a station as a whole, blocks E (transactions), F (remote control), G
// (availability) and B (provisioning: reset).
namespace busbar::ocpp::v2 {
namespace {

template <class Kind>
constexpr bool kIsAnsweredAsIn16 =
    std::is_same_v<Kind, ClearLimit> || std::is_same_v<Kind, TriggerMessage> ||
    std::is_same_v<Kind, ChangeAvailability>;

std::string evse(int number) {
    return R"("evse":{"id":)" + std::to_string(number) + "}";
}

CallResult accepted_or_rejected(const boost::json::object& payload) {
    return by_status(payload, {{"Accepted", CallOutcome::kAccepted},
                               {"Scheduled", CallOutcome::kAccepted},
                               {"Rejected", CallOutcome::kRejected}});
}

}  // namespace

Question question_for(const Command& command, Version version) {
    return std::visit([&](const auto& kind) { return ask(kind, version); }, command);
}

CallResult meaning_of(const Command& command, const boost::json::object& payload,
                      std::string_view text) {
    return std::visit(
        [&]<class Kind>(const Kind& kind) {
            if constexpr (kIsAnsweredAsIn16<Kind>)
                return ocpp::understand(kind, payload, text);
            else
                return understand(kind, payload, text);
        },
        command);
}

Question ask(const TriggerMessage& command, Version) {
    std::string payload = R"({"requestedMessage":)" + json_string(command.message);
    if (command.connector && *command.connector > 0) payload += "," + evse(*command.connector);
    return {"TriggerMessage", payload + "}"};
}

Question ask(const RemoteStop& command, Version) {
    return {"RequestStopTransaction",
            R"({"transactionId":)" + json_string(own_name(command)) + "}"};
}

CallResult understand(const RemoteStop&, const boost::json::object& payload, std::string_view) {
    return accepted_or_rejected(payload);
}

Question ask(const ChangeAvailability& command, Version) {
    std::string payload = R"({"operationalStatus":")";
    payload += command.operative ? "Operative\"" : "Inoperative\"";
    if (command.connector > 0) payload += "," + evse(command.connector);
    return {"ChangeAvailability", payload + "}"};
}

Question ask(const Reset& command, Version) {
    return {"Reset", command.hard ? R"({"type":"Immediate"})" : R"({"type":"OnIdle"})"};
}

CallResult understand(const Reset&, const boost::json::object& payload, std::string_view) {
    return accepted_or_rejected(payload);
}

}  // namespace busbar::ocpp::v2
