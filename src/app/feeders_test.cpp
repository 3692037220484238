// Meters that measure circuits, from the wire to what a site knows.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "app/seed.hpp"
#include "app/server.hpp"
#include "base/clock.hpp"
#include "feeder/simulator/broker.hpp"
#include "feeder/simulator/meters.hpp"

namespace busbar::app {
namespace {

using namespace std::chrono_literals;

SiteConfig two_circuits() {
    SiteConfig config{.site = {.id = SiteId("garage")}, .circuits = {}, .chargers = {}};
    for (const auto* id : {"main", "shop"})
        config.circuits.push_back({.id = CircuitId(id),
                                   .site = config.site.id,
                                   .parent = {},
                                   .breaker = PerPhase::each(63_A),
                                   .building = BuildingLoad{.meter = MeterId(id)}});
    return config;
}

// What the site shows of a circuit within a minute; empty if nothing came.
std::optional<PerPhase> measured_at(Server& server, const CircuitId& id) {
    const auto end = real_clock().steady() + 60s;
    while (real_clock().steady() < end)
        for (const auto& site : server.reports())
            for (const auto& circuit : site.circuits)
                if (circuit.circuit.id == id && circuit.measured) return circuit.measured;
    return {};
}

TEST(Feeders, WhatModbusAndMqttMetersShowIsMeasuredAtTheirCircuits) {
    feeder::simulator::ModbusMeter modbus;
    modbus.set(feeder::modbus::Table::kHolding, 12, {412, 395, 0});
    const feeder::simulator::Broker broker;
    auto name = (std::filesystem::temp_directory_path() / "busbar-XXXXXX").string();
    const std::filesystem::path folder = mkdtemp(name.data());

    feeder::Modbus main{.host = "127.0.0.1", .port = modbus.port()};
    main.interval = 200ms;
    main.registers.encoding = {.number = feeder::Number::kUint16, .scale = 0.1_A};
    main.registers.addresses = {12, 13, 14};
    feeder::Mqtt shop{.host = "127.0.0.1", .port = broker.port()};
    for (std::size_t line = 0; line < 3; ++line)
        shop.lines[line] = feeder::MqttLine{"shop/feeder", "/" + std::to_string(line)};
    Settings settings{.port = 0, .data_dir = folder};
    settings.feeders = {{MeterId("main"), main}, {MeterId("shop"), shop}};
    Server::Hooks hooks;
    hooks.prepare = [](control::Store& store, const control::Stored&) {
        return seed(store, two_circuits());
    };
    {
        auto server = Server::start(settings, std::move(hooks));
        ASSERT_TRUE(server) << server.error().field << " " << server.error().message;
        EXPECT_EQ(measured_at(**server, CircuitId("main")), (PerPhase{{41.2_A, 39.5_A, 0_A}}));
        feeder::simulator::MqttPublisher publisher("127.0.0.1", broker.port(), {});
        // Until the server has subscribed, nobody hears it.
        std::optional<PerPhase> heard;
        const auto end = real_clock().steady() + 60s;
        while (!heard && real_clock().steady() < end) {
            ASSERT_TRUE(publisher.publish("shop/feeder", "[10.5, 11, 12]"));
            for (const auto& site : (*server)->reports())
                for (const auto& circuit : site.circuits)
                    if (circuit.circuit.id == CircuitId("shop")) heard = circuit.measured;
        }
        EXPECT_EQ(heard, (PerPhase{{10.5_A, 11_A, 12_A}}));
    }
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace busbar::app
