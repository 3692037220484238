// Splits what the circuits of a site may carry among the cars that ask for current.
//
// Pure: no clock, no I/O, no locks, no logging. Equal inputs give equal answers, so a decision
// can be replayed from its recorded inputs. Floating point is used inside the filling only; every
// promise below is kept, and checked, in integers.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "allocator/lines.hpp"
#include "domain/network.hpp"

namespace busbar {

// What one leaf asks for. Plain data: a resolve fills one per leaf each time.
struct Demand {
    enum class Kind : std::uint8_t {
        kIdle,   // No car that charges: counts with its floor, or `reserve` if that is more.
        kWants,  // A car that takes what it gets, up to `wanted`.
        kFixed,  // Cannot be changed now (offline, excluded): `wanted` is held for it.
    };
    Kind kind = Kind::kIdle;
    // Surplus is handed out band by band, the lowest first. Everybody in one band: weights only.
    std::uint8_t surplus_band = 0;
    // The band before whose surplus this leaf's minimum is found room for. 0 for all: every car
    // that fits gets its minimum before any gets more. Never above surplus_band.
    std::uint8_t admit_band = 0;
    bool one_by_one = false;        // First come, first served: all it can take before the next.
    bool by_deadline = false;       // Its part of the surplus follows `need`.
    Weight weight = Weight::of(1);  // Above 0.
    Amperes wanted = {};
    Amperes minimum = {};  // What this car needs to charge at all; 0: the leaf's.
    Amperes reserve = {};  // Gets this before anybody's surplus. At most `wanted`, if it wants.
    Amperes need = {};     // by_deadline: what it needs on average until it leaves.
    // Who gets a minimum first where there are too few: the lowest turn, then who came first,
    // then the leaf of the lower index.
    std::int64_t turn = 0;
    // Who gets its reserve first where not all fit; then as above. Turns change as cars are served:
    // by them, two would pass a reserve back and forth at every solve.
    std::int64_t promise_turn = 0;
    TimePoint since = {};
};

enum class Outcome : std::uint8_t {
    kIdle,
    kFixed,
    kAdmitted,      // Gets at least its minimum.
    kNotAdmitted,   // Some row has less than its minimum left.
    kBelowMinimum,  // It may have less than its minimum, so it gets nothing.
};

struct Allotment {
    Amperes limit = {};
    Outcome outcome = Outcome::kIdle;

    bool operator==(const Allotment&) const = default;
};

// Which of the fillings: they agree, to within rounding; the fast one cannot do everything.
// Where a row is no plain sum, all mean a third one, which tries levels and is slow.
enum class FillMethod : std::uint8_t {
    kFastest,  // By classes where the rows are a tree of plain sums and the classes few.
    kEvents,   // Event by event: any plain sums.
    kClasses,  // Class by class. Requires: only circuits and chargers as rows.
};

// What an EVSE and its car need to charge at all, in whole quanta.
Amperes minimum_of(const Leaf& leaf, const Demand& demand);

class Solver {
public:
    // Keeps what it needs of `network`, and its working memory from one solve to the next: in
    // steady state a solve allocates nothing. One owner at a time.
    explicit Solver(const Network& network);
    ~Solver();
    Solver(Solver&&) noexcept;
    Solver& operator=(Solver&&) noexcept;

    // First what cannot be changed is set aside, then the minimum (or the reserve) of as many
    // cars as fit, in the order of their turns; then the surplus is filled in, band by band:
    // weighted max-min fairness (nobody could get more without taking from one that has no more
    // for its weight), one by one, or by deadline. In each band shares are floored to the chargers'
    // quanta, and left-over quanta go out in the order of turns. A floor counts in any case, so
    // who is admitted gets at least that, as far as it wants it.
    //
    // Writes one allotment per leaf, in the network's order.
    //
    // Guarantees, checked in every build:
    //   - on every row and phase, what is allotted (or the floor, where that is more) sums to at
    //     most its budget, except where what is fixed or idle alone exceeds it, and then no car
    //     that wants gets more than its floor there;
    //   - a car that wants gets 0, or between its minimum and what it wanted, in whole quanta.
    //
    // Requires: one budget a row (not negative), one demand and one allotment a leaf; amounts
    // not negative.
    // Cost: with n leaves on r rows of depth d in k classes of like leaves: O(n d + r k d), plus
    // O(n log n) when the order of turns has changed since the last solve.
    void solve(std::span<const PerPhase> budgets, std::span<const Demand> demands,
               std::span<Allotment> out, FillMethod method = FillMethod::kFastest);

    // The filling alone, for proofs: with a given set of admitted leaves, before quanta, to the
    // thousandth of an ampere (rounded down), deadlines not looked at. Same requirements.
    void fill(std::span<const PerPhase> budgets, std::span<const Demand> demands,
              std::span<const bool> admitted, std::span<Amperes> out,
              FillMethod method = FillMethod::kFastest);

private:
    struct Work;
    std::unique_ptr<Work> work_;
};

// Why a leaf did not get more: a row that has less left than its next step, or its minimum.
struct Limiting {
    RowIndex row = 0;
    Phase phase = Phase::kL1;
    int sharers = 0;    // Cars that get current there, this one included.
    Amperes left = {};  // On that row and line.
};

// Every line that lacks the room for the leaf's next step. First those on which nobody has more
// than the leaf, the tightest first. Empty if only its own wish holds it, or it wants nothing.
// If all of them, and its own wish, had more room, it would get more, as far as its hardware goes:
// so where one band is filled and it has more than its first amperes. Else the room might go to
// others who come before it (docs/decisions/0010).
// Made for one answer of solve(); reads the spans it was given.
class Explainer {
public:
    // Cost: O(n d).
    Explainer(const Network& network, std::span<const PerPhase> budgets,
              std::span<const Demand> demands, std::span<const Allotment> allotments);
    // Cost: O(d).
    std::vector<Limiting> of(LeafIndex leaf) const;

private:
    // What it would get next if it got more; 0 if it is no row that holds it back.
    Amperes next_limit(LeafIndex leaf) const;

    const Network& network_;
    std::span<const Demand> demands_;
    std::span<const Allotment> allotments_;
    Lines lines_;  // As allotted.
    std::vector<std::array<int, 3>> sharers_;
    std::vector<PerPhase> highest_;  // Of the limits that cars have there.
};

}  // namespace busbar
