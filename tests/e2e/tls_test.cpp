// Chargers and the API over TLS, on the real binary.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <csignal>

#include "asking.hpp"
#include "net/test_tls.hpp"

namespace busbar::e2e {
namespace {

class TlsDoor : public testing::Test {
protected:
    TlsDoor() {
        pem_.write("ca", ca_);
        pem_.write("server", net::make_certificate({.name = "busbar"}, &ca_));
    }
    // The TLS port is on every address, as on a network, unless it is said otherwise.
    void serve(const std::string& host = "0.0.0.0") {
        server_.emplace(
            data_.path(),
            std::vector<std::string>{"--tls-certificate", pem_.certificate("server"), "--tls-key",
                                     pem_.key("server"), "--tls-client-ca", pem_.certificate("ca"),
                                     "--tls-port", "0", "--tls-host", host});
        const auto line = server_->process().read_line_with("over TLS, port ");
        port_ = static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(' ') + 1)));
        client_.emplace(client_of(*server_));
    }
    void configure() {
        for (const auto& [target, body] :
             {std::pair{"/api/v1/sites/garage", R"({"name":"Garage"})"},
              {"/api/v1/circuits/feeder", R"({"breakerA":100})"},
              {"/api/v1/chargers/CP-1", R"({"circuit":"feeder","maximumA":32})"}})
            ASSERT_LT(client_->request("PUT", target, body)->status, 300) << target;
    }
    // The first line of the answer over TLS.
    std::string ask_over_tls(const std::string& request,
                             const net::TestCertificate* shows = nullptr) {
        const net::TestSocket socket(port_);
        net::TestTls client(socket.number(), {.shows = shows});
        if (!client.shaken() || !client.write(request)) return "no TLS";
        return client.read().substr(0, 12);
    }
    static std::string upgrade(const std::string& charger, const std::string& basic) {
        return "GET /ocpp/" + charger +
               " HTTP/1.1\r\nHost: csms.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Protocol: ocpp1.6\r\n" +
               (basic.empty() ? "" : "Authorization: Basic " + basic + "\r\n") + "\r\n";
    }

    net::TestFolder pem_;
    net::TestCertificate ca_ = net::make_certificate({.name = "ca", .is_ca = true});
    Folder data_;
    std::optional<ServerProcess> server_;
    std::optional<app::HttpClient> client_;
    std::uint16_t port_ = 0;
};

// "CP-1:0123456789abcdef"
const std::string kBasic = "Q1AtMTowMTIzNDU2Nzg5YWJjZGVm";

TEST_F(TlsDoor, OnANetworkIsForChargersThatProveWhoTheyAreAndNoApi) {
    serve();
    configure();
    EXPECT_EQ(ask_over_tls("GET /api/v1/rules HTTP/1.1\r\nHost: csms.example\r\n\r\n"),
              "HTTP/1.1 403");
    EXPECT_EQ(ask_over_tls(upgrade("CP-1", "")), "HTTP/1.1 401");
    EXPECT_EQ(ask_over_tls(upgrade("stranger", kBasic)), "HTTP/1.1 401");
    ASSERT_EQ(client_->request("PUT", "/api/v1/chargers/CP-1/key", R"({"key":"0123456789abcdef"})")
                  ->status,
              200);
    EXPECT_EQ(ask_over_tls(upgrade("CP-1", kBasic)), "HTTP/1.1 101");

    ASSERT_EQ(
        client_->request("PUT", "/api/v1/chargers/CP-1/access", R"({"securityProfile":3})")->status,
        200);
    EXPECT_EQ(ask_over_tls(upgrade("CP-1", kBasic)), "HTTP/1.1 401");
    const auto own = net::make_certificate({.name = "CP-1", .usage = "clientAuth"}, &ca_);
    EXPECT_EQ(ask_over_tls(upgrade("CP-1", ""), &own), "HTTP/1.1 101");
}

TEST_F(TlsDoor, KnowsTheKeyAfterARestartAndRefusesToStartWithoutItsSecret) {
    serve();
    configure();
    ASSERT_EQ(client_->request("PUT", "/api/v1/chargers/CP-1/key", R"({"key":"0123456789abcdef"})")
                  ->status,
              200);
    server_.reset();
    serve();
    EXPECT_EQ(ask_over_tls(upgrade("CP-1", kBasic)), "HTTP/1.1 101");
    server_.reset();
    std::filesystem::remove(data_.path() / "charger-keys.secret");
    Process process({"serve", "--data-dir", data_.path(), "--port", "0"});
    const auto end = process.wait();
    EXPECT_EQ(end.code, 2);
    EXPECT_NE(end.err.find("put it back from the backup"), std::string::npos) << end.err;
}

TEST_F(TlsDoor, ReadsItsCertificateAgainOnSighup) {
    serve("127.0.0.1");
    const auto shown = [&] {
        const net::TestSocket socket(port_);
        return net::TestTls(socket.number()).server_name();
    };
    EXPECT_EQ(shown(), "busbar");
    EXPECT_EQ(ask_over_tls("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"), "HTTP/1.1 200");
    pem_.write("server", net::make_certificate({.name = "renewed"}, &ca_));
    server_->process().signal(SIGHUP);
    EXPECT_TRUE(eventually([&] { return shown() == "renewed"; }));
}

TEST_F(TlsDoor, AWrongCertificateIsOneLineThatNamesTheSetting) {
    Process process({"serve", "--data-dir", data_.path(), "--port", "0", "--tls-certificate",
                     pem_.certificate("server"), "--tls-key", pem_.key("ca")});
    const auto end = process.wait();
    EXPECT_EQ(end.code, 2);
    EXPECT_TRUE(end.err.starts_with("busbar: tls_key: ")) << end.err;
}

}  // namespace
}  // namespace busbar::e2e
