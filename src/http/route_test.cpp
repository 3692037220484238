#include "http/route.hpp"

#include <gtest/gtest.h>

#include "http/problem.hpp"

namespace busbar::http {
namespace {

Response ask(const Router& router, Method method, std::string_view path) {
    Request request{.method = method, .target = *parse_target(path)};
    Response answer{.status = 0};
    router.handle(std::move(request), [&](Response response) { answer = std::move(response); });
    return answer;
}

Handler says(std::string text) {
    return [text](const Request& request, const Reply& reply) {
        std::string body = text;
        for (const auto& [name, value] : request.params) body += " " + name + "=" + value;
        reply({.body = std::move(body)});
    };
}

Router some() {
    Router router;
    router.add(Method::kGet, "/rules", says("list"));
    router.add(Method::kPost, "/rules", says("create"));
    router.add(Method::kGet, "/rules/{id}", says("one"));
    router.add(Method::kPost, "/chargers/{id}/pause", says("pause"));
    return router;
}

TEST(Router, FindsTheHandlerAndNamesTheParts) {
    const auto router = some();
    EXPECT_EQ(ask(router, Method::kGet, "/rules").body, "list");
    EXPECT_EQ(ask(router, Method::kHead, "/rules").body, "list");
    EXPECT_EQ(ask(router, Method::kPost, "/rules").body, "create");
    EXPECT_EQ(ask(router, Method::kGet, "/rules/r-1").body, "one id=r-1");
    EXPECT_EQ(ask(router, Method::kPost, "/chargers/CP%2F7/pause").body, "pause id=CP/7");
}

TEST(Router, Answers404WhereNothingIsAnd405WhereAnotherMethodGoes) {
    const auto router = some();
    for (const auto* path : {"/", "/rule", "/rules/", "/rules/r-1/x", "/chargers//pause"})
        EXPECT_EQ(ask(router, Method::kGet, path).status, 404) << path;
    const auto refused = ask(router, Method::kDelete, "/rules");
    EXPECT_EQ(refused.status, 405);
    EXPECT_EQ(refused.headers.back(),
              (std::pair<std::string, std::string>{"Allow", "GET, HEAD, POST"}));
}

TEST(Problem, SaysWhatWouldBeRight) {
    EXPECT_EQ(problem({Errc::kInvalid, "is required for a cap", "limitA"}).body,
              R"({"type":"urn:busbar:problem:invalid","title":"A value can never be right",)"
              R"("status":422,"detail":"limitA is required for a cap","field":"limitA"})");
    EXPECT_EQ(problem({Errc::kNotFound, "charger 'x' does not exist", "select.charger"}).body,
              R"({"type":"urn:busbar:problem:not-found","title":"There is no such thing",)"
              R"("status":404,"detail":"charger 'x' does not exist","field":"select.charger"})");
}

TEST(Problem, EveryErrorHasItsStatus) {
    using enum Errc;
    const std::vector<std::pair<Errc, int>> table{
        {kMalformed, 400},   {kInvalid, 422},  {kForbidden, 403},   {kNotFound, 404},
        {kConflict, 409},    {kTooLarge, 413}, {kUnsupported, 415}, {kBusy, 429},
        {kUnavailable, 503}, {kTimeout, 504}};
    for (const auto& [code, status] : table) {
        EXPECT_EQ(status_of(code), status);
        EXPECT_EQ(problem({code, "text"}).status, status);
    }
    for (const auto code : {kBusy, kUnavailable})
        EXPECT_EQ(problem({code, "text"}).headers.back().first, "Retry-After");
}

}  // namespace
}  // namespace busbar::http
