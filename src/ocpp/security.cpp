#include <array>

#include "ocpp/action.hpp"
#include "ocpp/schema.hpp"

// The security extension of OCPP 1.6. A charger that has it sends these unasked, and repeats them
// until somebody answers.
namespace busbar::ocpp {
namespace {

namespace json = boost::json;

constexpr std::array kEventFields{text("type", 50), time("timestamp"),
                                  optional(text("techInfo", 255))};
constexpr std::array<std::string_view, 7> kLogWords{
    "BadMessage",    "Idle",     "NotSupportedOperation", "PermissionDenied", "Uploaded",
    "UploadFailure", "Uploading"};
constexpr std::array kLogFields{word("status", kLogWords), optional(integer("requestId"))};
constexpr std::array kSignFields{text("csr", 5'500)};
constexpr std::array<std::string_view, 14> kSignedFirmwareWords{
    "Downloaded",         "DownloadFailed",   "Downloading",
    "DownloadScheduled",  "DownloadPaused",   "Idle",
    "InstallationFailed", "Installing",       "Installed",
    "InstallRebooting",   "InstallScheduled", "InstallVerificationFailed",
    "InvalidSignature",   "SignatureVerified"};
constexpr std::array kSignedFirmwareFields{word("status", kSignedFirmwareWords),
                                           optional(integer("requestId"))};

std::optional<Answer> take_note_of(const json::object&, const Asked&) {
    return "{}";
}

// We sign no certificates.
std::optional<Answer> take_sign(const json::object&, const Asked&) {
    return R"({"status":"Rejected"})";
}

constexpr std::array<Action, 4> kSecurity{{
    {"SecurityEventNotification", kEventFields, take_note_of},
    {"LogStatusNotification", kLogFields, take_note_of},
    {"SignCertificate", kSignFields, take_sign},
    {"SignedFirmwareStatusNotification", kSignedFirmwareFields, take_note_of},
}};

}  // namespace

std::span<const Action> security_actions() {
    return kSecurity;
}

}  // namespace busbar::ocpp
