#include "sim/byte_network.hpp"

#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <string>

namespace busbar::sim {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using namespace std::chrono_literals;

// Holds what one end reads, until it ends.
struct Reader {
    net::ByteStream* stream;
    std::string read = {};
    std::optional<error_code> ended = {};
    char piece[512] = {};

    void go() {
        stream->async_read_some(asio::buffer(piece), [this](error_code failed, std::size_t bytes) {
            read.append(piece, bytes);
            if (failed)
                ended = failed;
            else
                go();
        });
    }
};

class ByteNetworkTest : public testing::Test {
protected:
    explicit ByteNetworkTest(NetworkWeather weather = {}) : network(strand, clock, 1, weather) {
        network.listen([this](net::ByteStream stream) { server.emplace(std::move(stream)); });
    }
    // Connects, and lets the server have its end.
    void connect() {
        auto dialed = network.dial();
        client.emplace(std::move(dialed.stream));
        cable = std::move(dialed.cable);
        strand.run_for(1s);
        ASSERT_TRUE(server);
        at_server.stream = &*server;
        at_server.go();
        at_client.stream = &*client;
        at_client.go();
    }
    void say(net::ByteStream& stream, const std::string& text) {
        const auto kept = std::make_shared<std::string>(text);
        asio::async_write(stream, asio::buffer(*kept),
                          [this, kept](error_code failed, std::size_t) { wrote = failed; });
    }

    ManualClock clock{*parse_time("2026-02-10T12:00:00Z")};
    ManualStrand strand{clock};
    ByteNetwork network;
    std::optional<net::ByteStream> client, server;
    std::shared_ptr<Cable> cable;
    Reader at_server{nullptr}, at_client{nullptr};
    std::optional<error_code> wrote;
};

TEST_F(ByteNetworkTest, CarriesAllBytesInOrderHoweverTheyAreSplit) {
    connect();
    std::string long_text;
    for (int i = 0; i < 20'000; ++i) long_text += std::to_string(i);
    say(*client, long_text);
    strand.run_for(10s);
    EXPECT_EQ(at_server.read, long_text);
    EXPECT_EQ(wrote, error_code{});
    EXPECT_EQ(network.bytes(), long_text.size());
}

TEST_F(ByteNetworkTest, TakesTimeForEachPiece) {
    connect();
    say(*client, "hello");
    strand.run();
    EXPECT_EQ(at_server.read, "");
    strand.run_for(100ms);
    EXPECT_EQ(at_server.read, "hello");
}

TEST_F(ByteNetworkTest, TellsTheOtherSideOfAGoodbyeAfterTheLastByte) {
    connect();
    say(*client, "last words");
    strand.run();
    client->close();
    strand.run_for(1s);
    EXPECT_EQ(at_server.read, "last words");
    EXPECT_EQ(at_server.ended, error_code(asio::error::eof));
    EXPECT_EQ(at_client.ended, error_code(asio::error::operation_aborted));
}

TEST_F(ByteNetworkTest, ResetsWhoWritesToAnEndThatIsGone) {
    connect();
    server->close();
    strand.run_for(1s);
    say(*client, "anybody there?");
    strand.run_for(1s);
    say(*client, "hello?");
    strand.run_for(1s);
    EXPECT_EQ(wrote, error_code(asio::error::connection_reset));
}

TEST_F(ByteNetworkTest, RefusesWhereNobodyListens) {
    network.listen({});
    auto dialed = network.dial();
    at_client.stream = &dialed.stream;
    at_client.go();
    strand.run_for(1s);
    EXPECT_EQ(at_client.ended, error_code(asio::error::connection_refused));
    EXPECT_FALSE(server);
}

TEST_F(ByteNetworkTest, BreaksInTheMiddleOfAMessage) {
    connect();
    cable->cut_after(4);
    say(*client, "abcdefgh");
    strand.run_for(1s);
    EXPECT_EQ(network.bytes(), 4U);
    EXPECT_EQ(at_server.ended, error_code(asio::error::connection_reset));
    EXPECT_EQ(at_client.ended, error_code(asio::error::connection_reset));
}

TEST_F(ByteNetworkTest, TellsNobodyOnceItIsHalfOpen) {
    connect();
    cable->silence();
    say(*client, "lost");
    strand.run_for(1h);
    client->close();
    strand.run_for(1h);
    EXPECT_EQ(at_server.read, "");
    EXPECT_FALSE(at_server.ended);
}

TEST_F(ByteNetworkTest, DeliversWhatWasClogged) {
    connect();
    cable->clog(1min);
    say(*client, "late");
    strand.run_for(59s);
    EXPECT_EQ(at_server.read, "");
    strand.run_for(2s);
    EXPECT_EQ(at_server.read, "late");
}

TEST_F(ByteNetworkTest, MakesTheWriterWaitWhileNobodyReads) {
    connect();
    cable->silence();
    say(*client, std::string(64 * 1024, 'x'));
    strand.run_for(1min);
    EXPECT_EQ(wrote, error_code{});
    wrote.reset();
    say(*client, "one more");
    strand.run_for(1min);
    EXPECT_FALSE(wrote);
}

TEST(WireDigest, LeavesOutOnlyKeysAndMasks) {
    const auto digest_of = [](std::string_view key, std::string_view mask, std::string text,
                              std::size_t piece) {
        for (std::size_t i = 0; i < text.size(); ++i)
            text[i] = static_cast<char>(text[i] ^ mask[i % 4]);
        auto bytes = "GET / HTTP/1.1\r\nSec-WebSocket-Key: " + std::string(key) +
                     "\r\nA: b\r\n\r\n" + "\x81\x85" + std::string(mask) + text + "\x8a\x80" +
                     std::string(mask);
        WireDigest wire;
        Digest digest;
        for (std::size_t at = 0; at < bytes.size(); at += piece)
            wire.read(std::string_view(bytes).substr(at, piece), digest);
        return digest.value();
    };
    const auto one = digest_of("abcd", "1234", "hello", 1);
    EXPECT_EQ(one, digest_of("efgh", "5678", "hello", 1));
    EXPECT_EQ(one, digest_of("abcd", "1234", "hello", 7));
    EXPECT_EQ(one, digest_of("abcd", "1234", "hello", 1'000));
    EXPECT_NE(one, digest_of("abcd", "1234", "hellp", 1));
}

}  // namespace
}  // namespace busbar::sim
