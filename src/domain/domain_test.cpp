#include <gtest/gtest.h>

#include "domain/charging.hpp"
#include "domain/grant.hpp"
#include "domain/network.hpp"
#include "domain/site.hpp"

namespace busbar {
namespace {

Circuit circuit(const char* id, const char* parent, Amperes breaker) {
    return {.id = CircuitId(id),
            .site = SiteId("s"),
            .parent = parent ? std::optional{CircuitId(parent)} : std::nullopt,
            .name = {},
            .breaker = PerPhase::each(breaker),
            .safety_pct = 0};
}

Charger charger(const char* id, const char* on, Amperes floor = 0_A) {
    return {.id = ChargerId(id),
            .circuit = CircuitId(on),
            .name = {},
            .partner = {},
            .maximum = 32_A,
            .floor = floor};
}

SiteConfig site(std::vector<Circuit> circuits, std::vector<Charger> chargers) {
    return {{SiteId("s"), "S"}, std::move(circuits), std::move(chargers)};
}

TEST(Circuit, TheSafetyMarginIsNeverHandedOut) {
    auto feeder = circuit("feeder", nullptr, 63_A);
    feeder.safety_pct = 5;
    EXPECT_EQ(feeder.budget()[Phase::kL1], 59.85_A);
}

TEST(CheckSite, AcceptsATree) {
    EXPECT_TRUE(check_site(site({circuit("a", nullptr, 63_A), circuit("b", "a", 32_A)},
                                {charger("CP-1", "b"), charger("CP-2", "a", 6_A)})));
}

TEST(CheckSite, NamesTheFieldThatIsWrong) {
    const auto wrong = [](SiteConfig config) { return check_site(config).error().field; };
    EXPECT_EQ(wrong(site({circuit("a", "b", 1_A), circuit("b", "a", 1_A)}, {})), "parent");
    EXPECT_EQ(wrong(site({circuit("a", "nope", 1_A)}, {})), "parent");
    EXPECT_EQ(wrong(site({circuit("a", nullptr, 1_A), circuit("a", nullptr, 1_A)}, {})), "id");
    EXPECT_EQ(wrong(site({circuit("a", nullptr, -1_A)}, {})), "breakerA");
    EXPECT_EQ(wrong(site({circuit("a", nullptr, 63_A)}, {charger("x", "nope")})), "circuit");
    EXPECT_EQ(wrong(site({circuit("a", nullptr, 63_A)}, {charger("x", "a", 3_A)})), "floorA");
    auto odd = charger("x", "a");
    odd.quantum = 0.25_A;
    EXPECT_EQ(wrong(site({circuit("a", nullptr, 63_A)}, {odd})), "quantumA");
    odd.quantum = 4_A;
    EXPECT_EQ(wrong(site({circuit("a", nullptr, 63_A)}, {odd})), "minimumA");
}

TEST(CheckSite, RefusesFloorsThatDoNotFitAndSaysByHowMuch) {
    const auto checked = check_site(site({circuit("a", nullptr, 63_A), circuit("b", "a", 10_A)},
                                         {charger("x", "b", 6_A), charger("y", "b", 6_A)}));
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, Errc::kConflict);
    EXPECT_EQ(checked.error().message,
              "the floors of the chargers below circuit b need 12 A on L1, 2 A more than its "
              "budget of 10 A");
}

TEST(Network, RowsStandBeforeTheRowsBelowAndLeavesInOrder) {
    auto twin = charger("B", "b");
    twin.evse_count = 2;
    const auto network = compile(
        site({circuit("b", "a", 32_A), circuit("a", nullptr, 63_A)}, {twin, charger("A", "a")}));
    ASSERT_EQ(network.rows.size(), 3u);
    EXPECT_EQ(network.rows[0].name, "a");
    EXPECT_EQ(network.rows[1].name, "b");
    EXPECT_EQ(network.rows[2].name, "B");
    EXPECT_EQ(network.rows[2].budget, PerPhase::each(64_A));
    ASSERT_EQ(network.leaves.size(), 3u);
    EXPECT_EQ(network.leaves[0].rows, (std::vector<RowIndex>{0}));
    EXPECT_EQ(network.leaves[2].rows, (std::vector<RowIndex>{2, 1, 0}));
    EXPECT_EQ(network.leaf_of({ChargerId("B"), 2}), 2u);
    EXPECT_EQ(network.leaf_of({ChargerId("B"), 3}), std::nullopt);
    EXPECT_EQ(network.leaf_of({ChargerId("C"), 1}), std::nullopt);
}

TEST(Phases, AreReadAsTheyAreWritten) {
    EXPECT_EQ(*parse_phases("L1+L3"), (PhaseSet{Phase::kL1, Phase::kL3}));
    EXPECT_EQ(to_string(PhaseSet::all()), "L1+L2+L3");
    for (const auto* text : {"", "L4", "L2+L1", "l1", "L1+"}) EXPECT_FALSE(parse_phases(text));
}

TEST(Reason, ReadsAsASentence) {
    EXPECT_EQ(
        to_sentence(
            {.kind = ReasonKind::kShared, .row = "level-1", .phase = Phase::kL2, .sharers = 5}),
        "shares level-1 (L2) with 4 others");
    EXPECT_EQ(to_sentence({.kind = ReasonKind::kCapped, .rule = RuleId("r-1"), .amount = 10.5_A}),
              "capped at 10.5 A by rule r-1");
}

}  // namespace
}  // namespace busbar
