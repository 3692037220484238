#include "http/api.hpp"

#include "http/answers.hpp"
#include "http/assets.hpp"

namespace busbar::http {
namespace {

constexpr std::string_view kPagePolicy =
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::optional<Response> page(const Request& request) {
    if (request.method != Method::kGet && request.method != Method::kHead) return {};
    const auto asset = find_asset(request.target.path);
    if (!asset) return {};
    return Response{.status = 200,
                    .content_type = std::string(asset->content_type),
                    .body = std::string(asset->bytes),
                    .headers = {{"Cache-Control", "no-cache"},
                                {"Content-Security-Policy", std::string(kPagePolicy)},
                                {"Referrer-Policy", "no-referrer"}}};
}

}  // namespace

struct Api::Impl {
    explicit Impl(Backend backend_in) : backend(std::move(backend_in)) {}

    Backend backend;
    Router router;
};

Api::Api(control::Control& control, control::Store& store, telemetry::TelemetryStore& telemetry,
         const Clock& clock, ApiOptions options)
    : impl_(std::make_unique<Impl>(Backend{control, store, telemetry, clock, std::move(options)})) {
    auto& [backend, router] = *impl_;
    add_rule_routes(router, backend);
    add_pause_routes(router, backend);
    add_site_routes(router, backend);
    add_circuit_routes(router, backend);
    add_charger_routes(router, backend);
    add_probe_routes(router, backend);
    add_overview_routes(router, backend);
    add_health_routes(router, backend);
    add_telemetry_routes(router, backend);
    add_plan_routes(router, backend);
    add_driver_routes(router, backend);
    add_ocpp_log_routes(router, backend);
    if (backend.options.smith != nullptr) add_access_routes(router, backend);
    if (backend.options.onboarding != nullptr) add_onboarding_routes(router, backend);
    add_transaction_routes(router, backend);
}

Api::~Api() = default;

void Api::handle(Request request, const Reply& reply) const {
    if (auto found = page(request)) return reply(*std::move(found));
    impl_->router.handle(std::move(request), reply);
}

std::vector<std::string> Api::routes() const {
    return impl_->router.routes();
}

}  // namespace busbar::http
