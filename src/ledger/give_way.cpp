#include "ledger/give_way.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace busbar {

std::vector<std::size_t> give_way(std::span<const Holder> holders, PerPhase excess) {
    std::vector<std::size_t> order(holders.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    // Of equals the one named last: who stands first in a list expects to be served first.
    const auto comes_before = [&](std::size_t a, std::size_t b) {
        const auto rank = [&](std::size_t i) {
            const auto& holder = holders[i];
            return std::tuple(!holder.charging, holder.band, holder.since, i);
        };
        return rank(a) > rank(b);
    };
    std::ranges::sort(order, comes_before);
    std::vector<std::size_t> out;
    for (const auto i : order) {
        const auto& holder = holders[i];
        if (holder.holds <= 0_A) continue;
        const bool helps = std::ranges::any_of(
            kPhases, [&](Phase phase) { return excess[phase] > 0_A && holder.phases.has(phase); });
        if (!helps) continue;
        out.push_back(i);
        for (const auto phase : kPhases)
            if (holder.phases.has(phase)) excess[phase] -= holder.holds;
    }
    return out;
}

}  // namespace busbar
