#include "rules/window_times.hpp"

#include <date/tz.h>

#include <algorithm>
#include <exception>

namespace busbar {
namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr std::chrono::minutes kWholeDay{24 * 60};
// Within so much of a switch the zone itself is asked: no clock has ever jumped further.
constexpr days kNearSwitch{2};
// A window lasts a day at most: the day before yesterday's may still hold where clocks went back.
constexpr days kDaysBack{2};
// Each window has a gap within a week; two where the clocks skip one of it.
constexpr days kDaysAhead{16};

// What is asked about: nobody's calendar reaches further.
constexpr TimePoint kFirst{std::chrono::sys_days{std::chrono::year{1900} / 1 / 1}};
constexpr TimePoint kLast{std::chrono::sys_days{std::chrono::year{9999} / 12 / 31}};
// The first and last spans of a zone reach to the ends of time: far enough is enough.
constexpr sys_seconds kBefore{std::chrono::sys_days{std::chrono::year{1800} / 1 / 1}};
constexpr sys_seconds kAfter{std::chrono::sys_days{std::chrono::year{10'100} / 1 / 1}};

const date::time_zone* find_zone(const std::string& name) {
    try {
        return date::locate_zone(name);
    } catch (const std::exception&) {
        return nullptr;  // No such zone, or no database at all.
    }
}

bool is_utc(std::string_view zone) {
    return zone == "UTC" || zone == "Etc/UTC";
}

std::chrono::minutes length_of(const Window& window) {
    return window.until > window.from ? window.until - window.from
                                      : window.until - window.from + kWholeDay;
}

bool begins_on(const Window& window, local_days day) {
    const auto index = std::chrono::weekday{day}.iso_encoding() - 1;
    return (window.days >> index & 1U) != 0;
}

// date's local times have their own clock, the same count.
date::local_seconds as_date(local_seconds local) {
    return date::local_seconds{local.time_since_epoch()};
}

bool is_always(const Window& window) {
    return window.days == Window::kEveryDay && length_of(window) == kWholeDay;
}

}  // namespace

Edges edges_of(RuleKind kind) {
    switch (kind) {
        case RuleKind::kCap:
        case RuleKind::kPause:
        case RuleKind::kExclude:
            return Edges::kOutward;
        case RuleKind::kReserve:
        case RuleKind::kRank:
        case RuleKind::kShare:
        case RuleKind::kSuspend:
        case RuleKind::kBoost:
            return Edges::kInward;
    }
    __builtin_unreachable();
}

bool zone_exists(std::string_view zone) {
    return is_utc(zone) || find_zone(std::string(zone)) != nullptr;
}

Status check_zones(const SiteConfig& config) {
    const auto unknown = [](const char* field, const std::string& zone) {
        return Error{Errc::kInvalid, "no time zone is called '" + zone + "'", field};
    };
    if (!zone_exists(config.site.zone)) return unknown("zone", config.site.zone);
    for (const auto& circuit : config.circuits)
        for (const auto& peak : circuit.peaks)
            if (!peak.window.zone.empty() && !zone_exists(peak.window.zone))
                return unknown("peaks.window.zone", peak.window.zone);
    return Done{};
}

Clocks::Clocks(std::string_view site_zone) : site_zone_(site_zone) {}

Clocks::Clock& Clocks::clock_of(const Window& window, TimePoint at) {
    const auto& name = window.zone.empty() ? site_zone_ : window.zone;
    auto found = std::ranges::find(clocks_, name, &Clock::name);
    if (found == clocks_.end()) {
        Clock clock{.name = name};
        if (is_utc(name)) {
            clock.known = true;
        } else {
            clock.zone = find_zone(name);
            clock.known = clock.zone != nullptr;
        }
        clocks_.push_back(std::move(clock));
        found = clocks_.end() - 1;
    }
    const auto second = std::chrono::floor<seconds>(at);
    if (found->zone != nullptr && (second < found->begin || second >= found->end)) {
        const auto info = found->zone->get_info(second);
        found->begin = std::max(info.begin, kBefore);
        found->end = std::min(info.end, kAfter);
        found->offset = info.offset;
    }
    return *found;
}

// `first`: of a local time that comes twice, the first.
TimePoint Clocks::to_system(const Clock& clock, local_seconds local, bool first) {
    const sys_seconds guess{local.time_since_epoch() - clock.offset};
    const bool near_switch = guess < clock.begin + kNearSwitch || guess >= clock.end - kNearSwitch;
    if (clock.zone == nullptr || !near_switch) return guess;
    const auto info = clock.zone->get_info(as_date(local));
    switch (info.result) {
        case date::local_info::unique:
            return sys_seconds{local.time_since_epoch() - info.first.offset};
        case date::local_info::nonexistent:
            return info.first.end;
        case date::local_info::ambiguous:
            return sys_seconds{local.time_since_epoch() -
                               (first ? info.first.offset : info.second.offset)};
    }
    __builtin_unreachable();
}

Clocks::Span Clocks::span_of(const Clock& clock, const Window& window, local_days day,
                             Edges edges) {
    const bool outward = edges == Edges::kOutward;
    const auto length = length_of(window);
    const auto from = to_system(clock, day + window.from, outward);
    const auto local_end = day + window.from + length;
    // Days that follow on each other leave no gap, whatever the clocks do in between.
    if (!outward && length == kWholeDay && begins_on(window, day + days{1}))
        return {from, to_system(clock, local_end, false)};
    auto until = to_system(clock, local_end, !outward);
    if (!outward && until <= from) until = to_system(clock, local_end, false);
    return {from, until};
}

bool Clocks::holds(const Window& window, Edges edges, TimePoint at) {
    const auto now = std::clamp(at, kFirst, kLast);
    const auto& clock = clock_of(window, now);
    if (!clock.known) return edges == Edges::kOutward;
    if (is_always(window)) return true;
    const local_days today{std::chrono::floor<days>((now + clock.offset).time_since_epoch())};
    // Tomorrow's may have begun where clocks went back over midnight.
    for (auto day = today - kDaysBack; day <= today + days{1}; day += days{1}) {
        if (!begins_on(window, day)) continue;
        const auto span = span_of(clock, window, day, edges);
        if (span.from <= now && now < span.until) return true;
    }
    return false;
}

std::optional<TimePoint> Clocks::next_edge(const Window& window, Edges edges, TimePoint after) {
    if (after >= kLast) return {};
    const auto now = std::max(after, kFirst);
    const auto& clock = clock_of(window, now);
    if (!clock.known || is_always(window)) return {};
    const auto edge_of = [&](const Span& span) -> std::optional<TimePoint> {
        if (span.from > now) return span.from;
        if (span.until > now) return span.until;
        return {};
    };
    const local_days today{std::chrono::floor<days>((now + clock.offset).time_since_epoch())};
    std::optional<Span> joined;
    for (auto day = today - kDaysBack; day <= today + kDaysAhead; day += days{1}) {
        if (!begins_on(window, day)) continue;
        const auto span = span_of(clock, window, day, edges);
        if (span.from >= span.until) continue;
        if (joined && span.from <= joined->until) {
            joined->until = std::max(joined->until, span.until);
            continue;
        }
        if (joined)
            if (const auto edge = edge_of(*joined)) return edge;
        joined = span;
    }
    return joined ? edge_of(*joined) : std::nullopt;
}

}  // namespace busbar
