// The columns that control's values are written to and read from, in one order for both.
#pragma once

#include <string_view>

namespace busbar::store {

inline constexpr std::string_view kSiteColumns =
    "id, name, zone, wiring, nominal_mv, raise_spread_us, lease_us";

inline constexpr std::string_view kCircuitColumns =
    "id, site, parent, name, breaker_l1_ma, breaker_l2_ma, breaker_l3_ma, safety_pct, active, "
    "share_policy, share_strict_bands, share_min_first, share_rotation_us, share_reclaim, "
    "building_meter, building_covers, building_stale_us, building_worst_l1_ma, "
    "building_worst_l2_ma, building_worst_l3_ma, external_heartbeat_us, external_failsafe_for_us, "
    "external_source, external_failsafe_until_us, external_limit_l1_ma, external_limit_l2_ma, "
    "external_limit_l3_ma, external_failsafe_l1_ma, external_failsafe_l2_ma, "
    "external_failsafe_l3_ma";
inline constexpr std::string_view kPeakColumns = "circuit, position, time_window, part_mpct";

inline constexpr std::string_view kChargerColumns =
    "id, circuit, name, partner, maximum_ma, minimum_ma, floor_ma, quantum_ma, evse_count, "
    "phases, settle_us, keeps_profiles, trust, rate_unit, schedule_periods, writes_per_day, "
    "priority, managed, rotation, dc_maximum_mw, dc_minimum_mw, dc_efficiency_mpct, "
    "dc_auxiliary_mw, dc_power_factor_mpct";
inline constexpr std::string_view kTagColumns = "charger, position, tag";

inline constexpr std::string_view kRuleColumns =
    "id, site, kind, select_kind, select_name, limit_ma, limit_mw, limit_mpct, scope, layer, "
    "enabled, standing, force, band, weight_milli, share_policy, share_strict_bands, "
    "share_min_first, share_rotation_us, share_reclaim, suspends, suspends_rule, suspends_kind, "
    "time_window, starts_at_us, expires_at_us, reason, author, version, created_at_us";
inline constexpr std::string_view kExceptionColumns = "rule, position, select_kind, select_name";

inline constexpr std::string_view kIdTagColumns = "site, tag, tag_group";

inline constexpr std::string_view kAccessColumns =
    "charger, profile, certificate_name, key_salt, key_digest, old_key_salt, old_key_digest, "
    "old_key_until_us";

inline constexpr std::string_view kTransactionColumns =
    "id, charger, evse, id_tag, started_at_us, meter_start_mwh, stopped_at_us, meter_stop_mwh, "
    "stop_reason, requested_mwh, depart_by_us, own_id";

inline constexpr std::string_view kPotentialColumns =
    "charger, evse, potential_ma, fallback_ma, until_ns, steady_id, kept_out";

}  // namespace busbar::store
