#include "sim/load_record.hpp"

#include <algorithm>

namespace busbar::sim {
namespace {

void exchange(PerPhase& sum, PerPhase before, PerPhase after) {
    for (const auto phase : kPhases) sum[phase] += after[phase] - before[phase];
}

void integrate(LoadSum& sum, const PerPhase& breaker, double elapsed_s) {
    for (const auto phase : kPhases) {
        const auto over = sum.looked_at[phase] - breaker[phase];
        if (over > Amperes{})
            sum.over_ampere_seconds[static_cast<std::size_t>(phase)] +=
                static_cast<double>(over.in_milli()) / 1000 * elapsed_s;
    }
}

void look(LoadSum& sum, const PerPhase& breaker) {
    bool over = false;
    sum.looked_at = sum.now;
    for (const auto phase : kPhases) {
        sum.most[phase] = std::max(sum.most[phase], sum.now[phase]);
        over = over || sum.now[phase] > breaker[phase];
    }
    sum.moments_over += over ? 1 : 0;
}

}  // namespace

LoadRecord::LoadRecord(std::span<const CircuitSetup> circuits,
                       std::span<const ChargerSetup> chargers) {
    for (const auto& circuit : circuits)
        circuits_.push_back({.id = circuit.id,
                             .breaker = circuit.breaker,
                             .manner = circuit.manner,
                             .drawn = {},
                             .enforced = {}});
    for (const auto& charger : chargers) {
        Share share;
        for (const auto& id : charger.circuits) {
            const auto before = share.circuits.size();
            for (std::size_t i = 0; i < circuits_.size(); ++i) {
                auto& load = circuits_[i];
                if (load.id != id || (!load.manner.empty() && load.manner != charger.manner))
                    continue;
                share.circuits.push_back(i);
                ++load.chargers;
            }
            BUSBAR_CHECK(share.circuits.size() > before);
        }
        shares_.push_back(std::move(share));
    }
}

bool LoadRecord::set(std::size_t charger, PerPhase drawn, PerPhase enforced) {
    BUSBAR_CHECK(charger < shares_.size());
    auto& share = shares_[charger];
    if (share.drawn == drawn && share.enforced == enforced) return false;
    for (const auto index : share.circuits) {
        exchange(circuits_[index].drawn.now, share.drawn, drawn);
        exchange(circuits_[index].enforced.now, share.enforced, enforced);
    }
    share.drawn = drawn;
    share.enforced = enforced;
    return true;
}

void LoadRecord::measure(SteadyPoint now) {
    const double elapsed_s =
        measured_at_ ? std::chrono::duration<double>(now - *measured_at_).count() : 0;
    measured_at_ = now;
    for (auto& circuit : circuits_) {
        for (auto* sum : {&circuit.drawn, &circuit.enforced}) {
            integrate(*sum, circuit.breaker, elapsed_s);
            look(*sum, circuit.breaker);
        }
    }
}

void LoadRecord::restart(SteadyPoint now) {
    for (auto& circuit : circuits_)
        for (auto* sum : {&circuit.drawn, &circuit.enforced}) *sum = LoadSum{.now = sum->now};
    measured_at_ = now;
    measure(now);
}

}  // namespace busbar::sim
