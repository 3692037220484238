#include "replay/replay.hpp"

#include <algorithm>
#include <limits>

#include "allocator/solver.hpp"
#include "replay/round_robin.hpp"

namespace busbar::replay {
namespace {

// Milliamperes over one step: the energy a car still wants, in what it is given.
using AmpereSteps = std::int64_t;

AmpereSteps steps_of(WattHours energy, Volts volts) {
    // 10^-3 Wh / (10^-3 V h) is A h; in milliamperes and steps of an hour's twelfth.
    constexpr std::int64_t kStepsPerHour = std::chrono::hours{1} / kStep;
    return (energy.in_milli() * 1000 * kStepsPerHour + volts.in_milli() / 2) / volts.in_milli();
}

// A car in its place.
struct Car {
    LeafIndex leaf = 0;
    const Session* session = nullptr;
    std::int64_t departure = 0;  // Its own, or the arrival of the next car at its EVSE.
    std::int64_t deadline = 0;   // As the algorithms are told.
    Amperes maximum = {};
    AmpereSteps demand = 0;
    AmpereSteps remaining = 0;

    std::int64_t time_left(std::int64_t now) const {
        return std::max<std::int64_t>(1, deadline - now);
    }
};

class Replay {
public:
    Replay(const Garage& garage, std::span<const Session> sessions, const Options& options)
        : garage_(garage),
          options_(options),
          budgets_(garage.budgets(options.capacity)),
          solver_(garage.network),
          round_robin_(garage.network),
          drawn_(garage.network.leaves.size()),
          demands_(garage.network.leaves.size()),
          allotments_(garage.network.leaves.size()) {
        seat(sessions);
    }

    Figures run() {
        std::size_t next = 0;
        std::int64_t now = 0;
        while (next < cars_.size() || !present_.empty()) {
            // Nobody is there: on to the next arrival.
            if (present_.empty()) now = cars_[next].session->arrival;
            for (; next < cars_.size() && cars_[next].session->arrival <= now; ++next)
                if (cars_[next].departure > now && cars_[next].remaining > 0)
                    present_.push_back(next);
            if (!present_.empty()) step(now);
            ++now;
            std::erase_if(present_, [&](std::size_t each) {
                return cars_[each].departure <= now || cars_[each].remaining == 0;
            });
        }
        for (const auto& car : cars_) count(car);
        return figures_;
    }

private:
    void seat(std::span<const Session> sessions) {
        std::vector<std::optional<std::size_t>> last(garage_.network.leaves.size());
        cars_.reserve(sessions.size());
        for (const auto& session : sessions) {
            const auto leaf = garage_.leaf_of(session.station);
            BUSBAR_CHECK(leaf.has_value());
            BUSBAR_CHECK(cars_.empty() || cars_.back().session->arrival <= session.arrival);
            if (last[*leaf] && cars_[*last[*leaf]].departure > session.arrival) {
                cars_[*last[*leaf]].departure = session.arrival;
                ++figures_.cut_short;
            }
            last[*leaf] = cars_.size();
            const auto volts = garage_.network.supply.nominal;
            Car car{.leaf = *leaf, .session = &session, .departure = session.departure};
            car.deadline = options_.departure == Departure::kActual ? session.departure
                                                                    : session.estimated_departure;
            car.maximum = garage_.network.leaves[*leaf].maximum;
            if (session.maximum)
                car.maximum = std::min(car.maximum, Amperes::milli(session.maximum->in_milli() *
                                                                   1000 / volts.in_milli()));
            car.demand = car.remaining = steps_of(session.demand, volts);
            cars_.push_back(car);
        }
    }

    void step(std::int64_t now) {
        ask(now);
        const auto before = options_.now_ns ? options_.now_ns() : 0;
        decide();
        if (options_.now_ns) {
            const auto took = options_.now_ns() - before;
            figures_.decision_ns += took;
            figures_.longest_ns = std::max(figures_.longest_ns, took);
        }
        ++figures_.decisions;

        std::ranges::fill(drawn_, Amperes{});
        Amperes sum;
        for (const auto each : present_) {
            auto& car = cars_[each];
            const auto limit = allotments_[car.leaf].limit;
            BUSBAR_CHECK(limit <= car.maximum);
            const auto taken = std::min(limit.in_milli(), car.remaining);
            car.remaining -= taken;
            drawn_[car.leaf] = Amperes::milli(taken);
            sum += drawn_[car.leaf];
        }
        figures_.peak = std::max(figures_.peak, garage_.power_of(sum));
        if (options_.watch) options_.watch(now, drawn_);
    }

    // What a car would take in this step: no more than it still wants, in whole quanta.
    Amperes wanted(const Car& car) const {
        const auto quantum = garage_.network.leaves[car.leaf].quantum;
        const auto rest = Amperes::milli(std::min(car.remaining, car.maximum.in_milli()));
        const auto whole = (rest + quantum - Amperes::milli(1)).floored_to(quantum);
        return std::min(std::max(whole, options_.minimum), car.maximum.floored_to(quantum));
    }

    void ask(std::int64_t now) {
        std::ranges::fill(demands_, Demand{});
        for (const auto each : present_) {
            const auto& car = cars_[each];
            auto& demand = demands_[car.leaf];
            demand.kind = Demand::Kind::kWants;
            demand.wanted = wanted(car);
            demand.minimum = options_.minimum;
            demand.since = TimePoint{car.session->arrival * kStep};
            demand.turn = turn_of(car, now);
            const auto algorithm = options_.algorithm;
            demand.one_by_one = algorithm == Algorithm::kFirstCome ||
                                algorithm == Algorithm::kEarliestDeadline ||
                                algorithm == Algorithm::kLeastLaxity;
            demand.by_deadline = algorithm == Algorithm::kDeadline;
            if (algorithm == Algorithm::kWeighted)
                demand.weight =
                    Weight::milli(std::max<std::int64_t>(1, car.session->demand.in_milli() / 1000));
            const auto left = car.time_left(now);
            demand.need = std::min(Amperes::milli((car.remaining + left - 1) / left), car.maximum);
        }
    }

    std::int64_t turn_of(const Car& car, std::int64_t now) const {
        switch (options_.algorithm) {
            case Algorithm::kFirstCome:
                return car.session->arrival;
            case Algorithm::kEarliestDeadline:
                return car.deadline;
            case Algorithm::kLeastLaxity:
                // In thousandths of a step.
                return (car.deadline - now) * 1000 -
                       car.remaining * 1000 / std::max<std::int64_t>(1, car.maximum.in_milli());
            case Algorithm::kEqual:
            case Algorithm::kWeighted:
            case Algorithm::kRoundRobin:
            case Algorithm::kDeadline:
                break;
        }
        return 0;
    }

    void decide() {
        if (options_.algorithm != Algorithm::kRoundRobin) {
            solver_.solve(budgets_, demands_, allotments_);
            return;
        }
        turn_.clear();
        for (const auto each : present_) {
            const auto& demand = demands_[cars_[each].leaf];
            turn_.push_back(
                {.leaf = cars_[each].leaf, .wanted = demand.wanted, .minimum = demand.minimum});
        }
        shares_.resize(turn_.size());
        round_robin_.share(budgets_, turn_, shares_);
        for (std::size_t i = 0; i < turn_.size(); ++i)
            allotments_[turn_[i].leaf].limit = shares_[i];
    }

    void count(const Car& car) {
        figures_.demanded += car.session->demand;
        const auto met = car.demand - car.remaining;
        BUSBAR_CHECK(met >= 0 && car.remaining >= 0);
        if (car.demand == 0) return;
        const auto part = static_cast<double>(met) / static_cast<double>(car.demand);
        figures_.delivered += WattHours::milli(
            static_cast<std::int64_t>(part * static_cast<double>(car.session->demand.in_milli())));
        if (car.departure <= car.session->arrival) return;
        ++figures_.drivers;
        figures_.worst = std::min(figures_.worst, part);
        if (met * 2 < car.demand) ++figures_.under_half;
    }

    const Garage& garage_;
    const Options& options_;
    std::vector<PerPhase> budgets_;
    Solver solver_;
    RoundRobin round_robin_;
    std::vector<Car> cars_;             // By arrival.
    std::vector<std::size_t> present_;  // By arrival: cars that still want something.
    std::vector<Amperes> drawn_;
    std::vector<Demand> demands_;
    std::vector<Allotment> allotments_;
    std::vector<RoundRobin::Car> turn_;
    std::vector<Amperes> shares_;
    Figures figures_;
};

struct AlgorithmName {
    Algorithm algorithm;
    std::string_view name;
};
constexpr std::array kAlgorithmNames{
    AlgorithmName{Algorithm::kEqual, "equal"},
    AlgorithmName{Algorithm::kWeighted, "weighted"},
    AlgorithmName{Algorithm::kFirstCome, "fcfs"},
    AlgorithmName{Algorithm::kEarliestDeadline, "edf"},
    AlgorithmName{Algorithm::kLeastLaxity, "llf"},
    AlgorithmName{Algorithm::kRoundRobin, "rr"},
    AlgorithmName{Algorithm::kDeadline, "deadline"},
};

}  // namespace

std::string_view to_string(Algorithm algorithm) {
    return std::ranges::find(kAlgorithmNames, algorithm, &AlgorithmName::algorithm)->name;
}

std::optional<Algorithm> parse_algorithm(std::string_view word) {
    const auto found = std::ranges::find(kAlgorithmNames, word, &AlgorithmName::name);
    if (found == kAlgorithmNames.end()) return std::nullopt;
    return found->algorithm;
}

double Figures::demand_met_pct() const {
    if (demanded == WattHours{}) return 100;
    return 100 * static_cast<double>(delivered.in_milli()) /
           static_cast<double>(demanded.in_milli());
}

Figures& Figures::operator+=(const Figures& other) {
    demanded += other.demanded;
    delivered += other.delivered;
    drivers += other.drivers;
    worst = std::min(worst, other.worst);
    under_half += other.under_half;
    cut_short += other.cut_short;
    peak = std::max(peak, other.peak);
    decisions += other.decisions;
    decision_ns += other.decision_ns;
    longest_ns = std::max(longest_ns, other.longest_ns);
    return *this;
}

Status check_sessions(const Garage& garage, std::span<const Session> sessions,
                      std::string_view where) {
    for (const auto& session : sessions)
        if (!garage.leaf_of(session.station))
            return Error{Errc::kNotFound, std::string(where) + ", line " +
                                              std::to_string(session.line) + ": station '" +
                                              session.station + "' is not in the network '" +
                                              garage.name + "'"};
    return Done{};
}

Figures replay(const Garage& garage, std::span<const Session> sessions, const Options& options) {
    return Replay(garage, sessions, options).run();
}

}  // namespace busbar::replay
