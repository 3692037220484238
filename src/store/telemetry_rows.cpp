#include "store/telemetry_rows.hpp"

#include <algorithm>
#include <array>

namespace busbar::store {
namespace {

using telemetry::MeterHistory;
using telemetry::MeterReading;
using telemetry::VehicleReading;
using telemetry::Window;

constexpr Duration kFurthestAhead = std::chrono::minutes{5};

constexpr std::array kTelemetrySteps{R"sql(
CREATE TABLE meter_readings (
    meter TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    energy_mwh INTEGER NOT NULL,
    register_mwh INTEGER,
    voltage_mv INTEGER NOT NULL,
    suspect INTEGER NOT NULL,
    PRIMARY KEY (meter, at_us)
) STRICT, WITHOUT ROWID;

CREATE TABLE vehicle_readings (
    vehicle TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    charger TEXT,
    soc_milli_pct INTEGER NOT NULL,
    energy_mwh INTEGER NOT NULL,
    battery_milli_celsius INTEGER NOT NULL,
    suspect INTEGER NOT NULL,
    PRIMARY KEY (vehicle, at_us)
) STRICT, WITHOUT ROWID;
CREATE INDEX vehicle_readings_by_charger ON vehicle_readings (charger, at_us)
    WHERE charger IS NOT NULL AND suspect = 0;

CREATE TABLE meter_current (
    meter TEXT PRIMARY KEY,
    at_us INTEGER NOT NULL,
    energy_mwh INTEGER NOT NULL,
    register_mwh INTEGER,
    voltage_mv INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE vehicle_current (
    vehicle TEXT PRIMARY KEY,
    at_us INTEGER NOT NULL,
    charger TEXT,
    soc_milli_pct INTEGER NOT NULL,
    energy_mwh INTEGER NOT NULL,
    battery_milli_celsius INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE vehicle_meter_map (
    vehicle TEXT NOT NULL,
    position INTEGER NOT NULL,
    meter TEXT NOT NULL,
    PRIMARY KEY (vehicle, position)
) STRICT, WITHOUT ROWID;
)sql"};

// --- Questions -----------------------------------------------------------------------------

constexpr std::string_view kVehicleKnown =
    "SELECT 1 FROM vehicle_readings WHERE vehicle = ? LIMIT 1";
// Swept out of history, but still the newest there is.
constexpr std::string_view kVehicleCurrent = "SELECT 1 FROM vehicle_current WHERE vehicle = ?";
constexpr std::string_view kVehicleWindow =
    "SELECT at_us, charger, soc_milli_pct, energy_mwh, battery_milli_celsius "
    "FROM vehicle_readings WHERE vehicle = ? AND at_us > ? AND at_us <= ? AND suspect = 0 "
    "ORDER BY at_us";
constexpr std::string_view kMeterWindow =
    "SELECT at_us, energy_mwh FROM meter_readings "
    "WHERE meter = ? AND at_us > ? AND at_us <= ? AND suspect = 0 ORDER BY at_us";
constexpr std::string_view kOthersWindow =
    "SELECT at_us, vehicle < ? FROM vehicle_readings "
    "WHERE charger = ? AND at_us > ? AND at_us <= ? AND suspect = 0 AND vehicle <> ? "
    "ORDER BY at_us";
constexpr std::string_view kMappedMeters =
    "SELECT meter FROM vehicle_meter_map WHERE vehicle = ? ORDER BY position";
constexpr std::array kQuestions{kVehicleKnown, kVehicleCurrent, kVehicleWindow,
                                kMeterWindow,  kOthersWindow,   kMappedMeters};

Status put(Connection& db, const MeterReading& reading, bool suspect) {
    auto status = db.run(
        "INSERT OR REPLACE INTO meter_readings (meter, at_us, energy_mwh, register_mwh, "
        "voltage_mv, suspect) VALUES (?, ?, ?, ?, ?, ?)",
        {reading.meter, reading.at, reading.energy, reading.energy_register, reading.voltage,
         suspect});
    if (!status || suspect) return status;
    // >=: a correction of the newest reading is the newest, too.
    return db.run(
        "INSERT INTO meter_current (meter, at_us, energy_mwh, register_mwh, voltage_mv) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (meter) DO UPDATE SET at_us = excluded.at_us, "
        "energy_mwh = excluded.energy_mwh, register_mwh = excluded.register_mwh, "
        "voltage_mv = excluded.voltage_mv WHERE excluded.at_us >= meter_current.at_us",
        {reading.meter, reading.at, reading.energy, reading.energy_register, reading.voltage});
}

Status put(Connection& db, const VehicleReading& reading, bool suspect) {
    auto status = db.run(
        "INSERT OR REPLACE INTO vehicle_readings (vehicle, at_us, charger, soc_milli_pct, "
        "energy_mwh, battery_milli_celsius, suspect) VALUES (?, ?, ?, ?, ?, ?, ?)",
        {reading.vehicle, reading.at, reading.charger, reading.soc_milli_pct, reading.energy,
         reading.battery_milli_celsius, suspect});
    if (!status || suspect) return status;
    return db.run(
        "INSERT INTO vehicle_current (vehicle, at_us, charger, soc_milli_pct, energy_mwh, "
        "battery_milli_celsius) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (vehicle) DO UPDATE SET "
        "at_us = excluded.at_us, charger = excluded.charger, "
        "soc_milli_pct = excluded.soc_milli_pct, energy_mwh = excluded.energy_mwh, "
        "battery_milli_celsius = excluded.battery_milli_celsius "
        "WHERE excluded.at_us >= vehicle_current.at_us",
        {reading.vehicle, reading.at, reading.charger, reading.soc_milli_pct, reading.energy,
         reading.battery_milli_celsius});
}

std::optional<MeterId> optional_meter(const Row& row, int column) {
    if (row.is_null(column)) return {};
    return MeterId{row.text(column)};
}

Result<std::vector<VehicleReading>> vehicle_window(Connection& db, const VehicleId& vehicle,
                                                   Window window) {
    std::vector<VehicleReading> readings;
    const auto status =
        db.each(kVehicleWindow, {vehicle, window.from, window.to}, [&](const Row& row) -> Status {
            readings.push_back({.vehicle = vehicle,
                                .charger = optional_meter(row, 1),
                                .soc_milli_pct = row.integer(2),
                                .energy = row.quantity<WattHours>(3),
                                .battery_milli_celsius = row.integer(4),
                                .at = row.time(0)});
            return Done{};
        });
    if (!status) return status.error();
    return readings;
}

Result<MeterHistory> meter_window(Connection& db, const MeterId& meter, const VehicleId& vehicle,
                                  Window window) {
    MeterHistory history{meter, {}, {}};
    auto status =
        db.each(kMeterWindow, {meter, window.from, window.to}, [&](const Row& row) -> Status {
            history.intervals.push_back({row.time(0), row.quantity<WattHours>(1)});
            return Done{};
        });
    if (status)
        status = db.each(kOthersWindow, {vehicle, meter, window.from, window.to, vehicle},
                         [&](const Row& row) -> Status {
                             history.others.push_back({row.time(0), row.integer(1) != 0});
                             return Done{};
                         });
    if (!status) return status.error();
    return history;
}

// The meters that the readings name, or else those the vehicle is mapped to.
Result<std::vector<MeterId>> meters_of(Connection& db, const VehicleId& vehicle,
                                       std::span<const VehicleReading> readings) {
    std::vector<MeterId> meters;
    for (const auto& reading : readings)
        if (reading.charger && (meters.empty() || meters.back() != *reading.charger))
            meters.push_back(*reading.charger);
    std::sort(meters.begin(), meters.end());
    meters.erase(std::unique(meters.begin(), meters.end()), meters.end());
    if (!meters.empty()) return meters;
    const auto status = db.each(kMappedMeters, {vehicle}, [&](const Row& row) -> Status {
        meters.emplace_back(row.text(0));
        return Done{};
    });
    if (!status) return status.error();
    return meters;
}

// --- Sweep ---------------------------------------------------------------------------------

constexpr std::int64_t kMostRows = 2'000;
constexpr int kMostDevices = 64;

struct SweptTable {
    std::string_view next_device;
    std::string_view remove;
};
constexpr SweptTable kMeterHistory{
    "SELECT meter FROM meter_readings WHERE meter > ? ORDER BY meter LIMIT 1",
    "DELETE FROM meter_readings WHERE meter = ?1 AND at_us < ?2 AND at_us IN (SELECT at_us FROM "
    "meter_readings WHERE meter = ?1 AND at_us < ?2 ORDER BY at_us LIMIT ?3)"};
constexpr SweptTable kVehicleHistory{
    "SELECT vehicle FROM vehicle_readings WHERE vehicle > ? ORDER BY vehicle LIMIT 1",
    "DELETE FROM vehicle_readings WHERE vehicle = ?1 AND at_us < ?2 AND at_us IN (SELECT at_us "
    "FROM vehicle_readings WHERE vehicle = ?1 AND at_us < ?2 ORDER BY at_us LIMIT ?3)"};

// Goes on after `device`, and leaves there how far it came.
Status sweep(Connection& db, const SweptTable& table, std::string& device, TimePoint limit) {
    std::int64_t room = kMostRows;
    for (int devices = 0; devices < kMostDevices && room > 0; ++devices) {
        std::string next;
        auto status = db.each(table.next_device, {device}, [&](const Row& row) -> Status {
            next = row.text(0);
            return Done{};
        });
        if (!status) return status;
        if (next.empty()) {
            device.clear();
            return Done{};
        }
        if (status = db.run(table.remove, {next, limit, room}); !status) return status;
        room -= db.changes();
        // With its room used up, this device may have more: the next round finds it.
        device = std::move(next);
    }
    return Done{};
}

}  // namespace

std::span<const char* const> telemetry_migrations() {
    return kTelemetrySteps;
}

Status put_reading(Connection& db, const telemetry::Reading& reading, TimePoint received_at) {
    return std::visit(
        [&](const auto& r) { return put(db, r, r.at > received_at + kFurthestAhead); }, reading);
}

Status put_vehicle_map(Connection& db, const VehicleId& vehicle,
                       const std::vector<MeterId>& meters) {
    auto status = db.run("DELETE FROM vehicle_meter_map WHERE vehicle = ?", {vehicle});
    std::int64_t position = 0;
    for (auto meter = meters.begin(); status && meter != meters.end(); ++meter) {
        // A meter named twice must not count twice.
        if (std::find(meters.begin(), meter, *meter) != meter) continue;
        status = db.run("INSERT INTO vehicle_meter_map (vehicle, position, meter) VALUES (?, ?, ?)",
                        {vehicle, ++position, *meter});
    }
    return status;
}

Result<std::vector<MeterReading>> load_meter_status(Connection& db) {
    std::vector<MeterReading> readings;
    const auto status = db.each(
        "SELECT meter, at_us, energy_mwh, register_mwh, voltage_mv FROM meter_current "
        "ORDER BY meter",
        {}, [&](const Row& row) -> Status {
            auto& reading = readings.emplace_back(MeterReading{.meter = MeterId{row.text(0)},
                                                               .energy = row.quantity<WattHours>(2),
                                                               .voltage = row.quantity<Volts>(4),
                                                               .at = row.time(1)});
            if (!row.is_null(3)) reading.energy_register = row.quantity<WattHours>(3);
            return Done{};
        });
    if (!status) return status.error();
    return readings;
}

Result<std::vector<VehicleReading>> load_vehicle_status(Connection& db) {
    std::vector<VehicleReading> readings;
    const auto status = db.each(
        "SELECT vehicle, at_us, charger, soc_milli_pct, energy_mwh, battery_milli_celsius "
        "FROM vehicle_current ORDER BY vehicle",
        {}, [&](const Row& row) -> Status {
            readings.push_back({.vehicle = VehicleId{row.text(0)},
                                .charger = optional_meter(row, 2),
                                .soc_milli_pct = row.integer(3),
                                .energy = row.quantity<WattHours>(4),
                                .battery_milli_celsius = row.integer(5),
                                .at = row.time(1)});
            return Done{};
        });
    if (!status) return status.error();
    return readings;
}

Result<telemetry::Performance> load_performance(Connection& db, const VehicleId& vehicle,
                                                Window window) {
    BUSBAR_TRY(known, db.integer(kVehicleKnown, {vehicle}));
    if (!known) {
        BUSBAR_TRY(current, db.integer(kVehicleCurrent, {vehicle}));
        if (!current)
            return Error{Errc::kNotFound, "there is no reading of vehicle " + vehicle.str()};
    }
    BUSBAR_TRY(readings, vehicle_window(db, vehicle, window));
    BUSBAR_TRY(meters, meters_of(db, vehicle, readings));
    std::vector<MeterHistory> histories;
    for (const auto& meter : meters) {
        BUSBAR_TRY(history, meter_window(db, meter, vehicle, window));
        histories.push_back(std::move(history));
    }
    return telemetry::performance_of(vehicle, window, readings, histories);
}

std::span<const std::string_view> performance_questions() {
    return kQuestions;
}

Status Sweep::step(Connection& db, TimePoint limit) {
    if (auto status = sweep(db, kMeterHistory, meter_, limit); !status) return status;
    return sweep(db, kVehicleHistory, vehicle_, limit);
}

}  // namespace busbar::store
