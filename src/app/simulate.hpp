// `busbar sim`: a fleet of simulated chargers with cars, against any CSMS.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "sim/fleet.hpp"

namespace busbar::app {

struct SimOptions {
    std::string url = "ws://127.0.0.1:3000/ocpp/";
    int chargers = 0;  // 0: the demo garage's own twenty.
    std::string prefix = "SIM-";
    int breaker_a = 0;          // Of the one circuit that feeds those; 0: nothing watches them.
    std::string ocpp = "1.6";   // Or "2.0.1", "2.1"; "mixed": one after the other.
    std::string behave = {};    // As sim::parse_shares() wants it.
    double flap_s = 0;          // On the mean, every connection breaks so often; 0: none does.
    double storm_s = 0;         // So often all connections break at once; 0: never.
    std::string sessions = {};  // The file of sessions that come; empty: cars by chance.
    int speed = 60;             // How many times as fast batteries fill, and sessions go by.
    std::uint64_t seed = 1;
    std::int64_t seconds = 0;  // 0: until stopped.
    int metrics_port = 0;      // Where its own figures can be scraped; 0: nowhere.
    std::string report = {};   // The file for what the breakers saw, as JSON; empty: none.
};

// The fleet that they describe. Fails with kInvalid, the field being the option.
Result<sim::FleetOptions> fleet_of(const SimOptions& options);

// Until SIGINT or SIGTERM. The exit code: 1 if a breaker was overloaded, or the report cannot be
// written.
int simulate(const SimOptions& options);

}  // namespace busbar::app
