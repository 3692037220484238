// One trial of a whole site from one seed: rough weather for a while, then calm, in which all must
// come to rest.
#pragma once

#include <optional>
#include <string>

#include "trial/mishaps.hpp"

namespace busbar::trial {

struct Trial {
    std::uint64_t seed = 1;
    int chargers = 50;
    Duration span = std::chrono::hours{24};  // The calm at the end comes on top.
    WireFactory wire = {};                   // Empty: a MessageWire.
};

// What the wire of a trial is wrapped into, for other policies than the product's: ones that wait
// for no car to have followed.
using Policy = std::function<std::unique_ptr<Wire>(std::unique_ptr<Wire>, Strand&, const Clock&)>;

struct Outcome {
    std::uint64_t seed = 0;
    std::optional<std::string> violation = {};  // With its trace.
    Duration simulated{0};
    std::uint64_t hash = 0;  // Of all that happened: equal for equal trials.
    std::uint64_t events = 0;
    std::uint64_t calls = 0;  // Limits sent.
    std::uint64_t kills = 0;
    std::uint64_t reboots = 0;
    std::uint64_t writes = 0;    // Acknowledged to operators.
    int most_calls_an_hour = 0;  // To one charger.
    double ampere_seconds = 0;   // Above the ratings of breakers.
};

// Deterministic. With a policy of its own, overloads are measured and nothing else is checked.
Outcome run_trial(const Trial& trial, const Policy& policy = {});

}  // namespace busbar::trial
