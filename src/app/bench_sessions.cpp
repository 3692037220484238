#include "app/bench_sessions.hpp"

#include <algorithm>
#include <cstdio>

#include "base/clock.hpp"
#include "base/json_writer.hpp"

namespace busbar::app {
namespace {

std::string rounded(double value, int decimals) {
    char text[48];
    std::snprintf(text, sizeof text, "%.*f", decimals, value);
    return text;
}

double kilo(std::int64_t milli) {
    return static_cast<double>(milli) / 1e6;
}

double microseconds(std::int64_t nanoseconds, std::int64_t of) {
    return of == 0 ? 0 : static_cast<double>(nanoseconds) / 1000 / static_cast<double>(of);
}

Result<std::vector<replay::Algorithm>> algorithms_of(const SessionBench& options) {
    std::vector<replay::Algorithm> chosen;
    for (const auto& word : options.algorithms) {
        const auto algorithm = replay::parse_algorithm(word);
        if (!algorithm)
            return Error{Errc::kInvalid,
                         "'" + word + "' is none of equal, weighted, fcfs, edf, llf, rr, deadline",
                         "--algorithms"};
        if (std::ranges::find(chosen, *algorithm) == chosen.end()) chosen.push_back(*algorithm);
    }
    if (chosen.empty()) chosen.assign(replay::kAlgorithms.begin(), replay::kAlgorithms.end());
    return chosen;
}

// One line an algorithm, one column a capacity.
template <class Value>
std::string matrix(const SessionFigures& figures, const std::string& title, int decimals,
                   const Value& value) {
    std::string out = title + "\n" + std::string(10, ' ');
    if (figures.rows.empty()) return out;
    char text[32];
    for (const auto& cell : figures.rows.front().cells) {
        std::snprintf(text, sizeof text, "%6d", cell.capacity_kw);
        out += text;
    }
    out += "  kW\n";
    for (const auto& row : figures.rows) {
        std::snprintf(text, sizeof text, "%-10s", std::string(to_string(row.algorithm)).c_str());
        out += text;
        for (const auto& cell : row.cells) {
            std::snprintf(text, sizeof text, "%6.*f", decimals, value(cell.figures));
            out += text;
        }
        out += "\n";
    }
    return out;
}

}  // namespace

double SessionFigures::Row::mean_demand_met_pct() const {
    double sum = 0;
    for (const auto& cell : cells) sum += cell.figures.demand_met_pct();
    return cells.empty() ? 100 : sum / static_cast<double>(cells.size());
}

double SessionFigures::Row::mean_decision_us() const {
    std::int64_t nanoseconds = 0, decisions = 0;
    for (const auto& cell : cells) {
        nanoseconds += cell.figures.decision_ns;
        decisions += cell.figures.decisions;
    }
    return microseconds(nanoseconds, decisions);
}

Result<SessionFigures> bench_sessions(const SessionBench& options) {
    BUSBAR_TRY(algorithms, algorithms_of(options));
    BUSBAR_TRY(garage, replay::load_garage(options.network));
    SessionFigures out{.network = garage.name, .departure = options.departure};
    std::vector<std::vector<replay::Session>> files;
    for (const auto& path : options.files) {
        BUSBAR_TRY(sessions, replay::load_sessions(path));
        if (auto fits = replay::check_sessions(garage, sessions, path); !fits)
            return std::move(fits).error();
        out.sessions += sessions.size();
        files.push_back(std::move(sessions));
    }
    auto capacities = options.capacities_kw;
    if (capacities.empty())
        for (int each = 10; each <= 150; each += 10) capacities.push_back(each);

    const auto now_ns = [] { return real_clock().steady().time_since_epoch().count(); };
    for (const auto algorithm : algorithms) {
        SessionFigures::Row row{.algorithm = algorithm, .cells = {}};
        for (const auto capacity : capacities) {
            SessionFigures::Cell cell{.capacity_kw = capacity, .figures = {}};
            for (const auto& sessions : files)
                cell.figures += replay::replay(
                    garage, sessions,
                    {.algorithm = algorithm,
                     .capacity = Watts::of(capacity) * 1000,
                     .departure = options.departure == "estimated" ? replay::Departure::kEstimated
                                                                   : replay::Departure::kActual,
                     .minimum = Amperes::of(options.minimum_a),
                     .now_ns = now_ns});
            row.cells.push_back(cell);
        }
        out.rows.push_back(std::move(row));
    }
    return out;
}

std::string sessions_table(const SessionFigures& figures) {
    using replay::Figures;
    if (figures.rows.empty() || figures.rows.front().cells.empty()) return {};
    const auto& first = figures.rows.front().cells.front().figures;
    std::string out = figures.network + ": " + std::to_string(figures.sessions) + " sessions, " +
                      rounded(kilo(first.demanded.in_milli()), 1) + " kWh wanted, departures " +
                      figures.departure + "\n";
    if (first.cut_short > 0)
        out += std::to_string(first.cut_short) +
               " stays were cut short: the next car came to the same EVSE\n";
    out += "\n" + matrix(figures, "Energy demand met, % at a capacity of", 1,
                         [](const Figures& each) { return each.demand_met_pct(); });
    out += "\n" + matrix(figures, "Worst driver, % of what was wanted", 1,
                         [](const Figures& each) { return 100 * each.worst; });
    out += "\n" + matrix(figures, "Drivers who got less than half", 0,
                         [](const Figures& each) { return static_cast<double>(each.under_half); });
    out += "\n" + matrix(figures, "Highest draw, kW", 1,
                         [](const Figures& each) { return kilo(each.peak.in_milli()); });
    out += "\nalgorithm   mean demand met, %   us/decision   longest, us\n";
    for (const auto& row : figures.rows) {
        std::int64_t longest = 0;
        for (const auto& cell : row.cells) longest = std::max(longest, cell.figures.longest_ns);
        char text[96];
        std::snprintf(text, sizeof text, "%-10s %19.2f %13.1f %13.0f\n",
                      std::string(to_string(row.algorithm)).c_str(), row.mean_demand_met_pct(),
                      row.mean_decision_us(), microseconds(longest, 1));
        out += text;
    }
    return out;
}

std::string sessions_json(const SessionFigures& figures) {
    JsonWriter json;
    json.begin_array();
    for (const auto& row : figures.rows) {
        json.begin_object().member("algorithm", to_string(row.algorithm));
        json.key("meanDemandMetPct").raw(rounded(row.mean_demand_met_pct(), 3));
        json.key("meanDecisionUs").raw(rounded(row.mean_decision_us(), 3));
        json.member("network", figures.network)
            .member("departure", figures.departure)
            .member("sessions", static_cast<std::int64_t>(figures.sessions));
        json.key("capacities").begin_array();
        for (const auto& [capacity, each] : row.cells) {
            json.begin_object().member("capacityKw", capacity);
            json.key("demandMetPct").raw(rounded(each.demand_met_pct(), 3));
            json.key("demandedKwh").raw(rounded(kilo(each.demanded.in_milli()), 3));
            json.key("deliveredKwh").raw(rounded(kilo(each.delivered.in_milli()), 3));
            json.member("drivers", each.drivers);
            json.key("worstDriverPct").raw(rounded(100 * each.worst, 3));
            json.member("driversUnderHalf", each.under_half);
            json.key("peakKw").raw(rounded(kilo(each.peak.in_milli()), 3));
            json.member("decisions", each.decisions);
            json.key("decisionUs").raw(rounded(microseconds(each.decision_ns, each.decisions), 3));
            json.key("longestDecisionUs").raw(rounded(microseconds(each.longest_ns, 1), 3));
            json.end_object();
        }
        json.end_array().end_object();
    }
    return std::move(json.end_array()).text();
}

}  // namespace busbar::app
