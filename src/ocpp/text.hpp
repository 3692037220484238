// Text that comes from outside, counted as OCPP does: in characters.
#pragma once

#include <string_view>

namespace busbar::ocpp {

// At most the first `most` characters. Requires: UTF-8.
std::string_view first_characters(std::string_view text, std::size_t most);

// As many whole characters as fit into `most` bytes. Requires: UTF-8.
std::string_view first_bytes(std::string_view text, std::size_t most);

}  // namespace busbar::ocpp
