#include "ocpp/call_error.hpp"

#include <array>
#include <utility>

namespace busbar::ocpp {
namespace {

using enum ErrorCode;

// The first spelling of each code is the one of 1.6.
constexpr std::array<std::pair<std::string_view, ErrorCode>, 15> kSpellings{{
    {"NotImplemented", kNotImplemented},
    {"NotSupported", kNotSupported},
    {"InternalError", kInternalError},
    {"ProtocolError", kProtocolError},
    {"SecurityError", kSecurityError},
    {"FormationViolation", kFormationViolation},
    {"PropertyConstraintViolation", kPropertyConstraintViolation},
    {"OccurenceConstraintViolation", kOccurenceConstraintViolation},
    {"TypeConstraintViolation", kTypeConstraintViolation},
    {"GenericError", kGenericError},
    {"FormatViolation", kFormationViolation},
    {"OccurrenceConstraintViolation", kOccurenceConstraintViolation},
    {"RpcFrameworkError", kFormationViolation},
    {"MessageTypeNotSupported", kNotSupported},
    {"Not Implemented", kNotImplemented},
}};

ErrorCode code_for(Errc code) {
    switch (code) {
        case Errc::kMalformed:
            return kFormationViolation;
        case Errc::kInvalid:
        case Errc::kNotFound:
        case Errc::kTooLarge:
            return kPropertyConstraintViolation;
        case Errc::kForbidden:
            return kSecurityError;
        case Errc::kConflict:
            return kGenericError;
        case Errc::kUnsupported:
            return kNotSupported;
        case Errc::kBusy:
        case Errc::kUnavailable:
        case Errc::kTimeout:
            return kInternalError;
    }
    __builtin_unreachable();
}

}  // namespace

std::string_view to_string(ErrorCode code) {
    for (const auto& [text, meaning] : kSpellings)
        if (meaning == code) return text;
    __builtin_unreachable();
}

std::string_view spelled(ErrorCode code, Version version) {
    if (version == Version::k16) return to_string(code);
    if (code == kFormationViolation) return "FormatViolation";
    if (code == kOccurenceConstraintViolation) return "OccurrenceConstraintViolation";
    return to_string(code);
}

std::optional<ErrorCode> parse_error_code(std::string_view text) {
    for (const auto& [spelling, code] : kSpellings)
        if (spelling == text) return code;
    return {};
}

CallError call_error(const Error& error) {
    return {code_for(error.code), error.message};
}

}  // namespace busbar::ocpp
