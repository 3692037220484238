// The difficult ways of real chargers and cars, by the names that users give, dealt out to a fleet
// in shares.
//
// Pure: equal arguments deal alike.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sim/setup.hpp"

namespace busbar::sim {

struct Manner {
    std::string_view name;
    std::string_view help;
    void (*adopt)(ChargerSetup& charger);
};

// All there are.
std::span<const Manner> manners();

struct MannerShare {
    const Manner* manner;
    int percent;
};

// "slow:10,silent:5": each share in percent, none twice, not more than 100 together. Fails with
// kInvalid, the field being the part that is wrong.
Result<std::vector<MannerShare>> parse_shares(std::string_view text);

// Gives each manner to its share of the chargers, rounded down, but at least to one: which they
// are is chance. A charger has one manner at most, and the name of that afterwards.
// Requires: at least as many chargers as shares.
void deal(std::span<ChargerSetup> chargers, std::span<const MannerShare> shares,
          std::uint64_t seed);

// For every circuit, and every manner of a charger below it ("plain" for none), one more that
// counts those alone.
void watch_each_manner(std::vector<CircuitSetup>& circuits, std::span<ChargerSetup> chargers);

}  // namespace busbar::sim
