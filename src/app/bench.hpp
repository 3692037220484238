// What `busbar bench` measures, and how it is shown: a table for people, JSON for programs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/quantiles.hpp"
#include "base/result.hpp"

namespace busbar::app {

// One line of a bench. Times in milliseconds.
struct BenchRow {
    std::string name;
    std::string store;
    Quantiles times;                    // Write (before its first byte) to socket.
    std::optional<Quantiles> ack = {};  // Write to the charger's acceptance.
    std::string note = {};
};

std::string bench_table(const std::vector<BenchRow>& rows);
// An array of {name, store, n, p50Ms, p99Ms, maxMs} and, where measured, {ackP50Ms, ackP99Ms,
// ackMaxMs}.
std::string bench_json(const std::vector<BenchRow>& rows);

struct DispatchBench {
    int chargers = 20;
    int rounds = 200;  // Of each operation.
};

// Rule writes over HTTP against a fresh SQLite store, with simulated chargers on real sockets.
// Fails where something did not happen within 10 s: a figure is never made up.
Result<std::vector<BenchRow>> bench_dispatch(const DispatchBench& options);

}  // namespace busbar::app
