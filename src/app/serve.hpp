// `busbar serve` and `busbar sim`: what runs until it is told to stop.
#pragma once

#include <string>

#include "app/settings.hpp"

namespace busbar::app {

// Serves until SIGINT or SIGTERM. The exit code.
int serve(const Settings& settings);

// A fleet of simulated chargers with cars, against any CSMS at `url`, until SIGINT or SIGTERM. The
// exit code: 1 if a breaker was overloaded, or the report cannot be written.
struct SimOptions {
    std::string url = "ws://127.0.0.1:3000/ocpp/";
    int chargers = 0;  // 0: the demo garage's own twenty.
    std::string prefix = "SIM-";
    int breaker_a = 0;  // Of the one circuit that feeds those; 0: nothing watches them.
    std::uint64_t seed = 1;
    std::int64_t seconds = 0;  // 0: until stopped.
    std::string report = {};   // The file for what the breakers saw, as JSON; empty: none.
};
int simulate(const SimOptions& options);

}  // namespace busbar::app
