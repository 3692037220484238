#include "sim/profile_messages.hpp"

#include <cmath>

#include "sim/vehicle.hpp"

namespace busbar::sim {
namespace {

// --- What the versions have in common -------------------------------------------------------

Result<ScheduleKind> read_kind(const json::object& from) {
    BUSBAR_TRY(kind, short_text(from, "chargingProfileKind", 16));
    if (kind == "Absolute") return ScheduleKind::kAbsolute;
    if (kind == "Relative") return ScheduleKind::kRelative;
    if (kind == "Dynamic") return Error{Errc::kUnsupported, "not taken", "chargingProfileKind"};
    if (kind != "Recurring") return wrong("chargingProfileKind", "is not one of the three");
    BUSBAR_TRY(recurrency, short_text(from, "recurrencyKind", 16));
    if (recurrency == "Daily") return ScheduleKind::kRecurringDaily;
    if (recurrency == "Weekly") return ScheduleKind::kRecurringWeekly;
    return wrong("recurrencyKind", "is not Daily or Weekly");
}

// In thousandths of its unit.
Result<std::int64_t> read_limit(const json::object& period) {
    const auto* value = period.if_contains("limit");
    if (value == nullptr) return wrong("limit", "is missing");
    if (!value->is_number()) return wrong("limit", "must be a number");
    const auto limit = value->to_number<double>();
    if (!(limit >= 0 && limit <= 1e6)) return wrong("limit", "is out of range");
    const auto tenths = std::llround(limit * 10);
    if (std::abs(limit * 10 - static_cast<double>(tenths)) > 1e-6)
        return wrong("limit", "is not a multiple of 0.1");
    return tenths * 100;
}

Result<SchedulePeriod> read_period(const json::value& value, Rates rates, Version version) {
    if (!value.is_object()) return wrong("chargingSchedulePeriod", "must hold objects");
    const auto& period = value.get_object();
    BUSBAR_TRY(known,
               version == Version::k16
                   ? only_known(period, {"startPeriod", "limit", "numberPhases"})
                   : only_known(period, {"startPeriod", "limit", "numberPhases", "phaseToUse"}));
    (void)known;
    BUSBAR_TRY(start, whole_number(period, "startPeriod"));
    if (start < 0) return wrong("startPeriod", "must not be negative");
    BUSBAR_TRY(limit, read_limit(period));
    BUSBAR_TRY(phases, optional_number(period, "numberPhases"));
    if (phases && (*phases < 1 || *phases > 3)) return wrong("numberPhases", "must be 1 to 3");
    const auto volts = kNominalVoltage.in_milli() / 1000 * phases.value_or(rates.lines);
    return SchedulePeriod{std::chrono::seconds{start},
                          Amperes::milli(rates.watts ? limit / volts : limit)};
}

// What is known of a schedule in all versions; `from` has been looked at for more.
Status read_schedule(const json::object& from, Profile& profile, Rates rates, Version version) {
    BUSBAR_TRY(unit, short_text(from, "chargingRateUnit", 1));
    if (unit != "A" && unit != "W") return wrong("chargingRateUnit", "must be A or W");
    if ((unit == "W") != rates.watts)
        return Error{Errc::kUnsupported, rates.watts ? "watts only" : "amperes only",
                     "chargingRateUnit"};
    BUSBAR_TRY(start, optional_time(from, "startSchedule"));
    profile.start = start;
    BUSBAR_TRY(duration, optional_number(from, "duration"));
    if (duration) profile.duration = std::chrono::seconds{*duration};
    BUSBAR_TRY(periods, list(from, "chargingSchedulePeriod"));
    for (const auto& each : *periods) {
        BUSBAR_TRY(period, read_period(each, rates, version));
        profile.periods.push_back(period);
    }
    return Done{};
}

// Fields that are called the same in all versions.
Status read_common(const json::object& from, Profile& profile) {
    BUSBAR_TRY(level, whole_number(from, "stackLevel"));
    if (level < 0) return wrong("stackLevel", "must not be negative");
    profile.stack_level = static_cast<int>(level);
    BUSBAR_TRY(kind, read_kind(from));
    profile.kind = kind;
    BUSBAR_TRY(valid_from, optional_time(from, "validFrom"));
    BUSBAR_TRY(valid_to, optional_time(from, "validTo"));
    profile.valid_from = valid_from;
    profile.valid_to = valid_to;
    return Done{};
}

json::value number(std::int64_t milli) {
    if (milli % 1000 == 0) return milli / 1000;
    return static_cast<double>(milli) / 1000;
}

json::array write_periods(const std::vector<SchedulePeriod>& periods, Rates rates) {
    json::array written;
    for (const auto& period : periods) {
        json::object entry;
        entry["startPeriod"] = period.start.count();
        entry["limit"] =
            number(rates.watts ? (period.limit * kNominalVoltage * rates.lines).in_milli()
                               : period.limit.in_milli());
        written.emplace_back(std::move(entry));
    }
    return written;
}

std::string_view unit_of(Rates rates) {
    return rates.watts ? "W" : "A";
}

}  // namespace

// --- 1.6 ------------------------------------------------------------------------------------

namespace v16 {
namespace {

Result<Purpose> read_purpose(std::string_view text) {
    if (text == "ChargePointMaxProfile") return Purpose::kChargePointMax;
    if (text == "TxDefaultProfile") return Purpose::kTxDefault;
    if (text == "TxProfile") return Purpose::kTx;
    return wrong("chargingProfilePurpose", "is not one of the three");
}

}  // namespace

Result<Profile> read_profile(const json::object& from, Rates rates) {
    BUSBAR_TRY(known,
               only_known(from, {"chargingProfileId", "transactionId", "stackLevel",
                                 "chargingProfilePurpose", "chargingProfileKind", "recurrencyKind",
                                 "validFrom", "validTo", "chargingSchedule"}));
    (void)known;
    Profile profile;
    BUSBAR_TRY(id, whole_number(from, "chargingProfileId"));
    profile.id = static_cast<int>(id);
    BUSBAR_TRY(common, read_common(from, profile));
    (void)common;
    BUSBAR_TRY(transaction, optional_number(from, "transactionId"));
    if (transaction) profile.transaction = std::to_string(*transaction);
    BUSBAR_TRY(purpose_text, short_text(from, "chargingProfilePurpose", 32));
    BUSBAR_TRY(purpose, read_purpose(purpose_text));
    profile.purpose = purpose;
    BUSBAR_TRY(schedule, child(from, "chargingSchedule"));
    BUSBAR_TRY(fields, only_known(*schedule, {"duration", "startSchedule", "chargingRateUnit",
                                              "chargingSchedulePeriod", "minChargingRate"}));
    (void)fields;
    BUSBAR_TRY(read, read_schedule(*schedule, profile, rates, Version::k16));
    (void)read;
    return profile;
}

Result<SetProfileRequest> read_set_profile(const json::object& payload, Rates rates) {
    BUSBAR_TRY(known, only_known(payload, {"connectorId", "csChargingProfiles"}));
    (void)known;
    BUSBAR_TRY(connector, whole_number(payload, "connectorId"));
    BUSBAR_TRY(object, child(payload, "csChargingProfiles"));
    BUSBAR_TRY(profile, read_profile(*object, rates));
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
                             const std::vector<SchedulePeriod>& periods, Rates rates) {
    json::object schedule;
    schedule["duration"] = duration.count();
    schedule["startSchedule"] = format_time(now);
    schedule["chargingRateUnit"] = unit_of(rates);
    schedule["chargingSchedulePeriod"] = write_periods(periods, rates);
    json::object answer;
    answer["status"] = "Accepted";
    answer["connectorId"] = connector;
    answer["scheduleStart"] = format_time(now);
    answer["chargingSchedule"] = std::move(schedule);
    return answer;
}

}  // namespace v16

// --- 2.0.1 and 2.1 --------------------------------------------------------------------------

namespace v2 {
namespace {

Result<Purpose> read_purpose(std::string_view text) {
    if (text == "ChargingStationMaxProfile") return Purpose::kChargePointMax;
    if (text == "TxDefaultProfile") return Purpose::kTxDefault;
    if (text == "TxProfile") return Purpose::kTx;
    for (const auto* other :
         {"ChargingStationExternalConstraints", "PriorityCharging", "LocalGeneration"})
        if (text == other) return Error{Errc::kUnsupported, "not taken", "chargingProfilePurpose"};
    return wrong("chargingProfilePurpose", "is not known");
}

// Up to three, for cars that choose among them; ours take the first.
Status read_schedules(const json::object& from, Profile& profile, Version version, Rates rates) {
    BUSBAR_TRY(schedules, list(from, "chargingSchedule"));
    if (schedules->empty() || schedules->size() > 3 || !schedules->front().is_object())
        return wrong("chargingSchedule", "must hold one to three objects");
    const auto& schedule = schedules->front().get_object();
    BUSBAR_TRY(fields,
               only_known(schedule, {"id", "duration", "startSchedule", "chargingRateUnit",
                                     "chargingSchedulePeriod", "minChargingRate", "salesTariff"}));
    (void)fields;
    BUSBAR_TRY(id, whole_number(schedule, "id"));
    (void)id;
    return read_schedule(schedule, profile, rates, version);
}

Status read_offline_rules(const json::object& from, Profile& profile) {
    BUSBAR_TRY(most, optional_number(from, "maxOfflineDuration"));
    if (most && *most < 0) return wrong("maxOfflineDuration", "must not be negative");
    if (most) profile.max_offline = std::chrono::seconds{*most};
    if (const auto* gone = from.if_contains("invalidAfterOfflineDuration")) {
        if (!gone->is_bool()) return wrong("invalidAfterOfflineDuration", "must be true or false");
        profile.gone_after_offline = gone->get_bool();
    }
    return Done{};
}

}  // namespace

Result<Profile> read_profile(const json::object& from, Version version, Rates rates) {
    if (version == Version::k201) {
        BUSBAR_TRY(known, only_known(from, {"id", "stackLevel", "chargingProfilePurpose",
                                            "chargingProfileKind", "recurrencyKind", "validFrom",
                                            "validTo", "transactionId", "chargingSchedule"}));
        (void)known;
    } else {
        BUSBAR_TRY(known, only_known(from, {"id", "stackLevel", "chargingProfilePurpose",
                                            "chargingProfileKind", "recurrencyKind", "validFrom",
                                            "validTo", "transactionId", "chargingSchedule",
                                            "maxOfflineDuration", "invalidAfterOfflineDuration",
                                            "dynUpdateInterval", "dynUpdateTime",
                                            "priceScheduleSignature"}));
        (void)known;
    }
    Profile profile;
    BUSBAR_TRY(id, whole_number(from, "id"));
    profile.id = static_cast<int>(id);
    BUSBAR_TRY(common, read_common(from, profile));
    (void)common;
    if (from.contains("transactionId")) {
        BUSBAR_TRY(transaction, short_text(from, "transactionId", 36));
        profile.transaction = transaction;
    }
    BUSBAR_TRY(purpose_text, short_text(from, "chargingProfilePurpose", 40));
    BUSBAR_TRY(purpose, read_purpose(purpose_text));
    profile.purpose = purpose;
    BUSBAR_TRY(offline, read_offline_rules(from, profile));
    (void)offline;
    BUSBAR_TRY(read, read_schedules(from, profile, version, rates));
    (void)read;
    return profile;
}

Result<SetProfileRequest> read_set_profile(const json::object& payload, Version version,
                                           Rates rates) {
    BUSBAR_TRY(known, only_known(payload, {"evseId", "chargingProfile"}));
    (void)known;
    BUSBAR_TRY(evse, whole_number(payload, "evseId"));
    BUSBAR_TRY(object, child(payload, "chargingProfile"));
    BUSBAR_TRY(profile, read_profile(*object, version, rates));
    return SetProfileRequest{static_cast<int>(evse), std::move(profile)};
}

Result<ClearFilter> read_clear_profile(const json::object& payload) {
    BUSBAR_TRY(known, only_known(payload, {"chargingProfileId", "chargingProfileCriteria"}));
    (void)known;
    ClearFilter filter;
    BUSBAR_TRY(id, optional_number(payload, "chargingProfileId"));
    if (id) filter.id = static_cast<int>(*id);
    if (!payload.contains("chargingProfileCriteria")) return filter;
    BUSBAR_TRY(criteria, child(payload, "chargingProfileCriteria"));
    BUSBAR_TRY(fields, only_known(*criteria, {"evseId", "chargingProfilePurpose", "stackLevel"}));
    (void)fields;
    BUSBAR_TRY(evse, optional_number(*criteria, "evseId"));
    BUSBAR_TRY(level, optional_number(*criteria, "stackLevel"));
    if (evse) filter.connector = static_cast<int>(*evse);
    if (level) filter.stack_level = static_cast<int>(*level);
    if (criteria->contains("chargingProfilePurpose")) {
        BUSBAR_TRY(text, short_text(*criteria, "chargingProfilePurpose", 40));
        BUSBAR_TRY(purpose, read_purpose(text));
        filter.purpose = purpose;
    }
    return filter;
}

json::object write_composite(int evse, TimePoint now, std::chrono::seconds duration,
                             const std::vector<SchedulePeriod>& periods, Rates rates) {
    json::object schedule;
    schedule["evseId"] = evse;
    schedule["duration"] = duration.count();
    schedule["scheduleStart"] = format_time(now);
    schedule["chargingRateUnit"] = unit_of(rates);
    schedule["chargingSchedulePeriod"] = write_periods(periods, rates);
    json::object answer;
    answer["status"] = "Accepted";
    answer["schedule"] = std::move(schedule);
    return answer;
}

}  // namespace v2

}  // namespace busbar::sim
