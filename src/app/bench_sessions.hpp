// `busbar bench sessions`: real charging sessions, replayed under every algorithm and capacity.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "replay/replay.hpp"

namespace busbar::app {

struct SessionBench {
    // Each is replayed by itself; the figures are of all together.
    std::vector<std::string> files = {};
    std::string network = "caltech";           // A built-in one, or the path of a network file.
    std::vector<int> capacities_kw = {};       // Empty: 10 to 150 in steps of 10.
    std::vector<std::string> algorithms = {};  // Empty: all.
    std::string departure = "actual";          // Or "estimated".
    int minimum_a = 0;
};

struct SessionFigures {
    struct Cell {
        int capacity_kw = 0;
        replay::Figures figures;
    };
    struct Row {
        replay::Algorithm algorithm = replay::Algorithm::kEqual;
        std::vector<Cell> cells;

        // The mean over the capacities, each counting alike.
        double mean_demand_met_pct() const;
        double mean_decision_us() const;
    };
    std::string network;
    std::string departure;
    std::size_t sessions = 0;
    std::vector<Row> rows = {};
};

// Fails with the file and line of whatever cannot be read or does not fit the network.
Result<SessionFigures> bench_sessions(const SessionBench& options);

std::string sessions_table(const SessionFigures& figures);
// An array with one object per algorithm: {algorithm, meanDemandMetPct, meanDecisionUs, network,
// departure, sessions, capacities: [{capacityKw, demandMetPct, demandedKwh, deliveredKwh,
// drivers, worstDriverPct, driversUnderHalf, peakKw, decisions, decisionUs, longestDecisionUs}]}.
std::string sessions_json(const SessionFigures& figures);

}  // namespace busbar::app
