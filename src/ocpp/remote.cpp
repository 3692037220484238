#include "base/json_writer.hpp"
#include "ocpp/command.hpp"
#include "ocpp/schema.hpp"

// OCPP 1.6, Remote Trigger, and what Core lets us ask of a charger as a whole.
namespace busbar::ocpp {

Question ask(const TriggerMessage& command) {
    std::string payload = R"({"requestedMessage":)" + json_string(command.message);
    if (command.connector) payload += R"(,"connectorId":)" + std::to_string(*command.connector);
    return {"TriggerMessage", payload + "}"};
}

CallResult understand(const TriggerMessage&, const boost::json::object& payload, std::string_view) {
    return by_status(payload, {{"Accepted", CallOutcome::kAccepted},
                               {"Rejected", CallOutcome::kRejected},
                               {"NotImplemented", CallOutcome::kNotSupported}});
}

Question ask(const RemoteStop& command) {
    return {"RemoteStopTransaction",
            R"({"transactionId":)" + std::to_string(command.transaction) + "}"};
}

CallResult understand(const RemoteStop&, const boost::json::object& payload, std::string_view) {
    return by_status(payload,
                     {{"Accepted", CallOutcome::kAccepted}, {"Rejected", CallOutcome::kRejected}});
}

Question ask(const ChangeAvailability& command) {
    return {"ChangeAvailability", R"({"connectorId":)" + std::to_string(command.connector) +
                                      R"(,"type":")" +
                                      (command.operative ? "Operative" : "Inoperative") + R"("})"};
}

// "Scheduled": once the transaction that runs there has ended.
CallResult understand(const ChangeAvailability&, const boost::json::object& payload,
                      std::string_view) {
    return by_status(payload, {{"Accepted", CallOutcome::kAccepted},
                               {"Scheduled", CallOutcome::kAccepted},
                               {"Rejected", CallOutcome::kRejected}});
}

Question ask(const Reset& command) {
    return {"Reset", command.hard ? R"({"type":"Hard"})" : R"({"type":"Soft"})"};
}

CallResult understand(const Reset&, const boost::json::object& payload, std::string_view) {
    return by_status(payload,
                     {{"Accepted", CallOutcome::kAccepted}, {"Rejected", CallOutcome::kRejected}});
}

}  // namespace busbar::ocpp
