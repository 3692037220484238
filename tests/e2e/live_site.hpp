// A server that runs as a process of its own, with a fleet that outlives it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "asking.hpp"
#include "sim/fleet.hpp"

namespace busbar::e2e {

class LiveSite : public testing::Test {
protected:
    // Again and again over the same data.
    void start_server(const std::string& port = "0") {
        server_.emplace(folder_.path(), std::vector<std::string>{}, port);
        client_.emplace(client_of(*server_));
    }
    void put(const std::string& target, const std::string& body) {
        const auto reply = client_->request("PUT", target, body);
        ASSERT_TRUE(reply) << reply.error().message;
        ASSERT_LT(reply->status, 300) << target << " " << body << " " << reply->body;
    }
    // Until every charger is accepted, and has a default of 0 A.
    void connect(const sim::FleetOptions& options) {
        auto fleet = sim::Fleet::start(options);
        ASSERT_TRUE(fleet);
        fleet_ = std::move(*fleet);
        const auto ready = [](const sim::FleetSnapshot& now) {
            return std::ranges::all_of(now.chargers, [](const auto& c) {
                return c.registration == Registration::kAccepted && c.limit == 0_A;
            });
        };
        ASSERT_TRUE(fleet_->wait_until(ready, kPatience));
    }
    // Where the fleet is to connect to.
    std::string ocpp_url() const { return "ws://127.0.0.1:" + server_->port() + "/ocpp/"; }

    Folder folder_;
    std::optional<ServerProcess> server_;
    std::optional<app::HttpClient> client_;
    std::unique_ptr<sim::Fleet> fleet_;
};

}  // namespace busbar::e2e
