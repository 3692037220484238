#include <gtest/gtest.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <future>

#include "base/clock.hpp"
#include "net/asio_strand.hpp"
#include "net/io_threads.hpp"
#include "net/listener.hpp"
#include "net/task_group.hpp"

namespace busbar::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

constexpr auto kSoon = 20s;  // Only ever waited for in full when something is broken.

tcp::socket dial(asio::io_context& context, const Listener& listener) {
    tcp::socket socket(context);
    socket.connect({asio::ip::address_v4::loopback(), listener.port()});
    return socket;
}

// Whether the other side closed without a byte.
bool closed_by_peer(tcp::socket& socket) {
    char byte = 0;
    boost::system::error_code failed;
    asio::read(socket, asio::buffer(&byte, 1), failed);
    return failed == asio::error::eof || failed == asio::error::connection_reset;
}

TEST(AsioStrand, RunsTimersNotBeforeTheirTime) {
    IoThreads threads(2);
    AsioStrand strand(threads.context().get_executor());
    std::promise<SteadyPoint> ran;
    const auto due = real_clock().steady() + 20ms;
    strand.post([&] { strand.at(due, [&] { ran.set_value(real_clock().steady()); }); });
    auto when = ran.get_future();
    ASSERT_EQ(when.wait_for(kSoon), std::future_status::ready);
    EXPECT_GE(when.get(), due);
}

TEST(AsioStrand, SharesTheOrderOfTheStrandItIsGiven) {
    asio::io_context context;
    const asio::any_io_executor given = asio::make_strand(context);
    AsioStrand strand(given);
    std::string order;
    for (int i = 0; i < 3; ++i) {
        asio::post(given, [&] { order += 'a'; });
        strand.post([&] { order += 'b'; });
    }
    context.run();
    EXPECT_EQ(order, "ababab");
}

TEST(ConcurrencyAsioStrand, RunsOneAtATimeAndInOrderOfEachPoster) {
    IoThreads threads(4);
    AsioStrand strand(threads.context().get_executor());
    constexpr int kEach = 2'000;
    std::vector<int> last(3, -1);
    int ran = 0;
    bool in_order = true;
    std::promise<void> all;
    std::vector<std::thread> posters;
    for (std::size_t poster = 0; poster < last.size(); ++poster)
        posters.emplace_back([&, poster] {
            for (int i = 0; i < kEach; ++i)
                strand.post([&, poster, i] {
                    in_order = in_order && last[poster] == i - 1;
                    last[poster] = i;
                    if (++ran == 3 * kEach) all.set_value();
                });
        });
    for (auto& poster : posters) poster.join();
    ASSERT_EQ(all.get_future().wait_for(kSoon), std::future_status::ready);
    EXPECT_TRUE(in_order);
}

asio::awaitable<void> wait_for_ever(std::atomic<int>* running) {
    ++*running;
    asio::steady_timer never(co_await asio::this_coro::executor);
    never.expires_at(asio::steady_timer::time_point::max());
    try {
        co_await never.async_wait(asio::use_awaitable);
    } catch (const boost::system::system_error&) {
        --*running;
        throw;
    }
}

TEST(ConcurrencyTaskGroup, StopEndsEveryTaskAndTakesNoMore) {
    IoThreads threads(3);
    std::atomic<int> running{0};
    TaskGroup group;
    for (int i = 0; i < 200; ++i) {
        const asio::any_io_executor strand = asio::make_strand(threads.context());
        EXPECT_TRUE(group.spawn(strand, wait_for_ever(&running)));
    }
    group.stop();
    EXPECT_EQ(running, 0);
    EXPECT_EQ(group.size(), 0U);
    const asio::any_io_executor strand = asio::make_strand(threads.context());
    EXPECT_FALSE(group.spawn(strand, wait_for_ever(&running)));
}

TEST(Listener, HandsOverConnectionsOnTheirOwnStrands) {
    IoThreads threads(2);
    auto listener = Listener::open(threads, {});
    ASSERT_TRUE(listener) << listener.error().message;
    EXPECT_NE((*listener)->port(), 0);
    std::promise<bool> no_delay;
    (*listener)->start([&](tcp::socket socket, const Seat&) {
        tcp::no_delay option;
        socket.get_option(option);
        asio::write(socket, asio::buffer("x", 1));
        no_delay.set_value(option.value());
    });
    asio::io_context context;
    auto socket = dial(context, **listener);
    char byte = 0;
    asio::read(socket, asio::buffer(&byte, 1));
    EXPECT_EQ(byte, 'x');
    EXPECT_TRUE(no_delay.get_future().get());
}

TEST(Listener, SaysClearlyWhyItCannotListen) {
    IoThreads threads(1);
    auto first = Listener::open(threads, {});
    ASSERT_TRUE(first);
    const auto port = (*first)->port();
    auto second = Listener::open(threads, {.port = port});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::kConflict);
    EXPECT_EQ(second.error().message,
              "cannot listen on 127.0.0.1 port " + std::to_string(port) + ": the port is taken");
    EXPECT_EQ(Listener::open(threads, {.host = "not an address"}).error().code, Errc::kInvalid);
    EXPECT_EQ(Listener::open(threads, {.host = "192.0.2.1"}).error().code, Errc::kInvalid);
}

TEST(Listener, ClosesNewcomersWhileAllSeatsAreTaken) {
    IoThreads threads(2);
    auto listener = Listener::open(threads, {.max_connections = 1});
    ASSERT_TRUE(listener);
    std::mutex mutex;
    std::vector<std::pair<tcp::socket, Seat>> guests;
    (*listener)->start([&](tcp::socket socket, Seat seat) {
        const std::lock_guard lock(mutex);
        guests.emplace_back(std::move(socket), std::move(seat));
        asio::write(guests.back().first, asio::buffer("x", 1));  // Seated, and only then told.
    });
    asio::io_context context;
    auto first = dial(context, **listener);
    char byte = 0;
    asio::read(first, asio::buffer(&byte, 1));
    auto second = dial(context, **listener);
    EXPECT_TRUE(closed_by_peer(second));
    {
        const std::lock_guard lock(mutex);
        guests.clear();
    }
    auto third = dial(context, **listener);
    asio::read(third, asio::buffer(&byte, 1));
    EXPECT_EQ(byte, 'x');
    (*listener)->stop();
}

TEST(Listener, GivesThePortBackWhenItStops) {
    IoThreads threads(1);
    auto first = Listener::open(threads, {});
    ASSERT_TRUE(first);
    const auto port = (*first)->port();
    (*first)->start([](const tcp::socket&, const Seat&) {});
    (*first)->stop();
    EXPECT_TRUE(Listener::open(threads, {.port = port}));
}

}  // namespace
}  // namespace busbar::net
