// The figures of a simulated fleet, for Prometheus.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "sim/snapshot.hpp"

namespace busbar::app {

// In Prometheus' text format. Pure.
std::string fleet_metrics(const sim::FleetSnapshot& now);

// Serves them at /metrics of a port of this machine, for as long as it lives.
class SimMetrics {
public:
    // `look` is called on a thread of its own. Fails if the port is not to be had.
    static Result<std::unique_ptr<SimMetrics>> serve(std::uint16_t port,
                                                     std::function<sim::FleetSnapshot()> look);
    ~SimMetrics();

    std::uint16_t port() const;  // The real one, where 0 was asked for.

private:
    struct Impl;
    explicit SimMetrics(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace busbar::app
