#include <algorithm>

#include "sim/station.hpp"

namespace busbar::sim {
namespace {

constexpr std::size_t kMostWaiting = 500;
constexpr int kMostRefusals = 3;  // TransactionMessageAttempts.
constexpr std::chrono::seconds kPauseAfterFailure{2};

std::string id_tag_status(const json::object& answer) {
    const auto* info = answer.if_contains("idTagInfo");
    if (info == nullptr || !info->is_object()) return "Invalid";
    auto status = short_text(info->get_object(), "status", 20);
    return status ? std::move(*status) : "Invalid";
}

json::object sample(std::string_view context, std::string_view measurand, std::string_view unit,
                    std::string value) {
    json::object entry;
    entry["value"] = std::move(value);
    entry["context"] = context;
    entry["measurand"] = measurand;
    entry["unit"] = unit;
    return entry;
}

}  // namespace

// --- The queue ------------------------------------------------------------------------------

void Station::queue(Message message) {
    if (queue_.size() >= kMostWaiting && !make_room()) {
        give_up(message);
        return;
    }
    queue_.push_back(std::move(message));
}

bool Station::make_room() {
    // Old meter values are worth least; what only reports comes next; starts and stops stay.
    auto least = std::find_if(queue_.begin(), queue_.end(),
                              [](const Message& m) { return m.action == "MeterValues"; });
    if (least == queue_.end())
        least = std::find_if(queue_.begin(), queue_.end(), [](const Message& m) { return !m.of; });
    if (least == queue_.end()) return false;
    give_up(*least);
    queue_.erase(least);
    return true;
}

void Station::give_up(const Message& message) {
    ++seen_.calls_given_up;
    if (message.action == "StopTransaction") numbers_.erase(*message.of);
}

void Station::drop_passing_messages() {
    std::erase_if(queue_, [](const Message& message) { return !message.of; });
}

void Station::pump() {
    while (connected_ && !open_ && !queue_.empty() && clock_.steady() >= send_after_) {
        if (!online() && queue_.front().action != "BootNotification") return;
        auto message = std::move(queue_.front());
        queue_.pop_front();
        if (!complete(message)) {
            give_up(message);
            continue;
        }
        if (message.action == "BootNotification") ++seen_.boots;
        const auto id = std::to_string(++last_call_);
        auto frame = write_call(id, message.action, message.payload);
        open_ = OpenCall{id, std::move(message), clock_.steady() + options_.call_timeout};
        hooks_.send(std::move(frame));
    }
}

bool Station::complete(Message& message) const {
    if (!message.of || message.action == "StartTransaction") return true;
    // The start went before it, so a number that is not known now never will be.
    const auto number = numbers_.find(*message.of);
    if (number == numbers_.end() || !number->second) return false;
    message.payload["transactionId"] = *number->second;
    return true;
}

// --- What is said ---------------------------------------------------------------------------

Station::Message Station::status_message(int connector) const {
    const auto status =
        connector == 0 ? (operative_ ? ConnectorStatus::kAvailable : ConnectorStatus::kUnavailable)
                       : status_;
    json::object payload;
    payload["connectorId"] = connector;
    payload["errorCode"] = "NoError";
    payload["status"] = to_string(status);
    payload["timestamp"] = format_time(own_time());
    return {.action = "StatusNotification", .payload = std::move(payload)};
}

void Station::queue_status() {
    if (!online()) return;
    auto message = status_message(1);
    // One that still waits has been overtaken.
    for (auto& waiting : queue_)
        if (waiting.action == message.action &&
            waiting.payload["connectorId"] == message.payload["connectorId"]) {
            waiting = std::move(message);
            return;
        }
    queue(std::move(message));
}

void Station::queue_all_statuses_first() {
    queue_.push_front(status_message(1));
    queue_.push_front(status_message(0));
}

json::array Station::sampled_values(std::string_view context) const {
    json::array values;
    Watts power;
    const auto by_line = drawn();
    for (const auto line : kPhases) {
        if (!setup_.phases.has(line)) continue;
        const auto name = std::string(to_string(line)) + "-N";
        power += by_line[line] * kNominalVoltage;
        auto current = sample(context, "Current.Import", "A", decimal(by_line[line].in_milli()));
        auto voltage = sample(context, "Voltage", "V", decimal(kNominalVoltage.in_milli()));
        current["phase"] = name;
        voltage["phase"] = name;
        values.emplace_back(std::move(current));
        values.emplace_back(std::move(voltage));
    }
    values.emplace_back(sample(context, "Power.Active.Import", "W", decimal(power.in_milli())));
    values.emplace_back(
        sample(context, "Energy.Active.Import.Register", "Wh", decimal(register_.in_milli())));
    if (car_) {
        auto soc = sample(context, "SoC", "Percent",
                          decimal(static_cast<std::int64_t>(car_->soc_pct() * 10) * 100));
        soc["location"] = "EV";
        values.emplace_back(std::move(soc));
    }
    return values;
}

void Station::queue_meter_values(std::string_view context) {
    json::object value;
    value["timestamp"] = format_time(own_time());
    value["sampledValue"] = sampled_values(context);
    json::array list;
    list.emplace_back(std::move(value));
    json::object payload;
    payload["connectorId"] = 1;
    payload["meterValue"] = std::move(list);
    Message message{.action = "MeterValues", .payload = std::move(payload)};
    if (session_) message.of = session_->key;
    queue(std::move(message));
}

// --- What comes back ------------------------------------------------------------------------

void Station::answered(Message message, const json::object& answer) {
    if (message.action == "BootNotification") {
        registered(answer);
    } else if (message.action == "Heartbeat") {
        set_clock(answer);
    } else if (message.action == "Authorize") {
        authorized(message, answer);
    } else if (message.action == "StartTransaction") {
        if (whole_number(answer, "transactionId"))
            numbered(message, answer);
        else
            refused(std::move(message));
    } else if (message.action == "StopTransaction") {
        numbers_.erase(*message.of);
    }
}

void Station::authorized(const Message& message, const json::object& answer) {
    // The car may have gone, or another come, since the question was asked.
    if (!authorizing_ || !car_ || message.payload.at("idTag") != json::value(card())) return;
    authorizing_ = false;
    if (session_ || done_with_car_ || !operative_) return;
    if (id_tag_status(answer) == "Accepted")
        begin_transaction();
    else
        done_with_car_ = true;
}

void Station::numbered(const Message& message, const json::object& answer) {
    const auto id = *whole_number(answer, "transactionId");
    numbers_[*message.of] = id;
    if (!session_ || session_->key != *message.of) return;  // Over already; its stop waits.
    session_->id = id;
    model_.name_transaction(1, id);
    if (id_tag_status(answer) != "Accepted") end_transaction("DeAuthorized");
}

void Station::refused(Message message) {
    send_after_ = clock_.steady() + kPauseAfterFailure;
    if (message.of && ++message.refusals < kMostRefusals) {
        queue_.push_front(std::move(message));
    } else if (message.of) {
        give_up(message);
        // Nobody will ever know of this transaction: it must not go on.
        if (message.action == "StartTransaction" && session_ && session_->key == *message.of)
            end_transaction("Other");
    } else {
        unanswered(std::move(message));
    }
}

void Station::unanswered(Message message) {
    send_after_ = clock_.steady() + kPauseAfterFailure;
    if (message.of) {
        queue_.push_front(std::move(message));
    } else if (message.action == "BootNotification") {
        boot_at_ = send_after_;
    } else if (message.action == "Authorize" && authorizing_) {
        // A CSMS that does not say yes or no is as good as away.
        authorizing_ = false;
        if (car_ && !session_ && !done_with_car_ && behaviour_.starts_offline) begin_transaction();
    }
}

}  // namespace busbar::sim
