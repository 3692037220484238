#include "reconcile/next_action.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace busbar {
namespace {

using namespace std::chrono_literals;
constexpr SteadyPoint kNow{1h};

Action act(std::vector<LimitView> limits, ChargerView charger = {.online = true}) {
    charger.limits = limits;
    return next_action(charger, kNow);
}
std::size_t sends(const Action& action) {
    const auto* send = std::get_if<Send>(&action);
    return send ? send->limit : 99;
}
bool idle(const Action& action) {
    return std::holds_alternative<Idle>(action);
}

TEST(NextAction, DoesNothingWhereAllIsAsItShouldBe) {
    EXPECT_TRUE(idle(act({{0_A, 0_A}, {16_A, 16_A}})));
    EXPECT_TRUE(idle(act({{0_A, 0_A}, {16_A, std::nullopt}})));
    EXPECT_TRUE(idle(act({})));
}

TEST(NextAction, SendsTheDefaultBeforeAnythingElse) {
    EXPECT_EQ(sends(act({{std::nullopt, 0_A}, {16_A, 6_A}})), 0u);
}

TEST(NextAction, SendsDecreasesBeforeIncreases) {
    EXPECT_EQ(sends(act({{0_A, 0_A}, {6_A, 16_A}, {16_A, 6_A}})), 2u);
    EXPECT_EQ(sends(act({{0_A, 0_A}, {6_A, 16_A}, {16_A, 16_A}})), 1u);
}

TEST(NextAction, NeverSendsWhileOfflineOrWhileACallIsOpen) {
    EXPECT_TRUE(idle(act({{0_A, 6_A}}, {.online = false})));
    EXPECT_TRUE(idle(act({{0_A, 6_A}}, {.online = true, .busy = true})));
}

TEST(NextAction, AFailureWaitsUnlessTheNewValueIsLower) {
    const ChargerView failed{
        .online = true, .failures = 1, .last_attempt = kNow - 500ms, .limits = {}};
    const auto waits = act({{6_A, 16_A, 16_A}}, failed);
    ASSERT_TRUE(std::holds_alternative<WaitUntil>(waits));
    EXPECT_EQ(std::get<WaitUntil>(waits).when, kNow + 500ms);
    EXPECT_EQ(sends(act({{6_A, 0_A, 16_A}}, failed)), 0u);
}

TEST(NextAction, ARefusedDefaultKeepsNoTransactionsLimitWaiting) {
    const ChargerView failed{
        .online = true, .failures = 1, .last_attempt = kNow - 500ms, .limits = {}};
    EXPECT_EQ(sends(act({{std::nullopt, 0_A, 0_A}, {std::nullopt, 6_A}}, failed)), 1u);
}

TEST(RetryDelay, DoublesToAMinuteAndIsShiftedByTheJitter) {
    EXPECT_EQ(retry_delay(0, 25), 0s);
    EXPECT_EQ(retry_delay(1, 0), 1s);
    EXPECT_EQ(retry_delay(4, 0), 8s);
    EXPECT_EQ(retry_delay(1'000'000, 0), 60s);
    EXPECT_EQ(retry_delay(1, -25), 750ms);
    EXPECT_EQ(retry_delay(30, 90), 75s);
}

TEST(NextAction, RenewsWhatEndsByItselfWhenItsTimeComes) {
    const std::vector<LimitView> limits{{0_A, 0_A}, {16_A, 16_A, {}, kNow + 10s}};
    ChargerView view{.online = true, .limits = limits};
    const auto waits = next_action(view, kNow);
    ASSERT_TRUE(std::holds_alternative<WaitUntil>(waits));
    EXPECT_EQ(std::get<WaitUntil>(waits).when, kNow + 10s);
    const auto sends = next_action(view, kNow + 10s);
    ASSERT_TRUE(std::holds_alternative<Send>(sends));
    EXPECT_EQ(std::get<Send>(sends).limit, 1u);
}

TEST(NextAction, LeavesAChargerWhoseWritesAreSpentToItsFloorButLowersItAtOnce) {
    std::vector<LimitView> limits{{0_A, 0_A}, {16_A, 20_A, {}, kNow - 1s}};
    ChargerView view{.online = true, .limits = limits};
    view.writes = WriteBudget::State::kSpent;
    view.writes_again = kNow + 7min;
    const auto waits = next_action(view, kNow);
    ASSERT_TRUE(std::holds_alternative<WaitUntil>(waits));
    EXPECT_EQ(std::get<WaitUntil>(waits).when, kNow + 7min);
    limits[1].allowed = 10_A;
    EXPECT_TRUE(std::holds_alternative<Send>(next_action(view, kNow)));
}

TEST(NextAction, LetsSmallIncreasesWaitWhereWritesAreFew) {
    std::vector<LimitView> limits{{0_A, 0_A}, {16_A, 16.5_A}};
    ChargerView view{.online = true, .limits = limits};
    EXPECT_TRUE(std::holds_alternative<Send>(next_action(view, kNow)));
    view.writes = WriteBudget::State::kFew;
    EXPECT_TRUE(std::holds_alternative<Idle>(next_action(view, kNow)));
    limits[1].allowed = 17_A;
    EXPECT_TRUE(std::holds_alternative<Send>(next_action(view, kNow)));
    limits[1] = {0_A, 0.5_A};  // The first amperes are never small.
    EXPECT_TRUE(std::holds_alternative<Send>(next_action(view, kNow)));
}

}  // namespace
}  // namespace busbar
