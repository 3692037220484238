// A simulated car at the end of a charging cable: how much it draws of what it is offered, and
// how its battery fills.
//
// Pure: time is handed in. Equal specs and equal steps give equal draws.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "base/quantity.hpp"
#include "base/time.hpp"
#include "sim/random.hpp"

namespace busbar::sim {

inline constexpr Volts kNominalVoltage = 230_V;  // Line to neutral, everywhere in the simulation.

struct VehicleSpec {
    std::string id_tag = "CARD-1";  // The driver's card; at most 20 characters.
    WattHours capacity = WattHours::of(60'000);
    int soc_pct = 30;    // When it is plugged in.
    int full_pct = 100;  // Where the driver's setting ends the charge.
    int phases = 3;      // Lines its on-board charger uses; fewer where fewer are wired.
    Amperes maximum = 16_A;
    Amperes minimum = 6_A;          // Offered less, it does not charge.
    Amperes ramp_per_second = 5_A;  // Upwards. Downwards it goes in one step, after its lag.
    // How long it goes on drawing what it had after an offer went down: for each decrease
    // somewhere between these, by the seed. IEC 61851-1 allows up to 5 s.
    Duration lag_least{0};
    Duration lag_most = std::chrono::seconds{2};
    // A sleepy one: once it has been offered too little for so long, it draws nothing before
    // `wakes_after` of a good offer. Empty: it stays awake.
    std::optional<Duration> sleeps_after = {};
    Duration wakes_after = std::chrono::seconds{20};
    std::uint64_t seed = 1;

    bool operator==(const VehicleSpec&) const = default;
};

struct Draw {
    Amperes current;   // On each line it uses, at the end of the step.
    WattHours energy;  // Through the cable during the step, all lines together.
};

class Vehicle {
public:
    // The battery fills `battery_speed` times as fast as the cable delivers, so that a demo
    // shows in minutes what takes hours. The energy through the cable stays the true one.
    // Requires: capacity > 0, phases 1..3, battery_speed >= 1.
    explicit Vehicle(VehicleSpec spec, int battery_speed = 1);

    // Time passes, during all of which `limit` per line is offered.
    // Guarantees: draws 0 or at most the highest limit offered within its lag; 0 once full.
    Draw step(Amperes limit, Duration time);

    // The contactor opens: nothing flows from now on, whatever the car would like.
    void cut();

    Amperes drawn() const { return drawn_; }
    bool full() const { return stored_ >= full_at_; }
    // 0..100.
    double soc_pct() const;
    const VehicleSpec& spec() const { return spec_; }

private:
    struct PastOffer {
        Amperes limit;
        Duration until;
    };

    void hear(Amperes limit);
    Amperes obeyed_offer();
    bool sleeps(Amperes offer, Duration time);
    Amperes accepted_current() const;
    WattHours short_step(Duration time);
    WattHours carry(Watts power, Duration time);

    VehicleSpec spec_;
    int battery_speed_;
    Random random_;
    WattHours stored_;
    WattHours full_at_;
    Duration age_{0};
    Amperes offer_;
    std::deque<PastOffer> past_;  // Falling limits with rising ends: at most one per limit.
    Amperes drawn_;
    Duration paused_{0};           // For how long it has been offered too little.
    Duration asleep_for_{0};       // It still sleeps so long, once the offer is good.
    std::int64_t rest_mw_us_ = 0;  // Energy too small for a milliwatt hour yet.
};

// A car as it may come along: battery, on-board charger, card and manners from the seed.
VehicleSpec random_vehicle(std::uint64_t seed);

}  // namespace busbar::sim
