// What a gateway tells whoever counts: metrics, and tests.
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

#include "domain/charging.hpp"

namespace busbar::ocpp {

// Called from the connections' strands, many at once: implementations are thread-safe and quick.
// Each does nothing unless overridden.
class GatewayObserver {
public:
    virtual ~GatewayObserver() = default;

    virtual void opened() {}  // A charger's connection is up...
    virtual void closed() {}  // ...and gone again.
    virtual void received(std::size_t bytes) { (void)bytes; }
    virtual void sent(std::size_t bytes) { (void)bytes; }
    virtual void malformed() {}                                      // A frame nobody can answer.
    virtual void refused(std::string_view reason) { (void)reason; }  // A handshake.
    // One of our calls ended, `took` after its frame was handed to the socket (0: never was).
    virtual void called(CallOutcome outcome, std::chrono::nanoseconds took) {
        (void)outcome;
        (void)took;
    }
};

}  // namespace busbar::ocpp
