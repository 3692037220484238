// Meters that are not there: a Modbus TCP server on libmodbus and a publisher on libmosquitto. For
// tests, and for trying out settings without a meter (feeder_tryout).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "feeder/modbus.hpp"

namespace busbar::feeder::simulator {

// Answers on loopback, from its own thread, up to 16 connections at once. Thread-safe. Ends the
// process where it cannot listen.
class ModbusMeter {
public:
    explicit ModbusMeter(std::uint16_t port = 0);  // 0: the system picks a free one.
    ~ModbusMeter();                                // Closes its port and its connections.

    std::uint16_t port() const;
    // Requires: address + registers.size() <= 256. All others are 0, and above there are none.
    void set(modbus::Table table, std::uint16_t address,
             const std::vector<std::uint16_t>& registers);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

enum class Retain { kNo, kYes };

// Publishes to a broker at quality of service 1. For one thread.
class MqttPublisher {
public:
    struct Login {
        std::string username = {};
        std::string password = {};
    };

    // Connected once this is constructed; ends the process if that fails.
    MqttPublisher(const std::string& host, std::uint16_t port, const std::optional<Login>& login);
    ~MqttPublisher();

    // Waits until the broker has it; kTimeout after 5 s, kUnavailable where the broker refuses.
    Status publish(const std::string& topic, std::string_view payload, Retain retain = Retain::kNo);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace busbar::feeder::simulator
