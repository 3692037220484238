// The commands that talk to a running server and show its answers as tables.
#pragma once

#include <optional>
#include <string>

namespace busbar::app {

struct ClientOptions {
    std::string url = "http://127.0.0.1:3000";
    bool json = false;
};

struct RuleOptions {
    std::optional<std::string> charger, circuit, partner, site, limit, until, reason;
    bool all = false;
};

// Each returns the exit code: 0 done, 1 refused or no server, 2 wrong use.
int list_rules(const ClientOptions& options);
int add_rule(const ClientOptions& options, const std::string& kind, const RuleOptions& rule);
int set_limit(const ClientOptions& options, const std::string& id, const std::string& limit);
int delete_rule(const ClientOptions& options, const std::string& id);
int list_chargers(const ClientOptions& options);
int charger_deed(const ClientOptions& options, const std::string& id, const std::string& deed);
int explain_charger(const ClientOptions& options, const std::string& id);

}  // namespace busbar::app
