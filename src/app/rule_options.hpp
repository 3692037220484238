// What the command line says about a rule, as the JSON that the server takes.
//
// Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace busbar::app {

// As typed. Which of them go with a kind of rule is the server's to say.
struct RuleOptions {
    // Whom: one of these.
    std::optional<std::string> charger, evse, circuit, tag, partner, id_tag_group, transaction;
    bool all = false;
    std::vector<std::string> except;  // "kind:name"
    std::optional<std::string> site;

    // How much: one of these.
    std::optional<std::string> limit, kilowatts, percent;
    std::optional<std::string> scope, layer;
    bool standing = false;
    bool force = false;
    std::optional<int> band;
    std::optional<std::string> weight;
    // Of a share.
    std::optional<std::string> policy, rotation_minutes;
    bool strict_bands = false;
    bool band_by_band = false;
    bool keep_unused = false;
    // Of a suspension.
    std::optional<std::string> suspended_rule, suspended_kind;

    // When. For a change, "none" takes it away.
    std::optional<std::string> window, from, until;
    std::optional<std::string> reason;
    // For a change only.
    bool enable = false;
    bool disable = false;
};

// The body of POST /api/v1/rules. Fails with kInvalid, naming the option.
Result<std::string> rule_json(const std::string& kind, const RuleOptions& options);

// The body of PATCH /api/v1/rules/{id}, of what is given. Fails as above.
Result<std::string> patch_json(const RuleOptions& options);

}  // namespace busbar::app
