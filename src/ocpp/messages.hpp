// Every message of every OCPP version we speak, and what its payloads must look like.
#pragma once

#include <span>
#include <string_view>

#include "ocpp/schema.hpp"
#include "ocpp/version.hpp"

namespace busbar::ocpp {

struct Message {
    std::string_view action;
    Fields request;
    Fields response;  // Empty for NotifyPeriodicEventStream of 2.1, which is never answered.
};

// Sorted by action.
std::span<const Message> messages(Version version);

// Null for an action that is in no document of this version. Whoever may ask it: charger or we.
const Message* find_message(Version version, std::string_view action);

}  // namespace busbar::ocpp
