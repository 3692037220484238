#include "http/framing.hpp"

#include <gtest/gtest.h>

namespace busbar::http {
namespace {

Status head(const std::string& lines) {
    return check_head("POST /v1/ingest HTTP/1.1\r\n" + lines + "\r\n");
}

bool may_ask(std::string_view host, std::vector<std::string_view> origins = {}) {
    return check_origin(host, origins, {"garage.example"}).has_value();
}

TEST(Framing, AcceptsOrdinaryHeads) {
    EXPECT_TRUE(head("Host: localhost\r\n"));
    EXPECT_TRUE(head("Host: localhost:3000\r\nContent-Length: 5\r\n"));
    EXPECT_TRUE(head("hOST:localhost\r\nTransfer-Encoding:  Chunked \r\n"));
}

TEST(Framing, RefusesWhatTwoServersMayReadDifferently) {
    for (const auto* lines : {
             "",
             "Host: a\r\nHost: a\r\n",
             "Host: a\r\nHost: b\r\n",
             "Host:\r\n",
             "Host: a\r\n b\r\n",
             "Host: a\r\nX: y\r\n\tz\r\n",
             "Host: a\r\nno colon\r\n",
             "Host: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n",
             "Host: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
             "Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
             "Host: a\r\nTransfer-Encoding: gzip, chunked\r\n",
             "Host: a\r\nTransfer-Encoding: identity\r\n",
             "Host: a\r\nTransfer-Encoding: \x0b"
             "chunked\r\n",
         }) {
        const auto checked = head(lines);
        ASSERT_FALSE(checked) << lines;
        EXPECT_EQ(checked.error().code, Errc::kMalformed);
    }
    EXPECT_FALSE(check_head(""));
    EXPECT_FALSE(check_head("GET / HTTP/1.1\r\nHost: a\r\n"));
}

TEST(Origin, OnlyThisMachineByItsOwnNameMayAsk) {
    for (const auto* host : {"localhost", "LOCALHOST:3000", "127.0.0.1", "127.1.2.3:80", "[::1]:80",
                             "garage.example", "Garage.Example:3000"})
        EXPECT_TRUE(may_ask(host)) << host;
    for (const auto* host :
         {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1",
          "[::2]", "[::1", "127.0.0.1@evil.example", "localhost@evil.example"})
        EXPECT_FALSE(may_ask(host)) << host;
}

TEST(Origin, AnOpenNetworkTakesEveryHostButNoOtherOrigin) {
    EXPECT_TRUE(check_origin("10.0.0.1:3000", {}, {kAnyHost}));
    EXPECT_TRUE(check_origin("10.0.0.1:3000", {"http://10.0.0.1:3000"}, {kAnyHost}));
    EXPECT_FALSE(check_origin("10.0.0.1:3000", {"http://evil.example"}, {kAnyHost}));
}

TEST(Origin, ABrowserMayAskForItsOwnPageOnly) {
    EXPECT_TRUE(may_ask("localhost:3000", {"http://localhost:3000"}));
    EXPECT_TRUE(may_ask("garage.example", {"https://garage.example"}));
    for (const auto* origin : {"null", "", "http://localhost", "http://localhost:3001",
                               "http://evil.example", "http://localhost:3000.evil.example"})
        EXPECT_FALSE(may_ask("localhost:3000", {origin})) << origin;
    EXPECT_FALSE(may_ask("localhost", {"http://localhost", "http://localhost"}));
}

}  // namespace
}  // namespace busbar::http
