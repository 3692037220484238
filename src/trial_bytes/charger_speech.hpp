// What a trial's charger says and hears, in OCPP 1.6J: the charger's half of the language, written
// apart from the server's.
//
// Pure.
#pragma once

#include <optional>
#include <string_view>

#include "sim/wire.hpp"
#include "trial/wire.hpp"

namespace busbar::trial {

struct Spoken {
    std::string_view action;
    sim::json::object payload;
};
Spoken in_words(const Said& said);

// What the server's answer to `action` means. Fails with kMalformed if it is none.
Result<Answer> answer_in(std::string_view action, const sim::json::object& payload);

// What the server asks. Fails with kUnsupported for what no Command is, with kInvalid, naming the
// field, for one that is not as OCPP wants it.
Result<Command> command_in(const sim::Call& call);

// The charger's answer as a frame; empty where it gives none.
std::optional<std::string> reply_to(const sim::Call& call, const CallResult& result);

}  // namespace busbar::trial
