// The versions of OCPP that we speak.
#pragma once

#include <cstdint>
#include <string_view>

namespace busbar::ocpp {

// 1.6 with its security extension.
enum class Version : std::uint8_t { k16, k201, k21 };

// "ocpp1.6", "ocpp2.0.1", "ocpp2.1": as WebSocket's handshake names it.
std::string_view subprotocol(Version version);

}  // namespace busbar::ocpp
