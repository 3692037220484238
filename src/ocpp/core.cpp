#include <algorithm>
#include <array>

#include "ocpp/action.hpp"
#include "ocpp/meter_values.hpp"
#include "ocpp/words.hpp"

// OCPP 1.6, Core: what chargers report, and the transactions. Firmware and diagnostics reports
// are here too: they are taken note of, and nothing more.
namespace busbar::ocpp {
namespace {

namespace json = boost::json;
using Taken = std::optional<Answer>;

int connector_in(const json::object& payload) {
    return static_cast<int>(integer_at(payload, "connectorId"));
}

std::string text_in(const json::object& payload, std::string_view name) {
    return std::string(text_at(payload, name));
}

Taken take_boot(const json::object& payload, const Asked& asked) {
    auto serial =
        text_at(payload, "chargePointSerialNumber", text_at(payload, "chargeBoxSerialNumber"));
    BootInfo info{text_in(payload, "chargePointVendor"), text_in(payload, "chargePointModel"),
                  std::string(serial), text_in(payload, "firmwareVersion")};
    asked.events.boot(asked.charger, std::move(info),
                      [answer = asked.later(), &asked_clock = asked.clock, &events = asked.events,
                       charger = asked.charger](const BootReply& reply) {
                          const auto now = asked_clock.wall();
                          events.told_time(charger, now);
                          answer(boot_answer(reply, now));
                      });
    return {};
}

Taken take_heartbeat(const json::object&, const Asked& asked) {
    const auto now = asked.clock.wall();
    asked.events.told_time(asked.charger, now);
    return R"({"currentTime":")" + format_time(now) + R"("})";
}

Taken take_status(const json::object& payload, const Asked& asked) {
    StatusReport report;
    report.connector = connector_in(payload);
    report.status =
        parse_connector_status(text_at(payload, "status")).value_or(ConnectorStatus::kUnknown);
    report.error_code = text_in(payload, "errorCode");
    report.info = text_in(payload, "info");
    report.at = plausible_time(payload, "timestamp", asked.clock.wall());
    report.stamped = stamp_in(payload, "timestamp");
    asked.events.status(asked.charger, std::move(report));
    return "{}";
}

std::string id_tag_info(Authorization authorization) {
    return R"("idTagInfo":{"status":")" + std::string(word_for(authorization)) + R"("})";
}

Taken take_authorize(const json::object& payload, const Asked& asked) {
    asked.events.authorize(asked.charger, text_in(payload, "idTag"),
                           [answer = asked.later()](Authorization authorization) {
                               answer("{" + id_tag_info(authorization) + "}");
                           });
    return {};
}

Taken take_start(const json::object& payload, const Asked& asked) {
    StartRequest request;
    request.connector = connector_in(payload);
    request.id_tag = text_in(payload, "idTag");
    request.meter_start = WattHours::of(integer_at(payload, "meterStart"));
    request.at = plausible_time(payload, "timestamp", asked.clock.wall());
    request.stamped = stamp_in(payload, "timestamp");
    asked.events.start(asked.charger, std::move(request),
                       [answer = asked.later()](const Result<StartReply>& reply) {
                           if (!reply) return answer(call_error(reply.error()));
                           answer(R"({"transactionId":)" + std::to_string(reply->transaction) +
                                  "," + id_tag_info(reply->status) + "}");
                       });
    return {};
}

// transactionData repeats what MeterValues said, but for what is signed, and does not say which
// connector it is of.
Taken take_stop(const json::object& payload, const Asked& asked) {
    StopRequest request;
    request.transaction = integer_at(payload, "transactionId");
    request.meter_stop = WattHours::of(integer_at(payload, "meterStop"));
    request.at = plausible_time(payload, "timestamp", asked.clock.wall());
    request.stamped = stamp_in(payload, "timestamp");
    request.reason = std::string(text_at(payload, "reason", "Local"));
    request.signed_readings = signed_in(payload, "transactionData", asked.clock.wall());
    asked.events.stop(asked.charger, std::move(request),
                      [answer = asked.later()](const Result<Done>& reply) {
                          if (!reply) return answer(call_error(reply.error()));
                          answer("{}");
                      });
    return {};
}

Taken take_meter(const json::object& payload, const Asked& asked) {
    MeterReport report;
    report.connector = connector_in(payload);
    if (has(payload, "transactionId")) report.transaction = integer_at(payload, "transactionId");
    report.samples = samples_in(payload, asked.clock.wall());
    report.signed_readings = signed_in(payload, "meterValue", asked.clock.wall());
    for (const auto& element : payload.at("meterValue").get_array())
        report.stamped = std::max(report.stamped, stamp_in(element.get_object(), "timestamp"));
    if (!report.samples.empty() || !report.signed_readings.empty())
        asked.events.meter(asked.charger, std::move(report));
    return "{}";
}

Taken take_transfer(const json::object&, const Asked&) {
    return R"({"status":"UnknownVendorId"})";
}

Taken take_note(const json::object&, const Asked&) {
    return "{}";
}

constexpr std::array<Action, 10> kCore{{
    {"MeterValues", take_meter},
    {"Heartbeat", take_heartbeat},
    {"StatusNotification", take_status},
    {"StartTransaction", take_start},
    {"StopTransaction", take_stop},
    {"Authorize", take_authorize},
    {"BootNotification", take_boot},
    {"DataTransfer", take_transfer},
    {"DiagnosticsStatusNotification", take_note},
    {"FirmwareStatusNotification", take_note},
}};

}  // namespace

std::span<const Action> core_actions() {
    return kCore;
}

}  // namespace busbar::ocpp
