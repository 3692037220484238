#include <gtest/gtest.h>

#include "http/event_stream.hpp"
#include "http/test_world.hpp"

namespace busbar::http {
namespace {

// A log that holds what the test put there.
class FakeFrames final : public control::FrameLog {
public:
    std::vector<control::LoggedFrame> frames(const control::FrameQuery& query) const override {
        asked = query;
        return kept;
    }
    std::shared_ptr<void> follow(std::optional<ChargerId> charger, Heard told) override {
        asked.charger = std::move(charger);
        if (full) return {};
        heard = std::move(told);
        return std::make_shared<int>(0);
    }

    mutable control::FrameQuery asked;
    std::vector<control::LoggedFrame> kept{
        {7, *parse_time("2026-02-10T12:00:00Z"), ChargerId("CP-7"), true, R"([2,"1"])", false},
        {8, *parse_time("2026-02-10T12:00:01Z"), ChargerId("CP-7"), false, "[3", true}};
    Heard heard;
    bool full = false;
};

class OcppLogApi : public ApiTest {
protected:
    OcppLogApi() { logging.frames = &frames; }
    Response get(const std::string& target) {
        std::optional<Response> out;
        Api with_log(control, store, telemetry, clock, logging);
        auto parsed = parse_target(target);
        with_log.handle({.method = Method::kGet, .target = *std::move(parsed)},
                        [&](Response response) { out = std::move(response); });
        return *std::move(out);
    }

    FakeFrames frames;
    ApiOptions logging;
};

TEST_F(OcppLogApi, ShowsTheLastFrames) {
    const auto answer = get("/api/v1/ocpp-log?charger=CP-7&after=6&limit=2");
    EXPECT_EQ(answer.body,
              R"({"items":[{"number":7,"at":"2026-02-10T12:00:00.000Z","charger":"CP-7",)"
              R"("from":"charger","frame":"[2,\"1\"]"},{"number":8,"at":)"
              R"("2026-02-10T12:00:01.000Z","charger":"CP-7","from":"server","frame":"[3",)"
              R"("cut":true}]})");
    EXPECT_EQ(frames.asked.charger, ChargerId("CP-7"));
    EXPECT_EQ(frames.asked.after, 6u);
    EXPECT_EQ(frames.asked.limit, 2u);
    for (const auto* query : {"?limit=0", "?limit=1001", "?after=-1", "?after=x"})
        EXPECT_EQ(get("/api/v1/ocpp-log" + std::string(query)).status, 422) << query;
}

TEST_F(OcppLogApi, GivesAllOfThemToTakeAway) {
    const auto answer = get("/api/v1/ocpp-log/export");
    EXPECT_EQ(answer.content_type, "application/x-ndjson");
    EXPECT_EQ(std::ranges::count(answer.body, '\n'), 2);
    EXPECT_NE(header(answer, "Content-Disposition").find("attachment"), std::string::npos);
}

TEST_F(OcppLogApi, TellsOfThemAsTheyPass) {
    const auto answer = get("/api/v1/ocpp-log/live?charger=CP-8");
    ASSERT_TRUE(answer.stream);
    EXPECT_EQ(answer.content_type, "text/event-stream");
    EXPECT_EQ(frames.asked.charger, ChargerId("CP-8"));
    frames.heard(frames.kept.front());
    EXPECT_EQ(answer.stream->take(),
              "event: frame\nid: 7\ndata: {\"number\":7,\"at\":\"2026-02-10T12:00:00.000Z\","
              "\"charger\":\"CP-7\",\"from\":\"charger\",\"frame\":\"[2,\\\"1\\\"]\"}\n\n");
    frames.full = true;
    EXPECT_EQ(get("/api/v1/ocpp-log/live").status, 429);
}

TEST_F(OcppLogApi, SaysWhereThereIsNone) {
    EXPECT_EQ(json(503, Method::kGet, "/api/v1/ocpp-log").at("detail"),
              "this server keeps no OCPP log");
}

}  // namespace
}  // namespace busbar::http
