#include "ocpp/action.hpp"

#include <algorithm>
#include <array>

namespace busbar::ocpp {
namespace {

constexpr std::array<std::string_view, 25> kOursToAsk{"CancelReservation",
                                                      "ChangeAvailability",
                                                      "ChangeConfiguration",
                                                      "ClearCache",
                                                      "ClearChargingProfile",
                                                      "GetCompositeSchedule",
                                                      "GetConfiguration",
                                                      "GetDiagnostics",
                                                      "GetLocalListVersion",
                                                      "RemoteStartTransaction",
                                                      "RemoteStopTransaction",
                                                      "ReserveNow",
                                                      "Reset",
                                                      "SendLocalList",
                                                      "SetChargingProfile",
                                                      "TriggerMessage",
                                                      "UnlockConnector",
                                                      "UpdateFirmware",
                                                      "CertificateSigned",
                                                      "DeleteCertificate",
                                                      "ExtendedTriggerMessage",
                                                      "GetInstalledCertificateIds",
                                                      "GetLog",
                                                      "InstallCertificate",
                                                      "SignedUpdateFirmware"};

constexpr TimePoint kClocksWereSetBy =
    std::chrono::sys_days{std::chrono::year{2015} / std::chrono::January / 1};

}  // namespace

const Action* find_action(std::string_view name) {
    for (const auto& actions : {core_actions(), security_actions()})
        for (const auto& action : actions)
            if (action.name == name) return &action;
    return nullptr;
}

bool is_ours_to_ask(std::string_view name) {
    return std::find(kOursToAsk.begin(), kOursToAsk.end(), name) != kOursToAsk.end();
}

TimePoint plausible_time(const boost::json::object& payload, std::string_view name, TimePoint now) {
    const auto time = parse_time(text_at(payload, name), Zone::kAssumeUtc);
    if (!time || *time < kClocksWereSetBy || *time > now + std::chrono::hours{24}) return now;
    return *time;
}

std::optional<TimePoint> stamp_in(const boost::json::object& payload, std::string_view name) {
    const auto time = parse_time(text_at(payload, name), Zone::kAssumeUtc);
    return time ? std::optional(*time) : std::nullopt;
}

}  // namespace busbar::ocpp
