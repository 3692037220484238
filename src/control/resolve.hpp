// From rules and what is known of each EVSE to the limit it should have, with reasons.
//
// Pure: no clock, no I/O, no locks, no logging.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "allocator/solver.hpp"
#include "domain/grant.hpp"
#include "domain/network.hpp"
#include "rules/effective.hpp"

namespace busbar::control {

// What the resolver has to know of one leaf, beside its rules.
struct LeafState {
    bool reachable = false;  // Online: what we decide can arrive,
    bool obeys = true;       // and is believed to be kept.
    bool wants = false;      // A car is charging, or would.
    TimePoint since = {};    // Of its transaction.
    Amperes potential = {};  // The ledger's; held where it cannot be lowered.

    std::optional<Amperes> takes = {};  // Less than it could: what its car was seen to use.
    Amperes draws = {};                 // ...which is this.
    Amperes minimum = {};               // Its car's own, where that is above the usual.
    bool goes_last = false;             // It did not draw when it was given current.
    std::int64_t turn = 0;              // Who gets a minimum first; see Demand.
    std::int64_t promise_turn = 0;
    std::optional<TimePoint> rests = {};  // Not to be let in before, even if there is room.
    Amperes need = {};                    // On average until it leaves, where somebody said when.
    std::optional<TimePoint> departs = {};
    std::optional<Amperes> spread = {};  // Not above this before `spread_until`.
    TimePoint spread_until = {};
    std::optional<Amperes> guarded = {};  // What guards its circuits leaves it so much...
    ReasonKind guarded_for = {};          // ...for this reason.
};

// What comes upon a row from outside.
struct Foreign {
    PerPhase load = {};                    // What it carries that is none of ours.
    std::optional<PerPhase> ceiling = {};  // What somebody outside lets it carry.
};

class Resolver {
public:
    // Keeps a reference to `network`, and memory from one resolve to the next.
    explicit Resolver(const Network& network);

    // Which hold from now on. Before the first resolve, and whenever they change.
    void set_rules(EffectiveRules effective);

    // `states`: one a leaf; `foreign`: one a row. The answers below speak of the last resolve.
    void resolve(std::span<const LeafState> states, std::span<const Foreign> foreign);

    // What may be handed out at each row: rules and ceilings applied, foreign loads taken off.
    std::span<const PerPhase> budgets() const { return budgets_; }
    std::span<const RowRules> rows() const { return effective_.rows; }
    const LeafRules& rules_of(LeafIndex leaf) const { return effective_.leaves[leaf]; }
    Amperes limit(LeafIndex leaf) const {
        return is_doubted(leaf) ? told(leaf) : allotments_[leaf].limit;
    }
    Outcome outcome(LeafIndex leaf) const { return allotments_[leaf].outcome; }
    // Left to itself, at its hardware maximum.
    bool excluded(LeafIndex leaf) const { return effective_.leaves[leaf].exclude.has_value(); }

    // Why, the binding reason first. `rules`: those that `effective` was made of. Built when
    // asked for: a resolve of a thousand EVSEs is not to make three thousand texts.
    // Of the leaves from `first` to before `end`. Cost: O(leaves of the network).
    std::vector<std::vector<Reason>> reasons(std::span<const Rule> rules, LeafIndex first,
                                             LeafIndex end) const;

private:
    Demand demand_of(LeafIndex leaf) const;
    bool is_doubted(LeafIndex leaf) const;
    Amperes told(LeafIndex leaf) const;
    std::vector<Reason> why(const Explainer& explainer, std::span<const Rule> rules,
                            LeafIndex leaf) const;
    template <class F>
    void add_rows(const Explainer& explainer, std::span<const Rule> rules, LeafIndex leaf,
                  std::vector<Reason>& out, F says) const;
    bool is_capped_from_outside(RowIndex row, Phase phase) const;
    void why_not(const Explainer& explainer, std::span<const Rule> rules, LeafIndex leaf,
                 std::vector<Reason>& out) const;
    void why_no_more(const Explainer& explainer, std::span<const Rule> rules, LeafIndex leaf,
                     std::vector<Reason>& out) const;
    void what_else(std::span<const Rule> rules, LeafIndex leaf, std::vector<Reason>& out) const;

    const Network& network_;
    Solver solver_;
    EffectiveRules effective_;
    std::vector<LeafState> states_;
    std::vector<Foreign> foreign_;
    std::vector<PerPhase> budgets_;
    std::vector<Demand> demands_;
    std::vector<Allotment> allotments_;
};

}  // namespace busbar::control
