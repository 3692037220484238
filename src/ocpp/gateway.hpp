// The way to chargers that speak OCPP 1.6, 2.0.1 or 2.1 over WebSocket: what OCPP calls the CSMS.
//
// Takes connections from an HTTP server that has read the upgrade request, tells ChargerEvents
// what chargers say, and carries Commands to them. A Doorkeeper says who is let in; control
// decides, by its answer to BootNotification, which one takes part.
//
// Thread-safe. Every connection lives on the strand of its socket; the events of one charger come
// from one strand at a time, those of different chargers from many at once.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstddef>
#include <memory>
#include <string_view>

#include "base/clock.hpp"
#include "control/ports.hpp"
#include "net/byte_stream.hpp"
#include "ocpp/conversation.hpp"
#include "ocpp/doorkeeper.hpp"
#include "ocpp/observer.hpp"

namespace busbar::ocpp {

struct GatewayOptions {
    ConversationOptions conversation = {};
    // We ping each charger after this, and up to ping_jitter more, again and again. Two pings
    // without a sign of life between them and the connection is dead.
    Duration ping_interval = std::chrono::seconds{30};
    Duration ping_jitter = std::chrono::seconds{30};
    Duration handshake_timeout = std::chrono::seconds{10};
    Duration close_timeout = std::chrono::seconds{2};  // For the other side to close, too.
    // Of a message, until the charger has shown who it is, or one call was a good one...
    std::size_t max_first_bytes = 64 * 1024;
    std::size_t max_message_bytes = 1024 * 1024;  // ...and from then on.
    std::size_t max_outgoing_bytes = 256 * 1024;  // Unsent, of one charger; beyond, it is closed.
    // Of a charger in a second: pings, pongs, and reads that brought nothing of a message (empty
    // fragments, a byte at a time of a header); beyond, it is closed.
    int max_noise = 100;
    std::size_t max_connections = 20'000;
    // Of a charger in a minute: its new connection takes the place of the old one. Beyond, two
    // chargers have its name, and the one that is there stays.
    std::size_t max_takeovers = 30;
};

class Gateway final : public control::Gateway {
public:
    // `events`, `clock`, `observer` and `door` must outlive the gateway; the clock also every
    // answer that `events` still holds. Without a `door`, every identity is let in.
    Gateway(boost::asio::any_io_executor executor, control::ChargerEvents& events,
            const Clock& clock, GatewayOptions options = {}, GatewayObserver* observer = nullptr,
            Doorkeeper* door = nullptr);
    ~Gateway() override;  // Stops.

    // Whether accept() wants an upgrade request for this target.
    static bool is_ocpp_path(std::string_view target);

    // Takes over a connection whose request was read, and nothing after it (a client waits for
    // our answer). The stream's executor must be a strand (net::Listener makes it so), and all
    // time that this connection takes is that strand's: on a net::StrandExecutor it is virtual,
    // provided that `clock` is, too. Answers 400 to a bad identity, or where none of our
    // subprotocols is offered; 401 to whom the doorkeeper does not know, 429 to who tries too
    // often; 426 to what is no WebSocket 13; 503 when full or stopping, and to a charger that is
    // refused for now. `seat` is let go when the connection ends.
    void accept(net::ByteStream stream,
                boost::beast::http::request<boost::beast::http::string_body> request,
                std::shared_ptr<void> seat = {});

    void call(const ChargerId& charger, Command command, std::function<void(SteadyPoint)> sent,
              std::function<void(CallResult)> done) override;
    void disconnect(const ChargerId& charger) override;
    void refuse(const ChargerId& charger, SteadyPoint until) override;

    std::size_t connections() const;

    // stop(), for one who runs the strands himself and can wait for nothing: returns at once, and
    // the rest comes as they run. stop() and the destructor then do no more. `events` and
    // `observer` must live until close_timeout has passed there, or the strands run no more.
    void begin_stop();

    // Closes every connection (1001, going away), ends every call, and returns when the last
    // event and callback has been given; at the latest after close_timeout and a little more.
    // Then, and while it lasts, newcomers get 503 and calls are kNotSent. Not from an io thread;
    // a second call does nothing.
    void stop();

private:
    class Hub;
    std::shared_ptr<Hub> hub_;
};

}  // namespace busbar::ocpp
