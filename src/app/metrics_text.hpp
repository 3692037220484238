// Figures as Prometheus reads them: its text format, version 0.0.4.
//
// The library's own writer prints sixteen digits of each number, 73.4 as 73.40000000000001. Here
// each is the shortest decimal that reads back as the same: what was given in thousandths is shown
// in thousandths.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

namespace busbar::app {

// Of counters, gauges and histograms. Requires: no other kinds. Cost: linear.
std::string metrics_text(const std::vector<prometheus::MetricFamily>& families);

}  // namespace busbar::app
