#include "net/tls.hpp"

#include <gtest/gtest.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "base/clock.hpp"
#include "net/io_threads.hpp"
#include "net/listener.hpp"
#include "net/task_group.hpp"
#include "net/test_tls.hpp"

namespace busbar::net {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// Answers "hello" with "hello, <the client's name>", and all else as it is.
class TlsTest : public testing::Test {
protected:
    TlsTest() {
        folder.write("ca", ca);
        folder.write("server", make_certificate({.name = "busbar", .usage = "serverAuth"}, &ca));
    }
    ~TlsTest() override {
        if (listener) listener->stop();
        tasks.stop();
        threads.stop();
    }

    TlsOptions files() const {
        return {folder.certificate("server"), folder.key("server"), folder.certificate("ca")};
    }
    void serve(Duration patience = 20s) {
        auto made = Tls::open(files());
        ASSERT_TRUE(made) << made.error().message;
        tls = std::move(*made);
        auto opened = Listener::open(threads, {});
        ASSERT_TRUE(opened);
        listener = *std::move(opened);
        listener->start([this, patience](asio::ip::tcp::socket socket, Seat) {
            const asio::any_io_executor strand = socket.get_executor();
            auto stream = std::make_unique<ByteStream>(tls->accept(std::move(socket)));
            stream->expires_after(patience);
            tasks.spawn(strand, echo(std::move(stream)));
        });
    }
    static asio::awaitable<void> echo(std::unique_ptr<ByteStream> stream) {
        std::string heard(4'096, '\0');
        for (;;) {
            boost::system::error_code failed;
            auto token = asio::redirect_error(asio::use_awaitable, failed);
            const auto got = co_await stream->async_read_some(asio::buffer(heard), token);
            if (failed) break;
            const auto peer = stream->peer();
            auto answer = heard.substr(0, got);
            if (answer == "hello") answer += ", " + (peer.names.empty() ? "" : peer.names.front());
            co_await asio::async_write(*stream, asio::buffer(answer), token);
            if (failed) break;
        }
    }
    std::string greet(const TestTlsOptions& options = {}) {
        const TestSocket socket(listener->port());
        TestTls client(socket.number(), options);
        return client.shaken() && client.write("hello") ? client.read() : "";
    }

    TestFolder folder;
    TestCertificate ca = make_certificate({.name = "ca", .is_ca = true});
    IoThreads threads{2};
    TaskGroup tasks;
    std::unique_ptr<Tls> tls;
    std::unique_ptr<Listener> listener;
};

TEST_F(TlsTest, CarriesBytesBothWays) {
    serve();
    const TestSocket socket(listener->port());
    TestTls client(socket.number());
    ASSERT_TRUE(client.shaken());
    EXPECT_EQ(client.version(), "TLSv1.3");
    ASSERT_TRUE(client.write("hello"));
    EXPECT_EQ(client.read(), "hello, ");
    std::string large;
    while (large.size() < 2'000'000) large += std::to_string(large.size());
    large.resize(2'000'000);
    std::string heard;
    for (std::size_t sent = 0; sent < large.size(); sent += 100'000) {
        ASSERT_TRUE(client.write(std::string_view(large).substr(sent, 100'000)));
        while (heard.size() < sent + 100'000) {
            const auto more = client.read();
            ASSERT_FALSE(more.empty());
            heard += more;
        }
    }
    EXPECT_EQ(heard, large);
}

TEST_F(TlsTest, A64_SpeaksOnlySuitesThatAuthenticateOf12And13) {
    serve();
    const auto suite = [&](int version, const std::string& suites) {
        const TestSocket socket(listener->port());
        const TestTls client(socket.number(), {.most_version = version, .suites = suites});
        return client.shaken() ? client.suite() : "";
    };
    EXPECT_EQ(suite(TLS1_1_VERSION, "ALL@SECLEVEL=0"), "");
    EXPECT_EQ(suite(TLS1_VERSION, "ALL@SECLEVEL=0"), "");
    EXPECT_EQ(suite(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA"), "");
    EXPECT_EQ(suite(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256"),
              "ECDHE-ECDSA-AES128-GCM-SHA256");
    // The order is ours, whatever the client's.
    EXPECT_EQ(suite(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"),
              suite(TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256"));
}

TEST_F(TlsTest, A64_DoesNotRenegotiate) {
    serve();
    const TestSocket socket(listener->port());
    TestTls client(socket.number(), {.most_version = TLS1_2_VERSION});
    ASSERT_TRUE(client.shaken());
    SSL_renegotiate(client.ssl());
    EXPECT_NE(SSL_do_handshake(client.ssl()), 1);
}

TEST_F(TlsTest, A8_KnowsAClientByACertificateOfItsOwnAuthorityOnly) {
    serve();
    const auto good = make_certificate({.name = "CP-7", .usage = "clientAuth"}, &ca);
    EXPECT_EQ(greet({.shows = &good}), "hello, CP-7");
    EXPECT_EQ(greet(), "hello, ");
    const auto other_ca = make_certificate({.name = "ca", .is_ca = true});
    const auto strange = make_certificate({.name = "CP-7", .usage = "clientAuth"}, &other_ca);
    const auto expired =
        make_certificate({.name = "CP-7", .usage = "clientAuth", .valid_s = -60}, &ca);
    const auto server = make_certificate({.name = "CP-7", .usage = "serverAuth"}, &ca);
    for (const auto* bad : {&strange, &expired, &server}) EXPECT_EQ(greet({.shows = bad}), "");
}

TEST_F(TlsTest, A25_ASlowHelloIsClosed) {
    serve(50ms);
    const TestSocket socket(listener->port());
    char byte = 0;
    EXPECT_EQ(::recv(socket.number(), &byte, 1, 0), 0);  // Not -1, which were our patience's end.
}

TEST_F(TlsTest, StopsWhileItShakesHands) {
    serve();
    const TestSocket socket(listener->port());
    (void)::send(socket.number(), "\x16\x03\x01", 3, MSG_NOSIGNAL);
    while (tasks.size() == 0) std::this_thread::yield();
    tasks.stop();
    EXPECT_EQ(tasks.size(), 0U);
}

TEST_F(TlsTest, ReadsItsCertificateAgainAndKeepsWhoIsThere) {
    serve();
    const TestSocket socket(listener->port());
    TestTls before(socket.number());
    ASSERT_TRUE(before.shaken());
    folder.write("server", make_certificate({.name = "renewed"}, &ca));
    ASSERT_TRUE(tls->reload());
    const TestSocket later(listener->port());
    const TestTls after(later.number());
    EXPECT_EQ(before.server_name(), "busbar");
    EXPECT_EQ(after.server_name(), "renewed");
    ASSERT_TRUE(before.write("still there"));
    EXPECT_EQ(before.read(), "still there");
}

TEST_F(TlsTest, AReloadThatFailsLeavesAllAsItWas) {
    serve();
    std::filesystem::remove(folder.key("server"));
    EXPECT_EQ(tls->reload().error().field, "key");
    EXPECT_EQ(greet(), "hello, ");
}

TEST_F(TlsTest, SaysWhichFileIsWrong) {
    const auto field = [&](TlsOptions options) {
        const auto made = Tls::open(std::move(options));
        return made ? "" : made.error().field;
    };
    auto options = files();
    EXPECT_EQ(field(options), "");
    options.key = folder.key("ca");
    EXPECT_EQ(field(options), "key");
    options = files();
    options.certificate = "/nowhere.pem";
    EXPECT_EQ(field(options), "certificate");
    options = files();
    options.client_ca = folder.key("ca");
    EXPECT_EQ(field(options), "client_ca");
}

TEST_F(TlsTest, KnowsWhenItsCertificateEnds) {
    serve();
    const auto left = tls->expires() - real_clock().wall();
    EXPECT_GT(left, 30min);
    EXPECT_LE(left, 1h);
}

}  // namespace
}  // namespace busbar::net
