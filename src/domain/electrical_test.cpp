#include "domain/electrical.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace busbar {
namespace {

const Supply kEurope{};
const Supply kAmerica{Wiring::kDeltaLinear, 208_V};
const PhaseSet kOne{Phase::kL2};
const PhaseSet kTwo{Phase::kL1, Phase::kL3};
const PhaseSet kThree = PhaseSet::all();

Watts power(std::int64_t thousandths_of_watts) {
    return Watts::milli(thousandths_of_watts);
}

// RapidCheck begins with small numbers; these are of any size from the start.
std::int64_t any_from(std::int64_t first, std::int64_t end) {
    return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(first, end));
}

TEST(Electrical, TheTableOfKilowattsAndAmperesThatOperatorsKnow) {
    const struct {
        Supply supply;
        PhaseSet phases;
        Amperes current;
        Watts power;
    } rows[] = {
        {kEurope, kOne, 16_A, 3'680_W},
        {kEurope, kOne, 32_A, 7'360_W},
        {kEurope, kTwo, 16_A, 7'360_W},
        {kEurope, kThree, 16_A, 11'040_W},
        {kEurope, kThree, 32_A, 22'080_W},
        {kEurope, kThree, 63_A, 43'470_W},
        {kAmerica, kTwo, 30_A, 6'240_W},
        {kAmerica, kTwo, 40_A, 8'320_W},
        {kAmerica, kThree, 32_A, power(11'528'530)},
    };
    for (const auto& row : rows) {
        const auto volts = row.supply.nominal;
        EXPECT_EQ(power_of(row.current, row.phases, row.supply, volts, Rounding::kDown), row.power);
        // The current of a power that was rounded down is rounded up to reach it again.
        EXPECT_EQ(current_of(row.power, row.phases, row.supply, volts, Rounding::kUp), row.current);
    }
}

TEST(Electrical, APanelsPowerIsSpreadOverItsLinesAndRoundedDown) {
    EXPECT_EQ(line_limit(100_kW, kEurope), Amperes::milli(144'927));
    EXPECT_EQ(line_limit(22_kW, kEurope), Amperes::milli(31'884));
    EXPECT_EQ(line_limit(Watts{}, kEurope), 0_A);
    EXPECT_EQ(line_limit(36_kW, kAmerica), Amperes::milli(99'926));
}

TEST(Electrical, AWattOnlyChargerIsSentWhatHoldsAtTheLeastVoltage) {
    EXPECT_EQ(watts_to_send(16_A, kThree, kEurope), 9'936_W);
    EXPECT_EQ(watts_to_send(16_A, kOne, kEurope), 3'312_W);
}

TEST(Electrical, ADcChargerDrawsMoreThanItGives) {
    const DcOutput fifty{.maximum = 50_kW};
    // (50 kW / 0.9 + 2 kW) / (3 * 207 V * 0.95) = 97.5601 A
    EXPECT_EQ(dc_line_current(50_kW, fifty, kEurope), Amperes::milli(97'561));
    EXPECT_EQ(dc_output(0_A, fifty, kEurope), Watts{});
    EXPECT_EQ(dc_output(3_A, fifty, kEurope), Watts{});  // Not even the auxiliaries.
    EXPECT_EQ(dc_line_current(Watts{}, fifty, kEurope), Amperes::milli(3'391));
}

RC_GTEST_PROP(ElectricalProperties, RoundingIsOnTheSafeSideAndNoFurtherThanOneStep, ()) {
    const Supply supply = *rc::gen::element(kEurope, kAmerica);
    const auto phases = supply.wiring == Wiring::kWye ? *rc::gen::element(kOne, kTwo, kThree)
                                                      : *rc::gen::element(kTwo, kThree);
    const auto watts = power(any_from(0, 10'000'000'000));
    const auto volts = *rc::gen::element(supply.nominal, supply.least());
    const auto down = current_of(watts, phases, supply, volts, Rounding::kDown);
    const auto up = current_of(watts, phases, supply, volts, Rounding::kUp);
    RC_ASSERT(power_of(down, phases, supply, volts, Rounding::kUp) <= watts);
    RC_ASSERT(power_of(up, phases, supply, volts, Rounding::kDown) >= watts);
    RC_ASSERT(down <= up);
    // sqrt(3) is known to nine digits: a large power may be two steps wide.
    RC_ASSERT(up - down <= Amperes::milli(2));
}

RC_GTEST_PROP(ElectricalProperties, ADcChargersLineCurrentAndOutputAreEachOthersInverse, ()) {
    const Supply supply = *rc::gen::element(kEurope, kAmerica);
    const DcOutput dc{.maximum = Watts::of(1'000'000),
                      .efficiency_min = Percent::milli(any_from(50'000, 100'001)),
                      .auxiliary = power(any_from(0, 10'000'000)),
                      .power_factor = Percent::milli(any_from(50'000, 100'001))};
    const auto watts = power(any_from(0, 1'000'000'000));
    const auto current = dc_line_current(watts, dc, supply);
    RC_ASSERT(dc_output(current, dc, supply) >= watts);
    if (watts > Watts{}) RC_ASSERT(dc_output(current - Amperes::milli(1), dc, supply) < watts);
    const auto limit = Amperes::milli(any_from(0, 2'000'000));
    const auto output = dc_output(limit, dc, supply);
    // Whatever comes out for a limit draws no more than the limit.
    if (output > Watts{}) RC_ASSERT(dc_line_current(output, dc, supply) <= limit);
}

TEST(Electrical, TheLargestInputsDoNotOverflow) {
    const auto most = Watts::milli(kMaxInputMilli);
    const auto current = current_of(most, kOne, kEurope, 50_V, Rounding::kUp);
    EXPECT_EQ(current, Amperes::milli(20'000'000'000));
    const DcOutput dc{.maximum = most,
                      .efficiency_min = Percent::of(50),
                      .auxiliary = most,
                      .power_factor = Percent::of(50)};
    EXPECT_GT(dc_output(dc_line_current(most, dc, kAmerica), dc, kAmerica), Watts{});
}

TEST(Electrical, WordsReadBack) {
    for (const auto wiring : {Wiring::kWye, Wiring::kDeltaLinear})
        EXPECT_EQ(parse_wiring(to_string(wiring)), wiring);
    EXPECT_EQ(parse_wiring("star"), std::nullopt);
}

}  // namespace
}  // namespace busbar
