#include "sim/manners.hpp"

#include <gtest/gtest.h>

#include <map>

namespace busbar::sim {
namespace {

std::map<std::string, int> dealt(std::string_view shares, int count, std::uint64_t seed = 1) {
    auto chargers = row_of_chargers("CP-", count, {.id = ChargerId("any")});
    deal(chargers, *parse_shares(shares), seed);
    std::map<std::string, int> by_manner;
    for (const auto& charger : chargers) ++by_manner[charger.manner];
    return by_manner;
}

TEST(Manners, AreDealtInTheirShares) {
    const std::map<std::string, int> expected{{"", 60}, {"slow", 10}, {"silent", 30}};
    EXPECT_EQ(dealt("slow:10,silent:30", 100), expected);
}

TEST(Manners, OfASmallShareHaveOneChargerAtLeast) {
    const std::map<std::string, int> expected{{"", 17}, {"slow", 1}, {"lying", 1}, {"sleepy", 1}};
    EXPECT_EQ(dealt("slow:1,lying:1,sleepy:1", 20), expected);
    const std::map<std::string, int> all{{"slow", 2}, {"lying", 1}};
    EXPECT_EQ(dealt("slow:90,lying:10", 3), all);
}

TEST(Manners, AreDealtAlikeForOneSeed) {
    const auto chargers_of = [](std::uint64_t seed) {
        auto chargers = row_of_chargers("CP-", 50, {.id = ChargerId("any")});
        deal(chargers, *parse_shares("slow:20"), seed);
        return chargers;
    };
    EXPECT_EQ(chargers_of(1), chargers_of(1));
    EXPECT_NE(chargers_of(1), chargers_of(2));
}

TEST(Manners, AllChangeTheirCharger) {
    for (const auto& manner : manners()) {
        ChargerSetup charger{.id = ChargerId("CP-1")};
        const auto before = charger;
        manner.adopt(charger);
        EXPECT_NE(charger, before) << manner.name;
    }
}

TEST(Manners, ThatAreWrittenWronglyAreRefusedByName) {
    for (const auto* text : {"slow", "slow:", "slow:x", "slow:0", "slow:101", "kind:10",
                             "slow:5,slow:5", "slow:60,silent:41"}) {
        const auto shares = parse_shares(text);
        ASSERT_FALSE(shares) << text;
        EXPECT_EQ(shares.error().code, Errc::kInvalid) << text;
        EXPECT_NE(std::string_view(text).find(shares.error().field), std::string_view::npos);
    }
}

TEST(Manners, AreEachWatchedOnEveryCircuit) {
    auto chargers =
        row_of_chargers("CP-", 4, {.id = ChargerId("any"), .circuits = {CircuitId("f")}});
    deal(chargers, *parse_shares("slow:25"), 1);
    std::vector<CircuitSetup> circuits{{CircuitId("f"), PerPhase::each(63_A)}};
    watch_each_manner(circuits, chargers);
    ASSERT_EQ(circuits.size(), 3U);
    EXPECT_EQ(circuits[0].manner, "");
    EXPECT_EQ(circuits[1].manner, "plain");
    EXPECT_EQ(circuits[2].manner, "slow");
}

}  // namespace
}  // namespace busbar::sim
