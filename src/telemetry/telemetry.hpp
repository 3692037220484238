// What meters (AC side) and vehicles (DC side) report, and what is asked of it.
//
// The engine behind TelemetryStore keeps the newest reading of each device hot and all of them
// cold. Numbers are integers inside: energies in mWh, so that sums are exact.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/id.hpp"
#include "base/quantity.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace busbar::telemetry {

// Energy drawn from the grid in the interval that ends at `at`.
struct MeterReading {
    MeterId meter;
    WattHours energy;                               // In this interval.
    std::optional<WattHours> energy_register = {};  // The meter's running total, if it has one.
    Volts voltage = {};
    TimePoint at = {};

    bool operator==(const MeterReading&) const = default;
};

// Energy that arrived in a battery in the interval that ends at `at`.
struct VehicleReading {
    VehicleId vehicle;
    std::optional<MeterId> charger = {};  // The meter it was charging behind.
    std::int64_t soc_milli_pct = 0;       // 0..100,000
    WattHours energy = {};
    std::int64_t battery_milli_celsius = 0;
    TimePoint at = {};

    bool operator==(const VehicleReading&) const = default;
};

using Reading = std::variant<MeterReading, VehicleReading>;

// Whether the values can be true: id 1..128 bytes of printable UTF-8, 0 <= energy <= 10 MWh,
// 0 <= voltage <= 2,000 V, 0 <= soc <= 100, -100 <= temperature <= 200 C, and a time neither
// older than 90 days nor more than 24 h ahead of `now`. Fails with kInvalid, naming the field
// as the API spells it.
Status check(const Reading& reading, TimePoint now);

// What a vehicle did in a window. Efficiency is DC/AC, empty where AC is 0.
struct Performance {
    VehicleId vehicle;
    std::optional<MeterId> meter = {};  // The one it charged behind last.
    TimePoint window_start = {};
    TimePoint window_end = {};
    WattHours ac_consumed = {};
    WattHours dc_delivered = {};
    std::optional<std::int64_t> efficiency_e4 = {};          // Ten-thousandths, half-even.
    std::optional<std::int64_t> battery_milli_celsius = {};  // Mean.
    std::int64_t data_points = 0;                            // Vehicle readings.
};

template <class T>
using Callback = std::function<void(Result<T>)>;

// As with control's ports: asynchronous, from any thread, a callback exactly once and never
// inside the call.
class TelemetryStore {
public:
    virtual ~TelemetryStore() = default;

    // All of them or none, into history and, where newer, hot state; durable when called back. A
    // reading that was stored before (same device, time and values) is stored once; one with
    // other values replaces it. kBusy: the queue is full; nothing was stored.
    virtual void append(std::vector<Reading> readings, Callback<Done> done) = 0;

    // The newest reading of each device, by id.
    virtual void meter_status(Callback<std::vector<MeterReading>> done) = 0;
    virtual void vehicle_status(Callback<std::vector<VehicleReading>> done) = 0;

    // Which meters a vehicle charges behind, for vehicles whose readings do not say. Replaces.
    virtual void map_vehicle(VehicleId vehicle, std::vector<MeterId> meters,
                             Callback<Done> done) = 0;

    // kNotFound: no reading of this vehicle was ever stored.
    // AC: of the meters the vehicle was behind, while it was (a vehicle reading at t covers
    // (previous reading, t], at most 15 minutes, and counts the meter intervals that end in it);
    // if its readings name no charger, everything its mapped meters measured in the window.
    virtual void performance(VehicleId vehicle, TimePoint from, TimePoint to,
                             Callback<Performance> done) = 0;
};

}  // namespace busbar::telemetry
