#include "allocator/allocate.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <random>

namespace busbar {
namespace {

using namespace std::chrono_literals;

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
            .since = TimePoint{std::chrono::seconds{arrival}},
            .because = {.kind = ReasonKind::kHardware}};
}
Demand fixed(Amperes amount) {
    return {.kind = Demand::Kind::kFixed,
            .wanted = amount,
            .because = {.kind = ReasonKind::kOffline, .amount = amount}};
}

std::vector<RowBudget> budgets(const Network& network) {
    std::vector<RowBudget> out;
    for (const auto& row : network.rows) out.push_back({row.budget});
    return out;
}

std::vector<Amperes> limits(const Network& network, std::vector<Demand> demands) {
    std::vector<Amperes> out;
    for (const auto& grant : allocate(network, budgets(network), demands))
        out.push_back(grant.limit);
    return out;
}

// One circuit with as many three-phase chargers as there are demands.
Network row_of(Amperes breaker, std::size_t chargers) {
    SiteConfig config{{SiteId("s"), "S"}, {circuit("feeder", {}, PerPhase::each(breaker))}, {}};
    for (std::size_t i = 0; i < chargers; ++i)
        config.chargers.push_back(charger(std::string(1, static_cast<char>('a' + i)), "feeder"));
    return compile(config);
}

TEST(Allocate, SharesAlikeWhenEveryoneWantsMore) {
    EXPECT_EQ(limits(row_of(48_A, 3), {wants(32_A), wants(32_A), wants(32_A)}),
              (std::vector{16_A, 16_A, 16_A}));
}

TEST(Allocate, GivesWhatASmallCarLeavesToTheOthers) {
    EXPECT_EQ(limits(row_of(40_A, 3), {wants(32_A), wants(8_A), {}}),
              (std::vector{32_A, 8_A, 0_A}));
}

TEST(Allocate, PausesTheLatestRatherThanStarvingAll) {
    const auto network = row_of(10_A, 2);
    const std::vector demands{wants(32_A, 2), wants(32_A, 1)};
    EXPECT_EQ(limits(network, demands), (std::vector{0_A, 10_A}));
    const auto grants = allocate(network, budgets(network), demands);
    EXPECT_EQ(to_sentence(grants[0].reasons.front()),
              "waits: feeder (L1) has 4 A left, less than a car needs to charge");
}

TEST(Allocate, HandsOutTheLastStepInTheOrderOfArrival) {
    EXPECT_EQ(limits(row_of(20_A, 3), {wants(32_A, 3), wants(32_A, 1), wants(32_A, 2)}),
              (std::vector{6.6_A, 6.7_A, 6.7_A}));
}

TEST(Allocate, HoldsWhatAnOfflineChargerMayBeDrawing) {
    EXPECT_EQ(limits(row_of(63_A, 3), {fixed(32_A), wants(32_A), wants(32_A)}),
              (std::vector{32_A, 15.5_A, 15.5_A}));
    // More is held than fits: nobody else gets anything, and nothing aborts.
    EXPECT_EQ(limits(row_of(20_A, 2), {fixed(32_A), wants(32_A)}), (std::vector{32_A, 0_A}));
}

TEST(Allocate, CountsEachLineOnItsOwn) {
    using enum Phase;
    SiteConfig config{{SiteId("s"), "S"},
                      {circuit("feeder", {}, PerPhase({32_A, 20_A, 16_A}))},
                      {charger("a", "feeder", {kL1}), charger("b", "feeder", {kL2}),
                       charger("c", "feeder", PhaseSet::all())}};
    // c is bound by L3 alone; a and b take what it leaves on their lines.
    EXPECT_EQ(limits(compile(config), {wants(32_A), wants(32_A), wants(32_A)}),
              (std::vector{22_A, 10_A, 10_A}));
}

TEST(Allocate, ATighterCircuitBelowLeavesMoreForTheOthers) {
    SiteConfig config{{SiteId("s"), "S"},
                      {circuit("feeder", {}, PerPhase::each(60_A)),
                       circuit("level", "feeder", PerPhase::each(16_A))},
                      {charger("a", "level"), charger("b", "level"), charger("c", "feeder"),
                       charger("d", "feeder")}};
    const auto network = compile(config);
    const std::vector demands{wants(32_A), wants(32_A), wants(32_A), wants(32_A)};
    EXPECT_EQ(limits(network, demands), (std::vector{8_A, 8_A, 22_A, 22_A}));
    const auto grants = allocate(network, budgets(network), demands);
    EXPECT_EQ(to_sentence(grants[0].reasons.front()), "shares level (L1) with 1 other");
    EXPECT_EQ(to_sentence(grants[2].reasons.front()), "shares feeder (L1) with 3 others");
}

TEST(Allocate, ACapBelowTheMinimumGivesNothing) {
    auto capped = wants(5_A);
    capped.because = {.kind = ReasonKind::kCapped, .rule = RuleId("r-1"), .amount = 5_A};
    const auto network = row_of(63_A, 1);
    const auto grants = allocate(network, budgets(network), std::vector{capped});
    EXPECT_EQ(grants[0].limit, 0_A);
    EXPECT_EQ(grants[0].reasons.front().kind, ReasonKind::kBelowMinimum);
}

// --- Random trees ---------------------------------------------------------------------------

struct Case {
    Network network;
    std::vector<Demand> demands;
};

Case random_case(std::mt19937& random) {
    const auto up_to = [&](int n) { return static_cast<int>(random() % unsigned(n + 1)); };
    SiteConfig config{{SiteId("s"), "S"}, {}, {}};
    const int circuits = 1 + up_to(5);
    for (int i = 0; i < circuits; ++i) {
        PerPhase breaker;
        for (const auto phase : kPhases) breaker[phase] = Amperes::milli(up_to(200'000));
        const bool root = i == 0 || up_to(5) == 0;
        config.circuits.push_back(circuit(
            "c" + std::to_string(i),
            root ? std::nullopt : std::optional{"c" + std::to_string(up_to(i - 1))}, breaker));
    }
    constexpr std::array kSets{PhaseSet{Phase::kL1}, PhaseSet{Phase::kL2}, PhaseSet{Phase::kL3},
                               PhaseSet{Phase::kL1, Phase::kL3}, PhaseSet::all()};
    const int chargers = up_to(14);
    for (int i = 0; i < chargers; ++i) {
        auto made = charger("x" + std::to_string(i), "c" + std::to_string(up_to(circuits - 1)),
                            kSets[std::size_t(up_to(4))]);
        made.quantum = up_to(1) ? 1_A : 0.1_A;
        made.minimum = Amperes::of(6 + up_to(4));
        made.evse_count = 1 + (up_to(4) == 0);
        config.chargers.push_back(made);
    }
    Case out{compile(config), {}};
    for (std::size_t i = 0; i < out.network.leaves.size(); ++i) {
        const auto kind = up_to(5);
        out.demands.push_back(kind == 0   ? Demand{}
                              : kind == 1 ? fixed(Amperes::of(up_to(32)))
                                          : wants(Amperes::milli(up_to(32'000)), up_to(3)));
    }
    return out;
}

// Nobody who could still use a step has room for one: on one of its lines, less than a step is
// left, or everybody there who got more than it is... nobody. The bottleneck certificate of
// max-min fairness, with a step of tolerance for the rounding.
void expect_max_min(const Case& made, const std::vector<Grant>& grants) {
    const auto& leaves = made.network.leaves;
    const auto usage = [&](LeafIndex i) { return std::max(grants[i].limit, leaves[i].floor); };
    for (LeafIndex i = 0; i < leaves.size(); ++i) {
        const auto step = leaves[i].quantum;
        if (made.demands[i].kind != Demand::Kind::kWants || grants[i].limit == 0_A ||
            grants[i].limit + step > made.demands[i].wanted)
            continue;
        bool bottleneck = false;
        for (const auto row : leaves[i].rows) {
            for (const auto phase : kPhases) {
                if (!leaves[i].phases.has(phase)) continue;
                Amperes sum, steps;
                bool highest = true;
                for (LeafIndex j = 0; j < leaves.size(); ++j) {
                    if (std::ranges::find(leaves[j].rows, row) == leaves[j].rows.end() ||
                        !leaves[j].phases.has(phase))
                        continue;
                    sum += usage(j);
                    if (made.demands[j].kind != Demand::Kind::kWants) continue;
                    steps += leaves[j].quantum;
                    if (grants[j].limit > leaves[j].minimum &&
                        grants[j].limit > grants[i].limit + step + leaves[j].quantum)
                        highest = false;
                }
                if (highest && sum + steps + step > made.network.rows[row].budget[phase])
                    bottleneck = true;
            }
        }
        EXPECT_TRUE(bottleneck) << to_string(leaves[i].evse) << " could have had more";
    }
}

void check_random_sites(unsigned from, unsigned to) {
    for (unsigned seed = from; seed < to; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const auto made = random_case(random);
        // Feasible, or allocate() stops the process.
        const auto grants = allocate(made.network, budgets(made.network), made.demands);
        EXPECT_EQ(grants, allocate(made.network, budgets(made.network), made.demands));
        expect_max_min(made, grants);
        if (testing::Test::HasFailure()) return;
    }
}

TEST(Allocate, IsFeasibleAndMaxMinFairOnRandomSites) {
    check_random_sites(0, 2'000);
}

TEST(LongAllocate, IsFeasibleAndMaxMinFairOnManyRandomSites) {
    check_random_sites(2'000, 200'000);
}

TEST(Allocate, NeverExceedsARowByOneThousandth) {
    rc::check("independent sum over every row and phase", [](unsigned seed) {
        std::mt19937 random(seed);
        const auto made = random_case(random);
        const auto grants = allocate(made.network, budgets(made.network), made.demands);
        for (RowIndex row = 0; row < made.network.rows.size(); ++row)
            for (const auto phase : kPhases) {
                Amperes given, wanting;
                for (LeafIndex i = 0; i < grants.size(); ++i) {
                    const auto& leaf = made.network.leaves[i];
                    if (std::ranges::find(leaf.rows, row) == leaf.rows.end() ||
                        !leaf.phases.has(phase))
                        continue;
                    (made.demands[i].kind == Demand::Kind::kWants ? wanting : given) +=
                        std::max(grants[i].limit, leaf.floor);
                }
                if (wanting > 0_A)
                    RC_ASSERT(given + wanting <= made.network.rows[row].budget[phase]);
            }
    });
}

}  // namespace
}  // namespace busbar
