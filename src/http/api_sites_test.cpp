// Sites, circuits and chargers: configured, shown, limited from outside, deleted.
#include <boost/json/serialize.hpp>

#include "http/test_world.hpp"

namespace busbar::http {
namespace {

TEST_F(ApiTest, ConfigurationTakesEveryFieldAndShowsIt) {
    const auto has = [&](const Response& answer, const char* part) {
        EXPECT_LT(answer.status, 300) << answer.body;
        EXPECT_NE(answer.body.find(part), std::string::npos) << answer.body;
    };
    has(ask(Method::kPut, "/api/v1/sites/garage", R"({"raiseSpreadS":90.5,"nominalV":231})"),
        R"("nominalV":231,"raiseSpreadS":90.5)");
    has(ask(Method::kPut, "/api/v1/circuits/level-1",
            R"({"share":{"policy":"fcfs"},"peaks":[{"window":"17:00-21:00","percent":50}],)"
            R"("building":{"meter":"m-1","covers":"rest","worstCaseA":10}})"),
        R"("active":true,"share":{"policy":"fcfs","strictBands":false,"minFirst":true,)"
        R"("rotationMinutes":15,"reclaim":true},"peaks":[{"window":{"days":["Mon","Tue","Wed",)"
        R"("Thu","Fri","Sat","Sun"],"from":"17:00","until":"21:00"},"percent":50}],)"
        R"("building":{"meter":"m-1","covers":"rest","staleAfterS":30,)"
        R"("worstCaseA":{"L1":10,"L2":10,"L3":10}},)");
    const auto plain = ask(Method::kPut, "/api/v1/circuits/level-1",
                           R"({"share":null,"peaks":[],"building":null,"active":false})");
    has(plain, R"("active":false,"revision")");
    has(ask(Method::kPut, "/api/v1/chargers/CP-7",
            R"({"tags":["ground-floor"],"priority":3,"managed":false,"rotation":"STR"})"),
        R"("rotation":"STR","settleMs":5000,"keepsProfiles":false,"trust":"B","rateUnit":"A",)"
        R"("schedulePeriods":2,"writesPerDay":200,"managed":false,)"
        R"("priority":3,"tags":["ground-floor"])");
    has(ask(Method::kPut, "/api/v1/chargers/DC-1",
            R"({"circuit":"feeder","dc":{"maximumKw":20,"minimumKw":5}})"),
        R"("dc":{"maximumKw":20,"minimumKw":5,"efficiencyPct":90,"auxiliaryKw":2,)"
        R"("powerFactorPct":95})");
}

TEST_F(ApiTest, ABuildingMeterIsHeardWhereOneIsConfigured) {
    const auto* path = "/api/v1/circuits/feeder/load";
    json(409, Method::kPost, path, R"({"currentA":5})");
    json(200, Method::kPut, "/api/v1/circuits/feeder",
         R"({"building":{"meter":"m-1","covers":"rest","worstCaseA":20}})");
    const auto budget = [&] {
        const auto circuit = json(200, Method::kGet, "/api/v1/circuits/feeder");
        return circuit.at("budgetA").at("L2").to_number<double>();
    };
    const auto worst = budget();
    json(202, Method::kPost, path, R"({"currentA":{"L1":5,"L2":5,"L3":5}})");
    EXPECT_EQ(budget(), worst + 15);
    json(422, Method::kPost, path, R"({"currentA":-1})");
    json(422, Method::kPost, path, "{}");
    json(404, Method::kPost, "/api/v1/circuits/nowhere/load", R"({"currentA":5})");
}

TEST_F(ApiTest, ABoxOutsideLimitsACircuitWhileItIsHeard) {
    const auto* path = "/api/v1/circuits/feeder/external-limit";
    json(201, Method::kPut, path,
         R"({"limitA":40,"failsafeKw":6.9,"heartbeatS":60,"failsafeForS":0,"source":"dso-box"})");
    const auto circuit = json(200, Method::kGet, "/api/v1/circuits/feeder");
    EXPECT_EQ(circuit.at("budgetA").at("L1"), 40);
    EXPECT_EQ(circuit.at("capA"), 40);
    EXPECT_EQ(circuit.at("external").at("state"), "heard");
    EXPECT_EQ(circuit.at("external").at("holdsA").at("L3"), 40);
    EXPECT_EQ(circuit.at("externalLimit").at("failsafeA").at("L2"), 10);
    EXPECT_EQ(circuit.at("externalLimit").at("source"), "dso-box");
    const auto writes = store.rows.size();
    EXPECT_NE(store.rows.back().after.find("dso-box"), std::string::npos);
    strand.run_for(std::chrono::seconds{50});
    json(200, Method::kPut, path, R"({"limitA":40})");
    json(200, Method::kPut, path);  // Only a heartbeat.
    EXPECT_EQ(store.rows.size(), writes);
    strand.run_for(std::chrono::seconds{61});
    EXPECT_EQ(json(200, Method::kGet, "/api/v1/circuits/feeder").at("budgetA").at("L1"), 10);
    const auto overview = json(200, Method::kGet, "/api/v1/overview");
    EXPECT_EQ(overview.at("sites").at(0).at("circuits").at(0).at("external").at("state"),
              "failsafe");
    EXPECT_NE(boost::json::serialize(overview.at("alarms")).find("no heartbeat"),
              std::string::npos);
    json(200, Method::kPut, path, R"({"limitA":{"L1":30,"L2":20,"L3":0}})");
    const auto uneven = json(200, Method::kGet, "/api/v1/circuits/feeder");
    EXPECT_EQ(uneven.at("budgetA").at("L3"), 0);
    EXPECT_EQ(boost::json::serialize(uneven.at("capA")), R"({"L1":30,"L2":20,"L3":0})");
    json(200, Method::kDelete, path);
    EXPECT_EQ(json(200, Method::kGet, "/api/v1/circuits/feeder").at("budgetA").at("L1"), 63);
    json(404, Method::kDelete, path);
}

TEST_F(ApiTest, AnExternalLimitThatCannotBeNamesItsField) {
    const auto* path = "/api/v1/circuits/feeder/external-limit";
    const auto field = [&](const char* body) {
        return json(422, Method::kPut, path, body).at("field");
    };
    EXPECT_EQ(field("{}"), "limitA");
    EXPECT_EQ(field(R"({"limitA":null})"), "failsafeA");
    EXPECT_EQ(field(R"({"limitA":-1})"), "limitA");
    EXPECT_EQ(field(R"({"limitA":{"L1":1}})"), "limitA.L2");
    EXPECT_EQ(field(R"({"limitA":1,"limitKw":1})"), "limitKw");
    EXPECT_EQ(field(R"({"limitA":1,"failsafeA":2,"failsafeKw":1})"), "failsafeKw");
    EXPECT_EQ(field(R"({"limitA":1,"heartbeatS":0})"), "heartbeatS");
    EXPECT_EQ(field(R"({"limitA":1,"failsafeForS":90000})"), "failsafeForS");
    EXPECT_EQ(field(R"({"limitA":1,"source":7})"), "source");
    json(400, Method::kPut, path, R"({"limit":1})");
    json(404, Method::kPut, "/api/v1/circuits/nowhere/external-limit", R"({"limitA":1})");
}

TEST_F(ApiTest, ConfigurationUnderstandsKilowattsAndAlgorithms) {
    const auto circuit = json(200, Method::kPut, "/api/v1/circuits/feeder", R"({"maxKw":40})");
    EXPECT_EQ(circuit.at("breakerA").at("L1").as_double(), 57.971);
    const auto charger = json(201, Method::kPut, "/api/v1/chargers/CP-9",
                              R"({"circuit":"feeder","maxHardwareKw":7.36,"phases":"L1",)"
                              R"("minChargeRateKw":1.5})");
    EXPECT_EQ(charger.at("maximumA").as_int64(), 32);
    EXPECT_EQ(charger.at("minimumA").as_int64(), 7);
    const auto priority =
        json(200, Method::kPut, "/api/v1/circuits/feeder", R"({"algorithm":"PRIORITY"})");
    EXPECT_EQ(priority.at("share").at("policy").as_string(), "weighted");
    const auto time_of_use =
        json(200, Method::kPut, "/api/v1/circuits/feeder", R"({"algorithm":"TIME_OF_USE"})");
    EXPECT_EQ(time_of_use.at("peaks").as_array().size(), 1U);
    json(422, Method::kPut, "/api/v1/circuits/new", R"({"algorithm":"PRIORITY"})");
    json(422, Method::kPut, "/api/v1/circuits/feeder", R"({"maxKw":40,"breakerA":50})");
}

TEST_F(ApiTest, SitesCircuitsAndChargersAreShownAsTheyStand) {
    EXPECT_EQ(ask(Method::kGet, "/api/v1/sites").body,
              R"({"items":[{"id":"garage","name":"Garage","zone":"UTC","wiring":"wye",)"
              R"("nominalV":230,"raiseSpreadS":0,"leaseS":1800,"revision":5}],)"
              R"("next":null})");
    json(200, Method::kGet, "/api/v1/sites/garage");
    json(404, Method::kGet, "/api/v1/sites/other");
    const auto circuit = json(200, Method::kGet, "/api/v1/circuits/level-1");
    EXPECT_EQ(circuit.at("parent").as_string(), "feeder");
    EXPECT_EQ(circuit.at("budgetA").at("L2").as_int64(), 32);
    EXPECT_TRUE(circuit.at("capA").is_null());
    const auto charger = json(200, Method::kGet, "/api/v1/chargers/CP-8");
    EXPECT_EQ(charger.at("evses").as_array().size(), 2U);
    EXPECT_EQ(charger.at("partner").as_string(), "acme");
    EXPECT_TRUE(charger.at("online").as_bool());
}

TEST_F(ApiTest, ConfigurationIsChangedInParts) {
    const auto changed = json(200, Method::kPut, "/api/v1/chargers/CP-8", R"({"name":"Eight"})");
    EXPECT_EQ(changed.at("name").as_string(), "Eight");
    EXPECT_EQ(changed.at("maximumA").as_int64(), 16);
    json(200, Method::kPut, "/api/v1/sites/garage", R"({"zone":"Europe/Berlin"})");
    json(200, Method::kPut, "/api/v1/circuits/level-1", R"({"safetyPct":5})");
    json(422, Method::kPut, "/api/v1/circuits/new", R"({"name":"no breaker"})");
    json(422, Method::kPut, "/api/v1/chargers/new", R"({"circuit":"level-1"})");
    json(404, Method::kPut, "/api/v1/chargers/new", R"({"circuit":"roof","maximumA":16})");
    json(400, Method::kPut, "/api/v1/chargers/CP-7", R"({"id":"CP-1"})");
    EXPECT_EQ(ask({.method = Method::kPut,
                   .target = *parse_target("/api/v1/chargers/CP-7"),
                   .content_type = "application/json",
                   .if_match = "\"1\"",
                   .body = "{}"})
                  .status,
              412);
}

TEST_F(ApiTest, WhatIsInUseIsNotDeleted) {
    plug_in("CP-7");
    json(409, Method::kDelete, "/api/v1/chargers/CP-7");
    json(409, Method::kDelete, "/api/v1/chargers/CP-7?force=true");  // Connected, so not gone.
    json(409, Method::kDelete, "/api/v1/circuits/level-1");
    json(201, Method::kPut, "/api/v1/circuits/spare", R"({"breakerA":16})");
    EXPECT_EQ(json(200, Method::kDelete, "/api/v1/circuits/spare").at("id").as_string(), "spare");
    control.disconnected(ChargerId("CP-7"), 1);
    strand.run();
    json(409, Method::kDelete, "/api/v1/chargers/CP-7");  // It may still be drawing.
    json(200, Method::kDelete, "/api/v1/chargers/CP-7?force=true");
    json(404, Method::kGet, "/api/v1/chargers/CP-7");
}

TEST_F(ApiTest, UnknownChargersAreListedBesideTheOthers) {
    control.connected(ChargerId("CP-99"), 9);
    control.boot(ChargerId("CP-99"), {"Acme", "A\n1", "", ""}, [](const BootReply&) {});
    const auto list = json(200, Method::kGet, "/api/v1/chargers");
    EXPECT_EQ(list.at("items").as_array().size(), 2U);
    EXPECT_EQ(list.at("unknown").at(0).at("id").as_string(), "CP-99");
    EXPECT_EQ(list.at("unknown").at(0).at("vendor").as_string(), "Acme");
}

}  // namespace
}  // namespace busbar::http
