#include <array>
#include <boost/json/serialize.hpp>

#include "ocpp/v2.hpp"

// OCPP 2.x: what a station may ask that we answer, and do nothing about. Unanswered, it would be
// repeated for ever.
namespace busbar::ocpp::v2 {
namespace {

namespace json = boost::json;
using Taken = std::optional<Answer>;

Taken take_note(const json::object&, const Asked&) {
    return "{}";
}

template <const char* const& Status>
Taken answer_status(const json::object&, const Asked&) {
    return std::string(R"({"status":")") + Status + R"("})";
}

constexpr const char* kAccepted = "Accepted";
constexpr const char* kRejected = "Rejected";
constexpr const char* kFailed = "Failed";
constexpr const char* kUnknownVendor = "UnknownVendorId";

// Of ISO 15118: we are no contract clearing house.
Taken fail_certificate(const json::object&, const Asked&) {
    return R"({"status":"Failed","exiResponse":""})";
}

Taken fail_vat_number(const json::object& payload, const Asked&) {
    std::string number;
    if (const auto* said = payload.if_contains("vatNumber")) number = json::serialize(*said);
    return R"({"status":"Rejected","vatNumber":)" + number + "}";
}

Taken fail_chain_status(const json::object&, const Asked&) {
    return CallError{ErrorCode::kNotSupported, "certificates are not looked after here"};
}

constexpr std::array<Action, 32> kNoted{{
    {"NotifyEvent", take_note},
    {"NotifyReport", take_note},
    {"SecurityEventNotification", take_note},
    {"LogStatusNotification", take_note},
    {"FirmwareStatusNotification", take_note},
    {"PublishFirmwareStatusNotification", take_note},
    {"NotifyMonitoringReport", take_note},
    {"NotifyCustomerInformation", take_note},
    {"NotifyDisplayMessages", take_note},
    {"NotifyChargingLimit", take_note},
    {"ClearedChargingLimit", take_note},
    {"ReportChargingProfiles", take_note},
    {"ReservationStatusUpdate", take_note},
    {"NotifyEVChargingNeeds", answer_status<kRejected>},
    {"NotifyEVChargingSchedule", answer_status<kAccepted>},
    {"SignCertificate", answer_status<kRejected>},
    {"GetCertificateStatus", answer_status<kFailed>},
    {"Get15118EVCertificate", fail_certificate},
    {"DataTransfer", answer_status<kUnknownVendor>},
    // 2.1
    {"BatterySwap", take_note},
    {"GetCertificateChainStatus", fail_chain_status},
    {"NotifyDERAlarm", take_note},
    {"NotifyDERStartStop", take_note},
    {"NotifyPriorityCharging", take_note},
    {"NotifySettlement", take_note},
    {"NotifyWebPaymentStarted", take_note},
    {"ReportDERControl", take_note},
    {"OpenPeriodicEventStream", answer_status<kRejected>},
    {"ClosePeriodicEventStream", take_note},
    {"NotifyPeriodicEventStream", take_note},
    {"PullDynamicScheduleUpdate", answer_status<kRejected>},
    {"VatNumberValidation", fail_vat_number},
}};

}  // namespace

std::span<const Action> noted_actions() {
    return kNoted;
}

}  // namespace busbar::ocpp::v2
