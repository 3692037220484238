// For tests: a WebSocket client that says exactly the bytes it is told to, right or wrong.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace busbar::ocpp {

// Blocking. Every wait ends after 20 s, which only happens when something is broken.
class WireClient {
public:
    enum Opcode : std::uint8_t {
        kContinuation = 0,
        kText = 1,
        kBinary = 2,
        kClose = 8,
        kPing = 9,
        kPong = 10
    };
    struct WireFrame {
        std::uint8_t opcode;
        std::string payload;
    };

    explicit WireClient(std::uint16_t port, int receive_buffer = 0)
        : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const timeval patience{20, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        const int at_once = 1;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
        if (receive_buffer > 0)
            ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        // A failure shows at once: nothing can be written or heard.
        (void)::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    ~WireClient() { hang_up(); }
    WireClient(WireClient&& other) noexcept
        : socket_(std::exchange(other.socket_, -1)), buffer_(std::move(other.buffer_)) {}
    WireClient& operator=(WireClient&&) = delete;

    void hang_up() {
        if (socket_ >= 0) ::close(std::exchange(socket_, -1));
    }

    bool write(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    // Sends an upgrade request and returns the head of the answer, status line first.
    static constexpr std::string_view kOcpp16 = "Sec-WebSocket-Protocol: ocpp1.6\r\n";
    std::string upgrade(std::string_view target, std::string_view headers = kOcpp16,
                        std::string_view version = "13") {
        write("GET " + std::string(target) +
              " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: " +
              std::string(version) + "\r\n" + std::string(headers) + "\r\n");
        return head();
    }
    std::string head() {
        std::size_t end = 0;
        while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
            if (!fill()) return {};
        auto found = buffer_.substr(0, end + 2);
        buffer_.erase(0, end + 4);
        return found;
    }

    // All that follows, where the other side closes.
    std::string rest() {
        while (fill()) {
        }
        return std::exchange(buffer_, {});
    }

    static std::string wire_frame(std::uint8_t opcode, std::string_view payload, bool fin = true,
                                  bool masked = true) {
        std::string out;
        out += static_cast<char>((fin ? 0x80 : 0) | opcode);
        const char mask_bit = static_cast<char>(masked ? 0x80 : 0);
        if (payload.size() < 126) {
            out += static_cast<char>(mask_bit | static_cast<char>(payload.size()));
        } else if (payload.size() < 65'536) {
            out += static_cast<char>(mask_bit | 126);
            out += static_cast<char>(payload.size() >> 8);
            out += static_cast<char>(payload.size());
        } else {
            out += static_cast<char>(mask_bit | 127);
            for (int shift = 56; shift >= 0; shift -= 8)
                out += static_cast<char>(payload.size() >> shift);
        }
        constexpr std::string_view kMask = "\x11\x22\x33\x44";
        if (masked) out += kMask;
        for (std::size_t i = 0; i < payload.size(); ++i)
            out += masked ? static_cast<char>(payload[i] ^ kMask[i % 4]) : payload[i];
        return out;
    }
    bool say(std::string_view text) { return write(wire_frame(kText, text)); }

    // The next frame; empty when the connection is gone.
    std::optional<WireFrame> next() {
        while (buffer_.size() < 2)
            if (!fill()) return {};
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(buffer_[i]); };
        std::size_t size = byte(1) & 0x7F, header = 2;
        const std::size_t length_bytes = size == 126 ? 2 : size == 127 ? 8 : 0;
        while (buffer_.size() < header + length_bytes)
            if (!fill()) return {};
        if (length_bytes > 0) size = 0;
        for (std::size_t i = 0; i < length_bytes; ++i) size = size << 8 | byte(header + i);
        header += length_bytes;
        while (buffer_.size() < header + size)
            if (!fill()) return {};
        WireFrame found{static_cast<std::uint8_t>(byte(0) & 0x0F), buffer_.substr(header, size)};
        buffer_.erase(0, header + size);
        return found;
    }

    // The next text, pings answered on the way; "" when the connection ends first.
    std::string hear() {
        while (auto found = next()) {
            if (found->opcode == kText) return found->payload;
            if (found->opcode == kPing) write(wire_frame(kPong, found->payload));
            if (found->opcode == kClose) return {};
        }
        return {};
    }
    std::string ask(std::string_view text) {
        say(text);
        return hear();
    }

    // Reads on until the other side closes. Its close code; 0 if it hung up without one.
    int close_code() {
        while (auto found = next())
            if (found->opcode == kClose && found->payload.size() >= 2)
                return static_cast<unsigned char>(found->payload[0]) << 8 |
                       static_cast<unsigned char>(found->payload[1]);
        return 0;
    }
    // Whether nothing but the end follows.
    bool ended() {
        while (next()) {
        }
        return gone_;
    }

private:
    bool fill() {
        char bytes[4'096];
        const auto got = ::recv(socket_, bytes, sizeof bytes, 0);
        if (got <= 0) {
            gone_ = got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
            return false;
        }
        buffer_.append(bytes, static_cast<std::size_t>(got));
        return true;
    }

    int socket_;
    bool gone_ = false;
    std::string buffer_;
};

}  // namespace busbar::ocpp
