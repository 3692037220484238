// What we ask of chargers, in OCPP 1.6's words, and what their answers mean.
//
// Pure. Numbers are written as plain decimals: Boost.JSON would write 16.0 as 1.6E1, which some
// chargers do not read.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "domain/charging.hpp"
#include "ocpp/call_error.hpp"

namespace busbar::ocpp {

struct Question {
    std::string_view action;
    std::string payload;  // JSON.
};

// Requires: connectors in 0..99; for SetLimit a limit >= 0, floored to 0.1 A, and a transaction
// with kTransaction.
Question question_for(const Command& command);

// What is wrong with a question of ours, by the documents of this version; empty if nothing is.
std::optional<CallError> defect_of(const Question& question, Version version);

// What the charger's answer to `command` means. An answer that does not follow OCPP is
// kUnanswered: it may have done what was asked.
// `text` is the payload as it came.
CallResult meaning_of(const Command& command, const boost::json::object& payload,
                      std::string_view text);

// What a CALLERROR means: kNotSupported for what the charger does not know, else kRejected.
CallResult meaning_of_error(std::string_view code, std::string_view description);

// The ids of the profiles we install: one for each purpose and connector, always the same, so
// that each new one replaces the last and the charger never has more than these.
int profile_id(ProfilePurpose purpose, int connector);

// Of each functional block (smart_charging.cpp, configuration.cpp, remote.cpp).
Question ask(const SetLimit& command);
Question ask(const ClearLimit& command);
Question ask(const GetCompositeLimit& command);
Question ask(const GetConfiguration& command);
Question ask(const ChangeConfiguration& command);
Question ask(const TriggerMessage& command);
Question ask(const RemoteStop& command);
Question ask(const ChangeAvailability& command);
Question ask(const Reset& command);
CallResult understand(const SetLimit&, const boost::json::object& payload, std::string_view text);
CallResult understand(const ClearLimit&, const boost::json::object& payload, std::string_view text);
CallResult understand(const GetCompositeLimit&, const boost::json::object& payload,
                      std::string_view text);
CallResult understand(const GetConfiguration&, const boost::json::object& payload,
                      std::string_view text);
CallResult understand(const ChangeConfiguration&, const boost::json::object& payload,
                      std::string_view text);
CallResult understand(const TriggerMessage&, const boost::json::object& payload,
                      std::string_view text);
CallResult understand(const RemoteStop&, const boost::json::object& payload, std::string_view text);
CallResult understand(const ChangeAvailability&, const boost::json::object& payload,
                      std::string_view text);
CallResult understand(const Reset&, const boost::json::object& payload, std::string_view text);

// The outcome for each status word a charger may answer with; any other is kUnanswered.
struct StatusWord {
    std::string_view word;
    CallOutcome outcome;
};
CallResult by_status(const boost::json::object& payload, std::initializer_list<StatusWord> words);

}  // namespace busbar::ocpp
