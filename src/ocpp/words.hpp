// Words and payloads that are the same in every OCPP version.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "domain/charging.hpp"

namespace busbar::ocpp {

std::string_view word_for(Authorization authorization);
std::string_view word_for(Registration registration);

// The answer to BootNotification. An interval of 0 would leave the choice to the charger.
std::string boot_answer(const BootReply& reply, TimePoint now);

// An integer that is a number of something: what does not fit an int is 0, as if it were not there.
int small_integer_at(const boost::json::object& payload, std::string_view name);

}  // namespace busbar::ocpp
