#include "rules/algorithms.hpp"

#include <algorithm>

namespace busbar {
namespace {

// The shortest decimal from `least` on for which `fits` holds; `least` itself if none does.
Watts shortest_from(Watts least, const auto& fits) {
    for (std::int64_t step = kMaxInputMilli; step > 1; step /= 10) {
        const auto unit = Watts::milli(step);
        const auto candidate = (least + unit - Watts::milli(1)).floored_to(unit);
        if (fits(candidate)) return candidate;
    }
    return least;
}

constexpr Amperes kSignalMinimum = 6_A;  // IEC 61851: no signal asks a car for less.

}  // namespace

std::string_view to_string(Algorithm algorithm) {
    switch (algorithm) {
        case Algorithm::kEqualShare:
            return "EQUAL_SHARE";
        case Algorithm::kPriority:
            return "PRIORITY";
        case Algorithm::kTimeOfUse:
            return "TIME_OF_USE";
    }
    __builtin_unreachable();
}

std::optional<Algorithm> parse_algorithm(std::string_view word) {
    for (const auto algorithm :
         {Algorithm::kEqualShare, Algorithm::kPriority, Algorithm::kTimeOfUse})
        if (to_string(algorithm) == word) return algorithm;
    return {};
}

Peak evening_peak() {
    return {{.from = std::chrono::hours{17}, .until = std::chrono::hours{21}}, Percent::of(50)};
}

void set_algorithm(Circuit& circuit, Algorithm algorithm) {
    auto share = circuit.share.value_or(Share{});
    share.policy = algorithm == Algorithm::kPriority ? SharePolicy::kWeighted : SharePolicy::kEqual;
    circuit.share = share;
    if (algorithm != Algorithm::kTimeOfUse)
        circuit.peaks.clear();
    else if (circuit.peaks.empty())
        circuit.peaks.push_back(evening_peak());
}

Algorithm algorithm_of(const Circuit& circuit, const Share& inherited) {
    if (!circuit.peaks.empty()) return Algorithm::kTimeOfUse;
    switch (circuit.share.value_or(inherited).policy) {
        case SharePolicy::kWeighted:
            return Algorithm::kPriority;
        case SharePolicy::kEqual:
        case SharePolicy::kFcfs:
        case SharePolicy::kDeadline:
            return Algorithm::kEqualShare;
    }
    __builtin_unreachable();
}

PerPhase breaker_for(Watts maximum, Supply supply) {
    return PerPhase::each(line_limit(maximum, supply));
}

Watts panel_power(const PerPhase& breaker, Supply supply) {
    const auto least = std::min({breaker[Phase::kL1], breaker[Phase::kL2], breaker[Phase::kL3]});
    const auto power = power_of(least, PhaseSet::all(), supply, supply.nominal, Rounding::kUp);
    return shortest_from(power, [&](Watts shown) { return line_limit(shown, supply) == least; });
}

Amperes hardware_maximum(Watts maximum, std::optional<PhaseSet> phases, Supply supply) {
    if (phases) return current_of(maximum, *phases, supply, supply.nominal, Rounding::kUp);
    const auto one =
        supply.wiring == Wiring::kWye ? PhaseSet{Phase::kL1} : PhaseSet{Phase::kL1, Phase::kL2};
    return current_of(maximum, one, supply, supply.least(), Rounding::kUp);
}

Watts hardware_power(Amperes maximum, PhaseSet phases, Supply supply) {
    // The least power that comes to these amperes lies a thousandth of an ampere below them.
    const auto below = std::max(maximum - Amperes::milli(1), Amperes{});
    const auto power = power_of(below, phases, supply, supply.nominal, Rounding::kUp);
    return shortest_from(power + Watts::milli(1), [&](Watts shown) {
        return hardware_maximum(shown, phases, supply) == maximum;
    });
}

Amperes minimum_for(Watts rate, PhaseSet phases, Amperes quantum, Supply supply) {
    BUSBAR_CHECK(quantum > 0_A);
    const auto needed =
        std::max(kSignalMinimum, current_of(rate, phases, supply, supply.nominal, Rounding::kUp));
    return (needed + quantum - Amperes::milli(1)).floored_to(quantum);
}

}  // namespace busbar
