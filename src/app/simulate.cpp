#include "app/simulate.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <span>

#include "app/complaint.hpp"
#include "app/sim_metrics.hpp"
#include "app/stop_signals.hpp"
#include "replay/sessions.hpp"
#include "sim/garage.hpp"
#include "sim/load_report.hpp"
#include "sim/manners.hpp"

namespace busbar::app {
namespace {

constexpr std::array kVersions{sim::Version::k16, sim::Version::k201, sim::Version::k21};

Status give_versions(const std::string& ocpp, std::span<sim::ChargerSetup> chargers) {
    const auto known = std::ranges::find(kVersions, ocpp, [](auto v) { return to_string(v); });
    if (known == kVersions.end() && ocpp != "mixed")
        return Error{Errc::kInvalid, "must be 1.6, 2.0.1, 2.1 or mixed", "--ocpp"};
    for (std::size_t i = 0; i < chargers.size(); ++i)
        chargers[i].version = ocpp == "mixed" ? kVersions[i % kVersions.size()] : *known;
    return Done{};
}

std::optional<Duration> period(double seconds) {
    if (seconds <= 0) return {};
    return std::chrono::round<Duration>(std::chrono::duration<double>(seconds));
}

// A car that needs as much as this session's did, and no more: 40 % of its battery, where no cell
// slows it down.
sim::VehicleSpec car_of(const replay::Session& session, std::size_t number) {
    constexpr auto kSinglePhaseMost = 7'400_W;
    sim::VehicleSpec car;
    car.id_tag = "CARD-" + std::to_string(number);
    car.capacity = session.demand * 10 / 4;
    car.soc_pct = 40;
    car.full_pct = 80;
    car.phases = session.maximum && *session.maximum > kSinglePhaseMost ? 3 : 1;
    car.maximum = 32_A;
    if (session.maximum) {
        const auto volts = sim::kNominalVoltage.in_milli() / 1000 * car.phases;
        car.maximum = std::max(car.minimum, Amperes::milli(session.maximum->in_milli() / volts));
    }
    car.seed = number;
    return car;
}

Result<std::vector<sim::Visit>> visits_in(const std::string& file, int speed) {
    auto sessions = replay::load_sessions(file);
    if (!sessions) {
        auto error = std::move(sessions).error();
        error.field = "--sessions";
        return error;
    }
    std::vector<sim::Visit> visits;
    for (const auto& session : *sessions) {
        if (session.demand <= WattHours{}) continue;
        visits.push_back(
            {.at = replay::kStep * (session.arrival - sessions->front().arrival) / speed,
             .stay = replay::kStep * (session.departure - session.arrival) / speed,
             .car = car_of(session, visits.size() + 1)});
    }
    if (visits.empty()) return Error{Errc::kInvalid, "holds no session", "--sessions"};
    return visits;
}

void print_status(const sim::FleetSnapshot& now) {
    std::size_t connected = 0, charging = 0;
    Amperes drawn;
    std::int64_t profiles = 0, lost = 0;
    for (const auto& charger : now.chargers) {
        connected += charger.connected;
        charging += charger.in_transaction;
        profiles += charger.profiles_received;
        lost += charger.calls_given_up + charger.bad_frames_received;
        for (const auto phase : kPhases) drawn += charger.drawn[phase];
    }
    // On a terminal, one line that moves; else a line each, for a file.
    const bool live = isatty(STDOUT_FILENO) == 1;
    std::printf("%s%zu of %zu connected, %zu charging, %s A drawn (all lines), %lld profiles",
                live ? "\r\x1b[K" : "", connected, now.chargers.size(), charging,
                decimal(drawn.in_milli()).c_str(), static_cast<long long>(profiles));
    if (lost > 0) std::printf(", %lld messages lost", static_cast<long long>(lost));
    if (!live) std::printf("\n");
    std::fflush(stdout);
}

// Says which breakers were overloaded, and writes the report if one is wanted.
int conclude(const SimOptions& options, std::span<const sim::CircuitLoad> circuits) {
    bool over = false;
    if (isatty(STDOUT_FILENO) == 1) std::printf("\n");
    for (const auto& circuit : circuits) {
        if (!circuit.manner.empty() || !circuit.drawn.ever_over()) continue;
        over = true;
        std::printf("the breaker of %s was overloaded\n", circuit.id.str().c_str());
    }
    if (!options.report.empty()) {
        std::ofstream file(options.report);
        file << sim::load_report(circuits) << "\n";
        if (!file.flush())
            return complain({Errc::kUnavailable, "cannot write " + options.report, "--report"});
    }
    return over ? 1 : 0;
}

}  // namespace

Result<sim::FleetOptions> fleet_of(const SimOptions& options) {
    auto fleet = sim::demo_fleet(options.url, options.seed);
    fleet.battery_speed = options.speed;
    fleet.storm_every = period(options.storm_s);
    if (options.chargers > 0) {
        sim::ChargerSetup pattern{.id = ChargerId(options.prefix)};
        fleet.circuits.clear();
        if (options.breaker_a > 0) {
            pattern.circuits = {CircuitId("feeder")};
            fleet.circuits.push_back(
                {pattern.circuits.front(), PerPhase::each(Amperes::of(options.breaker_a))});
        }
        fleet.arrivals->cars.clear();  // Strangers: the demo's neighbours would not fill them.
        fleet.chargers = sim::row_of_chargers(options.prefix, options.chargers, pattern);
    }
    BUSBAR_TRY(versions, give_versions(options.ocpp, fleet.chargers));
    (void)versions;
    auto shares = sim::parse_shares(options.behave);
    if (!shares)
        return Error{Errc::kInvalid, shares.error().field + ": " + shares.error().message,
                     "--behave"};
    if (shares->size() > fleet.chargers.size())
        return Error{Errc::kInvalid, "has more behaviours than there are chargers", "--behave"};
    sim::deal(fleet.chargers, *shares, options.seed);
    if (!shares->empty()) sim::watch_each_manner(fleet.circuits, fleet.chargers);
    if (const auto every = period(options.flap_s))
        for (auto& charger : fleet.chargers) charger.behaviour.flaps_every = every;
    if (!options.sessions.empty()) {
        BUSBAR_TRY(visits, visits_in(options.sessions, options.speed));
        fleet.arrivals = sim::ArrivalPlan{.visits = std::move(visits)};
    }
    return fleet;
}

int simulate(const SimOptions& options) {
    const StopSignals signals;
    auto described = fleet_of(options);
    if (!described) return refuse_to_start(described.error());
    auto started = sim::Fleet::start(std::move(*described));
    if (!started) return refuse_to_start(started.error());
    auto& fleet = **started;
    std::unique_ptr<SimMetrics> metrics;
    if (options.metrics_port > 0) {
        auto served = SimMetrics::serve(static_cast<std::uint16_t>(options.metrics_port),
                                        [&fleet] { return fleet.snapshot(); });
        if (!served)
            return refuse_to_start({served.error().code, served.error().message, "--metrics"});
        metrics = std::move(*served);
    }
    for (std::int64_t second = 1; signals.wait_a_second() != StopSignals::Came::kStop; ++second) {
        print_status(fleet.snapshot());
        if (options.seconds > 0 && second >= options.seconds) break;
    }
    return conclude(options, fleet.snapshot().circuits);
}

}  // namespace busbar::app
