#include "http/framing.hpp"

#include <algorithm>

namespace busbar::http {
namespace {

Error bad_head(std::string message) {
    return {Errc::kMalformed, std::move(message)};
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_word(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// What matters of the header lines.
struct Counts {
    int hosts = 0;
    int lengths = 0;
    int codings = 0;
    bool chunked = true;  // Every transfer coding is exactly "chunked".
    bool empty_host = false;
};

Status count_line(std::string_view line, Counts& counts) {
    if (line.front() == ' ' || line.front() == '\t')
        return bad_head("a header line must not go on in the next line");
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return bad_head("a header line has no colon");
    const auto name = line.substr(0, colon);
    const auto value = trimmed(line.substr(colon + 1));
    if (same_word(name, "host")) {
        ++counts.hosts;
        counts.empty_host = value.empty();
    } else if (same_word(name, "content-length")) {
        ++counts.lengths;
    } else if (same_word(name, "transfer-encoding")) {
        ++counts.codings;
        counts.chunked = counts.chunked && same_word(value, "chunked");
    }
    return Done{};
}

// The name or address of a Host header, without its port. Empty if it is not one.
std::string_view name_in(std::string_view host) {
    if (host.starts_with('[')) {
        const auto end = host.find(']');
        return end == std::string_view::npos ? std::string_view() : host.substr(0, end + 1);
    }
    return host.substr(0, host.find(':'));
}

bool is_dotted_loopback(std::string_view name) {
    if (!name.starts_with("127.")) return false;
    int dots = 0;
    for (const char c : name) {
        if (c == '.')
            ++dots;
        else if (c < '0' || c > '9')
            return false;
    }
    return dots == 3;
}

bool is_loopback(std::string_view name) {
    return same_word(name, "localhost") || name == "[::1]" || is_dotted_loopback(name);
}

}  // namespace

Status check_head(std::string_view head) {
    Counts counts;
    const auto first = head.find("\r\n");
    if (first == std::string_view::npos) return bad_head("the request has no header");
    head.remove_prefix(first + 2);
    for (;;) {
        const auto end = head.find("\r\n");
        if (end == std::string_view::npos) return bad_head("the header has no end");
        if (end == 0) break;
        BUSBAR_TRY(counted, count_line(head.substr(0, end), counts));
        (void)counted;
        head.remove_prefix(end + 2);
    }
    if (counts.hosts != 1 || counts.empty_host)
        return bad_head("a request needs one Host header, and one only");
    if (counts.lengths > 1) return bad_head("Content-Length is given twice");
    if (counts.codings > 1 || !counts.chunked)
        return bad_head("the only Transfer-Encoding spoken here is one \"chunked\"");
    if (counts.lengths + counts.codings > 1)
        return bad_head("Content-Length and Transfer-Encoding exclude each other");
    return Done{};
}

Status check_origin(std::string_view host, const std::vector<std::string_view>& origins,
                    const std::vector<std::string>& own_hosts) {
    const auto name = name_in(host);
    const bool ours = is_loopback(name) || std::ranges::any_of(own_hosts, [&](const auto& own) {
                          return own == kAnyHost || (!own.empty() && same_word(own, name));
                      });
    if (!ours)
        return Error{Errc::kForbidden,
                     "requests are answered under this machine's own name only, such as "
                     "localhost: the Host header names another"};
    if (origins.size() > 1) return Error{Errc::kForbidden, "more than one Origin header"};
    for (auto origin : origins) {
        const auto scheme = origin.find("://");
        if (scheme == std::string_view::npos || !same_word(origin.substr(scheme + 3), host))
            return Error{Errc::kForbidden, "pages of other sites may not ask (Origin)"};
    }
    return Done{};
}

}  // namespace busbar::http
