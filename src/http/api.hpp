// The HTTP API: what each route answers. Knows control and the stores, and no socket.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "access/key.hpp"
#include "access/onboarding.hpp"
#include "base/clock.hpp"
#include "base/strand.hpp"
#include "control/control.hpp"
#include "control/frames.hpp"
#include "control/ports.hpp"
#include "http/route.hpp"
#include "telemetry/telemetry.hpp"

namespace busbar::http {

// How long it took from a rule's request to the frame at the charger's socket.
struct DispatchFigures {
    std::int64_t count = 0;
    double p50_ms = 0;
    double p99_ms = 0;
    double max_ms = 0;
};

// The functions may be called from any thread, and must be quick.
struct ApiOptions {
    std::string version = "0";
    std::function<std::string()> metrics = {};  // Prometheus text.
    std::function<DispatchFigures()> dispatch = {};
    // For keys of chargers. Without them, there are no routes for those.
    const access::Keysmith* smith = nullptr;
    access::Onboarding* onboarding = nullptr;
    // Runs the deadline of /health. Without it, /health waits as long as the store takes.
    std::shared_ptr<Strand> timer = {};
    Duration health_deadline = std::chrono::seconds{2};
    // Outlives the Api. Null: there is none.
    control::FrameLog* frames = nullptr;
};

class Api {
public:
    // Everything handed in outlives this, and this outlives every reply.
    Api(control::Control& control, control::Store& store, telemetry::TelemetryStore& telemetry,
        const Clock& clock, ApiOptions options = {});
    ~Api();

    // Answers one request: calls `reply` once, from any thread, perhaps inside this call; not at
    // all if the store never calls back, which is for the caller to have a deadline for.
    // Thread-safe.
    void handle(Request request, const Reply& reply) const;

    // "GET /api/v1/rules/{id}": every route there is, without the pages.
    std::vector<std::string> routes() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace busbar::http
