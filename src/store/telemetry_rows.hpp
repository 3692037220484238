// The tables of telemetry.db, and the questions asked of them.
//
// History has one row for each device and moment, clustered by device and then time: a window of
// one device is one stretch of the file. A correction (same device, same moment) replaces the
// row. Energies are in mWh, times in microseconds since 1970.
//
// A reading from more than 5 minutes ahead of its receipt has a wrong clock: it is kept, marked
// suspect, and left out of the hot tables and of every sum. Otherwise one bad clock would freeze
// a device's newest reading for ever.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/sqlite.hpp"
#include "telemetry/performance.hpp"
#include "telemetry/telemetry.hpp"

namespace busbar::store {

// The steps that make the tables, for migrate().
std::span<const char* const> telemetry_migrations();

// Into history and, where it is the newest, into the hot table.
Status put_reading(Connection& db, const telemetry::Reading& reading, TimePoint received_at);
Status put_vehicle_map(Connection& db, const VehicleId& vehicle,
                       const std::vector<MeterId>& meters);

// The newest of each device, by id.
Result<std::vector<telemetry::MeterReading>> load_meter_status(Connection& db);
Result<std::vector<telemetry::VehicleReading>> load_vehicle_status(Connection& db);

// kNotFound: nothing was ever stored of this vehicle.
Result<telemetry::Performance> load_performance(Connection& db, const VehicleId& vehicle,
                                                telemetry::Window window);

// The questions of load_performance(), for the test that none of them reads a whole table.
std::span<const std::string_view> performance_questions();

// Takes old rows out of history, a few at a time, going from device to device and round again.
class Sweep {
public:
    // Deletes at most 2,000 rows from before `limit`, of at most 64 devices a table.
    Status step(Connection& db, TimePoint limit);

private:
    std::string meter_;  // Where the last step stopped; empty: at the beginning.
    std::string vehicle_;
};

}  // namespace busbar::store
