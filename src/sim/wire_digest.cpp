#include "sim/wire_digest.hpp"

#include <algorithm>

namespace busbar::sim {
namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";

// How long a frame's header is, as far as its first two bytes tell.
std::size_t header_size(std::string_view two) {
    const auto second = static_cast<unsigned char>(two[1]);
    const auto length = second & 0x7FU;
    return 2U + (length == 126 ? 2U : length == 127 ? 8U : 0U) + ((second & 0x80U) != 0 ? 4U : 0U);
}

bool is_random(std::string_view line) {
    return line.starts_with("Sec-WebSocket-Key:") || line.starts_with("Sec-WebSocket-Accept:");
}

}  // namespace

void WireDigest::read(std::string_view bytes, Digest& into) {
    while (!bytes.empty()) {
        if (!open_)
            read_head(bytes, into);
        else if (payload_left_ == 0)
            read_frame_header(bytes, into);
        else
            read_payload(bytes, into);
    }
}

void WireDigest::read_head(std::string_view& bytes, Digest& into) {
    part_ += bytes.front();
    bytes.remove_prefix(1);
    if (!part_.ends_with(kEndOfHead)) return;
    for (std::string_view rest = part_; !rest.empty();) {
        const auto line = rest.substr(0, rest.find("\r\n") + 2);
        if (!is_random(line)) into.add(line);
        rest.remove_prefix(line.size());
    }
    part_.clear();
    open_ = true;
}

void WireDigest::read_frame_header(std::string_view& bytes, Digest& into) {
    part_ += bytes.front();
    bytes.remove_prefix(1);
    if (part_.size() < 2 || part_.size() < header_size(part_)) return;
    const bool masked = (static_cast<unsigned char>(part_[1]) & 0x80U) != 0;
    mask_ = masked ? part_.substr(part_.size() - 4) : std::string();
    part_.resize(part_.size() - mask_.size());
    into.add(part_);
    payload_left_ = static_cast<unsigned char>(part_[1]) & 0x7FU;
    if (part_.size() > 2) payload_left_ = 0;
    for (std::size_t i = 2; i < part_.size(); ++i)
        payload_left_ = payload_left_ << 8U | static_cast<unsigned char>(part_[i]);
    payload_at_ = 0;
    part_.clear();
}

void WireDigest::read_payload(std::string_view& bytes, Digest& into) {
    auto here = std::string(bytes.substr(0, payload_left_));
    bytes.remove_prefix(here.size());
    payload_left_ -= here.size();
    if (!mask_.empty())
        for (char& c : here) c = static_cast<char>(c ^ mask_[payload_at_++ % mask_.size()]);
    into.add(here);
}

}  // namespace busbar::sim
