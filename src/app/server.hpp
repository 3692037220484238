// One running Busbar: stores, control, OCPP and HTTP, wired together.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/metrics.hpp"
#include "app/settings.hpp"
#include "control/control.hpp"

namespace busbar::app {

class Server {
public:
    // Before anything runs: to subscribe to the feed, or to put a site into a fresh store.
    struct Hooks {
        std::function<void(control::Feed&)> watch = {};
        std::function<Status(control::Store&, const control::Stored&)> prepare = {};
    };

    // Opens the stores and the port and starts to serve. An error's field is the setting to
    // blame, its message what is wrong.
    static Result<std::unique_ptr<Server>> start(const Settings& settings, Hooks hooks);
    // Closes connections, finishes what is being written, and returns when all has ended.
    ~Server();

    // Reads certificates again, for connections from now on. What is wrong leaves all as it was.
    Status reload();

    std::uint16_t port() const;
    std::optional<std::uint16_t> tls_port() const;
    std::string url() const;  // "http://127.0.0.1:3000"
    control::Control& control();
    Metrics& metrics();
    // Blocking: the sites as they are now. Empty if they did not answer within 5 s.
    std::vector<control::SiteReport> reports();

private:
    struct Impl;
    explicit Server(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace busbar::app
