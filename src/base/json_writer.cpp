#include "base/json_writer.hpp"

#include <cstdio>

#include "base/utf8.hpp"

namespace busbar {
void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const auto before = text;
        const auto character = take_character(text);
        if (!character) {
            out += "\xEF\xBF\xBD";  // U+FFFD, the replacement character.
            text.remove_prefix(1);
        } else if (*character == '"' || *character == '\\') {
            out += '\\';
            out += before.front();
        } else if (*character < 0x20 || *character == 0x7f) {
            char escaped[8];
            std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(*character));
            out += escaped;
        } else {
            out += before.substr(0, before.size() - text.size());
        }
    }
    out += '"';
}

}  // namespace busbar
