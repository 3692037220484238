// Cars that have to leave: how urgent each is, and an exchange of current towards the urgent and
// towards lines that are used less.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "allocator/layout.hpp"
#include "allocator/lines.hpp"

namespace busbar {

// What part of its wish a car needs on average until it leaves: 0 to 1.
double urgency(std::int64_t need, std::int64_t wanted);
// Its weight in the filling.
double urgent_weight(double urgency);

struct Urgent {
    Layout::Index leaf;
    std::int64_t least;  // What it keeps in any case.
    std::int64_t most;
    double worth;  // Of a thousandth of an ampere.
};
// ...for the exchange.
double urgent_worth(double urgency);

// Up to six times, each car in turn takes what fits; where nothing does, the others give up half
// an ampere each if it gains more, by worth, than they lose. `lines` is loaded with `used`, and
// both are changed. Nobody loses what is `least`; rows hold.
// Cost: O(c^2 d) for c cars, but at most some hundred thousand tries.
void exchange(Lines& lines, std::span<const Urgent> cars, std::span<std::int64_t> used);

}  // namespace busbar
