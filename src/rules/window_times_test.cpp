#include "rules/window_times.hpp"

#include <date/tz.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace busbar {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::minutes;

TimePoint at(const char* text) {
    return *parse_time(text);
}

Window window_of(const char* text) {
    return *parse_window(text);
}

// What every minute of some days says by the definition, slowly. From the minutes that the clocks
// show as within the window it finds, for each day on which it begins, what is meant by outward
// (from the first showing of its beginning to the last of its end) and inward (the longest run of
// minutes from the last showing of its beginning; of two alike the second).
class ByMinute {
public:
    ByMinute(const char* zone, TimePoint from, int count) {
        for (int i = 0; i < count; ++i) {
            const auto local = date::locate_zone(zone)->to_local(from + minutes{i});
            const auto day = date::floor<date::days>(local);
            readings_.push_back({static_cast<int>(day.time_since_epoch().count()),
                                 static_cast<int>(date::weekday{day}.iso_encoding()) - 1,
                                 static_cast<int>((local - day) / minutes{1})});
        }
    }

    std::vector<bool> holds(const Window& window, Edges edges) const {
        const int begin = static_cast<int>(window.from.count());
        int end = static_cast<int>(window.until.count());
        if (end <= begin) end += 1440;
        std::vector<bool> out(readings_.size());
        for (const auto& [day, shown] : by_day(window.days, begin, end)) {
            if (shown.within.empty()) continue;
            const auto [first, last] = edges == Edges::kOutward ? widest(shown) : surest(shown);
            for (int i = first; i < last; ++i) out[static_cast<std::size_t>(i)] = true;
        }
        return out;
    }

private:
    // Minutes by their number since from_.
    struct Shown {
        std::vector<int> within, begins, ends;
    };

    std::map<int, Shown> by_day(std::uint8_t on, int begin, int end) const {
        std::map<int, Shown> out;
        for (int i = 0; i < static_cast<int>(readings_.size()); ++i) {
            const auto& reading = readings_[static_cast<std::size_t>(i)];
            for (const int back : {0, 1}) {
                if ((on >> ((reading.weekday + 7 - back) % 7) & 1U) == 0) continue;
                const int since = reading.minute + back * 1440;
                if (since < begin || since > end) continue;
                auto& shown = out[reading.day - back];
                if (since < end) shown.within.push_back(i);
                if (since == begin) shown.begins.push_back(i);
                if (since == end) shown.ends.push_back(i);
            }
        }
        return out;
    }

    static std::pair<int, int> widest(const Shown& shown) {
        const int after = shown.within.back() + 1;
        return {shown.within.front(),
                shown.ends.empty() ? after : std::max(after, shown.ends.back())};
    }

    static std::pair<int, int> surest(const Shown& shown) {
        std::pair best{0, 0};
        for (std::size_t i = 0; i < shown.within.size();) {
            std::pair run{shown.within[i], shown.within[i] + 1};
            while (++i < shown.within.size() && shown.within[i] == run.second) ++run.second;
            for (const int again : shown.begins)
                if (run.first < again && again < run.second) run.first = again;
            if (run.second - run.first >= best.second - best.first) best = run;
        }
        return best;
    }

    // What the clocks show at each minute.
    struct Reading {
        int day;      // Since 1970.
        int weekday;  // 0 is Monday.
        int minute;
    };
    std::vector<Reading> readings_;
};

// Three days on either side of a switch are enough for every window that may hold near it.
constexpr int kMinutes = 6 * 1440;

void expect_as_by_minute(const ByMinute& by_minute, const char* zone, TimePoint from,
                         const Window& window, Edges edges) {
    const auto expected = by_minute.holds(window, edges);
    Clocks clocks(zone);
    const int first = kMinutes / 2 - 20 * 60;
    const int last = kMinutes / 2 + 20 * 60;
    std::vector<bool> holds(expected.size());
    for (int i = first; i < last; ++i) {
        holds[static_cast<std::size_t>(i)] = clocks.holds(window, edges, from + minutes{i});
        ASSERT_EQ(holds[static_cast<std::size_t>(i)], expected[static_cast<std::size_t>(i)])
            << zone << " " << to_string(window) << " " << format_time(from + minutes{i})
            << (edges == Edges::kOutward ? " outward" : " inward");
    }
    int next = last - 1;  // The next change after each minute, from the end.
    for (int i = last - 2; i >= first; --i) {
        const bool changes =
            holds[static_cast<std::size_t>(i)] != holds[static_cast<std::size_t>(i) + 1];
        if (changes) next = i + 1;
        if (next == last - 1 || (i % 13 != 0 && !changes)) continue;
        for (const auto now : {from + minutes{i}, from + minutes{i} + 59s + 999'999us}) {
            ASSERT_EQ(clocks.next_edge(window, edges, now), from + minutes{next})
                << zone << " " << to_string(window) << " " << format_time(now);
        }
    }
}

TEST(WindowTimes, HoldAsTheClocksShowEachMinuteAroundEverySwitch) {
    const struct {
        const char* zone;
        const char* moment;
    } switches[] = {
        {"Europe/Berlin", "2026-03-29T01:00:00Z"},
        {"Europe/Berlin", "2026-10-25T01:00:00Z"},
        {"America/New_York", "2026-03-08T07:00:00Z"},
        {"America/New_York", "2026-11-01T06:00:00Z"},
        {"Australia/Lord_Howe", "2026-04-04T15:00:00Z"},  // By half an hour.
        {"Australia/Lord_Howe", "2026-10-03T15:30:00Z"},
        {"Asia/Kathmandu", "2026-03-28T20:00:00Z"},    // None at all.
        {"America/Havana", "2026-11-01T05:00:00Z"},    // To midnight,
        {"America/St_Johns", "2011-11-06T02:31:00Z"},  // over midnight,
        {"Pacific/Apia", "2011-12-30T10:00:00Z"},      // and by a whole day.
    };
    std::vector<Window> windows;
    for (const auto* text :
         {"02:15-02:45", "01:30-02:30", "02:30-03:30", "22:00-06:00", "01:00-02:00", "02:00-03:00",
          "00:00-01:00", "Sat 23:30-00:15", "Sun 00:00-24:00", "Mon-Fri 17:00-21:00"})
        windows.push_back(window_of(text));
    std::mt19937 random(7);
    for (int i = 0; i < 4; ++i)
        windows.push_back({.days = static_cast<std::uint8_t>(1 + random() % 127),
                           .from = minutes{random() % 240},
                           .until = minutes{240 + random() % 1200}});
    for (const auto& [zone, moment] : switches) {
        const auto from = at(moment) - minutes{kMinutes / 2};
        const ByMinute by_minute(zone, from, kMinutes);
        for (const auto& window : windows)
            for (const auto edges : {Edges::kOutward, Edges::kInward})
                ASSERT_NO_FATAL_FAILURE(expect_as_by_minute(by_minute, zone, from, window, edges));
    }
}

TEST(WindowTimes, CapsCoverBothHoursAndReservationsTheSecond) {
    Clocks clocks("Europe/Berlin");
    const auto night = window_of("Sun 02:00-03:00");
    // 2026-10-25: 02:00 to 03:00 comes twice, from 00:00 and from 01:00 UTC.
    const auto from = [&](Edges edges) {
        return *clocks.next_edge(night, edges, at("2026-10-24T12:00:00Z"));
    };
    EXPECT_EQ(from(Edges::kOutward), at("2026-10-25T00:00:00Z"));
    EXPECT_EQ(from(Edges::kInward), at("2026-10-25T01:00:00Z"));
    for (const auto edges : {Edges::kOutward, Edges::kInward})
        EXPECT_EQ(clocks.next_edge(night, edges, from(edges)), at("2026-10-25T02:00:00Z"));
}

TEST(WindowTimes, ATimeThatTheClocksSkipIsTheInstantOfTheJump) {
    Clocks clocks("Europe/Berlin");
    const auto jump = at("2026-03-29T01:00:00Z");
    const auto before = at("2026-03-29T00:00:00Z");
    for (const auto edges : {Edges::kOutward, Edges::kInward}) {
        EXPECT_EQ(clocks.next_edge(window_of("02:30-05:00"), edges, before), jump);
        EXPECT_EQ(clocks.next_edge(window_of("01:30-02:30"), edges, at("2026-03-29T00:30:00Z")),
                  jump);
        // Nothing of it is left: the next is a day later.
        EXPECT_EQ(clocks.next_edge(window_of("02:15-02:45"), edges, before),
                  at("2026-03-30T00:15:00Z"));
    }
}

TEST(WindowTimes, DaysOnEndLeaveNoGapWhateverTheClocksDo) {
    Clocks clocks("Europe/Berlin");
    for (const auto edges : {Edges::kOutward, Edges::kInward}) {
        for (const auto* text : {"00:00-24:00", "02:30-02:30", "00:00-00:00"}) {
            EXPECT_EQ(clocks.next_edge(window_of(text), edges, at("2026-10-24T12:00:00Z")),
                      std::nullopt);
            EXPECT_TRUE(clocks.holds(window_of(text), edges, at("2026-10-25T01:15:00Z")));
        }
        const auto weekend = window_of("Fri-Sun 02:30-02:30");
        const auto begins = clocks.next_edge(weekend, edges, at("2026-10-22T12:00:00Z"));
        EXPECT_EQ(begins, at("2026-10-23T00:30:00Z"));
        EXPECT_EQ(clocks.next_edge(weekend, edges, *begins), at("2026-10-26T01:30:00Z"));
    }
}

TEST(WindowTimes, AnUnknownZoneHoldsForCapsAndNotForGifts) {
    Clocks clocks("Mars/Olympus");
    const auto window = window_of("17:00-21:00");
    for (const auto when : {at("2026-01-01T00:00:00Z"), at("2026-01-01T18:00:00Z")}) {
        EXPECT_TRUE(clocks.holds(window, Edges::kOutward, when));
        EXPECT_FALSE(clocks.holds(window, Edges::kInward, when));
        EXPECT_EQ(clocks.next_edge(window, Edges::kOutward, when), std::nullopt);
    }
}

TEST(WindowTimes, AWindowsOwnZoneGoesBeforeTheSites) {
    Clocks clocks("UTC");
    const auto when = at("2026-07-01T12:00:00Z");
    EXPECT_EQ(clocks.next_edge(window_of("15:00-16:00"), Edges::kOutward, when),
              at("2026-07-01T15:00:00Z"));
    EXPECT_EQ(clocks.next_edge(window_of("15:00-16:00 Asia/Kathmandu"), Edges::kOutward, when),
              at("2026-07-02T09:15:00Z"));
}

TEST(WindowTimes, ZonesThatDoNotExistAreRefusedByName) {
    EXPECT_TRUE(zone_exists("UTC"));
    EXPECT_TRUE(zone_exists("Europe/Berlin"));
    for (const auto* name : {"", "Europe/berlin", "Europe", "Mars/Olympus", "../zoneinfo/UTC"})
        EXPECT_FALSE(zone_exists(name)) << name;
    SiteConfig config{
        .site = {.id = SiteId("s"), .zone = "Mars/Olympus"}, .circuits = {}, .chargers = {}};
    EXPECT_EQ(check_zones(config).error().field, "zone");
    config.site.zone = "Europe/Berlin";
    EXPECT_TRUE(check_zones(config));
    config.circuits.push_back(
        {.id = CircuitId("c"), .site = SiteId("s"), .parent = {}, .breaker = PerPhase::each(16_A)});
    config.circuits[0].peaks = {{window_of("00:00-06:00 Mars/Olympus"), Percent::of(50)}};
    EXPECT_EQ(check_zones(config).error().field, "peaks.window.zone");
}

TEST(WindowTimes, FarOffTimesAreNoTrouble) {
    for (const auto* zone : {"UTC", "Europe/Berlin"}) {
        Clocks clocks(zone);
        for (const auto when : {TimePoint::min(), TimePoint{}, at("2036-12-31T23:59:59Z"),
                                at("9998-12-31T00:00:00Z"), TimePoint::max()})
            for (const auto edges : {Edges::kOutward, Edges::kInward}) {
                const auto window = window_of("Mon 17:00-21:00");
                (void)clocks.holds(window, edges, when);
                const auto edge = clocks.next_edge(window, edges, when);
                EXPECT_TRUE(!edge || *edge > when);
            }
    }
}

}  // namespace
}  // namespace busbar
