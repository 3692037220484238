#include "app/serve.hpp"

#include <pthread.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <span>

#include "app/complaint.hpp"
#include "app/seed.hpp"
#include "app/server.hpp"
#include "app/terminal.hpp"
#include "sim/fleet.hpp"
#include "sim/garage.hpp"
#include "sim/load_report.hpp"

namespace busbar::app {
namespace {

using namespace std::chrono_literals;

constexpr int kLogEverySeconds = 10;

// Keeps SIGINT, SIGTERM and SIGHUP for whoever waits here. Before any thread is started: they
// inherit it.
class StopSignals {
public:
    StopSignals() {
        sigemptyset(&set_);
        sigaddset(&set_, SIGINT);
        sigaddset(&set_, SIGTERM);
        sigaddset(&set_, SIGHUP);
        pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    }

    enum class Came { kNothing, kReload, kStop };
    // What came within a second.
    Came wait_a_second() const {
        const timespec second{1, 0};
        const int signal = sigtimedwait(&set_, nullptr, &second);
        if (signal <= 0) return Came::kNothing;
        return signal == SIGHUP ? Came::kReload : Came::kStop;
    }

private:
    sigset_t set_{};
};

// A start that cannot work.
int give_up(const Error& error) {
    complain(error);
    return kWrongUse;
}

std::size_t columns() {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
    return size.ws_col;
}

Status seed_garage(control::Store& store, const control::Stored& stored) {
    const auto garage = sim::demo_garage();
    const bool there = std::ranges::any_of(
        stored.sites, [&](const Site& site) { return site.id == garage.site.id; });
    return there ? Status(Done{}) : seed(store, garage);
}

void reload(Server& server) {
    const auto done = server.reload();
    if (done)
        log::info("read the certificates again", {});
    else
        log::error("the certificates stay as they were",
                   {{"setting", done.error().field}, {"reason", done.error().message}});
}

// Loops until told to stop: redraws the screen, or writes a line now and then.
void show(Server& server, const Terminal& terminal, const StopSignals& signals) {
    const bool live = isatty(STDOUT_FILENO) == 1;
    for (int second = 0;; ++second) {
        const auto came = signals.wait_a_second();
        if (came == StopSignals::Came::kStop) return;
        if (came == StopSignals::Came::kReload) reload(server);
        const auto sites = server.reports();
        server.metrics().look_at(sites);
        const auto times = server.metrics().dispatch_times();
        if (live) {
            const auto screen = terminal.screen(sites, times, real_clock().wall(), columns());
            std::fwrite(screen.data(), 1, screen.size(), stdout);
            std::fflush(stdout);
        } else if (second % kLogEverySeconds == 0) {
            log::info("status", {{"what", Terminal::line(sites, times)}});
        }
    }
}

sim::FleetOptions fleet_of(const SimOptions& options) {
    auto fleet = sim::demo_fleet(options.url, options.seed);
    if (options.chargers == 0) return fleet;
    sim::ChargerSetup pattern{.id = ChargerId(options.prefix)};
    fleet.circuits.clear();
    if (options.breaker_a > 0) {
        pattern.circuits = {CircuitId("feeder")};
        fleet.circuits.push_back(
            {pattern.circuits.front(), PerPhase::each(Amperes::of(options.breaker_a))});
    }
    fleet.arrivals->cars.clear();  // Strangers: the demo's neighbours would not fill them.
    fleet.chargers = sim::row_of_chargers(options.prefix, options.chargers, pattern);
    return fleet;
}

void print_status(const sim::FleetSnapshot& now) {
    std::size_t connected = 0, charging = 0;
    Amperes drawn;
    std::int64_t profiles = 0;
    for (const auto& charger : now.chargers) {
        connected += charger.connected;
        charging += charger.in_transaction;
        profiles += charger.profiles_received;
        for (const auto phase : kPhases) drawn += charger.drawn[phase];
    }
    std::printf("%zu of %zu connected, %zu charging, %s A drawn (all lines), %lld profiles\n",
                connected, now.chargers.size(), charging, decimal(drawn.in_milli()).c_str(),
                static_cast<long long>(profiles));
    std::fflush(stdout);
}

// Says which breakers were overloaded, and writes the report if one is wanted.
int conclude(const SimOptions& options, std::span<const sim::CircuitLoad> circuits) {
    bool over = false;
    for (const auto& circuit : circuits) {
        if (!circuit.drawn.ever_over()) continue;
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

int serve(const Settings& settings) {
    const StopSignals signals;
    // The live screen is the console's; a log between its lines would tear it.
    const bool live = isatty(STDOUT_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
    log::configure(live ? log::Level::kError : settings.log_level, settings.log_format);
    Terminal terminal("http://" + settings.host + ":" + std::to_string(settings.port));
    Server::Hooks hooks{.watch = [&](control::Feed& feed) { terminal.watch(feed, real_clock()); }};
    if (settings.demo) hooks.prepare = seed_garage;
    auto started = Server::start(settings, std::move(hooks));
    if (!started) return give_up(started.error());
    auto& server = **started;
    std::printf("Busbar serves %s\n", server.url().c_str());
    if (const auto port = server.tls_port())
        std::printf("Chargers may come over TLS, port %u\n", unsigned{*port});
    std::fflush(stdout);

    std::unique_ptr<sim::Fleet> fleet;
    if (settings.demo) {
        auto made = sim::Fleet::start(
            sim::demo_fleet("ws://127.0.0.1:" + std::to_string(server.port()) + "/ocpp/"));
        if (!made) return give_up(made.error());
        fleet = std::move(*made);
    }
    show(server, terminal, signals);
    std::printf("\nstopping\n");
    if (fleet) fleet->stop();
    return 0;
}

int simulate(const SimOptions& options) {
    const StopSignals signals;
    auto started = sim::Fleet::start(fleet_of(options));
    if (!started) return give_up(started.error());
    for (std::int64_t second = 1; signals.wait_a_second() != StopSignals::Came::kStop; ++second) {
        print_status((*started)->snapshot());
        if (options.seconds > 0 && second >= options.seconds) break;
    }
    return conclude(options, (*started)->snapshot().circuits);
}

}  // namespace busbar::app
