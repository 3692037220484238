// The part of MQTT 3.1.1 (OASIS standard, 2014) that listening takes: connect, subscribe at quality
// of service 0, receive, ping.
//
// Pure: bytes in, bytes out. Ours and not libmosquitto's, because that one looks names up without a
// deadline, and takes in whatever length a message announces, up to 256 MB. The tests hold this
// against the mosquitto broker, and libmosquitto as the publisher.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace busbar::feeder::mqtt {

// Of a packet from the broker, its head not counted. More: close the connection.
inline constexpr std::size_t kMostPacket = 131'072;
inline constexpr std::size_t kMostText = 65'535;  // Of a topic, a name, a password.

struct Login {
    std::string client;  // Distinct at the broker, which else closes the older connection.
    std::uint16_t keep_alive_s = 15;
    std::optional<std::string> username = {};
    std::optional<std::string> password = {};  // Only with a user name.
};

// Requires: no text above kMostText.
std::string connect_bytes(const Login& login);
std::string subscribe_bytes(std::uint16_t id, std::span<const std::string> topics);
std::string ping_bytes();
std::string disconnect_bytes();

struct Connected {
    std::uint8_t code = 0;  // 0: welcome.
};
struct Subscribed {
    std::uint16_t id = 0;
    std::vector<std::uint8_t> codes = {};  // One a topic; 0x80: refused.
};
struct Message {
    std::string topic = {};
    std::string payload = {};
    // The broker had kept it from before we came: of unknown age.
    bool retained = false;
};
struct Pong {};
using Packet = std::variant<Connected, Subscribed, Message, Pong>;

// Takes the first whole packet off the front of `received`; nothing, and `received` as it was,
// while part of it is missing. Fails with kMalformed or kTooLarge: close the connection.
Result<std::optional<Packet>> take_packet(std::string& received);

// Why a broker did not welcome us, for people.
std::string_view refusal(std::uint8_t code);

// Whether one can subscribe to it and mean one topic: not empty, UTF-8, no wildcard, no NUL.
bool is_topic(std::string_view text);

}  // namespace busbar::feeder::mqtt
