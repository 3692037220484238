// Whether we live, are ready, and who we are.
#include <atomic>
#include <memory>

#include "http/answers.hpp"

namespace busbar::http {
namespace {

// Asks the store for one row: `told` hears once whether it came in time.
void probe(const Backend& backend, std::function<void(bool)> told) {
    const auto open = std::make_shared<std::atomic<bool>>(true);
    auto tell = [open, told = std::move(told)](bool healthy) {
        if (open->exchange(false)) told(healthy);
    };
    if (const auto& timer = backend.options.timer) {
        const auto due = backend.clock.steady() + backend.options.health_deadline;
        timer->post([timer, due, tell] { timer->at(due, [tell] { tell(false); }); });
    }
    backend.store.audit(0, 1, [tell](const Result<std::vector<control::AuditRow>>& rows) {
        tell(rows.has_value());
    });
}

Response health_answer(bool healthy, std::string_view good, std::string_view bad) {
    JsonWriter json;
    json.begin_object()
        .member("status", healthy ? good : bad)
        .member("db", healthy ? "connected" : "unavailable")
        .end_object();
    auto answer = json_answer(healthy ? 200 : 503, std::move(json).text());
    if (!healthy) answer.headers.emplace_back("Retry-After", "1");
    return answer;
}

void show_health(const Backend& backend, const Request&, const Reply& reply) {
    probe(backend, [reply](bool healthy) { reply(health_answer(healthy, "ok", "degraded")); });
}

void show_readiness(const Backend& backend, const Request&, const Reply& reply) {
    probe(backend, [reply](bool healthy) { reply(health_answer(healthy, "ready", "not ready")); });
}

void show_liveness(const Backend&, const Request&, const Reply& reply) {
    reply(json_answer(200, R"({"status":"ok"})"));
}

void show_version(const Backend& backend, const Request&, const Reply& reply) {
    JsonWriter json;
    json.begin_object()
        .member("name", "busbar")
        .member("version", backend.options.version)
        .end_object();
    reply(json_answer(200, std::move(json).text()));
}

void show_metrics(const Backend& backend, const Request&, const Reply& reply) {
    reply({.status = 200,
           .content_type = "text/plain; version=0.0.4; charset=utf-8",
           .body = backend.options.metrics ? backend.options.metrics() : std::string(),
           .headers = {{"Cache-Control", "no-store"}}});
}

}  // namespace

void add_health_routes(Router& router, const Backend& backend) {
    router.add(Method::kGet, "/health", bound(backend, show_health));
    router.add(Method::kGet, "/health/live", bound(backend, show_liveness));
    router.add(Method::kGet, "/health/ready", bound(backend, show_readiness));
    router.add(Method::kGet, "/version", bound(backend, show_version));
    router.add(Method::kGet, "/metrics", bound(backend, show_metrics));
}

}  // namespace busbar::http
