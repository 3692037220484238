#include "sim/charger.hpp"

#include <gtest/gtest.h>

namespace busbar::sim {
namespace {

using namespace std::chrono_literals;

const TimePoint kNoon = *parse_time("2026-02-10T12:00:00Z");

Profile flat(Purpose purpose, Amperes limit, int id = 1, int level = 0) {
    Profile profile{.id = id, .stack_level = level, .purpose = purpose, .periods = {{0s, limit}}};
    profile.kind = ScheduleKind::kAbsolute;
    profile.start = kNoon - 1h;
    return profile;
}

ChargerModel two_outlets() {
    return ChargerModel{{.connectors = 2}};
}

constexpr auto kAccepted = ProfileAnswer::kAccepted;
constexpr auto kRejected = ProfileAnswer::kRejected;

TEST(SmartCharging, EnforcesOnlyTheHardwareMaximumWithoutAProfile) {
    EXPECT_EQ(ChargerModel{{.maximum = 20_A}}.limit(1, kNoon), 20_A);
}

TEST(SmartCharging, NeverAllowsMoreThanTheHardware) {
    ChargerModel charger{{.maximum = 16_A}};
    ASSERT_EQ(charger.install(0, flat(Purpose::kTxDefault, 40_A)), kAccepted);
    EXPECT_EQ(charger.limit(1, kNoon), 16_A);
}

TEST(SmartCharging, RoundsDownToItsQuantum) {
    ChargerModel charger{{.quantum = 1_A}};
    ASSERT_EQ(charger.install(0, flat(Purpose::kTxDefault, 12.9_A)), kAccepted);
    EXPECT_EQ(charger.limit(1, kNoon), 12_A);
}

TEST(SmartCharging, ADefaultOnConnector0HoldsForEachConnector) {
    auto charger = two_outlets();
    ASSERT_EQ(charger.install(0, flat(Purpose::kTxDefault, 10_A)), kAccepted);
    EXPECT_EQ(charger.limit(1, kNoon), 10_A);
    EXPECT_EQ(charger.limit(2, kNoon), 10_A);
    EXPECT_EQ(charger.limit(0, kNoon), 20_A);
}

TEST(SmartCharging, ADefaultOfTheConnectorWinsOverConnector0) {
    auto charger = two_outlets();
    ASSERT_EQ(charger.install(2, flat(Purpose::kTxDefault, 20_A, 1)), kAccepted);
    ASSERT_EQ(charger.install(0, flat(Purpose::kTxDefault, 10_A, 2)), kAccepted);
    EXPECT_EQ(charger.limit(1, kNoon), 10_A);
    EXPECT_EQ(charger.limit(2, kNoon), 20_A);
}

TEST(SmartCharging, ATxProfileOverrulesTheDefaultForItsTransactionOnly) {
    ChargerModel charger{{}};
    ASSERT_EQ(charger.install(0, flat(Purpose::kTxDefault, 6_A, 1)), kAccepted);
    charger.begin_transaction(1, kNoon);
    charger.name_transaction(1, "77");
    auto profile = flat(Purpose::kTx, 24_A, 2);
    profile.transaction = "77";
    ASSERT_EQ(charger.install(1, profile), kAccepted);
    EXPECT_EQ(charger.limit(1, kNoon), 24_A);

    charger.end_transaction(1);
    EXPECT_EQ(charger.limit(1, kNoon), 6_A);
    charger.begin_transaction(1, kNoon);
    EXPECT_EQ(charger.limit(1, kNoon), 6_A);
}

TEST(SmartCharging, RejectsATxProfileWithoutItsTransaction) {
    ChargerModel charger{{}};
    auto profile = flat(Purpose::kTx, 24_A);
    EXPECT_EQ(charger.install(1, profile), kRejected);
    charger.begin_transaction(1, kNoon);
    EXPECT_EQ(charger.install(0, profile), kRejected);
    profile.transaction = "77";
    EXPECT_EQ(charger.install(1, profile), kRejected) << "its number has not come yet";
    charger.name_transaction(1, "78");
    EXPECT_EQ(charger.install(1, profile), kRejected);
    profile.transaction = "78";
    EXPECT_EQ(charger.install(1, profile), kAccepted);
}

TEST(SmartCharging, ChargePointMaxCapsAllPurposesAndIsSharedByTransactions) {
    auto charger = two_outlets();
    ASSERT_EQ(charger.install(0, flat(Purpose::kChargePointMax, 20_A)), kAccepted);
    charger.begin_transaction(1, kNoon);
    EXPECT_EQ(charger.limit(1, kNoon), 20_A);
    charger.begin_transaction(2, kNoon);
    EXPECT_EQ(charger.limit(1, kNoon), 10_A);
    EXPECT_EQ(charger.limit(0, kNoon), 20_A);
}

TEST(SmartCharging, RejectsAChargePointMaxThatIsRelativeOrOnAConnector) {
    ChargerModel charger{{}};
    auto profile = flat(Purpose::kChargePointMax, 20_A);
    EXPECT_EQ(charger.install(1, profile), kRejected);
    profile.kind = ScheduleKind::kRelative;
    EXPECT_EQ(charger.install(0, profile), kRejected);
}

TEST(SmartCharging, TheHighestStackLevelThatIsValidNowPrevails) {
    ChargerModel charger{{}};
    ASSERT_EQ(charger.install(0, flat(Purpose::kTxDefault, 10_A, 1, 0)), kAccepted);
    auto high = flat(Purpose::kTxDefault, 20_A, 2, 1);
    high.valid_to = kNoon + 1min;
    ASSERT_EQ(charger.install(0, high), kAccepted);
    EXPECT_EQ(charger.limit(1, kNoon), 20_A);
    EXPECT_EQ(charger.limit(1, kNoon + 1min), 10_A);
}

TEST(SmartCharging, TheSameStackLevelAndPurposeReplaces) {
    ChargerModel charger{{}};
    ASSERT_EQ(charger.install(0, flat(Purpose::kTxDefault, 10_A, 1)), kAccepted);
    ASSERT_EQ(charger.install(0, flat(Purpose::kTxDefault, 8_A, 2)), kAccepted);
    EXPECT_EQ(charger.profile_count(), 1U);
    EXPECT_EQ(charger.limit(1, kNoon), 8_A);
}

TEST(SmartCharging, TheSameIdReplacesWhereverItIs) {
    ChargerModel charger{{}};
    ASSERT_EQ(charger.install(0, flat(Purpose::kTxDefault, 10_A, 1)), kAccepted);
    ASSERT_EQ(charger.install(1, flat(Purpose::kTxDefault, 8_A, 1, 3)), kAccepted);
    EXPECT_EQ(charger.profile_count(), 1U);
}

TEST(SmartCharging, AReplacementThatIsNotValidYetLeavesNoLimitAtAll) {
    ChargerModel charger{{}};
    ASSERT_EQ(charger.install(0, flat(Purpose::kTxDefault, 10_A)), kAccepted);
    auto later = flat(Purpose::kTxDefault, 8_A);
    later.valid_from = kNoon + 1h;
    ASSERT_EQ(charger.install(0, later), kAccepted);
    EXPECT_EQ(charger.limit(1, kNoon), 32_A);
    EXPECT_EQ(charger.limit(1, kNoon + 1h), 8_A);
}

TEST(SmartCharging, ARejectedProfileReplacesNothing) {
    ChargerModel charger{{}};
    ASSERT_EQ(charger.install(0, flat(Purpose::kTxDefault, 10_A)), kAccepted);
    auto broken = flat(Purpose::kTxDefault, 20_A);
    broken.periods = {{10s, 20_A}};
    EXPECT_EQ(charger.install(0, broken), kRejected);
    broken.periods = {};
    EXPECT_EQ(charger.install(0, broken), kRejected);
    broken.periods = {{0s, 20_A}, {0s, 10_A}};
    EXPECT_EQ(charger.install(0, broken), kRejected);
    broken = flat(Purpose::kTxDefault, 20_A);
    broken.start = {};
    EXPECT_EQ(charger.install(0, broken), kRejected);
    EXPECT_EQ(charger.install(7, flat(Purpose::kTxDefault, 20_A)), kRejected);
    EXPECT_EQ(charger.install(0, flat(Purpose::kTxDefault, 20_A, 1, 99)), kRejected);
    EXPECT_EQ(charger.limit(1, kNoon), 10_A);
}

TEST(SmartCharging, HasRoomForSoManyProfilesAndForReplacements) {
    ChargerModel charger{{.max_profiles = 2}};
    EXPECT_EQ(charger.install(0, flat(Purpose::kTxDefault, 10_A, 1, 0)), kAccepted);
    EXPECT_EQ(charger.install(0, flat(Purpose::kTxDefault, 10_A, 2, 1)), kAccepted);
    EXPECT_EQ(charger.install(0, flat(Purpose::kTxDefault, 10_A, 3, 2)), kRejected);
    EXPECT_EQ(charger.install(0, flat(Purpose::kTxDefault, 12_A, 2, 1)), kAccepted);
}

TEST(SmartCharging, ALeaseRunsOutByItselfWhileTheLinkIsDown) {
    ChargerModel charger{{}};
    ASSERT_EQ(charger.install(0, flat(Purpose::kTxDefault, 6_A)), kAccepted);
    charger.begin_transaction(1, kNoon);
    auto leased = flat(Purpose::kTx, 24_A, 2);
    leased.start = kNoon - 1min;
    leased.periods = {{0s, 24_A}, {31min, 6_A}};
    ASSERT_EQ(charger.install(1, leased), kAccepted);
    EXPECT_EQ(charger.limit(1, kNoon + 30min - 1us), 24_A);
    EXPECT_EQ(charger.limit(1, kNoon + 30min), 6_A);
}

TEST(SmartCharging, ATxProfileWithoutALeaseGoesOnForTheDurationOfTheTransaction) {
    ChargerModel charger{{}};
    ASSERT_EQ(charger.install(0, flat(Purpose::kTxDefault, 0_A)), kAccepted);
    charger.begin_transaction(1, kNoon);
    ASSERT_EQ(charger.install(1, flat(Purpose::kTx, 24_A, 2)), kAccepted);
    EXPECT_EQ(charger.limit(1, kNoon + std::chrono::days{3}), 24_A);
}

TEST(SmartCharging, AScheduleThatBeginsLaterFallsToTheNextStackLevelUntilThen) {
    ChargerModel charger{{}};
    ASSERT_EQ(charger.install(0, flat(Purpose::kTxDefault, 6_A, 1, 0)), kAccepted);
    auto future = flat(Purpose::kTxDefault, 16_A, 2, 1);
    future.start = kNoon + 5s;
    future.duration = 10s;
    ASSERT_EQ(charger.install(0, future), kAccepted);
    EXPECT_EQ(charger.limit(1, kNoon), 6_A);
    EXPECT_EQ(charger.limit(1, kNoon + 5s), 16_A);
    EXPECT_EQ(charger.limit(1, kNoon + 15s), 6_A);
}

TEST(SmartCharging, ARelativeScheduleCountsFromTheStartOfTheTransaction) {
    ChargerModel charger{{}};
    Profile profile{.id = 1, .periods = {{0s, 10_A}, {60s, 20_A}}};
    ASSERT_EQ(charger.install(0, profile), kAccepted);
    EXPECT_EQ(charger.limit(1, kNoon), 10_A);
    charger.begin_transaction(1, kNoon);
    EXPECT_EQ(charger.limit(1, kNoon + 59s), 10_A);
    EXPECT_EQ(charger.limit(1, kNoon + 60s), 20_A);
}

TEST(SmartCharging, ADailyScheduleComesBackEachDay) {
    ChargerModel charger{{}};
    auto daily = flat(Purpose::kTxDefault, 10_A);
    daily.kind = ScheduleKind::kRecurringDaily;
    daily.start = kNoon - std::chrono::days{30};
    daily.duration = 1h;
    ASSERT_EQ(charger.install(0, daily), kAccepted);
    EXPECT_EQ(charger.limit(1, kNoon + 59min), 10_A);
    EXPECT_EQ(charger.limit(1, kNoon + 60min), 32_A);
    EXPECT_EQ(charger.limit(1, kNoon + 24h), 10_A);
}

TEST(SmartCharging, ClearsWhatMatchesEveryFieldOfTheFilter) {
    ChargerModel charger{{}};
    ASSERT_EQ(charger.install(0, flat(Purpose::kTxDefault, 10_A, 1, 0)), kAccepted);
    ASSERT_EQ(charger.install(0, flat(Purpose::kTxDefault, 12_A, 2, 1)), kAccepted);
    EXPECT_EQ(charger.clear({.id = 9}), 0);
    EXPECT_EQ(charger.clear({.purpose = Purpose::kTxDefault, .stack_level = 1}), 1);
    EXPECT_EQ(charger.limit(1, kNoon), 10_A);
    EXPECT_EQ(charger.clear({}), 1);
    EXPECT_EQ(charger.limit(1, kNoon), 32_A);
}

TEST(SmartCharging, ARebootKeepsDefaultsOrForgetsThemButAlwaysForgetsTransactions) {
    for (const auto memory : {Memory::kKeeps, Memory::kForgets}) {
        ChargerModel charger{{}};
        ASSERT_EQ(charger.install(0, flat(Purpose::kTxDefault, 6_A, 1)), kAccepted);
        charger.begin_transaction(1, kNoon);
        ASSERT_EQ(charger.install(1, flat(Purpose::kTx, 24_A, 2)), kAccepted);
        charger.reboot(memory);
        EXPECT_EQ(charger.limit(1, kNoon), memory == Memory::kKeeps ? 6_A : 32_A);
        charger.begin_transaction(1, kNoon);
        EXPECT_EQ(charger.limit(1, kNoon), memory == Memory::kKeeps ? 6_A : 32_A);
    }
}

TEST(SmartCharging, TheCompositeScheduleShowsEveryChangeAhead) {
    ChargerModel charger{{}};
    charger.begin_transaction(1, kNoon);
    ASSERT_EQ(charger.install(0, flat(Purpose::kTxDefault, 6_A, 1)), kAccepted);
    auto leased = flat(Purpose::kTx, 24_A, 2);
    leased.start = kNoon - 60s;
    leased.periods = {{0s, 24_A}, {90s, 10_A}};
    leased.duration = 120s;
    ASSERT_EQ(charger.install(1, leased), kAccepted);
    auto site = flat(Purpose::kChargePointMax, 20_A, 3);
    site.valid_to = kNoon + 10s;
    ASSERT_EQ(charger.install(0, site), kAccepted);
    const std::vector<SchedulePeriod> expected{{0s, 20_A}, {10s, 24_A}, {30s, 10_A}, {60s, 6_A}};
    EXPECT_EQ(charger.composite(1, kNoon, 5min), expected);
    EXPECT_EQ(charger.composite(1, kNoon, 20s).size(), 2U);
}

TEST(SmartCharging, TheCompositeScheduleOfADailyProfileIsBounded) {
    ChargerModel charger{{}};
    auto daily = flat(Purpose::kTxDefault, 10_A);
    daily.kind = ScheduleKind::kRecurringDaily;
    daily.duration = 1s;
    ASSERT_EQ(charger.install(0, daily), kAccepted);
    EXPECT_EQ(charger.composite(1, kNoon, std::chrono::days{20'000}).size(),
              ChargerModel::kMaxCompositePeriods);
}

}  // namespace
}  // namespace busbar::sim
