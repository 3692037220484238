// A part of the day on some days of the week, on the clocks of one place.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace busbar {

struct Window {
    static constexpr std::uint8_t kEveryDay = 0x7f;

    std::uint8_t days = kEveryDay;  // Bit 0 is Monday. The day on which the window begins.
    // Since local midnight, to the minute. Half-open: [from, until). Where `until` is not after
    // `from`, it ends on the next day; equal: 24 hours.
    std::chrono::minutes from{0};
    std::chrono::minutes until{0};
    std::string zone = {};  // IANA name; empty: the site's.

    bool operator==(const Window&) const = default;
};

// Days and times in range, a name that could be a zone's; whether there is such a zone is for
// rules/window_times.hpp to say. Fails with kInvalid, naming the member.
Status check_window(const Window& window);

// "Mon-Fri 17:00-21:00", "Sat,Sun 22:00-06:00 Europe/Berlin", "00:00-24:00": the text for the
// command line and the store. Reads back as the same window. Fails with kInvalid.
std::string to_string(const Window& window);
Result<Window> parse_window(std::string_view text);

}  // namespace busbar
