#include "ocpp/frame_log.hpp"

#include <gtest/gtest.h>

namespace busbar::ocpp {
namespace {

using enum Direction;

struct Ring {
    ManualClock clock{*parse_time("2026-02-10T12:00:00Z")};
    FrameRing log;
    explicit Ring(FrameLogOptions options = {}) : log(clock, options) {}

    std::vector<std::string> texts(control::FrameQuery query = {}) {
        std::vector<std::string> out;
        for (const auto& frame : log.frames(query)) out.push_back(frame.text);
        return out;
    }
};

TEST(FrameLog, KeepsWhatPassedInItsOrder) {
    Ring ring;
    ring.log.add(ChargerId("a"), kFromCharger, "1");
    ring.log.add(ChargerId("b"), kToCharger, "2");
    ring.log.add(ChargerId("a"), kToCharger, "3");
    EXPECT_EQ(ring.texts(), (std::vector<std::string>{"1", "2", "3"}));
    EXPECT_EQ(ring.texts({.charger = ChargerId("a")}), (std::vector<std::string>{"1", "3"}));
    EXPECT_EQ(ring.texts({.after = 1}), (std::vector<std::string>{"2", "3"}));
    EXPECT_EQ(ring.texts({.limit = 1}), (std::vector<std::string>{"3"}));
    const auto frame = ring.log.frames({.limit = 1}).front();
    EXPECT_EQ(frame.number, 3u);
    EXPECT_EQ(frame.at, ring.clock.wall());
    EXPECT_FALSE(frame.from_charger);
}

TEST(FrameLog, LetsTheOldestGo) {
    Ring few({.max_frames = 2});
    for (const auto* text : {"1", "2", "3"}) few.log.add(ChargerId("a"), kToCharger, text);
    EXPECT_EQ(few.texts(), (std::vector<std::string>{"2", "3"}));
    Ring small({.max_bytes = 5});
    for (const auto* text : {"111", "222", "33"}) small.log.add(ChargerId("a"), kToCharger, text);
    EXPECT_EQ(small.texts(), (std::vector<std::string>{"222", "33"}));
}

TEST(FrameLog, CutsWhatIsLongBetweenCharacters) {
    Ring ring({.max_frame_bytes = 3});
    ring.log.add(ChargerId("a"), kToCharger, "ab\xc3\xa9");
    EXPECT_EQ(ring.texts(), (std::vector<std::string>{"ab"}));
    EXPECT_TRUE(ring.log.frames({}).front().cut);
}

TEST(FrameLog, TellsThoseWhoFollowAndNoOthers) {
    Ring ring({.max_followers = 2});
    std::vector<std::string> all, of_b;
    auto first =
        ring.log.follow({}, [&](const control::LoggedFrame& frame) { all.push_back(frame.text); });
    const auto second = ring.log.follow(
        ChargerId("b"), [&](const control::LoggedFrame& frame) { of_b.push_back(frame.text); });
    EXPECT_FALSE(ring.log.follow({}, [](const auto&) {})) << "two are enough";
    ring.log.add(ChargerId("a"), kToCharger, "1");
    ring.log.add(ChargerId("b"), kToCharger, "2");
    first.reset();
    ring.log.add(ChargerId("b"), kToCharger, "3");
    EXPECT_EQ(all, (std::vector<std::string>{"1", "2"}));
    EXPECT_EQ(of_b, (std::vector<std::string>{"2", "3"}));
    EXPECT_TRUE(ring.log.follow({}, [](const auto&) {})) << "there is room again";
}

TEST(FrameLog, AFollowerMayOutliveTheLog) {
    auto ring = std::make_unique<Ring>();
    auto follows = ring->log.follow({}, [](const auto&) {});
    ring.reset();
    follows.reset();
}

TEST(Secrets, AreMaskedWhereverTheyStand) {
    const std::string set = R"([2,"1","ChangeConfiguration",)";
    EXPECT_EQ(without_secrets(set + R"({"key":"AuthorizationKey","value":"s3"}])"),
              set + R"({"key":"AuthorizationKey","value":"***"}])");
    EXPECT_EQ(without_secrets(set + R"({"value":"s3","key":"authorizationkey"}])"),
              set + R"({"value":"***","key":"authorizationkey"}])");
    const std::string shown = R"([3,"1",{"configurationKey":[{"key":"x","value":"y"},)";
    EXPECT_EQ(without_secrets(shown + R"({"key":"AuthorizationKey","value":"s3"}]}])"),
              shown + R"({"key":"AuthorizationKey","value":"***"}]}])");
    const std::string named =
        R"("component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"}}]}])";
    const std::string variables = R"([2,"1","SetVariables",{"setVariableData":[)";
    EXPECT_EQ(without_secrets(variables + R"({"attributeValue":"s3",)" + named),
              variables + R"({"attributeValue":"***",)" + named);
    // Written so that no search would find it.
    EXPECT_EQ(
        without_secrets(set + "{\"key\":\"\\u0041uthorizationKey\",\"value\":\"s3\"}]").find("s3"),
        std::string::npos);
}

TEST(Secrets, AFrameThatNamesOneAndCannotBeReadIsNotShown) {
    EXPECT_EQ(
        without_secrets(R"([2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"s3)"),
        "[a frame with a secret that cannot be read]");
    EXPECT_EQ(without_secrets("nonsense"), "nonsense");
}

}  // namespace
}  // namespace busbar::ocpp
