// Transactions as records: in pages, as CSV, and one with all that was signed.
#include "http/test_world.hpp"

namespace busbar::http {
namespace {

class TransactionRecords : public ApiTest {
protected:
    TransactionRecords() {
        const auto noon = clock.wall();
        store.records = {
            {.transaction = {.id = 12,
                             .evse = {ChargerId("CP-7"), 2},
                             .id_tag = "=1+\"1\"",
                             .started_at = noon,
                             .meter_start = WattHours::of(100)}},
            {.transaction = {.id = 11,
                             .evse = {ChargerId("CP-8"), 1},
                             .id_tag = "tag",
                             .started_at = noon - std::chrono::hours{2},
                             .meter_start = WattHours::of(1'000),
                             .stopped_at = noon - std::chrono::hours{1},
                             .meter_stop = WattHours::milli(8'500'500),
                             .stop_reason = "EVDisconnected",
                             .own_id = "a,b"},
             .signed_readings = {{noon, R"({"value":"OCMF|x","format":"SignedData"})"}}}};
    }
};

TEST_F(TransactionRecords, AreListedInPages) {
    const auto page = json(200, Method::kGet,
                           "/api/v1/transactions?limit=2&after=99&charger=CP-7"
                           "&from=2026-02-01T00:00:00Z&to=2026-03-01T00:00:00Z");
    EXPECT_EQ(page.at("items").at(0).at("id").as_int64(), 12);
    EXPECT_TRUE(page.at("items").at(0).at("stoppedAt").is_null());
    EXPECT_EQ(page.at("items").at(1).at("meterStopWh").as_double(), 8'500.5);
    EXPECT_EQ(page.at("next").as_int64(), 11);
    EXPECT_EQ(store.asked.charger, ChargerId("CP-7"));
    EXPECT_EQ(store.asked.from, *parse_time("2026-02-01T00:00:00Z"));
    EXPECT_EQ(store.asked.to, *parse_time("2026-03-01T00:00:00Z"));
    EXPECT_EQ(store.asked.after, 99);
    EXPECT_TRUE(json(200, Method::kGet, "/api/v1/transactions").at("next").is_null());
    for (const auto* wrong : {"limit=0", "after=x", "from=noon", "to="})
        json(422, Method::kGet, std::string("/api/v1/transactions?") + wrong);
}

TEST_F(TransactionRecords, AreATableForWhoAsksForOne) {
    Request request{.accept = "text/csv"};
    request.target = *parse_target("/api/v1/transactions?limit=2");
    const auto answer = ask(request);
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.content_type.starts_with("text/csv"));
    EXPECT_EQ(answer.body,
              "id,charger,evse,idTag,startedAt,stoppedAt,meterStartWh,meterStopWh,energyWh,"
              "stopReason,stationTransactionId\r\n"
              "12,\"CP-7\",2,\"'=1+\"\"1\"\"\",2026-02-10T12:00:00.000Z,,100,,,\"\",\"\"\r\n"
              "11,\"CP-8\",1,\"tag\",2026-02-10T10:00:00.000Z,2026-02-10T11:00:00.000Z,1000,"
              "8500.5,7500.5,\"EVDisconnected\",\"a,b\"\r\n");
    EXPECT_EQ(answer.headers, (decltype(answer.headers){{"Link", "<?after=11>; rel=\"next\""}}));
}

TEST_F(TransactionRecords, ShowWhatTheMeterSigned) {
    const auto record = json(200, Method::kGet, "/api/v1/transactions/11");
    EXPECT_EQ(record.at("stopReason").as_string(), "EVDisconnected");
    EXPECT_EQ(record.at("signedReadings").at(0).at("sampledValue").at("value").as_string(),
              "OCMF|x");
    for (const auto* none : {"13", "x", "0"})
        json(404, Method::kGet, std::string("/api/v1/transactions/") + none);
}

}  // namespace
}  // namespace busbar::http
