#include "allocator/solver.hpp"

#include <algorithm>
#include <bit>
#include <ranges>

#include "allocator/deadline.hpp"
#include "allocator/fill_bisection.hpp"
#include "allocator/fill_classes.hpp"
#include "allocator/fill_events.hpp"
#include "allocator/lines.hpp"
#include "allocator/steps.hpp"
#include "allocator/turns.hpp"
#include "base/check.hpp"

namespace busbar {
namespace {

using Index = Layout::Index;
using Milli = std::int64_t;

// With more, looking at each leaf is as fast as telling them apart.
constexpr std::size_t kFewShapes = 64;
// Thousandths of an ampere: exact levels come that close, and whole amperes shall stay whole.
constexpr double kTiny = 1e-6;

}  // namespace

Amperes minimum_of(const Leaf& leaf, const Demand& demand) {
    const auto minimum = demand.minimum > Amperes{} ? demand.minimum : leaf.minimum;
    return Amperes::milli(Steps(leaf.quantum.in_milli()).up(minimum.in_milli()));
}

struct Solver::Work {
    // What a leaf is, apart from its lines.
    struct Wired {
        Steps steps;
        Milli floor = 0;
        Milli minimum = 0;  // In whole steps.
    };
    // What a leaf asks for, as far as the walks over all of them need it.
    struct Asked {
        std::uint8_t admit_band = 0;
        std::uint8_t surplus_band = 0;
        bool one_by_one = false;
        bool by_deadline = false;
        bool reserves = false;
    };

    // What becomes of a leaf in one solve.
    enum class Stage : std::uint8_t {
        kGiven,  // Idle or fixed.
        kWaits,  // Not yet admitted.
        kAdmitted,
        kLeftOut,    // Does not fit.
        kTooLittle,  // Wants less than its minimum.
    };

    // A set of bands.
    class Bands {
    public:
        void add(std::uint8_t band) { words_[band / 64] |= std::uint64_t{1} << band % 64; }
        template <class Visit>
        void each(Visit&& visit) const {
            for (std::size_t i = 0; i < words_.size(); ++i)
                for (auto word = words_[i]; word != 0; word &= word - 1)
                    visit(static_cast<std::uint8_t>(
                        i * 64 + static_cast<std::size_t>(std::countr_zero(word))));
        }

    private:
        std::array<std::uint64_t, 4> words_{};
    };

    explicit Work(const Network& network);

    void begin(std::span<const PerPhase> budgets, std::span<const Demand> demands, bool whole,
               FillMethod method);
    void ask_for(LeafIndex i, const Demand& demand);

    void admit(std::uint8_t band);
    bool try_to_admit(Index i, Milli extra);
    void admit_given(std::span<const bool> admitted);
    void count_as_admitted(LeafIndex i);

    void share(std::uint8_t band);
    void serve_one_by_one(std::uint8_t band);
    void raise_some();
    void raise(std::span<const Index> who, std::span<const double> weights);
    void run_fill(const FillRequest& request);
    void share_by_deadline();
    void round_down();
    void give_back(std::uint8_t band);
    void hand_out_the_rest();
    void give_a_step(Index i, Milli more);
    Milli for_a_step(Index i) const;

    void finish(std::span<Allotment> out);
    void check_one(LeafIndex i) const;

    bool is_in(LeafIndex i, Stage stage) const { return stage_[i] == stage; }
    // The steps of rounding: thousandths, if only the filling is asked for.
    const Steps& steps(LeafIndex i) const { return whole_ ? wired_[i].steps : exact_; }

    // What it needs to charge at all.
    Milli minimum(LeafIndex i, const Demand& demand) const {
        if (demand.minimum > Amperes{}) return steps(i).up(demand.minimum.in_milli());
        return whole_ ? wired_[i].minimum : exact_minimum_[i];
    }

    Lines lines_;
    const Layout& layout_;
    std::vector<Wired> wired_;
    std::vector<Milli> exact_minimum_;
    FillByClasses by_classes_;
    FillByEvents by_events_;
    FillByBisection by_bisection_;

    Turns turns_, promises_;
    // Who gets a left-over step first: by arrival, since turns may change with every solve, and a
    // tenth of an ampere is not worth a message to two chargers each time.
    Turns arrivals_;

    // By leaf.
    std::vector<Stage> stage_;
    std::vector<Asked> asked_;
    std::vector<Milli> least_;   // What it gets before any surplus.
    std::vector<Milli> wanted_;  // ...and at most, in whole steps.
    std::vector<Milli> used_;    // What counts on its rows.
    std::vector<Milli> most_;    // ...at most.
    std::vector<Milli> limit_;
    std::vector<double> weight_, urgent_weight_, level_;

    std::vector<Index> waiting_;  // Those that may get something.
    std::vector<Index> members_, chosen_;
    std::vector<Urgent> urgent_;

    std::span<const Demand> demands_;
    FillMethod method_ = FillMethod::kFastest;
    Steps exact_;
    bool whole_ = true;
    bool any_reserve_ = false, any_one_by_one_ = false, any_deadline_ = false;
    Bands bands_;
};

Solver::Work::Work(const Network& network)
    : lines_(network),
      layout_(lines_.layout()),
      by_classes_(layout_),
      by_events_(layout_),
      by_bisection_(layout_),
      turns_(layout_.leaves()),
      promises_(layout_.leaves()),
      arrivals_(layout_.leaves()) {
    const auto n = layout_.leaves();
    wired_.reserve(n);
    for (const auto& leaf : network.leaves) {
        BUSBAR_CHECK(leaf.quantum > Amperes{});
        const Steps steps(leaf.quantum.in_milli());
        exact_minimum_.push_back(leaf.minimum.in_milli());
        wired_.push_back({steps, leaf.floor.in_milli(), steps.up(exact_minimum_.back())});
    }
    stage_.resize(n);
    asked_.resize(n);
    for (auto* amounts : {&least_, &wanted_, &used_, &most_, &limit_}) amounts->resize(n);
    for (auto* numbers : {&weight_, &urgent_weight_, &level_}) numbers->resize(n);
    for (auto* leaves : {&waiting_, &members_, &chosen_}) leaves->reserve(n);
    urgent_.reserve(n);
}

inline void Solver::Work::ask_for(LeafIndex i, const Demand& demand) {
    const auto& wired = wired_[i];
    const auto wanted = steps(i).down(demand.wanted.in_milli());
    auto least = minimum(i, demand);
    limit_[i] = 0;
    used_[i] = wired.floor;
    wanted_[i] = wanted;
    if (wanted < least) {
        stage_[i] = Stage::kTooLittle;
        return;
    }
    const bool reserves = demand.reserve > Amperes{};
    if (reserves) least = std::max(least, std::min(steps(i).up(demand.reserve.in_milli()), wanted));
    BUSBAR_CHECK(demand.weight > Weight{});
    stage_[i] = Stage::kWaits;
    least_[i] = least;
    most_[i] = std::max(wanted, wired.floor);
    weight_[i] = static_cast<double>(demand.weight.in_milli());
    asked_[i] = {demand.admit_band, demand.surplus_band, demand.one_by_one,
                 demand.by_deadline && !demand.one_by_one, reserves};
    if (reserves) any_reserve_ = true;
    if (demand.one_by_one) any_one_by_one_ = true;
    if (demand.by_deadline) any_deadline_ = true;
    bands_.add(demand.admit_band);
    if (demand.surplus_band != demand.admit_band) bands_.add(demand.surplus_band);
    waiting_.push_back(static_cast<Index>(i));
}

void Solver::Work::begin(std::span<const PerPhase> budgets, std::span<const Demand> demands,
                         bool whole, FillMethod method) {
    BUSBAR_CHECK(budgets.size() == layout_.slots());
    BUSBAR_CHECK(demands.size() == layout_.leaves());
    BUSBAR_CHECK(method != FillMethod::kClasses || layout_.tree);
    demands_ = demands;
    method_ = method;
    whole_ = whole;
    any_reserve_ = any_one_by_one_ = any_deadline_ = false;
    bands_ = {};
    waiting_.clear();
    lines_.reset(budgets);
    for (LeafIndex i = 0; i < demands.size(); ++i) {
        const auto& demand = demands[i];
        const auto floor = wired_[i].floor;
        turns_.note(i, demand.turn, demand.since);
        promises_.note(i, demand.promise_turn, demand.since);
        arrivals_.note(i, demand.since.time_since_epoch().count(),
                       TimePoint{Duration{demand.turn}});
        switch (demand.kind) {
            case Demand::Kind::kIdle:
                limit_[i] = std::max(floor, demand.reserve.in_milli());
                break;
            case Demand::Kind::kFixed:
                limit_[i] = demand.wanted.in_milli();
                break;
            case Demand::Kind::kWants:
                ask_for(i, demand);
                continue;
        }
        stage_[i] = Stage::kGiven;
        used_[i] = std::max(limit_[i], floor);
    }
}

// --- Who gets a minimum ---------------------------------------------------------------------

inline void Solver::Work::count_as_admitted(LeafIndex i) {
    const auto floor = wired_[i].floor;
    stage_[i] = Stage::kAdmitted;
    used_[i] = std::max(least_[i], floor);
    limit_[i] = least_[i];
    // A floor counts anyway, so it may as well be had.
    if (floor > least_[i])
        limit_[i] = std::max(least_[i], steps(i).down(std::min(floor, wanted_[i])));
}

// Where all fit, the order does not matter.
void Solver::Work::admit(std::uint8_t band) {
    chosen_.clear();
    for (const auto i : waiting_)
        if (asked_[i].admit_band == band) {
            chosen_.push_back(i);
            count_as_admitted(i);
        }
    lines_.load(used_);
    if (chosen_.empty() || !lines_.over()) return;
    // Some do not. In turn, then, and those with a reserve first.
    turns_.sort();
    promises_.sort();
    for (const auto i : chosen_) {
        (asked_[i].reserves ? promises_ : turns_).add(i, used_[i] - wired_[i].floor);
        used_[i] = wired_[i].floor;
    }
    lines_.load(used_);
    const auto serve = [&](Index i, Milli extra) {
        used_[i] += extra;
        return try_to_admit(i, extra);
    };
    if (any_reserve_) promises_.serve(serve);
    turns_.serve(serve);
}

// True: decided, either way. Everybody counts as admitted already.
bool Solver::Work::try_to_admit(Index i, Milli extra) {
    if (lines_.fits_milli(i, extra)) {
        lines_.take_milli(i, extra);
        return true;
    }
    stage_[i] = Stage::kLeftOut;
    limit_[i] = 0;
    used_[i] = wired_[i].floor;
    if (!asked_[i].reserves || !lines_.holds(i)) return true;
    // What is left of a reserve, if it is enough to charge at all.
    const auto rest = steps(i).down(used_[i] + lines_.room_milli(i));
    if (rest < minimum(i, demands_[i])) return true;
    least_[i] = std::min(least_[i], rest);
    count_as_admitted(i);
    lines_.take_milli(i, used_[i] - wired_[i].floor);
    return true;
}

void Solver::Work::admit_given(std::span<const bool> admitted) {
    BUSBAR_CHECK(admitted.size() == demands_.size());
    for (const auto i : waiting_) {
        if (admitted[i])
            count_as_admitted(i);
        else
            stage_[i] = Stage::kLeftOut;
    }
    lines_.load(used_);
}

// --- Who gets the surplus -------------------------------------------------------------------

void Solver::Work::share(std::uint8_t band) {
    if (any_one_by_one_) serve_one_by_one(band);
    members_.clear();
    for (const auto i : waiting_)
        if (asked_[i].surplus_band == band && used_[i] < most_[i] && is_in(i, Stage::kAdmitted))
            members_.push_back(i);
    if (members_.empty()) return;
    if (any_one_by_one_ || any_deadline_) {
        raise_some();
    } else {
        raise(members_, weight_);
    }
    round_down();
    if (lines_.over()) give_back(band);
    if (whole_) hand_out_the_rest();
}

// Not all of the members fill by weight alone.
void Solver::Work::raise_some() {
    chosen_.clear();
    for (const auto i : members_)
        if (!asked_[i].one_by_one) chosen_.push_back(i);
    const auto by_deadline = [&](Index i) { return asked_[i].by_deadline; };
    const bool deadlines = whole_ && std::ranges::any_of(chosen_, by_deadline);
    if (!deadlines || !std::ranges::all_of(chosen_, by_deadline)) raise(chosen_, weight_);
    if (deadlines) share_by_deadline();
}

void Solver::Work::serve_one_by_one(std::uint8_t band) {
    turns_.sort();
    for (const auto i : turns_.order()) {
        if (!is_in(i, Stage::kAdmitted) || asked_[i].surplus_band != band ||
            !asked_[i].one_by_one || used_[i] >= most_[i])
            continue;
        const auto fits = std::min(wanted_[i], used_[i] + lines_.room_milli(i));
        limit_[i] = std::max(limit_[i], steps(i).down(fits));
        const auto more = std::max(limit_[i], used_[i]) - used_[i];
        lines_.take_milli(i, more);
        used_[i] += more;
    }
}

// All of them together, from what they have. `lines_` holds what is used, before and after.
void Solver::Work::raise(std::span<const Index> who, std::span<const double> weights) {
    if (who.empty()) return;
    run_fill({who, used_, most_, weights});
    const double tiny = layout_.plain ? kTiny : 0;
    for (const auto i : who) {
        const auto most = static_cast<double>(most_[i]);
        const double amount = weights[i] * level_[i] + tiny;
        if (amount >= most) {
            used_[i] = most_[i];
        } else if (amount > static_cast<double>(used_[i])) {
            used_[i] = static_cast<Milli>(amount);
        }
    }
}

void Solver::Work::run_fill(const FillRequest& request) {
    if (!layout_.plain) return by_bisection_.run(lines_, request, used_, level_);
    if (layout_.tree && method_ != FillMethod::kEvents) {
        const auto most_shapes = method_ == FillMethod::kClasses ? layout_.leaves() : kFewShapes;
        if (by_classes_.run(layout_, lines_, request, level_, most_shapes)) return;
    }
    by_events_.run(layout_, lines_, request, level_);
}

// What those with a deadline got together so far is split anew among them.
void Solver::Work::share_by_deadline() {
    urgent_.clear();
    turns_.sort();
    for (const auto i : members_)
        if (asked_[i].by_deadline) turns_.add(i, 0);
    turns_.serve([&](Index i, Milli) {
        const auto base = std::max(least_[i], wired_[i].floor);
        const double urge = urgency(demands_[i].need.in_milli(), wanted_[i]);
        urgent_.push_back({i, base, most_[i], urgent_worth(urge)});
        urgent_weight_[i] = urgent_weight(urge);
        used_[i] = base;
        return true;
    });
    const auto raise_again = [&](std::span<const double> weights, auto&& who) {
        lines_.load(used_);
        chosen_.clear();
        for (const auto i : members_)
            if (who(asked_[i]) && used_[i] < most_[i]) chosen_.push_back(i);
        raise(chosen_, weights);
    };
    const auto urgent = [](const Asked& asked) { return asked.by_deadline; };
    raise_again(urgent_weight_, urgent);
    lines_.load(used_);
    exchange(lines_, urgent_, used_);
    raise_again(urgent_weight_, urgent);
    raise_again(weight_, [](const Asked& a) { return !a.by_deadline && !a.one_by_one; });
}

// --- Whole steps ----------------------------------------------------------------------------

void Solver::Work::round_down() {
    chosen_.clear();
    for (const auto i : members_) {
        limit_[i] = steps(i).down(std::min(used_[i], wanted_[i]));
        used_[i] = std::max(limit_[i], wired_[i].floor);
        if (limit_[i] < wanted_[i]) chosen_.push_back(i);
    }
    lines_.load(used_);
}

// Levels are rounded numbers: a row may be over by a thousandth for it. The last give way.
void Solver::Work::give_back(std::uint8_t band) {
    turns_.sort();
    for (const auto i : turns_.order() | std::views::reverse)
        while (is_in(i, Stage::kAdmitted) && asked_[i].surplus_band == band &&
               limit_[i] > least_[i] && used_[i] > wired_[i].floor && !lines_.holds(i)) {
            limit_[i] -= steps(i).step();
            const auto less = used_[i] - std::max(limit_[i], wired_[i].floor);
            used_[i] -= less;
            lines_.take_milli(i, -less);
        }
}

inline std::int64_t Solver::Work::for_a_step(Index i) const {
    return std::max(limit_[i] + wired_[i].steps.step(), wired_[i].floor) - used_[i];
}

inline void Solver::Work::give_a_step(Index i, Milli more) {
    lines_.take_milli(i, more);
    used_[i] += more;
    limit_[i] += wired_[i].steps.step();
}

void Solver::Work::hand_out_the_rest() {
    lines_.note_ceilings();
    const auto hungry =
        std::ranges::partition(chosen_, [&](Index i) { return !lines_.may_fit(i, for_a_step(i)); });
    if (hungry.empty()) return;
    arrivals_.sort();
    for (const auto i : hungry) arrivals_.add(i, for_a_step(i));
    // Nothing becomes free, so those who got none will get none.
    for (bool given = true; given;) {
        given = false;
        arrivals_.serve([&](Index i, Milli& more) {
            if (!lines_.fits_milli(i, more)) return true;
            give_a_step(i, more);
            more = for_a_step(i);
            given = true;
            return limit_[i] >= wanted_[i];
        });
    }
}

// --- The answer -----------------------------------------------------------------------------

inline void Solver::Work::check_one(LeafIndex i) const {
    BUSBAR_CHECK(limit_[i] >= least_[i]);
    BUSBAR_CHECK(limit_[i] <= wanted_[i]);
    BUSBAR_CHECK(limit_[i] == wired_[i].steps.down(limit_[i]));
}

void Solver::Work::finish(std::span<Allotment> out) {
    BUSBAR_CHECK(out.size() == demands_.size());
    for (LeafIndex i = 0; i < out.size(); ++i) {
        auto outcome = Outcome::kAdmitted;
        switch (stage_[i]) {
            case Stage::kGiven:
                outcome =
                    demands_[i].kind == Demand::Kind::kIdle ? Outcome::kIdle : Outcome::kFixed;
                break;
            case Stage::kAdmitted:
                check_one(i);
                break;
            case Stage::kTooLittle:
                outcome = Outcome::kBelowMinimum;
                break;
            case Stage::kWaits:
            case Stage::kLeftOut:
                outcome = Outcome::kNotAdmitted;
                break;
        }
        out[i] = {Amperes::milli(limit_[i]), outcome};
        used_[i] = std::max(limit_[i], wired_[i].floor);
    }
    lines_.load(used_);
    if (!lines_.over()) return;
    for (LeafIndex i = 0; i < out.size(); ++i)
        if (is_in(i, Stage::kAdmitted) && limit_[i] > wired_[i].floor)
            BUSBAR_CHECK(lines_.holds(i));
}

Solver::Solver(const Network& network) : work_(std::make_unique<Work>(network)) {}
Solver::~Solver() = default;
Solver::Solver(Solver&&) noexcept = default;
Solver& Solver::operator=(Solver&&) noexcept = default;

void Solver::solve(std::span<const PerPhase> budgets, std::span<const Demand> demands,
                   std::span<Allotment> out, FillMethod method) {
    auto& work = *work_;
    work.begin(budgets, demands, true, method);
    work.bands_.each([&](std::uint8_t band) {
        work.admit(band);
        work.share(band);
    });
    work.finish(out);
}

void Solver::fill(std::span<const PerPhase> budgets, std::span<const Demand> demands,
                  std::span<const bool> admitted, std::span<Amperes> out, FillMethod method) {
    auto& work = *work_;
    BUSBAR_CHECK(out.size() == demands.size());
    work.begin(budgets, demands, false, method);
    work.admit_given(admitted);
    work.bands_.each([&](std::uint8_t band) { work.share(band); });
    for (LeafIndex i = 0; i < out.size(); ++i) out[i] = Amperes::milli(work.limit_[i]);
}

}  // namespace busbar
