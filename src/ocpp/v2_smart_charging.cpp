#include "base/check.hpp"
#include "base/json_writer.hpp"
#include "ocpp/profiles.hpp"
#include "ocpp/schema.hpp"
#include "ocpp/v2.hpp"

// OCPP 2.x, block K: smart charging.
namespace busbar::ocpp::v2 {

// As in 1.6, but that a schedule has an id, and a transaction the station's own name. Relative
// without a start: with a single period from 0 on it always holds, whatever the station's clock
// says. 2.1 also falls back once it has been offline for as long as the lease lasts, whatever its
// clock says.
Question ask(const SetLimit& command, Version version) {
    const bool of_transaction = command.purpose == ProfilePurpose::kTransaction;
    BUSBAR_CHECK(command.transaction.has_value() == of_transaction);
    BUSBAR_CHECK(command.later.empty() || command.start);
    const auto id = std::to_string(profile_id(command.purpose, command.connector));
    std::string payload = R"({"evseId":)" + std::to_string(command.connector) +
                          R"(,"chargingProfile":{"id":)" + id +
                          R"(,"stackLevel":0,"chargingProfilePurpose":")";
    payload += command.purpose == ProfilePurpose::kStationMax ? "ChargingStationMaxProfile"
                                                              : word_for(command.purpose);
    payload += R"(","chargingProfileKind":")";
    payload += command.start ? "Absolute" : "Relative";
    payload += '"';
    if (of_transaction) payload += R"(,"transactionId":)" + json_string(own_name(command));
    if (version == Version::k21 && !command.later.empty() && command.lease)
        payload += R"(,"maxOfflineDuration":)" + std::to_string(command.lease->count());
    payload += R"(,"chargingSchedule":[{"id":)" + id + "," + schedule(command) + "}]}}";
    return {"SetChargingProfile", std::move(payload)};
}

CallResult understand(const SetLimit&, const boost::json::object& payload, std::string_view) {
    return by_status(payload,
                     {{"Accepted", CallOutcome::kAccepted}, {"Rejected", CallOutcome::kRejected}});
}

// By id: exactly the profile that SetLimit installed, and nobody else's.
Question ask(const ClearLimit& command, Version) {
    return {"ClearChargingProfile",
            R"({"chargingProfileId":)" +
                std::to_string(profile_id(command.purpose, command.connector)) + "}"};
}

Question ask(const GetCompositeLimit& command, Version) {
    return {"GetCompositeSchedule",
            R"({"evseId":)" + std::to_string(command.connector) + R"(,"duration":)" +
                std::to_string(command.duration.count()) + R"(,"chargingRateUnit":"A"})"};
}

CallResult understand(const GetCompositeLimit&, const boost::json::object& payload,
                      std::string_view text) {
    return composite_result(payload, "schedule", text);
}

}  // namespace busbar::ocpp::v2
