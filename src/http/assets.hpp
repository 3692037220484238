// The pages that are built into the binary: HTML, styles, scripts and icons, from web/.
//
// busbar_embed() in cmake/Embed.cmake generates the definition. Pure, any thread, no allocation.
#pragma once

#include <optional>
#include <string_view>

namespace busbar::http {

struct Asset {
    std::string_view bytes;         // Lives as long as the program.
    std::string_view content_type;  // The value of the Content-Type header.
};

// What answers a GET of `path`: the path of the request's target, with its leading slash and
// without query ("/" is "/index.html"). Compared byte by byte: nothing is decoded, and no path
// reaches a file system. Empty: there is no such page.
std::optional<Asset> find_asset(std::string_view path);

}  // namespace busbar::http
