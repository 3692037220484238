// A station that speaks OCPP 2.0.1 or 2.1.
#include "sim/station_bench.hpp"

namespace busbar::sim {
namespace {

ChargerSetup charger_of(Version version) {
    return {.id = ChargerId{"CP-1"}, .version = version};
}

class Station201 : public StationBench {
protected:
    explicit Station201(Version version = Version::k201) : StationBench(charger_of(version)) {}

    void boot() {
        station_.connected();
        serve("BootNotification",
              R"({"status":"Accepted","interval":300,"currentTime":"2026-02-10T12:00:00Z"})");
        serve("StatusNotification");
    }

    // The next event of a transaction, answered.
    json::object event(std::string_view answer_with = "{}") {
        const auto call = expect_call("TransactionEvent");
        if (call.id.empty()) return {};
        answer(call, answer_with);
        return call.payload;
    }

    // The name of the transaction.
    std::string start_charging() {
        EXPECT_TRUE(station_.plug(eager_car()));
        serve("Authorize", R"({"idTokenInfo":{"status":"Accepted"}})");
        const auto started = event(R"({"idTokenInfo":{"status":"Accepted"}})");
        EXPECT_EQ(event().at("eventType"), "Updated");  // It charges.
        return name_in(started);
    }

    static std::string name_in(const json::object& event) {
        return event.at("transactionInfo").at("transactionId").as_string().c_str();
    }
    static std::string state_in(const json::object& event) {
        return event.at("transactionInfo").at("chargingState").as_string().c_str();
    }

    std::string set_limit(const std::string& purpose, int evse, int limit_a,
                          const std::string& more = "") {
        return ask("SetChargingProfile",
                   R"({"evseId":)" + std::to_string(evse) + R"(,"chargingProfile":{"id":)" +
                       std::to_string(purpose == "TxProfile" ? 2 : 1) +
                       R"(,"stackLevel":0,"chargingProfilePurpose":")" + purpose +
                       R"(","chargingProfileKind":"Absolute",)" + more +
                       R"("chargingSchedule":[{"id":1,"startSchedule":"2026-02-10T12:00:00Z",)"
                       R"("chargingRateUnit":"A","chargingSchedulePeriod":[{"startPeriod":0,)"
                       R"("limit":)" +
                       std::to_string(limit_a) + "}]}]}}");
    }
    static std::string of(const std::string& transaction) {
        return R"("transactionId":")" + transaction + R"(",)";
    }
};

class Station21 : public Station201 {
protected:
    Station21() : Station201(Version::k21) {}
};

TEST_F(Station201, BootsTellsItsOneConnectorAndBeatsItsHeart) {
    station_.connected();
    const auto boot = expect_call("BootNotification");
    EXPECT_EQ(boot.payload.at("reason"), "PowerUp");
    EXPECT_EQ(boot.payload.at("chargingStation").at("vendorName"), "Busbar");
    answer(boot, R"({"status":"Accepted","interval":300,"currentTime":"2026-02-10T12:00:00Z"})");
    const auto status = expect_call("StatusNotification");
    EXPECT_EQ(status.payload.at("connectorStatus"), "Available");
    EXPECT_EQ(status.payload.at("evseId"), 1);
    answer(status, "{}");
    pass(299s);
    EXPECT_TRUE(calls_.empty());
    pass(2s);
    serve("Heartbeat", R"({"currentTime":"2026-02-10T12:05:01Z"})");
}

TEST_F(Station201, TellsATransactionInNumberedEvents) {
    boot();
    ASSERT_TRUE(station_.plug(eager_car()));
    EXPECT_EQ(calls_.front().payload.at("connectorStatus"), "Occupied");
    serve("Authorize", R"({"idTokenInfo":{"status":"Accepted"}})");
    const auto started = event(R"({"idTokenInfo":{"status":"Accepted"}})");
    EXPECT_EQ(started.at("eventType"), "Started");
    EXPECT_EQ(started.at("triggerReason"), "Authorized");
    EXPECT_EQ(started.at("seqNo"), 0);
    EXPECT_EQ(started.at("offline"), false);
    EXPECT_EQ(started.at("evse").at("id"), 1);
    EXPECT_EQ(started.at("idToken").at("idToken"), "CARD-9");
    EXPECT_EQ(state_in(started), "EVConnected");
    const auto name = name_in(started);
    EXPECT_LE(name.size(), 36U);
    EXPECT_EQ(station_.snapshot().transaction, name);
    pass(100ms);
    const auto charging = event();
    EXPECT_EQ(charging.at("triggerReason"), "ChargingStateChanged");
    EXPECT_EQ(charging.at("seqNo"), 1);
    EXPECT_EQ(state_in(charging), "Charging");
    pass(10s);
    const auto metered = event();
    EXPECT_EQ(metered.at("triggerReason"), "MeterValuePeriodic");
    EXPECT_EQ(name_in(metered), name);
    const auto& first = metered.at("meterValue").at(0).at("sampledValue").at(0);
    EXPECT_EQ(first.at("measurand"), "Current.Import");
    EXPECT_EQ(first.at("value").to_number<double>(), 32);
    ASSERT_TRUE(station_.unplug());
    const auto ended = event();
    EXPECT_EQ(ended.at("eventType"), "Ended");
    EXPECT_EQ(ended.at("transactionInfo").at("stoppedReason"), "EVDisconnected");
    EXPECT_EQ(ended.at("seqNo"), 3);
}

TEST_F(Station201, EndsATransactionWhoseCardIsNotWelcome) {
    boot();
    ASSERT_TRUE(station_.plug(eager_car()));
    serve("Authorize", R"({"idTokenInfo":{"status":"Accepted"}})");
    (void)event(R"({"idTokenInfo":{"status":"Blocked"}})");
    while (station_.snapshot().calls_waiting > 0 && !calls_.empty()) {
        const auto next = event();
        if (next.at("eventType") != "Ended") continue;
        EXPECT_EQ(next.at("transactionInfo").at("stoppedReason"), "DeAuthorized");
        EXPECT_FALSE(station_.snapshot().in_transaction);
        return;
    }
    ADD_FAILURE() << "it goes on";
}

TEST_F(Station201, KeepsWhatHappensOfflineAndMarksIt) {
    boot();
    const auto name = start_charging();
    station_.disconnected();
    pass(10s);
    ASSERT_TRUE(station_.unplug());
    station_.connected();
    const auto metered = event();
    EXPECT_EQ(metered.at("offline"), true);
    const auto ended = event();
    EXPECT_EQ(ended.at("eventType"), "Ended");
    EXPECT_EQ(name_in(ended), name);
    EXPECT_EQ(ended.at("offline"), true);
}

TEST_F(Station201, K01_HoldsProfilesByTheNameOfTheTransaction) {
    boot();
    EXPECT_EQ(set_limit("TxProfile", 1, 10, of("x")), "Rejected");
    const auto name = start_charging();
    EXPECT_EQ(set_limit("TxProfile", 1, 10, of("x")), "Rejected");
    EXPECT_EQ(set_limit("TxProfile", 1, 10), "Rejected") << "of which transaction?";
    EXPECT_EQ(set_limit("TxProfile", 1, 10, of(name)), "Accepted");
    EXPECT_EQ(station_.snapshot().limit, 10_A);
    EXPECT_EQ(station_.received().back().transaction, name);
    EXPECT_TRUE(station_.received().back().accepted);
    EXPECT_EQ(set_limit("ChargingStationMaxProfile", 0, 8), "Accepted");
    EXPECT_EQ(station_.snapshot().limit, 8_A);
    EXPECT_EQ(set_limit("TxDefaultProfile", 0, 6), "Accepted");
    ASSERT_TRUE(station_.unplug());
    EXPECT_EQ(station_.snapshot().limit, 6_A);
    EXPECT_EQ(ask("ClearChargingProfile",
                  R"({"chargingProfileCriteria":{"chargingProfilePurpose":"TxDefaultProfile"}})"),
              "Accepted");
    EXPECT_EQ(ask("ClearChargingProfile", R"({"chargingProfileId":77})"), "Unknown");
}

TEST_F(Station201, ShowsWhatItWillEnforce) {
    boot();
    ASSERT_EQ(set_limit("TxDefaultProfile", 0, 9), "Accepted");
    EXPECT_EQ(ask("GetCompositeSchedule", R"({"evseId":1,"duration":60})"), "Accepted");
    const auto& schedule = answers_.back().payload.at("schedule");
    EXPECT_EQ(schedule.at("evseId"), 1);
    EXPECT_EQ(schedule.at("chargingSchedulePeriod").at(0).at("limit"), 9);
    EXPECT_EQ(ask("GetCompositeSchedule", R"({"evseId":7,"duration":60})"), "Rejected");
}

TEST_F(Station201, ReadsAndSetsVariables) {
    boot();
    (void)ask("GetVariables", R"({"getVariableData":[
        {"component":{"name":"SmartChargingCtrlr"},"variable":{"name":"RateUnit"}},
        {"component":{"name":"SmartChargingCtrlr"},
         "variable":{"name":"Entries","instance":"ChargingProfiles"}},
        {"component":{"name":"SmartChargingCtrlr"},"variable":{"name":"Nope"}},
        {"component":{"name":"Nope"},"variable":{"name":"Nope"}}]})");
    const auto results = answers_.back().payload.at("getVariableResult");
    EXPECT_EQ(results.at(0).at("attributeValue"), "A");
    EXPECT_EQ(results.at(1).at("attributeValue"), "10");
    EXPECT_EQ(results.at(2).at("attributeStatus"), "UnknownVariable");
    EXPECT_EQ(results.at(3).at("attributeStatus"), "UnknownComponent");
    (void)ask("SetVariables", R"({"setVariableData":[
        {"attributeValue":"30","component":{"name":"OCPPCommCtrlr"},
         "variable":{"name":"HeartbeatInterval"}},
        {"attributeValue":"W","component":{"name":"SmartChargingCtrlr"},
         "variable":{"name":"RateUnit"}}]})");
    const auto set = answers_.back().payload.at("setVariableResult");
    EXPECT_EQ(set.at(0).at("attributeStatus"), "Accepted");
    EXPECT_EQ(set.at(1).at("attributeStatus"), "Rejected");
    pass(31s);
    serve("Heartbeat", R"({"currentTime":"2026-02-10T12:00:31Z"})");
}

TEST_F(Station201, StartsAndStopsAsItIsAsked) {
    boot();
    const std::string_view request =
        R"({"remoteStartId":5,"idToken":{"idToken":"CARD-7","type":"Central"},"chargingProfile":
        {"id":9,"stackLevel":0,"chargingProfilePurpose":"TxProfile",
         "chargingProfileKind":"Relative","chargingSchedule":[{"id":1,"chargingRateUnit":"A",
         "chargingSchedulePeriod":[{"startPeriod":0,"limit":7}]}]}})";
    EXPECT_EQ(ask("RequestStartTransaction", request), "Rejected") << "no car";
    ASSERT_TRUE(station_.plug(eager_car()));
    EXPECT_EQ(ask("RequestStartTransaction", request), "Accepted");
    serve("Authorize", R"({"idTokenInfo":{"status":"Accepted"}})");
    const auto started = event();
    EXPECT_EQ(started.at("triggerReason"), "RemoteStart");
    EXPECT_EQ(started.at("transactionInfo").at("remoteStartId"), 5);
    EXPECT_EQ(started.at("idToken").at("idToken"), "CARD-7");
    EXPECT_EQ(station_.snapshot().limit, 7_A);
    (void)event();
    EXPECT_EQ(ask("RequestStopTransaction", R"({"transactionId":"x"})"), "Rejected");
    EXPECT_EQ(ask("RequestStopTransaction", R"({"transactionId":")" + name_in(started) + "\"}"),
              "Accepted");
    const auto ended = event();
    EXPECT_EQ(ended.at("triggerReason"), "RemoteStop");
}

TEST_F(Station201, WaitsForTheEndOfATransactionToResetOnIdle) {
    boot();
    (void)start_charging();
    EXPECT_EQ(ask("Reset", R"({"type":"OnIdle"})"), "Scheduled");
    pass(5s);
    EXPECT_EQ(hang_ups_, 0);
    ASSERT_TRUE(station_.unplug());
    pass(1s);
    EXPECT_EQ(hang_ups_, 1);
}

TEST_F(Station201, SaysWhatItIsAskedToSay) {
    boot();
    EXPECT_EQ(ask("TriggerMessage", R"({"requestedMessage":"TransactionEvent"})"), "Rejected");
    EXPECT_EQ(ask("TriggerMessage", R"({"requestedMessage":"MeterValues"})"), "Accepted");
    EXPECT_EQ(expect_call("MeterValues").payload.at("evseId"), 1);
    EXPECT_EQ(ask("TriggerMessage", R"({"requestedMessage":"SignV2GCertificate"})"),
              "NotImplemented");
}

TEST_F(Station201, SaysWhatItDoesNotDo) {
    boot();
    (void)ask("ReserveNow", "{}");
    (void)ask("MakeCoffee", "{}");
    (void)ask("SetChargingProfile", R"({"evseId":1})");
    ASSERT_EQ(refusals_.size(), 3U);
    EXPECT_EQ(refusals_[0].code, "NotSupported");
    EXPECT_EQ(refusals_[1].code, "NotImplemented");
    EXPECT_EQ(refusals_[2].code, "PropertyConstraintViolation");
    EXPECT_EQ(ask("ChangeAvailability", R"({"operationalStatus":"Inoperative"})"), "Accepted");
    EXPECT_EQ(expect_call("StatusNotification").payload.at("connectorStatus"), "Unavailable");
    // 2.1 has this, 2.0.1 does not.
    (void)set_limit("TxDefaultProfile", 0, 6, R"("maxOfflineDuration":60,)");
    EXPECT_EQ(refusals_.size(), 4U);
}

TEST_F(Station21, LetsAProfileGoOnceItHasBeenOfflineForTooLong) {
    boot();
    const auto name = start_charging();
    ASSERT_EQ(set_limit("TxDefaultProfile", 0, 6), "Accepted");
    ASSERT_EQ(set_limit("TxProfile", 1, 16, of(name) + R"("maxOfflineDuration":60,)"), "Accepted");
    pass(5min);
    EXPECT_EQ(station_.snapshot().limit, 16_A);
    station_.disconnected();
    pass(59s);
    EXPECT_EQ(station_.snapshot().limit, 16_A);
    pass(2s);
    EXPECT_EQ(station_.snapshot().limit, 6_A);
    station_.connected();
    EXPECT_EQ(station_.snapshot().limit, 16_A) << "it holds again";
    ASSERT_EQ(
        set_limit("TxProfile", 1, 16,
                  of(name) + R"("maxOfflineDuration":60,"invalidAfterOfflineDuration":true,)"),
        "Accepted");
    station_.disconnected();
    pass(61s);
    station_.connected();
    EXPECT_EQ(station_.snapshot().limit, 6_A) << "it is gone";
}

// Of a charger that is difficult in one way.
class DifficultStation : public Station201 {
protected:
    void behave(Behaviour behaviour) { station_.set_behaviour(behaviour); }
};

TEST_F(DifficultStation, TakesAndShowsWattsAlone) {
    behave({.watts_only = true});
    boot();
    EXPECT_EQ(set_limit("TxDefaultProfile", 0, 10), "Rejected");
    EXPECT_EQ(ask("SetChargingProfile",
                  R"({"evseId":0,"chargingProfile":{"id":1,"stackLevel":0,)"
                  R"("chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Relative",)"
                  R"("chargingSchedule":[{"id":1,"chargingRateUnit":"W",)"
                  R"("chargingSchedulePeriod":[{"startPeriod":0,"limit":6900}]}]}})"),
              "Accepted");
    EXPECT_EQ(station_.snapshot().limit, 10_A);
    (void)ask("GetCompositeSchedule", R"({"evseId":1,"duration":60})");
    const auto& schedule = answers_.back().payload.at("schedule");
    EXPECT_EQ(schedule.at("chargingRateUnit"), "W");
    EXPECT_EQ(schedule.at("chargingSchedulePeriod").at(0).at("limit"), 6900);
}

TEST_F(DifficultStation, RejectsLimitsOfTheWholeStation) {
    behave({.no_station_max = true});
    boot();
    EXPECT_EQ(set_limit("ChargingStationMaxProfile", 0, 10), "Rejected");
    EXPECT_EQ(set_limit("TxDefaultProfile", 0, 10), "Accepted");
}

TEST_F(DifficultStation, SaysEverythingOfATransactionTwice) {
    behave({.says_twice = true});
    boot();
    ASSERT_TRUE(station_.plug(eager_car()));
    serve("Authorize", R"({"idTokenInfo":{"status":"Accepted"}})");
    const auto first = event();
    const auto second = event();
    EXPECT_EQ(first, second);
    EXPECT_EQ(first.at("seqNo"), 0);
    EXPECT_EQ(event().at("seqNo"), 1);
}

}  // namespace
}  // namespace busbar::sim
