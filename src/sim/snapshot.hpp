// What can be seen of a simulated fleet from outside, as of one moment.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "domain/charging.hpp"
#include "sim/charger.hpp"
#include "sim/load_record.hpp"

namespace busbar::sim {

// One SetChargingProfile call, as it came in.
struct ReceivedProfile {
    SteadyPoint at;
    int connector = 0;
    Purpose purpose = Purpose::kTxDefault;
    std::optional<TransactionName> transaction = {};
    std::vector<SchedulePeriod> periods = {};
    bool accepted = false;  // False while it has not been acted upon.

    // What it asks for first.
    Amperes limit() const { return periods.empty() ? Amperes{} : periods.front().limit; }
};

struct ChargerSnapshot {
    ChargerId id;
    bool connected = false;
    std::optional<Registration> registration = {};       // Empty before the first answer to a boot.
    ConnectorStatus status = ConnectorStatus::kUnknown;  // As last reported, or about to be.
    Amperes limit = {};      // Enforced per line now, with or without a car.
    PerPhase drawn = {};     // By the lines of the site.
    PerPhase enforced = {};  // What it would let flow: 0 without a transaction.
    bool in_transaction = false;
    // Empty until it has a name; with 1.6, until the CSMS has given it a number.
    std::optional<TransactionName> transaction = {};
    std::optional<double> soc_pct = {};  // Of the car that is plugged in.
    WattHours meter_register = {};
    std::int64_t connects = 0;                   // Connections made since the start.
    std::int64_t boots = 0;                      // BootNotifications sent.
    std::int64_t profiles_received = 0;          // SetChargingProfile calls.
    std::optional<SteadyPoint> applied_at = {};  // When it last accepted one.
    std::size_t answers_held = 0;
    std::size_t calls_waiting = 0;    // Of its own: not sent, or sent and not answered.
    std::int64_t calls_given_up = 0;  // Of its own, lost for good: refused thrice, no room.
    std::int64_t call_errors_received = 0;
    std::int64_t bad_frames_received = 0;  // Not OCPP-J at all.
};

struct FleetSnapshot {
    SteadyPoint at;
    std::vector<ChargerSnapshot> chargers;  // In the order of the options.
    std::vector<CircuitLoad> circuits;

    // Requires: there is one of this name.
    const ChargerSnapshot& charger(std::string_view id) const {
        for (const auto& each : chargers)
            if (each.id.str() == id) return each;
        BUSBAR_CHECK(!"a charger of this name");
    }
    const CircuitLoad& circuit(std::string_view id) const {
        for (const auto& each : circuits)
            if (each.id.str() == id) return each;
        BUSBAR_CHECK(!"a circuit of this name");
    }
};

}  // namespace busbar::sim
