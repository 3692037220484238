// Chargers of all versions of OCPP on one breaker, as whole processes over real sockets.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <string>

#include "live_site.hpp"
#include "sim/setup.hpp"

namespace busbar::e2e {
namespace {

using namespace std::chrono_literals;

constexpr int kChargers = 30;
constexpr int kBreakerA = 250;

class MixedFleet : public LiveSite {
protected:
    void configure() {
        put("/api/v1/sites/yard", "{}");
        put("/api/v1/circuits/feeder",
            R"({"site":"yard","safetyPct":0,"breakerA":)" + std::to_string(kBreakerA) + "}");
        for (const auto& charger : chargers())
            put("/api/v1/chargers/" + charger.id.str(),
                R"({"circuit":"feeder","maximumA":32,"quantumA":0.1,"settleMs":2500,)"
                R"("keepsProfiles":true})");
    }

    static std::vector<sim::ChargerSetup> chargers() {
        auto row = sim::row_of_chargers(
            "CP-", kChargers, {.id = ChargerId("any"), .circuits = {CircuitId("feeder")}});
        for (std::size_t i = 0; i < row.size(); ++i) row[i].version = version_of(i);
        return row;
    }
    static sim::Version version_of(std::size_t index) {
        constexpr std::array kTurns{sim::Version::k16, sim::Version::k201, sim::Version::k21};
        return kTurns[index % kTurns.size()];
    }

    sim::FleetOptions options(std::vector<sim::ChargerSetup> row) {
        sim::FleetOptions options{.url = ocpp_url()};
        options.chargers = std::move(row);
        options.circuits = {{CircuitId("feeder"), PerPhase::each(Amperes::of(kBreakerA))}};
        options.meter_interval = 2s;
        options.reconnect_first = 20ms;
        options.reconnect_most = 500ms;
        return options;
    }

    // Each with a car that wants more than there is.
    void plug_all() {
        std::uint64_t seed = 0;
        for (const auto& charger : chargers())
            ASSERT_TRUE(fleet_->plug(charger.id.str(), {.capacity = WattHours::of(10'000'000),
                                                        .maximum = 32_A,
                                                        .ramp_per_second = 100_A,
                                                        .lag_most = 1s,
                                                        .seed = ++seed}));
    }

    static bool all_charge(const sim::FleetSnapshot& now) {
        return std::ranges::all_of(now.chargers, [](const auto& c) {
            return c.transaction && c.limit >= 6_A && c.drawn != PerPhase{};
        });
    }
};

TEST_F(MixedFleet, OfAllVersionsSharesABreakerThatNeverCarriesTooMuch) {
    start_server();
    configure();
    ASSERT_NO_FATAL_FAILURE(connect(options(chargers())));
    fleet_->restart_record();
    ASSERT_NO_FATAL_FAILURE(plug_all());
    ASSERT_TRUE(fleet_->wait_until(all_charge, kPatience));
    ASSERT_TRUE(eventually([&] { return all_applied(get(*client_, "/api/v1/overview")); }));
    // A cap for one charger of each version, whose amperes go to others.
    for (const auto* id : {"CP-01", "CP-02", "CP-03"}) {
        const auto reply = client_->request(
            "POST", "/api/v1/rules",
            R"({"kind":"cap","select":{"charger":")" + std::string(id) + R"("},"limitA":6.5})");
        ASSERT_EQ(reply->status, 201) << reply->body;
    }
    ASSERT_TRUE(fleet_->wait_until(
        [](const auto& now) {
            return std::ranges::all_of(std::array{"CP-01", "CP-02", "CP-03"}, [&](const auto* id) {
                return now.charger(id).limit == 6.5_A;
            });
        },
        kPatience));
    const auto seen = fleet_->snapshot();
    const auto& feeder = seen.circuit("feeder");
    EXPECT_FALSE(feeder.enforced.ever_over());
    EXPECT_FALSE(feeder.drawn.ever_over());
    EXPECT_GT(feeder.enforced.most[Phase::kL1], 240_A) << "nearly all of it was used";
    for (const auto& charger : seen.chargers) {
        EXPECT_EQ(charger.call_errors_received, 0) << charger.id.str();
        EXPECT_EQ(charger.calls_given_up, 0) << charger.id.str();
    }
}

TEST_F(MixedFleet, KeepsItsTransactionsAndItsBreakerThroughAKillOfTheServer) {
    start_server();
    configure();
    ASSERT_NO_FATAL_FAILURE(connect(options(chargers())));
    ASSERT_NO_FATAL_FAILURE(plug_all());
    ASSERT_TRUE(fleet_->wait_until(all_charge, kPatience));
    ASSERT_TRUE(eventually([&] { return all_applied(get(*client_, "/api/v1/overview")); }));
    const auto before = fleet_->snapshot();
    fleet_->restart_record();
    const auto port = server_->port();
    server_->process().signal(SIGKILL);
    (void)server_->process().wait();
    start_server(port);
    ASSERT_TRUE(eventually([&] { return all_applied(get(*client_, "/api/v1/overview")); }));
    ASSERT_TRUE(fleet_->wait_until(all_charge, kPatience));
    const auto after = fleet_->snapshot();
    for (std::size_t i = 0; i < after.chargers.size(); ++i)
        EXPECT_EQ(after.chargers[i].transaction, before.chargers[i].transaction);
    EXPECT_FALSE(after.circuit("feeder").enforced.ever_over());
}

}  // namespace
}  // namespace busbar::e2e
