#include "base/json_writer.hpp"
#include "ocpp/command.hpp"
#include "ocpp/schema.hpp"

// OCPP 1.6, Remote Trigger.
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

}  // namespace busbar::ocpp
