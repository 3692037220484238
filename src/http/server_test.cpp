#include "http/server.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <thread>

#include "http/event_stream.hpp"
#include "http/problem.hpp"
#include "net/io_threads.hpp"
#include "net/test_tls.hpp"
#include "net/tls.hpp"

namespace busbar::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

// One raw connection. Reading ends when the other side closes; a server that does not would hang
// the test until ctest ends it.
class Client {
public:
    explicit Client(std::uint16_t port) : socket_(context_) {
        socket_.connect({asio::ip::address_v4::loopback(), port});
    }

    // Whether all of it was taken. Where not, read() shows what was said.
    bool send(std::string_view bytes) {
        boost::system::error_code failed;
        asio::write(socket_, asio::buffer(bytes), failed);
        return !failed;
    }
    // All that comes until the other side closes.
    std::string read() {
        std::string text;
        boost::system::error_code closed;
        asio::read(socket_, asio::dynamic_buffer(text), closed);
        return text;
    }
    // One answer whose body has no more than its Content-Length says.
    std::string read_one() {
        const auto head = asio::read_until(socket_, asio::dynamic_buffer(ahead_), "\r\n\r\n");
        const auto at = ahead_.find("Content-Length: ");
        const auto length = std::stoul(ahead_.substr(at + 16));
        if (ahead_.size() < head + length)
            asio::read(socket_, asio::dynamic_buffer(ahead_),
                       asio::transfer_exactly(head + length - ahead_.size()));
        auto one = ahead_.substr(0, head + length);
        ahead_.erase(0, head + length);
        return one;
    }
    std::string read_until(std::string_view end) {
        const auto size = asio::read_until(socket_, asio::dynamic_buffer(ahead_), end);
        auto text = ahead_.substr(0, size);
        ahead_.erase(0, size);
        return text;
    }
    // What comes next that is not `skipped`.
    std::string read_past(std::string_view skipped) {
        for (;;)
            if (auto text = read_until("\n\n"); text != skipped) return text;
    }
    void close_sending() { socket_.shutdown(tcp::socket::shutdown_send); }

private:
    asio::io_context context_;
    tcp::socket socket_;
    std::string ahead_;
};

int status_in(const std::string& answer) {
    return answer.size() > 12 ? std::stoi(answer.substr(9, 3)) : 0;
}

// A server that answers with what it was asked.
class ServerTest : public testing::Test {
protected:
    void open(ServerOptions options = {}) {
        server = std::make_unique<Server>(
            real_clock(), [this](Request request, Reply reply) { handle(request, reply); },
            [this](net::ByteStream&& stream, auto&& request, net::Seat&& seat) {
                return upgrade(std::move(stream), request, std::move(seat));
            },
            std::move(options));
        auto opened = net::Listener::open(threads, {});
        ASSERT_TRUE(opened);
        listener = *std::move(opened);
        listener->start([this](tcp::socket socket, net::Seat seat) {
            server->take(boost::beast::tcp_stream(std::move(socket)), std::move(seat));
        });
    }
    ~ServerTest() override {
        if (listener) listener->stop();
        if (tls_listener) tls_listener->stop();
        if (server) server->stop();
        threads.stop();
    }

    // A second port, with TLS.
    void open_tls() {
        folder.write("server", net::make_certificate({.name = "busbar"}));
        tls = *net::Tls::open({folder.certificate("server"), folder.key("server")});
        tls_listener = *net::Listener::open(threads, {});
        tls_listener->start([this](tcp::socket socket, net::Seat seat) {
            server->take(tls->accept(std::move(socket)), std::move(seat));
        });
    }

    Client dial() { return Client(listener->port()); }
    std::string exchange(std::string_view request) {
        auto client = dial();
        client.send(request);
        return client.read();
    }

    void handle(const Request& request, const Reply& reply) {
        ++handled;
        if (request.target.path == "/never") {
            const std::lock_guard lock(mutex);
            kept.push_back(reply);
            return;
        }
        if (request.target.path == "/stream") {
            going = std::make_shared<EventStream>();
            going->keep(source);
            going->push("first", "1", "{}");
            return reply({.content_type = "text/event-stream", .stream = going});
        }
        if (request.target.path == "/throws") throw std::runtime_error("a mistake");
        Response response{.content_type = "text/plain",
                          .body = std::string(to_string(request.method)) + " " +
                                  request.target.path + " " + request.body};
        if (request.target.path == "/large") response.body = std::string(32'000'000, 'x');
        if (request.target.path != "/later") return reply(std::move(response));
        asio::post(threads.context(), [reply, response] {
            reply(response);
            reply(problem(Error{Errc::kInvalid, "a second reply"}));
        });
    }
    bool upgrade(net::ByteStream&& stream, const auto& request, net::Seat&& seat) {
        if (request.target() != "/ocpp/CP-7") return false;
        auto taken = std::make_shared<net::ByteStream>(std::move(stream));
        auto done = [taken, seat = std::move(seat)](const boost::system::error_code&, std::size_t) {
            taken->close();
        };
        asio::async_write(*taken, asio::buffer("taken", 5), std::move(done));
        return true;
    }

    std::atomic<int> handled{0};
    std::mutex mutex;
    std::vector<Reply> kept;
    std::shared_ptr<EventStream> going;
    std::shared_ptr<int> source = std::make_shared<int>(0);
    net::IoThreads threads{2};
    net::TestFolder folder;
    std::unique_ptr<net::Tls> tls;
    std::unique_ptr<Server> server;
    std::unique_ptr<net::Listener> listener, tls_listener;
};

const std::string kHost = "Host: localhost\r\n";
const std::string kLast = kHost + "Connection: close\r\n";

std::string get(const std::string& path, const std::string& lines = kLast) {
    return "GET " + path + " HTTP/1.1\r\n" + lines + "\r\n";
}

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
    open();
    auto client = dial();
    client.send(get("/a", kHost));
    const auto first = client.read_one();
    EXPECT_EQ(status_in(first), 200);
    EXPECT_NE(first.find("GET /a "), std::string::npos);
    EXPECT_NE(first.find("X-Content-Type-Options: nosniff\r\n"), std::string::npos);
    EXPECT_NE(first.find(" GMT\r\n"), std::string::npos);
    client.send("POST /later HTTP/1.1\r\n" + kHost + "Content-Length: 5\r\n\r\nhello");
    EXPECT_NE(client.read_one().find("POST /later hello"), std::string::npos);
    client.send("POST /b HTTP/1.1\r\n" + kHost +
                "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    EXPECT_NE(client.read_one().find("POST /b abcde"), std::string::npos);
    client.send(get("/c"));
    EXPECT_NE(client.read().find("Connection: close"), std::string::npos);
}

TEST_F(ServerTest, HeadHasTheLengthAndNoBody) {
    open();
    const auto answer = exchange("HEAD /a HTTP/1.1\r\n" + kLast + "\r\n");
    EXPECT_NE(answer.find("Content-Length: 8\r\n"), std::string::npos);
    EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
    open();
    auto client = dial();
    std::string many;
    for (int i = 0; i < 1'000; ++i) many += get("/" + std::to_string(i), kHost);
    std::thread sender([&] { client.send(many + get("/end")); });
    for (int i = 0; i < 1'000; ++i)
        ASSERT_NE(client.read_one().find("GET /" + std::to_string(i) + " "), std::string::npos);
    EXPECT_NE(client.read_one().find("GET /end "), std::string::npos);
    sender.join();
}

TEST_F(ServerTest, WhatCanBeReadInTwoWaysIsRefusedAndNothingAfterItIsRead) {
    open();
    const std::string second = get("/second");
    for (const auto& [status, request] : std::vector<std::pair<int, std::string>>{
             {400, "GET / HTTP/1.1\r\n\r\n"},
             {400, "GET / HTTP/1.0\r\n\r\n"},
             {400, "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"},
             {400, "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n"},
             {400, "GET / HTTP/1.1\r\nHost: localhost\r\nX : a\r\n\r\n"},
             {400, "GET / HTTP/1.1\nHost: localhost\n\n"},
             {400,
              "GET / HTTP/1.1\r\nHost: localhost\r\nX: a" + std::string(1, '\0') + "b\r\n\r\n"},
             {400, "POST / HTTP/1.1\r\n" + kHost +
                       "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
             {400, "POST / HTTP/1.1\r\n" + kHost +
                       "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"},
             {400,
              "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"},
             {400,
              "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc"},
             {400, "POST / HTTP/1.1\r\n" + kHost + "Content-Length: -1\r\n\r\n"},
             {400, "POST / HTTP/1.1\r\n" + kHost + "Content-Length: +3\r\n\r\nabc"},
             {400, "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: gzip\r\n\r\n"},
             {400,
              "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: x, chunked\r\n\r\n0\r\n\r\n"},
             {400, "POST / HTTP/1.1\r\n" + kHost +
                       "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"},
             {400, "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"},
             {400, "GET / HTTP/2.0\r\n" + kHost + "\r\n"},
             {400, "GET /\r\n\r\n"},
             {400, "GET http://localhost/ HTTP/1.1\r\n" + kHost + "\r\n"},
             {400, "GET /%zz HTTP/1.1\r\n" + kHost + "\r\n"},
             {400, "\x16\x03\x01\x02garbage\r\n\r\n"},
             {405, "BREW / HTTP/1.1\r\n" + kHost + "\r\n"},
             {405, "TRACE / HTTP/1.1\r\n" + kHost + "\r\n"},
             {405, "CONNECT localhost:80 HTTP/1.1\r\n" + kHost + "\r\n"},
             {417, "POST / HTTP/1.1\r\n" + kHost + "Expect: tea\r\nContent-Length: 1\r\n\r\na"},
         }) {
        const auto answer = exchange(request + second);
        EXPECT_EQ(status_in(answer), status) << request << answer;
        EXPECT_NE(answer.find("application/problem+json"), std::string::npos) << request;
        EXPECT_EQ(answer.find("/second"), std::string::npos) << request;
    }
    EXPECT_EQ(handled, 0);
}

TEST_F(ServerTest, OtherHostsAndOriginsGetNothing) {
    open({.own_hosts = {"garage.example"}});
    for (const auto& [status, lines] : std::vector<std::pair<int, std::string>>{
             {200, "Host: garage.example\r\n"},
             {200, "Host: localhost:1\r\nOrigin: http://localhost:1\r\n"},
             {403, "Host: evil.example\r\n"},
             {403, "Host: localhost\r\nOrigin: http://evil.example\r\n"},
             {403, "Host: localhost\r\nOrigin: null\r\n"},
             {403,
              "Host: localhost\r\nOrigin: http://localhost\r\nOrigin: http://evil.example\r\n"},
             {403,
              "Host: localhost\r\nOrigin: http://evil.example\r\nUpgrade: websocket\r\n"
              "Connection: upgrade\r\n"}})
        EXPECT_EQ(status_in(exchange(get("/ocpp/CP-7", lines + "Connection: close\r\n"))), status)
            << lines;
}

TEST_F(ServerTest, TooMuchIsRefusedAndTheAnswerArrives) {
    open({.max_body_bytes = 1'000});
    const std::string post = "POST /a HTTP/1.1\r\n" + kHost;
    EXPECT_EQ(status_in(exchange(post + "Connection: close\r\nContent-Length: 1000\r\n\r\n" +
                                 std::string(1'000, 'x'))),
              200);
    handled = 0;
    auto client = dial();
    EXPECT_TRUE(
        client.send(post + "Content-Length: 10000000\r\n\r\n" + std::string(10'000'000, 'x')));
    EXPECT_EQ(status_in(client.read()), 413);
    EXPECT_EQ(status_in(exchange(post + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" +
                                 std::string(1'001, 'x') + "\r\n0\r\n\r\n")),
              413);
    EXPECT_EQ(status_in(exchange(get("/", kHost + "X: " + std::string(17'000, 'x') + "\r\n"))),
              431);
    EXPECT_EQ(status_in(exchange("GET /" + std::string(17'000, 'x') + " HTTP/1.1\r\n")), 431);
    EXPECT_EQ(status_in(exchange(post + std::string(100'000, 'x'))), 431);
    EXPECT_EQ(handled, 0);
}

TEST_F(ServerTest, AClientThatAsksFirstIsToldToGoOn) {
    open();
    auto client = dial();
    client.send("POST /a HTTP/1.1\r\n" + kLast +
                "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    client.send("hi");
    const auto answer = client.read();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")) << answer;
}

TEST_F(ServerTest, SlowHeadersAndBodiesAreCutOff) {
    open({.read_deadline = 50ms});
    for (const auto* begun :
         {"", "GET / HT", "GET / HTTP/1.1\r\nHost: localhost\r\nX:",
          "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc"})
        EXPECT_EQ(exchange(begun), "") << begun;
    EXPECT_EQ(handled, 0);
}

TEST_F(ServerTest, TheDeadlineCountsFromTheFirstByteOfEachRequest) {
    open({.read_deadline = 50ms, .idle_deadline = 1h});
    auto client = dial();
    client.send(get("/a", kHost));
    EXPECT_EQ(status_in(client.read_one()), 200);
    client.send("GET / HT");
    EXPECT_EQ(client.read(), "");
}

TEST_F(ServerTest, IdleConnectionsAreClosed) {
    open({.idle_deadline = 20ms});
    auto client = dial();
    client.send(get("/a", kHost));
    EXPECT_EQ(status_in(client.read_one()), 200);
    EXPECT_EQ(client.read(), "");
}

TEST_F(ServerTest, AClientThatDoesNotReadIsCutOff) {
    open({.write_deadline = 50ms});
    auto client = dial();
    client.send(get("/large"));
    while (handled == 0 || server->connections() > 0) std::this_thread::yield();
    EXPECT_LT(client.read().size(), 32'000'000U);
}

TEST_F(ServerTest, AHandlerThatSaysNothingIsAnsweredFor) {
    open({.reply_deadline = 20ms});
    auto client = dial();
    client.send(get("/never", kHost));
    EXPECT_EQ(status_in(client.read_one()), 504);
    {
        const std::lock_guard lock(mutex);
        kept.back()({.body = "too late"});
    }
    client.send(get("/a"));
    const auto next = client.read();
    EXPECT_EQ(status_in(next), 200);
    EXPECT_EQ(next.find("too late"), std::string::npos);
}

TEST_F(ServerTest, AMistakeInAHandlerIsAnsweredAndTheServerLives) {
    open();
    auto client = dial();
    client.send(get("/throws", kHost));
    EXPECT_EQ(status_in(client.read_one()), 500);
    client.send(get("/a"));
    EXPECT_EQ(status_in(client.read()), 200);
}

TEST_F(ServerTest, AClientThatGoesInTheMiddleIsForgotten) {
    open();
    for (const auto* begun : {"", "GET / HT",
                              "POST / HTTP/1.1\r\nHost: localhost\r\n"
                              "Content-Length: 10\r\n\r\nabc"}) {
        auto client = dial();
        client.send(begun);
        client.close_sending();
        EXPECT_EQ(client.read(), "") << begun;
    }
}

TEST_F(ServerTest, WebSocketsAreHandedOverUnread) {
    open();
    const std::string upgrade = kHost + "Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n";
    EXPECT_EQ(exchange(get("/ocpp/CP-7", upgrade)), "taken");
    EXPECT_EQ(status_in(exchange(get("/elsewhere", upgrade))), 404);
    EXPECT_EQ(status_in(exchange(get("/ocpp/CP-7", upgrade + "Content-Length: 2\r\n") + "hi")),
              400);
    EXPECT_EQ(status_in(exchange(get("/ocpp/CP-7", upgrade) + "frame")), 400);
    EXPECT_EQ(status_in(exchange("POST /ocpp/CP-7 HTTP/1.1\r\n" + upgrade + "\r\n")), 400);
    EXPECT_EQ(handled, 0);
}

TEST_F(ServerTest, AnAnswerMayGoOn) {
    open({.heartbeat = 10ms});
    auto client = dial();
    client.send(get("/stream", kHost));
    EXPECT_NE(client.read_until("\r\n\r\n").find("Content-Type: text/event-stream"),
              std::string::npos);
    EXPECT_EQ(client.read_until("\n\n"), "event: first\nid: 1\ndata: {}\n\n");
    EXPECT_EQ(client.read_until("\n\n"), ":\n\n") << "a sign of life while there is no news";
    going->push("next", "", R"({"a":1})");
    EXPECT_NE(client.read_past(":\n\n").find("event: next\ndata: {\"a\":1}\n\n"),
              std::string::npos);
    server->stop();
    EXPECT_EQ(client.read().find("event"), std::string::npos);
}

TEST_F(ServerTest, AStreamWhoseClientWentIsLetGoOf) {
    open({.heartbeat = 1ms});
    {
        auto client = dial();
        client.send(get("/stream", kHost));
        (void)client.read_until("\n\n");
        EXPECT_EQ(source.use_count(), 2);
    }
    while (source.use_count() > 1) std::this_thread::yield();  // ctest has the deadline.
}

TEST_F(ServerTest, AStreamThatIsReadTooSlowlyEnds) {
    open();
    auto client = dial();
    client.send(get("/stream", kHost));
    (void)client.read_until("\n\n");
    const std::string much(EventStream::kMostBytes + 1, 'x');
    going->push("much", "", much);
    going->push("more", "", "{}");
    const auto rest = client.read();
    EXPECT_NE(rest.find("event: lost\n"), std::string::npos);
    EXPECT_EQ(rest.find("event: more"), std::string::npos) << "it ends there";
}

TEST_F(ServerTest, ConnectionsAreBounded) {
    open({.max_connections = 2});
    auto first = dial();
    auto second = dial();
    for (auto* client : {&first, &second}) {
        client->send(get("/a", kHost));
        EXPECT_EQ(status_in(client->read_one()), 200);
    }
    EXPECT_EQ(exchange(get("/a")), "");
    first.send(get("/a"));
    EXPECT_EQ(status_in(first.read()), 200);
}

class ConcurrencyHttp : public ServerTest {};

TEST_F(ConcurrencyHttp, ManyClientsGetTheirOwnAnswers) {
    open();
    constexpr int kClients = 8, kRequests = 200;
    std::atomic<int> right{0};
    std::vector<std::thread> clients;
    for (int number = 0; number < kClients; ++number)
        clients.emplace_back([this, number, &right] {
            auto client = dial();
            for (int i = 0; i < kRequests; ++i) {
                const auto body = std::to_string(number * kRequests + i);
                client.send("POST " + std::string(i % 2 == 0 ? "/later" : "/a") + " HTTP/1.1\r\n" +
                            kHost + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                            body);
                if (client.read_one().ends_with(" " + body)) ++right;
            }
        });
    for (auto& client : clients) client.join();
    EXPECT_EQ(right, kClients * kRequests);
}

TEST_F(ConcurrencyHttp, StopUnderLoadClosesEveryConnectionAndDropsLateReplies) {
    open();
    std::vector<std::thread> clients;
    for (int number = 0; number < 6; ++number)
        clients.emplace_back([this, number] {
            auto client = dial();
            const std::string path = number == 0 ? "/never" : number % 2 == 0 ? "/later" : "/a";
            std::string many;
            for (int i = 0; i < 20'000; ++i) many += get(path, kHost);
            std::thread sender([&] { client.send(many); });
            (void)client.read();  // Ends because the server closes, wherever it was.
            sender.join();
        });
    while (handled < 100) std::this_thread::yield();
    server->stop();
    EXPECT_EQ(server->connections(), 0U);
    for (auto& client : clients) client.join();
    const std::lock_guard lock(mutex);
    for (const auto& reply : kept) reply({});
    EXPECT_EQ(exchange(get("/a")), "");
}

// --- TLS ----------------------------------------------------------------------------------

TEST_F(ServerTest, AnswersOverTlsAsItDoesWithout) {
    open();
    open_tls();
    const net::TestSocket socket(tls_listener->port());
    net::TestTls client(socket.number());
    ASSERT_TRUE(client.shaken());
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(client.write("GET /a HTTP/1.1\r\n" + kHost + "\r\n"));
        EXPECT_TRUE(client.read().starts_with("HTTP/1.1 200"));
    }
    ASSERT_TRUE(client.write("GET /large HTTP/1.1\r\n" + kHost + "Connection: close\r\n\r\n"));
    std::size_t got = 0;
    for (auto more = client.read(); !more.empty(); more = client.read()) got += more.size();
    EXPECT_GT(got, 32'000'000U);
}

TEST_F(ServerTest, A25_ASlowTlsHelloIsClosed) {
    open({.read_deadline = std::chrono::milliseconds{50}});
    open_tls();
    const net::TestSocket socket(tls_listener->port());
    ::send(socket.number(), "\x16\x03\x01\x02", 4, MSG_NOSIGNAL);
    char byte = 0;
    EXPECT_LE(::recv(socket.number(), &byte, 1, 0), 0);
    EXPECT_NE(errno, EAGAIN);  // Our patience's end.
    while (server->connections() > 0) std::this_thread::yield();
}

TEST_F(ServerTest, StopsWhileTlsConnectionsAreAtEveryStage) {
    open();
    open_tls();
    const net::TestSocket silent(tls_listener->port()), idle_socket(tls_listener->port()),
        asking_socket(tls_listener->port());
    net::TestTls idle(idle_socket.number()), asking(asking_socket.number());
    ASSERT_TRUE(asking.write("GET /never HTTP/1.1\r\n" + kHost + "\r\n"));
    while (handled == 0 || server->connections() < 3) std::this_thread::yield();
    server->stop();
    EXPECT_EQ(server->connections(), 0U);
    EXPECT_EQ(idle.read(), "");
}

}  // namespace
}  // namespace busbar::http
