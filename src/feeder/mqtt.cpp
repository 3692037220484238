#include "feeder/mqtt.hpp"

#include "base/utf8.hpp"

namespace busbar::feeder::mqtt {
namespace {

constexpr std::uint8_t kConnect = 1, kConnack = 2, kPublish = 3, kSubscribe = 8, kSuback = 9,
                       kPing = 12, kPong = 13, kDisconnect = 14;

Error malformed() {
    return {Errc::kMalformed, "what answers does not speak MQTT 3.1.1"};
}

void append_short(std::string& out, std::size_t number) {
    out += static_cast<char>(number >> 8U);
    out += static_cast<char>(number & 0xffU);
}

void append_text(std::string& out, std::string_view text) {
    BUSBAR_CHECK(text.size() <= kMostText);
    append_short(out, text.size());
    out += text;
}

std::string packet(std::uint8_t type, std::uint8_t flags, std::string_view rest) {
    std::string out(1, static_cast<char>(type << 4U | flags));
    auto length = rest.size();
    do {
        const auto more = length > 127 ? 128U : 0U;
        out += static_cast<char>((length & 127U) | more);
        length >>= 7U;
    } while (length > 0);
    out += rest;
    return out;
}

std::uint8_t octet(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint8_t>(bytes[at]);
}

std::size_t short_at(std::string_view bytes, std::size_t at) {
    return std::size_t{octet(bytes, at)} << 8U | octet(bytes, at + 1);
}

// Type, flags and length, as they stand before each packet.
struct Head {
    std::uint8_t type = 0;
    std::uint8_t flags = 0;
    std::size_t bytes = 0;  // Of the head itself.
    std::size_t rest = 0;
};

Result<std::optional<Head>> read_head(std::string_view received) {
    if (received.empty()) return std::optional<Head>{};
    Head head{static_cast<std::uint8_t>(octet(received, 0) >> 4U),
              static_cast<std::uint8_t>(octet(received, 0) & 15U)};
    // At the first byte: the length of what is not MQTT may never be reached.
    const bool known = head.type == kConnack || head.type == kSuback || head.type == kPong;
    if (head.type != kPublish && (!known || head.flags != 0)) return malformed();
    for (std::size_t i = 1; i <= 4; ++i) {
        if (i >= received.size()) return std::optional<Head>{};
        head.rest |= (octet(received, i) & 127U) << (7 * (i - 1));
        head.bytes = i + 1;
        if (octet(received, i) < 128) return std::optional{head};
    }
    return malformed();
}

Result<Packet> read_message(const Head& head, std::string_view rest) {
    // We subscribed at quality of service 0, so nothing may come at a higher one.
    if ((head.flags & 6U) != 0 || rest.size() < 2) return malformed();
    const auto topic = short_at(rest, 0);
    if (rest.size() < 2 + topic) return malformed();
    return Packet{Message{std::string(rest.substr(2, topic)), std::string(rest.substr(2 + topic)),
                          (head.flags & 1U) != 0}};
}

Result<Packet> read_packet(const Head& head, std::string_view rest) {
    if (head.type == kPublish) return read_message(head, rest);
    if (head.type == kConnack && rest.size() == 2) return Packet{Connected{octet(rest, 1)}};
    if (head.type == kPong && rest.empty()) return Packet{Pong{}};
    if (head.type == kSuback && rest.size() > 2) {
        Subscribed subscribed{static_cast<std::uint16_t>(short_at(rest, 0))};
        for (std::size_t at = 2; at < rest.size(); ++at)
            subscribed.codes.push_back(octet(rest, at));
        return Packet{std::move(subscribed)};
    }
    return malformed();
}

}  // namespace

std::string connect_bytes(const Login& login) {
    std::string rest;
    append_text(rest, "MQTT");
    rest += '\x04';  // Version 3.1.1.
    const unsigned user = login.username ? 0x80U : 0U;
    const unsigned password = login.username && login.password ? 0x40U : 0U;
    rest += static_cast<char>(user | password | 0x02U);  // A clean session.
    append_short(rest, login.keep_alive_s);
    append_text(rest, login.client);
    if (user != 0) append_text(rest, *login.username);
    if (password != 0) append_text(rest, *login.password);
    return packet(kConnect, 0, rest);
}

std::string subscribe_bytes(std::uint16_t id, std::span<const std::string> topics) {
    std::string rest;
    append_short(rest, id);
    for (const auto& topic : topics) {
        append_text(rest, topic);
        rest += '\0';  // Quality of service 0: a reading that was lost is followed by a newer one.
    }
    return packet(kSubscribe, 2, rest);
}

std::string ping_bytes() {
    return packet(kPing, 0, {});
}

std::string disconnect_bytes() {
    return packet(kDisconnect, 0, {});
}

Result<std::optional<Packet>> take_packet(std::string& received) {
    BUSBAR_TRY(head, read_head(received));
    if (!head) return std::optional<Packet>{};
    if (head->rest > kMostPacket)
        return Error{Errc::kTooLarge, "the broker sends a message of " +
                                          std::to_string(head->rest) + " bytes; at most " +
                                          std::to_string(kMostPacket) + " are taken"};
    if (received.size() < head->bytes + head->rest) return std::optional<Packet>{};
    const std::string_view all(received);
    BUSBAR_TRY(taken, read_packet(*head, all.substr(head->bytes, head->rest)));
    received.erase(0, head->bytes + head->rest);
    return std::optional{std::move(taken)};
}

std::string_view refusal(std::uint8_t code) {
    switch (code) {
        case 1:
            return "it does not speak MQTT 3.1.1";
        case 2:
            return "it does not take our client identifier";
        case 3:
            return "it is not available";
        case 4:
            return "the user name or password is wrong";
        case 5:
            return "we are not authorized";
        default:
            return "it does not say why";
    }
}

bool is_topic(std::string_view text) {
    constexpr std::string_view kForbidden("+#\0", 3);
    return !text.empty() && text.size() <= kMostText && is_utf8(text) &&
           text.find_first_of(kForbidden) == std::string_view::npos;
}

}  // namespace busbar::feeder::mqtt
