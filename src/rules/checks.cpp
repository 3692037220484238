#include <algorithm>

#include "rules/effective.hpp"
#include "rules/window_times.hpp"

namespace busbar {
namespace {

constexpr std::size_t kMaxReasonBytes = 256;
constexpr std::size_t kMaxAuthorBytes = 128;
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxExcept = 32;
constexpr Amperes kMaxLimit = 100'000_A;
constexpr Watts kMaxPower = Watts::of(100'000'000);
constexpr Weight kMaxWeight = Weight::of(1'000);

Error invalid_field(std::string field, std::string message) {
    return {Errc::kInvalid, std::move(message), std::move(field)};
}

// The part of a selector in the API: "select.charger".
std::string select_field(SelectorKind kind) {
    return "select." + std::string(to_string(kind));
}

bool knows(const SiteConfig& config, const SelectorTerm& term) {
    const auto any_charger = [&](auto is_meant) {
        return std::ranges::any_of(config.chargers, is_meant);
    };
    switch (term.kind) {
        case SelectorKind::kAll:
            return true;
        case SelectorKind::kCharger:
            return any_charger([&](const Charger& c) { return c.id.str() == term.name; });
        case SelectorKind::kEvse:
            return any_charger([&](const Charger& c) {
                if (!term.name.starts_with(c.id.str())) return false;
                if (term.name == c.id.str()) return true;
                for (int number = 1; number <= c.evse_count; ++number)
                    if (term.name == c.id.str() + "/" + std::to_string(number)) return true;
                return false;
            });
        case SelectorKind::kCircuit:
            return std::ranges::any_of(config.circuits,
                                       [&](const Circuit& c) { return c.id.str() == term.name; });
        case SelectorKind::kTag:
            return any_charger([&](const Charger& c) {
                return std::ranges::find(c.tags, term.name) != c.tags.end();
            });
        case SelectorKind::kPartner:
            return !term.name.empty() &&
                   any_charger([&](const Charger& c) { return c.partner == term.name; });
        case SelectorKind::kIdTagGroup:
            return !term.name.empty() && std::ranges::find(config.id_tags, term.name,
                                                           &IdTag::group) != config.id_tags.end();
        case SelectorKind::kTransaction:
            return true;  // They come and go.
    }
    __builtin_unreachable();
}

bool is_number(std::string_view text) {
    return !text.empty() && text.size() <= 18 && text.front() != '0' &&
           std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

Status check_term(const SiteConfig& config, const SelectorTerm& term, const std::string& field) {
    if (term.kind == SelectorKind::kTransaction && !is_number(term.name))
        return invalid_field(field, "must be the number of a transaction");
    if (term.kind == SelectorKind::kAll && !term.name.empty())
        return invalid_field(field, "must not name anything");
    if (term.name.size() > kMaxNameBytes) return invalid_field(field, "must have at most 64 bytes");
    if (knows(config, term)) return Done{};
    return Error{Errc::kNotFound,
                 std::string(to_string(term.kind)) + " '" + term.name +
                     "' does not exist at site " + config.site.id.str(),
                 field};
}

Status check_selector(const SiteConfig& config, const Rule& rule) {
    const auto& select = rule.select;
    BUSBAR_TRY(term, check_term(config, select.term(), select_field(select.kind)));
    (void)term;
    if (select.except.size() > kMaxExcept)
        return invalid_field("select.except", "must be at most 32");
    for (const auto& except : select.except) {
        BUSBAR_TRY(spared, check_term(config, except, "select.except"));
        (void)spared;
    }
    const bool of_circuits =
        select.kind == SelectorKind::kCircuit || select.kind == SelectorKind::kAll;
    if (rule.kind == RuleKind::kShare && (!of_circuits || !select.except.empty()))
        return invalid_field("select", "must be a circuit, or all, without exceptions");
    if (rule.kind == RuleKind::kExclude && depends_on_transactions(select))
        return invalid_field("select",
                             "must not depend on who is charging: what is excluded is "
                             "held whether a car is there or not");
    return Done{};
}

// What each kind may carry; everything else has to be absent.
Status check_belongings(const Rule& rule) {
    using enum RuleKind;
    const auto kind = rule.kind;
    const bool limits = kind == kCap || kind == kReserve;
    const struct {
        bool is_there;
        bool belongs;
        const char* field;
    } parts[] = {
        {rule.limit.has_value(), limits, "limitA"},
        {rule.limit_power.has_value(), limits, "limitKw"},
        {rule.limit_pct.has_value(), kind == kCap, "limitPct"},
        {rule.scope.has_value(), kind == kCap, "scope"},
        {rule.standing, kind == kReserve, "standing"},
        {rule.force, kind == kReserve, "force"},
        {rule.band.has_value(), kind == kRank || kind == kBoost, "band"},
        {rule.weight.has_value(), kind == kRank, "weight"},
        {rule.share.has_value(), kind == kShare, "share"},
        {rule.suspends.has_value(), kind == kSuspend, "suspends"},
    };
    for (const auto& part : parts)
        if (part.is_there && !part.belongs)
            return invalid_field(
                part.field, "does not belong to a rule of kind " + std::string(to_string(kind)));
    return Done{};
}

Status check_amounts(const Rule& rule) {
    const bool reserves = rule.kind == RuleKind::kReserve;
    if (!rule.limit && !rule.limit_power && !rule.limit_pct)
        return invalid_field("limitA", reserves ? "or limitKw is required for a reservation"
                                                : "or limitKw or limitPct is required for a cap");
    const char* const one = "must be the only one of limitA, limitKw and limitPct";
    if (rule.limit && rule.limit_power) return invalid_field("limitKw", one);
    if (rule.limit_pct && (rule.limit || rule.limit_power)) return invalid_field("limitPct", one);
    if (rule.limit && (*rule.limit < 0_A || *rule.limit > kMaxLimit))
        return invalid_field("limitA", "must be 0 to 100000 A");
    if (rule.limit_power && (*rule.limit_power < Watts{} || *rule.limit_power > kMaxPower))
        return invalid_field("limitKw", "must be 0 to 100000 kW");
    if (rule.limit_pct && (*rule.limit_pct < Percent{} || *rule.limit_pct > Percent::of(100)))
        return invalid_field("limitPct", "must be 0 to 100");
    return Done{};
}

Status check_suspends(const Rule& rule) {
    if (!rule.suspends) return invalid_field("suspends", "is required: a rule, a kind, or {}");
    if (rule.suspends->rule && rule.suspends->kind)
        return invalid_field("suspends", "must name a rule or a kind, not both");
    if (rule.suspends->kind == RuleKind::kSuspend || rule.suspends->kind == RuleKind::kBoost)
        return invalid_field("suspends", "must not be suspensions or boosts");
    return Done{};
}

Status check_ranks(const Rule& rule) {
    if (rule.kind == RuleKind::kRank && !rule.band && !rule.weight)
        return invalid_field("band", "or weight is required for a rank");
    if (rule.band && (*rule.band < kFirstBand || *rule.band > kLastBand))
        return invalid_field("band", "must be 1 to 9");
    if (rule.weight && (*rule.weight < Weight{} || *rule.weight > kMaxWeight))
        return invalid_field("weight", "must be 0 to 1000");
    return Done{};
}

// What the kind needs, in range.
Status check_kind(const Rule& rule) {
    switch (rule.kind) {
        case RuleKind::kCap:
            if (caps_sum(rule) && depends_on_transactions(rule.select))
                return invalid_field("scope",
                                     "must be each where the selection depends on who is "
                                     "charging");
            return check_amounts(rule);
        case RuleKind::kReserve:
            if (rule.standing && depends_on_transactions(rule.select))
                return invalid_field("standing",
                                     "must be false where the selection depends on "
                                     "who is charging");
            return check_amounts(rule);
        case RuleKind::kRank:
        case RuleKind::kBoost:
            return check_ranks(rule);
        case RuleKind::kShare:
            if (!rule.share) return invalid_field("share", "is required");
            if (rule.share->rotation_slot < Duration{0} ||
                rule.share->rotation_slot > std::chrono::hours{24})
                return invalid_field("share.rotationMinutes", "must be 0 to 86400");
            return Done{};
        case RuleKind::kSuspend:
            return check_suspends(rule);
        case RuleKind::kPause:
        case RuleKind::kExclude:
            return Done{};
    }
    __builtin_unreachable();
}

Status check_layer(const Rule& rule) {
    if (rule.layer != Layer::kSafety) return Done{};
    switch (rule.kind) {
        case RuleKind::kCap:
        case RuleKind::kPause:
            return Done{};
        case RuleKind::kSuspend:
        case RuleKind::kBoost:
            return Error{Errc::kForbidden, "must be below safety: nothing lifts safety rules",
                         "layer"};
        case RuleKind::kReserve:
        case RuleKind::kExclude:
        case RuleKind::kRank:
        case RuleKind::kShare:
            return invalid_field("layer", "must be below safety, which only caps and pauses");
    }
    __builtin_unreachable();
}

Status check_when(const Rule& rule) {
    if (rule.window) {
        if (const auto window = check_window(*rule.window); !window)
            return invalid_field("window." + window.error().field, window.error().message);
        if (!rule.window->zone.empty() && !zone_exists(rule.window->zone))
            return invalid_field("window.zone",
                                 "no time zone is called '" + rule.window->zone + "'");
    }
    if (rule.starts_at && rule.expires_at && *rule.expires_at <= *rule.starts_at)
        return invalid_field("expiresAt", "must be after startsAt");
    return Done{};
}

// The rule as if its time were now and always.
Rule timeless(Rule rule) {
    rule.window.reset();
    rule.starts_at.reset();
    rule.expires_at.reset();
    return rule;
}

// Promises, and the caps they have to fit under. A cap that comes and goes bounds its row at
// times, but lets no EVSE's reservation be counted for less.
std::vector<Rule> lasting_rules(std::span<const Rule> rules, TimePoint now) {
    std::vector<Rule> out;
    for (const auto& rule : rules) {
        if (!rule.enabled || rule.expired(now)) continue;
        const bool always =
            !rule.window && !rule.expires_at && !(rule.starts_at && now < *rule.starts_at);
        const bool promises = rule.kind == RuleKind::kExclude ||
                              (rule.kind == RuleKind::kReserve && rule.standing && !rule.force);
        const bool caps = rule.kind == RuleKind::kCap && (always || caps_sum(rule));
        if (promises || caps) out.push_back(timeless(rule));
    }
    return out;
}

// Only what effective_rules() reads of it, and every peak at all hours.
SiteConfig lasting_config(const SiteConfig& config) {
    SiteConfig out{.site = config.site, .circuits = config.circuits, .chargers = {}};
    for (auto& circuit : out.circuits)
        for (auto& peak : circuit.peaks) peak.window = Window{};
    return out;
}

}  // namespace

Status check_rule(const SiteConfig& config, const Rule& rule) {
    if (rule.reason.size() > kMaxReasonBytes)
        return invalid_field("reason", "must have at most 256 bytes");
    if (rule.author.size() > kMaxAuthorBytes)
        return invalid_field("author", "must have at most 128 bytes");
    BUSBAR_TRY(belongings, check_belongings(rule));
    (void)belongings;
    BUSBAR_TRY(layer, check_layer(rule));
    (void)layer;
    BUSBAR_TRY(kind, check_kind(rule));
    (void)kind;
    BUSBAR_TRY(when, check_when(rule));
    (void)when;
    return check_selector(config, rule);
}

Status check_suspension(std::span<const Rule> rules, const Rule& suspension) {
    if (suspension.kind != RuleKind::kSuspend || !suspension.suspends || !suspension.suspends->rule)
        return Done{};
    const auto& id = *suspension.suspends->rule;
    const auto found = std::ranges::find(rules, id, &Rule::id);
    const auto refused = [&](Errc code, const char* why) {
        return Error{code, "rule " + id.str() + " " + why, "suspends"};
    };
    if (found == rules.end()) return refused(Errc::kNotFound, "does not exist");
    if (found->layer == Layer::kSafety)
        return refused(Errc::kForbidden, "is of the safety layer: nothing lifts it");
    if (found->layer > suspension.layer)
        return refused(Errc::kForbidden, "is of a higher layer than the suspension");
    if (found->kind == RuleKind::kSuspend || found->kind == RuleKind::kBoost)
        return refused(Errc::kForbidden, "is a suspension or boost itself: delete it instead");
    return Done{};
}

Status check_rule(const SiteConfig& config, std::span<const Rule> rules, const Rule& rule) {
    BUSBAR_TRY(checked, check_rule(config, rule));
    (void)checked;
    return check_suspension(rules, rule);
}

std::vector<BrokenPromise> broken_promises(const SiteConfig& config, const Network& network,
                                           std::span<const Rule> rules, TimePoint now) {
    const auto lasting = lasting_rules(rules, now);
    const auto always = lasting_config(config);
    // A set's row stands for a rule that may not be among these: its budget is then unlimited.
    const auto effective = effective_rules(always, network, lasting, {}, now);
    std::vector<PerPhase> held(network.rows.size());
    std::vector<bool> promised(network.rows.size());
    for (LeafIndex i = 0; i < network.leaves.size(); ++i) {
        const auto& leaf = network.leaves[i];
        const auto& ruled = effective.leaves[i];
        const auto most = ruled.cap ? std::min(leaf.maximum, ruled.cap->limit) : leaf.maximum;
        const auto amount =
            ruled.exclude ? leaf.maximum : std::max(leaf.floor, std::min(ruled.held_idle, most));
        for (const auto row : leaf.rows) {
            promised[row] = promised[row] || ruled.exclude || ruled.held_idle > 0_A;
            for (const auto phase : kPhases)
                if (leaf.phases.has(phase)) held[row][phase] += amount;
        }
    }
    std::vector<BrokenPromise> out;
    for (RowIndex row = 0; row < network.rows.size(); ++row) {
        // A charger's own supply carries what its EVSEs can draw.
        if (!promised[row] || (!network.rows[row].circuit && !network.rows[row].rule)) continue;
        for (const auto phase : kPhases) {
            const auto amount = held[row][phase] - effective.rows[row].budget[phase];
            if (amount > 0_A)
                out.push_back(
                    {(network.rows[row].circuit ? "circuit " : "") + network.rows[row].name, phase,
                     amount});
        }
    }
    return out;
}

std::optional<BrokenPromise> first_worse(std::span<const BrokenPromise> before,
                                         std::span<const BrokenPromise> after) {
    const auto worse = std::ranges::find_if(after, [&](const BrokenPromise& now) {
        return std::ranges::none_of(before, [&](const BrokenPromise& was) {
            return was.row == now.row && was.phase == now.phase && was.amount >= now.amount;
        });
    });
    return worse == after.end() ? std::nullopt : std::optional{*worse};
}

Status check_promises(std::span<const BrokenPromise> before, std::span<const BrokenPromise> after) {
    const auto worse = first_worse(before, after);
    if (!worse) return Done{};
    return Error{Errc::kConflict,
                 "what is excluded or reserved for good, and the floors of the others, take " +
                     decimal(worse->amount.in_milli()) + " A more than " + worse->row + " has on " +
                     std::string(to_string(worse->phase))};
}

Status check_promises(const SiteConfig& config, const Network& network, std::span<const Rule> rules,
                      TimePoint now) {
    return check_promises({}, broken_promises(config, network, rules, now));
}

}  // namespace busbar
