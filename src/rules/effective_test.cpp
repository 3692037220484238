#include "rules/effective.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <random>

namespace busbar {
namespace {

using namespace std::chrono_literals;
using enum RuleKind;
constexpr TimePoint kNow{1'000'000s};  // 1970-01-12, a Monday, 13:46:40.

SiteConfig garage() {
    SiteConfig config{.site = {.id = SiteId("garage")}, .circuits = {}, .chargers = {}};
    const auto circuit = [&](const char* id, const char* parent, Amperes breaker) {
        config.circuits.push_back(
            {.id = CircuitId(id),
             .site = SiteId("garage"),
             .parent = parent ? std::optional{CircuitId(parent)} : std::nullopt,
             .breaker = PerPhase::each(breaker),
             .safety_pct = 0});
    };
    circuit("feeder", nullptr, 100_A);
    circuit("level-1", "feeder", 60_A);
    const auto charger = [&](const char* id, const char* on, const char* partner,
                             std::vector<std::string> tags) {
        config.chargers.push_back({.id = ChargerId(id),
                                   .circuit = CircuitId(on),
                                   .partner = partner,
                                   .maximum = 32_A,
                                   .tags = std::move(tags)});
    };
    charger("a", "level-1", "acme", {"north"});
    charger("b", "level-1", "", {"north"});
    charger("c", "feeder", "acme", {});
    config.id_tags = {{"card-1", SiteId("garage"), "staff"}};
    return config;
}

Selector all() {
    return {};
}
Selector charger(const char* name) {
    return {SelectorKind::kCharger, name};
}
Selector on_circuit(const char* name) {
    return {SelectorKind::kCircuit, name};
}
Selector tagged(const char* name) {
    return {SelectorKind::kTag, name};
}
Selector partner(const char* name) {
    return {SelectorKind::kPartner, name};
}
Selector group(const char* name) {
    return {SelectorKind::kIdTagGroup, name};
}

Rule rule(const char* id, RuleKind kind, Selector select, std::optional<Amperes> limit = {}) {
    return {.id = RuleId(id),
            .site = SiteId("garage"),
            .kind = kind,
            .select = std::move(select),
            .limit = limit};
}
Rule with(Rule rule, auto change) {
    change(rule);
    return rule;
}
Rule in_layer(Layer layer, Rule rule) {
    rule.layer = layer;
    return rule;
}
Rule suspend(const char* id, Selector select, Suspends what = {}) {
    return with(rule(id, kSuspend, std::move(select)), [&](Rule& r) { r.suspends = what; });
}

class Effective : public testing::Test {
protected:
    EffectiveRules of(std::vector<Rule> rules) {
        rules_ = std::move(rules);
        network_ = compile(config_, rules_);
        return effective_rules(config_, network_, rules_, occupants_, kNow);
    }
    const LeafRules& leaf(const EffectiveRules& rules, const char* name) {
        return rules.leaves[*network_.leaf_of({ChargerId(name), 1})];
    }
    const RowRules& row(const EffectiveRules& rules, const char* circuit) {
        return rules.rows[*network_.row_of(CircuitId(circuit))];
    }
    // "10 A by 3": what caps a leaf or row, in words.
    std::string words(const std::optional<RuledLimit>& cap) {
        if (!cap) return "none";
        return decimal(cap->limit.in_milli()) + " A by " + name(cap->rule);
    }
    std::string name(std::optional<RuleIndex> index) {
        if (!index) return "none";
        return *index == kNoRule ? "configuration" : rules_[*index].id.str();
    }

    SiteConfig config_ = garage();
    Network network_;
    std::vector<Rule> rules_;
    std::vector<Occupant> occupants_;
};

TEST_F(Effective, TheTightestCapWinsWhateverTheOrder) {
    std::vector rules{rule("1", kCap, charger("a"), 16_A), rule("2", kCap, all(), 20_A),
                      rule("3", kCap, partner("acme"), 10_A)};
    std::mt19937 random(1);
    for (int round = 0; round < 10; ++round) {
        std::ranges::shuffle(rules, random);
        const auto now = of(rules);
        EXPECT_EQ(words(leaf(now, "a").cap), "10 A by 3");
        EXPECT_EQ(words(leaf(now, "b").cap), "20 A by 2");
    }
}

TEST_F(Effective, OfEqualRulesTheOldestIsNamed) {
    const auto aged = [](Rule rule, std::chrono::seconds age) {
        rule.created_at = kNow - age;
        return rule;
    };
    const auto now =
        of({aged(rule("1", kCap, all(), 10_A), 1s), aged(rule("2", kCap, all(), 10_A), 3s),
            aged(rule("3", kPause, charger("b")), 2s), aged(rule("4", kPause, all()), 2s),
            aged(rule("5", kExclude, charger("c")), 2s), aged(rule("6", kExclude, all()), 9s)});
    EXPECT_EQ(words(leaf(now, "a").cap), "10 A by 2");
    EXPECT_EQ(name(leaf(now, "b").pause), "3");
    EXPECT_EQ(name(leaf(now, "c").exclude), "6");
}

TEST_F(Effective, ACapOnACircuitCapsTheSumNotEachCharger) {
    const auto now = of({rule("1", kCap, on_circuit("level-1"), 40_A)});
    EXPECT_EQ(row(now, "level-1").budget, PerPhase::each(40_A));
    EXPECT_EQ(words(row(now, "level-1").cap), "40 A by 1");
    EXPECT_FALSE(leaf(now, "a").cap);
    EXPECT_FALSE(row(now, "feeder").cap);
}

TEST_F(Effective, ACapAboveTheBreakerLeavesTheBreaker) {
    const auto now = of({rule("1", kCap, on_circuit("level-1"), 400_A)});
    EXPECT_EQ(row(now, "level-1").budget, PerPhase::each(60_A));
    EXPECT_FALSE(row(now, "level-1").cap);
}

TEST_F(Effective, ScopeTurnsSumIntoEachAndEachIntoSum) {
    const auto now =
        of({with(rule("1", kCap, on_circuit("level-1"), 20_A),
                 [](Rule& r) { r.scope = Scope::kEach; }),
            with(rule("2", kCap, partner("acme"), 30_A), [](Rule& r) { r.scope = Scope::kSum; })});
    EXPECT_EQ(words(leaf(now, "a").cap), "20 A by 1");
    EXPECT_EQ(words(leaf(now, "c").cap), "none");
    EXPECT_FALSE(row(now, "level-1").cap);
    const auto set = *network_.row_of(RuleId("2"));
    EXPECT_EQ(now.rows[set].budget, PerPhase::each(30_A));
    EXPECT_EQ(words(now.rows[set].cap), "30 A by 2");
}

TEST_F(Effective, ASetThatDoesNotHoldNowIsUnlimited) {
    const auto now = of({with(rule("1", kCap, all(), 30_A), [](Rule& r) {
        r.scope = Scope::kSum;
        r.window = *parse_window("17:00-21:00");
    })});
    const auto set = *network_.row_of(RuleId("1"));
    EXPECT_EQ(now.rows[set].budget, PerPhase::each(kUnlimited));
    EXPECT_FALSE(now.rows[set].cap);
}

TEST_F(Effective, KilowattsAndPercentsBecomeAmperesOnTheSafeSide) {
    config_.chargers[1].phases = {Phase::kL2};
    config_.circuits[1].breaker = PerPhase({60_A, 60_A, 0_A});
    const auto kilowatts = [](Rule rule, std::int64_t watts) {
        rule.limit_power = Watts::of(watts);
        return rule;
    };
    const auto percent = [](Rule rule, std::int64_t percents) {
        rule.limit_pct = Percent::of(percents);
        return rule;
    };
    const auto sum = [](Rule rule) {
        rule.scope = Scope::kSum;
        return rule;
    };
    const auto now = of({kilowatts(rule("each", kCap, tagged("north")), 3'500),
                         kilowatts(rule("row", kCap, on_circuit("feeder")), 20'000),
                         percent(rule("half", kCap, on_circuit("level-1")), 50),
                         percent(rule("part", kCap, charger("c")), 33),
                         sum(percent(rule("tag%", kCap, tagged("north")), 50)),
                         sum(kilowatts(rule("tagkw", kCap, tagged("north")), 11'000)),
                         kilowatts(rule("gift", kReserve, all()), 3'500)});
    EXPECT_EQ(words(leaf(now, "a").cap), "5.072 A by each");      // Over three lines, down.
    EXPECT_EQ(words(leaf(now, "b").cap), "15.217 A by each");     // On one.
    EXPECT_EQ(words(leaf(now, "a").reserve), "5.073 A by gift");  // Up.
    EXPECT_EQ(words(leaf(now, "c").cap), "10.56 A by part");
    EXPECT_EQ(row(now, "feeder").budget, PerPhase::each(Amperes::milli(28'985)));
    EXPECT_EQ(row(now, "level-1").budget, PerPhase({30_A, 30_A, 0_A}));
    EXPECT_EQ(now.rows[*network_.row_of(RuleId("tag%"))].budget, PerPhase({16_A, 32_A, 16_A}));
    EXPECT_EQ(now.rows[*network_.row_of(RuleId("tagkw"))].budget,
              PerPhase::each(Amperes::milli(15'942)));
}

TEST_F(Effective, ADcChargerKeepsItsMinimumFromAllButSafety) {
    config_.chargers[2].dc = DcOutput{.maximum = 20_kW};
    const auto least = compile(config_).leaves[2].minimum;
    auto now = of({rule("1", kPause, all())});
    EXPECT_EQ(name(leaf(now, "c").pause), "none");
    EXPECT_EQ(leaf(now, "c").cap, (RuledLimit{least, 0}));
    now = of({rule("1", kCap, charger("c"), 3_A)});
    EXPECT_EQ(leaf(now, "c").cap, (RuledLimit{least, 0}));
    now = of({in_layer(Layer::kSafety, rule("1", kPause, all()))});
    EXPECT_EQ(name(leaf(now, "c").pause), "1");
    // 10 kW of output, losses and cooling included, and not a watt more.
    now = of({with(rule("1", kCap, charger("c")), [](Rule& r) { r.limit_power = 10_kW; })});
    const auto& dc = *config_.chargers[2].dc;
    EXPECT_LE(dc_output(leaf(now, "c").cap->limit, dc, {}), 10_kW);
    EXPECT_GE(dc_output(leaf(now, "c").cap->limit + Amperes::milli(1), dc, {}), 10_kW);
}

TEST_F(Effective, APauseOfACircuitOrAPartnerReachesEachCharger) {
    const auto now =
        of({rule("1", kPause, on_circuit("level-1")), rule("2", kExclude, partner("acme"))});
    EXPECT_EQ(name(leaf(now, "a").pause), "1");
    EXPECT_EQ(name(leaf(now, "b").pause), "1");
    EXPECT_FALSE(leaf(now, "c").pause);
    EXPECT_EQ(name(leaf(now, "c").exclude), "2");
}

TEST_F(Effective, ExceptLeavesAloneWhomItNames) {
    auto select = all();
    select.except = {{SelectorKind::kPartner, "acme"}, {SelectorKind::kEvse, "nope"}};
    const auto now = of({rule("1", kPause, select)});
    EXPECT_FALSE(leaf(now, "a").pause);
    EXPECT_TRUE(leaf(now, "b").pause);
}

TEST_F(Effective, RulesAboutDriversHoldWhileTheyCharge) {
    const std::vector rules{rule("1", kCap, group("staff"), 10_A),
                            rule("2", kPause, {SelectorKind::kTransaction, "7"})};
    occupants_ = {{5, "staff"}, {7, "guests"}, {0, "staff"}};
    const auto now = of(rules);
    EXPECT_EQ(words(leaf(now, "a").cap), "10 A by 1");
    EXPECT_EQ(name(leaf(now, "b").pause), "2");
    EXPECT_EQ(words(leaf(now, "c").cap), "none");
    occupants_.clear();
    EXPECT_FALSE(leaf(of(rules), "a").cap);
}

TEST_F(Effective, TheMostIsReservedAndTheStandingPartHeldWhileIdle) {
    auto now =
        of({rule("1", kReserve, all(), 16_A),
            with(rule("2", kReserve, charger("a"), 10_A), [](Rule& r) { r.standing = true; }),
            with(rule("3", kReserve, all(), 9_A), [](Rule& r) { r.standing = true; }),
            rule("4", kReserve, charger("b"), 4_A)});
    EXPECT_EQ(words(leaf(now, "a").reserve), "16 A by 1");
    EXPECT_TRUE(leaf(now, "a").standing);
    EXPECT_EQ(leaf(now, "a").held_idle, 10_A);
    EXPECT_EQ(leaf(now, "b").held_idle, 9_A);
    now = of({rule("1", kReserve, all(), 16_A)});
    EXPECT_FALSE(leaf(now, "a").standing);
    EXPECT_EQ(leaf(now, "a").held_idle, 0_A);
}

TEST_F(Effective, UnmanagedChargersAreExcludedByConfiguration) {
    config_.chargers[0].managed = false;
    auto now = of({});
    EXPECT_EQ(name(leaf(now, "a").exclude), "configuration");
    EXPECT_FALSE(leaf(now, "b").exclude);
    now = of({rule("1", kExclude, all())});
    EXPECT_EQ(name(leaf(now, "a").exclude), "1");
}

TEST_F(Effective, TheHighestLayerThenTheNarrowestThenTheNewestRanks) {
    const auto rank = [](const char* id, Selector select, int band) {
        auto out = rule(id, kRank, std::move(select));
        out.band = band;
        return out;
    };
    const auto newer = [](Rule rule) {
        rule.created_at = kNow;
        return rule;
    };
    // Each beats the one before it.
    std::vector rules{rank("1", all(), 6),
                      newer(rank("2", all(), 7)),
                      rank("3", on_circuit("feeder"), 8),
                      rank("4", on_circuit("level-1"), 9),
                      rank("5", partner("acme"), 8),
                      rank("6", tagged("north"), 7),
                      newer(rank("7", group("staff"), 6)),
                      rank("8", charger("a"), 5),
                      rank("9", {SelectorKind::kEvse, "a"}, 4),
                      newer(rank("A", {SelectorKind::kTransaction, "5"}, 3)),
                      in_layer(Layer::kGrid, rank("B", all(), 2))};
    occupants_ = {{5, "staff"}, {}, {}};
    for (std::size_t count = 1; count <= rules.size(); ++count) {
        std::vector some(rules.begin(), rules.begin() + static_cast<std::ptrdiff_t>(count));
        std::ranges::reverse(some);
        const auto now = of(some);
        EXPECT_EQ(name(leaf(now, "a").rank), rules[count - 1].id.str());
        EXPECT_EQ(leaf(now, "a").band, rules[count - 1].band);
    }
    EXPECT_EQ(leaf(of({}), "a").band, kOrdinaryBand);
}

TEST_F(Effective, BandAndWeightMayComeFromTwoRules) {
    config_.chargers[0].priority = 4;
    config_.chargers[1].priority = 0;
    auto now = of({with(rule("1", kRank, partner("acme")), [](Rule& r) { r.band = 2; }),
                   with(rule("2", kRank, all()), [](Rule& r) { r.weight = Weight::of(3); }),
                   with(rule("3", kRank, charger("c")), [](Rule& r) { r.weight = Weight{}; })});
    EXPECT_EQ(leaf(now, "a").band, 2);
    EXPECT_EQ(leaf(now, "a").weight, Weight::of(3));
    EXPECT_EQ(leaf(now, "c").weight, Weight::milli(1));  // 0 does not starve.
    now = of({});
    EXPECT_EQ(leaf(now, "a").weight, Weight::of(4));
    EXPECT_EQ(leaf(now, "b").weight, Weight::milli(1));
}

TEST_F(Effective, TheNearestCircuitSaysHowItIsShared) {
    const Share weighted{SharePolicy::kWeighted}, fcfs{SharePolicy::kFcfs},
        deadline{SharePolicy::kDeadline};
    const auto shares = [](const char* id, Selector select, Share share) {
        auto out = rule(id, kShare, std::move(select));
        out.share = share;
        return out;
    };
    config_.circuits[1].share = weighted;
    auto now = of({});
    EXPECT_EQ(leaf(now, "a").share.policy, SharePolicy::kWeighted);
    EXPECT_EQ(leaf(now, "c").share.policy, SharePolicy::kEqual);
    now = of({shares("1", all(), fcfs)});  // The roots; level-1 has its own.
    EXPECT_EQ(leaf(now, "a").share.policy, SharePolicy::kWeighted);
    EXPECT_EQ(leaf(now, "c").share.policy, SharePolicy::kFcfs);
    EXPECT_EQ(name(leaf(now, "c").share_rule), "1");
    now = of({shares("1", all(), fcfs), shares("2", on_circuit("level-1"), deadline)});
    EXPECT_EQ(leaf(now, "a").share.policy, SharePolicy::kDeadline);
    EXPECT_EQ(name(leaf(now, "a").share_rule), "2");
    config_.circuits[1].share.reset();
    now = of({in_layer(Layer::kGrid, shares("1", all(), fcfs)),
              shares("2", on_circuit("feeder"), deadline)});
    EXPECT_EQ(leaf(now, "a").share.policy, SharePolicy::kFcfs);
}

TEST_F(Effective, PeaksCapTheirCircuitByConfiguration) {
    config_.circuits[0].peaks = {{*parse_window("13:00-14:00"), Percent::of(50)},
                                 {*parse_window("14:00-15:00"), Percent::of(10)}};
    auto now = of({});
    EXPECT_EQ(row(now, "feeder").budget, PerPhase::each(50_A));
    EXPECT_EQ(words(row(now, "feeder").cap), "50 A by configuration");
    now = of({rule("1", kCap, on_circuit("feeder"), 40_A)});
    EXPECT_EQ(words(row(now, "feeder").cap), "40 A by 1");
}

TEST_F(Effective, WhatIsBelowASwitchedOffCircuitIsInactive) {
    config_.circuits[1].active = false;
    const auto now = of({});
    EXPECT_TRUE(leaf(now, "a").inactive);
    EXPECT_FALSE(leaf(now, "c").inactive);
    EXPECT_EQ(row(now, "level-1").budget, PerPhase::each(60_A));
    config_.circuits[0].active = false;
    config_.circuits[1].active = true;
    EXPECT_TRUE(leaf(of({}), "a").inactive);
}

TEST_F(Effective, SuspensionsReachTheirLayerAndBelowButNeverSafety) {
    for (auto mine = Layer::kDefault; mine <= Layer::kSafety;
         mine = static_cast<Layer>(static_cast<int>(mine) + 1))
        for (auto theirs = Layer::kDefault; theirs <= Layer::kSafety;
             theirs = static_cast<Layer>(static_cast<int>(theirs) + 1))
            for (const bool boosts : {false, true}) {
                const auto lifting =
                    boosts ? rule("s", kBoost, charger("a")) : suspend("s", charger("a"));
                const auto now =
                    of({in_layer(theirs, rule("1", kCap, all(), 10_A)), in_layer(mine, lifting)});
                const bool lifted = theirs <= mine && theirs != Layer::kSafety;
                EXPECT_EQ(words(leaf(now, "a").cap), lifted ? "none" : "10 A by 1")
                    << to_string(mine) << " over " << to_string(theirs);
                EXPECT_EQ(name(leaf(now, "a").lifted), lifted ? "1" : "none");
                EXPECT_EQ(name(leaf(now, "a").lifted_by), lifted ? "s" : "none");
                EXPECT_EQ(words(leaf(now, "b").cap), "10 A by 1");
            }
}

TEST_F(Effective, ASuspensionSwitchesOffWhatItNames) {
    const std::vector others{
        rule("cap", kCap, all(), 10_A),
        rule("pause", kPause, all()),
        rule("gift", kReserve, all(), 8_A),
        rule("mine", kExclude, all()),
        with(rule("band", kRank, all()), [](Rule& r) { r.band = 2; }),
        with(rule("how", kShare, all()), [](Rule& r) { r.share = Share{SharePolicy::kFcfs}; })};
    const auto left = [&](Suspends what) {
        auto rules = others;
        rules.push_back(suspend("s", all(), what));
        const auto now = of(rules);
        const auto& a = leaf(now, "a");
        return std::string(a.cap ? "cap " : "") + (a.pause ? "pause " : "") +
               (a.reserve ? "gift " : "") + (a.exclude ? "mine " : "") +
               (a.band == 2 ? "band " : "") + (a.share_rule ? "how " : "");
    };
    EXPECT_EQ(left({}), "mine band how ");
    EXPECT_EQ(left({.kind = kCap}), "pause gift mine band how ");
    EXPECT_EQ(left({.kind = kExclude}), "cap pause gift band how ");
    EXPECT_EQ(left({.kind = kRank}), "cap pause gift mine how ");
    EXPECT_EQ(left({.kind = kShare}), "cap pause gift mine band ");
    EXPECT_EQ(left({.rule = RuleId("pause")}), "cap gift mine band how ");
    EXPECT_EQ(left({.rule = RuleId("nope")}), "cap pause gift mine band how ");
}

TEST_F(Effective, SuspensionsAndBoostsCannotBeSuspended) {
    const auto now = of(
        {rule("1", kCap, all(), 10_A), suspend("2", charger("a")), rule("3", kBoost, charger("b")),
         suspend("4", all(), {.rule = RuleId("2")}), suspend("5", all(), {.kind = kBoost})});
    EXPECT_FALSE(leaf(now, "a").cap);
    EXPECT_FALSE(leaf(now, "b").cap);
    EXPECT_EQ(name(leaf(now, "b").boost), "3");
}

TEST_F(Effective, ACircuitsCapIsLiftedForTheWholeCircuitOrNotAtAll) {
    const auto cap = rule("1", kCap, on_circuit("level-1"), 20_A);
    const auto budget = [&](Rule lifting) {
        const auto now = of({cap, std::move(lifting)});
        return row(now, "level-1").budget[Phase::kL1];
    };
    EXPECT_EQ(budget(suspend("s", all())), 60_A);
    EXPECT_EQ(budget(suspend("s", on_circuit("level-1"))), 60_A);
    EXPECT_EQ(budget(suspend("s", charger("c"), {.rule = RuleId("1")})), 60_A);
    EXPECT_EQ(budget(suspend("s", on_circuit("feeder"))), 20_A);
    EXPECT_EQ(budget(suspend("s", charger("a"))), 20_A);
    EXPECT_EQ(budget(rule("s", kBoost, on_circuit("level-1"))), 20_A);
    auto nearly = all();
    nearly.except = {{SelectorKind::kCharger, "c"}};
    EXPECT_EQ(budget(suspend("s", nearly)), 20_A);
    EXPECT_EQ(budget(in_layer(Layer::kDriver, suspend("s", all()))), 20_A);
}

TEST_F(Effective, ABoostComesFirstUnlessAHigherLayerRanks) {
    const auto rank = with(rule("r", kRank, {SelectorKind::kEvse, "a"}), [](Rule& r) {
        r.band = 9;
        r.created_at = kNow;
    });
    auto now = of({rank, rule("b", kBoost, all())});
    EXPECT_EQ(leaf(now, "a").band, kFirstBand);
    EXPECT_EQ(name(leaf(now, "a").boost), "b");
    EXPECT_EQ(name(leaf(now, "a").rank), "none");
    now = of({rank, with(rule("b", kBoost, all()), [](Rule& r) { r.band = 3; })});
    EXPECT_EQ(leaf(now, "a").band, 3);
    now = of({in_layer(Layer::kGrid, rank), rule("b", kBoost, all())});
    EXPECT_EQ(leaf(now, "a").band, 9);
    EXPECT_EQ(name(leaf(now, "a").boost), "b");
}

TEST_F(Effective, OnlyWhatWouldBindIsReportedAsLifted) {
    const auto lifted = [&](std::vector<Rule> rules) {
        rules.push_back(suspend("s", all(), {.rule = RuleId("1")}));
        const auto now = of(std::move(rules));
        return name(leaf(now, "a").lifted);
    };
    const auto cap = rule("1", kCap, all(), 10_A);
    EXPECT_EQ(lifted({cap}), "1");
    EXPECT_EQ(lifted({cap, rule("2", kCap, all(), 12_A)}), "1");
    EXPECT_EQ(lifted({cap, rule("2", kCap, all(), 10_A)}), "none");
    EXPECT_EQ(lifted({cap, rule("2", kPause, all())}), "none");
    EXPECT_EQ(lifted({cap, rule("2", kExclude, all())}), "none");
    EXPECT_EQ(lifted({rule("1", kCap, all(), 32_A)}), "none");
    EXPECT_EQ(lifted({rule("1", kPause, all()), rule("2", kCap, all(), 6_A)}), "1");
}

TEST_F(Effective, TheConflictExamplesOfTheDesign) {
    // A cap and a reservation: both are told, the cap clips.
    auto now = of({rule("1", kCap, charger("a"), 10_A), rule("2", kReserve, charger("a"), 16_A)});
    EXPECT_EQ(words(leaf(now, "a").cap), "10 A by 1");
    EXPECT_EQ(words(leaf(now, "a").reserve), "16 A by 2");
    // A pause of a partner and a reservation for one of its chargers: 0.
    now = of({rule("1", kPause, partner("acme")), rule("2", kReserve, charger("c"), 16_A)});
    EXPECT_EQ(name(leaf(now, "c").pause), "1");
    // Excluded and capped: excluded.
    now = of({rule("1", kExclude, charger("a")), rule("2", kCap, charger("a"), 6_A)});
    EXPECT_EQ(name(leaf(now, "a").exclude), "1");
}

TEST_F(Effective, ARuleHoldsFromItsStartToTheInstantItExpires) {
    auto pause = rule("1", kPause, all());
    pause.starts_at = kNow;
    pause.expires_at = kNow + 1us;
    EXPECT_TRUE(leaf(of({pause}), "a").pause);
    EXPECT_EQ(next_boundary(config_, std::vector{pause}, kNow - 1us), kNow);
    EXPECT_EQ(next_boundary(config_, std::vector{pause}, kNow), kNow + 1us);
    pause.starts_at = kNow + 1us;
    pause.expires_at.reset();
    EXPECT_FALSE(leaf(of({pause}), "a").pause);
    pause.starts_at.reset();
    pause.expires_at = kNow;
    EXPECT_FALSE(leaf(of({pause}), "a").pause);
    EXPECT_EQ(next_boundary(config_, std::vector{pause}, kNow), std::nullopt);
    pause.expires_at.reset();
    pause.enabled = false;
    EXPECT_FALSE(leaf(of({pause}), "a").pause);
}

TEST_F(Effective, AnUnknownZoneCapsAlwaysAndGivesNever) {
    const auto on_mars = [](Rule rule) {
        rule.window = Window{.from = 17h, .until = 21h, .zone = "Mars/Olympus"};
        return rule;
    };
    const auto now =
        of({on_mars(rule("1", kCap, all(), 10_A)), on_mars(rule("2", kReserve, all(), 8_A))});
    EXPECT_EQ(words(leaf(now, "a").cap), "10 A by 1");
    EXPECT_FALSE(leaf(now, "a").reserve);
    EXPECT_EQ(next_boundary(config_, rules_, kNow), std::nullopt);
}

// RapidCheck begins with small numbers; these are of any size from the start.
int any_below(int end) {
    return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, end));
}
bool one_in(int count) {
    return any_below(count) == 0;
}

// Rules as an operator might write them, on the garage.
Rule any_rule(int number) {
    const auto select =
        *rc::gen::element<Selector>(all(), charger("a"), charger("b"), on_circuit("feeder"),
                                    on_circuit("level-1"), tagged("north"), partner("acme"),
                                    Selector{SelectorKind::kAll, "", {{SelectorKind::kEvse, "b"}}});
    auto out = rule(std::to_string(number).c_str(), kCap, select);
    out.layer = static_cast<Layer>(any_below(6));
    switch (any_below(3)) {
        case 0:
            out.limit = Amperes::milli(any_below(40'000));
            break;
        case 1:
            out.limit_power = Watts::milli(any_below(30'000'000));
            break;
        default:
            out.limit_pct = Percent::of(any_below(101));
    }
    if (one_in(4)) out.scope = *rc::gen::element(Scope::kEach, Scope::kSum);
    return out;
}

// What caps come to, without the names of the rules.
std::vector<Amperes> amounts(const EffectiveRules& rules) {
    std::vector<Amperes> out;
    for (const auto& row : rules.rows)
        for (const auto phase : kPhases) out.push_back(row.budget[phase]);
    for (const auto& leaf : rules.leaves) out.push_back(leaf.cap ? leaf.cap->limit : kUnlimited);
    return out;
}

RC_GTEST_PROP(CapAlgebra, CapsCommuteAssociateAndAreIdempotent, ()) {
    const auto config = garage();
    std::vector<Rule> rules;
    for (int i = any_below(8); i > 0; --i) rules.push_back(any_rule(i));
    const auto network = compile(config, rules);
    const auto of = [&](std::span<const Rule> some) {
        return effective_rules(config, network, some, {}, kNow);
    };
    const auto once = of(rules);

    auto turned = rules;
    std::ranges::reverse(turned);
    auto there = of(turned);
    // The same rules by name, wherever they stand.
    const auto last = static_cast<RuleIndex>(rules.size() - 1);
    for (auto& row : there.rows)
        if (row.cap) row.cap->rule = last - row.cap->rule;
    for (auto& leaf : there.leaves)
        if (leaf.cap) leaf.cap->rule = last - leaf.cap->rule;
    RC_ASSERT(there.rows == once.rows);
    RC_ASSERT(there.leaves == once.leaves);

    auto twice = rules;
    twice.insert(twice.end(), rules.begin(), rules.end());
    RC_ASSERT(amounts(of(twice)) == amounts(once));

    // In two parts: the least of both parts is the whole.
    const auto cut = static_cast<std::ptrdiff_t>(rules.size() / 2);
    const auto first = amounts(of(std::vector(rules.begin(), rules.begin() + cut)));
    auto both = amounts(of(std::vector(rules.begin() + cut, rules.end())));
    for (std::size_t i = 0; i < both.size(); ++i) both[i] = std::min(both[i], first[i]);
    RC_ASSERT(both == amounts(once));
}

RC_GTEST_PROP(Boundaries, AreWhereAMinuteByMinuteLookSeesAChange, ()) {
    auto config = garage();
    config.site.zone =
        *rc::gen::element<std::string>("Europe/Berlin", "Australia/Lord_Howe", "UTC");
    // The end of October and the beginning of April: switches in both.
    const auto start =
        *rc::gen::element(*parse_time("2026-10-23T00:00:00Z"), *parse_time("2026-04-03T00:00:00Z"));
    const auto minute = [&](int most) { return std::chrono::minutes(any_below(most)); };
    const auto any_window = [&] {
        return Window{.days = static_cast<std::uint8_t>(1 + any_below(127)),
                      .from = minute(1440),
                      .until = minute(1441)};
    };
    std::vector<Rule> rules;
    for (int i = any_below(4); i > 0; --i) {
        auto out = rule(std::to_string(i).c_str(), *rc::gen::element(kCap, kRank), all(), 10_A);
        if (one_in(2)) out.window = any_window();
        if (one_in(2)) out.starts_at = start + minute(4320);
        if (one_in(2)) out.expires_at = start + minute(4320);
        out.enabled = !one_in(5);
        rules.push_back(out);
    }
    if (one_in(2)) config.circuits[0].peaks = {{any_window(), Percent::of(50)}};

    Rule peak = rule("peak", kCap, all());
    peak.enabled = !config.circuits[0].peaks.empty();
    if (peak.enabled) peak.window = config.circuits[0].peaks[0].window;
    const auto state = [&](TimePoint at) {
        std::vector<bool> out{holds(config.site, peak, at)};
        for (const auto& each : rules) out.push_back(holds(config.site, each, at));
        return out;
    };
    const auto now = start + minute(2000) + std::chrono::seconds(any_below(60));
    const auto next = next_boundary(config, rules, now);
    RC_ASSERT(!next || *next > now);
    const auto before = state(now);
    for (auto at = std::chrono::ceil<std::chrono::minutes>(now + 1us); at < start + 72h; at += 1min)
        if (state(at) != before) {
            RC_ASSERT(next.has_value());
            RC_ASSERT(*next == at);
            return;
        }
    if (next) RC_ASSERT(*next >= start + 72h);
}

}  // namespace
}  // namespace busbar
