// A fleet of simulated chargers that connect to a CSMS, any CSMS, over real WebSockets with OCPP,
// and the cars that charge there. It watches the breakers above them meanwhile.
//
// Runs in real time on one thread of its own. All methods are thread-safe; each is carried out on
// that thread and waits for it, which takes well under a millisecond, more with thousands of
// chargers. No method may be called from a predicate given to wait_until().
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sim/arrivals.hpp"
#include "sim/setup.hpp"
#include "sim/snapshot.hpp"
#include "sim/vehicle.hpp"

namespace busbar::sim {

struct FleetOptions {
    std::string url;  // "ws://127.0.0.1:3000/ocpp/"; each identity is appended.
    std::vector<ChargerSetup> chargers = {};
    std::vector<CircuitSetup> circuits = {};
    Duration meter_interval = std::chrono::seconds{10};  // Until the CSMS configures another.
    std::uint64_t seed = 1;
    int battery_speed = 1;  // Batteries fill this many times as fast as the current delivers.
    // Waits between attempts to connect: the first, doubled each time, up to the most; each a
    // quarter longer or shorter by chance.
    Duration reconnect_first = std::chrono::milliseconds{100};
    Duration reconnect_most = std::chrono::seconds{4};
    Duration call_timeout = std::chrono::seconds{30};  // For the chargers' own calls.
    Duration clock_error{0};  // Of the chargers' clocks, until the CSMS tells them the time.
    std::optional<ArrivalPlan> arrivals = {};  // Empty: cars come by plug() only.
    // Storms: so often all links break at the same moment, and all dial again at the same moment.
    std::optional<Duration> storm_every = {};
};

class Fleet {
public:
    // Power on: all chargers begin to connect. A CSMS that is not there yet is waited for.
    // Fails with kInvalid: an address that is none, an identity twice, empty or over 48 bytes, a
    // circuit that is not described, a first line that is not wired.
    static Result<std::unique_ptr<Fleet>> start(FleetOptions options);

    ~Fleet();  // Stops it.
    Fleet(const Fleet&) = delete;
    Fleet& operator=(const Fleet&) = delete;

    // Breaks all links and stops the cars. The rest can still be looked at. A second call does
    // nothing.
    void stop();

    // --- Cars ---
    // kNotFound: no such charger. kConflict: a car is there already, or none is. kInvalid: see
    // Station::plug.
    Status plug(std::string_view charger, VehicleSpec car);
    Status unplug(std::string_view charger);

    // --- Mishaps ---  kNotFound: no such charger.
    Status set_behaviour(std::string_view charger, Behaviour behaviour);
    // Lets go the answers kept back with Answering::kWhenReleased. How many those were.
    Result<std::size_t> release(std::string_view charger);
    // Breaks the link; it connects again after the usual wait.
    Status disconnect(std::string_view charger);
    // Pulls the uplink, or plugs it in again: while it is out, there is no way to the CSMS.
    Status set_uplink(std::string_view charger, bool up);
    // Power off and on.
    Status reboot(std::string_view charger);

    // --- Looking ---
    FleetSnapshot snapshot() const;
    // The SetChargingProfile calls this charger got, oldest first; at most the last 10,000.
    Result<std::vector<ReceivedProfile>> received(std::string_view charger) const;
    // Begins the breakers' record anew, with what flows now.
    void restart_record();

    // Waits until `reached` holds; false if it does not within `most`, or the fleet is stopped.
    // It is asked on the fleet's thread after everything that happens, so no passing state is
    // missed but those shorter than one step of the fleet.
    bool wait_until(std::function<bool(const FleetSnapshot&)> reached, Duration most) const;

private:
    struct Impl;

public:
    explicit Fleet(std::unique_ptr<Impl> impl);  // See start().

private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace busbar::sim
