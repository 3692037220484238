#include "ocpp/endpoint.hpp"

#include <algorithm>
#include <array>

#include "base/utf8.hpp"

namespace busbar::ocpp {
namespace {

constexpr std::array<std::string_view, 3> kPrefixes{"/ocpp/", "/ws/",
                                                    "/steve/websocket/CentralSystemService/"};

// Newest first: the order in which we choose.
constexpr std::array kVersions{Version::k21, Version::k201, Version::k16};

std::string_view without_query(std::string_view target) {
    return target.substr(0, target.find_first_of("?#"));
}

// What stands in the identity's place, still encoded. Empty optional: not a path of ours.
std::optional<std::string_view> identity_part(std::string_view target) {
    auto path = without_query(target);
    if (!path.starts_with('/')) return {};
    for (const auto prefix : kPrefixes)
        if (path.starts_with(prefix)) {
            path.remove_prefix(prefix.size());
            if (path.ends_with('/')) path.remove_suffix(1);
            return path;
        }
    path.remove_prefix(1);
    if (path.ends_with('/')) path.remove_suffix(1);
    if (path.find('/') != std::string_view::npos) return {};
    return path;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (i + 2 >= text.size()) return {};
        const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0) return {};
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

}  // namespace

bool is_ocpp_path(std::string_view target) {
    return identity_part(target).has_value();
}

Result<ChargerId> identity_in(std::string_view target) {
    const auto part = identity_part(target);
    if (!part) return Error{Errc::kInvalid, "not a path for chargers"};
    if (part->empty()) return Error{Errc::kInvalid, "the identity is empty"};
    if (part->find('/') != std::string_view::npos)
        return Error{Errc::kInvalid, "the identity holds a slash"};
    auto identity = percent_decoded(*part);
    if (!identity) return Error{Errc::kInvalid, "the identity is wrongly percent-encoded"};
    if (!is_utf8(*identity) || std::any_of(identity->begin(), identity->end(), is_control))
        return Error{Errc::kInvalid, "the identity is not printable UTF-8"};
    if (characters_in(*identity) > kMaxIdentityCharacters)
        return Error{Errc::kInvalid, "the identity is longer than " +
                                         std::to_string(kMaxIdentityCharacters) + " characters"};
    return ChargerId(*std::move(identity));
}

std::optional<Version> chosen_version(const std::vector<std::string_view>& offered) {
    constexpr std::string_view kSpace = " \t";
    for (const auto ours : kVersions)
        for (auto line : offered)
            while (!line.empty()) {
                auto item = line.substr(0, line.find(','));
                line.remove_prefix(std::min(item.size() + 1, line.size()));
                item.remove_prefix(std::min(item.find_first_not_of(kSpace), item.size()));
                item = item.substr(0, item.find_last_not_of(kSpace) + 1);
                if (item == subprotocol(ours)) return ours;
            }
    return {};
}

}  // namespace busbar::ocpp
