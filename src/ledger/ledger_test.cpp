#include "ledger/ledger.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace busbar {
namespace {

using namespace std::chrono_literals;
using enum ProfilePurpose;
using enum CallOutcome;
constexpr auto kPossible = Ledger::Drawing::kPossible;
constexpr auto kImpossible = Ledger::Drawing::kImpossible;
constexpr auto kSettle = 5s;

// Chargers of 32 A with one EVSE each on one circuit.
Network row_of(Amperes breaker, int chargers, Amperes floor = 0_A) {
    SiteConfig config{{SiteId("s"), "S"}, {}, {}};
    config.circuits.push_back({.id = CircuitId("feeder"),
                               .site = SiteId("s"),
                               .parent = {},
                               .breaker = PerPhase::each(breaker),
                               .safety_pct = 0});
    for (int i = 0; i < chargers; ++i)
        config.chargers.push_back({.id = ChargerId(std::string(1, static_cast<char>('a' + i))),
                                   .circuit = CircuitId("feeder"),
                                   .maximum = 32_A,
                                   .floor = floor,
                                   .settle = kSettle});
    return compile(config);
}

class TwoChargers : public testing::Test {
protected:
    TwoChargers() : ledger_(row_of(32_A, 2)) {
        for (const LeafIndex leaf : {0u, 1u}) {
            ledger_.sent(leaf, kDefault, 0_A);
            ledger_.answered(leaf, kAccepted, now_, kImpossible);
            ledger_.transaction_over(leaf, now_);
        }
        now_ += kSettle;
        ledger_.settle(now_);
    }
    void send(LeafIndex leaf, Amperes value) {
        ledger_.reserve(leaf, value);
        ledger_.sent(leaf, kTransaction, value);
    }
    void answer(LeafIndex leaf, CallOutcome outcome) {
        ledger_.answered(leaf, outcome, now_, kPossible);
    }
    void pass(std::chrono::seconds time) {
        now_ += time;
        ledger_.settle(now_);
    }
    std::optional<Amperes> may(LeafIndex leaf, Amperes want) {
        return ledger_.allowed(leaf, kTransaction, want);
    }

    SteadyPoint now_{1h};
    Ledger ledger_;
};

TEST(Ledger, CountsWhatItNeverSawAtItsHardwareMaximum) {
    const Ledger ledger(row_of(100_A, 2));
    EXPECT_EQ(ledger.potential(0), 32_A);
    EXPECT_EQ(ledger.row_potential(0, Phase::kL1), 64_A);
    EXPECT_FALSE(ledger.known(0));
}

TEST(Ledger, AtABootTheDefaultMayBeSentThoughTheRowIsOverItsBudget) {
    Ledger ledger(row_of(32_A, 3));
    ledger.transaction_over(0, SteadyPoint{1h});
    EXPECT_EQ(ledger.allowed(0, kDefault, 0_A), 0_A);
    EXPECT_EQ(ledger.allowed(0, kTransaction, 0_A), 0_A);
    ledger.sent(0, kDefault, 0_A);
    ledger.answered(0, kAccepted, SteadyPoint{1h}, kPossible);
    EXPECT_EQ(ledger.potential(0), 32_A);  // The car still follows.
    EXPECT_EQ(ledger.allowed(0, kTransaction, 6_A), std::nullopt);
    EXPECT_TRUE(ledger.settle(SteadyPoint{1h} + kSettle));
    EXPECT_EQ(ledger.potential(0), 0_A);
}

TEST_F(TwoChargers, ADecreaseGoesAtOnceAndAnIncreaseWaitsForTheAmpsToComeBack) {
    send(0, 32_A);
    answer(0, kAccepted);
    EXPECT_EQ(may(1, 16_A), std::nullopt);
    EXPECT_EQ(may(0, 16_A), 16_A);
    send(0, 16_A);
    EXPECT_EQ(may(1, 16_A), std::nullopt);  // Not answered.
    answer(0, kAccepted);
    EXPECT_EQ(may(1, 16_A), std::nullopt);  // Not settled.
    pass(4s);
    EXPECT_EQ(may(1, 16_A), std::nullopt);
    pass(1s);
    EXPECT_EQ(may(1, 16_A), 16_A);
}

TEST_F(TwoChargers, AnUnansweredIncreaseCountsUntilALaterOneIsAccepted) {
    send(0, 20_A);
    answer(0, kUnanswered);
    pass(3600s);
    EXPECT_EQ(ledger_.potential(0), 20_A);
    EXPECT_EQ(ledger_.applied(0, kTransaction), std::nullopt);
    send(0, 6_A);
    answer(0, kRejected);  // Says nothing about the first.
    pass(3600s);
    EXPECT_EQ(ledger_.potential(0), 20_A);
    send(0, 6_A);
    answer(0, kAccepted);
    EXPECT_EQ(ledger_.potential(0), 20_A);
    pass(kSettle);
    EXPECT_EQ(ledger_.potential(0), 6_A);
}

TEST_F(TwoChargers, ARejectedIncreaseGivesItsAmpsBackWhenAnswered) {
    send(0, 20_A);
    EXPECT_EQ(ledger_.potential(0), 20_A);
    answer(0, kRejected);
    EXPECT_EQ(ledger_.potential(0), 0_A);
}

TEST_F(TwoChargers, EachDecreaseHasItsOwnTimeToBeFollowed) {
    send(0, 32_A);
    answer(0, kAccepted);
    send(0, 20_A);
    answer(0, kAccepted);
    pass(3s);
    send(0, 10_A);
    answer(0, kAccepted);
    EXPECT_EQ(ledger_.potential(0), 32_A);
    pass(2s);
    EXPECT_EQ(ledger_.potential(0), 20_A);
    pass(3s);
    EXPECT_EQ(ledger_.potential(0), 10_A);
}

TEST_F(TwoChargers, ASettleThatEndsTakesNothingFromACallThatIsOpenOrWasNotAnswered) {
    send(0, 32_A);
    answer(0, kAccepted);
    send(0, 10_A);
    answer(0, kAccepted);
    send(0, 24_A);
    pass(10s);
    EXPECT_EQ(ledger_.potential(0), 24_A);
    answer(0, kUnanswered);
    pass(3600s);
    EXPECT_EQ(ledger_.potential(0), 24_A);
}

TEST_F(TwoChargers, GivesAPartWhenNoMoreIsOnItsWay) {
    send(0, 20_A);
    answer(0, kAccepted);
    EXPECT_EQ(may(1, 16_A), 12_A);
    send(0, 28_A);
    answer(0, kAccepted);
    EXPECT_EQ(may(1, 16_A), std::nullopt);  // 4 A are less than a car needs.
}

TEST_F(TwoChargers, OverItsBudgetARowLetsOnlyDecreasesThrough) {
    send(0, 20_A);
    answer(0, kAccepted);
    send(1, 12_A);
    answer(1, kAccepted);
    ledger_.set_budgets(std::vector{PerPhase::each(16_A)});
    EXPECT_EQ(may(1, 13_A), std::nullopt);
    EXPECT_EQ(may(1, 8_A), 8_A);
    EXPECT_EQ(may(0, 8_A), 8_A);
}

TEST_F(TwoChargers, ATransactionsEndFallsToTheDefaultOnceSettled) {
    send(0, 20_A);
    answer(0, kAccepted);
    ledger_.transaction_over(0, now_);
    EXPECT_EQ(ledger_.potential(0), 20_A);
    pass(kSettle);
    EXPECT_EQ(ledger_.potential(0), 0_A);
}

TEST_F(TwoChargers, ARebootCountsAtTheMaximumUntilTheDefaultIsAccepted) {
    send(0, 10_A);
    answer(0, kAccepted);
    ledger_.forget(0);
    EXPECT_EQ(ledger_.potential(0), 32_A);
    EXPECT_EQ(ledger_.applied(0, kDefault), std::nullopt);
    ledger_.sent(0, kDefault, 0_A);
    ledger_.answered(0, kAccepted, now_, kPossible);
    pass(kSettle);
    EXPECT_EQ(ledger_.potential(0), 10_A);  // Its transaction's limit may have survived.
}

TEST_F(TwoChargers, WhatIsRestoredCountsUntilBothLimitsAreAcceptedAnew) {
    ledger_.restore(0, 18_A, {});
    ledger_.sent(0, kDefault, 0_A);
    answer(0, kAccepted);
    pass(kSettle);
    EXPECT_EQ(ledger_.potential(0), 18_A);
    send(0, 7_A);
    answer(0, kAccepted);
    pass(kSettle);
    EXPECT_EQ(ledger_.potential(0), 7_A);
}

TEST_F(TwoChargers, AChangedNetworkKeepsWhatIsKnown) {
    send(0, 20_A);
    answer(0, kAccepted);
    const Ledger grown(row_of(100_A, 3), ledger_);
    EXPECT_EQ(grown.potential(0), 20_A);
    EXPECT_EQ(grown.potential(2), 32_A);
    EXPECT_EQ(grown.row_potential(0, Phase::kL3), 52_A);
}

// --- What the model check found ------------------------------------------------------------------

TEST_F(TwoChargers, OverItsBudgetARowLetsNothingRiseThatMayHaveForgottenNothing) {
    send(0, 20_A);
    answer(0, kAccepted);
    send(1, 12_A);
    answer(1, kAccepted);
    ledger_.forget(0);
    EXPECT_EQ(ledger_.potential(0), 32_A);
    EXPECT_EQ(may(0, 24_A), std::nullopt);  // It may still be at 20 A.
    EXPECT_EQ(may(0, 16_A), 0_A);           // Less than the most it may have: it may have less.
}

TEST_F(TwoChargers, AnAnswerFromBeforeARebootProvesNothing) {
    ledger_.sent(0, kDefault, 0_A);
    ledger_.forget(0);
    answer(0, kAccepted);
    EXPECT_FALSE(ledger_.known(0));
    pass(kSettle);
    EXPECT_EQ(ledger_.potential(0), 32_A);
}

TEST(Ledger, CountsATransactionUnderALimitThatIsNotOursAtTheMaximum) {
    Ledger ledger(row_of(40_A, 2));
    for (const LeafIndex leaf : {0u, 1u}) {
        ledger.sent(leaf, kDefault, 0_A);
        ledger.answered(leaf, kAccepted, SteadyPoint{1h}, kPossible);
    }
    ledger.settle(SteadyPoint{2h});
    EXPECT_EQ(ledger.potential(0), 32_A);
    // Anything above the floor may be more than what it has.
    EXPECT_EQ(ledger.allowed(0, kTransaction, 16_A), 0_A);
    ledger.transaction_over(1, SteadyPoint{2h});
    ledger.settle(SteadyPoint{3h});
    EXPECT_EQ(ledger.potential(1), 0_A);
    ledger.sent(0, kTransaction, 16_A);
    ledger.answered(0, kAccepted, SteadyPoint{3h}, kPossible);
    ledger.settle(SteadyPoint{4h});
    EXPECT_EQ(ledger.potential(0), 16_A);
}

TEST_F(TwoChargers, AMaximumThatIsRestoredTellsNothing) {
    ledger_.trust(1, TrustClass::kA);
    ledger_.restore(0, 32_A, {});
    ledger_.doubt(0);
    EXPECT_FALSE(ledger_.known(0));  // It may never have had a default.
    ledger_.restore(1, 32_A, Lease{0_A, now_ + 60s});
    EXPECT_TRUE(ledger_.known(1));
    pass(60s + kSettle);
    EXPECT_EQ(ledger_.potential(0), 32_A);
    EXPECT_EQ(ledger_.potential(1), 0_A);
}

TEST_F(TwoChargers, ALimitWhoseLeaseWasOverWhenItArrivedIsStillToBeFollowed) {
    ledger_.trust(0, TrustClass::kA);
    send(0, 20_A);
    answer(0, kAccepted);
    ledger_.sent(0, kTransaction, 20_A, Lease{0_A, now_ + 10s});
    pass(20s);
    answer(0, kAccepted);  // It went from 20 A to 0 A just now.
    EXPECT_EQ(ledger_.potential(0), 20_A);
    pass(kSettle);
    EXPECT_EQ(ledger_.potential(0), 0_A);
}

TEST_F(TwoChargers, ADefaultIsToBeFollowedThoughALeaseEndedUnseen) {
    ledger_.trust(0, TrustClass::kA);
    ledger_.forget(0);
    ledger_.sent(0, kTransaction, 32_A, Lease{0_A, now_ + 10s});
    answer(0, kUnanswered);
    ledger_.sent(0, kDefault, 0_A);
    now_ += 30s;
    answer(0, kAccepted);
    pass(0s);
    EXPECT_EQ(ledger_.potential(0), 32_A);
    pass(kSettle);
    EXPECT_EQ(ledger_.potential(0), 0_A);
}

TEST_F(TwoChargers, ALeaseThatIsOverHoldsAgainWhenTheClockGoesBack) {
    ledger_.trust(0, TrustClass::kA);
    ledger_.sent(0, kTransaction, 0_A);
    answer(0, kAccepted);
    ledger_.reserve(0, 20_A, Lease{0_A, now_ + 10s});
    ledger_.sent(0, kTransaction, 20_A, Lease{0_A, now_ + 10s});
    answer(0, kAccepted);
    pass(10s + kSettle);
    EXPECT_EQ(ledger_.potential(0), 0_A);
    ledger_.lease_ends(0, now_ - 1s);  // Nothing new.
    EXPECT_EQ(ledger_.potential(0), 0_A);
    ledger_.lease_ends(0, now_ + 60s);
    EXPECT_EQ(ledger_.potential(0), 20_A);
    pass(60s + kSettle);
    EXPECT_EQ(ledger_.potential(0), 0_A);
    ledger_.lease_ends(0, {});
    pass(3600s);
    EXPECT_EQ(ledger_.potential(0), 20_A);
}

TEST(Ledger, CountsAFloorThatWasRaised) {
    Ledger low(row_of(32_A, 2));
    for (const LeafIndex leaf : {0u, 1u}) {
        low.sent(leaf, kDefault, 0_A);
        low.answered(leaf, kAccepted, SteadyPoint{1h}, kImpossible);
        low.transaction_over(leaf, SteadyPoint{1h});
    }
    low.settle(SteadyPoint{2h});
    low.reserve(1, 32_A);
    low.sent(1, kTransaction, 32_A);
    low.answered(1, kAccepted, SteadyPoint{2h}, kPossible);
    Ledger ledger(row_of(32_A, 2, 6_A), low);
    EXPECT_EQ(ledger.potential(0), 6_A);
    EXPECT_EQ(ledger.allowed(0, kDefault, 6_A), std::nullopt);  // Others are lowered first.
    EXPECT_EQ(ledger.allowed(1, kTransaction, 26_A), 26_A);
}

// --- Against simulated physics: chargers that lose, delay and forget, cars that follow late. ---

struct Physical {
    Amperes fallback = 32_A;             // TxDefault; the hardware maximum before there is one.
    std::optional<Amperes> transaction;  // TxProfile in force.
    Amperes draw;                        // The most the car may still take.
    std::vector<std::pair<Amperes, SteadyPoint>> past = {};  // Enforced, and until when.
    bool plugged = false;
    bool connected = true;
    std::optional<std::pair<ProfilePurpose, Amperes>> request;  // On its way there.
    bool answer = false;                                        // On its way back.

    Amperes enforces() const { return plugged ? transaction.value_or(fallback) : 0_A; }
};

class Walk {
public:
    Walk(unsigned seed, int chargers)
        : random_(seed), ledger_(row_of(kBudget, chargers)), chargers_(std::size_t(chargers)) {}

    void run(int steps) {
        for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
            const auto leaf = random_() % chargers_.size();
            step(leaf, random_() % 12);
            follow();
            check();
        }
    }

private:
    static constexpr Amperes kBudget = 40_A;

    void step(LeafIndex leaf, unsigned long what) {
        auto& c = chargers_[leaf];
        switch (what) {
            case 0:
            case 1:
            case 2:
            case 3:
                control(leaf);
                return;
            case 4:
            case 5:
                deliver(leaf);
                return;
            case 6:
                if (c.answer) {
                    c.answer = false;
                    finish(leaf, kAccepted);
                }
                return;
            case 7:  // The link breaks: what was under way is lost.
                if (random_() % 4 != 0) return;
                c.connected = c.answer = false;
                c.request.reset();
                if (open_.contains(leaf)) finish(leaf, kUnanswered);
                return;
            case 8:
                c.connected = true;
                return;
            case 9:
                now_ += std::chrono::milliseconds(random_() % 7000);
                ledger_.settle(now_);
                return;
            case 10:
                plug(leaf);
                return;
            case 11:
                if (random_() % 10 == 0) reboot(leaf);
                return;
        }
    }
    void control(LeafIndex leaf) {
        auto& c = chargers_[leaf];
        if (!c.connected || open_.contains(leaf)) return;
        const auto purpose = ledger_.known(leaf) && c.plugged ? kTransaction : kDefault;
        const auto want =
            purpose == kDefault
                ? 0_A
                : Amperes::of(random_() % 5 == 0 ? 0 : 6 + std::int64_t(random_() % 27));
        const auto value = ledger_.allowed(leaf, purpose, want);
        if (!value) return;
        ledger_.reserve(leaf, *value);
        ledger_.sent(leaf, purpose, *value);
        open_.insert(leaf);
        c.request = {purpose, *value};
    }
    void deliver(LeafIndex leaf) {
        auto& c = chargers_[leaf];
        if (!c.request) return;
        const auto [purpose, value] = *c.request;
        c.request.reset();
        if (random_() % 8 == 0) return finish(leaf, kRejected);
        changes(c, [&] { (purpose == kDefault ? c.fallback : *(c.transaction = value)) = value; });
        c.answer = true;
    }
    void plug(LeafIndex leaf) {
        auto& c = chargers_[leaf];
        if (open_.contains(leaf)) return;
        changes(c, [&] { c.plugged = !c.plugged, c.transaction.reset(); });
        ledger_.transaction_over(leaf, now_);
    }
    void reboot(LeafIndex leaf) {
        auto& c = chargers_[leaf];
        if (open_.contains(leaf)) return;
        ledger_.forget(leaf);
        changes(c, [&] { c.fallback = 32_A, c.transaction.reset(); });
        rebooted_ = true;
    }
    void finish(LeafIndex leaf, CallOutcome outcome) {
        open_.erase(leaf);
        ledger_.answered(leaf, outcome, now_, kPossible);
    }
    template <class F>
    void changes(Physical& c, F&& change) {
        c.past.emplace_back(c.enforces(), now_);
        change();
    }
    // Every car takes the worst it may: the most that was enforced within the settle time.
    void follow() {
        for (auto& c : chargers_) {
            std::erase_if(c.past, [&](const auto& p) { return p.second + kSettle <= now_; });
            c.draw = c.enforces();
            for (const auto& [value, until] : c.past) c.draw = std::max(c.draw, value);
        }
    }
    // A potential is never less than the draw; and once the rows fitted, they go on to fit.
    void check() {
        Amperes drawn, counted;
        for (LeafIndex i = 0; i < chargers_.size(); ++i) {
            EXPECT_GE(ledger_.potential(i), chargers_[i].draw) << "charger " << i;
            drawn += chargers_[i].draw;
            counted += ledger_.potential(i);
        }
        EXPECT_EQ(counted, ledger_.row_potential(0, Phase::kL2));
        if (counted <= kBudget) fitted_ = true, rebooted_ = false;
        if (fitted_ && !rebooted_) {
            EXPECT_LE(drawn, kBudget);
        }
    }

    std::mt19937 random_;
    SteadyPoint now_{1h};
    Ledger ledger_;
    std::vector<Physical> chargers_;
    std::set<LeafIndex> open_;
    bool fitted_ = false;
    bool rebooted_ = false;
};

TEST(Ledger, NeverLetsARandomWalkOverloadTheRow) {
    for (unsigned seed = 0; seed < 300; ++seed) {
        SCOPED_TRACE(seed);
        Walk(seed, 2 + int(seed % 3)).run(800);
        if (HasFailure()) return;
    }
}

TEST(LongLedger, NeverLetsAManyRandomWalkOverloadTheRow) {
    for (unsigned seed = 1'000; seed < 60'000; ++seed) {
        SCOPED_TRACE(seed);
        Walk(seed, 2 + int(seed % 4)).run(1'000);
        if (HasFailure()) return;
    }
}

}  // namespace
}  // namespace busbar
