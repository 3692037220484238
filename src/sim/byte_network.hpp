// A network in memory: connections like TCP's between simulated chargers and a server, in virtual
// time, with the faults of real ones. The same seed, and the same bytes written to it, give the
// same bytes at the same moments.
//
// All on one strand, a ManualStrand; whatever is built on its streams runs there, too, by their
// executor. Everything it calls back, it calls later.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/clock.hpp"
#include "base/strand.hpp"
#include "net/byte_stream.hpp"
#include "sim/random.hpp"
#include "sim/wire_digest.hpp"

namespace busbar::sim {

// How bytes travel. Those of one direction stay in order.
struct NetworkWeather {
    Duration latency_least = std::chrono::milliseconds{1};  // One way, of each piece.
    Duration latency_most = std::chrono::milliseconds{30};
    std::int64_t bytes_per_second = 1'000'000;  // Of one direction of one connection.
    int split_pct = 10;  // Of reads and writes that carry only a part, up to a byte by chance.
    std::size_t window = 64 * 1024;  // Under way or unread in one direction; beyond, writes wait.
};

class Cable;
struct NetworkState;

class ByteNetwork {
public:
    // `strand` outlives it. `clock` is the strand's, and outlives every end of every connection.
    ByteNetwork(Strand& strand, const Clock& clock, std::uint64_t seed,
                NetworkWeather weather = {});
    // Whoever waits for a connection is forgotten, untold; the strand is used no more.
    ~ByteNetwork();
    ByteNetwork(const ByteNetwork&) = delete;
    ByteNetwork& operator=(const ByteNetwork&) = delete;

    // Of all its streams.
    const boost::asio::any_io_executor& executor() const;

    // Connections that arrive from now on are handed to `take`; if it is empty, refused.
    void listen(std::function<void(net::ByteStream)> take);

    // Connects. The stream can be written to at once; a refusal shows when it is read.
    struct Dialed {
        net::ByteStream stream;
        std::shared_ptr<Cable> cable;  // To break it by.
    };
    Dialed dial();

    // Breaks every connection, as when the server's process dies.
    void cut_all();

    // Of every byte that arrived so far, where and when.
    std::uint64_t digest() const;
    std::uint64_t bytes() const;

private:
    std::shared_ptr<NetworkState> state_;
};

// One connection, as a saboteur sees it. Each does nothing once it is gone.
class Cable {
public:
    virtual ~Cable() = default;

    // Both ends notice at once; what was under way is lost.
    virtual void cut() = 0;
    // The same, when so many more bytes have arrived, of either direction.
    virtual void cut_after(std::size_t bytes) = 0;
    // Half-open: from now on all that is sent vanishes, an end's goodbye too, and nobody is told.
    virtual void silence() = 0;
    // What is sent within `time` arrives after it, as where packets are lost and sent again.
    virtual void clog(Duration time) = 0;
};

}  // namespace busbar::sim
