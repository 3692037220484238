#include <gtest/gtest.h>

#include <set>

#include "domain/charging.hpp"
#include "domain/grant.hpp"
#include "domain/network.hpp"
#include "domain/site.hpp"

namespace busbar {
namespace {

using namespace std::chrono_literals;

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

TEST(CheckSite, FloorsHaveToFitBesideTheMostThatABuildingDraws) {
    auto root = circuit("a", nullptr, 20_A);
    root.building = BuildingLoad{.meter = MeterId("m"), .worst_case = PerPhase::each(14_A)};
    EXPECT_TRUE(check_site(site({root}, {charger("x", "a", 6_A)})));
    const auto checked = check_site(site({root}, {charger("x", "a", 6_A), charger("y", "a", 6_A)}));
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().message,
              "the floors of the chargers below circuit a need 12 A on L1, 6 A more than its "
              "budget of 6 A beside the most its building draws");
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

TEST(CheckSite, NamesTheFieldOfWhatStandsAroundTheTree) {
    const auto wrong = [](auto change) {
        auto config = site({circuit("a", nullptr, 63_A)}, {charger("x", "a")});
        change(config);
        return check_site(config).error().field;
    };
    EXPECT_EQ(wrong([](auto& c) { c.site.zone = "Europe Berlin"; }), "zone");
    EXPECT_EQ(wrong([](auto& c) { c.site.supply.nominal = 5_V; }), "supply.nominalV");
    EXPECT_EQ(wrong([](auto& c) { c.site.raise_spread = -1s; }), "raiseSpreadS");
    EXPECT_EQ(wrong([](auto& c) {
                  c.circuits[0].peaks = {{{}, Percent::of(101)}};
              }),
              "peaks.percent");
    EXPECT_EQ(wrong([](auto& c) {
                  c.circuits[0].peaks = {{{.days = 0}, Percent::of(50)}};
              }),
              "peaks.window.days");
    EXPECT_EQ(wrong([](auto& c) { c.circuits[0].share = Share{.rotation_slot = -1s}; }),
              "share.rotationMinutes");
    EXPECT_EQ(wrong([](auto& c) { c.circuits[0].building = BuildingLoad{MeterId("")}; }),
              "building.meter");
    EXPECT_EQ(wrong([](auto& c) { c.chargers[0].priority = -1; }), "priority");
    EXPECT_EQ(wrong([](auto& c) { c.chargers[0].tags = {"fine", ""}; }), "tags");
    EXPECT_EQ(wrong([](auto& c) {
                  c.site.supply = {Wiring::kDeltaLinear, 208_V};
                  c.chargers[0].phases = {Phase::kL1};
              }),
              "phases");
    EXPECT_EQ(wrong([](auto& c) { c.chargers[0].dc = DcOutput{}; }), "dc.maximumKw");
    EXPECT_EQ(wrong([](auto& c) {
                  c.id_tags = {{"CARD-1", c.site.id}, {"card-1", c.site.id}};
              }),
              "idTag");
}

TEST(CheckSite, TakesADcChargersAmperesFromItsOutput) {
    auto fast = charger("x", "a");
    fast.dc = DcOutput{.maximum = 50_kW};
    fast.maximum = fast.minimum = 0_A;  // Not asked.
    fast.evse_count = 2;
    const auto config = site({circuit("a", nullptr, 200_A)}, {fast});
    ASSERT_TRUE(check_site(config));
    const auto network = compile(config);
    // Both EVSEs share the one output.
    EXPECT_EQ(network.rows[1].budget, PerPhase::each(Amperes::milli(97'561)));
    EXPECT_EQ(network.leaves[0].maximum, Amperes::milli(97'561));
    EXPECT_EQ(network.leaves[0].minimum, 13_A);
    EXPECT_FALSE(network.leaves[0].pausable);
}

TEST(IdTags, AreComparedWithoutRegardToCase) {
    auto config = site({}, {});
    config.id_tags = {{"Card-1", SiteId("s"), "staff"}, {"Card-2", SiteId("s"), ""}};
    EXPECT_EQ(config.group_of("CARD-1"), "staff");
    EXPECT_EQ(config.group_of("card-2"), "");
    EXPECT_EQ(config.group_of("Card-11"), "");
}

class Selecting : public testing::Test {
protected:
    Selecting() {
        auto one = charger("1", "b"), two = charger("2", "b"), three = charger("3", "a");
        two.evse_count = 2;
        one.tags = {"north", "fast"};
        three.tags = {"north"};
        three.partner = "acme";
        config_.chargers = {three, two, one};
        network_ = compile(config_);
    }
    std::vector<std::string> names(Selector selector) {
        const std::vector<Occupant> occupants{{7, "staff"}, {}, {8, "staff"}, {9, "guests"}};
        std::vector<std::string> out;
        for (const auto leaf : select(network_, selector, occupants))
            out.push_back(to_string(network_.leaves[leaf].evse));
        return out;
    }
    using Names = std::vector<std::string>;
    SiteConfig config_ = site({circuit("a", nullptr, 200_A), circuit("b", "a", 100_A)}, {});
    Network network_;
};

TEST_F(Selecting, FindsByEachKind) {
    using enum SelectorKind;
    EXPECT_EQ(names({kAll}), (Names{"1", "2", "2/2", "3"}));
    EXPECT_EQ(names({kCharger, "2"}), (Names{"2", "2/2"}));
    EXPECT_EQ(names({kEvse, "2"}), (Names{"2"}));
    EXPECT_EQ(names({kEvse, "2/2"}), (Names{"2/2"}));
    EXPECT_EQ(names({kCircuit, "b"}), (Names{"1", "2", "2/2"}));
    EXPECT_EQ(names({kTag, "north"}), (Names{"1", "3"}));
    EXPECT_EQ(names({kPartner, "acme"}), (Names{"3"}));
    EXPECT_EQ(names({kIdTagGroup, "staff"}), (Names{"1", "2/2"}));
    EXPECT_EQ(names({kTransaction, "9"}), (Names{"3"}));
}

TEST_F(Selecting, LeavesAloneWhatIsExcepted) {
    using enum SelectorKind;
    EXPECT_EQ(names({kAll, "", {{kTag, "north"}}}), (Names{"2", "2/2"}));
    EXPECT_EQ(names({kCircuit, "b", {{kEvse, "2/2"}, {kTransaction, "7"}}}), (Names{"2"}));
    EXPECT_EQ(names({kTag, "north", {{kAll}}}), (Names{}));
    EXPECT_EQ(names({kTag, "north", {{kTag, "nowhere"}}}), (Names{"1", "3"}));
}

TEST_F(Selecting, WhatDoesNotExistSelectsNothing) {
    using enum SelectorKind;
    for (const auto kind : {kCharger, kEvse, kCircuit, kTag, kPartner, kIdTagGroup, kTransaction})
        for (const auto* name : {"", "nope", "2/3", "2/0", "2/", "0", "-7"})
            EXPECT_EQ(names({kind, name}), (Names{})) << to_string(SelectorTerm{kind, name});
}

TEST_F(Selecting, SumsOverAnythingButAWholeCircuitAreRowsOfTheirOwn) {
    using enum SelectorKind;
    const auto cap = [](const char* id, Selector select, std::optional<Scope> scope) {
        return Rule{.id = RuleId(id), .select = std::move(select), .limit = 20_A, .scope = scope};
    };
    std::vector rules{cap("t", {kTag, "north"}, Scope::kSum), cap("c", {kCircuit, "b"}, {}),
                      cap("e", {kCircuit, "b", {{kCharger, "1"}}}, {}),
                      cap("n", {kTag, "north"}, {})};
    const auto network = compile(config_, rules);
    ASSERT_EQ(network.rows.size(), 5u);
    EXPECT_EQ(network.rows[3].name, "rule e");
    EXPECT_EQ(network.rows[4].budget, PerPhase::each(kUnlimited));
    EXPECT_EQ(network.row_of(RuleId("t")), 4u);
    EXPECT_EQ(network.row_of(RuleId("c")), std::nullopt);
    EXPECT_EQ(network.leaves[0].rows, (std::vector<RowIndex>{1, 0, 4}));
    EXPECT_EQ(network.leaves[1].rows, (std::vector<RowIndex>{2, 1, 0, 3}));

    EXPECT_TRUE(same_sets(network, rules));
    std::swap(rules[0], rules[2]);
    rules[0].limit = 1_A;
    rules[0].enabled = false;
    EXPECT_TRUE(same_sets(network, rules));
    rules[0].select.except.clear();
    EXPECT_FALSE(same_sets(network, rules));
    rules[0].select = {kCircuit, "b", {{kCharger, "2"}}};
    EXPECT_FALSE(same_sets(network, rules));
    EXPECT_FALSE(same_sets(network, {}));
    EXPECT_FALSE(same_sets(network_, rules));
    EXPECT_TRUE(same_sets(network_, {}));
}

TEST(Words, OfTheApiReadBack) {
    for (const auto* word :
         {"cap", "pause", "reserve", "exclude", "rank", "share", "suspend", "boost"})
        EXPECT_EQ(to_string(*parse_rule_kind(word)), word);
    for (const auto* word : {"default", "driver", "partner", "operator", "grid", "safety"})
        EXPECT_EQ(to_string(*parse_layer(word)), word);
    for (const auto* word :
         {"charger", "evse", "circuit", "tag", "partner", "idTagGroup", "transaction", "all"})
        EXPECT_EQ(to_string(*parse_selector_kind(word)), word);
    for (const auto* word : {"equal", "weighted", "fcfs", "deadline"})
        EXPECT_EQ(to_string(*parse_share_policy(word)), word);
    for (const auto* word : {"each", "sum"}) EXPECT_EQ(to_string(*parse_scope(word)), word);
    for (const auto* word : {"total", "rest"}) EXPECT_EQ(to_string(*parse_covers(word)), word);
    EXPECT_FALSE(parse_rule_kind("schedule"));
    EXPECT_FALSE(parse_layer("physical"));
    EXPECT_EQ(to_string(SelectorTerm{SelectorKind::kTag, "north"}), "tag north");
    EXPECT_EQ(to_string(SelectorTerm{}), "all");
}

TEST(Rotations, AreReadAsTheyAreWritten) {
    EXPECT_EQ(to_string(Rotation{}), "RST");
    const auto turned = parse_rotation("TRS");
    ASSERT_TRUE(turned);
    EXPECT_EQ((*turned)[Phase::kL1], Phase::kL3);
    EXPECT_EQ((*turned)[Phase::kL2], Phase::kL1);
    for (const auto* text : {"RST", "RTS", "SRT", "STR", "TRS", "TSR"})
        EXPECT_EQ(to_string(*parse_rotation(text)), text);
    for (const auto* text : {"", "RS", "RSS", "rst", "RSTR", "NotApplicable"})
        EXPECT_FALSE(parse_rotation(text)) << text;
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
    const TimePoint noon{std::chrono::hours{12}};
    EXPECT_EQ(to_sentence({.kind = ReasonKind::kNotAdmitted,
                           .row = "level-1",
                           .phase = Phase::kL1,
                           .amount = 2_A,
                           .until = noon}),
              "waits: level-1 (L1) has 2 A left, less than a car needs to charge; its turn comes "
              "by 12:00:00 UTC");
    EXPECT_EQ(to_sentence({.kind = ReasonKind::kDeadline, .amount = 9_A, .until = noon}),
              "needs 9 A on average until it leaves at 12:00:00 UTC");
    EXPECT_EQ(to_sentence({.kind = ReasonKind::kLifted, .rule = RuleId("7"), .other = RuleId("8")}),
              "rule 7 does not hold: rule 8 switches it off");
}

TEST(Reason, EveryKindHasASentenceAndAWordOfItsOwn) {
    std::set<std::string> sentences;
    std::set<std::string_view> words;
    int kinds = 0;
    for (auto kind = ReasonKind::kIdle; kind <= ReasonKind::kRejecting;
         kind = static_cast<ReasonKind>(static_cast<int>(kind) + 1)) {
        sentences.insert(to_sentence({.kind = kind, .row = "level-1"}));
        words.insert(to_string(kind));
        ++kinds;
    }
    EXPECT_EQ(sentences.size(), static_cast<std::size_t>(kinds));
    EXPECT_EQ(words.size(), static_cast<std::size_t>(kinds));
}

}  // namespace
}  // namespace busbar
