#include "trial_bytes/over_bytes.hpp"

#include "trial_bytes/byte_wire.hpp"

namespace busbar::trial {

WireFactory over_bytes(std::uint64_t seed, sim::Version version) {
    return [seed, version](Strand& strand, const Clock& clock) {
        return std::make_unique<ByteWire>(strand, clock, ByteWireSettings{.version = version},
                                          seed);
    };
}

}  // namespace busbar::trial
