// How a trial is run over real bytes: Trial{.wire = over_bytes(seed)}.
#pragma once

#include <cstdint>

#include "sim/setup.hpp"
#include "trial/world.hpp"

namespace busbar::trial {

// Makes a ByteWire (trial_bytes/byte_wire.hpp) whose network's chance is of this seed. Apart from
// it because that header brings in all of Beast.
// Chargers speak `version`: 1.6 or 2.0.1.
WireFactory over_bytes(std::uint64_t seed, sim::Version version = sim::Version::k16);

}  // namespace busbar::trial
