// Counts and times what happens, for /metrics (Prometheus) and for the status page.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "control/control.hpp"
#include "control/feed.hpp"
#include "ocpp/observer.hpp"

namespace busbar::app {

// Rule write to socket, over the last writes that had to wait for nothing but us.
struct DispatchTimes {
    std::int64_t count = 0;  // Since the start.
    double p50_ms = 0;       // These three over the last 1,000.
    double p99_ms = 0;
    double max_ms = 0;
};

// Thread-safe.
class Metrics final : public ocpp::GatewayObserver {
public:
    Metrics();
    ~Metrics() override;

    void watch(control::Feed& feed);
    // Sets the gauges of circuits and chargers from a look at the sites.
    void look_at(const std::vector<control::SiteReport>& sites);

    DispatchTimes dispatch_times() const;
    // In Prometheus' text format.
    std::string text() const;

    void opened() override;
    void closed() override;
    void passed(const ChargerId& charger, ocpp::Direction direction,
                std::string_view frame) override;
    void malformed() override;
    void refused(std::string_view reason) override;
    void called(CallOutcome outcome, std::chrono::nanoseconds took) override;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace busbar::app
