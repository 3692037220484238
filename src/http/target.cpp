#include "http/target.hpp"

#include <algorithm>

#include "base/utf8.hpp"

namespace busbar::http {
namespace {

constexpr std::size_t kMostParts = 32;

Error malformed(std::string message) {
    return {Errc::kMalformed, std::move(message)};
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

Status check_readable(std::string_view text) {
    while (!text.empty()) {
        const auto character = take_character(text);
        if (!character) return malformed("the URL is not UTF-8");
        if (*character < 0x20 || *character == 0x7f)
            return malformed("the URL holds a control character");
    }
    return Done{};
}

enum class Plus { kIsPlus, kIsSpace };

Result<std::string> decode(std::string_view text, Plus plus) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus == Plus::kIsSpace) {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0) return malformed("the URL is wrongly percent-encoded");
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    BUSBAR_TRY(readable, check_readable(out));
    (void)readable;
    return out;
}

std::string_view take_until(std::string_view& text, char mark) {
    const auto end = text.find(mark);
    const auto taken = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return taken;
}

Status read_query(std::string_view text, Target& target) {
    while (!text.empty()) {
        auto value = take_until(text, '&');
        if (value.empty()) continue;
        if (target.query.size() >= kMostParts)
            return Error{Errc::kTooLarge, "the query has more than 32 names"};
        BUSBAR_TRY(name, decode(take_until(value, '='), Plus::kIsSpace));
        BUSBAR_TRY(decoded, decode(value, Plus::kIsSpace));
        if (target.query_value(name)) return malformed("the query has '" + name + "' twice");
        target.query.emplace_back(std::move(name), std::move(decoded));
    }
    return Done{};
}

}  // namespace

std::optional<std::string_view> Target::query_value(std::string_view name) const {
    const auto found = std::ranges::find(query, name, &std::pair<std::string, std::string>::first);
    if (found == query.end()) return {};
    return found->second;
}

Result<Target> parse_target(std::string_view text) {
    if (text.empty() || text.front() != '/' || text.find('#') != std::string_view::npos)
        return malformed("the request's target must be a path that begins with /");
    Target target;
    auto path = take_until(text, '?');
    target.path = path;
    path.remove_prefix(1);
    for (bool more = true; more;) {
        more = path.find('/') != std::string_view::npos;
        if (target.segments.size() >= kMostParts)
            return Error{Errc::kTooLarge, "the path has more than 32 parts"};
        BUSBAR_TRY(segment, decode(take_until(path, '/'), Plus::kIsPlus));
        target.segments.push_back(std::move(segment));
    }
    BUSBAR_TRY(read, read_query(text, target));
    (void)read;
    return target;
}

}  // namespace busbar::http
