// Chargers: what they are, what they get, and why.
#include "http/answers.hpp"
#include "http/body.hpp"

namespace busbar::http {
namespace {

using Sites = Result<std::vector<control::SiteReport>>;

// "CP-07 gets 10 A: capped at 10 A by rule r-8", with every reason there is, the binding one first.
std::string sentence(const ChargerId& charger, const control::EvseReport& evse) {
    auto text = to_string(EvseId{charger, evse.number}) + " gets " +
                decimal(evse.desired.in_milli()) + " A";
    std::string_view before = ": ";
    for (const auto& reason : evse.reasons) {
        text += std::string(before) + to_sentence(reason);
        before = "; ";
    }
    return text;
}

void write_evse(JsonWriter& json, const control::EvseReport& evse) {
    json.member("evse", evse.number).member("status", to_string(evse.status));
    write_amperes(json, evse);
    json.member("holdsUntil", evse.holds_until);
    json.key("transaction");
    if (evse.transaction)
        control::write_json(json, *evse.transaction);
    else
        json.null();
}

// What is known to change by itself, and when; null if nothing is.
void write_next(JsonWriter& json, const control::EvseReport& evse) {
    json.key("next");
    if (evse.next)
        json.begin_object()
            .member("at", evse.next->at)
            .member("text", evse.next->text)
            .end_object();
    else
        json.null();
}

// How far its word goes, and what stands in the way of more.
void write_trust(JsonWriter& json, const control::ChargerReport& report) {
    json.member("offlineSince", report.offline_since).key("clockUncertaintyS");
    if (report.clock_uncertainty)
        json.milli(
            std::chrono::round<std::chrono::milliseconds>(*report.clock_uncertainty).count());
    else
        json.null();
    json.key("writesLeft");
    if (report.writes_left)
        json.integer(*report.writes_left);
    else
        json.null();
}

std::string charger_json(const control::ChargerReport& report) {
    JsonWriter live;
    live.begin_object()
        .member("online", report.online)
        .member("vendor", report.vendor)
        .member("model", report.model)
        .member("failures", report.failures);
    write_trust(live, report);
    live.key("evses").begin_array();
    for (const auto& evse : report.evses) {
        live.begin_object();
        write_evse(live, evse);
        write_reasons(live, "reasons", evse.reasons);
        live.end_object();
    }
    live.end_array().end_object();
    return merged(control::to_json(report.charger), live.text());
}

std::string explain_json(const control::ChargerReport& report) {
    JsonWriter json;
    json.begin_object()
        .member("charger", report.charger.id)
        .member("name", report.charger.name)
        .member("circuit", report.charger.circuit)
        .member("online", report.online)
        .member("trust", to_string(report.charger.trust));
    write_trust(json, report);
    json.key("evses").begin_array();
    for (const auto& evse : report.evses) {
        json.begin_object();
        write_evse(json, evse);
        json.member("sentence", sentence(report.charger.id, evse));
        write_reasons(json, "reasons", evse.reasons);
        write_next(json, evse);
        json.end_object();
    }
    return std::move(json.end_array().end_object()).text();
}

// Those that connected and are not configured: an operator may want to add them.
std::string unknown_json(const std::vector<control::UnknownCharger>& chargers) {
    JsonWriter json;
    json.begin_object().key("unknown").begin_array();
    for (const auto& charger : chargers)
        json.begin_object()
            .member("id", charger.id)
            .member("lastSeen", charger.last_seen)
            .member("vendor", charger.vendor)
            .member("model", charger.model)
            .end_object();
    return std::move(json.end_array().end_object()).text();
}

void list_chargers(const Backend& backend, const Request& request, const Reply& reply) {
    auto page = page_of(request);
    if (!page) return reply(problem(page.error()));
    auto write = [reply, page = *std::move(page), unknown = backend.control.unknown_chargers()](
                     Result<std::vector<control::SiteReport>> sites) {
        if (!sites) return reply(problem(sites.error()));
        std::vector<control::ChargerReport> chargers;
        for (auto& site : *sites)
            chargers.insert(chargers.end(), std::make_move_iterator(site.chargers.begin()),
                            std::make_move_iterator(site.chargers.end()));
        const auto key = [](const control::ChargerReport& report) {
            return report.charger.id.str();
        };
        std::ranges::sort(chargers, {}, key);
        const auto listed = page_json(chargers, page, key, std::less<>(), charger_json);
        reply(json_answer(200, merged(listed, unknown_json(unknown))));
    };
    backend.control.reports(std::move(write));
}

void show_charger(const Backend& backend, const Request& request, const Reply& reply) {
    backend.control.charger_report(
        ChargerId(request.param("id")), [reply](const Result<control::ChargerReport>& report) {
            reply(report ? json_answer(200, charger_json(*report)) : problem(report.error()));
        });
}

void explain_charger(const Backend& backend, const Request& request, const Reply& reply) {
    backend.control.charger_report(
        ChargerId(request.param("id")), [reply](const Result<control::ChargerReport>& report) {
            reply(report ? json_answer(200, explain_json(*report)) : problem(report.error()));
        });
}

void put_charger(const Backend& backend, const Request& request, const Reply& reply) {
    const auto body = json_body(request);
    if (!body) return reply(problem(body.error()));
    auto wanted = parse_charger(*body);
    if (!wanted) return reply(problem(wanted.error()));
    if (const auto checked = check_no_if_match(request); !checked)
        return reply(precondition_failed(checked.error().message));
    auto done = [reply, path = request.target.path](Result<control::Written<Charger>> written) {
        if (!written) return reply(problem(written.error()));
        reply(written_answer(written->created, with_revision(*written), path));
    };
    auto put = [&control = backend.control, id = ChargerId(request.param("id")),
                caller = caller_of(request), done = std::move(done)](ChargerRequest changes) {
        control.put_charger(id, std::move(changes.patch), caller, done);
    };
    if (!wanted->in_other_terms()) return put(*std::move(wanted));
    // What kilowatts come to depends on the site's voltage and the charger's lines.
    backend.control.reports([reply, put = std::move(put), id = ChargerId(request.param("id")),
                             changes = *std::move(wanted)](const Sites& sites) mutable {
        if (!sites) return reply(problem(sites.error()));
        in_our_terms(changes, *sites, id);
        put(std::move(changes));
    });
}

void delete_charger(const Backend& backend, const Request& request, const Reply& reply) {
    if (const auto checked = check_no_if_match(request); !checked)
        return reply(precondition_failed(checked.error().message));
    // What nobody can hear of any more may still be drawing: only a person can know better.
    const bool force = request.target.query_value("force") == "true";
    backend.control.delete_charger(
        ChargerId(request.param("id")), force ? control::Even::kDrawing : control::Even::kAtRest,
        caller_of(request), [reply](const Result<control::Written<Charger>>& written) {
            reply(deleted_answer(written));
        });
}

}  // namespace

void write_reasons(JsonWriter& json, std::string_view name, const std::vector<Reason>& reasons) {
    json.key(name).begin_array();
    for (const auto& reason : reasons) control::write_json(json, reason);
    json.end_array();
}

void in_our_terms(ChargerRequest& changes, const std::vector<control::SiteReport>& sites,
                  const ChargerId& id) {
    for (const auto& site : sites)
        for (const auto& report : site.chargers)
            if (report.charger.id == id)
                return in_our_terms(changes, site.site.supply, &report.charger);
    for (const auto& site : sites)
        for (const auto& report : site.circuits)
            if (changes.patch.circuit && report.circuit.id == *changes.patch.circuit)
                return in_our_terms(changes, site.site.supply, nullptr);
    in_our_terms(changes, Supply{}, nullptr);  // There is no such circuit, as control will say.
}

void write_amperes(JsonWriter& json, const control::EvseReport& evse) {
    json.member("desiredA", evse.desired)
        .member("appliedA", evse.applied)
        .member("potentialA", evse.potential)
        .member("strandedA", evse.stranded)
        .member("meteredA", evse.metered);
}

void add_charger_routes(Router& router, const Backend& backend) {
    router.add(Method::kGet, "/api/v1/chargers", bound(backend, list_chargers));
    router.add(Method::kGet, "/api/v1/chargers/{id}", bound(backend, show_charger));
    router.add(Method::kPut, "/api/v1/chargers/{id}", bound(backend, put_charger));
    router.add(Method::kDelete, "/api/v1/chargers/{id}", bound(backend, delete_charger));
    router.add(Method::kGet, "/api/v1/chargers/{id}/explain", bound(backend, explain_charger));
}

}  // namespace busbar::http
