#include "trial/load.hpp"

#include <algorithm>

namespace busbar::trial {

Load::Load(const SiteConfig& config)
    : network_(compile(config)), breakers_(network_.rows.size()), drawn_(network_.leaves.size()) {
    for (const auto& circuit : config.circuits)
        if (const auto row = network_.row_of(circuit.id))
            breakers_[*row] = Breaker{circuit.id.str(), circuit.breaker, {}};
}

void Load::set(LeafIndex leaf, Amperes amount, SteadyPoint now) {
    const auto change = amount - drawn_[leaf];
    if (change == 0_A) return;
    drawn_[leaf] = amount;
    bool over = false;
    for (const auto row : network_.leaves[leaf].rows) {
        auto& breaker = breakers_[row];
        if (!breaker) continue;
        for (const auto phase : kPhases) {
            if (!network_.leaves[leaf].phases.has(phase)) continue;
            breaker->sum[phase] += change;
            over = over || breaker->sum[phase] > breaker->rating[phase];
        }
    }
    if (!over && overloaded_.empty()) return;
    ampere_seconds_ = ampere_seconds(now);
    since_ = now;
    excess_ = excess();
    overloaded_.clear();
    for (const auto& breaker : breakers_) {
        if (!breaker) continue;
        for (const auto phase : kPhases)
            if (breaker->sum[phase] > breaker->rating[phase] && overloaded_.empty())
                overloaded_ = breaker->name + " carries " +
                              decimal(breaker->sum[phase].in_milli()) + " A on " +
                              std::string(to_string(phase)) + ", its breaker is for " +
                              decimal(breaker->rating[phase].in_milli()) + " A";
    }
}

Amperes Load::excess() const {
    Amperes sum;
    for (const auto& breaker : breakers_)
        if (breaker)
            for (const auto phase : kPhases)
                sum += std::max(breaker->sum[phase] - breaker->rating[phase], 0_A);
    return sum;
}

double Load::ampere_seconds(SteadyPoint now) const {
    const std::chrono::duration<double> time = now - since_;
    return ampere_seconds_ + static_cast<double>(excess_.in_milli()) / 1000 * time.count();
}

Amperes Load::on(const CircuitId& circuit) const {
    const auto row = network_.row_of(circuit);
    BUSBAR_CHECK(row.has_value());
    const auto& sum = breakers_[*row]->sum;
    return std::max({sum[Phase::kL1], sum[Phase::kL2], sum[Phase::kL3]});
}

std::string Load::table() const {
    std::string text;
    for (const auto& breaker : breakers_) {
        if (!breaker) continue;
        text += breaker->name + ":";
        for (const auto phase : kPhases)
            text += " " + std::string(to_string(phase)) + " " +
                    decimal(breaker->sum[phase].in_milli()) + " of " +
                    decimal(breaker->rating[phase].in_milli()) + " A";
        text += '\n';
    }
    return text;
}

}  // namespace busbar::trial
