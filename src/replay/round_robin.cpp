#include "replay/round_robin.hpp"

#include <algorithm>

namespace busbar::replay {

void RoundRobin::share(std::span<const PerPhase> budgets, std::span<const Car> cars,
                       std::span<Amperes> shares) {
    BUSBAR_CHECK(shares.size() == cars.size());
    lines_.reset(budgets);
    std::ranges::fill(shares, Amperes{});
    waiting_.clear();
    for (std::size_t i = 0; i < cars.size(); ++i) waiting_.push_back(i);
    while (!waiting_.empty()) {
        const auto i = waiting_.front();
        waiting_.pop_front();
        const auto& car = cars[i];
        const auto step = shares[i] == Amperes{} ? std::max(0.1_A, car.minimum) : 0.1_A;
        const auto next = std::min(step, car.wanted - shares[i]);
        if (next <= Amperes{} || shares[i] + next < car.minimum) continue;
        if (!lines_.fits(car.leaf, next)) continue;
        lines_.take(car.leaf, next);
        shares[i] += next;
        waiting_.push_back(i);
    }
}

}  // namespace busbar::replay
