// The frames of OCPP-J: [2,id,action,payload], [3,id,payload], [4,id,code,description,details], and
// of 2.1 [5,id,code,description,details] and [6,id,action,payload].
//
// Pure. Reads what any charger sends, within limits, and keeps the id exactly as it was written:
// an integer id is answered with the same integer.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.hpp"
#include "ocpp/call_error.hpp"
#include "ocpp/messages.hpp"

namespace busbar::ocpp {

inline constexpr std::size_t kMaxDepth = 16;     // OCPP's own payloads nest seven deep.
inline constexpr std::size_t kMaxIdBytes = 256;  // OCPP allows 36 characters; many send more.

// The other side asks.
struct CallFrame {
    std::string id;  // The raw JSON token, quotes included.
    std::string action;
    boost::json::object payload;
};

// The other side asks, in a way that can only be refused.
struct BadCallFrame {
    std::string id;
    CallError error;
};

// The other side answers.
struct ResultFrame {
    std::string id;
    std::optional<boost::json::object> payload;  // Empty if it cannot be used.
    std::string payload_text;                    // As it came.
};
struct ErrorFrame {
    std::string id;
    std::string code;  // As the charger spelled it.
    std::string description;
};

// OCPP 2.1: what has no answer. A message of its own (6), or that our answer was of no use (5).
struct SendFrame {
    std::string action;
    boost::json::object payload;
};
struct UselessResultFrame {
    std::string id;
    std::string code;
};

using Frame =
    std::variant<CallFrame, BadCallFrame, ResultFrame, ErrorFrame, SendFrame, UselessResultFrame>;

// Fails with kMalformed where not even an answer is possible: no JSON, nested deeper than
// kMaxDepth, not an array, no id, no such message type. A key that stands twice in an object and
// a number too large to be one (1e400) make a payload unusable: a CALL is then a BadCallFrame, a
// CALLRESULT has no payload.
Result<Frame> parse_frame(std::string_view text);

// Build frames. `id` and `payload` are JSON already.
std::string call_frame(std::string_view id, std::string_view action, std::string_view payload);
std::string result_frame(std::string_view id, std::string_view payload);
// The description is cut to the 255 characters that OCPP allows.
std::string error_frame(std::string_view id, const CallError& error, Version version);
// For what cannot be read, so that not even its id is known (2.x, part 4, 4.2.3).
std::string malformed_frame(std::string_view why);

}  // namespace busbar::ocpp
