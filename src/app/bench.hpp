// What `busbar bench` measures, and how it is shown: a table for people, JSON for programs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/quantiles.hpp"
#include "base/result.hpp"

namespace busbar::app {

inline constexpr const char* kBenchStore = "sqlite";

// One line of a bench. Times in milliseconds, from the write (before its first byte) or the
// instant that is the cause.
struct BenchRow {
    std::string name;
    std::string store;
    Quantiles times;                       // To the socket.
    std::optional<Quantiles> ack = {};     // To the charger's acceptance.
    std::optional<double> p99_ratio = {};  // To the socket, against the row it is compared with.
    std::string note = {};
};

std::string bench_table(const std::vector<BenchRow>& rows);
// An array of {name, store, n, p50Ms, p99Ms, maxMs} and, where measured, {ackP50Ms, ackP99Ms,
// ackMaxMs}, {p99Ratio}.
std::string bench_json(const std::vector<BenchRow>& rows);

struct DispatchBench {
    int chargers = 20;
    int rounds = 200;  // Of each operation.
};

// Rule writes over HTTP against a fresh SQLite store, with simulated chargers on real sockets.
// This and the benches below fail where something did not happen in time: a figure is never made
// up.
Result<std::vector<BenchRow>> bench_dispatch(const DispatchBench& options);

struct BoundaryBench {
    int chargers = 20;
    int rounds = 100;  // Boundaries of one charger each; a tenth as many lower all.
};

// Rules that begin, and suspensions that end, at instants of the calendar: from the instant to
// the decrease at the charger's socket.
Result<std::vector<BenchRow>> bench_boundary(const BoundaryBench& options);

struct NeighboursBench {
    int chargers = 100;   // Well-behaved; two more are odd.
    int rounds = 30'000;  // Writes to each of the two servers.
};

// Rule writes about well-behaved chargers on two like servers, by turns: on one nobody is odd; on
// the other one charger of the site never answers, and one takes 29 s for each answer.
Result<std::vector<BenchRow>> bench_neighbours(const NeighboursBench& options);

}  // namespace busbar::app
