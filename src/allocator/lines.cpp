#include "allocator/lines.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.hpp"

namespace busbar {
namespace {

// Squares of currents: a sum of a million of the widest currents still fits.
__extension__ typedef __int128 Wide;
// Up to here, 64 bits do.
constexpr std::int64_t kNarrow = std::int64_t{1} << 29;

// The least whole x with x * x >= square.
std::int64_t root_rounded_up(Wide square) {
    auto root = static_cast<std::int64_t>(std::sqrt(static_cast<long double>(square)));
    while (Wide{root} * root < square) ++root;
    while (root > 0 && Wide{root - 1} * (root - 1) >= square) --root;
    return root;
}

// What a current on three lines is between each two of them.
std::int64_t between_lines(std::int64_t current) {
    return root_rounded_up((Wide{current} * current + 2) / 3);
}

// The loads between two lines as a line of a row sees them: those that meet in it, or, before a
// transformer, two that relieve each other and one that weighs twice.
template <class Number>
struct Seen {
    Number one, other, far;
};
template <class Number>
Seen<Number> seen_from(const std::array<std::int64_t, 3>& pair, LineModel model, std::size_t line) {
    const auto at = [&](std::size_t k) { return static_cast<Number>(pair[k % 3]); };
    if (model == LineModel::kDelta) return {at(line), at(line + 2), 0};
    return {at(line), at(line + 1), at(line + 2)};
}

// Twice the product of two currents of a line, made by these loads: with itself, twice |I|^2.
template <class Number>
Number product(LineModel model, const Seen<Number>& a, const Seen<Number>& b) {
    const auto plain = 2 * (a.one * b.one + a.other * b.other);
    const auto mixed = a.one * b.other + a.other * b.one;
    if (model == LineModel::kDelta) return plain + mixed;
    return plain - mixed + 8 * a.far * b.far + 2 * a.far * (b.one + b.other) +
           2 * b.far * (a.one + a.other);
}

// Calls with all that must hold: before a transformer also without either of the two loads that
// relieve each other, so that nobody's drawing less makes a current more.
template <class Number, class Visit>
void each_case(LineModel model, const Seen<Number>& seen, Visit&& visit) {
    visit(seen);
    if (model == LineModel::kDelta) return;
    visit(Seen<Number>{seen.one, 0, seen.far});
    visit(Seen<Number>{0, seen.other, seen.far});
}

// Twice |I|^2.
template <class Number>
Number twice_square(const std::array<std::int64_t, 3>& pair, LineModel model, std::size_t line) {
    Number most = 0;
    each_case(model, seen_from<Number>(pair, model, line),
              [&](const Seen<Number>& seen) { most = std::max(most, product(model, seen, seen)); });
    return most;
}

// How much more of `step` until |I| is the budget: a quadratic equation. Rounded, and only as
// exact as that.
double more_until(const std::array<std::int64_t, 3>& pair, LineModel model, std::size_t line,
                  const Seen<double>& step, double budget) {
    double most = static_cast<double>(kUnlimited.in_milli());
    const auto seen = seen_from<double>(pair, model, line);
    const auto solve = [&](const Seen<double>& from, const Seen<double>& by) {
        const double a = product(model, by, by), b = product(model, from, by);
        const double c = product(model, from, from) - 2 * budget * budget;
        if (a <= 0) return;
        most = std::min(most, (std::sqrt(std::max(b * b - a * c, 0.0)) - b) / a);
    };
    solve(seen, step);
    if (model == LineModel::kDelta) return most;
    solve({seen.one, 0, seen.far}, {step.one, 0, step.far});
    solve({0, seen.other, seen.far}, {0, step.other, step.far});
    return most;
}

bool is_one_line(std::uint8_t mask) {
    return (mask & (mask - 1)) == 0;
}

}  // namespace

Lines::Lines(const Network& network)
    : layout_(network),
      budget_(layout_.slots() * Layout::kPlaces),
      left_(budget_.size()),
      ceiling_(budget_.size()),
      loads_(layout_.plain ? 0 : layout_.slots()) {}

void Lines::reset(std::span<const PerPhase> budgets) {
    BUSBAR_CHECK(budgets.size() == layout_.slots());
    over_ = false;
    for (RowIndex row = 0; row < budgets.size(); ++row) {
        const auto at = layout_.slot_of[row] * Layout::kPlaces;
        for (std::size_t line = 0; line < 3; ++line) {
            budget_[at + line] = budgets[row][kPhases[line]].in_milli();
            over_ = over_ || budget_[at + line] < 0;
        }
    }
    left_ = budget_;
    std::ranges::fill(loads_, Load{});
}

void Lines::add(Load& load, std::uint8_t mask, std::int64_t amount) {
    switch (mask) {
        case 0b001:
            load.single[0] += amount;
            break;
        case 0b010:
            load.single[1] += amount;
            break;
        case 0b100:
            load.single[2] += amount;
            break;
        case 0b011:
            load.pair[0] += amount;
            break;
        case 0b110:
            load.pair[1] += amount;
            break;
        case 0b101:
            load.pair[2] += amount;
            break;
        case 0b111:
            load.three += amount;
            load.between = between_lines(load.three);
            break;
    }
}

std::array<std::int64_t, 3> Lines::pairs(const Load& load) {
    return {load.pair[0] + load.between, load.pair[1] + load.between, load.pair[2] + load.between};
}

bool Lines::carries(const Load& load, std::size_t slot, std::size_t line) const {
    const auto budget = budget_[slot * Layout::kPlaces + line] - load.single[line];
    if (budget < 0) return false;
    const auto pair = pairs(load);
    const auto model = layout_.model[slot];
    if ((pair[0] | pair[1] | pair[2]) < kNarrow) {
        const auto bound = std::min(budget, 3 * kNarrow);
        return twice_square<std::int64_t>(pair, model, line) <= 2 * bound * bound;
    }
    return twice_square<Wide>(pair, model, line) <= 2 * Wide{budget} * budget;
}

Amperes Lines::left(RowIndex row, Phase phase) const {
    const auto slot = layout_.slot_of[row];
    const auto line = static_cast<std::size_t>(phase);
    const auto at = slot * Layout::kPlaces + line;
    const auto model = layout_.model[slot];
    if (model == LineModel::kSum) return Amperes::milli(left_[at]);
    const auto square = twice_square<Wide>(pairs(loads_[slot]), model, line) / 2;
    return Amperes::milli(budget_[at] - loads_[slot].single[line] - root_rounded_up(square));
}

bool Lines::fits(LeafIndex leaf, Amperes extra, RowIndex row, Phase phase) const {
    const auto slot = layout_.slot_of[row];
    const auto line = static_cast<std::size_t>(phase);
    const bool loads = layout_.mask[leaf] >> line & 1;
    if (layout_.model[slot] == LineModel::kSum)
        return !loads || left_[slot * Layout::kPlaces + line] >= extra.in_milli();
    // Before a transformer a load between two lines reaches the third.
    if (!loads && (layout_.model[slot] == LineModel::kDelta || is_one_line(layout_.mask[leaf])))
        return true;
    auto load = loads_[slot];
    add(load, layout_.mask[leaf], extra.in_milli());
    return carries(load, slot, line);
}

// The lines of a row whose current a leaf changes: before a transformer a load between two lines
// reaches the third.
std::uint8_t Lines::touched(std::size_t slot, std::uint8_t mask) const {
    const bool all = layout_.model[slot] == LineModel::kDeltaPrimary && !is_one_line(mask);
    return all ? std::uint8_t{0b111} : mask;
}

bool Lines::fits_phasors(LeafIndex leaf, std::int64_t extra) const {
    const auto mask = layout_.mask[leaf];
    for (const auto slot : layout_.rows_of(leaf)) {
        if (layout_.model[slot] == LineModel::kSum) {
            if (!carries_more(left_milli(slot), leaf, extra)) return false;
            continue;
        }
        auto load = loads_[slot];
        if (extra != 0) add(load, mask, extra);
        const auto lines = touched(slot, mask);
        for (std::size_t line = 0; line < 3; ++line)
            if ((lines >> line & 1) && !carries(load, slot, line)) return false;
    }
    return true;
}

std::int64_t Lines::room_milli(LeafIndex leaf) const {
    const auto mask = layout_.mask[leaf];
    std::int64_t least = kUnlimited.in_milli();
    for (const auto slot : layout_.rows_of(leaf)) {
        if (!layout_.plain && layout_.model[slot] != LineModel::kSum) {
            least = std::min(least, room_of_row(slot, mask));
            continue;
        }
        const auto* left = left_milli(slot);
        for (std::size_t line = 0; line < 3; ++line)
            if (mask >> line & 1) least = std::min(least, left[line]);
    }
    least = std::max(least, std::int64_t{0});
    return layout_.plain || least == 0 ? least : exact_room(leaf, least);
}

// To within a few thousandths.
std::int64_t Lines::room_of_row(std::size_t slot, std::uint8_t mask) const {
    const auto& load = loads_[slot];
    Load one;
    add(one, mask, 1);
    const auto pair = pairs(load);
    const auto model = layout_.model[slot];
    const auto lines = touched(slot, mask);
    // A current on three lines is less between each two.
    const double part = one.three == 0 ? 1 : 1 / std::sqrt(3.0);
    double least = static_cast<double>(kUnlimited.in_milli());
    for (std::size_t line = 0; line < 3; ++line) {
        if (!(lines >> line & 1)) continue;
        const auto budget = budget_[slot * Layout::kPlaces + line] - load.single[line];
        if (!carries(load, slot, line)) return 0;
        if (one.single[line] != 0) {
            const auto square = twice_square<Wide>(pair, model, line) / 2;
            return budget - root_rounded_up(square);
        }
        auto step = seen_from<double>(pairs(one), model, line);
        for (auto* each : {&step.one, &step.other, &step.far}) *each *= part;
        least = std::min(least, more_until(pair, model, line, step, static_cast<double>(budget)));
    }
    return static_cast<std::int64_t>(least);
}

// More of one load never makes any line's current less, so what fits has one end: near `guess`.
std::int64_t Lines::exact_room(LeafIndex leaf, std::int64_t guess) const {
    if (guess >= kUnlimited.in_milli()) return guess;
    const auto fits = [&](std::int64_t extra) { return fits_phasors(leaf, extra); };
    std::int64_t low = guess, high = guess + 1;
    for (std::int64_t wide = 1; fits(high); wide *= 2) low = std::exchange(high, high + wide);
    for (std::int64_t wide = 1; low > 0 && !fits(low); wide *= 2)
        high = std::exchange(low, std::max(low - wide, std::int64_t{0}));
    while (low + 1 < high) {
        const auto middle = low + (high - low) / 2;
        (fits(middle) ? low : high) = middle;
    }
    return low;
}

void Lines::load(std::span<const std::int64_t> milliamperes) {
    BUSBAR_CHECK(milliamperes.size() == layout_.leaves());
    if (layout_.plain) return sum_up(milliamperes);
    left_ = budget_;
    std::ranges::fill(loads_, Load{});
    for (LeafIndex i = 0; i < milliamperes.size(); ++i) take_milli(i, milliamperes[i]);
    over_ = false;
    for (std::size_t slot = 0; slot < layout_.slots(); ++slot)
        for (std::size_t line = 0; line < 3; ++line)
            over_ = over_ ||
                    (layout_.model[slot] == LineModel::kSum ? left_milli(slot)[line] < 0
                                                            : !carries(loads_[slot], slot, line));
}

void Lines::note_ceilings() {
    constexpr auto kPlaces = Layout::kPlaces;
    for (std::size_t slot = 0; slot < layout_.slots(); ++slot) {
        const auto above = layout_.parent[slot];
        const bool plain = layout_.model[slot] == LineModel::kSum;
        for (std::size_t line = 0; line < kPlaces; ++line) {
            const auto left = plain ? left_[slot * kPlaces + line] : kUnlimited.in_milli();
            ceiling_[slot * kPlaces + line] =
                above == Layout::kNone ? left : std::min(left, ceiling_[above * kPlaces + line]);
        }
    }
}

void Lines::sum_up(std::span<const std::int64_t> milliamperes) {
    constexpr auto kPlaces = Layout::kPlaces;
    if (layout_.slots() == 0) return;
    // First what flows, as a negative amount; then, from below, what is left.
    std::ranges::fill(left_, 0);
    LineSums sums(left_);
    for (LeafIndex i = 0; i < milliamperes.size(); ++i) {
        if (const auto home = layout_.home[i]; home != Layout::kNone)
            sums.add(home, layout_.mask[i], -milliamperes[i]);
        if (layout_.tree) continue;
        for (const auto slot : layout_.others_of(i))
            sums.add(slot, layout_.mask[i], -milliamperes[i]);
    }
    sums.finish();
    std::int64_t signs = 0;
    for (std::size_t slot = layout_.slots(); slot-- > 0;) {
        auto* left = &left_[slot * kPlaces];
        if (const auto above = layout_.parent[slot]; above != Layout::kNone)
            for (std::size_t line = 0; line < kPlaces; ++line)
                left_[above * kPlaces + line] += left[line];
        for (std::size_t line = 0; line < kPlaces; ++line) {
            left[line] += budget_[slot * kPlaces + line];
            signs |= left[line];
        }
    }
    over_ = signs < 0;
}

}  // namespace busbar
