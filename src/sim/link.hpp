// The wire between one simulated charger and its CSMS: a WebSocket client.
//
// Lives on one strand, and in the time of that strand: that of its stream's executor.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/strand.hpp"
#include "net/byte_stream.hpp"

namespace busbar::sim {

// What a co_await of ours gives back: the error code first, never an exception.
inline constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);

// Where the CSMS is.
struct Address {
    std::string host;
    std::string port;
    std::string path;  // "/ocpp/": what comes before the identity.
};

// Reads "ws://host:port/path/". A missing port is 80; a missing last slash is added. Fails with
// kInvalid, kUnsupported for wss.
Result<Address> parse_address(std::string_view url);

// An identity as the last segment of a path: everything but letters, digits and "-._~" escaped.
std::string path_segment(std::string_view identity);

class Link : public std::enable_shared_from_this<Link> {
public:
    // `stream`: a TCP socket that is not connected yet, or another kind that is. `clock` goes with
    // its executor, and outlives the link.
    Link(net::ByteStream stream, const Clock& clock);

    // Once; `protocol` is "ocpp1.6" or another. Fails with kUnavailable: no such host, nobody
    // there, refused, another protocol; all within kOpenDeadline. A close() in between ends it too.
    static constexpr std::chrono::seconds kOpenDeadline{10};
    boost::asio::awaitable<Status> open(Address address, std::string identity,
                                        std::string protocol);

    // The next text from the CSMS. Fails with kUnavailable when the link has ended, by either
    // side, or the CSMS has not been heard of for a minute, pings included.
    boost::asio::awaitable<Result<std::string>> read();

    // Sends later, in order. A CSMS that does not take kMostUnsent frames off the wire is hung up
    // on. Nothing happens on a link that has ended.
    static constexpr std::size_t kMostUnsent = 1'000;
    void send(std::string frame);

    // At once, without a goodbye, as when a cable is pulled. What was not sent is lost.
    void close();

private:
    boost::asio::awaitable<Status> connect(Address address);
    void give_up_later();
    void watch_from(SteadyPoint when);
    void look_for_life();
    void write_next();

    const Clock& clock_;
    boost::beast::websocket::stream<net::ByteStream> stream_;
    const std::shared_ptr<Strand> strand_;
    std::optional<boost::asio::ip::tcp::resolver> resolver_;  // While it connects.
    boost::beast::flat_buffer incoming_;
    std::deque<std::string> unsent_;
    SteadyPoint heard_at_ = {};
    bool pinging_ = false;
    bool open_ = false;
    bool closed_ = false;
};

}  // namespace busbar::sim
