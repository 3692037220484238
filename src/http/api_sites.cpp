// Sites and their circuits.
#include "http/answers.hpp"
#include "http/body.hpp"

namespace busbar::http {
namespace {

using Sites = Result<std::vector<control::SiteReport>>;

std::string site_json(const control::SiteReport& report) {
    return merged(control::to_json(report.site),
                  "{\"revision\":" + std::to_string(report.revision) + "}");
}

std::string circuit_json(const control::CircuitReport& report) {
    JsonWriter live;
    live.begin_object();
    write_live(live, report);
    live.end_object();
    return merged(control::to_json(report.circuit), live.text());
}

std::vector<control::CircuitReport> circuits_of(std::vector<control::SiteReport> sites) {
    std::vector<control::CircuitReport> all;
    for (auto& site : sites)
        all.insert(all.end(), std::make_move_iterator(site.circuits.begin()),
                   std::make_move_iterator(site.circuits.end()));
    return all;
}

void list_sites(const Backend& backend, const Request& request, const Reply& reply) {
    auto page = page_of(request);
    if (!page) return reply(problem(page.error()));
    backend.control.reports([reply, page = *std::move(page)](Sites sites) {
        if (!sites) return reply(problem(sites.error()));
        const auto key = [](const control::SiteReport& report) { return report.site.id.str(); };
        std::ranges::sort(*sites, {}, key);
        reply(json_answer(200, page_json(*sites, page, key, std::less<>(), site_json)));
    });
}

void show_site(const Backend& backend, const Request& request, const Reply& reply) {
    backend.control.reports([reply, id = SiteId(request.param("id"))](const Sites& sites) {
        if (!sites) return reply(problem(sites.error()));
        for (const auto& report : *sites)
            if (report.site.id == id) return reply(json_answer(200, site_json(report)));
        reply(problem(Error{Errc::kNotFound, "site '" + id.str() + "' does not exist"}));
    });
}

void put_site(const Backend& backend, const Request& request, const Reply& reply) {
    const auto body = json_body(request);
    if (!body) return reply(problem(body.error()));
    auto patch = parse_site(*body);
    if (!patch) return reply(problem(patch.error()));
    if (const auto checked = check_no_if_match(request); !checked)
        return reply(precondition_failed(checked.error().message));
    auto done = [reply, path = request.target.path](Result<control::Written<Site>> written) {
        if (!written) return reply(problem(written.error()));
        reply(written_answer(written->created, with_revision(*written), path));
    };
    backend.control.put_site(SiteId(request.param("id")), *std::move(patch), caller_of(request),
                             std::move(done));
}

void list_circuits(const Backend& backend, const Request& request, const Reply& reply) {
    auto page = page_of(request);
    if (!page) return reply(problem(page.error()));
    backend.control.reports([reply, page = *std::move(page)](Sites sites) {
        if (!sites) return reply(problem(sites.error()));
        auto circuits = circuits_of(*std::move(sites));
        const auto key = [](const control::CircuitReport& report) {
            return report.circuit.id.str();
        };
        std::ranges::sort(circuits, {}, key);
        reply(json_answer(200, page_json(circuits, page, key, std::less<>(), circuit_json)));
    });
}

void show_circuit(const Backend& backend, const Request& request, const Reply& reply) {
    backend.control.reports([reply, id = CircuitId(request.param("id"))](const Sites& sites) {
        if (!sites) return reply(problem(sites.error()));
        for (const auto& report : circuits_of(*sites))
            if (report.circuit.id == id) return reply(json_answer(200, circuit_json(report)));
        reply(problem(Error{Errc::kNotFound, "circuit '" + id.str() + "' does not exist"}));
    });
}

void put_circuit(const Backend& backend, const Request& request, const Reply& reply) {
    const auto body = json_body(request);
    if (!body) return reply(problem(body.error()));
    auto wanted = parse_circuit(*body);
    if (!wanted) return reply(problem(wanted.error()));
    if (const auto checked = check_no_if_match(request); !checked)
        return reply(precondition_failed(checked.error().message));
    auto done = [reply, path = request.target.path](Result<control::Written<Circuit>> written) {
        if (!written) return reply(problem(written.error()));
        reply(written_answer(written->created, with_revision(*written), path));
    };
    auto put = [&control = backend.control, id = CircuitId(request.param("id")),
                caller = caller_of(request), done = std::move(done)](CircuitRequest changes) {
        control.put_circuit(id, std::move(changes.site), std::move(changes.patch), caller, done);
    };
    if (!wanted->in_other_terms()) return put(*std::move(wanted));
    // What they come to depends on the site and the circuit.
    backend.control.reports([reply, put = std::move(put), id = CircuitId(request.param("id")),
                             changes = *std::move(wanted)](const Sites& sites) mutable {
        if (!sites) return reply(problem(sites.error()));
        in_our_terms(changes, *sites, id);
        put(std::move(changes));
    });
}

void delete_circuit(const Backend& backend, const Request& request, const Reply& reply) {
    if (const auto checked = check_no_if_match(request); !checked)
        return reply(precondition_failed(checked.error().message));
    backend.control.delete_circuit(CircuitId(request.param("id")), caller_of(request),
                                   [reply](const Result<control::Written<Circuit>>& written) {
                                       reply(deleted_answer(written));
                                   });
}

// Each one is a heartbeat; the answer is the circuit, as it stands.
void put_external(const Backend& backend, const Request& request, const Reply& reply) {
    const auto body = optional_json_body(request);
    if (!body) return reply(problem(body.error()));
    auto patch = parse_external(*body);
    if (!patch) return reply(problem(patch.error()));
    auto done = [reply, path = request.target.path](Result<control::Written<Circuit>> written) {
        if (!written) return reply(problem(written.error()));
        reply(written_answer(written->created, with_revision(*written), path));
    };
    backend.control.put_external_limit(CircuitId(request.param("id")), *std::move(patch),
                                       caller_of(request), std::move(done));
}

void delete_external(const Backend& backend, const Request& request, const Reply& reply) {
    backend.control.delete_external_limit(
        CircuitId(request.param("id")), caller_of(request),
        [reply](const Result<control::Written<Circuit>>& written) {
            reply(deleted_answer(written));
        });
}

void post_load(const Backend& backend, const Request& request, const Reply& reply) {
    const auto body = json_body(request);
    if (!body) return reply(problem(body.error()));
    const auto load = parse_load(*body);
    if (!load) return reply(problem(load.error()));
    auto taken = [reply](const Result<Done>& result) {
        reply(result ? json_answer(202, R"({"accepted":1})") : problem(result.error()));
    };
    backend.control.building_sample(CircuitId(request.param("id")), *load, std::move(taken));
}

}  // namespace

void in_our_terms(CircuitRequest& changes, const std::vector<control::SiteReport>& sites,
                  const CircuitId& id) {
    for (const auto& site : sites)
        for (const auto& report : site.circuits)
            if (report.circuit.id == id)
                return in_our_terms(changes, site.site.supply, &report.circuit);
    for (const auto& report : sites)
        if (changes.site ? report.site.id == *changes.site : sites.size() == 1)
            return in_our_terms(changes, report.site.supply, nullptr);
    in_our_terms(changes, Supply{}, nullptr);  // There is no such site, as control will say.
}

void write_live(JsonWriter& json, const control::CircuitReport& report) {
    const auto amperes = [&](std::string_view name, const PerPhase& value) {
        control::write_json(json.key(name), value);
    };
    amperes("budgetA", report.budget);
    // One number wherever all lines carry the same, as nearly always.
    const auto& cap = report.cap;
    if (cap && *cap != PerPhase::each((*cap)[Phase::kL1]))
        amperes("capA", *cap);
    else
        json.member("capA", cap ? std::optional{(*cap)[Phase::kL1]} : std::nullopt);
    amperes("potentialA", report.potential);
    amperes("meteredA", report.metered);
    amperes("allocatedA", report.allocated);
    if (report.kept_out != PerPhase{}) amperes("keptOutA", report.kept_out);
    if (report.measured) amperes("measuredA", *report.measured);
    if (report.overload != Overload::Stage::kNormal)
        json.member("overload", to_string(report.overload));
    if (!report.external) return;
    json.key("external").begin_object().member("state", to_string(report.external->state));
    json.key("holdsA");
    if (report.external->ceiling)
        control::write_json(json, *report.external->ceiling);
    else
        json.null();
    json.end_object();
}

void add_site_routes(Router& router, const Backend& backend) {
    router.add(Method::kGet, "/api/v1/sites", bound(backend, list_sites));
    router.add(Method::kGet, "/api/v1/sites/{id}", bound(backend, show_site));
    router.add(Method::kPut, "/api/v1/sites/{id}", bound(backend, put_site));
}

void add_circuit_routes(Router& router, const Backend& backend) {
    router.add(Method::kGet, "/api/v1/circuits", bound(backend, list_circuits));
    router.add(Method::kGet, "/api/v1/circuits/{id}", bound(backend, show_circuit));
    router.add(Method::kPut, "/api/v1/circuits/{id}", bound(backend, put_circuit));
    router.add(Method::kDelete, "/api/v1/circuits/{id}", bound(backend, delete_circuit));
    router.add(Method::kPost, "/api/v1/circuits/{id}/load", bound(backend, post_load));
    const auto* external = "/api/v1/circuits/{id}/external-limit";
    router.add(Method::kPut, external, bound(backend, put_external));
    router.add(Method::kDelete, external, bound(backend, delete_external));
}

}  // namespace busbar::http
