// Watches the simulated breakers: what flows through each, what might, and every moment at which
// that was more than the breaker's rating.
//
// Pure: time is handed in. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/time.hpp"
#include "domain/phase.hpp"
#include "sim/setup.hpp"

namespace busbar::sim {

// One sum over the chargers of a circuit, per line.
struct LoadSum {
    PerPhase now = {};
    PerPhase most = {};  // Since the record began.
    // By how much and how long it was above the breaker.
    std::array<double, 3> over_ampere_seconds{};
    std::int64_t moments_over = 0;  // Measurements that found any line above the breaker.
    PerPhase looked_at = {};        // What `now` was at the last measurement.

    bool ever_over() const { return moments_over > 0; }
};

struct CircuitLoad {
    CircuitId id;
    PerPhase breaker;
    std::string manner;  // As in CircuitSetup.
    std::size_t chargers = 0;
    LoadSum drawn;     // What flows.
    LoadSum enforced;  // What the chargers with a transaction would let flow.
};

class LoadRecord {
public:
    // `chargers` name only circuits that are among `circuits`.
    LoadRecord(std::span<const CircuitSetup> circuits, std::span<const ChargerSetup> chargers);

    // What one charger draws and enforces from now on; whether that is new. Counts from the
    // next measure().
    bool set(std::size_t charger, PerPhase drawn, PerPhase enforced);

    // Looks at all sums. What they were at the last look counts as having flowed until now.
    void measure(SteadyPoint now);

    // Forgets what was most and what was over; the present sums stay.
    void restart(SteadyPoint now);

    const std::vector<CircuitLoad>& circuits() const { return circuits_; }

private:
    struct Share {
        PerPhase drawn;
        PerPhase enforced;
        std::vector<std::size_t> circuits;
    };

    std::vector<CircuitLoad> circuits_;
    std::vector<Share> shares_;  // By charger.
    std::optional<SteadyPoint> measured_at_;
};

}  // namespace busbar::sim
