#include "app/metrics.hpp"

#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "app/metrics_text.hpp"

namespace busbar::app {
namespace {

// The lines of a text that begin so.
std::vector<std::string> lines_of(const std::string& text, const std::string& begin) {
    std::vector<std::string> out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(begin)) out.push_back(line);
    return out;
}

TEST(Metrics, ShowAmperesAsTheyWereGiven) {
    const PerPhase uneven{{73.4_A, 0.1_A, 63_A}};
    const Circuit circuit{
        .id = CircuitId("main"), .site = SiteId("garage"), .parent = {}, .breaker = uneven};
    const control::SiteReport site{.site = {.id = SiteId("garage")},
                                   .revision = 1,
                                   .circuits = {{.circuit = circuit,
                                                 .cap = {},
                                                 .budget = uneven,
                                                 .allocated = {},
                                                 .potential = {},
                                                 .metered = {}}},
                                   .chargers = {},
                                   .rules = {},
                                   .id_tags = {},
                                   .alarms = {}};
    Metrics metrics;
    metrics.look_at({site});
    auto limits = lines_of(metrics.text(), "busbar_circuit_limit_amperes");
    std::ranges::sort(limits);
    EXPECT_EQ(limits, (std::vector<std::string>{
                          R"(busbar_circuit_limit_amperes{circuit="main",phase="L1"} 73.4)",
                          R"(busbar_circuit_limit_amperes{circuit="main",phase="L2"} 0.1)",
                          R"(busbar_circuit_limit_amperes{circuit="main",phase="L3"} 63)"}));
}

TEST(MetricsText, IsWhatPrometheusReads) {
    prometheus::Registry registry;
    prometheus::BuildCounter()
        .Name("calls_total")
        .Help("Our \"calls\",\nby \\ how")
        .Register(registry)
        .Add({{"how", "a \"b\"\n\\"}})
        .Increment(3);
    auto& took = prometheus::BuildHistogram().Name("took_seconds").Help("Took").Register(registry);
    took.Add({{"site", "x"}}, prometheus::Histogram::BucketBoundaries{0.1, 5}).Observe(0.3);
    const auto text = metrics_text(registry.Collect());
    using Lines = std::vector<std::string>;
    EXPECT_EQ(lines_of(text, "calls_total"), Lines{R"(calls_total{how="a \"b\"\n\\"} 3)"});
    EXPECT_EQ(lines_of(text, "# HELP calls"),
              Lines{R"(# HELP calls_total Our "calls",\nby \\ how)"});
    EXPECT_EQ(lines_of(text, "# TYPE"),
              (Lines{"# TYPE calls_total counter", "# TYPE took_seconds histogram"}));
    EXPECT_EQ(lines_of(text, "took_seconds"),
              (Lines{R"(took_seconds_bucket{site="x",le="0.1"} 0)",
                     R"(took_seconds_bucket{site="x",le="5"} 1)",
                     R"(took_seconds_bucket{site="x",le="+Inf"} 1)",
                     R"(took_seconds_sum{site="x"} 0.3)", R"(took_seconds_count{site="x"} 1)"}));
}

}  // namespace
}  // namespace busbar::app
