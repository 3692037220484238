#include "ocpp/connection.hpp"

#include <algorithm>
#include <boost/beast/http/field.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/option.hpp>
#include <utility>

#include "base/log.hpp"
#include "net/asio_strand.hpp"

namespace busbar::ocpp {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using beast::error_code;

constexpr std::chrono::seconds kNoiseSpan{1};
constexpr int kMissedPingsOfTheDead = 2;
constexpr std::size_t kIdleBufferBytes = 4'096;  // What a quiet connection may keep.

// The same for a connection each time, spread evenly over `most` among many.
Duration jitter(std::int64_t generation, Duration most) {
    constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;
    const auto mixed = static_cast<std::uint64_t>(generation) * kGolden >> 32;
    return Duration{
        static_cast<std::int64_t>(mixed * static_cast<std::uint64_t>(most.count()) >> 32)};
}

}  // namespace

Connection::Connection(ChargerId charger, std::int64_t generation, net::ByteStream stream,
                       std::shared_ptr<const Surroundings> around, Roster::Presence presence,
                       std::shared_ptr<void> seat)
    : presence_(std::move(presence)),
      seat_(std::move(seat)),
      around_(std::move(around)),
      charger_(std::move(charger)),
      generation_(generation),
      socket_(std::move(stream)),
      strand_(net::strand_of(socket_.get_executor())) {}

Connection::~Connection() {
    around_->roster->remove(generation_);
}

void Connection::open(UpgradeRequest request, Version version, bool proven) {
    proven_ = proven;
    strand_->post([self = shared_from_this(), request = std::move(request), version] {
        self->version_ = version;
        if (self->state_ == State::kHandshake) self->shake_hands(request);
    });
}

void Connection::shake_hands(const UpgradeRequest& request) {
    // All deadlines are ours and none of Beast's, so that a simulation can own time.
    socket_.next_layer().expires_never();
    const auto now = around_->clock.steady();
    due_ = now + around_->options.handshake_timeout;
    wake_at(std::min(due_, now + ping_wait()));
    socket_.set_option(websocket::stream_base::decorator([version = version_](
                                                             websocket::response_type& response) {
        response.set(http::field::server, "busbar");
        if (response.result() == http::status::switching_protocols)
            response.set(http::field::sec_websocket_protocol, std::string(subprotocol(version)));
    }));
    socket_.auto_fragment(false);
    socket_.text(true);
    const auto& options = around_->options;
    socket_.read_message_max(proven_ ? options.max_message_bytes : options.max_first_bytes);
    socket_.control_callback(
        [this](websocket::frame_type kind, beast::string_view) { heard(kind); });
    socket_.next_layer().on_read([this] { will_read_bytes(); });
    socket_.async_accept(
        request, [self = shared_from_this()](const error_code& failed) { self->accepted(failed); });
}

void Connection::accepted(const error_code& failed) {
    if (state_ != State::kHandshake) return;
    if (failed) {
        around_->observer.refused("bad handshake");
        return drop(failed.message());
    }
    auto joined =
        around_->roster->join(charger_, generation_, shared_from_this(), around_->clock.steady());
    state_ = State::kWaiting;
    if (!joined.admitted)
        return begin_closing(websocket::close_code::going_away, "not now, or a newer one is there");
    if (!joined.older) return begin();
    waits_for_older_ = true;
    log::info("charger connected again", {{"charger", charger_}});
    if (joined.too_often)
        around_->events.alarm(charger_, "duplicate credentials: two take each other's place");
    joined.older->make_way(
        [self = shared_from_this()] { self->strand_->post([self] { self->begin(); }); });
}

Duration Connection::ping_wait() const {
    const auto& options = around_->options;
    return options.ping_interval + jitter(generation_, options.ping_jitter);
}

void Connection::wake_at(SteadyPoint when) {
    strand_->at(when, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->wake();
    });
}

// One timer a connection, for the handshake first and for the pings then: there are many.
void Connection::wake() {
    if (state_ == State::kClosing || state_ == State::kGone) return;
    const auto now = around_->clock.steady();
    if (now >= due_) {
        if (state_ == State::kHandshake) {
            around_->observer.refused("bad handshake");
            return drop("the handshake took too long");
        }
        if (state_ == State::kOpen) ping();
        due_ = now + ping_wait();
    }
    wake_at(due_);
}

void Connection::make_way(std::function<void()> then) {
    strand_->post([self = shared_from_this(), then = std::move(then)] {
        self->begin_closing(websocket::close_code::policy_error, "replaced by a newer connection");
        if (self->waits_for_older_)
            self->way_is_free_ = then;
        else
            then();
    });
}

void Connection::begin() {
    waits_for_older_ = false;
    if (state_ != State::kWaiting) {  // Closed meanwhile.
        around_->roster->leave(charger_, generation_);
        if (way_is_free_) std::exchange(way_is_free_, {})();
        return;
    }
    state_ = State::kOpen;
    conversation_ = std::make_shared<Conversation>(
        charger_, version_, std::to_string(generation_) + "-", around_->options.conversation,
        around_->events, strand_, around_->clock, *this, around_->observer);
    around_->observer.opened();
    log::info("charger connected", {{"charger", charger_}, {"generation", generation_}});
    around_->events.connected(charger_, generation_);
    due_ = around_->clock.steady() + ping_wait();
    read();
}

void Connection::read() {
    reading_ = true;
    socket_.async_read_some(incoming_, 0,
                            [self = shared_from_this()](const error_code& failed, std::size_t) {
                                self->reading_ = false;
                                self->was_read(failed);
                            });
}

// A ping, a pong, or the other side's close frame, which Beast answers.
void Connection::heard(websocket::frame_type kind) {
    heard_ = true;
    count_noise();
    if (kind != websocket::frame_type::close || state_ != State::kOpen) return;
    strand_->post([self = shared_from_this()] {
        if (self->state_ != State::kOpen) return;
        log::info("charger said goodbye", {{"charger", self->charger_}});
        self->end_talk();
        self->state_ = State::kClosing;
        self->hang_up_later();
    });
}

// Beast tells us of nothing that a message is not made of; but it has to read more of it.
void Connection::will_read_bytes() {
    if (!std::exchange(brought_, false)) count_noise();
}

void Connection::count_noise() {
    if (state_ != State::kOpen) return;
    const auto now = around_->clock.steady();
    if (now - noise_from_ >= kNoiseSpan) {
        noise_from_ = now;
        noise_ = 0;
    }
    if (++noise_ != around_->options.max_noise) return;
    // At once: until it had read our goodbye, we would have to read all the rest.
    strand_->post([self = shared_from_this()] { self->drop("too many frames that say nothing"); });
}

void Connection::was_read(const error_code& failed) {
    if (failed == websocket::error::message_too_big && around_->roster->first_too_big(charger_)) {
        const auto most = socket_.read_message_max();
        around_->events.alarm(
            charger_, "its message has more than " + std::to_string(most) +
                          " bytes, and may come again for ever: " +
                          (most < around_->options.max_message_bytes ? "give it a key"
                                                                     : "raise max_message_kib"));
    }
    if (failed) return drop(failed.message());
    heard_ = true;
    brought_ = true;
    if (state_ != State::kOpen) return;
    if (socket_.is_message_done()) deliver();
    if (!reading_ && state_ == State::kOpen && !conversation_->full()) read();
}

void Connection::deliver() {
    const auto bytes = incoming_.cdata();
    delivering_ = true;
    conversation_->receive(std::string_view(static_cast<const char*>(bytes.data()), bytes.size()));
    delivering_ = false;
    incoming_.consume(incoming_.size());
    if (incoming_.capacity() > kIdleBufferBytes) incoming_.shrink_to_fit();
    if (conversation_->trusted()) socket_.read_message_max(around_->options.max_message_bytes);
}

void Connection::has_room() {
    if (!reading_ && !delivering_ && state_ == State::kOpen) read();
}

void Connection::send(std::string frame, std::function<void()> started) {
    if (state_ != State::kOpen) return;
    outgoing_bytes_ += frame.size();
    around_->observer.passed(charger_, Direction::kToCharger, frame);
    outgoing_.push_back({std::move(frame), std::move(started)});
    if (outgoing_bytes_ > around_->options.max_outgoing_bytes) {
        // Beyond reason: it takes nothing in, so a close frame would not get there either.
        strand_->post([self = shared_from_this()] { self->drop("it does not read what we send"); });
        return;
    }
    write_next();
}

void Connection::write_next() {
    if (writing_ || outgoing_.empty() || state_ != State::kOpen) return;
    writing_ = true;
    auto& next = outgoing_.front();
    socket_.async_write(asio::buffer(next.frame),
                        [self = shared_from_this()](const error_code& failed, std::size_t) {
                            self->writing_ = false;
                            self->was_written(failed);
                        });
    if (next.started) std::exchange(next.started, {})();
}

void Connection::was_written(const error_code& failed) {
    if (failed) return drop(failed.message());
    outgoing_bytes_ -= outgoing_.front().frame.size();
    outgoing_.pop_front();
    write_next();
}

void Connection::call(Command command, std::function<void(SteadyPoint)> sent,
                      std::function<void(CallResult)> done) {
    strand_->post([self = shared_from_this(), command = std::move(command), sent = std::move(sent),
                   done = std::move(done)]() mutable {
        if (self->state_ == State::kOpen)
            return self->conversation_->call(std::move(command), std::move(sent), std::move(done));
        CallResult result;
        result.answered_at = self->around_->clock.steady();
        result.detail = "the charger is not connected";
        done(std::move(result));
    });
}

void Connection::ping() {
    if (state_ != State::kOpen) return;
    // While we do not read, for want of room, silence proves nothing.
    const bool silent = !std::exchange(heard_, false) && reading_;
    missed_pings_ = silent ? missed_pings_ + 1 : 0;
    if (missed_pings_ >= kMissedPingsOfTheDead) return drop("no sign of life");
    if (pinging_) return drop("it does not read what we send");
    pinging_ = true;
    socket_.async_ping({}, [self = shared_from_this()](const error_code& failed) {
        self->pinging_ = false;
        if (failed) self->drop(failed.message());
    });
}

void Connection::close(std::string reason) {
    strand_->post([self = shared_from_this(), reason = std::move(reason)] {
        self->begin_closing(websocket::close_code::policy_error, reason);
    });
}

void Connection::close(websocket::close_code code, std::string reason) {
    strand_->post([self = shared_from_this(), code, reason = std::move(reason)] {
        self->begin_closing(code, reason);
    });
}

void Connection::begin_closing(websocket::close_code code, std::string_view reason) {
    if (state_ == State::kClosing || state_ == State::kGone) return;
    if (state_ == State::kHandshake) return drop(reason);
    log::info("closing connection", {{"charger", charger_}, {"reason", reason}});
    end_talk();
    state_ = State::kClosing;
    const websocket::close_reason why{code, beast::string_view(reason.data(), reason.size())};
    socket_.async_close(why,
                        [self = shared_from_this()](const error_code&) { self->drop("closed"); });
    hang_up_later();
}

// Beast waits for a write under way, and for the other side to hang up. This does not.
void Connection::hang_up_later() {
    strand_->at(around_->clock.steady() + around_->options.close_timeout,
                [weak = weak_from_this()] {
                    if (const auto self = weak.lock()) self->drop("closed");
                });
}

// After this nothing of this connection reaches ChargerEvents. It leaves the roster last: the next
// one of its charger that finds nobody there begins at once.
void Connection::end_talk() {
    // What was never begun never will be; the one being written must stay until it is.
    while (outgoing_.size() > (writing_ ? 1U : 0U)) outgoing_.pop_back();
    if (state_ == State::kOpen) {
        conversation_->end();
        around_->observer.closed();
        around_->events.disconnected(charger_, generation_);
    }
    if (!waits_for_older_) around_->roster->leave(charger_, generation_);
}

void Connection::drop(std::string_view why) {
    if (state_ == State::kGone) return;
    if (state_ == State::kOpen)
        log::info("charger disconnected", {{"charger", charger_}, {"reason", why}});
    end_talk();
    state_ = State::kGone;
    socket_.next_layer().close();
}

}  // namespace busbar::ocpp
