// What flows through each breaker of a site in a trial, at the worst, and by how much and how long
// it was too much.
//
// Pure: time is an argument. Cost: O(depth of the tree) for each change.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "domain/network.hpp"

namespace busbar::trial {

class Load {
public:
    // Requires: check_site(config).
    explicit Load(const SiteConfig& config);

    // From now on the EVSE may be drawing so much on each of its lines.
    void set(LeafIndex leaf, Amperes amount, SteadyPoint now);

    // The breaker that carries more than its rating right now; empty if none does.
    const std::string& overloaded() const { return overloaded_; }
    // Amperes above the rating times seconds, all breakers and lines together, until `now`.
    double ampere_seconds(SteadyPoint now) const;

    Amperes of(LeafIndex leaf) const { return drawn_[leaf]; }
    // Of the circuit's most loaded line. Requires: the circuit exists.
    Amperes on(const CircuitId& circuit) const;
    // One line a circuit: what each of its lines carries, of how much.
    std::string table() const;
    const Network& network() const { return network_; }

private:
    struct Breaker {
        std::string name;
        PerPhase rating;
        PerPhase sum;
    };

    Amperes excess() const;

    Network network_;
    std::vector<std::optional<Breaker>> breakers_;  // By row; empty: a row without a breaker.
    std::vector<Amperes> drawn_;
    std::string overloaded_;
    Amperes excess_;
    SteadyPoint since_ = {};
    double ampere_seconds_ = 0;
};

}  // namespace busbar::trial
