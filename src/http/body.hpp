// What the bodies of requests ask for, as drafts that control and telemetry take.
//
// Pure. All fail with kMalformed for what is no JSON object or has a field that is not known here,
// kTooLarge over a limit, and kInvalid, naming the field, for a value of the wrong type or range.
// Whether it fits the site is for control to say.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/drafts.hpp"
#include "domain/rule.hpp"
#include "telemetry/telemetry.hpp"

namespace busbar::http {

struct RuleRequest {
    control::RuleDraft draft;
    std::optional<SiteId> site = {};  // Empty: the one that the selector points to.
};
// {"kind","select":{"charger"|"circuit"|"partner"|"all"},"limitA","expiresAt","reason","site"}
Result<RuleRequest> parse_rule(std::string_view body, TimePoint now);

// {"limitA","expiresAt" (null: no end),"reason"}
Result<control::RulePatch> parse_rule_patch(std::string_view body, TimePoint now);

// {"expiresAt","reason","site"}; no body at all is one, too.
Result<RuleRequest> parse_pause(std::string_view body, Selector select, TimePoint now);

// {"name","zone"}
Result<control::SitePatch> parse_site(std::string_view body);

struct CircuitRequest {
    control::CircuitPatch patch;
    std::optional<SiteId> site = {};  // For a new one, where there are several sites.
};
// {"site","parent" (null: none),"name","breakerA": 63 or {"L1","L2","L3"},"safetyPct"}
Result<CircuitRequest> parse_circuit(std::string_view body);

// {"circuit","name","partner","maximumA","minimumA","floorA","quantumA","evseCount",
//  "phases","settleMs","keepsProfiles"}
Result<control::ChargerPatch> parse_charger(std::string_view body);

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
