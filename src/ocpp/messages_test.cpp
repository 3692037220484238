#include "ocpp/messages.hpp"

#include <gtest/gtest.h>

#include <array>
#include <boost/json/parse.hpp>
#include <set>
#include <string>

#include "ocpp/action.hpp"

namespace busbar::ocpp {
namespace {

constexpr std::array kVersions{Version::k16, Version::k201, Version::k21};

bool can_be_checked(Fields fields) {
    std::set<std::string_view> names;
    for (const auto& field : fields) {
        names.insert(field.name);
        if (!can_be_checked(field.fields)) return false;
    }
    return names.size() == fields.size() && fields.size() <= kMaxFields;
}

std::string wrong_with(Version version, std::string_view action, std::string_view payload,
                       Extras extras = Extras::kRefuse) {
    const auto* message = find_message(version, action);
    if (message == nullptr) return "no such message";
    const auto wrong = check(boost::json::parse(payload).as_object(), message->request, extras);
    return wrong ? wrong->description : "";
}

TEST(Messages, AreAllFoundByName) {
    for (const auto version : kVersions) {
        EXPECT_FALSE(messages(version).empty());
        for (const auto& message : messages(version)) {
            EXPECT_EQ(find_message(version, message.action), &message) << message.action;
            EXPECT_TRUE(can_be_checked(message.request)) << message.action;
            EXPECT_TRUE(can_be_checked(message.response)) << message.action;
        }
        EXPECT_EQ(find_message(version, ""), nullptr);
        EXPECT_EQ(find_message(version, "Reset2"), nullptr);
        EXPECT_EQ(find_message(version, "zzz"), nullptr);
    }
    EXPECT_EQ(find_message(Version::k16, "TransactionEvent"), nullptr);
    EXPECT_EQ(find_message(Version::k201, "StartTransaction"), nullptr);
}

TEST(Messages, EveryActionWeTakeIsOne) {
    for (const auto& actions : {core_actions(), security_actions()})
        for (const auto& action : actions)
            EXPECT_NE(find_message(Version::k16, action.name), nullptr) << action.name;
}

TEST(Messages, CustomDataMayHoldAnythingButNeedsItsVendor) {
    EXPECT_EQ(wrong_with(Version::k201, "Heartbeat",
                         R"({"customData":{"vendorId":"V","more":[{"deep":[null]}]}})"),
              "");
    EXPECT_EQ(wrong_with(Version::k201, "Heartbeat", R"({"customData":{"more":1}})"),
              "customData.vendorId: is missing");
}

TEST(Messages, AListHasNoFewerAndNoMoreElementsThanItShould) {
    EXPECT_EQ(wrong_with(Version::k201, "GetVariables", R"({"getVariableData":[]})"),
              "getVariableData: has fewer elements than 1");
    EXPECT_EQ(wrong_with(Version::k201, "SetChargingProfile",
                         R"({"evseId":1,"chargingProfile":{"id":1,"stackLevel":0,)"
                         R"("chargingProfilePurpose":"TxProfile","chargingProfileKind":"Absolute",)"
                         R"("chargingSchedule":[{},{},{},{}]}})"),
              "chargingProfile.chargingSchedule: has more elements than 3");
}

TEST(Messages, LimitsOfOurOwnHaveOneDecimalAndThoseOfChargersAnyNumber) {
    const auto wrong_with_limit = [](const std::string& limit) {
        return wrong_with(Version::k16, "SetChargingProfile",
                          R"({"connectorId":1,"csChargingProfiles":{"chargingProfileId":1,)"
                          R"("stackLevel":0,"chargingProfilePurpose":"TxProfile",)"
                          R"("chargingProfileKind":"Absolute","chargingSchedule":{)"
                          R"("chargingRateUnit":"A","chargingSchedulePeriod":[)"
                          R"({"startPeriod":0,"limit":)" +
                              limit + "}]}}}");
    };
    EXPECT_EQ(wrong_with_limit("16.3"), "");
    EXPECT_EQ(wrong_with_limit("16"), "");
    EXPECT_EQ(wrong_with_limit("16.25"),
              "csChargingProfiles.chargingSchedule.chargingSchedulePeriod[0].limit: has more than "
              "one decimal");
    const auto* schedule = find_message(Version::k16, "GetCompositeSchedule");
    ASSERT_NE(schedule, nullptr);
    const auto answer =
        boost::json::parse(R"({"status":"Accepted","chargingSchedule":{"chargingRateUnit":"A",)"
                           R"("chargingSchedulePeriod":[{"startPeriod":0,"limit":16.25}]}})");
    EXPECT_FALSE(check(answer.as_object(), schedule->response, Extras::kRefuse));
}

TEST(Messages, ANullIsAsGoodAsNothingWhereExtrasAreIgnored) {
    EXPECT_EQ(
        wrong_with(Version::k21, "Heartbeat", R"({"customData":null,"x":1})", Extras::kIgnore), "");
    EXPECT_EQ(wrong_with(Version::k21, "Heartbeat", R"({"customData":null})"),
              "customData: is not an object");
    EXPECT_EQ(wrong_with(Version::k16, "Authorize", R"({"idTag":null})", Extras::kIgnore),
              "idTag: is not a string");
}

}  // namespace
}  // namespace busbar::ocpp
