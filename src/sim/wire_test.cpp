#include "sim/wire.hpp"

#include <gtest/gtest.h>

namespace busbar::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kRequest = R"({"connectorId":1,"csChargingProfiles":{
    "chargingProfileId":3,"transactionId":17,"stackLevel":0,"chargingProfilePurpose":"TxProfile",
    "chargingProfileKind":"Absolute","validTo":"2026-02-10T13:00:00Z","chargingSchedule":{
    "startSchedule":"2026-02-10T12:00:00Z","chargingRateUnit":"A","chargingSchedulePeriod":[
    {"startPeriod":0,"limit":16.1},{"startPeriod":1800.0,"limit":6,"numberPhases":3}]}}})";

json::object object_of(std::string_view text) {
    return json::parse(json::string_view{text.data(), text.size()}).as_object();
}

// The request with one part of its text replaced.
Result<SetProfileRequest> with(std::string_view part, std::string_view replacement) {
    std::string text{kRequest};
    const auto at = text.find(part);
    BUSBAR_CHECK(at != std::string::npos);
    return v16::read_set_profile(object_of(text.replace(at, part.size(), replacement)));
}

TEST(Wire, ReadsASetChargingProfileRequest) {
    const auto request = v16::read_set_profile(object_of(kRequest));
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(request->connector, 1);
    const Profile expected{.id = 3,
                           .stack_level = 0,
                           .purpose = Purpose::kTx,
                           .kind = ScheduleKind::kAbsolute,
                           .transaction = "17",
                           .valid_to = *parse_time("2026-02-10T13:00:00Z"),
                           .start = *parse_time("2026-02-10T12:00:00Z"),
                           .periods = {{0s, 16.1_A}, {1800s, 6_A}}};
    EXPECT_EQ(request->profile, expected);
}

TEST(Wire, RefusesAProfileThatOcppDoesNotAllow) {
    EXPECT_EQ(with("16.1", "16.15").error().field, "limit");
    EXPECT_EQ(with("16.1", "-1").error().field, "limit");
    EXPECT_EQ(with("16.1", "1e400").error().field, "limit");
    EXPECT_EQ(with("16.1", "\"16\"").error().field, "limit");
    EXPECT_EQ(with("\"stackLevel\":0,", "").error().field, "stackLevel");
    EXPECT_EQ(with("\"stackLevel\":0", "\"stackLevel\":0.5").error().field, "stackLevel");
    EXPECT_EQ(with("\"stackLevel\":0", "\"stackLevel\":0,\"extra\":1").error().field, "extra");
    EXPECT_EQ(with("TxProfile", "TxMaxProfile").error().field, "chargingProfilePurpose");
    EXPECT_EQ(with("Absolute", "Recurring").error().field, "recurrencyKind");
    EXPECT_EQ(with("2026-02-10T13:00:00Z", "13:00").error().field, "validTo");
    EXPECT_EQ(with("\"numberPhases\":3", "\"numberPhases\":4").error().field, "numberPhases");
    EXPECT_EQ(with("\"transactionId\":17", "\"transactionId\":4294967296").error().field,
              "transactionId");
    EXPECT_EQ(with("\"A\"", "\"W\"").error().code, Errc::kUnsupported);
}

TEST(Wire, ReadsTheThreeKindsOfFrame) {
    const auto call = read_frame(R"([2,"a","Reset",{"type":"Hard"}])");
    ASSERT_TRUE(call);
    EXPECT_EQ(std::get<Call>(*call).action, "Reset");
    const auto answer = read_frame(R"([3,"a",{}])");
    ASSERT_TRUE(answer);
    EXPECT_EQ(std::get<CallAnswer>(*answer).id, "a");
    const auto refusal = read_frame(R"([4,"a","InternalError","",{}])");
    ASSERT_TRUE(refusal);
    EXPECT_EQ(std::get<CallRefusal>(*refusal).code, "InternalError");
}

TEST(Wire, RefusesFramesThatAreNone) {
    for (const auto* text : {"", "[]", "{}", "[2]", "[2,1,\"Reset\",{}]", "[2,\"a\",\"Reset\",[]]",
                             "[3,\"a\"]", "[9,\"a\",{}]", "[2,\"a\",\"Reset\",{}", "nonsense"})
        EXPECT_FALSE(read_frame(text)) << text;
    EXPECT_FALSE(read_frame(std::string(100, '[') + std::string(100, ']')));
    EXPECT_EQ(read_frame(std::string(kMaxFrameBytes + 1, ' ')).error().code, Errc::kTooLarge);
}

TEST(Wire, WritesFramesThatItCanRead) {
    json::object payload;
    payload["idTag"] = "a \"quoted\" card";
    const auto call = read_frame(write_call("7", "Authorize", payload));
    ASSERT_TRUE(call);
    EXPECT_EQ(std::get<Call>(*call).payload, payload);
    EXPECT_TRUE(read_frame(write_answer("7", payload)));
    EXPECT_TRUE(read_frame(write_refusal("7", "NotImplemented", "no")));
}

TEST(Wire, ReadsWhatToClear) {
    const auto filter = v16::read_clear_profile(
        object_of(R"({"connectorId":0,"chargingProfilePurpose":"TxDefaultProfile"})"));
    ASSERT_TRUE(filter);
    EXPECT_EQ(filter->connector, 0);
    EXPECT_EQ(filter->purpose, Purpose::kTxDefault);
    EXPECT_FALSE(filter->id);
    EXPECT_FALSE(v16::read_clear_profile(object_of(R"({"all":true})")));
}

}  // namespace
}  // namespace busbar::sim
