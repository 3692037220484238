// One charger's WebSocket: reads, writes, pings, and ends; the talk itself is a Conversation's.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "base/strand.hpp"
#include "net/byte_stream.hpp"
#include "ocpp/conversation.hpp"
#include "ocpp/gateway.hpp"
#include "ocpp/roster.hpp"

namespace busbar::ocpp {

// What all connections of a gateway share.
struct Surroundings {
    control::ChargerEvents& events;
    const Clock& clock;
    const GatewayOptions options;
    GatewayObserver& observer;
    const std::shared_ptr<Roster> roster;
};

using UpgradeRequest = boost::beast::http::request<boost::beast::http::string_body>;

// The public functions may be called from any thread; all else happens on the strand.
class Connection final : public Outlet, public std::enable_shared_from_this<Connection> {
public:
    Connection(ChargerId charger, std::int64_t generation, net::ByteStream stream,
               std::shared_ptr<const Surroundings> around, Roster::Presence presence,
               std::shared_ptr<void> seat);
    ~Connection() override;

    // Once. The version is one the client offered. `proven`: it has shown who it is.
    void open(UpgradeRequest request, Version version, bool proven);

    void call(Command command, std::function<void(SteadyPoint)> sent,
              std::function<void(CallResult)> done);

    // Politely: a close frame, and some time for the other side's.
    void close(boost::beast::websocket::close_code code, std::string reason);

private:
    // A connection whose charger has come back waits until the old one has said its last word to
    // ChargerEvents, so that the events of one charger never overlap.
    enum class State : std::uint8_t { kHandshake, kWaiting, kOpen, kClosing, kGone };
    struct Outgoing {
        std::string frame;
        std::function<void()> started;
    };

    void send(std::string frame, std::function<void()> started) override;
    void close(std::string reason) override;
    void has_room() override;

    void shake_hands(const UpgradeRequest& request);
    void accepted(const boost::beast::error_code& failed);
    Duration ping_wait() const;
    void wake_at(SteadyPoint when);
    void wake();
    void make_way(std::function<void()> then);
    void begin();
    void read();
    void was_read(const boost::beast::error_code& failed);
    void deliver();
    void write_next();
    void was_written(const boost::beast::error_code& failed);
    void ping();
    void heard(boost::beast::websocket::frame_type kind);
    void will_read_bytes();
    void count_noise();
    void hang_up_later();
    void begin_closing(boost::beast::websocket::close_code code, std::string_view reason);
    void end_talk();
    void drop(std::string_view why);

    // The first member, so that it goes last: then nothing of this connection is left.
    Roster::Presence presence_;
    const std::shared_ptr<void> seat_;
    const std::shared_ptr<const Surroundings> around_;
    const ChargerId charger_;
    const std::int64_t generation_;
    boost::beast::websocket::stream<net::ByteStream, false> socket_;
    const std::shared_ptr<Strand> strand_;
    State state_ = State::kHandshake;
    Version version_ = Version::k16;
    std::function<void()> way_is_free_;  // Of a successor that came while we waited ourselves.
    bool waits_for_older_ = false;
    bool proven_ = false;

    std::shared_ptr<Conversation> conversation_;
    boost::beast::flat_buffer incoming_;
    bool reading_ = false;     // An async_read_some is under way.
    bool delivering_ = false;  // The conversation is looking at incoming_.

    std::list<Outgoing> outgoing_;  // The front one is being written.
    std::size_t outgoing_bytes_ = 0;
    bool writing_ = false;

    bool brought_ = true;  // The last read of bytes: something of a message.
    int noise_ = 0;        // Since noise_from_.
    SteadyPoint noise_from_ = {};

    SteadyPoint due_ = {};  // The end of the handshake at the latest; then the next ping.
    bool heard_ = true;     // Since the last ping.
    bool pinging_ = false;
    int missed_pings_ = 0;
};

}  // namespace busbar::ocpp
