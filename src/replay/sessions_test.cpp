#include "replay/sessions.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>

namespace busbar::replay {
namespace {

constexpr std::string_view kByClock =
    "arrival,departure,requested_energy (kWh),delivered_energy (kWh),station_id,session_id,"
    "estimated_departure,claimed\n"
    "2019-05-01 06:33:14-07:00,2019-05-01 11:50:55-07:00,21.84,17.666,CA-314,2_39,"
    "2019-05-01 11:27:14-07:00,True\n"
    "2019-05-01 06:29:59-07:00,2019-05-01 06:35:00-07:00,3,4.5,CA-327,2_40,,False\n";

constexpr std::string_view kByStep =
    "arrival_step\tdeparture_step\testimated_departure_step\trequested_kwh\tdelivered_kwh\t"
    "max_kw\tstation\n"
    "10\t60\t50\t8.25\t6.5\t6.6\tCA-303\n";

TEST(Sessions, CountClockTimesInStepsOfFiveMinutesRoundedDown) {
    const auto sessions = parse_sessions(kByClock, "x.csv");
    ASSERT_TRUE(sessions) << sessions.error().message;
    ASSERT_EQ(sessions->size(), 2U);
    const auto step = parse_time("2019-05-01T13:25:00Z")->time_since_epoch() / kStep;
    const auto& first = (*sessions)[0];
    EXPECT_EQ(first.station, "CA-327");
    EXPECT_EQ(first.arrival, step);
    EXPECT_EQ(first.departure, step + 2);
    EXPECT_EQ(first.estimated_departure, step + 2) << "the driver gave none";
    EXPECT_EQ(first.demand, WattHours::of(3'000)) << "less than was delivered";
    EXPECT_EQ(first.line, 3U);
    const auto& second = (*sessions)[1];
    EXPECT_EQ(second.arrival, step + 1);
    EXPECT_EQ(second.departure, step + 65);
    EXPECT_EQ(second.estimated_departure, step + 60);
    EXPECT_EQ(second.demand, WattHours::of(17'666)) << "no more than was delivered";
    EXPECT_EQ(second.maximum, std::nullopt);
}

TEST(Sessions, ReadStepsFromTabSeparatedText) {
    const auto sessions = parse_sessions(kByStep, "x.tsv");
    ASSERT_TRUE(sessions) << sessions.error().message;
    ASSERT_EQ(sessions->size(), 1U);
    EXPECT_EQ((*sessions)[0], (Session{.station = "CA-303",
                                       .arrival = 10,
                                       .departure = 60,
                                       .estimated_departure = 50,
                                       .demand = WattHours::of(6'500),
                                       .maximum = 6600_W,
                                       .line = 2}));
}

TEST(Sessions, DoNotMindTheOrderOfColumnsNorLineEndsNorComments) {
    const auto sessions = parse_sessions(
        "\xEF\xBB\xBF# a comment\r\n"
        "Station , note, delivered_kwh,requested_kwh,departure_step,arrival_step\r\n"
        "\r\n"
        "\"P, left\",x,1.5,2,12.0,7\r\n",
        "x.csv");
    ASSERT_TRUE(sessions) << sessions.error().message;
    ASSERT_EQ(sessions->size(), 1U);
    EXPECT_EQ((*sessions)[0], (Session{.station = "P, left",
                                       .arrival = 7,
                                       .departure = 12,
                                       .estimated_departure = 12,
                                       .demand = WattHours::of(1'500),
                                       .line = 4}));
}

struct BadText {
    std::string text, complaint;
};

class BadSessions : public testing::TestWithParam<BadText> {};

TEST_P(BadSessions, AreRefusedNamingTheLine) {
    const auto sessions = parse_sessions(GetParam().text, "x.csv");
    ASSERT_FALSE(sessions);
    EXPECT_EQ(sessions.error().code, Errc::kInvalid);
    EXPECT_EQ(sessions.error().message, GetParam().complaint);
}

const std::string kHead = "arrival_step,departure_step,requested_kwh,delivered_kwh,station\n";

INSTANTIATE_TEST_SUITE_P(
    Texts, BadSessions,
    testing::Values(BadText{"", "x.csv: there is no header line"},
                    BadText{"arrival,departure,requested_kwh,delivered_kwh\n",
                            "x.csv, line 1: the header has no column station_id (or station)"},
                    BadText{"arrival,departure_step,requested_kwh,delivered_kwh,station\n",
                            "x.csv, line 1: times and steps are mixed"},
                    BadText{"station,station\n", "x.csv, line 1: 'station' is there twice"},
                    BadText{kHead + "1,2,3,4\n", "x.csv, line 2: has 4 fields, the header 5"},
                    BadText{kHead + "1,2,3,4,A\n5,4,3,4,A\n",
                            "x.csv, line 3: departure_step '4' is before the arrival"},
                    BadText{kHead + "1.5,2,3,4,A\n",
                            "x.csv, line 2: arrival_step '1.5' is not a whole number of steps"},
                    BadText{kHead + "1,2,-3,4,A\n",
                            "x.csv, line 2: requested_kwh '-3' is not a number from 0 to 10000"},
                    BadText{kHead + "1,2,3,nan,A\n",
                            "x.csv, line 2: delivered_kwh 'nan' is not a number from 0 to 10000"},
                    BadText{kHead + "1,2,3,,A\n",
                            "x.csv, line 2: delivered_kwh '' is not a number from 0 to 10000"},
                    BadText{kHead + "1,2,3,4,\n",
                            "x.csv, line 2: station '' must be 1 to 48 bytes"},
                    BadText{"arrival,departure,requested_kwh,delivered_kwh,station\nnoon,2,3,4,A\n",
                            "x.csv, line 2: arrival 'noon' is not a time like 2026-02-10T12:00:00Z "
                            "(RFC 3339)"}));

class SessionFiles : public testing::Test {
protected:
    SessionFiles() {
        folder_ = std::filesystem::path(testing::TempDir()) /
                  ("busbar-sessions-" +
                   std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
        std::filesystem::create_directories(folder_);
    }
    ~SessionFiles() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path folder_;
};

TEST_F(SessionFiles, MayBeCompressed) {
    const auto path = folder_ / "month.csv.gz";
    auto* file = gzopen(path.c_str(), "wb");
    gzwrite(file, kByClock.data(), static_cast<unsigned>(kByClock.size()));
    gzclose(file);
    const auto packed = load_sessions(path);
    ASSERT_TRUE(packed) << packed.error().message;
    std::ofstream(folder_ / "month.csv") << kByClock;
    const auto plain = load_sessions(folder_ / "month.csv");
    ASSERT_TRUE(plain) << plain.error().message;
    EXPECT_EQ(*packed, *plain);

    // Cut off, as by a full disk.
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - 12);
    const auto damaged = load_sessions(path);
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().code, Errc::kMalformed);
}

TEST_F(SessionFiles, AreFoundOrNot) {
    const auto missing = load_sessions(folder_ / "nothing.csv");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, Errc::kNotFound);
    EXPECT_FALSE(load_sessions(folder_));
}

TEST(Sessions, OfTheShippedMonthAreAllThere) {
    const auto sessions = load_sessions(BUSBAR_BENCH "/data/caltech_2019-12.csv");
    ASSERT_TRUE(sessions) << sessions.error().message;
    EXPECT_EQ(sessions->size(), 648U);
    WattHours demand;
    for (const auto& session : *sessions) demand += session.demand;
    EXPECT_NEAR(static_cast<double>(demand.in_milli()), 5427.986e6, 1e3);
}

}  // namespace
}  // namespace busbar::replay
