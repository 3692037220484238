#include "http/body.hpp"

#include <gtest/gtest.h>

#include <random>

#include "http/json_text.hpp"

namespace busbar::http {
namespace {

using namespace std::chrono_literals;

const TimePoint kNow = *parse_time("2026-02-10T12:00:00Z");

std::string cap(std::string_view limit) {
    return R"({"kind":"cap","select":{"charger":"CP-7"},"limitA":)" + std::string(limit) + "}";
}

// What was wrong: "422 limitA", "400", or "" for nothing.
template <class T>
std::string wrong(const Result<T>& result) {
    if (result) return "";
    const auto& error = result.error();
    const std::string code = error.code == Errc::kMalformed  ? "malformed"
                             : error.code == Errc::kInvalid  ? "invalid"
                             : error.code == Errc::kTooLarge ? "too large"
                                                             : "?";
    return error.field.empty() ? code : code + " " + error.field;
}

std::string wrong_rule(std::string_view body) {
    return wrong(parse_rule(body, kNow));
}

TEST(Body, ReadsARule) {
    const auto rule = parse_rule(R"({"kind":"cap","select":{"circuit":"level-1"},"limitA":10.5,)"
                                 R"("expiresAt":"2026-02-10T15:00:00+01:00","reason":"peak",)"
                                 R"("site":"garage"})",
                                 kNow);
    ASSERT_TRUE(rule) << rule.error().message;
    EXPECT_EQ(rule->draft.kind, RuleKind::kCap);
    EXPECT_EQ(rule->draft.select, (Selector{SelectorKind::kCircuit, "level-1"}));
    EXPECT_EQ(rule->draft.limit, 10.5_A);
    EXPECT_EQ(rule->draft.expires_at, kNow + 2h);
    EXPECT_EQ(rule->draft.reason, "peak");
    EXPECT_EQ(rule->site, SiteId("garage"));
    EXPECT_EQ(parse_rule(R"({"kind":"pause","select":{"all":true},"limitA":null})", kNow)
                  ->draft.select.kind,
              SelectorKind::kAll);
}

TEST(Body, ReadsAmperesExactly) {
    const std::vector<std::pair<const char*, Amperes>> table{{"10", 10_A},
                                                             {"10.5", 10.5_A},
                                                             {"0", 0_A},
                                                             {"0.001", Amperes::milli(1)},
                                                             {"1.6e1", 16_A},
                                                             {"16.100", 16.1_A},
                                                             {"0.3", Amperes::milli(300)}};
    for (const auto& [text, amperes] : table) {
        const auto rule = parse_rule(cap(text), kNow);
        ASSERT_TRUE(rule) << text;
        EXPECT_EQ(rule->draft.limit, amperes) << text;
    }
}

TEST(Body, RefusesWhatIsNoFiniteExactAmount) {
    for (const auto* text : {"-1", "-0", "1e400", "-1e400", "1e-400", "1e30", "10.0001", "\"16\"",
                             "true", "[16]", "{}", "1000000001"})
        EXPECT_EQ(wrong_rule(cap(text)), "invalid limitA") << text;
    for (const auto* text : {"NaN", "Infinity", "-Infinity", "016", "+16", ".5", "16.", "0x10", ""})
        EXPECT_EQ(wrong_rule(cap(text)), "malformed") << text;
}

TEST(Body, RefusesWhatIsNotStrictJson) {
    for (const auto* text :
         {"", " ", "null", "[]", "16", "\"x\"", "{", "{}}", "{} x", "{'kind':1}", "{\"kind\":1,}",
          "{\"kind\"}", "\xEF\xBB\xBF{}", "{\"kind\":\"\xFF\"}", "{\"kind\":\"\xC0\xAF\"}",
          R"({"kind":"\ud800"})", R"({"kind":"\udc00x"})", "{\"kind\":\"a\nb\"}", "{/**/}"})
        EXPECT_EQ(wrong_rule(text), "malformed") << text;
}

TEST(Body, NamesTheFieldThatIsNotKnownOrThereTwice) {
    EXPECT_EQ(wrong_rule(R"({"kind":"cap","select":{"all":true},"limit":10})"), "malformed limit");
    EXPECT_EQ(wrong_rule(R"({"kind":"cap","select":{"all":true},"id":"r-1","limitA":1})"),
              "malformed id");
    EXPECT_EQ(wrong_rule(R"({"kind":"cap","select":{"id":"x"}})"), "malformed select.id");
    EXPECT_EQ(wrong_rule(R"({"kind":"cap","kind":"pause","select":{"all":true}})"),
              "malformed kind");
    EXPECT_EQ(wrong_rule(R"({"kind":"cap","k\u0069nd":"pause"})"), "malformed kind");
    EXPECT_EQ(wrong(parse_json(R"([{"a":1,"b":{"a":1,"a":2}}])")), "malformed a");
    const auto unknown = parse_charger(R"({"role":"admin"})");
    EXPECT_EQ(wrong(unknown), "malformed role");
    EXPECT_NE(unknown.error().message.find("maximumA"), std::string::npos);
}

TEST(Body, RefusesValuesOfTheWrongKind) {
    EXPECT_EQ(wrong_rule(R"({"kind":"cap"})"), "invalid select");
    EXPECT_EQ(wrong_rule(R"({"select":{"all":true}})"), "invalid kind");
    EXPECT_EQ(wrong_rule(R"({"kind":"throttle","select":{"all":true}})"), "invalid kind");
    for (const auto* select : {R"("CP-7")", "{}", R"({"charger":"a","circuit":"b"})", "null"})
        EXPECT_EQ(wrong_rule(R"({"kind":"pause","select":)" + std::string(select) + "}"),
                  "invalid select");
    EXPECT_EQ(wrong_rule(R"({"kind":"pause","select":{"all":false}})"), "invalid select.all");
    EXPECT_EQ(wrong_rule(R"({"kind":"pause","select":{"charger":""}})"), "invalid select.charger");
    EXPECT_EQ(wrong_rule(R"({"kind":"pause","select":{"charger":7}})"), "invalid select.charger");
    EXPECT_EQ(wrong_rule(R"({"kind":"pause","select":{"all":true},"reason":"a\u0000b"})"),
              "invalid reason");
    EXPECT_EQ(wrong_rule(R"({"kind":"pause","select":{"all":true},"reason":")" +
                         std::string(257, 'x') + "\"}"),
              "invalid reason");
}

// A rule of some kind for everybody, with more fields.
Result<RuleRequest> rule_of(std::string_view kind, std::string_view more,
                            std::string_view select = R"({"all":true})") {
    return parse_rule(R"({"kind":")" + std::string(kind) + R"(","select":)" + std::string(select) +
                          (more.empty() ? "" : ",") + std::string(more) + "}",
                      kNow);
}

Rule draft(std::string_view kind, std::string_view more,
           std::string_view select = R"({"all":true})") {
    auto rule = rule_of(kind, more, select);
    EXPECT_TRUE(rule) << rule.error().field << ": " << rule.error().message;
    return rule ? rule->draft : Rule{};
}

std::string wrong_in(std::string_view kind, std::string_view more,
                     std::string_view select = R"({"all":true})") {
    return wrong(rule_of(kind, more, select));
}

TEST(Body, ReadsEveryKindOfRule) {
    const std::vector<std::pair<const char*, RuleKind>> table{
        {"cap", RuleKind::kCap},         {"pause", RuleKind::kPause},
        {"reserve", RuleKind::kReserve}, {"exclude", RuleKind::kExclude},
        {"rank", RuleKind::kRank},       {"share", RuleKind::kShare},
        {"suspend", RuleKind::kSuspend}, {"boost", RuleKind::kBoost}};
    for (const auto& [word, kind] : table) EXPECT_EQ(draft(word, "").kind, kind) << word;

    const auto cap = draft("cap", R"("limitKw":11.5,"scope":"sum","layer":"grid","enabled":false,)"
                                  R"("startsAt":"2026-02-11T00:00:00Z")");
    EXPECT_EQ(cap.limit_power, Watts::of(11'500));
    EXPECT_EQ(cap.scope, Scope::kSum);
    EXPECT_EQ(cap.layer, Layer::kGrid);
    EXPECT_FALSE(cap.enabled);
    EXPECT_EQ(cap.starts_at, kNow + 12h);
    EXPECT_EQ(draft("cap", R"("limitPct":62.5)").limit_pct, Percent::milli(62'500));
    const auto reserve = draft("reserve", R"("limitA":16,"standing":true,"force":true)");
    EXPECT_EQ(reserve.limit, 16_A);
    EXPECT_TRUE(reserve.standing && reserve.force);
    const auto rank = draft("rank", R"("band":1,"weight":2.5)");
    EXPECT_EQ(rank.band, 1);
    EXPECT_EQ(rank.weight, Weight::milli(2'500));
    const auto share =
        draft("share", R"("share":{"policy":"deadline","strictBands":true,"minFirst":false,)"
                       R"("rotationMinutes":7.5,"reclaim":false})");
    EXPECT_EQ(share.share, (Share{.policy = SharePolicy::kDeadline,
                                  .strict_bands = true,
                                  .min_first = false,
                                  .rotation_slot = 450s,
                                  .reclaim = false}));
    EXPECT_EQ(draft("share", R"("share":{})").share, Share{});
    EXPECT_EQ(draft("suspend", R"("suspends":{"rule":"r-7"})").suspends,
              (Suspends{.rule = RuleId("r-7"), .kind = {}}));
    EXPECT_EQ(draft("suspend", R"("suspends":{"kind":"cap"})").suspends,
              (Suspends{.rule = {}, .kind = RuleKind::kCap}));
    EXPECT_EQ(draft("suspend", "").suspends, Suspends{});
    EXPECT_FALSE(draft("pause", "").suspends);
}

TEST(Body, ReadsOperatorsWords) {
    const auto schedule = draft("schedule", R"("limitA":10,"window":"Mon-Fri 17:00-21:00")");
    EXPECT_EQ(schedule.kind, RuleKind::kCap);
    EXPECT_EQ(schedule.layer, Layer::kOperator);
    ASSERT_TRUE(schedule.window);
    EXPECT_EQ(wrong_in("schedule", R"("limitA":10)"), "invalid window");

    const auto safety = draft("safety", R"("limitA":10)");
    EXPECT_EQ(safety.kind, RuleKind::kCap);
    EXPECT_EQ(safety.layer, Layer::kSafety);
    EXPECT_EQ(draft("safety", R"("limitA":10,"layer":"safety")"), safety);
    EXPECT_EQ(wrong_in("safety", R"("limitA":10,"layer":"driver")"), "invalid layer");

    const auto* peak = R"("limitPct":50,"window":"17:00-21:00")";
    const auto time_of_use = draft("time_of_use", peak, R"({"circuit":"main"})");
    EXPECT_EQ(time_of_use.kind, RuleKind::kCap);
    EXPECT_EQ(time_of_use.limit_pct, Percent::of(50));
    EXPECT_EQ(wrong_in("time_of_use", peak), "invalid select");
    EXPECT_EQ(wrong_in("time_of_use", R"("limitPct":50)", R"({"circuit":"main"})"),
              "invalid window");
    EXPECT_EQ(
        wrong_in("time_of_use", R"("limitA":50,"window":"17:00-21:00")", R"({"circuit":"main"})"),
        "invalid limitPct");
}

TEST(Body, ReadsWhomARuleIsAbout) {
    const std::vector<std::pair<const char*, SelectorTerm>> table{
        {R"({"charger":"CP-7"})", {SelectorKind::kCharger, "CP-7"}},
        {R"({"evse":"CP-7/2"})", {SelectorKind::kEvse, "CP-7/2"}},
        {R"({"circuit":"main"})", {SelectorKind::kCircuit, "main"}},
        {R"({"tag":"ground floor"})", {SelectorKind::kTag, "ground floor"}},
        {R"({"partner":"acme"})", {SelectorKind::kPartner, "acme"}},
        {R"({"idTagGroup":"staff"})", {SelectorKind::kIdTagGroup, "staff"}},
        {R"({"transaction":12})", {SelectorKind::kTransaction, "12"}},
        {R"({"transaction":"12"})", {SelectorKind::kTransaction, "12"}},
        {R"({"all":true})", {SelectorKind::kAll, ""}}};
    for (const auto& [select, term] : table)
        EXPECT_EQ(draft("pause", "", select).select.term(), term) << select;
    for (const auto* number :
         {"0", "-1", "1.5", "1e2", "\"x\"", "\"\"", "01", "true", "1234567890123456789"})
        EXPECT_NE(wrong_in("pause", "", R"({"transaction":)" + std::string(number) + "}"), "")
            << number;
    EXPECT_EQ(wrong_in("pause", "", R"({"transaction":1.5})"), "invalid select.transaction");

    const auto one = draft("pause", "", R"({"circuit":"main","except":{"tag":"fire"}})");
    EXPECT_EQ(one.select.except, (std::vector<SelectorTerm>{{SelectorKind::kTag, "fire"}}));
    const auto two =
        draft("pause", "", R"({"all":true,"except":[{"tag":"fire"},{"transaction":9}]})");
    EXPECT_EQ(two.select.except, (std::vector<SelectorTerm>{{SelectorKind::kTag, "fire"},
                                                            {SelectorKind::kTransaction, "9"}}));
    EXPECT_EQ(wrong_in("pause", "", R"({"all":true,"except":[{"tag":"a"},{"hue":"b"}]})"),
              "malformed select.except[1].hue");
    EXPECT_EQ(wrong_in("pause", "", R"({"all":true,"except":[{"tag":"a"},{}]})"),
              "invalid select.except[1]");
    EXPECT_EQ(wrong_in("pause", "", R"({"all":true,"except":"CP-7"})"), "invalid select.except");
    EXPECT_EQ(wrong_in("pause", "", R"({"except":{"tag":"a"}})"), "invalid select");
    std::string many;
    for (int i = 0; i < 32; ++i) many += R"({"tag":"a"},)";
    EXPECT_EQ(wrong_in("pause", "", R"({"all":true,"except":[)" + many + R"({"tag":"a"}]})"),
              "invalid select.except");
}

TEST(Body, ReadsWindowsAsTextAndInParts) {
    const auto window = [](std::string_view json) {
        return draft("pause", R"("window":)" + std::string(json)).window;
    };
    const auto evening = *parse_window("Mon-Fri 17:00-21:00 Europe/Berlin");
    EXPECT_EQ(window(R"("Mon-Fri 17:00-21:00 Europe/Berlin")"), evening);
    EXPECT_EQ(window(R"({"days":"Mon-Fri","from":"17:00","until":"21:00","zone":"Europe/Berlin"})"),
              evening);
    EXPECT_EQ(window(R"({"days":["Mon","Tue","Wed","Thu","Fri"],"from":"17:00","until":"21:00",)"
                     R"("zone":"Europe/Berlin"})"),
              evening);
    EXPECT_EQ(window(R"({"from":"22:00","until":"06:00"})"), *parse_window("22:00-06:00"));
    const auto bad = [](std::string_view json) {
        return wrong_in("pause", R"("window":)" + std::string(json));
    };
    EXPECT_EQ(bad(R"("sometimes")"), "invalid window");
    EXPECT_EQ(bad("[]"), "invalid window");
    EXPECT_EQ(bad("7"), "invalid window");
    EXPECT_EQ(bad(R"({"from":"17:00"})"), "invalid window.until");
    EXPECT_EQ(bad(R"({"until":"17:00"})"), "invalid window.from");
    for (const auto* time : {"25:00", "7:00", "17:60", "", "17:00-18:00", "17:00 ", "noon"})
        EXPECT_EQ(bad(R"({"from":")" + std::string(time) + R"(","until":"21:00"})"),
                  "invalid window.from")
            << time;
    EXPECT_EQ(bad(R"({"from":"17:00","until":"24:01"})"), "invalid window.until");
    for (const auto* days : {"[]", "[1]", R"(["Mon","Mo"])", R"("mon")", R"("")", R"("Mon,")"})
        EXPECT_EQ(bad(R"({"days":)" + std::string(days) + R"(,"from":"17:00","until":"21:00"})"),
                  "invalid window.days")
            << days;
    EXPECT_EQ(bad(R"({"from":"17:00","until":"21:00","zone":"a b"})"), "invalid window.zone");
    EXPECT_EQ(bad(R"({"from":"17:00","until":"21:00","day":"Mon"})"), "malformed window.day");
}

TEST(Body, NamesTheFieldOfARuleThatIsWrong) {
    EXPECT_EQ(wrong_in("cap", R"("limitA":1,"limitKw":1)"), "invalid limitKw");
    EXPECT_EQ(wrong_in("cap", R"("limitKw":1,"limitPct":1)"), "invalid limitPct");
    EXPECT_EQ(wrong_in("cap", R"("limitKw":-1)"), "invalid limitKw");
    EXPECT_EQ(wrong_in("cap", R"("limitPct":"50")"), "invalid limitPct");
    EXPECT_EQ(wrong_in("cap", R"("limitA":1,"scope":"all")"), "invalid scope");
    EXPECT_EQ(wrong_in("cap", R"("limitA":1,"layer":"physical")"), "invalid layer");
    EXPECT_EQ(wrong_in("cap", R"("limitA":1,"enabled":1)"), "invalid enabled");
    EXPECT_EQ(wrong_in("rank", R"("band":1.5)"), "invalid band");
    EXPECT_EQ(wrong_in("rank", R"("weight":-1)"), "invalid weight");
    EXPECT_EQ(wrong_in("share", R"("share":"equal")"), "invalid share");
    EXPECT_EQ(wrong_in("share", R"("share":{"policy":"fair"})"), "invalid share.policy");
    EXPECT_EQ(wrong_in("share", R"("share":{"rotationMinutes":1441})"),
              "invalid share.rotationMinutes");
    EXPECT_EQ(wrong_in("share", R"("share":{"weights":1})"), "malformed share.weights");
    EXPECT_EQ(wrong_in("suspend", R"("suspends":{"kind":"caps"})"), "invalid suspends.kind");
    EXPECT_EQ(wrong_in("suspend", R"("suspends":{"rule":""})"), "invalid suspends.rule");
    EXPECT_EQ(wrong_in("suspend", R"("suspends":"r-7")"), "invalid suspends");
    EXPECT_EQ(wrong_in("pause", R"("startsAt":"2040-01-01T00:00:00Z")"), "invalid startsAt");
}

TEST(Body, RefusesTimesThatNobodyMeant) {
    for (const auto* time :
         {"0000-01-01T00:00:00Z", "9999-01-01T00:00:00Z", "2026-02-10", "2026-02-10T12:00:00",
          "2026-02-10T12:00:00+99:99", "tomorrow", "2036-03-01T00:00:00Z"})
        EXPECT_EQ(wrong_rule(R"({"kind":"pause","select":{"all":true},"expiresAt":")" +
                             std::string(time) + "\"}"),
                  "invalid expiresAt")
            << time;
    EXPECT_EQ(wrong_rule(R"({"kind":"pause","select":{"all":true},"expiresAt":1770724800})"),
              "invalid expiresAt");
}

TEST(Body, APatchTellsNullFromNothing) {
    EXPECT_FALSE(parse_rule_patch(R"({"limitA":8})", kNow)->expires_at);
    const auto endless = parse_rule_patch(R"({"expiresAt":null})", kNow);
    ASSERT_TRUE(endless);
    ASSERT_TRUE(endless->expires_at);
    EXPECT_FALSE(*endless->expires_at);
    const auto always =
        parse_rule_patch(R"({"window":null,"startsAt":null,"enabled":false})", kNow);
    ASSERT_TRUE(always);
    EXPECT_TRUE(always->window && !*always->window && always->starts_at && !*always->starts_at);
    EXPECT_EQ(always->enabled, false);
    const auto other = parse_rule_patch(
        R"({"limitKw":7,"window":"17:00-21:00","band":2,"weight":3,"layer":"driver",)"
        R"("standing":true,"force":false,"share":{"policy":"fcfs"}})",
        kNow);
    ASSERT_TRUE(other) << other.error().message;
    EXPECT_EQ(other->limit_power, 7_kW);
    EXPECT_EQ(other->window, std::optional(std::optional(*parse_window("17:00-21:00"))));
    EXPECT_EQ(other->share->policy, SharePolicy::kFcfs);
    EXPECT_EQ(wrong(parse_rule_patch(R"({"limitA":7,"limitKw":7})", kNow)), "invalid limitKw");
    EXPECT_EQ(wrong(parse_rule_patch(R"({"kind":"pause"})", kNow)), "malformed kind");
    EXPECT_EQ(wrong(parse_rule_patch("{}", kNow)), "invalid");
    EXPECT_EQ(wrong(parse_rule_patch(R"({"limitA":null})", kNow)), "invalid limitA");
    EXPECT_EQ(wrong(parse_rule_patch(R"({"version":9})", kNow)), "malformed version");
}

TEST(Body, BoundsDepthAndSize) {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_EQ(wrong(parse_json(nested(32))), "");
    EXPECT_EQ(wrong(parse_json(nested(33))), "malformed");
    EXPECT_EQ(wrong(parse_json(std::string(10'000'000, '['))), "malformed");
    std::string keys = "{";
    for (int i = 0; i < 65; ++i) keys += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":0";
    EXPECT_EQ(wrong(parse_json(keys + "}")), "too large");
    std::string list = "[0";
    for (int i = 0; i < 1'024; ++i) list += ",0";
    EXPECT_EQ(wrong(parse_json(list + "]")), "too large");
    std::string many = "[";
    for (int i = 0; i < 10; ++i) many += (i == 0 ? "" : ",") + list.substr(0, 1'000) + "]";
    EXPECT_EQ(wrong(parse_json(many + "]")), "too large");
}

TEST(Body, ReadsCircuitsAndChargers) {
    const auto circuit =
        parse_circuit(R"({"breakerA":{"L1":63,"L2":50,"L3":63},"parent":null,"safetyPct":10})");
    ASSERT_TRUE(circuit) << circuit.error().message;
    EXPECT_EQ(circuit->patch.breaker, (PerPhase{{63_A, 50_A, 63_A}}));
    EXPECT_EQ(circuit->patch.parent, std::optional<std::optional<CircuitId>>(std::in_place));
    EXPECT_EQ(circuit->patch.safety_pct, 10);
    EXPECT_EQ(parse_circuit(R"({"breakerA":63})")->patch.breaker, PerPhase::each(63_A));
    EXPECT_FALSE(parse_circuit("{}")->patch.parent);
    EXPECT_EQ(wrong(parse_circuit(R"({"breakerA":{"L1":63}})")), "invalid breakerA.L2");
    EXPECT_EQ(wrong(parse_circuit(R"({"breakerA":"63"})")), "invalid breakerA");
    EXPECT_EQ(wrong(parse_circuit(R"({"breakerA":{"L1":1,"L2":1,"L3":1,"L4":1}})")),
              "malformed breakerA.L4");
    EXPECT_EQ(wrong(parse_circuit(R"({"safetyPct":1.5})")), "invalid safetyPct");
    EXPECT_EQ(wrong(parse_circuit(R"({"safetyPct":1e9,"name":3})")), "invalid name");

    const auto request =
        parse_charger(R"({"circuit":"a","maximumA":32,"floorA":6,"phases":"L1+L3","settleMs":1500,)"
                      R"("keepsProfiles":true,"evseCount":2})");
    ASSERT_TRUE(request) << request.error().message;
    const auto& charger = request->patch;
    EXPECT_EQ(charger.circuit, CircuitId("a"));
    EXPECT_EQ(charger.phases, (PhaseSet{Phase::kL1, Phase::kL3}));
    EXPECT_EQ(charger.settle, 1500ms);
    EXPECT_EQ(charger.keeps_profiles, true);
    EXPECT_EQ(charger.evse_count, 2);
    EXPECT_FALSE(charger.minimum);
    EXPECT_EQ(wrong(parse_charger(R"({"phases":"L4"})")), "invalid phases");
    EXPECT_EQ(wrong(parse_charger(R"({"keepsProfiles":1})")), "invalid keepsProfiles");
    EXPECT_EQ(wrong(parse_charger(R"({"evseCount":"2"})")), "invalid evseCount");
}

TEST(Body, ReadsHowACircuitIsSharedAndWhatElseItCarries) {
    const auto read =
        parse_circuit(R"({"share":{"policy":"weighted"},"active":false,)"
                      R"("peaks":[{"window":"Mon-Fri 17:00-21:00","percent":50},)"
                      R"({"window":{"from":"07:00","until":"09:00"},"percent":62.5}],)"
                      R"("building":{"meter":"main-meter","covers":"rest","staleAfterS":12.5,)"
                      R"("worstCaseA":{"L1":20,"L2":30,"L3":40}}})");
    ASSERT_TRUE(read) << read.error().field << read.error().message;
    const auto& circuit = read->patch;
    EXPECT_EQ((*circuit.share)->policy, SharePolicy::kWeighted);
    EXPECT_EQ(circuit.active, false);
    EXPECT_EQ(*circuit.peaks,
              (std::vector<Peak>{{*parse_window("Mon-Fri 17:00-21:00"), Percent::of(50)},
                                 {*parse_window("07:00-09:00"), Percent::milli(62'500)}}));
    EXPECT_EQ(**circuit.building, (BuildingLoad{.meter = MeterId("main-meter"),
                                                .covers = BuildingLoad::Covers::kRest,
                                                .stale_after = 12'500ms,
                                                .worst_case = PerPhase{{20_A, 30_A, 40_A}}}));
    const auto none = parse_circuit(R"({"share":null,"building":null,"peaks":[]})");
    ASSERT_TRUE(none);
    EXPECT_TRUE(none->patch.share && !*none->patch.share);
    EXPECT_TRUE(none->patch.building && !*none->patch.building);
    EXPECT_TRUE(none->patch.peaks && none->patch.peaks->empty());
    EXPECT_EQ(wrong(parse_circuit(R"({"peaks":[{"window":"17:00-21:00"}]})")),
              "invalid peaks[0].percent");
    EXPECT_EQ(wrong(parse_circuit(R"({"peaks":[{"window":"x","percent":1}]})")),
              "invalid peaks[0].window");
    EXPECT_EQ(wrong(parse_circuit(R"({"peaks":["17:00-21:00"]})")), "invalid peaks[0]");
    EXPECT_EQ(wrong(parse_circuit(R"({"building":{"covers":"rest"}})")), "invalid building.meter");
    EXPECT_EQ(wrong(parse_circuit(R"({"building":{"meter":"m","covers":"all"}})")),
              "invalid building.covers");
    EXPECT_EQ(wrong(parse_circuit(R"({"building":{"meter":"m","worstCaseA":{"L1":1}}})")),
              "invalid building.worstCaseA.L2");
    EXPECT_EQ(wrong(parse_circuit(R"({"breakerA":63,"maxKw":40})")), "invalid maxKw");
}

TEST(Body, ReadsWhatAChargerIs) {
    const auto read = parse_charger(
        R"({"tags":["ground-floor","fast","fast"],"priority":3,"managed":false,"rotation":"STR",)"
        R"("dc":{"maximumKw":150,"minimumKw":7.5,"efficiencyPct":94,"auxiliaryKw":1.5,)"
        R"("powerFactorPct":99}})");
    ASSERT_TRUE(read) << read.error().field << read.error().message;
    EXPECT_EQ(*read->patch.tags, (std::vector<std::string>{"ground-floor", "fast"}));
    EXPECT_EQ(read->patch.priority, 3);
    EXPECT_EQ(read->patch.managed, false);
    EXPECT_EQ(read->patch.rotation, *parse_rotation("STR"));
    EXPECT_EQ(**read->patch.dc, (DcOutput{.maximum = 150_kW,
                                          .minimum = Watts::of(7'500),
                                          .efficiency_min = Percent::of(94),
                                          .auxiliary = Watts::of(1'500),
                                          .power_factor = Percent::of(99)}));
    EXPECT_EQ(parse_charger(R"({"dc":null})")->patch.dc,
              std::optional<std::optional<DcOutput>>(std::in_place));
    EXPECT_EQ(wrong(parse_charger(R"({"dc":{}})")), "invalid dc.maximumKw");
    EXPECT_EQ(wrong(parse_charger(R"({"dc":{"maximumKw":1,"volts":1}})")), "malformed dc.volts");
    EXPECT_EQ(wrong(parse_charger(R"({"rotation":"RRT"})")), "invalid rotation");
    EXPECT_EQ(wrong(parse_charger(R"({"tags":"fast"})")), "invalid tags");
    EXPECT_EQ(wrong(parse_charger(R"({"tags":[""]})")), "invalid tags");
    EXPECT_EQ(wrong(parse_charger(R"({"maximumA":32,"maxHardwareKw":22})")),
              "invalid maxHardwareKw");
    EXPECT_EQ(wrong(parse_charger(R"({"minimumA":6,"minChargeRateKw":4})")),
              "invalid minChargeRateKw");
}

TEST(Body, OtherTermsBecomeOurs) {
    const Supply supply;
    auto circuit = *parse_circuit(R"({"maxKw":40})");
    in_our_terms(circuit, supply, nullptr);
    EXPECT_EQ(circuit.patch.breaker, PerPhase::each(Amperes::milli(57'971)));  // 57.9710...
    EXPECT_FALSE(circuit.max_power);

    auto priority = *parse_circuit(R"({"algorithm":"PRIORITY"})");
    in_our_terms(priority, supply, nullptr);
    EXPECT_EQ((*priority.patch.share)->policy, SharePolicy::kWeighted);
    EXPECT_TRUE(priority.patch.peaks->empty());
    auto peaks = *parse_circuit(
        R"({"algorithm":"TIME_OF_USE","peaks":[{"window":"07:00-09:00","percent":30}]})");
    in_our_terms(peaks, supply, nullptr);
    EXPECT_EQ(*peaks.patch.peaks,
              (std::vector<Peak>{{*parse_window("07:00-09:00"), Percent::of(30)}}));
    EXPECT_EQ(wrong(parse_circuit(R"({"algorithm":"FAIR"})")), "invalid algorithm");

    auto three = *parse_charger(R"({"maxHardwareKw":22,"minChargeRateKw":4.2})");
    in_our_terms(three, supply, nullptr);
    EXPECT_EQ(three.patch.maximum, Amperes::milli(31'885));  // 31.8840...
    EXPECT_EQ(three.patch.minimum, 7_A);                     // 6.0869..., in steps of 1 A.
    auto one = *parse_charger(R"({"maxHardwareKw":7.36,"minChargeRateKw":0.1,"phases":"L2"})");
    in_our_terms(one, supply, nullptr);
    EXPECT_EQ(one.patch.maximum, 32_A);
    EXPECT_EQ(one.patch.minimum, 6_A);  // No car charges below.
    const Charger there{.id = ChargerId("CP-1"),
                        .circuit = CircuitId("main"),
                        .quantum = 0.5_A,
                        .phases = {Phase::kL1}};
    auto known = *parse_charger(R"({"maxHardwareKw":3.68,"minChargeRateKw":1.42})");
    in_our_terms(known, supply, &there);
    EXPECT_EQ(known.patch.maximum, 16_A);
    EXPECT_EQ(known.patch.minimum, 6.5_A);  // 6.17...
    auto neither = *parse_charger(R"({"maximumA":20})");
    in_our_terms(neither, supply, &there);
    EXPECT_EQ(neither.patch.maximum, 20_A);
    EXPECT_FALSE(neither.patch.minimum);
}

TEST(Body, ReadsSitesTagsAndWishes) {
    const auto site = parse_site(R"({"wiring":"delta_linear","nominalV":208,"raiseSpreadS":60})");
    ASSERT_TRUE(site) << site.error().message;
    EXPECT_EQ(site->wiring, Wiring::kDeltaLinear);
    EXPECT_EQ(site->nominal, 208_V);
    EXPECT_EQ(site->raise_spread, 60s);
    EXPECT_EQ(wrong(parse_site(R"({"wiring":"star"})")), "invalid wiring");
    EXPECT_EQ(wrong(parse_site(R"({"raiseSpreadS":-1})")), "invalid raiseSpreadS");

    const auto tag = parse_id_tag(R"({"group":"staff","site":"garage"})");
    ASSERT_TRUE(tag);
    EXPECT_EQ(tag->group, "staff");
    EXPECT_EQ(tag->site, SiteId("garage"));
    EXPECT_EQ(parse_id_tag(R"({"group":""})")->group, "");
    EXPECT_EQ(wrong(parse_id_tag("{}")), "invalid group");

    const auto wish = parse_wish(R"({"energyKwh":20.5,"departBy":"2026-02-10T17:00:00Z"})", kNow);
    ASSERT_TRUE(wish);
    EXPECT_EQ(wish->requested, WattHours::of(20'500));
    EXPECT_EQ(wish->depart_by, kNow + 5h);
    const auto nothing = parse_wish(R"({"energyKwh":null})", kNow);
    ASSERT_TRUE(nothing);
    EXPECT_FALSE(nothing->requested || nothing->depart_by);
    EXPECT_EQ(wrong(parse_wish(R"({"energyKwh":"20"})", kNow)), "invalid energyKwh");
    EXPECT_EQ(wrong(parse_wish(R"({"departBy":"soon"})", kNow)), "invalid departBy");
}

TEST(Body, ReadsPlans) {
    const auto plan = parse_plan(
        R"({"rules":[{"kind":"cap","select":{"circuit":"main"},"limitA":40},)"
        R"({"id":"r-7","kind":"pause","select":{"all":true}}],"withoutRules":["r-1"],)"
        R"("circuits":{"main":{"breakerA":50},"old":{"maxKw":20}},)"
        R"("chargers":{"CP-7":{"maximumA":16}},"at":"2026-02-10T17:00:00Z","site":"garage"})",
        kNow);
    ASSERT_TRUE(plan) << plan.error().field << plan.error().message;
    EXPECT_EQ(plan->site, SiteId("garage"));
    EXPECT_EQ(plan->rules.at(0).limit, 40_A);
    EXPECT_EQ(plan->rules.at(1).id, RuleId("r-7"));
    EXPECT_EQ(plan->without_rules, (std::vector{RuleId("r-1")}));
    EXPECT_EQ(plan->circuits.at(0).first, CircuitId("main"));
    EXPECT_EQ(plan->circuits.at(0).second.patch.breaker, PerPhase::each(50_A));
    EXPECT_EQ(plan->circuits.at(1).second.max_power, 20_kW);
    EXPECT_EQ(plan->chargers.at(0).second.patch.maximum, 16_A);
    EXPECT_EQ(plan->at, kNow + 5h);
    EXPECT_TRUE(parse_plan("{}", kNow));
    const auto bad = [](const char* body) { return wrong(parse_plan(body, kNow)); };
    EXPECT_EQ(bad(R"({"rules":[{"kind":"cap"}]})"), "invalid rules[0].select");
    EXPECT_EQ(bad(R"({"rules":[{"kind":"cap","select":{"all":true},"limit":1}]})"),
              "malformed rules[0].limit");
    EXPECT_EQ(bad(R"({"rules":[1]})"), "invalid rules[0]");
    EXPECT_EQ(bad(R"({"rules":{}})"), "invalid rules");
    EXPECT_EQ(bad(R"({"withoutRules":[1]})"), "invalid withoutRules");
    EXPECT_EQ(bad(R"({"circuits":{"main":{"breakerA":-1}}})"), "invalid circuits.main.breakerA");
    EXPECT_EQ(bad(R"({"circuits":{"main":1}})"), "invalid circuits.main");
    EXPECT_EQ(bad(R"({"chargers":[]})"), "invalid chargers");
    EXPECT_EQ(bad(R"({"chargers":{"CP-7":{"dc":{"maximumKw":"1"}}}})"),
              "invalid chargers.CP-7.dc.maximumKw");
    EXPECT_EQ(bad(R"({"at":"later"})"), "invalid at");
    EXPECT_EQ(bad(R"({"rule":[]})"), "malformed rule");
}

TEST(Body, ReadsReadings) {
    const auto meter = parse_reading(R"({"meterId":"METER-001","kwhConsumedAc":12.5,)"
                                     R"("voltage":230.4,"timestamp":"2026-02-11T10:30:00Z"})");
    ASSERT_TRUE(meter) << meter.error().message;
    EXPECT_EQ(std::get<telemetry::MeterReading>(*meter),
              (telemetry::MeterReading{.meter = MeterId("METER-001"),
                                       .energy = WattHours::of(12'500),
                                       .voltage = Volts::milli(230'400),
                                       .at = *parse_time("2026-02-11T10:30:00Z")}));
    const auto vehicle =
        parse_reading(R"({"vehicleId":"VH-001","chargerId":"CHG-001","soc":78.5,)"
                      R"("kwhDeliveredDc":0.30000000000000004,"batteryTemp":-3.25,)"
                      R"("timestamp":"2026-02-11T10:30:00Z","meterId":null})");
    ASSERT_TRUE(vehicle) << vehicle.error().message;
    EXPECT_EQ(std::get<telemetry::VehicleReading>(*vehicle),
              (telemetry::VehicleReading{.vehicle = VehicleId("VH-001"),
                                         .charger = MeterId("CHG-001"),
                                         .soc_milli_pct = 78'500,
                                         .energy = WattHours::of(300),
                                         .battery_milli_celsius = -3'250,
                                         .at = *parse_time("2026-02-11T10:30:00Z")}));
}

TEST(Body, RefusesReadingsThatAreNotOneDevices) {
    EXPECT_EQ(wrong(parse_reading(R"({"meterId":"a","vehicleId":"b"})")), "invalid");
    EXPECT_EQ(wrong(parse_reading(R"({"voltage":230})")), "invalid");
    EXPECT_EQ(wrong(parse_reading(R"({"meterId":"a","voltage":230,"kwhConsumedAc":1})")),
              "invalid timestamp");
    EXPECT_EQ(wrong(parse_reading(R"({"meterId":7,"voltage":230})")), "invalid meterId");
    EXPECT_EQ(wrong(parse_reading(R"({"meterId":"a","soc":50})")), "malformed soc");
    EXPECT_EQ(wrong(parse_reading(R"({"meterId":"a","kwhConsumedAc":"1"})")),
              "invalid kwhConsumedAc");
    EXPECT_EQ(wrong(parse_reading(R"({"meterId":"a","kwhConsumedAc":1e400})")),
              "invalid kwhConsumedAc");
}

TEST(Body, ReadsTheMetersOfAVehicle) {
    const auto meters = parse_meters(R"({"meterIds":["A","B","A"]})");
    ASSERT_TRUE(meters);
    EXPECT_EQ(*meters, (std::vector{MeterId("A"), MeterId("B")}));
    for (const auto* list : {"\"A\"", "[1]", "[\"\"]", "[\"a\\u0000\"]", "null"})
        EXPECT_EQ(wrong(parse_meters(R"({"meterIds":)" + std::string(list) + "}")),
                  "invalid meterIds")
            << list;
    EXPECT_EQ(wrong(parse_meters("{}")), "invalid meterIds");
}

// The fuzz target's little brother: whatever comes, it is read or refused.
TEST(Body, SurvivesMutatedBodies) {
    const std::vector<std::string> seeds{
        cap("10.5"),
        R"({"kind":"share","select":{"all":true,"except":[{"tag":"a"},{"transaction":7}]},)"
        R"("share":{"policy":"fcfs","rotationMinutes":15},"suspends":{"kind":"cap"},"band":3,)"
        R"("window":{"days":["Mon"],"from":"17:00","until":"21:00","zone":"Europe/Berlin"}})",
        R"({"breakerA":{"L1":63,"L2":50,"L3":63},"parent":null,"safetyPct":10,)"
        R"("peaks":[{"window":"Mon-Fri 17:00-21:00","percent":50}],"building":{"meter":"m"}})",
        R"({"maxHardwareKw":22,"tags":["a"],"rotation":"RTS","dc":{"maximumKw":50}})",
        R"({"rules":[{"kind":"pause","select":{"all":true}}],"circuits":{"a":{"maxKw":9}}})",
        R"({"energyKwh":20,"departBy":"2026-02-11T10:30:00Z","group":"x"})",
        R"({"vehicleId":"VH-001","soc":78.5,"timestamp":"2026-02-11T10:30:00Z"})",
        R"({"meterIds":["A","\u00e9","\ud83d\ude00"]})"};
    std::mt19937 random(7);
    for (int i = 0; i < 20'000; ++i) {
        auto text = seeds[random() % seeds.size()];
        for (auto edits = 1 + random() % 4; edits > 0; --edits) {
            const auto at = random() % text.size();
            switch (random() % 3) {
                case 0:
                    text[at] = static_cast<char>(random());
                    break;
                case 1:
                    text.insert(at, text, random() % text.size(), random() % 8);
                    break;
                default:
                    text.erase(at, 1 + random() % 3);
            }
            if (text.empty()) text = "{";
        }
        (void)parse_rule(text, kNow).has_value();
        (void)parse_rule_patch(text, kNow).has_value();
        if (auto circuit = parse_circuit(text)) in_our_terms(*circuit, Supply{}, nullptr);
        if (auto charger = parse_charger(text)) in_our_terms(*charger, Supply{}, nullptr);
        (void)parse_plan(text, kNow).has_value();
        (void)parse_wish(text, kNow).has_value();
        (void)parse_id_tag(text).has_value();
        (void)parse_reading(text).has_value();
        (void)parse_meters(text).has_value();
    }
}

}  // namespace
}  // namespace busbar::http
