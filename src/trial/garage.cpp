#include "trial/garage.hpp"

#include <array>
#include <cstdio>

namespace busbar::trial {
namespace {

using namespace std::chrono_literals;

constexpr Duration kSlowestCar = 5s;

std::string numbered(const char* prefix, int number) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%s-%03d", prefix, number);
    return text.data();
}

PhaseSet random_phases(sim::Random& random) {
    if (random.fraction() < 0.7) return PhaseSet::all();
    return PhaseSet{kPhases[random.next() % kPhases.size()]};
}

Charger random_charger(sim::Random& random, int number, const CircuitId& circuit) {
    const bool probed = random.fraction() < 0.7;
    return {.id = ChargerId(numbered("CP", number)),
            .circuit = circuit,
            .partner = random.fraction() < 0.2 ? "acme" : "",
            .maximum = random.fraction() < 0.6 ? 32_A : 16_A,
            .minimum = 6_A,
            .floor = random.fraction() < 0.15 ? 6_A : 0_A,
            .quantum = random.fraction() < 0.5 ? 1_A : 0.1_A,
            .evse_count = random.fraction() < 0.1 ? 2 : 1,
            .phases = random_phases(random),
            .settle = probed ? kSlowestCar + random.between(Duration{0}, 3s) : Duration{30s},
            .keeps_profiles = random.fraction() < 0.5,
            .trust = probed && random.fraction() < 0.6 ? TrustClass::kA : TrustClass::kB,
            .schedule_periods = static_cast<int>(random.between(1, 4)),
            .writes_per_day = 0,
            .tags = random.fraction() < 0.3 ? std::vector<std::string>{"visitors"}
                                            : std::vector<std::string>{}};
}

Manners random_manners(sim::Random& random, const Charger& charger) {
    const bool lies = charger.trust == TrustClass::kC;
    const bool forgets = !charger.keeps_profiles && random.fraction() < 0.5;
    return {.memory = forgets ? sim::Memory::kForgets : sim::Memory::kKeeps,
            .quantum = random.fraction() < 0.3 ? 1_A : charger.quantum,
            .starts_offline = random.fraction() < 0.6,
            .lies = lies,
            .obeys_within = charger.settle - kSlowestCar,
            .answers_after = random.between(Duration{20ms}, Duration{800ms}),
            .clock_skew = random.between(Duration{-60s}, Duration{60s}),
            .clock_drift_ppm = random.between(-100, 100),
            .sets_clock = random.fraction() < 0.5,
            .naps = 0.005};
}

}  // namespace

Garage random_garage(std::uint64_t seed, int chargers) {
    sim::Random random(seed);
    Garage garage{.config = {.site = {.id = SiteId("garage"), .name = "Garage"},
                             .circuits = {},
                             .chargers = {}},
                  .manners = {}};
    auto& config = garage.config;
    if (random.fraction() < 0.3) config.site.raise_spread = 60s;
    if (random.fraction() < 0.5)
        config.site.lease = random.between(Duration{2min}, Duration{30min});
    const auto feeder = Amperes::of(std::max<std::int64_t>(40, chargers * random.between(4, 9)));
    config.circuits.push_back({.id = CircuitId("feeder"),
                               .site = config.site.id,
                               .parent = {},
                               .breaker = PerPhase::each(feeder),
                               .safety_pct = static_cast<int>(random.between(0, 5))});
    const auto levels = random.between(1, 3);
    for (int level = 1; level <= levels; ++level)
        config.circuits.push_back({.id = CircuitId(numbered("level", level)),
                                   .site = config.site.id,
                                   .parent = CircuitId("feeder"),
                                   .breaker = PerPhase::each(feeder * 2 / (levels + 1)),
                                   .safety_pct = 0});
    for (int number = 1; number <= chargers; ++number) {
        const auto& circuit = config.circuits[1 + static_cast<std::size_t>(number % levels)].id;
        config.chargers.push_back(random_charger(random, number, circuit));
        // What lies has to fit beside everything else at its maximum.
        auto& made = config.chargers.back();
        if (number % 20 == 0 && made.maximum == 16_A && made.evse_count == 1)
            made.trust = TrustClass::kC;
        garage.manners.push_back(random_manners(random, config.chargers.back()));
    }
    // Floors are only for those whose sum fits every breaker.
    if (!check_site(config))
        for (auto& charger : config.chargers) charger.floor = 0_A;
    BUSBAR_CHECK(check_site(config).has_value());
    return garage;
}

}  // namespace busbar::trial
