#include "trial/run.hpp"

#include <algorithm>

#include "trial/garage.hpp"

namespace busbar::trial {
namespace {

using namespace std::chrono_literals;

// The longest way back: a call that nobody answers, a retry, and the settling of what it freed.
constexpr Duration kRestsWithin = 15min;
constexpr Duration kLooksEvery = 10s;
// Nothing happens there but leases, turns of cars that wait, and cars that are full.
constexpr Duration kQuiet = 1h;
constexpr std::int64_t kCallsATurn = 4;  // One of them once more, after a car has woken.
// Of an EVSE in the roughest weather, renewals apart. Retries alone are one a minute.
constexpr std::int64_t kMostCallsAnHour = 180;

TimePoint start_of(std::uint64_t seed) {
    return TimePoint{} + std::chrono::hours{24 * 365 * 56 + static_cast<std::int64_t>(seed % 8760)};
}

// Who is not at rest; empty: nobody.
std::string unrest(World& world) {
    const auto& report = world.look();
    if (!report) return "the server says nothing";
    for (const auto& charger : report->chargers)
        if (auto why = world.unrest(charger); !why.empty()) return why;
    return {};
}

void must_come_to_rest(World& world) {
    std::string why = "nothing was looked at";
    for (Duration waited{0}; waited < kRestsWithin && !world.violated(); waited += kLooksEvery) {
        world.run_for(kLooksEvery);
        why = unrest(world);
        if (why.empty()) return;
    }
    world.violation("15 minutes after the last fault, " + why);
}

std::int64_t renewals_an_hour(const World& world) {
    return kQuiet * 5 / (world.config().site.lease * 4) + 1;
}

// For each EVSE: renewals at four fifths of a lease, turns, and one for each car on the site, whose
// share goes to all others when it is full; more where a window ends, and all rise one by one.
std::uint64_t most_quiet_calls(const World& world, const VirtualCharger& charger) {
    auto slot = Share{}.rotation_slot;
    for (const auto& circuit : world.config().circuits)
        if (circuit.share) slot = std::min(slot, circuit.share->rotation_slot);
    std::int64_t evses = 0;
    for (const auto& each : world.config().chargers) evses += each.evse_count;
    if (world.config().site.raise_spread > Duration{0}) evses *= 3;
    const auto turns = kQuiet / slot + 1;
    return static_cast<std::uint64_t>(charger.evse_count() *
                                      (renewals_an_hour(world) + kCallsATurn * turns + evses));
}

void must_be_quiet(World& world) {
    std::vector<std::uint64_t> before;
    for (const auto& charger : world.chargers()) before.push_back(charger->limits());
    world.run_for(kQuiet);
    (void)world.look();
    for (std::size_t i = 0; i < before.size(); ++i) {
        const auto& charger = *world.chargers()[i];
        if (charger.limits() - before[i] > most_quiet_calls(world, charger))
            world.violation(charger.id().str() + " was sent " +
                            std::to_string(charger.limits() - before[i]) +
                            " limits in an hour in which nothing happened");
    }
}

Duration calm_down(World& world) {
    const auto before = world.now();
    must_come_to_rest(world);
    if (!world.violated()) must_be_quiet(world);
    if (!world.violated()) must_come_to_rest(world);
    for (const auto& charger : world.chargers())
        if (charger->most_limits_an_hour() >
            charger->evse_count() * (kMostCallsAnHour + renewals_an_hour(world)))
            world.violation(charger->id().str() + " was sent " +
                            std::to_string(charger->most_limits_an_hour()) +
                            " limits within an hour");
    return std::chrono::floor<Duration>(world.now() - before);
}

WorldSetup setup_of(const Trial& trial, const Policy& policy) {
    sim::Random random(trial.seed);
    auto garage = random_garage(random.next(), trial.chargers);
    WorldSetup setup{.config = std::move(garage.config),
                     .manners = std::move(garage.manners),
                     .start = start_of(trial.seed),
                     .seed = random.next()};
    setup.wire = trial.wire;
    if (!policy) return setup;
    setup.overloads_count_only = true;
    for (auto& charger : setup.config.chargers) charger.settle = Duration{0};
    setup.wire = [network = setup.network, seed = setup.seed, policy](Strand& strand,
                                                                      const Clock& clock) {
        return policy(std::make_unique<MessageWire>(strand, clock, network, seed), strand, clock);
    };
    return setup;
}

}  // namespace

Outcome run_trial(const Trial& trial, const Policy& policy) {
    World world(setup_of(trial, policy));
    sim::Random random(trial.seed ^ 0x5eedU);
    world.start_server();
    for (auto& charger : world.chargers()) {
        auto* each = charger.get();
        world.after(random.between(Duration{0}, Duration{2min}), [each] { each->power_on(); });
    }
    Mishaps mishaps(world, random_weather(random.next()), random.next());
    world.run_for(trial.span);
    Outcome outcome{.seed = trial.seed, .simulated = trial.span};
    if (!policy && !world.violated()) {
        mishaps.end();
        outcome.simulated += calm_down(world);
    }
    outcome.violation = world.violated();
    outcome.hash = world.trace().hash();
    outcome.events = world.trace().events();
    outcome.calls = world.calls();
    outcome.kills = world.kills();
    outcome.writes = world.writes();
    outcome.ampere_seconds = world.load().ampere_seconds(world.now());
    for (const auto& charger : world.chargers()) {
        outcome.reboots += charger->reboots();
        outcome.most_calls_an_hour =
            std::max(outcome.most_calls_an_hour, charger->most_limits_an_hour());
    }
    return outcome;
}

}  // namespace busbar::trial
