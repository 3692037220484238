#include "net/listener.hpp"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.hpp"
#include "net/io_threads.hpp"
#include "net/task_group.hpp"

namespace busbar::net {
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

// How long to wait when the system has no descriptors or memory left for a connection.
constexpr std::chrono::milliseconds kBackOff{100};

Result<tcp::endpoint> endpoint_of(const ListenerOptions& options) {
    if (options.host == "localhost")
        return tcp::endpoint{asio::ip::address_v4::loopback(), options.port};
    boost::system::error_code failed;
    const auto address = asio::ip::make_address(options.host, failed);
    if (failed)
        return Error{Errc::kInvalid,
                     "cannot listen on '" + options.host + "': it is not an IP address"};
    return tcp::endpoint{address, options.port};
}

Error cannot_listen(const ListenerOptions& options, const boost::system::error_code& failed) {
    const auto where = options.host + " port " + std::to_string(options.port);
    if (failed == asio::error::address_in_use)
        return {Errc::kConflict, "cannot listen on " + where + ": the port is taken"};
    if (failed == asio::error::access_denied)
        return {Errc::kForbidden,
                "cannot listen on " + where + ": no permission (ports below 1024 need it)"};
    if (failed.value() == EADDRNOTAVAIL)
        return {Errc::kInvalid,
                "cannot listen on " + where + ": the address is not one of this machine"};
    return {Errc::kUnavailable, "cannot listen on " + where + ": " + failed.message()};
}

boost::system::error_code listen(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
    boost::system::error_code failed;
    acceptor.open(endpoint.protocol(), failed);
    if (!failed) acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
    if (!failed && endpoint.address().is_v6())
        acceptor.set_option(asio::ip::v6_only(false), failed);
    if (!failed) acceptor.bind(endpoint, failed);
    if (!failed) acceptor.listen(tcp::acceptor::max_listen_connections, failed);
    return failed;
}

// What the accepting coroutine works on; the Listener, which outlives it, owns what it refers to.
struct Door {
    tcp::acceptor& acceptor;
    asio::io_context& context;
    const Listener::Take& take;
    std::shared_ptr<std::atomic<int>> taken;
    int seats;
    bool full = false;  // Whether the last one found no seat: said once, not each time.
};

Seat sit_down(const std::shared_ptr<std::atomic<int>>& taken) {
    return {taken.get(), [taken](void*) { taken->fetch_sub(1); }};
}

void hand_over(Door& door, tcp::socket socket) {
    const bool full = door.taken->fetch_add(1) >= door.seats;
    auto seat = sit_down(door.taken);
    if (full && !door.full)
        log::warn("connections refused", {{"reason", "all seats taken"}, {"seats", door.seats}});
    door.full = full;
    if (full) return;  // Its destructor closes it.

    boost::system::error_code ignored;  // The other side may be gone already.
    socket.set_option(tcp::no_delay(true), ignored);
    auto strand = socket.get_executor();
    auto given = [take = door.take, socket = std::move(socket), seat = std::move(seat)]() mutable {
        take(std::move(socket), std::move(seat));
    };
    asio::post(strand, std::move(given));
}

asio::awaitable<void> accept_all(Door door) {
    asio::steady_timer pause(door.acceptor.get_executor());
    while (door.acceptor.is_open()) {
        boost::system::error_code failed;
        auto token = asio::redirect_error(asio::use_awaitable, failed);
        asio::any_io_executor strand = asio::make_strand(door.context);
        tcp::socket socket = co_await door.acceptor.async_accept(strand, token);
        if (failed == asio::error::operation_aborted) co_return;
        if (!failed) {
            hand_over(door, std::move(socket));
            continue;
        }
        if (failed == asio::error::connection_aborted) continue;
        log::warn("accept failed", {{"reason", failed.message()}});
        pause.expires_after(kBackOff);
        co_await pause.async_wait(asio::use_awaitable);
    }
}

}  // namespace

struct Listener::Impl {
    Impl(asio::io_context& context_in, ListenerOptions options_in)
        : context(context_in),
          options(std::move(options_in)),
          acceptor(asio::make_strand(context_in)) {}

    asio::io_context& context;
    ListenerOptions options;
    tcp::acceptor acceptor;
    std::uint16_t port = 0;
    Take take;
    // On its own, because a connection may outlive the listener.
    std::shared_ptr<std::atomic<int>> taken = std::make_shared<std::atomic<int>>(0);
    TaskGroup tasks;
};

Listener::Listener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Listener::~Listener() {
    stop();
}

Result<std::unique_ptr<Listener>> Listener::open(IoThreads& threads, ListenerOptions options) {
    BUSBAR_TRY(endpoint, endpoint_of(options));
    auto impl = std::make_shared<Impl>(threads.context(), std::move(options));
    if (const auto failed = listen(impl->acceptor, endpoint))
        return cannot_listen(impl->options, failed);
    boost::system::error_code failed;
    impl->port = impl->acceptor.local_endpoint(failed).port();
    if (failed) return cannot_listen(impl->options, failed);
    return std::unique_ptr<Listener>(new Listener(std::move(impl)));
}

void Listener::start(Take take) {
    impl_->take = std::move(take);
    Door door{impl_->acceptor, impl_->context, impl_->take, impl_->taken,
              impl_->options.max_connections};
    impl_->tasks.spawn(impl_->acceptor.get_executor(), accept_all(std::move(door)));
}

std::uint16_t Listener::port() const {
    return impl_->port;
}

void Listener::stop() {
    impl_->tasks.stop();
    boost::system::error_code ignored;  // Nobody uses it any more; closing is all that is left.
    impl_->acceptor.close(ignored);
}

}  // namespace busbar::net
