#include "app/serve.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

#include "app/complaint.hpp"
#include "app/seed.hpp"
#include "app/server.hpp"
#include "app/stop_signals.hpp"
#include "app/terminal.hpp"
#include "sim/fleet.hpp"
#include "sim/garage.hpp"

namespace busbar::app {
namespace {

using namespace std::chrono_literals;

constexpr int kLogEverySeconds = 10;

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
    if (!started) return refuse_to_start(started.error());
    auto& server = **started;
    std::printf("Busbar serves %s\n", server.url().c_str());
    if (const auto port = server.tls_port())
        std::printf("Chargers may come over TLS, port %u\n", unsigned{*port});
    std::fflush(stdout);

    std::unique_ptr<sim::Fleet> fleet;
    if (settings.demo) {
        auto made = sim::Fleet::start(
            sim::demo_fleet("ws://127.0.0.1:" + std::to_string(server.port()) + "/ocpp/"));
        if (!made) return refuse_to_start(made.error());
        fleet = std::move(*made);
    }
    show(server, terminal, signals);
    std::printf("\nstopping\n");
    if (fleet) fleet->stop();
    return 0;
}

}  // namespace busbar::app
