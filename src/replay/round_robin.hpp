// The round robin that ACN-Sim publishes as its equal share: a yardstick for the resolver.
#pragma once

#include <deque>
#include <span>
#include <vector>

#include "allocator/lines.hpp"

namespace busbar::replay {

class RoundRobin {
public:
    struct Car {
        LeafIndex leaf = 0;
        Amperes wanted = {};
        Amperes minimum = {};  // Its first step, if that is more than 0.1 A.
    };

    // Keeps a reference to `network`.
    explicit RoundRobin(const Network& network) : lines_(network) {}

    // Goes round the cars in their order: each gets 0.1 A more (the last step may be smaller) if
    // that still fits; a car that it does not fit, or that has all it wants, is out. Writes one
    // amount a car.
    // Requires: `shares` as long as `cars`. Cost: O(n w / 0.1 A) with n cars that want w.
    void share(std::span<const PerPhase> budgets, std::span<const Car> cars,
               std::span<Amperes> shares);

private:
    Lines lines_;
    std::deque<std::size_t> waiting_;
};

}  // namespace busbar::replay
