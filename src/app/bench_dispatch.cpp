// Measures from the moment before a request's first byte leaves the client to the moment the
// limit is handed to the charger's socket, and on to the charger's acceptance. One process holds
// the server, the simulated chargers and the client, so that one clock times all; they talk over
// real sockets on the loopback interface.
#include <boost/json/parse.hpp>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <random>

#include "app/bench.hpp"
#include "app/http_client.hpp"
#include "app/seed.hpp"
#include "app/server.hpp"
#include "sim/fleet.hpp"
#include "sim/garage.hpp"

namespace busbar::app {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 10s;
constexpr const char* kStore = "sqlite";

// A folder that is gone with its owner.
class TemporaryFolder {
public:
    TemporaryFolder()
        : path_(std::filesystem::temp_directory_path() /
                ("busbar-bench-" + std::to_string(std::random_device{}()))) {
        std::filesystem::create_directories(path_);
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

// Collects what the server dispatched, and lets a thread wait for it.
class Recorder {
public:
    void note(const control::FeedEvent& event) {
        {
            const std::lock_guard lock(mutex_);
            if (const auto* sent = std::get_if<control::Dispatched>(&event))
                sent_.push_back(*sent);
            else if (const auto* answered = std::get_if<control::Answered>(&event))
                answered_.push_back(*answered);
            else
                return;
        }
        changed_.notify_all();
    }

    void forget() {
        const std::lock_guard lock(mutex_);
        sent_.clear();
        answered_.clear();
    }

    struct Seen {
        std::vector<control::Dispatched> sent;
        std::vector<control::Answered> answered;
    };

    // What was seen when `enough` of it was there. Nothing if that took too long.
    std::optional<Seen> wait(const std::function<bool(const Seen&)>& enough) {
        std::unique_lock lock(mutex_);
        const bool there = changed_.wait_for(lock, kPatience, [&] {
            return enough({sent_, answered_});
        });
        return there ? std::optional<Seen>{{sent_, answered_}} : std::nullopt;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<control::Dispatched> sent_;
    std::vector<control::Answered> answered_;
};

double ms(std::chrono::nanoseconds time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

// A feeder that carries all chargers at full current: what is measured is our path, not the wait
// for amperes that others have to give back first.
SiteConfig bench_site(int chargers) {
    SiteConfig config{{SiteId("bench"), "Bench"}, {}, {}};
    config.circuits.push_back({.id = CircuitId("feeder"),
                               .site = SiteId("bench"),
                               .parent = {},
                               .breaker = PerPhase::each(32_A * chargers),
                               .safety_pct = 0});
    for (int i = 1; i <= chargers; ++i)
        config.chargers.push_back({.id = ChargerId("B-" + std::to_string(i)),
                                   .circuit = CircuitId("feeder"),
                                   .maximum = 32_A,
                                   .quantum = 0.1_A,
                                   .settle = 1s,
                                   .keeps_profiles = true});
    return config;
}

class Bench {
public:
    explicit Bench(const DispatchBench& options) : options_(options) {}

    Result<std::vector<BenchRow>> run() {
        BUSBAR_TRY(up, start());
        (void)up;
        BUSBAR_TRY(converged, cold_start());
        (void)converged;
        BUSBAR_TRY(rules, rule_writes());
        (void)rules;
        BUSBAR_TRY(root, root_caps());
        (void)root;
        return std::move(rows_);
    }

private:
    Status start() {
        log::configure(log::Level::kOff, log::Format::kConsole);
        Settings settings{.port = 0, .data_dir = folder_.path()};
        Server::Hooks hooks{
            .watch =
                [this](control::Feed& feed) {
                    feed.subscribe([this](const auto& event) { recorder_.note(event); });
                },
            .prepare =
                [this](control::Store& store, const control::Stored&) {
                    return seed(store, bench_site(options_.chargers));
                }};
        auto server = Server::start(settings, std::move(hooks));
        if (!server) return std::move(server).error();
        server_ = std::move(*server);
        auto client = HttpClient::to(server_->url());
        if (!client) return std::move(client).error();
        client_.emplace(std::move(*client));
        return Done{};
    }

    // From the first limit handed to any charger to the last that was needed for all of them to
    // charge at their full current: connect, boot, default, transaction, limit.
    Status cold_start() {
        auto options =
            sim::fleet_of(bench_site(options_.chargers),
                          "ws://127.0.0.1:" + std::to_string(server_->port()) + "/ocpp/");
        options.meter_interval = std::chrono::hours{1};
        options.reconnect_first = 1ms;  // Ours is to be timed, not the chargers' patience.
        options.reconnect_most = 10ms;
        auto fleet = sim::Fleet::start(std::move(options));
        if (!fleet) return std::move(fleet).error();
        fleet_ = std::move(*fleet);
        const auto all_connected = [](const sim::FleetSnapshot& now) {
            return std::ranges::all_of(now.chargers, [](const auto& c) {
                return c.registration == Registration::kAccepted && c.limit == 0_A;
            });
        };
        if (!fleet_->wait_until(all_connected, kPatience)) return late("20 chargers to connect");
        for (const auto& charger : bench_site(options_.chargers).chargers) {
            const sim::VehicleSpec car{
                .capacity = WattHours::of(1'000'000), .soc_pct = 1, .maximum = 32_A};
            BUSBAR_TRY(plugged, fleet_->plug(charger.id.str(), car));
            (void)plugged;
        }
        const auto full = [this](const Recorder::Seen& seen) {
            return accepted(seen, 32_A) >= static_cast<std::size_t>(options_.chargers);
        };
        if (!recorder_.wait(full)) return late("the first limits");
        return reconverge();
    }

    // The same once more, as a restart of the whole fleet sees it: all cars are there.
    Status reconverge() {
        std::vector<double> to_socket, to_ack;
        for (int round = 0; round < kColdStarts; ++round) {
            recorder_.forget();
            for (const auto& charger : bench_site(options_.chargers).chargers) {
                BUSBAR_TRY(rebooted, fleet_->reboot(charger.id.str()));
                (void)rebooted;
            }
            const auto done = [this](const Recorder::Seen& seen) {
                return accepted(seen, 32_A) >= static_cast<std::size_t>(options_.chargers);
            };
            const auto seen = recorder_.wait(done);
            if (!seen) return late("a cold start");
            to_socket.push_back(ms(seen->sent.back().at - seen->sent.front().at));
            to_ack.push_back(ms(seen->answered.back().at - seen->sent.front().at));
        }
        rows_.push_back({.name = "cold-start-" + std::to_string(options_.chargers),
                         .store = kStore,
                         .times = summarise(std::move(to_socket)),
                         .ack = summarise(std::move(to_ack)),
                         .note = "all power up at once: first limit at a socket to the last"});
        return Done{};
    }

    static std::size_t accepted(const Recorder::Seen& seen, Amperes limit) {
        return static_cast<std::size_t>(std::ranges::count_if(seen.answered, [&](const auto& a) {
            return a.limit.purpose == ProfilePurpose::kTransaction && a.limit.limit == limit &&
                   a.outcome == CallOutcome::kAccepted;
        }));
    }

    Status rule_writes() {
        for (int round = 0; round < options_.rounds; ++round) {
            const auto charger = "B-" + std::to_string(round % options_.chargers + 1);
            const auto select = R"("select":{"charger":")" + charger + R"("})";
            BUSBAR_TRY(cap, timed("add-cap", charger, "POST", "/api/v1/rules",
                                  R"({"kind":"cap","limitA":10,)" + select + "}"));
            const auto rule = "/api/v1/rules/" + cap;
            BUSBAR_TRY(patched, timed("patch-value", charger, "PATCH", rule, R"({"limitA":12})"));
            (void)patched;
            BUSBAR_TRY(deleted, timed("delete-cap", charger, "DELETE", rule, ""));
            (void)deleted;
            BUSBAR_TRY(pause, timed("pause", charger, "POST", "/api/v1/rules",
                                    R"({"kind":"pause",)" + select + "}"));
            BUSBAR_TRY(resumed, timed("resume", charger, "DELETE", "/api/v1/rules/" + pause, ""));
            (void)resumed;
            BUSBAR_TRY(exclude, timed("exclude", charger, "POST", "/api/v1/rules",
                                      R"({"kind":"exclude",)" + select + "}"));
            BUSBAR_TRY(included,
                       timed("include", charger, "DELETE", "/api/v1/rules/" + exclude, ""));
            (void)included;
        }
        for (const auto* name :
             {"add-cap", "patch-value", "delete-cap", "pause", "resume", "exclude", "include"})
            rows_.push_back({.name = name,
                             .store = kStore,
                             .times = summarise(to_socket_[name]),
                             .ack = summarise(to_ack_[name])});
        return Done{};
    }

    // Does one write and waits for what it makes the charger do. The id of the rule.
    Result<std::string> timed(const std::string& name, const std::string& charger,
                              const char* method, const std::string& target,
                              const std::string& body) {
        recorder_.forget();
        const auto before = real_clock().steady();
        BUSBAR_TRY(reply, client_->request(method, target, body));
        if (reply.status >= 300)
            return Error{Errc::kConflict,
                         name + ": " + std::to_string(reply.status) + " " + reply.body};
        const auto of_charger = [&](const auto& event) {
            return event.charger.str() == charger && event.cause;
        };
        const auto seen = recorder_.wait([&](const Recorder::Seen& now) {
            return std::ranges::any_of(now.answered, of_charger);
        });
        if (!seen) return late(name + " to reach " + charger);
        const auto sent = std::ranges::find_if(seen->sent, of_charger);
        const auto answered = std::ranges::find_if(seen->answered, of_charger);
        to_socket_[name].push_back(ms(sent->at - before));
        to_ack_[name].push_back(ms(answered->at - before));
        boost::system::error_code error;
        const auto json = boost::json::parse(reply.body, error);
        const auto* id = error || !json.is_object() ? nullptr : json.get_object().if_contains("id");
        if (id == nullptr || !id->is_string())
            return Error{Errc::kConflict, name + ": an answer without an id: " + reply.body};
        return std::string(id->get_string());
    }

    // A cap on the feeder that lowers everybody: from the write to the last charger's socket.
    Status root_caps() {
        const auto half = decimal((16_A * options_.chargers).in_milli());
        std::vector<double> to_socket, to_ack;
        for (int round = 0; round < kRootCaps; ++round) {
            recorder_.forget();
            const auto before = real_clock().steady();
            BUSBAR_TRY(reply, client_->request("POST", "/api/v1/rules",
                                               R"({"kind":"cap","select":{"circuit":"feeder"},)"
                                               R"("limitA":)" +
                                                   half + "}"));
            const auto seen = recorder_.wait([this](const Recorder::Seen& now) {
                return accepted(now, 16_A) >= static_cast<std::size_t>(options_.chargers);
            });
            if (!seen) return late("a cap on the feeder to reach all chargers");
            to_socket.push_back(ms(seen->sent.back().at - before));
            to_ack.push_back(ms(seen->answered.back().at - before));
            const auto json = boost::json::parse(reply.body);
            recorder_.forget();
            BUSBAR_TRY(lifted,
                       client_->request("DELETE",
                                        "/api/v1/rules/" + std::string(json.at("id").as_string())));
            (void)lifted;
            if (!recorder_.wait([this](const Recorder::Seen& now) {
                    return accepted(now, 32_A) >= static_cast<std::size_t>(options_.chargers);
                }))
                return late("the lifted cap to reach all chargers");
        }
        rows_.push_back({.name = "root-cap-" + std::to_string(options_.chargers),
                         .store = kStore,
                         .times = summarise(std::move(to_socket)),
                         .ack = summarise(std::move(to_ack)),
                         .note = "write to the last charger's socket; all chargers are lowered"});
        return Done{};
    }

    static Error late(const std::string& what) {
        return {Errc::kTimeout, "waited 10 s in vain for " + what};
    }

    static constexpr int kColdStarts = 20;
    static constexpr int kRootCaps = 20;

    DispatchBench options_;
    TemporaryFolder folder_;
    Recorder recorder_;
    std::unique_ptr<Server> server_;
    std::unique_ptr<sim::Fleet> fleet_;
    std::optional<HttpClient> client_;
    std::map<std::string, std::vector<double>> to_socket_, to_ack_;
    std::vector<BenchRow> rows_;
};

}  // namespace

Result<std::vector<BenchRow>> bench_dispatch(const DispatchBench& options) {
    return Bench(options).run();
}

}  // namespace busbar::app
