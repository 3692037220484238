// A network as plain arrays, made once: what the counting and the fillings walk over.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "domain/network.hpp"

namespace busbar {

// Rows are known by slot: a row stands before all rows below it, and those follow it without a
// gap. Lines of a row are 0, 1, 2; four places are kept for each row, so that they lie aligned.
struct Layout {
    using Index = std::uint32_t;
    static constexpr Index kNone = std::numeric_limits<Index>::max();
    static constexpr std::size_t kPlaces = 4;

    // Requires: rows stand before the rows below them.
    explicit Layout(const Network& network);

    std::size_t slots() const { return parent.size(); }
    std::size_t leaves() const { return mask.size(); }
    std::span<const Index> rows_of(LeafIndex leaf) const { return slice(rows_at, rows, leaf); }
    std::span<const Index> others_of(LeafIndex leaf) const {
        return slice(others_at, others, leaf);
    }
    std::span<const Index> leaves_of(Index slot) const { return slice(leaves_at, loading, slot); }

    std::vector<Index> slot_of;  // By row of the network.
    std::vector<Index> parent;   // By slot; kNone at the top.
    std::vector<Index> last;     // By slot: the last slot below it, or itself.
    std::vector<LineModel> model;

    std::vector<std::uint8_t> mask;  // By leaf: bit p if it loads line p.
    // By leaf: the slot whose way to the top are its first rows; kNone if it has none such.
    std::vector<Index> home;
    std::vector<Index> rows_at, rows;       // By leaf: all its rows, as slots.
    std::vector<Index> others_at, others;   // By leaf: those that are not on the way from its home.
    std::vector<Index> leaves_at, loading;  // By slot: the leaves that load it.

    bool tree = true;   // Every leaf has a home and no other rows.
    bool plain = true;  // Every row is a plain sum.

private:
    static std::span<const Index> slice(const std::vector<Index>& at, const std::vector<Index>& all,
                                        std::size_t i) {
        return {all.data() + at[i], all.data() + at[i + 1]};
    }
    void number_rows(const Network& network);
    void list_rows(const Network& network);
    void list_leaves();
};

// All bits on the lines of a mask, none elsewhere.
using LineBits = std::array<std::int64_t, Layout::kPlaces>;
inline constexpr std::array<LineBits, 8> kLineBits = [] {
    std::array<LineBits, 8> out{};
    for (std::size_t mask = 0; mask < out.size(); ++mask)
        for (std::size_t line = 0; line < 3; ++line) out[mask][line] = mask >> line & 1 ? -1 : 0;
    return out;
}();

// Adds what leaves take to sums by slot and line. Neighbours often share a home: what they take
// is added up first, without a detour through memory.
class LineSums {
public:
    explicit LineSums(std::span<std::int64_t> sums) : sums_(sums) {}

    void add(Layout::Index slot, std::uint8_t mask, std::int64_t amount) {
        if (slot != slot_) {
            finish();
            slot_ = slot;
        }
        const auto& bits = kLineBits[mask];
        one_ += amount & bits[0];
        two_ += amount & bits[1];
        three_ += amount & bits[2];
    }
    void finish() {
        auto* to = &sums_[slot_ * Layout::kPlaces];
        to[0] += std::exchange(one_, 0);
        to[1] += std::exchange(two_, 0);
        to[2] += std::exchange(three_, 0);
    }

private:
    std::span<std::int64_t> sums_;
    Layout::Index slot_ = 0;
    std::int64_t one_ = 0, two_ = 0, three_ = 0;
};

}  // namespace busbar
