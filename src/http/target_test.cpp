#include "http/target.hpp"

#include <gtest/gtest.h>

namespace busbar::http {
namespace {

Target read(std::string_view text) {
    auto target = parse_target(text);
    EXPECT_TRUE(target) << text << ": " << (target ? "" : target.error().message);
    return target ? *target : Target{};
}

using Segments = std::vector<std::string>;

TEST(Target, DecodesEachSegmentOnceAndAfterSplitting) {
    EXPECT_EQ(read("/api/v1/chargers/CP%2F7/explain").segments,
              (Segments{"api", "v1", "chargers", "CP/7", "explain"}));
    EXPECT_EQ(read("/a/%252e%252e/b+c").segments, (Segments{"a", "%2e%2e", "b+c"}));
    EXPECT_EQ(read("/%41").segments, (Segments{"A"}));
    EXPECT_EQ(read("/").segments, (Segments{""}));
    EXPECT_EQ(read("/a/").segments, (Segments{"a", ""}));
    EXPECT_EQ(read("/%C3%A9").segments, (Segments{"\xC3\xA9"}));
    EXPECT_EQ(read("/%C3%A9").path, "/%C3%A9");
}

TEST(Target, ReadsTheQuery) {
    const auto target = read("/x?limit=10&after=r%2D1+z&flag&&empty=");
    EXPECT_EQ(target.path, "/x");
    EXPECT_EQ(target.query_value("limit"), "10");
    EXPECT_EQ(target.query_value("after"), "r-1 z");
    EXPECT_EQ(target.query_value("flag"), "");
    EXPECT_EQ(target.query_value("empty"), "");
    EXPECT_EQ(target.query_value("other"), std::nullopt);
}

TEST(Target, RefusesWhatCouldBeReadInTwoWays) {
    for (const auto* text :
         {"", "*", "http://host/", "host:80", "a/b", "/%", "/%4", "/%zz", "/%00", "/%0d%0aX: y",
          "/%ff", "/%C3", "/%ed%a0%80", "/%c0%af", "/a#b", "/x?a=%", "/x?a=1&a=2", "/x?a=%00"}) {
        const auto target = parse_target(text);
        ASSERT_FALSE(target) << text;
        EXPECT_EQ(target.error().code, Errc::kMalformed) << text;
    }
    EXPECT_EQ(parse_target(std::string(40, '/')).error().code, Errc::kTooLarge);
}

}  // namespace
}  // namespace busbar::http
