#include "app/metrics_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "base/check.hpp"

namespace busbar::app {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;

std::string shortest(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    return {text.data(), end};
}

// A quote ends a label's value, and no help.
std::string escaped(std::string_view text, bool in_quotes) {
    std::string out;
    for (const char c : text) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (c == '\\' || (c == '"' && in_quotes)) out += '\\';
        out += c;
    }
    return out;
}

std::string_view word(MetricType type) {
    switch (type) {
        case MetricType::Counter:
            return "counter";
        case MetricType::Gauge:
            return "gauge";
        case MetricType::Histogram:
            return "histogram";
        case MetricType::Summary:
        case MetricType::Untyped:
            break;
    }
    BUSBAR_CHECK(!"a kind of figure that we have none of");
    __builtin_unreachable();
}

// One line: `bound` is that of a histogram's bucket, empty elsewhere.
void write_line(std::string& out, const std::string& name, const ClientMetric& metric,
                const std::string& value, const std::string& bound = {}) {
    std::string labels;
    const auto add = [&labels](const std::string& key, const std::string& text) {
        labels += (labels.empty() ? "" : ",") + key + "=\"" + escaped(text, true) + '"';
    };
    for (const auto& label : metric.label) add(label.name, label.value);
    if (!bound.empty()) add("le", bound);
    out += name + (labels.empty() ? "" : '{' + labels + '}') + ' ' + value + '\n';
}

void write_histogram(std::string& out, const std::string& name, const ClientMetric& metric) {
    const auto& histogram = metric.histogram;
    for (const auto& bucket : histogram.bucket)
        write_line(out, name + "_bucket", metric, std::to_string(bucket.cumulative_count),
                   shortest(bucket.upper_bound));
    write_line(out, name + "_sum", metric, shortest(histogram.sample_sum));
    write_line(out, name + "_count", metric, std::to_string(histogram.sample_count));
}

}  // namespace

std::string metrics_text(const std::vector<prometheus::MetricFamily>& families) {
    std::string out;
    for (const auto& family : families) {
        if (family.metric.empty()) continue;
        out += "# HELP " + family.name + ' ' + escaped(family.help, false) + '\n';
        out += "# TYPE " + family.name + ' ' + std::string(word(family.type)) + '\n';
        for (const auto& metric : family.metric) {
            if (family.type == MetricType::Histogram)
                write_histogram(out, family.name, metric);
            else
                write_line(out, family.name, metric,
                           shortest(family.type == MetricType::Counter ? metric.counter.value
                                                                       : metric.gauge.value));
        }
    }
    return out;
}

}  // namespace busbar::app
