// The frames of OCPP-J, which are the same in all versions, on the charger's side of the wire.
//
// Strict on purpose, and written apart from the server's own code: what it refuses, a real
// charger may refuse too. Pure.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "sim/fields.hpp"

namespace busbar::sim {

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

}  // namespace busbar::sim
