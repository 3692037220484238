// Random sites for the proofs of the allocator, the sums and the slow filling they are held to.
//
// For tests only. Nothing here looks at how the allocator works: what a site may carry is summed
// up leaf by leaf, who is admitted and what is filled in follows the definitions. A site that
// breaks a property shrinks to a small one, and prints as a table.
#pragma once

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "allocator/solver.hpp"

namespace busbar {

// How RapidCheck prints them.
inline void showValue(Amperes amount, std::ostream& out) {
    out << decimal(amount.in_milli()) << " A";
}
inline void showValue(const Allotment& allotment, std::ostream& out) {
    showValue(allotment.limit, out);
    out << " (outcome " << static_cast<int>(allotment.outcome) << ")";
}

}  // namespace busbar

namespace busbar::proofs {

// What a property is claimed for.
struct SiteOptions {
    int chargers = 14;          // At most so many (30 where there are sets)...
    bool pairs = true;          // ...some with two EVSEs behind one supply.
    bool single_phase = false;  // Each EVSE loads one line.
    bool like_minima = false;   // All minima and floors alike.
    bool sets = false;          // Rules that cap the sum of some: the rows are no tree.
    bool bands = false;         // Surplus band by band.
    bool late_minima = false;   // ...and minima, too.
    bool reserves = false;
    bool policies = false;    // One by one, and by deadline.
    bool odd_minima = false;  // Minima that are no whole number of quanta.
    bool finest = false;      // Quanta of a thousandth: no rounding to speak of.
    LineModel model = LineModel::kSum;
};

// --- What is drawn: small integers, so that a failure shrinks -------------------------------

struct CarDraw {
    int kind = 0;  // 0 idle, 1 wants, 2 fixed.
    int wanted_ma = 0;
    int minimum_a = 0;
    int reserve_ma = 0;
    int weight_tenths = 10;
    int band = 0;
    int late = 0;
    int one_by_one = 0;
    int by_deadline = 0;
    int need_ma = 0;
    int turn = 0;
    int since = 0;
};
struct ChargerDraw {
    int circuit = 0;
    int lines = 1;  // Bits: L1, L2, L3.
    int maximum_a = 32;
    int minimum_ma = 6'000;
    int floor = 0;    // 0: none, 1: the minimum, 2: two amperes more.
    int quantum = 0;  // 0: 1 A, 1: 0.1 A.
    int supply_a = 64;
    std::vector<CarDraw> cars;
};
struct CircuitDraw {
    int parent = -1;
    std::array<int, 3> budget_ma{};
};
struct SetDraw {
    std::array<int, 3> budget_ma{};
    int members = 0;  // Bits: chargers.
};
struct SiteDraw {
    SiteOptions options;
    int salt = 0;  // For whatever a property chooses at random.
    std::vector<CircuitDraw> circuits = {};
    std::vector<ChargerDraw> chargers = {};
    std::vector<SetDraw> sets = {};
};

// Every number of a draw, with the simplest it may become.
template <class Draw, class Visit>
void each_number(Draw& site, Visit&& visit) {
    visit(site.salt, 0);
    for (auto& circuit : site.circuits)
        for (auto& budget : circuit.budget_ma) visit(budget, 0);
    for (auto& charger : site.chargers) {
        visit(charger.circuit, 0);
        visit(charger.lines, 1);
        visit(charger.maximum_a, 32);
        visit(charger.minimum_ma, 6'000);
        visit(charger.floor, 0);
        visit(charger.quantum, 0);
        visit(charger.supply_a, 64);
        for (auto& car : charger.cars) {
            visit(car.kind, 0);
            visit(car.wanted_ma, 0);
            visit(car.minimum_a, 0);
            visit(car.reserve_ma, 0);
            visit(car.weight_tenths, 10);
            visit(car.band, 0);
            visit(car.late, 0);
            visit(car.one_by_one, 0);
            visit(car.by_deadline, 0);
            visit(car.need_ma, 0);
            visit(car.turn, 0);
            visit(car.since, 0);
        }
    }
    for (auto& set : site.sets) {
        for (auto& budget : set.budget_ma) visit(budget, 0);
        visit(set.members, 0);
    }
}

inline SiteDraw without_circuit(SiteDraw site, std::size_t gone) {
    const int index = static_cast<int>(gone), up = site.circuits[gone].parent;
    const auto moved = [&](int& at, int to) { at = at == index ? to : at > index ? at - 1 : at; };
    for (auto& circuit : site.circuits) moved(circuit.parent, up);
    for (auto& charger : site.chargers) moved(charger.circuit, std::max(up, 0));
    site.circuits.erase(site.circuits.begin() + index);
    return site;
}

inline SiteDraw without_charger(SiteDraw site, std::size_t gone) {
    site.chargers.erase(site.chargers.begin() + static_cast<std::ptrdiff_t>(gone));
    const int below = (1 << gone) - 1;
    for (auto& set : site.sets) set.members = (set.members & below) | (set.members >> 1 & ~below);
    return site;
}

// Simpler draws, the boldest first.
inline rc::Seq<SiteDraw> simpler(const SiteDraw& site) {
    std::vector<SiteDraw> out;
    const auto changed = [&](auto&& change) {
        out.push_back(site);
        change(out.back());
    };
    for (std::size_t i = 0; i < site.chargers.size(); ++i) out.push_back(without_charger(site, i));
    for (std::size_t i = site.sets.size(); i-- > 0;)
        changed(
            [&](SiteDraw& to) { to.sets.erase(to.sets.begin() + static_cast<std::ptrdiff_t>(i)); });
    for (std::size_t i = 0; i < site.circuits.size() && site.circuits.size() > 1; ++i)
        out.push_back(without_circuit(site, i));
    for (std::size_t i = 0; i < site.chargers.size(); ++i)
        if (site.chargers[i].cars.size() > 1)
            changed([&](SiteDraw& to) { to.chargers[i].cars.pop_back(); });
    int count = 0;
    each_number(site, [&](int, int) { ++count; });
    for (int n = 0; n < count; ++n) {
        const auto set_to = [&](auto&& value) {
            SiteDraw to = site;
            int at = 0;
            bool closer = false;
            each_number(to, [&](int& number, int simplest) {
                if (at++ != n) return;
                const int before = number;
                number = value(number, simplest);
                closer = std::abs(number - simplest) < std::abs(before - simplest) &&
                         (number >= simplest) == (before >= simplest);
            });
            if (closer) out.push_back(std::move(to));
        };
        set_to([](int, int simplest) { return simplest; });
        set_to([](int v, int) { return v / 1'000 * 1'000; });
        set_to([](int v, int simplest) { return simplest + (v - simplest) / 2; });
        set_to([](int v, int) { return v - 1'000; });
        set_to([](int v, int simplest) {
            const int away = v - simplest;
            return away > 20 || away < -20 ? v : away > 0 ? v - 1 : v + 1;
        });
    }
    return rc::seq::fromContainer(std::move(out));
}

// --- Drawing --------------------------------------------------------------------------------

class Dice {
public:
    explicit Dice(const rc::Random& random) : random_(random) {}
    int up_to(int most) { return static_cast<int>(random_.next() % unsigned(most + 1)); }
    int within(int least, int most) { return least + up_to(most - least); }
    bool one_in(int n) { return up_to(n - 1) == 0; }
    // 0 to `most`, often in whole amperes.
    int milliamperes(int most) {
        const int amount = up_to(most);
        return one_in(2) ? amount / 1'000 * 1'000 : amount;
    }

private:
    rc::Random random_;
};

// Mostly enough for some and not for all; lines alike, or a little apart.
inline std::array<int, 3> draw_budget(Dice& dice) {
    constexpr std::array kMost{30'000, 100'000, 200'000, 200'000};
    const int most = kMost[static_cast<std::size_t>(dice.up_to(3))];
    const int least = dice.one_in(8) ? 0 : most / 4;
    const int each = least + dice.milliamperes(most - least);
    if (dice.one_in(2)) return {each, each, each};
    return {each, each + dice.milliamperes(200'000 - each) / 4, each - dice.milliamperes(each) / 4};
}

inline CarDraw draw_car(Dice& dice) {
    CarDraw car;
    const int kind = dice.up_to(11);
    car.kind = kind == 0 ? 0 : kind == 1 ? 2 : 1;
    car.wanted_ma = dice.one_in(2)   ? 32'000
                    : dice.one_in(8) ? dice.milliamperes(32'000)
                                     : 6'000 + dice.milliamperes(26'000);
    car.minimum_a = dice.one_in(5) ? dice.within(6, 10) : 0;
    car.reserve_ma = dice.one_in(4) ? dice.milliamperes(20'000) : 0;
    car.weight_tenths = dice.one_in(2) ? 10 : dice.within(1, 50);
    car.band = dice.up_to(2);
    car.late = dice.one_in(3);
    car.one_by_one = dice.one_in(5);
    car.by_deadline = dice.one_in(5);
    car.need_ma = dice.milliamperes(40'000);
    car.turn = dice.up_to(3);
    car.since = dice.up_to(5);
    return car;
}

inline ChargerDraw draw_charger(Dice& dice, int circuits) {
    ChargerDraw charger;
    charger.circuit = dice.one_in(2) ? circuits - 1 : dice.up_to(circuits - 1);
    charger.lines = dice.one_in(2) ? 7 : dice.within(1, 7);
    charger.maximum_a = dice.one_in(3) ? dice.within(10, 63) : 32;
    charger.minimum_ma = dice.one_in(2) ? dice.within(6'000, 10'000) : 6'000;
    charger.floor = dice.one_in(8) ? dice.within(1, 2) : 0;
    charger.quantum = dice.up_to(1);
    charger.supply_a = dice.within(16, 64);
    charger.cars.push_back(draw_car(dice));
    if (dice.one_in(4)) charger.cars.push_back(draw_car(dice));
    return charger;
}

inline rc::Gen<SiteDraw> random_draws(const SiteOptions& options) {
    return [=](const rc::Random& random, int) {
        Dice dice(random);
        SiteDraw site{.options = options, .salt = dice.up_to(1'000'000)};
        std::vector<int> depth;
        for (int i = 0, count = dice.within(1, 8); i < count; ++i) {
            int parent = i == 0 || dice.one_in(8) ? -1 : dice.up_to(i - 1);
            if (parent >= 0 && depth[static_cast<std::size_t>(parent)] == 4) parent = 0;
            depth.push_back(parent < 0 ? 1 : depth[static_cast<std::size_t>(parent)] + 1);
            site.circuits.push_back({parent, draw_budget(dice)});
        }
        const int circuits = static_cast<int>(site.circuits.size());
        for (int i = 0, count = dice.within(1, options.chargers); i < count; ++i)
            site.chargers.push_back(draw_charger(dice, circuits));
        for (int i = 0, count = options.sets ? dice.up_to(2) : 0; i < count; ++i)
            site.sets.push_back({draw_budget(dice), dice.up_to((1 << options.chargers) - 1)});
        return rc::shrinkable::shrinkRecur(std::move(site), simpler);
    };
}

// --- The site a draw stands for -------------------------------------------------------------

struct RandomSite {
    SiteOptions options;
    int salt = 0;
    Network network;
    std::vector<PerPhase> budgets;
    std::vector<Demand> demands;

    LeafIndex leaves() const { return demands.size(); }
};

// "x007"
inline std::string numbered(char letter, std::size_t number) {
    auto name = std::to_string(1'000 + number);
    name.front() = letter;
    return name;
}

// Budgets are drawn for a handful of chargers.
inline PerPhase budget_of(const SiteOptions& options, const std::array<int, 3>& drawn) {
    const int times = std::max(1, options.chargers / 14);
    const auto amount = [&](int milli) { return Amperes::milli(milli) * times; };
    return {{amount(drawn[0]), amount(drawn[1]), amount(drawn[2])}};
}

inline PhaseSet lines_of(int bits, bool one) {
    using enum Phase;
    constexpr std::array kSets{PhaseSet{kL1},      PhaseSet{kL1},  PhaseSet{kL2},
                               PhaseSet{kL1, kL2}, PhaseSet{kL3},  PhaseSet{kL1, kL3},
                               PhaseSet{kL2, kL3}, PhaseSet::all()};
    return kSets[static_cast<std::size_t>(!one ? bits : bits & 1 ? 1 : bits & 2 ? 2 : 4)];
}

inline Leaf leaf_of(const SiteOptions& options, const ChargerDraw& draw, const std::string& id,
                    int number) {
    Leaf leaf{.evse = {ChargerId(id), number},
              .rows = {},
              .phases = lines_of(draw.lines, options.single_phase),
              .maximum = Amperes::of(draw.maximum_a),
              .minimum = Amperes::milli(draw.minimum_ma),
              .floor = {},
              .quantum = options.finest ? Amperes::milli(1)
                         : draw.quantum ? 0.1_A
                                        : 1_A,
              .settle = {},
              .partner = {},
              .keeps_profiles = true};
    if (!options.odd_minima) leaf.minimum = leaf.minimum.floored_to(1_A);
    if (options.like_minima) leaf.minimum = 6_A;
    if (draw.floor > 0 && !options.like_minima)
        leaf.floor = leaf.minimum + (draw.floor > 1 ? 2_A : 0_A);
    return leaf;
}

inline Demand demand_of(const SiteOptions& options, const CarDraw& draw, const Leaf& leaf,
                        LeafIndex index) {
    Demand demand;
    demand.kind = std::array{Demand::Kind::kIdle, Demand::Kind::kWants,
                             Demand::Kind::kFixed}[static_cast<std::size_t>(draw.kind)];
    demand.surplus_band = static_cast<std::uint8_t>(options.bands ? draw.band : 0);
    if (options.late_minima && draw.late) demand.admit_band = demand.surplus_band;
    demand.one_by_one = options.policies && draw.one_by_one != 0;
    demand.by_deadline = options.policies && !demand.one_by_one && draw.by_deadline != 0;
    demand.weight = Weight::milli(draw.weight_tenths * 100);
    demand.wanted = std::min(Amperes::milli(draw.wanted_ma), leaf.maximum);
    if (!options.like_minima) demand.minimum = Amperes::of(draw.minimum_a);
    if (options.reserves) demand.reserve = Amperes::milli(draw.reserve_ma);
    if (demand.kind == Demand::Kind::kWants)
        demand.reserve = std::min(demand.reserve, demand.wanted);
    demand.need = Amperes::milli(draw.need_ma);
    demand.turn = demand.promise_turn = draw.turn;
    // Nobody comes at the same instant, so that an order of leaves decides nothing.
    demand.since = TimePoint{Duration{draw.since * 1'000'000 + static_cast<int>(index)}};
    return demand;
}

inline RandomSite site_of(const SiteDraw& draw) {
    RandomSite site{draw.options, draw.salt, {}, {}, {}};
    auto& rows = site.network.rows;
    for (std::size_t i = 0; i < draw.circuits.size(); ++i) {
        const auto& circuit = draw.circuits[i];
        const auto name = numbered('c', i);
        rows.push_back({.name = name,
                        .circuit = CircuitId(name),
                        .parent = {},
                        .budget = budget_of(draw.options, circuit.budget_ma)});
        if (circuit.parent >= 0) rows.back().parent = static_cast<RowIndex>(circuit.parent);
    }
    std::vector<std::vector<LeafIndex>> leaves_of(draw.chargers.size());
    for (std::size_t i = 0; i < draw.chargers.size(); ++i) {
        const auto& charger = draw.chargers[i];
        const auto id = numbered('x', i);
        const std::size_t cars = draw.options.pairs ? charger.cars.size() : 1;
        auto home = static_cast<RowIndex>(charger.circuit);
        if (cars > 1) {
            rows.push_back({.name = id,
                            .circuit = {},
                            .parent = home,
                            .budget = PerPhase::each(Amperes::of(charger.supply_a))});
            home = rows.size() - 1;
        }
        for (std::size_t n = 0; n < cars; ++n) {
            auto leaf = leaf_of(draw.options, charger, id, static_cast<int>(n) + 1);
            for (std::optional<RowIndex> at = home; at; at = rows[*at].parent)
                leaf.rows.push_back(*at);
            const LeafIndex index = site.demands.size();
            leaves_of[i].push_back(index);
            site.demands.push_back(demand_of(draw.options, charger.cars[n], leaf, index));
            site.network.leaves.push_back(std::move(leaf));
        }
    }
    for (std::size_t i = 0; i < draw.sets.size(); ++i) {
        const auto name = numbered('r', i);
        for (std::size_t c = 0; c < draw.chargers.size(); ++c)
            for (const auto leaf : leaves_of[c])
                if (draw.sets[i].members >> c & 1)
                    site.network.leaves[leaf].rows.push_back(rows.size());
        rows.push_back({.name = "rule " + name,
                        .circuit = {},
                        .rule = RuleId(name),
                        .parent = {},
                        .budget = budget_of(draw.options, draw.sets[i].budget_ma)});
    }
    for (auto& row : rows) {
        row.model = draw.options.model;
        site.budgets.push_back(row.budget);
    }
    return site;
}

inline std::ostream& operator<<(std::ostream& out, const RandomSite& site) {
    const auto amount = [](Amperes a) { return decimal(a.in_milli()); };
    out << "\n";
    for (RowIndex row = 0; row < site.budgets.size(); ++row) {
        out << "  row " << row << " " << site.network.rows[row].name;
        if (const auto up = site.network.rows[row].parent) out << " below " << *up;
        for (const auto phase : kPhases) out << " " << amount(site.budgets[row][phase]);
        out << "\n";
    }
    for (LeafIndex i = 0; i < site.leaves(); ++i) {
        const auto& leaf = site.network.leaves[i];
        const auto& demand = site.demands[i];
        constexpr std::array kKinds{"idle", "wants", "fixed"};
        out << "  leaf " << i << " " << to_string(leaf.evse) << " rows";
        for (const auto row : leaf.rows) out << " " << row;
        out << " on";
        for (const auto phase : kPhases)
            if (leaf.phases.has(phase)) out << " " << to_string(phase);
        out << ", min " << amount(leaf.minimum) << " floor " << amount(leaf.floor) << " quantum "
            << amount(leaf.quantum) << ": " << kKinds[static_cast<std::size_t>(demand.kind)] << " "
            << amount(demand.wanted) << " minimum " << amount(demand.minimum) << " reserve "
            << amount(demand.reserve) << " weight " << decimal(demand.weight.in_milli())
            << " bands " << int{demand.admit_band} << "/" << int{demand.surplus_band}
            << (demand.one_by_one ? " one by one" : "");
        if (demand.by_deadline) out << " needs " << amount(demand.need);
        out << " turn " << demand.turn << " since " << demand.since.time_since_epoch().count()
            << "\n";
    }
    return out;
}

inline std::ostream& operator<<(std::ostream& out, const SiteDraw& draw) {
    return out << site_of(draw);
}

// Checks `property` for `trees` random sites; the same ones each time. A failure says which
// tree it was, and the smallest site found that fails like it.
template <class Property>
void prove(int trees, const SiteOptions& options, Property&& property, std::uint64_t seed = 42) {
    const rc::detail::TestParams params{seed, trees, 100, 10, false};
    const auto result = rc::detail::checkTestable(
        [&] {
            const SiteDraw draw = *random_draws(options);
            property(site_of(draw));
        },
        rc::detail::TestMetadata{}, params);
    std::ostringstream text;
    rc::detail::printResultMessage(result, text);
    if (!result.template is<rc::detail::SuccessResult>())
        ADD_FAILURE() << "seed " << seed << ": " << text.str();
}

// --- Sums and definitions -------------------------------------------------------------------

inline bool loads(const RandomSite& site, LeafIndex leaf, RowIndex row, Phase phase) {
    const auto& rows = site.network.leaves[leaf].rows;
    return site.network.leaves[leaf].phases.has(phase) &&
           std::find(rows.begin(), rows.end(), row) != rows.end();
}

inline bool wants(const RandomSite& site, LeafIndex leaf) {
    return site.demands[leaf].kind == Demand::Kind::kWants;
}

inline Amperes minimum_of(const RandomSite& site, LeafIndex leaf) {
    const auto own = site.demands[leaf].minimum;
    return own > 0_A ? own : site.network.leaves[leaf].minimum;
}

// What an admitted leaf gets before any surplus.
inline Amperes first_of(const RandomSite& site, LeafIndex leaf) {
    return std::max(minimum_of(site, leaf), site.demands[leaf].reserve);
}

// What counts on the rows for an allotment: a floor is drawn, whatever we say.
inline Amperes usage(const RandomSite& site, LeafIndex leaf, Amperes allotted) {
    return std::max(allotted, site.network.leaves[leaf].floor);
}

// What is allotted to a leaf that is not admitted.
inline Amperes set_aside(const RandomSite& site, LeafIndex leaf) {
    const auto& demand = site.demands[leaf];
    switch (demand.kind) {
        case Demand::Kind::kIdle:
            return std::max(site.network.leaves[leaf].floor, demand.reserve);
        case Demand::Kind::kFixed:
            return demand.wanted;
        case Demand::Kind::kWants:
            return 0_A;
    }
    return 0_A;
}

// Leaf by leaf. `amount_of(i)`: what counts for leaf i.
template <class AmountOf>
Amperes current(const RandomSite& site, RowIndex row, Phase phase, AmountOf&& amount_of) {
    Amperes sum;
    for (LeafIndex i = 0; i < site.leaves(); ++i)
        if (loads(site, i, row, phase)) sum += amount_of(i);
    return sum;
}

template <class Visit>
void each_line(const RandomSite& site, Visit&& visit) {
    for (RowIndex row = 0; row < site.budgets.size(); ++row)
        for (const auto phase : kPhases) visit(row, phase, site.budgets[row][phase]);
}

// Which leaves are admitted: std::vector<bool> is no span.
class Admitted {
public:
    explicit Admitted(LeafIndex leaves) : leaves_(leaves), on_(new_flags(leaves)) {}
    Admitted(const Admitted& other) : Admitted(other.leaves_) { *this = other; }
    Admitted& operator=(const Admitted& other) {
        BUSBAR_CHECK(leaves_ == other.leaves_);
        std::copy_n(other.on_.get(), leaves_, on_.get());
        return *this;
    }
    bool operator[](LeafIndex i) const { return on_[i]; }
    void set(LeafIndex i, bool on = true) { on_[i] = on; }
    std::span<const bool> span() const { return {on_.get(), leaves_}; }

private:
    static std::unique_ptr<bool[]> new_flags(LeafIndex n) { return std::make_unique<bool[]>(n); }

    LeafIndex leaves_;
    std::unique_ptr<bool[]> on_;
};

inline Amperes admitted_usage(const RandomSite& site, const Admitted& admitted, LeafIndex i) {
    return usage(site, i, admitted[i] ? first_of(site, i) : set_aside(site, i));
}

// Whether every row of every admitted leaf carries what all get before any surplus.
inline bool carries(const RandomSite& site, const Admitted& admitted) {
    bool fits = true;
    each_line(site, [&](RowIndex row, Phase phase, Amperes budget) {
        bool any = false;
        for (LeafIndex i = 0; i < site.leaves(); ++i)
            any = any || (admitted[i] && loads(site, i, row, phase));
        const auto sum = current(site, row, phase,
                                 [&](LeafIndex i) { return admitted_usage(site, admitted, i); });
        if (any && sum > budget) fits = false;
    });
    return fits;
}

// All that could be admitted, in the order in which they are.
inline std::vector<LeafIndex> in_order(const RandomSite& site) {
    std::vector<LeafIndex> order;
    for (LeafIndex i = 0; i < site.leaves(); ++i)
        if (wants(site, i) && site.demands[i].wanted >= minimum_of(site, i)) order.push_back(i);
    std::ranges::stable_sort(order, {}, [&](LeafIndex i) {
        return std::pair{site.demands[i].turn, site.demands[i].since};
    });
    return order;
}

inline Admitted admit(const RandomSite& site) {
    Admitted admitted(site.leaves());
    for (const auto i : in_order(site)) {
        admitted.set(i);
        admitted.set(i, carries(site, admitted));
    }
    return admitted;
}

// --- Filling, slowly: by the definition of weighted max-min fairness ------------------------

// One rising level for all that are not frozen yet; each leaf has weight * level, but not less
// than it started with and not more than it wants. The first line that is full freezes those on
// it. In thousandths of an ampere, not rounded.
class SlowFilling {
public:
    SlowFilling(const RandomSite& site, const Admitted& admitted)
        : site_(site), start_(site.leaves()), amount_(site.leaves()), rises_(site.leaves()) {
        for (LeafIndex i = 0; i < site.leaves(); ++i) {
            const auto first = admitted[i] ? first_of(site, i) : set_aside(site, i);
            const auto free = std::min(site.network.leaves[i].floor, site.demands[i].wanted);
            start_[i] = milli(admitted[i] ? std::max(first, free) : first);
            amount_[i] = start_[i];
        }
        for (int band = 0; band < 256; ++band) {
            bool any = false;
            for (LeafIndex i = 0; i < site.leaves(); ++i) {
                rises_[i] = admitted[i] && site.demands[i].surplus_band == band;
                any = any || rises_[i];
            }
            if (any) raise();
        }
    }

    const std::vector<long double>& amounts() const { return amount_; }

private:
    static long double milli(Amperes a) { return static_cast<long double>(a.in_milli()); }
    long double weight(LeafIndex i) const {
        return static_cast<long double>(site_.demands[i].weight.in_milli()) / 1000;
    }
    long double at_level(LeafIndex i, long double level) const {
        if (!rises_[i]) return amount_[i];
        return std::clamp(weight(i) * level, start_[i], milli(site_.demands[i].wanted));
    }
    long double current_at(RowIndex row, Phase phase, long double level) const {
        long double sum = 0;
        for (LeafIndex i = 0; i < site_.leaves(); ++i)
            if (loads(site_, i, row, phase))
                sum += std::max(at_level(i, level), milli(site_.network.leaves[i].floor));
        return sum;
    }

    // The level at which the line is full; kNever if all on it may have what they want.
    long double full_at(RowIndex row, Phase phase) const {
        const auto budget = milli(site_.budgets[row][phase]);
        std::vector<long double> bends;  // Between them the current is linear in the level.
        for (LeafIndex i = 0; i < site_.leaves(); ++i) {
            if (!rises_[i] || !loads(site_, i, row, phase)) continue;
            bends.push_back(start_[i] / weight(i));
            bends.push_back(milli(site_.demands[i].wanted) / weight(i));
        }
        std::ranges::sort(bends);
        long double from = 0, before = current_at(row, phase, 0);
        for (const auto to : bends) {
            const auto after = current_at(row, phase, to);
            if (after > budget + kSlack && after > before)
                return from + (to - from) * std::max(budget - before, 0.0L) / (after - before);
            from = to;
            before = after;
        }
        return kNever;
    }

    void raise() {
        while (std::ranges::find(rises_, true) != rises_.end()) {
            long double level = kNever;
            std::optional<std::pair<RowIndex, Phase>> full;
            each_line(site_, [&](RowIndex row, Phase phase, Amperes) {
                const auto at = full_at(row, phase);
                if (at >= level) return;
                level = at;
                full = {row, phase};
            });
            for (LeafIndex i = 0; i < site_.leaves(); ++i) {
                if (!rises_[i] || (full && !loads(site_, i, full->first, full->second))) continue;
                amount_[i] = at_level(i, level);
                rises_[i] = false;
            }
        }
    }

    static constexpr long double kNever = 1e18L, kSlack = 1e-7L;

    const RandomSite& site_;
    std::vector<long double> start_, amount_;
    std::vector<bool> rises_;
};

}  // namespace busbar::proofs
