// What went over a connection, as one number: two runs that said the same at the same times have
// the same digest.
//
// Pure. Of the bytes it leaves out only those that RFC 6455 wants to be random and that mean
// nothing: the handshake's key with its answer, and the masks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace busbar::sim {

// Order matters: the same parts in another order give another number.
class Digest {
public:
    void add(std::string_view bytes) {
        for (const char c : bytes) add_byte(static_cast<unsigned char>(c));
    }
    void add(std::uint64_t number) {
        for (int shift = 0; shift < 64; shift += 8)
            add_byte(static_cast<unsigned char>(number >> shift));
    }
    std::uint64_t value() const { return value_; }

private:
    void add_byte(unsigned char byte) { value_ = (value_ ^ byte) * 0x100000001b3U; }

    std::uint64_t value_ = 0xcbf29ce484222325U;  // FNV-1a.
};

// One direction of one WebSocket connection, from its first byte on, in pieces of any size.
class WireDigest {
public:
    void read(std::string_view bytes, Digest& into);

private:
    void read_head(std::string_view& bytes, Digest& into);
    void read_frame_header(std::string_view& bytes, Digest& into);
    void read_payload(std::string_view& bytes, Digest& into);

    bool open_ = false;  // The head of the handshake is over.
    std::string part_;   // Of a head or a frame's header that has not come in whole.
    std::string mask_;   // Empty: the frame has none.
    std::uint64_t payload_left_ = 0;
    std::size_t payload_at_ = 0;
};

}  // namespace busbar::sim
