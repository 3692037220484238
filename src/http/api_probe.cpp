// The commissioning probe of a charger: to begin, to watch, to stop.
#include "http/answers.hpp"
#include "http/body.hpp"

namespace busbar::http {
namespace {

std::int64_t in_ms(Duration time) {
    return std::chrono::round<std::chrono::milliseconds>(time).count();
}

void write_steps(JsonWriter& json, const Probe& probe) {
    json.key("steps").begin_array();
    for (std::size_t i = 0; i < kProbeSteps; ++i) {
        const auto step = static_cast<ProbeStep>(i);
        const auto& found = probe.finding(step);
        json.begin_object()
            .member("step", to_string(step))
            .member("outcome", to_string(found.outcome))
            .member("text", found.text)
            .end_object();
    }
    json.end_array();
}

void write_figures(JsonWriter& json, const ProbeFigures& figures) {
    json.key("figures").begin_object().key("keys").begin_object();
    for (const auto& [key, value] : figures.keys) json.member(key, value);
    json.end_object().key("latenciesMs").begin_array();
    for (const auto latency : figures.latencies) json.integer(in_ms(latency));
    json.end_array()
        .member("askedA", figures.asked)
        .member("shownA", figures.shown)
        .member("drawnA", figures.drawn)
        .key("lapsedAfterMs");
    if (figures.lapsed_after)
        json.integer(in_ms(*figures.lapsed_after));
    else
        json.null();
    json.end_object();
}

// What is not known stays as it was, and is not named.
void write_result(JsonWriter& json, const Probe& probe) {
    json.key("result");
    if (probe.state() != ProbeState::kDone) {
        json.null();
        return;
    }
    const auto result = probe.result();
    json.begin_object().member("trust", to_string(result.trust));
    if (result.settle) json.member("settleMs", in_ms(*result.settle));
    if (result.quantum) json.member("quantumA", *result.quantum);
    if (result.keeps_profiles) json.member("keepsProfiles", *result.keeps_profiles);
    if (result.rate_unit) json.member("rateUnit", to_string(*result.rate_unit));
    if (result.schedule_periods) json.member("schedulePeriods", *result.schedule_periods);
    json.end_object();
}

std::string probe_json(const control::ProbeReport& report) {
    const auto& probe = report.probe;
    const auto& options = probe.options();
    JsonWriter json;
    json.begin_object()
        .member("charger", report.charger)
        .member("evse", options.evse)
        .member("startedAt", report.started_at)
        .member("state", to_string(probe.state()))
        .member("step", to_string(probe.step()))
        .member("whyAborted", probe.why_aborted())
        .member("reset", options.reset)
        .member("refuseConnection", options.refuse)
        .key("leaseS")
        .milli(in_ms(options.lease));
    write_steps(json, probe);
    write_figures(json, probe.figures());
    write_result(json, probe);
    json.key("revision");
    if (report.revision)
        json.integer(*report.revision);
    else
        json.null();
    json.member("notWritten", report.not_written);
    return std::move(json.end_object()).text();
}

control::Callback<control::ProbeReport> answer_with(int status, const Reply& reply) {
    return [status, reply](const Result<control::ProbeReport>& report) {
        reply(report ? json_answer(status, probe_json(*report)) : problem(report.error()));
    };
}

void begin_probe(const Backend& backend, const Request& request, const Reply& reply) {
    const auto body = json_body(request);
    if (!body) return reply(problem(body.error()));
    const auto options = parse_probe(*body);
    if (!options) return reply(problem(options.error()));
    backend.control.start_probe(ChargerId(request.param("id")), *options, answer_with(202, reply));
}

void show_probe(const Backend& backend, const Request& request, const Reply& reply) {
    backend.control.probe_report(ChargerId(request.param("id")), answer_with(200, reply));
}

void stop_probe(const Backend& backend, const Request& request, const Reply& reply) {
    backend.control.abort_probe(ChargerId(request.param("id")), answer_with(200, reply));
}

}  // namespace

void add_probe_routes(Router& router, const Backend& backend) {
    router.add(Method::kPost, "/api/v1/chargers/{id}/probe", bound(backend, begin_probe));
    router.add(Method::kGet, "/api/v1/chargers/{id}/probe", bound(backend, show_probe));
    router.add(Method::kDelete, "/api/v1/chargers/{id}/probe", bound(backend, stop_probe));
}

}  // namespace busbar::http
