#include "ocpp/gateway.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "ocpp/gateway_site.hpp"

namespace busbar::ocpp {
namespace {

using namespace std::chrono_literals;

// --- Handshake ----------------------------------------------------------------------------

TEST(Handshake, ChoosesTheNewestVersionAndDeclinesCompression) {
    Site site;
    for (const auto& [offer, chosen] : std::vector<std::pair<const char*, const char*>>{
             {"Sec-WebSocket-Protocol: ocpp1.6\r\n", "ocpp1.6"},
             {"Sec-WebSocket-Protocol: ocpp1.6,ocpp2.0.1\r\n", "ocpp2.0.1"},
             {"Sec-WebSocket-Protocol: ocpp2.1\r\nSec-WebSocket-Protocol: ocpp1.6\r\n",
              "ocpp2.1"}}) {
        auto client = site.dial();
        const auto head = client.upgrade(
            "/ocpp/CP-1", std::string(offer) + "Sec-WebSocket-Extensions: permessage-deflate\r\n");
        EXPECT_TRUE(head.starts_with("HTTP/1.1 101")) << head;
        EXPECT_NE(head.find("Sec-WebSocket-Protocol: " + std::string(chosen) + "\r\n"),
                  std::string::npos)
            << head;
        EXPECT_EQ(head.find("deflate"), std::string::npos) << head;
    }
}

TEST(Handshake, NeverServesWithoutTheSubprotocol) {
    Site site;
    for (const auto* offer : {"", "Sec-WebSocket-Protocol: ocpp2.0\r\n",
                              "Sec-WebSocket-Protocol: chat, ocpp1.60\r\n"}) {
        auto client = site.dial();
        EXPECT_TRUE(client.upgrade("/ocpp/CP-1", offer).starts_with("HTTP/1.1 400")) << offer;
        EXPECT_TRUE(client.ended());
    }
    EXPECT_TRUE(site.chargers.log().empty());
    EXPECT_EQ(site.observer.refusals, 3);
}

TEST(Handshake, TakesEveryPathAndNamesTheChargerByteForByte) {
    Site site;
    for (const auto& [target, identity] : std::vector<std::pair<const char*, const char*>>{
             {"/ocpp/CP%201/", "CP 1"},
             {"/ws/CP-2?x=1", "CP-2"},
             {"/steve/websocket/CentralSystemService/CP-3", "CP-3"},
             {"/%E6%BC%A2", "漢"}}) {
        auto client = site.dial();
        EXPECT_TRUE(client.upgrade(target).starts_with("HTTP/1.1 101")) << target;
        EXPECT_TRUE(site.chargers.saw("connected " + std::string(identity))) << target;
    }
}

TEST(Handshake, RefusesIdentitiesThatCannotBe) {
    Site site;
    for (const auto& target :
         {std::string("/ocpp/%ZZ"), std::string("/ocpp/"), "/ocpp/" + std::string(300, 'x'),
          std::string("/ocpp/a%0Ab"), std::string("/ocpp/a/b")}) {
        auto client = site.dial();
        EXPECT_TRUE(client.upgrade(target).starts_with("HTTP/1.1 400")) << target;
    }
}

TEST(Handshake, RefusesOtherVersionsAndPlainRequests) {
    Site site;
    auto old = site.dial();
    EXPECT_TRUE(old.upgrade("/ocpp/CP-1", WireClient::kOcpp16, "8").starts_with("HTTP/1.1 426"));
    auto plain = site.dial();
    plain.write("GET /ocpp/CP-1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const auto head = plain.head();
    EXPECT_TRUE(head.starts_with("HTTP/1.1 426")) << head;
    EXPECT_NE(head.find("Sec-WebSocket-Version: 13"), std::string::npos);
}

TEST(Handshake, SaysSoWhenThereIsNoRoom) {
    GatewayOptions options;
    options.max_connections = 1;
    Site site(options);
    auto first = site.charger("CP-1");
    auto second = site.dial();
    EXPECT_TRUE(second.upgrade("/ocpp/CP-2").starts_with("HTTP/1.1 503"));
    EXPECT_NE(first.ask(kHeartbeat), "");
}

// --- Frames on the wire -------------------------------------------------------------------

TEST(Wire, AnswersCalls) {
    Site site;
    auto client = site.charger("CP-1");
    const auto boot =
        client.ask(R"([2,1,"BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}])");
    EXPECT_TRUE(boot.starts_with(R"([3,1,{"status":"Accepted")")) << boot;
    EXPECT_EQ(client.ask(R"([2,"x","Fly",{}])"), R"([4,"x","NotImplemented","no such action",{}])");
    EXPECT_EQ(site.chargers.log(), (std::vector<std::string>{"connected CP-1", "boot CP-1 V M"}));
    EXPECT_EQ(site.gateway->connections(), 1U);
}

TEST(Wire, AnswersPipelinedCallsInOrder) {
    Site site;
    auto client = site.charger("CP-1");
    std::string burst;
    for (int i = 0; i < 200; ++i)
        burst += WireClient::wire_frame(
            WireClient::kText, "[2," + std::to_string(i) + R"(,"Authorize",{"idTag":"T"}])");
    client.write(burst);
    for (int i = 0; i < 200; ++i)
        EXPECT_TRUE(client.hear().starts_with("[3," + std::to_string(i) + ","));
}

TEST(Wire, TakesBinaryFramesAndFragmentsWithPingsBetween) {
    Site site;
    auto client = site.charger("CP-1");
    client.write(WireClient::wire_frame(WireClient::kBinary, kHeartbeat));
    EXPECT_TRUE(client.hear().starts_with(R"([3,"h")"));
    client.write(WireClient::wire_frame(WireClient::kText, kHeartbeat.substr(0, 9), false));
    client.write(WireClient::wire_frame(WireClient::kPing, "abc"));
    client.write(WireClient::wire_frame(WireClient::kContinuation, kHeartbeat.substr(9)));
    const auto pong = client.next();
    ASSERT_TRUE(pong);
    EXPECT_EQ(pong->opcode, WireClient::kPong);
    EXPECT_EQ(pong->payload, "abc");
    EXPECT_TRUE(client.hear().starts_with(R"([3,"h")"));
}

TEST(Wire, ClosesWhatBreaksTheProtocolWithTheRightCode) {
    Site site;
    const auto code_after = [&](const std::string& bytes) {
        auto client = site.charger("CP-1");
        client.write(bytes);
        return client.close_code();
    };
    EXPECT_EQ(code_after(WireClient::wire_frame(WireClient::kText, "\xFF\xFE")), 1007);
    EXPECT_EQ(code_after(WireClient::wire_frame(WireClient::kText, kHeartbeat, true, false)), 1002);
    EXPECT_EQ(code_after(WireClient::wire_frame(0x40 | WireClient::kText, kHeartbeat)), 1002);
    EXPECT_EQ(code_after(WireClient::wire_frame(WireClient::kContinuation, "x")), 1002);
    EXPECT_EQ(code_after(WireClient::wire_frame(3, "x")), 1002);
    EXPECT_EQ(code_after(WireClient::wire_frame(WireClient::kText, std::string(70'000, ' '))),
              1009);
    // 2^62 bytes, announced only.
    EXPECT_EQ(code_after(std::string("\x81\xFF\x40\0\0\0\0\0\0\0\1\2\3\4", 14)), 1009);
}

TEST(Wire, GivesAChargerThatSpokeWellMoreRoom) {
    Site site;
    auto client = site.charger("CP-1");
    EXPECT_NE(client.ask(kHeartbeat), "");
    const auto large =
        R"([2,"d","DataTransfer",{"vendorId":"V","data":")" + std::string(900'000, 'x') + R"("}])";
    EXPECT_EQ(client.ask(large), R"([3,"d",{"status":"UnknownVendorId"}])");
    client.say(std::string(1'100'000, ' '));
    EXPECT_EQ(client.close_code(), 1009);
}

TEST(Wire, IsSilentAboutNonsenseAndSurvivesIt) {
    Site site;
    auto client = site.charger("CP-1");
    client.say(std::string(30'000, '[') + std::string(30'000, ']'));
    client.say("garbage");
    client.say("{}");
    EXPECT_TRUE(client.ask(kHeartbeat).starts_with(R"([3,"h")"));
    for (int i = 0; i < 10; ++i) client.say("[]");
    EXPECT_EQ(client.close_code(), 1008);
}

TEST(Wire, AnswersTheClosingHandshake) {
    Site site;
    auto client = site.charger("CP-1");
    client.write(WireClient::wire_frame(WireClient::kClose, "\x03\xE8"));
    EXPECT_EQ(client.close_code(), 1000);
    EXPECT_TRUE(site.chargers.saw("disconnected CP-1"));
}

TEST(Wire, ClosesAChargerThatReadsNothing) {
    GatewayOptions options;
    options.max_outgoing_bytes = 8'192;
    Site site(options);
    auto client = site.dial(4'096);
    ASSERT_TRUE(client.upgrade("/ocpp/CP-1").starts_with("HTTP/1.1 101"));
    const auto call = "[2,\"" + std::string(250, 'x') + "\",\"Fly\",{}]";
    int calls = 0;
    while (client.say(call)) ASSERT_LT(++calls, 1'000'000);
    EXPECT_TRUE(site.chargers.saw("disconnected CP-1"));
}

TEST(Wire, AChargerThatAnswersNoPingIsGone) {
    GatewayOptions options;
    options.ping_interval = 5ms;
    options.ping_jitter = 0ms;
    Site site(options);
    auto client = site.charger("CP-1");
    ASSERT_TRUE(site.chargers.saw("disconnected CP-1"));
    int pings = 0;
    while (auto frame = client.next()) pings += frame->opcode == WireClient::kPing;
    EXPECT_GE(pings, 2);
}

TEST(Wire, AChargerThatAnswersPingsStays) {
    GatewayOptions options;
    options.ping_interval = 250ms;
    options.ping_jitter = 0ms;
    Site site(options);
    auto client = site.charger("CP-1");
    for (int pings = 0; pings < 4; ++pings) {
        const auto frame = client.next();
        ASSERT_TRUE(frame);
        ASSERT_EQ(frame->opcode, WireClient::kPing);
        client.write(WireClient::wire_frame(WireClient::kPong, frame->payload));
    }
    EXPECT_FALSE(client.ask(kHeartbeat).empty());
}

// --- Our calls ----------------------------------------------------------------------------

TEST(Call, ReachesTheChargerAndBringsItsAnswer) {
    Site site;
    auto client = site.charger("CP-1");
    EXPECT_NE(client.ask(kHeartbeat), "");
    auto result = site.call("CP-1", kLimit);
    const auto call = client.hear();
    EXPECT_NE(call.find(R"("SetChargingProfile")"), std::string::npos) << call;
    client.say("[3," + id_of(call) + R"(,{"status":"Accepted"}])");
    EXPECT_EQ(outcome_of(result), CallOutcome::kAccepted);
    EXPECT_EQ(site.frames_sent, 1);
    EXPECT_EQ(site.observer.calls, 1);
}

TEST(Call, IsNotSentToAChargerThatIsNotConnected) {
    Site site;
    auto result = site.call("CP-9", kLimit);
    EXPECT_EQ(outcome_of(result), CallOutcome::kNotSent);
    EXPECT_EQ(site.frames_sent, 0);
}

TEST(Call, EndsWithTheConnection) {
    Site site;
    auto client = site.charger("CP-1");
    EXPECT_NE(client.ask(kHeartbeat), "");
    auto result = site.call("CP-1", kLimit);
    EXPECT_NE(client.hear(), "");
    client.hang_up();
    EXPECT_EQ(outcome_of(result), CallOutcome::kUnanswered);
    EXPECT_TRUE(site.chargers.saw("disconnected CP-1"));
}

TEST(Call, EndsAtItsDeadline) {
    GatewayOptions options;
    options.conversation.call_timeout = 50ms;
    Site site(options);
    auto client = site.charger("CP-1");
    EXPECT_NE(client.ask(kHeartbeat), "");
    auto result = site.call("CP-1", kLimit);
    EXPECT_EQ(outcome_of(result), CallOutcome::kUnanswered);
    EXPECT_NE(client.hear(), "");
}

TEST(Call, TheAnswerToAStartLeavesBeforeTheProfileThatFollows) {
    Site site;
    site.chargers.on_start = [&](const ChargerId& charger) { site.call(charger.str(), kLimit); };
    auto client = site.charger("CP-1");
    for (int i = 0; i < 20; ++i) {
        client.say(R"([2,"s","StartTransaction",{"connectorId":1,"idTag":"T","meterStart":0,)"
                   R"("timestamp":"2026-02-10T12:00:00Z"}])");
        EXPECT_TRUE(client.hear().starts_with(R"([3,"s")"));
        const auto call = client.hear();
        EXPECT_NE(call.find(R"("TxProfile")"), std::string::npos) << call;
        client.say("[3," + id_of(call) + R"(,{"status":"Accepted"}])");
    }
}

TEST(Call, DisconnectClosesTheConnection) {
    Site site;
    auto client = site.charger("CP-1");
    EXPECT_NE(client.ask(kHeartbeat), "");
    site.gateway->disconnect(ChargerId("CP-1"));
    EXPECT_EQ(client.close_code(), 1000);
    EXPECT_TRUE(site.chargers.saw("disconnected CP-1"));
    site.gateway->disconnect(ChargerId("CP-1"));
}

// --- The same identity twice ---------------------------------------------------------------

TEST(Call, ARefusedChargerIsClosedAndNotLetInUntilItsTime) {
    Site site;
    auto client = site.charger("CP-1");
    auto other = site.charger("CP-2");
    EXPECT_NE(client.ask(kHeartbeat), "");
    site.gateway->refuse(ChargerId("CP-1"), real_clock().steady() + 1h);
    EXPECT_EQ(client.close_code(), 1013);
    EXPECT_TRUE(site.dial().upgrade("/ocpp/CP-1").starts_with("HTTP/1.1 503"));
    EXPECT_NE(other.ask(kHeartbeat), "") << "the others go on";
    site.gateway->refuse(ChargerId("CP-1"), real_clock().steady());
    EXPECT_TRUE(site.dial().upgrade("/ocpp/CP-1").starts_with("HTTP/1.1 101"));
}

TEST(SameIdentity, TheNewestWinsAndTheOldIsClosed) {
    Site site;
    auto old = site.charger("CP-1");
    EXPECT_NE(old.ask(kHeartbeat), "");
    auto unanswered = site.call("CP-1", kLimit);
    EXPECT_NE(old.hear(), "");
    auto young = site.charger("CP-1");
    EXPECT_NE(young.ask(kHeartbeat), "");  // Without a boot: none is required.
    EXPECT_EQ(outcome_of(unanswered), CallOutcome::kUnanswered);
    EXPECT_EQ(old.close_code(), 1008);
    EXPECT_EQ(site.chargers.log(),
              (std::vector<std::string>{"connected CP-1", "disconnected CP-1", "connected CP-1"}));
    old.hang_up();  // Its end must not be the young one's.
    auto result = site.call("CP-1", kLimit);
    const auto call = young.hear();
    young.say("[3," + id_of(call) + R"(,{"status":"Accepted"}])");
    EXPECT_EQ(outcome_of(result), CallOutcome::kAccepted);
    EXPECT_EQ(site.gateway->connections(), 1U);
}

TEST(SameIdentity, APlaceIsFreeOnceItsEndWasToldAndNotBefore) {
    Site site;
    std::size_t there = 0;
    site.chargers.on_end = [&] { there = site.gateway->connections(); };
    auto client = site.charger("CP-1");
    EXPECT_NE(client.ask(kHeartbeat), "");
    client.hang_up();
    ASSERT_TRUE(site.chargers.saw("disconnected CP-1"));
    EXPECT_EQ(there, 1U) << "who comes now has to wait for the one that ends";
}

TEST(SameIdentity, ConnectionsThatAreDeadDoNotKeepTheNewOneOut) {
    Site site;
    std::vector<WireClient> dead;  // Never read, never closed.
    for (int i = 0; i < 20; ++i) dead.push_back(site.charger("CP-1"));
    EXPECT_NE(dead.back().ask(kHeartbeat), "");
    EXPECT_EQ(site.gateway->connections(), 1U);
    // Each had its end before the next began; one that came and went meanwhile was never told of.
    const auto log = site.chargers.log();
    for (std::size_t i = 0; i < log.size(); ++i)
        EXPECT_EQ(log[i], i % 2 == 0 ? "connected CP-1" : "disconnected CP-1");
    EXPECT_EQ(log.back(), "connected CP-1");
}

// --- The end ------------------------------------------------------------------------------

TEST(Stop, ClosesEveryConnectionAndEndsEveryCall) {
    GatewayOptions options;
    options.close_timeout = 50ms;
    Site site(options);
    auto client = site.charger("CP-1");
    auto silent = site.charger("CP-2");  // Does not answer the close.
    EXPECT_NE(client.ask(kHeartbeat), "");
    ASSERT_TRUE(site.chargers.saw("connected CP-2"));
    auto result = site.call("CP-1", kLimit);
    EXPECT_NE(client.hear(), "");
    auto closing = std::async(std::launch::async, [&] { return client.close_code(); });
    site.gateway->stop();
    EXPECT_EQ(outcome_of(result), CallOutcome::kUnanswered);
    EXPECT_EQ(closing.get(), 1001);
    EXPECT_EQ(silent.close_code(), 1001);
    const auto log = site.chargers.log();
    EXPECT_EQ(std::count(log.begin(), log.end(), "disconnected CP-1"), 1);
    EXPECT_EQ(std::count(log.begin(), log.end(), "disconnected CP-2"), 1);
    auto late = site.call("CP-1", kLimit);
    EXPECT_EQ(outcome_of(late), CallOutcome::kNotSent);
    auto newcomer = site.dial();
    EXPECT_TRUE(newcomer.upgrade("/ocpp/CP-3").starts_with("HTTP/1.1 503"));
}

// --- Many at once -------------------------------------------------------------------------

// Connects, boots, talks, answers calls and hangs up, again and again, until told to end.
void live(Site& site, int number, std::atomic<bool>& over) {
    while (!over) {
        auto client = site.dial();
        if (!client.upgrade("/ocpp/CP-" + std::to_string(number)).starts_with("HTTP/1.1 101"))
            return;
        client.say(R"([2,"b","BootNotification",{"chargePointVendor":"V",)"
                   R"("chargePointModel":"M"}])");
        for (int i = 0; i < 20 + number % 7 && !over; ++i) {
            client.say(kHeartbeat);
            const auto text = client.hear();
            if (text.empty()) break;
            if (text.starts_with("[2,"))
                client.say("[3," + id_of(text) + R"(,{"status":"Accepted"}])");
        }
    }
}

// Calls all of them, and now and then disconnects one, until told to end.
void call_all(Site& site, std::size_t from, std::atomic<bool>& over, std::atomic<int>& begun,
              std::atomic<int>& ended) {
    for (std::size_t i = from; !over; ++i) {
        const ChargerId charger("CP-" + std::to_string(i * 7 % 50));
        ++begun;
        site.gateway->call(charger, kLimit, {}, [&](const CallResult&) { ++ended; });
        if (i % 100 == from) site.gateway->disconnect(charger);
        while (begun - ended > 500 && !over) std::this_thread::yield();
    }
}

TEST(ConcurrencyGateway, FiftyChargersComeGoAndAreCalledUntilItStops) {
    GatewayOptions options;
    options.close_timeout = 100ms;
    options.conversation.call_timeout = 200ms;
    Site site(options, 3);
    std::atomic<bool> over{false};
    std::atomic<int> begun{0}, ended{0};
    std::vector<std::thread> people;
    for (int i = 0; i < 50; ++i) people.emplace_back([&, i] { live(site, i, over); });
    for (std::size_t caller = 0; caller < 3; ++caller)
        people.emplace_back([&, caller] { call_all(site, caller, over, begun, ended); });
    for (int i = 0; i < 50; ++i)
        EXPECT_TRUE(site.chargers.saw("boot CP-" + std::to_string(i) + " V M", 2));
    site.gateway->stop();
    over = true;
    for (auto& thread : people) thread.join();
    // Calls that found the gateway stopped are ended on the io threads, soon.
    const auto deadline = real_clock().steady() + kSoon;
    while (ended != begun && real_clock().steady() < deadline) std::this_thread::yield();
    EXPECT_EQ(ended, begun);
    EXPECT_EQ(site.gateway->connections(), 0U);
    EXPECT_EQ(site.observer.open, 0);
    const auto log = site.chargers.log();
    for (int i = 0; i < 50; ++i) {
        const auto name = "CP-" + std::to_string(i);
        int up = 0;
        for (const auto& entry : log) {
            if (entry == "connected " + name) ++up;
            if (entry == "disconnected " + name) --up;
            EXPECT_TRUE(up == 0 || up == 1) << name;
            EXPECT_TRUE(up == 1 || entry != "boot " + name + " V M") << name;
        }
        EXPECT_EQ(up, 0) << name;
    }
}

TEST(ConcurrencyGateway, AnswersFromForeignThreadsReachTheirChargersOrNobody) {
    Site site({}, 3);
    site.chargers.hold_answers();
    std::vector<WireClient> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(site.charger("CP-" + std::to_string(i)));
        clients.back().say(R"([2,"a","Authorize",{"idTag":"T"}])");
    }
    ASSERT_TRUE(site.chargers.saw("authorize CP-19 T"));
    for (int i = 0; i < 20; i += 2) clients[static_cast<std::size_t>(i)].hang_up();
    const auto held = [&] { return site.chargers.held(); };
    while (held() < 20) std::this_thread::yield();
    std::vector<std::thread> threads;
    for (std::size_t part = 0; part < 4; ++part)
        threads.emplace_back([&, part] {
            for (std::size_t i = part; i < 20; i += 4) site.chargers.answer(i);
        });
    for (auto& thread : threads) thread.join();
    for (std::size_t i = 1; i < 20; i += 2)
        EXPECT_EQ(clients[i].hear(), R"([3,"a",{"idTagInfo":{"status":"Accepted"}}])");
}

}  // namespace
}  // namespace busbar::ocpp
