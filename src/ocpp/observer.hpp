// What a gateway tells whoever counts: metrics, and tests.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/id.hpp"
#include "domain/charging.hpp"

namespace busbar::ocpp {

enum class Direction : std::uint8_t { kFromCharger, kToCharger };

// Called from the connections' strands, many at once: implementations are thread-safe and quick.
// Each does nothing unless overridden.
class GatewayObserver {
public:
    virtual ~GatewayObserver() = default;

    virtual void opened() {}  // A charger's connection is up...
    virtual void closed() {}  // ...and gone again.
    // A frame, on its way.
    virtual void passed(const ChargerId& charger, Direction direction, std::string_view frame) {
        (void)charger;
        (void)direction;
        (void)frame;
    }
    virtual void malformed() {}                                      // A frame nobody can answer.
    virtual void refused(std::string_view reason) { (void)reason; }  // A handshake.
    // One of our calls ended, `took` after its frame was handed to the socket (0: never was).
    virtual void called(CallOutcome outcome, std::chrono::nanoseconds took) {
        (void)outcome;
        (void)took;
    }
};

}  // namespace busbar::ocpp
