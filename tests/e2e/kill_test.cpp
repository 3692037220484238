// kill -9 of the server under load, again and again, while a fleet that outlives it watches every
// breaker: no overload at any instant, and all the current is handed out again soon after.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "domain/site.hpp"
#include "live_site.hpp"
#include "sim/garage.hpp"

namespace busbar::e2e {
namespace {

using namespace std::chrono_literals;

// Whether chargers fall back by themselves when their server is gone.
constexpr bool kLeases = true;
constexpr std::chrono::seconds kLease = 20s;
constexpr std::chrono::seconds kFallWithin = kLease + 10s;
constexpr std::size_t kClients = 4;

struct Scale {
    int levels;
    int chargers_a_level;
    Duration settle;    // What the server waits for a car.
    Duration most_lag;  // What a car takes: less, by more than a step of the simulation.
    int kills;
    int falls;  // How many of the kills are left alone until all chargers are at their floor.
    Duration most_storm;  // Before a kill.
};

// Each level's breaker carries 10 A a charger, the feeder 9 A: both bind. No margin: the
// simulated breakers are exactly as large as the server believes.
SiteConfig large_garage(const Scale& scale) {
    const SiteId site("garage");
    SiteConfig config{{site, "Garage"}, {}, {}};
    const auto circuit = [&](std::string id, Amperes breaker) {
        return Circuit{.id = CircuitId{id},
                       .site = site,
                       .parent = id == "feeder" ? std::nullopt : std::optional{CircuitId{"feeder"}},
                       .name = id,
                       .breaker = PerPhase::each(breaker),
                       .safety_pct = 0};
    };
    const auto all = scale.levels * scale.chargers_a_level;
    config.circuits.push_back(circuit("feeder", 9_A * all));
    for (int number = 0; number < all; ++number) {
        const auto level = "level-" + std::to_string(number / scale.chargers_a_level + 1);
        if (number % scale.chargers_a_level == 0)
            config.circuits.push_back(circuit(level, 10_A * scale.chargers_a_level));
        Charger charger{.id = ChargerId{"CP-" + std::to_string(number + 1)},
                        .circuit = CircuitId{level},
                        .maximum = 32_A,
                        .quantum = 0.1_A,
                        .settle = scale.settle,
                        .keeps_profiles = true};
        // Every fourth has one line, by turns each of the three.
        if (number % 4 == 3)
            charger.phases = PhaseSet{kPhases[static_cast<std::size_t>(number / 4 % 3)]};
        config.chargers.push_back(std::move(charger));
    }
    return config;
}

std::string milliseconds_of(Duration duration) {
    return std::to_string(std::chrono::floor<std::chrono::milliseconds>(duration).count());
}

class KilledServer : public LiveSite {
protected:
    void begin(const Scale& scale) {
        scale_ = scale;
        config_ = large_garage(scale);
        start_server();
        ASSERT_NO_FATAL_FAILURE(configure());
        ASSERT_NO_FATAL_FAILURE(start_fleet());
        ASSERT_TRUE(eventually([&] { return all_applied(get(*client_, "/api/v1/overview")); }));
        const auto drawing = [](const sim::FleetSnapshot& now) {
            return std::ranges::all_of(now.circuits,
                                       [](const auto& c) { return c.drawn.now == c.enforced.now; });
        };
        ASSERT_TRUE(fleet_->wait_until(drawing, kPatience));
        full_ = fleet_->snapshot().circuits;
        // Otherwise nothing below would be hard.
        const auto& feeder = full_.front();
        ASSERT_TRUE(std::ranges::any_of(kPhases, [&](Phase phase) {
            return feeder.enforced.now[phase] == feeder.breaker[phase];
        }));
    }

    void configure() {
        put("/api/v1/sites/garage",
            kLeases ? R"({"leaseS":)" + std::to_string(kLease.count()) + "}" : "{}");
        for (const auto& c : config_.circuits)
            put("/api/v1/circuits/" + c.id.str(),
                R"({"site":"garage","safetyPct":0,"breakerA":)" +
                    decimal(c.breaker[Phase::kL1].in_milli()) +
                    (c.parent ? R"(,"parent":")" + c.parent->str() + '"' : "") + "}");
        for (const auto& c : config_.chargers)
            put("/api/v1/chargers/" + c.id.str(),
                R"({"circuit":")" + c.circuit.str() + R"(","maximumA":32,"quantumA":0.1,)" +
                    (kLeases ? R"("trust":"A","writesPerDay":0,)" : "") + R"("settleMs":)" +
                    milliseconds_of(c.settle) + R"(,"phases":")" + to_string(c.phases) +
                    R"(","keepsProfiles":true})");
    }

    // All chargers connected, each with a car that wants more than there is.
    void start_fleet() {
        auto options = sim::fleet_of(config_, ocpp_url());
        options.meter_interval = 5s;
        options.reconnect_first = 20ms;
        options.reconnect_most = 500ms;
        ASSERT_NO_FATAL_FAILURE(connect(options));
        std::uint64_t seed = 0;
        for (const auto& charger : options.chargers)
            ASSERT_TRUE(fleet_->plug(charger.id.str(), {.capacity = WattHours::of(10'000'000),
                                                        .maximum = 32_A,
                                                        .ramp_per_second = 100_A,
                                                        .lag_most = scale_.most_lag,
                                                        .seed = ++seed}));
        fleet_->restart_record();
        const auto charging = [](const sim::FleetSnapshot& now) {
            return std::ranges::all_of(
                now.chargers, [](const auto& c) { return c.transaction && c.limit >= 6_A; });
        };
        ASSERT_TRUE(fleet_->wait_until(charging, kPatience));
    }

    // Caps that last, so that amperes move to the other chargers; then, as fast as they are
    // answered, caps added and deleted by four clients. After that long the server dies.
    void kill_in_a_storm(Duration after) {
        const auto until = real_clock().steady() + after;
        const auto lasting = R"({"circuit":"level-)" + std::to_string(kills_ % scale_.levels + 1);
        EXPECT_TRUE(add_cap(*client_, lasting + R"("})", 7 * scale_.chargers_a_level));
        for (std::size_t i = kills_++ % 3; i < all(); i += 3)
            EXPECT_TRUE(add_cap(*client_, select(i), 6));
        std::vector<std::thread> storm;
        for (std::size_t n = 0; n < kClients; ++n)
            storm.emplace_back([this, n] {
                auto client = client_of(*server_);
                for (std::size_t i = n; add_and_delete(client, i); i += kClients) ++writes_;
            });
        EXPECT_TRUE(
            fleet_->wait_until([until](const auto& now) { return now.at >= until; }, kPatience));
        server_->process().signal(SIGKILL);
        killed_at_ = real_clock().steady();
        for (auto& thread : storm) thread.join();
        (void)server_->process().wait();
    }

    std::string select(std::size_t charger) const {
        return R"({"charger":")" + config_.chargers[charger % all()].id.str() + R"("})";
    }

    // The id of the rule; nothing once the server is gone.
    static std::optional<std::string> add_cap(app::HttpClient& client, const std::string& select,
                                              int limit_a) {
        const auto reply = client.request("POST", "/api/v1/rules",
                                          R"({"kind":"cap","select":)" + select + R"(,"limitA":)" +
                                              std::to_string(limit_a) + "}");
        if (!reply || reply->status != 201) return {};
        return std::string(boost::json::parse(reply->body).at("id").as_string());
    }

    bool add_and_delete(app::HttpClient& client, std::size_t i) const {
        const auto id = add_cap(client, select(i * 7), 6 + static_cast<int>(i % 8));
        if (!id) return false;
        const auto gone = client.request("DELETE", "/api/v1/rules/" + *id);
        return gone && gone->status == 200;
    }

    void delete_all_rules() {
        for (;;) {
            const auto rules = get(*client_, "/api/v1/rules?limit=1000");
            for (const auto& rule : rules.at("items").as_array()) {
                const auto id = std::string(rule.at("id").as_string());
                EXPECT_EQ(client_->request("DELETE", "/api/v1/rules/" + id)->status, 200);
            }
            if (rules.at("next").is_null()) return;
        }
    }

    // Waits until all is handed out again that was before the first kill; how long that took.
    std::optional<Duration> back_to_full(Duration most) {
        const auto started = real_clock().steady();
        const auto full = [this](const sim::FleetSnapshot& now) {
            for (std::size_t i = 0; i < full_.size(); ++i)
                if (now.circuits[i].enforced.now != full_[i].enforced.now) return false;
            return true;
        };
        if (!fleet_->wait_until(full, most)) return {};
        return std::chrono::duration_cast<Duration>(real_clock().steady() - started);
    }

    // Whether every charger knows what to fall back to: a server that has just begun has to hear
    // their clocks first.
    bool all_leased() const {
        return std::ranges::all_of(
            config_.chargers, [this](const Charger& charger) { return is_leased(charger.id); });
    }
    bool is_leased(const ChargerId& charger) const {
        const auto received = *fleet_->received(charger.str());
        return !received.empty() && received.back().periods.size() > 1;
    }
    // Who has no lease, what it was sent last, and why.
    std::string who_has_none() {
        const auto found = std::ranges::find_if_not(
            config_.chargers, [this](const Charger& charger) { return is_leased(charger.id); });
        if (found == config_.chargers.end()) return "nobody";
        std::string out = found->id.str() + " was sent";
        const auto received = *fleet_->received(found->id.str());
        for (const auto& each : received)
            out += " " + decimal(each.limit().in_milli()) + "/" +
                   std::to_string(each.periods.size()) + (each.accepted ? "" : "!");
        const auto why =
            client_->request("GET", "/api/v1/chargers/" + found->id.str() + "/explain");
        return out + ": " + (why ? why->body : "");
    }

    // The circuits that do not carry what they did, and why a charger on the first of them has
    // what it has.
    std::string what_is_missing() {
        std::string out;
        const auto now = fleet_->snapshot();
        for (std::size_t i = full_.size(); i-- > 0;) {
            if (now.circuits[i].enforced.now == full_[i].enforced.now) continue;
            out += "\n" + full_[i].id.str() + ":";
            for (const auto phase : kPhases)
                out += " " + decimal(now.circuits[i].enforced.now[phase].in_milli()) + " of " +
                       decimal(full_[i].enforced.now[phase].in_milli()) + " A";
        }
        const auto least = std::ranges::min_element(now.chargers, {}, &sim::ChargerSnapshot::limit);
        const auto why =
            client_->request("GET", "/api/v1/chargers/" + least->id.str() + "/explain");
        return out + "\n" + decimal(least->limit.in_milli()) + " A: " + (why ? why->body : "");
    }

    void expect_no_overload() {
        for (const auto& circuit : fleet_->snapshot().circuits) {
            EXPECT_FALSE(circuit.drawn.ever_over()) << circuit.id.str();
            EXPECT_FALSE(circuit.enforced.ever_over()) << circuit.id.str();
        }
    }

    std::size_t all() const { return config_.chargers.size(); }
    void kill_again_and_again(const Scale& scale, Duration full_within);

    Scale scale_{};
    SiteConfig config_{{SiteId("garage")}, {}, {}};
    std::vector<sim::CircuitLoad> full_;  // How it is when all is handed out.
    std::size_t kills_ = 0;
    std::atomic<std::int64_t> writes_ = 0;
    SteadyPoint killed_at_;
};

void KilledServer::kill_again_and_again(const Scale& scale, Duration full_within) {
    ASSERT_NO_FATAL_FAILURE(begin(scale));
    const auto port = server_->port();
    sim::Random random{20'260'210};
    Duration longest{0};
    for (int kill = 0; kill < scale.kills; ++kill) {
        const bool falls = kLeases && kill < scale.falls;
        if (falls) {
            ASSERT_TRUE(eventually([this] { return all_leased(); }))
                << "kill " << kill << ": " << who_has_none();
        }
        // From at once to long after amperes have moved, each at random in its part of that.
        const auto part = scale.most_storm / scale.kills;
        kill_in_a_storm(random.between(part * kill, part * (kill + 1)));
        if (falls) {
            const auto at_floor = [](const sim::FleetSnapshot& now) {
                return std::ranges::all_of(now.chargers,
                                           [](const auto& c) { return c.limit == 0_A; });
            };
            const auto left = killed_at_ + kFallWithin - real_clock().steady();
            EXPECT_TRUE(fleet_->wait_until(at_floor, std::chrono::duration_cast<Duration>(left)))
                << "not all at their floor, kill " << kill;
            for (const auto& charger : fleet_->snapshot().chargers) {
                if (charger.limit == 0_A) continue;
                const auto last = fleet_->received(charger.id.str())->back();
                ADD_FAILURE()
                    << charger.id.str() << " at " << decimal(charger.limit.in_milli())
                    << " A, sent " << decimal(last.limit().in_milli()) << " A with "
                    << last.periods.size() << " periods "
                    << std::chrono::ceil<std::chrono::milliseconds>(killed_at_ - last.at).count()
                    << " ms before the kill, accepted: " << last.accepted;
            }
        }
        start_server(port);
        delete_all_rules();
        const auto took = back_to_full(full_within);
        ASSERT_TRUE(took) << "not all is handed out again, kill " << kill << what_is_missing();
        longest = std::max(longest, *took);
        expect_no_overload();
    }
    std::printf("%zu chargers, %d kills, %lld rules added and deleted: back to full within %s ms\n",
                all(), scale.kills, static_cast<long long>(writes_),
                milliseconds_of(longest).c_str());
}

TEST_F(KilledServer, NoBreakerIsOverloadedAndAllIsHandedOutAgain) {
    kill_again_and_again({.levels = 2,
                          .chargers_a_level = 6,
                          .settle = 1s,
                          .most_lag = 200ms,
                          .kills = 2,
                          .falls = 0,
                          .most_storm = 2'400ms},
                         kPatience);
}

using LongKilledServer = KilledServer;

TEST_F(LongKilledServer, TwentyTimesUnderLoadNoBreakerIsOverloadedAndFullUseIsBackWithinALease) {
    kill_again_and_again({.levels = 10,
                          .chargers_a_level = 20,
                          .settle = 5'500ms,
                          .most_lag = 5s,
                          .kills = 20,
                          .falls = 2,
                          .most_storm = 12s},
                         kLease);
}

}  // namespace
}  // namespace busbar::e2e
