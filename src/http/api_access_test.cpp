// Who may connect, through the API.
#include "http/test_world.hpp"

namespace busbar::http {
namespace {

using AccessTest = ApiTest;
constexpr const char* kAccess = "/api/v1/chargers/CP-7/access";
constexpr const char* kKeyOf = "/api/v1/chargers/CP-7/key";

TEST_F(AccessTest, TheSecurityProfileIsSetAndTakenBack) {
    const auto before = json(200, Method::kGet, kAccess);
    EXPECT_TRUE(before.at("securityProfile").is_null());
    EXPECT_FALSE(before.at("hasKey").as_bool());
    json(200, Method::kPut, kAccess, R"({"securityProfile":3,"certificateName":"SN-7"})");
    const auto after = json(200, Method::kGet, kAccess);
    EXPECT_EQ(after.at("securityProfile").as_int64(), 3);
    EXPECT_EQ(after.at("certificateName").as_string(), "SN-7");
    json(200, Method::kPut, kAccess, R"({"securityProfile":null})");
    const auto& last = control.access_of(ChargerId("CP-7"));
    EXPECT_FALSE(last->profile);
    EXPECT_EQ(last->certificate_name, "SN-7");
}

TEST_F(AccessTest, WhatIsWrongIsNamed) {
    EXPECT_EQ(json(422, Method::kPut, kAccess, R"({"securityProfile":4})").at("field").as_string(),
              "securityProfile");
    EXPECT_EQ(json(422, Method::kPut, kKeyOf, R"({"key":"too short"})").at("field").as_string(),
              "key");
    json(400, Method::kPut, kAccess, R"({"profile":2})");
    json(404, Method::kPut, "/api/v1/chargers/CP-99/key");
    json(404, Method::kGet, "/api/v1/chargers/CP-99/access");
}

TEST_F(AccessTest, AKeyThatIsMadeIsShownOnceAndFits) {
    auto answer = ask(Method::kPut, kKeyOf);
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(header(answer, "Cache-Control"), "no-store");
    const std::string key(boost::json::parse(answer.body).at("key").as_string());
    EXPECT_EQ(key.size(), 40U);
    EXPECT_TRUE(smith.fits(*control.access_of(ChargerId("CP-7"))->key, key));
    for (const auto* path : {kAccess, "/api/v1/chargers/CP-7", "/api/v1/audit"})
        EXPECT_EQ(ask(Method::kGet, path).body.find(key), std::string::npos) << path;
}

TEST_F(AccessTest, A61_AGivenKeyIsNowhereToBeRead) {
    const std::string key = "the-operators-own-key";
    EXPECT_EQ(ask(Method::kPut, kKeyOf, R"({"key":")" + key + "\"}").body.find(key),
              std::string::npos);
    EXPECT_TRUE(smith.fits(*control.access_of(ChargerId("CP-7"))->key, key));
    EXPECT_TRUE(json(200, Method::kGet, kAccess).at("hasKey").as_bool());
    for (const auto& row : store.rows)
        EXPECT_EQ((row.before + row.after).find(key), std::string::npos);
}

TEST_F(AccessTest, A11_TheOldKeyIsGoodUntilTheNewOneCame) {
    const ChargerId charger("CP-7");
    ask(Method::kPut, kKeyOf, R"({"key":"the-first-of-the-keys"})");
    ask(Method::kPut, kKeyOf, R"({"key":"the-second-of-the-keys"})");
    const auto rotated = *control.access_of(charger);
    EXPECT_TRUE(smith.fits(*rotated.key, "the-second-of-the-keys"));
    ASSERT_TRUE(rotated.old_key);
    EXPECT_TRUE(smith.fits(*rotated.old_key, "the-first-of-the-keys"));
    EXPECT_GT(rotated.old_key_until, clock.wall());
    control.came_with_new_key(charger);
    strand.run();
    EXPECT_FALSE(control.access_of(charger)->old_key);
    EXPECT_TRUE(smith.fits(*control.access_of(charger)->key, "the-second-of-the-keys"));
    json(200, Method::kDelete, kKeyOf);
    EXPECT_FALSE(control.access_of(charger)->key);
}

TEST_F(AccessTest, AKeyThatCannotBeStoredIsNotInForce) {
    store.failing = Error{Errc::kUnavailable, "disk full"};
    EXPECT_EQ(ask(Method::kPut, kKeyOf).status, 503);
    EXPECT_FALSE(control.access_of(ChargerId("CP-7"))->key);
    store.failing.reset();
    EXPECT_EQ(ask(Method::kPut, kKeyOf).status, 200);
}

TEST_F(AccessTest, TheKeyGoesWithItsCharger) {
    ask(Method::kPut, kKeyOf);
    control.disconnected(ChargerId("CP-7"), 1);
    json(200, Method::kDelete, "/api/v1/chargers/CP-7?force=true");
    EXPECT_FALSE(control.access_of(ChargerId("CP-7")));
    json(201, Method::kPut, "/api/v1/chargers/CP-7", R"({"circuit":"level-1","maximumA":32})");
    EXPECT_FALSE(control.access_of(ChargerId("CP-7"))->key);
}

TEST_F(AccessTest, TheOnboardingWindowIsOpenForHalfAnHour) {
    EXPECT_FALSE(json(200, Method::kGet, "/api/v1/onboarding").at("open").as_bool());
    const auto opened = json(201, Method::kPost, "/api/v1/onboarding");
    EXPECT_EQ(opened.at("until").as_string(), "2026-02-10T12:30:00.000Z");
    const std::string key(opened.at("key").as_string());
    EXPECT_TRUE(smith.fits(*onboarding.key(clock.steady()), key));
    clock.advance(std::chrono::minutes{30});
    EXPECT_FALSE(json(200, Method::kGet, "/api/v1/onboarding").at("open").as_bool());
    json(201, Method::kPost, "/api/v1/onboarding", R"({"key":"one-of-the-operators"})");
    EXPECT_TRUE(smith.fits(*onboarding.key(clock.steady()), "one-of-the-operators"));
    json(200, Method::kDelete, "/api/v1/onboarding");
    EXPECT_FALSE(onboarding.key(clock.steady()));
}

}  // namespace
}  // namespace busbar::http
