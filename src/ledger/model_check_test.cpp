#include "ledger/model_check.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <ctime>

namespace busbar::model {
namespace {

using enum Sabotage;

std::string printed(const Outcome& outcome, std::clock_t began) {
    const auto ms = static_cast<long long>(std::clock() - began) * 1000 / CLOCKS_PER_SEC;
    std::printf("%zu states, %zu transitions, %lld ms%s\n", outcome.states, outcome.transitions, ms,
                outcome.complete ? ", all there are" : "");
    std::string trace;
    for (const auto& line : outcome.trace) trace += "  " + line + "\n";
    return trace;
}

void expect_safe(const Scope& scope) {
    const auto began = std::clock();
    const auto outcome = explore(scope);
    const auto trace = printed(outcome, began);
    EXPECT_FALSE(outcome.wrong) << *outcome.wrong << "\n" << trace;
    EXPECT_TRUE(outcome.complete || outcome.wrong || scope.most_states != 0);
}

// --- The ledger as it is: two chargers of 2 A on a row of 2 A ------------------------------------

TEST(ModelCheck, AllIsWellWhileNothingFails) {
    expect_safe({.refuses = true});
}

TEST(ModelCheck, ALeaseEndsByItself) {
    expect_safe({.limits = {0, 2}, .lease = 1});
}

TEST(ModelCheck, ALinkMayBreak) {
    expect_safe({.limits = {0, 2}, .breaks = true, .keeps = true, .faults = 1});
}

TEST(ModelCheck, ARequestMayArriveAfterControlHasGivenUp) {
    expect_safe({.limits = {0, 2}, .slow = true, .faults = 2});
}

TEST(ModelCheck, ARenewalMayBeLostOrItsAnswer) {
    expect_safe({.limits = {2}, .lease = 1, .breaks = true, .keeps = true, .faults = 1});
}

TEST(ModelCheck, AChargerMayRebootAndForget) {
    expect_safe({.limits = {0, 2}, .reboots = true, .faults = 1});
}

TEST(ModelCheck, ARowStartsWithNothingKnown) {
    expect_safe({.limits = {1, 2}, .breaks = true, .reboots = true, .booted = false, .faults = 1});
}

TEST(ModelCheck, FloorsCount) {
    expect_safe({.floor = 1, .defaults = {0, 1}, .limits = {1, 2}, .reboots = true, .faults = 1});
}

TEST(ModelCheck, ABudgetMayFallAndRise) {
    expect_safe({.limits = {0, 2}, .demotes = true, .lowered = 1, .faults = 2});
}

TEST(ModelCheck, AChargersClockMayBeSetBack) {
    expect_safe({.limits = {2}, .lease = 1, .clock_set = true, .faults = 1});
}

TEST(ModelCheck, ALeaseMayEndAtAFloor) {
    expect_safe({.capacity = 3,
                 .maximum = 3,
                 .floor = 1,
                 .defaults = {1},
                 .limits = {2},
                 .lease = 1,
                 .breaks = true,
                 .clock_set = true,
                 .faults = 1});
}

TEST(ModelCheck, ControlMayCrashBetweenAnyTwoSteps) {
    expect_safe({.limits = {2}, .crashes = true, .faults = 1});
}

TEST(ModelCheck, ControlMayRestartFromACopyOfItsStore) {
    expect_safe({.limits = {2}, .crashes = true, .backups = true, .faults = 1});
}

// --- Protections broken on purpose ---------------------------------------------------------------

void expect_overload(Sabotage sabotage, Scope scope) {
    scope.sabotage = sabotage;
    const auto began = std::clock();
    const auto outcome = explore(scope);
    const auto trace = printed(outcome, began);
    std::printf("%s", trace.c_str());
    EXPECT_EQ(outcome.wrong, "overload");
    ASSERT_FALSE(outcome.trace.empty());
    const auto& last = outcome.trace.back();
    EXPECT_TRUE(last.starts_with(std::to_string(outcome.trace.size()) + ". ")) << last;
    EXPECT_NE(last.find(" draws "), std::string::npos) << last;
}

TEST(ModelSabotage, ASettleThatIsIgnored) {
    expect_overload(kSettleIgnored, {});
}

TEST(ModelSabotage, AnUnansweredCallThatIsForgotten) {
    expect_overload(kUnansweredForgotten, {.breaks = true, .faults = 1});
}

TEST(ModelSabotage, AFloorThatIsNotCounted) {
    expect_overload(kFloorNotCounted, {.floor = 1, .defaults = {1}});
}

TEST(ModelSabotage, AHoldThatANewerCallEnds) {
    expect_overload(kHoldDropped, {});
}

TEST(ModelSabotage, ALeaseThatTheChargerDoesNotEnd) {
    expect_overload(kLeaseBelieved, {.limits = {2}, .lease = 1, .lapses = false});
}

TEST(ModelSabotage, APotentialThatIsSentBeforeItIsPersisted) {
    expect_overload(kSentBeforePersisted, {.limits = {2}, .crashes = true, .faults = 1});
}

TEST(ModelSabotage, AnEndThatIsSentBeforeItIsPersisted) {
    expect_overload(kLeaseSentUnpersisted,
                    {.defaults = {}, .limits = {2}, .lease = 1, .crashes = true, .faults = 1});
}

TEST(ModelSabotage, ARebootThatIsNotCounted) {
    expect_overload(kRebootNotCounted, {.reboots = true, .faults = 1});
}

TEST(ModelSabotage, ACopyOfTheStoreThatIsTrusted) {
    expect_overload(kBackupTrusted, {.limits = {2}, .crashes = true, .backups = true, .faults = 1});
}

TEST(ModelSabotage, ALaterEndThatIsForgotten) {
    expect_overload(kLaterEndForgotten, {.limits = {2}, .lease = 2, .breaks = true, .faults = 1});
}

TEST(ModelSabotage, ATransactionThatIsTakenForOver) {
    expect_overload(kTransactionTakenForOver, {.breaks = true, .keeps = true, .faults = 1});
}

// --- Larger --------------------------------------------------------------------------------------

// In one test, one after the other: a quarter of an hour and 6 GB of memory on one core.
TEST(LongModelCheck, LargerScopesUpToEightMillionStatesEach) {
    const std::pair<const char*, Scope> larger[] = {
        {"leases of two ticks, clocks set back, broken links",
         {.limits = {2},
          .lease = 2,
          .breaks = true,
          .keeps = true,
          .clock_set = true,
          .faults = 2}},
        {"three chargers", {.chargers = 3, .refuses = true}},
        {"three chargers and a broken link",
         {.chargers = 3, .limits = {0, 2}, .breaks = true, .faults = 1}},
        {"three chargers and a crash",
         {.chargers = 3, .limits = {2}, .crashes = true, .faults = 1}},
        {"three chargers and a reboot",
         {.chargers = 3, .limits = {2}, .reboots = true, .booted = false, .faults = 1}},
        {"broken links, late requests, reboots",
         {.limits = {0, 2}, .slow = true, .breaks = true, .reboots = true, .faults = 2}},
        {"leases of chargers that do not end them",
         {.limits = {0, 2},
          .lease = 1,
          .trust = TrustClass::kB,
          .lapses = false,
          .breaks = true,
          .faults = 2}},
        {"crashes, leases, broken links",
         {.limits = {2}, .lease = 1, .breaks = true, .crashes = true, .faults = 2}},
        {"copies of the store, reboots, floors",
         {.capacity = 3,
          .maximum = 3,
          .floor = 1,
          .defaults = {0, 1},
          .limits = {1, 3},
          .reboots = true,
          .crashes = true,
          .backups = true,
          .faults = 2}},
        {"settles of two ticks, limits up to three amperes",
         {.capacity = 3,
          .maximum = 3,
          .limits = {0, 1, 2, 3},
          .settle = 2,
          .breaks = true,
          .keeps = true,
          .faults = 1}},
        {"all at once, but clocks",
         {.limits = {1, 2},
          .lease = 1,
          .refuses = true,
          .slow = true,
          .breaks = true,
          .reboots = true,
          .crashes = true,
          .backups = true,
          .demotes = true,
          .lowered = 1,
          .booted = false,
          .faults = 2}},
    };
    for (auto [name, scope] : larger) {
        SCOPED_TRACE(name);
        std::printf("%s: ", name);
        scope.most_states = 8'000'000;
        expect_safe(scope);
        std::fflush(stdout);
    }
}

}  // namespace
}  // namespace busbar::model
