// What flows on every line of every row, and whether a little more would fit: the one place that
// knows how the currents of EVSEs add up.
//
// Pure. All in integers: what fits here, fits.
//
// On rows that are not plain sums an EVSE with two lines is a load between them. One with all
// three counts, with its line current I, as I / sqrt(3) between each two lines (of all such
// together, rounded up); one with a single line counts on it on top, as a plain sum. For
// LineModel::kDeltaPrimary the least that always holds is asked for: that the budget holds
// however little of their part the others draw.
#pragma once

#include <span>
#include <vector>

#include "allocator/layout.hpp"
#include "domain/network.hpp"

namespace busbar {

class Lines {
public:
    // Keeps what it needs of `network`.
    explicit Lines(const Network& network);

    // Nothing flows.
    void reset(std::span<const PerPhase> budgets);
    // The leaf takes `amount` more on each of its lines (less, if negative).
    void take(LeafIndex leaf, Amperes amount) { take_milli(leaf, amount.in_milli()); }
    // Whether each of its rows carries `extra` more. Requires: extra >= 0.
    bool fits(LeafIndex leaf, Amperes extra) const { return fits_milli(leaf, extra.in_milli()); }
    // The most that fits, down to the thousandth; 0 if a row is over its budget already.
    Amperes room(LeafIndex leaf) const { return Amperes::milli(room_milli(leaf)); }
    // What is left on a line of a row; negative where it is over its budget. For rows that are
    // not plain sums: the budget less the line's current.
    Amperes left(RowIndex row, Phase phase) const;
    // No line of any row of the leaf is over its budget.
    bool holds(LeafIndex leaf) const { return fits_milli(leaf, 0); }
    // Whether `extra` more of this leaf fits on one line of one of its rows.
    bool fits(LeafIndex leaf, Amperes extra, RowIndex row, Phase phase) const;

    // The leaves take these thousandths of an ampere, one each, instead of what they took.
    // Cost: O(leaves + rows) on a tree of plain sums.
    void load(std::span<const std::int64_t> milliamperes);
    // Whether any line is over its budget. Asks for a load() or reset() that nothing followed.
    bool over() const { return over_; }

    // Notes what is left on the way from each home to the top. Until the next load() and while
    // nothing is given back, may_fit() then tells at a glance where fits() would be false.
    void note_ceilings();
    bool may_fit(LeafIndex leaf, std::int64_t extra) const {
        const auto home = layout_.home[leaf];
        return home == Layout::kNone ||
               carries_more(&ceiling_[home * Layout::kPlaces], leaf, extra);
    }

    // The same as above in thousandths: for the loops of the allocator.
    void take_milli(LeafIndex leaf, std::int64_t amount);
    bool fits_milli(LeafIndex leaf, std::int64_t extra) const;
    std::int64_t room_milli(LeafIndex leaf) const;
    // What is left on the lines of a slot: of plain sums only.
    const std::int64_t* left_milli(std::size_t slot) const {
        return &left_[slot * Layout::kPlaces];
    }
    const Layout& layout() const { return layout_; }

private:
    // What flows below a row that is not a plain sum.
    struct Load {
        std::array<std::int64_t, 3> pair{};    // Between L1 and L2, L2 and L3, L3 and L1.
        std::array<std::int64_t, 3> single{};  // On one line alone.
        std::int64_t three = 0;                // On all three lines...
        std::int64_t between = 0;              // ...and what that is between two of them.
    };
    static void add(Load& load, std::uint8_t mask, std::int64_t amount);
    static std::array<std::int64_t, 3> pairs(const Load& load);
    bool carries(const Load& load, std::size_t slot, std::size_t line) const;
    bool carries_more(const std::int64_t* left, LeafIndex leaf, std::int64_t extra) const {
        const auto& bits = kLineBits[layout_.mask[leaf]];
        // Negative if any line is. Without a branch for each line: nobody could predict them.
        return (((left[0] - extra) & bits[0]) | ((left[1] - extra) & bits[1]) |
                ((left[2] - extra) & bits[2])) >= 0;
    }
    bool fits_phasors(LeafIndex leaf, std::int64_t extra) const;
    std::uint8_t touched(std::size_t slot, std::uint8_t mask) const;
    std::int64_t room_of_row(std::size_t slot, std::uint8_t mask) const;
    std::int64_t exact_room(LeafIndex leaf, std::int64_t guess) const;
    void sum_up(std::span<const std::int64_t> milliamperes);

    Layout layout_;
    std::vector<std::int64_t> budget_, left_;  // By slot and line; left_ of plain sums only.
    std::vector<std::int64_t> ceiling_;        // By slot and line.
    std::vector<Load> loads_;                  // By slot; empty if all rows are plain sums.
    bool over_ = false;
};

inline void Lines::take_milli(LeafIndex leaf, std::int64_t amount) {
    const auto mask = layout_.mask[leaf];
    const auto& bits = kLineBits[mask];
    const auto take = [&](Layout::Index slot) {
        auto* left = &left_[slot * Layout::kPlaces];
        left[0] -= amount & bits[0];
        left[1] -= amount & bits[1];
        left[2] -= amount & bits[2];
    };
    if (layout_.tree && layout_.plain) {
        for (auto slot = layout_.home[leaf]; slot != Layout::kNone; slot = layout_.parent[slot])
            take(slot);
        return;
    }
    for (const auto slot : layout_.rows_of(leaf)) {
        take(slot);
        if (!layout_.plain) add(loads_[slot], mask, amount);
    }
}

inline bool Lines::fits_milli(LeafIndex leaf, std::int64_t extra) const {
    if (!layout_.plain) return fits_phasors(leaf, extra);
    if (!layout_.tree) {
        for (const auto slot : layout_.rows_of(leaf))
            if (!carries_more(left_milli(slot), leaf, extra)) return false;
        return true;
    }
    for (auto slot = layout_.home[leaf]; slot != Layout::kNone; slot = layout_.parent[slot])
        if (!carries_more(left_milli(slot), leaf, extra)) return false;
    return true;
}

}  // namespace busbar
