// Asking a server that runs as a process of its own.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <chrono>
#include <string>
#include <utility>

#include "app/http_client.hpp"
#include "base/clock.hpp"
#include "binary.hpp"

namespace busbar::e2e {

// Far beyond what anything takes; a sanitizer is slow.
inline constexpr std::chrono::seconds kPatience{60};

inline app::HttpClient client_of(const ServerProcess& server) {
    return std::move(*app::HttpClient::to(server.url(), kPatience));
}

inline boost::json::value get(app::HttpClient& client, const std::string& target) {
    const auto reply = client.request("GET", target);
    EXPECT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->status, 200) << reply->body;
    return boost::json::parse(reply->body);
}

// Asks again and again until the answer is right.
template <class Right>
bool eventually(Right&& right) {
    const auto end = real_clock().steady() + kPatience;
    while (real_clock().steady() < end)
        if (right()) return true;
    return false;
}

// Whether every charger is there, and has what it should have where a car charges.
inline bool all_applied(const boost::json::value& overview) {
    for (const auto& site : overview.at("sites").as_array())
        for (const auto& charger : site.at("chargers").as_array()) {
            const auto& c = charger.as_object();
            if (!c.at("online").as_bool()) return false;
            if (c.at("transaction").is_null()) continue;
            if (c.at("appliedA").is_null()) return false;
            if (c.at("appliedA").to_number<double>() != c.at("desiredA").to_number<double>())
                return false;
        }
    return true;
}

}  // namespace busbar::e2e
