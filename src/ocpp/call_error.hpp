// The error codes of OCPP-J, and which one an Error of ours becomes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "ocpp/version.hpp"

namespace busbar::ocpp {

enum class ErrorCode : std::uint8_t {
    kNotImplemented,                // We do not know this action.
    kNotSupported,                  // We know it, and do not do it.
    kInternalError,                 // Our fault; the charger tries again.
    kProtocolError,                 // The payload is incomplete.
    kSecurityError,                 // Not for this charger.
    kFormationViolation,            // Not shaped as the action asks.
    kPropertyConstraintViolation,   // A value outside what the field allows.
    kOccurenceConstraintViolation,  // A field that must be there is not. (OCPP 1.6's spelling.)
    kTypeConstraintViolation,       // A value of the wrong type.
    kGenericError,
};

// As OCPP 1.6 spells it.
std::string_view to_string(ErrorCode code);
// As this version does.
std::string_view spelled(ErrorCode code, Version version);

// Takes the spelling of any OCPP version. Empty for a code that is in none.
std::optional<ErrorCode> parse_error_code(std::string_view text);

struct CallError {
    ErrorCode code = ErrorCode::kGenericError;
    std::string description = {};  // For people.

    bool operator==(const CallError&) const = default;
};

// What a charger is told when we could not do our part.
CallError call_error(const Error& error);

}  // namespace busbar::ocpp
