#include "domain/window.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace busbar {
namespace {

using namespace std::chrono_literals;

TEST(Window, IsReadAsPeopleWriteIt) {
    const auto evening = parse_window("Mon-Fri 17:00-21:00");
    ASSERT_TRUE(evening);
    EXPECT_EQ(*evening, (Window{.days = 0b0011111, .from = 17h, .until = 21h}));
    const auto night = parse_window("Sat,Sun 22:00-06:00 Europe/Berlin");
    ASSERT_TRUE(night);
    EXPECT_EQ(*night,
              (Window{.days = 0b1100000, .from = 22h, .until = 6h, .zone = "Europe/Berlin"}));
    EXPECT_EQ(*parse_window("00:00-24:00"), (Window{.from = 0h, .until = 24h}));
    EXPECT_EQ(parse_window("Fri-Mon 00:00-00:00")->days, 0b1110001);
}

TEST(Window, TextReadsBackAsTheSameWindow) {
    for (const auto* text :
         {"Mon-Fri 17:00-21:00", "Sat,Sun 22:00-06:00 Europe/Berlin", "00:00-24:00",
          "Mon,Wed-Fri,Sun 00:00-00:00", "07:30-07:31 Etc/GMT+5", "Tue 23:59-00:01"}) {
        const auto window = parse_window(text);
        ASSERT_TRUE(window) << text;
        EXPECT_EQ(to_string(*window), text);
    }
}

RC_GTEST_PROP(WindowProperties, EveryValidWindowReadsBack, ()) {
    const Window window{
        .days = static_cast<std::uint8_t>(*rc::gen::inRange(1, 128)),
        .from = std::chrono::minutes(*rc::gen::inRange(0, 1440)),
        .until = std::chrono::minutes(*rc::gen::inRange(0, 1441)),
        .zone = *rc::gen::element<std::string>("", "UTC", "Europe/Berlin", "America/New_York")};
    RC_ASSERT(check_window(window).has_value());
    const auto again = parse_window(to_string(window));
    RC_ASSERT(again.has_value());
    RC_ASSERT(*again == window);
}

TEST(Window, RefusesWhatIsNone) {
    for (const auto* text : {"",
                             " ",
                             "Mon",
                             "Mon-Fri",
                             "17:00",
                             "17:00-",
                             "-21:00",
                             "24:00-01:00",
                             "17:00-24:01",
                             "17:60-18:00",
                             "7:00-8:00",
                             "Mon 17:00-21:00 ",
                             "Mon  17:00-21:00",
                             "Mon,17:00-21:00",
                             "Mon, 17:00-21:00",
                             "mon 17:00-21:00",
                             "Mon-Fri-Sun 17:00-21:00",
                             "17:00-21:00 No Where",
                             "17:00-21:00 ../../etc",
                             "Mon 17:00-21:00 Europe/Berlin x",
                             "1 7:00-21:00"})
        EXPECT_FALSE(parse_window(text)) << text;
}

TEST(Window, NamesTheMemberThatIsOutOfRange) {
    const auto field = [](Window window) { return check_window(window).error().field; };
    EXPECT_EQ(field({.days = 0}), "days");
    EXPECT_EQ(field({.days = 128}), "days");
    EXPECT_EQ(field({.from = 24h}), "from");
    EXPECT_EQ(field({.until = -1min}), "until");
    EXPECT_EQ(field({.zone = "Europe Berlin"}), "zone");
}

}  // namespace
}  // namespace busbar
