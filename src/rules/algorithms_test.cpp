// Document 004's examples, and what goes wrong elsewhere, done right: from configuration and
// rules through to what each car gets.
#include "rules/algorithms.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "allocator/solver.hpp"
#include "rules/effective.hpp"

namespace busbar {
namespace {

const Supply kLowVoltage{};
// A Monday; the evening peak is from 17:00 on.
const TimePoint kNoon = *parse_time("2026-02-09T12:00:00Z");
const TimePoint kEvening = *parse_time("2026-02-09T18:00:00Z");

// As the rows of the document's two tables say it.
struct PanelRow {
    const char* id;
    Watts max_kw;
    Algorithm algorithm = Algorithm::kEqualShare;
    int safety_pct = 0;
};
struct ChargerRow {
    const char* id;
    const char* panel;
    Watts max_hardware_kw = 22_kW;
    Watts min_charge_rate_kw = Watts::of(1'400);
    int priority = 1;
    bool load_balanced = true;
    PhaseSet phases = PhaseSet::all();
};

// What it becomes here.
class Grid {
public:
    Grid(std::vector<PanelRow> panels, std::vector<ChargerRow> chargers) {
        for (const auto& row : panels) {
            config.circuits.push_back({.id = CircuitId(row.id),
                                       .site = config.site.id,
                                       .parent = {},
                                       .breaker = breaker_for(row.max_kw, kLowVoltage),
                                       .safety_pct = row.safety_pct});
            set_algorithm(config.circuits.back(), row.algorithm);
        }
        for (const auto& row : chargers)
            config.chargers.push_back(
                {.id = ChargerId(row.id),
                 .circuit = CircuitId(row.panel),
                 .maximum = hardware_maximum(row.max_hardware_kw, row.phases, kLowVoltage),
                 .minimum = minimum_for(row.min_charge_rate_kw, row.phases, 0.1_A, kLowVoltage),
                 .quantum = 0.1_A,
                 .phases = row.phases,
                 .priority = row.priority,
                 .managed = row.load_balanced});
    }

    // What each charger gets while a car is at every one, in the order of their ids.
    std::vector<Amperes> limits(std::vector<Rule> rules = {}, TimePoint now = kNoon) const {
        EXPECT_TRUE(check_site(config));
        for (const auto& rule : rules) EXPECT_TRUE(check_rule(config, rule));
        const auto network = compile(config, rules);
        const auto effective = effective_rules(config, network, rules, {}, now);
        std::vector<PerPhase> budgets;
        for (const auto& row : effective.rows) budgets.push_back(row.budget);
        std::vector<Demand> demands;
        for (LeafIndex i = 0; i < network.leaves.size(); ++i)
            demands.push_back(demand_of(network.leaves[i], effective.leaves[i], i));
        std::vector<Allotment> allotments(network.leaves.size());
        Solver(network).solve(budgets, demands, allotments);
        std::vector<Amperes> out;
        for (const auto& allotment : allotments) out.push_back(allotment.limit);
        return out;
    }

    SiteConfig config{.site = {.id = SiteId("default")}, .circuits = {}, .chargers = {}};

private:
    static Demand demand_of(const Leaf& leaf, const LeafRules& rules, LeafIndex arrival) {
        Demand demand{.kind = Demand::Kind::kWants,
                      .wanted = leaf.maximum,
                      .since = kNoon + std::chrono::seconds{arrival}};
        if (rules.exclude) demand.kind = Demand::Kind::kFixed;
        if (rules.exclude) return demand;
        if (rules.cap) demand.wanted = std::min(demand.wanted, rules.cap->limit);
        if (rules.pause) demand.wanted = 0_A;
        if (rules.inactive) demand.wanted = leaf.floor;
        if (rules.reserve) demand.reserve = std::min(rules.reserve->limit, demand.wanted);
        if (rules.share.policy == SharePolicy::kWeighted) demand.weight = rules.weight;
        return demand;
    }
};

Amperes sum(const std::vector<Amperes>& limits) {
    Amperes out;
    for (const auto limit : limits) out += limit;
    return out;
}

std::ptrdiff_t count_of(const std::vector<Amperes>& limits, Amperes limit) {
    return std::ranges::count(limits, limit);
}

Rule cap_on(const char* panel, Watts power) {
    return {.id = RuleId("grid"),
            .site = SiteId("default"),
            .select = {SelectorKind::kCircuit, panel},
            .layer = Layer::kGrid,
            .limit_power = power};
}

TEST(Algorithms, HaveTheNamesOfTheDocument) {
    for (const auto* name : {"EQUAL_SHARE", "PRIORITY", "TIME_OF_USE"})
        EXPECT_EQ(to_string(*parse_algorithm(name)), name);
    EXPECT_FALSE(parse_algorithm("equal_share"));
}

TEST(Algorithms, ReadBackFromTheCircuitTheyWereSetOn) {
    for (const auto algorithm :
         {Algorithm::kEqualShare, Algorithm::kPriority, Algorithm::kTimeOfUse})
        for (const auto before :
             {Algorithm::kEqualShare, Algorithm::kPriority, Algorithm::kTimeOfUse}) {
            Circuit circuit{
                .id = CircuitId("main"), .site = SiteId("s"), .parent = {}, .breaker = {}};
            set_algorithm(circuit, before);
            set_algorithm(circuit, algorithm);
            EXPECT_EQ(algorithm_of(circuit), algorithm);
        }
}

TEST(Algorithms, KeepWhatElseTheCircuitSays) {
    Circuit circuit{.id = CircuitId("main"), .site = SiteId("s"), .parent = {}, .breaker = {}};
    circuit.share = Share{.policy = SharePolicy::kFcfs, .reclaim = false};
    circuit.peaks = {{*parse_window("Mon-Fri 07:30-09:45"), Percent::of(30)}};
    set_algorithm(circuit, Algorithm::kTimeOfUse);
    EXPECT_FALSE(circuit.share->reclaim);
    EXPECT_EQ(circuit.peaks.size(), 1u);  // Its own hours, not the usual ones.
    set_algorithm(circuit, Algorithm::kPriority);
    EXPECT_TRUE(circuit.peaks.empty());
    circuit.share.reset();
    EXPECT_EQ(algorithm_of(circuit, Share{SharePolicy::kWeighted}), Algorithm::kPriority);
}

RC_GTEST_PROP(DocumentKilowatts, ReadBackAsTheyWereWritten, ()) {
    // Tenths of a kilowatt, as people write them.
    const auto power = Watts::of(100 * *rc::gen::inRange<std::int64_t>(1, 20'000));
    RC_ASSERT(panel_power(breaker_for(power, kLowVoltage), kLowVoltage) == power);
    const auto phases = *rc::gen::element(PhaseSet{Phase::kL1}, PhaseSet::all());
    RC_ASSERT(hardware_power(hardware_maximum(power, phases, kLowVoltage), phases, kLowVoltage) ==
              power);
}

TEST(DocumentKilowatts, BecomeAmperesOnTheSafeSide) {
    EXPECT_EQ(breaker_for(100_kW, kLowVoltage), PerPhase::each(Amperes::milli(144'927)));
    EXPECT_EQ(hardware_maximum(22_kW, PhaseSet::all(), kLowVoltage), Amperes::milli(31'885));
    EXPECT_EQ(hardware_maximum(Watts::of(7'360), PhaseSet{Phase::kL1}, kLowVoltage), 32_A);
    // Lines unknown: all of it on each of them, at the least voltage.
    EXPECT_EQ(hardware_maximum(22_kW, {}, kLowVoltage), Amperes::milli(106'281));
    EXPECT_EQ(minimum_for(Watts::of(1'400), PhaseSet::all(), 1_A, kLowVoltage), 6_A);
    EXPECT_EQ(minimum_for(Watts::of(1'400), PhaseSet{Phase::kL1}, 1_A, kLowVoltage), 7_A);
    EXPECT_EQ(minimum_for(7_kW, PhaseSet::all(), 0.1_A, kLowVoltage), 10.2_A);
}

TEST(Document004, EqualShareGivesEachTheSame) {
    const Grid grid({{"main", 30_kW}}, {{"a", "main"}, {"b", "main"}, {"c", "main"}});
    // 30 kW are 43.478 A a line.
    EXPECT_EQ(grid.limits(), (std::vector{14.5_A, 14.5_A, 14.4_A}));
}

TEST(Document004, WhatOneCannotTakeTheOthersGet) {
    const Grid grid({{"main", 30_kW}}, {{"a", "main", Watts::of(6'900)}, {"b", "main"}});
    EXPECT_EQ(grid.limits(), (std::vector{10_A, 31.8_A}));
}

TEST(Document004, PriorityIsAShareAndNotARight) {
    const Grid grid(
        {{"main", 24_kW, Algorithm::kPriority}},
        {{.id = "a", .panel = "main", .priority = 1}, {.id = "b", .panel = "main", .priority = 3}});
    const auto limits = grid.limits();
    // Of 34.782 A, above equal minima, three times the surplus.
    EXPECT_GE(sum(limits), 34.7_A);
    EXPECT_GT(limits[1], limits[0] * 2);
    EXPECT_GE(limits[0], 6_A);
}

TEST(Document004, TimeOfUseHasLessInItsPeakHours) {
    const Grid grid({{"main", 30_kW, Algorithm::kTimeOfUse}}, {{"a", "main"}, {"b", "main"}});
    EXPECT_EQ(sum(grid.limits({}, kNoon)), 43.4_A);
    EXPECT_EQ(sum(grid.limits({}, kEvening)), 21.7_A);
    EXPECT_EQ(next_boundary(grid.config, {}, kNoon), *parse_time("2026-02-09T17:00:00Z"));
    EXPECT_EQ(next_boundary(grid.config, {}, kEvening), *parse_time("2026-02-09T21:00:00Z"));
}

TEST(Document004, PanelsDoNotKnowOfEachOther) {
    const Grid grid({{"east", 20_kW}, {"west", 10_kW}}, {{"a", "east"}, {"b", "west"}});
    EXPECT_EQ(grid.limits(), (std::vector{28.9_A, 14.4_A}));
}

TEST(Document004, AChargerThatIsNotBalancedIsReservedAndNotForgotten) {
    const Grid grid({{"main", 30_kW}},
                    {{.id = "a", .panel = "main", .max_hardware_kw = 11_kW, .load_balanced = false},
                     {.id = "b", .panel = "main"}});
    EXPECT_EQ(grid.limits(), (std::vector{Amperes::milli(15'943), 27.5_A}));
}

TEST(Document004, AnInactivePanelLetsNothingAboveTheFloors) {
    Grid grid({{"main", 30_kW}}, {{"a", "main"}, {"b", "main"}});
    grid.config.circuits[0].active = false;
    grid.config.chargers[0].floor = 6.1_A;
    EXPECT_EQ(grid.limits(), (std::vector{6.1_A, 0_A}));
}

TEST(DoneRight, OneAndThreePhaseCarsTogetherStayWithinEachLine) {
    // Kilowatts alone let these two draw 53 A on L1 of a 32 A panel.
    const Grid grid({{"main", Watts::of(22'080)}}, {{.id = "one",
                                                     .panel = "main",
                                                     .max_hardware_kw = Watts::of(7'360),
                                                     .phases = {Phase::kL1}},
                                                    {.id = "three", .panel = "main"}});
    EXPECT_EQ(sum(grid.limits()), 32_A);
}

TEST(DoneRight, MinimaThatDoNotFitAreNotScaled) {
    // 30 A for eight: not 3.7 A each, with which none would charge.
    const Grid grid({{"main", Watts::of(20'700)}}, {{"1", "main"},
                                                    {"2", "main"},
                                                    {"3", "main"},
                                                    {"4", "main"},
                                                    {"5", "main"},
                                                    {"6", "main"},
                                                    {"7", "main"},
                                                    {"8", "main"}});
    const auto limits = grid.limits();
    EXPECT_EQ(count_of(limits, 6_A), 5);
    EXPECT_EQ(count_of(limits, 0_A), 3);
}

TEST(DoneRight, ATimeOfUseLimitIsHard) {
    // Five cars that need 1.4 kW each, and 5 kW: three charge, one on each line, and not all five
    // with 7 kW.
    using enum Phase;
    const auto car = [](const char* id, Phase line) {
        return ChargerRow{
            .id = id, .panel = "main", .max_hardware_kw = Watts::of(7'360), .phases = {line}};
    };
    const Grid grid({{"main", 10_kW, Algorithm::kTimeOfUse}},
                    {car("1", kL1), car("2", kL2), car("3", kL3), car("4", kL1), car("5", kL2)});
    EXPECT_EQ(grid.limits({}, kEvening), (std::vector{7.2_A, 7.2_A, 7.2_A, 0_A, 0_A}));
    EXPECT_LE(sum(grid.limits({}, kEvening)) * kLowVoltage.nominal, 5_kW);
}

TEST(DoneRight, PriorityZeroDoesNotStarve) {
    const Grid grid(
        {{"main", 30_kW, Algorithm::kPriority}},
        {{.id = "a", .panel = "main", .priority = 0}, {.id = "b", .panel = "main", .priority = 1}});
    EXPECT_GE(grid.limits()[0], 6_A);
    EXPECT_EQ(sum(grid.limits()), 43.4_A);
}

TEST(DoneRight, AGridLimitOfNothingIsALimit) {
    const Grid grid({{"main", 30_kW}}, {{"a", "main"}, {"b", "main"}});
    EXPECT_EQ(grid.limits({cap_on("main", Watts{})}), (std::vector{0_A, 0_A}));
    EXPECT_EQ(sum(grid.limits({cap_on("main", 15_kW)})), 21.7_A);
}

TEST(DoneRight, AChangedLimitKeepsTheSafetyMargin) {
    Grid grid({{"main", 30_kW, Algorithm::kEqualShare, 5}}, {{"a", "main"}, {"b", "main"}});
    EXPECT_EQ(sum(grid.limits()), 41.3_A);
    grid.config.circuits[0].breaker = breaker_for(20_kW, kLowVoltage);
    EXPECT_EQ(sum(grid.limits()), 27.5_A);
}

}  // namespace
}  // namespace busbar
