#include "http/body_parts.hpp"

#include <algorithm>
#include <limits>

namespace busbar::http {
namespace {

constexpr Duration kFurthestMoment = std::chrono::hours{24} * 3'653;
constexpr auto kLongestRotation = std::chrono::hours{24};
constexpr std::size_t kMostDays = 7;
constexpr std::size_t kMostZoneBytes = 64;

bool is_plain(std::string_view text) {
    return text.find(' ') == std::string_view::npos;
}

// Days as they stand in a window's text: "Mon,Tue" of ["Mon","Tue"], "Mon-Fri" as it is.
std::optional<std::string> days_in(Fields& fields) {
    const auto json = fields.any("days");
    if (!json) return {};
    if (std::holds_alternative<std::string>(json->value))
        return fields.text("days", kMostNameBytes);
    std::string days;
    const auto list = fields.list("days", kMostDays);
    if (!list) return {};
    for (const auto& item : *list) {
        const auto* day = std::get_if<std::string>(&item.value);
        days += (days.empty() ? "" : ",") + (day == nullptr ? "?" : *day);
    }
    return days;
}

// One part of a window, tried in the place where it stands in the text.
template <class Into>
void take_part(Fields& fields, std::string_view name, const std::string& part,
               const std::string& before, const std::string& after, std::string_view right,
               Into into) {
    const auto window = parse_window(before + part + after);
    if (window && is_plain(part)) return into(*window);
    fields.wrong(name, "must be " + std::string(right));
}

std::optional<Window> window_object_in(Fields fields, Fields& outer) {
    Window window;
    const auto days = days_in(fields);
    const auto from = fields.required("from", fields.text("from", kMostNameBytes));
    const auto until = fields.required("until", fields.text("until", kMostNameBytes));
    const auto zone = fields.text("zone", kMostZoneBytes);
    if (days)
        take_part(fields, "days", *days, "", " 00:00-00:00",
                  R"(days of the week, such as ["Mon","Tue"] or "Mon-Fri")",
                  [&](const Window& w) { window.days = w.days; });
    if (from)
        take_part(fields, "from", *from, "", "-00:00", R"(a time of day, such as "17:00")",
                  [&](const Window& w) { window.from = w.from; });
    if (until)
        take_part(fields, "until", *until, "00:00-", "", R"(a time of day, such as "21:00")",
                  [&](const Window& w) { window.until = w.until; });
    if (zone && !zone->empty())
        take_part(fields, "zone", *zone, "00:00-00:00 ", "",
                  "the name of a time zone, such as Europe/Berlin",
                  [&](const Window& w) { window.zone = w.zone; });
    if (auto finished = fields.finish(); !finished) {
        outer.wrong_in(std::move(finished).error());
        return {};
    }
    return window;
}

}  // namespace

std::optional<SiteId> site_in(Fields& fields) {
    if (fields.take_null("site")) return {};
    return id_in<SiteId>(fields, "site");
}

std::optional<int> small_in(Fields& fields, std::string_view name) {
    const auto whole = fields.whole(name);
    if (!whole) return {};
    constexpr std::int64_t kMost = std::numeric_limits<int>::max();
    if (*whole >= -kMost && *whole <= kMost) return static_cast<int>(*whole);
    fields.wrong(name, "is too large");
    return {};
}

std::optional<TimePoint> moment_in(Fields& fields, std::string_view name, TimePoint now) {
    const auto time = fields.time(name);
    if (time && *time - now > kFurthestMoment) fields.wrong(name, "is more than 10 years ahead");
    return time;
}

std::optional<Duration> seconds_in(Fields& fields, std::string_view name) {
    struct SecondTag;
    const auto seconds = fields.quantity<Quantity<SecondTag>>(name);
    if (!seconds) return {};
    return Duration{std::chrono::milliseconds{seconds->in_milli()}};
}

std::optional<PerPhase> lines_in(Fields& fields, std::string_view name) {
    const auto json = fields.any(name);
    if (!json) return {};
    if (!std::holds_alternative<std::vector<JsonMember>>(json->value)) {
        const auto each = fields.amperes(name);
        return each ? std::optional(PerPhase::each(*each)) : std::nullopt;
    }
    auto lines = *fields.object(name);
    PerPhase out;
    for (const auto phase : kPhases) {
        const auto line = to_string(phase);
        const bool given = lines.has(line);
        if (const auto amperes = lines.amperes(line)) out[phase] = *amperes;
        if (!given) lines.wrong(line, "is required");
    }
    if (auto finished = lines.finish(); !finished) {
        fields.wrong_in(std::move(finished).error());
        return {};
    }
    return out;
}

std::optional<Window> window_in(Fields& fields, std::string_view name) {
    const auto json = fields.any(name);
    if (!json) return {};
    if (const auto* text = std::get_if<std::string>(&json->value)) {
        auto window = parse_window(*text);
        if (window) return *std::move(window);
        fields.wrong(name, window.error().message);
        return {};
    }
    auto object = fields.object(name);
    if (!object) return {};
    return window_object_in(*std::move(object), fields);
}

std::optional<Share> share_in(Fields& fields, std::string_view name) {
    auto object = fields.object(name);
    if (!object) return {};
    Share share;
    if (const auto policy =
            word_in(*object, "policy", parse_share_policy, "equal, weighted, fcfs or deadline"))
        share.policy = *policy;
    share.strict_bands = object->truth("strictBands").value_or(share.strict_bands);
    share.min_first = object->truth("minFirst").value_or(share.min_first);
    share.reclaim = object->truth("reclaim").value_or(share.reclaim);
    struct MinuteTag;
    if (const auto minutes = object->quantity<Quantity<MinuteTag>>("rotationMinutes")) {
        share.rotation_slot = std::chrono::milliseconds{minutes->in_milli()} * 60;
        if (share.rotation_slot > kLongestRotation)
            object->wrong("rotationMinutes", "must be 0 to 1440");
    }
    if (auto finished = object->finish(); !finished) {
        fields.wrong_in(std::move(finished).error());
        return {};
    }
    return share;
}

}  // namespace busbar::http
