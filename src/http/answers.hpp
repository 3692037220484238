// What the handlers of all routes share: what they stand on, and how their answers are put
// together.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_writer.hpp"
#include "control/json.hpp"
#include "http/api.hpp"
#include "http/body.hpp"
#include "http/problem.hpp"
#include "http/route.hpp"

namespace busbar::http {

struct Backend {
    control::Control& control;
    control::Store& store;
    telemetry::TelemetryStore& telemetry;
    const Clock& clock;
    ApiOptions options;
};

// Each adds its routes. The backend outlives the router.
void add_rule_routes(Router& router, const Backend& backend);
void add_pause_routes(Router& router, const Backend& backend);
void add_site_routes(Router& router, const Backend& backend);
void add_circuit_routes(Router& router, const Backend& backend);
void add_charger_routes(Router& router, const Backend& backend);
void add_probe_routes(Router& router, const Backend& backend);
void add_overview_routes(Router& router, const Backend& backend);
void add_health_routes(Router& router, const Backend& backend);
void add_telemetry_routes(Router& router, const Backend& backend);
void add_plan_routes(Router& router, const Backend& backend);
void add_driver_routes(Router& router, const Backend& backend);
void add_ocpp_log_routes(Router& router, const Backend& backend);
void add_access_routes(Router& router, const Backend& backend);      // Needs a smith...
void add_onboarding_routes(Router& router, const Backend& backend);  // ...and a window, too.
void add_transaction_routes(Router& router, const Backend& backend);

// The handler of a route, from a function that takes the backend too.
template <class Deed>
Handler bound(const Backend& backend, Deed deed) {
    return [&backend, deed](const Request& request, const Reply& reply) {
        deed(backend, request, reply);
    };
}

// Members of an object, wherever it is shown: what flows and may flow through a circuit now...
void write_live(JsonWriter& json, const control::CircuitReport& report);
// ...and through an EVSE.
void write_amperes(JsonWriter& json, const control::EvseReport& evse);

// A member: why a limit is what it is, the binding reason first.
void write_reasons(JsonWriter& json, std::string_view name, const std::vector<Reason>& reasons);

// What a request says in other terms, by what is there now. A new circuit or charger goes by the
// site it asks for.
void in_our_terms(CircuitRequest& changes, const std::vector<control::SiteReport>& sites,
                  const CircuitId& id);
void in_our_terms(ChargerRequest& changes, const std::vector<control::SiteReport>& sites,
                  const ChargerId& id);

Response json_answer(int status, std::string body);
// 201 with Location where it was created, else 200.
Response written_answer(bool created, std::string body, std::string_view location);

control::Caller caller_of(const Request& request);

// The body as JSON text. kUnsupported if it is announced as anything else; kMalformed if empty.
Result<std::string_view> json_body(const Request& request);
// The same, but no body at all is "".
Result<std::string_view> optional_json_body(const Request& request);

// Two JSON objects as one: {"a":1} and {"b":2} are {"a":1,"b":2}.
std::string merged(std::string_view first, std::string_view second);
// An object, and the server's revision after it was written.
template <class T>
std::string with_revision(const control::Written<T>& written) {
    JsonWriter more;
    more.begin_object().member("revision", written.revision);
    if (!written.warnings.empty()) {
        more.key("warnings").begin_array();
        for (const auto& warning : written.warnings) more.string(warning);
        more.end_array();
    }
    more.end_object();
    return merged(control::to_json(written.value), more.text());
}
// {"id","revision"}, or what was wrong.
template <class T>
Response deleted_answer(const Result<control::Written<T>>& written) {
    if (!written) return problem(written.error());
    JsonWriter json;
    json.begin_object()
        .member("id", written->value.id)
        .member("revision", written->revision)
        .end_object();
    return json_answer(200, std::move(json).text());
}

// Configuration has no versions, so a write that insists on one cannot be kept.
Status check_no_if_match(const Request& request);

// ?limit=&after=: what part of a list is wanted.
struct Page {
    std::size_t limit = 100;  // 1..1000
    std::string after = {};   // The key of the last one that the caller has.
};
Result<Page> page_of(const Request& request);
// A whole number from the query, or `otherwise` if it is not there. Fails with kInvalid.
Result<std::int64_t> query_number(const Request& request, std::string_view name, std::int64_t least,
                                  std::int64_t most, std::int64_t otherwise);

// A time from the query; empty if it is not there. Fails with kInvalid.
Result<std::optional<TimePoint>> query_time(const Request& request, std::string_view name);
// The number of a transaction from a path. 0, which none has, for what is no number.
TransactionId transaction_of(const std::string& text);

// {"items":[...],"next":"key"|null} of what stands in `all`, which is in the order of `before`.
template <class T, class KeyOf, class Before, class Write>
std::string page_json(const std::vector<T>& all, const Page& page, KeyOf key_of, Before before,
                      Write write) {
    JsonWriter json;
    json.begin_object().key("items").begin_array();
    auto at = page.after.empty() ? all.begin()
                                 : std::ranges::upper_bound(all, page.after, before, key_of);
    std::optional<std::string> last;
    for (std::size_t n = 0; n < page.limit && at != all.end(); ++n, ++at) {
        json.raw(write(*at));
        last = key_of(*at);
    }
    json.end_array().key("next");
    if (last && at != all.end())
        json.string(*last);
    else
        json.null();
    return std::move(json.end_object()).text();
}

}  // namespace busbar::http
