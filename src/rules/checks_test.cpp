#include <gtest/gtest.h>

#include <set>

#include "rules/effective.hpp"

namespace busbar {
namespace {

using namespace std::chrono_literals;
using enum RuleKind;
constexpr TimePoint kToday{1'000'000s};

SiteConfig car_park() {
    SiteConfig config{.site = {.id = SiteId("park")}, .circuits = {}, .chargers = {}};
    for (const auto* id : {"feeder", "level-1"})
        config.circuits.push_back({.id = CircuitId(id),
                                   .site = SiteId("park"),
                                   .parent = {},
                                   .breaker = PerPhase::each(id[0] == 'f' ? 100_A : 60_A),
                                   .safety_pct = 0});
    config.circuits[1].parent = CircuitId("feeder");
    for (const auto* id : {"a", "b", "c"})
        config.chargers.push_back({.id = ChargerId(id),
                                   .circuit = CircuitId(id[0] == 'c' ? "feeder" : "level-1"),
                                   .partner = id[0] == 'b' ? "" : "acme",
                                   .maximum = 32_A,
                                   .evse_count = 1,
                                   .tags = {"north"}});
    config.id_tags = {{"card-1", SiteId("park"), "staff"}};
    return config;
}

Rule rule_of(RuleKind kind, Selector select = {}) {
    return {.id = RuleId("1"), .site = SiteId("park"), .kind = kind, .select = std::move(select)};
}

// The rule that a kind needs at least.
Rule plain(RuleKind kind) {
    auto rule = rule_of(kind);
    switch (kind) {
        case kCap:
        case kReserve:
            rule.limit = 10_A;
            break;
        case kRank:
            rule.band = 2;
            break;
        case kShare:
            rule.share = Share{};
            break;
        case kSuspend:
            rule.suspends = Suspends{};
            break;
        case kPause:
        case kExclude:
        case kBoost:
            break;
    }
    return rule;
}

constexpr auto kKinds = {kCap, kPause, kReserve, kExclude, kRank, kShare, kSuspend, kBoost};

// "limitA", "": what check_rule() names, nothing if it agrees.
std::string blamed(const Rule& rule) {
    const auto checked = check_rule(car_park(), rule);
    return checked ? std::string() : checked.error().field;
}
std::string blamed(Rule rule, auto change) {
    change(rule);
    return blamed(rule);
}

TEST(CheckRule, AgreesToTheLeastOfEachKind) {
    for (const auto kind : kKinds) EXPECT_EQ(blamed(plain(kind)), "") << to_string(kind);
}

TEST(CheckRule, WantsWhatTheKindNeeds) {
    EXPECT_EQ(blamed(rule_of(kCap)), "limitA");
    EXPECT_EQ(blamed(rule_of(kReserve)), "limitA");
    EXPECT_EQ(blamed(rule_of(kRank)), "band");
    EXPECT_EQ(blamed(rule_of(kShare)), "share");
    EXPECT_EQ(blamed(rule_of(kSuspend)), "suspends");
}

TEST(CheckRule, RefusesWhatDoesNotBelongToTheKind) {
    const struct {
        const char* field;
        std::set<RuleKind> kinds;  // To which it belongs.
        void (*set)(Rule&);
    } fields[] = {
        {"limitKw", {}, [](Rule& r) { r.limit_power = 1_kW; }},  // Beside limitA: one too many.
        {"limitPct", {}, [](Rule& r) { r.limit_pct = Percent::of(5); }},
        {"scope", {kCap}, [](Rule& r) { r.scope = Scope::kEach; }},
        {"standing", {kReserve}, [](Rule& r) { r.standing = true; }},
        {"force", {kReserve}, [](Rule& r) { r.force = true; }},
        {"band", {kRank, kBoost}, [](Rule& r) { r.band = 3; }},
        {"weight", {kRank}, [](Rule& r) { r.weight = Weight::of(2); }},
        {"share", {kShare}, [](Rule& r) { r.share = Share{}; }},
        {"suspends", {kSuspend}, [](Rule& r) { r.suspends = Suspends{}; }},
    };
    for (const auto& field : fields)
        for (const auto kind : kKinds)
            EXPECT_EQ(blamed(plain(kind), field.set), field.kinds.contains(kind) ? "" : field.field)
                << to_string(kind);
    for (const auto kind : {kPause, kExclude, kRank, kShare, kSuspend, kBoost})
        EXPECT_EQ(blamed(plain(kind), [](Rule& r) { r.limit = 6_A; }), "limitA");
}

TEST(CheckRule, KeepsNumbersInRange) {
    const auto cap = [](auto set) { return blamed(rule_of(kCap), set); };
    EXPECT_EQ(cap([](Rule& r) { r.limit = 0_A; }), "");
    EXPECT_EQ(cap([](Rule& r) { r.limit = -Amperes::milli(1); }), "limitA");
    EXPECT_EQ(cap([](Rule& r) { r.limit = 100'001_A; }), "limitA");
    EXPECT_EQ(cap([](Rule& r) { r.limit_power = Watts{}; }), "");
    EXPECT_EQ(cap([](Rule& r) { r.limit_power = -Watts::milli(1); }), "limitKw");
    EXPECT_EQ(cap([](Rule& r) { r.limit_pct = Percent::of(100); }), "");
    EXPECT_EQ(cap([](Rule& r) { r.limit_pct = Percent::milli(100'001); }), "limitPct");
    EXPECT_EQ(blamed(rule_of(kReserve), [](Rule& r) { r.limit_pct = Percent::of(50); }),
              "limitPct");
    for (const int band : {0, 10, -1})
        EXPECT_EQ(blamed(plain(kRank), [&](Rule& r) { r.band = band; }), "band");
    EXPECT_EQ(blamed(plain(kRank), [](Rule& r) { r.weight = Weight{}; }), "");
    EXPECT_EQ(blamed(plain(kRank), [](Rule& r) { r.weight = Weight::of(-1); }), "weight");
    EXPECT_EQ(blamed(plain(kShare), [](Rule& r) { r.share->rotation_slot = -1s; }),
              "share.rotationMinutes");
    EXPECT_EQ(blamed(plain(kPause), [](Rule& r) { r.reason = std::string(257, 'x'); }), "reason");
    EXPECT_EQ(blamed(plain(kPause), [](Rule& r) { r.author = std::string(129, 'x'); }), "author");
}

TEST(CheckRule, NamesWhoIsNotThere) {
    using enum SelectorKind;
    for (const auto& known :
         {SelectorTerm{kAll}, SelectorTerm{kCharger, "a"}, SelectorTerm{kEvse, "a"},
          SelectorTerm{kEvse, "a/1"}, SelectorTerm{kCircuit, "level-1"},
          SelectorTerm{kTag, "north"}, SelectorTerm{kPartner, "acme"},
          SelectorTerm{kIdTagGroup, "staff"}, SelectorTerm{kTransaction, "12"}}) {
        const Selector select{known.kind, known.name};
        EXPECT_EQ(blamed(rule_of(kPause, select)), "") << to_string(known);
        EXPECT_EQ(blamed(rule_of(kPause, {kAll, "", {known}})), "");
    }
    for (const auto kind : {kCharger, kEvse, kCircuit, kTag, kPartner, kIdTagGroup, kTransaction})
        for (const auto* name : {"nope", "", "a/2", "-3", "0"}) {
            EXPECT_EQ(blamed(rule_of(kPause, {kind, name})),
                      "select." + std::string(to_string(kind)));
            EXPECT_EQ(blamed(rule_of(kPause, {kAll, "", {{kind, name}}})), "select.except");
        }
    EXPECT_EQ(
        check_rule(car_park(), rule_of(kPause, {kCharger, "nope"})).error(),
        (Error{Errc::kNotFound, "charger 'nope' does not exist at site park", "select.charger"}));
    EXPECT_EQ(blamed(rule_of(kPause, {kAll, "", std::vector<SelectorTerm>(33)})), "select.except");
}

TEST(CheckRule, KnowsWhatASelectionMustNotDependOn) {
    const Selector staff{SelectorKind::kIdTagGroup, "staff"};
    const Selector others{SelectorKind::kAll, "", {staff.term()}};
    for (const auto& select : {staff, others}) {
        auto cap = plain(kCap);
        cap.select = select;
        EXPECT_EQ(blamed(cap), "");
        cap.scope = Scope::kSum;
        EXPECT_EQ(blamed(cap), "scope");
        auto reserve = plain(kReserve);
        reserve.select = select;
        EXPECT_EQ(blamed(reserve), "");
        reserve.standing = true;
        EXPECT_EQ(blamed(reserve), "standing");
        EXPECT_EQ(blamed(rule_of(kExclude, select)), "select");
    }
    auto share = plain(kShare);
    share.select = {SelectorKind::kCharger, "a"};
    EXPECT_EQ(blamed(share), "select");
}

TEST(CheckRule, SafetyOnlyCapsAndPausesAndIsNeverLifted) {
    for (const auto kind : kKinds) {
        auto rule = plain(kind);
        rule.layer = Layer::kSafety;
        const auto checked = check_rule(car_park(), rule);
        if (kind == kCap || kind == kPause) {
            EXPECT_TRUE(checked);
            continue;
        }
        ASSERT_FALSE(checked);
        EXPECT_EQ(checked.error().field, "layer");
        EXPECT_EQ(checked.error().code,
                  kind == kSuspend || kind == kBoost ? Errc::kForbidden : Errc::kInvalid);
    }
}

TEST(CheckRule, AsksWhetherTheTimesMakeSense) {
    const auto when = [](auto set) { return blamed(plain(kPause), set); };
    EXPECT_EQ(when([](Rule& r) { r.window = Window{.zone = "Mars/Olympus"}; }), "window.zone");
    EXPECT_EQ(when([](Rule& r) { r.window = Window{.zone = "not a zone"}; }), "window.zone");
    EXPECT_EQ(when([](Rule& r) { r.window = Window{.days = 0}; }), "window.days");
    EXPECT_EQ(when([](Rule& r) { r.window = Window{.from = 24h}; }), "window.from");
    EXPECT_EQ(when([](Rule& r) { r.window = Window{.until = 25h}; }), "window.until");
    EXPECT_EQ(when([](Rule& r) { r.starts_at = r.expires_at = kToday; }), "expiresAt");
    EXPECT_EQ(when([](Rule& r) {
                  r.starts_at = kToday;
                  r.expires_at = kToday + 1us;
                  r.window = Window{.zone = "Europe/Berlin"};
              }),
              "");
}

TEST(CheckRule, ASuspensionNamesARuleOrAKindThatCanBeSuspended) {
    const auto suspends = [](Suspends what) {
        return blamed(plain(kSuspend), [&](Rule& r) { r.suspends = what; });
    };
    EXPECT_EQ(suspends({.rule = RuleId("7")}), "");
    EXPECT_EQ(suspends({.kind = kExclude}), "");
    EXPECT_EQ(suspends({.rule = RuleId("7"), .kind = kCap}), "suspends");
    EXPECT_EQ(suspends({.kind = kSuspend}), "suspends");
    EXPECT_EQ(suspends({.kind = kBoost}), "suspends");
}

TEST(CheckSuspension, ItsRuleHasToBeThereAndWithinReach) {
    auto low = plain(kCap), grid = plain(kCap), safety = plain(kCap), other = plain(kSuspend);
    low.id = RuleId("low");
    grid.id = RuleId("grid");
    grid.layer = Layer::kGrid;
    safety.id = RuleId("safety");
    safety.layer = Layer::kSafety;
    other.id = RuleId("other");
    const std::vector rules{low, grid, safety, other};
    const auto code = [&](const char* id) {
        auto suspension = plain(kSuspend);
        suspension.suspends->rule = RuleId(id);
        return check_suspension(rules, suspension).error().code;
    };
    auto fine = plain(kSuspend);
    EXPECT_TRUE(check_suspension(rules, fine));
    fine.suspends->rule = RuleId("low");
    EXPECT_TRUE(check_suspension(rules, fine));
    EXPECT_EQ(code("nope"), Errc::kNotFound);
    EXPECT_EQ(code("grid"), Errc::kForbidden);
    EXPECT_EQ(code("safety"), Errc::kForbidden);
    EXPECT_EQ(code("other"), Errc::kForbidden);
}

class Promises : public testing::Test {
protected:
    std::string conflict(std::vector<Rule> rules) {
        const auto checked = check_promises(config_, compile(config_, rules), rules, kToday);
        if (checked) return {};
        EXPECT_EQ(checked.error().code, Errc::kConflict);
        const auto& message = checked.error().message;
        return message.substr(message.find("take ") + 5);
    }
    Rule reserve(Amperes amperes, Selector select = {}) {
        auto rule = rule_of(kReserve, std::move(select));
        rule.limit = amperes;
        rule.standing = true;
        return rule;
    }
    Rule cap(Amperes amperes, Selector select = {}) {
        auto rule = rule_of(kCap, std::move(select));
        rule.id = RuleId("2");
        rule.limit = amperes;
        return rule;
    }
    SiteConfig config_ = car_park();
    Selector level_1_{SelectorKind::kCircuit, "level-1"};
};

TEST_F(Promises, ExclusionsThatCanNeverFitAreRefusedWithTheShortfall) {
    EXPECT_EQ(conflict({rule_of(kExclude, {SelectorKind::kPartner, "acme"})}), "");
    EXPECT_EQ(conflict({rule_of(kExclude, level_1_)}), "4 A more than circuit level-1 has on L1");
    config_.chargers[0].managed = config_.chargers[1].managed = false;
    EXPECT_EQ(conflict({}), "4 A more than circuit level-1 has on L1");
}

TEST_F(Promises, StandingReservationsCountBesideTheFloorsOfTheOthers) {
    EXPECT_EQ(conflict({reserve(30_A, level_1_)}), "");
    EXPECT_EQ(conflict({reserve(31_A, level_1_)}), "2 A more than circuit level-1 has on L1");
    config_.chargers[1].floor = 30_A;
    EXPECT_EQ(conflict({reserve(31_A, {SelectorKind::kCharger, "a"})}),
              "1 A more than circuit level-1 has on L1");
    EXPECT_EQ(conflict({reserve(400_A, {SelectorKind::kCharger, "c"})}), "");  // At most 32 A.
}

TEST_F(Promises, OnlyTheLineThatIsShortIsNamed) {
    config_.chargers[0].phases = config_.chargers[1].phases = {Phase::kL3};
    EXPECT_EQ(conflict({reserve(32_A)}), "4 A more than circuit level-1 has on L3");
}

TEST_F(Promises, ForcedAndIdleReservationsAreNotCounted) {
    auto forced = reserve(32_A);
    forced.force = true;
    EXPECT_EQ(conflict({forced}), "");
    auto idle = reserve(32_A);
    idle.standing = false;
    EXPECT_EQ(conflict({idle}), "");
    auto off = reserve(32_A);
    off.enabled = false;
    EXPECT_EQ(conflict({off}), "");
}

TEST_F(Promises, RulesThatHoldAtAnyTimeCountAsIfTheyHeldTogether) {
    auto night = reserve(20_A, level_1_), day = cap(30_A, level_1_);
    night.window = *parse_window("22:00-06:00");
    day.window = *parse_window("06:00-22:00");
    EXPECT_EQ(conflict({night, day}), "10 A more than circuit level-1 has on L1");
    day.expires_at = kToday;
    EXPECT_EQ(conflict({night, day}), "");
    config_.circuits[1].peaks = {{*parse_window("Sat 10:00-11:00"), Percent::of(50)}};
    EXPECT_EQ(conflict({night}), "10 A more than circuit level-1 has on L1");
    night.starts_at = kToday + 24h;
    EXPECT_EQ(conflict({night}), "10 A more than circuit level-1 has on L1");
}

TEST_F(Promises, CapsClipReservationsOnlyIfTheyAlwaysHold) {
    auto each = cap(15_A);
    EXPECT_EQ(conflict({reserve(32_A), each}), "");
    each.window = *parse_window("06:00-22:00");
    EXPECT_EQ(conflict({reserve(32_A), each}), "4 A more than circuit level-1 has on L1");
}

TEST_F(Promises, ASetOfARuleIsARowToo) {
    auto sum = cap(20_A, {SelectorKind::kTag, "north"});
    sum.scope = Scope::kSum;
    EXPECT_EQ(conflict({reserve(7_A), sum}), "1 A more than rule 2 has on L1");
}

TEST_F(Promises, ACapAloneIsNeverRefused) {
    config_.chargers[0].floor = 6_A;
    EXPECT_EQ(conflict({cap(0_A, level_1_)}), "");
    EXPECT_EQ(conflict({cap(0_A, level_1_), reserve(10_A, {SelectorKind::kCharger, "c"})}), "");
}

TEST_F(Promises, AnExcludedDcStationIsNoConflictWithItself) {
    config_.chargers[0].dc = DcOutput{.maximum = 10_kW};
    config_.chargers[0].evse_count = 2;
    EXPECT_EQ(conflict({rule_of(kExclude, {SelectorKind::kCharger, "a"})}), "");
}

}  // namespace
}  // namespace busbar
