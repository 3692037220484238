#include "rules/effective.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace busbar {
namespace {

using namespace std::chrono_literals;
constexpr TimePoint kNow{1'000'000s};

SiteConfig garage() {
    SiteConfig config{{SiteId("garage"), "Garage"}, {}, {}};
    config.circuits.push_back({.id = CircuitId("feeder"),
                               .site = SiteId("garage"),
                               .parent = {},
                               .name = {},
                               .breaker = PerPhase::each(100_A),
                               .safety_pct = 0});
    config.circuits.push_back({.id = CircuitId("level-1"),
                               .site = SiteId("garage"),
                               .parent = CircuitId("feeder"),
                               .name = {},
                               .breaker = PerPhase::each(60_A),
                               .safety_pct = 0});
    const auto charger = [&](const char* id, const char* circuit, const char* partner) {
        config.chargers.push_back({.id = ChargerId(id),
                                   .circuit = CircuitId(circuit),
                                   .name = {},
                                   .partner = partner,
                                   .maximum = 32_A});
    };
    charger("a", "level-1", "acme");
    charger("b", "level-1", "");
    charger("c", "feeder", "acme");
    return config;
}

Rule rule(const char* id, RuleKind kind, Selector select, std::optional<Amperes> limit = {}) {
    return {
        .id = RuleId(id), .site = SiteId("garage"), .kind = kind, .select = select, .limit = limit};
}

class Effective : public testing::Test {
protected:
    EffectiveRules of(std::vector<Rule> rules) { return effective_rules(network_, rules, kNow); }
    const LeafRules& leaf(const EffectiveRules& rules, const char* charger) {
        return rules.leaves[*network_.leaf_of({ChargerId(charger), 1})];
    }
    SiteConfig config_ = garage();
    Network network_ = compile(config_);
};

TEST_F(Effective, TheTightestCapWinsWhateverTheOrder) {
    std::vector rules{rule("1", RuleKind::kCap, {SelectorKind::kCharger, "a"}, 16_A),
                      rule("2", RuleKind::kCap, {SelectorKind::kAll}, 20_A),
                      rule("3", RuleKind::kCap, {SelectorKind::kPartner, "acme"}, 10_A)};
    std::mt19937 random(1);
    for (int round = 0; round < 10; ++round) {
        std::ranges::shuffle(rules, random);
        const auto now = of(rules);
        EXPECT_EQ(leaf(now, "a").cap, (RuledLimit{10_A, RuleId("3")}));
        EXPECT_EQ(leaf(now, "b").cap, (RuledLimit{20_A, RuleId("2")}));
    }
}

TEST_F(Effective, ACapOnACircuitCapsTheSumNotEachCharger) {
    const auto now = of({rule("1", RuleKind::kCap, {SelectorKind::kCircuit, "level-1"}, 40_A)});
    const auto row = *network_.row_of(CircuitId("level-1"));
    EXPECT_EQ(now.budget(network_, row), PerPhase::each(40_A));
    EXPECT_FALSE(leaf(now, "a").cap);
}

TEST_F(Effective, ACapAboveTheBreakerLeavesTheBreaker) {
    const auto now = of({rule("1", RuleKind::kCap, {SelectorKind::kCircuit, "level-1"}, 400_A)});
    EXPECT_EQ(now.budget(network_, *network_.row_of(CircuitId("level-1"))), PerPhase::each(60_A));
}

TEST_F(Effective, APauseOfACircuitOrAPartnerReachesEachCharger) {
    const auto now = of({rule("1", RuleKind::kPause, {SelectorKind::kCircuit, "level-1"}),
                         rule("2", RuleKind::kExclude, {SelectorKind::kPartner, "acme"})});
    EXPECT_EQ(leaf(now, "a").pause, RuleId("1"));
    EXPECT_EQ(leaf(now, "b").pause, RuleId("1"));
    EXPECT_FALSE(leaf(now, "c").pause);
    EXPECT_EQ(leaf(now, "c").exclude, RuleId("2"));
}

TEST_F(Effective, ARuleIsOverAtTheInstantItExpires) {
    auto ends = rule("1", RuleKind::kPause, {SelectorKind::kAll});
    ends.expires_at = kNow + 1us;
    EXPECT_TRUE(leaf(of({ends}), "a").pause);
    EXPECT_EQ(next_boundary(std::vector{ends}, kNow), kNow + 1us);
    ends.expires_at = kNow;
    EXPECT_FALSE(leaf(of({ends}), "a").pause);
    EXPECT_EQ(next_boundary(std::vector{ends}, kNow), std::nullopt);
}

TEST_F(Effective, ExclusionsThatCanNeverFitAreRefusedWithTheShortfall) {
    const auto check = [&](Selector select) {
        return check_exclusions(network_, of({rule("1", RuleKind::kExclude, select)}));
    };
    EXPECT_TRUE(check({SelectorKind::kPartner, "acme"}));
    const auto all = check({SelectorKind::kCircuit, "level-1"});
    ASSERT_FALSE(all);
    EXPECT_EQ(all.error().code, Errc::kConflict);
    EXPECT_EQ(all.error().message,
              "holding the hardware maximum of what is excluded takes 4 A more than circuit "
              "level-1 has on L1");
}

TEST_F(Effective, WrongRulesAreRefusedWithTheFieldToBlame) {
    const auto field = [&](Rule wrong) { return check_rule(config_, wrong).error().field; };
    EXPECT_EQ(field(rule("1", RuleKind::kCap, {SelectorKind::kAll})), "limitA");
    EXPECT_EQ(field(rule("1", RuleKind::kCap, {SelectorKind::kAll}, -1_A)), "limitA");
    EXPECT_EQ(field(rule("1", RuleKind::kPause, {SelectorKind::kAll}, 6_A)), "limitA");
    EXPECT_EQ(field(rule("1", RuleKind::kPause, {SelectorKind::kCharger, "nope"})),
              "select.charger");
    EXPECT_EQ(field(rule("1", RuleKind::kPause, {SelectorKind::kPartner, ""})), "select.partner");
    EXPECT_TRUE(check_rule(config_, rule("1", RuleKind::kCap, {SelectorKind::kAll}, 0_A)));
}

}  // namespace
}  // namespace busbar
