#include "domain/window.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace busbar {
namespace {

using std::chrono::minutes;

constexpr std::array<std::string_view, 7> kDayNames{"Mon", "Tue", "Wed", "Thu",
                                                    "Fri", "Sat", "Sun"};
constexpr minutes kDay{24 * 60};
constexpr std::size_t kMaxWords = 3;

bool has_day(std::uint8_t days, std::size_t day) {
    return (days >> day & 1U) != 0;
}

// "Mon-Fri", "Sat,Sun": three days or more in a row make a range.
std::string days_text(std::uint8_t days) {
    std::string text;
    for (std::size_t day = 0; day < kDayNames.size();) {
        std::size_t end = day;
        while (end < kDayNames.size() && has_day(days, end)) ++end;
        if (end - day >= 3) {
            if (!text.empty()) text += ',';
            text.append(kDayNames[day]).append("-").append(kDayNames[end - 1]);
            day = end;
            continue;
        }
        if (end > day) {
            if (!text.empty()) text += ',';
            text += kDayNames[day];
        }
        ++day;
    }
    return text;
}

std::string time_text(minutes time) {
    const auto two_digits = [](auto n) {
        return std::string{static_cast<char>('0' + n / 10), static_cast<char>('0' + n % 10)};
    };
    return two_digits(time.count() / 60) + ":" + two_digits(time.count() % 60);
}

std::optional<std::size_t> read_day(std::string_view word) {
    const auto found = std::ranges::find(kDayNames, word);
    if (found == kDayNames.end()) return {};
    return static_cast<std::size_t>(found - kDayNames.begin());
}

// Takes what stands before `separator` off the front of `text`; all of it where there is none.
std::string_view take_until(std::string_view& text, char separator) {
    const auto end = std::min(text.find(separator), text.size());
    const auto part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return part;
}

std::optional<std::uint8_t> read_days(std::string_view text) {
    unsigned days = 0;
    if (text.empty() || text.back() == ',') return {};
    while (!text.empty()) {
        auto range = take_until(text, ',');
        const auto first = read_day(take_until(range, '-'));
        const auto last = range.empty() ? first : read_day(range);
        if (!first || !last) return {};
        for (auto day = *first;; day = (day + 1) % kDayNames.size()) {
            days |= 1U << day;
            if (day == *last) break;
        }
    }
    return static_cast<std::uint8_t>(days);
}

// "07:30", up to "24:00".
std::optional<minutes> read_time(std::string_view text) {
    if (text.size() != 5 || text[2] != ':') return {};
    for (const auto at : {0U, 1U, 3U, 4U})
        if (text[at] < '0' || text[at] > '9') return {};
    const auto number = [&](std::size_t at) {
        return (text[at] - '0') * 10 + (text[at + 1] - '0');
    };
    const minutes time{number(0) * 60 + number(3)};
    if (number(3) > 59 || time > kDay) return {};
    return time;
}

Error bad_window() {
    return {Errc::kInvalid,
            "must be days, hours and a zone, such as \"Mon-Fri 17:00-21:00 Europe/Berlin\"; days "
            "and zone may be left out"};
}

bool is_zone_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '/' || c == '_' || c == '-' || c == '+';
    });
}

}  // namespace

std::string to_string(const Window& window) {
    std::string text;
    if (window.days != Window::kEveryDay) text = days_text(window.days) + " ";
    text += time_text(window.from) + "-" + time_text(window.until);
    if (!window.zone.empty()) text += " " + window.zone;
    return text;
}

Status check_window(const Window& window) {
    const auto invalid = [](const char* field, const char* message) {
        return Error{Errc::kInvalid, message, field};
    };
    if (window.days == 0 || window.days > Window::kEveryDay)
        return invalid("days", "must name at least one day of the week");
    if (window.from < minutes{0} || window.from >= kDay)
        return invalid("from", "must be 00:00 to 23:59");
    if (window.until < minutes{0} || window.until > kDay)
        return invalid("until", "must be 00:00 to 24:00");
    if (!window.zone.empty() && !is_zone_name(window.zone))
        return invalid("zone", "must be the name of a time zone, such as Europe/Berlin");
    return Done{};
}

Result<Window> parse_window(std::string_view text) {
    std::vector<std::string_view> words;
    if (text.ends_with(' ')) return bad_window();
    while (!text.empty() && words.size() <= kMaxWords) words.push_back(take_until(text, ' '));
    if (words.empty() || words.size() > kMaxWords) return bad_window();

    Window window;
    std::size_t at = 0;
    if (words[0].find(':') == std::string_view::npos) {
        const auto days = read_days(words[at++]);
        if (!days || at == words.size()) return bad_window();
        window.days = *days;
    }
    auto hours = words[at++];
    const auto from = read_time(take_until(hours, '-'));
    const auto until = read_time(hours);
    if (!from || !until || words.size() > at + 1) return bad_window();
    window.from = *from;
    window.until = *until;
    if (at < words.size()) window.zone = words[at];
    if ((at < words.size() && window.zone.empty()) || !check_window(window)) return bad_window();
    return window;
}

}  // namespace busbar
