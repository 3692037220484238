// The demo garage: a feeder, two levels, twenty chargers, and the cars that come there.
#pragma once

#include <string>

#include "domain/site.hpp"
#include "sim/fleet.hpp"

namespace busbar::sim {

// Site "garage": feeder 160 A; "level-1" and "level-2", 100 A each; CP-01..CP-10 on the first,
// CP-11..CP-20 on the second. Passes check_site.
SiteConfig demo_garage();

// A fleet as wired there, for a CSMS at `url`: cars come and go by themselves, and fill in
// minutes.
FleetOptions demo_fleet(std::string url, std::uint64_t seed = 1);

// Simulated chargers as these are configured: same identities, wiring, maximum and quantum, and
// the circuits up to the root. Requires: every circuit named exists, without cycles.
FleetOptions fleet_of(const SiteConfig& config, std::string url);

}  // namespace busbar::sim
