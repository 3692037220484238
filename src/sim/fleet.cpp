#include "sim/fleet.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <future>
#include <set>
#include <thread>
#include <unordered_map>

#include "base/log.hpp"
#include "net/asio_strand.hpp"
#include "sim/station.hpp"
#include "sim/uplink.hpp"

namespace busbar::sim {
namespace asio = boost::asio;

struct Seat {
    std::unique_ptr<Station> station;
    std::shared_ptr<Uplink> uplink;
    std::optional<SteadyPoint> flaps_at = {};  // If it does.
};

struct Waiter {
    std::function<bool(const FleetSnapshot&)> reached;
    std::promise<void> done;
};

namespace {

constexpr std::chrono::milliseconds kTick{100};
constexpr std::size_t kLongestIdentity = 48;
constexpr std::chrono::seconds kSleepyAfter{30};

Error not_found(std::string_view charger) {
    return {Errc::kNotFound, "no simulated charger is called " + std::string(charger)};
}

Status check_charger(const FleetOptions& options, const ChargerSetup& charger) {
    const auto& id = charger.id.str();
    if (id.empty() || id.size() > kLongestIdentity)
        return Error{Errc::kInvalid, "an identity has 1..48 bytes", "chargers"};
    if (!charger.phases.has(charger.first_line))
        return Error{Errc::kInvalid, id + ": its first line is not wired", "chargers"};
    if (charger.quantum <= Amperes{} || charger.maximum < Amperes{})
        return Error{Errc::kInvalid, id + ": its amperes are out of range", "chargers"};
    for (const auto& circuit : charger.circuits)
        if (std::none_of(options.circuits.begin(), options.circuits.end(),
                         [&](const auto& each) { return each.id == circuit; }))
            return Error{Errc::kInvalid, id + ": circuit " + circuit.str() + " is not described",
                         "chargers"};
    return Done{};
}

Status check_options(const FleetOptions& options) {
    std::set<ChargerId> ids;
    for (const auto& charger : options.chargers) {
        BUSBAR_TRY(fine, check_charger(options, charger));
        (void)fine;
        if (!ids.insert(charger.id).second)
            return Error{Errc::kInvalid, charger.id.str() + " is there twice", "chargers"};
    }
    if (options.battery_speed < 1)
        return Error{Errc::kInvalid, "must be at least 1", "battery_speed"};
    if (options.storm_every && *options.storm_every < kTick * 2)
        return Error{Errc::kInvalid, "must be two tenths of a second at least", "storm_every"};
    if (options.reconnect_first <= Duration{0} || options.reconnect_most < options.reconnect_first)
        return Error{Errc::kInvalid, "must be > 0, and the most not below it", "reconnect_first"};
    return Done{};
}

}  // namespace

struct Fleet::Impl {
    Impl(FleetOptions given, Address where)
        : options(std::move(given)),
          address(std::move(where)),
          ticker(loop),
          random(options.seed),
          record(options.circuits, options.chargers) {
        if (options.arrivals)
            arrivals.emplace(*options.arrivals, options.chargers.size(), random.next(),
                             clock.steady());
        for (const auto& charger : options.chargers) add(charger);
        if (options.storm_every) storm_at = clock.steady() + *options.storm_every;
    }

    void add(const ChargerSetup& charger);
    void launch();
    void finish();
    void one_ended();
    asio::awaitable<void> keep_ticking();
    Duration reconnect_wait(int failures);
    void tick();
    void move_cars(SteadyPoint now);
    void break_links(SteadyPoint now);
    void charger_changed(std::size_t index);
    void something_happened();
    void ask_waiters();
    FleetSnapshot snapshot() const;
    Seat* find(std::string_view id);

    // Carries `f` out on the fleet's thread and hands back what it returns.
    template <class F>
    auto ask(F f) {
        BUSBAR_CHECK(std::this_thread::get_id() != thread.get_id());
        std::packaged_task<decltype(f())()> task(std::move(f));
        auto result = task.get_future();
        asio::post(loop, [&task] { task(); });
        return result.get();
    }

    const FleetOptions options;
    const Address address;
    const Clock& clock = real_clock();
    asio::io_context context{1};
    const asio::any_io_executor loop = asio::make_strand(context);
    const std::shared_ptr<Strand> strand = net::strand_of(loop);
    asio::steady_timer ticker;
    Random random;
    LoadRecord record;
    std::optional<Arrivals> arrivals;
    std::vector<Seat> seats;
    std::unordered_map<std::string, std::size_t> index_by_id;
    std::vector<std::shared_ptr<Waiter>> waiters;
    std::size_t running = 0;  // The ticking and the uplinks.
    std::optional<SteadyPoint> storm_at;
    bool in_storm = false;  // All uplinks are out since the last tick.
    bool stopping = false;
    bool ticking = false;
    bool waiters_told = false;
    std::promise<void> ended;  // When stopping and nothing runs any more.
    std::once_flag stop_once;
    std::thread thread;
};

// --- Setting up and tearing down ------------------------------------------------------------

void Fleet::Impl::add(const ChargerSetup& charger) {
    const auto index = seats.size();
    StationHooks hooks;
    hooks.send = [this, index](std::string frame) { seats[index].uplink->send(std::move(frame)); };
    hooks.hang_up = [this, index] { seats[index].uplink->hang_up(); };
    hooks.changed = [this, index] { charger_changed(index); };
    StationOptions station_options{.meter_interval = options.meter_interval,
                                   .call_timeout = options.call_timeout,
                                   .clock_error = options.clock_error,
                                   .battery_speed = options.battery_speed};
    index_by_id.emplace(charger.id.str(), index);
    auto station =
        std::make_unique<Station>(charger, station_options, clock, *strand, std::move(hooks));
    UplinkHooks uplink_hooks;
    uplink_hooks.dial = [this] { return net::ByteStream(boost::beast::tcp_stream(loop)); };
    uplink_hooks.wait = [this](int failures) { return reconnect_wait(failures); };
    uplink_hooks.changed = [this] { something_happened(); };
    auto uplink =
        std::make_shared<Uplink>(address, *station, *strand, clock, std::move(uplink_hooks));
    seats.push_back({.station = std::move(station), .uplink = std::move(uplink)});
}

void Fleet::Impl::launch() {
    running = seats.size() + 1;
    asio::co_spawn(loop, keep_ticking(), [this](std::exception_ptr failed) {
        if (failed) std::rethrow_exception(failed);
        one_ended();
    });
    for (auto& seat : seats) seat.uplink->start();
    thread = std::thread([this] {
        const auto work = asio::make_work_guard(context);
        context.run();
    });
}

void Fleet::Impl::finish() {
    stopping = true;
    ticker.cancel();
    for (auto& seat : seats) seat.uplink->stop([this] { one_ended(); });
}

void Fleet::Impl::one_ended() {
    if (--running == 0) ended.set_value();
}

Duration Fleet::Impl::reconnect_wait(int failures) {
    auto wait = options.reconnect_first;
    for (int i = 0; i < failures && wait < options.reconnect_most; ++i) wait *= 2;
    wait = std::min(wait, options.reconnect_most);
    return random.between(wait * 3 / 4, wait * 5 / 4);
}

// --- Time -----------------------------------------------------------------------------------

asio::awaitable<void> Fleet::Impl::keep_ticking() {
    auto due = clock.steady();
    while (!stopping) {
        tick();
        // After a pause of the whole machine, the ticks that were missed are not made up for.
        due = std::max(due + kTick, clock.steady());
        ticker.expires_at(due);
        co_await ticker.async_wait(kAwait);
    }
}

void Fleet::Impl::tick() {
    const auto now = clock.steady();
    if (arrivals) move_cars(now);
    break_links(now);
    // All chargers move on before any sum is looked at: half a step would show an ampere twice,
    // where it was given back and where it went.
    ticking = true;
    for (auto& seat : seats) seat.station->tick();
    ticking = false;
    for (std::size_t i = 0; i < seats.size(); ++i)
        (void)record.set(i, seats[i].station->drawn(), seats[i].station->enforced());
    record.measure(now);
    something_happened();
}

void Fleet::Impl::break_links(SteadyPoint now) {
    for (auto& seat : seats) {
        const auto every = seat.station->behaviour().flaps_every;
        if (!every) {
            seat.flaps_at.reset();
        } else if (!seat.flaps_at || now >= *seat.flaps_at) {
            if (seat.flaps_at) seat.uplink->hang_up();
            seat.flaps_at = now + random.exponential(*every);
        }
    }
    if (std::exchange(in_storm, false))
        for (auto& seat : seats) seat.uplink->set_up(true);
    if (!storm_at || now < *storm_at) return;
    storm_at = now + *options.storm_every;
    in_storm = true;
    for (auto& seat : seats) seat.uplink->set_up(false);
}

void Fleet::Impl::move_cars(SteadyPoint now) {
    for (std::size_t i = 0; i < seats.size(); ++i) {
        auto& station = *seats[i].station;
        // Where somebody plugged or unplugged by hand meanwhile, the visit is simply over.
        if (arrivals->leaves(i, station.car_is_full(), now)) (void)station.unplug();
        auto car = arrivals->arrival(i, now);
        if (!car) continue;
        if (station.behaviour().sleepy_cars) car->sleeps_after = kSleepyAfter;
        (void)station.plug(std::move(*car));
    }
}

void Fleet::Impl::charger_changed(std::size_t index) {
    if (ticking || index >= seats.size()) return;
    const auto& station = *seats[index].station;
    if (record.set(index, station.drawn(), station.enforced())) record.measure(clock.steady());
    something_happened();
}

// --- Looking --------------------------------------------------------------------------------

FleetSnapshot Fleet::Impl::snapshot() const {
    FleetSnapshot snapshot{.at = clock.steady(), .chargers = {}, .circuits = record.circuits()};
    snapshot.chargers.reserve(seats.size());
    for (const auto& seat : seats) snapshot.chargers.push_back(seat.station->snapshot());
    return snapshot;
}

void Fleet::Impl::something_happened() {
    if (waiters.empty() || std::exchange(waiters_told, true)) return;
    asio::post(loop, [this] { ask_waiters(); });
}

void Fleet::Impl::ask_waiters() {
    waiters_told = false;
    if (waiters.empty()) return;
    const auto seen = snapshot();
    std::erase_if(waiters, [&](const std::shared_ptr<Waiter>& waiter) {
        if (!waiter->reached(seen)) return false;
        waiter->done.set_value();
        return true;
    });
}

Seat* Fleet::Impl::find(std::string_view id) {
    const auto found = index_by_id.find(std::string(id));
    return found == index_by_id.end() ? nullptr : &seats[found->second];
}

// --- The public face ------------------------------------------------------------------------

Result<std::unique_ptr<Fleet>> Fleet::start(FleetOptions options) {
    BUSBAR_TRY(address, parse_address(options.url));
    BUSBAR_TRY(fine, check_options(options));
    (void)fine;
    auto impl = std::make_unique<Impl>(std::move(options), std::move(address));
    impl->launch();
    return std::make_unique<Fleet>(std::move(impl));
}

Fleet::Fleet(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Fleet::~Fleet() {
    stop();
    impl_->context.stop();
    impl_->thread.join();
}

void Fleet::stop() {
    std::call_once(impl_->stop_once, [this] {
        impl_->ask([this] { impl_->finish(); });
        impl_->ended.get_future().wait();
    });
}

Status Fleet::plug(std::string_view charger, VehicleSpec car) {
    return impl_->ask([&]() -> Status {
        auto* seat = impl_->find(charger);
        if (seat == nullptr) return not_found(charger);
        return seat->station->plug(std::move(car));
    });
}

Status Fleet::unplug(std::string_view charger) {
    return impl_->ask([&]() -> Status {
        auto* seat = impl_->find(charger);
        if (seat == nullptr) return not_found(charger);
        return seat->station->unplug();
    });
}

Status Fleet::set_behaviour(std::string_view charger, Behaviour behaviour) {
    return impl_->ask([&]() -> Status {
        auto* seat = impl_->find(charger);
        if (seat == nullptr) return not_found(charger);
        seat->station->set_behaviour(behaviour);
        return Done{};
    });
}

Result<std::size_t> Fleet::release(std::string_view charger) {
    return impl_->ask([&]() -> Result<std::size_t> {
        auto* seat = impl_->find(charger);
        if (seat == nullptr) return not_found(charger);
        return seat->station->release();
    });
}

Status Fleet::disconnect(std::string_view charger) {
    return impl_->ask([&]() -> Status {
        auto* seat = impl_->find(charger);
        if (seat == nullptr) return not_found(charger);
        seat->uplink->hang_up();
        return Done{};
    });
}

Status Fleet::set_uplink(std::string_view charger, bool up) {
    return impl_->ask([&]() -> Status {
        auto* seat = impl_->find(charger);
        if (seat == nullptr) return not_found(charger);
        seat->uplink->set_up(up);
        return Done{};
    });
}

Status Fleet::reboot(std::string_view charger) {
    return impl_->ask([&]() -> Status {
        auto* seat = impl_->find(charger);
        if (seat == nullptr) return not_found(charger);
        seat->station->reboot();
        return Done{};
    });
}

FleetSnapshot Fleet::snapshot() const {
    return impl_->ask([this] { return impl_->snapshot(); });
}

Result<std::vector<ReceivedProfile>> Fleet::received(std::string_view charger) const {
    return impl_->ask([&]() -> Result<std::vector<ReceivedProfile>> {
        const auto* seat = impl_->find(charger);
        if (seat == nullptr) return not_found(charger);
        const auto& received = seat->station->received();
        return std::vector<ReceivedProfile>(received.begin(), received.end());
    });
}

void Fleet::restart_record() {
    impl_->ask([this] { impl_->record.restart(impl_->clock.steady()); });
}

bool Fleet::wait_until(std::function<bool(const FleetSnapshot&)> reached, Duration most) const {
    auto waiter = std::make_shared<Waiter>(Waiter{std::move(reached), {}});
    auto done = waiter->done.get_future();
    impl_->ask([this, waiter] {
        impl_->waiters.push_back(waiter);
        impl_->ask_waiters();
    });
    if (done.wait_for(most) == std::future_status::ready) return true;
    return impl_->ask([this, waiter] {
        // It may have been reached on the way here.
        return std::erase(impl_->waiters, waiter) == 0;
    });
}

}  // namespace busbar::sim
