#include "app/http_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <optional>

namespace busbar::app {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

struct HttpClient::Impl {
    std::string host;
    std::string port;
    Duration deadline;
    asio::io_context context = asio::io_context(1);
    std::optional<beast::tcp_stream> stream;
    beast::flat_buffer buffer;

    // Runs one asynchronous operation to its end; the stream's own deadline bounds it.
    template <class Start>
    beast::error_code run(Start&& start) {
        beast::error_code result = asio::error::would_block;
        stream->expires_after(deadline);
        start([&result](beast::error_code error, auto&&...) { result = error; });
        context.restart();
        context.run();
        return result;
    }

    Status connect() {
        asio::ip::tcp::resolver resolver(context);
        beast::error_code error;
        const auto found = resolver.resolve(host, port, error);
        stream.emplace(context);
        buffer.clear();
        if (!error) error = run([&](auto done) { stream->async_connect(found, std::move(done)); });
        if (!error) {
            stream->socket().set_option(asio::ip::tcp::no_delay(true), error);
            return Done{};
        }
        stream.reset();
        return Error{Errc::kUnavailable,
                     "no server at " + host + ":" + port + ": " + error.message()};
    }
};

HttpClient::HttpClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

Result<HttpClient> HttpClient::to(std::string_view url, Duration deadline) {
    if (url.starts_with("http://")) url.remove_prefix(7);
    while (url.ends_with('/')) url.remove_suffix(1);
    const auto colon = url.rfind(':');
    const auto host = url.substr(0, colon);
    const auto port = colon == std::string_view::npos ? "80" : url.substr(colon + 1);
    int number = 0;
    const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (host.empty() || failed != std::errc{} || end != port.data() + port.size() || number < 1 ||
        number > 65'535)
        return Error{Errc::kInvalid, "must be like http://localhost:3000", "--url"};
    auto impl = std::make_unique<Impl>();
    impl->host = host;
    impl->port = port;
    impl->deadline = deadline;
    return HttpClient(std::move(impl));
}

Result<HttpReply> HttpClient::request(std::string_view method, std::string_view target,
                                      std::string_view body) {
    auto& io = *impl_;
    if (!io.stream)
        if (const auto connected = io.connect(); !connected) return connected.error();
    http::request<http::string_body> request;
    request.method_string(method);
    request.target(target);
    request.set(http::field::host, io.host + ":" + io.port);
    request.set(http::field::accept, "application/json");
    if (!body.empty()) {
        request.set(http::field::content_type, "application/json");
        request.body() = body;
    }
    request.prepare_payload();
    auto error =
        io.run([&](auto done) { http::async_write(*io.stream, request, std::move(done)); });
    http::response_parser<http::string_body> response;
    response.body_limit(64 * 1024 * 1024);
    if (!error)
        error = io.run(
            [&](auto done) { http::async_read(*io.stream, io.buffer, response, std::move(done)); });
    if (error) {
        io.stream.reset();
        return Error{Errc::kTimeout, "no answer to " + std::string(method) + " " +
                                         std::string(target) + ": " + error.message()};
    }
    if (!response.keep_alive()) io.stream.reset();
    return HttpReply{static_cast<int>(response.get().result_int()),
                     std::move(response.get().body())};
}

}  // namespace busbar::app
