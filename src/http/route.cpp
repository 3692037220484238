#include "http/route.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "http/problem.hpp"

namespace busbar::http {
namespace {

using Params = std::vector<std::pair<std::string, std::string>>;

bool stands_for_any(std::string_view segment) {
    return segment.starts_with('{');
}

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& segments) {
    return std::ranges::equal(pattern, segments, [](const auto& wanted, const auto& given) {
        return stands_for_any(wanted) ? !given.empty() : wanted == given;
    });
}

Params params_of(const std::vector<std::string>& pattern,
                 const std::vector<std::string>& segments) {
    Params params;
    for (std::size_t i = 0; i < pattern.size(); ++i)
        if (stands_for_any(pattern[i]))
            params.emplace_back(pattern[i].substr(1, pattern[i].size() - 2), segments[i]);
    return params;
}

}  // namespace

std::string_view to_string(Method method) {
    switch (method) {
        case Method::kGet:
            return "GET";
        case Method::kHead:
            return "HEAD";
        case Method::kPost:
            return "POST";
        case Method::kPut:
            return "PUT";
        case Method::kPatch:
            return "PATCH";
        case Method::kDelete:
            return "DELETE";
    }
    __builtin_unreachable();
}

const std::string& Request::param(std::string_view name) const {
    const auto found = std::ranges::find(params, name, &Params::value_type::first);
    BUSBAR_CHECK(found != params.end());
    return found->second;
}

void Router::add(Method method, std::string_view pattern, Handler handler) {
    auto target = parse_target(pattern);
    BUSBAR_CHECK(target.has_value());
    routes_.push_back(
        {method, std::string(pattern), std::move(target->segments), std::move(handler)});
}

void Router::handle(Request request, const Reply& reply) const {
    const auto method = request.method == Method::kHead ? Method::kGet : request.method;
    std::string allowed;
    for (const auto& route : routes_) {
        if (!matches(route.segments, request.target.segments)) continue;
        if (route.method == method) {
            request.params = params_of(route.segments, request.target.segments);
            return route.handler(request, reply);
        }
        if (!allowed.empty()) allowed += ", ";
        allowed += to_string(route.method);
        if (route.method == Method::kGet) allowed += ", HEAD";
    }
    if (allowed.empty())
        return reply(problem(Error{Errc::kNotFound, "there is nothing at " + request.target.path}));
    reply(method_not_allowed(allowed));
}

std::vector<std::string> Router::routes() const {
    std::vector<std::string> all;
    for (const auto& route : routes_)
        all.push_back(std::string(to_string(route.method)) + " " + route.pattern);
    return all;
}

}  // namespace busbar::http
