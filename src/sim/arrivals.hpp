// Who comes to charge, and when: an endless, repeatable stream of cars for a demo or a soak, or the
// sessions of a real place.
//
// Pure: time is handed in. Not thread-safe.
#pragma once

#include <optional>
#include <vector>

#include "base/time.hpp"
#include "sim/random.hpp"
#include "sim/vehicle.hpp"

namespace busbar::sim {

// A car that is known to come.
struct Visit {
    Duration at;    // After the start. It takes any place that is free, and waits for one;
    Duration stay;  // it is gone at `at` + `stay`, wherever it stands.
    VehicleSpec car;

    bool operator==(const Visit&) const = default;
};

struct ArrivalPlan {
    // Who comes, by `at`; nobody else then. Empty: who comes is chance, as follows.
    std::vector<Visit> visits = {};

    // The cars of the neighbourhood: each is at one charger at a time, and comes back emptier.
    // Empty: a stranger each time.
    std::vector<VehicleSpec> cars = {};
    Duration first_within = std::chrono::seconds{20};  // Until each charger's first car.
    Duration mean_gap = std::chrono::seconds{45};      // From one car's leaving to the next.
    Duration stay_least = std::chrono::minutes{2};     // A full car leaves sooner.
    Duration stay_most = std::chrono::minutes{8};
    Duration linger = std::chrono::seconds{15};  // How long a full car stays in the way.

    bool operator==(const ArrivalPlan&) const = default;
};

class Arrivals {
public:
    Arrivals(ArrivalPlan plan, std::size_t chargers, std::uint64_t seed, SteadyPoint start);

    // The car that has now come to this charger, if one has; it then stands there.
    std::optional<VehicleSpec> arrival(std::size_t charger, SteadyPoint now);

    // Whether the car that came is leaving now; if so, the place is free.
    bool leaves(std::size_t charger, bool full, SteadyPoint now);

private:
    struct Place {
        SteadyPoint next;  // The next arrival, or the departure.
        bool taken = false;
        bool was_full = false;
        std::optional<std::size_t> car = {};  // Of the plan.
    };

    std::optional<std::size_t> free_car();
    std::optional<VehicleSpec> visit(Place& place, SteadyPoint now);

    ArrivalPlan plan_;
    Random random_;
    const SteadyPoint start_;
    std::size_t next_visit_ = 0;
    std::vector<Place> places_;
    std::vector<bool> away_;  // By car of the plan: whether it is free to come.
};

}  // namespace busbar::sim
