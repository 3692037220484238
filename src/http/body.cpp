#include "http/body.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "http/json_text.hpp"

namespace busbar::http {
namespace {

constexpr std::size_t kMostNameBytes = 128;
constexpr std::size_t kMostReasonBytes = 256;
constexpr std::size_t kMostIdBytes = 48;
constexpr std::size_t kMostZoneBytes = 64;
constexpr std::size_t kMostDeviceIdBytes = 128;
constexpr std::size_t kMostMeters = 64;
constexpr Duration kFurthestEnd = std::chrono::hours{24} * 3'653;

// The full set of kinds; those after the third come with a later version.
constexpr std::array<std::string_view, 6> kLaterKinds{"reserve", "schedule", "share",
                                                      "rank",    "suspend",  "safety"};

// A field of a patch that null empties: nothing, or the value or emptiness that was asked for.
template <class T>
using Change = std::optional<std::optional<T>>;

template <class Id>
std::optional<Id> id_in(Fields& fields, std::string_view name) {
    auto text = fields.text(name, kMostIdBytes);
    if (!text) return {};
    if (!text->empty()) return Id(*std::move(text));
    fields.wrong(name, "must not be empty");
    return {};
}

Change<TimePoint> end_in(Fields& fields, TimePoint now) {
    if (fields.take_null("expiresAt")) return Change<TimePoint>(std::in_place);
    const auto time = fields.time("expiresAt");
    if (!time) return {};
    if (*time - now > kFurthestEnd) fields.wrong("expiresAt", "is more than 10 years ahead");
    return Change<TimePoint>(time);
}

std::optional<RuleKind> kind_in(Fields& fields) {
    const auto word = fields.required("kind", fields.text("kind", kMostNameBytes));
    if (!word) return {};
    if (const auto kind = parse_rule_kind(*word)) return kind;
    const bool later = std::ranges::find(kLaterKinds, *word) != kLaterKinds.end();
    fields.wrong("kind", later ? "'" + *word + "' is not there yet: cap, pause and exclude are"
                               : "must be cap, pause or exclude");
    return {};
}

Result<Selector> selector_of(Json json) {
    auto* members = std::get_if<std::vector<JsonMember>>(&json.value);
    const auto wrong = Error{Errc::kInvalid,
                             R"(must be one of {"charger":"CP-7"}, {"circuit":"..."}, )"
                             R"({"partner":"..."}, {"all":true})",
                             "select"};
    if (members == nullptr || members->size() != 1) return wrong;
    Fields fields(std::move(*members), "select.");
    std::optional<Selector> select;
    for (const auto kind :
         {SelectorKind::kCharger, SelectorKind::kCircuit, SelectorKind::kPartner}) {
        auto name = fields.text(to_string(kind), kMostNameBytes);
        if (name && name->empty()) fields.wrong(to_string(kind), "must not be empty");
        if (name) select = Selector{kind, *std::move(name)};
    }
    if (const auto all = fields.truth("all")) {
        if (!*all) fields.wrong("all", "must be true");
        select = Selector{SelectorKind::kAll};
    }
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    if (!select) return wrong;
    return *select;
}

// Null where it means the same as nothing.
std::optional<Amperes> limit_in(Fields& fields) {
    if (fields.take_null("limitA")) return {};
    return fields.amperes("limitA");
}

std::optional<SiteId> site_in(Fields& fields) {
    if (fields.take_null("site")) return {};
    return id_in<SiteId>(fields, "site");
}

// {"L1":63,"L2":63,"L3":63}, or one number for all three.
Result<PerPhase> breaker_of(Json json) {
    auto* members = std::get_if<std::vector<JsonMember>>(&json.value);
    if (members == nullptr) {
        auto each = amperes_of(json);
        if (!each) return Error{Errc::kInvalid, each.error().message, "breakerA"};
        return PerPhase::each(*each);
    }
    Fields fields(std::move(*members), "breakerA.");
    PerPhase breaker;
    for (const auto phase : kPhases) {
        const auto name = to_string(phase);
        const bool given = fields.has(name);
        const auto amperes = fields.amperes(name);
        if (amperes) breaker[phase] = *amperes;
        if (!given) fields.wrong(name, "is required");
    }
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    return breaker;
}

std::optional<int> small_in(Fields& fields, std::string_view name) {
    const auto whole = fields.whole(name);
    if (!whole) return {};
    constexpr std::int64_t kMost = std::numeric_limits<int>::max();
    if (*whole >= -kMost && *whole <= kMost) return static_cast<int>(*whole);
    fields.wrong(name, "is too large");
    return {};
}

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

Result<RuleRequest> parse_rule(std::string_view body, TimePoint now) {
    BUSBAR_TRY(fields, Fields::of(body));
    RuleRequest request;
    const auto kind = kind_in(fields);
    auto select = fields.required("select", fields.any("select"));
    request.draft.limit = limit_in(fields);
    request.draft.expires_at = end_in(fields, now).value_or(std::nullopt);
    request.draft.reason = fields.text("reason", kMostReasonBytes).value_or("");
    request.site = site_in(fields);
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    BUSBAR_TRY(selector, selector_of(*std::move(select)));
    request.draft.kind = *kind;
    request.draft.select = std::move(selector);
    return request;
}

Result<control::RulePatch> parse_rule_patch(std::string_view body, TimePoint now) {
    BUSBAR_TRY(fields, Fields::of(body));
    control::RulePatch patch;
    patch.limit = fields.amperes("limitA");
    patch.expires_at = end_in(fields, now);
    patch.reason = fields.text("reason", kMostReasonBytes);
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    if (!patch.limit && !patch.expires_at && !patch.reason)
        return Error{Errc::kInvalid, "nothing to change: limitA, expiresAt or reason"};
    return patch;
}

Result<RuleRequest> parse_pause(std::string_view body, Selector select, TimePoint now) {
    RuleRequest request;
    request.draft.kind = RuleKind::kPause;
    request.draft.select = std::move(select);
    if (body.empty()) return request;
    BUSBAR_TRY(fields, Fields::of(body));
    request.draft.expires_at = end_in(fields, now).value_or(std::nullopt);
    request.draft.reason = fields.text("reason", kMostReasonBytes).value_or("");
    request.site = site_in(fields);
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    return request;
}

Result<control::SitePatch> parse_site(std::string_view body) {
    BUSBAR_TRY(fields, Fields::of(body));
    control::SitePatch patch;
    patch.name = fields.text("name", kMostNameBytes);
    patch.zone = fields.text("zone", kMostZoneBytes);
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    return patch;
}

Result<CircuitRequest> parse_circuit(std::string_view body) {
    BUSBAR_TRY(fields, Fields::of(body));
    CircuitRequest request;
    request.site = site_in(fields);
    if (fields.take_null("parent"))
        request.patch.parent.emplace();
    else if (auto parent = id_in<CircuitId>(fields, "parent"))
        request.patch.parent = std::optional(*std::move(parent));
    request.patch.name = fields.text("name", kMostNameBytes);
    auto breaker = fields.any("breakerA");
    request.patch.safety_pct = small_in(fields, "safetyPct");
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    if (breaker) {
        BUSBAR_TRY(amperes, breaker_of(*std::move(breaker)));
        request.patch.breaker = amperes;
    }
    return request;
}

Result<control::ChargerPatch> parse_charger(std::string_view body) {
    BUSBAR_TRY(fields, Fields::of(body));
    control::ChargerPatch patch;
    patch.circuit = id_in<CircuitId>(fields, "circuit");
    patch.name = fields.text("name", kMostNameBytes);
    patch.partner = fields.text("partner", kMostNameBytes);
    patch.maximum = fields.amperes("maximumA");
    patch.minimum = fields.amperes("minimumA");
    patch.floor = fields.amperes("floorA");
    patch.quantum = fields.amperes("quantumA");
    patch.evse_count = small_in(fields, "evseCount");
    if (const auto text = fields.text("phases", kMostNameBytes)) {
        const auto phases = parse_phases(*text);
        if (phases) patch.phases = *phases;
        if (!phases) fields.wrong("phases", phases.error().message);
    }
    if (const auto settle = small_in(fields, "settleMs"))
        patch.settle = std::chrono::milliseconds(*settle);
    patch.keeps_profiles = fields.truth("keepsProfiles");
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    return patch;
}

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
