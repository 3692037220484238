// How one version of OCPP is spoken, behind one vocabulary: nobody above a Conversation knows
// which.
//
// Pure.
#pragma once

#include <string_view>

#include "ocpp/action.hpp"
#include "ocpp/call_error.hpp"
#include "ocpp/command.hpp"
#include "ocpp/messages.hpp"

namespace busbar::ocpp {

struct Dialect {
    Version version;
    // What a charger may ask; null for what it may not.
    const Action* (*find_action)(std::string_view name);
    // As question_for() and meaning_of() of command.hpp.
    Question (*question_for)(const Command& command);
    CallResult (*meaning_of)(const Command& command, const boost::json::object& payload,
                             std::string_view text);
    // Whether what is no OCPP is answered (2.x: RpcFrameworkError, to the id "-1").
    bool answers_malformed;
    // Whether there are messages that have no answer (2.1: SEND).
    bool has_sends;
};

const Dialect& dialect_of(Version version);

}  // namespace busbar::ocpp
