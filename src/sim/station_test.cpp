#include "sim/station.hpp"

#include "sim/station_bench.hpp"

namespace busbar::sim {
namespace {

class StationTest : public StationBench {
protected:
    explicit StationTest(StationOptions options = {}) : StationBench(plain_charger(), options) {}

    void boot() {
        station_.connected();
        serve("BootNotification",
              R"({"status":"Accepted","interval":300,"currentTime":"2026-02-10T12:00:00Z"})");
        serve("StatusNotification");
        serve("StatusNotification");
    }

    void start_charging(int transaction = 17) {
        ASSERT_TRUE(station_.plug(eager_car()));
        serve("Authorize", R"({"idTagInfo":{"status":"Accepted"}})");
        serve("StartTransaction", R"({"idTagInfo":{"status":"Accepted"},"transactionId":)" +
                                      std::to_string(transaction) + "}");
        pass(200ms);
        drain("StatusNotification");
    }

    std::string set_limit(std::string_view purpose, int connector, int limit_a) {
        return ask("SetChargingProfile",
                   R"({"connectorId":)" + std::to_string(connector) +
                       R"(,"csChargingProfiles":{"chargingProfileId":)" +
                       std::to_string(purpose == "TxProfile" ? 2 : 1) +
                       R"(,"stackLevel":0,"chargingProfilePurpose":")" + std::string(purpose) +
                       R"(","chargingProfileKind":"Relative","chargingSchedule":{)"
                       R"("chargingRateUnit":"A","chargingSchedulePeriod":[{"startPeriod":0,)"
                       R"("limit":)" +
                       std::to_string(limit_a) + "}]}}}");
    }
};

TEST_F(StationTest, BootsReportsAndThenOnlyBeatsItsHeart) {
    boot();
    EXPECT_EQ(station_.snapshot().registration, Registration::kAccepted);
    pass(299s);
    EXPECT_TRUE(calls_.empty());
    pass(2s);
    serve("Heartbeat", R"({"currentTime":"2026-02-10T12:05:01Z"})");
}

TEST_F(StationTest, APendingChargerBootsAgainAfterTheIntervalAndStartsNothing) {
    station_.connected();
    serve("BootNotification",
          R"({"status":"Pending","interval":30,"currentTime":"2026-02-10T12:00:00Z"})");
    ASSERT_TRUE(station_.plug(eager_car()));
    pass(29s);
    EXPECT_TRUE(calls_.empty());
    EXPECT_FALSE(station_.snapshot().in_transaction);
    pass(2s);
    serve("BootNotification",
          R"({"status":"Accepted","interval":300,"currentTime":"2026-02-10T12:00:31Z"})");
    serve("StatusNotification");
    serve("StatusNotification");
    expect_call("Authorize");
}

TEST_F(StationTest, APendingChargerStartsNothingOfflineEither) {
    station_.connected();
    serve("BootNotification",
          R"({"status":"Pending","interval":30,"currentTime":"2026-02-10T12:00:00Z"})");
    station_.disconnected();
    ASSERT_TRUE(station_.plug(eager_car()));
    EXPECT_FALSE(station_.snapshot().in_transaction);
}

TEST_F(StationTest, ATransactionGoesFromAuthorizeToStop) {
    boot();
    ASSERT_TRUE(station_.plug(eager_car()));
    EXPECT_EQ(station_.snapshot().status, ConnectorStatus::kPreparing);
    const auto authorize = expect_call("Authorize");
    EXPECT_EQ(authorize.payload.at("idTag"), "CARD-9");
    answer(authorize, R"({"idTagInfo":{"status":"Accepted"}})");
    const auto start = expect_call("StartTransaction");
    EXPECT_EQ(start.payload.at("connectorId"), 1);
    EXPECT_EQ(start.payload.at("meterStart"), 0);
    answer(start, R"({"idTagInfo":{"status":"Accepted"},"transactionId":17})");
    const auto charging = expect_call("StatusNotification");
    EXPECT_EQ(charging.payload.at("status"), "Charging");
    answer(charging, "{}");
    pass(9s);
    EXPECT_EQ(station_.drawn(), PerPhase::each(32_A));
    ASSERT_TRUE(station_.unplug());
    EXPECT_EQ(station_.drawn(), PerPhase{});
    const auto stop = expect_call("StopTransaction");
    EXPECT_EQ(stop.payload.at("transactionId"), 17);
    EXPECT_EQ(stop.payload.at("reason"), "EVDisconnected");
    EXPECT_EQ(stop.payload.at("meterStop"), 54);  // 22.08 kW for 9 s, less the ramp.
    answer(stop, "{}");
    drain("StatusNotification");
    EXPECT_EQ(station_.snapshot().status, ConnectorStatus::kAvailable);
    EXPECT_EQ(station_.snapshot().calls_waiting, 0U);
}

TEST_F(StationTest, ACardThatIsRefusedDoesNotCharge) {
    boot();
    ASSERT_TRUE(station_.plug(eager_car()));
    serve("Authorize", R"({"idTagInfo":{"status":"Blocked"}})");
    pass(5s);
    EXPECT_FALSE(station_.snapshot().in_transaction);
    EXPECT_EQ(station_.enforced(), PerPhase{});
}

TEST_F(StationTest, AStartThatIsRefusedEndsTheTransaction) {
    boot();
    ASSERT_TRUE(station_.plug(eager_car()));
    serve("Authorize", R"({"idTagInfo":{"status":"Accepted"}})");
    serve("StartTransaction", R"({"idTagInfo":{"status":"ConcurrentTx"},"transactionId":5})");
    EXPECT_FALSE(station_.snapshot().in_transaction);
    const auto stop = expect_call("StopTransaction");
    EXPECT_EQ(stop.payload.at("reason"), "DeAuthorized");
    EXPECT_EQ(stop.payload.at("transactionId"), 5);
}

TEST_F(StationTest, AFullCarStopsByItself) {
    boot();
    auto car = eager_car();
    car.soc_pct = 99;
    car.capacity = WattHours::of(1'000);
    ASSERT_TRUE(station_.plug(car));
    serve("Authorize", R"({"idTagInfo":{"status":"Accepted"}})");
    serve("StartTransaction", R"({"idTagInfo":{"status":"Accepted"},"transactionId":5})");
    pass(1min);
    EXPECT_EQ(expect_call("StopTransaction").payload.at("reason"), "Local");
    EXPECT_EQ(station_.snapshot().status, ConnectorStatus::kFinishing);
}

TEST_F(StationTest, ObeysItsProfilesAndSaysSo) {
    boot();
    EXPECT_EQ(set_limit("TxDefaultProfile", 0, 6), "Accepted");
    start_charging(17);
    EXPECT_EQ(station_.drawn(), PerPhase::each(6_A));
    EXPECT_EQ(set_limit("TxProfile", 1, 20), "Accepted");
    pass(200ms);
    EXPECT_EQ(station_.drawn(), PerPhase::each(20_A));
    EXPECT_EQ(set_limit("TxProfile", 1, 0), "Accepted");
    pass(200ms);
    EXPECT_EQ(station_.snapshot().status, ConnectorStatus::kSuspendedEvse);
    const auto& got = station_.received();
    ASSERT_EQ(got.size(), 3U);
    EXPECT_EQ(got[1].limit(), 20_A);
    EXPECT_EQ(got[1].purpose, Purpose::kTx);
    EXPECT_TRUE(got[2].accepted);
    EXPECT_EQ(station_.snapshot().profiles_received, 3);
}

TEST_F(StationTest, ARefusingChargerKeepsItsLimit) {
    boot();
    station_.set_behaviour({.answering = Answering::kRefusing});
    EXPECT_EQ(set_limit("TxDefaultProfile", 0, 6), "Rejected");
    EXPECT_EQ(station_.snapshot().limit, 32_A);
    EXPECT_EQ(station_.snapshot().profiles_received, 1);
    EXPECT_FALSE(station_.received().back().accepted);
    EXPECT_EQ(ask("ClearCache", "{}"), "Accepted") << "everything else it does";
}

TEST_F(StationTest, ASilentChargerMayStillObey) {
    boot();
    station_.set_behaviour({.answering = Answering::kNever});
    EXPECT_EQ(set_limit("TxDefaultProfile", 0, 6), "");
    EXPECT_EQ(station_.snapshot().limit, 6_A);
    station_.set_behaviour({.answering = Answering::kNever, .acts_before_answer = false});
    EXPECT_EQ(set_limit("TxDefaultProfile", 0, 10), "");
    EXPECT_EQ(station_.snapshot().limit, 6_A);
    pass(2min);
    EXPECT_TRUE(answers_.empty());
}

TEST_F(StationTest, KeepsAnAnswerBackUntilItIsReleased) {
    boot();
    station_.set_behaviour({.answering = Answering::kWhenReleased, .acts_before_answer = false});
    EXPECT_EQ(set_limit("TxDefaultProfile", 0, 6), "");
    EXPECT_EQ(station_.snapshot().limit, 32_A);
    EXPECT_EQ(station_.snapshot().answers_held, 1U);
    EXPECT_EQ(station_.release(), 1U);
    EXPECT_EQ(station_.snapshot().limit, 6_A);
    ASSERT_EQ(answers_.size(), 1U);
    EXPECT_EQ(answers_[0].id, "ask");
    EXPECT_EQ(station_.release(), 0U);
}

TEST_F(StationTest, AHeldAnswerDiesWithItsLink) {
    boot();
    station_.set_behaviour({.answering = Answering::kWhenReleased});
    EXPECT_EQ(set_limit("TxDefaultProfile", 0, 6), "");
    station_.disconnected();
    station_.connected();
    EXPECT_EQ(station_.release(), 0U);
    EXPECT_TRUE(answers_.empty());
}

TEST_F(StationTest, ALateChargerAnswersAfterItsTime) {
    boot();
    station_.set_behaviour({.answering = Answering::kLate, .late_by = 300ms});
    EXPECT_EQ(set_limit("TxDefaultProfile", 0, 6), "");
    strand_.run_for(299ms);
    EXPECT_TRUE(answers_.empty());
    strand_.run_for(1ms);
    EXPECT_EQ(answers_.size(), 1U);
}

TEST_F(StationTest, AReconnectIsNotABoot) {
    boot();
    start_charging();
    station_.disconnected();
    pass(1s);
    station_.connected();
    EXPECT_EQ(expect_call("StatusNotification").payload.at("connectorId"), 0);
    EXPECT_TRUE(calls_.empty()) << "one call at a time";
    EXPECT_EQ(station_.snapshot().boots, 1);
    EXPECT_TRUE(station_.snapshot().in_transaction);
}

TEST_F(StationTest, ForgetsItsProfilesAtAReconnectIfItIsOfThatKind) {
    boot();
    station_.set_behaviour({.forgets_profiles_at_reconnect = true});
    EXPECT_EQ(set_limit("TxDefaultProfile", 0, 6), "Accepted");
    station_.disconnected();
    EXPECT_EQ(station_.snapshot().limit, 6_A);
    station_.connected();
    EXPECT_EQ(station_.snapshot().limit, 32_A);
}

TEST_F(StationTest, SendsAStopAgainUntilItIsAnswered) {
    boot();
    start_charging(17);
    pass(1s);
    ASSERT_TRUE(station_.unplug());
    const auto first = expect_call("StopTransaction");
    station_.disconnected();
    pass(1min);
    station_.connected();
    serve("StatusNotification");
    serve("StatusNotification");
    const auto second = expect_call("StopTransaction");
    EXPECT_EQ(second.payload, first.payload);
    pass(31s);  // Over the call timeout, and the pause after it.
    pass(3s);
    const auto third = expect_call("StopTransaction");
    EXPECT_EQ(third.payload, first.payload);
    answer(third, "{}");
    pass(1min);
    EXPECT_TRUE(calls_.empty());
}

TEST_F(StationTest, ATransactionThatBeganOfflineIsToldAfterwardsAsOne) {
    boot();
    EXPECT_EQ(set_limit("TxDefaultProfile", 0, 6), "Accepted");
    station_.disconnected();
    ASSERT_TRUE(station_.plug(eager_car()));
    pass(15s);
    EXPECT_EQ(station_.drawn(), PerPhase::each(6_A));
    ASSERT_TRUE(station_.unplug());
    pass(1min);
    station_.connected();
    serve("StatusNotification");
    serve("StatusNotification");
    const auto start = expect_call("StartTransaction");
    answer(start, R"({"idTagInfo":{"status":"Accepted"},"transactionId":44})");
    EXPECT_EQ(start.payload.at("timestamp"), "2026-02-10T12:00:00.000Z");
    const auto meter = expect_call("MeterValues");
    EXPECT_EQ(meter.payload.at("transactionId"), 44);
    answer(meter, "{}");
    const auto stop = expect_call("StopTransaction");
    EXPECT_EQ(stop.payload.at("transactionId"), 44);
    EXPECT_EQ(stop.payload.at("timestamp"), "2026-02-10T12:00:15.000Z");
}

TEST_F(StationTest, GivesUpAStartThatIsRefusedThreeTimesAndStopsCharging) {
    boot();
    ASSERT_TRUE(station_.plug(eager_car()));
    serve("Authorize", R"({"idTagInfo":{"status":"Accepted"}})");
    for (int attempt = 0; attempt < 3; ++attempt) {
        const auto start = expect_call("StartTransaction");
        station_.receive(write_refusal(start.id, "InternalError", "disk full"));
        pass(3s);
    }
    EXPECT_FALSE(station_.snapshot().in_transaction);
    pass(1min);
    drain("StatusNotification");
    EXPECT_TRUE(calls_.empty()) << "there is no number to stop it by";
    EXPECT_EQ(station_.snapshot().calls_waiting, 0U);
}

TEST_F(StationTest, MeterValuesNameEveryLineInOcppsWords) {
    boot();
    start_charging(17);
    EXPECT_EQ(set_limit("TxProfile", 1, 10), "Accepted");
    pass(10s);
    const auto meter = expect_call("MeterValues");
    EXPECT_EQ(meter.payload.at("transactionId"), 17);
    const auto& value = meter.payload.at("meterValue").as_array().at(0).as_object();
    const auto find = [&](std::string_view measurand, std::string_view phase) -> std::string {
        for (const auto& each : value.at("sampledValue").as_array()) {
            const auto& sample = each.as_object();
            EXPECT_EQ(sample.at("context"), "Sample.Periodic");
            const auto* named = sample.if_contains("phase");
            if (sample.at("measurand") == json::string_view(measurand.data(), measurand.size()) &&
                (named == nullptr ? phase.empty() : named->as_string() == phase.data()))
                return std::string(sample.at("value").as_string().c_str());
        }
        return "missing";
    };
    for (const auto* line : {"L1-N", "L2-N", "L3-N"}) {
        EXPECT_EQ(find("Current.Import", line), "10");
        EXPECT_EQ(find("Voltage", line), "230");
    }
    EXPECT_EQ(find("Power.Active.Import", ""), "6900");
    EXPECT_NE(find("Energy.Active.Import.Register", ""), "missing");
    EXPECT_EQ(find("SoC", ""), "30");
}

TEST_F(StationTest, TellsWhatItsProfilesAddUpTo) {
    boot();
    EXPECT_EQ(set_limit("TxDefaultProfile", 0, 6), "Accepted");
    EXPECT_EQ(ask("GetCompositeSchedule", R"({"connectorId":1,"duration":60})"), "Accepted");
    const auto& schedule = answers_.back().payload.at("chargingSchedule").as_object();
    const auto& period = schedule.at("chargingSchedulePeriod").as_array().at(0).as_object();
    EXPECT_EQ(period.at("limit"), 6);
    EXPECT_EQ(ask("ClearChargingProfile", R"({"id":1})"), "Accepted");
    EXPECT_EQ(ask("ClearChargingProfile", R"({"id":1})"), "Unknown");
    EXPECT_EQ(station_.snapshot().limit, 32_A);
}

TEST_F(StationTest, AnswersWrongCallsWithAnErrorAndStaysAsItWas) {
    boot();
    EXPECT_EQ(ask("SetChargingProfile", R"({"connectorId":1})"), "");
    ASSERT_EQ(refusals_.size(), 1U);
    EXPECT_EQ(refusals_[0].code, "PropertyConstraintViolation");
    EXPECT_EQ(ask("MakeCoffee", "{}"), "");
    ASSERT_EQ(refusals_.size(), 2U);
    EXPECT_EQ(refusals_[1].code, "NotImplemented");
    station_.receive("garbage");
    EXPECT_EQ(station_.snapshot().bad_frames_received, 1);
    EXPECT_EQ(station_.snapshot().limit, 32_A);
}

TEST_F(StationTest, TakesAnotherMeterInterval) {
    boot();
    EXPECT_EQ(ask("ChangeConfiguration", R"({"key":"MeterValueSampleInterval","value":"2"})"),
              "Accepted");
    EXPECT_EQ(ask("ChangeConfiguration", R"({"key":"MeterValueSampleInterval","value":"x"})"),
              "Rejected");
    EXPECT_EQ(ask("ChangeConfiguration", R"({"key":"NumberOfConnectors","value":"2"})"),
              "Rejected");
    EXPECT_EQ(ask("ChangeConfiguration", R"({"key":"Colour","value":"2"})"), "NotSupported");
    EXPECT_NE(ask("GetConfiguration", R"({"key":["MeterValueSampleInterval","Colour"]})")
                  .find(R"("unknownKey":["Colour"])"),
              std::string::npos);
    start_charging();
    pass(2s);
    expect_call("MeterValues");
}

TEST_F(StationTest, IsStartedAndStoppedFromAfar) {
    boot();
    EXPECT_EQ(ask("RemoteStartTransaction", R"({"idTag":"GUEST"})"), "Rejected") << "no car";
    start_charging(17);
    EXPECT_EQ(ask("RemoteStopTransaction", R"({"transactionId":99})"), "Rejected");
    EXPECT_EQ(ask("RemoteStopTransaction", R"({"transactionId":17})"), "Accepted");
    const auto stop = expect_call("StopTransaction");
    EXPECT_EQ(stop.payload.at("reason"), "Remote");
    answer(stop, "{}");
    EXPECT_EQ(ask("RemoteStartTransaction", R"({"idTag":"GUEST"})"), "Accepted");
    EXPECT_EQ(expect_call("StartTransaction").payload.at("idTag"), "GUEST");
}

TEST_F(StationTest, AnInoperativeChargerStartsNothing) {
    boot();
    EXPECT_EQ(ask("ChangeAvailability", R"({"connectorId":0,"type":"Inoperative"})"), "Accepted");
    EXPECT_EQ(station_.snapshot().status, ConnectorStatus::kUnavailable);
    ASSERT_TRUE(station_.plug(eager_car()));
    drain("StatusNotification");
    EXPECT_TRUE(calls_.empty());
    EXPECT_EQ(ask("ChangeAvailability", R"({"connectorId":0,"type":"Operative"})"), "Accepted");
    expect_call("Authorize");
}

TEST_F(StationTest, SendsWhatItIsTriggeredToSend) {
    boot();
    EXPECT_EQ(ask("TriggerMessage", R"({"requestedMessage":"MeterValues"})"), "Accepted");
    serve("MeterValues");
    EXPECT_EQ(ask("TriggerMessage", R"({"requestedMessage":"DiagnosticsStatusNotification"})"),
              "NotImplemented");
}

TEST_F(StationTest, ARebootEndsTheTransactionBreaksTheLinkAndBootsAgain) {
    boot();
    EXPECT_EQ(set_limit("TxDefaultProfile", 0, 6), "Accepted");
    start_charging(17);
    station_.set_behaviour({.forgets_profiles_at_reboot = true});
    EXPECT_EQ(ask("Reset", R"({"type":"Hard"})"), "Accepted");
    strand_.run_for(1s);
    EXPECT_EQ(hang_ups_, 1);
    EXPECT_EQ(station_.enforced(), PerPhase{});
    EXPECT_EQ(station_.snapshot().limit, 32_A);
    station_.disconnected();
    calls_.clear();
    boot();
    EXPECT_EQ(station_.snapshot().boots, 2);
    const auto stop = expect_call("StopTransaction");
    EXPECT_EQ(stop.payload.at("reason"), "PowerLoss");
    answer(stop, "{}");
    expect_call("Authorize");
}

TEST_F(StationTest, WaitingMessagesAreBoundedAndTransactionsOutliveMeterValues) {
    boot();
    station_.disconnected();
    ASSERT_TRUE(station_.plug(eager_car()));
    pass(100min);
    ASSERT_TRUE(station_.unplug());
    EXPECT_EQ(station_.snapshot().calls_waiting, 500U);
    EXPECT_GT(station_.snapshot().calls_given_up, 90);
    station_.connected();
    serve("StartTransaction", R"({"idTagInfo":{"status":"Accepted"},"transactionId":17})");
    drain("MeterValues");
    serve("StopTransaction");
    EXPECT_EQ(station_.snapshot().calls_waiting, 0U);
}

class WrongClockTest : public StationTest {
protected:
    WrongClockTest() : StationTest({.clock_error = -1h}) {}
};

TEST_F(WrongClockTest, TheCsmsSetsTheClock) {
    station_.connected();
    serve("BootNotification",
          R"({"status":"Accepted","interval":300,"currentTime":"2026-02-10T12:00:00Z"})");
    EXPECT_EQ(expect_call("StatusNotification").payload.at("timestamp"),
              "2026-02-10T12:00:00.000Z");
}

}  // namespace
}  // namespace busbar::sim
