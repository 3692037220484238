// What a charger may ask of us, and how each question is taken: one table a functional block.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.hpp"
#include "control/ports.hpp"
#include "ocpp/call_error.hpp"

namespace busbar::ocpp {

// A payload as JSON, or why there is none.
using Answer = std::variant<std::string, CallError>;

// What a handler works with.
struct Asked {
    const ChargerId& charger;
    control::ChargerEvents& events;
    const Clock& clock;
    // For an answer that comes later: call it, keep what it returns, and call that once, from any
    // thread, within the time a charger waits.
    const std::function<std::function<void(Answer)>()>& later;
};

struct Action {
    std::string_view name;
    // Requires: `payload` passed the check against its message (messages.hpp). Empty: the answer
    // comes later.
    std::optional<Answer> (*take)(const boost::json::object& payload, const Asked& asked);
};

// Null for an action that no charger asks in OCPP 1.6.
const Action* find_action(std::string_view name);

// All of them, for tests.
std::span<const Action> core_actions();
std::span<const Action> security_actions();

// The time in a payload, or `now` where it cannot be right: absent, before 2015 (a clock that was
// never set) or more than a day ahead of us.
TimePoint plausible_time(const boost::json::object& payload, std::string_view name, TimePoint now);
// ...and as the charger's clock has it, however wrong; empty if it says nothing.
std::optional<TimePoint> stamp_in(const boost::json::object& payload, std::string_view name);

}  // namespace busbar::ocpp
