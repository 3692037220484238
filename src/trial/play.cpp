#include "trial/play.hpp"

#include <algorithm>

namespace busbar::trial {
namespace {

using namespace std::chrono_literals;

constexpr Duration kBefore = 1min;  // The site runs for so long before the first line.
constexpr Duration kInASecond = 1s;
constexpr Duration kStep = 10ms;

TimePoint start_of(const Scenario& scenario) {
    return (scenario.steps.empty() ? TimePoint{} : scenario.steps.front().at) - kBefore;
}

WorldSetup setup_of(const Scenario& scenario) {
    WorldSetup setup{.config = scenario.config,
                     .network = NetworkSettings::ideal(),
                     .start = start_of(scenario)};
    std::vector<std::pair<ChargerId, Manners>> manners;
    for (std::size_t i = 0; i < scenario.manners.size(); ++i)
        manners.emplace_back(scenario.config.chargers[i].id, scenario.manners[i]);
    std::ranges::sort(manners, {}, &std::pair<ChargerId, Manners>::first);
    for (const auto& [id, each] : manners) setup.manners.push_back(each);
    return setup;
}

}  // namespace

Play::Play(const Scenario& scenario)
    : scenario_(scenario),
      world_(setup_of(scenario)),
      began_(world_.now()),
      start_(start_of(scenario)) {
    for (const auto& charger : scenario.config.chargers)
        settle_ = std::max(settle_, charger.settle);
}

Status Play::run() {
    world_.start_server();
    for (auto& charger : world_.chargers()) {
        if (std::ranges::find(scenario_.away, charger->id()) != scenario_.away.end())
            charger->keeps_dialling(false);
        charger->power_on();
    }
    for (const auto& step : scenario_.steps)
        if (auto played = play(step); !played) return played;
    return Done{};
}

Status Play::failed(const Step& step, const std::string& why) {
    return Error{Errc::kConflict,
                 "line " + std::to_string(step.line) + ": " + why + "\n\n" + world_.describe()};
}

Status Play::wait_until(const Step& step) {
    const auto due = began_ + (step.at - start_);
    if (due < world_.now())
        return failed(step, "its time has passed: what the line before expects takes longer");
    world_.run_for(std::chrono::ceil<Duration>(due - world_.now()));
    return Done{};
}

Status Play::play(const Step& step) {
    if (auto waited = wait_until(step); !waited) return waited;
    for (const auto& charger : world_.chargers()) sent_before_[charger->id()] = charger->limits();
    for (const auto& deed : step.deeds) deed(*this);
    for (const auto& expectation : step.expectations)
        if (const auto differs = meet(expectation); !differs.empty())
            return failed(step, "expected " + expectation.text + ": " + differs);
    if (world_.violated()) return failed(step, *world_.violated());
    return Done{};
}

// Lets the time pass that the expectation grants. What is instead, if it does not hold.
std::string Play::meet(const Expectation& expectation) {
    using enum Expectation::When;
    switch (expectation.when) {
        case kWithin: {
            auto differs = expectation.differs(*this);
            for (Duration waited{0}; !differs.empty() && waited < expectation.time;
                 waited += kStep) {
                world_.run_for(kStep);
                differs = expectation.differs(*this);
            }
            return differs;
        }
        case kSoon:
            world_.run_for(kInASecond);
            break;
        case kAfter:
            world_.run_for(expectation.time);
            break;
        case kAfterSettle:
            world_.run_for(settle_ + 1s);
            break;
    }
    return expectation.differs(*this);
}

VirtualCharger& Play::charger(const ChargerId& id) {
    const auto found =
        std::ranges::find_if(world_.chargers(), [&](const auto& each) { return each->id() == id; });
    BUSBAR_CHECK(found != world_.chargers().end());
    return **found;
}

const control::EvseReport* Play::report(const EvseId& evse) {
    const auto& report = world_.look();
    if (!report) return nullptr;
    for (const auto& each : report->chargers)
        if (each.charger.id == evse.charger)
            return &each.evses.at(static_cast<std::size_t>(evse.number - 1));
    return nullptr;
}

const control::CircuitReport* Play::report(const CircuitId& circuit) {
    const auto& report = world_.look();
    if (!report) return nullptr;
    for (const auto& each : report->circuits)
        if (each.circuit.id == circuit) return &each;
    return nullptr;
}

const RuleId* Play::rule(const std::string& name) const {
    const auto found = rules_.find(name);
    return found == rules_.end() ? nullptr : &found->second;
}

void Play::write(control::RuleDraft rule, const std::string& name) {
    refused_.clear();
    world_.create_rule(std::move(rule), [this, name](const Result<Rule>& written) {
        if (!written)
            refused_ = written.error().message;
        else if (!name.empty())
            rules_.insert_or_assign(name, written->id);
    });
}

void Play::change(const std::string& name, control::RulePatch patch) {
    refused_.clear();
    if (const auto* id = rule(name))
        world_.patch_rule(*id, std::move(patch), [this](const Result<Rule>& written) {
            if (!written) refused_ = written.error().message;
        });
}

void Play::forget(const std::string& name) {
    refused_.clear();
    if (const auto* id = rule(name))
        world_.delete_rule(*id, [this](const Result<Rule>& written) {
            if (!written) refused_ = written.error().message;
        });
}

std::uint64_t Play::messages(const ChargerId& id) {
    return charger(id).limits() - sent_before_[id];
}

Status play_scenario(const Scenario& scenario) {
    Play play(scenario);
    return play.run();
}

}  // namespace busbar::trial
