// Everything at a glance for the status page, and who changed what.
#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>

#include "http/answers.hpp"

namespace busbar::http {
namespace {

// Milliseconds to the microsecond; null for what is no number.
std::string milliseconds(double value) {
    if (!std::isfinite(value)) return "null";
    std::array<char, 400> text{};
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, 3);
    return {text.data(), end.ptr};
}

void write_dispatch(JsonWriter& json, const DispatchFigures& figures) {
    json.begin_object().member("count", figures.count);
    json.key("p50Ms").raw(milliseconds(figures.p50_ms));
    json.key("p99Ms").raw(milliseconds(figures.p99_ms));
    json.key("maxMs").raw(milliseconds(figures.max_ms));
    json.end_object();
}

void write_circuit(JsonWriter& json, const control::CircuitReport& report) {
    json.begin_object()
        .member("id", report.circuit.id)
        .member("name", report.circuit.name)
        .member("parent", report.circuit.parent);
    control::write_json(json.key("breakerA"), report.circuit.breaker);
    write_live(json, report);
    json.end_object();
}

void write_evses(JsonWriter& json, const control::ChargerReport& report) {
    for (const auto& evse : report.evses) {
        json.begin_object()
            .member("id", report.charger.id)
            .member("name", report.charger.name)
            .member("circuit", report.charger.circuit)
            .member("partner", report.charger.partner)
            .member("online", report.online)
            .member("status", to_string(evse.status))
            .member("evse", evse.number);
        write_amperes(json, evse);
        json.member("maximumA", report.charger.maximum)
            .member("phases", to_string(report.charger.phases));
        json.key("transaction");
        if (evse.transaction)
            control::write_json(json, *evse.transaction);
        else
            json.null();
        json.member("reason", evse.reasons.empty() ? "" : to_sentence(evse.reasons.front()))
            .end_object();
    }
}

void write_alarm(JsonWriter& json, const control::Alarm& alarm) {
    json.begin_object()
        .member("at", alarm.at)
        .member("subject", alarm.subject)
        .member("text", alarm.text)
        .end_object();
}

// What is counted for chargers beyond what they have: per line, as limits are.
Amperes stranded(const control::SiteReport& site) {
    Amperes sum;
    for (const auto& charger : site.chargers)
        for (const auto& evse : charger.evses) sum += evse.stranded;
    return sum;
}

void write_site(JsonWriter& json, const control::SiteReport& report,
                const DispatchFigures& figures) {
    json.begin_object()
        .member("id", report.site.id)
        .member("name", report.site.name)
        .member("revision", report.revision)
        .member("strandedA", stranded(report));
    json.key("circuits").begin_array();
    for (const auto& circuit : report.circuits) write_circuit(json, circuit);
    json.end_array().key("chargers").begin_array();
    for (const auto& charger : report.chargers) write_evses(json, charger);
    json.end_array().key("rules").begin_array();
    for (const auto& rule : report.rules) control::write_json(json, rule);
    json.end_array().key("dispatch");
    write_dispatch(json, figures);
    json.key("alarms").begin_array();
    for (auto alarm = report.alarms.rbegin(); alarm != report.alarms.rend(); ++alarm)
        write_alarm(json, *alarm);
    json.end_array().end_object();
}

// Of all sites, the newest first.
void write_alarms(JsonWriter& json, const std::vector<control::SiteReport>& sites) {
    std::vector<const control::Alarm*> alarms;
    for (const auto& site : sites)
        for (const auto& alarm : site.alarms) alarms.push_back(&alarm);
    std::ranges::stable_sort(alarms, std::greater<>(), &control::Alarm::at);
    json.key("alarms").begin_array();
    for (const auto* alarm : alarms) write_alarm(json, *alarm);
    json.end_array();
}

std::string overview_json(const std::vector<control::SiteReport>& sites, TimePoint now,
                          const ApiOptions& options) {
    const auto figures = options.dispatch ? options.dispatch() : DispatchFigures{};
    JsonWriter json;
    json.begin_object().member("time", now).member("version", options.version);
    json.key("sites").begin_array();
    std::int64_t online = 0, total = 0;
    for (const auto& site : sites) {
        write_site(json, site, figures);
        total += std::ssize(site.chargers);
        online += std::ranges::count_if(site.chargers, &control::ChargerReport::online);
    }
    json.end_array();
    write_alarms(json, sites);
    json.member("chargersOnline", online).member("chargersTotal", total);
    return std::move(json.end_object()).text();
}

void show_overview(const Backend& backend, const Request&, const Reply& reply) {
    backend.control.reports(
        [reply, &backend](const Result<std::vector<control::SiteReport>>& sites) {
            if (!sites) return reply(problem(sites.error()));
            reply(json_answer(200, overview_json(*sites, backend.clock.wall(), backend.options)));
        });
}

void write_audit_row(JsonWriter& json, const control::AuditRow& row) {
    json.begin_object()
        .member("revision", row.revision)
        .member("at", row.at)
        .member("author", row.author)
        .member("what", row.what)
        .member("subject", row.subject);
    // Both are JSON that we wrote ourselves, empty where there was nothing.
    json.key("before").raw(row.before.empty() ? "null" : row.before);
    json.key("after").raw(row.after.empty() ? "null" : row.after);
    json.end_object();
}

void show_audit(const Backend& backend, const Request& request, const Reply& reply) {
    constexpr auto kAnyRevision = std::numeric_limits<std::int64_t>::max();
    const auto before = query_number(request, "before", 0, kAnyRevision, 0);
    if (!before) return reply(problem(before.error()));
    const auto limit = query_number(request, "limit", 1, 1'000, 100);
    if (!limit) return reply(problem(limit.error()));
    auto write = [reply, limit = *limit](const Result<std::vector<control::AuditRow>>& rows) {
        if (!rows) return reply(problem(rows.error()));
        JsonWriter json;
        json.begin_object().key("items").begin_array();
        for (const auto& row : *rows) write_audit_row(json, row);
        json.end_array().key("next");
        if (!rows->empty() && std::ssize(*rows) == limit && rows->back().revision > 1)
            json.integer(rows->back().revision);
        else
            json.null();
        reply(json_answer(200, std::move(json.end_object()).text()));
    };
    backend.store.audit(*before, static_cast<int>(*limit), std::move(write));
}

}  // namespace

void add_overview_routes(Router& router, const Backend& backend) {
    router.add(Method::kGet, "/api/v1/overview", bound(backend, show_overview));
    router.add(Method::kGet, "/api/v1/audit", bound(backend, show_audit));
}

}  // namespace busbar::http
