// OCPP 2.0.1 and 2.1, as a station at the table hears and speaks them.
#include "ocpp/v2.hpp"

#include <gtest/gtest.h>

#include "ocpp/dialect.hpp"
#include "ocpp/table.hpp"

namespace busbar::ocpp {
namespace {

using namespace std::chrono_literals;

class V2 : public testing::TestWithParam<Version> {
protected:
    // The payload of the only call that was sent, and its action.
    std::string asked(const Command& command) {
        table.outlet.sent.clear();
        table.call(command);
        const auto frame = parse_frame(table.outlet.sent.back());
        const auto& call = std::get<CallFrame>(*frame);
        id_ = call.id;
        const auto& sent = table.outlet.sent.back();
        const auto action = sent.find(call.action);
        return sent.substr(action - 1, sent.size() - action);
    }
    CallResult answered(std::string_view payload) {
        (void)table.hear("[3," + id_ + "," + std::string(payload) + "]");
        return table.results.back();
    }
    std::string event(std::string_view members) {
        return table.hear(R"([2,"e","TransactionEvent",{"timestamp":"2026-02-10T12:00:00Z",)"
                          R"("triggerReason":"Authorized","seqNo":0,)" +
                          std::string(members) + "}]");
    }

    Table table{GetParam()};

private:
    std::string id_;
};

INSTANTIATE_TEST_SUITE_P(, V2, testing::Values(Version::k201, Version::k21),
                         [](const auto& version) {
                             return version.param == Version::k201 ? "201" : "21";
                         });

// --- B: provisioning ---

TEST_P(V2, B01AcceptsABoot) {
    EXPECT_EQ(table.hear(R"([2,"1","BootNotification",{"reason":"PowerUp","chargingStation":)"
                         R"({"model":"M","vendorName":"V"}}])"),
              R"([3,"1",{"status":"Accepted","currentTime":"2026-02-10T12:00:00.000Z",)"
              R"("interval":300}])");
    EXPECT_TRUE(table.chargers.saw("boot CP-1 V M"));
    EXPECT_EQ(table.hear(R"([2,"2","Heartbeat",{}])"),
              R"([3,"2",{"currentTime":"2026-02-10T12:00:00.000Z"}])");
}

TEST_P(V2, B02FR09RefusesWhatIsSaidBeforeABootIsAccepted) {
    table.chargers.boot_reply.status = Registration::kPending;
    const std::string boot = R"([2,"1","BootNotification",{"reason":"PowerUp","chargingStation":)"
                             R"({"model":"M","vendorName":"V"}}])";
    EXPECT_NE(table.hear(boot).find("Pending"), std::string::npos);
    EXPECT_EQ(table.hear(R"([2,"2","Heartbeat",{}])").substr(0, 23), R"([4,"2","SecurityError",)");
    table.chargers.boot_reply.status = Registration::kAccepted;
    (void)table.hear(boot);
    EXPECT_EQ(table.hear(R"([2,"2","Heartbeat",{}])").substr(0, 7), R"([3,"2",)");
}

TEST_P(V2, ABootIsNotWaitedForAfterAReconnect) {
    EXPECT_EQ(table.hear(R"([2,"2","Heartbeat",{}])").substr(0, 7), R"([3,"2",)");
}

// --- G: availability ---

TEST_P(V2, G01AnEvseIsInUseIfOneOfItsConnectorsIs) {
    const auto says = [&](int evse, int connector, const std::string& status) {
        (void)table.hear(R"([2,"1","StatusNotification",{"timestamp":"2026-02-10T12:00:00Z",)"
                         R"("connectorStatus":")" +
                         status + R"(","evseId":)" + std::to_string(evse) + R"(,"connectorId":)" +
                         std::to_string(connector) + "}]");
        return table.chargers.statuses.back().status;
    };
    EXPECT_EQ(says(1, 1, "Available"), ConnectorStatus::kAvailable);
    EXPECT_EQ(says(1, 2, "Occupied"), ConnectorStatus::kOccupied);
    EXPECT_EQ(says(1, 1, "Unavailable"), ConnectorStatus::kOccupied);
    EXPECT_EQ(says(1, 2, "Faulted"), ConnectorStatus::kUnavailable);
    EXPECT_EQ(says(2, 1, "Available"), ConnectorStatus::kAvailable);
    EXPECT_EQ(table.chargers.statuses.back().connector, 2);
    EXPECT_EQ(table.chargers.statuses.back().stamped, table.clock.wall());
}

// --- C and E: authorization, transactions ---

TEST_P(V2, C01AuthorizesAToken) {
    EXPECT_EQ(table.hear(R"([2,"1","Authorize",{"idToken":{"idToken":"T","type":"ISO14443"}}])"),
              R"([3,"1",{"idTokenInfo":{"status":"Accepted"}}])");
    EXPECT_TRUE(table.chargers.saw("authorize CP-1 T"));
}

TEST_P(V2, E01ATransactionStartsWithWhatIsSaidOfIt) {
    EXPECT_EQ(
        event(R"("eventType":"Started","transactionInfo":{"transactionId":"t-1",)"
              R"("chargingState":"Charging"},"evse":{"id":2,"connectorId":1},)"
              R"("idToken":{"idToken":"T","type":"ISO14443"},"meterValue":[{"timestamp":)"
              R"("2026-02-10T12:00:00Z","sampledValue":[{"value":1.5,"context":)"
              R"("Transaction.Begin","unitOfMeasure":{"unit":"kWh"}},{"value":16,)"
              R"("measurand":"Current.Import","phase":"L1","unitOfMeasure":{"unit":"A"}}]}])"),
        R"([3,"e",{"idTokenInfo":{"status":"Accepted"}}])");
    ASSERT_EQ(table.chargers.transactions.size(), 1u);
    const auto& said = table.chargers.transactions.front();
    EXPECT_EQ(said.kind, TransactionEvent::Kind::kStarted);
    EXPECT_EQ(said.own_id, "t-1");
    EXPECT_EQ(said.evse, 2);
    EXPECT_EQ(said.id_tag, "T");
    EXPECT_EQ(said.energy_register, WattHours::of(1'500));
    EXPECT_EQ(said.status, ConnectorStatus::kCharging);
    ASSERT_EQ(said.samples.size(), 1u) << "energy outside the rhythm counts once";
    EXPECT_EQ(said.samples.front().measurand, Measurand::kCurrent);
    EXPECT_EQ(said.samples.front().milli, 16'000);
}

TEST_P(V2, E02TheEvseNeedNotBeSaidAgain) {
    (void)event(
        R"("eventType":"Started","transactionInfo":{"transactionId":"t-1"},"evse":{"id":2})");
    EXPECT_EQ(event(R"("eventType":"Updated","transactionInfo":{"transactionId":"t-1",)"
                    R"("chargingState":"SuspendedEV"})"),
              R"([3,"e",{}])");
    EXPECT_EQ(table.chargers.transactions.back().evse, 2);
    EXPECT_EQ(table.chargers.transactions.back().status, ConnectorStatus::kSuspendedEv);
    EXPECT_EQ(event(R"("eventType":"Ended","transactionInfo":{"transactionId":"t-1",)"
                    R"("stoppedReason":"EVDisconnected"})"),
              R"([3,"e",{}])");
    EXPECT_EQ(table.chargers.transactions.back().evse, 2);
    EXPECT_EQ(table.chargers.transactions.back().stop_reason, "EVDisconnected");
    (void)event(R"("eventType":"Updated","transactionInfo":{"transactionId":"t-1"})");
    EXPECT_EQ(table.chargers.transactions.back().evse, 0);
}

TEST_P(V2, AnOccupiedConnectorSaysNothingThatItsTransactionHasNotSaid) {
    (void)event(R"("eventType":"Started","transactionInfo":{"transactionId":"t-1",)"
                R"("chargingState":"Charging"},"evse":{"id":1})");
    const std::string occupied =
        R"([2,"1","StatusNotification",{"timestamp":"2026-02-10T12:00:00Z","connectorStatus":)"
        R"("Occupied","evseId":1,"connectorId":1}])";
    EXPECT_EQ(table.hear(occupied), R"([3,"1",{}])");
    EXPECT_TRUE(table.chargers.statuses.empty());
    (void)event(R"("eventType":"Ended","transactionInfo":{"transactionId":"t-1"})");
    (void)table.hear(occupied);
    EXPECT_EQ(table.chargers.statuses.size(), 1u);
}

TEST_P(V2, E12AnEventIsAnsweredOnceItIsDurable) {
    table.chargers.hold_answers();
    const std::string started =
        R"("eventType":"Started","transactionInfo":{"transactionId":"t-1"},"evse":{"id":1})";
    EXPECT_EQ(event(started), "");
    table.outlet.sent.clear();
    table.chargers.start_reply = Error{Errc::kUnavailable, "the disk is full"};
    table.chargers.answer(0);
    table.strand->run();
    ASSERT_EQ(table.outlet.sent.size(), 1u);
    EXPECT_EQ(table.outlet.sent.front().substr(0, 23), R"([4,"e","InternalError",)");
}

// --- J: meter values ---

TEST_P(V2, J01TakesMeterValuesWithTheirPowersOfTen) {
    EXPECT_EQ(
        table.hear(
            R"([2,"1","MeterValues",{"evseId":1,"meterValue":[{"timestamp":)"
            R"("2026-02-10T12:00:00Z","sampledValue":[{"value":7.2,"measurand":)"
            R"("Power.Active.Import","unitOfMeasure":{"unit":"W","multiplier":3}},)"
            R"({"value":230,"measurand":"Voltage","phase":"L1-N","unitOfMeasure":{"unit":"A"}},)"
            R"({"value":1,"measurand":"Current.Import","unitOfMeasure":)"
            R"({"multiplier":400}}]}]}])"),
        R"([3,"1",{}])");
    const auto& samples = table.chargers.meter_reports.front().samples;
    ASSERT_EQ(samples.size(), 1u) << "of volts in amperes, and of 10^400 A, nothing is known";
    EXPECT_EQ(samples.front().milli, 7'200'000);
}

TEST_P(V2, J01WhatIsSignedIsKeptAsItCameAndItsValueCounts) {
    const std::string sampled =
        R"({"value":7,"measurand":"Current.Import","signedMeterValue":{"signedMeterData":"b2M=",)"
        R"("signingMethod":"ECDSA","encodingMethod":"OCMF","publicKey":"MFk="}})";
    const auto values =
        R"([{"timestamp":"2026-02-10T11:59:00Z","sampledValue":[)" + sampled + "]}]";
    (void)event(R"("eventType":"Started","transactionInfo":{"transactionId":"t"},"meterValue":)" +
                values);
    const auto& heard = table.chargers.transactions.at(0);
    ASSERT_EQ(heard.samples.size(), 1U);
    ASSERT_EQ(heard.signed_readings.size(), 1U);
    EXPECT_EQ(boost::json::parse(heard.signed_readings[0].sampled), boost::json::parse(sampled));
    (void)table.hear(R"([2,"1","MeterValues",{"evseId":1,"meterValue":)" + values + "}]");
    EXPECT_EQ(table.chargers.meter_reports.at(0).signed_readings, heard.signed_readings);
}

// --- K: smart charging ---

TEST_P(V2, K01SetsALimitByTheStationsOwnName) {
    SetLimit limit{.purpose = ProfilePurpose::kTransaction,
                   .connector = 1,
                   .transaction = 4711,
                   .limit = 9.5_A,
                   .own_id = "t-\"1\""};
    EXPECT_EQ(asked(limit),
              R"("SetChargingProfile",{"evseId":1,"chargingProfile":{"id":201,"stackLevel":0,)"
              R"("chargingProfilePurpose":"TxProfile","chargingProfileKind":"Relative",)"
              R"("transactionId":"t-\"1\"","chargingSchedule":[{"id":201,"chargingRateUnit":"A",)"
              R"("chargingSchedulePeriod":[{"startPeriod":0,"limit":9.5}]}]}})");
    EXPECT_EQ(answered(R"({"status":"Accepted"})").outcome, CallOutcome::kAccepted);
}

TEST_P(V2, K01ALeaseIsAbsoluteAndIn21AlsoCountedFromLosingUs) {
    SetLimit limit{.purpose = ProfilePurpose::kTransaction,
                   .connector = 1,
                   .transaction = 4711,
                   .limit = 16_A,
                   .start = table.clock.wall() - 60s,
                   .later = {{1860s, 6_A}},
                   .lease = 1800s,
                   .own_id = "t-1"};
    const std::string offline = GetParam() == Version::k21 ? R"(,"maxOfflineDuration":1800)" : "";
    EXPECT_EQ(asked(limit),
              R"("SetChargingProfile",{"evseId":1,"chargingProfile":{"id":201,"stackLevel":0,)"
              R"("chargingProfilePurpose":"TxProfile","chargingProfileKind":"Absolute",)"
              R"("transactionId":"t-1")" +
                  offline +
                  R"(,"chargingSchedule":[{"id":201,"chargingRateUnit":"A",)"
                  R"("startSchedule":"2026-02-10T11:59:00.000Z","chargingSchedulePeriod":)"
                  R"([{"startPeriod":0,"limit":16.0},{"startPeriod":1860,"limit":6.0}]}]}})");
}

TEST_P(V2, K01ATransactionFromBeforeItSpoke2IsNamedByOurNumber) {
    SetLimit limit{
        .purpose = ProfilePurpose::kTransaction, .connector = 1, .transaction = 4711, .limit = 6_A};
    EXPECT_NE(asked(limit).find(R"("transactionId":"4711")"), std::string::npos);
    EXPECT_EQ(answered(R"({"status":"Rejected"})").outcome, CallOutcome::kRejected);
}

TEST_P(V2, K08ReadsACompositeSchedule) {
    EXPECT_EQ(asked(GetCompositeLimit{1, 60s}),
              R"("GetCompositeSchedule",{"evseId":1,"duration":60,"chargingRateUnit":"A"})");
    const auto result =
        answered(R"({"status":"Accepted","schedule":{"evseId":1,"duration":60,"scheduleStart":)"
                 R"("2026-02-10T12:00:00Z","chargingRateUnit":"A","chargingSchedulePeriod":)"
                 R"([{"startPeriod":0,"limit":16.0}]}})");
    ASSERT_TRUE(result.composite);
    EXPECT_EQ(result.composite->periods.front().milli, 16'000);
}

TEST_P(V2, K10ClearsOnlyWhatItSet) {
    EXPECT_EQ(asked(ClearLimit{ProfilePurpose::kDefault, 0}),
              R"("ClearChargingProfile",{"chargingProfileId":100})");
    EXPECT_EQ(answered(R"({"status":"Unknown"})").outcome, CallOutcome::kAccepted);
}

// --- B, E, F, G: what else is asked ---

TEST_P(V2, B05B06VariablesAreKnownByTheirNamesIn16Too) {
    EXPECT_EQ(asked(GetConfiguration{{"ChargingScheduleAllowedChargingRateUnit", "A.B"}}),
              R"("GetVariables",{"getVariableData":[{"component":{"name":"SmartChargingCtrlr"},)"
              R"("variable":{"name":"RateUnit"}},{"component":{"name":"A"},)"
              R"("variable":{"name":"B"}}]})");
    const auto result =
        answered(R"({"getVariableResult":[{"attributeStatus":"Accepted","attributeValue":"A,W",)"
                 R"("component":{"name":"SmartChargingCtrlr"},"variable":{"name":"RateUnit"}},)"
                 R"({"attributeStatus":"UnknownComponent","component":{"name":"A"},)"
                 R"("variable":{"name":"B"}}]})");
    ASSERT_EQ(result.keys.size(), 1u);
    EXPECT_EQ(result.keys.front(),
              (ConfigurationKey{"ChargingScheduleAllowedChargingRateUnit", "Current,Power"}));
    EXPECT_EQ(asked(ChangeConfiguration{"OCPPCommCtrlr.HeartbeatInterval", "60"}),
              R"("SetVariables",{"setVariableData":[{"attributeValue":"60","component":)"
              R"({"name":"OCPPCommCtrlr"},"variable":{"name":"HeartbeatInterval"}}]})");
    EXPECT_EQ(answered(R"({"setVariableResult":[{"attributeStatus":"UnknownVariable","component":)"
                       R"({"name":"OCPPCommCtrlr"},"variable":{"name":"HeartbeatInterval"}}]})")
                  .outcome,
              CallOutcome::kNotSupported);
}

TEST_P(V2, AsksStationsForWhatTheyCanDo) {
    EXPECT_EQ(asked(TriggerMessage{"MeterValues", 1}),
              R"("TriggerMessage",{"requestedMessage":"MeterValues","evse":{"id":1}})");
    EXPECT_EQ(answered(R"({"status":"NotImplemented"})").outcome, CallOutcome::kNotSupported);
    EXPECT_EQ(asked(RemoteStop{4711, "t-1"}),
              R"("RequestStopTransaction",{"transactionId":"t-1"})");
    EXPECT_EQ(answered(R"({"status":"Rejected"})").outcome, CallOutcome::kRejected);
    EXPECT_EQ(asked(ChangeAvailability{0, false}),
              R"("ChangeAvailability",{"operationalStatus":"Inoperative"})");
    EXPECT_EQ(answered(R"({"status":"Scheduled"})").outcome, CallOutcome::kAccepted);
    EXPECT_EQ(asked(ChangeAvailability{2, true}),
              R"("ChangeAvailability",{"operationalStatus":"Operative","evse":{"id":2}})");
    (void)answered(R"({"status":"Accepted"})");
    EXPECT_EQ(asked(Reset{.hard = true}), R"("Reset",{"type":"Immediate"})");
    EXPECT_EQ(answered(R"({"status":"Nonsense"})").outcome, CallOutcome::kUnanswered);
}

// --- Framing, part 4 ---

TEST_P(V2, Part4WhatCannotBeReadIsAnsweredUntilThereIsTooMuchOfIt) {
    for (const auto* text : {"", "[]", "{}", "[2]", "[9,\"1\"]"})
        EXPECT_EQ(table.hear(text).substr(0, 28), R"([4,"-1","RpcFrameworkError",)") << text;
    for (int i = 0; i < 5; ++i) (void)table.hear("nonsense");
    EXPECT_NE(table.outlet.closed, "");
}

TEST_P(V2, Part4SpellsErrorCodesAs2Does) {
    EXPECT_EQ(table.hear(R"([2,"1","Heartbeat",{"x":1}])").substr(0, 25),
              R"([4,"1","FormatViolation",)");
    EXPECT_EQ(table.hear(R"([2,"1","Authorize",{}])").substr(0, 39),
              R"([4,"1","OccurrenceConstraintViolation",)");
    EXPECT_EQ(table.hear(R"([2,"1","Nonsense",{}])").substr(0, 24), R"([4,"1","NotImplemented",)");
    EXPECT_EQ(table.hear(R"([2,"1","Reset",{"type":"OnIdle"}])").substr(0, 22),
              R"([4,"1","NotSupported",)");
}

TEST(V21, MessagesWithoutAnAnswerAreNotAnswered) {
    Table table(Version::k21);
    EXPECT_EQ(table.hear(R"([6,"1","NotifyPeriodicEventStream",{}])"), "");
    EXPECT_EQ(table.hear(R"([5,"1","FormatViolation","",{}])"), "");
    Table older(Version::k201);
    EXPECT_NE(older.hear(R"([6,"1","NotifyPeriodicEventStream",{}])"), "");
}

// --- All of it ---

// The least payload that passes its check.
boost::json::object least(Fields fields);

boost::json::value least(const Field& field) {
    using enum Field::Kind;
    switch (field.kind) {
        case kText:
            return "x";
        case kWord:
            return boost::json::string(field.words.front());
        case kTime:
            return "2026-02-10T12:00:00Z";
        case kBoolean:
            return true;
        case kInteger:
        case kNumber:
        case kTenths:
            return std::max<std::int64_t>(field.least, 0);
        case kObject:
        case kOpenObject:
            return least(field.fields);
        case kAnything:
            return nullptr;
    }
    return nullptr;
}

boost::json::object least(Fields fields) {
    boost::json::object out;
    for (const auto& field : fields) {
        if (!field.required) continue;
        if (field.list)
            out[field.name] =
                boost::json::array(std::max<std::size_t>(field.fewest, 1), least(field));
        else
            out[field.name] = least(field);
    }
    return out;
}

// What a station may ask is answered as its documents say; what only we ask is refused.
TEST_P(V2, AnswersEveryMessageThatAStationMaySend) {
    int answered = 0;
    for (const auto& message : messages(GetParam())) {
        const bool theirs = dialect_of(GetParam()).find_action(message.action) != nullptr;
        const auto heard = table.hear(R"([2,"1",")" + std::string(message.action) + R"(",)" +
                                      boost::json::serialize(least(message.request)) + "]");
        const bool unable = message.action == "GetCertificateChainStatus";
        EXPECT_EQ(heard.substr(0, 7), theirs && !unable ? R"([3,"1",)" : R"([4,"1",)") << heard;
        answered += theirs;
    }
    EXPECT_EQ(answered, GetParam() == Version::k201 ? 25 : 38);
}

}  // namespace
}  // namespace busbar::ocpp
