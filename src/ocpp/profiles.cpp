#include "ocpp/profiles.hpp"

#include <cmath>

#include "base/check.hpp"
#include "ocpp/command.hpp"
#include "ocpp/schema.hpp"

namespace busbar::ocpp {
namespace {

// One decimal always: "16.0", "9.5".
std::string one_decimal(std::int64_t milli) {
    BUSBAR_CHECK(milli >= 0);
    const auto tenths = milli / 100;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

// A limit in the unit that the charger takes.
std::string amount(Amperes limit, const SetLimit& command) {
    switch (command.unit) {
        case RateUnit::kAmperes:
            return one_decimal(limit.in_milli());
        case RateUnit::kWatts:
            return one_decimal(watts_to_send(limit, command.phases, command.supply).in_milli());
    }
    __builtin_unreachable();
}

constexpr std::size_t kMaxPeriods = 1'000;

// A JSON number as thousandths; empty if it is none, or not one that can be a limit.
std::optional<std::int64_t> milli_in(const boost::json::value* value) {
    constexpr auto kMost = kMaxInputMilli / 1000;
    if (value == nullptr || !value->is_number()) return {};
    const auto number = value->to_number<double>();
    if (!(number >= 0 && number <= static_cast<double>(kMost))) return {};
    return std::llround(number * 1000);
}

// What it shows; empty if that is nothing that can be read.
std::optional<CompositeLimit> composite_in(const boost::json::object& payload,
                                           std::string_view name) {
    const auto* schedule = payload.if_contains(name);
    if (schedule == nullptr || !schedule->is_object()) return {};
    CompositeLimit out;
    if (const auto unit = text_at(schedule->get_object(), "chargingRateUnit"); !unit.empty()) {
        const auto known = parse_rate_unit(unit);
        if (!known) return {};
        out.unit = *known;
    }
    const auto* periods = schedule->get_object().if_contains("chargingSchedulePeriod");
    if (periods == nullptr || !periods->is_array()) return {};
    for (const auto& each : periods->get_array()) {
        if (!each.is_object() || out.periods.size() == kMaxPeriods) return {};
        const auto start = milli_in(each.get_object().if_contains("startPeriod"));
        const auto limit = milli_in(each.get_object().if_contains("limit"));
        if (!start || !limit) return {};
        const std::chrono::seconds after{*start / 1000};
        if (!out.periods.empty() && after <= out.periods.back().after) return {};
        out.periods.push_back({after, *limit});
    }
    if (out.periods.empty()) return {};
    return out;
}

}  // namespace

std::string_view word_for(ProfilePurpose purpose) {
    switch (purpose) {
        case ProfilePurpose::kDefault:
            return "TxDefaultProfile";
        case ProfilePurpose::kTransaction:
            return "TxProfile";
        case ProfilePurpose::kStationMax:
            return "ChargePointMaxProfile";
    }
    __builtin_unreachable();
}

std::string schedule(const SetLimit& command) {
    std::string out = R"("chargingRateUnit":")" + std::string(to_string(command.unit)) + '"';
    if (command.start) out += R"(,"startSchedule":")" + format_time(*command.start) + '"';
    out += R"(,"chargingSchedulePeriod":[)";
    const auto period = [&](std::chrono::seconds after, Amperes limit) {
        out += R"({"startPeriod":)" + std::to_string(after.count()) + R"(,"limit":)" +
               amount(limit, command);
        // A limit in watts says nothing of a line unless it says on how many it is.
        if (command.unit == RateUnit::kWatts)
            out += R"(,"numberPhases":)" + std::to_string(command.phases.count());
        out += '}';
    };
    period(std::chrono::seconds{0}, command.limit);
    for (const auto& step : command.later) {
        out += ',';
        period(step.after, step.limit);
    }
    return out + "]";
}

CallResult composite_result(const boost::json::object& payload, std::string_view name,
                            std::string_view text) {
    auto result = by_status(
        payload, {{"Accepted", CallOutcome::kAccepted}, {"Rejected", CallOutcome::kRejected}});
    if (result.outcome != CallOutcome::kAccepted) return result;
    result.detail = std::string(text);
    result.composite = composite_in(payload, name);
    return result;
}

}  // namespace busbar::ocpp
