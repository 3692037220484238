// Sites for trials, from a seed: trees of breakers, and chargers of every kind and manner.
//
// Pure. Equal seeds give equal sites.
#pragma once

#include "domain/site.hpp"
#include "trial/virtual_charger.hpp"

namespace busbar::trial {

struct Garage {
    SiteConfig config;             // Passes check_site.
    std::vector<Manners> manners;  // In the order of the chargers' ids.
};

// A feeder that carries a fraction of what its chargers could take, one to three levels below
// it, one or three lines a charger, EVSEs that were probed or not, that keep their limits over a
// reboot or not.
Garage random_garage(std::uint64_t seed, int chargers);

}  // namespace busbar::trial
