// A mosquitto broker of our own: on loopback, on a free port, without persistence, as nobody.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace busbar::feeder::simulator {

struct BrokerOptions {
    // Name and password that are asked for: "busbar" and "correct-horse". Else anybody may come.
    bool asks_password = false;
    std::string certificate = {};  // PEM of itself and its key; not empty: it speaks TLS.
    std::string key = {};
};

// Needs Debian's package mosquitto. Ends the process if it does not come up within 10 s.
class Broker {
public:
    explicit Broker(const BrokerOptions& options = {});
    ~Broker();  // Ends the child, and removes its folder.

    std::uint16_t port() const;
    std::string certificate_file() const;  // What its clients have to trust.
    void stop();                           // Kills the child.
    void start();                          // Again, on the same port.

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace busbar::feeder::simulator
