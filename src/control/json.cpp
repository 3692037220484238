#include "control/json.hpp"

#include <array>
#include <cstdlib>
#include <ratio>

namespace busbar::control {
namespace {

constexpr std::array<std::string_view, 7> kDayNames{"Mon", "Tue", "Wed", "Thu",
                                                    "Fri", "Sat", "Sun"};

// "07:30".
std::string clock_time(std::chrono::minutes since_midnight) {
    const auto two_digits = [](auto n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    return two_digits(since_midnight.count() / 60) + ":" + two_digits(since_midnight.count() % 60);
}

// A duration in thousandths of a unit.
template <class Unit>
std::int64_t milli_of(Duration duration) {
    using Thousandth =
        std::chrono::duration<std::int64_t, std::ratio_divide<typename Unit::period, std::kilo>>;
    return std::chrono::floor<Thousandth>(duration).count();
}

// In thousands of its unit, with all its digits: 11 kW of 11,000 W.
template <class Unit>
void write_kilo(JsonWriter& json, Quantity<Unit> quantity) {
    constexpr std::int64_t kMilliInKilo = 1'000'000;
    constexpr std::size_t kDigits = 6;
    const auto milli = quantity.in_milli();
    auto text = std::to_string(std::abs(milli) % kMilliInKilo);
    text = "." + std::string(kDigits - text.size(), '0') + text;
    text.erase(text.find_last_not_of("0.") + 1);
    json.raw((milli < 0 ? "-" : "") + std::to_string(std::abs(milli) / kMilliInKilo) + text);
}

template <class T>
void member_if(JsonWriter& json, std::string_view name, const std::optional<T>& value) {
    if (value) json.member(name, *value);
}

void write_term(JsonWriter& json, const SelectorTerm& term) {
    const auto word = to_string(term.kind);
    const bool number = term.kind == SelectorKind::kTransaction && !term.name.empty() &&
                        term.name.find_first_not_of("0123456789") == std::string::npos &&
                        term.name.front() != '0';
    if (term.kind == SelectorKind::kAll)
        json.member(word, true);
    else if (number)
        json.key(word).raw(term.name);
    else
        json.member(word, term.name);
}

void write_selector(JsonWriter& json, const Selector& select) {
    json.begin_object();
    write_term(json, select.term());
    if (!select.except.empty()) {
        json.key("except").begin_array();
        for (const auto& term : select.except) {
            json.begin_object();
            write_term(json, term);
            json.end_object();
        }
        json.end_array();
    }
    json.end_object();
}

void write_suspends(JsonWriter& json, const Suspends& suspends) {
    json.begin_object();
    member_if(json, "rule", suspends.rule);
    if (suspends.kind) json.member("kind", to_string(*suspends.kind));
    json.end_object();
}

void write_building(JsonWriter& json, const BuildingLoad& load) {
    json.begin_object().member("meter", load.meter).member("covers", to_string(load.covers));
    json.key("staleAfterS").milli(milli_of<std::chrono::seconds>(load.stale_after));
    write_json(json.key("worstCaseA"), load.worst_case);
    json.end_object();
}

void write_external(JsonWriter& json, const ExternalLimit& external) {
    const auto lines = [&](std::string_view name, const std::optional<PerPhase>& amperes) {
        json.key(name);
        if (amperes)
            write_json(json, *amperes);
        else
            json.null();
    };
    json.begin_object();
    lines("limitA", external.limit);
    lines("failsafeA", external.failsafe);
    json.key("heartbeatS").milli(milli_of<std::chrono::seconds>(external.heartbeat));
    json.key("failsafeForS").milli(milli_of<std::chrono::seconds>(external.failsafe_for));
    json.member("source", external.source);
    member_if(json, "failsafeUntil", external.failsafe_until);
    json.end_object();
}

void write_output(JsonWriter& json, const DcOutput& dc) {
    json.begin_object();
    write_kilo(json.key("maximumKw"), dc.maximum);
    write_kilo(json.key("minimumKw"), dc.minimum);
    json.member("efficiencyPct", dc.efficiency_min);
    write_kilo(json.key("auxiliaryKw"), dc.auxiliary);
    json.member("powerFactorPct", dc.power_factor).end_object();
}

}  // namespace

void write_json(JsonWriter& json, const PerPhase& amperes) {
    json.begin_object();
    for (const auto phase : kPhases) json.member(to_string(phase), amperes[phase]);
    json.end_object();
}

void write_json(JsonWriter& json, const Window& window) {
    json.begin_object();
    json.key("days").begin_array();
    for (std::size_t day = 0; day < kDayNames.size(); ++day)
        if ((window.days >> day & 1U) != 0) json.string(kDayNames[day]);
    json.end_array()
        .member("from", clock_time(window.from))
        .member("until", clock_time(window.until));
    if (!window.zone.empty()) json.member("zone", window.zone);
    json.end_object();
}

void write_json(JsonWriter& json, const Share& share) {
    json.begin_object()
        .member("policy", to_string(share.policy))
        .member("strictBands", share.strict_bands)
        .member("minFirst", share.min_first);
    json.key("rotationMinutes").milli(milli_of<std::chrono::minutes>(share.rotation_slot));
    json.member("reclaim", share.reclaim).end_object();
}

void write_json(JsonWriter& json, const Site& site) {
    json.begin_object()
        .member("id", site.id)
        .member("name", site.name)
        .member("zone", site.zone)
        .member("wiring", to_string(site.supply.wiring))
        .member("nominalV", site.supply.nominal);
    json.key("raiseSpreadS").milli(milli_of<std::chrono::seconds>(site.raise_spread));
    json.key("leaseS").milli(milli_of<std::chrono::seconds>(site.lease));
    json.end_object();
}

void write_json(JsonWriter& json, const Circuit& circuit) {
    json.begin_object()
        .member("id", circuit.id)
        .member("site", circuit.site)
        .member("parent", circuit.parent)
        .member("name", circuit.name);
    write_json(json.key("breakerA"), circuit.breaker);
    json.member("safetyPct", circuit.safety_pct).member("active", circuit.active);
    if (circuit.share) write_json(json.key("share"), *circuit.share);
    if (!circuit.peaks.empty()) {
        json.key("peaks").begin_array();
        for (const auto& peak : circuit.peaks) {
            write_json(json.begin_object().key("window"), peak.window);
            json.member("percent", peak.percent).end_object();
        }
        json.end_array();
    }
    if (circuit.building) write_building(json.key("building"), *circuit.building);
    if (circuit.external) write_external(json.key("externalLimit"), *circuit.external);
    json.end_object();
}

void write_json(JsonWriter& json, const Charger& charger) {
    const auto settle = std::chrono::floor<std::chrono::milliseconds>(charger.settle);
    json.begin_object()
        .member("id", charger.id)
        .member("circuit", charger.circuit)
        .member("name", charger.name)
        .member("partner", charger.partner)
        .member("maximumA", charger.maximum)
        .member("minimumA", charger.minimum)
        .member("floorA", charger.floor)
        .member("quantumA", charger.quantum)
        .member("evseCount", charger.evse_count)
        .member("phases", to_string(charger.phases))
        .member("rotation", to_string(charger.rotation))
        .member("settleMs", std::int64_t{settle.count()})
        .member("keepsProfiles", charger.keeps_profiles)
        .member("trust", to_string(charger.trust))
        .member("rateUnit", to_string(charger.rate_unit))
        .member("schedulePeriods", charger.schedule_periods)
        .member("writesPerDay", charger.writes_per_day)
        .member("managed", charger.managed)
        .member("priority", charger.priority);
    json.key("tags").begin_array();
    for (const auto& tag : charger.tags) json.string(tag);
    json.end_array();
    if (charger.dc) write_output(json.key("dc"), *charger.dc);
    json.end_object();
}

void write_json(JsonWriter& json, const Rule& rule) {
    json.begin_object()
        .member("id", rule.id)
        .member("site", rule.site)
        .member("kind", to_string(rule.kind));
    write_selector(json.key("select"), rule.select);
    json.member("limitA", rule.limit);
    if (rule.limit_power) write_kilo(json.key("limitKw"), *rule.limit_power);
    member_if(json, "limitPct", rule.limit_pct);
    if (rule.scope) json.member("scope", to_string(*rule.scope));
    if (rule.standing) json.member("standing", true);
    if (rule.force) json.member("force", true);
    member_if(json, "band", rule.band);
    member_if(json, "weight", rule.weight);
    if (rule.share) write_json(json.key("share"), *rule.share);
    if (rule.suspends) write_suspends(json.key("suspends"), *rule.suspends);
    if (rule.window) write_json(json.key("window"), *rule.window);
    member_if(json, "startsAt", rule.starts_at);
    json.member("expiresAt", rule.expires_at)
        .member("layer", to_string(rule.layer))
        .member("enabled", rule.enabled)
        .member("reason", rule.reason)
        .member("author", rule.author)
        .member("version", rule.version)
        .member("createdAt", rule.created_at)
        .end_object();
}

void write_json(JsonWriter& json, const ChargerAccess& access) {
    json.begin_object().member("charger", access.charger).key("securityProfile");
    if (access.profile)
        json.integer(static_cast<int>(*access.profile));
    else
        json.null();
    json.member("certificateName", access.certificate_name)
        .member("hasKey", access.key.has_value())
        .key("oldKeyUntil");
    if (access.old_key)
        json.string(format_time(access.old_key_until));
    else
        json.null();
    json.end_object();
}

void write_json(JsonWriter& json, const IdTag& id_tag) {
    json.begin_object()
        .member("tag", id_tag.tag)
        .member("site", id_tag.site)
        .member("group", id_tag.group)
        .end_object();
}

void write_json(JsonWriter& json, const Transaction& transaction) {
    json.begin_object()
        .member("id", transaction.id)
        .member("charger", transaction.evse.charger)
        .member("evse", transaction.evse.number)
        .member("idTag", transaction.id_tag)
        .member("startedAt", transaction.started_at)
        .member("meterStartWh", transaction.meter_start)
        .member("stoppedAt", transaction.stopped_at);
    json.key("meterStopWh");
    if (transaction.stopped_at)
        json.milli(transaction.meter_stop.in_milli());
    else
        json.null();
    json.member("stopReason", transaction.stop_reason);
    if (!transaction.own_id.empty()) json.member("stationTransactionId", transaction.own_id);
    if (transaction.requested || transaction.depart_by) {
        json.key("wish").begin_object();
        if (transaction.requested) write_kilo(json.key("energyKwh"), *transaction.requested);
        member_if(json, "departBy", transaction.depart_by);
        json.end_object();
    }
    json.end_object();
}

void write_json(JsonWriter& json, const Reason& reason) {
    json.begin_object().member("kind", to_string(reason.kind));
    member_if(json, "rule", reason.rule);
    member_if(json, "other", reason.other);
    if (!reason.row.empty()) json.member("row", reason.row);
    if (reason.phase) json.member("phase", to_string(*reason.phase));
    if (reason.sharers > 0) json.member("sharers", reason.sharers);
    if (reason.band > 0) json.member("band", reason.band);
    if (reason.amount != 0_A) json.member("amountA", reason.amount);
    if (reason.rating != 0_A) json.member("ratingA", reason.rating);
    if (!reason.source.empty()) json.member("source", reason.source);
    member_if(json, "since", reason.since);
    member_if(json, "until", reason.until);
    json.member("text", to_sentence(reason)).end_object();
}

}  // namespace busbar::control
