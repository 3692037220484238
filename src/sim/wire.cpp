#include "sim/wire.hpp"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>

namespace busbar::sim {
namespace {

constexpr std::size_t kDeepest = 32;
constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();

Error wrong(std::string_view field, std::string_view why) {
    return {Errc::kInvalid, std::string(field) + " " + std::string(why), std::string(field)};
}

// OCPP schemas allow no properties but their own.
Status only_known(const json::object& object, std::initializer_list<std::string_view> known) {
    for (const auto& member : object) {
        const std::string_view name{member.key().data(), member.key().size()};
        if (std::find(known.begin(), known.end(), name) == known.end())
            return wrong(name, "is not known");
    }
    return Done{};
}

// A number without a fraction; 1.0 is one.
std::optional<std::int64_t> integral(const json::value& value) {
    if (value.is_int64()) return value.get_int64();
    if (!value.is_double()) return {};
    const double number = value.get_double();
    if (!(std::abs(number) < 1e15) || number != std::floor(number)) return {};
    return static_cast<std::int64_t>(number);
}

Result<std::optional<std::int64_t>> optional_number(const json::object& from,
                                                    std::string_view field) {
    if (!from.contains(field)) return std::optional<std::int64_t>{};
    BUSBAR_TRY(number, whole_number(from, field));
    return std::optional{number};
}

Result<std::optional<TimePoint>> optional_time(const json::object& from, std::string_view field) {
    if (!from.contains(field)) return std::optional<TimePoint>{};
    BUSBAR_TRY(text, short_text(from, field, 64));
    auto time = parse_time(text);
    if (!time) return wrong(field, time.error().message);
    return std::optional{*time};
}

Result<const json::object*> child(const json::object& from, std::string_view field) {
    const auto* value = from.if_contains(field);
    if (value == nullptr) return wrong(field, "is missing");
    if (!value->is_object()) return wrong(field, "must be an object");
    return &value->get_object();
}

Result<Purpose> read_purpose(std::string_view text) {
    if (text == "ChargePointMaxProfile") return Purpose::kChargePointMax;
    if (text == "TxDefaultProfile") return Purpose::kTxDefault;
    if (text == "TxProfile") return Purpose::kTx;
    return wrong("chargingProfilePurpose", "is not one of the three");
}

Result<ScheduleKind> read_kind(const json::object& from) {
    BUSBAR_TRY(kind, short_text(from, "chargingProfileKind", 16));
    if (kind == "Absolute") return ScheduleKind::kAbsolute;
    if (kind == "Relative") return ScheduleKind::kRelative;
    if (kind != "Recurring") return wrong("chargingProfileKind", "is not one of the three");
    BUSBAR_TRY(recurrency, short_text(from, "recurrencyKind", 16));
    if (recurrency == "Daily") return ScheduleKind::kRecurringDaily;
    if (recurrency == "Weekly") return ScheduleKind::kRecurringWeekly;
    return wrong("recurrencyKind", "is not Daily or Weekly");
}

Result<Amperes> read_limit(const json::object& period) {
    const auto* value = period.if_contains("limit");
    if (value == nullptr) return wrong("limit", "is missing");
    if (!value->is_number()) return wrong("limit", "must be a number");
    const double limit = value->is_double()  ? value->get_double()
                         : value->is_int64() ? static_cast<double>(value->get_int64())
                                             : static_cast<double>(value->get_uint64());
    if (!(limit >= 0 && limit <= 1e6)) return wrong("limit", "is out of range");
    const auto tenths = std::llround(limit * 10);
    if (std::abs(limit * 10 - static_cast<double>(tenths)) > 1e-6)
        return wrong("limit", "is not a multiple of 0.1");
    return Amperes::milli(tenths * 100);
}

Result<SchedulePeriod> read_period(const json::value& value) {
    if (!value.is_object()) return wrong("chargingSchedulePeriod", "must hold objects");
    const auto& period = value.get_object();
    BUSBAR_TRY(known, only_known(period, {"startPeriod", "limit", "numberPhases"}));
    (void)known;
    BUSBAR_TRY(start, whole_number(period, "startPeriod"));
    if (start < 0) return wrong("startPeriod", "must not be negative");
    BUSBAR_TRY(limit, read_limit(period));
    BUSBAR_TRY(phases, optional_number(period, "numberPhases"));
    if (phases && (*phases < 1 || *phases > 3)) return wrong("numberPhases", "must be 1 to 3");
    return SchedulePeriod{std::chrono::seconds{start}, limit};
}

Status read_schedule(const json::object& from, Profile& profile) {
    BUSBAR_TRY(known, only_known(from, {"duration", "startSchedule", "chargingRateUnit",
                                        "chargingSchedulePeriod", "minChargingRate"}));
    (void)known;
    BUSBAR_TRY(unit, short_text(from, "chargingRateUnit", 1));
    if (unit == "W") return Error{Errc::kUnsupported, "amperes only", "chargingRateUnit"};
    if (unit != "A") return wrong("chargingRateUnit", "must be A or W");
    BUSBAR_TRY(start, optional_time(from, "startSchedule"));
    profile.start = start;
    BUSBAR_TRY(duration, optional_number(from, "duration"));
    if (duration) profile.duration = std::chrono::seconds{*duration};
    const auto* periods = from.if_contains("chargingSchedulePeriod");
    if (periods == nullptr) return wrong("chargingSchedulePeriod", "is missing");
    if (!periods->is_array()) return wrong("chargingSchedulePeriod", "must be an array");
    for (const auto& each : periods->get_array()) {
        BUSBAR_TRY(period, read_period(each));
        profile.periods.push_back(period);
    }
    return Done{};
}

json::value amperes(Amperes limit) {
    if (limit.in_milli() % 1000 == 0) return limit.in_milli() / 1000;
    return static_cast<double>(limit.in_milli()) / 1000;
}

}  // namespace

Result<std::int64_t> whole_number(const json::object& from, std::string_view field) {
    const auto* value = from.if_contains(field);
    if (value == nullptr) return wrong(field, "is missing");
    const auto number = integral(*value);
    if (!number) return wrong(field, "must be a whole number");
    if (*number > kMaxInt || *number < -kMaxInt) return wrong(field, "is out of range");
    return *number;
}

Result<std::string> short_text(const json::object& from, std::string_view field,
                               std::size_t longest) {
    const auto* value = from.if_contains(field);
    if (value == nullptr) return wrong(field, "is missing");
    if (!value->is_string()) return wrong(field, "must be text");
    const auto& text = value->get_string();
    if (text.size() > longest) return wrong(field, "is too long");
    return std::string(text.data(), text.size());
}

Result<Frame> read_frame(std::string_view text) {
    const Error malformed{Errc::kMalformed, "is not an OCPP-J frame"};
    if (text.size() > kMaxFrameBytes) return Error{Errc::kTooLarge, "frame is too large"};
    json::parse_options options;
    options.max_depth = kDeepest;
    json::error_code failed;
    const auto value =
        json::parse(json::string_view{text.data(), text.size()}, failed, {}, options);
    if (failed || !value.is_array()) return malformed;
    const auto& parts = value.get_array();
    const auto is_text = [&](std::size_t at) { return at < parts.size() && parts[at].is_string(); };
    const auto is_object = [&](std::size_t at) {
        return at < parts.size() && parts[at].is_object();
    };
    const auto text_at = [&](std::size_t at) {
        const auto& string = parts[at].get_string();
        return std::string(string.data(), string.size());
    };
    if (parts.empty() || !is_text(1)) return malformed;
    const auto type = integral(parts[0]).value_or(0);
    if (type == 2 && parts.size() == 4 && is_text(2) && is_object(3))
        return Frame{Call{text_at(1), text_at(2), parts[3].get_object()}};
    if (type == 3 && parts.size() == 3 && is_object(2))
        return Frame{CallAnswer{text_at(1), parts[2].get_object()}};
    if (type == 4 && parts.size() >= 4 && is_text(2) && is_text(3))
        return Frame{CallRefusal{text_at(1), text_at(2), text_at(3)}};
    return malformed;
}

std::string write_call(std::string_view id, std::string_view action, json::object payload) {
    json::array frame;
    frame.emplace_back(2);
    frame.emplace_back(id);
    frame.emplace_back(action);
    frame.emplace_back(std::move(payload));
    return json::serialize(frame);
}

std::string write_answer(std::string_view id, json::object payload) {
    json::array frame;
    frame.emplace_back(3);
    frame.emplace_back(id);
    frame.emplace_back(std::move(payload));
    return json::serialize(frame);
}

std::string write_refusal(std::string_view id, std::string_view code, std::string_view why) {
    json::array frame;
    frame.emplace_back(4);
    frame.emplace_back(id);
    frame.emplace_back(code);
    frame.emplace_back(why);
    frame.emplace_back(json::object{});
    return json::serialize(frame);
}

Result<Profile> read_profile(const json::object& from) {
    BUSBAR_TRY(known,
               only_known(from, {"chargingProfileId", "transactionId", "stackLevel",
                                 "chargingProfilePurpose", "chargingProfileKind", "recurrencyKind",
                                 "validFrom", "validTo", "chargingSchedule"}));
    (void)known;
    Profile profile;
    BUSBAR_TRY(id, whole_number(from, "chargingProfileId"));
    BUSBAR_TRY(level, whole_number(from, "stackLevel"));
    if (level < 0) return wrong("stackLevel", "must not be negative");
    profile.id = static_cast<int>(id);
    profile.stack_level = static_cast<int>(level);
    BUSBAR_TRY(transaction, optional_number(from, "transactionId"));
    profile.transaction = transaction;
    BUSBAR_TRY(purpose_text, short_text(from, "chargingProfilePurpose", 32));
    BUSBAR_TRY(purpose, read_purpose(purpose_text));
    profile.purpose = purpose;
    BUSBAR_TRY(kind, read_kind(from));
    profile.kind = kind;
    BUSBAR_TRY(valid_from, optional_time(from, "validFrom"));
    BUSBAR_TRY(valid_to, optional_time(from, "validTo"));
    profile.valid_from = valid_from;
    profile.valid_to = valid_to;
    BUSBAR_TRY(schedule, child(from, "chargingSchedule"));
    BUSBAR_TRY(read, read_schedule(*schedule, profile));
    (void)read;
    return profile;
}

Result<SetProfileRequest> read_set_profile(const json::object& payload) {
    BUSBAR_TRY(known, only_known(payload, {"connectorId", "csChargingProfiles"}));
    (void)known;
    BUSBAR_TRY(connector, whole_number(payload, "connectorId"));
    BUSBAR_TRY(object, child(payload, "csChargingProfiles"));
    BUSBAR_TRY(profile, read_profile(*object));
    return SetProfileRequest{static_cast<int>(connector), std::move(profile)};
}

Result<ClearFilter> read_clear_profile(const json::object& payload) {
    BUSBAR_TRY(known,
               only_known(payload, {"id", "connectorId", "chargingProfilePurpose", "stackLevel"}));
    (void)known;
    ClearFilter filter;
    BUSBAR_TRY(id, optional_number(payload, "id"));
    BUSBAR_TRY(connector, optional_number(payload, "connectorId"));
    BUSBAR_TRY(level, optional_number(payload, "stackLevel"));
    if (id) filter.id = static_cast<int>(*id);
    if (connector) filter.connector = static_cast<int>(*connector);
    if (level) filter.stack_level = static_cast<int>(*level);
    if (payload.contains("chargingProfilePurpose")) {
        BUSBAR_TRY(text, short_text(payload, "chargingProfilePurpose", 32));
        BUSBAR_TRY(purpose, read_purpose(text));
        filter.purpose = purpose;
    }
    return filter;
}

json::object write_composite(int connector, TimePoint now, std::chrono::seconds duration,
                             const std::vector<SchedulePeriod>& periods) {
    json::array list;
    for (const auto& period : periods) {
        json::object entry;
        entry["startPeriod"] = period.start.count();
        entry["limit"] = amperes(period.limit);
        list.emplace_back(std::move(entry));
    }
    json::object schedule;
    schedule["duration"] = duration.count();
    schedule["startSchedule"] = format_time(now);
    schedule["chargingRateUnit"] = "A";
    schedule["chargingSchedulePeriod"] = std::move(list);
    json::object answer;
    answer["status"] = "Accepted";
    answer["connectorId"] = connector;
    answer["scheduleStart"] = format_time(now);
    answer["chargingSchedule"] = std::move(schedule);
    return answer;
}

}  // namespace busbar::sim
