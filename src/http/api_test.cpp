#include "http/api.hpp"

#include <algorithm>

#include "http/test_world.hpp"

namespace busbar::http {

std::string header(const Response& response, std::string_view name) {
    const auto found =
        std::ranges::find(response.headers, name, &std::pair<std::string, std::string>::first);
    return found == response.headers.end() ? "" : found->second;
}

ApiTest::ApiTest()
    : control(
          store, telemetry, clock, feed, [this] { return std::make_unique<SharedStrand>(strand); },
          [this] { return ++chance; }),
      api(control, store, telemetry, clock,
          {.version = "1.2.3",
           .metrics = [] { return std::string("busbar_up 1\n"); },
           .dispatch =
               [] {
                   return DispatchFigures{3, 0.14, 0.2896, 1e300 * 1e300};
               },
           .smith = &smith,
           .onboarding = &onboarding,
           .timer = std::make_shared<SharedStrand>(strand)}) {
    EXPECT_TRUE(control.start(gateway));
    strand.run();
    json(201, Method::kPut, "/api/v1/sites/garage", R"({"name":"Garage"})");
    json(201, Method::kPut, "/api/v1/circuits/feeder", R"({"breakerA":63,"safetyPct":0})");
    json(201, Method::kPut, "/api/v1/circuits/level-1",
         R"({"parent":"feeder","breakerA":{"L1":32,"L2":32,"L3":32},"safetyPct":0})");
    json(201, Method::kPut, "/api/v1/chargers/CP-7",
         R"({"circuit":"level-1","maximumA":32,"name":"Stall 7","settleMs":5000})");
    json(201, Method::kPut, "/api/v1/chargers/CP-8",
         R"({"circuit":"level-1","maximumA":16,"partner":"acme","evseCount":2})");
    std::int64_t generation = 0;
    for (const auto* charger : {"CP-7", "CP-8"}) {
        control.connected(ChargerId(charger), ++generation);
        control.boot(ChargerId(charger), {"Vendor", "Model \"<b>\"", "", ""},
                     [](const BootReply&) {});
        for (const int connector : {1, 2})
            control.status(ChargerId(charger), {.connector = connector,
                                                .status = ConnectorStatus::kAvailable,
                                                .error_code = "NoError",
                                                .info = ""});
        strand.run();
    }
}

Response ApiTest::ask(Request request) {
    int answers = 0;
    Response answer{.status = 0};
    request.accepted_at = clock.steady();
    api.handle(std::move(request), [&](Response response) {
        ++answers;
        answer = std::move(response);
    });
    strand.run();
    EXPECT_LE(answers, 1);
    return answer;
}

Response ApiTest::ask(Method method, const std::string& target, std::string body) {
    Request request{.method = method, .target = *parse_target(target), .body = std::move(body)};
    if (!request.body.empty()) request.content_type = "application/json";
    return ask(std::move(request));
}

boost::json::value ApiTest::json(int status, Method method, const std::string& target,
                                 std::string body) {
    const auto answer = ask(method, target, std::move(body));
    EXPECT_EQ(answer.status, status) << to_string(method) << " " << target << ": " << answer.body;
    boost::json::error_code failed;
    auto value = boost::json::parse(answer.body, failed);
    EXPECT_FALSE(failed) << answer.body;
    return value;
}

void ApiTest::plug_in(const std::string& charger, int connector) {
    control.status(ChargerId(charger), {.connector = connector,
                                        .status = ConnectorStatus::kCharging,
                                        .error_code = "NoError",
                                        .info = ""});
    control.start(ChargerId(charger), {.connector = connector, .id_tag = "tag"},
                  [](const Result<StartReply>&) {});
    strand.run_for(std::chrono::minutes{2});
}

namespace {

TEST_F(ApiTest, IdTagsBelongToGroups) {
    const auto made = ask(Method::kPut, "/api/v1/id-tags/04A2", R"({"group":"staff"})");
    EXPECT_EQ(made.status, 201);
    EXPECT_EQ(made.body, R"({"tag":"04A2","site":"garage","group":"staff","revision":6})");
    EXPECT_EQ(ask(Method::kGet, "/api/v1/id-tags/04a2").body,
              R"({"tag":"04A2","site":"garage","group":"staff"})");
    json(200, Method::kPut, "/api/v1/id-tags/04A2", R"({"group":"board"})");
    const auto list = json(200, Method::kGet, "/api/v1/id-tags");
    EXPECT_EQ(list.at("items").at(0).at("group").as_string(), "board");
    json(201, Method::kPost, "/api/v1/rules",
         R"({"kind":"rank","select":{"idTagGroup":"board"},"band":1})");
    EXPECT_EQ(ask(Method::kDelete, "/api/v1/id-tags/04A2").body, R"({"tag":"04A2","revision":9})");
    json(404, Method::kGet, "/api/v1/id-tags/04A2");
    json(404, Method::kDelete, "/api/v1/id-tags/04A2");
    json(422, Method::kPut, "/api/v1/id-tags/04A2", "{}");
    json(404, Method::kPut, "/api/v1/id-tags/04A2", R"({"group":"a","site":"elsewhere"})");
}

TEST_F(ApiTest, ADriverMayWish) {
    plug_in("CP-7");
    const auto charger = json(200, Method::kGet, "/api/v1/chargers/CP-7");
    const auto id = charger.at("evses").at(0).at("transaction").at("id").as_int64();
    const auto path = "/api/v1/transactions/" + std::to_string(id) + "/wish";
    const auto wished =
        json(200, Method::kPut, path, R"({"energyKwh":20.5,"departBy":"2026-02-10T18:00:00Z"})");
    EXPECT_EQ(wished.at("wish").at("energyKwh").as_double(), 20.5);
    EXPECT_EQ(wished.at("wish").at("departBy").as_string(), "2026-02-10T18:00:00.000Z");
    EXPECT_FALSE(json(200, Method::kPut, path, "{}").as_object().contains("wish"));
    json(422, Method::kPut, path, R"({"energyKwh":-1})");
    json(400, Method::kPut, path, R"({"energy":1})");
    for (const auto* other : {"999999", "0", "x", "-1", "99999999999999999999"})
        json(404, Method::kPut, std::string("/api/v1/transactions/") + other + "/wish", "{}");
}

TEST_F(ApiTest, APlanShowsWhoGoesFromWhatToWhatAndWritesNothing) {
    plug_in("CP-7");
    const auto before = store.rows.size();
    const auto plan =
        json(200, Method::kPost, "/api/v1/plan", R"({"rules":[)" + kCap + "]}").as_object();
    EXPECT_EQ(plan.at("at").as_string(), format_time(clock.wall()));
    EXPECT_EQ(plan.at("unchanged").as_int64(), 2);
    ASSERT_EQ(plan.at("limits").as_array().size(), 1U);
    const auto& limit = plan.at("limits").at(0);
    EXPECT_EQ(limit.at("charger").as_string(), "CP-7");
    EXPECT_EQ(limit.at("evse").as_int64(), 1);
    EXPECT_EQ(limit.at("beforeA").as_int64(), 32);
    EXPECT_EQ(limit.at("afterA").as_int64(), 10);
    EXPECT_EQ(limit.at("reasonsAfter").at(0).at("kind").as_string(), "capped");
    EXPECT_TRUE(limit.at("reasonsBefore").is_array());
    EXPECT_EQ(plan.at("circuits").at(0).at("allocatedAfterA").at("L1").as_int64(), 10);
    EXPECT_EQ(store.rows.size(), before);

    json(201, Method::kPost, "/api/v1/rules", kCap);
    const auto without = json(200, Method::kPost, "/api/v1/plan", R"({"withoutRules":["r-1"]})");
    EXPECT_EQ(without.at("limits").at(0).at("afterA").as_int64(), 32);
    const auto smaller = json(200, Method::kPost, "/api/v1/plan",
                              R"({"circuits":{"level-1":{"breakerA":8}},"withoutRules":["r-1"]})");
    EXPECT_EQ(smaller.at("limits").at(0).at("afterA").as_int64(), 8);
    const auto kilowatts =
        json(200, Method::kPost, "/api/v1/plan", R"({"chargers":{"CP-7":{"maxHardwareKw":5.52}}})");
    EXPECT_EQ(kilowatts.at("limits").at(0).at("afterA").as_int64(), 8);
    const auto tonight =
        json(200, Method::kPost, "/api/v1/plan",
             R"({"rules":[{"kind":"pause","select":{"charger":"CP-7"},"window":"22:00-06:00"}],)"
             R"("at":"2026-02-10T23:00:00Z"})");
    EXPECT_EQ(tonight.at("limits").at(0).at("afterA").as_int64(), 0);
}

TEST_F(ApiTest, APlanIsRefusedAsItsWritesWouldBe) {
    const auto refused = [&](int status, const char* body) {
        const auto answer = json(status, Method::kPost, "/api/v1/plan", body).as_object();
        const auto* field = answer.if_contains("field");
        return std::string(field != nullptr ? field->as_string() : "-");
    };
    EXPECT_EQ(refused(422, R"({"rules":[{"kind":"cap","select":{"all":true}}]})"), "limitA");
    EXPECT_EQ(refused(422, R"({"rules":[{"kind":"cap","select":{"all":true},"limitA":"x"}]})"),
              "rules[0].limitA");
    EXPECT_EQ(refused(404, R"({"withoutRules":["r-9"]})"), "withoutRules");
    EXPECT_EQ(refused(404, R"({"site":"elsewhere"})"), "-");
    EXPECT_EQ(refused(422, R"({"circuits":{"new":{}}})"), "breakerA");
    EXPECT_EQ(refused(422, R"({"chargers":{"CP-7":{"maximumA":0}}})"), "maximumA");
    EXPECT_EQ(refused(400, R"({"what":1})"), "what");
    json(200, Method::kPost, "/api/v1/plan", "{}");
}

TEST_F(ApiTest, ExplainSaysWhatComesNext) {
    json(201, Method::kPost, "/api/v1/rules",
         R"({"kind":"cap","select":{"charger":"CP-7"},"limitA":10,)"
         R"("expiresAt":"2026-02-10T15:00:00Z"})");
    plug_in("CP-7");
    const auto explained = json(200, Method::kGet, "/api/v1/chargers/CP-7/explain");
    const auto& next = explained.at("evses").at(0).at("next");
    EXPECT_EQ(next.at("at").as_string(), "2026-02-10T15:00:00.000Z");
    EXPECT_FALSE(next.at("text").as_string().empty());
    const auto other = json(200, Method::kGet, "/api/v1/chargers/CP-8/explain");
    EXPECT_TRUE(other.at("evses").at(0).at("next").is_null());
}

TEST_F(ApiTest, WrongInputGetsItsOwnAnswerAndChangesNothing) {
    const auto before = store.rows.size();
    struct Wrong {
        int status;
        std::string body;
        std::string type = "application/json";
    };
    const std::string head = R"({"kind":"cap","select":{"charger":"CP-7"},"limitA":)";
    for (const auto& wrong : std::vector<Wrong>{
             {400, ""},
             {400, "{"},
             {400, head + "NaN}"},
             {400, head + "10,\"limitA\":11}"},
             {400, head + "10,\"applied\":true}"},
             {400, std::string(40, '[') + std::string(40, ']')},
             {422, head + "-1}"},
             {422, head + "1e400}"},
             {422, head + "\"16\"}"},
             {422, head + "1000000000}"},
             {422, head + "10.00001}"},
             {422, R"({"kind":"cap","select":{"charger":"CP-7"}})"},
             {422, R"({"kind":"share","select":{"charger":"CP-7"}})"},
             {422, R"({"kind":"pause","select":{"charger":"CP-7"},"limitA":3})"},
             {422, R"({"kind":"pause","select":{"all":true},"expiresAt":"2026-02-10T11:00:00Z"})"},
             {404, R"({"kind":"pause","select":{"charger":"CP-9"}})"},
             {404, R"({"kind":"pause","select":{"circuit":"roof"}})"},
             {404, R"({"kind":"pause","select":{"partner":"nobody"}})"},
             {404, R"({"kind":"pause","select":{"all":true},"site":"elsewhere"})"},
             {415, head + "10}", "application/x-www-form-urlencoded"},
             {415, head + "10}", "text/plain"},
             {415, head + "10}", "application/json; charset=latin-1"},
             {415, head + "10}", ""},
         }) {
        const auto answer = ask({.method = Method::kPost,
                                 .target = *parse_target("/api/v1/rules"),
                                 .content_type = wrong.type,
                                 .body = wrong.body});
        EXPECT_EQ(answer.status, wrong.status) << wrong.body << ": " << answer.body;
        EXPECT_EQ(answer.content_type, "application/problem+json");
    }
    EXPECT_EQ(ask({.method = Method::kPost,
                   .target = *parse_target("/api/v1/rules"),
                   .content_type = "application/json",
                   .content_encoding = "gzip",
                   .body = kCap})
                  .status,
              415);
    EXPECT_EQ(store.rows.size(), before);
    EXPECT_TRUE(json(200, Method::kGet, "/api/v1/rules").at("items").as_array().empty());
}

TEST_F(ApiTest, AFormIsToldWhatCurlNeeds) {
    const auto answer = ask({.method = Method::kPost,
                             .target = *parse_target("/api/v1/rules"),
                             .content_type = "application/x-www-form-urlencoded",
                             .body = kCap});
    EXPECT_NE(answer.body.find("-H 'Content-Type: application/json'"), std::string::npos);
}

TEST_F(ApiTest, WhatAStoreCannotDoNowIsSaidWithWhenToTryAgain) {
    store.failing = Error{Errc::kUnavailable, "the disk is full"};
    const auto answer = ask(Method::kPost, "/api/v1/rules", kCap);
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(header(answer, "Retry-After"), "1");
    store.failing = Error{Errc::kBusy, "the queue is full"};
    EXPECT_EQ(ask(Method::kPost, "/api/v1/rules", kCap).status, 429);
}

TEST_F(ApiTest, ExplainSaysWhy) {
    json(201, Method::kPost, "/api/v1/rules", kCap);
    plug_in("CP-7");
    const auto explained = json(200, Method::kGet, "/api/v1/chargers/CP-7/explain");
    const auto& evse = explained.at("evses").at(0).as_object();
    EXPECT_EQ(std::string(evse.at("sentence").as_string()),
              "CP-7 gets 10 A: capped at 10.5 A by rule r-1");
    EXPECT_EQ(evse.at("desiredA").as_int64(), 10);
    EXPECT_EQ(evse.at("appliedA").as_int64(), 10);
    EXPECT_EQ(evse.at("reasons").at(0).at("kind").as_string(), "capped");
    EXPECT_EQ(evse.at("reasons").at(0).at("rule").as_string(), "r-1");
    json(404, Method::kGet, "/api/v1/chargers/CP-9/explain");
}

TEST_F(ApiTest, ListsPageByCursor) {
    for (int i = 0; i < 11; ++i) json(201, Method::kPost, "/api/v1/rules", kCap);
    std::vector<std::string> seen;
    std::string target = "/api/v1/rules?limit=4";
    for (int pages = 0; pages < 3; ++pages) {
        const auto page = json(200, Method::kGet, target).as_object();
        for (const auto& rule : page.at("items").as_array())
            seen.emplace_back(rule.at("id").as_string());
        if (page.at("next").is_null()) break;
        target = "/api/v1/rules?limit=4&after=" + std::string(page.at("next").as_string());
    }
    std::vector<std::string> all;
    for (int i = 1; i <= 11; ++i) all.push_back("r-" + std::to_string(i));
    EXPECT_EQ(seen, all);
    const auto chargers = json(200, Method::kGet, "/api/v1/chargers?limit=1");
    EXPECT_EQ(chargers.at("next").as_string(), "CP-7");
    for (const auto* limit : {"0", "1001", "-1", "x", "", "1e2", "99999999999999999999"})
        json(422, Method::kGet, std::string("/api/v1/rules?limit=") + limit);
}

TEST_F(ApiTest, TheAuditShowsWhoChangedWhat) {
    json(201, Method::kPost, "/api/v1/rules", kCap);
    const auto page = json(200, Method::kGet, "/api/v1/audit?limit=2");
    EXPECT_EQ(page.at("items").at(0).at("author").as_string(), "local");
    EXPECT_TRUE(page.at("items").at(0).at("before").is_null());
    EXPECT_EQ(page.at("items").at(0).at("after").at("limitA").as_double(), 10.5);
    EXPECT_EQ(page.at("next").as_int64(), 5);
    const auto rest = json(200, Method::kGet, "/api/v1/audit?limit=5&before=5");
    EXPECT_EQ(rest.at("items").as_array().size(), 4U);
    EXPECT_TRUE(rest.at("next").is_null());
}

TEST_F(ApiTest, TheOverviewHoldsWhatThePageShows) {
    json(201, Method::kPost, "/api/v1/rules", kCap);
    plug_in("CP-7");
    control.disconnected(ChargerId("CP-8"), 2);
    const auto overview = json(200, Method::kGet, "/api/v1/overview");
    EXPECT_EQ(overview.at("version").as_string(), "1.2.3");
    EXPECT_EQ(overview.at("chargersOnline").as_int64(), 1);
    EXPECT_EQ(overview.at("chargersTotal").as_int64(), 2);
    EXPECT_TRUE(overview.at("alarms").is_array());
    const auto& site = overview.at("sites").at(0).as_object();
    EXPECT_EQ(site.at("circuits").as_array().size(), 2U);
    EXPECT_EQ(site.at("circuits").at(0).at("breakerA").at("L1").as_int64(), 63);
    EXPECT_EQ(site.at("chargers").as_array().size(), 3U);  // EVSEs.
    const auto& evse = site.at("chargers").at(0).as_object();
    for (const auto* name :
         {"id", "name", "circuit", "partner", "online", "status", "evse", "desiredA", "appliedA",
          "meteredA", "potentialA", "maximumA", "phases", "transaction", "reason"})
        EXPECT_TRUE(evse.contains(name)) << name;
    EXPECT_EQ(evse.at("reason").as_string(), "capped at 10.5 A by rule r-1");
    EXPECT_EQ(evse.at("transaction").at("idTag").as_string(), "tag");
    EXPECT_EQ(site.at("rules").as_array().size(), 1U);
    EXPECT_EQ(site.at("dispatch").at("count").as_int64(), 3);
    EXPECT_EQ(site.at("dispatch").at("p99Ms").as_double(), 0.29);
    EXPECT_TRUE(site.at("dispatch").at("maxMs").is_null());
}

TEST_F(ApiTest, HealthSaysWhetherTheStoreAnswers) {
    EXPECT_EQ(ask(Method::kGet, "/health").body, R"({"status":"ok","db":"connected"})");
    EXPECT_EQ(ask(Method::kGet, "/health/ready").status, 200);
    store.failing = Error{Errc::kUnavailable, "gone"};
    EXPECT_EQ(ask(Method::kGet, "/health").status, 503);
    EXPECT_EQ(ask(Method::kGet, "/health/ready").status, 503);
    EXPECT_EQ(ask(Method::kGet, "/health/live").status, 200);
}

TEST_F(ApiTest, HealthDoesNotWaitForAStoreThatIsSilent) {
    store.silent = true;
    int status = 0;
    api.handle({.target = *parse_target("/health")},
               [&](const Response& answer) { status = answer.status; });
    strand.run();
    EXPECT_EQ(status, 0);
    strand.run_for(std::chrono::seconds{2});
    EXPECT_EQ(status, 503);
}

TEST_F(ApiTest, VersionMetricsAndPages) {
    EXPECT_EQ(ask(Method::kGet, "/version").body, R"({"name":"busbar","version":"1.2.3"})");
    EXPECT_EQ(ask(Method::kGet, "/metrics").body, "busbar_up 1\n");
    const auto page = ask(Method::kGet, "/");
    EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
    EXPECT_EQ(header(page, "Content-Security-Policy").substr(0, 18), "default-src 'self'");
    EXPECT_EQ(ask(Method::kGet, "/status.js").status, 200);
    EXPECT_EQ(ask(Method::kPost, "/").status, 404);
    for (const auto* path : {"/../etc/passwd", "/%2e%2e/x", "/docs", "/status.css/x"})
        EXPECT_EQ(ask(Method::kGet, path).status, 404) << path;
}

TEST_F(ApiTest, AReadingIsAcceptedOnceItIsStored) {
    const std::string meter = R"({"meterId":"METER-001","kwhConsumedAc":12.5,"voltage":230.4,)"
                              R"("timestamp":"2026-02-10T11:30:00Z"})";
    const auto answer = ask(Method::kPost, "/v1/ingest", meter);
    EXPECT_EQ(answer.status, 202);
    EXPECT_EQ(answer.body, R"({"type":"meter"})");
    EXPECT_EQ(ask(Method::kPost, "/v1/ingest",
                  R"({"vehicleId":"VH-001","chargerId":"CHG-001","soc":78.5,)"
                  R"("kwhDeliveredDc":6.200001,"batteryTemp":32.1,)"
                  R"("timestamp":"2026-02-10T12:30:00+01:00"})")
                  .body,
              R"({"type":"vehicle"})");
    EXPECT_EQ(ask(Method::kGet, "/meter-readings/status").body,
              R"([{"meterId":"METER-001","kwhConsumedAc":12.5,"voltage":230.4,)"
              R"("timestamp":"2026-02-10T11:30:00.000Z"}])");
    EXPECT_EQ(ask(Method::kGet, "/vehicle-readings/status").body,
              R"([{"vehicleId":"VH-001","chargerId":"CHG-001","soc":78.5,)"
              R"("kwhDeliveredDc":6.200001,"batteryTemp":32.1,)"
              R"("timestamp":"2026-02-10T11:30:00.000Z"}])");
    telemetry.failing = Error{Errc::kBusy, "the queue is full"};
    EXPECT_EQ(ask(Method::kPost, "/v1/ingest", meter).status, 429);
}

TEST_F(ApiTest, ReadingsThatCannotBeTrueAreRefusedAndNotStored) {
    const std::vector<std::pair<int, std::string>> table{
        {422, R"({"meterId":"a","vehicleId":"b"})"},
        {422, R"({"voltage":230})"},
        {400, R"([{"meterId":"a"}])"},
        {422, R"({"meterId":"a","kwhConsumedAc":-1,"voltage":230,)"
              R"("timestamp":"2026-02-10T11:30:00Z"})"},
        {422, R"({"meterId":"a","kwhConsumedAc":1,"voltage":230,)"
              R"("timestamp":"2036-02-10T11:30:00Z"})"},
        {422, R"({"meterId":"a\n","kwhConsumedAc":1,"voltage":230,)"
              R"("timestamp":"2026-02-10T11:30:00Z"})"},
        {400, R"({"meterId":"a","kwhConsumedAc":NaN})"}};
    for (const auto& [status, body] : table) json(status, Method::kPost, "/v1/ingest", body);
    EXPECT_TRUE(telemetry.meters.empty());
    EXPECT_TRUE(telemetry.vehicles.empty());
}

TEST_F(ApiTest, PerformanceHasTheFieldsOfBothSourceDocuments) {
    telemetry.vehicles.emplace(VehicleId("VH 1"),
                               telemetry::VehicleReading{.vehicle = VehicleId("VH 1")});
    telemetry.found.meter = MeterId("METER-001");
    telemetry.found.ac_consumed = WattHours::milli(150'500'000);
    telemetry.found.dc_delivered = WattHours::milli(127'900'001);
    telemetry.found.efficiency_e4 = 8499;
    telemetry.found.battery_milli_celsius = 31'200;
    telemetry.found.data_points = 1440;
    EXPECT_EQ(ask(Method::kGet, "/v1/analytics/performance/VH%201").body,
              R"({"vehicleId":"VH 1","meterId":"METER-001",)"
              R"("windowStart":"2026-02-09T12:00:00.000Z","windowEnd":"2026-02-10T12:00:00.000Z",)"
              R"("acConsumedTotal":150.5,"dcDeliveredTotal":127.900001,"efficiencyRatio":0.8499,)"
              R"("avgBatteryTemp":31.2,"totalAcConsumption":150.5,"totalDcDelivery":127.900001,)"
              R"("dataPoints":1440})");
    telemetry.found = {.vehicle = VehicleId("")};
    const auto none =
        json(200, Method::kGet, "/v1/analytics/performance/VH%201?from=2026-02-01T00:00:00Z");
    EXPECT_TRUE(none.at("efficiencyRatio").is_null());
    EXPECT_TRUE(none.at("meterId").is_null());
    EXPECT_EQ(none.at("windowStart").as_string(), "2026-02-01T00:00:00.000Z");
    json(404, Method::kGet, "/v1/analytics/performance/VH-9");
    json(422, Method::kGet, "/v1/analytics/performance/VH%201?from=yesterday");
    json(422, Method::kGet, "/v1/analytics/performance/VH%201?from=2026-02-11T00:00:00Z");
    json(422, Method::kGet, "/v1/analytics/performance/VH%201?from=2020-02-11T00:00:00Z");
}

TEST_F(ApiTest, AVehicleIsMappedToItsMeters) {
    EXPECT_EQ(ask(Method::kPut, "/api/v1/vehicles/VH-1", R"({"meterIds":["A","B"]})").body,
              R"({"vehicleId":"VH-1","meterIds":["A","B"]})");
    EXPECT_EQ(telemetry.mapped.at(VehicleId("VH-1")), (std::vector{MeterId("A"), MeterId("B")}));
    json(422, Method::kPut, "/api/v1/vehicles/VH-1", R"({"meterIds":"A"})");
}

TEST_F(ApiTest, EveryRouteAnswersAndRefusesOtherMethods) {
    for (const auto& route : api.routes()) {
        const auto space = route.find(' ');
        auto path = route.substr(space + 1);
        for (auto at = path.find('{'); at != std::string::npos; at = path.find('{'))
            path.replace(at, path.find('}') - at + 1, "nothing");
        const bool reads = route.starts_with("GET");
        const auto answer = ask(reads ? Method::kGet : Method::kPost, path);
        EXPECT_NE(answer.status, 0) << route;
        if (reads) {
            EXPECT_NE(answer.status, 405) << route;
        }
        EXPECT_EQ(ask(Method::kPut, "/api/v1/rules").status, 405);
    }
}

}  // namespace
}  // namespace busbar::http
