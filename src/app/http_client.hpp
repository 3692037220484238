// Talks to a Busbar server over HTTP: for the command line and the benches.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace busbar::app {

struct HttpReply {
    int status = 0;
    std::string body;
};

// One connection, kept alive between requests. Blocking; one thread at a time.
class HttpClient {
public:
    // "http://host:port" or "host:port". Fails with kInvalid.
    static Result<HttpClient> to(std::string_view url,
                                 Duration deadline = std::chrono::seconds{10});
    HttpClient(HttpClient&&) noexcept;
    ~HttpClient();

    // Connects first if need be. `body`, unless empty, goes as application/json.
    // kUnavailable: nobody answers there. kTimeout: it was sent, and no answer came.
    Result<HttpReply> request(std::string_view method, std::string_view target,
                              std::string_view body = {});

private:
    struct Impl;
    explicit HttpClient(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace busbar::app
