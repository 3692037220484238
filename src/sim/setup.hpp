// What to simulate: chargers with their wiring and their manners, and the breakers above them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "base/quantity.hpp"
#include "base/time.hpp"
#include "domain/phase.hpp"

namespace busbar::sim {

// The OCPP that a charger speaks.
enum class Version : std::uint8_t { k16, k201, k21 };
// "1.6", "2.0.1", "2.1".
std::string_view to_string(Version version);

// How a charger answers the calls of its CSMS. What it is asked, it does, unless said otherwise.
enum class Answering : std::uint8_t {
    kAtOnce,
    kLate,          // After Behaviour::late_by.
    kWhenReleased,  // Keeps each answer back until release().
    kNever,
    kRefusing,  // Answers Rejected to SetChargingProfile, and does not do it; else at once.
};

struct Behaviour {
    Answering answering = Answering::kAtOnce;
    Duration late_by = std::chrono::milliseconds{500};
    // With kWhenReleased and kNever: whether it does as it was asked when it is asked. If not,
    // it does so when released, or never.
    bool acts_before_answer = true;
    bool forgets_profiles_at_reconnect = false;
    bool forgets_profiles_at_reboot = false;
    bool starts_offline = true;  // Whether a car may begin to charge while the CSMS is away.
    // Ways to fail a commissioning probe.
    bool disobeys = false;  // Accepts limits, and lets the car draw what it likes.
    bool ignores_leases =
        false;  // Goes on with the first period of a schedule, though it shows all.
    bool takes_one_period = false;  // Rejects schedules of several.
    bool hides_limits = false;      // Knows no GetCompositeSchedule.
    bool watts_only = false;        // Takes, and shows, limits in watts alone.
    bool no_station_max = false;    // Rejects limits of the whole charger, such as
                                    // ChargePointMaxProfile.
    // Does not hear the first answer to anything about a transaction, and says it again.
    bool says_twice = false;
    bool sleepy_cars = false;  // Cars that come by themselves fall asleep while they are paused.
    std::optional<Duration> flaps_every = {};  // On the mean, its connection breaks this often.

    bool operator==(const Behaviour&) const = default;
};

struct ChargerSetup {
    ChargerId id;
    Version version = Version::k16;
    Amperes maximum = 32_A;
    Amperes quantum = 0.1_A;
    bool rounds_up = false;             // To the next whole ampere, and it shows that.
    PhaseSet phases = PhaseSet::all();  // As wired.
    // The line that a car with a single-phase on-board charger loads. Must be among `phases`.
    Phase first_line = Phase::kL1;
    std::vector<CircuitId> circuits = {};  // All breakers its current flows through.
    Behaviour behaviour = {};
    std::string manner = {};  // The name of its behaviour, for who counts by it.

    bool operator==(const ChargerSetup&) const = default;
};

struct CircuitSetup {
    CircuitId id;
    PerPhase breaker;
    std::string manner = {};  // Not empty: only its chargers of this manner are counted.

    bool operator==(const CircuitSetup&) const = default;
};

// `count` chargers like `pattern`, named prefix + number from 1, with at least two digits:
// "CP-01", "CP-02"...
std::vector<ChargerSetup> row_of_chargers(std::string_view prefix, int count,
                                          const ChargerSetup& pattern);

// `current` on each line that a car using `count` of them loads at this charger, beginning at
// its first line; 0 on the others.
PerPhase on_lines(const ChargerSetup& charger, int count, Amperes current);

}  // namespace busbar::sim
