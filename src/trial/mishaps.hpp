// What befalls a site in a trial, from a seed: links that break, chargers that reboot or refuse, a
// store that stalls, a server that dies, operators and cars.
#pragma once

#include <vector>

#include "trial/world.hpp"

namespace busbar::trial {

// How often, on the mean. 0: never.
struct Weather {
    // Each charger's own.
    Duration cuts = std::chrono::hours{4};
    Duration half_open = std::chrono::hours{8};
    Duration reboots = std::chrono::hours{8};
    Duration moods = std::chrono::hours{6};
    Duration cars = std::chrono::minutes{60};  // Until the next comes,
    Duration stays = std::chrono::hours{2};    // and goes.
    // The site's.
    Duration kills = std::chrono::hours{2};
    Duration store_stalls = std::chrono::hours{1};
    Duration clock_jumps = std::chrono::hours{6};
    Duration writes = std::chrono::minutes{8};
};

// Weather of a kind of its own for each seed: some calm, some rough, some of one sort only.
Weather random_weather(std::uint64_t seed);

class Mishaps {
public:
    // They begin at once. `world` outlives this, and this outlives what the world runs.
    Mishaps(World& world, Weather weather, std::uint64_t seed);

    // No more of them, cars and operators included, and all that is broken is mended: links can be
    // dialled, the store and the server work, chargers answer.
    void end();

private:
    void every(Duration mean, std::function<void()> task);
    void befall(VirtualCharger& charger);
    void live(VirtualCharger& charger, int connector);
    void kill();
    void disturb_store();
    void jump();
    void write();
    control::RuleDraft random_rule();
    Selector random_selector();

    World& world_;
    Weather weather_;
    sim::Random random_;
    bool over_ = false;
    int disturbances_ = 0;
};

}  // namespace busbar::trial
