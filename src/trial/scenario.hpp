// A scenario: a site, what happens there, and what is expected of it, as a text that reads as the
// product's manual and runs in milliseconds.
//
//     site      garage  zone Europe/Berlin  starts 2026-02-10
//     circuit   feeder  63A  safety 0%
//     charger   a, b, c  on feeder  max 32A  minimum 6A  floor 0A  quantum 0.1A
//     10:00     plug a, b              expect  a 31.5A  b 31.5A
//     10:01     rule cap a 10A         expect  a 10A within 100ms  b 32A after settle
//     10:02     offline b; plug c      expect  b reserves 32A  c 21A within 30s
//
// Times are UTC; one that is earlier than the line before is on the next day; "+30s" counts from
// the line before. What is expected has to be true a second later, or `within` a time, or when a
// time is over: `after 30s`, `after settle` (the longest settle time of the site and a second).
// tests/scenarios/README.md lists the words.
//
// All that a trial checks holds in a scenario, too.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/site.hpp"
#include "trial/virtual_charger.hpp"

namespace busbar::trial {

class Play;

struct Expectation {
    enum class When : std::uint8_t { kSoon, kWithin, kAfter, kAfterSettle };

    std::string text;
    // What is instead; empty: it is so.
    std::function<std::string(Play&)> differs;
    When when = When::kSoon;
    Duration time{0};  // With kWithin and kAfter.
};

struct Step {
    int line = 0;
    TimePoint at = {};
    std::vector<std::function<void(Play&)>> deeds = {};
    std::vector<Expectation> expectations = {};
};

struct Scenario {
    SiteConfig config;
    std::vector<Manners> manners;  // In the order of the chargers in `config`.
    std::vector<ChargerId> away;   // They connect only when told to.
    std::vector<Step> steps;
};

// Fails with kInvalid, naming the line and what would be right.
Result<Scenario> parse_scenario(std::string_view text);

// Fails with kConflict at the first expectation that does not hold: its line, what is instead,
// and the trace. Deterministic.
Status play_scenario(const Scenario& scenario);

}  // namespace busbar::trial
