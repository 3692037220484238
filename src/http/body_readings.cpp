// What meters and vehicles measured.
#include <algorithm>

#include "http/body.hpp"
#include "http/json_text.hpp"

namespace busbar::http {
namespace {

constexpr std::size_t kMostDeviceIdBytes = 128;
constexpr std::size_t kMostMeters = 64;

std::int64_t measured_in(Fields& fields, std::string_view name, int places) {
    const bool given = fields.has(name);
    const auto value = fields.measured(name, places);
    if (!given) fields.wrong(name, "is required");
    return value.value_or(0);
}

std::string device_in(Fields& fields, std::string_view name) {
    auto id = fields.text(name, kMostDeviceIdBytes);
    return id.value_or("");
}

TimePoint time_in(Fields& fields) {
    const bool given = fields.has("timestamp");
    const auto time = fields.time("timestamp");
    if (!given) fields.wrong("timestamp", "is required");
    return time.value_or(TimePoint{});
}

Result<telemetry::Reading> meter_in(Fields& fields) {
    telemetry::MeterReading reading{.meter = MeterId(device_in(fields, "meterId")), .energy = {}};
    reading.energy = WattHours::milli(measured_in(fields, "kwhConsumedAc", 6));
    if (!fields.take_null("kwhRegisterAc"))
        if (const auto total = fields.measured("kwhRegisterAc", 6))
            reading.energy_register = WattHours::milli(*total);
    reading.voltage = Volts::milli(measured_in(fields, "voltage", 3));
    reading.at = time_in(fields);
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    return telemetry::Reading(std::move(reading));
}

Result<telemetry::Reading> vehicle_in(Fields& fields) {
    telemetry::VehicleReading reading{.vehicle = VehicleId(device_in(fields, "vehicleId"))};
    if (!fields.take_null("chargerId"))
        if (auto charger = fields.text("chargerId", kMostDeviceIdBytes))
            reading.charger = MeterId(*std::move(charger));
    reading.soc_milli_pct = measured_in(fields, "soc", 3);
    reading.energy = WattHours::milli(measured_in(fields, "kwhDeliveredDc", 6));
    reading.battery_milli_celsius = measured_in(fields, "batteryTemp", 3);
    reading.at = time_in(fields);
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    return telemetry::Reading(std::move(reading));
}

}  // namespace

Result<telemetry::Reading> parse_reading(std::string_view body) {
    BUSBAR_TRY(fields, Fields::of(body));
    const bool meter = fields.has("meterId");
    const bool vehicle = fields.has("vehicleId");
    if (meter == vehicle)
        return Error{Errc::kInvalid,
                     meter ? "a reading is a meter's (meterId) or a vehicle's (vehicleId), not both"
                           : "a reading needs a meterId or a vehicleId"};
    (void)fields.take_null(meter ? "vehicleId" : "meterId");
    return meter ? meter_in(fields) : vehicle_in(fields);
}

Result<std::vector<MeterId>> parse_meters(std::string_view body) {
    BUSBAR_TRY(fields, Fields::of(body));
    const auto json = fields.required("meterIds", fields.any("meterIds"));
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    const auto* list = std::get_if<std::vector<Json>>(&json->value);
    if (list == nullptr || list->size() > kMostMeters)
        return Error{Errc::kInvalid, "must be a list of at most 64 ids", "meterIds"};
    std::vector<MeterId> meters;
    for (const auto& entry : *list) {
        const auto* id = std::get_if<std::string>(&entry.value);
        if (id == nullptr) return Error{Errc::kInvalid, "must be a list of strings", "meterIds"};
        BUSBAR_TRY(checked, check_device_id(*id, "meterIds"));
        (void)checked;
        if (std::ranges::find(meters, MeterId(*id)) == meters.end()) meters.emplace_back(*id);
    }
    return meters;
}

Status check_device_id(std::string_view id, std::string_view field) {
    if (id.empty() || id.size() > kMostDeviceIdBytes)
        return Error{Errc::kInvalid, "must have 1 to 128 bytes", std::string(field)};
    for (const char c : id)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            return Error{Errc::kInvalid, "must not hold control characters", std::string(field)};
    return Done{};
}

}  // namespace busbar::http
