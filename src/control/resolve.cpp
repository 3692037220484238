#include "control/resolve.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"

namespace busbar::control {
namespace {

std::optional<RuleId> id_of(std::span<const Rule> rules, std::optional<RuleIndex> index) {
    if (!index || *index == kNoRule) return {};
    return rules[*index].id;
}

std::optional<RuleId> id_of(std::span<const Rule> rules, const std::optional<RuledLimit>& limit) {
    return limit ? id_of(rules, std::optional{limit->rule}) : std::nullopt;
}

// What holds a car's wish below its hardware maximum, the tightest first.
enum class Holds : std::uint8_t { kHardware, kCap, kReclaimed, kSpread, kGuard };

struct Wish {
    Amperes amount;
    Holds by = Holds::kHardware;
};

Wish wish_of(const Leaf& leaf, const LeafRules& rules, const LeafState& state) {
    Wish wish{leaf.maximum};
    const auto lower = [&](Amperes to, Holds by) {
        if (to < wish.amount) wish = {to, by};
    };
    if (rules.cap) lower(rules.cap->limit, Holds::kCap);
    // Never below what lets it charge: what its car does not take now is one thing, whether it
    // may charge another.
    const auto least = std::max(leaf.minimum, state.minimum);
    if (state.takes) lower(std::max(*state.takes, least), Holds::kReclaimed);
    if (state.spread) lower(*state.spread, Holds::kSpread);
    if (state.guarded) lower(*state.guarded, Holds::kGuard);
    return wish;
}

}  // namespace

Resolver::Resolver(const Network& network)
    : network_(network),
      solver_(network),
      budgets_(network.rows.size()),
      demands_(network.leaves.size()),
      allotments_(network.leaves.size()) {}

// Whether it is told its limit, and counted with more.
bool Resolver::is_doubted(LeafIndex i) const {
    return states_[i].reachable && !states_[i].obeys && !effective_.leaves[i].exclude;
}

// What rules let it have: whatever it is told, it is counted with all its hardware takes.
Amperes Resolver::told(LeafIndex i) const {
    const auto& leaf = network_.leaves[i];
    const auto& rules = effective_.leaves[i];
    const auto& state = states_[i];
    if (!state.wants || rules.pause) return 0_A;
    auto most = wish_of(leaf, rules, state).amount;
    if (rules.inactive) most = std::min(most, leaf.floor);
    most = most.floored_to(leaf.quantum);
    return most < leaf.minimum ? 0_A : most;
}

Demand Resolver::demand_of(LeafIndex i) const {
    using enum Demand::Kind;
    const auto& leaf = network_.leaves[i];
    const auto& rules = effective_.leaves[i];
    const auto& state = states_[i];
    if (rules.exclude) return {.kind = kFixed, .wanted = leaf.maximum};
    if (!state.reachable || !state.obeys) return {.kind = kFixed, .wanted = state.potential};
    const auto wish = wish_of(leaf, rules, state);
    const auto reserve =
        rules.reserve && !rules.pause ? std::min(rules.reserve->limit, wish.amount) : 0_A;
    if (!state.wants) {
        // Held for the next car, which can use nothing below its minimum.
        const auto held = std::min(rules.held_idle, wish.amount);
        const bool of_use = !rules.pause && held >= leaf.minimum;
        return {.kind = kIdle, .reserve = of_use ? held : 0_A};
    }

    const auto& share = rules.share;
    const auto band = static_cast<std::uint8_t>(rules.band);
    Demand demand{.kind = kWants,
                  .surplus_band = share.strict_bands ? band : std::uint8_t{kOrdinaryBand},
                  .wanted = rules.pause ? 0_A : wish.amount,
                  .minimum = state.minimum,
                  .reserve = reserve,
                  .turn = state.turn,
                  .promise_turn = state.promise_turn,
                  .since = state.since};
    if (state.rests) demand.wanted = 0_A;
    if (rules.inactive) demand.wanted = std::min(demand.wanted, leaf.floor);
    demand.reserve = std::min(demand.reserve, demand.wanted);
    if (share.strict_bands && !share.min_first) demand.admit_band = band;
    // Only out of what nobody else wants: its minimum, behind the surplus of everybody.
    if (state.goes_last) demand.surplus_band = demand.admit_band = kLastBand + 1;
    demand.one_by_one = share.policy == SharePolicy::kFcfs;
    demand.by_deadline = share.policy == SharePolicy::kDeadline && state.departs.has_value();
    demand.need = std::min(state.need, leaf.maximum);
    if (share.policy == SharePolicy::kWeighted) demand.weight = rules.weight;
    return demand;
}

void Resolver::set_rules(EffectiveRules effective) {
    BUSBAR_CHECK(effective.leaves.size() == network_.leaves.size());
    BUSBAR_CHECK(effective.rows.size() == network_.rows.size());
    effective_ = std::move(effective);
}

void Resolver::resolve(std::span<const LeafState> states, std::span<const Foreign> foreign) {
    BUSBAR_CHECK(states.size() == effective_.leaves.size());
    BUSBAR_CHECK(foreign.size() == effective_.rows.size());
    states_.assign(states.begin(), states.end());
    foreign_.assign(foreign.begin(), foreign.end());
    for (RowIndex row = 0; row < network_.rows.size(); ++row)
        for (const auto phase : kPhases) {
            auto& budget = budgets_[row][phase];
            budget = effective_.rows[row].budget[phase];
            if (const auto& ceiling = foreign[row].ceiling)
                budget = std::min(budget, (*ceiling)[phase]);
            budget = std::max(budget - foreign[row].load[phase], 0_A);
        }
    for (LeafIndex leaf = 0; leaf < states.size(); ++leaf) demands_[leaf] = demand_of(leaf);
    solver_.solve(budgets_, demands_, allotments_);
}

std::vector<std::vector<Reason>> Resolver::reasons(std::span<const Rule> rules, LeafIndex first,
                                                   LeafIndex end) const {
    const Explainer explainer(network_, budgets_, demands_, allotments_);
    std::vector<std::vector<Reason>> out;
    out.reserve(end - first);
    for (auto leaf = first; leaf < end; ++leaf) out.push_back(why(explainer, rules, leaf));
    return out;
}

std::vector<Reason> Resolver::why(const Explainer& explainer, std::span<const Rule> rules,
                                  LeafIndex i) const {
    using enum ReasonKind;
    const auto& leaf = network_.leaves[i];
    const auto& here = effective_.leaves[i];
    if (here.exclude) {
        std::vector<Reason> out{
            {.kind = kExcluded, .rule = id_of(rules, here.exclude), .amount = leaf.maximum}};
        // Somebody who wrote these has to know that they do nothing here.
        if (here.pause)
            out.push_back({.kind = kLifted,
                           .rule = id_of(rules, here.pause),
                           .other = id_of(rules, here.exclude)});
        if (here.cap)
            out.push_back({.kind = kLifted,
                           .rule = id_of(rules, here.cap),
                           .other = id_of(rules, here.exclude)});
        return out;
    }
    if (!states_[i].reachable) return {{.kind = kOffline, .amount = states_[i].potential}};
    std::vector<Reason> out;
    if (is_doubted(i)) out.push_back({.kind = kDistrusted, .amount = states_[i].potential});
    switch (allotments_[i].outcome) {
        case Outcome::kIdle:
        case Outcome::kFixed:
            if (!states_[i].wants) out.push_back({.kind = kIdle});
            if (here.standing && here.reserve)
                out.push_back({.kind = kReserved,
                               .rule = id_of(rules, here.reserve),
                               .amount = demands_[i].reserve});
            // What will bind once a car comes is worth knowing before it does.
            if (here.pause)
                out.push_back({.kind = kPaused, .rule = id_of(rules, here.pause)});
            else if (here.cap && here.cap->limit < leaf.maximum)
                out.push_back(
                    {.kind = kCapped, .rule = id_of(rules, here.cap), .amount = here.cap->limit});
            return out;
        case Outcome::kBelowMinimum:
        case Outcome::kNotAdmitted:
            why_not(explainer, rules, i, out);
            break;
        case Outcome::kAdmitted:
            why_no_more(explainer, rules, i, out);
            break;
    }
    what_else(rules, i, out);
    return out;
}

bool Resolver::is_capped_from_outside(RowIndex row, Phase phase) const {
    const auto& ceiling = foreign_[row].ceiling;
    return ceiling && (*ceiling)[phase] < effective_.rows[row].budget[phase];
}

// The rows that hold it back, each once with its tightest line. `says`: what is special about it.
template <class F>
void Resolver::add_rows(const Explainer& explainer, std::span<const Rule> rules, LeafIndex i,
                        std::vector<Reason>& out, F says) const {
    const auto before = out.size();
    for (const auto& limiting : explainer.of(i)) {
        const auto& name = network_.rows[limiting.row].name;
        if (out.size() > before && out.back().row == name) continue;
        auto reason = says(limiting);
        if (!is_capped_from_outside(limiting.row, limiting.phase))
            reason.rule = id_of(rules, effective_.rows[limiting.row].cap);
        reason.row = name;
        reason.phase = limiting.phase;
        out.push_back(std::move(reason));
    }
}

// It gets nothing, or no more than its floor.
void Resolver::why_not(const Explainer& explainer, std::span<const Rule> rules, LeafIndex i,
                       std::vector<Reason>& out) const {
    using enum ReasonKind;
    const auto& here = effective_.leaves[i];
    if (allotments_[i].outcome == Outcome::kNotAdmitted) {
        add_rows(explainer, rules, i, out, [](const Limiting& limiting) {
            return Reason{.kind = kNotAdmitted, .amount = std::max(limiting.left, 0_A)};
        });
        return;
    }
    if (here.inactive) {
        out.push_back({.kind = kInactive});
        for (const auto row : network_.leaves[i].rows)
            if (!network_.rows[row].active) out.back().row = network_.rows[row].name;
    } else if (here.pause) {
        out.push_back({.kind = kPaused, .rule = id_of(rules, here.pause)});
    } else if (wish_of(network_.leaves[i], here, states_[i]).by == Holds::kGuard) {
        out.push_back({.kind = states_[i].guarded_for});
    } else if (states_[i].rests) {
        out.push_back({.kind = kResting, .until = states_[i].rests});
    } else if (wish_of(network_.leaves[i], here, states_[i]).by == Holds::kSpread) {
        out.push_back({.kind = kSpread, .until = states_[i].spread_until});
    } else {
        out.push_back(
            {.kind = kBelowMinimum, .rule = id_of(rules, here.cap), .amount = demands_[i].wanted});
    }
}

void Resolver::why_no_more(const Explainer& explainer, std::span<const Rule> rules, LeafIndex i,
                           std::vector<Reason>& out) const {
    using enum ReasonKind;
    const auto& here = effective_.leaves[i];
    const auto& state = states_[i];
    const auto wish = wish_of(network_.leaves[i], here, state);
    switch (wish.by) {
        case Holds::kHardware:
            break;
        case Holds::kCap:
            out.push_back({.kind = kCapped, .rule = id_of(rules, here.cap), .amount = wish.amount});
            break;
        case Holds::kReclaimed:
            out.push_back({.kind = kReclaimed, .amount = state.draws});
            break;
        case Holds::kSpread:
            out.push_back({.kind = kSpread, .until = state.spread_until});
            break;
        case Holds::kGuard:
            out.push_back({.kind = state.guarded_for});
            break;
    }
    const auto own = out.size();
    add_rows(explainer, rules, i, out, [](const Limiting& limiting) {
        return Reason{.kind = kShared, .sharers = limiting.sharers};
    });
    // What it wants binds before any row does where it has all of it.
    const bool satisfied = allotments_[i].limit + network_.leaves[i].quantum > wish.amount;
    if (!satisfied)
        std::rotate(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(own), out.end());
    if (out.empty()) out.push_back({.kind = kHardware});
}

// What else had a hand in it: not what binds, but what a person would ask about.
void Resolver::what_else(std::span<const Rule> rules, LeafIndex i, std::vector<Reason>& out) const {
    using enum ReasonKind;
    const auto& here = effective_.leaves[i];
    const auto& state = states_[i];
    for (std::size_t k = 0, n = out.size(); k < n; ++k) {
        const auto phase = out[k].phase;
        if (!phase) continue;
        for (const auto row : network_.leaves[i].rows) {
            if (network_.rows[row].name != out[k].row) continue;
            if (is_capped_from_outside(row, *phase))
                out.push_back({.kind = kExternal,
                               .row = out[k].row,
                               .phase = phase,
                               .amount = (*foreign_[row].ceiling)[*phase]});
            if (foreign_[row].load != PerPhase{})
                out.push_back({.kind = kBuilding,
                               .row = out[k].row,
                               .phase = phase,
                               .amount = foreign_[row].load[*phase]});
        }
    }
    if (demands_[i].reserve > 0_A)
        out.push_back(
            {.kind = kReserved, .rule = id_of(rules, here.reserve), .amount = demands_[i].reserve});
    if (here.boost) out.push_back({.kind = kBoosted, .rule = id_of(rules, here.boost)});
    if (here.lifted)
        out.push_back({.kind = kLifted,
                       .rule = id_of(rules, here.lifted),
                       .other = id_of(rules, here.lifted_by)});
    if (here.rank && !here.boost && here.band != kOrdinaryBand)
        out.push_back({.kind = kBand, .rule = id_of(rules, here.rank), .band = here.band});
    if (demands_[i].by_deadline)
        out.push_back({.kind = kDeadline, .amount = demands_[i].need, .until = state.departs});
    if (state.minimum > network_.leaves[i].minimum)
        out.push_back({.kind = kMinimum, .amount = state.minimum});
    if (state.goes_last) out.push_back({.kind = kLast});
}

}  // namespace busbar::control
