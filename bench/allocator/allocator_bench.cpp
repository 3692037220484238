// How long one solve takes, all of it: order, minima, filling, whole amperes and the checks.
//
//   build/release/bench/allocator/allocator_bench
//
// A garage of 1,000 is 45 circuits: a feeder, 4 floors, 40 rows of 25 chargers. Three of four
// chargers have all three lines; maxima and weights differ. Rows are short of current, so most
// lines that could be full are.
#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "allocator/solver.hpp"
#include "base/check.hpp"

namespace busbar {
namespace {

struct Shape {
    int floors;
    int rows;      // On each floor.
    int chargers;  // On each row.
    int kinds;     // Chargers and cars differ in so many ways.
    // What part of what its chargers could draw a circuit carries, in percent.
    int share = 60;
};

struct Garage {
    Network network;
    std::vector<PerPhase> budgets;
    std::vector<Demand> demands;
    std::vector<Allotment> allotments;
};

Row circuit(std::string name, std::optional<RowIndex> parent) {
    return {.name = name, .circuit = CircuitId(name), .parent = parent, .budget = {}};
}

constexpr std::array<std::int64_t, 4> kWeights{1'000, 2'000, 500, 3'000};

// 16 to 63 A.
Amperes maximum_of(int kind, int kinds) {
    return Amperes::of(16 + 47 * (kind / 4) / std::max(kinds / 4 - 1, 1));
}

Leaf leaf(int index, Amperes maximum, std::vector<RowIndex> rows) {
    using enum Phase;
    // A quarter on one line, in turn.
    constexpr std::array kSingle{PhaseSet{kL1}, PhaseSet{kL2}, PhaseSet{kL3}};
    const auto single = static_cast<std::size_t>(index / 4 % 3);
    return {.evse = {ChargerId("cp-" + std::to_string(index)), 1},
            .rows = std::move(rows),
            .phases = index % 4 == 0 ? kSingle[single] : PhaseSet::all(),
            .maximum = maximum,
            .minimum = 6_A,
            .floor = 0_A,
            .quantum = 1_A,
            .settle = {},
            .partner = {},
            .keeps_profiles = true};
}

Garage garage(const Shape& shape) {
    Garage out;
    auto& network = out.network;
    std::mt19937 random(7);
    network.rows.push_back(circuit("feeder", {}));
    std::vector<RowIndex> homes;
    for (int f = 0; f < shape.floors; ++f)
        network.rows.push_back(circuit("floor-" + std::to_string(f), 0));
    for (int f = 0; f < shape.floors; ++f)
        for (int r = 0; r < shape.rows; ++r) {
            homes.push_back(network.rows.size());
            network.rows.push_back(circuit("row-" + std::to_string(f) + "-" + std::to_string(r),
                                           static_cast<RowIndex>(f) + 1));
        }
    if (homes.empty()) homes.push_back(0);
    int index = 0;
    for (const auto home : homes)
        for (int c = 0; c < shape.chargers; ++c, ++index) {
            const int kind = static_cast<int>(random() % static_cast<unsigned>(shape.kinds));
            std::vector<RowIndex> rows;
            for (std::optional<RowIndex> at = home; at; at = network.rows[*at].parent)
                rows.push_back(*at);
            network.leaves.push_back(leaf(index, maximum_of(kind, shape.kinds), rows));
            out.demands.push_back(
                {.kind = Demand::Kind::kWants,
                 .weight = Weight::milli(kWeights[static_cast<std::size_t>(kind % 4)]),
                 .wanted = network.leaves.back().maximum,
                 .since = TimePoint{std::chrono::seconds{random() % 100'000}}});
        }
    out.budgets.resize(network.rows.size());
    for (const auto& each : network.leaves)
        for (const auto row : each.rows)
            for (const auto phase : kPhases)
                if (each.phases.has(phase))
                    out.budgets[row][phase] += each.maximum * shape.share / 100;
    // Upper circuits carry a little less than those below them together, and not all alike.
    for (RowIndex row = 0; row < out.budgets.size(); ++row)
        for (const auto phase : kPhases) {
            auto& budget = out.budgets[row][phase];
            budget = budget * (row == 0 ? 80 : 85 + static_cast<int>(random() % 40)) / 100;
            network.rows[row].budget[phase] = budget;
        }
    out.allotments.resize(out.demands.size());
    return out;
}

Shape shape_of(std::int64_t chargers, int kinds, int share) {
    switch (chargers) {
        case 20:
            return {0, 0, 20, kinds, share};
        case 100:
            return {0, 0, 100, kinds, share};
        case 1'000:
            return {4, 10, 25, kinds, share};  // 45 rows
        case 10'000:
            return {10, 20, 50, kinds, share};  // 211 rows
        case 100'000:
            return {10, 420, 24, kinds, share};  // 4,211 rows
    }
    BUSBAR_CHECK(false);
}

// Arguments: chargers, kinds of them, percent of their maxima that circuits carry.
void solve(benchmark::State& state, FillMethod method) {
    auto made = garage(shape_of(state.range(0), static_cast<int>(state.range(1)),
                                static_cast<int>(state.range(2))));
    Solver solver(made.network);
    for (auto _ : state) {
        solver.solve(made.budgets, made.demands, made.allotments, method);
        benchmark::DoNotOptimize(made.allotments.data());
    }
    int admitted = 0;
    for (const auto& each : made.allotments) admitted += each.outcome == Outcome::kAdmitted;
    state.counters["chargers"] = static_cast<double>(made.demands.size());
    state.counters["circuits"] = static_cast<double>(made.network.rows.size());
    state.counters["admitted"] = admitted;
}

void sizes(benchmark::internal::Benchmark* bench) {
    bench->ArgNames({"chargers", "kinds", "percent"});
    for (const int share : {60, 25})
        for (const std::int64_t chargers : {20, 1'000, 10'000, 100'000})
            bench->Args({chargers, 16, share});
    for (const int kinds : {4, 64, 128}) bench->Args({1'000, kinds, 60});
}
BENCHMARK_CAPTURE(solve, classes, FillMethod::kClasses)->Apply(sizes);
BENCHMARK_CAPTURE(solve, events, FillMethod::kEvents)->Apply(sizes);

// 1,000 sites of 100 chargers; each time another one has changed, so its memory is cold.
void one_of_a_thousand_sites(benchmark::State& state) {
    constexpr std::size_t kSites = 1'000;
    auto made = garage(shape_of(100, 16, 60));
    std::vector<Garage> sites(kSites, made);
    std::vector<Solver> solvers;
    for (auto& site : sites) solvers.emplace_back(site.network);
    std::size_t at = 0;
    for (auto _ : state) {
        at = (at + 617) % kSites;
        auto& site = sites[at];
        site.demands[at % 100].wanted = Amperes::of(static_cast<int>(6 + at % 26));
        solvers[at].solve(site.budgets, site.demands, site.allotments);
        benchmark::DoNotOptimize(site.allotments.data());
    }
}
BENCHMARK(one_of_a_thousand_sites);

}  // namespace
}  // namespace busbar

BENCHMARK_MAIN();
