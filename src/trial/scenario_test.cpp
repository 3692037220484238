#include "trial/scenario.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/log.hpp"

#ifndef BUSBAR_SCENARIOS
#error "the build sets BUSBAR_SCENARIOS"
#endif

namespace busbar::trial {
namespace {

std::vector<std::string> scenario_names() {
    std::vector<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(BUSBAR_SCENARIOS))
        if (file.path().extension() == ".txt") names.push_back(file.path().stem().string());
    std::ranges::sort(names);
    return names;
}

class Scenarios : public testing::TestWithParam<std::string> {};

TEST_P(Scenarios, HoldsTrue) {
    log::configure(log::Level::kOff, log::Format::kConsole);
    const auto path = std::filesystem::path(BUSBAR_SCENARIOS) / (GetParam() + ".txt");
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    const auto scenario = parse_scenario(text.str());
    ASSERT_TRUE(scenario) << path.filename() << ": " << scenario.error().message;
    const auto played = play_scenario(*scenario);
    EXPECT_TRUE(played) << path.filename() << ": " << played.error().message;
}

INSTANTIATE_TEST_SUITE_P(Manual, Scenarios, testing::ValuesIn(scenario_names()),
                         [](const auto& scenario) { return scenario.param; });

}  // namespace
}  // namespace busbar::trial
