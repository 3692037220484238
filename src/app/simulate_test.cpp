#include "app/simulate.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "app/http_client.hpp"
#include "app/sim_metrics.hpp"

namespace busbar::app {
namespace {

using namespace std::chrono_literals;

TEST(Simulate, MixesVersionsEvenly) {
    const auto fleet = fleet_of({.chargers = 30, .ocpp = "mixed"});
    ASSERT_TRUE(fleet);
    std::map<std::string_view, int> count;
    for (const auto& charger : fleet->chargers) ++count[to_string(charger.version)];
    const std::map<std::string_view, int> even{{"1.6", 10}, {"2.0.1", 10}, {"2.1", 10}};
    EXPECT_EQ(count, even);
}

TEST(Simulate, CountsEachBehaviourOnTheBreakerByItself) {
    const auto fleet =
        fleet_of({.chargers = 100, .breaker_a = 400, .behave = "slow:10,watts-only:20"});
    ASSERT_TRUE(fleet);
    std::vector<std::string> watched;
    for (const auto& circuit : fleet->circuits) watched.push_back(circuit.manner);
    EXPECT_EQ(watched, (std::vector<std::string>{"", "plain", "slow", "watts-only"}));
}

TEST(Simulate, RefusesByTheOptionsName) {
    const auto field_of = [](const SimOptions& options) {
        const auto fleet = fleet_of(options);
        return fleet ? std::string() : fleet.error().field;
    };
    EXPECT_EQ(field_of({.ocpp = "1.5"}), "--ocpp");
    EXPECT_EQ(field_of({.behave = "lazy:10"}), "--behave");
    EXPECT_EQ(field_of({.chargers = 1, .behave = "slow:10,silent:10"}), "--behave");
    EXPECT_EQ(field_of({.sessions = "/nowhere/sessions.csv"}), "--sessions");
}

TEST(Simulate, LetsTheSessionsOfAFileCome) {
    const auto file = std::filesystem::temp_directory_path() /
                      ("busbar-sessions-" + std::to_string(std::random_device{}()) + ".csv");
    std::ofstream(file) << "arrival_step,departure_step,estimated_departure_step,"
                           "requested_kwh,delivered_kwh,max_kw,station\n"
                           "100,112,112,8,8,11,A\n"
                           "102,106,106,4,4,3.7,B\n";
    const auto fleet = fleet_of({.sessions = file.string(), .speed = 60});
    std::filesystem::remove(file);
    ASSERT_TRUE(fleet) << fleet.error().message;
    const auto& visits = fleet->arrivals->visits;
    ASSERT_EQ(visits.size(), 2U);
    EXPECT_EQ(visits[0].at, 0s);
    EXPECT_EQ(visits[0].stay, 60s);
    EXPECT_EQ(visits[0].car.phases, 3);
    EXPECT_EQ(visits[1].at, 10s);
    EXPECT_EQ(visits[1].stay, 20s);
    EXPECT_EQ(visits[1].car.phases, 1);
    // It wants what it got, and is full then.
    const auto& car = visits[0].car;
    EXPECT_EQ(car.capacity * (car.full_pct - car.soc_pct) / 100, WattHours::of(8'000));
}

TEST(Simulate, ServesItsFigures) {
    sim::FleetSnapshot now;
    for (const auto* id : {"CP-1", "CP-2", "CP-3"}) now.chargers.push_back({.id = ChargerId(id)});
    now.chargers[0].connected = true;
    now.chargers[1].profiles_received = 7;
    now.circuits.push_back({.id = CircuitId("feeder"),
                            .breaker = PerPhase::each(63_A),
                            .manner = "slow",
                            .drawn = {.most = PerPhase::each(61.5_A)},
                            .enforced = {}});
    const auto served = SimMetrics::serve(0, [now] { return now; });
    ASSERT_TRUE(served) << served.error().message;
    auto client = HttpClient::to("http://127.0.0.1:" + std::to_string((*served)->port()), 10s);
    ASSERT_TRUE(client);
    const auto reply = client->request("GET", "/metrics");
    ASSERT_TRUE(reply) << reply.error().message;
    for (const auto* line :
         {"busbar_sim_chargers{state=\"connected\"} 1\n", "busbar_sim_profiles_received_total 7\n",
          "busbar_sim_circuit_most_amperes{circuit=\"feeder\",behaviour=\"slow\",sum=\"drawn\","
          "line=\"L1\"} 61.5\n"})
        EXPECT_NE(reply->body.find(line), std::string::npos) << line << reply->body;
    EXPECT_EQ(client->request("GET", "/")->status, 404);
}

}  // namespace
}  // namespace busbar::app
