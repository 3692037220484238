#include "replay/replay.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <complex>
#include <numbers>

#include "replay/round_robin.hpp"

namespace busbar::replay {
namespace {

// Two EVSEs on one pair of lines that carries 40 A, at 200 V.
Garage pair() {
    auto garage = parse_garage(R"(name = "pair"
voltage_v = 200
[[row]]
name = "feeder"
model = "sum"
limit_a = 40
[[evse]]
behind = "feeder"
lines = "AB"
maximum_a = 32
stations = ["P-1", "P-2"]
)",
                               "pair.toml");
    EXPECT_TRUE(garage) << garage.error().message;
    return *garage;
}

// 32 A at 200 V for an hour are 6,400 Wh.
Session stay(const char* station, std::int64_t arrival, std::int64_t departure, std::int64_t wh) {
    return {.station = station,
            .arrival = arrival,
            .departure = departure,
            .estimated_departure = departure,
            .demand = WattHours::of(wh)};
}

// What each EVSE draws in each step, in amperes, with the transformer at 1 MW.
std::vector<std::vector<double>> drawn(const Garage& garage, const std::vector<Session>& sessions,
                                       Options options) {
    std::vector<std::vector<double>> all;
    options.capacity = Watts::of(1'000'000);
    options.watch = [&](std::int64_t, std::span<const Amperes> amps) {
        auto& step = all.emplace_back();
        for (const auto each : amps) step.push_back(static_cast<double>(each.in_milli()) / 1000);
    };
    (void)replay(garage, sessions, options);
    return all;
}

using Steps = std::vector<std::vector<double>>;

TEST(Replay, GivesACarWhatItWantsAndNoMore) {
    // An hour at 32 A and half a step more, at 16 A.
    const std::vector sessions{stay("P-1", 5, 50, 6'400 + 267)};
    const auto figures =
        replay(pair(), sessions, {.algorithm = Algorithm::kEqual, .capacity = 100_kW});
    EXPECT_NEAR(figures.demand_met_pct(), 100, 0.001);
    EXPECT_LE(figures.delivered, figures.demanded);
    EXPECT_EQ(figures.decisions, 13);
    EXPECT_EQ(figures.peak, 6400_W);
    EXPECT_EQ(figures.drivers, 1);
}

TEST(Replay, EqualSharesAndFirstComeDoesNot) {
    const std::vector sessions{stay("P-2", 0, 2, 9'000), stay("P-1", 1, 2, 9'000)};
    EXPECT_EQ(drawn(pair(), sessions, {.algorithm = Algorithm::kEqual}),
              (Steps{{0, 32}, {20, 20}}));
    EXPECT_EQ(drawn(pair(), sessions, {.algorithm = Algorithm::kFirstCome}),
              (Steps{{0, 32}, {8, 32}}));
}

TEST(Replay, WeightedSharesByTheEnergyAskedFor) {
    const std::vector sessions{stay("P-1", 0, 1, 6'000), stay("P-2", 0, 1, 2'000)};
    EXPECT_EQ(drawn(pair(), sessions, {.algorithm = Algorithm::kWeighted}), (Steps{{30, 10}}));
}

TEST(Replay, EarliestDeadlineLooksAtTheDepartureItIsTold) {
    std::vector sessions{stay("P-1", 0, 1, 9'000), stay("P-2", 0, 2, 9'000)};
    EXPECT_EQ(drawn(pair(), sessions, {.algorithm = Algorithm::kEarliestDeadline})[0],
              (std::vector<double>{32, 8}));
    sessions[0].estimated_departure = 9;
    EXPECT_EQ(
        drawn(pair(), sessions,
              {.algorithm = Algorithm::kEarliestDeadline, .departure = Departure::kEstimated})[0],
        (std::vector<double>{8, 32}));
}

TEST(Replay, LeastLaxityLooksAtTheTimeThatIsLeftOver) {
    // P-1 leaves first but needs a step only; P-2 needs all its eleven.
    const std::vector sessions{stay("P-1", 0, 10, 500), stay("P-2", 0, 11, 9'000)};
    EXPECT_EQ(drawn(pair(), sessions, {.algorithm = Algorithm::kEarliestDeadline})[0][0], 30);
    EXPECT_EQ(drawn(pair(), sessions, {.algorithm = Algorithm::kLeastLaxity})[0],
              (std::vector<double>{8, 32}));
}

TEST(Replay, DeadlineServesWhoNeedsItNow) {
    const std::vector sessions{stay("P-1", 0, 100, 9'000), stay("P-2", 0, 10, 5'300)};
    const auto steps = drawn(pair(), sessions, {.algorithm = Algorithm::kDeadline});
    EXPECT_NEAR(steps[0][1], 32, 0.1);
    EXPECT_NEAR(steps[0][0], 8, 0.1);
}

TEST(Replay, RoundRobinGoesRoundInTenthsOfAnAmpere) {
    const auto garage = pair();
    RoundRobin round_robin(garage.network);
    const std::vector<RoundRobin::Car> cars{{.leaf = 1, .wanted = 32_A},
                                            {.leaf = 0, .wanted = 32_A}};
    const std::vector budgets{PerPhase::each(10.1_A)};
    std::vector<Amperes> shares(2);
    round_robin.share(budgets, cars, shares);
    EXPECT_EQ(shares, (std::vector{5.1_A, 5_A})) << "the first has the odd tenth";
    const std::vector<RoundRobin::Car> modest{{.leaf = 0, .wanted = 3.25_A},
                                              {.leaf = 1, .wanted = 32_A, .minimum = 6_A}};
    round_robin.share(budgets, modest, shares);
    EXPECT_EQ(shares, (std::vector{2.1_A, 8_A})) << "what its minimum left, by halves";
    round_robin.share(std::vector{PerPhase::each(30_A)}, modest, shares);
    EXPECT_EQ(shares, (std::vector{3.25_A, 26.7_A}));
}

TEST(Replay, KeepsToTheMinimum) {
    const std::vector sessions{stay("P-1", 0, 12, 9'000), stay("P-2", 0, 12, 100)};
    auto garage = pair();
    garage.network.rows[0].budget = PerPhase::each(11_A);
    for (const auto algorithm : kAlgorithms)
        for (const auto& step : drawn(garage, sessions, {.algorithm = algorithm, .minimum = 6_A}))
            EXPECT_TRUE(step[0] == 0 || step[1] == 0) << to_string(algorithm);
}

TEST(Replay, HoldsACarToItsOwnMaximum) {
    auto session = stay("P-1", 0, 3, 9'000);
    session.maximum = 2000_W;
    EXPECT_EQ(drawn(pair(), {session}, {}), (Steps{{10, 0}, {10, 0}, {10, 0}}));
}

TEST(Replay, EndsAStayWhenTheNextCarComes) {
    const std::vector sessions{stay("P-1", 0, 9, 9'000), stay("P-1", 2, 4, 9'000)};
    const auto figures =
        replay(pair(), sessions, {.algorithm = Algorithm::kEqual, .capacity = 100_kW});
    EXPECT_EQ(figures.cut_short, 1);
    EXPECT_EQ(figures.decisions, 4);
    EXPECT_EQ(figures.drivers, 2);
}

TEST(Replay, SkipsTheTimeInWhichNobodyIsThere) {
    const std::vector sessions{stay("P-1", 0, 1, 100),
                               stay("P-1", 1'000'000'000, 1'000'000'001, 100)};
    const auto figures =
        replay(pair(), sessions, {.algorithm = Algorithm::kEqual, .capacity = 100_kW});
    EXPECT_EQ(figures.decisions, 2);
    EXPECT_EQ(figures.demand_met_pct(), 100);
}

TEST(Replay, ReportsTheWorstDriverAndTimesEachDecision) {
    const std::vector sessions{stay("P-1", 0, 1, 9'000), stay("P-2", 0, 20, 500),
                               stay("P-1", 7, 7, 500)};
    std::int64_t clock = 0;
    const auto figures = replay(pair(), sessions,
                                {.algorithm = Algorithm::kEqual, .capacity = 100_kW, .now_ns = [&] {
                                     return clock += 10;
                                 }});
    EXPECT_EQ(figures.drivers, 2) << "one stayed for less than a step";
    EXPECT_EQ(figures.under_half, 1);
    EXPECT_NEAR(figures.worst, 20.0 * 200 / 12 / 9'000, 0.001);
    EXPECT_EQ(figures.decision_ns, figures.decisions * 10);
    EXPECT_EQ(figures.longest_ns, 10);
}

TEST(Replay, NamesAStationThatTheNetworkLacks) {
    auto sessions = std::vector{stay("P-1", 0, 1, 1), stay("P-9", 0, 1, 1)};
    sessions[1].line = 3;
    EXPECT_TRUE(check_sessions(pair(), std::span(sessions).first(1), "x.csv"));
    const auto status = check_sessions(pair(), sessions, "x.csv");
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, Errc::kNotFound);
    EXPECT_EQ(status.error().message, "x.csv, line 3: station 'P-9' is not in the network 'pair'");
}

// What flows on the lines of the Caltech garage, with phasors, apart from all of the product's own
// arithmetic: the greatest part of its rating that any line carries.
double loading(const Garage& garage, Watts capacity, std::span<const Amperes> amps) {
    using Phasor = std::complex<double>;
    const auto turned = [](double degrees) {
        return std::polar(1.0, degrees * std::numbers::pi / 180);
    };
    const Phasor angle[] = {turned(30), turned(-90), turned(150)};
    Phasor pair[3] = {};
    double pod[2] = {};
    for (std::size_t i = 0; i < amps.size(); ++i) {
        const auto& leaf = garage.network.leaves[i];
        const auto flows = static_cast<double>(amps[i].in_milli()) / 1000;
        const auto between = leaf.phases.has(Phase::kL1) && leaf.phases.has(Phase::kL2)   ? 0
                             : leaf.phases.has(Phase::kL2) && leaf.phases.has(Phase::kL3) ? 1
                                                                                          : 2;
        pair[between] += flows * angle[between];
        const auto& row = garage.network.rows[leaf.rows.front()].name;
        if (row == "cc-pod") pod[0] += flows;
        if (row == "av-pod") pod[1] += flows;
    }
    const auto a = pair[0] - pair[2], b = pair[1] - pair[0], c = pair[2] - pair[1];
    const auto watts = static_cast<double>(capacity.in_milli()) / 1000;
    const auto secondary = watts / 3 / 120, primary = watts / 3 / 277;
    return std::max({std::abs(a) / secondary, std::abs(b) / secondary, std::abs(c) / secondary,
                     std::abs(a - c) / 4 / primary, std::abs(b - a) / 4 / primary,
                     std::abs(c - b) / 4 / primary, pod[0] / 80, pod[1] / 80});
}

class ShippedMonth : public testing::TestWithParam<Algorithm> {
protected:
    static const Garage& garage() {
        static const auto loaded = load_garage("caltech");
        EXPECT_TRUE(loaded);
        return *loaded;
    }
    static const std::vector<Session>& sessions() {
        static const auto loaded = load_sessions(BUSBAR_BENCH "/data/caltech_2019-12.csv");
        EXPECT_TRUE(loaded);
        return *loaded;
    }
};

TEST_P(ShippedMonth, OverloadsNoLineAndOverfillsNoCar) {
    ASSERT_TRUE(check_sessions(garage(), sessions(), "caltech_2019-12.csv"));
    double most = 0;
    const auto figures = replay(garage(), sessions(),
                                {.algorithm = GetParam(),
                                 .capacity = 25_kW,
                                 .watch = [&](std::int64_t, std::span<const Amperes> amps) {
                                     most = std::max(most, loading(garage(), 25_kW, amps));
                                 }});
    EXPECT_LE(most, 1 + 1e-9);
    EXPECT_GT(most, 0.99) << "the transformer is far too small for the month";
    EXPECT_LE(figures.delivered, figures.demanded);
    EXPECT_GT(figures.demand_met_pct(), 50);
    // Line-to-line loads of three pairs draw at most what the transformer carries.
    EXPECT_LE(figures.peak, Watts::of(25'100));
}

TEST_P(ShippedMonth, IsReplayedTheSameEachTime) {
    const auto run = [&] {
        std::vector<Amperes> all;
        (void)replay(garage(), std::span(sessions()).first(50),
                     {.algorithm = GetParam(),
                      .capacity = 15_kW,
                      .watch = [&](std::int64_t, std::span<const Amperes> amps) {
                          all.insert(all.end(), amps.begin(), amps.end());
                      }});
        return all;
    };
    EXPECT_EQ(run(), run());
}

INSTANTIATE_TEST_SUITE_P(Algorithms, ShippedMonth, testing::ValuesIn(kAlgorithms),
                         [](const auto& each) { return std::string(to_string(each.param)); });

TEST(ShippedMonthFigures, DeadlineMeetsMoreDemandThanLeastLaxityAndEqual) {
    const auto garage = load_garage("caltech");
    const auto sessions = load_sessions(BUSBAR_BENCH "/data/caltech_2019-12.csv");
    ASSERT_TRUE(garage && sessions);
    const auto met = [&](Algorithm algorithm) {
        return replay(*garage, std::span(*sessions).first(250),
                      {.algorithm = algorithm, .capacity = 20_kW})
            .demand_met_pct();
    };
    const auto deadline = met(Algorithm::kDeadline);
    EXPECT_GT(deadline, met(Algorithm::kLeastLaxity) + 3);
    EXPECT_GT(deadline, met(Algorithm::kEqual) + 5);
}

}  // namespace
}  // namespace busbar::replay
