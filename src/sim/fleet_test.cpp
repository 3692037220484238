#include "sim/fleet.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "base/clock.hpp"
#include "sim/link.hpp"
#include "sim/wire.hpp"

namespace busbar::sim {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using asio::ip::tcp;

constexpr Duration kLongEnough = 20s;

// The smallest CSMS there can be: accepts everybody, numbers transactions, notes what it is told,
// and asks what a test wants asked. All of it runs on one thread of its own.
class Csms {
public:
    Csms() : acceptor_(context_, {asio::ip::address_v4::loopback(), 0}) {
        asio::co_spawn(context_, listen(this), asio::detached);
        thread_ = std::thread([this] { context_.run(); });
    }
    ~Csms() {
        context_.stop();
        thread_.join();
    }

    std::string url() const {
        return "ws://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/ocpp/";
    }

    // Calls of this action are heard, but not answered.
    void ignore(std::string action) {
        const std::lock_guard lock(mutex_);
        ignored_.push_back(std::move(action));
    }
    void answer_everything() {
        const std::lock_guard lock(mutex_);
        ignored_.clear();
    }
    // What it answers to the offer of ocpp1.6.
    void speak(std::string protocol) {
        const std::lock_guard lock(mutex_);
        protocol_ = std::move(protocol);
    }
    // Handshakes seen.
    int handshakes() const { return handshakes_; }

    // Connections are ended as soon as they come, and those there are are ended now.
    void go_away(bool away) {
        away_ = away;
        if (!away) return;
        on_thread([this] {
            for (auto& [charger, session] : sessions_)
                beast::get_lowest_layer(session->stream).close();
        });
    }

    // What this charger called, in order, so far.
    std::vector<Call> heard(const std::string& charger, std::string_view action = {}) {
        const std::lock_guard lock(mutex_);
        std::vector<Call> calls;
        for (const auto& call : heard_[charger])
            if (action.empty() || call.action == action) calls.push_back(call);
        return calls;
    }
    bool wait_for(const std::string& charger, std::string_view action, std::size_t count) {
        std::unique_lock lock(mutex_);
        return news_.wait_for(lock, kLongEnough, [&] {
            const auto& calls = heard_[charger];
            return static_cast<std::size_t>(std::count_if(
                       calls.begin(), calls.end(),
                       [&](const Call& call) { return call.action == action; })) >= count;
        });
    }

    // Asks a charger, and waits for its answer.
    std::future<json::object> ask(const std::string& charger, std::string action,
                                  json::object payload) {
        auto answer = std::make_shared<std::promise<json::object>>();
        auto future = answer->get_future();
        on_thread([&] {
            const auto id = "s" + std::to_string(++last_id_);
            asked_[id] = answer;
            auto& session = sessions_.at(charger);
            BUSBAR_CHECK(session != nullptr);
            send(session, write_call(id, action, std::move(payload)));
        });
        return future;
    }

private:
    using Stream = websocket::stream<beast::tcp_stream>;
    struct Session {
        explicit Session(tcp::socket socket) : stream(std::move(socket)) {}
        Stream stream;
        std::deque<std::string> unsent;
    };
    using SessionPtr = std::shared_ptr<Session>;

    template <class F>
    void on_thread(F f) {
        std::promise<void> done;
        asio::post(context_, [&] {
            f();
            done.set_value();
        });
        done.get_future().wait();
    }

    static asio::awaitable<void> listen(Csms* self) {
        for (;;) {
            auto [failed, socket] = co_await self->acceptor_.async_accept(kAwait);
            if (failed) co_return;
            if (self->away_) continue;
            auto session = std::make_shared<Session>(std::move(socket));
            asio::co_spawn(self->context_, serve(self, std::move(session)), asio::detached);
        }
    }

    static asio::awaitable<void> serve(Csms* self, SessionPtr session) {
        auto& stream = session->stream;
        beast::flat_buffer buffer;
        beast::http::request<beast::http::string_body> request;
        auto [unread, size] =
            co_await beast::http::async_read(stream.next_layer(), buffer, request, kAwait);
        if (unread) co_return;
        stream.set_option(
            websocket::stream_base::decorator([self](websocket::response_type& answer) {
                const std::lock_guard lock(self->mutex_);
                answer.set(beast::http::field::sec_websocket_protocol, self->protocol_);
            }));
        ++self->handshakes_;
        auto [refused] = co_await stream.async_accept(request, kAwait);
        if (refused) co_return;
        const auto target = std::string(request.target());
        const auto charger = target.substr(target.rfind('/') + 1);
        self->sessions_[charger] = session;
        buffer.clear();
        for (;;) {
            auto [ended, bytes] = co_await stream.async_read(buffer, kAwait);
            if (ended) co_return;
            self->take(charger, session, beast::buffers_to_string(buffer.data()));
            buffer.consume(bytes);
            if (self->sessions_[charger] != session) co_return;
        }
    }

    void take(const std::string& charger, const SessionPtr& session, const std::string& text) {
        auto frame = read_frame(text);
        ASSERT_TRUE(frame) << text;
        if (const auto* answer = std::get_if<CallAnswer>(&*frame)) {
            if (const auto asked = asked_.find(answer->id); asked != asked_.end())
                asked->second->set_value(answer->payload);
        }
        const auto* call = std::get_if<Call>(&*frame);
        if (call == nullptr) return;
        bool ignored = false;
        {
            const std::lock_guard lock(mutex_);
            heard_[charger].push_back(*call);
            ignored = std::count(ignored_.begin(), ignored_.end(), call->action) > 0;
        }
        news_.notify_all();
        if (!ignored) send(session, write_answer(call->id, answer_to(*call)));
    }

    json::object answer_to(const Call& call) {
        json::object accepted, answer;
        accepted["status"] = "Accepted";
        if (call.action == "BootNotification") {
            answer["status"] = "Accepted";
            answer["interval"] = 300;
            answer["currentTime"] = format_time(real_clock().wall());
        } else if (call.action == "Authorize") {
            answer["idTagInfo"] = accepted;
        } else if (call.action == "StartTransaction") {
            answer["idTagInfo"] = accepted;
            answer["transactionId"] = ++last_transaction_;
        }
        return answer;
    }

    static void send(const SessionPtr& session, std::string frame) {
        session->unsent.push_back(std::move(frame));
        if (session->unsent.size() == 1) write_next(session);
    }
    static void write_next(const SessionPtr& session) {
        session->stream.async_write(asio::buffer(session->unsent.front()),
                                    [session](beast::error_code failed, std::size_t) {
                                        session->unsent.pop_front();
                                        if (!failed && !session->unsent.empty())
                                            write_next(session);
                                    });
    }

    asio::io_context context_{1};
    tcp::acceptor acceptor_;
    std::map<std::string, SessionPtr> sessions_;
    std::map<std::string, std::shared_ptr<std::promise<json::object>>> asked_;
    int last_id_ = 0;
    int last_transaction_ = 100;
    std::atomic<bool> away_ = false;
    std::atomic<int> handshakes_ = 0;
    std::mutex mutex_;  // Of what follows.
    std::condition_variable news_;
    std::map<std::string, std::vector<Call>> heard_;
    std::vector<std::string> ignored_;
    std::string protocol_ = "ocpp1.6";
    std::thread thread_;
};

VehicleSpec quick_car() {
    VehicleSpec car;
    car.maximum = 32_A;
    car.ramp_per_second = 10'000_A;
    car.lag_most = 0s;
    return car;
}

json::object limit_profile(std::string_view purpose, int connector, double limit_a) {
    json::object period, schedule, profile, request;
    period["startPeriod"] = 0;
    period["limit"] = limit_a;
    schedule["chargingRateUnit"] = "A";
    schedule["startSchedule"] = format_time(real_clock().wall() - 1min);
    json::array periods;
    periods.emplace_back(std::move(period));
    schedule["chargingSchedulePeriod"] = std::move(periods);
    profile["chargingProfileId"] = purpose == "TxProfile" ? 2 : 1;
    profile["stackLevel"] = 0;
    profile["chargingProfilePurpose"] = purpose;
    profile["chargingProfileKind"] = "Absolute";
    profile["chargingSchedule"] = std::move(schedule);
    request["connectorId"] = connector;
    request["csChargingProfiles"] = std::move(profile);
    return request;
}

class FleetTest : public testing::Test {
protected:
    void start(int chargers, Behaviour behaviour = {}) {
        FleetOptions options{.url = csms_.url()};
        options.circuits = {{CircuitId{"feeder"}, PerPhase::each(40_A)}};
        options.chargers = row_of_chargers("CP-", chargers,
                                           {.id = ChargerId{"pattern"},
                                            .circuits = {CircuitId{"feeder"}},
                                            .behaviour = behaviour});
        options.reconnect_first = 10ms;
        options.reconnect_most = 50ms;
        options.meter_interval = 200ms;
        auto fleet = Fleet::start(std::move(options));
        ASSERT_TRUE(fleet) << fleet.error().message;
        fleet_ = std::move(*fleet);
        ASSERT_TRUE(reached([&](const FleetSnapshot& seen) {
            return std::all_of(seen.chargers.begin(), seen.chargers.end(), [](const auto& each) {
                return each.registration == Registration::kAccepted;
            });
        }));
    }

    template <class Predicate>
    bool reached(Predicate predicate) {
        return fleet_->wait_until(std::move(predicate), kLongEnough);
    }
    bool drawing(std::string charger, Amperes current) {
        return reached([=](const FleetSnapshot& seen) {
            return seen.charger(charger).drawn == PerPhase::each(current);
        });
    }
    bool in_transaction(std::string charger) {
        return reached([=](const FleetSnapshot& seen) {
            return seen.charger(charger).transaction.has_value();
        });
    }
    // The status that the charger answers to a limit; "silence" if nothing comes for too long.
    std::string limit(const std::string& charger, std::string_view purpose, int connector,
                      double limit_a) {
        auto answer =
            csms_.ask(charger, "SetChargingProfile", limit_profile(purpose, connector, limit_a));
        if (answer.wait_for(kLongEnough) != std::future_status::ready) return "silence";
        return std::string(answer.get().at("status").as_string().c_str());
    }

    Csms csms_;
    std::unique_ptr<Fleet> fleet_;
};

TEST_F(FleetTest, BootsStartsATransactionAndDrawsWhatItsProfileAllows) {
    start(1);
    EXPECT_EQ(limit("CP-01", "TxDefaultProfile", 0, 6), "Accepted");
    ASSERT_TRUE(fleet_->plug("CP-01", quick_car()));
    ASSERT_TRUE(drawing("CP-01", 6_A));
    ASSERT_TRUE(in_transaction("CP-01"));
    EXPECT_EQ(limit("CP-01", "TxProfile", 1, 16.5), "Accepted");
    ASSERT_TRUE(drawing("CP-01", 16.5_A));
    ASSERT_TRUE(csms_.wait_for("CP-01", "MeterValues", 2));

    const auto seen = fleet_->snapshot();
    EXPECT_EQ(seen.charger("CP-01").limit, 16.5_A);
    EXPECT_EQ(seen.charger("CP-01").transaction, "101");
    EXPECT_EQ(seen.charger("CP-01").profiles_received, 2);
    EXPECT_TRUE(seen.charger("CP-01").applied_at);
    EXPECT_EQ(seen.circuit("feeder").drawn.now, PerPhase::each(16.5_A));
    EXPECT_EQ(seen.circuit("feeder").enforced.now, PerPhase::each(16.5_A));
    const auto received = fleet_->received("CP-01");
    ASSERT_TRUE(received);
    EXPECT_EQ(received->at(0).limit(), 6_A);
    EXPECT_EQ(received->at(1).limit(), 16.5_A);
    EXPECT_EQ(received->at(1).purpose, Purpose::kTx);
    EXPECT_EQ(csms_.heard("CP-01").front().action, "BootNotification");
}

TEST_F(FleetTest, ReconnectsWithoutBootingAndReportsItsStatusAgain) {
    start(1);
    ASSERT_TRUE(csms_.wait_for("CP-01", "StatusNotification", 2));
    csms_.go_away(true);
    ASSERT_TRUE(reached([](const auto& seen) { return !seen.charger("CP-01").connected; }));
    csms_.go_away(false);
    ASSERT_TRUE(csms_.wait_for("CP-01", "StatusNotification", 4));
    EXPECT_EQ(csms_.heard("CP-01", "BootNotification").size(), 1U);
    EXPECT_EQ(fleet_->snapshot().charger("CP-01").connects, 2);
}

TEST_F(FleetTest, KeepsChargingAtItsTxProfileWhileTheCsmsIsAway) {
    start(1);
    ASSERT_TRUE(fleet_->plug("CP-01", quick_car()));
    ASSERT_TRUE(in_transaction("CP-01"));
    EXPECT_EQ(limit("CP-01", "TxProfile", 1, 10), "Accepted");
    ASSERT_TRUE(fleet_->set_uplink("CP-01", false));
    ASSERT_TRUE(reached([](const auto& seen) {
        const auto& charger = seen.charger("CP-01");
        return !charger.connected && charger.drawn == PerPhase::each(10_A) &&
               charger.calls_waiting >= 2;  // Meter values that pile up.
    }));
    const auto before = csms_.heard("CP-01", "MeterValues").size();
    ASSERT_TRUE(fleet_->set_uplink("CP-01", true));
    EXPECT_TRUE(csms_.wait_for("CP-01", "MeterValues", before + 2));
}

TEST_F(FleetTest, KeepsItsAnswerBackUntilItIsReleased) {
    start(1, {.answering = Answering::kWhenReleased});
    auto answer = csms_.ask("CP-01", "SetChargingProfile", limit_profile("TxDefaultProfile", 0, 6));
    ASSERT_TRUE(reached([](const auto& seen) { return seen.charger("CP-01").answers_held == 1; }));
    EXPECT_EQ(fleet_->snapshot().charger("CP-01").limit, 6_A);
    EXPECT_EQ(answer.wait_for(0s), std::future_status::timeout);
    EXPECT_EQ(*fleet_->release("CP-01"), 1U);
    ASSERT_EQ(answer.wait_for(kLongEnough), std::future_status::ready);
    EXPECT_EQ(answer.get().at("status"), "Accepted");
}

TEST_F(FleetTest, ARefusingChargerSaysRejectedAndDrawsAsBefore) {
    start(2);
    ASSERT_TRUE(fleet_->set_behaviour("CP-02", {.answering = Answering::kRefusing}));
    EXPECT_EQ(limit("CP-01", "TxDefaultProfile", 0, 10), "Accepted");
    EXPECT_EQ(limit("CP-02", "TxDefaultProfile", 0, 10), "Rejected");
    ASSERT_TRUE(fleet_->plug("CP-02", quick_car()));
    EXPECT_TRUE(drawing("CP-02", 32_A));
    EXPECT_FALSE(fleet_->received("CP-02")->at(0).accepted);
}

TEST_F(FleetTest, SendsAStopTransactionAgainThatWasNeverAnswered) {
    start(1);
    ASSERT_TRUE(fleet_->plug("CP-01", quick_car()));
    ASSERT_TRUE(in_transaction("CP-01"));
    csms_.ignore("StopTransaction");
    ASSERT_TRUE(fleet_->unplug("CP-01"));
    ASSERT_TRUE(csms_.wait_for("CP-01", "StopTransaction", 1));
    csms_.answer_everything();
    ASSERT_TRUE(fleet_->disconnect("CP-01"));
    ASSERT_TRUE(csms_.wait_for("CP-01", "StopTransaction", 2));
    const auto stops = csms_.heard("CP-01", "StopTransaction");
    EXPECT_EQ(stops[0].payload, stops[1].payload);
    EXPECT_TRUE(reached([](const auto& seen) { return seen.charger("CP-01").calls_waiting == 0; }));
}

TEST_F(FleetTest, RecordsEveryMomentAboveTheBreaker) {
    start(2);
    ASSERT_TRUE(fleet_->plug("CP-01", quick_car()));
    ASSERT_TRUE(drawing("CP-01", 32_A));
    EXPECT_FALSE(fleet_->snapshot().circuit("feeder").drawn.ever_over());
    ASSERT_TRUE(fleet_->plug("CP-02", quick_car()));
    ASSERT_TRUE(drawing("CP-02", 32_A));
    ASSERT_TRUE(reached(
        [](const auto& seen) { return seen.circuit("feeder").drawn.over_ampere_seconds[0] > 1; }));
    const auto seen = fleet_->snapshot();
    EXPECT_EQ(seen.circuit("feeder").drawn.most, PerPhase::each(64_A));
    EXPECT_TRUE(seen.circuit("feeder").enforced.ever_over());
    ASSERT_TRUE(fleet_->unplug("CP-02"));
    fleet_->restart_record();
    EXPECT_FALSE(fleet_->snapshot().circuit("feeder").enforced.ever_over());
}

TEST_F(FleetTest, TalksOnlyToACsmsThatSpeaksItsProtocol) {
    csms_.speak("ocpp2.0.1");
    FleetOptions options{.url = csms_.url()};
    options.chargers = row_of_chargers("CP-", 1, {.id = ChargerId{"pattern"}});
    options.reconnect_first = options.reconnect_most = 5ms;
    auto fleet = Fleet::start(std::move(options));
    ASSERT_TRUE(fleet);
    fleet_ = std::move(*fleet);
    EXPECT_TRUE(reached([&](const auto&) { return csms_.handshakes() >= 3; }));
    EXPECT_EQ(fleet_->snapshot().charger("CP-01").connects, 0);
    csms_.speak("ocpp1.6");
    EXPECT_TRUE(reached([](const auto& seen) { return seen.charger("CP-01").connected; }));
}

TEST_F(FleetTest, ARebootBootsAgain) {
    start(1);
    ASSERT_TRUE(fleet_->reboot("CP-01"));
    ASSERT_TRUE(csms_.wait_for("CP-01", "BootNotification", 2));
}

TEST_F(FleetTest, AFlappingChargerComesAndGoesAndTheOthersStay) {
    start(2);
    ASSERT_TRUE(fleet_->set_behaviour("CP-01", {.flaps_every = 100ms}));
    EXPECT_TRUE(reached([](const auto& seen) { return seen.charger("CP-01").connects >= 4; }));
    EXPECT_EQ(fleet_->snapshot().charger("CP-02").connects, 1);
}

TEST_F(FleetTest, AStormBreaksAllLinksAndAllComeBackAgainAndAgain) {
    FleetOptions options{.url = csms_.url()};
    options.chargers = row_of_chargers("CP-", 20, {.id = ChargerId{"pattern"}});
    options.storm_every = 500ms;
    auto fleet = Fleet::start(std::move(options));
    ASSERT_TRUE(fleet);
    fleet_ = std::move(*fleet);
    EXPECT_TRUE(reached([](const auto& seen) {
        return std::all_of(seen.chargers.begin(), seen.chargers.end(),
                           [](const auto& each) { return each.connects >= 3; });
    }));
}

TEST_F(FleetTest, TwentyChargersConnectAtOnce) {
    start(20);
    for (const auto& charger : fleet_->snapshot().chargers)
        EXPECT_TRUE(fleet_->plug(charger.id.str(), quick_car()));
    EXPECT_TRUE(reached([](const auto& seen) {
        return std::all_of(seen.chargers.begin(), seen.chargers.end(),
                           [](const auto& each) { return each.transaction.has_value(); });
    }));
}

TEST_F(FleetTest, CarsComeByThemselves) {
    FleetOptions options{.url = csms_.url()};
    options.chargers = row_of_chargers("CP-", 3, {.id = ChargerId{"pattern"}});
    options.arrivals = ArrivalPlan{.first_within = 100ms};
    auto fleet = Fleet::start(std::move(options));
    ASSERT_TRUE(fleet);
    fleet_ = std::move(*fleet);
    EXPECT_TRUE(reached([](const auto& seen) {
        return std::all_of(seen.chargers.begin(), seen.chargers.end(), [](const auto& each) {
            return each.transaction && each.drawn != PerPhase{};
        });
    }));
}

TEST_F(FleetTest, SaysWhatIsWrongWithACommand) {
    start(1);
    EXPECT_EQ(fleet_->plug("CP-99", quick_car()).error().code, Errc::kNotFound);
    EXPECT_EQ(fleet_->unplug("CP-01").error().code, Errc::kConflict);
    ASSERT_TRUE(fleet_->plug("CP-01", quick_car()));
    EXPECT_EQ(fleet_->plug("CP-01", quick_car()).error().code, Errc::kConflict);
    EXPECT_EQ(fleet_->release("CP-99").error().code, Errc::kNotFound);
    EXPECT_FALSE(fleet_->wait_until([](const auto&) { return false; }, 1ms));
}

TEST_F(FleetTest, CanBeLookedAtAfterItHasStopped) {
    start(2);
    fleet_->stop();
    fleet_->stop();
    for (const auto& charger : fleet_->snapshot().chargers) EXPECT_FALSE(charger.connected);
}

TEST(FleetOptions, RefusesWhatCannotWork) {
    const auto why = [](FleetOptions options) {
        const auto fleet = Fleet::start(std::move(options));
        return fleet ? "" : fleet.error().field;
    };
    EXPECT_EQ(why({.url = "http://localhost/"}), "url");
    EXPECT_EQ(why({.url = "ws://"}), "url");
    const std::string url = "ws://127.0.0.1:1/";
    const ChargerSetup charger{.id = ChargerId{"a"}};
    EXPECT_EQ(why({.url = url, .chargers = {charger, charger}}), "chargers");
    EXPECT_EQ(why({.url = url, .chargers = {{.id = ChargerId{""}}}}), "chargers");
    EXPECT_EQ(
        why({.url = url, .chargers = {{.id = ChargerId{"a"}, .circuits = {CircuitId{"unknown"}}}}}),
        "chargers");
    EXPECT_EQ(why({.url = url, .chargers = {{.id = ChargerId{"a"}, .phases = {Phase::kL2}}}}),
              "chargers");
    EXPECT_EQ(why({.url = url, .battery_speed = 0}), "battery_speed");
}

TEST(FleetOptions, ReadsAddressesOfEveryUsualShape) {
    const auto plain = parse_address("ws://csms.example:8080/steve/ws");
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->host, "csms.example");
    EXPECT_EQ(plain->port, "8080");
    EXPECT_EQ(plain->path, "/steve/ws/");
    const auto six = parse_address("ws://[::1]:3000");
    ASSERT_TRUE(six);
    EXPECT_EQ(six->host, "::1");
    EXPECT_EQ(six->port, "3000");
    EXPECT_EQ(six->path, "/");
    EXPECT_EQ(parse_address("ws://host/x/")->port, "80");
    for (const auto* url : {"", "ws://", "ws://:80/", "ws://host:port/", "ws://[::1/", "wss://h/"})
        EXPECT_FALSE(parse_address(url)) << url;
    EXPECT_EQ(path_segment("CP 1/é%"), "CP%201%2F%C3%A9%25");
}

TEST(ConcurrencyFleet, StandsCallsFromManyThreadsWhileChargersComeAndGo) {
    Csms csms;
    FleetOptions options{.url = csms.url()};
    options.chargers = row_of_chargers("CP-", 4, {.id = ChargerId{"pattern"}});
    options.reconnect_first = options.reconnect_most = 5ms;
    auto fleet = Fleet::start(std::move(options));
    ASSERT_TRUE(fleet);
    std::vector<std::thread> threads;
    for (int number = 1; number <= 4; ++number)
        threads.emplace_back([&, charger = "CP-0" + std::to_string(number)] {
            for (int round = 0; round < 50; ++round) {
                EXPECT_TRUE((*fleet)->plug(charger, quick_car()));
                EXPECT_TRUE((*fleet)->disconnect(charger));
                EXPECT_EQ((*fleet)->snapshot().chargers.size(), 4U);
                EXPECT_TRUE((*fleet)->unplug(charger));
            }
        });
    for (auto& thread : threads) thread.join();
    (*fleet)->stop();
    EXPECT_EQ((*fleet)->snapshot().chargers.size(), 4U);
}

}  // namespace
}  // namespace busbar::sim
