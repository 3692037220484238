#include "app/bench_sessions.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

namespace busbar::app {
namespace {

class SessionBenchTest : public testing::Test {
protected:
    SessionBenchTest() {
        auto name = (std::filesystem::temp_directory_path() / "busbar-XXXXXX").string();
        folder_ = mkdtemp(name.data());
    }
    ~SessionBenchTest() override { std::filesystem::remove_all(folder_); }

    std::string file(const std::string& name, const std::string& rows) {
        const auto path = folder_ / name;
        std::ofstream(path) << "arrival_step\tdeparture_step\testimated_departure_step\t"
                               "requested_kwh\tdelivered_kwh\tmax_kw\tstation\n"
                            << rows;
        return path.string();
    }

    std::filesystem::path folder_;
};

TEST_F(SessionBenchTest, PoolsItsFilesAndAveragesOverTheCapacities) {
    // At 208 V a car that may draw 32 A gets 554.7 Wh in a step.
    const auto first = file("1.tsv", "0\t1\t1\t2\t1\t\tCA-303\n");
    const auto second = file("2.tsv", "0\t9\t9\t1\t1\t6.6\tCA-303\n");
    const auto figures = bench_sessions(
        {.files = {first, second}, .capacities_kw = {0, 150}, .algorithms = {"deadline", "rr"}});
    ASSERT_TRUE(figures) << figures.error().message;
    EXPECT_EQ(figures->sessions, 2U);
    ASSERT_EQ(figures->rows.size(), 2U);
    for (const auto& row : figures->rows) {
        ASSERT_EQ(row.cells.size(), 2U);
        EXPECT_EQ(row.cells[0].figures.demand_met_pct(), 0);
        EXPECT_NEAR(row.cells[1].figures.demand_met_pct(), (554.7 + 1'000) / 20, 0.01);
        EXPECT_NEAR(row.mean_demand_met_pct(), (554.7 + 1'000) / 40, 0.01);
    }
}

TEST_F(SessionBenchTest, WritesOneObjectAnAlgorithmWithItsCapacitiesWithin) {
    const auto figures = bench_sessions(
        {.files = {file("1.tsv", "0\t12\t12\t2\t1\t\tCA-303\n")}, .algorithms = {"fcfs"}});
    ASSERT_TRUE(figures) << figures.error().message;
    const auto json = boost::json::parse(sessions_json(*figures));
    ASSERT_EQ(json.as_array().size(), 1U);
    const auto& row = json.at(0).as_object();
    EXPECT_EQ(row.at("algorithm").as_string(), "fcfs");
    EXPECT_NEAR(row.at("meanDemandMetPct").to_number<double>(), 100, 0.01);
    const auto& capacities = row.at("capacities").as_array();
    ASSERT_EQ(capacities.size(), 15U);
    EXPECT_EQ(capacities[0].at("capacityKw").as_int64(), 10);
    EXPECT_EQ(capacities[14].at("capacityKw").as_int64(), 150);
    EXPECT_NEAR(capacities[14].at("demandMetPct").to_number<double>(), 100, 0.01);
    EXPECT_NEAR(capacities[14].at("peakKw").to_number<double>(), 6.656, 1e-6);
    EXPECT_NE(sessions_table(*figures).find("Worst driver"), std::string::npos);
}

TEST_F(SessionBenchTest, NamesWhatIsWrong) {
    const auto path = file("1.tsv", "0\t12\t12\t2\t1\t\tCA-1\n");
    const auto station = bench_sessions({.files = {path}});
    ASSERT_FALSE(station);
    EXPECT_EQ(station.error().message,
              path + ", line 2: station 'CA-1' is not in the network 'caltech'");
    const auto algorithm = bench_sessions({.files = {path}, .algorithms = {"luck"}});
    ASSERT_FALSE(algorithm);
    EXPECT_EQ(algorithm.error().field, "--algorithms");
}

}  // namespace
}  // namespace busbar::app
