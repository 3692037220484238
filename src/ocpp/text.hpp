// Text that comes from outside: whether it is UTF-8, how many characters, and how JSON writes it.
#pragma once

#include <string>
#include <string_view>

namespace busbar::ocpp {

// Strict: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

// Characters, not bytes. Requires: UTF-8.
std::size_t characters_in(std::string_view text);

// At most the first `most` characters. Requires: UTF-8.
std::string_view first_characters(std::string_view text, std::size_t most);

// As a JSON string. In a text that is not UTF-8 every byte beyond ASCII becomes a '?'.
std::string quoted(std::string_view text);

}  // namespace busbar::ocpp
