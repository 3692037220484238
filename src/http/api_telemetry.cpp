// Readings in, the newest state and the last day out.
#include "http/amount.hpp"
#include "http/answers.hpp"
#include "http/body.hpp"

namespace busbar::http {
namespace {

using namespace std::chrono_literals;

constexpr Duration kUsualWindow = 24h;
constexpr Duration kLongestWindow = 24h * 100;

void member_kwh(JsonWriter& json, std::string_view name, WattHours energy) {
    json.key(name).raw(fixed_point(energy.in_milli(), 6));
}

void ingest(const Backend& backend, const Request& request, const Reply& reply) {
    const auto body = json_body(request);
    if (!body) return reply(problem(body.error()));
    auto reading = parse_reading(*body);
    if (!reading) return reply(problem(reading.error()));
    if (const auto checked = telemetry::check(*reading, backend.clock.wall()); !checked)
        return reply(problem(checked.error()));
    const bool meter = std::holds_alternative<telemetry::MeterReading>(*reading);
    backend.telemetry.append({*std::move(reading)}, [reply, meter](const Result<Done>& stored) {
        if (!stored) return reply(problem(stored.error()));
        reply(json_answer(202, meter ? R"({"type":"meter"})" : R"({"type":"vehicle"})"));
    });
}

void write_meter(JsonWriter& json, const telemetry::MeterReading& reading) {
    json.begin_object().member("meterId", reading.meter);
    member_kwh(json, "kwhConsumedAc", reading.energy);
    if (reading.energy_register) member_kwh(json, "kwhRegisterAc", *reading.energy_register);
    json.member("voltage", reading.voltage).member("timestamp", reading.at).end_object();
}

void write_vehicle(JsonWriter& json, const telemetry::VehicleReading& reading) {
    json.begin_object().member("vehicleId", reading.vehicle).member("chargerId", reading.charger);
    json.key("soc").milli(reading.soc_milli_pct);
    member_kwh(json, "kwhDeliveredDc", reading.energy);
    json.key("batteryTemp").milli(reading.battery_milli_celsius);
    json.member("timestamp", reading.at).end_object();
}

template <class Reading>
telemetry::Callback<std::vector<Reading>> as_list(const Reply& reply,
                                                  void (*write)(JsonWriter&, const Reading&)) {
    return [reply, write](const Result<std::vector<Reading>>& readings) {
        if (!readings) return reply(problem(readings.error()));
        JsonWriter json;
        json.begin_array();
        for (const auto& reading : *readings) write(json, reading);
        reply(json_answer(200, std::move(json.end_array()).text()));
    };
}

void show_meters(const Backend& backend, const Request&, const Reply& reply) {
    backend.telemetry.meter_status(as_list(reply, write_meter));
}

void show_vehicles(const Backend& backend, const Request&, const Reply& reply) {
    backend.telemetry.vehicle_status(as_list(reply, write_vehicle));
}

// One answer with the fields of both source documents: the second names the totals again.
std::string performance_json(const telemetry::Performance& found) {
    JsonWriter json;
    json.begin_object()
        .member("vehicleId", found.vehicle)
        .member("meterId", found.meter)
        .member("windowStart", found.window_start)
        .member("windowEnd", found.window_end);
    member_kwh(json, "acConsumedTotal", found.ac_consumed);
    member_kwh(json, "dcDeliveredTotal", found.dc_delivered);
    json.key("efficiencyRatio");
    if (found.efficiency_e4)
        json.raw(fixed_point(*found.efficiency_e4, 4));
    else
        json.null();
    json.key("avgBatteryTemp");
    if (found.battery_milli_celsius)
        json.milli(*found.battery_milli_celsius);
    else
        json.null();
    member_kwh(json, "totalAcConsumption", found.ac_consumed);
    member_kwh(json, "totalDcDelivery", found.dc_delivered);
    return std::move(json.member("dataPoints", found.data_points).end_object()).text();
}

void show_performance(const Backend& backend, const Request& request, const Reply& reply) {
    const auto asked_to = query_time(request, "to"), asked_from = query_time(request, "from");
    if (!asked_to) return reply(problem(asked_to.error()));
    if (!asked_from) return reply(problem(asked_from.error()));
    const auto to = asked_to->value_or(backend.clock.wall());
    const auto from = asked_from->value_or(to - kUsualWindow);
    if (from >= to) return reply(problem(Error{Errc::kInvalid, "must be before to", "from"}));
    if (to - from > kLongestWindow)
        return reply(problem(Error{Errc::kInvalid, "must be at most 100 days before to", "from"}));
    backend.telemetry.performance(
        VehicleId(request.param("vehicleId")), from, to,
        [reply](const Result<telemetry::Performance>& found) {
            reply(found ? json_answer(200, performance_json(*found)) : problem(found.error()));
        });
}

void put_vehicle(const Backend& backend, const Request& request, const Reply& reply) {
    const auto body = json_body(request);
    if (!body) return reply(problem(body.error()));
    const VehicleId id(request.param("id"));
    if (const auto checked = check_device_id(id.str(), "id"); !checked)
        return reply(problem(checked.error()));
    auto meters = parse_meters(*body);
    if (!meters) return reply(problem(meters.error()));
    JsonWriter json;
    json.begin_object().member("vehicleId", id).key("meterIds").begin_array();
    for (const auto& meter : *meters) json.string(meter.str());
    json.end_array().end_object();
    backend.telemetry.map_vehicle(
        id, *std::move(meters),
        [reply, written = std::move(json).text()](const Result<Done>& stored) {
            reply(stored ? json_answer(200, written) : problem(stored.error()));
        });
}

}  // namespace

void add_telemetry_routes(Router& router, const Backend& backend) {
    router.add(Method::kPost, "/v1/ingest", bound(backend, ingest));
    router.add(Method::kGet, "/meter-readings/status", bound(backend, show_meters));
    router.add(Method::kGet, "/vehicle-readings/status", bound(backend, show_vehicles));
    router.add(Method::kGet, "/v1/analytics/performance/{vehicleId}",
               bound(backend, show_performance));
    router.add(Method::kPut, "/api/v1/vehicles/{id}", bound(backend, put_vehicle));
}

}  // namespace busbar::http
