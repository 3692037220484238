// What chargers in the field expect of a server, over a raw socket and in every version: each test
// is named for its rule.
#include <gtest/gtest.h>

#include "ocpp/gateway_site.hpp"

namespace busbar::ocpp {
namespace {

using namespace std::chrono_literals;

class CsmsRules : public testing::TestWithParam<Version> {
protected:
    bool is_16() const { return GetParam() == Version::k16; }
    WireClient charger(Site& site) const { return site.charger("CP-1", GetParam()); }
    std::string boot(const std::string& id) const {
        return "[2," + id + ",\"BootNotification\"," +
               (is_16() ? R"({"chargePointVendor":"V","chargePointModel":"M"}])"
                        : R"({"reason":"PowerUp","chargingStation":)"
                          R"({"vendorName":"V","model":"M"}}])");
    }
    // Meter values of which one member, and the time, are given.
    std::string meter_values(const std::string& connector, const std::string& time) const {
        const auto value = is_16() ? R"("1")" : "1";
        return R"([2,"m","MeterValues",{")" + std::string(is_16() ? "connectorId" : "evseId") +
               "\":" + connector + R"(,"meterValue":[{"timestamp":")" + time +
               R"(","sampledValue":[{"value":)" + value + "}]}]}]";
    }
    Command limit() const {
        return SetLimit{.purpose = ProfilePurpose::kDefault, .connector = 1, .limit = 10_A};
    }
};

INSTANTIATE_TEST_SUITE_P(, CsmsRules, testing::Values(Version::k16, Version::k201, Version::k21),
                         [](const auto& version) {
                             return version.param == Version::k16    ? "16"
                                    : version.param == Version::k201 ? "201"
                                                                     : "21";
                         });

std::string repeated(std::string_view text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
}

// --- Handshake ---

TEST_P(CsmsRules, AnIdentityHasUpTo48CharactersHoweverManyBytes) {
    Site site;
    const auto offer = "Sec-WebSocket-Protocol: " + std::string(subprotocol(GetParam())) + "\r\n";
    auto longest = site.dial();
    EXPECT_TRUE(
        longest.upgrade("/ocpp/" + repeated("%E6%BC%A2", 48), offer).starts_with("HTTP/1.1 101"));
    EXPECT_TRUE(site.chargers.saw("connected " + repeated("漢", 48)));
    auto longer = site.dial();
    EXPECT_TRUE(
        longer.upgrade("/ocpp/" + repeated("%E6%BC%A2", 49), offer).starts_with("HTTP/1.1 400"));
}

TEST_P(CsmsRules, OnlyWebSocketVersion13IsSpoken) {
    Site site;
    const auto offer = "Sec-WebSocket-Protocol: " + std::string(subprotocol(GetParam())) + "\r\n";
    for (const auto* version : {"8", "12", "14", "", "thirteen"}) {
        auto other = site.dial();
        const auto head = other.upgrade("/ocpp/CP-1", offer, version);
        EXPECT_TRUE(head.starts_with("HTTP/1.1 426")) << version << head;
        EXPECT_NE(head.find("Sec-WebSocket-Version: 13"), std::string::npos);
    }
}

// --- Framing ---

TEST_P(CsmsRules, A28_TheFirstMessageHas64KiBAndNotOneByteMore) {
    Site site;
    const auto padded = [this](std::size_t size) {
        auto text = boot(R"("b")");
        return text + std::string(size - text.size(), ' ');
    };
    auto fits = charger(site);
    EXPECT_TRUE(fits.ask(padded(65'536)).starts_with(R"([3,"b",)"));
    auto does_not = charger(site);
    does_not.say(padded(65'537));
    EXPECT_EQ(does_not.close_code(), 1009);
}

TEST_P(CsmsRules, APingIsAnsweredOnceAndWithItsPayload) {
    Site site;
    auto client = charger(site);
    client.write(WireClient::wire_frame(WireClient::kPing, "\x01 é"));
    client.say(boot("1"));
    const auto pong = client.next(), answer = client.next();
    ASSERT_TRUE(pong && answer);
    EXPECT_EQ(pong->opcode, WireClient::kPong);
    EXPECT_EQ(pong->payload, "\x01 é");
    EXPECT_EQ(answer->opcode, WireClient::kText);
}

TEST_P(CsmsRules, A27_AChargerThatReadsNothingIsClosedAndNobodyElseWaits) {
    GatewayOptions options;
    options.max_outgoing_bytes = 16'384;
    Site site(options);
    auto slow = site.dial(4'096);
    const auto offer = "Sec-WebSocket-Protocol: " + std::string(subprotocol(GetParam())) + "\r\n";
    ASSERT_TRUE(slow.upgrade("/ocpp/SLOW", offer).starts_with("HTTP/1.1 101"));
    auto other = charger(site);
    const auto call = "[2,\"" + std::string(250, 'x') + "\",\"Fly\",{}]";
    for (int calls = 0; slow.say(call); ++calls) {
        ASSERT_LT(calls, 1'000'000);
        if (calls % 100 == 0) {
            EXPECT_TRUE(other.ask(boot("1")).starts_with("[3,1,"));
        }
    }
    EXPECT_TRUE(site.chargers.saw("disconnected SLOW"));
    EXPECT_TRUE(other.ask(boot("2")).starts_with("[3,2,"));
}

// As fast as it can, until it is closed.
void flood(WireClient& client, const std::string& frame) {
    const auto many = repeated(frame, 1'000);
    for (int i = 0; client.write(many); ++i) ASSERT_LT(i, 100'000);
}

TEST_P(CsmsRules, A30_EmptyFragmentsWithoutEndAreClosed) {
    Site site;
    auto client = charger(site);
    EXPECT_TRUE(client.ask(boot("1")).starts_with("[3,1,"));
    client.write(WireClient::wire_frame(WireClient::kText, "", false));
    flood(client, WireClient::wire_frame(WireClient::kContinuation, "", false));
    EXPECT_TRUE(site.chargers.saw("disconnected CP-1"));
}

TEST_P(CsmsRules, A31_AFloodOfPingsOrPongsIsClosed) {
    for (const auto kind : {WireClient::kPing, WireClient::kPong}) {
        Site site;
        auto client = charger(site);
        EXPECT_TRUE(client.ask(boot("1")).starts_with("[3,1,"));
        flood(client, WireClient::wire_frame(kind, "x"));
        EXPECT_TRUE(site.chargers.saw("disconnected CP-1"));
    }
}

TEST_P(CsmsRules, FragmentsOfOneByteWithPingsBetweenAreOneMessage) {
    Site site;
    auto client = charger(site);
    const auto text = boot("1");
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto kind = i == 0 ? WireClient::kText : WireClient::kContinuation;
        const bool last = i + 1 == text.size();
        client.write(WireClient::wire_frame(kind, text.substr(i, 1), last));
        if (i % 10 == 5) client.write(WireClient::wire_frame(WireClient::kPing, "p"));
    }
    EXPECT_TRUE(client.hear().starts_with("[3,1,"));
}

TEST_P(CsmsRules, ADepthBombIsNoMessageAndHarmsNobody) {
    Site site;
    auto client = charger(site);
    const auto in_payload = R"([2,"d","DataTransfer",{"vendorId":"V","data":)" +
                            std::string(30'000, '[') + std::string(30'000, ']') + "}]";
    for (const auto& bomb : {std::string(60'000, '['), repeated(R"({"a":)", 10'000), in_payload}) {
        client.say(bomb);
        if (!is_16()) {
            EXPECT_TRUE(client.hear().starts_with(R"([4,"-1","RpcFrameworkError",)"));
        }
    }
    EXPECT_TRUE(client.ask(boot("1")).starts_with("[3,1,"));
}

// --- RPC ---

TEST_P(CsmsRules, NonsenseIsMetWithSilenceIn16AndNamedIn2UntilTenInARow) {
    Site site;
    auto client = charger(site);
    const auto nonsense = [&](int times) {
        for (int i = 0; i < times; ++i) {
            client.say(i % 2 == 0 ? "[]" : "{\"no\":\"json");
            if (!is_16()) {
                EXPECT_TRUE(client.hear().starts_with(R"([4,"-1","RpcFrameworkError",)"));
            }
        }
    };
    nonsense(9);
    EXPECT_TRUE(client.ask(boot("1")).starts_with("[3,1,")) << "a good one starts the count anew";
    nonsense(9);
    client.say("nonsense");
    EXPECT_EQ(client.close_code(), 1008);
}

TEST_P(CsmsRules, AnIdComesBackAsItWasWritten) {
    Site site;
    auto client = charger(site);
    for (const std::string& id :
         {std::string(R"("")"), "\"" + std::string(36, 'x') + "\"",
          "\"" + std::string(37, 'x') + "\"", std::string("7"), std::string("-1"),
          std::string("1.0"), std::string("9007199254740993"),
          std::string(R"("a \"quoted\" [id],")"), std::string(R"("é漢😀")"),
          std::string(R"("\u00e9")")}) {
        EXPECT_TRUE(client.ask(boot(id)).starts_with("[3," + id + ",{")) << id;
        EXPECT_TRUE(client.ask("[2," + id + R"(,"Fly",{}])").starts_with("[4," + id + ",")) << id;
    }
}

TEST_P(CsmsRules, WhatIsUnknownIsNotImplementedAndWhatIsOursToAskNotSupported) {
    Site site;
    auto client = charger(site);
    EXPECT_TRUE(client.ask(R"([2,"1","Fly",{}])").starts_with(R"([4,"1","NotImplemented",)"));
    EXPECT_TRUE(
        client.ask(R"([2,"2","SetChargingProfile",{}])").starts_with(R"([4,"2","NotSupported",)"));
}

TEST_P(CsmsRules, ErrorCodesAreSpelledAsTheVersionDoes) {
    Site site;
    auto client = charger(site);
    const auto code = [&](const std::string& call) {
        const auto answer = client.ask(call);
        const auto begin = answer.find(",\"", 3) + 2;
        return answer.substr(begin, answer.find('"', begin) - begin);
    };
    EXPECT_EQ(code(R"([2,1,"BootNotification",{}])"),
              is_16() ? "OccurenceConstraintViolation" : "OccurrenceConstraintViolation");
    EXPECT_EQ(code(R"([2,1,"Heartbeat",{"extra":1}])"),
              is_16() ? "FormationViolation" : "FormatViolation");
    EXPECT_EQ(code(R"([2,1,"Heartbeat",[]])"), is_16() ? "FormationViolation" : "FormatViolation");
    EXPECT_EQ(code(meter_values("\"1\"", "2026-02-10T12:00:00Z")), "TypeConstraintViolation");
    EXPECT_EQ(code(meter_values("1", "yesterday")), "PropertyConstraintViolation");
}

TEST_P(CsmsRules, ExtrasAreRefusedUnlessTheOperatorIsLenient) {
    const std::string call = R"([2,1,"Heartbeat",{"vendorExtra":1}])";
    Site strict;
    EXPECT_TRUE(charger(strict).ask(call).starts_with("[4,1,"));
    GatewayOptions options;
    options.conversation.extras = Extras::kIgnore;
    Site lenient(options);
    EXPECT_TRUE(charger(lenient).ask(call).starts_with("[3,1,"));
}

TEST_P(CsmsRules, AnIntegerMayBeWrittenWithAPointZero) {
    Site site;
    auto client = charger(site);
    EXPECT_EQ(client.ask(meter_values("1.0", "2026-02-10T12:00:00Z")), R"([3,"m",{}])");
    EXPECT_TRUE(client.ask(meter_values("1.5", "2026-02-10T12:00:00Z"))
                    .starts_with(R"([4,"m","TypeConstraintViolation")"));
}

TEST_P(CsmsRules, ATimeMayLackItsZoneOrHaveManyDecimals) {
    Site site;
    auto client = charger(site);
    for (const auto* time : {"2026-02-10T12:00:00", "2026-02-10T12:00:00.5",
                             "2026-02-10T12:00:00.123456Z", "2026-02-10T12:00:00+01:00"})
        EXPECT_EQ(client.ask(meter_values("1", time)), R"([3,"m",{}])") << time;
}

TEST_P(CsmsRules, AnswersNobodyAskedForAreIgnored) {
    Site site;
    auto client = charger(site);
    EXPECT_TRUE(client.ask(boot("1")).starts_with("[3,1,"));
    auto result = site.call("CP-1", limit());
    const auto call = client.hear();
    for (const auto* unasked :
         {R"([3,"9-9",{"status":"Rejected"}])", R"([3,1,{"status":"Rejected"}])",
          R"([4,"1","InternalError","",{}])", R"([4,"-1","GenericError","",{}])"})
        client.say(unasked);
    EXPECT_TRUE(client.ask(boot("2")).starts_with("[3,2,"));
    EXPECT_EQ(site.observer.calls, 0) << "our call still waits";
    client.say("[3," + id_of(call) + R"(,{"status":"Accepted"}])");
    EXPECT_EQ(outcome_of(result), CallOutcome::kAccepted);
}

// --- One call at a time ---

TEST_P(CsmsRules, NoSecondCallBesideTheFirstThoughThatIsNeverAnswered) {
    GatewayOptions options;
    options.conversation.call_timeout = 500ms;  // Also the most that the second may wait.
    options.conversation.pause = 1ms;
    Site site(options);
    auto client = charger(site);
    EXPECT_TRUE(client.ask(boot("1")).starts_with("[3,1,"));
    auto first = site.call("CP-1", limit());
    const auto unanswered = client.hear();
    EXPECT_EQ(outcome_of(first), CallOutcome::kUnanswered);
    auto second = site.call("CP-1", limit());
    const auto call = client.hear();
    EXPECT_NE(id_of(call), id_of(unanswered));
    // The late answer is the first call's, and nothing to the second.
    client.say("[3," + id_of(unanswered) + R"(,{"status":"Rejected"}])");
    client.say("[3," + id_of(call) + R"(,{"status":"Accepted"}])");
    EXPECT_EQ(outcome_of(second), CallOutcome::kAccepted);
}

TEST_P(CsmsRules, OfManyLimitsGivenMeanwhileOnlyTheNewestLeaves) {
    Site site;
    auto client = charger(site);
    EXPECT_TRUE(client.ask(boot("1")).starts_with("[3,1,"));
    std::vector<std::future<CallResult>> results;
    results.push_back(site.call("CP-1", limit()));
    const auto open = client.hear();
    for (const auto amperes : {11_A, 12_A, 13_A})
        results.push_back(site.call(
            "CP-1",
            SetLimit{.purpose = ProfilePurpose::kDefault, .connector = 1, .limit = amperes}));
    EXPECT_EQ(outcome_of(results[1]), CallOutcome::kNotSent);
    EXPECT_EQ(outcome_of(results[2]), CallOutcome::kNotSent);
    client.say("[3," + id_of(open) + R"(,{"status":"Accepted"}])");
    const auto call = client.hear();
    EXPECT_NE(call.find(R"("limit":13.0)"), std::string::npos) << call;
    client.say("[3," + id_of(call) + R"(,{"status":"Accepted"}])");
    EXPECT_EQ(outcome_of(results[0]), CallOutcome::kAccepted);
    EXPECT_EQ(outcome_of(results[3]), CallOutcome::kAccepted);
}

TEST_P(CsmsRules, PipelinedCallsAreAllAnsweredInTheirOrder) {
    Site site;
    auto client = charger(site);
    std::string burst;
    for (int i = 0; i < 100; ++i)
        burst += WireClient::wire_frame(
            WireClient::kText,
            i % 3 == 0 ? "[2," + std::to_string(i) + R"(,"Fly",{}])" : boot(std::to_string(i)));
    client.write(burst);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(id_of(client.hear()), std::to_string(i));
}

TEST_P(CsmsRules, AChargersCallIsAnsweredWhileOursIsOpen) {
    Site site;
    auto client = charger(site);
    EXPECT_TRUE(client.ask(boot("1")).starts_with("[3,1,"));
    auto result = site.call("CP-1", limit());
    const auto call = client.hear();
    EXPECT_TRUE(client.ask(boot("2")).starts_with("[3,2,"));
    client.say("[3," + id_of(call) + R"(,{"status":"Accepted"}])");
    EXPECT_EQ(outcome_of(result), CallOutcome::kAccepted);
}

// --- Boot and keep-alive ---

TEST_P(CsmsRules, ABootIntervalIsNeverZero) {
    Site site;
    site.chargers.boot_reply.interval = 0s;
    auto client = charger(site);
    const auto answer = client.ask(boot("1"));
    EXPECT_NE(answer.find(R"("interval":1})"), std::string::npos) << answer;
}

TEST_P(CsmsRules, NoBootIsRequiredAfterAReconnect) {
    Site site;
    charger(site).hang_up();
    auto client = charger(site);
    EXPECT_TRUE(client.ask(R"([2,1,"Heartbeat",{}])").starts_with("[3,1,"));
    auto result = site.call("CP-1", limit());
    client.say("[3," + id_of(client.hear()) + R"(,{"status":"Accepted"}])");
    EXPECT_EQ(outcome_of(result), CallOutcome::kAccepted);
}

TEST_P(CsmsRules, AnyFrameCountsAsLifeWithoutAPong) {
    GatewayOptions options;
    options.ping_interval = 100ms;
    options.ping_jitter = 0ms;
    Site site(options);
    auto client = charger(site);
    for (int pings = 0; pings < 4;) {
        const auto frame = client.next();
        ASSERT_TRUE(frame);
        if (frame->opcode != WireClient::kPing) continue;
        ++pings;
        client.say(R"([2,1,"Heartbeat",{}])");
    }
    EXPECT_TRUE(client.hear().starts_with("[3,1,"));
    EXPECT_EQ(site.observer.open, 1);
}

TEST(CsmsRules16, TheSecurityExtensionIsAnswered) {
    Site site;
    auto client = site.charger("CP-1");
    for (const auto* call :
         {R"([2,1,"SecurityEventNotification",{"type":"X","timestamp":"2026-02-10T12:00:00Z"}])",
          R"([2,1,"LogStatusNotification",{"status":"Idle"}])",
          R"([2,1,"SignedFirmwareStatusNotification",{"status":"Idle"}])"})
        EXPECT_EQ(client.ask(call), "[3,1,{}]") << call;
    EXPECT_EQ(client.ask(R"([2,1,"SignCertificate",{"csr":"x"}])"),
              R"([3,1,{"status":"Rejected"}])");
}

}  // namespace
}  // namespace busbar::ocpp
