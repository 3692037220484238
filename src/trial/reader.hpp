// Reads a scenario line by line. What a line names must have been named before.
#pragma once

#include <set>

#include "trial/play.hpp"
#include "trial/words.hpp"

namespace busbar::trial {

class Reader {
public:
    // Errors do not name the line yet.
    Status line(int number, std::string_view text);
    // Checks the whole.
    Result<Scenario> finish() &&;

private:
    using Deed = std::function<void(Play&)>;
    using Check = std::function<std::string(Play&)>;

    // --- The site (reader_site.cpp) ---
    Status site(Words& words);
    Status circuit(Words& words);
    Status charger(Words& words);
    Status charger_word(Words& words, Charger& charger, Manners& manners, bool& away);
    Result<Window> window(Words& words) const;

    // --- What happens (reader_deeds.cpp) ---
    Status timed(int number, Words& words);
    Result<TimePoint> time(Words& words) const;
    Result<Deed> deed(Words& words);
    Result<Deed> charger_deed(const std::string& verb, Words& words);
    Result<Deed> server_deed(const std::string& verb, Words& words);
    Result<Deed> circuit_deed(const std::string& verb, Words& words);
    Result<Deed> plug(Words& words);
    Result<Deed> new_rule(Words& words);
    Status rule_word(Words& words, control::RuleDraft& rule, std::string& name);
    Status selector(Words& words, Selector& select);
    Result<Deed> changed_rule(Words& words);
    Result<Deed> forgotten_rule(Words& words);
    Result<std::string> known_rule(Words& words) const;

    // --- What is expected (reader_expectations.cpp) ---
    Result<Expectation> expectation(Words& words);
    Status timing(Words& words, Expectation& expectation) const;
    Result<Check> check(Words& words);
    Result<Check> evse_check(Words& words);
    Result<Check> circuit_check(const std::string& what, Words& words);

    // --- Names ---
    Result<ChargerId> charger_id(Words& words) const;
    Result<EvseId> evse_id(Words& words) const;
    Result<std::vector<EvseId>> evses(Words& words) const;
    Result<CircuitId> circuit_id(Words& words) const;
    const Charger* find(const std::string& id) const;

    Scenario scenario_{.config = {.site = {.id = SiteId("")}, .circuits = {}, .chargers = {}},
                       .manners = {},
                       .away = {},
                       .steps = {}};
    bool has_site_ = false;
    TimePoint day_ = {};
    std::set<std::string> rules_;  // Names given so far.
};

}  // namespace busbar::trial
