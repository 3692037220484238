#include "sim/link.hpp"

#include <chrono>

#include "sim/wire.hpp"

namespace busbar::sim {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;

constexpr std::string_view kProtocol = "ocpp1.6";
constexpr std::chrono::seconds kSilenceMeansDead{60};

Error unavailable(std::string_view step, const beast::error_code& error) {
    return Error{Errc::kUnavailable, error.message()}.in(step);
}

bool unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

}  // namespace

Result<Address> parse_address(std::string_view url) {
    constexpr std::string_view kScheme = "ws://";
    if (url.starts_with("wss://")) return Error{Errc::kUnsupported, "wss is not simulated", "url"};
    const Error invalid{Errc::kInvalid, "must look like ws://host:port/ocpp/", "url"};
    if (!url.starts_with(kScheme)) return invalid;
    url.remove_prefix(kScheme.size());
    const auto slash = std::min(url.find('/'), url.size());
    Address address{std::string(url.substr(0, slash)), "80", std::string(url.substr(slash))};
    // An IPv6 address stands in brackets, for it has colons of its own.
    const auto bracket = address.host.find(']');
    const auto colon = address.host.find(':', bracket == std::string::npos ? 0 : bracket);
    if (colon != std::string::npos) {
        address.port = address.host.substr(colon + 1);
        address.host.erase(colon);
    }
    if (address.host.starts_with('[')) {
        if (bracket == std::string::npos) return invalid;
        address.host = address.host.substr(1, bracket - 1);
    }
    const auto digits = address.port.find_first_not_of("0123456789") == std::string::npos;
    if (address.host.empty() || address.port.empty() || address.port.size() > 5 || !digits)
        return invalid;
    if (!address.path.ends_with('/')) address.path += '/';
    return address;
}

std::string path_segment(std::string_view identity) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    for (const char c : identity) {
        if (unreserved(c)) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
    }
    return out;
}

Link::Link(asio::io_context& context) : resolver_(context), stream_(context) {
    stream_.read_message_max(kMaxFrameBytes);
    websocket::stream_base::timeout limits{};
    limits.handshake_timeout = kOpenDeadline;
    limits.idle_timeout = kSilenceMeansDead;
    limits.keep_alive_pings = true;
    stream_.set_option(limits);
}

asio::awaitable<Status> Link::open(Address address, std::string identity) {
    const auto self = shared_from_this();
    auto& tcp = beast::get_lowest_layer(stream_);
    auto [unknown, endpoints] =
        co_await resolver_.async_resolve(address.host, address.port, kAwait);
    if (unknown) co_return unavailable("resolve " + address.host, unknown);
    if (closed_) co_return unavailable("connect", asio::error::operation_aborted);
    tcp.expires_after(kOpenDeadline);
    auto [unreachable, endpoint] = co_await tcp.async_connect(endpoints, kAwait);
    if (unreachable) co_return unavailable("connect", unreachable);
    beast::error_code ignored;  // A link that is a little slower is still a link.
    tcp.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    tcp.expires_never();  // From here on the WebSocket keeps its own deadlines.

    stream_.set_option(websocket::stream_base::decorator([](websocket::request_type& request) {
        request.set(beast::http::field::sec_websocket_protocol, kProtocol);
        request.set(beast::http::field::user_agent, "busbar-simulated-charger");
    }));
    const auto host = address.host + ":" + std::to_string(endpoint.port());
    const auto target = address.path + path_segment(identity);
    websocket::response_type response;
    auto [refused] = co_await stream_.async_handshake(response, host, target, kAwait);
    if (refused) co_return unavailable("handshake", refused);
    if (response[beast::http::field::sec_websocket_protocol] != kProtocol) {
        close();
        co_return Error{Errc::kUnavailable, "the CSMS does not speak ocpp1.6"};
    }
    co_return Done{};
}

asio::awaitable<Result<std::string>> Link::read() {
    const auto self = shared_from_this();
    auto [ended, bytes] = co_await stream_.async_read(incoming_, kAwait);
    if (ended) {
        close();
        co_return unavailable("read", ended);
    }
    auto text = beast::buffers_to_string(incoming_.data());
    incoming_.consume(bytes);
    co_return text;
}

void Link::send(std::string frame) {
    if (closed_) return;
    if (unsent_.size() >= kMostUnsent) {
        close();
        return;
    }
    unsent_.push_back(std::move(frame));
    if (unsent_.size() == 1) write_next();
}

void Link::write_next() {
    stream_.text(true);
    stream_.async_write(asio::buffer(unsent_.front()),
                        [self = shared_from_this()](beast::error_code failed, std::size_t) {
                            self->unsent_.pop_front();
                            if (failed) self->close();
                            if (!self->closed_ && !self->unsent_.empty()) self->write_next();
                        });
}

void Link::close() {
    if (std::exchange(closed_, true)) return;
    resolver_.cancel();
    // Whoever reads or writes is told by the error that this gives them.
    beast::get_lowest_layer(stream_).close();
}

}  // namespace busbar::sim
