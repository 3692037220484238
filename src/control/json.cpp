#include "control/json.hpp"

namespace busbar::control {

void write_json(JsonWriter& json, const PerPhase& amperes) {
    json.begin_object();
    for (const auto phase : kPhases) json.member(to_string(phase), amperes[phase]);
    json.end_object();
}

void write_json(JsonWriter& json, const Site& site) {
    json.begin_object()
        .member("id", site.id)
        .member("name", site.name)
        .member("zone", site.zone)
        .end_object();
}

void write_json(JsonWriter& json, const Circuit& circuit) {
    json.begin_object()
        .member("id", circuit.id)
        .member("site", circuit.site)
        .member("parent", circuit.parent)
        .member("name", circuit.name);
    json.key("breakerA");
    write_json(json, circuit.breaker);
    json.member("safetyPct", circuit.safety_pct).end_object();
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
        .member("settleMs", std::int64_t{settle.count()})
        .member("keepsProfiles", charger.keeps_profiles)
        .end_object();
}

void write_json(JsonWriter& json, const Rule& rule) {
    json.begin_object()
        .member("id", rule.id)
        .member("site", rule.site)
        .member("kind", to_string(rule.kind));
    json.key("select").begin_object();
    if (rule.select.kind == SelectorKind::kAll)
        json.member("all", true);
    else
        json.member(to_string(rule.select.kind), rule.select.name);
    json.end_object()
        .member("limitA", rule.limit)
        .member("expiresAt", rule.expires_at)
        .member("reason", rule.reason)
        .member("author", rule.author)
        .member("version", rule.version)
        .member("createdAt", rule.created_at)
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
    json.member("stopReason", transaction.stop_reason).end_object();
}

void write_json(JsonWriter& json, const Reason& reason) {
    json.begin_object().member("kind", to_string(reason.kind));
    if (reason.rule) json.member("rule", *reason.rule);
    if (!reason.row.empty()) json.member("row", reason.row);
    if (reason.phase) json.member("phase", to_string(*reason.phase));
    if (reason.sharers > 0) json.member("sharers", reason.sharers);
    if (reason.amount != 0_A) json.member("amountA", reason.amount);
    json.member("text", to_sentence(reason)).end_object();
}

}  // namespace busbar::control
