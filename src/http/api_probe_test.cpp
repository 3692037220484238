#include "http/test_world.hpp"

namespace busbar::http {
namespace {

const std::string kProbe = "/api/v1/chargers/CP-7/probe";

TEST_F(ApiTest, AProbeNamesWhatIsWrongWithItsRequest) {
    plug_in("CP-7");
    const auto refused = [&](int status, const std::string& body) {
        const auto answer = json(status, Method::kPost, kProbe, body).as_object();
        return answer.contains("field") ? std::string(answer.at("field").as_string()) : "";
    };
    EXPECT_EQ(refused(422, "{}"), "driverWarned") << "never with an unwarned driver";
    EXPECT_EQ(refused(422, R"({"driverWarned":false})"), "driverWarned");
    EXPECT_EQ(refused(422, R"({"driverWarned":"yes"})"), "driverWarned");
    EXPECT_EQ(refused(422, R"({"driverWarned":true,"reset":1})"), "reset");
    EXPECT_EQ(refused(422, R"({"driverWarned":true,"refuseConnection":"no"})"), "refuseConnection");
    EXPECT_EQ(refused(422, R"({"driverWarned":true,"leaseS":19})"), "leaseS");
    EXPECT_EQ(refused(422, R"({"driverWarned":true,"leaseS":601})"), "leaseS");
    EXPECT_EQ(refused(422, R"({"driverWarned":true,"evse":2})"), "evse");
    EXPECT_EQ(refused(400, R"({"driverWarned":true,"lease":60})"), "lease");
    refused(400, "[");
    json(404, Method::kPost, "/api/v1/chargers/CP-9/probe", R"({"driverWarned":true})");
    json(409, Method::kPost, "/api/v1/chargers/CP-8/probe", R"({"driverWarned":true})");
    json(404, Method::kGet, kProbe);
    json(404, Method::kDelete, kProbe);
}

TEST_F(ApiTest, AProbeIsBegunWatchedAndStopped) {
    plug_in("CP-7");
    const auto begun =
        json(202, Method::kPost, kProbe, R"({"driverWarned":true,"leaseS":20,"reset":false})")
            .as_object();
    EXPECT_EQ(begun.at("state"), "running");
    EXPECT_EQ(begun.at("leaseS"), 20);
    EXPECT_EQ(begun.at("reset"), false);
    EXPECT_TRUE(begun.at("result").is_null());
    ASSERT_EQ(begun.at("steps").as_array().size(), 8U);
    EXPECT_EQ(begun.at("steps").at(0).at("step"), "capabilities");
    json(409, Method::kPost, kProbe, R"({"driverWarned":true})");
    strand.run_for(std::chrono::seconds{2});
    const auto shown = json(200, Method::kGet, kProbe).as_object();
    EXPECT_EQ(shown.at("steps").at(0).at("outcome"), "passed");
    const auto stopped = json(200, Method::kDelete, kProbe).as_object();
    EXPECT_EQ(stopped.at("state"), "aborted");
    EXPECT_EQ(stopped.at("whyAborted"), "by an operator");
    EXPECT_EQ(json(200, Method::kDelete, kProbe), stopped) << "again: it is as it was";
}

TEST_F(ApiTest, WhatIsProvenIsWrittenByTheProbe) {
    plug_in("CP-7");
    json(202, Method::kPost, kProbe,
         R"({"driverWarned":true,"leaseS":20,"reset":false,"refuseConnection":false})");
    strand.run_for(std::chrono::minutes{15});
    const auto report = json(200, Method::kGet, kProbe).as_object();
    EXPECT_EQ(report.at("state"), "done");
    EXPECT_EQ(report.at("result").at("trust"), "B") << "there were no meter values";
    EXPECT_EQ(report.at("result").at("rateUnit"), "A");
    EXPECT_FALSE(report.at("result").as_object().contains("settleMs"));
    EXPECT_FALSE(report.at("revision").is_null());
    EXPECT_EQ(store.rows.back().author, "probe");
}

TEST_F(ApiTest, WhatATrustClassCostsIsShown) {
    plug_in("CP-7");
    auto charger = json(200, Method::kGet, "/api/v1/chargers/CP-7").as_object();
    EXPECT_EQ(charger.at("trust"), "B");
    EXPECT_TRUE(charger.at("clockUncertaintyS").is_null());
    EXPECT_TRUE(charger.at("offlineSince").is_null());
    EXPECT_EQ(charger.at("evses").at(0).at("strandedA"), 0);
    const auto left = charger.at("writesLeft").to_number<int>();
    EXPECT_GT(left, 190);
    EXPECT_LT(left, 200);
    control.disconnected(ChargerId("CP-7"), 1);
    strand.run_for(std::chrono::minutes{2});
    charger = json(200, Method::kGet, "/api/v1/chargers/CP-7").as_object();
    EXPECT_EQ(charger.at("offlineSince"), "2026-02-10T12:02:00.000Z");
    const auto held = charger.at("evses").at(0).at("potentialA");
    EXPECT_EQ(charger.at("evses").at(0).at("strandedA"), held);
    EXPECT_TRUE(charger.at("evses").at(0).at("holdsUntil").is_null()) << "not one of class B";
    const auto explained = json(200, Method::kGet, "/api/v1/chargers/CP-7/explain").as_object();
    EXPECT_EQ(explained.at("trust"), "B");
    const auto overview = json(200, Method::kGet, "/api/v1/overview").as_object();
    EXPECT_EQ(overview.at("sites").at(0).at("strandedA"), held);
}

}  // namespace
}  // namespace busbar::http
