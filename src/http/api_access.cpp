// What chargers have to show before they are let in. A key is shown once, if it was made here, and
// never again.
#include "http/answers.hpp"
#include "http/body.hpp"

namespace busbar::http {
namespace {

using Written = Result<control::Written<ChargerAccess>>;

Response not_stored(Response response) {
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

std::string with_key(std::string body, const std::string& key) {
    JsonWriter json;
    json.begin_object().member("key", key).end_object();
    return merged(body, json.text());
}

void show_access(const Backend& backend, const Request& request, const Reply& reply) {
    const auto access = backend.control.access_of(ChargerId(request.param("id")));
    if (access) return reply(json_answer(200, control::to_json(*access)));
    reply(problem(Error{Errc::kNotFound, "charger '" + request.param("id") + "' does not exist"}));
}

void put_access(const Backend& backend, const Request& request, const Reply& reply) {
    const auto body = json_body(request);
    if (!body) return reply(problem(body.error()));
    auto patch = parse_access(*body);
    if (!patch) return reply(problem(patch.error()));
    if (const auto checked = check_no_if_match(request); !checked)
        return reply(precondition_failed(checked.error().message));
    backend.control.put_access(
        ChargerId(request.param("id")), *std::move(patch), caller_of(request),
        [reply](const Written& written) {
            reply(written ? json_answer(200, with_revision(*written)) : problem(written.error()));
        });
}

void put_key(const Backend& backend, const Request& request, const Reply& reply) {
    const auto body = optional_json_body(request);
    if (!body) return reply(problem(body.error()));
    auto given = parse_key(*body);
    if (!given) return reply(problem(given.error()));
    if (const auto checked = check_no_if_match(request); !checked)
        return reply(precondition_failed(checked.error().message));
    const auto key = given->value_or(access::make_key());
    control::AccessPatch patch;
    patch.key = backend.options.smith->seal(key);
    backend.control.put_access(
        ChargerId(request.param("id")), std::move(patch), caller_of(request),
        [reply, made = *given ? std::string() : key](const Written& written) {
            if (!written) return reply(problem(written.error()));
            auto answer = with_revision(*written);
            if (!made.empty()) answer = with_key(std::move(answer), made);
            reply(not_stored(json_answer(200, std::move(answer))));
        });
}

void delete_key(const Backend& backend, const Request& request, const Reply& reply) {
    if (const auto checked = check_no_if_match(request); !checked)
        return reply(precondition_failed(checked.error().message));
    control::AccessPatch patch;
    patch.no_key = true;
    backend.control.put_access(
        ChargerId(request.param("id")), std::move(patch), caller_of(request),
        [reply](const Written& written) {
            reply(written ? json_answer(200, with_revision(*written)) : problem(written.error()));
        });
}

std::string window_json(const Backend& backend) {
    const auto now = backend.clock.steady();
    const auto until = backend.options.onboarding->until(now);
    JsonWriter json;
    json.begin_object().member("open", until.has_value()).key("until");
    if (until)
        json.string(
            format_time(backend.clock.wall() + std::chrono::duration_cast<Duration>(*until - now)));
    else
        json.null();
    return std::move(json.end_object()).text();
}

void show_onboarding(const Backend& backend, const Request&, const Reply& reply) {
    reply(json_answer(200, window_json(backend)));
}

void open_onboarding(const Backend& backend, const Request& request, const Reply& reply) {
    const auto body = optional_json_body(request);
    if (!body) return reply(problem(body.error()));
    auto given = parse_key(*body);
    if (!given) return reply(problem(given.error()));
    const auto key = given->value_or(access::make_key());
    backend.options.onboarding->open(backend.options.smith->seal(key),
                                     backend.clock.steady() + access::kOnboardingWindow);
    auto answer = window_json(backend);
    if (!*given) answer = with_key(std::move(answer), key);
    reply(not_stored(json_answer(201, std::move(answer))));
}

void close_onboarding(const Backend& backend, const Request&, const Reply& reply) {
    backend.options.onboarding->close();
    reply(json_answer(200, window_json(backend)));
}

}  // namespace

void add_access_routes(Router& router, const Backend& backend) {
    router.add(Method::kGet, "/api/v1/chargers/{id}/access", bound(backend, show_access));
    router.add(Method::kPut, "/api/v1/chargers/{id}/access", bound(backend, put_access));
    router.add(Method::kPut, "/api/v1/chargers/{id}/key", bound(backend, put_key));
    router.add(Method::kDelete, "/api/v1/chargers/{id}/key", bound(backend, delete_key));
}

void add_onboarding_routes(Router& router, const Backend& backend) {
    router.add(Method::kGet, "/api/v1/onboarding", bound(backend, show_onboarding));
    router.add(Method::kPost, "/api/v1/onboarding", bound(backend, open_onboarding));
    router.add(Method::kDelete, "/api/v1/onboarding", bound(backend, close_onboarding));
}

}  // namespace busbar::http
