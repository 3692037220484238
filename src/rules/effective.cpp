#include "rules/effective.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "rules/window_times.hpp"

namespace busbar {
namespace {

constexpr std::int64_t kWhole = 100'000;  // 100 %, in thousandths of a percent.

Amperes part_of(Amperes amount, Percent percent) {
    return Amperes::milli(amount.in_milli() * percent.in_milli() / kWhole);
}

// What a DC charger's line current may be for its output to stay at or below `output`.
Amperes capped_line_current(Watts output, const DcOutput& dc, Supply supply) {
    const auto current = dc_line_current(output, dc, supply);
    return output < dc.maximum && dc_output(current, dc, supply) > output
               ? std::max(current - Amperes::milli(1), Amperes{})
               : current;
}

// What a cap comes to for one EVSE.
Amperes limit_of(const Rule& rule, const Leaf& leaf, Supply supply) {
    if (rule.limit) return *rule.limit;
    if (rule.limit_pct) return part_of(leaf.maximum, *rule.limit_pct);
    if (!rule.limit_power) return leaf.maximum;
    if (leaf.dc) return capped_line_current(*rule.limit_power, *leaf.dc, supply);
    return current_of(*rule.limit_power, leaf.phases, supply, supply.nominal, Rounding::kDown);
}

// What a reservation comes to for one EVSE.
Amperes reserve_of(const Rule& rule, const Leaf& leaf, Supply supply) {
    if (rule.limit) return *rule.limit;
    if (!rule.limit_power) return {};
    if (leaf.dc) return dc_line_current(*rule.limit_power, *leaf.dc, supply);
    return current_of(*rule.limit_power, leaf.phases, supply, supply.nominal, Rounding::kUp);
}

// Watts over so many lines of a row.
PerPhase lines_limit(Watts power, PhaseSet lines, Supply supply) {
    if (lines.count() == 0) return PerPhase::each(kUnlimited);
    return PerPhase::each(current_of(power, lines, supply, supply.nominal, Rounding::kDown));
}

int depth_of(const Network& network, RowIndex row) {
    int depth = 0;
    for (auto at = network.rows[row].parent; at; at = network.rows[*at].parent) ++depth;
    return depth;
}

// The narrower the selection, the higher. Circuits: the deeper one.
int specificity(const Network& network, const Selector& select) {
    switch (select.kind) {
        case SelectorKind::kAll:
            return 0;
        case SelectorKind::kCircuit: {
            const auto row = network.row_of(CircuitId(select.name));
            return 1 + (row ? depth_of(network, *row) : 0);
        }
        case SelectorKind::kPartner:
            return 100;
        case SelectorKind::kTag:
        case SelectorKind::kIdTagGroup:
            return 101;
        case SelectorKind::kCharger:
            return 102;
        case SelectorKind::kEvse:
        case SelectorKind::kTransaction:
            return 103;
    }
    __builtin_unreachable();
}

// Whether the suspension (or boost) is meant for such a rule, wherever it holds.
bool reaches(const Rule& suspension, const Rule& rule) {
    if (rule.kind == RuleKind::kSuspend || rule.kind == RuleKind::kBoost) return false;
    if (rule.layer == Layer::kSafety || rule.layer > suspension.layer) return false;
    const bool caps = rule.kind == RuleKind::kCap || rule.kind == RuleKind::kPause;
    if (suspension.kind == RuleKind::kBoost) return caps;
    if (!suspension.suspends) return false;
    if (suspension.suspends->rule) return *suspension.suspends->rule == rule.id;
    if (suspension.suspends->kind) return *suspension.suspends->kind == rule.kind;
    return caps || rule.kind == RuleKind::kReserve;
}

bool holds_in_window(Clocks& clocks, const Rule& rule, TimePoint at) {
    return !rule.window || clocks.holds(*rule.window, edges_of(rule.kind), at);
}

bool holds_by_clocks(Clocks& clocks, const Rule& rule, TimePoint at) {
    if (!rule.enabled || rule.expired(at) || (rule.starts_at && at < *rule.starts_at)) return false;
    return holds_in_window(clocks, rule, at);
}

// One evaluation: what holds is read once, then each rule is laid onto its rows and leaves.
class Evaluation {
public:
    Evaluation(const SiteConfig& config, const Network& network, std::span<const Rule> rules,
               std::span<const Occupant> occupants, TimePoint now)
        : config_(config),
          network_(network),
          rules_(rules),
          occupants_(occupants),
          now_(now),
          clocks_(config.site.zone) {}

    EffectiveRules run() {
        start();
        read_rules();
        for (const auto rule : holding_) apply(rule);
        apply_peaks();
        finish_rows();
        for (LeafIndex leaf = 0; leaf < network_.leaves.size(); ++leaf) finish_leaf(leaf);
        return std::move(out_);
    }

private:
    // A rule in the running for something that the strongest one sets.
    struct Contender {
        RuleIndex rule = kNoRule;
        int specificity = 0;
    };
    struct LeafRanks {
        Contender band;
        Contender weight;
    };
    // The tightest cap or pause that is switched off.
    struct Lifted {
        Amperes limit;
        RuleIndex rule = kNoRule;
        RuleIndex by = kNoRule;
    };

    void start() {
        out_.rows.resize(network_.rows.size());
        out_.leaves.resize(network_.leaves.size());
        setters_.resize(network_.rows.size());
        shares_.resize(network_.rows.size());
        ranks_.resize(network_.leaves.size());
        for (RowIndex row = 0; row < network_.rows.size(); ++row)
            out_.rows[row].budget = network_.rows[row].budget;
    }

    void read_rules() {
        std::vector<RuleIndex> suspensions;
        for (RuleIndex i = 0; i < rules_.size(); ++i) {
            const auto& rule = rules_[i];
            if (!holds_by_clocks(clocks_, rule, now_)) continue;
            holding_.push_back(i);
            if (rule.kind == RuleKind::kSuspend || rule.kind == RuleKind::kBoost)
                suspensions.push_back(i);
        }
        if (suspensions.empty()) return;
        // Oldest first, so that the first that reaches a rule is the one to name.
        std::ranges::sort(suspensions, [&](auto a, auto b) { return is_older(a, b); });
        leaf_suspensions_.resize(network_.leaves.size());
        lifted_.resize(network_.leaves.size());
        for (const auto i : suspensions) {
            select(network_, rules_[i].select, occupants_, selected_);
            for (const auto leaf : selected_) leaf_suspensions_[leaf].push_back(i);
            note_row_suspension(i);
        }
    }

    void note_row_suspension(RuleIndex i) {
        const auto& rule = rules_[i];
        if (rule.kind != RuleKind::kSuspend || !rule.suspends) return;
        if (rule.suspends->rule)
            named_.emplace(rule.suspends->rule->str(), i);
        else
            row_suspensions_.push_back(i);
    }

    // Ties go to the oldest, by id where they are of the same moment; configuration is youngest.
    bool is_older(RuleIndex a, RuleIndex b) const {
        if (a == kNoRule || b == kNoRule) return a != kNoRule;
        const auto& left = rules_[a];
        const auto& right = rules_[b];
        if (left.created_at != right.created_at) return left.created_at < right.created_at;
        return left.id < right.id;
    }

    std::optional<RuleIndex> lifted_by(LeafIndex leaf, const Rule& rule) const {
        if (leaf_suspensions_.empty()) return {};
        for (const auto i : leaf_suspensions_[leaf])
            if (reaches(rules_[i], rule)) return i;
        return {};
    }

    // A row belongs to many: a suspension has to mean the rule, or just the whole row.
    bool is_lifted_on_rows(const Rule& rule) const {
        const auto [first, last] = named_.equal_range(rule.id.str());
        for (auto at = first; at != last; ++at)
            if (reaches(rules_[at->second], rule)) return true;
        return std::ranges::any_of(row_suspensions_, [&](RuleIndex i) {
            const auto& whom = rules_[i].select;
            const bool all = whom.kind == SelectorKind::kAll && whom.except.empty();
            return (all || whom == rule.select) && reaches(rules_[i], rule);
        });
    }

    void apply(RuleIndex index) {
        const auto& rule = rules_[index];
        switch (rule.kind) {
            case RuleKind::kCap:
                return caps_sum(rule) ? cap_row(index) : cap_leaves(index);
            case RuleKind::kPause:
                return cap_leaves(index);
            case RuleKind::kReserve:
                return reserve(index);
            case RuleKind::kExclude:
                return exclude(index);
            case RuleKind::kRank:
            case RuleKind::kBoost:
                return rank(index);
            case RuleKind::kShare:
                return share(index);
            case RuleKind::kSuspend:
                return;
        }
    }

    void cap_row(RuleIndex index) {
        const auto& rule = rules_[index];
        if (is_lifted_on_rows(rule)) return;
        if (needs_row(rule)) {
            const auto row = network_.row_of(rule.id);
            BUSBAR_CHECK(row);
            return tighten_row(*row, sum_over_set(rule), index);
        }
        const auto row = network_.row_of(CircuitId(rule.select.name));
        if (!row) return;
        const auto& configured = network_.rows[*row].budget;
        if (rule.limit) return tighten_row(*row, PerPhase::each(*rule.limit), index);
        if (rule.limit_pct)
            return tighten_row(*row, part_of_each(configured, *rule.limit_pct), index);
        if (rule.limit_power)
            tighten_row(*row,
                        lines_limit(*rule.limit_power, live_lines(configured), network_.supply),
                        index);
    }

    static PerPhase part_of_each(PerPhase amounts, Percent percent) {
        for (const auto phase : kPhases) amounts[phase] = part_of(amounts[phase], percent);
        return amounts;
    }

    // The lines that a circuit has at all.
    static PhaseSet live_lines(const PerPhase& budget) {
        return lines_where([&](Phase phase) { return budget[phase] > Amperes{}; });
    }

    static PhaseSet lines_where(const auto& is_used) {
        using enum Phase;
        const bool l1 = is_used(kL1), l2 = is_used(kL2), l3 = is_used(kL3);
        if (l1 && l2) return l3 ? PhaseSet::all() : PhaseSet{kL1, kL2};
        if (l1 && l3) return {kL1, kL3};
        if (l2 && l3) return {kL2, kL3};
        if (l1) return {kL1};
        if (l2) return {kL2};
        return l3 ? PhaseSet{kL3} : PhaseSet{};
    }

    PerPhase sum_over_set(const Rule& rule) {
        if (rule.limit) return PerPhase::each(*rule.limit);
        select(network_, rule.select, occupants_, selected_);
        PerPhase maxima;
        for (const auto leaf : selected_)
            for (const auto phase : kPhases)
                if (network_.leaves[leaf].phases.has(phase))
                    maxima[phase] += network_.leaves[leaf].maximum;
        if (rule.limit_pct) return part_of_each(maxima, *rule.limit_pct);
        if (!rule.limit_power) return PerPhase::each(kUnlimited);
        return lines_limit(*rule.limit_power, live_lines(maxima), network_.supply);
    }

    void tighten_row(RowIndex row, const PerPhase& limits, RuleIndex index) {
        auto& budget = out_.rows[row].budget;
        for (const auto phase : kPhases) {
            auto& setter = setters_[row][static_cast<std::size_t>(phase)];
            const bool tighter = limits[phase] < budget[phase];
            const bool as_tight = setter && limits[phase] == budget[phase];
            if (tighter || (as_tight && is_older(index, *setter))) setter = index;
            if (tighter) budget[phase] = limits[phase];
        }
    }

    // Caps of each, and pauses: caps at 0.
    void cap_leaves(RuleIndex index) {
        const auto& rule = rules_[index];
        const bool pauses = rule.kind == RuleKind::kPause;
        select(network_, rule.select, occupants_, selected_);
        for (const auto i : selected_) {
            const auto& leaf = network_.leaves[i];
            const bool spared = !leaf.pausable && rule.layer != Layer::kSafety;
            auto limit = pauses ? Amperes{} : limit_of(rule, leaf, network_.supply);
            if (spared) limit = std::max(limit, leaf.minimum);
            if (const auto by = lifted_by(i, rule))
                note_lifted(i, {limit, index, *by});
            else if (pauses && !spared)
                keep_older(out_.leaves[i].pause, index);
            else
                tighten(out_.leaves[i].cap, {limit, index});
        }
    }

    void keep_older(std::optional<RuleIndex>& kept, RuleIndex index) const {
        if (!kept || is_older(index, *kept)) kept = index;
    }

    void tighten(std::optional<RuledLimit>& cap, RuledLimit other) const {
        if (!cap || other.limit < cap->limit ||
            (other.limit == cap->limit && is_older(other.rule, cap->rule)))
            cap = other;
    }

    void note_lifted(LeafIndex leaf, Lifted lifted) {
        auto& kept = lifted_[leaf];
        if (kept.rule == kNoRule || lifted.limit < kept.limit ||
            (lifted.limit == kept.limit && is_older(lifted.rule, kept.rule)))
            kept = lifted;
    }

    void reserve(RuleIndex index) {
        const auto& rule = rules_[index];
        select(network_, rule.select, occupants_, selected_);
        for (const auto i : selected_) {
            if (lifted_by(i, rule)) continue;
            auto& leaf = out_.leaves[i];
            const auto amount = reserve_of(rule, network_.leaves[i], network_.supply);
            if (!leaf.reserve || amount > leaf.reserve->limit ||
                (amount == leaf.reserve->limit && is_older(index, leaf.reserve->rule)))
                leaf.reserve = RuledLimit{amount, index};
            if (!rule.standing) continue;
            leaf.standing = true;
            leaf.held_idle = std::max(leaf.held_idle, amount);
        }
    }

    void exclude(RuleIndex index) {
        const auto& rule = rules_[index];
        select(network_, rule.select, occupants_, selected_);
        for (const auto i : selected_)
            if (!lifted_by(i, rule)) keep_older(out_.leaves[i].exclude, index);
    }

    // The highest layer; in it boosts, then the narrowest selection, then the newest.
    bool outranks(Contender a, Contender b) const {
        if (b.rule == kNoRule) return true;
        const auto& left = rules_[a.rule];
        const auto& right = rules_[b.rule];
        if (left.layer != right.layer) return left.layer > right.layer;
        if (left.kind != right.kind) return left.kind == RuleKind::kBoost;
        if (a.specificity != b.specificity) return a.specificity > b.specificity;
        return is_older(b.rule, a.rule);
    }

    void rank(RuleIndex index) {
        const auto& rule = rules_[index];
        const Contender contender{index, specificity(network_, rule.select)};
        const bool boosts = rule.kind == RuleKind::kBoost;
        select(network_, rule.select, occupants_, selected_);
        for (const auto i : selected_) {
            if (lifted_by(i, rule)) continue;
            auto& ranks = ranks_[i];
            if ((boosts || rule.band) && outranks(contender, ranks.band)) ranks.band = contender;
            if (!boosts && rule.weight && outranks(contender, ranks.weight))
                ranks.weight = contender;
            if (!boosts) continue;
            auto& boost = out_.leaves[i].boost;
            if (!boost ||
                outranks(contender, {*boost, specificity(network_, rules_[*boost].select)}))
                boost = index;
        }
    }

    // On the circuit, or on each that is fed from outside.
    void share(RuleIndex index) {
        const auto& rule = rules_[index];
        if (!rule.share || is_lifted_on_rows(rule)) return;
        const Contender contender{index, specificity(network_, rule.select)};
        const auto contend = [&](RowIndex row) {
            if (outranks(contender, shares_[row])) shares_[row] = contender;
        };
        if (rule.select.kind == SelectorKind::kCircuit) {
            if (const auto row = network_.row_of(CircuitId(rule.select.name))) contend(*row);
        } else if (rule.select.kind == SelectorKind::kAll) {
            for (RowIndex row = 0; row < network_.rows.size(); ++row)
                if (network_.rows[row].circuit && !network_.rows[row].parent) contend(row);
        }
    }

    void apply_peaks() {
        for (const auto& circuit : config_.circuits) {
            if (circuit.peaks.empty()) continue;
            const auto row = network_.row_of(circuit.id);
            if (!row) continue;
            for (const auto& peak : circuit.peaks)
                if (clocks_.holds(peak.window, Edges::kOutward, now_))
                    tighten_row(*row, part_of_each(network_.rows[*row].budget, peak.percent),
                                kNoRule);
        }
    }

    // Rows stand before the rows below them: what a row inherits is known when it is reached.
    void finish_rows() {
        split_.resize(network_.rows.size());
        for (RowIndex i = 0; i < network_.rows.size(); ++i) {
            const auto& row = network_.rows[i];
            auto& split = split_[i];
            if (row.parent) split = split_[*row.parent];
            if (row.share) split = {*row.share, {}, split.inactive};
            if (shares_[i].rule != kNoRule)
                split = {*rules_[shares_[i].rule].share, shares_[i].rule, split.inactive};
            split.inactive |= !row.active;
            for (const auto phase : kPhases)
                if (const auto setter = setters_[i][static_cast<std::size_t>(phase)])
                    tighten_setter(out_.rows[i], out_.rows[i].budget[phase], *setter);
        }
    }

    void tighten_setter(RowRules& row, Amperes limit, RuleIndex rule) const {
        if (!row.cap || limit < row.cap->limit ||
            (limit == row.cap->limit && is_older(rule, row.cap->rule)))
            row.cap = RuledLimit{limit, rule};
    }

    void finish_leaf(LeafIndex i) {
        const auto& leaf = network_.leaves[i];
        auto& out = out_.leaves[i];
        if (!leaf.managed && !out.exclude) out.exclude = kNoRule;
        const auto& ranks = ranks_[i];
        out.weight = std::max(leaf.weight, Weight::milli(1));
        if (ranks.weight.rule != kNoRule) {
            const auto& rule = rules_[ranks.weight.rule];
            out.weight = std::max(*rule.weight, Weight::milli(1));
            out.rank = ranks.weight.rule;
        }
        if (ranks.band.rule != kNoRule) {
            const auto& rule = rules_[ranks.band.rule];
            const bool boosts = rule.kind == RuleKind::kBoost;
            out.band = rule.band.value_or(boosts ? kFirstBand : kOrdinaryBand);
            if (!boosts) out.rank = ranks.band.rule;
        }
        if (!leaf.rows.empty()) {
            const auto& split = split_[leaf.rows.front()];
            out.share = split.share;
            out.share_rule = split.rule;
            out.inactive = split.inactive;
        }
        finish_lifted(i);
    }

    // Only what would make a difference is worth telling.
    void finish_lifted(LeafIndex i) {
        if (lifted_.empty() || lifted_[i].rule == kNoRule) return;
        auto& out = out_.leaves[i];
        const auto& lifted = lifted_[i];
        const bool binds = lifted.limit < network_.leaves[i].maximum && !out.pause &&
                           !out.exclude && (!out.cap || lifted.limit < out.cap->limit);
        if (!binds) return;
        out.lifted = lifted.rule;
        out.lifted_by = lifted.by;
    }

    // How a row is split, its own or inherited.
    struct Split {
        Share share = {};
        std::optional<RuleIndex> rule = {};
        bool inactive = false;
    };

    const SiteConfig& config_;
    const Network& network_;
    std::span<const Rule> rules_;
    std::span<const Occupant> occupants_;
    TimePoint now_;
    Clocks clocks_;

    std::vector<RuleIndex> holding_;
    std::vector<std::vector<RuleIndex>> leaf_suspensions_;  // Empty where nothing is suspended.
    std::unordered_multimap<std::string_view, RuleIndex> named_;
    std::vector<RuleIndex> row_suspensions_;
    std::vector<Lifted> lifted_;
    std::vector<LeafRanks> ranks_;
    std::vector<Contender> shares_;
    std::vector<std::array<std::optional<RuleIndex>, 3>> setters_;  // Of budgets, by line.
    std::vector<Split> split_;
    std::vector<LeafIndex> selected_;
    EffectiveRules out_;
};

// The next change of what holds() says of the rule.
std::optional<TimePoint> boundary_of(Clocks& clocks, const Rule& rule, TimePoint now) {
    if (!rule.enabled || rule.expired(now)) return {};
    const auto before_end = [&](std::optional<TimePoint> at) {
        return at && rule.expired(*at) ? std::nullopt : at;
    };
    auto from = now;
    if (rule.starts_at && now < *rule.starts_at) {
        if (rule.expired(*rule.starts_at)) return {};
        if (holds_in_window(clocks, rule, *rule.starts_at)) return rule.starts_at;
        from = *rule.starts_at;
    }
    const auto edge =
        rule.window ? clocks.next_edge(*rule.window, edges_of(rule.kind), from) : std::nullopt;
    if (!holds_in_window(clocks, rule, from)) return before_end(edge);
    if (!edge || !rule.expires_at) return edge ? edge : rule.expires_at;
    return std::min(*edge, *rule.expires_at);
}

void keep_earlier(std::optional<TimePoint>& next, std::optional<TimePoint> other) {
    if (other && (!next || *other < *next)) next = other;
}

}  // namespace

EffectiveRules effective_rules(const SiteConfig& config, const Network& network,
                               std::span<const Rule> rules, std::span<const Occupant> occupants,
                               TimePoint now) {
    return Evaluation(config, network, rules, occupants, now).run();
}

bool holds(const Site& site, const Rule& rule, TimePoint now) {
    Clocks clocks(site.zone);
    return holds_by_clocks(clocks, rule, now);
}

std::optional<TimePoint> next_boundary(const Site& site, const Rule& rule, TimePoint now) {
    Clocks clocks(site.zone);
    return boundary_of(clocks, rule, now);
}

std::optional<TimePoint> next_boundary(const SiteConfig& config, std::span<const Rule> rules,
                                       TimePoint now) {
    Clocks clocks(config.site.zone);
    std::optional<TimePoint> next;
    for (const auto& rule : rules) keep_earlier(next, boundary_of(clocks, rule, now));
    for (const auto& circuit : config.circuits)
        for (const auto& peak : circuit.peaks)
            keep_earlier(next, clocks.next_edge(peak.window, Edges::kOutward, now));
    return next;
}

}  // namespace busbar
