// A scenario while it is played: the world, and what its lines refer to.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "trial/scenario.hpp"
#include "trial/world.hpp"

namespace busbar::trial {

class Play {
public:
    explicit Play(const Scenario& scenario);

    Status run();

    // --- For deeds and expectations ---
    World& world() { return world_; }
    VirtualCharger& charger(const ChargerId& id);
    // Nothing while the server does not say.
    const control::EvseReport* report(const EvseId& evse);
    const control::CircuitReport* report(const CircuitId& circuit);
    void write(control::RuleDraft rule, const std::string& name);
    void change(const std::string& name, control::RulePatch patch);
    void forget(const std::string& name);
    const RuleId* rule(const std::string& name) const;
    // Why the last write was refused; empty if it was not.
    const std::string& refused() const { return refused_; }
    // Runs a write of the configuration; its refusal counts like a rule's.
    template <class T>
    control::Callback<T> outcome() {
        refused_.clear();
        return [this](const Result<T>& result) {
            if (!result) refused_ = result.error().message;
        };
    }
    control::Caller caller() const { return {"operator", world_.now()}; }
    // Limits sent to the charger since the line began.
    std::uint64_t messages(const ChargerId& id);

private:
    Status play(const Step& step);
    Status wait_until(const Step& step);
    std::string meet(const Expectation& expectation);
    Status failed(const Step& step, const std::string& why);

    const Scenario& scenario_;
    World world_;
    Duration settle_{0};
    SteadyPoint began_;
    TimePoint start_;
    std::map<std::string, RuleId> rules_;
    std::string refused_;
    std::map<ChargerId, std::uint64_t> sent_before_;
};

}  // namespace busbar::trial
