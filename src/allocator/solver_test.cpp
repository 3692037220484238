#include "allocator/solver.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

namespace busbar {
namespace {

Circuit circuit(std::string id, std::optional<std::string> parent, PerPhase breaker) {
    return {.id = CircuitId(std::move(id)),
            .site = SiteId("s"),
            .parent = parent ? std::optional{CircuitId(*parent)} : std::nullopt,
            .name = {},
            .breaker = breaker,
            .safety_pct = 0};
}

Charger charger(std::string id, std::string on, PhaseSet phases = PhaseSet::all()) {
    return {.id = ChargerId(std::move(id)),
            .circuit = CircuitId(std::move(on)),
            .name = {},
            .partner = {},
            .maximum = 32_A,
            .quantum = 0.1_A,
            .phases = phases};
}

Demand wants(Amperes amount, int arrival = 0) {
    return {.kind = Demand::Kind::kWants,
            .wanted = amount,
            .since = TimePoint{std::chrono::seconds{arrival}}};
}
Demand fixed(Amperes amount) {
    return {.kind = Demand::Kind::kFixed, .wanted = amount};
}

// One answer, with all that led to it.
struct Solved {
    Network network;
    std::vector<Demand> demands;
    std::vector<PerPhase> budgets = {};
    std::vector<Allotment> allotments = {};

    Solved(Network of, std::vector<Demand> asked)
        : network(std::move(of)), demands(std::move(asked)), allotments(demands.size()) {
        for (const auto& row : network.rows) budgets.push_back(row.budget);
        Solver(network).solve(budgets, demands, allotments);
    }
    std::vector<Amperes> limits() const {
        std::vector<Amperes> out;
        for (const auto& allotment : allotments) out.push_back(allotment.limit);
        return out;
    }
    std::vector<Limiting> why(LeafIndex leaf) const {
        return Explainer(network, budgets, demands, allotments).of(leaf);
    }
};

std::vector<Amperes> limits(Network network, std::vector<Demand> demands) {
    return Solved(std::move(network), std::move(demands)).limits();
}

// One circuit with as many three-phase chargers.
Network row_of(Amperes breaker, std::size_t chargers) {
    SiteConfig config{{SiteId("s"), "S"}, {circuit("feeder", {}, PerPhase::each(breaker))}, {}};
    for (std::size_t i = 0; i < chargers; ++i)
        config.chargers.push_back(charger(std::string(1, static_cast<char>('a' + i)), "feeder"));
    return compile(config);
}

TEST(Solver, SharesAlikeWhenEveryoneWantsMore) {
    EXPECT_EQ(limits(row_of(48_A, 3), {wants(32_A), wants(32_A), wants(32_A)}),
              (std::vector{16_A, 16_A, 16_A}));
}

TEST(Solver, GivesWhatASmallCarLeavesToTheOthers) {
    EXPECT_EQ(limits(row_of(40_A, 3), {wants(32_A), wants(8_A), {}}),
              (std::vector{32_A, 8_A, 0_A}));
}

TEST(Solver, SharesByWeight) {
    auto heavy = wants(32_A);
    heavy.weight = Weight::of(2);
    EXPECT_EQ(limits(row_of(40_A, 3), {wants(32_A), heavy, wants(32_A)}),
              (std::vector{10_A, 20_A, 10_A}));
}

TEST(Solver, PausesTheLatestRatherThanStarvingAll) {
    const Solved solved(row_of(10_A, 2), {wants(32_A, 2), wants(32_A, 1)});
    EXPECT_EQ(solved.limits(), (std::vector{0_A, 10_A}));
    EXPECT_EQ(solved.allotments[0].outcome, Outcome::kNotAdmitted);
    EXPECT_EQ(solved.allotments[1].outcome, Outcome::kAdmitted);
}

TEST(Solver, ALaterTurnOutweighsAnEarlierArrival) {
    auto first = wants(32_A, 1);
    first.turn = 1;
    EXPECT_EQ(limits(row_of(10_A, 2), {first, wants(32_A, 2)}), (std::vector{0_A, 10_A}));
}

TEST(Solver, HandsOutTheLastStepInTheOrderOfArrival) {
    EXPECT_EQ(limits(row_of(20_A, 3), {wants(32_A, 3), wants(32_A, 1), wants(32_A, 2)}),
              (std::vector{6.6_A, 6.7_A, 6.7_A}));
}

TEST(Solver, HoldsWhatAnOfflineChargerMayBeDrawing) {
    EXPECT_EQ(limits(row_of(63_A, 3), {fixed(32_A), wants(32_A), wants(32_A)}),
              (std::vector{32_A, 15.5_A, 15.5_A}));
    // More is held than fits: nobody else gets anything, and nothing aborts.
    EXPECT_EQ(limits(row_of(20_A, 2), {fixed(32_A), wants(32_A)}), (std::vector{32_A, 0_A}));
}

TEST(Solver, HoldsAStandingReserveWhileNobodyIsThere) {
    const Demand idle{.reserve = 16_A};
    EXPECT_EQ(limits(row_of(40_A, 3), {idle, wants(32_A), wants(32_A)}),
              (std::vector{16_A, 12_A, 12_A}));
}

TEST(Solver, CountsEachLineOnItsOwn) {
    using enum Phase;
    SiteConfig config{{SiteId("s"), "S"},
                      {circuit("feeder", {}, PerPhase({32_A, 20_A, 16_A}))},
                      {charger("a", "feeder", {kL1}), charger("b", "feeder", {kL2}),
                       charger("c", "feeder", PhaseSet::all())}};
    // c is bound by L3 alone and by what it shares with b; a and b take what it leaves.
    EXPECT_EQ(limits(compile(config), {wants(32_A), wants(32_A), wants(32_A)}),
              (std::vector{22_A, 10_A, 10_A}));
}

TEST(Solver, ATighterCircuitBelowLeavesMoreForTheOthers) {
    SiteConfig config{{SiteId("s"), "S"},
                      {circuit("feeder", {}, PerPhase::each(60_A)),
                       circuit("level", "feeder", PerPhase::each(16_A))},
                      {charger("a", "level"), charger("b", "level"), charger("c", "feeder"),
                       charger("d", "feeder")}};
    EXPECT_EQ(limits(compile(config), {wants(32_A), wants(32_A), wants(32_A), wants(32_A)}),
              (std::vector{8_A, 8_A, 22_A, 22_A}));
}

TEST(Solver, AWishBelowTheMinimumGivesNothing) {
    const Solved solved(row_of(63_A, 1), {wants(5_A)});
    EXPECT_EQ(solved.limits(), (std::vector{0_A}));
    EXPECT_EQ(solved.allotments[0].outcome, Outcome::kBelowMinimum);
    EXPECT_TRUE(solved.why(0).empty());
}

TEST(Solver, ACarThatNeedsMoreToChargeGetsThatOrNothing) {
    auto picky = wants(32_A, 2);
    picky.minimum = 9.05_A;
    EXPECT_EQ(limits(row_of(15_A, 2), {wants(32_A, 1), picky}), (std::vector{15_A, 0_A}));
    EXPECT_EQ(limits(row_of(15.1_A, 2), {wants(32_A, 1), picky}), (std::vector{6_A, 9.1_A}));
}

TEST(Solver, AReserveGoesBeforeAnybodysSurplusAndBeforeOthersMinima) {
    auto late = wants(32_A, 9);
    late.reserve = 20_A;
    EXPECT_EQ(limits(row_of(40_A, 3), {wants(32_A, 1), wants(32_A, 2), late}),
              (std::vector{10_A, 10_A, 20_A}));
    EXPECT_EQ(limits(row_of(25_A, 3), {wants(32_A, 1), wants(32_A, 2), late}),
              (std::vector{0_A, 0_A, 25_A}));
    // What is left of it, if it does not fit.
    EXPECT_EQ(limits(row_of(30_A, 2), {fixed(16_A), late}), (std::vector{16_A, 14_A}));
}

TEST(Solver, AnEarlierBandTakesAllTheSurplusItCan) {
    auto second = wants(32_A, 1);
    second.surplus_band = 1;
    EXPECT_EQ(limits(row_of(50_A, 3), {second, wants(20_A, 2), wants(32_A, 3)}),
              (std::vector{6_A, 20_A, 24_A}));
    EXPECT_EQ(limits(row_of(62_A, 3), {second, wants(20_A, 2), wants(32_A, 3)}),
              (std::vector{10_A, 20_A, 32_A}));
    // Not even its minimum comes first, if it is to be admitted with its band.
    second.admit_band = 1;
    EXPECT_EQ(limits(row_of(50_A, 3), {second, wants(20_A, 2), wants(32_A, 3)}),
              (std::vector{0_A, 20_A, 30_A}));
}

TEST(Solver, OneByOneTheFirstTakesAllItCan) {
    auto a = wants(32_A, 3), b = wants(32_A, 1), c = wants(32_A, 2);
    a.one_by_one = b.one_by_one = c.one_by_one = true;
    EXPECT_EQ(limits(row_of(50_A, 3), {a, b, c}), (std::vector{6_A, 32_A, 12_A}));
}

TEST(Solver, WhoHasToLeaveSoonGetsMore) {
    auto urgent = wants(32_A), relaxed = wants(32_A);
    urgent.by_deadline = relaxed.by_deadline = true;
    urgent.need = 30_A;
    relaxed.need = 2_A;
    const auto answer = limits(row_of(40_A, 2), {relaxed, urgent});
    EXPECT_EQ(answer, (std::vector{8_A, 32_A}));
}

TEST(Solver, DeadlinesChangeNothingForThoseWithout) {
    auto urgent = wants(32_A), relaxed = wants(32_A);
    urgent.by_deadline = relaxed.by_deadline = true;
    urgent.need = 30_A;
    relaxed.need = 2_A;
    const auto answer = limits(row_of(40_A, 4), {wants(32_A), relaxed, urgent, wants(32_A)});
    EXPECT_EQ(answer, (std::vector{10_A, 6_A, 14_A, 10_A}));
}

TEST(Solver, AFloorCountsAndIsHad) {
    SiteConfig config{{SiteId("s"), "S"}, {circuit("feeder", {}, PerPhase::each(40_A))}, {}};
    for (const auto* id : {"a", "b", "c"}) config.chargers.push_back(charger(id, "feeder"));
    config.chargers[0].floor = 20_A;
    EXPECT_EQ(limits(compile(config), {wants(32_A), wants(32_A), wants(32_A)}),
              (std::vector{20_A, 10_A, 10_A}));
    // It counts without a car, too.
    EXPECT_EQ(limits(compile(config), {Demand{}, wants(32_A), wants(32_A)}),
              (std::vector{20_A, 10_A, 10_A}));
}

TEST(Solver, FillsInTheExactLevelBeforeSteps) {
    auto network = row_of(20_A, 3);
    for (auto& leaf : network.leaves) leaf.quantum = 1_A;
    const std::vector demands{wants(32_A), wants(32_A), wants(6.5_A)};
    const std::vector budgets{PerPhase::each(20_A)};
    const std::array admitted{true, true, true};
    for (const auto method : {FillMethod::kFastest, FillMethod::kEvents, FillMethod::kClasses}) {
        std::array<Amperes, 3> out;
        Solver(network).fill(budgets, demands, admitted, out, method);
        EXPECT_EQ(out, (std::array{6.75_A, 6.75_A, 6.5_A}));
    }
}

TEST(Solver, BothFillingsAgreeOnAGarageOfAThousand) {
    SiteConfig config{{SiteId("s"), "S"}, {circuit("feeder", {}, PerPhase::each(9'000_A))}, {}};
    std::size_t count = 0;
    for (int f = 0; f < 4; ++f) {
        const auto floor = "floor-" + std::to_string(f);
        config.circuits.push_back(
            circuit(floor, "feeder", PerPhase::each(Amperes::of(1'800 + f * 150))));
        for (int r = 0; r < 10; ++r) {
            const auto row = floor + "-" + std::to_string(r);
            config.circuits.push_back(circuit(
                row, floor, PerPhase({Amperes::of(170 + r * 20), 260_A, Amperes::of(300 - r)})));
            for (int c = 0; c < 25; ++c, ++count)
                config.chargers.push_back(
                    charger("cp-" + std::to_string(count), row,
                            count % 4 == 0 ? PhaseSet{kPhases[count / 4 % 3]} : PhaseSet::all()));
        }
    }
    const auto network = compile(config);
    std::vector<Demand> demands;
    for (std::size_t i = 0; i < network.leaves.size(); ++i) {
        demands.push_back(wants(Amperes::of(static_cast<int>(8 + i * 7 % 25))));
        demands.back().weight = Weight::milli(static_cast<int>(500 + i * 13 % 4 * 500));
    }
    std::vector<PerPhase> budgets;
    for (const auto& row : network.rows) budgets.push_back(row.budget);
    const auto admitted = std::make_unique<bool[]>(demands.size());
    std::fill_n(admitted.get(), demands.size(), true);
    const auto filled = [&](FillMethod method) {
        std::vector<Amperes> out(demands.size());
        Solver(network).fill(budgets, demands, {admitted.get(), demands.size()}, out, method);
        return out;
    };
    const auto classes = filled(FillMethod::kClasses), events = filled(FillMethod::kEvents);
    for (std::size_t i = 0; i < demands.size(); ++i) {
        EXPECT_LE(classes[i], events[i] + Amperes::milli(1));
        EXPECT_LE(events[i], classes[i] + Amperes::milli(1));
    }
    EXPECT_NE(std::ranges::max(classes), std::ranges::min(classes));
}

TEST(Explainer, NamesTheRowThatIsSharedAndWithHowMany) {
    SiteConfig config{{SiteId("s"), "S"},
                      {circuit("feeder", {}, PerPhase({60_A, 60_A, 200_A})),
                       circuit("level", "feeder", PerPhase({200_A, 16_A, 200_A}))},
                      {charger("a", "level"), charger("b", "level"), charger("c", "feeder"),
                       charger("d", "feeder")}};
    const Solved solved(compile(config), {wants(32_A), wants(32_A), wants(32_A), wants(8_A)});
    EXPECT_EQ(solved.limits(), (std::vector{8_A, 8_A, 32_A, 8_A}));
    const auto why = solved.why(0);
    ASSERT_EQ(why.size(), 1U);
    EXPECT_EQ(why[0].row, *solved.network.row_of(CircuitId("level")));
    EXPECT_EQ(why[0].phase, Phase::kL2);
    EXPECT_EQ(why[0].sharers, 2);
    EXPECT_EQ(why[0].left, 0_A);
    EXPECT_TRUE(solved.why(2).empty());  // It has all it wants.
}

TEST(Explainer, NamesTheRowWithoutRoomForAMinimum) {
    const Solved solved(row_of(10_A, 2), {wants(32_A, 2), wants(6_A, 1)});
    const auto why = solved.why(0);
    ASSERT_EQ(why.size(), 3U);
    EXPECT_EQ(why[0].left, 4_A);
    EXPECT_EQ(why[0].sharers, 1);
}

}  // namespace
}  // namespace busbar
