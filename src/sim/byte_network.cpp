#include "sim/byte_network.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>
#include <string>

#include "base/check.hpp"
#include "net/strand_executor.hpp"

namespace busbar::sim {

namespace asio = boost::asio;
using boost::system::error_code;

class Connection;

struct NetworkState {
    const asio::any_io_executor executor;
    const std::shared_ptr<LentStrand> strand;
    const Clock& clock;
    const NetworkWeather weather;
    Random random;
    std::function<void(net::ByteStream)> take = {};
    std::vector<std::weak_ptr<Connection>> connections = {};  // In the order they were dialed.
    Digest digest = {};
    std::uint64_t bytes = 0;
    std::uint64_t dialed = 0;

    SteadyPoint one_way_from_now() {
        return clock.steady() + random.between(weather.latency_least, weather.latency_most);
    }
    std::size_t all_or_some(std::size_t bytes_there) {
        if (random.between(std::int64_t{1}, std::int64_t{100}) > weather.split_pct)
            return bytes_there;
        return static_cast<std::size_t>(
            random.between(std::int64_t{1}, static_cast<std::int64_t>(bytes_there)));
    }
};

namespace {

// Who speaks, and the index of what belongs to it.
enum Side : std::uint8_t { kDialer, kServer };

Side opposite(Side side) {
    return side == kDialer ? kServer : kDialer;
}

void end(net::Completes& waiting, error_code how, std::size_t bytes = 0) {
    if (!waiting) return;
    auto done = std::exchange(waiting, {});
    done->complete(how, bytes);
}

}  // namespace

class Connection final : public Cable, public std::enable_shared_from_this<Connection> {
public:
    explicit Connection(std::shared_ptr<NetworkState> network)
        : network_(std::move(network)), number_(network_->dialed++) {}

    void reach_server();

    // --- For the ends ---
    const asio::any_io_executor& executor() const { return network_->executor; }
    void read_some(Side side, asio::mutable_buffer into, net::Completes done);
    void write_some(Side side, std::vector<asio::const_buffer> from, net::Completes done);
    void finish(Side side, net::Completes done);
    void close(Side side);

    void forget_who_waits();

    // --- For the saboteur ---
    void cut() override {
        break_end(kDialer, asio::error::connection_reset);
        break_end(kServer, asio::error::connection_reset);
    }
    void cut_after(std::size_t bytes) override { cut_after_ = bytes; }
    void silence() override { silent_ = true; }
    void clog(Duration time) override { clogged_until_ = network_->clock.steady() + time; }

private:
    // What one side says to the other.
    struct Way {
        std::size_t under_way = 0;  // Bytes.
        SteadyPoint last_arrival = {};
        std::string arrived = {};  // And not read yet.
        WireDigest digest = {};
        bool last_word_sent = false;
        bool last_word_arrived = false;
        // The writer's wait for room in the window.
        std::vector<asio::const_buffer> from = {};
        net::Completes writing = {};
        // The reader's wait for bytes, and for the last word.
        asio::mutable_buffer into = {};
        net::Completes reading = {};
        net::Completes draining = {};
    };
    struct End {
        bool closed = false;
        error_code broken = {};  // Set: the network has told it that all is over.
    };

    void break_end(Side side, error_code how);
    void carry(Side from);
    void arrive(Side from, const std::string& piece);
    void send_last_word(Side from);
    void read_arrived(Side reader);
    SteadyPoint arrival(Side from, std::size_t bytes);

    const std::shared_ptr<NetworkState> network_;
    const std::uint64_t number_;
    std::array<Way, 2> ways_ = {};  // By who speaks.
    std::array<End, 2> ends_ = {};
    bool silent_ = false;
    SteadyPoint clogged_until_ = {};
    std::optional<std::size_t> cut_after_ = {};
};

namespace {

class CableEnd final : public net::ByteEnd {
public:
    CableEnd(std::shared_ptr<Connection> connection, Side side)
        : connection_(std::move(connection)), side_(side) {}
    ~CableEnd() override { connection_->close(side_); }
    CableEnd(const CableEnd&) = delete;
    CableEnd& operator=(const CableEnd&) = delete;

    asio::any_io_executor executor() const override { return connection_->executor(); }
    void read_some(asio::mutable_buffer into, net::Completes done) override {
        connection_->read_some(side_, into, std::move(done));
    }
    void write_some(std::vector<asio::const_buffer> from, net::Completes done) override {
        connection_->write_some(side_, std::move(from), std::move(done));
    }
    void finish(net::Completes done) override { connection_->finish(side_, std::move(done)); }
    void close() override { connection_->close(side_); }

private:
    const std::shared_ptr<Connection> connection_;
    const Side side_;
};

}  // namespace

// Takes as long as a packet there, and, if nobody listens, one back.
void Connection::reach_server() {
    auto& first = ways_[kDialer].last_arrival = network_->one_way_from_now();
    network_->strand->at(first, [self = shared_from_this()] {
        if (self->silent_ || self->ends_[kServer].broken) return;
        if (self->network_->take)
            return self->network_->take(net::ByteStream(std::make_unique<CableEnd>(self, kServer)));
        self->ends_[kServer].closed = true;
        self->network_->strand->at(self->network_->one_way_from_now(), [self] {
            self->break_end(kDialer, asio::error::connection_refused);
        });
    });
}

// --- An end ---------------------------------------------------------------------------------

void Connection::read_some(Side side, asio::mutable_buffer into, net::Completes done) {
    auto& way = ways_[opposite(side)];
    BUSBAR_CHECK(!way.reading && into.size() > 0);
    way.into = into;
    way.reading = std::move(done);
    read_arrived(side);
}

// Completes the read that waits, if there is something to tell.
void Connection::read_arrived(Side reader) {
    auto& way = ways_[opposite(reader)];
    const auto& own = ends_[reader];
    if (!way.reading) return;
    if (own.closed) return end(way.reading, asio::error::operation_aborted);
    if (own.broken) return end(way.reading, own.broken);
    if (!way.arrived.empty()) {
        const auto bytes = network_->all_or_some(std::min(way.into.size(), way.arrived.size()));
        asio::buffer_copy(way.into, asio::buffer(way.arrived), bytes);
        way.arrived.erase(0, bytes);
        end(way.reading, {}, bytes);
        return carry(opposite(reader));
    }
    if (way.last_word_arrived) end(way.reading, asio::error::eof);
}

void Connection::write_some(Side side, std::vector<asio::const_buffer> from, net::Completes done) {
    auto& way = ways_[side];
    BUSBAR_CHECK(!way.writing && !from.empty());
    way.from = std::move(from);
    way.writing = std::move(done);
    carry(side);
}

// Takes from the write that waits what there is room for.
void Connection::carry(Side from) {
    auto& way = ways_[from];
    if (!way.writing) return;
    if (ends_[from].closed) return end(way.writing, asio::error::operation_aborted);
    if (ends_[from].broken) return end(way.writing, ends_[from].broken);
    if (way.last_word_sent) return end(way.writing, asio::error::shut_down);
    const auto used = way.under_way + way.arrived.size();
    if (used >= network_->weather.window) return;
    const auto room = network_->weather.window - used;
    std::string piece(network_->all_or_some(std::min(room, asio::buffer_size(way.from))), '\0');
    asio::buffer_copy(asio::buffer(piece), way.from);
    way.from.clear();
    way.under_way += piece.size();
    end(way.writing, {}, piece.size());
    if (silent_) return;  // It fills the window for ever, as bytes that are never acknowledged do.
    network_->strand->at(
        arrival(from, piece.size()),
        [self = shared_from_this(), from, piece = std::move(piece)] { self->arrive(from, piece); });
}

SteadyPoint Connection::arrival(Side from, std::size_t bytes) {
    auto& last = ways_[from].last_arrival;
    const Duration takes{static_cast<std::int64_t>(bytes) * 1'000'000 /
                         network_->weather.bytes_per_second};
    last = std::max({last, network_->one_way_from_now(), clogged_until_}) + takes;
    return last;
}

void Connection::arrive(Side from, const std::string& piece) {
    const auto reader = opposite(from);
    if (silent_ || ends_[reader].broken) return;
    auto& way = ways_[from];
    const bool breaks = cut_after_ && *cut_after_ <= piece.size();
    const auto all = std::string_view(piece).substr(0, breaks ? *cut_after_ : piece.size());
    if (cut_after_) *cut_after_ -= all.size();
    way.under_way -= piece.size();
    network_->digest.add(number_ << 1U | from);
    network_->digest.add(
        static_cast<std::uint64_t>(network_->clock.steady().time_since_epoch().count()));
    way.digest.read(all, network_->digest);
    network_->bytes += all.size();
    if (ends_[reader].closed) {  // Nobody is there to read it: the writer is told so.
        network_->strand->at(network_->one_way_from_now(), [self = shared_from_this(), from] {
            if (!self->silent_) self->break_end(from, asio::error::connection_reset);
        });
    } else if (!way.draining && !ways_[reader].last_word_sent) {
        way.arrived += all;
        read_arrived(reader);
    } else {
        carry(from);
    }
    if (breaks) cut();
}

void Connection::finish(Side side, net::Completes done) {
    send_last_word(side);
    auto& incoming = ways_[opposite(side)];
    incoming.arrived.clear();
    if (!done) return;
    if (ends_[side].broken || incoming.last_word_arrived) return done->complete({}, 0);
    incoming.draining = std::move(done);
    carry(opposite(side));
}

void Connection::send_last_word(Side from) {
    auto& way = ways_[from];
    if (std::exchange(way.last_word_sent, true) || silent_ || ends_[from].broken) return;
    network_->strand->at(arrival(from, 0), [self = shared_from_this(), from] {
        const auto reader = opposite(from);
        if (self->silent_ || self->ends_[reader].broken) return;
        auto& arrived = self->ways_[from];
        arrived.last_word_arrived = true;
        end(arrived.draining, {});
        self->read_arrived(reader);
    });
}

void Connection::close(Side side) {
    if (std::exchange(ends_[side].closed, true)) return;
    send_last_word(side);
    auto& incoming = ways_[opposite(side)];
    end(incoming.reading, asio::error::operation_aborted);
    end(incoming.draining, asio::error::operation_aborted);
    end(ways_[side].writing, asio::error::operation_aborted);
}

void Connection::break_end(Side side, error_code how) {
    auto& own = ends_[side];
    if (own.broken) return;
    own.broken = how;
    auto& incoming = ways_[opposite(side)];
    end(incoming.reading, how);
    end(incoming.draining, {});
    end(ways_[side].writing, how);
}

// Theirs are the streams, and the streams' is this: somebody has to let go.
void Connection::forget_who_waits() {
    std::vector<net::Completes> waiting;
    for (auto& way : ways_)
        for (auto* one : {&way.reading, &way.draining, &way.writing})
            waiting.push_back(std::move(*one));
}

// --- The network ----------------------------------------------------------------------------

ByteNetwork::ByteNetwork(Strand& strand, const Clock& clock, std::uint64_t seed,
                         NetworkWeather weather) {
    BUSBAR_CHECK(weather.window > 0 && weather.bytes_per_second > 0);
    auto lent = std::make_shared<LentStrand>(strand);
    asio::any_io_executor executor =
        net::StrandExecutor(lent, std::make_shared<asio::io_context>());
    state_ = std::make_shared<NetworkState>(NetworkState{.executor = std::move(executor),
                                                         .strand = std::move(lent),
                                                         .clock = clock,
                                                         .weather = weather,
                                                         .random = Random(seed)});
}

ByteNetwork::~ByteNetwork() {
    state_->take = {};
    state_->strand->take_back();
    for (const auto& one : std::exchange(state_->connections, {}))
        if (const auto connection = one.lock()) connection->forget_who_waits();
}

void ByteNetwork::listen(std::function<void(net::ByteStream)> take) {
    state_->take = std::move(take);
}

ByteNetwork::Dialed ByteNetwork::dial() {
    auto connection = std::make_shared<Connection>(state_);
    std::erase_if(state_->connections, [](const auto& one) { return one.expired(); });
    state_->connections.push_back(connection);
    connection->reach_server();
    return {net::ByteStream(std::make_unique<CableEnd>(connection, kDialer)), connection};
}

void ByteNetwork::cut_all() {
    for (const auto& one : state_->connections)
        if (const auto connection = one.lock()) connection->cut();
}

const asio::any_io_executor& ByteNetwork::executor() const {
    return state_->executor;
}

std::uint64_t ByteNetwork::digest() const {
    return state_->digest.value();
}

std::uint64_t ByteNetwork::bytes() const {
    return state_->bytes;
}

}  // namespace busbar::sim
