#include "base/time.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace busbar {
namespace {

using namespace std::chrono;

Error bad_time() {
    return {Errc::kInvalid, "is not a time like 2026-02-10T12:00:00Z (RFC 3339)"};
}

// Takes exactly `count` digits off the front of `text`, or returns -1 and leaves it.
int take_number(std::string_view& text, std::size_t count) {
    if (text.size() < count) return -1;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(count);
    return value;
}

bool take(std::string_view& text, std::string_view any_of) {
    if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
}

// ".123456789" as microseconds, or -1 if a point is not followed by 1 to 9 digits.
int take_fraction(std::string_view& text) {
    if (!take(text, ".")) return 0;
    int value = 0, digits = 0;
    for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1))
        if (++digits <= 6) value = value * 10 + (text.front() - '0');
    if (digits == 0 || digits > 9) return -1;
    for (int i = digits; i < 6; ++i) value *= 10;
    return value;
}

Result<minutes> take_offset(std::string_view& text, Zone zone) {
    if (take(text, "Zz")) return minutes{0};
    if (text.empty() && zone == Zone::kAssumeUtc) return minutes{0};
    const bool west = !text.empty() && text.front() == '-';
    if (!take(text, "+-")) return bad_time();
    const int hour = take_number(text, 2);
    (void)take(text, ":");
    const int minute = take_number(text, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return bad_time();
    const minutes offset = hours{hour} + minutes{minute};
    return west ? -offset : offset;
}

}  // namespace

Result<TimePoint> parse_time(std::string_view text, Zone zone) {
    const int y = take_number(text, 4);
    if (!take(text, "-")) return bad_time();
    const int mo = take_number(text, 2);
    if (!take(text, "-")) return bad_time();
    const int d = take_number(text, 2);
    if (!take(text, "Tt ")) return bad_time();
    const int h = take_number(text, 2);
    if (!take(text, ":")) return bad_time();
    const int mi = take_number(text, 2);
    if (!take(text, ":")) return bad_time();
    int s = take_number(text, 2);
    int us = take_fraction(text);
    if (h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 60 || us < 0) return bad_time();
    BUSBAR_TRY(offset, take_offset(text, zone));
    if (!text.empty() || y < 1970 || y > 9998 || mo < 1 || d < 1) return bad_time();
    if (s == 60) s = 59, us = 999'999;

    const year_month_day date{year{y}, month{unsigned(mo)}, day{unsigned(d)}};
    if (!date.ok()) return bad_time();
    const auto time = sys_days{date} + hours{h} + minutes{mi} + seconds{s} + microseconds{us};
    return TimePoint{time - offset};
}

std::string format_time(TimePoint time) {
    const auto date_only = floor<days>(time);
    const year_month_day date{date_only};
    const hh_mm_ss clock{floor<milliseconds>(time - date_only)};
    std::array<char, 64> text{};
    const int size = std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                                   int(date.year()), unsigned(date.month()), unsigned(date.day()),
                                   int(clock.hours().count()), int(clock.minutes().count()),
                                   int(clock.seconds().count()), int(clock.subseconds().count()));
    return std::string(text.data(), std::size_t(size));
}

}  // namespace busbar
