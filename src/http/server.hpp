// HTTP/1.1 over sockets: reads requests within limits, asks a handler, writes its answers.
//
// What cannot be read in one way only is refused with a problem answer, and the connection is
// closed: another server in front may have seen a second request in it. A request that asks for a
// WebSocket is handed over with its connection, unread beyond its header.
//
// Thread-safe. Each connection lives on the strand of its socket.
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "http/route.hpp"
#include "net/byte_stream.hpp"
#include "net/listener.hpp"

namespace busbar::http {

struct ServerOptions {
    // While no token is asked for, only this machine may ask, under a loopback name or one of
    // these (http/framing.hpp).
    std::vector<std::string> own_hosts = {};
    std::size_t max_header_bytes = 16 * 1024;            // With the request line. 431.
    std::size_t max_body_bytes = 1024 * 1024;            // 413.
    std::size_t max_connections = 8'000;                 // Those handed over do not count.
    Duration read_deadline = std::chrono::seconds{10};   // For a whole request.
    Duration idle_deadline = std::chrono::seconds{60};   // Between two.
    Duration write_deadline = std::chrono::seconds{10};  // For a whole answer.
    Duration heartbeat = std::chrono::seconds{15};       // Of an answer that goes on.
    Duration reply_deadline = std::chrono::seconds{10};  // For the handler. 504.
    Duration linger = std::chrono::seconds{2};  // What still comes after a refusal is dropped.
};

class Server {
public:
    using Handle = std::function<void(Request, Reply)>;
    // Takes a request that asks for a WebSocket, on the connection's strand, and all that belongs
    // to it. False, and nothing touched: it is for nobody, and is answered with 404.
    using UpgradeHandler = std::function<bool(
        net::ByteStream&&, boost::beast::http::request<boost::beast::http::string_body>&&,
        net::Seat&&)>;

    // `clock`, and what the functions need, outlive this. A reply may be kept for longer; calling
    // it then does nothing.
    Server(const Clock& clock, Handle handle, UpgradeHandler upgrade, ServerOptions options = {});
    ~Server();  // Stops.

    // Serves one connection, of TCP or TLS, whose executor is a strand: what a net::Listener hands
    // over. Closes it if there are too many, or we stop.
    void take(net::ByteStream stream, net::Seat seat);

    std::size_t connections() const;

    // Closes every connection, and waits until the last is closed. A reply that comes later is
    // dropped: what it answers may have happened. Not from an io thread; a second call does
    // nothing.
    void stop();

private:
    struct Core;
    class Connection;
    std::shared_ptr<Core> core_;
};

}  // namespace busbar::http
