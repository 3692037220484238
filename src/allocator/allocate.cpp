#include "allocator/allocate.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/check.hpp"

namespace busbar {
namespace {

constexpr Amperes kNever = Amperes::milli(std::numeric_limits<std::int64_t>::max() / 4);

// One row on one line: what is left of it for cars that are still being raised.
struct Line {
    Amperes left;
    std::vector<LeafIndex> members;  // Admitted leaves that load it.
    int sharers = 0;
    Amperes full_at = kNever;  // The level at which it is full; stale where `dirty`.
    bool dirty = true;
};

class Filling {
public:
    Filling(const Network& network, std::span<const RowBudget> budgets,
            std::span<const Demand> demands)
        : network_(network),
          budgets_(budgets),
          demands_(demands),
          grants_(demands.size()),
          lines_(network.rows.size() * kPhases.size()) {}

    std::vector<Grant> run() {
        set_aside_what_is_given();
        const auto order = by_arrival();
        for (const auto i : order) admit(i);
        raise_together();
        floor_to_quanta(order);
        check_guarantees();
        return std::move(grants_);
    }

private:
    Line& line(RowIndex row, Phase phase) {
        return lines_[row * kPhases.size() + static_cast<std::size_t>(phase)];
    }
    RowIndex row_of(std::size_t line_index) const { return line_index / kPhases.size(); }
    Phase phase_of(std::size_t line_index) const { return kPhases[line_index % kPhases.size()]; }

    template <class F>
    void each_line(LeafIndex leaf, F&& f) {
        for (const auto row : network_.leaves[leaf].rows)
            for (const auto phase : kPhases)
                if (network_.leaves[leaf].phases.has(phase)) f(line(row, phase));
    }
    void take(LeafIndex leaf, Amperes amount) {
        each_line(leaf, [&](Line& l) { l.left -= amount; });
    }

    void set_aside_what_is_given() {
        for (RowIndex row = 0; row < network_.rows.size(); ++row)
            for (const auto phase : kPhases) line(row, phase).left = budgets_[row].amperes[phase];
        for (LeafIndex i = 0; i < demands_.size(); ++i) {
            auto& grant = grants_[i];
            grant.reasons = {demands_[i].because};
            // A floor is what a charger falls back to, whatever we decide: it always counts.
            if (demands_[i].kind == Demand::Kind::kFixed)
                grant.limit = demands_[i].wanted;
            else if (demands_[i].kind == Demand::Kind::kIdle)
                grant.limit = network_.leaves[i].floor;
            take(i, std::max(grant.limit, network_.leaves[i].floor));
        }
    }

    std::vector<LeafIndex> by_arrival() const {
        std::vector<LeafIndex> order(demands_.size());
        std::iota(order.begin(), order.end(), LeafIndex{0});
        std::ranges::stable_sort(order, {}, [&](LeafIndex i) { return demands_[i].since; });
        return order;
    }

    // What binds goes first; a cap that would bind next stays behind it.
    static void bind(Grant& grant, Reason reason) {
        if (grant.reasons.front().kind == ReasonKind::kHardware) grant.reasons.clear();
        grant.reasons.insert(grant.reasons.begin(), std::move(reason));
    }

    // Grants the minimum, if every row has it left.
    void admit(LeafIndex i) {
        const auto& leaf = network_.leaves[i];
        if (demands_[i].kind != Demand::Kind::kWants) return;
        if (demands_[i].wanted < leaf.minimum) {
            if (demands_[i].because.kind == ReasonKind::kCapped)
                grants_[i].reasons.front().kind = ReasonKind::kBelowMinimum;
            return;
        }
        const auto extra = std::max(leaf.minimum - leaf.floor, 0_A);
        for (const auto row : leaf.rows) {
            for (const auto phase : kPhases) {
                const auto left = line(row, phase).left;
                if (!leaf.phases.has(phase) || left >= extra) continue;
                bind(grants_[i], {.kind = ReasonKind::kNotAdmitted,
                                  .rule = budgets_[row].cap,
                                  .row = network_.rows[row].name,
                                  .phase = phase,
                                  .amount = std::max(left, 0_A)});
                return;
            }
        }
        take(i, extra);
        grants_[i].limit = leaf.minimum;
        each_line(i, [&](Line& l) {
            l.members.push_back(i);
            ++l.sharers;
        });
    }

    // What raising a leaf to `level` takes from each of its lines beyond what it has taken.
    Amperes cost(LeafIndex i, Amperes level) const {
        const auto base = std::max(network_.leaves[i].minimum, network_.leaves[i].floor);
        return std::max(std::min(level, demands_[i].wanted) - base, 0_A);
    }

    // The highest level all members of a line can have together; kNever if they cannot fill it.
    Amperes full_level(const Line& l) const {
        const auto fits = [&](Amperes level) {
            Amperes sum;
            for (const auto i : l.members) sum += cost(i, level);
            return sum <= l.left;
        };
        Amperes high;
        for (const auto i : l.members) high = std::max(high, demands_[i].wanted);
        if (fits(high)) return kNever;
        Amperes low;  // Fits: nobody is raised above the minimum.
        while (low + Amperes::milli(1) < high) {
            const auto middle = (low + high) / 2;
            (fits(middle) ? low : high) = middle;
        }
        return low;
    }

    // Water rises in all of the site at once; a line that is full freezes its members.
    void raise_together() {
        for (;;) {
            std::size_t first = lines_.size();
            for (std::size_t k = 0; k < lines_.size(); ++k) {
                auto& l = lines_[k];
                if (l.dirty) {
                    std::erase_if(l.members, [&](LeafIndex i) { return frozen_[i]; });
                    l.full_at = l.members.empty() ? kNever : full_level(l);
                    l.dirty = false;
                }
                if (l.full_at < kNever &&
                    (first == lines_.size() || l.full_at < lines_[first].full_at))
                    first = k;
            }
            if (first == lines_.size()) break;
            const auto level = lines_[first].full_at;
            for (const auto i : lines_[first].members) freeze(i, level, first);
        }
        for (const auto& l : lines_)
            for (const auto i : l.members) grants_[i].limit = demands_[i].wanted;
    }

    void freeze(LeafIndex i, Amperes level, std::size_t by) {
        auto& grant = grants_[i];
        grant.limit = std::clamp(level, grant.limit, demands_[i].wanted);
        if (grant.limit < demands_[i].wanted) {
            const auto row = row_of(by);
            bind(grant, {.kind = ReasonKind::kShared,
                         .rule = budgets_[row].cap,
                         .row = network_.rows[row].name,
                         .phase = phase_of(by),
                         .sharers = lines_[by].sharers});
        }
        frozen_[i] = true;
        const auto taken = cost(i, grant.limit);
        each_line(i, [&](Line& l) {
            l.left -= taken;
            l.dirty = true;
        });
    }

    // Chargers follow steps only: round down, then hand what that left over to those who were
    // rounded, one step each.
    void floor_to_quanta(std::span<const LeafIndex> order) {
        const auto exact = grants_;
        recount();
        for (const auto i : order) {
            const auto& leaf = network_.leaves[i];
            auto& limit = grants_[i].limit;
            if (demands_[i].kind != Demand::Kind::kWants || limit == exact[i].limit) continue;
            const auto step = limit + leaf.quantum;
            if (step > demands_[i].wanted) continue;
            const auto extra = std::max(step, leaf.floor) - std::max(limit, leaf.floor);
            bool fits = true;
            each_line(i, [&](const Line& l) { fits = fits && l.left >= extra; });
            if (!fits) continue;
            limit = step;
            take(i, extra);
        }
    }

    void recount() {
        for (RowIndex row = 0; row < network_.rows.size(); ++row)
            for (const auto phase : kPhases) line(row, phase).left = budgets_[row].amperes[phase];
        for (LeafIndex i = 0; i < demands_.size(); ++i) {
            auto& limit = grants_[i].limit;
            if (demands_[i].kind == Demand::Kind::kWants)
                limit = limit.floored_to(network_.leaves[i].quantum);
            take(i, std::max(limit, network_.leaves[i].floor));
        }
    }

    void check_guarantees() {
        for (LeafIndex i = 0; i < demands_.size(); ++i) {
            if (demands_[i].kind != Demand::Kind::kWants || grants_[i].limit == 0_A) continue;
            const auto& leaf = network_.leaves[i];
            BUSBAR_CHECK(grants_[i].limit >= leaf.minimum);
            BUSBAR_CHECK(grants_[i].limit <= demands_[i].wanted);
            BUSBAR_CHECK(grants_[i].limit == grants_[i].limit.floored_to(leaf.quantum));
            if (grants_[i].limit > leaf.floor)
                each_line(i, [](const Line& l) { BUSBAR_CHECK(l.left >= 0_A); });
        }
    }

    const Network& network_;
    std::span<const RowBudget> budgets_;
    std::span<const Demand> demands_;
    std::vector<Grant> grants_;
    std::vector<Line> lines_;
    std::vector<bool> frozen_ = std::vector<bool>(demands_.size());
};

}  // namespace

std::vector<Grant> allocate(const Network& network, std::span<const RowBudget> budgets,
                            std::span<const Demand> demands) {
    BUSBAR_CHECK(budgets.size() == network.rows.size());
    BUSBAR_CHECK(demands.size() == network.leaves.size());
    return Filling(network, budgets, demands).run();
}

}  // namespace busbar
