// The open port: takes connections, and hands each on with its own strand.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"

namespace busbar::net {

class IoThreads;

// Keep it as long as the connection lives: while all seats are taken, newcomers are closed.
using Seat = std::shared_ptr<void>;

struct ListenerOptions {
    std::string host = "127.0.0.1";  // An address of this machine, "localhost", or "::" for all.
    std::uint16_t port = 0;          // 0: the system picks a free one.
    int max_connections = 16'000;
};

class Listener {
public:
    // Called for each connection, on its strand (the socket's executor). TCP_NODELAY is set.
    using Take = std::function<void(boost::asio::ip::tcp::socket, Seat)>;

    // Listens from here on, and takes connections from start() on. Fails with kConflict if the
    // port is taken, kForbidden if we may not have it, kInvalid if the address is not one, or not
    // of this machine.
    static Result<std::unique_ptr<Listener>> open(IoThreads& threads, ListenerOptions options);
    ~Listener();  // Stops.

    void start(Take take);

    // The real one, also where 0 was asked for.
    std::uint16_t port() const;

    // Closes the port and waits until no more connections are handed over. Those that were stay.
    // Not from an io thread; a second call does nothing.
    void stop();

private:
    struct Impl;
    explicit Listener(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

}  // namespace busbar::net
