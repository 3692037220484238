#include <array>

#include "ocpp/action.hpp"

// The security extension of OCPP 1.6. A charger that has it sends these unasked, and repeats them
// until somebody answers.
namespace busbar::ocpp {
namespace {

namespace json = boost::json;

std::optional<Answer> take_note_of(const json::object&, const Asked&) {
    return "{}";
}

// We sign no certificates.
std::optional<Answer> take_sign(const json::object&, const Asked&) {
    return R"({"status":"Rejected"})";
}

constexpr std::array<Action, 4> kSecurity{{
    {"SecurityEventNotification", take_note_of},
    {"LogStatusNotification", take_note_of},
    {"SignCertificate", take_sign},
    {"SignedFirmwareStatusNotification", take_note_of},
}};

}  // namespace

std::span<const Action> security_actions() {
    return kSecurity;
}

}  // namespace busbar::ocpp
