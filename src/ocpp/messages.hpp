// Every message of every OCPP version we speak, and what its payloads must look like.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "ocpp/schema.hpp"

namespace busbar::ocpp {

// 1.6 with its security extension.
enum class Version : std::uint8_t { k16, k201, k21 };

// "ocpp1.6", "ocpp2.0.1", "ocpp2.1": as WebSocket's handshake names it.
std::string_view subprotocol(Version version);

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
