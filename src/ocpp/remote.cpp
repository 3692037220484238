#include "ocpp/command.hpp"
#include "ocpp/schema.hpp"
#include "ocpp/text.hpp"

// OCPP 1.6, Remote Trigger.
namespace busbar::ocpp {

Question ask(const TriggerMessage& command) {
    std::string payload = R"({"requestedMessage":)" + quoted(command.message);
    if (command.connector) payload += R"(,"connectorId":)" + std::to_string(*command.connector);
    return {"TriggerMessage", payload + "}"};
}

CallResult understand(const TriggerMessage&, const boost::json::object& payload, std::string_view) {
    return by_status(payload, {{"Accepted", CallOutcome::kAccepted},
                               {"Rejected", CallOutcome::kRejected},
                               {"NotImplemented", CallOutcome::kNotSupported}});
}

}  // namespace busbar::ocpp
