#include "app/rule_options.hpp"

#include <array>
#include <utility>

#include "base/json_writer.hpp"

namespace busbar::app {
namespace {

using Text = std::optional<std::string>;

Error wrong(const char* option, std::string message) {
    return {Errc::kInvalid, std::move(message), option};
}

// --- Whom ----------------------------------------------------------------------------------

struct Named {
    const char* kind;
    const char* option;
    const Text* name;
};

std::array<Named, 7> named(const RuleOptions& options) {
    return {{{"charger", "--charger", &options.charger},
             {"evse", "--evse", &options.evse},
             {"circuit", "--circuit", &options.circuit},
             {"tag", "--tag", &options.tag},
             {"partner", "--partner", &options.partner},
             {"idTagGroup", "--id-tag-group", &options.id_tag_group},
             {"transaction", "--transaction", &options.transaction}}};
}

// "tag:ground-floor" as a member of an object.
Status write_exception(JsonWriter& json, const RuleOptions& options, const std::string& text) {
    const auto colon = text.find(':');
    const auto kind = text.substr(0, colon);
    for (const auto& each : named(options)) {
        // The words of the options go, too: "id-tag-group:staff".
        if (kind != each.kind && "--" + kind != each.option) continue;
        if (colon == std::string::npos || colon + 1 == text.size()) break;
        json.begin_object().member(each.kind, text.substr(colon + 1)).end_object();
        return Done{};
    }
    return wrong("--except", "must be a kind and a name, such as charger:CP-7 or tag:ground-floor");
}

Status write_selector(JsonWriter& json, const RuleOptions& options) {
    json.key("select").begin_object();
    int selectors = options.all;
    for (const auto& [kind, option, name] : named(options)) {
        if (!*name) continue;
        json.member(kind, **name);
        ++selectors;
    }
    if (options.all) json.member("all", true);
    if (selectors != 1)
        return Error{Errc::kInvalid,
                     "say one of --charger, --evse, --circuit, --tag, --partner, --id-tag-group, "
                     "--transaction and --all"};
    if (!options.except.empty()) {
        json.key("except").begin_array();
        for (const auto& text : options.except)
            if (auto status = write_exception(json, options, text); !status) return status;
        json.end_array();
    }
    json.end_object();
    return Done{};
}

// --- What ----------------------------------------------------------------------------------

Status write_number(JsonWriter& json, const char* name, const Text& text, const char* option) {
    if (!text) return Done{};
    const auto amount = parse_milli(*text);
    if (!amount) return wrong(option, amount.error().message);
    json.key(name).milli(*amount);
    return Done{};
}

Status write_amounts(JsonWriter& json, const RuleOptions& options) {
    auto status = write_number(json, "limitA", options.limit, "--limit");
    if (status) status = write_number(json, "limitKw", options.kilowatts, "--kw");
    if (status) status = write_number(json, "limitPct", options.percent, "--pct");
    if (status) status = write_number(json, "weight", options.weight, "--weight");
    return status;
}

void write_text(JsonWriter& json, const char* name, const Text& text) {
    if (text) json.member(name, *text);
}

// "none" is null where something can be taken away.
void write_moment(JsonWriter& json, const char* name, const Text& text) {
    if (text == "none")
        json.key(name).null();
    else
        write_text(json, name, text);
}

void write_flag(JsonWriter& json, const char* name, bool flag) {
    if (flag) json.member(name, true);
}

Status write_share(JsonWriter& json, const RuleOptions& options) {
    if (!options.policy && !options.rotation_minutes && !options.strict_bands &&
        !options.band_by_band && !options.keep_unused)
        return Done{};
    json.key("share").begin_object();
    write_text(json, "policy", options.policy);
    write_flag(json, "strictBands", options.strict_bands);
    if (options.band_by_band) json.member("minFirst", false);
    if (options.keep_unused) json.member("reclaim", false);
    auto status = write_number(json, "rotationMinutes", options.rotation_minutes, "--rotation");
    json.end_object();
    return status;
}

Status write_common(JsonWriter& json, const RuleOptions& options) {
    auto status = write_amounts(json, options);
    if (status) status = write_share(json, options);
    write_text(json, "layer", options.layer);
    write_flag(json, "standing", options.standing);
    write_flag(json, "force", options.force);
    if (options.band) json.member("band", *options.band);
    write_moment(json, "window", options.window);
    write_moment(json, "startsAt", options.from);
    write_moment(json, "expiresAt", options.until);
    write_text(json, "reason", options.reason);
    return status;
}

}  // namespace

Result<std::string> rule_json(const std::string& kind, const RuleOptions& options) {
    JsonWriter json;
    json.begin_object().member("kind", kind);
    auto status = write_selector(json, options);
    if (status) status = write_common(json, options);
    if (!status) return std::move(status).error();
    write_text(json, "scope", options.scope);
    if (options.suspended_rule || options.suspended_kind) {
        json.key("suspends").begin_object();
        write_text(json, "rule", options.suspended_rule);
        write_text(json, "kind", options.suspended_kind);
        json.end_object();
    }
    write_text(json, "site", options.site);
    return std::move(json.end_object()).text();
}

Result<std::string> patch_json(const RuleOptions& options) {
    JsonWriter json;
    json.begin_object();
    if (auto status = write_common(json, options); !status) return std::move(status).error();
    if (options.enable && options.disable)
        return wrong("--enable", "must not stand beside --disable");
    if (options.enable || options.disable) json.member("enabled", options.enable);
    return std::move(json.end_object()).text();
}

}  // namespace busbar::app
