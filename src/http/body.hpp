// What the bodies of requests ask for, as drafts that control and telemetry take.
//
// Pure. All fail with kMalformed for what is no JSON object or has a field that is not known here,
// kTooLarge over a limit, and kInvalid, naming the field, for a value of the wrong type or range.
// Whether it fits the site is for control to say.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access/key.hpp"
#include "control/drafts.hpp"
#include "domain/rule.hpp"
#include "rules/algorithms.hpp"
#include "telemetry/telemetry.hpp"

namespace busbar::http {

struct RuleRequest {
    control::RuleDraft draft = {};
    std::optional<SiteId> site = {};  // Empty: the one that the selector points to.
};
// {"kind","select","limitA"|"limitKw"|"limitPct","scope","layer","enabled","standing","force",
//  "band","weight","share","suspends","window","startsAt","expiresAt","reason","site"}
// "select" is {"charger"|"evse"|"circuit"|"tag"|"partner"|"idTagGroup"|"transaction"|"all"}, with
// "except", one such or a list. As a kind, operators' words go, too: "schedule" and "time_of_use"
// are caps with a window, the latter a percentage of a circuit; "safety" is a cap of that layer.
Result<RuleRequest> parse_rule(std::string_view body, TimePoint now);

// {"limitA"|"limitKw"|"limitPct","expiresAt","startsAt","window" (null: none),"reason","enabled",
//  "standing","force","band","weight","share","layer"}
Result<control::RulePatch> parse_rule_patch(std::string_view body, TimePoint now);

// {"expiresAt","reason","site"}; no body at all is one, too.
Result<RuleRequest> parse_pause(std::string_view body, Selector select, TimePoint now);

// {"name","zone","wiring","nominalV","raiseSpreadS"}
Result<control::SitePatch> parse_site(std::string_view body);

struct CircuitRequest {
    control::CircuitPatch patch = {};
    std::optional<SiteId> site = {};  // For a new one, where there are several sites.
    // Other terms for what a patch holds: a breaker, and a share with peaks.
    std::optional<Watts> max_power = {};
    std::optional<Algorithm> algorithm = {};

    bool in_other_terms() const { return max_power || algorithm; }
};
// {"site","parent" (null: none),"name","breakerA": 63 or {"L1","L2","L3"} or "maxKw","safetyPct",
//  "active","share" (null: as above),"peaks":[{"window","percent"}],"algorithm": "EQUAL_SHARE",
//  "PRIORITY" or "TIME_OF_USE",
//  "building" (null: none): {"meter","covers","staleAfterS","worstCaseA"}}
Result<CircuitRequest> parse_circuit(std::string_view body);

// {"limitA" (null: none now)|"limitKw","failsafeA" (null: none)|"failsafeKw","heartbeatS",
//  "failsafeForS","source"}; no body at all is one, too: only a heartbeat.
Result<control::ExternalPatch> parse_external(std::string_view body);

struct ChargerRequest {
    control::ChargerPatch patch = {};
    // Other terms for maximum and minimum.
    std::optional<Watts> max_power = {};
    std::optional<Watts> min_power = {};

    bool in_other_terms() const { return max_power || min_power; }
};
// {"circuit","name","partner","maximumA"|"maxHardwareKw","minimumA"|"minChargeRateKw","floorA",
//  "quantumA","evseCount","phases","rotation","settleMs","keepsProfiles","trust",
//  "rateUnit","schedulePeriods","writesPerDay","tags","priority",
//  "managed","dc" (null: none): {"maximumKw","minimumKw","efficiencyPct","auxiliaryKw",
//  "powerFactorPct"}}
Result<ChargerRequest> parse_charger(std::string_view body);

// Puts what was asked for in other terms into the patch: kilowatts as amperes at the nominal
// voltage, breakers rounded down, what a charger may draw and needs up; an algorithm as a share
// and peaks. `there`: the circuit or charger as it is, null for a new one.
void in_our_terms(CircuitRequest& request, const Supply& supply, const Circuit* there);
void in_our_terms(ChargerRequest& request, const Supply& supply, const Charger* there);

// {"securityProfile": 0 to 3 (null: not said),"certificateName"}
Result<control::AccessPatch> parse_access(std::string_view body);

// {"key"}: 16 to 40 bytes; no body at all: one is to be made.
Result<std::optional<std::string>> parse_key(std::string_view body);

// {"evse","reset","refuseConnection","leaseS","driverWarned" (must be true)}
Result<ProbeOptions> parse_probe(std::string_view body);

struct IdTagRequest {
    std::string group = {};
    std::optional<SiteId> site = {};
};
// {"group","site"}
Result<IdTagRequest> parse_id_tag(std::string_view body);

// {"energyKwh","departBy"}; what is missing or null is not known.
Result<control::DriverWish> parse_wish(std::string_view body, TimePoint now);
// What a circuit's building meter shows: "currentA", one number or one a line.
Result<PerPhase> parse_load(std::string_view body);

// A PlanDraft, as far as it can be known without the site.
struct PlanRequest {
    std::optional<SiteId> site = {};
    std::vector<control::RuleDraft> rules = {};
    std::vector<RuleId> without_rules = {};
    std::vector<std::pair<CircuitId, CircuitRequest>> circuits = {};
    std::vector<std::pair<ChargerId, ChargerRequest>> chargers = {};
    std::optional<TimePoint> at = {};
};
// {"site","rules":[rule, perhaps with "id"],"withoutRules":[id],"circuits":{id:{...}},
//  "chargers":{id:{...}},"at"}
Result<PlanRequest> parse_plan(std::string_view body, TimePoint now);

// A meter's {"meterId","kwhConsumedAc","voltage","timestamp"}, perhaps with "kwhRegisterAc", or a
// vehicle's {"vehicleId","soc","kwhDeliveredDc","batteryTemp","timestamp"}, perhaps with
// "chargerId". Values are rounded to mWh, mV, and thousandths of a percent and of a degree.
// Ranges are telemetry::check()'s.
Result<telemetry::Reading> parse_reading(std::string_view body);

// {"meterIds":["METER-1"]}
Result<std::vector<MeterId>> parse_meters(std::string_view body);

// 1 to 128 bytes without control characters: what a meter or vehicle may be called.
Status check_device_id(std::string_view id, std::string_view field);

}  // namespace busbar::http
