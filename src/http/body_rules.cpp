// Rules, pauses and plans.
#include <algorithm>
#include <array>

#include "http/body.hpp"
#include "http/body_parts.hpp"

namespace busbar::http {
namespace {

constexpr std::size_t kMostExceptions = 32;
constexpr std::size_t kMostPlanned = 64;

// --- Whom ----------------------------------------------------------------------------------

constexpr std::array kNamed{SelectorKind::kCharger,    SelectorKind::kEvse,
                            SelectorKind::kCircuit,    SelectorKind::kTag,
                            SelectorKind::kPartner,    SelectorKind::kIdTagGroup,
                            SelectorKind::kTransaction};

constexpr std::string_view kOneSelector =
    R"(must be one of {"charger":"CP-7"}, {"evse":"CP-7/2"}, {"circuit":"..."}, {"tag":"..."}, )"
    R"({"partner":"..."}, {"idTagGroup":"..."}, {"transaction":12}, {"all":true})";

// A transaction's number, which may stand as a text, too.
std::optional<std::string> transaction_in(Fields& fields, std::string_view word) {
    constexpr std::size_t kMostDigits = 18;
    const auto json = fields.any(word);
    if (!json) return {};
    const auto* number = std::get_if<JsonNumber>(&json->value);
    const auto* text = std::get_if<std::string>(&json->value);
    auto digits = number != nullptr ? number->text : text != nullptr ? *text : std::string();
    if (!digits.empty() && digits.size() <= kMostDigits && digits.front() != '0' &&
        digits.find_first_not_of("0123456789") == std::string::npos)
        return digits;
    fields.wrong(word, "must be the number of a transaction");
    return {};
}

// The one term that stands there beside what else is asked of the fields; empty if there is none,
// or more than one.
std::optional<SelectorTerm> term_in(Fields& fields) {
    std::optional<SelectorTerm> term;
    int terms = 0;
    for (const auto kind : kNamed) {
        const auto word = to_string(kind);
        auto name = kind == SelectorKind::kTransaction ? transaction_in(fields, word)
                                                       : fields.text(word, kMostNameBytes);
        if (!name) continue;
        if (name->empty()) fields.wrong(word, "must not be empty");
        term = SelectorTerm{kind, *std::move(name)};
        ++terms;
    }
    if (const auto all = fields.truth(to_string(SelectorKind::kAll))) {
        if (!*all) fields.wrong("all", "must be true");
        term = SelectorTerm{};
        ++terms;
    }
    return terms == 1 ? term : std::nullopt;
}

void add_exception(Json json, const std::string& name, Fields& fields, Selector& select) {
    auto* members = std::get_if<std::vector<JsonMember>>(&json.value);
    auto inner = members == nullptr ? Fields(std::vector<JsonMember>{})
                                    : Fields(std::move(*members), name + ".");
    auto term = term_in(inner);
    if (auto finished = inner.finish(); !finished)
        return fields.wrong_in(std::move(finished).error());
    if (!term) return fields.wrong_in({Errc::kInvalid, std::string(kOneSelector), name});
    select.except.push_back(*std::move(term));
}

// One object, or a list of them.
void exceptions_in(Fields& fields, Selector& select) {
    auto json = fields.any("except");
    if (!json || json->is_null()) return;
    const auto name = fields.full_name("except");
    if (!std::holds_alternative<std::vector<Json>>(json->value))
        return add_exception(*std::move(json), name, fields, select);
    auto list = fields.list("except", kMostExceptions);
    if (!list) return;
    for (std::size_t i = 0; i < list->size(); ++i)
        add_exception(std::move((*list)[i]), name + "[" + std::to_string(i) + "]", fields, select);
}

std::optional<Selector> selector_in(Fields& fields) {
    const auto json = fields.required("select", fields.any("select"));
    if (!json) return {};
    if (!std::holds_alternative<std::vector<JsonMember>>(json->value)) {
        fields.wrong("select", std::string(kOneSelector));
        return {};
    }
    auto inner = *fields.object("select");
    Selector select;
    const auto term = term_in(inner);
    exceptions_in(inner, select);
    if (auto finished = inner.finish(); !finished) {
        fields.wrong_in(std::move(finished).error());
        return {};
    }
    if (!term) {
        fields.wrong("select", std::string(kOneSelector));
        return {};
    }
    select.kind = term->kind;
    select.name = term->name;
    return select;
}

// --- What ----------------------------------------------------------------------------------

struct Limits {
    std::optional<Amperes> amperes;
    std::optional<Watts> power;
    std::optional<Percent> percent;
};

// One of the three at most.
Limits limits_in(Fields& fields) {
    Limits limits;
    limits.amperes = fields.amperes("limitA");
    limits.power = fields.kilo<Watts>("limitKw");
    limits.percent = fields.quantity<Percent>("limitPct");
    const int given = fields.has("limitA") + fields.has("limitKw") + fields.has("limitPct");
    if (given > 1)
        fields.wrong(fields.has("limitPct") ? "limitPct" : "limitKw",
                     "must stand alone: one of limitA, limitKw and limitPct");
    return limits;
}

std::optional<Layer> layer_in(Fields& fields) {
    return word_in(fields, "layer", parse_layer,
                   "default, driver, partner, operator, grid or safety");
}

std::optional<Suspends> suspends_in(Fields& fields) {
    auto object = fields.object("suspends");
    if (!object) return {};
    Suspends suspends;
    suspends.rule = id_in<RuleId>(*object, "rule");
    suspends.kind = word_in(*object, "kind", parse_rule_kind, "the kind of a rule, such as cap");
    if (auto finished = object->finish(); !finished) fields.wrong_in(std::move(finished).error());
    return suspends;
}

// Operators' words for rules of certain shapes.
enum class Word : std::uint8_t { kPlain, kSchedule, kSafety, kTimeOfUse };

struct AskedKind {
    RuleKind kind = RuleKind::kCap;
    Word word = Word::kPlain;
};

std::optional<AskedKind> parse_kind(std::string_view word) {
    if (word == "schedule") return AskedKind{RuleKind::kCap, Word::kSchedule};
    if (word == "safety") return AskedKind{RuleKind::kCap, Word::kSafety};
    if (word == "time_of_use") return AskedKind{RuleKind::kCap, Word::kTimeOfUse};
    if (const auto kind = parse_rule_kind(word)) return AskedKind{*kind, Word::kPlain};
    return {};
}

// What such a word promises beyond its kind.
void keep_word(Word word, Fields& fields, Rule& rule) {
    const bool timed = word == Word::kSchedule || word == Word::kTimeOfUse;
    if (timed && !fields.has("window")) fields.wrong("window", "is required");
    if (word == Word::kTimeOfUse) {
        if (!rule.limit_pct) fields.wrong("limitPct", "is required");
        if (rule.select.kind != SelectorKind::kCircuit)
            fields.wrong("select", R"(must be {"circuit":"..."} for time_of_use)");
    }
    if (word == Word::kSafety) {
        if (fields.has("layer") && rule.layer != Layer::kSafety)
            fields.wrong("layer", "must be safety, or left out");
        rule.layer = Layer::kSafety;
    }
}

RuleRequest rule_in(Fields& fields, TimePoint now) {
    RuleRequest request;
    auto& rule = request.draft;
    // Null where it means the same as nothing.
    for (const auto* name : {"limitA", "limitKw", "limitPct", "scope", "band", "weight", "share",
                             "suspends", "window", "startsAt", "expiresAt"})
        (void)fields.take_null(name);
    const auto kind = fields.required(
        "kind", word_in(fields, "kind", parse_kind,
                        "cap, reserve, pause, exclude, share, rank, suspend, boost, schedule, "
                        "safety or time_of_use"));
    if (auto select = selector_in(fields)) rule.select = *std::move(select);
    const auto limits = limits_in(fields);
    rule.limit = limits.amperes;
    rule.limit_power = limits.power;
    rule.limit_pct = limits.percent;
    rule.scope = word_in(fields, "scope", parse_scope, "each or sum");
    rule.layer = layer_in(fields).value_or(rule.layer);
    rule.enabled = fields.truth("enabled").value_or(rule.enabled);
    rule.standing = fields.truth("standing").value_or(rule.standing);
    rule.force = fields.truth("force").value_or(rule.force);
    rule.band = small_in(fields, "band");
    rule.weight = fields.quantity<Weight>("weight");
    rule.share = share_in(fields, "share");
    rule.suspends = suspends_in(fields);
    rule.window = window_in(fields, "window");
    rule.starts_at = moment_in(fields, "startsAt", now);
    rule.expires_at = moment_in(fields, "expiresAt", now);
    rule.reason = fields.text("reason", kMostReasonBytes).value_or("");
    request.site = site_in(fields);
    if (!kind) return request;
    rule.kind = kind->kind;
    keep_word(kind->word, fields, rule);
    if (rule.kind == RuleKind::kSuspend && !rule.suspends) rule.suspends.emplace();
    return request;
}

bool changes_nothing(const control::RulePatch& patch) {
    return !patch.limit && !patch.limit_power && !patch.limit_pct && !patch.expires_at &&
           !patch.starts_at && !patch.window && !patch.reason && !patch.enabled &&
           !patch.standing && !patch.force && !patch.band && !patch.weight && !patch.share &&
           !patch.layer;
}

// --- Plans ---------------------------------------------------------------------------------

// A rule that has the id of one there is stands for that.
Result<control::RuleDraft> planned_rule(Json json, std::size_t n, TimePoint now,
                                        PlanRequest& plan) {
    const auto name = "rules[" + std::to_string(n) + "]";
    auto* members = std::get_if<std::vector<JsonMember>>(&json.value);
    if (members == nullptr) return Error{Errc::kInvalid, "must be an object", name};
    Fields fields(std::move(*members), name + ".");
    auto request = rule_in(fields, now);
    if (auto id = id_in<RuleId>(fields, "id")) request.draft.id = *std::move(id);
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    if (request.site && !plan.site) plan.site = request.site;
    return std::move(request.draft);
}

// {"id":{...},...}: each read by `read`, in the order they are written.
template <class Id, class Value>
Status planned_things(Fields& fields, std::string_view name,
                      Result<Value> (*read)(std::vector<JsonMember>, const std::string&),
                      std::vector<std::pair<Id, Value>>& into) {
    auto json = fields.any(name);
    if (!json || json->is_null()) return Done{};
    auto* things = std::get_if<std::vector<JsonMember>>(&json->value);
    if (things == nullptr) return Error{Errc::kInvalid, "must be an object", std::string(name)};
    for (auto& [id, value] : *things) {
        const auto path = std::string(name) + "." + id;
        auto* members = std::get_if<std::vector<JsonMember>>(&value.value);
        if (members == nullptr || id.empty())
            return Error{Errc::kInvalid, "must be an object", path};
        BUSBAR_TRY(thing, read(std::move(*members), path + "."));
        into.emplace_back(Id(id), std::move(thing));
    }
    return Done{};
}

Status planned_rules(Fields& fields, TimePoint now, PlanRequest& plan) {
    if (auto rules = fields.list("rules", kMostPlanned))
        for (std::size_t n = 0; n < rules->size(); ++n) {
            BUSBAR_TRY(rule, planned_rule(std::move((*rules)[n]), n, now, plan));
            plan.rules.push_back(std::move(rule));
        }
    if (const auto ids = fields.list("withoutRules", kMostPlanned))
        for (const auto& item : *ids) {
            const auto* id = std::get_if<std::string>(&item.value);
            if (id == nullptr || id->empty())
                return Error{Errc::kInvalid, "must be a list of ids", "withoutRules"};
            plan.without_rules.emplace_back(*id);
        }
    return Done{};
}

}  // namespace

Result<RuleRequest> parse_rule(std::string_view body, TimePoint now) {
    BUSBAR_TRY(fields, Fields::of(body));
    auto request = rule_in(fields, now);
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    return request;
}

Result<control::RulePatch> parse_rule_patch(std::string_view body, TimePoint now) {
    BUSBAR_TRY(fields, Fields::of(body));
    const auto moment = [now](Fields& from, std::string_view name) {
        return moment_in(from, name, now);
    };
    control::RulePatch patch;
    const auto limits = limits_in(fields);
    patch.limit = limits.amperes;
    patch.limit_power = limits.power;
    patch.limit_pct = limits.percent;
    patch.expires_at = change_in(fields, "expiresAt", moment);
    patch.starts_at = change_in(fields, "startsAt", moment);
    patch.window = change_in(fields, "window", window_in);
    patch.reason = fields.text("reason", kMostReasonBytes);
    patch.enabled = fields.truth("enabled");
    patch.standing = fields.truth("standing");
    patch.force = fields.truth("force");
    patch.band = small_in(fields, "band");
    patch.weight = fields.quantity<Weight>("weight");
    patch.share = share_in(fields, "share");
    patch.layer = layer_in(fields);
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    if (changes_nothing(patch))
        return Error{Errc::kInvalid,
                     "nothing to change: limitA, limitKw, limitPct, expiresAt, startsAt, window, "
                     "reason, enabled, standing, force, band, weight, share or layer"};
    return patch;
}

Result<RuleRequest> parse_pause(std::string_view body, Selector select, TimePoint now) {
    RuleRequest request;
    request.draft.kind = RuleKind::kPause;
    request.draft.select = std::move(select);
    if (body.empty()) return request;
    BUSBAR_TRY(fields, Fields::of(body));
    (void)fields.take_null("expiresAt");
    request.draft.expires_at = moment_in(fields, "expiresAt", now);
    request.draft.reason = fields.text("reason", kMostReasonBytes).value_or("");
    request.site = site_in(fields);
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    return request;
}

Result<PlanRequest> parse_plan(std::string_view body, TimePoint now) {
    BUSBAR_TRY(fields, Fields::of(body));
    PlanRequest plan;
    plan.site = site_in(fields);
    (void)fields.take_null("at");
    plan.at = moment_in(fields, "at", now);
    const auto rules = planned_rules(fields, now, plan);
    const auto circuits = planned_things(fields, "circuits", read_circuit, plan.circuits);
    const auto chargers = planned_things(fields, "chargers", read_charger, plan.chargers);
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    for (const auto* read : {&rules, &circuits, &chargers})
        if (!*read) return read->error();
    return plan;
}

}  // namespace busbar::http
