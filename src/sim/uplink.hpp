// Keeps one simulated charger connected: dials its CSMS, brings what comes to its Station, and
// dials again, after pauses that grow.
//
// Lives on the strand of the streams it is given, in that strand's time.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/byte_stream.hpp"
#include "sim/link.hpp"
#include "sim/station.hpp"

namespace busbar::sim {

// To the world outside.
struct UplinkHooks {
    std::function<net::ByteStream()> dial;       // As Link wants it.
    std::function<Duration(int failures)> wait;  // Before the next try, after so many in a row.
    std::function<void()> changed;               // The Station has a connection, or has none.
};

// Held by a shared_ptr.
class Uplink : public std::enable_shared_from_this<Uplink> {
public:
    // `station`, `strand` and `clock` outlive it, until stop() has ended.
    Uplink(Address address, Station& station, Strand& strand, const Clock& clock,
           UplinkHooks hooks);

    void start();

    // For the Station's hooks.
    void send(std::string frame) { link_->send(std::move(frame)); }
    // At once, without a goodbye; it dials again. Does nothing while there is no connection.
    void hang_up();

    // Down: hangs up, and does not dial until it is up again; then at once.
    void set_up(bool up);

    // Hangs up for good. `ended` is called, later, when nothing of it runs any more.
    // Requires: start() was called; once.
    void stop(std::function<void()> ended);

private:
    void dial();
    void pause();
    boost::asio::awaitable<void> talk();
    void talked();

    const Address address_;
    Station& station_;
    Strand& strand_;
    const Clock& clock_;
    const UplinkHooks hooks_;
    std::shared_ptr<Link> link_;  // While it is connected or connecting.
    int failures_ = 0;
    std::int64_t pauses_ = 0;
    bool announced_ = false;
    bool up_ = true;
    std::function<void()> ended_;  // Set once it stops.
};

}  // namespace busbar::sim
