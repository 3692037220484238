// OCPP 2.0.1 and 2.1, which differ little in what we use: what stations ask, one table a functional
// block, and what we ask of them.
//
// Pure. Our EVSE numbers are OCPP's evseIds.
#pragma once

#include <boost/json/object.hpp>
#include <span>
#include <string>
#include <string_view>

#include "ocpp/action.hpp"
#include "ocpp/command.hpp"
#include "ocpp/messages.hpp"

namespace busbar::ocpp::v2 {

std::span<const Action> provisioning_actions();  // v2_provisioning.cpp
std::span<const Action> transaction_actions();   // v2_transactions.cpp
// What is answered, and nothing more: v2_noted.cpp.
std::span<const Action> noted_actions();

// As of command.hpp.
Question question_for(const Command& command, Version version);
CallResult meaning_of(const Command& command, const boost::json::object& payload,
                      std::string_view text);

inline TransactionId number_of(const SetLimit& command) {
    return command.transaction.value_or(0);
}
inline TransactionId number_of(const RemoteStop& command) {
    return command.transaction;
}
// What the station calls a transaction. One that began before it spoke 2.x has only our number,
// which it does not know and will say so.
template <class C>
std::string own_name(const C& command) {
    return command.own_id.empty() ? std::to_string(number_of(command)) : command.own_id;
}

// Of each functional block (v2_smart_charging.cpp, v2_remote.cpp, v2_variables.cpp).
Question ask(const SetLimit& command, Version version);
Question ask(const ClearLimit& command, Version);
Question ask(const GetCompositeLimit& command, Version);
Question ask(const GetConfiguration& command, Version);
Question ask(const ChangeConfiguration& command, Version);
Question ask(const TriggerMessage& command, Version);
Question ask(const RemoteStop& command, Version);
Question ask(const ChangeAvailability& command, Version);
Question ask(const Reset& command, Version);
// The other answers mean what they mean in 1.6.
CallResult understand(const SetLimit&, const boost::json::object& payload, std::string_view text);
CallResult understand(const GetCompositeLimit&, const boost::json::object& payload,
                      std::string_view text);
CallResult understand(const GetConfiguration&, const boost::json::object& payload,
                      std::string_view text);
CallResult understand(const ChangeConfiguration&, const boost::json::object& payload,
                      std::string_view text);
CallResult understand(const RemoteStop&, const boost::json::object& payload, std::string_view text);
CallResult understand(const Reset&, const boost::json::object& payload, std::string_view text);

}  // namespace busbar::ocpp::v2
