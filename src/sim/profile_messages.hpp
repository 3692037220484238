// Charging profiles as OCPP 1.6 and 2.x write them.
//
// Strict as all of the charger's side: fails with kInvalid, naming the field, for one that is
// missing, not known to that version, of a wrong type or out of range; a limit that is no multiple
// of 0.1. Fails with kUnsupported for what OCPP knows and this charger does not take: a rate unit
// that it did not announce, a purpose of grid operators. Pure.
#pragma once

#include "sim/charger.hpp"
#include "sim/setup.hpp"
#include "sim/wire.hpp"

namespace busbar::sim {

// What a charger counts limits in. One that counts in watts divides them among its lines.
struct Rates {
    bool watts = false;
    int lines = 3;  // Where the CSMS does not say for how many a limit in watts is meant.
};

struct SetProfileRequest {
    int connector = 0;  // 2.x: the EVSE.
    Profile profile;
};

namespace v16 {

Result<SetProfileRequest> read_set_profile(const json::object& payload, Rates rates = {});
// A chargingProfile on its own, as in RemoteStartTransaction.
Result<Profile> read_profile(const json::object& profile, Rates rates);
Result<ClearFilter> read_clear_profile(const json::object& payload);
// A GetCompositeSchedule confirmation.
json::object write_composite(int connector, TimePoint now, std::chrono::seconds duration,
                             const std::vector<SchedulePeriod>& periods, Rates rates);

}  // namespace v16

namespace v2 {

Result<SetProfileRequest> read_set_profile(const json::object& payload, Version version,
                                           Rates rates = {});
Result<Profile> read_profile(const json::object& profile, Version version, Rates rates);
Result<ClearFilter> read_clear_profile(const json::object& payload);
json::object write_composite(int evse, TimePoint now, std::chrono::seconds duration,
                             const std::vector<SchedulePeriod>& periods, Rates rates);

}  // namespace v2

}  // namespace busbar::sim
