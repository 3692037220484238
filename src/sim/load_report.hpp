// What the simulated breakers saw, as JSON for programs.
#pragma once

#include <span>
#include <string>

#include "sim/load_record.hpp"

namespace busbar::sim {

// An array of {id, breakerA, drawn, enforced}. The last two are what flowed and what the chargers
// would have let flow: {nowA, mostA, overAmpereSeconds, momentsOver}. Each amount but the last is
// {L1, L2, L3}.
std::string load_report(std::span<const CircuitLoad> circuits);

}  // namespace busbar::sim
