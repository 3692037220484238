#include "http/amount.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <optional>

namespace busbar::http {
namespace {

std::optional<std::int64_t> rounded(std::string_view text, int places) {
    auto read = parse_rounded(text, places);
    if (!read) return {};
    return *read;
}

TEST(Amount, WritesTheDigitsThatAreThereAndNoMore) {
    EXPECT_EQ(fixed_point(0, 6), "0");
    EXPECT_EQ(fixed_point(12'500'000, 6), "12.5");
    EXPECT_EQ(fixed_point(1, 6), "0.000001");
    EXPECT_EQ(fixed_point(-1'500, 3), "-1.5");
    EXPECT_EQ(fixed_point(8499, 4), "0.8499");
    EXPECT_EQ(fixed_point(120, 0), "120");
    EXPECT_EQ(fixed_point(std::numeric_limits<std::int64_t>::min(), 6), "-9223372036854.775808");
}

TEST(Amount, ReadsExactlyWhatFits) {
    EXPECT_EQ(rounded("12.5", 6), 12'500'000);
    EXPECT_EQ(rounded("-0.000001", 6), -1);
    EXPECT_EQ(rounded("1.25e1", 3), 12'500);
    EXPECT_EQ(rounded("0e999999999999", 3), 0);
    EXPECT_EQ(rounded("1000000", 6), 1'000'000'000'000);
}

TEST(Amount, RoundsHalfToEven) {
    EXPECT_EQ(rounded("0.30000000000000004", 6), 300'000);
    EXPECT_EQ(rounded("0.0005", 3), 0);
    EXPECT_EQ(rounded("0.0015", 3), 2);
    EXPECT_EQ(rounded("0.0025", 3), 2);
    EXPECT_EQ(rounded("0.00250000000000000000001", 3), 3);
    EXPECT_EQ(rounded("9.9996", 3), 10'000);
    EXPECT_EQ(rounded("1e-400", 3), 0);
}

TEST(Amount, RefusesWhatIsTooLargeOrNoNumber) {
    for (const auto* text : {"1e400", "1000000.000001", "99999999999999999999", "", "-", "1e", "1.",
                             ".5", "NaN", "1 ", "0x1"})
        EXPECT_EQ(rounded(text, 6), std::nullopt) << text;
}

}  // namespace
}  // namespace busbar::http
