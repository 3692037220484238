// What chargers and we said to each other: the last of it, and live.
#include <limits>

#include "http/answers.hpp"
#include "http/event_stream.hpp"

namespace busbar::http {
namespace {

constexpr std::int64_t kMostFrames = 1'000;

void write_frame(JsonWriter& json, const control::LoggedFrame& frame) {
    json.begin_object()
        .member("number", static_cast<std::int64_t>(frame.number))
        .member("at", frame.at)
        .member("charger", frame.charger)
        .member("from", frame.from_charger ? "charger" : "server")
        .member("frame", frame.text);
    if (frame.cut) json.member("cut", true);
    json.end_object();
}

std::string to_json(const control::LoggedFrame& frame) {
    JsonWriter json;
    write_frame(json, frame);
    return std::move(json).text();
}

std::optional<ChargerId> charger_in(const Request& request) {
    const auto id = request.target.query_value("charger");
    if (!id) return {};
    return ChargerId(std::string(*id));
}

Response without_log() {
    return problem(Error{Errc::kUnavailable, "this server keeps no OCPP log"});
}

Result<control::FrameQuery> frames_asked_for(const Request& request) {
    const auto limit = query_number(request, "limit", 1, kMostFrames, 100);
    if (!limit) return limit.error();
    const auto after =
        query_number(request, "after", 0, std::numeric_limits<std::int64_t>::max(), 0);
    if (!after) return after.error();
    return control::FrameQuery{.charger = charger_in(request),
                               .after = static_cast<std::uint64_t>(*after),
                               .limit = static_cast<std::size_t>(*limit)};
}

void show_log(const Backend& backend, const Request& request, const Reply& reply) {
    if (backend.options.frames == nullptr) return reply(without_log());
    const auto query = frames_asked_for(request);
    if (!query) return reply(problem(query.error()));
    const auto frames = backend.options.frames->frames(*query);
    JsonWriter json;
    json.begin_object().key("items").begin_array();
    for (const auto& frame : frames) write_frame(json, frame);
    json.end_array().end_object();
    reply(json_answer(200, std::move(json).text()));
}

// One frame a line, for tools and for whoever is sent it.
void export_log(const Backend& backend, const Request& request, const Reply& reply) {
    if (backend.options.frames == nullptr) return reply(without_log());
    const control::FrameQuery all{.charger = charger_in(request),
                                  .after = 0,
                                  .limit = std::numeric_limits<std::size_t>::max()};
    std::string lines;
    for (const auto& frame : backend.options.frames->frames(all)) lines += to_json(frame) + "\n";
    reply({.status = 200,
           .content_type = "application/x-ndjson",
           .body = std::move(lines),
           .headers = {{"Cache-Control", "no-store"},
                       {"Content-Disposition", "attachment; filename=\"ocpp.ndjson\""}}});
}

void watch_log(const Backend& backend, const Request& request, const Reply& reply) {
    if (backend.options.frames == nullptr) return reply(without_log());
    auto stream = std::make_shared<EventStream>();
    auto source = backend.options.frames->follow(
        charger_in(request), [weak = std::weak_ptr(stream)](const control::LoggedFrame& frame) {
            if (const auto open = weak.lock())
                open->push("frame", std::to_string(frame.number), to_json(frame));
        });
    if (!source) return reply(problem(Error{Errc::kBusy, "too many watch already"}));
    stream->keep(std::move(source));
    reply({.status = 200,
           .content_type = "text/event-stream",
           .headers = {{"Cache-Control", "no-store"}},
           .stream = std::move(stream)});
}

}  // namespace

void add_ocpp_log_routes(Router& router, const Backend& backend) {
    router.add(Method::kGet, "/api/v1/ocpp-log", bound(backend, show_log));
    router.add(Method::kGet, "/api/v1/ocpp-log/export", bound(backend, export_log));
    router.add(Method::kGet, "/api/v1/ocpp-log/live", bound(backend, watch_log));
}

}  // namespace busbar::http
