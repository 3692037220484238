#include "base/check.hpp"
#include "ocpp/command.hpp"
#include "ocpp/schema.hpp"

// OCPP 1.6, Smart Charging.
namespace busbar::ocpp {
namespace {

// One decimal always: "16.0", "9.5".
std::string one_decimal(Amperes limit) {
    BUSBAR_CHECK(limit >= 0_A);
    const auto tenths = limit.in_milli() / 100;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

std::string_view word_for(ProfilePurpose purpose) {
    switch (purpose) {
        case ProfilePurpose::kDefault:
            return "TxDefaultProfile";
        case ProfilePurpose::kTransaction:
            return "TxProfile";
    }
    __builtin_unreachable();
}

}  // namespace

int profile_id(ProfilePurpose purpose, int connector) {
    BUSBAR_CHECK(connector >= 0 && connector <= 99);
    switch (purpose) {
        case ProfilePurpose::kDefault:
            return 100 + connector;
        case ProfilePurpose::kTransaction:
            return 200 + connector;
    }
    __builtin_unreachable();
}

// Relative for both purposes: with a single period from 0 on it always holds, whatever the
// charger's clock says, and libocpp refuses an Absolute profile without a start. Stack level 0,
// because some chargers report that as their highest.
Question ask(const SetLimit& command) {
    const bool of_transaction = command.purpose == ProfilePurpose::kTransaction;
    BUSBAR_CHECK(command.transaction.has_value() == of_transaction);
    std::string payload = R"({"connectorId":)" + std::to_string(command.connector) +
                          R"(,"csChargingProfiles":{"chargingProfileId":)" +
                          std::to_string(profile_id(command.purpose, command.connector));
    if (of_transaction) payload += R"(,"transactionId":)" + std::to_string(*command.transaction);
    payload += R"(,"stackLevel":0,"chargingProfilePurpose":")";
    payload += word_for(command.purpose);
    payload += R"(","chargingProfileKind":"Relative","chargingSchedule":{"chargingRateUnit":"A",)"
               R"("chargingSchedulePeriod":[{"startPeriod":0,"limit":)";
    payload += one_decimal(command.limit) + "}]}}}";
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
    auto result = by_status(
        payload, {{"Accepted", CallOutcome::kAccepted}, {"Rejected", CallOutcome::kRejected}});
    if (result.outcome == CallOutcome::kAccepted) result.detail = std::string(text);
    return result;
}

}  // namespace busbar::ocpp
