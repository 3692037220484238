#include "base/check.hpp"
#include "ocpp/command.hpp"
#include "ocpp/profiles.hpp"
#include "ocpp/schema.hpp"

// OCPP 1.6, Smart Charging.
namespace busbar::ocpp {

int profile_id(ProfilePurpose purpose, int connector) {
    BUSBAR_CHECK(connector >= 0 && connector <= 99);
    switch (purpose) {
        case ProfilePurpose::kDefault:
            return 100 + connector;
        case ProfilePurpose::kTransaction:
            return 200 + connector;
        case ProfilePurpose::kStationMax:
            return 300;
    }
    __builtin_unreachable();
}

// Relative without a start: with a single period from 0 on it always holds, whatever the
// charger's clock says, and libocpp refuses an Absolute profile without a start. Stack level 0,
// because some chargers report that as their highest.
Question ask(const SetLimit& command) {
    const bool of_transaction = command.purpose == ProfilePurpose::kTransaction;
    BUSBAR_CHECK(command.transaction.has_value() == of_transaction);
    BUSBAR_CHECK(command.later.empty() || command.start);
    std::string payload = R"({"connectorId":)" + std::to_string(command.connector) +
                          R"(,"csChargingProfiles":{"chargingProfileId":)" +
                          std::to_string(profile_id(command.purpose, command.connector));
    if (of_transaction) payload += R"(,"transactionId":)" + std::to_string(*command.transaction);
    payload += R"(,"stackLevel":0,"chargingProfilePurpose":")";
    payload += word_for(command.purpose);
    payload += R"(","chargingProfileKind":")";
    payload += command.start ? "Absolute" : "Relative";
    payload += R"(","chargingSchedule":{)" + schedule(command) + "}}}";
    return {"SetChargingProfile", std::move(payload)};
}

CallResult understand(const SetLimit&, const boost::json::object& payload, std::string_view) {
    return by_status(payload, {{"Accepted", CallOutcome::kAccepted},
                               {"Rejected", CallOutcome::kRejected},
                               {"NotSupported", CallOutcome::kNotSupported}});
}

// By id: exactly the profile that SetLimit installed, and nobody else's.
Question ask(const ClearLimit& command) {
    return {"ClearChargingProfile",
            R"({"id":)" + std::to_string(profile_id(command.purpose, command.connector)) + "}"};
}

// "Unknown": there is no such profile, which is what was asked for.
CallResult understand(const ClearLimit&, const boost::json::object& payload, std::string_view) {
    return by_status(payload,
                     {{"Accepted", CallOutcome::kAccepted}, {"Unknown", CallOutcome::kAccepted}});
}

Question ask(const GetCompositeLimit& command) {
    return {"GetCompositeSchedule",
            R"({"connectorId":)" + std::to_string(command.connector) + R"(,"duration":)" +
                std::to_string(command.duration.count()) + R"(,"chargingRateUnit":"A"})"};
}

CallResult understand(const GetCompositeLimit&, const boost::json::object& payload,
                      std::string_view text) {
    return composite_result(payload, "chargingSchedule", text);
}

}  // namespace busbar::ocpp
