// Charging profiles as every OCPP version writes and reads them.
//
// Pure. Numbers are written as plain decimals: Boost.JSON would write 16.0 as 1.6E1, which some
// chargers do not read.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "domain/charging.hpp"

namespace busbar::ocpp {

// As 1.6 has it; 2.x differs in kStationMax.
std::string_view word_for(ProfilePurpose purpose);

// The members of a ChargingSchedule, without its braces.
std::string schedule(const SetLimit& command);

// The answer to GetCompositeSchedule, whose schedule is the member `name`.
CallResult composite_result(const boost::json::object& payload, std::string_view name,
                            std::string_view text);

}  // namespace busbar::ocpp
