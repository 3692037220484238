#include "sim/uplink.hpp"

#include <boost/asio/co_spawn.hpp>

#include "base/check.hpp"
#include "base/log.hpp"

namespace busbar::sim {

namespace asio = boost::asio;

Uplink::Uplink(Address address, Station& station, Strand& strand, const Clock& clock,
               UplinkHooks hooks)
    : address_(std::move(address)),
      station_(station),
      strand_(strand),
      clock_(clock),
      hooks_(std::move(hooks)) {}

void Uplink::start() {
    strand_.post([self = shared_from_this()] { self->dial(); });
}

void Uplink::dial() {
    if (ended_ || link_ || !up_) return;
    auto stream = hooks_.dial();
    const auto executor = stream.get_executor();
    link_ = std::make_shared<Link>(std::move(stream), clock_);
    asio::co_spawn(executor, talk(), [self = shared_from_this()](std::exception_ptr failed) {
        if (failed) std::rethrow_exception(failed);
        self->talked();
    });
}

asio::awaitable<void> Uplink::talk() {
    const auto identity = station_.setup().id.str();
    const auto opened =
        co_await link_->open(address_, identity, std::string(station_.subprotocol()));
    if (!opened || ended_ || !up_) {
        // Once is enough: a CSMS that is away for an hour is one event, not a thousand.
        if (!opened && !std::exchange(announced_, true))
            log::debug("sim_not_connected",
                       {{"charger", identity}, {"why", opened.error().message}});
        ++failures_;
        co_return;
    }
    failures_ = 0;
    station_.connected();
    hooks_.changed();
    for (;;) {
        const auto frame = co_await link_->read();
        if (!frame) break;
        station_.receive(*frame);
    }
    station_.disconnected();
    hooks_.changed();
}

void Uplink::talked() {
    link_->close();
    link_.reset();
    if (ended_) return ended_();
    if (up_) pause();
}

void Uplink::pause() {
    const auto number = ++pauses_;
    strand_.at(clock_.steady() + hooks_.wait(failures_), [weak = weak_from_this(), number] {
        const auto self = weak.lock();
        if (self && self->pauses_ == number && !self->ended_) self->dial();
    });
}

void Uplink::hang_up() {
    if (link_) link_->close();
}

void Uplink::set_up(bool up) {
    up_ = up;
    ++pauses_;  // Whatever it waited for, it waits no longer.
    if (!up) return hang_up();
    strand_.post([weak = weak_from_this()] {
        if (const auto self = weak.lock(); self && !self->ended_) self->dial();
    });
}

void Uplink::stop(std::function<void()> ended) {
    BUSBAR_CHECK(!ended_);
    ended_ = std::move(ended);
    hang_up();
    if (!link_) strand_.post([self = shared_from_this()] { self->ended_(); });
}

}  // namespace busbar::sim
