#include "app/server.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <future>
#include <random>

#include "access/key.hpp"
#include "access/onboarding.hpp"
#include "feeder/feeder.hpp"
#include "http/api.hpp"
#include "http/framing.hpp"
#include "http/problem.hpp"
#include "http/server.hpp"
#include "net/asio_strand.hpp"
#include "net/io_threads.hpp"
#include "net/tls.hpp"
#include "ocpp/doorkeeper.hpp"
#include "ocpp/frame_log.hpp"
#include "ocpp/gateway.hpp"
#include "store/sqlite_store.hpp"
#include "store/sqlite_telemetry.hpp"

namespace busbar::app {

namespace beast = boost::beast;

namespace {

using namespace std::chrono_literals;

constexpr auto kReportPatience = 5s;
constexpr auto kCertificateEndsSoon = std::chrono::hours{24 * 14};

Error of_setting(Error error, const char* setting) {
    error.field = setting;
    return error;
}

Status make_folder(const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (!error && !std::filesystem::is_directory(path, error))
        return Error{Errc::kInvalid, path.string() + " is not a folder", "data-dir"};
    if (error) return Error{Errc::kInvalid, path.string() + ": " + error.message(), "data-dir"};
    return Done{};
}

// Chance for transaction ids, which nobody outside should be able to guess.
std::uint32_t random_number() {
    thread_local std::random_device device;
    return device();
}

// The metrics count what the log keeps.
class Ears final : public ocpp::GatewayObserver {
public:
    Ears(Metrics& metrics, ocpp::FrameRing& frames) : metrics_(metrics), frames_(frames) {}

    void opened() override { metrics_.opened(); }
    void closed() override { metrics_.closed(); }
    void passed(const ChargerId& charger, ocpp::Direction direction,
                std::string_view frame) override {
        metrics_.passed(charger, direction, frame);
        frames_.add(charger, direction, frame);
    }
    void malformed() override { metrics_.malformed(); }
    void refused(std::string_view reason) override { metrics_.refused(reason); }
    void called(CallOutcome outcome, std::chrono::nanoseconds took) override {
        metrics_.called(outcome, took);
    }

private:
    Metrics& metrics_;
    ocpp::FrameRing& frames_;
};

}  // namespace

struct Server::Impl {
    explicit Impl(const Settings& with) : settings(with), io(with.threads) {}

    // In the order in which they need each other; destroyed the other way round.
    Settings settings;
    control::Feed feed;
    Metrics metrics;
    ocpp::FrameRing frames{real_clock()};
    Ears ears{metrics, frames};
    std::unique_ptr<store::SqliteStore> store;
    std::unique_ptr<store::SqliteTelemetry> telemetry;
    net::IoThreads io;
    std::unique_ptr<net::Listener> listener;
    std::unique_ptr<net::Tls> tls;
    std::unique_ptr<net::Listener> tls_listener;
    std::optional<access::Keysmith> smith;
    access::Onboarding onboarding;
    std::unique_ptr<control::Control> control;
    std::unique_ptr<ocpp::Doorkeeper> door;
    std::unique_ptr<ocpp::Gateway> gateway;
    std::unique_ptr<http::Api> api;
    std::unique_ptr<http::Server> web;
    std::unique_ptr<http::Server> tls_web;
    std::unique_ptr<feeder::FeederMeters> meters;

    ~Impl() {
        // No new work; then no more sends; then the connections; then what they still called.
        if (listener) listener->stop();
        if (tls_listener) tls_listener->stop();
        if (meters) meters->stop();
        if (control) control->stop();
        if (web) web->stop();
        if (tls_web) tls_web->stop();
        if (gateway) gateway->stop();
        store.reset();  // Writes what is queued, while those who wait for it still live.
        telemetry.reset();
        io.stop();
    }

    Status start(Hooks& hooks) {
        BUSBAR_TRY(listening, listen());
        (void)listening;
        BUSBAR_TRY(folder, make_folder(settings.data_dir));
        (void)folder;
        auto opened = store::SqliteStore::open(settings.data_dir / "control.db", real_clock());
        if (!opened) return of_setting(std::move(opened).error(), "data-dir");
        store = std::move(*opened);
        auto readings =
            store::SqliteTelemetry::open(settings.data_dir / "telemetry.db", real_clock());
        if (!readings) return of_setting(std::move(readings).error(), "data-dir");
        telemetry = std::move(*readings);
        if (hooks.prepare) {
            auto stored = store->load();
            if (!stored) return of_setting(std::move(stored).error(), "data-dir");
            BUSBAR_TRY(prepared, hooks.prepare(*store, *stored));
            (void)prepared;
        }
        BUSBAR_TRY(with_secret, open_smith());
        (void)with_secret;
        metrics.watch(feed);
        if (hooks.watch) hooks.watch(feed);
        return serve();
    }

    Status listen() {
        auto made = net::Listener::open(io, {.host = settings.host, .port = settings.port});
        if (!made) {
            const bool port = made.error().code != Errc::kInvalid;
            return of_setting(std::move(made).error(), port ? "port" : "host");
        }
        listener = std::move(*made);
        return settings.tls ? listen_to_tls(*settings.tls) : Done{};
    }

    Status listen_to_tls(const Settings::TlsDoor& with) {
        auto read = net::Tls::open({with.certificate, with.key, with.client_ca});
        if (!read) {
            auto error = std::move(read).error();
            error.field = "tls_" + error.field;
            return error;
        }
        tls = std::move(*read);
        warn_of_its_end();
        auto made = net::Listener::open(io, {.host = with.host, .port = with.port});
        if (!made) {
            const bool port = made.error().code != Errc::kInvalid;
            return of_setting(std::move(made).error(), port ? "tls_port" : "tls_host");
        }
        tls_listener = std::move(*made);
        return Done{};
    }

    void warn_of_its_end() const {
        const auto end = tls->expires();
        if (end < real_clock().wall() + kCertificateEndsSoon)
            log::warn("the TLS certificate ends soon", {{"at", format_time(end)}});
    }

    // A store whose keys were sealed with a secret that is gone would lock all chargers out.
    Status open_smith() {
        const auto file = settings.data_dir / "charger-keys.secret";
        std::error_code unknown;
        if (!std::filesystem::exists(file, unknown)) {
            auto stored = store->load();
            if (!stored) return of_setting(std::move(stored).error(), "data-dir");
            for (const auto& access : stored->access)
                if (access.key)
                    return Error{Errc::kInvalid,
                                 file.string() +
                                     " is not there, and chargers have keys that only "
                                     "it can check: put it back from the backup",
                                 "data-dir"};
        }
        auto opened = access::Keysmith::open(file);
        if (!opened) return of_setting(std::move(opened).error(), "data-dir");
        smith.emplace(std::move(*opened));
        return Done{};
    }

    std::unique_ptr<Strand> strand() {
        return std::make_unique<net::AsioStrand>(io.context().get_executor());
    }

    Status serve() {
        control = std::make_unique<control::Control>(
            *store, *telemetry, real_clock(), feed, [this] { return strand(); }, random_number);
        ocpp::GatewayOptions options;
        options.conversation.call_timeout = settings.call_timeout;
        options.max_message_bytes = settings.max_message_kib * 1024;
        ocpp::DoorkeeperOptions asks;
        asks.otherwise = settings.charger_profile;
        door = std::make_unique<ocpp::Doorkeeper>(*control, *smith, onboarding, real_clock(), asks);
        gateway = std::make_unique<ocpp::Gateway>(io.context().get_executor(), *control,
                                                  real_clock(), options, &ears, door.get());
        api = std::make_unique<http::Api>(*control, *store, *telemetry, real_clock(), answers());
        open_web();
        if (auto started = control->start(*gateway); !started)
            return of_setting(std::move(started).error(), "data-dir");
        BUSBAR_TRY(measuring, measure());
        (void)measuring;
        say_what_is_open();
        listener->start([this](boost::asio::ip::tcp::socket socket, net::Seat seat) {
            web->take(beast::tcp_stream(std::move(socket)), std::move(seat));
        });
        if (!tls) return Done{};
        tls_listener->start([this](boost::asio::ip::tcp::socket socket, net::Seat seat) {
            tls_web->take(tls->accept(std::move(socket)), std::move(seat));
        });
        return Done{};
    }

    void open_web() {
        http::ServerOptions options;
        options.own_hosts = {settings.host};
        if (settings.open_network) options.own_hosts.push_back(http::kAnyHost);
        web = make_web(options, false);
        if (!tls) return;
        const bool chargers_only = settings.tls->chargers_only;
        options.own_hosts.push_back(chargers_only ? http::kAnyHost : settings.tls->host);
        tls_web = make_web(options, chargers_only);
    }

    std::unique_ptr<http::Server> make_web(http::ServerOptions options, bool chargers_only) {
        auto handle = [this, chargers_only](http::Request request, const http::Reply& reply) {
            if (!chargers_only) return api->handle(std::move(request), reply);
            reply(http::problem(Error{
                Errc::kForbidden, "this port is for chargers: the API listens on loopback only"}));
        };
        auto upgrade = [this](net::ByteStream&& stream, auto&& request, net::Seat&& seat) {
            const std::string_view target(request.target().data(), request.target().size());
            if (!ocpp::Gateway::is_ocpp_path(target)) return false;
            gateway->accept(std::move(stream), std::move(request), std::move(seat));
            return true;
        };
        return std::make_unique<http::Server>(real_clock(), std::move(handle), std::move(upgrade),
                                              std::move(options));
    }

    void say_what_is_open() const {
        if (settings.charger_profile != SecurityProfile::kOpen) return;
        if (settings.open_network)
            log::warn("any charger is let in that has no key: set charger_profile", {});
        else
            log::info("chargers without a key are let in from this machine", {});
    }

    // What the meters of feeders show goes to the circuits that name them.
    Status measure() {
        if (settings.feeders.empty()) return Done{};
        const auto seed = std::uint64_t{random_number()} << 32U | random_number();
        meters = std::make_unique<feeder::FeederMeters>(real_clock(), seed);
        auto started = meters->start(settings.feeders, [this](const feeder::Sample& sample) {
            control->feeder_sample(sample.meter, sample.current, sample.at);
        });
        if (!started) return of_setting(std::move(started).error(), "feeders");
        return Done{};
    }

    http::ApiOptions answers() {
        return {.version = BUSBAR_VERSION,
                .metrics = [this] { return metrics.text(); },
                .dispatch =
                    [this] {
                        const auto times = metrics.dispatch_times();
                        return http::DispatchFigures{times.count, times.p50_ms, times.p99_ms,
                                                     times.max_ms};
                    },
                .smith = &*smith,
                .onboarding = &onboarding,
                .timer = strand(),
                .frames = &frames};
    }
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(const Settings& settings, Hooks hooks) {
    auto impl = std::make_unique<Impl>(settings);
    if (auto started = impl->start(hooks); !started) return std::move(started).error();
    return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const {
    return impl_->listener->port();
}

std::optional<std::uint16_t> Server::tls_port() const {
    if (!impl_->tls_listener) return {};
    return impl_->tls_listener->port();
}

Status Server::reload() {
    if (!impl_->tls) return Done{};
    BUSBAR_TRY(read, impl_->tls->reload());
    (void)read;
    impl_->warn_of_its_end();
    return Done{};
}

std::string Server::url() const {
    const auto& host = impl_->settings.host;
    const bool v6 = host.find(':') != std::string::npos;
    return "http://" + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port());
}

control::Control& Server::control() {
    return *impl_->control;
}

Metrics& Server::metrics() {
    return impl_->metrics;
}

std::vector<control::SiteReport> Server::reports() {
    using Reports = std::vector<control::SiteReport>;
    const auto promise = std::make_shared<std::promise<Reports>>();
    auto answer = promise->get_future();
    impl_->control->reports([promise](Result<Reports> reports) {
        promise->set_value(reports ? std::move(*reports) : Reports{});
    });
    if (answer.wait_for(kReportPatience) != std::future_status::ready) return {};
    return answer.get();
}

}  // namespace busbar::app
