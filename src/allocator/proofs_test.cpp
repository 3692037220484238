// What the allocator promises, on random sites. Everything is checked from outside, with sums and
// definitions of its own (random_sites.hpp); only what is true is claimed: a car may well get less
// because a circuit became wider, or because another car left and let a third one in.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <random>
#include <set>

#include "allocator/random_sites.hpp"

namespace busbar::proofs {
namespace {

using Amounts = std::vector<Amperes>;
using Allotments = std::vector<Allotment>;

constexpr SiteOptions kAll{
    .sets = true, .bands = true, .late_minima = true, .reserves = true, .policies = true};
constexpr SiteOptions kFair{.sets = true};
constexpr SiteOptions kFairBands{.sets = true, .bands = true, .reserves = true};

// Each property on 1,000 sites, and on 20,000 others when there is time.
#define BUSBAR_PROVE(Name, options, property) \
    TEST(Proofs, Name) {                      \
        prove(1'000, options, property);      \
    }                                         \
    TEST(LongProofs, Name##OnManySites) {     \
        prove(20'000, options, property, 43); \
    }

std::vector<FillMethod> methods_for(const RandomSite& site) {
    if (site.options.sets) return {FillMethod::kFastest, FillMethod::kEvents};
    return {FillMethod::kFastest, FillMethod::kEvents, FillMethod::kClasses};
}

Allotments solved(Solver& solver, const RandomSite& site,
                  FillMethod method = FillMethod::kFastest) {
    Allotments out(site.leaves());
    solver.solve(site.budgets, site.demands, out, method);
    return out;
}
Allotments solved(const RandomSite& site, FillMethod method = FillMethod::kFastest) {
    Solver solver(site.network);
    return solved(solver, site, method);
}
Amounts filled(const RandomSite& site, const Admitted& admitted,
               FillMethod method = FillMethod::kFastest) {
    Amounts out(site.leaves());
    Solver solver(site.network);
    solver.fill(site.budgets, site.demands, admitted.span(), out, method);
    return out;
}

// The admitted of a site, now and then without some of them: a filling is right for any set.
Admitted some_admitted(const RandomSite& site) {
    auto admitted = admit(site);
    if (site.salt % 3 == 0)
        for (LeafIndex i = 0; i < site.leaves(); ++i)
            if ((site.salt >> (i % 16) & 3) == 3) admitted.set(i, false);
    return admitted;
}

// One of the leaves that `choose` would have; the salt says which.
template <class Choose>
std::optional<LeafIndex> one_leaf(const RandomSite& site, Choose&& choose) {
    std::vector<LeafIndex> all;
    for (LeafIndex i = 0; i < site.leaves(); ++i)
        if (choose(i)) all.push_back(i);
    if (all.empty()) return {};
    return all[static_cast<std::size_t>(site.salt) % all.size()];
}

Amperes left_on(const RandomSite& site, const Allotments& out, RowIndex row, Phase phase) {
    return site.budgets[row][phase] -
           current(site, row, phase, [&](LeafIndex i) { return usage(site, i, out[i].limit); });
}

// --- What must hold of every answer ---------------------------------------------------------

void is_feasible(const RandomSite& site) {
    for (const auto method : methods_for(site)) {
        const auto out = solved(site, method);
        each_line(site, [&](RowIndex row, Phase phase, Amperes budget) {
            const auto given = current(
                site, row, phase, [&](LeafIndex i) { return usage(site, i, set_aside(site, i)); });
            const auto all = current(site, row, phase,
                                     [&](LeafIndex i) { return usage(site, i, out[i].limit); });
            if (given <= budget) {
                RC_ASSERT(all <= budget);
                return;
            }
            for (LeafIndex i = 0; i < site.leaves(); ++i)
                if (wants(site, i) && loads(site, i, row, phase))
                    RC_ASSERT(out[i].limit <= site.network.leaves[i].floor);
        });
    }
}

void is_nothing_or_enough(const RandomSite& site) {
    const auto out = solved(site);
    for (LeafIndex i = 0; i < site.leaves(); ++i) {
        const auto& leaf = site.network.leaves[i];
        const auto limit = out[i].limit;
        if (!wants(site, i)) {
            // An idle car's floor, and what is fixed, count whoever else wants something.
            RC_ASSERT(limit == set_aside(site, i));
            RC_ASSERT(
                out[i].outcome ==
                (site.demands[i].kind == Demand::Kind::kIdle ? Outcome::kIdle : Outcome::kFixed));
            continue;
        }
        const bool below = site.demands[i].wanted < minimum_of(site, i);
        if (below) RC_ASSERT(out[i].outcome == Outcome::kBelowMinimum);
        if (out[i].outcome != Outcome::kAdmitted) {
            RC_ASSERT(limit == 0_A);
            RC_ASSERT(out[i].outcome == Outcome::kNotAdmitted ||
                      out[i].outcome == Outcome::kBelowMinimum);
            continue;
        }
        RC_ASSERT(limit >= minimum_of(site, i));
        RC_ASSERT(limit <= site.demands[i].wanted);
        RC_ASSERT(limit == limit.floored_to(leaf.quantum));
    }
}

// Working memory that remembers another resolve must not show.
void is_the_same_again(const RandomSite& site) {
    const auto first = solved(site);
    Solver solver(site.network);
    auto other = site;
    for (LeafIndex i = 0; i < site.leaves(); ++i) {
        other.demands[i].turn = other.demands[i].promise_turn = -site.demands[i].turn;
        other.demands[i].wanted = site.demands[i].wanted / 2;
        other.demands[i].reserve = 0_A;
        if (i % 3 == 0) other.demands[i].kind = Demand::Kind::kIdle;
    }
    for (auto& budget : other.budgets) budget = PerPhase::each(budget[Phase::kL1] / 3 * 2);
    RC_ASSERT(solved(solver, site) == first);
    solved(solver, other);
    RC_ASSERT(solved(solver, site) == first);
    RC_ASSERT(solved(solver, site) == first);
    RC_ASSERT(solved(solver, other) == solved(other));
}

// The same site with its circuits, sets and chargers in another order.
struct Shuffled {
    RandomSite site;
    std::vector<LeafIndex> from;  // Where each leaf was before.
};

Shuffled shuffled(const RandomSite& site) {
    std::mt19937 random(static_cast<unsigned>(site.salt));
    const auto& rows = site.network.rows;
    // Any order with parents first and sets last.
    std::vector<RowIndex> order, place(rows.size());
    std::vector<bool> placed(rows.size());
    while (order.size() < rows.size()) {
        std::vector<RowIndex> ready;
        for (const bool sets : {false, true})
            for (RowIndex row = 0; row < rows.size() && ready.empty(); ++row)
                for (RowIndex each = 0; each < rows.size(); ++each)
                    if (!placed[each] && rows[each].rule.has_value() == sets &&
                        (!rows[each].parent || placed[*rows[each].parent]))
                        ready.push_back(each);
        const auto row = ready[random() % ready.size()];
        placed[row] = true;
        place[row] = order.size();
        order.push_back(row);
    }
    std::vector<std::pair<std::uint32_t, LeafIndex>> keys;
    for (LeafIndex i = 0; i < site.leaves(); ++i) {
        const bool first = site.network.leaves[i].evse.number == 1;
        keys.emplace_back(first ? random() : keys.back().first, i);
    }
    std::ranges::sort(keys);

    Shuffled out{{site.options, site.salt, {}, {}, {}}, {}};
    for (const auto row : order) {
        out.site.network.rows.push_back(rows[row]);
        auto& parent = out.site.network.rows.back().parent;
        if (parent) parent = place[*parent];
        out.site.budgets.push_back(site.budgets[row]);
    }
    for (const auto& [key, i] : keys) {
        auto leaf = site.network.leaves[i];
        const auto first = out.from.size() + 1 - static_cast<std::size_t>(leaf.evse.number);
        leaf.evse.charger = ChargerId(numbered('y', first));
        for (auto& row : leaf.rows) row = place[row];
        out.site.network.leaves.push_back(std::move(leaf));
        out.site.demands.push_back(site.demands[i]);
        out.from.push_back(i);
    }
    return out;
}

void is_the_same_in_any_order(const RandomSite& site) {
    const auto out = solved(site);
    const auto other = shuffled(site);
    const auto again = solved(other.site);
    for (LeafIndex i = 0; i < site.leaves(); ++i) RC_ASSERT(again[i] == out[other.from[i]]);
}

// Whoever asks for just what it got, gets it.
void is_content_with_its_answer(const RandomSite& site) {
    const auto out = solved(site);
    auto content = site;
    for (LeafIndex i = 0; i < site.leaves(); ++i) {
        if (out[i].outcome != Outcome::kAdmitted) continue;
        content.demands[i].wanted = out[i].limit;
        content.demands[i].reserve = std::min(site.demands[i].reserve, out[i].limit);
    }
    RC_ASSERT(solved(content) == out);
}

RandomSite scaled(RandomSite site, std::int64_t k) {
    for (auto& budget : site.budgets)
        for (const auto phase : kPhases) budget[phase] = budget[phase] * k;
    for (auto& leaf : site.network.leaves)
        for (auto* amount : {&leaf.maximum, &leaf.minimum, &leaf.floor, &leaf.quantum})
            *amount = *amount * k;
    for (auto& demand : site.demands)
        for (auto* amount : {&demand.wanted, &demand.minimum, &demand.reserve, &demand.need})
            *amount = *amount * k;
    for (RowIndex row = 0; row < site.budgets.size(); ++row)
        site.network.rows[row].budget = site.budgets[row];
    return site;
}

void is_the_same_at_any_scale(const RandomSite& site) {
    const auto out = solved(site);
    for (const int k : {2, 3, 10}) {
        const auto again = solved(scaled(site, k));
        for (LeafIndex i = 0; i < site.leaves(); ++i) RC_ASSERT(again[i].limit == out[i].limit * k);
    }
}

// Who is promised an amount gets it before anybody else's minimum, and anybody's surplus; what is
// left of it, if it does not fit and is enough to charge at all.
void serves_promises_first(const RandomSite& site) {
    const auto out = solved(site);
    Amounts first;
    for (LeafIndex i = 0; i < site.leaves(); ++i) first.push_back(set_aside(site, i));
    for (const bool promised : {true, false})
        for (const auto i : in_order(site)) {
            const auto& demand = site.demands[i];
            const auto quantum = site.network.leaves[i].quantum;
            if ((demand.reserve > 0_A) != promised) continue;
            const auto reserve = -((-demand.reserve).floored_to(quantum));  // Whole steps, up.
            const auto asked =
                std::max(minimum_of(site, i), std::min(reserve, demand.wanted.floored_to(quantum)));
            auto room = asked;
            each_line(site, [&](RowIndex row, Phase phase, Amperes budget) {
                if (!loads(site, i, row, phase)) return;
                const auto left = budget - current(site, row, phase, [&](LeafIndex j) {
                                      return usage(site, j, first[j]);
                                  });
                if (left < usage(site, i, asked) - usage(site, i, 0_A))
                    room = std::min(room, left < 0_A ? left : usage(site, i, 0_A) + left);
            });
            room = room.floored_to(quantum);
            if (room == asked || (promised && room >= minimum_of(site, i))) first[i] = room;
        }
    for (LeafIndex i = 0; i < site.leaves(); ++i) {
        RC_ASSERT(out[i].limit >= first[i]);
        if (wants(site, i)) RC_ASSERT((out[i].outcome == Outcome::kAdmitted) == (first[i] > 0_A));
    }
}

// First come, first served: beside what is set aside and everybody's first amperes, one after
// another takes all that is left for it.
void is_served_one_by_one(const RandomSite& draw) {
    auto site = draw;
    for (auto& demand : site.demands) demand.one_by_one = true;
    const auto out = solved(site);
    Amounts expected;
    for (LeafIndex i = 0; i < site.leaves(); ++i) {
        const bool admitted = out[i].outcome == Outcome::kAdmitted;
        const auto free = std::min(site.network.leaves[i].floor, site.demands[i].wanted);
        const auto step = site.network.leaves[i].quantum;
        expected.push_back(admitted ? std::max(first_of(site, i), free).floored_to(step)
                                    : set_aside(site, i));
    }
    for (const auto i : in_order(site)) {
        if (out[i].outcome != Outcome::kAdmitted) continue;
        Amperes room = site.demands[i].wanted - usage(site, i, expected[i]);
        each_line(site, [&](RowIndex row, Phase phase, Amperes budget) {
            if (loads(site, i, row, phase))
                room = std::min(room, budget - current(site, row, phase, [&](LeafIndex j) {
                                          return usage(site, j, expected[j]);
                                      }));
        });
        if (room > 0_A)
            expected[i] =
                (usage(site, i, expected[i]) + room).floored_to(site.network.leaves[i].quantum);
    }
    for (LeafIndex i = 0; i < site.leaves(); ++i) RC_ASSERT(out[i].limit == expected[i]);
}

BUSBAR_PROVE(NoRowCarriesMoreThanItsBudget, kAll, is_feasible)
BUSBAR_PROVE(NoCircuitCarriesMoreThanItsBudget, (SiteOptions{.bands = true, .reserves = true}),
             is_feasible)
BUSBAR_PROVE(ACarGetsNothingOrBetweenMinimumAndWish, kAll, is_nothing_or_enough)
BUSBAR_PROVE(WholeQuantaReachAnOddMinimum,
             (SiteOptions{.sets = true, .reserves = true, .odd_minima = true}),
             [](const RandomSite& site) {
                 is_nothing_or_enough(site);
                 is_feasible(site);
             })
BUSBAR_PROVE(EqualInputsGiveEqualAnswers, kAll, is_the_same_again)
BUSBAR_PROVE(TheOrderOfIdsDoesNotMatter, kAll, is_the_same_in_any_order)
BUSBAR_PROVE(AskingForTheAnswerGivesTheAnswer, kFairBands, is_content_with_its_answer)
BUSBAR_PROVE(AmperesOfAnotherSizeAreSharedAlike, kFairBands, is_the_same_at_any_scale)
BUSBAR_PROVE(WhatIsReservedGoesBeforeAnythingElse, (SiteOptions{.sets = true, .reserves = true}),
             serves_promises_first)
BUSBAR_PROVE(OneByOneTheFirstTakesAllItCan, kFair, is_served_one_by_one)

// --- Loads between two lines ----------------------------------------------------------------

// The lines' currents as phasors, `part_of(i)`: what leaf i draws. Independent of how the
// allocator sums up, but for the order of the primary lines.
template <class PartOf>
std::array<long double, 3> phasor_currents(const RandomSite& site, RowIndex row, PartOf&& part_of) {
    using Phasor = std::complex<long double>;
    const long double third = 2 * std::numbers::pi_v<long double> / 3;
    std::array<Phasor, 3> pair{};  // L1-L2, L2-L3, L3-L1.
    std::array<long double, 3> single{};
    for (LeafIndex i = 0; i < site.leaves(); ++i) {
        std::array<bool, 3> on{};
        for (const auto phase : kPhases)
            on[static_cast<std::size_t>(phase)] = loads(site, i, row, phase);
        const int lines = on[0] + on[1] + on[2];
        for (std::size_t k = 0; k < 3; ++k) {
            const auto angle = -third * static_cast<long double>(k);
            if (lines == 1 && on[k]) single[k] += part_of(i);
            if (lines >= 2 && on[k] && on[(k + 1) % 3])
                pair[k] += std::polar(part_of(i) / (lines == 3 ? std::sqrt(3.0L) : 1), angle);
        }
    }
    std::array<Phasor, 3> line;
    for (std::size_t k = 0; k < 3; ++k) line[k] = pair[k] - pair[(k + 2) % 3];
    std::array<long double, 3> out;
    for (std::size_t k = 0; k < 3; ++k) {
        const bool primary = site.options.model == LineModel::kDeltaPrimary;
        out[k] = single[k] + std::abs(primary ? line[k] - line[(k + 2) % 3] : line[k]);
    }
    return out;
}

// Whoever draws less than it may, or nothing.
void is_feasible_as_phasors(const RandomSite& site) {
    const auto out = solved(site);
    std::mt19937 random(static_cast<unsigned>(site.salt));
    const auto given = [&](LeafIndex i) { return usage(site, i, set_aside(site, i)).in_milli(); };
    const auto all = [&](LeafIndex i) { return usage(site, i, out[i].limit).in_milli(); };
    for (RowIndex row = 0; row < site.budgets.size(); ++row) {
        std::array<bool, 3> exceeded{};  // By what is given alone.
        for (int trial = 0; trial < 16; ++trial) {
            std::vector<long double> part;
            for (LeafIndex i = 0; i < site.leaves(); ++i)
                part.push_back(trial == 0  ? 1.0L
                               : trial < 8 ? static_cast<long double>(random() % 2)
                                           : static_cast<long double>(random() % 1001) / 1000);
            const auto drawn = phasor_currents(
                site, row, [&](LeafIndex i) { return part[i] * static_cast<long double>(all(i)); });
            const auto before = phasor_currents(site, row, [&](LeafIndex i) {
                return part[i] * static_cast<long double>(given(i));
            });
            for (std::size_t k = 0; k < 3; ++k) {
                const auto budget = site.budgets[row][kPhases[k]].in_milli();
                exceeded[k] = exceeded[k] || before[k] > static_cast<long double>(budget);
                if (!exceeded[k]) RC_ASSERT(drawn[k] <= static_cast<long double>(budget) + 1e-6L);
            }
        }
    }
}

BUSBAR_PROVE(NoLineOfADeltaCarriesMoreThanItsBudget, (SiteOptions{.model = LineModel::kDelta}),
             is_feasible_as_phasors)
BUSBAR_PROVE(NoLineBeforeATransformerCarriesMoreThanItsBudget,
             (SiteOptions{.model = LineModel::kDeltaPrimary}), is_feasible_as_phasors)

// --- The filling ----------------------------------------------------------------------------

// What a leaf has before the level reaches it: up to its floor a rise costs nothing.
Amperes start_of(const RandomSite& site, LeafIndex i) {
    return std::max(first_of(site, i),
                    std::min(site.network.leaves[i].floor, site.demands[i].wanted));
}

// A band hands on what rounding left of it: a thousandth for each leaf.
std::int64_t handed_on(const RandomSite& site) {
    return site.options.bands ? static_cast<std::int64_t>(site.leaves()) : 0;
}

bool is_carried(const RandomSite& site, const Admitted& admitted, const Amounts& amounts) {
    bool fits = true;
    each_line(site, [&](RowIndex row, Phase phase, Amperes budget) {
        bool any = false;
        for (LeafIndex i = 0; i < site.leaves(); ++i)
            any = any || (admitted[i] && loads(site, i, row, phase));
        const auto sum =
            current(site, row, phase, [&](LeafIndex i) { return usage(site, i, amounts[i]); });
        if (any && sum > budget) fits = false;
    });
    return fits;
}

// Whether this line is why `i` has no more: it is full, and nobody on it that could give way has
// more for its weight, or is served later. Amounts are rounded down to the thousandth.
bool is_bottleneck(const RandomSite& site, const Admitted& admitted, const Amounts& amounts,
                   LeafIndex i, RowIndex row, Phase phase) {
    Amperes left = site.budgets[row][phase];
    std::int64_t rounded = 0;
    for (LeafIndex j = 0; j < site.leaves(); ++j) {
        if (!loads(site, j, row, phase)) continue;
        left -= usage(site, j, amounts[j]);
        if (!admitted[j]) continue;
        ++rounded;
        const auto& mine = site.demands[i];
        const auto& other = site.demands[j];
        const bool later = other.surplus_band > mine.surplus_band;
        const auto risen = amounts[j] - start_of(site, j);
        if (risen.in_milli() <= (later ? handed_on(site) : 0)) continue;
        if (later) return false;
        if (other.surplus_band < mine.surplus_band) continue;
        if (amounts[j].in_milli() * mine.weight.in_milli() >
            (amounts[i].in_milli() + 1) * other.weight.in_milli())
            return false;
    }
    return left.in_milli() <= rounded;
}

// The certificate of weighted max-min fairness: everyone has all it wants, or a bottleneck.
bool is_max_min(const RandomSite& site, const Admitted& admitted, const Amounts& amounts) {
    for (LeafIndex i = 0; i < site.leaves(); ++i) {
        if (!admitted[i] || amounts[i] == site.demands[i].wanted) continue;
        if (amounts[i] < start_of(site, i) || amounts[i] > site.demands[i].wanted) return false;
        bool bottleneck = false;
        for (const auto row : site.network.leaves[i].rows)
            for (const auto phase : kPhases)
                bottleneck = bottleneck || (site.network.leaves[i].phases.has(phase) &&
                                            is_bottleneck(site, admitted, amounts, i, row, phase));
        if (!bottleneck) return false;
    }
    return true;
}

void is_certified(const RandomSite& site) {
    const auto admitted = some_admitted(site);
    for (const auto method : methods_for(site)) {
        const auto amounts = filled(site, admitted, method);
        RC_ASSERT(is_carried(site, admitted, amounts));
        RC_ASSERT(is_max_min(site, admitted, amounts));
        for (LeafIndex i = 0; i < site.leaves(); ++i)
            if (!admitted[i]) RC_ASSERT(amounts[i] == set_aside(site, i));
    }
}

void is_as_the_slow_filling(const RandomSite& site) {
    const auto admitted = some_admitted(site);
    const auto exact = SlowFilling(site, admitted).amounts();
    for (const auto method : methods_for(site)) {
        const auto amounts = filled(site, admitted, method);
        for (LeafIndex i = 0; i < site.leaves(); ++i) {
            const auto amount = static_cast<long double>(amounts[i].in_milli());
            const auto handed = static_cast<long double>(handed_on(site));
            RC_ASSERT(amount <= exact[i] + 0.001L + handed);
            RC_ASSERT(amount > exact[i] - 1.001L - handed);
        }
    }
}

void is_filled_alike_both_ways(const RandomSite& site) {
    const auto admitted = some_admitted(site);
    const auto events = filled(site, admitted, FillMethod::kEvents);
    const auto classes = filled(site, admitted, FillMethod::kClasses);
    for (LeafIndex i = 0; i < site.leaves(); ++i) {
        RC_ASSERT(events[i] <= classes[i] + Amperes::milli(1));
        RC_ASSERT(classes[i] <= events[i] + Amperes::milli(1));
    }
    RC_ASSERT(solved(site, FillMethod::kEvents) == solved(site, FillMethod::kClasses));
    RC_ASSERT(solved(site, FillMethod::kEvents) == solved(site, FillMethod::kFastest));
}

void is_filled_alike_at_any_scale(const RandomSite& site) {
    const auto admitted = some_admitted(site);
    const auto amounts = filled(site, admitted);
    for (const int k : {2, 3, 10}) {
        const auto again = filled(scaled(site, k), admitted);
        for (LeafIndex i = 0; i < site.leaves(); ++i) {
            // The filling rounds down to the thousandth: by less than one, before scaling.
            RC_ASSERT(again[i] >= amounts[i] * k);
            RC_ASSERT(again[i] <= (amounts[i] + Amperes::milli(1)) * k);
        }
    }
}

// A row that is no plain sum, though nothing flows there: all the same, but level by level.
void is_filled_alike_by_trying_levels(const RandomSite& site) {
    const auto admitted = some_admitted(site);
    const auto amounts = filled(site, admitted);
    auto other = site;
    other.network.rows.push_back({.name = "spare",
                                  .circuit = CircuitId("spare"),
                                  .parent = {},
                                  .budget = {},
                                  .model = LineModel::kDelta});
    other.budgets.emplace_back();
    const auto again = filled(other, admitted);
    RC_ASSERT(is_carried(site, admitted, again));
    // A level tried may be a hair too high, for which the last leaves pay a thousandth each.
    const auto close = Amperes::milli(static_cast<std::int64_t>(site.leaves()));
    for (LeafIndex i = 0; i < site.leaves(); ++i) {
        RC_ASSERT(again[i] <= amounts[i] + close);
        RC_ASSERT(amounts[i] <= again[i] + close);
    }
}

// The checks themselves: they see an error of a twentieth of an ampere, either way.
void notices_a_wrong_share(const RandomSite& site) {
    const auto admitted = some_admitted(site);
    auto amounts = filled(site, admitted);
    constexpr auto kWrong = Amperes::milli(50);
    if (const auto i = one_leaf(site, [&](LeafIndex each) {
            return admitted[each] && amounts[each] + kWrong <= site.demands[each].wanted;
        })) {
        auto more = amounts;
        more[*i] += kWrong;
        RC_ASSERT(!is_carried(site, admitted, more));
    }
    if (const auto i = one_leaf(site, [&](LeafIndex each) {
            return admitted[each] && amounts[each] - kWrong >= start_of(site, each);
        })) {
        auto less = amounts;
        less[*i] -= kWrong;
        RC_ASSERT(!is_max_min(site, admitted, less));
    }
}

constexpr SiteOptions kOneBand{.sets = true, .reserves = true};
constexpr SiteOptions kTree{.reserves = true};
constexpr SiteOptions kTreeBands{.bands = true, .late_minima = true, .reserves = true};

BUSBAR_PROVE(WhoHasLessThanItWantsHasABottleneck, kOneBand, is_certified)
BUSBAR_PROVE(WhoHasLessThanItWantsHasABottleneckOnATree, kTree, is_certified)
BUSBAR_PROVE(WhoHasLessThanItWantsHasABottleneckInItsBand, kFairBands, is_certified)
BUSBAR_PROVE(TheSlowFillingComesToTheSame, kOneBand, is_as_the_slow_filling)
BUSBAR_PROVE(TheSlowFillingComesToTheSameOnATree, kTree, is_as_the_slow_filling)
BUSBAR_PROVE(TheSlowFillingComesToTheSameInBands, kFairBands, is_as_the_slow_filling)
BUSBAR_PROVE(BothFillingsAgree, kTreeBands, is_filled_alike_both_ways)
BUSBAR_PROVE(TryingLevelsComesToTheSame, kOneBand, is_filled_alike_by_trying_levels)
BUSBAR_PROVE(AmperesOfAnotherSizeAreFilledInAlike, kOneBand, is_filled_alike_at_any_scale)
BUSBAR_PROVE(TheseProofsNoticeAWrongShare, kOneBand, notices_a_wrong_share)

TEST(LongProofs, LargeTreesAreFilledAsSmallOnes) {
    prove(300, {.chargers = 150, .reserves = true}, [](const RandomSite& site) {
        is_feasible(site);
        is_certified(site);
        is_as_the_slow_filling(site);
        is_filled_alike_both_ways(site);
        is_the_same_in_any_order(site);
    });
}

// --- What more weight, a better turn, more capacity or fewer cars do ------------------------

void gains_by_weight(const RandomSite& site) {
    const auto admitted = some_admitted(site);
    const auto i = one_leaf(site, [&](LeafIndex each) { return admitted[each]; });
    if (!i) return;
    auto heavier = site;
    auto& weight = heavier.demands[*i].weight;
    weight = Weight::milli(weight.in_milli() + 100 * (1 + site.salt % 70));
    RC_ASSERT(filled(heavier, admitted)[*i] + Amperes::milli(1) >= filled(site, admitted)[*i]);
}

void gains_by_band(const RandomSite& site) {
    const auto admitted = some_admitted(site);
    const auto i = one_leaf(site, [&](LeafIndex each) {
        return admitted[each] && site.demands[each].surplus_band > 0;
    });
    if (!i) return;
    auto earlier = site;
    --earlier.demands[*i].surplus_band;
    RC_ASSERT(filled(earlier, admitted)[*i] + Amperes::milli(1 + handed_on(site)) >=
              filled(site, admitted)[*i]);
}

void stays_admitted_with_a_better_turn(const RandomSite& site) {
    const auto out = solved(site);
    for (LeafIndex i = 0; i < site.leaves(); ++i) {
        if (out[i].outcome != Outcome::kAdmitted) continue;
        auto better = site;
        better.demands[i].turn -= 1 + site.salt % 3;
        better.demands[i].promise_turn = better.demands[i].turn;
        RC_ASSERT(solved(better)[i].outcome == Outcome::kAdmitted);
        auto first = site;
        first.demands[i].since -= std::chrono::seconds{1 + site.salt % 5};
        RC_ASSERT(solved(first)[i].outcome == Outcome::kAdmitted);
    }
}

// What each admitted leaf has for its weight, the poorest first.
std::vector<long double> levels_of(const RandomSite& site, const Admitted& admitted) {
    const auto amounts = filled(site, admitted);
    std::vector<long double> levels;
    for (LeafIndex i = 0; i < site.leaves(); ++i)
        if (admitted[i])
            levels.push_back(static_cast<long double>(amounts[i].in_milli()) /
                             static_cast<long double>(site.demands[i].weight.in_milli()));
    std::ranges::sort(levels);
    return levels;
}

// The poorest never get poorer: the first level that changes rises. A car among the richer may
// well lose.
void gains_by_capacity(const RandomSite& draw) {
    // A thousand times larger, so that rounding to the thousandth is out of sight.
    const auto site = scaled(draw, 1'000);
    const auto admitted = some_admitted(site);
    auto wider = site;
    const auto row = static_cast<std::size_t>(site.salt) % site.budgets.size();
    const auto phase = kPhases[static_cast<std::size_t>(site.salt / 7 % 3)];
    wider.budgets[row][phase] += Amperes::of(1'000 * (1 + site.salt % 40));
    const auto before = levels_of(site, admitted), after = levels_of(wider, admitted);
    long double risen = 0;
    for (std::size_t k = 0; k < before.size(); ++k) {
        // Behind a rise of a hair, others may pay a little more than that hair.
        RC_ASSERT(after[k] >= before[k] - 0.1L - 1'000 * risen);
        risen = std::max(risen, after[k] - before[k]);
        if (risen > 1) return;
    }
}

void nobody_loses_when_one_leaves(const RandomSite& site) {
    const auto admitted = some_admitted(site);
    const auto gone = one_leaf(site, [&](LeafIndex each) { return admitted[each]; });
    if (!gone) return;
    auto fewer = admitted;
    fewer.set(*gone, false);
    auto without = site;
    without.demands[*gone] = {};
    const auto before = filled(site, admitted), after = filled(without, fewer);
    for (LeafIndex i = 0; i < site.leaves(); ++i)
        if (fewer[i]) RC_ASSERT(after[i] + Amperes::milli(1) >= before[i]);
}

BUSBAR_PROVE(MoreWeightNeverGivesLess, kFairBands, gains_by_weight)
BUSBAR_PROVE(AnEarlierBandNeverGivesLess, kFairBands, gains_by_band)
BUSBAR_PROVE(ABetterTurnNeverShutsOut, kAll, stays_admitted_with_a_better_turn)
BUSBAR_PROVE(MoreCapacityNeverHurtsThePoorest, kFair, gains_by_capacity)
BUSBAR_PROVE(OnOnePhaseNobodyLosesWhenACarLeaves, SiteOptions{.single_phase = true},
             nobody_loses_when_one_leaves)

// --- Reasons --------------------------------------------------------------------------------

// Only those who were admitted still want something, so the set of them cannot change.
RandomSite only_admitted(const RandomSite& site, const Allotments& out) {
    auto only = site;
    for (LeafIndex i = 0; i < site.leaves(); ++i)
        if (wants(site, i) && out[i].outcome != Outcome::kAdmitted) only.demands[i] = {};
    return only;
}

using LineSet = std::set<std::pair<RowIndex, Phase>>;

LineSet lines_named(const RandomSite& site, const Allotments& out, LeafIndex i) {
    LineSet lines;
    const Explainer explainer(site.network, site.budgets, site.demands, out);
    for (const auto& each : explainer.of(i)) {
        RC_ASSERT(each.left == left_on(site, out, each.row, each.phase));
        lines.emplace(each.row, each.phase);
    }
    return lines;
}

RandomSite relaxed(RandomSite site, const LineSet& lines) {
    for (const auto& [row, phase] : lines) site.budgets[row][phase] += 10'000_A;
    return site;
}

// A line with a few thousandths left is neither full nor free: who got the last thousandth is a
// matter of turns.
bool is_nearly_full(const RandomSite& site, const Allotments& out, LeafIndex i) {
    for (const auto row : site.network.leaves[i].rows)
        for (const auto phase : kPhases) {
            if (!site.network.leaves[i].phases.has(phase)) continue;
            const auto left = left_on(site, out, row, phase).in_milli();
            if (left > 0 && left <= static_cast<std::int64_t>(site.leaves())) return true;
        }
    return false;
}

// The lines of `i` that cannot carry `extra` more.
LineSet lines_without(const RandomSite& site, const Allotments& out, LeafIndex i, Amperes extra) {
    LineSet lines;
    each_line(site, [&](RowIndex row, Phase phase, Amperes) {
        if (loads(site, i, row, phase) && left_on(site, out, row, phase) < extra)
            lines.emplace(row, phase);
    });
    return lines;
}

// A car above its first amperes gets more as soon as all that is named gives way, and its wish
// where that is what it has. (At its first amperes it may have more for its weight than others,
// who then come first.)
void is_held_by_what_is_named(const RandomSite& site) {
    const auto out = solved(site);
    const auto only = only_admitted(site, out);
    const auto same = solved(only);
    for (LeafIndex i = 0; i < site.leaves(); ++i) {
        if (out[i].outcome != Outcome::kAdmitted) continue;
        const auto limit = out[i].limit;
        RC_ASSERT(same[i] == out[i]);
        const bool content = limit == site.demands[i].wanted;
        if (content && limit == site.network.leaves[i].maximum) continue;
        const auto named = lines_named(site, out, i);
        RC_ASSERT(content || !named.empty());
        const auto last_steps = Amperes::milli(static_cast<std::int64_t>(site.leaves()));
        if (is_nearly_full(site, out, i) || limit <= start_of(site, i) + last_steps) continue;
        auto other = relaxed(only, named);
        if (content) other.demands[i].wanted = site.network.leaves[i].maximum;
        RC_ASSERT(solved(other)[i].limit > limit);
    }
}

// Not one more and not one less: the lines that could not carry its next step, as far as its
// hardware has one, or its minimum.
void names_the_lines_without_room(const RandomSite& site) {
    const auto out = solved(site);
    for (LeafIndex i = 0; i < site.leaves(); ++i) {
        const auto named = lines_named(site, out, i);
        const auto limit = out[i].limit;
        const bool waits = out[i].outcome == Outcome::kNotAdmitted;
        const auto next = waits ? minimum_of(site, i) : limit + site.network.leaves[i].quantum;
        if (waits ||
            (out[i].outcome == Outcome::kAdmitted && next <= site.network.leaves[i].maximum))
            RC_ASSERT(named ==
                      lines_without(site, out, i, usage(site, i, next) - usage(site, i, limit)));
        else
            RC_ASSERT(named.empty());
    }
}

// A car that waits is admitted as soon as all that is named gives way, with the same others.
void waits_for_what_is_named(const RandomSite& site) {
    const auto out = solved(site);
    for (LeafIndex i = 0; i < site.leaves(); ++i) {
        if (out[i].outcome != Outcome::kNotAdmitted) continue;
        const auto named = lines_named(site, out, i);
        RC_ASSERT(!named.empty());
        auto others = only_admitted(site, out);
        others.demands[i] = site.demands[i];
        auto expected = solved(others);
        RC_ASSERT(expected[i].outcome == Outcome::kNotAdmitted);
        expected[i].outcome = Outcome::kAdmitted;
        const auto again = solved(relaxed(others, named));
        for (LeafIndex j = 0; j < site.leaves(); ++j)
            RC_ASSERT(again[j].outcome == expected[j].outcome);
    }
}

BUSBAR_PROVE(ALimitRisesWhenAllThatIsNamedGivesWay, (SiteOptions{.sets = true, .finest = true}),
             is_held_by_what_is_named)
BUSBAR_PROVE(ExactlyTheLinesWithoutRoomAreNamed, kFairBands, names_the_lines_without_room)
BUSBAR_PROVE(AWaitingCarIsAdmittedWhenAllThatIsNamedGivesWay, kFair, waits_for_what_is_named)

}  // namespace
}  // namespace busbar::proofs
