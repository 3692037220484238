// The allocator against two judges that share nothing with it: a linear program, solved by GLPK,
// for who gets how much; and all subsets, one by one, for who is admitted.
#include <glpk.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>

#include "allocator/random_sites.hpp"

namespace busbar::proofs {
namespace {

// --- Filling: lexicographic weighted max-min as a sequence of linear programs ---------------

// Raises the least level of all, then of all that are not stuck at it, and so on; a leaf is stuck
// when no solution with that level gives it more. In amperes.
class LevelProgram {
public:
    LevelProgram(const RandomSite& site, const Admitted& admitted)
        : site_(site), least_(site.leaves()), problem_(glp_create_prob(), glp_delete_prob) {
        glp_term_out(GLP_OFF);
        glp_set_obj_dir(problem_.get(), GLP_MAX);
        glp_add_cols(problem_.get(), static_cast<int>(site.leaves()) + 1);
        for (LeafIndex i = 0; i < site.leaves(); ++i) {
            const auto& demand = site.demands[i];
            const auto floor = site.network.leaves[i].floor;
            least_[i] = amperes(set_aside(site, i));
            rises_.push_back(admitted[i] && std::max(first_of(site, i), floor) < demand.wanted);
            if (rises_[i])
                least_[i] = amperes(std::max(first_of(site, i), floor));
            else if (admitted[i])
                least_[i] = amperes(demand.wanted);
            bound_column(i, least_[i], rises_[i] ? amperes(demand.wanted) : least_[i]);
        }
        glp_set_col_bnds(problem_.get(), level_column(), GLP_LO, 0, 0);
        add_lines();
    }

    std::vector<double> solve() {
        for (int band = 0; band < 256; ++band) {
            std::vector<LeafIndex> active;
            for (LeafIndex i = 0; i < site_.leaves(); ++i)
                if (rises_[i] && site_.demands[i].surplus_band == band) active.push_back(i);
            if (!active.empty()) raise(active);
        }
        return least_;
    }

private:
    static double amperes(Amperes a) { return static_cast<double>(a.in_milli()) / 1000; }
    double weight(LeafIndex i) const {
        return static_cast<double>(site_.demands[i].weight.in_milli()) / 1000;
    }
    static int column(LeafIndex i) { return static_cast<int>(i) + 1; }
    int level_column() const { return static_cast<int>(site_.leaves()) + 1; }

    void bound_column(LeafIndex i, double least, double most) {
        glp_set_col_bnds(problem_.get(), column(i), least < most ? GLP_DB : GLP_FX, least, most);
    }

    void add_lines() {
        each_line(site_, [&](RowIndex row, Phase phase, Amperes budget) {
            std::vector<int> columns{0};
            Amperes left = budget;
            for (LeafIndex i = 0; i < site_.leaves(); ++i) {
                if (!loads(site_, i, row, phase)) continue;
                if (rises_[i])
                    columns.push_back(column(i));
                else
                    left -= usage(site_, i, Amperes::milli(std::llround(least_[i] * 1000)));
            }
            if (columns.size() == 1) return;
            const int added = glp_add_rows(problem_.get(), 1);
            const std::vector<double> ones(columns.size(), 1.0);
            glp_set_mat_row(problem_.get(), added, static_cast<int>(columns.size()) - 1,
                            columns.data(), ones.data());
            glp_set_row_bnds(problem_.get(), added, GLP_UP, 0, amperes(left));
        });
    }

    double maximize(int of) {
        for (int each = 1; each <= level_column(); ++each)
            glp_set_obj_coef(problem_.get(), each, each == of ? 1 : 0);
        glp_smcp parameters;
        glp_init_smcp(&parameters);
        parameters.msg_lev = GLP_MSG_OFF;
        parameters.tol_bnd = parameters.tol_dj = 1e-9;
        BUSBAR_CHECK(glp_simplex(problem_.get(), &parameters) == 0);
        BUSBAR_CHECK(glp_get_status(problem_.get()) == GLP_OPT);
        return glp_get_obj_val(problem_.get());
    }

    void raise(std::vector<LeafIndex> active) {
        // amount - weight * level >= 0
        std::vector<int> rows;
        for (const auto i : active) {
            rows.push_back(glp_add_rows(problem_.get(), 1));
            const std::array<int, 3> columns{0, column(i), level_column()};
            const std::array<double, 3> values{0, 1, -weight(i)};
            glp_set_mat_row(problem_.get(), rows.back(), 2, columns.data(), values.data());
            glp_set_row_bnds(problem_.get(), rows.back(), GLP_LO, 0, 0);
        }
        while (!active.empty()) {
            glp_set_col_bnds(problem_.get(), level_column(), GLP_LO, 0, 0);
            const double level = maximize(level_column());
            glp_set_col_bnds(problem_.get(), level_column(), GLP_FX, level, level);
            std::vector<double> most;
            for (const auto i : active) most.push_back(maximize(column(i)) - weight(i) * level);
            const double stuck = std::max(kNearly, std::ranges::min(most));
            for (std::size_t k = active.size(); k-- > 0;) {
                if (most[k] > stuck) continue;
                least_[active[k]] = weight(active[k]) * level;
                bound_column(active[k], least_[active[k]], least_[active[k]]);
                glp_set_row_bnds(problem_.get(), rows[k], GLP_FR, 0, 0);
                active.erase(active.begin() + static_cast<std::ptrdiff_t>(k));
                rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(k));
            }
        }
        glp_set_col_bnds(problem_.get(), level_column(), GLP_LO, 0, 0);
    }

    static constexpr double kNearly = 1e-6;  // A thousandth of a thousandth.

    const RandomSite& site_;
    std::vector<double> least_;
    std::vector<bool> rises_;
    std::unique_ptr<glp_prob, decltype(&glp_delete_prob)> problem_;
};

// The filling rounds down to the thousandth, so it may be one below; the program is exact to a
// hundredth of that. What rounding leaves of a band goes to the next: a thousandth each.
void is_as_the_linear_program(const RandomSite& site) {
    if (site.leaves() > 8) RC_DISCARD();
    const auto admitted = admit(site);
    const auto exact = LevelProgram(site, admitted).solve();
    const auto slow = SlowFilling(site, admitted).amounts();
    std::vector<Amperes> amounts(site.leaves());
    Solver solver(site.network);
    solver.fill(site.budgets, site.demands, admitted.span(), amounts);
    const double handed_on = site.options.bands ? static_cast<double>(site.leaves()) : 0;
    for (LeafIndex i = 0; i < site.leaves(); ++i) {
        if (!admitted[i]) continue;
        RC_ASSERT(std::fabs(static_cast<double>(slow[i]) - exact[i] * 1000) < 0.01);
        const double below = exact[i] * 1000 - static_cast<double>(amounts[i].in_milli());
        RC_ASSERT(below > -0.01 - handed_on);
        RC_ASSERT(below < 1.01 + handed_on);
    }
}

constexpr SiteOptions kSmall{.chargers = 8, .pairs = false, .sets = true, .reserves = true};
constexpr SiteOptions kSmallBands{.chargers = 7, .sets = true, .bands = true, .reserves = true};

TEST(Oracle, TheLinearProgramSharesAlike) {
    prove(1'000, kSmall, is_as_the_linear_program);
}
TEST(LongOracle, TheLinearProgramSharesAlikeOnManySites) {
    prove(20'000, kSmall, is_as_the_linear_program, 43);
}
TEST(LongOracle, TheLinearProgramSharesAlikeInBands) {
    prove(20'000, kSmallBands, is_as_the_linear_program, 44);
}

// --- Admission: all subsets -----------------------------------------------------------------

struct BestSets {
    std::uint32_t first = 0;  // Bit k from the top: the k-th in the order of turns is in.
    int most = 0;             // Cars in the largest set.
};

// Which of all sets that every row carries serves the first in turn, of those the second, ...
BestSets try_all(const RandomSite& site, const std::vector<LeafIndex>& order) {
    struct Line {
        std::int64_t left = 0;
        std::vector<std::int64_t> extra;  // By place in the order; -1: not on this line.
    };
    std::vector<Line> lines;
    each_line(site, [&](RowIndex row, Phase phase, Amperes budget) {
        const auto given = current(site, row, phase,
                                   [&](LeafIndex i) { return usage(site, i, set_aside(site, i)); });
        lines.push_back({(budget - given).in_milli(), {}});
        for (const auto i : order)
            lines.back().extra.push_back(
                loads(site, i, row, phase)
                    ? (usage(site, i, first_of(site, i)) - usage(site, i, 0_A)).in_milli()
                    : -1);
    });
    BestSets best;
    for (std::uint32_t set = 0; set < 1U << order.size(); ++set) {
        const bool carried = std::ranges::all_of(lines, [&](const Line& line) {
            std::int64_t sum = 0;
            bool any = false;
            for (std::size_t k = 0; k < order.size(); ++k) {
                if (!(set >> (order.size() - 1 - k) & 1U) || line.extra[k] < 0) continue;
                sum += line.extra[k];
                any = true;
            }
            return !any || sum <= line.left;
        });
        if (!carried) continue;
        best.first = set;  // The largest number is the best in the order of turns.
        best.most = std::max(best.most, std::popcount(set));
    }
    return best;
}

struct SolvedSet {
    std::vector<LeafIndex> order;
    std::uint32_t admitted = 0;
};

SolvedSet admitted_by_the_solver(const RandomSite& site) {
    std::vector<Allotment> out(site.leaves());
    Solver(site.network).solve(site.budgets, site.demands, out);
    SolvedSet set{in_order(site), 0};
    for (const auto i : set.order)
        set.admitted = set.admitted << 1 | (out[i].outcome == Outcome::kAdmitted ? 1U : 0U);
    return set;
}

void admits_by_turns(const RandomSite& site) {
    const auto set = admitted_by_the_solver(site);
    if (set.order.size() > 12) RC_DISCARD();
    RC_ASSERT(set.admitted == try_all(site, set.order).first);
}

// Where all load one line and need the same, serving by turns serves the most cars, too.
void admits_the_most_cars(const RandomSite& site) {
    const auto set = admitted_by_the_solver(site);
    if (set.order.size() > 12) RC_DISCARD();
    const auto best = try_all(site, set.order);
    RC_ASSERT(set.admitted == best.first);
    RC_ASSERT(std::popcount(set.admitted) == best.most);
}

constexpr SiteOptions kAnyMinima{.chargers = 12, .sets = true, .bands = true};
constexpr SiteOptions kLikeMinima{.chargers = 12, .single_phase = true, .like_minima = true};

TEST(Oracle, NoOtherSetServesTheFirstInTurnBetter) {
    prove(1'000, kAnyMinima, admits_by_turns);
}
TEST(LongOracle, NoOtherSetServesTheFirstInTurnBetterOnManySites) {
    prove(20'000, kAnyMinima, admits_by_turns, 43);
}
TEST(Oracle, OnOnePhaseWithLikeMinimaNoSetHasMoreCars) {
    prove(1'000, kLikeMinima, admits_the_most_cars);
}
TEST(LongOracle, OnOnePhaseWithLikeMinimaNoSetHasMoreCarsOnManySites) {
    prove(20'000, kLikeMinima, admits_the_most_cars, 43);
}

}  // namespace
}  // namespace busbar::proofs
