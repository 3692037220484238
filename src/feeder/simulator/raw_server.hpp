// A server on loopback that answers bytes with bytes: for meters and brokers that misbehave.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace busbar::feeder::simulator {

// One thread, any number of connections. `answer` is called there with what a connection sent since
// the last call: what it returns is sent back, nothing if empty; "close" closes the connection.
class RawServer {
public:
    using Answer = std::function<std::string(const std::string& received)>;

    explicit RawServer(Answer answer);
    ~RawServer();

    std::uint16_t port() const;
    int connections() const;  // So far.

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace busbar::feeder::simulator
