#include "app/server.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <future>
#include <random>

#include "feeder/feeder.hpp"
#include "http/api.hpp"
#include "http/framing.hpp"
#include "http/server.hpp"
#include "net/asio_strand.hpp"
#include "net/io_threads.hpp"
#include "ocpp/frame_log.hpp"
#include "ocpp/gateway.hpp"
#include "store/sqlite_store.hpp"
#include "store/sqlite_telemetry.hpp"

namespace busbar::app {

namespace beast = boost::beast;

namespace {

using namespace std::chrono_literals;

constexpr auto kReportPatience = 5s;

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

}  // namespace

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
    std::unique_ptr<control::Control> control;
    std::unique_ptr<ocpp::Gateway> gateway;
    std::unique_ptr<http::Api> api;
    std::unique_ptr<http::Server> web;
    std::unique_ptr<feeder::FeederMeters> meters;

    ~Impl() {
        // No new work; then no more sends; then the connections; then what they still called.
        if (listener) listener->stop();
        if (meters) meters->stop();
        if (control) control->stop();
        if (web) web->stop();
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
        gateway = std::make_unique<ocpp::Gateway>(io.context().get_executor(), *control,
                                                  real_clock(), options, &ears);
        api = std::make_unique<http::Api>(*control, *store, *telemetry, real_clock(), answers());
        http::ServerOptions web_options;
        web_options.own_hosts = {settings.host};
        if (settings.open_network) web_options.own_hosts.push_back(http::kAnyHost);
        auto handle = [this](http::Request request, http::Reply reply) {
            api->handle(std::move(request), std::move(reply));
        };
        auto upgrade = [this](beast::tcp_stream&& stream, auto&& request, net::Seat&& seat) {
            const std::string_view target(request.target().data(), request.target().size());
            if (!ocpp::Gateway::is_ocpp_path(target)) return false;
            gateway->accept(std::move(stream), std::move(request), std::move(seat));
            return true;
        };
        web = std::make_unique<http::Server>(real_clock(), std::move(handle), std::move(upgrade),
                                             std::move(web_options));
        if (auto started = control->start(*gateway); !started)
            return of_setting(std::move(started).error(), "data-dir");
        BUSBAR_TRY(measuring, measure());
        (void)measuring;
        listener->start([this](boost::asio::ip::tcp::socket socket, net::Seat seat) {
            web->take(std::move(socket), std::move(seat));
        });
        return Done{};
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
