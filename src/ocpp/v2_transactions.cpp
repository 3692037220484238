#include <algorithm>
#include <array>

#include "ocpp/meter_values.hpp"
#include "ocpp/schema.hpp"
#include "ocpp/v2.hpp"
#include "ocpp/words.hpp"

// OCPP 2.x, blocks C (authorization), E (transactions) and J (meter values).
namespace busbar::ocpp::v2 {
namespace {

namespace json = boost::json;
using Taken = std::optional<Answer>;
using Kind = TransactionEvent::Kind;

std::string id_token_info(Authorization authorization) {
    return R"({"idTokenInfo":{"status":")" + std::string(word_for(authorization)) + R"("}})";
}

// Empty where nobody has to show who he is.
std::string id_token_in(const json::object& payload) {
    const auto* token = payload.if_contains("idToken");
    if (token == nullptr || text_at(token->get_object(), "type") == "NoAuthorization") return {};
    return std::string(text_at(token->get_object(), "idToken"));
}

Taken take_authorize(const json::object& payload, const Asked& asked) {
    asked.events.authorize(
        asked.charger, id_token_in(payload),
        [answer = asked.later()](Authorization given) { answer(id_token_info(given)); });
    return {};
}

Kind kind_of(std::string_view word) {
    if (word == "Started") return Kind::kStarted;
    return word == "Ended" ? Kind::kEnded : Kind::kUpdated;
}

std::optional<ConnectorStatus> status_for(std::string_view charging_state) {
    using enum ConnectorStatus;
    constexpr std::array<std::pair<std::string_view, ConnectorStatus>, 5> kStates{{
        {"Charging", kCharging},
        {"EVConnected", kPreparing},
        {"SuspendedEV", kSuspendedEv},
        {"SuspendedEVSE", kSuspendedEvse},
        {"Idle", kFinishing},  // The car is gone, its transaction not yet.
    }};
    for (const auto& [word, status] : kStates)
        if (word == charging_state) return status;
    return {};
}

// A station runs at most one transaction an EVSE, and has few of those.
constexpr std::size_t kMaxRunning = 64;

// Which EVSE the transaction is at, if that was said on this connection.
int follow(Memory& memory, const TransactionEvent& event) {
    const auto known = std::ranges::find(memory.running, event.own_id, &Memory::Running::own_id);
    const int evse = event.evse > 0 || known == memory.running.end() ? event.evse : known->evse;
    if (known != memory.running.end()) memory.running.erase(known);
    if (event.kind == Kind::kEnded || evse == 0) return evse;
    std::erase_if(memory.running, [&](const auto& each) { return each.evse == evse; });
    if (memory.running.size() < kMaxRunning) memory.running.push_back({evse, event.own_id});
    return evse;
}

Taken take_transaction(const json::object& payload, const Asked& asked) {
    const auto now = asked.clock.wall();
    const auto& info = payload.at("transactionInfo").get_object();
    const auto* evse = payload.if_contains("evse");
    TransactionEvent event{.kind = kind_of(text_at(payload, "eventType")),
                           .own_id = std::string(text_at(info, "transactionId")),
                           .evse = evse ? small_integer_at(evse->get_object(), "id") : 0,
                           .id_tag = id_token_in(payload),
                           .energy_register = register_in(payload, now),
                           .samples = samples_in(payload, now),
                           .status = status_for(text_at(info, "chargingState")),
                           .stop_reason = {},
                           .at = plausible_time(payload, "timestamp", now),
                           .stamped = stamp_in(payload, "timestamp"),
                           .signed_readings = signed_in(payload, "meterValue", now)};
    event.evse = follow(asked.memory, event);
    if (event.kind == Kind::kEnded)
        event.stop_reason = std::string(text_at(info, "stoppedReason", "Local"));
    const bool asks = !event.id_tag.empty();
    asked.events.transaction(asked.charger, std::move(event),
                             [answer = asked.later(), asks](const Result<StartReply>& reply) {
                                 if (!reply) return answer(call_error(reply.error()));
                                 answer(asks ? id_token_info(reply->status) : "{}");
                             });
    return {};
}

// EVSE 0 is the station's own meter.
Taken take_meter(const json::object& payload, const Asked& asked) {
    MeterReport report;
    report.connector = small_integer_at(payload, "evseId");
    report.samples = samples_in(payload, asked.clock.wall());
    report.signed_readings = signed_in(payload, "meterValue", asked.clock.wall());
    for (const auto& element : payload.at("meterValue").get_array())
        report.stamped = std::max(report.stamped, stamp_in(element.get_object(), "timestamp"));
    if (!report.samples.empty() || !report.signed_readings.empty())
        asked.events.meter(asked.charger, std::move(report));
    return "{}";
}

constexpr std::array<Action, 3> kTransactions{{
    {"TransactionEvent", take_transaction},
    {"MeterValues", take_meter},
    {"Authorize", take_authorize},
}};

}  // namespace

std::span<const Action> transaction_actions() {
    return kTransactions;
}

}  // namespace busbar::ocpp::v2
