#include <algorithm>
#include <array>

#include "ocpp/schema.hpp"
#include "ocpp/v2.hpp"
#include "ocpp/words.hpp"

// OCPP 2.x, blocks B (provisioning) and G (availability): boots, heartbeats and connectors.
namespace busbar::ocpp::v2 {
namespace {

namespace json = boost::json;
using Taken = std::optional<Answer>;

Taken take_boot(const json::object& payload, const Asked& asked) {
    const auto& station = payload.at("chargingStation").get_object();
    BootInfo info{std::string(text_at(station, "vendorName")),
                  std::string(text_at(station, "model")),
                  std::string(text_at(station, "serialNumber")),
                  std::string(text_at(station, "firmwareVersion"))};
    asked.events.boot(
        asked.charger, std::move(info),
        [answer = asked.later(), registered = asked.registered(), &asked_clock = asked.clock,
         &events = asked.events, charger = asked.charger](const BootReply& reply) {
            const auto now = asked_clock.wall();
            events.told_time(charger, now);
            registered(reply.status);
            answer(boot_answer(reply, now));
        });
    return {};
}

Taken take_heartbeat(const json::object&, const Asked& asked) {
    const auto now = asked.clock.wall();
    asked.events.told_time(asked.charger, now);
    return R"({"currentTime":")" + format_time(now) + R"("})";
}

// Of those that an EVSE's connectors show, the one that says most: at most one is in use.
ConnectorStatus status_of(const Memory& memory, int evse) {
    using enum ConnectorStatus;
    const auto shows = [&](ConnectorStatus status) {
        return std::ranges::any_of(memory.connectors, [&](const Memory::Connector& each) {
            return each.evse == evse && each.status == status;
        });
    };
    for (const auto status : {kOccupied, kReserved, kAvailable, kUnavailable, kFaulted})
        if (shows(status)) return status;
    return kUnknown;
}

// More than any station has; what goes beyond is answered, and not looked at.
constexpr std::size_t kMaxConnectors = 64;

void remember(Memory& memory, const Memory::Connector& said) {
    const auto known = std::ranges::find_if(memory.connectors, [&](const auto& each) {
        return each.evse == said.evse && each.number == said.number;
    });
    if (known != memory.connectors.end())
        known->status = said.status;
    else if (memory.connectors.size() < kMaxConnectors)
        memory.connectors.push_back(said);
}

// A connector in use is told better by its transaction's events.
Taken take_status(const json::object& payload, const Asked& asked) {
    const auto evse = small_integer_at(payload, "evseId");
    remember(asked.memory, {evse, small_integer_at(payload, "connectorId"),
                            parse_connector_status(text_at(payload, "connectorStatus"))
                                .value_or(ConnectorStatus::kUnknown)});
    StatusReport report;
    report.connector = evse;
    report.status = status_of(asked.memory, evse);
    report.at = plausible_time(payload, "timestamp", asked.clock.wall());
    report.stamped = stamp_in(payload, "timestamp");
    const bool told = std::ranges::any_of(asked.memory.running,
                                          [&](const auto& each) { return each.evse == evse; });
    if (report.status == ConnectorStatus::kOccupied && told) return "{}";
    asked.events.status(asked.charger, std::move(report));
    return "{}";
}

constexpr std::array<Action, 3> kProvisioning{{
    {"Heartbeat", take_heartbeat},
    {"StatusNotification", take_status},
    {"BootNotification", take_boot},
}};

}  // namespace

std::span<const Action> provisioning_actions() {
    return kProvisioning;
}

}  // namespace busbar::ocpp::v2
