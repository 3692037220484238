// The commands that talk to a running server and show its answers as tables.
#pragma once

#include <string>
#include <vector>

#include "app/rule_options.hpp"

namespace busbar::app {

struct ClientOptions {
    std::string url = "http://127.0.0.1:3000";
    bool json = false;
};

// Each returns the exit code: 0 done, 1 refused or no server, 2 wrong use.
int list_rules(const ClientOptions& options);
int add_rule(const ClientOptions& options, const std::string& kind, const RuleOptions& rule);
int change_rule(const ClientOptions& options, const std::string& id, const RuleOptions& rule);
int delete_rule(const ClientOptions& options, const std::string& id);
int list_chargers(const ClientOptions& options);
int pause_or_resume(const ClientOptions& options, const std::string& things, const std::string& id,
                    const std::string& deed);
// As typed: amounts are the server's to check.
struct ExternalOptions {
    std::optional<std::string> limit, kilowatts, failsafe, failsafe_kilowatts;
    std::optional<std::string> heartbeat, failsafe_for, source;
    bool clear = false;
};
int external_limit(const ClientOptions& options, const std::string& circuit,
                   const ExternalOptions& limit);
// What would be if the rule were there, or these were not; now, or at `at` unless that is empty.
int plan_rule(const ClientOptions& options, const std::string& kind, const RuleOptions& rule,
              const std::string& at);
int plan_without(const ClientOptions& options, const std::vector<std::string>& rules,
                 const std::string& at);
struct ProbeWords {
    int evse = 1;
    int lease_s = 60;
    bool no_reset = false;
    bool no_refuse = false;
    bool driver_warned = false;
};
// Begins the probe, shows each step as it ends, and then what came of it.
int probe_charger(const ClientOptions& options, const std::string& id, const ProbeWords& words);
int explain_charger(const ClientOptions& options, const std::string& id);

}  // namespace busbar::app
