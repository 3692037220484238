#include "domain/electrical.hpp"

namespace busbar {
namespace {

// Products of three quantities and a rational pass 2^63; they stay below 2^117 for inputs up to
// kMaxInputMilli.
__extension__ using Wide = __int128;

// How many times V I the lines of an EVSE carry together, as bounds of a fraction: sqrt(3) has
// no exact one.
struct Factor {
    std::int64_t low;
    std::int64_t high;
    std::int64_t divisor;
};
constexpr Factor kRootOfThree{1'732'050'807, 1'732'050'808, 1'000'000'000};
constexpr std::int64_t kWholePercent = 100'000;  // Thousandths of a percent.

constexpr Factor whole(int n) {
    return {n, n, 1};
}

Factor factor_of(PhaseSet phases, Wiring wiring) {
    switch (wiring) {
        case Wiring::kWye:
            return whole(phases.count());
        case Wiring::kDeltaLinear:
            return phases.count() == 3 ? kRootOfThree : whole(phases.count() == 0 ? 0 : 1);
    }
    __builtin_unreachable();
}

// Requires: dividend >= 0, divisor > 0.
std::int64_t divided(Wide dividend, Wide divisor, Rounding rounding) {
    const Wide up = rounding == Rounding::kUp ? divisor - 1 : 0;
    return static_cast<std::int64_t>((dividend + up) / divisor);
}

// The line-to-line (delta) or three line-to-neutral (wye) voltages that a three-phase load sees,
// at their least.
Factor three_lines(Supply supply) {
    return factor_of(PhaseSet::all(), supply.wiring);
}

}  // namespace

std::string_view to_string(Wiring wiring) {
    switch (wiring) {
        case Wiring::kWye:
            return "wye";
        case Wiring::kDeltaLinear:
            return "delta_linear";
    }
    __builtin_unreachable();
}

std::optional<Wiring> parse_wiring(std::string_view word) {
    for (const auto wiring : {Wiring::kWye, Wiring::kDeltaLinear})
        if (to_string(wiring) == word) return wiring;
    return {};
}

Watts power_of(Amperes current, PhaseSet phases, Supply supply, Volts volts, Rounding rounding) {
    BUSBAR_CHECK(current >= Amperes{} && volts >= Volts{});
    const auto factor = factor_of(phases, supply.wiring);
    const Wide k = rounding == Rounding::kUp ? factor.high : factor.low;
    return Watts::milli(
        divided(k * current.in_milli() * volts.in_milli(), Wide{1000} * factor.divisor, rounding));
}

Amperes current_of(Watts power, PhaseSet phases, Supply supply, Volts volts, Rounding rounding) {
    BUSBAR_CHECK(power >= Watts{} && volts > Volts{} && phases.count() > 0);
    const auto factor = factor_of(phases, supply.wiring);
    const Wide k = rounding == Rounding::kUp ? factor.low : factor.high;
    return Amperes::milli(
        divided(Wide{1000} * factor.divisor * power.in_milli(), k * volts.in_milli(), rounding));
}

Amperes line_limit(Watts power, Supply supply) {
    return current_of(power, PhaseSet::all(), supply, supply.nominal, Rounding::kDown);
}

Watts watts_to_send(Amperes limit, PhaseSet phases, Supply supply) {
    return power_of(limit, phases, supply, supply.least(), Rounding::kDown);
}

Amperes dc_line_current(Watts output, const DcOutput& dc, Supply supply) {
    BUSBAR_CHECK(output >= Watts{} && dc.efficiency_min > Percent{} && dc.power_factor > Percent{});
    const auto factor = three_lines(supply);
    const Wide efficiency = dc.efficiency_min.in_milli();
    // I = (P / e + A) / (k V f), with e and f as parts of kWholePercent.
    const Wide drawn =
        Wide{output.in_milli()} * kWholePercent + dc.auxiliary.in_milli() * efficiency;
    const Wide dividend = drawn * 1000 * kWholePercent * factor.divisor;
    const Wide divisor =
        efficiency * factor.low * supply.least().in_milli() * dc.power_factor.in_milli();
    return Amperes::milli(divided(dividend, divisor, Rounding::kUp));
}

Watts dc_output(Amperes limit, const DcOutput& dc, Supply supply) {
    BUSBAR_CHECK(limit >= Amperes{} && dc.efficiency_min > Percent{});
    const auto factor = three_lines(supply);
    const Wide efficiency = dc.efficiency_min.in_milli();
    const Wide scale = Wide{1000} * kWholePercent * factor.divisor;
    const Wide drawn = Wide{limit.in_milli()} * factor.low * supply.least().in_milli() *
                       dc.power_factor.in_milli();
    // P = e (k V f I - A): what dc_line_current() rounds up to at most `limit`.
    const Wide output = drawn - scale * dc.auxiliary.in_milli();
    if (output <= 0) return {};
    return Watts::milli(divided(output * efficiency, scale * kWholePercent, Rounding::kDown));
}

}  // namespace busbar
