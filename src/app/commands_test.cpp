#include "app/commands.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "app/complaint.hpp"

namespace busbar::app {
namespace {

struct End {
    int code;
    std::string out;
    std::string err;
};

End run(std::vector<std::string> words) {
    words.insert(words.begin(), "busbar");
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = run_command_line(static_cast<int>(arguments.size()), arguments.data());
    const auto out = testing::internal::GetCapturedStdout();
    return {code, out, testing::internal::GetCapturedStderr()};
}

const std::vector<std::string> kTrial{"sim", "--check", "--chargers", "2", "--hours", "1"};

End check(const std::vector<std::string>& more) {
    auto words = kTrial;
    words.insert(words.end(), more.begin(), more.end());
    return run(std::move(words));
}

TEST(SimCheck, RefusesWhatATrialWouldHaveToIgnore) {
    const std::vector<std::vector<std::string>> ignored{
        {"--url", "ws://192.0.2.1/"}, {"--prefix", "X-"},          {"--breaker", "63"},
        {"--seconds", "1"},           {"--report", "report.json"}, {"--ocpp", "2.1"},
        {"--behave", "slow:10"},      {"--storm", "10"},           {"--metrics", "9000"},
    };
    for (const auto& more : ignored) {
        const auto end = check(more);
        EXPECT_EQ(end.code, kWrongUse) << more.front();
        EXPECT_NE(end.err.find(more.front()), std::string::npos) << end.err;
        EXPECT_EQ(end.out, "");
    }
    const auto both = check({"--seed", "1", "--seeds", "1..2"});
    EXPECT_EQ(both.code, kWrongUse);
    EXPECT_NE(both.err.find("--seeds"), std::string::npos) << both.err;
}

TEST(SimCheck, TakesOnlySeedsThatAreNumbersInRange) {
    for (const auto* seed : {"-1", "18446744073709551616", "0x10", "1.5", "one", ""}) {
        const auto end = check({std::string("--seed=") + seed});
        EXPECT_EQ(end.code, kWrongUse) << seed;
        EXPECT_NE(end.err.find("--seed"), std::string::npos) << end.err;
        EXPECT_EQ(end.out, "") << seed;
    }
    for (const auto* seeds : {"-1..3", "3..18446744073709551616", "3..1", "1-3"}) {
        const auto end = check({std::string("--seeds=") + seeds});
        EXPECT_EQ(end.code, kWrongUse) << seeds;
        EXPECT_NE(end.err.find("--seeds"), std::string::npos) << end.err;
    }
    const auto largest = check({"--seed=18446744073709551615"});
    EXPECT_EQ(largest.code, 0) << largest.err;
    EXPECT_NE(largest.out.find("seed 18446744073709551615: trace"), std::string::npos)
        << largest.out;
}

TEST(SimCheck, SaysHowFarItIs) {
    const auto end = check({"--seeds=3..5"});
    EXPECT_EQ(end.code, 0);
    EXPECT_EQ(end.out.find("3 trials"), 0U) << end.out;
    EXPECT_EQ(end.err, "seed 3 of 3..5 held\nseed 4 of 3..5 held\n");
}

}  // namespace
}  // namespace busbar::app
