// Requests and answers as the handlers see them, and the table that finds the handler.
//
// Nothing here knows a socket: a test calls a route as the server does.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "http/target.hpp"

namespace busbar::http {

class EventStream;

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete };
std::string_view to_string(Method method);

struct Request {
    Method method = Method::kGet;
    Target target = {};
    // The headers that matter; empty where there is none.
    std::string content_type = {};
    std::string content_encoding = {};
    std::string if_match = {};
    std::string accept = {};
    std::string body = {};
    std::string author = "local";  // Who asks. There are no tokens yet.
    SteadyPoint accepted_at = {};  // When it was completely read.
    std::vector<std::pair<std::string, std::string>> params = {};  // Set by the router.

    // The part of the path that stands for {name}. Requires: the route's pattern has it.
    const std::string& param(std::string_view name) const;
};

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body = {};
    std::vector<std::pair<std::string, std::string>> headers = {};
    // Follows the head in place of `body`, until either side ends it.
    std::shared_ptr<EventStream> stream = {};
};

// Called once, from any thread, also inside the handler's call. More calls do nothing.
using Reply = std::function<void(Response)>;
// The request is there during the call only: what is needed later is copied.
using Handler = std::function<void(const Request&, Reply)>;

// Filled once, then only read: any thread.
class Router {
public:
    // `pattern`: "/api/v1/rules/{id}". A part in braces takes any one part that is not empty.
    void add(Method method, std::string_view pattern, Handler handler);

    // Finds the handler and calls it. HEAD takes what is there for GET. 404, or 405 with Allow.
    void handle(Request request, const Reply& reply) const;

    // "GET /api/v1/rules/{id}", in the order they were added.
    std::vector<std::string> routes() const;

private:
    struct Route {
        Method method;
        std::string pattern;
        std::vector<std::string> segments;
        Handler handler;
    };
    std::vector<Route> routes_;
};

}  // namespace busbar::http
