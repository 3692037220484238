// Replays charging sessions through the resolver, step by step, with ideal cars: each draws what
// it is given until it has what it wants.
//
// No clock and no I/O here: equal inputs give equal figures, times aside.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/quantity.hpp"
#include "base/result.hpp"
#include "replay/garage.hpp"
#include "replay/sessions.hpp"

namespace busbar::replay {

// Who gets the current. All but kRoundRobin are what the product's resolver does on a circuit.
enum class Algorithm : std::uint8_t {
    kEqual,     // Max-min fair, all alike.
    kWeighted,  // Max-min fair by the energy each driver asked for.
    kFirstCome,
    kEarliestDeadline,
    kLeastLaxity,  // Laxity: time left less the time it needs at its maximum.
    // As published with ACN-Sim: by arrival, each in turn 0.1 A more as long as that fits; who
    // does not fit is out.
    kRoundRobin,
    kDeadline,  // The resolver's own: share by need, with an exchange.
};
inline constexpr std::array kAlgorithms{
    Algorithm::kEqual,       Algorithm::kWeighted,
    Algorithm::kFirstCome,   Algorithm::kEarliestDeadline,
    Algorithm::kLeastLaxity, Algorithm::kRoundRobin,
    Algorithm::kDeadline,
};
std::string_view to_string(Algorithm algorithm);  // "equal", "weighted", "fcfs", "edf", "llf"...
std::optional<Algorithm> parse_algorithm(std::string_view word);

// Which departure the algorithms are told; the cars leave when they left.
enum class Departure : std::uint8_t { kActual, kEstimated };

struct Options {
    Algorithm algorithm = Algorithm::kEqual;
    Watts capacity = {};  // Of the transformer.
    Departure departure = Departure::kActual;
    Amperes minimum = {};  // A car charges with at least this or not at all; 0: with anything.
    // Reads a clock that only goes forward, in nanoseconds: times the decisions, if given.
    std::function<std::int64_t()> now_ns = {};
    // Sees what flows in each step in which cars want something: one amount an EVSE.
    std::function<void(std::int64_t step, std::span<const Amperes> drawn)> watch = {};
};

struct Figures {
    WattHours demanded = {};
    WattHours delivered = {};
    std::int64_t drivers = 0;  // Who wanted anything and stayed for a whole step.
    // Of what one of them wanted, the part that the worst off got, from 0 to 1; 1 if nobody came.
    double worst = 1;
    std::int64_t under_half = 0;  // Drivers who got less than half.
    std::int64_t cut_short = 0;   // Stays that end early: the next car came to the same EVSE.
    Watts peak = {};
    std::int64_t decisions = 0;
    std::int64_t decision_ns = 0;  // All together.
    std::int64_t longest_ns = 0;

    // Of all energy wanted; 100 if none was.
    double demand_met_pct() const;
    // Of several replays, one after the other.
    Figures& operator+=(const Figures& other);
};

// Whether the sessions can be replayed in this garage: kNotFound names the first station that
// its network lacks, and the line. `where`: of the sessions.
Status check_sessions(const Garage& garage, std::span<const Session> sessions,
                      std::string_view where);

// Requires: sessions by arrival, and check_sessions(). Cost: one solve for each step in which a
// car wants something.
Figures replay(const Garage& garage, std::span<const Session> sessions, const Options& options);

}  // namespace busbar::replay
