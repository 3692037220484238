#include <algorithm>

#include "allocator/solver.hpp"
#include "base/check.hpp"

namespace busbar {

Explainer::Explainer(const Network& network, std::span<const PerPhase> budgets,
                     std::span<const Demand> demands, std::span<const Allotment> allotments)
    : network_(network),
      demands_(demands),
      allotments_(allotments),
      lines_(network),
      sharers_(network.rows.size()),
      highest_(network.rows.size()) {
    BUSBAR_CHECK(demands.size() == network.leaves.size());
    BUSBAR_CHECK(allotments.size() == network.leaves.size());
    lines_.reset(budgets);
    for (LeafIndex i = 0; i < network.leaves.size(); ++i) {
        const auto& leaf = network.leaves[i];
        lines_.take(i, std::max(allotments[i].limit, leaf.floor));
        if (demands[i].kind != Demand::Kind::kWants || allotments[i].limit == Amperes{}) continue;
        for (const auto row : leaf.rows)
            for (const auto phase : kPhases) {
                if (!leaf.phases.has(phase)) continue;
                ++sharers_[row][static_cast<std::size_t>(phase)];
                highest_[row][phase] = std::max(highest_[row][phase], allotments[i].limit);
            }
    }
}

Amperes Explainer::next_limit(LeafIndex i) const {
    const auto& leaf = network_.leaves[i];
    switch (allotments_[i].outcome) {
        case Outcome::kNotAdmitted:
            return minimum_of(leaf, demands_[i]);
        case Outcome::kAdmitted: {
            const auto next = allotments_[i].limit + leaf.quantum;
            return next <= leaf.maximum ? next : Amperes{};
        }
        case Outcome::kIdle:
        case Outcome::kFixed:
        case Outcome::kBelowMinimum:
            return {};
    }
    return {};
}

std::vector<Limiting> Explainer::of(LeafIndex i) const {
    std::vector<Limiting> out;
    const auto& leaf = network_.leaves[i];
    const auto next = next_limit(i);
    if (next == Amperes{}) return out;
    const auto extra = std::max(next, leaf.floor) - std::max(allotments_[i].limit, leaf.floor);
    for (const auto row : leaf.rows)
        for (const auto phase : kPhases)
            if (!lines_.fits(i, extra, row, phase))
                out.push_back({row, phase, sharers_[row][static_cast<std::size_t>(phase)],
                               lines_.left(row, phase)});
    // Where others have more, they were held back less than here: it is another row that binds.
    std::ranges::stable_sort(out, {}, [&](const Limiting& limiting) {
        const auto more = highest_[limiting.row][limiting.phase] >= next;
        return std::pair(more, limiting.left);
    });
    return out;
}

}  // namespace busbar
