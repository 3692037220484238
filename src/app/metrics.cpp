#include "app/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <deque>

#include "app/metrics_text.hpp"
#include "app/quantiles.hpp"
#include "base/guarded.hpp"

namespace busbar::app {
namespace {

using prometheus::Histogram;

constexpr std::size_t kRecent = 1'000;

// From a tenth of a millisecond to half a minute.
const Histogram::BucketBoundaries kSeconds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                           0.025,  0.05,    0.1,    0.25,  1,      5,     30};

double seconds(std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
}

double amperes(Amperes amount) {
    return static_cast<double>(amount.in_milli()) / 1000;
}

const char* word(control::Waited waited) {
    switch (waited) {
        case control::Waited::kNothing:
            return "nothing";
        case control::Waited::kCharger:
            return "charger";
        case control::Waited::kAmperes:
            return "amperes";
    }
    __builtin_unreachable();
}

}  // namespace

struct Metrics::Impl {
    prometheus::Registry registry;

    prometheus::Family<Histogram>& dispatch =
        prometheus::BuildHistogram()
            .Name("busbar_rule_dispatch_seconds")
            .Help(
                "From a write accepted to the limit handed to the charger's socket, by what "
                "beyond our own work it waited for")
            .Register(registry);
    prometheus::Family<Histogram>& ack =
        prometheus::BuildHistogram()
            .Name("busbar_rule_ack_seconds")
            .Help("From a write accepted to the charger's acceptance")
            .Register(registry);
    Histogram& resolve = prometheus::BuildHistogram()
                             .Name("busbar_resolve_seconds")
                             .Help("One resolve of one site")
                             .Register(registry)
                             .Add({}, kSeconds);
    Histogram& boundary = prometheus::BuildHistogram()
                              .Name("busbar_boundary_lag_seconds")
                              .Help("From a rule's boundary to the resolve that saw it")
                              .Register(registry)
                              .Add({}, kSeconds);
    prometheus::Family<prometheus::Counter>& rejected =
        prometheus::BuildCounter()
            .Name("busbar_profile_rejected_total")
            .Help("Limits that a charger did not accept")
            .Register(registry);
    prometheus::Counter& alarms = prometheus::BuildCounter()
                                      .Name("busbar_alarms_total")
                                      .Help("Alarms raised")
                                      .Register(registry)
                                      .Add({});
    prometheus::Gauge& connections = prometheus::BuildGauge()
                                         .Name("ocpp_connections_active")
                                         .Help("Chargers connected")
                                         .Register(registry)
                                         .Add({});
    prometheus::Family<prometheus::Counter>& messages = prometheus::BuildCounter()
                                                            .Name("ocpp_messages_total")
                                                            .Help("OCPP messages, by direction")
                                                            .Register(registry);
    prometheus::Counter& messages_in = messages.Add({{"direction", "in"}});
    prometheus::Counter& messages_out = messages.Add({{"direction", "out"}});
    prometheus::Counter& validation = prometheus::BuildCounter()
                                          .Name("ocpp_validation_failures_total")
                                          .Help("Frames that could not be understood")
                                          .Register(registry)
                                          .Add({});
    prometheus::Counter& refusals = prometheus::BuildCounter()
                                        .Name("ocpp_handshakes_refused_total")
                                        .Help("Connections turned away at the handshake")
                                        .Register(registry)
                                        .Add({});
    prometheus::Family<prometheus::Counter>& calls = prometheus::BuildCounter()
                                                         .Name("ocpp_calls_total")
                                                         .Help("Our calls, by how they ended")
                                                         .Register(registry);
    Histogram& call_duration = prometheus::BuildHistogram()
                                   .Name("ocpp_call_duration_seconds")
                                   .Help("From a call's frame at the socket to its end")
                                   .Register(registry)
                                   .Add({}, kSeconds);
    prometheus::Family<prometheus::Gauge>& limit = circuit_gauge("limit", "may be handed out");
    prometheus::Family<prometheus::Gauge>& potential =
        circuit_gauge("potential", "the chargers below may be drawing");
    prometheus::Family<prometheus::Gauge>& metered =
        circuit_gauge("metered", "the chargers below reported");
    prometheus::Family<prometheus::Gauge>& measured =
        prometheus::BuildGauge()
            .Name("busbar_circuit_measured_ratio")
            .Help(
                "What the feeder's own meter shows over what the circuit is rated for, by circuit "
                "and phase")
            .Register(registry);
    prometheus::Family<prometheus::Gauge>& stranded =
        prometheus::BuildGauge()
            .Name("busbar_stranded_amperes")
            .Help(
                "Held for chargers that are not connected, above their floors, sum over EVSEs, by "
                "site")
            .Register(registry);

    struct Recent {
        std::int64_t count = 0;
        std::deque<double> times_ms;
    };
    Guarded<Recent> recent;

    prometheus::Family<prometheus::Gauge>& circuit_gauge(const char* what, const char* help) {
        return prometheus::BuildGauge()
            .Name("busbar_circuit_" + std::string(what) + "_amperes")
            .Help("What " + std::string(help) + ", by circuit and phase")
            .Register(registry);
    }

    // A line that nobody measures now is not shown, rather than as it was.
    void show_measured(const control::CircuitReport& circuit, Phase phase,
                       const prometheus::Labels& labels) {
        auto& gauge = measured.Add(labels);
        const auto rating = circuit.circuit.breaker[phase];
        if (circuit.measured && rating > 0_A)
            gauge.Set(amperes((*circuit.measured)[phase]) / amperes(rating));
        else
            measured.Remove(&gauge);
    }

    void dispatched(const control::Dispatched& event) {
        if (!event.cause) return;
        const auto took = event.at - event.cause->accepted_at;
        dispatch.Add({{"waited", word(event.cause->waited)}}, kSeconds).Observe(seconds(took));
        if (event.cause->waited != control::Waited::kNothing) return;
        recent.with([&](Recent& r) {
            ++r.count;
            r.times_ms.push_back(seconds(took) * 1000);
            if (r.times_ms.size() > kRecent) r.times_ms.pop_front();
        });
    }

    void answered(const control::Answered& event) {
        if (event.outcome != CallOutcome::kAccepted) {
            rejected.Add({{"reason", std::string(to_string(event.outcome))}}).Increment();
            return;
        }
        if (event.cause)
            ack.Add({{"waited", word(event.cause->waited)}}, kSeconds)
                .Observe(seconds(event.at - event.cause->accepted_at));
    }
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {
    // There from the start, at zero: a graph of nothing is not a graph that is missing.
    for (const auto waited :
         {control::Waited::kNothing, control::Waited::kCharger, control::Waited::kAmperes})
        for (auto* family : {&impl_->dispatch, &impl_->ack})
            family->Add({{"waited", word(waited)}}, kSeconds);
}
Metrics::~Metrics() = default;

void Metrics::watch(control::Feed& feed) {
    feed.subscribe([this](const control::FeedEvent& event) {
        if (const auto* dispatched = std::get_if<control::Dispatched>(&event))
            impl_->dispatched(*dispatched);
        else if (const auto* answered = std::get_if<control::Answered>(&event))
            impl_->answered(*answered);
        else if (const auto* resolved = std::get_if<control::Resolved>(&event))
            impl_->resolve.Observe(seconds(resolved->took));
        else if (const auto* boundary = std::get_if<control::BoundaryReached>(&event))
            impl_->boundary.Observe(seconds(boundary->late));
        else if (std::holds_alternative<control::Alarm>(event))
            impl_->alarms.Increment();
    });
}

void Metrics::look_at(const std::vector<control::SiteReport>& sites) {
    for (const auto& site : sites) {
        Amperes stranded;
        for (const auto& circuit : site.circuits) {
            for (const auto phase : kPhases) {
                const prometheus::Labels labels{{"circuit", circuit.circuit.id.str()},
                                                {"phase", std::string(to_string(phase))}};
                impl_->limit.Add(labels).Set(amperes(circuit.budget[phase]));
                impl_->potential.Add(labels).Set(amperes(circuit.potential[phase]));
                impl_->metered.Add(labels).Set(amperes(circuit.metered[phase]));
                impl_->show_measured(circuit, phase, labels);
            }
        }
        for (const auto& charger : site.chargers)
            if (!charger.online)
                for (const auto& evse : charger.evses)
                    stranded += std::max(evse.potential - charger.charger.floor, 0_A);
        impl_->stranded.Add({{"site", site.site.id.str()}}).Set(amperes(stranded));
    }
}

DispatchTimes Metrics::dispatch_times() const {
    auto [count, times] = impl_->recent.with([](const Impl::Recent& r) {
        return std::pair{r.count, std::vector<double>(r.times_ms.begin(), r.times_ms.end())};
    });
    if (times.empty()) return {};
    const auto times_ms = summarise(std::move(times));
    return {count, times_ms.p50, times_ms.p99, times_ms.max};
}

std::string Metrics::text() const {
    return metrics_text(impl_->registry.Collect());
}

void Metrics::opened() {
    impl_->connections.Increment();
}
void Metrics::closed() {
    impl_->connections.Decrement();
}
void Metrics::passed(const ChargerId&, ocpp::Direction direction, std::string_view) {
    if (direction == ocpp::Direction::kFromCharger)
        impl_->messages_in.Increment();
    else
        impl_->messages_out.Increment();
}
void Metrics::malformed() {
    impl_->validation.Increment();
}
void Metrics::refused(std::string_view) {
    impl_->refusals.Increment();
}
void Metrics::called(CallOutcome outcome, std::chrono::nanoseconds took) {
    impl_->calls.Add({{"outcome", std::string(to_string(outcome))}}).Increment();
    if (took.count() > 0) impl_->call_duration.Observe(seconds(took));
}

}  // namespace busbar::app
