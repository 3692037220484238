#include "domain/charging.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace busbar {
namespace {

using enum ConnectorStatus;
constexpr std::array<std::pair<ConnectorStatus, std::string_view>, 11> kStatusNames{{
    {kUnknown, "Unknown"},
    {kAvailable, "Available"},
    {kPreparing, "Preparing"},
    {kCharging, "Charging"},
    {kSuspendedEvse, "SuspendedEVSE"},
    {kSuspendedEv, "SuspendedEV"},
    {kFinishing, "Finishing"},
    {kReserved, "Reserved"},
    {kUnavailable, "Unavailable"},
    {kFaulted, "Faulted"},
    {kOccupied, "Occupied"},
}};

}  // namespace

std::string_view to_string(ConnectorStatus status) {
    return kStatusNames[static_cast<std::size_t>(status)].second;
}

std::optional<ConnectorStatus> parse_connector_status(std::string_view text) {
    for (const auto& [status, name] : kStatusNames)
        if (name == text && status != kUnknown) return status;
    return {};
}

std::string_view to_string(ProfilePurpose purpose) {
    switch (purpose) {
        case ProfilePurpose::kDefault:
            return "default";
        case ProfilePurpose::kTransaction:
            return "transaction";
        case ProfilePurpose::kStationMax:
            return "station max";
    }
    __builtin_unreachable();
}

Duration answer_within(const Command& command, Duration call_timeout) {
    constexpr Duration kQuestion = std::chrono::seconds{5};
    const bool only_asks = std::holds_alternative<GetCompositeLimit>(command) ||
                           std::holds_alternative<GetConfiguration>(command) ||
                           std::holds_alternative<TriggerMessage>(command);
    return only_asks ? std::min(kQuestion, call_timeout) : call_timeout;
}

std::string_view to_string(CallOutcome outcome) {
    switch (outcome) {
        case CallOutcome::kAccepted:
            return "accepted";
        case CallOutcome::kRejected:
            return "rejected";
        case CallOutcome::kNotSupported:
            return "not supported";
        case CallOutcome::kNotSent:
            return "not sent";
        case CallOutcome::kUnanswered:
            return "unanswered";
    }
    __builtin_unreachable();
}

}  // namespace busbar
