#include "ocpp/doorkeeper.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <future>

#include "base/guarded.hpp"
#include "net/io_threads.hpp"
#include "net/listener.hpp"
#include "net/test_tls.hpp"
#include "net/tls.hpp"
#include "ocpp/fake_chargers.hpp"
#include "ocpp/gateway.hpp"
#include "ocpp/wire_client.hpp"

namespace busbar::ocpp {
namespace {

using namespace std::chrono_literals;
namespace http = boost::beast::http;

const access::Keysmith kTestSmith("of this test");
const std::string kGoodKey = "a-key-of-CP-1-that-fits";
const std::string kNewKey = "its-next-key-after-that";

std::string basic(const std::string& user, const std::string& password) {
    const auto plain = user + ":" + password;
    std::string text(4 * (plain.size() / 3 + 1) + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(plain.data()),
                                     static_cast<int>(plain.size()));
    return "Basic " + text.substr(0, static_cast<std::size_t>(size));
}

class FakeList final : public control::AccessList {
public:
    std::optional<ChargerAccess> access_of(const ChargerId& charger) const override {
        return of_.with([&](const auto& of) -> std::optional<ChargerAccess> {
            const auto found = of.find(charger);
            return found == of.end() ? std::nullopt : std::optional(found->second);
        });
    }
    void came_with_new_key(const ChargerId& charger) override {
        of_.with([&](auto& of) { of.at(charger).old_key.reset(); });
    }
    void put(ChargerAccess access) {
        of_.with([&](auto& of) { of.insert_or_assign(access.charger, access); });
    }

private:
    Guarded<std::map<ChargerId, ChargerAccess>> of_;
};

// --- What is decided -------------------------------------------------------------------------

// CP-1 has a key, CP-2 is known and has none.
class DoorkeeperTest : public testing::Test {
protected:
    using Verdict = Doorkeeper::Verdict;
    static constexpr auto kIn = Verdict::kIn, kProven = Verdict::kProven, kOut = Verdict::kOut,
                          kTooOften = Verdict::kTooOften;

    DoorkeeperTest() { put({}); }
    void put(std::optional<SecurityProfile> profile) {
        list.put(
            {.charger = ChargerId("CP-1"), .profile = profile, .key = kTestSmith.seal(kGoodKey)});
        list.put({.charger = ChargerId("CP-2")});
    }
    void otherwise(SecurityProfile profile) {
        options.otherwise = profile;
        door.emplace(list, kTestSmith, onboarding, clock, options);
    }
    Verdict judge(const std::string& charger, const std::string& authorization, bool tls = false,
                  const std::string& address = "192.0.2.1", std::vector<std::string> names = {}) {
        return door->judge(ChargerId(charger), authorization,
                           {tls, std::move(names), boost::asio::ip::make_address(address)});
    }

    ManualClock clock{*parse_time("2026-02-10T12:00:00Z")};
    FakeList list;
    access::Onboarding onboarding;
    DoorkeeperOptions options;
    std::optional<Doorkeeper> door{std::in_place, list, kTestSmith, onboarding, clock};
};

TEST_F(DoorkeeperTest, OpenLetsInWhoeverHasNoKey) {
    EXPECT_EQ(judge("CP-2", ""), kIn);
    EXPECT_EQ(judge("stranger", ""), kIn);
    EXPECT_EQ(judge("CP-2", "", true), kIn);
    EXPECT_EQ(judge("CP-2", basic("CP-2", "what it always sends")), kIn);
}

TEST_F(DoorkeeperTest, A2_AKeyOnceGivenIsAskedFor) {
    EXPECT_EQ(judge("CP-1", ""), kOut);
    EXPECT_EQ(judge("CP-1", basic("CP-1", "another key, wrong")), kOut);
    EXPECT_EQ(judge("CP-1", basic("CP-1", kGoodKey)), kProven);
    EXPECT_EQ(judge("CP-1", basic("CP-1", kGoodKey), true), kProven);
}

TEST_F(DoorkeeperTest, A4_TheUserIsTheIdentity) {
    EXPECT_EQ(judge("CP-1", basic("CP-2", kGoodKey)), kOut);
    EXPECT_EQ(judge("CP-1", basic("", kGoodKey)), kOut);
    EXPECT_EQ(judge("CP-1", basic("cp-1", kGoodKey)), kOut);
}

TEST_F(DoorkeeperTest, A5_TheKeyIsBytes) {
    std::string bytes("\x00:\xff::\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13",
                      20);
    list.put({.charger = ChargerId("CP:1"),
              .key = kTestSmith.seal("003aff3a3a05060708090a0b0c0d0e0f10111213")});
    EXPECT_EQ(judge("CP:1", basic("CP:1", bytes)), kProven);
    bytes[0] = '\x01';
    EXPECT_EQ(judge("CP:1", basic("CP:1", bytes)), kOut);
}

TEST_F(DoorkeeperTest, A7_AnotherProfileThanTheConfiguredOneIsRefused) {
    options.most_of_a_charger = 100;
    otherwise(SecurityProfile::kOpen);
    const auto key = basic("CP-1", kGoodKey);
    put(SecurityProfile::kOpen);
    EXPECT_EQ(judge("CP-1", ""), kIn);
    EXPECT_EQ(judge("CP-1", key, true), kOut);
    put(SecurityProfile::kPassword);
    EXPECT_EQ(judge("CP-1", key), kProven);
    EXPECT_EQ(judge("CP-1", key, true), kOut);
    EXPECT_EQ(judge("CP-1", ""), kOut);
    put(SecurityProfile::kPasswordOverTls);
    EXPECT_EQ(judge("CP-1", key, true), kProven);
    EXPECT_EQ(judge("CP-1", key), kOut);
    EXPECT_EQ(judge("CP-1", "", true), kOut);
    put(SecurityProfile::kCertificate);
    EXPECT_EQ(judge("CP-1", key, true), kOut);
    EXPECT_EQ(judge("CP-1", "", true, "192.0.2.1", {"CP-1"}), kProven);
}

TEST_F(DoorkeeperTest, A8_ACertificateIsMadeOutToTheIdentityOrToWhatWasConfigured) {
    put(SecurityProfile::kCertificate);
    EXPECT_EQ(judge("CP-1", "", true, "192.0.2.1", {"CP-2"}), kOut);
    EXPECT_EQ(judge("CP-1", "", true, "192.0.2.1", {}), kOut);
    EXPECT_EQ(judge("CP-1", "", true, "192.0.2.1", {"other", "CP-1"}), kProven);
    list.put({.charger = ChargerId("CP-1"),
              .profile = SecurityProfile::kCertificate,
              .certificate_name = "SERIAL-7"});
    EXPECT_EQ(judge("CP-1", "", true, "192.0.2.1", {"SERIAL-7"}), kProven);
    EXPECT_EQ(judge("CP-1", "", true, "192.0.2.1", {"CP-1"}), kOut);
}

TEST_F(DoorkeeperTest, WhatIsAskedOfAllHoldsForWhomNothingWasSaid) {
    otherwise(SecurityProfile::kPassword);
    EXPECT_EQ(judge("CP-2", ""), kOut);
    EXPECT_EQ(judge("stranger", ""), kOut);
    otherwise(SecurityProfile::kPasswordOverTls);
    EXPECT_EQ(judge("CP-1", basic("CP-1", kGoodKey)), kOut);
    EXPECT_EQ(judge("CP-1", basic("CP-1", kGoodKey), true), kProven);
    otherwise(SecurityProfile::kCertificate);
    EXPECT_EQ(judge("CP-2", "", true, "192.0.2.1", {"CP-2"}), kProven);
    EXPECT_EQ(judge("stranger", "", true, "192.0.2.1", {"stranger"}), kOut);
}

TEST_F(DoorkeeperTest, A11_TheOldKeyIsGoodUntilTheNewOneWasUsed) {
    ChargerAccess rotated{.charger = ChargerId("CP-1"),
                          .key = kTestSmith.seal(kNewKey),
                          .old_key = kTestSmith.seal(kGoodKey),
                          .old_key_until = clock.wall() + 1h};
    list.put(rotated);
    EXPECT_EQ(judge("CP-1", basic("CP-1", kGoodKey)), kProven);
    EXPECT_EQ(judge("CP-1", basic("CP-1", kNewKey)), kProven);
    EXPECT_EQ(judge("CP-1", basic("CP-1", kGoodKey)), kOut);
    list.put(rotated);
    clock.advance(1h);
    EXPECT_EQ(judge("CP-1", basic("CP-1", kGoodKey)), kOut);
}

TEST_F(DoorkeeperTest, A12_FiveFailuresAMinuteAndTheRealOneStillComesIn) {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(judge("CP-1", basic("CP-1", "guess")), kOut);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(judge("CP-1", basic("CP-1", "guess")), kTooOften);
    EXPECT_EQ(judge("CP-1", basic("CP-1", kGoodKey)), kTooOften);  // Not even looked at.
    EXPECT_EQ(judge("CP-1", basic("CP-1", kGoodKey), false, "192.0.2.2"), kProven);
    clock.advance(1min);
    EXPECT_EQ(judge("CP-1", basic("CP-1", kGoodKey)), kProven);
}

TEST_F(DoorkeeperTest, A13_AnAddressThatTriesManyIsStoppedButNotItsGoodNeighbour) {
    otherwise(SecurityProfile::kPassword);
    EXPECT_EQ(judge("CP-1", basic("CP-1", kGoodKey)), kProven);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(judge("X-" + std::to_string(i), ""), kOut);
    EXPECT_EQ(judge("X-100", ""), kTooOften);
    EXPECT_EQ(judge("CP-1", basic("CP-1", kGoodKey)), kProven);
    EXPECT_EQ(judge("X-100", "", false, "192.0.2.2"), kOut);
}

TEST_F(DoorkeeperTest, A13_AnIpv6NetworkIsOneAddress) {
    options.most_of_an_address = 2;
    otherwise(SecurityProfile::kPassword);
    EXPECT_EQ(judge("X-1", "", false, "2001:db8::1"), kOut);
    EXPECT_EQ(judge("X-2", "", false, "2001:db8::2"), kOut);
    EXPECT_EQ(judge("X-3", "", false, "2001:db8::3"), kTooOften);
    EXPECT_EQ(judge("X-3", "", false, "2001:db8:0:1::3"), kOut);
}

TEST_F(DoorkeeperTest, A15_AStormOfGoodOnesIsNotHeldBack) {
    for (int i = 0; i < 10'000; ++i) ASSERT_EQ(judge("CP-1", basic("CP-1", kGoodKey)), kProven);
}

TEST_F(DoorkeeperTest, TheOnboardingKeyLetsStrangersInWhileTheWindowIsOpen) {
    otherwise(SecurityProfile::kPasswordOverTls);
    const std::string key = "the key of the site";
    EXPECT_EQ(judge("new", basic("new", key), true), kOut);
    onboarding.open(kTestSmith.seal(key), clock.steady() + 30min);
    EXPECT_EQ(judge("new", basic("new", key), true), kProven);
    EXPECT_EQ(judge("new", basic("new", "another key, wrong"), true), kOut);
    EXPECT_EQ(judge("new", basic("new", key)), kOut);
    EXPECT_EQ(judge("CP-2", basic("CP-2", key), true), kProven);  // Known, and without a key yet.
    EXPECT_EQ(judge("CP-1", basic("CP-1", key), true), kOut);
    clock.advance(30min);
    EXPECT_EQ(judge("new", basic("new", key), true), kOut);
}

TEST(BasicCredentials, AreReadAsBytesOrNotAtAll) {
    EXPECT_EQ(basic_credentials("Basic Q1AtMTprZXk="), "CP-1:key");
    EXPECT_EQ(basic_credentials("bASIC  Q1AtMTprZXk="), "CP-1:key");
    EXPECT_EQ(basic_credentials("Basic Q1A6"), "CP:");
    for (const auto* bad : {"", "Basic", "Basic ", "Bearer Q1A6", "Basic Q1A", "Basic !!!!",
                            "Basic ====", "Basic Q===", "Basic Q1A6===="})
        EXPECT_FALSE(basic_credentials(bad).value_or("") != "") << bad;
    EXPECT_FALSE(basic_credentials("Basic " + std::string(10'000, 'A')));
}

// --- Over real sockets -------------------------------------------------------------------------

// A gateway with a door, on a port with TLS and one without.
class DoorTest : public testing::Test {
protected:
    DoorTest() {
        folder.write("ca", ca);
        folder.write("server", net::make_certificate({.name = "busbar"}, &ca));
        tls = *net::Tls::open(
            {folder.certificate("server"), folder.key("server"), folder.certificate("ca")});
        plain = *net::Listener::open(threads, {});
        secure = *net::Listener::open(threads, {});
        plain->start([this](boost::asio::ip::tcp::socket socket, net::Seat seat) {
            bring_in(boost::beast::tcp_stream(std::move(socket)), std::move(seat));
        });
        secure->start([this](boost::asio::ip::tcp::socket socket, net::Seat seat) {
            bring_in(tls->accept(std::move(socket)), std::move(seat));
        });
        list.put({.charger = ChargerId("CP-1"), .key = kTestSmith.seal(kGoodKey)});
    }
    ~DoorTest() override {
        plain->stop();
        secure->stop();
        gateway->stop();
        threads.stop();
    }

    // Reads one request, as the HTTP server does.
    struct Guest {
        net::ByteStream stream;
        net::Seat seat;
        boost::beast::flat_buffer buffer = {};
        http::request<http::string_body> request = {};
    };
    void bring_in(net::ByteStream stream, net::Seat seat) {
        auto guest = std::make_shared<Guest>(std::move(stream), std::move(seat));
        http::async_read(guest->stream, guest->buffer, guest->request,
                         [this, guest](const auto& failed, std::size_t) {
                             if (!failed)
                                 gateway->accept(std::move(guest->stream),
                                                 std::move(guest->request), std::move(guest->seat));
                         });
    }
    static std::string headers(const std::string& authorization) {
        return std::string(WireClient::kOcpp16) +
               (authorization.empty() ? "" : "Authorization: " + authorization + "\r\n");
    }
    // The answer to a charger that comes without TLS; all of it, if it is refused.
    std::string come(const std::string& charger, const std::string& authorization) {
        WireClient client(plain->port());
        auto head = client.upgrade("/ocpp/" + charger, headers(authorization));
        return head + client.rest();
    }

    net::TestFolder folder;
    net::TestCertificate ca = net::make_certificate({.name = "ca", .is_ca = true});
    FakeChargers chargers;
    FakeList list;
    access::Onboarding onboarding;
    net::IoThreads threads{2};
    Doorkeeper door{list,
                    kTestSmith,
                    onboarding,
                    real_clock(),
                    {.otherwise = SecurityProfile::kPassword, .most_of_a_charger = 20}};
    GatewayOptions options{.close_timeout = 50ms, .max_takeovers = 5};
    std::unique_ptr<Gateway> gateway = std::make_unique<Gateway>(
        threads.context().get_executor(), chargers, real_clock(), options, nullptr, &door);
    std::unique_ptr<net::Tls> tls;
    std::unique_ptr<net::Listener> plain, secure;
};

TEST_F(DoorTest, A1_A2_A3_WhoeverIsRefusedLearnsNothing) {
    const auto none = come("CP-1", "");
    EXPECT_TRUE(none.starts_with("HTTP/1.1 401")) << none;
    EXPECT_NE(none.find("WWW-Authenticate: Basic"), std::string::npos);
    EXPECT_EQ(come("CP-1", basic("CP-1", "not its key at all")), none);
    EXPECT_EQ(come("nobody", basic("nobody", "not its key at all")), none);
    EXPECT_EQ(come("nobody", ""), none);
    EXPECT_EQ(come("CP-1", basic("nobody", kGoodKey)), none);
    EXPECT_TRUE(chargers.log().empty());
}

TEST_F(DoorTest, A5_AKeyOfBytesComesIn) {
    const std::string bytes(
        "\x00:\xff\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13", 20);
    list.put({.charger = ChargerId("CP-1"), .key = kTestSmith.seal(bytes)});
    WireClient client(plain->port());
    EXPECT_TRUE(
        client.upgrade("/ocpp/CP-1", headers(basic("CP-1", bytes))).starts_with("HTTP/1.1 101"));
    EXPECT_NE(client.ask(R"([2,"h","Heartbeat",{}])"), "");
}

TEST_F(DoorTest, A12_GuessesAreNotLookedAtForLong) {
    for (int i = 0; i < 20; ++i)
        EXPECT_TRUE(come("CP-1", basic("CP-1", "a guess")).starts_with("HTTP/1.1 401"));
    const auto answer = come("CP-1", basic("CP-1", "a guess"));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 429")) << answer;
    EXPECT_NE(answer.find("Retry-After: 60"), std::string::npos);
}

TEST_F(DoorTest, A16_A17_OnlyWhoHasTheKeyTakesOver) {
    const auto with_key = headers(basic("CP-1", kGoodKey));
    WireClient first(plain->port());
    ASSERT_TRUE(first.upgrade("/ocpp/CP-1", with_key).starts_with("HTTP/1.1 101"));
    EXPECT_TRUE(come("CP-1", basic("CP-1", "stolen name only")).starts_with("HTTP/1.1 401"));
    EXPECT_NE(first.ask(R"([2,"h","Heartbeat",{}])"), "");
    WireClient second(plain->port());
    ASSERT_TRUE(second.upgrade("/ocpp/CP-1", with_key).starts_with("HTTP/1.1 101"));
    EXPECT_EQ(first.close_code(), 1008);
    EXPECT_NE(second.ask(R"([2,"h","Heartbeat",{}])"), "");
    EXPECT_EQ(gateway->connections(), 1U);  // A18: the old one's end is not the new one's.
}

TEST_F(DoorTest, A19_AnAnswerToTheOldConnectionsCallIsNothingOnTheNew) {
    const auto with_key = headers(basic("CP-1", kGoodKey));
    WireClient first(plain->port());
    ASSERT_TRUE(first.upgrade("/ocpp/CP-1", with_key).starts_with("HTTP/1.1 101"));
    ASSERT_TRUE(chargers.saw("connected CP-1"));
    std::promise<CallResult> old_result;
    gateway->call(
        ChargerId("CP-1"), SetLimit{ProfilePurpose::kTransaction, 1, 4711, 10_A},
        [](SteadyPoint) {}, [&](CallResult result) { old_result.set_value(std::move(result)); });
    const auto call = first.hear();
    const auto id = call.substr(3, call.find(',', 3) - 3);
    WireClient second(plain->port());
    ASSERT_TRUE(second.upgrade("/ocpp/CP-1", with_key).starts_with("HTTP/1.1 101"));
    second.say("[3," + id + R"(,{"status":"Accepted"}])");
    EXPECT_NE(second.ask(R"([2,"h","Heartbeat",{}])"), "");
    auto outcome = old_result.get_future();
    ASSERT_EQ(outcome.wait_for(20s), std::future_status::ready);
    EXPECT_EQ(outcome.get().outcome, CallOutcome::kUnanswered);
}

TEST_F(DoorTest, A20_TwoThatTakeEachOthersPlaceAreStoppedWithAnAlarm) {
    std::vector<WireClient> clients;
    const auto come_in = [&] {
        clients.emplace_back(plain->port());
        return clients.back().upgrade("/ocpp/CP-1", headers(basic("CP-1", kGoodKey))).substr(9, 3);
    };
    for (int i = 0; i < 6; ++i) {
        EXPECT_EQ(come_in(), "101");
        EXPECT_NE(clients.back().ask(R"([2,"h","Heartbeat",{}])"), "");
    }
    EXPECT_TRUE(chargers.saw("alarm CP-1 duplicate credentials: two take each other's place"));
    EXPECT_EQ(come_in(), "503");
    EXPECT_NE(clients[5].ask(R"([2,"h","Heartbeat",{}])"), "");
}

TEST_F(DoorTest, AProvenChargerMaySayMoreAtFirst) {
    list.put({.charger = ChargerId("open"), .profile = SecurityProfile::kOpen});
    const auto call = R"([2,"h","Heartbeat",{"x":")" + std::string(100'000, 'x') + "\"}]";
    WireClient proven(plain->port());
    proven.upgrade("/ocpp/CP-1", headers(basic("CP-1", kGoodKey)));
    EXPECT_NE(proven.ask(call), "");
    for (int i = 0; i < 2; ++i) {  // It comes again, but one alarm is enough.
        WireClient open(plain->port());
        open.upgrade("/ocpp/open");
        open.say(call);
        EXPECT_EQ(open.close_code(), 1009);
    }
    ASSERT_TRUE(chargers.saw("disconnected open", 2));
    const auto log = chargers.log();
    EXPECT_EQ(std::ranges::count(log,
                                 "alarm open its message has more than 65536 bytes, and may come "
                                 "again for ever: give it a key"),
              1);
}

class DoorOverTls : public DoorTest {
protected:
    // What comes back when a charger comes over TLS and, if it is let in, beats.
    std::string come_over_tls(const std::string& charger, const std::string& authorization,
                              const net::TestCertificate* shows = nullptr) {
        const net::TestSocket socket(secure->port());
        net::TestTls client(socket.number(), {.shows = shows});
        if (!client.shaken()) return "alert";
        client.write(
            "GET /ocpp/" + charger +
            " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
            headers(authorization) + "\r\n");
        const auto answer = client.read();
        if (!answer.starts_with("HTTP/1.1 101")) return answer.substr(0, 12);
        client.write(WireClient::wire_frame(WireClient::kText, R"([2,"h","Heartbeat",{}])"));
        return client.read().find("currentTime") == std::string::npos ? "silent" : "beats";
    }
};

TEST_F(DoorOverTls, A7_ProfileTwoIsServedOverTlsOnly) {
    list.put({.charger = ChargerId("CP-1"),
              .profile = SecurityProfile::kPasswordOverTls,
              .key = kTestSmith.seal(kGoodKey)});
    EXPECT_EQ(come_over_tls("CP-1", basic("CP-1", kGoodKey)), "beats");
    EXPECT_EQ(come_over_tls("CP-1", basic("CP-1", "not its key at all")), "HTTP/1.1 401");
    EXPECT_TRUE(come("CP-1", basic("CP-1", kGoodKey)).starts_with("HTTP/1.1 401"));
}

TEST_F(DoorOverTls, A8_ProfileThreeWantsTheChargersOwnCertificate) {
    list.put({.charger = ChargerId("CP-1"), .profile = SecurityProfile::kCertificate});
    const auto own = net::make_certificate({.name = "CP-1", .usage = "clientAuth"}, &ca);
    const auto others = net::make_certificate({.name = "CP-2", .usage = "clientAuth"}, &ca);
    const auto strange_ca = net::make_certificate({.name = "ca", .is_ca = true});
    const auto forged = net::make_certificate({.name = "CP-1", .usage = "clientAuth"}, &strange_ca);
    const auto expired =
        net::make_certificate({.name = "CP-1", .usage = "clientAuth", .valid_s = -60}, &ca);
    const auto server = net::make_certificate({.name = "CP-1", .usage = "serverAuth"}, &ca);
    EXPECT_EQ(come_over_tls("CP-1", "", &own), "beats");
    EXPECT_EQ(come_over_tls("CP-1", "", &others), "HTTP/1.1 401");
    EXPECT_EQ(come_over_tls("CP-1", ""), "HTTP/1.1 401");
    for (const auto* bad : {&forged, &expired, &server})
        EXPECT_EQ(come_over_tls("CP-1", "", bad), "");
}

TEST_F(DoorOverTls, StopClosesWhoeverIsThere) {
    const net::TestSocket socket(secure->port());
    net::TestTls client(socket.number());
    ASSERT_TRUE(client.shaken());
    client.write(
        "GET /ocpp/CP-1 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n" +
        headers(basic("CP-1", kGoodKey)) + "\r\n");
    ASSERT_TRUE(client.read().starts_with("HTTP/1.1 101"));
    ASSERT_TRUE(chargers.saw("connected CP-1"));
    gateway->stop();
    EXPECT_TRUE(chargers.saw("disconnected CP-1"));
    while (!client.read().empty()) {
    }
}

}  // namespace
}  // namespace busbar::ocpp
