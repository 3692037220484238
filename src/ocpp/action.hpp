// What a charger may ask of us, and how each question is taken: one table a functional block.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "control/ports.hpp"
#include "ocpp/call_error.hpp"

namespace busbar::ocpp {

// A payload as JSON, or why there is none.
using Answer = std::variant<std::string, CallError>;

// What one connection of a 2.x station has said so far.
struct Memory {
    struct Connector {
        int evse;
        int number;
        ConnectorStatus status;
    };
    // Of a station's transaction, as its events tell it.
    struct Running {
        int evse;
        std::string own_id;
    };
    std::vector<Connector> connectors = {};
    std::vector<Running> running = {};
    // How its boot was last answered; empty: it did not boot on this connection.
    std::optional<Registration> registration = {};
};

// What a handler works with.
struct Asked {
    const ChargerId& charger;
    control::ChargerEvents& events;
    const Clock& clock;
    // For an answer that comes later: call it, keep what it returns, and call that once, from any
    // thread, within the time a charger waits.
    const std::function<std::function<void(Answer)>()>& later;
    Memory& memory;  // Within the call only.
    // For later: a boot was answered so. From any thread, before its answer.
    const std::function<std::function<void(Registration)>()>& registered;
};

struct Action {
    std::string_view name;
    // Requires: `payload` passed the check against its message (messages.hpp). Empty: the answer
    // comes later.
    std::optional<Answer> (*take)(const boost::json::object& payload, const Asked& asked);
};

// OCPP 1.6.
std::span<const Action> core_actions();
std::span<const Action> security_actions();

// The time in a payload, or `now` where it cannot be right: absent, before 2015 (a clock that was
// never set) or more than a day ahead of us.
TimePoint plausible_time(const boost::json::object& payload, std::string_view name, TimePoint now);
// ...and as the charger's clock has it, however wrong; empty if it says nothing.
std::optional<TimePoint> stamp_in(const boost::json::object& payload, std::string_view name);

}  // namespace busbar::ocpp
