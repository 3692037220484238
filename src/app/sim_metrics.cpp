#include "app/sim_metrics.hpp"

#include <array>

#include "app/metrics_text.hpp"
#include "base/clock.hpp"
#include "http/server.hpp"
#include "net/io_threads.hpp"
#include "net/listener.hpp"

namespace busbar::app {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

MetricFamily family(std::string name, std::string help, MetricType type = MetricType::Gauge) {
    MetricFamily made;
    made.name = std::move(name);
    made.help = std::move(help);
    made.type = type;
    return made;
}

void add(MetricFamily& to, Labels labels, double value) {
    ClientMetric metric;
    metric.label = std::move(labels);
    (to.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    to.metric.push_back(std::move(metric));
}

double in_amperes(Amperes amount) {
    return static_cast<double>(amount.in_milli()) / 1000;
}

MetricFamily chargers_by_state(const sim::FleetSnapshot& now) {
    auto chargers = family("busbar_sim_chargers", "Chargers by what they are doing");
    std::int64_t connected = 0, accepted = 0, in_transaction = 0, drawing = 0;
    for (const auto& charger : now.chargers) {
        connected += charger.connected;
        accepted += charger.connected && charger.registration == Registration::kAccepted;
        in_transaction += charger.in_transaction;
        drawing += charger.drawn != PerPhase{};
    }
    add(chargers, {{"state", "all"}}, static_cast<double>(now.chargers.size()));
    add(chargers, {{"state", "connected"}}, static_cast<double>(connected));
    add(chargers, {{"state", "accepted"}}, static_cast<double>(accepted));
    add(chargers, {{"state", "in_transaction"}}, static_cast<double>(in_transaction));
    add(chargers, {{"state", "drawing"}}, static_cast<double>(drawing));
    return chargers;
}

struct Count {
    const char* name;
    const char* help;
    std::int64_t sim::ChargerSnapshot::*figure;
};
constexpr std::array<Count, 6> kCounts{{
    {"busbar_sim_connects_total", "Connections made", &sim::ChargerSnapshot::connects},
    {"busbar_sim_boots_total", "BootNotifications sent", &sim::ChargerSnapshot::boots},
    {"busbar_sim_profiles_received_total", "SetChargingProfile calls",
     &sim::ChargerSnapshot::profiles_received},
    {"busbar_sim_calls_given_up_total", "Calls of chargers that were lost for good",
     &sim::ChargerSnapshot::calls_given_up},
    {"busbar_sim_call_errors_total", "Calls of chargers that the CSMS answered with an error",
     &sim::ChargerSnapshot::call_errors_received},
    {"busbar_sim_bad_frames_total", "Texts from the CSMS that are no OCPP-J",
     &sim::ChargerSnapshot::bad_frames_received},
}};

// What flows through each circuit, and what its chargers would let flow, now and at most.
void add_circuits(const sim::FleetSnapshot& now, std::vector<MetricFamily>& families) {
    auto breaker = family("busbar_sim_breaker_amperes", "Rating of the circuit's breaker");
    auto flows = family("busbar_sim_circuit_amperes",
                        "Sum of what the chargers of this behaviour draw, or enforce");
    auto most = family("busbar_sim_circuit_most_amperes", "The most that was since the start");
    auto over = family("busbar_sim_moments_over_total",
                       "Measurements above the breaker on any line", MetricType::Counter);
    for (const auto& circuit : now.circuits) {
        const auto behaviour = circuit.manner.empty() ? "all" : circuit.manner;
        for (const auto& [kind, sum] :
             {std::pair{"drawn", &circuit.drawn}, std::pair{"enforced", &circuit.enforced}}) {
            const Labels of{{"circuit", circuit.id.str()}, {"behaviour", behaviour}, {"sum", kind}};
            for (const auto line : kPhases) {
                auto labels = of;
                labels.push_back({"line", std::string(to_string(line))});
                add(flows, labels, in_amperes(sum->now[line]));
                add(most, labels, in_amperes(sum->most[line]));
            }
            add(over, of, static_cast<double>(sum->moments_over));
        }
        if (!circuit.manner.empty()) continue;
        for (const auto line : kPhases)
            add(breaker, {{"circuit", circuit.id.str()}, {"line", std::string(to_string(line))}},
                in_amperes(circuit.breaker[line]));
    }
    for (auto* each : {&breaker, &flows, &most, &over}) families.push_back(std::move(*each));
}

}  // namespace

std::string fleet_metrics(const sim::FleetSnapshot& now) {
    std::vector<MetricFamily> families{chargers_by_state(now)};
    for (const auto& [name, help, figure] : kCounts) {
        std::int64_t sum = 0;
        for (const auto& charger : now.chargers) sum += charger.*figure;
        auto count = family(name, help, MetricType::Counter);
        add(count, {}, static_cast<double>(sum));
        families.push_back(std::move(count));
    }
    add_circuits(now, families);
    return metrics_text(families);
}

struct SimMetrics::Impl {
    explicit Impl(std::function<sim::FleetSnapshot()> from) : look(std::move(from)) {}
    ~Impl() {
        if (listener) listener->stop();
        if (web) web->stop();
        io.stop();
    }

    const std::function<sim::FleetSnapshot()> look;
    http::Router router;
    net::IoThreads io{1};
    std::unique_ptr<net::Listener> listener;
    std::unique_ptr<http::Server> web;
};

SimMetrics::SimMetrics(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SimMetrics::~SimMetrics() = default;

std::uint16_t SimMetrics::port() const {
    return impl_->listener->port();
}

Result<std::unique_ptr<SimMetrics>> SimMetrics::serve(std::uint16_t port,
                                                      std::function<sim::FleetSnapshot()> look) {
    auto impl = std::make_unique<Impl>(std::move(look));
    BUSBAR_TRY(listener, net::Listener::open(impl->io, {.port = port}));
    impl->listener = std::move(listener);
    auto* self = impl.get();
    impl->router.add(
        http::Method::kGet, "/metrics", [self](const http::Request&, const http::Reply& reply) {
            reply(
                {.content_type = "text/plain; version=0.0.4", .body = fleet_metrics(self->look())});
        });
    impl->web = std::make_unique<http::Server>(
        real_clock(),
        [self](http::Request request, const http::Reply& reply) {
            self->router.handle(std::move(request), reply);
        },
        [](auto&&...) { return false; });
    impl->listener->start([self](boost::asio::ip::tcp::socket socket, net::Seat seat) {
        self->web->take(boost::beast::tcp_stream(std::move(socket)), std::move(seat));
    });
    return std::unique_ptr<SimMetrics>(new SimMetrics(std::move(impl)));
}

}  // namespace busbar::app
