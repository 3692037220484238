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
    EXPECT_EQ(wrong_rule(R"({"kind":"boost","select":{"all":true}})"), "invalid kind");
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

TEST(Body, SaysWhichKindsAreNotThereYet) {
    const auto rule = parse_rule(R"({"kind":"reserve","select":{"all":true}})", kNow);
    ASSERT_FALSE(rule);
    EXPECT_EQ(rule.error().message, "'reserve' is not there yet: cap, pause and exclude are");
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

    const auto charger =
        parse_charger(R"({"circuit":"a","maximumA":32,"floorA":6,"phases":"L1+L3","settleMs":1500,)"
                      R"("keepsProfiles":true,"evseCount":2})");
    ASSERT_TRUE(charger) << charger.error().message;
    EXPECT_EQ(charger->circuit, CircuitId("a"));
    EXPECT_EQ(charger->phases, (PhaseSet{Phase::kL1, Phase::kL3}));
    EXPECT_EQ(charger->settle, 1500ms);
    EXPECT_EQ(charger->keeps_profiles, true);
    EXPECT_EQ(charger->evse_count, 2);
    EXPECT_FALSE(charger->minimum);
    EXPECT_EQ(wrong(parse_charger(R"({"phases":"L4"})")), "invalid phases");
    EXPECT_EQ(wrong(parse_charger(R"({"keepsProfiles":1})")), "invalid keepsProfiles");
    EXPECT_EQ(wrong(parse_charger(R"({"evseCount":"2"})")), "invalid evseCount");
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
        cap("10.5"), R"({"breakerA":{"L1":63,"L2":50,"L3":63},"parent":null,"safetyPct":10})",
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
        (void)parse_circuit(text).has_value();
        (void)parse_reading(text).has_value();
        (void)parse_meters(text).has_value();
    }
}

}  // namespace
}  // namespace busbar::http
