#include "app/bench_rig.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <random>

#include "app/seed.hpp"
#include "sim/garage.hpp"

namespace busbar::app {
namespace {

using namespace std::chrono_literals;

constexpr auto kRigPatience = 10s;

SiteConfig bench_site(int chargers) {
    SiteConfig config{{SiteId("bench"), "Bench"}, {}, {}};
    config.circuits.push_back({.id = CircuitId("feeder"),
                               .site = SiteId("bench"),
                               .parent = {},
                               .breaker = PerPhase::each(32_A * chargers),
                               .safety_pct = 0});
    for (int i = 1; i <= chargers; ++i)
        config.chargers.push_back({.id = ChargerId(BenchRig::charger(i)),
                                   .circuit = CircuitId("feeder"),
                                   .maximum = 32_A,
                                   .quantum = 0.1_A,
                                   .settle = 1s,
                                   .keeps_profiles = true,
                                   .writes_per_day = 0});
    return config;
}

template <class Events>
SteadyPoint last_of(const Events& events) {
    BUSBAR_CHECK(!events.empty());
    return std::ranges::max_element(events, {}, [](const auto& event) { return event.at; })->at;
}

}  // namespace

double milliseconds(std::chrono::nanoseconds time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

SteadyPoint steady_at(TimePoint instant) {
    // Of several looks at both clocks, the one that was least interrupted.
    std::optional<std::chrono::nanoseconds> least;
    SteadyPoint best;
    for (int look = 0; look < 20; ++look) {
        const auto before = real_clock().steady();
        const auto wall = real_clock().wall();
        const auto took = real_clock().steady() - before;
        if (least && took >= *least) continue;
        least = took;
        best = before + took / 2 + (instant - wall);
    }
    return best;
}

std::size_t Recorder::Seen::accepted(Amperes limit) const {
    return static_cast<std::size_t>(std::ranges::count_if(answered, [&](const auto& answer) {
        return answer.limit.purpose == ProfilePurpose::kTransaction &&
               answer.limit.limit == limit && answer.outcome == CallOutcome::kAccepted;
    }));
}

SteadyPoint Recorder::Seen::last_sent() const {
    return last_of(sent);
}

SteadyPoint Recorder::Seen::last_answered() const {
    return last_of(answered);
}

void Recorder::note(const control::FeedEvent& event) {
    bool tell = false;
    {
        const std::lock_guard lock(mutex_);
        if (const auto* sent = std::get_if<control::Dispatched>(&event)) {
            seen_.sent.push_back(*sent);
        } else if (const auto* answered = std::get_if<control::Answered>(&event)) {
            seen_.answered.push_back(*answered);
            tell = seen_.answered.size() >= awaited_;
        }
    }
    if (tell) changed_.notify_all();
}

void Recorder::forget() {
    const std::lock_guard lock(mutex_);
    seen_ = {};
}

Result<Recorder::Seen> Recorder::wait(const std::string& what, std::size_t answers,
                                      const std::function<bool(const Seen&)>& enough,
                                      Duration most) {
    std::unique_lock lock(mutex_);
    awaited_ = answers;
    const auto there = [&] { return seen_.answered.size() >= answers && enough(seen_); };
    if (changed_.wait_for(lock, most, there)) return seen_;
    return Error{Errc::kTimeout, "waited in vain for " + what};
}

// A folder that is gone with its owner.
class BenchRig::Folder {
public:
    Folder()
        : path_(std::filesystem::temp_directory_path() /
                ("busbar-bench-" + std::to_string(std::random_device{}()))) {
        std::filesystem::create_directories(path_);
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

BenchRig::BenchRig(int chargers) : chargers_(chargers), folder_(std::make_unique<Folder>()) {}
BenchRig::~BenchRig() = default;

Result<std::unique_ptr<BenchRig>> BenchRig::start(int chargers) {
    auto rig = std::unique_ptr<BenchRig>(new BenchRig(chargers));
    BUSBAR_TRY(serving, rig->serve());
    (void)serving;
    BUSBAR_TRY(plugged, rig->plug_all());
    (void)plugged;
    return rig;
}

Status BenchRig::serve() {
    log::configure(log::Level::kOff, log::Format::kConsole);
    const Settings settings{.port = 0, .data_dir = folder_->path()};
    Server::Hooks hooks{
        .watch =
            [this](control::Feed& feed) {
                feed.subscribe([this](const auto& event) { recorder_.note(event); });
            },
        .prepare = [this](control::Store& store,
                          const control::Stored&) { return seed(store, bench_site(chargers_)); }};
    BUSBAR_TRY(server, Server::start(settings, std::move(hooks)));
    server_ = std::move(server);
    BUSBAR_TRY(client, HttpClient::to(server_->url()));
    client_.emplace(std::move(client));
    return Done{};
}

Status BenchRig::plug_all() {
    auto options = sim::fleet_of(bench_site(chargers_),
                                 "ws://127.0.0.1:" + std::to_string(server_->port()) + "/ocpp/");
    options.meter_interval = std::chrono::hours{1};
    options.reconnect_first = 1ms;  // Ours is to be timed, not the chargers' patience.
    options.reconnect_most = 10ms;
    BUSBAR_TRY(fleet, sim::Fleet::start(std::move(options)));
    fleet_ = std::move(fleet);
    const auto all_connected = [](const sim::FleetSnapshot& now) {
        return std::ranges::all_of(now.chargers, [](const auto& c) {
            return c.registration == Registration::kAccepted && c.limit == 0_A;
        });
    };
    if (!fleet_->wait_until(all_connected, kRigPatience))
        return Error{Errc::kTimeout, "waited in vain for the chargers to connect"};
    for (int number = 1; number <= chargers_; ++number) {
        const sim::VehicleSpec car{
            .capacity = WattHours::of(1'000'000), .soc_pct = 1, .maximum = 32_A};
        BUSBAR_TRY(plugged, fleet_->plug(charger(number), car));
        (void)plugged;
    }
    const auto all = static_cast<std::size_t>(chargers_);
    BUSBAR_TRY(full, recorder_.wait("the first limits", all, [all](const Recorder::Seen& seen) {
        return seen.accepted(32_A) >= all;
    }));
    (void)full;
    return Done{};
}

Result<std::string> BenchRig::write(const std::string& what, const char* method,
                                    const std::string& target, const std::string& body) {
    BUSBAR_TRY(reply, client_->request(method, target, body));
    if (reply.status >= 300)
        return Error{Errc::kConflict,
                     what + ": " + std::to_string(reply.status) + " " + reply.body};
    boost::system::error_code error;
    const auto json = boost::json::parse(reply.body, error);
    const auto* id = error || !json.is_object() ? nullptr : json.get_object().if_contains("id");
    if (id == nullptr || !id->is_string())
        return Error{Errc::kConflict, what + ": an answer without an id: " + reply.body};
    return std::string(id->get_string());
}

Result<BenchRig::Timed> BenchRig::timed(const std::string& what, const std::string& charger,
                                        const char* method, const std::string& target,
                                        const std::string& body) {
    recorder_.forget();
    const auto before = real_clock().steady();
    BUSBAR_TRY(id, write(what, method, target, body));
    const auto of_charger = [&](const auto& event) {
        return event.charger.str() == charger && event.cause;
    };
    BUSBAR_TRY(seen,
               recorder_.wait(what + " to reach " + charger, 1, [&](const Recorder::Seen& now) {
                   return std::ranges::any_of(now.answered, of_charger);
               }));
    const auto sent = std::ranges::find_if(seen.sent, of_charger);
    const auto answered = std::ranges::find_if(seen.answered, of_charger);
    return Timed{.id = std::move(id),
                 .to_socket_ms = milliseconds(sent->at - before),
                 .to_ack_ms = milliseconds(answered->at - before)};
}

}  // namespace busbar::app
