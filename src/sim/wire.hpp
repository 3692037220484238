// OCPP 1.6J on the charger's side of the wire: frames, and the smart charging payloads.
//
// Strict on purpose, and written apart from the server's own code: what it refuses, a real
// charger may refuse too. Pure.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.hpp"
#include "sim/charger.hpp"

namespace busbar::sim {

namespace json = boost::json;

struct Call {
    std::string id;
    std::string action;
    json::object payload;
};
struct CallAnswer {
    std::string id;
    json::object payload;
};
struct CallRefusal {
    std::string id;
    std::string code;
    std::string description;
};
using Frame = std::variant<Call, CallAnswer, CallRefusal>;

// Fails with kMalformed on anything that is not one of the three; kTooLarge over kMaxFrameBytes
// or deeper than 32 levels.
inline constexpr std::size_t kMaxFrameBytes = 256 * 1024;
Result<Frame> read_frame(std::string_view text);

std::string write_call(std::string_view id, std::string_view action, json::object payload);
std::string write_answer(std::string_view id, json::object payload);
std::string write_refusal(std::string_view id, std::string_view code, std::string_view why);

// A SetChargingProfile request. Fails with kInvalid, naming the field: one that is missing, not
// known to OCPP 1.6, of a wrong type or out of range; a limit that is no multiple of 0.1. Fails
// with kUnsupported for a schedule in watts: these chargers announce amperes only.
struct SetProfileRequest {
    int connector = 0;
    Profile profile;
};
Result<SetProfileRequest> read_set_profile(const json::object& payload);
// A chargingProfile on its own, as in RemoteStartTransaction. Fails alike.
Result<Profile> read_profile(const json::object& profile);

Result<ClearFilter> read_clear_profile(const json::object& payload);

// A GetCompositeSchedule confirmation.
json::object write_composite(int connector, TimePoint now, std::chrono::seconds duration,
                             const std::vector<SchedulePeriod>& periods);

// Fields of a payload, each with the reason where it is not as it should be.
Result<std::int64_t> whole_number(const json::object& from, std::string_view field);
Result<std::string> short_text(const json::object& from, std::string_view field,
                               std::size_t longest);

}  // namespace busbar::sim
