// Whole sites from seeds. Each prints the seed that broke it, and the trace that led there;
// `busbar sim --check --seed N --chargers C --hours H` runs the same again.
#include <gtest/gtest.h>

#include "base/log.hpp"
#include "trial/naive_wire.hpp"
#include "trial/run.hpp"

namespace busbar::trial {
namespace {

using namespace std::chrono_literals;

const Policy kNaive = [](std::unique_ptr<Wire> wire, Strand& strand, const Clock& clock) {
    return std::make_unique<NaiveWire>(std::move(wire), strand, clock);
};

void expect_no_violation(std::uint64_t from, std::uint64_t count, int chargers, Duration span) {
    log::configure(log::Level::kOff, log::Format::kConsole);
    for (auto seed = from; seed < from + count; ++seed) {
        const auto outcome = run_trial({.seed = seed, .chargers = chargers, .span = span});
        ASSERT_FALSE(outcome.violation)
            << "seed " << seed << ", " << chargers << " chargers, " << span / 1h << " h:\n"
            << *outcome.violation;
        EXPECT_EQ(outcome.ampere_seconds, 0) << "seed " << seed;
    }
}

// Of one seed under both policies: amperes above ratings times seconds.
struct Overload {
    double naive = 0;
    double ours = 0;
};
Overload overload(std::uint64_t seed) {
    const Trial trial{.seed = seed, .chargers = 20, .span = 6h};
    return {run_trial(trial, kNaive).ampere_seconds, run_trial(trial).ampere_seconds};
}

constexpr int kFew = 20;
constexpr Duration kShort = 4h;

TEST(Trial, KeepsEveryBreakerClosedOnSeeds1To10) {
    expect_no_violation(1, 10, kFew, kShort);
}
TEST(Trial, KeepsEveryBreakerClosedOnSeeds11To20) {
    expect_no_violation(11, 10, kFew, kShort);
}
TEST(Trial, KeepsEveryBreakerClosedOnSeeds21To30) {
    expect_no_violation(21, 10, kFew, kShort);
}
TEST(Trial, KeepsEveryBreakerClosedOnSeeds31To40) {
    expect_no_violation(31, 10, kFew, kShort);
}
TEST(Trial, KeepsEveryBreakerClosedOnSeeds41To50) {
    expect_no_violation(41, 10, kFew, kShort);
}

TEST(Trial, IsTheSameAgainFromTheSameSeed) {
    log::configure(log::Level::kOff, log::Format::kConsole);
    const Trial trial{.seed = 7, .chargers = kFew, .span = kShort};
    const auto first = run_trial(trial);
    const auto second = run_trial(trial);
    EXPECT_EQ(first.hash, second.hash);
    EXPECT_EQ(first.events, second.events);
    EXPECT_NE(first.hash, run_trial({.seed = 8, .chargers = kFew, .span = kShort}).hash);
}

TEST(Trial, KillsServersRebootsChargersAndWritesRules) {
    log::configure(log::Level::kOff, log::Format::kConsole);
    Outcome sum;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        const auto outcome = run_trial({.seed = seed, .chargers = kFew, .span = 12h});
        sum.kills += outcome.kills;
        sum.reboots += outcome.reboots;
        sum.writes += outcome.writes;
        sum.calls += outcome.calls;
    }
    EXPECT_GT(sum.kills, 5U);
    EXPECT_GT(sum.reboots, 50U);
    EXPECT_GT(sum.writes, 100U);
    EXPECT_GT(sum.calls, 2'000U);
}

TEST(Trial, OverloadsWithoutALedgerWhereOursDoesNot) {
    log::configure(log::Level::kOff, log::Format::kConsole);
    double naive = 0;
    int seeds = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const auto above = overload(seed);
        naive += above.naive;
        seeds += above.naive > 0 ? 1 : 0;
        EXPECT_EQ(above.ours, 0) << "seed " << seed;
    }
    RecordProperty("naive_ampere_seconds", static_cast<int>(naive));
    EXPECT_GE(seeds, 5);
    EXPECT_GT(naive, 100);
}

// --- Long: 2,000 days of 50 chargers -------------------------------------------------------------

constexpr std::uint64_t kPart = 250;

void expect_part(std::uint64_t part) {
    expect_no_violation(1'000 + part * kPart, kPart, 50, 24h);
}

TEST(LongTrial, Part1) {
    expect_part(0);
}
TEST(LongTrial, Part2) {
    expect_part(1);
}
TEST(LongTrial, Part3) {
    expect_part(2);
}
TEST(LongTrial, Part4) {
    expect_part(3);
}
TEST(LongTrial, Part5) {
    expect_part(4);
}
TEST(LongTrial, Part6) {
    expect_part(5);
}
TEST(LongTrial, Part7) {
    expect_part(6);
}
TEST(LongTrial, Part8) {
    expect_part(7);
}

}  // namespace
}  // namespace busbar::trial
