// For tests: a Gateway behind a real port, with chargers that dial it.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <future>

#include "base/clock.hpp"
#include "net/io_threads.hpp"
#include "net/listener.hpp"
#include "ocpp/fake_chargers.hpp"
#include "ocpp/gateway.hpp"
#include "ocpp/wire_client.hpp"

namespace busbar::ocpp {

// Only ever waited for in full when something is broken.
inline constexpr std::chrono::seconds kSoon{20};

// Reads one request and hands the connection to the gateway, as the HTTP server does.
struct Usher : std::enable_shared_from_this<Usher> {
    boost::beast::tcp_stream stream;
    boost::beast::flat_buffer buffer;
    boost::beast::http::request<boost::beast::http::string_body> request;
    net::Seat seat;
    Gateway& gateway;

    Usher(boost::asio::ip::tcp::socket socket, net::Seat seat_in, Gateway& gateway_in)
        : stream(std::move(socket)), seat(std::move(seat_in)), gateway(gateway_in) {}
    void bring_in() {
        boost::beast::http::async_read(
            stream, buffer, request, [self = shared_from_this()](const auto& failed, std::size_t) {
                if (!failed)
                    self->gateway.accept(std::move(self->stream), std::move(self->request),
                                         std::move(self->seat));
            });
    }
};

class CountingObserver final : public GatewayObserver {
public:
    std::atomic<int> open{0};
    std::atomic<int> in{0};
    std::atomic<int> out{0};
    std::atomic<int> calls{0};
    std::atomic<int> refusals{0};

    void opened() override { ++open; }
    void closed() override { --open; }
    void passed(const ChargerId&, Direction direction, std::string_view) override {
        ++(direction == Direction::kFromCharger ? in : out);
    }
    void refused(std::string_view) override { ++refusals; }
    void called(CallOutcome, std::chrono::nanoseconds) override { ++calls; }
};

// A gateway behind a real port.
struct Site {
    explicit Site(GatewayOptions options = {}, int thread_count = 2) : threads(thread_count) {
        gateway = std::make_unique<Gateway>(threads.context().get_executor(), chargers,
                                            real_clock(), options, &observer);
        auto opened = net::Listener::open(threads, {});
        EXPECT_TRUE(opened);
        listener = *std::move(opened);
        listener->start([this](boost::asio::ip::tcp::socket socket, net::Seat seat) {
            std::make_shared<Usher>(std::move(socket), std::move(seat), *gateway)->bring_in();
        });
    }
    ~Site() {
        listener->stop();
        gateway->stop();
        threads.stop();
    }
    WireClient dial(int receive_buffer = 0) { return WireClient(listener->port(), receive_buffer); }
    WireClient charger(const std::string& identity, Version version = Version::k16) {
        auto client = dial();
        const auto offer = "Sec-WebSocket-Protocol: " + std::string(subprotocol(version)) + "\r\n";
        EXPECT_TRUE(client.upgrade("/ocpp/" + identity, offer).starts_with("HTTP/1.1 101"));
        return client;
    }
    std::future<CallResult> call(const std::string& charger, Command command) {
        auto promise = std::make_shared<std::promise<CallResult>>();
        gateway->call(
            ChargerId(charger), std::move(command), [this](SteadyPoint) { ++frames_sent; },
            [promise](CallResult result) { promise->set_value(std::move(result)); });
        return promise->get_future();
    }

    FakeChargers chargers;
    CountingObserver observer;
    std::atomic<int> frames_sent{0};
    net::IoThreads threads;
    std::unique_ptr<Gateway> gateway;
    std::unique_ptr<net::Listener> listener;
};

inline const Command kLimit = SetLimit{ProfilePurpose::kTransaction, 1, 4711, 10_A};
inline const std::string kHeartbeat = R"([2,"h","Heartbeat",{}])";

inline CallOutcome outcome_of(std::future<CallResult>& result) {
    EXPECT_EQ(result.wait_for(kSoon), std::future_status::ready);
    return result.get().outcome;
}

// The id, as the raw token, of a call of ours.
inline std::string id_of(const std::string& call) {
    return call.substr(3, call.find(',', 3) - 3);
}

}  // namespace busbar::ocpp
