// Connections of threads that wait: each wait has a deadline, and ends at once when the thread is
// to stop. On poll(), so the number of files that are open does not matter.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace busbar::feeder {

// Tells a waiting thread to stop. Thread-safe; once said it stays said.
class StopSignal {
public:
    StopSignal();
    ~StopSignal();
    StopSignal(const StopSignal&) = delete;
    StopSignal& operator=(const StopSignal&) = delete;

    void set();
    bool is_set() const;
    int file() const { return file_; }  // Readable once it is set.

private:
    int file_;
};

// How one thread waits. `clock` must be a real one: it stands for what poll() measures.
class Waiter {
public:
    Waiter(const Clock& clock, const StopSignal& stop) : clock_(clock), stop_(stop) {}

    SteadyPoint now() const { return clock_.steady(); }
    bool stopping() const { return stop_.is_set(); }

    // Until then, or until stopping().
    void until(SteadyPoint when) const;
    // Until `file` is ready for `events` (poll's). Fails with kTimeout, or kUnavailable when
    // stopping.
    Status ready(int file, short events, SteadyPoint deadline) const;

private:
    const Clock& clock_;
    const StopSignal& stop_;
};

struct Tls {
    std::string ca_file = {};  // PEM; empty: the authorities that this machine trusts.

    bool operator==(const Tls&) const = default;
};

// One TCP connection, with TLS over it or without. For one thread.
class Connection {
public:
    virtual ~Connection() = default;

    // All of it. Fails with kTimeout, or kUnavailable with the reason.
    virtual Status send(std::string_view bytes, SteadyPoint deadline) = 0;
    // Appends what has come, at least one byte and at most 16 KiB. Fails with kTimeout when nothing
    // came until then (the connection is as good as before), or kUnavailable with the reason.
    virtual Result<std::size_t> receive(std::string& into, SteadyPoint deadline) = 0;
};

// Looks the name up, connects to the first of its addresses that answers, and shakes hands. With
// TLS the server's certificate must be valid for `host`. Fails with kTimeout or kUnavailable.
// The thread must have SIGPIPE blocked: OpenSSL writes as it likes.
Result<std::unique_ptr<Connection>> open_connection(const Waiter& waiter, const std::string& host,
                                                    std::uint16_t port,
                                                    const std::optional<Tls>& tls,
                                                    SteadyPoint deadline);

}  // namespace busbar::feeder
