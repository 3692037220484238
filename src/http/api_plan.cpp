// What would be if: rules and configuration, tried on the live state, and nothing written.
#include "http/answers.hpp"
#include "http/body.hpp"

namespace busbar::http {
namespace {

using Sites = Result<std::vector<control::SiteReport>>;

void write_limit(JsonWriter& json, const control::PlannedLimit& limit) {
    json.begin_object()
        .member("charger", limit.evse.charger)
        .member("evse", limit.evse.number)
        .member("beforeA", limit.before)
        .member("afterA", limit.after);
    write_reasons(json, "reasonsBefore", limit.reasons_before);
    write_reasons(json, "reasonsAfter", limit.reasons_after);
    json.end_object();
}

void write_circuit_change(JsonWriter& json, const control::PlannedCircuit& circuit) {
    json.begin_object().member("circuit", circuit.circuit);
    const auto amperes = [&](std::string_view name, const PerPhase& value) {
        control::write_json(json.key(name), value);
    };
    amperes("budgetBeforeA", circuit.budget_before);
    amperes("budgetAfterA", circuit.budget_after);
    amperes("allocatedBeforeA", circuit.allocated_before);
    amperes("allocatedAfterA", circuit.allocated_after);
    json.end_object();
}

std::string plan_json(const control::PlanReport& report) {
    JsonWriter json;
    json.begin_object().member("at", report.at);
    json.key("limits").begin_array();
    for (const auto& limit : report.limits) write_limit(json, limit);
    json.end_array().key("circuits").begin_array();
    for (const auto& circuit : report.circuits) write_circuit_change(json, circuit);
    json.end_array().member("unchanged", static_cast<std::int64_t>(report.unchanged));
    return std::move(json.end_object()).text();
}

// The one it names; else that of the first thing it is about.
Result<SiteId> site_of(const control::Control& control, const PlanRequest& plan) {
    if (plan.site) return *plan.site;
    if (!plan.rules.empty()) return control.site_for(plan.rules.front().select);
    for (const auto& [id, changes] : plan.circuits) {
        if (changes.site) return *changes.site;
        if (auto site = control.site_for({SelectorKind::kCircuit, id.str()})) return site;
    }
    for (const auto& [id, changes] : plan.chargers) {
        if (auto site = control.site_for({SelectorKind::kCharger, id.str()})) return site;
        if (!changes.patch.circuit) continue;
        const auto& circuit = changes.patch.circuit->str();
        if (auto site = control.site_for({SelectorKind::kCircuit, circuit})) return site;
    }
    return control.site_for(Selector{});
}

control::PlanDraft draft_of(PlanRequest plan, const std::vector<control::SiteReport>& sites) {
    control::PlanDraft draft{.rules = std::move(plan.rules),
                             .without_rules = std::move(plan.without_rules),
                             .at = plan.at};
    for (auto& [id, changes] : plan.circuits) {
        in_our_terms(changes, sites, id);
        draft.circuits.emplace_back(id, std::move(changes.patch));
    }
    for (auto& [id, changes] : plan.chargers) {
        in_our_terms(changes, sites, id);
        draft.chargers.emplace_back(id, std::move(changes.patch));
    }
    return draft;
}

bool in_other_terms(const PlanRequest& plan) {
    const auto otherwise = [](const auto& planned) { return planned.second.in_other_terms(); };
    return std::ranges::any_of(plan.circuits, otherwise) ||
           std::ranges::any_of(plan.chargers, otherwise);
}

void show_plan(const Backend& backend, const Request& request, const Reply& reply) {
    const auto body = json_body(request);
    if (!body) return reply(problem(body.error()));
    auto plan = parse_plan(*body, backend.clock.wall());
    if (!plan) return reply(problem(plan.error()));
    auto site = site_of(backend.control, *plan);
    if (!site) return reply(problem(site.error()));
    auto ask = [&control = backend.control, site = *std::move(site),
                reply](control::PlanDraft draft) {
        control.plan(site, std::move(draft), [reply](const Result<control::PlanReport>& report) {
            reply(report ? json_answer(200, plan_json(*report)) : problem(report.error()));
        });
    };
    if (!in_other_terms(*plan)) return ask(draft_of(*std::move(plan), {}));
    // What other terms come to depends on what is there.
    backend.control.reports(
        [reply, ask = std::move(ask), plan = *std::move(plan)](const Sites& sites) mutable {
            if (!sites) return reply(problem(sites.error()));
            ask(draft_of(std::move(plan), *sites));
        });
}

}  // namespace

void add_plan_routes(Router& router, const Backend& backend) {
    router.add(Method::kPost, "/api/v1/plan", bound(backend, show_plan));
}

}  // namespace busbar::http
