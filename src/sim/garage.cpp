#include "sim/garage.hpp"

#include <algorithm>
#include <array>

namespace busbar::sim {
namespace {

constexpr int kChargers = 20;
constexpr int kPerLevel = 10;

const SiteId kGarage{"garage"};

// Every third charger is a single-phase one, each on the next line.
bool single_phase(int number) {
    return (number - 1) % kPerLevel % 3 == 2;
}

// Electricians turn the lines from one charger to the next, so that single-phase cars spread.
Phase first_line(int number) {
    const int turn = single_phase(number) ? (number - 1) / 3 : number - 1;
    return kPhases[static_cast<std::size_t>(turn % 3)];
}

Charger demo_charger(int number) {
    const auto two_digits = (number < 10 ? "0" : "") + std::to_string(number);
    Charger charger{.id = ChargerId{"CP-" + two_digits},
                    .circuit = CircuitId{number <= kPerLevel ? "level-1" : "level-2"},
                    .name = "Bay " + std::to_string(number),
                    .partner = number % 5 == 0 ? "acme" : "",
                    .maximum = 32_A,
                    .minimum = 6_A,
                    .floor = 0_A,
                    .quantum = 0.1_A};
    if (single_phase(number)) charger.phases = PhaseSet{first_line(number)};
    charger.settle = std::chrono::milliseconds{5'500};
    charger.keeps_profiles = true;
    charger.trust = TrustClass::kA;  // As the probe finds them; their profiles live in RAM.
    charger.writes_per_day = 0;
    return charger;
}

// More cars than bays, so that it is not the same ones every time.
std::vector<VehicleSpec> neighbourhood(std::uint64_t seed) {
    std::vector<VehicleSpec> cars;
    Random random{seed};
    for (int number = 1; number <= 30; ++number) {
        auto car = random_vehicle(random.next());
        car.id_tag = (number < 10 ? "CARD-0" : "CARD-") + std::to_string(number);
        cars.push_back(std::move(car));
    }
    return cars;
}

std::vector<CircuitId> path_to_root(const SiteConfig& config, const CircuitId& from) {
    std::vector<CircuitId> path;
    std::optional<CircuitId> next = from;
    while (next) {
        const auto found = std::find_if(config.circuits.begin(), config.circuits.end(),
                                        [&](const Circuit& each) { return each.id == *next; });
        BUSBAR_CHECK(found != config.circuits.end());
        BUSBAR_CHECK(path.size() < config.circuits.size());
        path.push_back(*next);
        next = found->parent;
    }
    return path;
}

}  // namespace

SiteConfig demo_garage() {
    const CircuitId feeder{"feeder"};
    const auto circuit = [&](std::string id, std::string name, Amperes breaker) {
        return Circuit{.id = CircuitId{id},
                       .site = kGarage,
                       .parent = id == feeder.str() ? std::nullopt : std::optional{feeder},
                       .name = std::move(name),
                       .breaker = PerPhase::each(breaker)};
    };
    SiteConfig config{
        .site = {.id = kGarage, .name = "Garage", .zone = "UTC"},
        .circuits = {circuit("feeder", "Feeder", 160_A), circuit("level-1", "Level 1", 100_A),
                     circuit("level-2", "Level 2", 100_A)},
        .chargers = {}};
    for (int number = 1; number <= kChargers; ++number)
        config.chargers.push_back(demo_charger(number));
    return config;
}

FleetOptions fleet_of(const SiteConfig& config, std::string url) {
    FleetOptions options{.url = std::move(url)};
    for (const auto& circuit : config.circuits)
        options.circuits.push_back({circuit.id, circuit.breaker});
    for (const auto& charger : config.chargers) {
        ChargerSetup setup{.id = charger.id,
                           .maximum = charger.maximum,
                           .quantum = charger.quantum,
                           .phases = charger.phases};
        setup.circuits = path_to_root(config, charger.circuit);
        setup.behaviour.forgets_profiles_at_reconnect = !charger.keeps_profiles;
        for (const auto line : {Phase::kL3, Phase::kL2, Phase::kL1})
            if (setup.phases.has(line)) setup.first_line = line;
        options.chargers.push_back(std::move(setup));
    }
    return options;
}

FleetOptions demo_fleet(std::string url, std::uint64_t seed) {
    auto options = fleet_of(demo_garage(), std::move(url));
    for (int number = 1; number <= kChargers; ++number)
        options.chargers[static_cast<std::size_t>(number - 1)].first_line = first_line(number);
    options.seed = seed;
    options.meter_interval = std::chrono::seconds{2};
    options.battery_speed = 60;
    options.arrivals = ArrivalPlan{.cars = neighbourhood(seed)};
    return options;
}

}  // namespace busbar::sim
