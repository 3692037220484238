#include "trial/mishaps.hpp"

#include <algorithm>
#include <array>

namespace busbar::trial {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostRules = 12;

}  // namespace

Weather random_weather(std::uint64_t seed) {
    sim::Random random(seed);
    Weather weather;
    const auto change = [&](Duration& mean) {
        const auto dice = random.fraction();
        if (dice < 0.15)
            mean = Duration{0};
        else if (dice < 0.35)
            mean /= 4;
    };
    for (auto* mean : {&weather.cuts, &weather.half_open, &weather.reboots, &weather.moods,
                       &weather.kills, &weather.store_stalls, &weather.clock_jumps})
        change(*mean);
    return weather;
}

Mishaps::Mishaps(World& world, Weather weather, std::uint64_t seed)
    : world_(world), weather_(weather), random_(seed) {
    for (auto& each : world_.chargers()) {
        auto* charger = each.get();
        befall(*charger);
        for (int connector = 1; connector <= charger->evse_count(); ++connector)
            live(*charger, connector);
    }
    every(weather_.kills, [this] { kill(); });
    every(weather_.store_stalls, [this] { disturb_store(); });
    every(weather_.clock_jumps, [this] { jump(); });
    every(weather_.writes, [this] { write(); });
}

void Mishaps::every(Duration mean, std::function<void()> task) {
    if (mean <= Duration{0}) return;
    world_.after(random_.exponential(mean), [this, mean, task = std::move(task)] {
        if (over_) return;
        task();
        every(mean, task);
    });
}

void Mishaps::befall(VirtualCharger& charger) {
    every(weather_.cuts, [this, &charger] { world_.wire().cut(charger.id(), Cut::kClosed); });
    every(weather_.half_open,
          [this, &charger] { world_.wire().cut(charger.id(), Cut::kHalfOpen); });
    every(weather_.reboots, [&charger] { charger.reboot(); });
    every(weather_.moods, [this, &charger] {
        constexpr std::array kMoods{Mood::kSlow, Mood::kMute, Mood::kDeaf, Mood::kRejects};
        charger.mood(kMoods[random_.next() % kMoods.size()]);
        world_.after(random_.between(Duration{20s}, Duration{15min}),
                     [&charger] { charger.mood(Mood::kAnswers); });
    });
}

// Cars come and go.
void Mishaps::live(VirtualCharger& charger, int connector) {
    world_.after(random_.exponential(weather_.cars), [this, &charger, connector] {
        if (over_) return;
        charger.plug(connector, sim::random_vehicle(random_.next()));
        world_.after(random_.exponential(weather_.stays), [this, &charger, connector] {
            if (over_) return;
            charger.unplug(connector);
            live(charger, connector);
        });
    });
}

void Mishaps::kill() {
    constexpr std::array kDeaths{Death::kBeforeCommit, Death::kBeforeAnswerOfStore,
                                 Death::kBeforeCall, Death::kAfterCall};
    if (!world_.server_runs()) return;
    const auto dice = random_.next() % (kDeaths.size() + 1);
    if (dice == kDeaths.size())
        world_.kill_server();
    else
        world_.kill_server_at(kDeaths[dice], static_cast<int>(random_.between(1, 40)));
    world_.after(random_.between(Duration{1s}, Duration{5min}), [this] {
        world_.kill_server();  // If it has not died by then.
        world_.after(random_.between(Duration{0}, Duration{3min}), [this] {
            if (!world_.server_runs()) world_.start_server();
        });
    });
}

void Mishaps::disturb_store() {
    if (random_.fraction() < 0.5)
        world_.store().stall();
    else
        world_.store().fail();
    const auto mine = ++disturbances_;
    world_.after(random_.between(Duration{1s}, Duration{3min}), [this, mine] {
        if (mine == disturbances_) world_.store().recover();
    });
}

void Mishaps::jump() {
    constexpr std::array kJumps{Duration{1h},  Duration{-1h},   Duration{5s},
                                Duration{-5s}, Duration{20min}, Duration{-20min}};
    world_.jump_server_clock(kJumps[random_.next() % kJumps.size()]);
}

Selector Mishaps::random_selector() {
    const auto dice = random_.fraction();
    if (dice < 0.5) {
        const auto& chargers = world_.chargers();
        return {SelectorKind::kCharger, chargers[random_.next() % chargers.size()]->id().str()};
    }
    if (dice < 0.75) {
        const auto& circuits = world_.config().circuits;
        return {SelectorKind::kCircuit, circuits[random_.next() % circuits.size()].id.str()};
    }
    if (dice < 0.85) return {SelectorKind::kPartner, "acme"};
    if (dice < 0.95) return {SelectorKind::kTag, "visitors"};
    return {};
}

control::RuleDraft Mishaps::random_rule() {
    control::RuleDraft rule{.select = random_selector()};
    const auto dice = random_.fraction();
    if (dice < 0.5) {
        rule.kind = RuleKind::kCap;
        const bool circuit = rule.select.kind == SelectorKind::kCircuit;
        rule.limit = Amperes::of(random_.between(0, circuit ? 120 : 32));
        if (random_.fraction() < 0.2) rule.layer = Layer::kSafety;
    } else if (dice < 0.65) {
        rule.kind = RuleKind::kPause;
    } else if (dice < 0.8) {
        rule.kind = RuleKind::kReserve;
        rule.limit = Amperes::of(random_.between(6, 16));
        rule.standing = random_.fraction() < 0.3;
    } else if (dice < 0.9) {
        rule.kind = RuleKind::kExclude;
        rule.select = {SelectorKind::kCharger,
                       world_.chargers()[random_.next() % world_.chargers().size()]->id().str()};
    } else {
        rule.kind = RuleKind::kRank;
        rule.band = static_cast<int>(random_.between(kFirstBand, kLastBand));
        rule.weight = Weight::of(random_.between(1, 5));
    }
    const auto when = random_.fraction();
    if (when < 0.4) {
        rule.expires_at = world_.wall() + random_.between(Duration{1min}, Duration{2h});
    } else if (when < 0.6) {
        const auto from = std::chrono::minutes{random_.between(0, 1439)};
        rule.window = Window{.from = from, .until = (from + 95min) % 1440min};
    }
    return rule;
}

// Few rules stand at a time, so that cars get something between them.
void Mishaps::write() {
    if (!world_.server_runs()) return;
    const auto rules = world_.rules();
    const auto dice = random_.fraction();
    if (rules.size() >= kMostRules || (dice < 0.4 && !rules.empty()))
        return world_.delete_rule(rules[random_.next() % rules.size()]);
    if (dice < 0.55 && !rules.empty()) {
        const Amperes limit = Amperes::of(random_.between(0, 32));
        return world_.patch_rule(rules[random_.next() % rules.size()], {.limit = limit});
    }
    // In bursts, sometimes: they collapse.
    for (int more = random_.fraction() < 0.2 ? 5 : 1; more > 0; --more)
        world_.create_rule(random_rule());
}

void Mishaps::end() {
    over_ = true;
    ++disturbances_;
    world_.store().recover();
    if (!world_.server_runs()) world_.start_server();
    for (auto& charger : world_.chargers()) {
        charger->mood(Mood::kAnswers);
        charger->let_cars_be();
    }
}

}  // namespace busbar::trial
