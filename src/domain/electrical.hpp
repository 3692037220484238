// Watts and amperes. Every rounding is to the safe side: limits and budgets down, minima, loads
// and reservations up.
#pragma once

#include <optional>

#include "base/quantity.hpp"
#include "domain/phase.hpp"

namespace busbar {

// How EVSEs are wired to the lines.
enum class Wiring : std::uint8_t {
    kWye,          // Line to neutral, three lines 120 degrees apart (230/400 V).
    kDeltaLinear,  // Line to line (208 V); a one-phase EVSE loads two lines with its current.
};
std::string_view to_string(Wiring wiring);  // "wye", "delta_linear"
std::optional<Wiring> parse_wiring(std::string_view word);

struct Supply {
    Wiring wiring = Wiring::kWye;
    // Across one EVSE's terminals: line to neutral for wye, line to line for delta.
    Volts nominal = Volts::of(230);

    // What it may sag to: watts that must not become too many amperes count on this.
    Volts least() const { return nominal * 9 / 10; }
    bool operator==(const Supply&) const = default;
};

enum class Rounding : std::uint8_t { kDown, kUp };

// The power of a current on each of an EVSE's lines: n V I for wye; V I between two lines and
// sqrt(3) V I over three for delta. `phases`: the lines it loads.
Watts power_of(Amperes current, PhaseSet phases, Supply supply, Volts volts, Rounding rounding);
// ...and the current of a power, the other way round.
Amperes current_of(Watts power, PhaseSet phases, Supply supply, Volts volts, Rounding rounding);

// The lines' current of a circuit that may carry `power` over all its lines (document 004's
// maxKw): nominal voltage, rounded down.
Amperes line_limit(Watts power, Supply supply);
// What a watt-only AC charger is sent for a limit: I n V_min, so that it holds at any voltage.
Watts watts_to_send(Amperes limit, PhaseSet phases, Supply supply);

// A DC charger's conversion losses (field defaults).
struct DcOutput {
    Watts maximum = {};                // Of its output.
    Watts minimum = Watts::of(5'000);  // Below it a session ends.
    Percent efficiency_min = Percent::of(90);
    Watts auxiliary = Watts::of(2'000);  // Cooling, electronics: drawn beside the output.
    Percent power_factor = Percent::of(95);

    bool operator==(const DcOutput&) const = default;
};
// I_ac = (P / efficiency + P_aux) / (sqrt(3) V_min PF), rounded up: on all three lines.
Amperes dc_line_current(Watts output, const DcOutput& dc, Supply supply);
// The most output whose line current is at most `limit`; 0 if not even the auxiliaries fit.
Watts dc_output(Amperes limit, const DcOutput& dc, Supply supply);

}  // namespace busbar
