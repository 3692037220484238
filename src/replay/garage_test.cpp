#include "replay/garage.hpp"

#include <gtest/gtest.h>

namespace busbar::replay {
namespace {

constexpr std::string_view kSmall = R"(name = "small"
voltage_v = 208
[[row]]
name = "feeder"
model = "sum"
limit_a = 40
[[evse]]
behind = "feeder"
lines = "AB"
maximum_a = 32
quantum_a = 0.1
stations = ["P-2", "P-1"]
)";

// The small garage with one line replaced.
std::string with(std::string_view line, std::string_view by) {
    std::string text(kSmall);
    const auto at = text.find(line);
    EXPECT_NE(at, std::string::npos) << line;
    return text.replace(at, line.size(), by);
}

TEST(Garage, ReadsRowsAndEvsesInTheOrderOfTheirNames) {
    const auto garage = parse_garage(kSmall, "small.toml");
    ASSERT_TRUE(garage) << garage.error().message;
    EXPECT_EQ(garage->name, "small");
    ASSERT_EQ(garage->network.leaves.size(), 2U);
    EXPECT_EQ(garage->leaf_of("P-1"), LeafIndex{0});
    EXPECT_EQ(garage->leaf_of("P-2"), LeafIndex{1});
    EXPECT_EQ(garage->leaf_of("P-3"), std::nullopt);
    const auto& leaf = garage->network.leaves[0];
    EXPECT_EQ(leaf.phases, (PhaseSet{Phase::kL1, Phase::kL2}));
    EXPECT_EQ(leaf.maximum, 32_A);
    EXPECT_EQ(leaf.quantum, 0.1_A);
    EXPECT_EQ(garage->budgets(10_kW), std::vector{PerPhase::each(40_A)});
}

TEST(Garage, CaltechIsBuiltInAsItLiesUnderBench) {
    const auto built_in = load_garage("caltech");
    const auto file = load_garage(BUSBAR_BENCH "/networks/caltech.toml");
    ASSERT_TRUE(built_in) << built_in.error().message;
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(built_in->network.leaves.size(), 54U);
    EXPECT_EQ(file->network.leaves.size(), 54U);
    EXPECT_EQ(file->budgets(150_kW), built_in->budgets(150_kW));
    for (std::size_t i = 0; i < 54; ++i) {
        EXPECT_EQ(file->network.leaves[i].evse, built_in->network.leaves[i].evse);
        EXPECT_EQ(file->network.leaves[i].rows, built_in->network.leaves[i].rows);
    }
}

TEST(Garage, CaltechHasTwoPodsBehindADeltaBehindItsPrimary) {
    const auto garage = load_garage("caltech");
    ASSERT_TRUE(garage) << garage.error().message;
    const auto& rows = garage->network.rows;
    ASSERT_EQ(rows.size(), 4U);
    EXPECT_EQ(rows[0].model, LineModel::kDeltaPrimary);
    EXPECT_EQ(rows[1].model, LineModel::kDelta);
    const auto& pod = garage->network.leaves[*garage->leaf_of("CA-322")];
    EXPECT_EQ(pod.rows, (std::vector<RowIndex>{2, 1, 0}));
    EXPECT_EQ(pod.phases, (PhaseSet{Phase::kL1, Phase::kL2}));
    EXPECT_EQ(garage->network.leaves[*garage->leaf_of("CA-148")].phases,
              (PhaseSet{Phase::kL2, Phase::kL3}));
    EXPECT_EQ(garage->network.leaves[*garage->leaf_of("CA-502")].phases,
              (PhaseSet{Phase::kL3, Phase::kL1}));
    // 150 kW / 3 over 277 V, four times; over 120 V; each rounded down. The pods stay.
    const auto budgets = garage->budgets(150_kW);
    EXPECT_EQ(budgets[0], PerPhase::each(722.021_A));
    EXPECT_EQ(budgets[1], PerPhase::each(416.666_A));
    EXPECT_EQ(budgets[2], PerPhase::each(80_A));
    EXPECT_EQ(garage->power_of(32_A), 6656_W);
}

struct Bad {
    std::string_view line, by, complaint;
};

class BadGarage : public testing::TestWithParam<Bad> {};

TEST_P(BadGarage, IsRefusedNamingTheLine) {
    const auto& [line, by, complaint] = GetParam();
    const auto garage = parse_garage(with(line, by), "small.toml");
    ASSERT_FALSE(garage);
    EXPECT_EQ(garage.error().code, Errc::kInvalid);
    EXPECT_EQ(garage.error().message, "small.toml, line " + std::string(complaint));
}

INSTANTIATE_TEST_SUITE_P(
    Lines, BadGarage,
    testing::Values(
        Bad{"voltage_v = 208", "voltage_v = 0", "2: 'voltage_v' must be a number from 1 to 1000"},
        Bad{"voltage_v = 208", "voltage_v = nan", "2: 'voltage_v' must be a number from 1 to 1000"},
        Bad{"voltage_v = 208", "volts = 208", "2: there is no 'volts' here"},
        Bad{"model = \"sum\"", "model = \"star\"",
            "5: 'model' must be sum, delta or delta_primary"},
        Bad{"limit_a = 40", "limit_a = -1", "6: 'limit_a' must be a number from 0 to 100000"},
        Bad{"limit_a = 40", "", "3: a row has either 'limit_a' or 'line_voltage_v'"},
        Bad{"limit_a = 40", "line_voltage_v = 120\nratio = 0",
            "7: 'ratio' must be a whole number from 1 to 1000"},
        Bad{"behind = \"feeder\"", "behind = \"main\"", "8: there is no row 'main' above"},
        Bad{"lines = \"AB\"", "lines = \"ABC\"", "9: 'lines' must be AB, BC, CA, A, B or C"},
        Bad{"maximum_a = 32", "maximum_a = \"32\"",
            "10: 'maximum_a' must be a number from 1 to 1000"},
        Bad{"\"P-1\"", "\"P-2\"", "12: there is a station 'P-2' already"},
        Bad{"\"P-1\"", "7", "12: a station is a text of 1 to 48 bytes"}));

TEST(Garage, RefusesAnEvseToNeutralBehindADelta) {
    auto text = with("model = \"sum\"", "model = \"delta\"");
    text.replace(text.find("\"AB\""), 4, "\"A\"");
    const auto garage = parse_garage(text, "small.toml");
    ASSERT_FALSE(garage);
    EXPECT_EQ(garage.error().message,
              "small.toml, line 9: behind 'feeder' an EVSE is between two lines");
}

TEST(Garage, NamesTheLineOfBrokenToml) {
    const auto garage = parse_garage("name = \"x\"\nvoltage_v = = 3\n", "broken.toml");
    ASSERT_FALSE(garage);
    EXPECT_TRUE(garage.error().message.starts_with("broken.toml, line 2: "))
        << garage.error().message;
}

TEST(Garage, SaysWhichNetworkThereIsNot) {
    const auto garage = load_garage("atlantis");
    ASSERT_FALSE(garage);
    EXPECT_EQ(garage.error().code, Errc::kNotFound);
    EXPECT_EQ(garage.error().field, "atlantis");
}

}  // namespace
}  // namespace busbar::replay
