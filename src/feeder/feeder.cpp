#include "feeder/feeder.hpp"

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <system_error>
#include <thread>

#include "feeder/mqtt.hpp"
#include "feeder/source.hpp"

namespace busbar::feeder {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

Error wrong_setting(std::string_view name, std::string message) {
    return {Errc::kInvalid, std::move(message), std::string(name)};
}

std::string in_milliseconds(Duration time) {
    return std::to_string(std::chrono::duration_cast<milliseconds>(time).count());
}

Status check_time(std::string_view name, Duration time, Duration least, Duration most) {
    if (time >= least && time <= most) return Done{};
    return wrong_setting(name, "must be from " + in_milliseconds(least) + " to " +
                                   in_milliseconds(most) + " milliseconds");
}

Status check_server(const std::string& host, std::uint16_t port) {
    constexpr std::size_t kMostName = 253;  // Of DNS.
    const bool plain = std::ranges::all_of(host, [](char c) { return c > ' ' && c < '\x7f'; });
    if (host.empty() || host.size() > kMostName || !plain)
        return wrong_setting("host", "must be a name or an address");
    if (port == 0) return wrong_setting("port", "must be from 1 to 65535");
    return Done{};
}

Status check_scale(Amperes scale) {
    if (scale > 0_A && scale <= kMostScale) return Done{};
    return wrong_setting("scale",
                         "must be from 0.001 to " + decimal(kMostScale.in_milli()) + " amperes");
}

constexpr std::array<std::string_view, 3> kLineNames{"l1", "l2", "l3"};

Status check_link(const Modbus& modbus) {
    BUSBAR_TRY(server, check_server(modbus.host, modbus.port));
    (void)server;
    BUSBAR_TRY(scale, check_scale(modbus.registers.encoding.scale));
    (void)scale;
    bool any = false;
    for (std::size_t line = 0; line < kLineNames.size(); ++line) {
        const auto& address = modbus.registers.addresses[line];
        if (!address) continue;
        any = true;
        if (*address + registers_of(modbus.registers.encoding.number) > 65'536)
            return wrong_setting(kLineNames[line], "the number does not fit above this register");
    }
    if (!any) return wrong_setting("l1", "at least one line must be measured");
    BUSBAR_TRY(interval, check_time("interval_ms", modbus.interval, milliseconds{200}, minutes{1}));
    (void)interval;
    return check_time("timeout_ms", modbus.timeout, milliseconds{10}, seconds{10});
}

Status check_login(const Mqtt& mqtt) {
    if (mqtt.username && mqtt.username->size() > mqtt::kMostText)
        return wrong_setting("username", "is too long");
    if (mqtt.password && mqtt.password->size() > mqtt::kMostText)
        return wrong_setting("password", "is too long");
    if (mqtt.password && !mqtt.username)
        return wrong_setting("password", "goes with a username only");
    return Done{};
}

bool is_pointer(std::string_view text) {
    return text.empty() || (text.front() == '/' && text.size() <= 256);
}

Status check_link(const Mqtt& mqtt) {
    BUSBAR_TRY(server, check_server(mqtt.host, mqtt.port));
    (void)server;
    BUSBAR_TRY(scale, check_scale(mqtt.scale));
    (void)scale;
    BUSBAR_TRY(login, check_login(mqtt));
    (void)login;
    bool any = false;
    for (std::size_t line = 0; line < kLineNames.size(); ++line) {
        if (!mqtt.lines[line]) continue;
        any = true;
        if (!mqtt::is_topic(mqtt.lines[line]->topic))
            return wrong_setting(kLineNames[line], "must be one topic, without + and #");
        if (!is_pointer(mqtt.lines[line]->pointer))
            return wrong_setting(kLineNames[line], "must be a JSON pointer: /phases/0/current");
    }
    if (!any) return wrong_setting("l1", "at least one line must be measured");
    BUSBAR_TRY(alive, check_time("keep_alive_ms", mqtt.keep_alive, seconds{1}, minutes{10}));
    (void)alive;
    return check_time("timeout_ms", mqtt.timeout, milliseconds{10}, minutes{1});
}

// OpenSSL writes to sockets that may be closed; the answer is to be an error, not the end.
void block_broken_pipe() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    BUSBAR_CHECK(pthread_sigmask(SIG_BLOCK, &signals, nullptr) == 0);
}

// At most 23 letters and digits: what every broker takes.
std::string client_name(std::uint64_t chance) {
    std::array<char, 24> text{};
    const int length = std::snprintf(text.data(), text.size(), "busbar%016llx",
                                     static_cast<unsigned long long>(chance));
    return std::string(text.data(), static_cast<std::size_t>(length));
}

std::uint64_t mixed(std::uint64_t bits) {  // SplitMix64's end: near seeds become far ones.
    bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9U;
    bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebU;
    return bits ^ (bits >> 31U);
}

}  // namespace

Status check_source(const Source& source) {
    if (source.meter.str().empty() || source.meter.str().size() > 64)
        return wrong_setting("meter", "must be 1 to 64 bytes");
    return std::visit([](const auto& link) { return check_link(link); }, source.link);
}

// --- Threads -------------------------------------------------------------------------------

// Stays where it is, as its thread has references into it.
struct Running {
    Running(Source from, const Clock& clock, const Sink& sink)
        : source(std::move(from)), journal(source.meter, clock, sink) {}

    const Source source;
    Journal journal;
    std::thread thread = {};
};

struct FeederMeters::Impl {
    Impl(const Clock& real, std::uint64_t chance, Reconnect waits)
        : clock(real), seed(chance), reconnect(waits), waiter(real, stop_signal) {}

    void run(Running& each, std::uint64_t chance) {
        block_broken_pipe();
        const Backoff backoff(reconnect.least, reconnect.most, chance);
        if (const auto* modbus = std::get_if<Modbus>(&each.source.link))
            run_modbus(*modbus, waiter, backoff, each.journal);
        if (const auto* mqtt = std::get_if<Mqtt>(&each.source.link))
            run_mqtt(*mqtt, client_name(mixed(chance)), waiter, backoff, each.journal);
    }

    const Clock& clock;
    const std::uint64_t seed;
    const Reconnect reconnect;
    StopSignal stop_signal;
    const Waiter waiter;
    Sink sink;
    mutable std::mutex mutex;  // Over what follows, while threads start and end.
    std::vector<std::unique_ptr<Running>> running;
    bool started = false;
};

FeederMeters::FeederMeters(const Clock& clock, std::uint64_t seed, Reconnect reconnect)
    : impl_(std::make_unique<Impl>(clock, seed, reconnect)) {}

FeederMeters::~FeederMeters() {
    stop();
}

Status FeederMeters::start(std::vector<Source> sources, Sink sink) {
    if (sources.size() > kMostSources)
        return wrong_setting("feeder", "at most " + std::to_string(kMostSources) + " are taken");
    for (std::size_t i = 0; i < sources.size(); ++i) {
        const auto name = "feeder[" + std::to_string(i) + "].";
        if (auto status = check_source(sources[i]); !status) {
            auto error = std::move(status).error();
            error.field = name + error.field;
            return error;
        }
        for (std::size_t j = 0; j < i; ++j)
            if (sources[j].meter == sources[i].meter)
                return wrong_setting(name + "meter", "another source is of this meter already");
    }
    const std::lock_guard lock(impl_->mutex);
    BUSBAR_CHECK(!impl_->started);
    BUSBAR_CHECK(sink != nullptr);
    impl_->started = true;
    impl_->sink = std::move(sink);
    if (impl_->stop_signal.is_set()) return Done{};
    auto chance = impl_->seed;
    for (auto& source : sources) {
        impl_->running.push_back(
            std::make_unique<Running>(std::move(source), impl_->clock, impl_->sink));
        auto& each = *impl_->running.back();
        chance = mixed(chance + 0x9e3779b97f4a7c15U);
        try {
            each.thread = std::thread([this, &each, chance] { impl_->run(each, chance); });
        } catch (const std::system_error& error) {
            impl_->stop_signal.set();
            return Error{Errc::kUnavailable, std::string("cannot start a thread: ") + error.what()};
        }
    }
    return Done{};
}

void FeederMeters::stop() {
    impl_->stop_signal.set();
    const std::lock_guard lock(impl_->mutex);
    for (const auto& each : impl_->running)
        if (each->thread.joinable()) each->thread.join();
}

std::vector<SourceStatus> FeederMeters::status() const {
    const std::lock_guard lock(impl_->mutex);
    std::vector<SourceStatus> all;
    for (const auto& each : impl_->running) all.push_back(each->journal.status());
    return all;
}

}  // namespace busbar::feeder
