#include "http/problem.hpp"

#include <algorithm>
#include <array>

#include "base/json_writer.hpp"

namespace busbar::http {
namespace {

struct Kind {
    int status;
    std::string_view name;  // Part of the type, which clients compare: never changed.
    std::string_view title;
};

Kind kind_of(Errc code) {
    switch (code) {
        case Errc::kMalformed:
            return {400, "malformed", "The request cannot be read"};
        case Errc::kInvalid:
            return {422, "invalid", "A value can never be right"};
        case Errc::kForbidden:
            return {403, "forbidden", "Not for this caller"};
        case Errc::kNotFound:
            return {404, "not-found", "There is no such thing"};
        case Errc::kConflict:
            return {409, "conflict", "Not in the present state"};
        case Errc::kTooLarge:
            return {413, "too-large", "Over a stated limit"};
        case Errc::kUnsupported:
            return {415, "unsupported", "Not spoken here"};
        case Errc::kBusy:
            return {429, "busy", "Too much at once"};
        case Errc::kUnavailable:
            return {503, "unavailable", "Something below is away"};
        case Errc::kTimeout:
            return {504, "timeout", "No answer in time"};
    }
    __builtin_unreachable();
}

// Messages about a field are written to stand after its name: "is required", "must be ...".
bool follows_a_name(std::string_view message) {
    constexpr std::array<std::string_view, 8> kVerbs{"is ",    "must ", "has ",  "belongs ",
                                                     "needs ", "was ",  "does ", "or "};
    return std::ranges::any_of(kVerbs, [&](auto verb) { return message.starts_with(verb); });
}

Response written(const Kind& kind, std::string_view detail, std::string_view field = {}) {
    JsonWriter json;
    json.begin_object()
        .member("type", "urn:busbar:problem:" + std::string(kind.name))
        .member("title", kind.title)
        .member("status", kind.status)
        .member("detail", detail);
    if (!field.empty()) json.member("field", field);
    json.end_object();
    return {.status = kind.status,
            .content_type = "application/problem+json",
            .body = std::move(json).text(),
            .headers = {{"Cache-Control", "no-store"}}};
}

}  // namespace

int status_of(Errc code) {
    return kind_of(code).status;
}

Response problem(const Error& error) {
    const bool named = !error.field.empty() && follows_a_name(error.message);
    auto response = written(kind_of(error.code),
                            named ? error.field + " " + error.message : error.message, error.field);
    if (error.code == Errc::kBusy || error.code == Errc::kUnavailable)
        response.headers.emplace_back("Retry-After", "1");
    return response;
}

Response method_not_allowed(std::string_view allowed) {
    auto response = written({405, "method-not-allowed", "Not with this method"},
                            "here goes: " + std::string(allowed));
    response.headers.emplace_back("Allow", allowed);
    return response;
}

Response precondition_failed(std::string_view detail) {
    return written({412, "precondition-failed", "It has changed since"}, detail);
}

Response header_too_large() {
    return written({431, "header-too-large", "Over a stated limit"},
                   "the request line and headers together must have at most 16 KiB");
}

Response expectation_failed() {
    return written({417, "expectation-failed", "Not spoken here"},
                   "the only Expect spoken here is 100-continue");
}

Response internal_error() {
    return written({500, "internal", "Our mistake"}, "the log says what went wrong");
}

}  // namespace busbar::http
