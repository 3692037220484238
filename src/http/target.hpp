// What a request asks for: the path in decoded pieces, and the query.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace busbar::http {

struct Target {
    std::string path;                   // As sent, without the query.
    std::vector<std::string> segments;  // Between the slashes, decoded: %2F in one stays in it.
    std::vector<std::pair<std::string, std::string>> query = {};  // Decoded, in order.

    std::optional<std::string_view> query_value(std::string_view name) const;
};

// Pure. Reads an origin-form target ("/a/b?c=d"). Decodes once. Fails with kMalformed if it is of
// another form, wrongly encoded, not UTF-8, holds a control character, or gives a name in the
// query twice; kTooLarge above 32 segments or query names.
Result<Target> parse_target(std::string_view text);

}  // namespace busbar::http
