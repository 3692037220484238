// Transactions as 2.x stations tell of them: in their own words, and perhaps not from the start.
#include "control/test_world.hpp"

namespace busbar::control {
namespace {

using Kind = TransactionEvent::Kind;

class TransactionEvents : public ControlTest {
protected:
    TransactionEvents() {
        for (const auto* id : {"a", "b"}) connect(id);
        run();
    }
    TransactionEvent event(Kind kind, const char* own_id = "t-1") {
        return {.kind = kind, .own_id = own_id, .evse = 1, .id_tag = "tag", .at = clock_.wall()};
    }
    // What is answered.
    Result<StartReply> says(const char* id, TransactionEvent event) {
        Result<StartReply> out = Error{Errc::kTimeout, "no answer"};
        control_->transaction(ChargerId(id), std::move(event),
                              [&](Result<StartReply> reply) { out = std::move(reply); });
        run();
        if (event.kind != Kind::kEnded) gateway_.chargers[id].charging = true;
        return out;
    }
    const SetLimit& profile(const char* id) { return *gateway_.chargers[id].profile; }
};

TEST_F(TransactionEvents, StartATransactionThatIsLimitedByItsOwnName) {
    const auto reply = says("a", event(Kind::kStarted));
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, Authorization::kAccepted);
    run(1min);
    EXPECT_EQ(profile("a").own_id, "t-1");
    EXPECT_EQ(applied("a"), 16_A) << "c, which was never seen, may take the rest";
    ASSERT_TRUE(report("a").transaction);
    EXPECT_EQ(report("a").transaction->own_id, "t-1");
    EXPECT_EQ(report("a").transaction->id, *profile("a").transaction);
}

TEST_F(TransactionEvents, ThatAreSentAgainStartNothingNew) {
    (void)says("a", event(Kind::kStarted));
    const auto id = report("a").transaction->id;
    (void)says("a", event(Kind::kStarted));
    (void)says("a", event(Kind::kUpdated));
    EXPECT_EQ(report("a").transaction->id, id);
    (void)says("a", event(Kind::kEnded));
    EXPECT_FALSE(report("a").transaction);
    EXPECT_TRUE(says("a", event(Kind::kEnded)));
    EXPECT_TRUE(alarms_.empty());
}

TEST_F(TransactionEvents, BringWhatTheMeterSignedFromTheFirstToTheLast) {
    auto begin = event(Kind::kStarted), end = event(Kind::kEnded);
    begin.signed_readings = {{clock_.wall(), R"({"value":1})"}};
    end.signed_readings = {{clock_.wall(), R"({"value":2})"}};
    (void)says("a", begin);
    const auto id = report("a").transaction->id;
    (void)says("a", end);
    EXPECT_EQ(store_.signed_readings[id],
              (std::vector{begin.signed_readings[0], end.signed_readings[0]}));
}

TEST_F(TransactionEvents, OnesMeterSignsNothingOfAnothers) {
    (void)says("a", event(Kind::kStarted, "t-1"));
    const auto id = report("a").transaction->id;
    const std::vector<SignedReading> readings{{clock_.wall(), R"({"value":1})"}};
    for (const auto foreign : {id + 1, TransactionId{-1}})
        control_->meter(
            ChargerId("a"),
            {.connector = 1, .transaction = foreign, .samples = {}, .signed_readings = readings});
    control_->meter(
        ChargerId("b"),
        {.connector = 1, .transaction = id, .samples = {}, .signed_readings = readings});
    control_->stop(ChargerId("b"), {.transaction = id, .signed_readings = readings}, [](auto) {});
    run();
    EXPECT_TRUE(store_.signed_readings.empty());
    control_->meter(
        ChargerId("a"),
        {.connector = 1, .transaction = id, .samples = {}, .signed_readings = readings});
    run();
    EXPECT_EQ(store_.signed_readings[id], readings);
}

TEST_F(TransactionEvents, TellOfATransactionWhoseStartWasNeverHeard) {
    EXPECT_TRUE(says("a", event(Kind::kUpdated, "t-9")));
    ASSERT_TRUE(report("a").transaction);
    EXPECT_EQ(report("a").transaction->own_id, "t-9");
}

TEST_F(TransactionEvents, NeedNotSayTheEvseAgain) {
    store_.kept.chargers[0].evse_count = 2;
    restart();
    connect("a");
    auto first = event(Kind::kStarted);
    first.evse = 2;
    (void)says("a", first);
    auto next = event(Kind::kUpdated);
    next.evse = 0;
    next.status = ConnectorStatus::kSuspendedEv;
    EXPECT_EQ(says("a", next)->status, Authorization::kAccepted);
    next.own_id = "t-2";
    EXPECT_EQ(says("a", next)->status, Authorization::kInvalid) << "it may be on any of two";
    control_->charger_report(ChargerId("a"), [&](Result<ChargerReport> r) {
        EXPECT_EQ(r->evses.at(1).status, ConnectorStatus::kSuspendedEv);
        EXPECT_FALSE(r->evses.at(0).transaction);
    });
    run();
}

TEST_F(TransactionEvents, NameTheDriverWhenHeShowsHisCard) {
    auto first = event(Kind::kStarted);
    first.id_tag.clear();
    (void)says("a", first);
    EXPECT_EQ(report("a").transaction->id_tag, "");
    (void)says("a", event(Kind::kUpdated));
    EXPECT_EQ(report("a").transaction->id_tag, "tag");
    auto silent = event(Kind::kUpdated);
    silent.id_tag.clear();
    (void)says("a", silent);
    EXPECT_EQ(report("a").transaction->id_tag, "tag");
}

TEST_F(TransactionEvents, CountTheEnergyFromTheFirstRegisterAndToTheLast) {
    (void)says("a", event(Kind::kStarted));
    auto next = event(Kind::kUpdated);
    next.energy_register = WattHours::of(5'000);
    (void)says("a", next);
    EXPECT_EQ(report("a").transaction->meter_start, WattHours::of(5'000));
    next.energy_register = WattHours::of(7'000);
    (void)says("a", next);
    EXPECT_EQ(report("a").transaction->meter_start, WattHours::of(5'000));
    std::optional<Transaction> ended;
    feed_->subscribe([&](const FeedEvent& event) {
        if (const auto* changed = std::get_if<TransactionChanged>(&event))
            ended = changed->transaction;
    });
    (void)says("a", event(Kind::kEnded));
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->meter_stop, WattHours::of(7'000));
}

TEST_F(TransactionEvents, OfATransactionThatNobodyKnowsEndAllTheSame) {
    EXPECT_TRUE(says("a", event(Kind::kEnded, "t-7")));
    EXPECT_EQ(std::ranges::count(alarms_,
                                 "stops transaction t-7, which is not one of its own "
                                 "that runs"),
              1);
    EXPECT_FALSE(report("a").transaction);
}

TEST_F(TransactionEvents, OfAnotherStationTouchNothing) {
    (void)says("a", event(Kind::kStarted));
    (void)says("b", event(Kind::kEnded));
    ASSERT_TRUE(report("a").transaction);
}

TEST_F(TransactionEvents, AreKnownAgainAfterARestart) {
    (void)says("a", event(Kind::kStarted));
    const auto id = report("a").transaction->id;
    restart();
    connect("a");
    (void)says("a", event(Kind::kUpdated));
    EXPECT_EQ(report("a").transaction->id, id);
}

}  // namespace
}  // namespace busbar::control
