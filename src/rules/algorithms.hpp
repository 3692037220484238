// The three algorithms of the document API ("EQUAL_SHARE", "PRIORITY", "TIME_OF_USE") and its
// kilowatts, as what they are here: a way to share, hours with less, and amperes per line.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "domain/electrical.hpp"
#include "domain/site.hpp"

namespace busbar {

enum class Algorithm : std::uint8_t {
    kEqualShare,  // Everybody alike.
    kPriority,    // In proportion to the chargers' priorities; 0 is the least, and not nothing.
    kTimeOfUse,   // Everybody alike, of a part of the budget in the circuit's peak hours.
};
std::string_view to_string(Algorithm algorithm);  // "EQUAL_SHARE", ...
std::optional<Algorithm> parse_algorithm(std::string_view word);

// The hours that TIME_OF_USE brings where a circuit has none of its own: half, every evening.
Peak evening_peak();

// Sets the circuit's share and peaks. Peaks stay where the algorithm is TIME_OF_USE, and go
// where it is another; what else the share says (rotation, reclaiming, bands) stays.
void set_algorithm(Circuit& circuit, Algorithm algorithm);
// What the document API shows for a circuit; `inherited`: its share where it has none of its own.
// The nearest of the three for what it has no word for: fcfs and deadline show as EQUAL_SHARE.
Algorithm algorithm_of(const Circuit& circuit, const Share& inherited = {});

// A panel's maxKw and its breaker's rating, the same on all lines. The power that is shown for a
// breaker is the shortest decimal that reads back as the same amperes; of lines that differ, the
// least counts.
PerPhase breaker_for(Watts maximum, Supply supply);
Watts panel_power(const PerPhase& breaker, Supply supply);

// A charger's maxHardwareKw as amperes per line, rounded up: it is what it may draw. Where its
// lines are not known, all of it on each, at the least voltage.
Amperes hardware_maximum(Watts maximum, std::optional<PhaseSet> phases, Supply supply);
Watts hardware_power(Amperes maximum, PhaseSet phases, Supply supply);
// Its minChargeRateKw: at least 6 A, up to whole quanta.
Amperes minimum_for(Watts rate, PhaseSet phases, Amperes quantum, Supply supply);

}  // namespace busbar
