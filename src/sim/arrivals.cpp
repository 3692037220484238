#include "sim/arrivals.hpp"

#include <algorithm>

namespace busbar::sim {

Arrivals::Arrivals(ArrivalPlan plan, std::size_t chargers, std::uint64_t seed, SteadyPoint start)
    : plan_(std::move(plan)),
      random_(seed),
      start_(start),
      places_(chargers),
      away_(plan_.cars.size(), true) {
    for (auto& place : places_)
        place.next = start + random_.between(Duration{0}, plan_.first_within);
}

std::optional<std::size_t> Arrivals::free_car() {
    const auto count = away_.size();
    const auto first = count == 0 ? 0 : random_.next() % count;
    for (std::size_t i = 0; i < count; ++i)
        if (const auto car = (first + i) % count; away_[car]) return car;
    return {};
}

std::optional<VehicleSpec> Arrivals::visit(Place& place, SteadyPoint now) {
    for (; next_visit_ < plan_.visits.size(); ++next_visit_) {
        const auto& visit = plan_.visits[next_visit_];
        if (now < start_ + visit.at) return {};
        const auto until = start_ + visit.at + visit.stay;
        if (now >= until) continue;  // It found no place.
        ++next_visit_;
        // It stays as long as it did, full or not.
        place = {.next = until, .taken = true, .was_full = true};
        return visit.car;
    }
    return {};
}

std::optional<VehicleSpec> Arrivals::arrival(std::size_t charger, SteadyPoint now) {
    auto& place = places_.at(charger);
    if (place.taken) return {};
    if (!plan_.visits.empty()) return visit(place, now);
    if (now < place.next) return {};
    VehicleSpec car;
    if (plan_.cars.empty()) {
        car = random_vehicle(random_.next());
    } else {
        place.car = free_car();
        if (!place.car) {
            place.next = now + random_.exponential(plan_.mean_gap);
            return {};
        }
        away_[*place.car] = false;
        car = plan_.cars[*place.car];
        car.soc_pct = static_cast<int>(random_.between(10, 60));
        car.seed = random_.next();
    }
    place.taken = true;
    place.was_full = false;
    place.next = now + random_.between(plan_.stay_least, plan_.stay_most);
    return car;
}

bool Arrivals::leaves(std::size_t charger, bool full, SteadyPoint now) {
    auto& place = places_.at(charger);
    if (!place.taken) return false;
    if (full && !place.was_full) {
        place.was_full = true;
        place.next = std::min(place.next, now + plan_.linger);
    }
    if (now < place.next) return false;
    if (place.car) away_[*place.car] = true;
    place = {.next = now + random_.exponential(plan_.mean_gap)};
    return true;
}

}  // namespace busbar::sim
