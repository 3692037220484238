// Sites, circuits, chargers, id tags, and what drivers wish.
#include <algorithm>

#include "http/body.hpp"
#include "http/body_parts.hpp"

namespace busbar::http {
namespace {

constexpr std::size_t kMostListed = 32;
constexpr std::size_t kMostTagBytes = 64;
constexpr std::size_t kMostSiteZoneBytes = 64;

// Takes what `read` makes of text that can be wrong in more ways than one.
template <class Read>
auto parsed_in(Fields& fields, std::string_view name, Read read)
    -> std::optional<std::decay_t<decltype(*read(std::string_view()))>> {
    const auto text = fields.text(name, kMostNameBytes);
    if (!text) return {};
    auto value = read(*text);
    if (value) return *std::move(value);
    fields.wrong(name, value.error().message);
    return {};
}

// Two ways to say one thing: the first stands for both.
void only_one_of(Fields& fields, std::string_view name, std::string_view other) {
    if (fields.has(name) && fields.has(other))
        fields.wrong(other, "must not stand beside " + std::string(name));
}

std::optional<Peak> peak_of(Json json, const std::string& name, Fields& outer) {
    auto* members = std::get_if<std::vector<JsonMember>>(&json.value);
    if (members == nullptr) {
        outer.wrong_in({Errc::kInvalid, R"(must be {"window":...,"percent":...})", name});
        return {};
    }
    Fields fields(std::move(*members), name + ".");
    auto window = fields.required("window", window_in(fields, "window"));
    const auto percent = fields.required("percent", fields.quantity<Percent>("percent"));
    if (auto finished = fields.finish(); !finished) {
        outer.wrong_in(std::move(finished).error());
        return {};
    }
    return Peak{*std::move(window), *percent};
}

std::optional<std::vector<Peak>> peaks_in(Fields& fields) {
    auto list = fields.list("peaks", kMostListed);
    if (!list) return {};
    std::vector<Peak> peaks;
    for (std::size_t n = 0; n < list->size(); ++n)
        if (auto peak = peak_of(std::move((*list)[n]),
                                fields.full_name("peaks") + "[" + std::to_string(n) + "]", fields))
            peaks.push_back(*std::move(peak));
    return peaks;
}

std::optional<BuildingLoad> building_in(Fields& fields, std::string_view name) {
    auto object = fields.object(name);
    if (!object) return {};
    BuildingLoad load{.meter = MeterId{""}};
    if (auto meter = object->required("meter", object->text("meter", kMostNameBytes)))
        load.meter = MeterId(*std::move(meter));
    if (const auto covers = word_in(*object, "covers", parse_covers, "total or rest"))
        load.covers = *covers;
    load.stale_after = seconds_in(*object, "staleAfterS").value_or(load.stale_after);
    load.worst_case = lines_in(*object, "worstCaseA").value_or(load.worst_case);
    if (auto finished = object->finish(); !finished) {
        fields.wrong_in(std::move(finished).error());
        return {};
    }
    return load;
}

std::optional<DcOutput> output_in(Fields& fields, std::string_view name) {
    auto object = fields.object(name);
    if (!object) return {};
    DcOutput dc;
    dc.maximum = object->required("maximumKw", object->kilo<Watts>("maximumKw")).value_or(Watts{});
    dc.minimum = object->kilo<Watts>("minimumKw").value_or(dc.minimum);
    dc.efficiency_min = object->quantity<Percent>("efficiencyPct").value_or(dc.efficiency_min);
    dc.auxiliary = object->kilo<Watts>("auxiliaryKw").value_or(dc.auxiliary);
    dc.power_factor = object->quantity<Percent>("powerFactorPct").value_or(dc.power_factor);
    if (auto finished = object->finish(); !finished) {
        fields.wrong_in(std::move(finished).error());
        return {};
    }
    return dc;
}

std::optional<std::vector<std::string>> tags_in(Fields& fields) {
    const auto list = fields.list("tags", kMostListed);
    if (!list) return {};
    std::vector<std::string> tags;
    for (const auto& item : *list) {
        const auto* tag = std::get_if<std::string>(&item.value);
        if (tag == nullptr || tag->empty() || tag->size() > kMostTagBytes) {
            fields.wrong("tags", "must be a list of texts of 1 to 64 bytes");
            return {};
        }
        if (std::ranges::find(tags, *tag) == tags.end()) tags.push_back(*tag);
    }
    return tags;
}

}  // namespace

Result<control::SitePatch> parse_site(std::string_view body) {
    BUSBAR_TRY(fields, Fields::of(body));
    control::SitePatch patch;
    patch.name = fields.text("name", kMostNameBytes);
    patch.zone = fields.text("zone", kMostSiteZoneBytes);
    patch.wiring = word_in(fields, "wiring", parse_wiring, "wye or delta_linear");
    patch.nominal = fields.quantity<Volts>("nominalV");
    patch.raise_spread = seconds_in(fields, "raiseSpreadS");
    patch.lease = seconds_in(fields, "leaseS");
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    return patch;
}

Result<CircuitRequest> read_circuit(std::vector<JsonMember> members, const std::string& prefix) {
    Fields fields(std::move(members), prefix);
    CircuitRequest request;
    auto& patch = request.patch;
    request.site = site_in(fields);
    patch.parent = change_in(fields, "parent", id_in<CircuitId>);
    patch.name = fields.text("name", kMostNameBytes);
    patch.breaker = lines_in(fields, "breakerA");
    request.max_power = fields.kilo<Watts>("maxKw");
    only_one_of(fields, "breakerA", "maxKw");
    patch.safety_pct = small_in(fields, "safetyPct");
    patch.share = change_in(fields, "share", share_in);
    patch.peaks = peaks_in(fields);
    request.algorithm =
        word_in(fields, "algorithm", parse_algorithm, "EQUAL_SHARE, PRIORITY or TIME_OF_USE");
    patch.active = fields.truth("active");
    patch.building = change_in(fields, "building", building_in);
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    return request;
}

Result<ChargerRequest> read_charger(std::vector<JsonMember> members, const std::string& prefix) {
    Fields fields(std::move(members), prefix);
    ChargerRequest request;
    auto& patch = request.patch;
    patch.circuit = id_in<CircuitId>(fields, "circuit");
    patch.name = fields.text("name", kMostNameBytes);
    patch.partner = fields.text("partner", kMostNameBytes);
    patch.maximum = fields.amperes("maximumA");
    request.max_power = fields.kilo<Watts>("maxHardwareKw");
    only_one_of(fields, "maximumA", "maxHardwareKw");
    patch.minimum = fields.amperes("minimumA");
    request.min_power = fields.kilo<Watts>("minChargeRateKw");
    only_one_of(fields, "minimumA", "minChargeRateKw");
    patch.floor = fields.amperes("floorA");
    patch.quantum = fields.amperes("quantumA");
    patch.evse_count = small_in(fields, "evseCount");
    patch.phases = parsed_in(fields, "phases", parse_phases);
    patch.rotation = parsed_in(fields, "rotation", parse_rotation);
    if (const auto settle = small_in(fields, "settleMs"))
        patch.settle = std::chrono::milliseconds(*settle);
    patch.keeps_profiles = fields.truth("keepsProfiles");
    patch.trust = word_in(fields, "trust", parse_trust_class, "A, B or C");
    patch.rate_unit = word_in(fields, "rateUnit", parse_rate_unit, "A or W");
    patch.schedule_periods = small_in(fields, "schedulePeriods");
    patch.writes_per_day = small_in(fields, "writesPerDay");
    patch.tags = tags_in(fields);
    patch.priority = small_in(fields, "priority");
    patch.managed = fields.truth("managed");
    patch.dc = change_in(fields, "dc", output_in);
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    return request;
}

Result<CircuitRequest> parse_circuit(std::string_view body) {
    BUSBAR_TRY(members, object_in(body));
    return read_circuit(std::move(members), "");
}

Result<control::ExternalPatch> parse_external(std::string_view body) {
    BUSBAR_TRY(fields, Fields::of(body.empty() ? "{}" : body));
    control::ExternalPatch patch;
    patch.limit = change_in(fields, "limitA", lines_in);
    patch.limit_power = fields.kilo<Watts>("limitKw");
    only_one_of(fields, "limitA", "limitKw");
    patch.failsafe = change_in(fields, "failsafeA", lines_in);
    patch.failsafe_power = fields.kilo<Watts>("failsafeKw");
    only_one_of(fields, "failsafeA", "failsafeKw");
    patch.heartbeat = seconds_in(fields, "heartbeatS");
    patch.failsafe_for = seconds_in(fields, "failsafeForS");
    patch.source = fields.text("source", kMostTagBytes);
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    return patch;
}

Result<ChargerRequest> parse_charger(std::string_view body) {
    BUSBAR_TRY(members, object_in(body));
    return read_charger(std::move(members), "");
}

void in_our_terms(CircuitRequest& request, const Supply& supply, const Circuit* there) {
    auto& patch = request.patch;
    if (request.max_power) patch.breaker = breaker_for(*request.max_power, supply);
    if (request.algorithm) {
        Circuit circuit{.id = CircuitId{""}, .site = SiteId{""}, .parent = {}, .breaker = {}};
        if (there != nullptr) circuit = *there;
        if (patch.share) circuit.share = *patch.share;
        if (patch.peaks) circuit.peaks = *patch.peaks;
        set_algorithm(circuit, *request.algorithm);
        patch.share = circuit.share;
        patch.peaks = circuit.peaks;
    }
    request.max_power.reset();
    request.algorithm.reset();
}

void in_our_terms(ChargerRequest& request, const Supply& supply, const Charger* there) {
    auto& patch = request.patch;
    const Charger usual{.id = ChargerId{""}, .circuit = CircuitId{""}};
    const auto& before = there != nullptr ? *there : usual;
    const auto phases = patch.phases.value_or(before.phases);
    const auto quantum = patch.quantum.value_or(before.quantum);
    if (phases.count() > 0 && quantum > 0_A) {  // Or it is refused anyway.
        if (request.max_power) patch.maximum = hardware_maximum(*request.max_power, phases, supply);
        if (request.min_power)
            patch.minimum = minimum_for(*request.min_power, phases, quantum, supply);
    }
    request.max_power.reset();
    request.min_power.reset();
}

Result<IdTagRequest> parse_id_tag(std::string_view body) {
    BUSBAR_TRY(fields, Fields::of(body));
    IdTagRequest request;
    request.group = fields.required("group", fields.text("group", kMostNameBytes)).value_or("");
    request.site = site_in(fields);
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    return request;
}

Result<control::DriverWish> parse_wish(std::string_view body, TimePoint now) {
    BUSBAR_TRY(fields, Fields::of(body));
    for (const auto* name : {"energyKwh", "departBy"}) (void)fields.take_null(name);
    control::DriverWish wish;
    wish.requested = fields.kilo<WattHours>("energyKwh");
    wish.depart_by = moment_in(fields, "departBy", now);
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    return wish;
}

Result<PerPhase> parse_load(std::string_view body) {
    BUSBAR_TRY(fields, Fields::of(body));
    const auto current = fields.required("currentA", lines_in(fields, "currentA"));
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    return *current;
}

// Nobody is to find his car stopped without a word.
Result<ProbeOptions> parse_probe(std::string_view body) {
    BUSBAR_TRY(members, object_in(body));
    Fields fields(std::move(members));
    ProbeOptions options;
    options.evse = small_in(fields, "evse").value_or(options.evse);
    options.reset = fields.truth("reset").value_or(options.reset);
    options.refuse = fields.truth("refuseConnection").value_or(options.refuse);
    options.lease = seconds_in(fields, "leaseS").value_or(options.lease);
    if (!fields.truth("driverWarned").value_or(false))
        fields.wrong("driverWarned",
                     "must be true: the car will be paused and its charger restarted");
    BUSBAR_TRY(finished, fields.finish());
    (void)finished;
    return options;
}

}  // namespace busbar::http
