// Rules, pause and resume.
#include "http/test_world.hpp"

namespace busbar::http {
namespace {

TEST_F(ApiTest, ARuleIsCreatedShownListedChangedAndDeleted) {
    const auto made = ask(Method::kPost, "/api/v1/rules", kCap);
    EXPECT_EQ(made.status, 201);
    EXPECT_EQ(made.body, R"({"id":"r-1","site":"garage","kind":"cap","select":{"charger":"CP-7"},)"
                         R"("limitA":10.5,"expiresAt":null,"layer":"operator","enabled":true,)"
                         R"("reason":"peak","author":"local","version":1,)"
                         R"("createdAt":"2026-02-10T12:00:00.000Z","revision":6})");
    EXPECT_EQ(header(made, "Location"), "/api/v1/rules/r-1");
    EXPECT_EQ(header(made, "ETag"), "\"1\"");
    EXPECT_EQ(store.accepted_at.back(), clock.steady());

    const auto shown = ask(Method::kGet, "/api/v1/rules/r-1");
    EXPECT_EQ(shown.status, 200);
    EXPECT_EQ(header(shown, "ETag"), "\"1\"");
    EXPECT_EQ(json(200, Method::kGet, "/api/v1/rules").at("items").as_array().size(), 1U);

    const auto patched = ask(Method::kPatch, "/api/v1/rules/r-1", R"({"limitA":8})");
    EXPECT_EQ(patched.status, 200) << patched.body;
    EXPECT_EQ(header(patched, "ETag"), "\"2\"");
    EXPECT_NE(patched.body.find(R"("limitA":8,)"), std::string::npos);

    EXPECT_EQ(ask(Method::kDelete, "/api/v1/rules/r-1").body, R"({"id":"r-1","revision":8})");
    EXPECT_EQ(ask(Method::kGet, "/api/v1/rules/r-1").status, 404);
    EXPECT_EQ(ask(Method::kDelete, "/api/v1/rules/r-1").status, 404);
}

TEST_F(ApiTest, EveryKindOfRuleIsTakenAndShownAsItWasGiven) {
    const std::vector<std::pair<std::string, std::string>> table{
        {R"("kind":"cap","select":{"circuit":"level-1","except":{"partner":"acme"}},"limitKw":7.4)",
         R"("kind":"cap","select":{"circuit":"level-1","except":[{"partner":"acme"}]},)"
         R"("limitA":null,"limitKw":7.4)"},
        {R"("kind":"cap","select":{"all":true},"limitPct":50,"scope":"each","layer":"grid")",
         R"("limitA":null,"limitPct":50,"scope":"each")"},
        {R"("kind":"pause","select":{"evse":"CP-8/2"},)"
         R"("window":"Mon-Tue 22:00-06:00 Europe/Berlin")",
         R"("window":{"days":["Mon","Tue"],"from":"22:00","until":"06:00",)"
         R"("zone":"Europe/Berlin"})"},
        {R"("kind":"reserve","select":{"charger":"CP-7"},"limitA":8,"standing":true)",
         R"("limitA":8,"standing":true)"},
        {R"("kind":"exclude","select":{"charger":"CP-7"},"reason":"another system's")",
         R"("kind":"exclude")"},
        {R"("kind":"rank","select":{"partner":"acme"},"band":2,"weight":1.5)",
         R"("band":2,"weight":1.5)"},
        {R"("kind":"share","select":{"circuit":"level-1"},)"
         R"("share":{"policy":"weighted","rotationMinutes":7.5})",
         R"("share":{"policy":"weighted","strictBands":false,"minFirst":true,)"
         R"("rotationMinutes":7.5,"reclaim":true})"},
        {R"("kind":"suspend","select":{"charger":"CP-7"},"suspends":{"kind":"cap"})",
         R"("suspends":{"kind":"cap"})"},
        {R"("kind":"boost","select":{"transaction":7},"expiresAt":"2026-02-10T14:00:00Z")",
         R"("select":{"transaction":7})"},
        {R"("kind":"schedule","select":{"charger":"CP-7"},"limitA":10,"window":"17:00-21:00")",
         R"("kind":"cap")"},
        {R"("kind":"safety","select":{"circuit":"feeder"},"limitA":40,"enabled":false)",
         R"("layer":"safety","enabled":false)"},
        {R"("kind":"time_of_use","select":{"circuit":"feeder"},"limitPct":50,)"
         R"("window":"17:00-21:00","startsAt":"2026-02-11T00:00:00Z")",
         R"("startsAt":"2026-02-11T00:00:00.000Z")"}};
    for (const auto& [sent, shown] : table) {
        const auto made = ask(Method::kPost, "/api/v1/rules", "{" + sent + "}");
        EXPECT_EQ(made.status, 201) << sent << ": " << made.body;
        EXPECT_NE(made.body.find(shown), std::string::npos) << made.body;
        const auto location = header(made, "Location");
        EXPECT_EQ(ask(Method::kGet, location).body.substr(1, 8), made.body.substr(1, 8));
        EXPECT_EQ(ask(Method::kDelete, location).status, 200);
    }
}

TEST_F(ApiTest, ARefusalNamesTheField) {
    json(201, Method::kPost, "/api/v1/rules",
         R"({"kind":"safety","select":{"circuit":"feeder"},"limitA":40})");
    struct Wrong {
        int status;
        std::string rule;
        const char* field;
    };
    for (const auto& wrong : std::vector<Wrong>{
             {422, R"("kind":"cap","select":{"all":true})", "limitA"},
             {422, R"("kind":"pause","select":{"all":true},"limitKw":3)", "limitKw"},
             {422, R"("kind":"cap","select":{"all":true},"limitPct":101)", "limitPct"},
             {422, R"("kind":"cap","select":{"all":true},"limitA":9,"limitPct":9)", "limitPct"},
             {422, R"("kind":"cap","select":{"all":true},"limitA":9,"band":1)", "band"},
             {422, R"("kind":"rank","select":{"all":true},"band":10)", "band"},
             {422, R"("kind":"share","select":{"circuit":"feeder"})", "share"},
             {422, R"("kind":"schedule","select":{"all":true},"limitA":9)", "window"},
             {422, R"("kind":"cap","select":{"all":true},"limitA":9,"window":"9-10")", "window"},
             {422, R"("kind":"cap","select":{"all":true},"limitA":9,"window":"09:00-10:00 A/B")",
              "window.zone"},
             {422, R"("kind":"safety","select":{"all":true},"limitA":9,"layer":"grid")", "layer"},
             {404, R"("kind":"pause","select":{"tag":"nowhere"})", "select.tag"},
             {404, R"("kind":"pause","select":{"evse":"CP-7/9"})", "select.evse"},
             {400, R"("kind":"pause","select":{"all":true},"amps":1)", "amps"},
             {400, R"("kind":"pause","select":{"all":true,"but":1})", "select.but"},
             {403, R"("kind":"suspend","select":{"all":true},"suspends":{"rule":"r-1"})",
              "suspends"},
             {409, R"("kind":"reserve","select":{"all":true},"limitA":16,"standing":true)",
              "select"}}) {
        const auto answer =
            json(wrong.status, Method::kPost, "/api/v1/rules", "{" + wrong.rule + "}");
        const auto* field = answer.as_object().if_contains("field");
        EXPECT_EQ(field != nullptr ? field->as_string() : "-", wrong.field) << wrong.rule;
    }
    EXPECT_EQ(json(200, Method::kGet, "/api/v1/rules").at("items").as_array().size(), 1U);
}

TEST_F(ApiTest, APatchChangesWhatARuleSaysAndWhen) {
    json(201, Method::kPost, "/api/v1/rules", kCap);
    const auto changed = [&](const char* patch) {
        return ask(Method::kPatch, "/api/v1/rules/r-1", patch).body;
    };
    EXPECT_NE(changed(R"({"limitKw":7})").find(R"("limitA":null,"limitKw":7)"), std::string::npos);
    EXPECT_NE(changed(R"({"enabled":false})").find(R"("enabled":false)"), std::string::npos);
    EXPECT_NE(changed(R"({"window":"17:00-21:00"})").find(R"("until":"21:00")"), std::string::npos);
    EXPECT_EQ(changed(R"({"window":null})").find("window"), std::string::npos);
    json(422, Method::kPatch, "/api/v1/rules/r-1", R"({"band":3})");
    json(422, Method::kPatch, "/api/v1/rules/r-1", "{}");
}

TEST_F(ApiTest, ResumeLeavesAPauseThatIsOnSchedule) {
    json(201, Method::kPost, "/api/v1/rules",
         R"({"kind":"pause","select":{"charger":"CP-7"},"window":"22:00-06:00"})");
    const auto refused = json(409, Method::kPost, "/api/v1/chargers/CP-7/resume");
    EXPECT_EQ(refused.at("detail").as_string(),
              "charger 'CP-7' is not paused by a rule of its own; on schedule by r-1");
    json(201, Method::kPost, "/api/v1/chargers/CP-7/pause");
    json(200, Method::kPost, "/api/v1/chargers/CP-7/resume");
    EXPECT_EQ(json(200, Method::kGet, "/api/v1/rules").at("items").as_array().size(), 1U);
}

TEST_F(ApiTest, AWriteThatInsistsOnAnOldVersionIsRefused) {
    json(201, Method::kPost, "/api/v1/rules", kCap);
    const auto with = [&](Method method, const char* if_match, const char* body = "") {
        return ask({.method = method,
                    .target = *parse_target("/api/v1/rules/r-1"),
                    .content_type = "application/json",
                    .if_match = if_match,
                    .body = body})
            .status;
    };
    EXPECT_EQ(with(Method::kPatch, "\"1\"", R"({"limitA":8})"), 200);
    for (const auto* stale :
         {"\"1\"", "\"9\"", "W/\"2\"", "2", "\"\"", "\"99999999999999999999\""}) {
        EXPECT_EQ(with(Method::kPatch, stale, R"({"limitA":7})"), 412) << stale;
        EXPECT_EQ(with(Method::kDelete, stale), 412) << stale;
    }
    EXPECT_EQ(json(200, Method::kGet, "/api/v1/rules/r-1").at("limitA").as_int64(), 8);
    EXPECT_EQ(with(Method::kPatch, "\"2\"", R"({"limitA":-7})"), 422);
    EXPECT_EQ(with(Method::kPatch, "*", R"({"limitA":9})"), 200);
    EXPECT_EQ(with(Method::kDelete, "\"3\""), 200);
}

TEST_F(ApiTest, PauseAndResumeAreOneCallEach) {
    for (const auto* thing : {"chargers/CP-7", "circuits/level-1", "partners/acme"}) {
        const std::string path = std::string("/api/v1/") + thing;
        const auto paused = json(201, Method::kPost, path + "/pause").as_object();
        EXPECT_EQ(paused.at("kind").as_string(), "pause");
        json(201, Method::kPost, path + "/pause",
             R"({"reason":"again","expiresAt":"2026-02-10T13:00:00Z"})");
        const auto resumed = json(200, Method::kPost, path + "/resume").as_object();
        EXPECT_EQ(resumed.at("deleted").as_array().size(), 2U);
        EXPECT_GT(resumed.at("revision").as_int64(), paused.at("revision").as_int64());
        json(409, Method::kPost, path + "/resume");
    }
    json(404, Method::kPost, "/api/v1/chargers/CP-9/pause");
    json(404, Method::kPost, "/api/v1/chargers/CP-9/resume");
    json(404, Method::kPost, "/api/v1/partners/nobody/pause");
    json(400, Method::kPost, "/api/v1/chargers/CP-7/pause", R"({"limitA":3})");
}

TEST_F(ApiTest, ResumeLeavesTheRulesOfOthersAlone) {
    json(201, Method::kPost, "/api/v1/circuits/level-1/pause");
    json(201, Method::kPost, "/api/v1/rules", kCap);
    json(409, Method::kPost, "/api/v1/chargers/CP-7/resume");
    EXPECT_EQ(json(200, Method::kGet, "/api/v1/rules").at("items").as_array().size(), 2U);
}

}  // namespace
}  // namespace busbar::http
