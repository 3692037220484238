// Text that comes from outside: whether it is UTF-8 (RFC 3629: no overlong forms, no surrogates,
// nothing above U+10FFFF).
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace busbar {

// Takes one character off the front of `text`; nothing, and `text` as it was, where that is not
// UTF-8. Requires: not empty.
std::optional<char32_t> take_character(std::string_view& text);

bool is_utf8(std::string_view text);

// Characters, not bytes. Requires: UTF-8.
std::size_t characters_in(std::string_view text);

}  // namespace busbar
