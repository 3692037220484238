// Counts what a solve allocates. A program of its own, since it replaces operator new.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>

#include "allocator/solver.hpp"

namespace {
long allocations = 0;
}

// Not inlined: g++ would take the pair of one of these and malloc or free for a mistake.
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace busbar {
namespace {

// A feeder, four floors, ten rows on each, and 25 chargers in each row.
Network garage() {
    Network network;
    const auto add = [&](std::string name, std::optional<RowIndex> parent, Amperes budget) {
        network.rows.push_back({.name = name,
                                .circuit = CircuitId(name),
                                .parent = parent,
                                .budget = PerPhase::each(budget)});
        return network.rows.size() - 1;
    };
    const auto feeder = add("feeder", {}, 9'000_A);
    for (int f = 0; f < 4; ++f) {
        const auto floor = add("floor-" + std::to_string(f), feeder, 2'500_A);
        for (int r = 0; r < 10; ++r) {
            const auto row = add("row-" + std::to_string(f * 10 + r), floor, 300_A);
            for (int c = 0; c < 25; ++c)
                network.leaves.push_back(
                    {.evse = {ChargerId("cp-" + std::to_string(network.leaves.size())), 1},
                     .rows = {row, floor, feeder},
                     .phases = c % 4 == 0 ? PhaseSet{kPhases[static_cast<std::size_t>(r % 3)]}
                                          : PhaseSet::all(),
                     .maximum = 32_A,
                     .minimum = 6_A,
                     .floor = 0_A,
                     .quantum = 1_A,
                     .settle = {},
                     .partner = {},
                     .keeps_profiles = true});
        }
    }
    return network;
}

std::vector<Demand> demands_of(const Network& network, int round) {
    std::vector<Demand> demands(network.leaves.size());
    for (std::size_t i = 0; i < demands.size(); ++i) {
        auto& demand = demands[i];
        const auto mixed = (i * 7919 + static_cast<std::size_t>(round) * 104'729) % 1'000;
        if (mixed < 100) continue;
        demand.kind = Demand::Kind::kWants;
        demand.wanted = Amperes::of(static_cast<int>(8 + mixed % 24));
        demand.turn = static_cast<std::int64_t>(mixed % 5);
        demand.weight = Weight::of(static_cast<int>(1 + mixed % 3));
        demand.surplus_band = static_cast<std::uint8_t>(mixed % 2);
        demand.by_deadline = mixed % 16 == 3;
        demand.one_by_one = mixed % 16 == 4;
        demand.need = 10_A;
        if (mixed % 8 == 5) demand.reserve = 7_A;
    }
    return demands;
}

TEST(SteadyState, SolvingAThousandChargersAllocatesNothing) {
    const auto network = garage();
    std::vector<PerPhase> budgets;
    for (const auto& row : network.rows) budgets.push_back(row.budget);
    std::vector<Allotment> out(network.leaves.size());
    for (const auto method : {FillMethod::kFastest, FillMethod::kEvents, FillMethod::kClasses}) {
        Solver solver(network);
        std::vector<std::vector<Demand>> rounds;
        for (int round = 0; round < 8; ++round) rounds.push_back(demands_of(network, round));
        for (const auto& demands : rounds) solver.solve(budgets, demands, out, method);
        const auto before = allocations;
        for (const auto& demands : rounds) solver.solve(budgets, demands, out, method);
        EXPECT_EQ(allocations, before);
    }
}

}  // namespace
}  // namespace busbar
