#include "sim/link.hpp"

#include <chrono>

#include "net/asio_strand.hpp"
#include "sim/wire.hpp"

namespace busbar::sim {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;

constexpr std::chrono::seconds kSilenceMeansDead{60};
constexpr std::chrono::seconds kPingAfterSilence{30};

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

// Beast's own timeouts stay off, as they are at first: they know real time only.
Link::Link(net::ByteStream stream, const Clock& clock)
    : clock_(clock), stream_(std::move(stream)), strand_(net::strand_of(stream_.get_executor())) {
    stream_.read_message_max(kMaxFrameBytes);
}

asio::awaitable<Status> Link::connect(Address address) {
    auto& tcp = *stream_.next_layer().tcp();
    resolver_.emplace(stream_.get_executor());
    auto [unknown, endpoints] =
        co_await resolver_->async_resolve(address.host, address.port, kAwait);
    if (unknown) co_return unavailable("resolve " + address.host, unknown);
    if (closed_) co_return unavailable("connect", asio::error::operation_aborted);
    auto [unreachable, endpoint] = co_await tcp.async_connect(endpoints, kAwait);
    if (unreachable) co_return unavailable("connect", unreachable);
    beast::error_code ignored;  // A link that is a little slower is still a link.
    tcp.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    resolver_.reset();
    co_return Done{};
}

void Link::give_up_later() {
    strand_->at(clock_.steady() + kOpenDeadline, [weak = weak_from_this()] {
        if (const auto self = weak.lock(); self && !self->open_) self->close();
    });
}

asio::awaitable<Status> Link::open(Address address, std::string identity, std::string protocol) {
    const auto self = shared_from_this();
    give_up_later();
    if (stream_.next_layer().tcp() != nullptr) {
        auto connected = co_await connect(address);
        if (!connected) co_return std::move(connected);
    }
    stream_.control_callback(
        [this](websocket::frame_type, beast::string_view) { heard_at_ = clock_.steady(); });
    stream_.set_option(websocket::stream_base::decorator([&](websocket::request_type& request) {
        request.set(beast::http::field::sec_websocket_protocol, protocol);
        request.set(beast::http::field::user_agent, "busbar-simulated-charger");
    }));
    const auto host = address.host + ":" + address.port;
    const auto target = address.path + path_segment(identity);
    websocket::response_type response;
    auto [refused] = co_await stream_.async_handshake(response, host, target, kAwait);
    if (refused) co_return unavailable("handshake", refused);
    if (response[beast::http::field::sec_websocket_protocol] != protocol) {
        close();
        co_return Error{Errc::kUnavailable, "the CSMS does not speak " + protocol};
    }
    open_ = true;
    heard_at_ = clock_.steady();
    watch_from(heard_at_ + kPingAfterSilence);
    co_return Done{};
}

void Link::watch_from(SteadyPoint when) {
    strand_->at(when, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->look_for_life();
    });
}

void Link::look_for_life() {
    if (closed_) return;
    const auto silent = clock_.steady() - heard_at_;
    if (silent >= kSilenceMeansDead) return close();
    if (silent < kPingAfterSilence) return watch_from(heard_at_ + kPingAfterSilence);
    if (!std::exchange(pinging_, true))
        stream_.async_ping({}, [self = shared_from_this()](beast::error_code failed) {
            self->pinging_ = false;
            if (failed) self->close();
        });
    watch_from(heard_at_ + kSilenceMeansDead);
}

asio::awaitable<Result<std::string>> Link::read() {
    const auto self = shared_from_this();
    auto [ended, bytes] = co_await stream_.async_read(incoming_, kAwait);
    if (ended) {
        close();
        co_return unavailable("read", ended);
    }
    heard_at_ = clock_.steady();
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
    if (resolver_) resolver_->cancel();
    // Whoever reads or writes is told by the error that this gives them.
    stream_.next_layer().close();
}

}  // namespace busbar::sim
