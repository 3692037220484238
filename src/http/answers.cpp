#include "http/answers.hpp"

#include <charconv>

namespace busbar::http {
namespace {

std::string lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

// The media type alone, in small letters: "application/json" of "Application/JSON; charset=utf-8".
std::string media_type(std::string_view header) {
    auto type = lower_case(header.substr(0, header.find(';')));
    type.erase(type.find_last_not_of(" \t") + 1);
    return type;
}

bool is_other_charset(std::string_view header) {
    const auto lowered = lower_case(header);
    const auto at = lowered.find("charset=");
    return at != std::string::npos && lowered.find("utf-8", at) == std::string::npos;
}

Status check_announced(const Request& request) {
    if (!request.content_encoding.empty() && request.content_encoding != "identity")
        return Error{Errc::kUnsupported, "Content-Encoding is not spoken here: send it plain"};
    const auto type = media_type(request.content_type);
    if (type == "application/x-www-form-urlencoded")
        return Error{Errc::kUnsupported,
                     "Content-Type must be application/json; curl says a form unless told "
                     "otherwise: add -H 'Content-Type: application/json'"};
    const bool json = type == "application/json" || type == "application/merge-patch+json";
    if (!json || is_other_charset(request.content_type))
        return Error{Errc::kUnsupported, "Content-Type must be application/json, in UTF-8"};
    return Done{};
}

constexpr std::int64_t kMostItems = 1'000;
constexpr std::int64_t kUsualItems = 100;

}  // namespace

Response json_answer(int status, std::string body) {
    return {.status = status,
            .content_type = "application/json",
            .body = std::move(body),
            .headers = {{"Cache-Control", "no-store"}}};
}

Response written_answer(bool created, std::string body, std::string_view location) {
    auto answer = json_answer(created ? 201 : 200, std::move(body));
    if (created) answer.headers.emplace_back("Location", location);
    return answer;
}

control::Caller caller_of(const Request& request) {
    return {request.author, request.accepted_at};
}

Result<std::string_view> json_body(const Request& request) {
    // What is not announced as JSON may not be JSON: say that first, also of an empty form.
    if (!request.body.empty() || !request.content_type.empty()) {
        BUSBAR_TRY(announced, check_announced(request));
        (void)announced;
    }
    if (request.body.empty()) return Error{Errc::kMalformed, "the body must be a JSON object"};
    return std::string_view(request.body);
}

Result<std::string_view> optional_json_body(const Request& request) {
    if (request.body.empty()) return std::string_view();
    return json_body(request);
}

std::string merged(std::string_view first, std::string_view second) {
    std::string out(first.substr(0, first.size() - 1));
    if (first.size() > 2 && second.size() > 2) out += ',';
    out += second.substr(1);
    return out;
}

Status check_no_if_match(const Request& request) {
    if (request.if_match.empty() || request.if_match == "*") return Done{};
    return Error{Errc::kConflict, "configuration has no versions yet: leave If-Match out"};
}

Result<std::int64_t> query_number(const Request& request, std::string_view name, std::int64_t least,
                                  std::int64_t most, std::int64_t otherwise) {
    const auto text = request.target.query_value(name);
    if (!text) return otherwise;
    std::int64_t number = 0;
    const auto read = std::from_chars(text->data(), text->data() + text->size(), number);
    if (read.ec != std::errc{} || read.ptr != text->data() + text->size() || number < least ||
        number > most)
        return Error{
            Errc::kInvalid,
            "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most),
            std::string(name)};
    return number;
}

Result<std::optional<TimePoint>> query_time(const Request& request, std::string_view name) {
    const auto text = request.target.query_value(name);
    if (!text) return std::optional<TimePoint>{};
    auto time = parse_time(*text);
    if (!time) return Error{Errc::kInvalid, time.error().message, std::string(name)};
    return std::optional(*time);
}

TransactionId transaction_of(const std::string& text) {
    TransactionId id = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), id);
    return read.ec == std::errc{} && read.ptr == text.data() + text.size() ? id : 0;
}

Result<Page> page_of(const Request& request) {
    BUSBAR_TRY(limit, query_number(request, "limit", 1, kMostItems, kUsualItems));
    return Page{.limit = static_cast<std::size_t>(limit),
                .after = std::string(request.target.query_value("after").value_or(""))};
}

}  // namespace busbar::http
