#include "ocpp/conversation.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "ocpp/table.hpp"

namespace busbar::ocpp {
namespace {

using namespace std::chrono_literals;

SetLimit limit_of(Amperes limit) {
    return {ProfilePurpose::kTransaction, 1, 4711, limit};
}

const std::string kStart =
    R"({"connectorId":1,"idTag":"T","meterStart":100,"timestamp":"2026-02-10T12:00:00Z"})";

// --- Each call of a charger, and its answer -----------------------------------------------

TEST(Core, AnswersWhatChargersAsk) {
    Table table;
    EXPECT_EQ(table.hear(R"([2,"1","Heartbeat",{}])"),
              R"([3,"1",{"currentTime":"2026-02-10T12:00:00.000Z"}])");
    EXPECT_EQ(table.hear(R"([2,17,"BootNotification",{"chargePointVendor":"V",)"
                         R"("chargePointModel":"M"}])"),
              R"([3,17,{"status":"Accepted","currentTime":"2026-02-10T12:00:00.000Z",)"
              R"("interval":300}])");
    EXPECT_EQ(table.hear(R"([2,"1","Authorize",{"idTag":"T"}])"),
              R"([3,"1",{"idTagInfo":{"status":"Accepted"}}])");
    EXPECT_EQ(table.hear(R"([2,"1","StartTransaction",)" + kStart + "]"),
              R"([3,"1",{"transactionId":4711,"idTagInfo":{"status":"Accepted"}}])");
    EXPECT_EQ(table.hear(R"([2,"1","StopTransaction",{"meterStop":200,"transactionId":-1,)"
                         R"("timestamp":"2026-02-10T12:00:00+01:00"}])"),
              R"([3,"1",{}])");
    EXPECT_EQ(table.hear(R"([2,"1","StatusNotification",{"connectorId":1,)"
                         R"("errorCode":"NoError","status":"SuspendedEV"}])"),
              R"([3,"1",{}])");
    EXPECT_EQ(table.hear(R"([2,"1","DataTransfer",{"vendorId":"V","data":{"a":[1]}}])"),
              R"([3,"1",{"status":"UnknownVendorId"}])");
    EXPECT_EQ(table.hear(R"([2,"1","FirmwareStatusNotification",{"status":"Idle"}])"),
              R"([3,"1",{}])");
    EXPECT_EQ(table.hear(R"([2,"1","DiagnosticsStatusNotification",{"status":"Uploading"}])"),
              R"([3,"1",{}])");
    EXPECT_EQ(table.hear(R"([2,"1","SignCertificate",{"csr":"x"}])"),
              R"([3,"1",{"status":"Rejected"}])");
    EXPECT_EQ(table.chargers.log(),
              (std::vector<std::string>{"boot CP-1 V M", "authorize CP-1 T", "start CP-1 1",
                                        "stop CP-1 -1", "status CP-1 SuspendedEV"}));
    EXPECT_EQ(table.chargers.stops[0].at, *parse_time("2026-02-10T11:00:00Z"));
}

TEST(Core, ABootIntervalIsNeverLeftToTheCharger) {
    Table table;
    table.chargers.boot_reply = {Registration::kPending, 0s};
    EXPECT_EQ(table.hear(R"([2,"1","BootNotification",{"chargePointVendor":"V",)"
                         R"("chargePointModel":"M"}])"),
              R"([3,"1",{"status":"Pending","currentTime":"2026-02-10T12:00:00.000Z",)"
              R"("interval":1}])");
}

TEST(Core, AStoreThatIsAwayMakesTheChargerTryAgain) {
    Table table;
    table.chargers.start_reply = Error{Errc::kUnavailable, "the store is away"};
    EXPECT_EQ(table.hear(R"([2,"1","StartTransaction",)" + kStart + "]"),
              R"([4,"1","InternalError","the store is away",{}])");
}

TEST(Core, RefusesWrongCallsWithTheRightCode) {
    const std::string long_tag(21, 'x');
    for (const auto& [call, code] : std::vector<std::pair<std::string, std::string>>{
             {R"("Fly",{})", "NotImplemented"},
             {R"("Reset",{"type":"Soft"})", "NotSupported"},
             {R"("Authorize",{})", "OccurenceConstraintViolation"},
             {R"("Authorize",{"idTag":7})", "TypeConstraintViolation"},
             {R"("Authorize",{"idTag":null})", "TypeConstraintViolation"},
             {R"("Authorize",{"idTag":")" + long_tag + R"("})", "PropertyConstraintViolation"},
             {R"("Authorize",{"idTag":"T","x":1})", "FormationViolation"},
             {R"("Authorize",[])", "FormationViolation"},
             {R"("Authorize")", "FormationViolation"},
             {R"("Authorize",{"idTag":"a","idTag":"b"})", "FormationViolation"},
             {R"("StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Fine"})",
              "PropertyConstraintViolation"},
             {R"("StatusNotification",{"connectorId":1.5,"errorCode":"NoError",)"
              R"("status":"Available"})",
              "TypeConstraintViolation"},
             {R"("StatusNotification",{"connectorId":-1,"errorCode":"NoError",)"
              R"("status":"Available"})",
              "PropertyConstraintViolation"},
             {R"("StartTransaction",{"connectorId":1,"idTag":"T","meterStart":1e400,)"
              R"("timestamp":"2026-02-10T12:00:00Z"})",
              "PropertyConstraintViolation"},
             {R"("StartTransaction",{"connectorId":1,"idTag":"T","meterStart":1e30,)"
              R"("timestamp":"2026-02-10T12:00:00Z"})",
              "PropertyConstraintViolation"},
             {R"("StartTransaction",{"connectorId":1,"idTag":"T","meterStart":"1",)"
              R"("timestamp":"2026-02-10T12:00:00Z"})",
              "TypeConstraintViolation"},
             {R"("StartTransaction",{"connectorId":1,"idTag":"T","meterStart":1,)"
              R"("timestamp":"yesterday"})",
              "PropertyConstraintViolation"},
             {R"("MeterValues",{"connectorId":1,"meterValue":[{"timestamp":)"
              R"("2026-02-10T12:00:00Z","sampledValue":[{"value":16}]}]})",
              "TypeConstraintViolation"},
             {R"("MeterValues",{"connectorId":1,"meterValue":[7]})", "TypeConstraintViolation"},
             {R"("MeterValues",{"connectorId":1,"meterValue":{}})", "TypeConstraintViolation"}}) {
        Table table;
        const auto answer = table.hear("[2,\"1\"," + call + "]");
        EXPECT_TRUE(answer.starts_with(R"([4,"1",")" + code + "\"")) << call << " -> " << answer;
        EXPECT_TRUE(table.chargers.log().empty()) << call;
    }
}

TEST(Core, NamesTheFieldThatIsWrong) {
    Table table;
    EXPECT_EQ(table.hear(R"([2,"1","MeterValues",{"connectorId":1,"meterValue":[{"timestamp":)"
                         R"("2026-02-10T12:00:00Z","sampledValue":[{"value":"1"},{}]}]}])"),
              R"([4,"1","OccurenceConstraintViolation",)"
              R"("meterValue[0].sampledValue[1].value: is missing",{}])");
}

TEST(Core, LetsPassWhatIsOnlyUnusual) {
    Table table;
    EXPECT_EQ(table.hear(R"([2,"1","StartTransaction",{"connectorId":1.0,"idTag":"é",)"
                         R"("meterStart":100.0,"timestamp":"2026-02-10T11:59:00"}])"),
              R"([3,"1",{"transactionId":4711,"idTagInfo":{"status":"Accepted"}}])");
    ASSERT_EQ(table.chargers.starts.size(), 1U);
    EXPECT_EQ(table.chargers.starts[0].meter_start, WattHours::of(100));
    EXPECT_EQ(table.chargers.starts[0].at, *parse_time("2026-02-10T11:59:00Z"));
}

TEST(Core, AClockThatCannotBeRightIsReplacedByOurs) {
    for (const auto* time : {"1970-01-01T00:00:00Z", "2026-02-12T12:00:00Z"}) {
        Table table;
        table.hear(R"([2,"1","StartTransaction",{"connectorId":1,"idTag":"T","meterStart":1,)"
                   R"("timestamp":")" +
                   std::string(time) + "\"}]");
        ASSERT_EQ(table.chargers.starts.size(), 1U);
        EXPECT_EQ(table.chargers.starts[0].at, table.clock.wall());
    }
}

TEST(Core, AnOperatorMayIgnoreExtras) {
    Table table;
    table.options.extras = Extras::kIgnore;
    EXPECT_EQ(table.hear(R"([2,"1","StatusNotification",{"connectorId":1,"errorCode":"NoError",)"
                         R"("status":"Available","info":null,"vendorExtra":{"a":1}}])"),
              R"([3,"1",{}])");
}

// --- Meter values -------------------------------------------------------------------------

std::vector<MeterSample> samples_of(Table& table, const std::string& sampled_values) {
    const auto answer =
        table.hear(R"([2,"1","MeterValues",{"connectorId":1,"transactionId":9,"meterValue":[)"
                   R"({"timestamp":"2026-02-10T11:59:45Z","sampledValue":[)" +
                   sampled_values + "]}]}]");
    EXPECT_EQ(answer, R"([3,"1",{}])");
    auto reports = std::exchange(table.chargers.meter_reports, {});
    return reports.empty() ? std::vector<MeterSample>{} : reports.back().samples;
}

TEST(MeterValues, BecomeNumbersInOurUnits) {
    Table table;
    const auto at = *parse_time("2026-02-10T11:59:45Z");
    EXPECT_EQ(
        samples_of(
            table,
            R"({"value":"1234.5"},)"
            R"({"value":"1.234567","unit":"kWh","measurand":"Energy.Active.Import.Register"},)"
            R"({"value":"15.98","measurand":"Current.Import","phase":"L1","unit":"A"},)"
            R"({"value":" +7.2 ","measurand":"Power.Active.Import","unit":"kW"},)"
            R"({"value":"230.123456","measurand":"Voltage","phase":"L2-N","unit":"V"},)"
            R"({"value":"55","measurand":"SoC","unit":"Percent","location":"EV"},)"
            R"({"value":"68","measurand":"Temperature","unit":"Fahrenheit"})"),
        (std::vector<MeterSample>{{Measurand::kEnergyRegister, {}, 1'234'500, at},
                                  {Measurand::kEnergyRegister, {}, 1'234'567, at},
                                  {Measurand::kCurrent, Phase::kL1, 15'980, at},
                                  {Measurand::kPower, {}, 7'200'000, at},
                                  {Measurand::kVoltage, Phase::kL2, 230'123, at},
                                  {Measurand::kSoc, {}, 55'000, at},
                                  {Measurand::kTemperature, {}, 20'000, at}}));
}

TEST(MeterValues, WhatCannotBeUsedIsAnsweredAndLeftOut) {
    for (const auto* value :
         {R"({"value":"1e400"})", R"({"value":"NaN"})", R"({"value":"inf"})", R"({"value":""})",
          R"({"value":"12 kWh"})", R"({"value":"0x10"})", R"({"value":"1e16"})",
          R"({"value":"1","unit":"A"})", R"({"value":"1","format":"SignedData"})",
          R"({"value":"1","measurand":"Frequency"})",
          R"({"value":"400","measurand":"Voltage","phase":"L1-L2"})",
          R"({"value":"1","measurand":"Current.Import","phase":"N"})",
          R"({"value":"1","context":"Transaction.Begin"})"}) {
        Table table;
        EXPECT_TRUE(samples_of(table, value).empty()) << value;
    }
}

TEST(MeterValues, TheOutletCountsWhereItSpeaks) {
    Table table;
    const std::string inlet = R"({"value":"9","measurand":"Current.Import","location":"Inlet"})";
    const std::string outlet = R"({"value":"8","measurand":"Current.Import"})";
    ASSERT_EQ(samples_of(table, inlet).size(), 1U);
    const auto both = samples_of(table, inlet + "," + outlet);
    ASSERT_EQ(both.size(), 1U);
    EXPECT_EQ(both[0].milli, 8'000);
}

TEST(MeterValues, WhatIsSignedIsKeptAsItCame) {
    Table table;
    const std::string sampled =
        R"({"value":"OCMF|{\"FV\":\"1.0\"}|{\"SD\":\"30\u00e9\"}","format":"SignedData",)"
        R"("context":"Transaction.Begin"})";
    const auto values = R"([{"timestamp":"2026-02-10T11:59:00Z","sampledValue":[{"value":"1"},)" +
                        sampled + R"(,{"value":")" + std::string(20'000, 'x') +
                        R"(","format":"SignedData"}]}])";
    EXPECT_EQ(table.hear(R"([2,"1","MeterValues",{"connectorId":1,"meterValue":)" + values + "}]"),
              R"([3,"1",{}])");
    EXPECT_EQ(table.hear(R"([2,"1","StopTransaction",{"meterStop":2,"transactionId":1,)"
                         R"("timestamp":"2026-02-10T12:00:00Z","transactionData":)" +
                         values + "}]"),
              R"([3,"1",{}])");
    const auto& heard = table.chargers.meter_reports.at(0);
    EXPECT_EQ(heard.samples.size(), 1U) << "a signed value is no number";
    ASSERT_EQ(heard.signed_readings.size(), 1U) << "too long is left out";
    EXPECT_EQ(heard.signed_readings[0].at, *parse_time("2026-02-10T11:59:00Z"));
    EXPECT_EQ(boost::json::parse(heard.signed_readings[0].sampled), boost::json::parse(sampled));
    EXPECT_EQ(table.chargers.stops.at(0).signed_readings, heard.signed_readings);
}

TEST(MeterValues, TenThousandSamplesAreAnsweredAndDropped) {
    Table table;
    std::string values = R"({"value":"1"})";
    for (int i = 0; i < 9'999; ++i) values += R"(,{"value":"1"})";
    EXPECT_TRUE(samples_of(table, values).empty());
}

// --- Order --------------------------------------------------------------------------------

TEST(Conversation, AnswersInTheOrderOfTheQuestions) {
    Table table;
    table.chargers.hold_answers();
    EXPECT_EQ(table.hear(R"([2,"a","StartTransaction",)" + kStart + "]"), "");
    EXPECT_EQ(table.hear(R"([2,"b","Heartbeat",{}])"), "");
    EXPECT_EQ(table.hear(R"([2,"c","Authorize",{"idTag":"T"}])"), "");
    table.chargers.answer(1);
    table.strand->run();
    EXPECT_TRUE(table.outlet.sent.empty());
    table.chargers.answer(0);
    table.strand->run();
    ASSERT_EQ(table.outlet.sent.size(), 3U);
    EXPECT_TRUE(table.outlet.sent[0].starts_with(R"([3,"a")"));
    EXPECT_TRUE(table.outlet.sent[1].starts_with(R"([3,"b")"));
    EXPECT_TRUE(table.outlet.sent[2].starts_with(R"([3,"c")"));
}

TEST(Conversation, ACommandGivenAfterAnAnswerLeavesAfterIt) {
    Table table;
    table.chargers.hold_answers();
    table.hear(R"([2,"a","StartTransaction",)" + kStart + "]");
    table.hear(R"([2,"b","Authorize",{"idTag":"T"}])");
    table.outlet.sent.clear();
    table.chargers.answer(1);
    table.call(limit_of(10_A));  // Given after the answer to b, which waits for that to a.
    EXPECT_TRUE(table.outlet.sent.empty());
    EXPECT_EQ(table.frames_sent, 0);
    table.chargers.answer(0);
    table.strand->run();
    ASSERT_EQ(table.outlet.sent.size(), 3U);
    EXPECT_TRUE(table.outlet.sent[1].starts_with(R"([3,"b")"));
    EXPECT_TRUE(table.outlet.sent[2].starts_with(R"([2,"1-1","SetChargingProfile")"));
    EXPECT_EQ(table.frames_sent, 1);
}

TEST(Conversation, ACommandDoesNotWaitForQuestionsNobodyHasAnswered) {
    Table table;
    table.chargers.hold_answers();
    table.hear(R"([2,"a","StartTransaction",)" + kStart + "]");
    table.call(limit_of(10_A));
    EXPECT_EQ(table.frames_sent, 1);
}

TEST(Conversation, WhatControlNeverAnswersIsRefusedInTime) {
    Table table;
    table.chargers.hold_answers();
    table.hear(R"([2,"a","StartTransaction",)" + kStart + "]");
    table.hear(R"([2,"b","Heartbeat",{}])");
    table.outlet.sent.clear();
    table.strand->run_for(19s);
    EXPECT_TRUE(table.outlet.sent.empty());
    table.strand->run_for(1s);
    ASSERT_EQ(table.outlet.sent.size(), 2U);
    EXPECT_TRUE(table.outlet.sent[0].starts_with(R"([4,"a","InternalError")"));
    EXPECT_TRUE(table.outlet.sent[1].starts_with(R"([3,"b")"));
    table.chargers.answer(0);  // Too late: said once is enough.
    table.strand->run();
    EXPECT_EQ(table.outlet.sent.size(), 2U);
}

TEST(Conversation, StopsListeningWhileTooManyQuestionsAreOpen) {
    Table table;
    table.options.max_unanswered = 3;
    table.chargers.hold_answers();
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(table.talk->full());
        table.hear(R"([2,"a","Authorize",{"idTag":"T"}])");
    }
    EXPECT_TRUE(table.talk->full());
    table.chargers.answer(0);
    table.strand->run();
    EXPECT_FALSE(table.talk->full());
    EXPECT_EQ(table.outlet.made_room, 1);
}

// --- Our calls ----------------------------------------------------------------------------

TEST(Conversation, HasOneCallOpenAtATime) {
    Table table;
    table.call(limit_of(10_A));
    table.call(GetCompositeLimit{1, 60s});
    EXPECT_EQ(table.frames_sent, 1);
    EXPECT_EQ(table.hear(R"([3,"1-1",{"status":"Accepted"}])"),
              R"([2,"1-2","GetCompositeSchedule",{"connectorId":1,"duration":60,)"
              R"("chargingRateUnit":"A"}])");
    ASSERT_EQ(table.results.size(), 1U);
    EXPECT_EQ(table.results[0].outcome, CallOutcome::kAccepted);
    EXPECT_EQ(table.results[0].answered_at, table.clock.steady());
    table.hear(R"([3,"1-2",{"status":"Accepted","connectorId":1, "x":1.0}])");
    ASSERT_EQ(table.results.size(), 2U);
    EXPECT_EQ(table.results[1].detail, R"({"status":"Accepted","connectorId":1, "x":1.0})");
}

TEST(Conversation, ReadsWhatAChargerSaysItEnforces) {
    const auto shown = [](const std::string& schedule) {
        Table table;
        table.call(GetCompositeLimit{1, 60s});
        table.hear(R"([3,"1-1",{"status":"Accepted","connectorId":1,"chargingSchedule":)" +
                   schedule + "}]");
        EXPECT_EQ(table.results.at(0).outcome, CallOutcome::kAccepted);
        return table.results.at(0).composite;
    };
    EXPECT_EQ(shown(R"({"chargingRateUnit":"A","chargingSchedulePeriod":[)"
                    R"({"startPeriod":0,"limit":10.4},{"startPeriod":60,"limit":6}]})"),
              (CompositeLimit{RateUnit::kAmperes, {{0s, 10'400}, {60s, 6'000}}}));
    EXPECT_EQ(shown(R"({"chargingRateUnit":"W","chargingSchedulePeriod":[)"
                    R"({"startPeriod":0,"limit":4140.0}]})"),
              (CompositeLimit{RateUnit::kWatts, {{0s, 4'140'000}}}));
    for (
        const auto* nothing :
        {"7", "{}", R"({"chargingSchedulePeriod":[]})", R"({"chargingSchedulePeriod":[7]})",
         R"({"chargingSchedulePeriod":[{"startPeriod":0,"limit":-1}]})",
         R"({"chargingSchedulePeriod":[{"startPeriod":0,"limit":1e300}]})",
         R"({"chargingSchedulePeriod":[{"startPeriod":0,"limit":"16"}]})",
         R"({"chargingRateUnit":"VA","chargingSchedulePeriod":[{"startPeriod":0,"limit":1}]})",
         R"({"chargingSchedulePeriod":[{"startPeriod":5,"limit":1},{"startPeriod":5,"limit":2}]})"})
        EXPECT_EQ(shown(nothing), std::nullopt) << nothing;
}

TEST(Conversation, ReadsConfigurationKeys) {
    Table table;
    table.call(GetConfiguration{{"A", "B"}});
    table.hear(R"([3,"1-1",{"configurationKey":[{"key":"A","readonly":true,"value":"7"},)"
               R"({"key":"B","readonly":false},5,{"value":"x"}]}])");
    EXPECT_EQ(table.results.at(0).keys, (std::vector<ConfigurationKey>{{"A", "7"}, {"B", ""}}));
}

TEST(Conversation, OnlyTheLatestOfSeveralLimitsLeaves) {
    Table table;
    table.call(limit_of(32_A));
    table.call(limit_of(10_A));
    table.call(limit_of(20_A));
    table.call(limit_of(16_A));
    ASSERT_EQ(table.results.size(), 2U);
    EXPECT_EQ(table.results[0].outcome, CallOutcome::kNotSent);
    const auto next = table.hear(R"([3,"1-1",{"status":"Accepted"}])");
    EXPECT_NE(next.find(R"("limit":16.0)"), std::string::npos) << next;
    EXPECT_EQ(table.hear(R"([3,"1-2",{"status":"Accepted"}])"), "");
    EXPECT_EQ(table.frames_sent, 2);
    EXPECT_EQ(table.results.size(), 4U);
}

TEST(Conversation, AnswersTheChargerWhileOurOwnCallIsOpen) {
    Table table;
    table.call(limit_of(10_A));
    EXPECT_EQ(table.hear(R"([2,"1-1","Heartbeat",{}])"),
              R"([3,"1-1",{"currentTime":"2026-02-10T12:00:00.000Z"}])");
    EXPECT_TRUE(table.results.empty());
}

TEST(Conversation, ACallWithoutAnswerEndsAtItsDeadlineAndIsFollowedByAPause) {
    Table table;
    table.call(limit_of(10_A));
    table.strand->run_for(29'999ms);
    EXPECT_TRUE(table.results.empty());
    table.strand->run_for(1ms);
    ASSERT_EQ(table.results.size(), 1U);
    EXPECT_EQ(table.results[0].outcome, CallOutcome::kUnanswered);
    table.call(limit_of(8_A));
    table.strand->run_for(1'999ms);
    EXPECT_EQ(table.frames_sent, 1);
    table.strand->run_for(1ms);
    EXPECT_EQ(table.frames_sent, 2);
    EXPECT_EQ(table.hear(R"([3,"1-2",{"status":"Accepted"}])"), "");
    EXPECT_EQ(table.results.back().outcome, CallOutcome::kAccepted);
}

TEST(Conversation, ALimitDoesNotWaitLongBehindAMereQuestion) {
    for (const Command& question : std::vector<Command>{
             GetCompositeLimit{1, 60s}, GetConfiguration{}, TriggerMessage{"MeterValues", 1}}) {
        Table table;
        table.call(question);
        table.call(limit_of(6_A));
        table.strand->run_for(4'999ms);
        EXPECT_TRUE(table.results.empty());
        table.strand->run_for(1ms);
        ASSERT_EQ(table.results.size(), 1U);
        EXPECT_EQ(table.results[0].outcome, CallOutcome::kUnanswered);
        EXPECT_EQ(table.frames_sent, 1) << "two calls in flight without a pause";
        table.strand->run_for(2s);
        EXPECT_EQ(table.frames_sent, 2);
        // The answer that comes after all is not the limit's.
        EXPECT_EQ(table.hear(R"([3,"1-1",{"status":"Accepted"}])"), "");
        EXPECT_EQ(table.results.size(), 1U);
        table.hear(R"([3,"1-2",{"status":"Accepted"}])");
        ASSERT_EQ(table.results.size(), 2U);
        EXPECT_EQ(table.results[1].outcome, CallOutcome::kAccepted);
    }
}

TEST(Conversation, ALateAnswerEndsThePauseAndNothingElse) {
    Table table;
    table.call(limit_of(10_A));
    table.strand->run_for(30s);
    table.call(limit_of(8_A));
    EXPECT_NE(table.hear(R"([3,"1-1",{"status":"Accepted"}])").find(R"("limit":8.0)"),
              std::string::npos);
    EXPECT_EQ(table.results.size(), 1U);
}

TEST(Conversation, IgnoresAnswersNobodyAskedFor) {
    Table table;
    table.call(limit_of(10_A));
    EXPECT_EQ(table.hear(R"([3,"9-9",{"status":"Accepted"}])"), "");
    EXPECT_EQ(table.hear(R"([4,"9-9","GenericError","",{}])"), "");
    EXPECT_TRUE(table.results.empty());
    table.hear(R"([3,"1-1",{"status":"Rejected"}])");
    table.hear(R"([3,"1-1",{"status":"Accepted"}])");
    ASSERT_EQ(table.results.size(), 1U);
    EXPECT_EQ(table.results[0].outcome, CallOutcome::kRejected);
}

TEST(Conversation, UnderstandsEveryKindOfAnswer) {
    const TriggerMessage trigger{"StatusNotification", {}};
    for (const auto& [command, answer, outcome] :
         std::vector<std::tuple<Command, std::string, CallOutcome>>{
             {limit_of(8_A), R"([3,"1-1",{"status":"NotSupported"}])", CallOutcome::kNotSupported},
             {limit_of(8_A), R"([4,"1-1","NotImplemented","",{}])", CallOutcome::kNotSupported},
             {limit_of(8_A), R"([4,"1-1","OccurrenceConstraintViolation","",{}])",
              CallOutcome::kRejected},
             {limit_of(8_A), R"([4,"1-1"])", CallOutcome::kRejected},
             {limit_of(8_A), R"([3,"1-1",{}])", CallOutcome::kUnanswered},
             {limit_of(8_A), R"([3,"1-1",[]])", CallOutcome::kUnanswered},
             {limit_of(8_A), R"([3,"1-1",{"status":"Accepted","status":"Rejected"}])",
              CallOutcome::kUnanswered},
             {ClearLimit{}, R"([3,"1-1",{"status":"Unknown"}])", CallOutcome::kAccepted},
             {GetConfiguration{}, R"([3,"1-1",{"unknownKey":["x"]}])", CallOutcome::kAccepted},
             {ChangeConfiguration{"k", "v"}, R"([3,"1-1",{"status":"RebootRequired"}])",
              CallOutcome::kAccepted},
             {trigger, R"([3,"1-1",{"status":"NotImplemented"}])", CallOutcome::kNotSupported}}) {
        Table table;
        table.call(command);
        table.hear(answer);
        ASSERT_EQ(table.results.size(), 1U) << answer;
        EXPECT_EQ(table.results[0].outcome, outcome) << answer;
    }
}

TEST(Conversation, TheEndOfTheConnectionEndsEveryCall) {
    Table table;
    table.call(limit_of(10_A));
    table.call(limit_of(8_A));
    table.talk->end();
    ASSERT_EQ(table.results.size(), 2U);
    EXPECT_EQ(table.results[0].outcome, CallOutcome::kUnanswered);
    EXPECT_EQ(table.results[1].outcome, CallOutcome::kNotSent);
    table.call(limit_of(6_A));
    EXPECT_EQ(table.results.back().outcome, CallOutcome::kNotSent);
    EXPECT_EQ(table.hear(R"([2,"1","Heartbeat",{}])"), "");
}

TEST(Conversation, AFrameTheSocketNeverTookWasNotSent) {
    Table table;
    table.outlet.stuck = true;
    table.call(limit_of(10_A));
    table.strand->run_for(30s);
    EXPECT_EQ(table.outlet.closed, "it does not read what we send");
    table.talk->end();
    ASSERT_EQ(table.results.size(), 1U);
    EXPECT_EQ(table.results[0].outcome, CallOutcome::kNotSent);
    EXPECT_EQ(table.frames_sent, 0);
}

TEST(Conversation, TooManyCommandsAreNotSent) {
    Table table;
    for (int i = 0; i < 10; ++i) table.call(TriggerMessage{"Heartbeat", i});
    ASSERT_EQ(table.results.size(), 1U);
    EXPECT_EQ(table.results[0].outcome, CallOutcome::kNotSent);
}

TEST(Conversation, IsSilentAboutNonsenseAndEndsItAfterTenInARow) {
    Table table;
    for (int i = 0; i < 9; ++i) EXPECT_EQ(table.hear("garbage"), "");
    EXPECT_NE(table.hear(R"([2,"1","Heartbeat",{}])"), "");
    for (int i = 0; i < 9; ++i) EXPECT_EQ(table.hear("[]"), "");
    EXPECT_EQ(table.outlet.closed, "");
    EXPECT_EQ(table.hear("{}"), "");
    EXPECT_EQ(table.outlet.closed, "too many messages that are not OCPP");
}

// --- Words of our calls -------------------------------------------------------------------

std::string asked(Command command) {
    Table table;
    table.call(std::move(command));
    return table.outlet.sent.at(0);
}

TEST(SmartCharging, ALimitIsARelativeProfileOfOnePeriod) {
    EXPECT_EQ(asked(limit_of(16_A)),
              R"([2,"1-1","SetChargingProfile",{"connectorId":1,"csChargingProfiles":{)"
              R"("chargingProfileId":201,"transactionId":4711,"stackLevel":0,)"
              R"("chargingProfilePurpose":"TxProfile","chargingProfileKind":"Relative",)"
              R"("chargingSchedule":{"chargingRateUnit":"A","chargingSchedulePeriod":[)"
              R"({"startPeriod":0,"limit":16.0}]}}}])");
    EXPECT_EQ(asked(SetLimit{ProfilePurpose::kDefault, 0, {}, Amperes::milli(9'599)}),
              R"([2,"1-1","SetChargingProfile",{"connectorId":0,"csChargingProfiles":{)"
              R"("chargingProfileId":100,"stackLevel":0,)"
              R"("chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Relative",)"
              R"("chargingSchedule":{"chargingRateUnit":"A","chargingSchedulePeriod":[)"
              R"({"startPeriod":0,"limit":9.5}]}}}])");
}

TEST(SmartCharging, ALimitWithALeaseIsAnAbsoluteProfileThatEndsAtTheFloor) {
    auto limit = limit_of(16_A);
    limit.start = *parse_time("2026-02-10T12:00:00Z");
    limit.later = {{std::chrono::minutes{20}, 10_A}, {std::chrono::minutes{30}, 0_A}};
    EXPECT_EQ(asked(limit),
              R"([2,"1-1","SetChargingProfile",{"connectorId":1,"csChargingProfiles":{)"
              R"("chargingProfileId":201,"transactionId":4711,"stackLevel":0,)"
              R"("chargingProfilePurpose":"TxProfile","chargingProfileKind":"Absolute",)"
              R"("chargingSchedule":{"chargingRateUnit":"A",)"
              R"("startSchedule":"2026-02-10T12:00:00.000Z","chargingSchedulePeriod":[)"
              R"({"startPeriod":0,"limit":16.0},{"startPeriod":1200,"limit":10.0},)"
              R"({"startPeriod":1800,"limit":0.0}]}}}])");
}

// 16 A on three lines at 207 V, the least that 230 V may sag to: more volts, fewer amperes.
TEST(SmartCharging, ALimitInWattsHoldsAtTheLowestVoltage) {
    auto limit = limit_of(16_A);
    limit.unit = RateUnit::kWatts;
    const auto three = asked(limit);
    EXPECT_NE(three.find(R"("chargingRateUnit":"W")"), std::string::npos) << three;
    EXPECT_NE(three.find(R"({"startPeriod":0,"limit":9936.0,"numberPhases":3})"), std::string::npos)
        << three;
    limit.phases = PhaseSet{Phase::kL2};
    const auto one = asked(limit);
    EXPECT_NE(one.find(R"({"startPeriod":0,"limit":3312.0,"numberPhases":1})"), std::string::npos)
        << one;
}

TEST(SmartCharging, ClearsTheProfileThatItSet) {
    EXPECT_EQ(asked(ClearLimit{ProfilePurpose::kTransaction, 2}),
              R"([2,"1-1","ClearChargingProfile",{"id":202}])");
}

TEST(Configuration, QuotesWhatOperatorsWrite) {
    EXPECT_EQ(asked(GetConfiguration{}), R"([2,"1-1","GetConfiguration",{}])");
    EXPECT_EQ(asked(GetConfiguration{{"A", "B\"x"}}),
              R"([2,"1-1","GetConfiguration",{"key":["A","B\"x"]}])");
    EXPECT_EQ(asked(ChangeConfiguration{"K", "a\nb"}),
              R"([2,"1-1","ChangeConfiguration",{"key":"K","value":"a\u000ab"}])");
}

TEST(Remote, TriggersOneConnectorOrAll) {
    EXPECT_EQ(asked(TriggerMessage{"MeterValues", 2}),
              R"([2,"1-1","TriggerMessage",{"requestedMessage":"MeterValues","connectorId":2}])");
    EXPECT_EQ(asked(TriggerMessage{"Heartbeat", {}}),
              R"([2,"1-1","TriggerMessage",{"requestedMessage":"Heartbeat"}])");
}

TEST(Remote, StopsATransactionTakesAConnectorOutAndResets) {
    EXPECT_EQ(asked(RemoteStop{4711}),
              R"([2,"1-1","RemoteStopTransaction",{"transactionId":4711}])");
    EXPECT_EQ(asked(ChangeAvailability{2, false}),
              R"([2,"1-1","ChangeAvailability",{"connectorId":2,"type":"Inoperative"}])");
    EXPECT_EQ(asked(ChangeAvailability{0, true}),
              R"([2,"1-1","ChangeAvailability",{"connectorId":0,"type":"Operative"}])");
    EXPECT_EQ(asked(Reset{true}), R"([2,"1-1","Reset",{"type":"Hard"}])");
}

}  // namespace
}  // namespace busbar::ocpp
