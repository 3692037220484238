#include "app/rule_options.hpp"

#include <gtest/gtest.h>

namespace busbar::app {
namespace {

std::string text_of(const Result<std::string>& json) {
    return json ? *json : json.error().field + ": " + json.error().message;
}

TEST(RuleOptions, BecomeTheJsonOfARule) {
    RuleOptions cap;
    cap.circuit = "main";
    cap.except = {"charger:CP-7", "tag:ground:floor", "id-tag-group:staff"};
    cap.limit = "40.50";
    cap.window = "Mon-Fri 17:00-21:00 Europe/Berlin";
    cap.until = "2026-03-01T00:00:00Z";
    cap.layer = "grid";
    cap.reason = "dear \"hours\"";
    EXPECT_EQ(text_of(rule_json("cap", cap)),
              R"({"kind":"cap","select":{"circuit":"main","except":[{"charger":"CP-7"},)"
              R"({"tag":"ground:floor"},{"idTagGroup":"staff"}]},"limitA":40.5,"layer":"grid",)"
              R"("window":"Mon-Fri 17:00-21:00 Europe/Berlin",)"
              R"("expiresAt":"2026-03-01T00:00:00Z","reason":"dear \"hours\""})");

    RuleOptions share;
    share.circuit = "main";
    share.policy = "weighted";
    share.rotation_minutes = "7.5";
    share.keep_unused = true;
    EXPECT_EQ(text_of(rule_json("share", share)),
              R"({"kind":"share","select":{"circuit":"main"},"share":{"policy":"weighted",)"
              R"("reclaim":false,"rotationMinutes":7.5}})");

    RuleOptions suspend;
    suspend.all = true;
    suspend.suspended_kind = "cap";
    EXPECT_EQ(text_of(rule_json("suspend", suspend)),
              R"({"kind":"suspend","select":{"all":true},"suspends":{"kind":"cap"}})");
}

TEST(RuleOptions, NameTheOneThatIsWrong) {
    RuleOptions nobody;
    EXPECT_NE(text_of(rule_json("pause", nobody)).find("say one of --charger"), std::string::npos);
    RuleOptions both;
    both.charger = "CP-7";
    both.all = true;
    EXPECT_FALSE(rule_json("pause", both));
    RuleOptions word;
    word.all = true;
    word.percent = "half";
    EXPECT_EQ(text_of(rule_json("cap", word)).substr(0, 7), "--pct: ");
    for (const auto* except : {"CP-7", "charger:", "colour:red", ":x", ""}) {
        RuleOptions options;
        options.all = true;
        options.except = {except};
        EXPECT_EQ(text_of(rule_json("pause", options)).substr(0, 10), "--except: ") << except;
    }
}

TEST(RuleOptions, BecomeAPatchOfWhatIsGiven) {
    EXPECT_EQ(text_of(patch_json({})), "{}");
    RuleOptions change;
    change.kilowatts = "11";
    change.until = "none";
    change.window = "22:00-06:00";
    change.disable = true;
    EXPECT_EQ(text_of(patch_json(change)),
              R"({"limitKw":11,"window":"22:00-06:00","expiresAt":null,"enabled":false})");
    change.enable = true;
    EXPECT_FALSE(patch_json(change));
}

}  // namespace
}  // namespace busbar::app
