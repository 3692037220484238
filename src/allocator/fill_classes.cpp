#include "allocator/fill_classes.hpp"

#include <algorithm>
#include <bit>
#include <functional>

namespace busbar {
namespace {

constexpr std::size_t kLeastTable = 128;

}  // namespace

FillByClasses::FillByClasses(const Layout& layout)
    : table_(kLeastTable),
      shape_of_leaf_(layout.leaves()),
      wish_(layout.slots() * Layout::kPlaces),
      row_of_(layout.slots()) {
    rows_.reserve(layout.slots());
    full_.reserve(layout.slots() * 3);
}

bool FillByClasses::run(const Layout& layout, const Lines& lines, const FillRequest& request,
                        std::span<double> level, std::size_t most_shapes) {
    if (!sort_into_shapes(layout, request, most_shapes)) return false;
    const bool tight = find_tight_rows(layout, lines);
    if (tight) {
        count(layout, request);
        sort_bends();
        fill();
    }
    for (const auto leaf : request.members) {
        const auto row = tight ? row_of_[layout.home[leaf]] : Layout::kNone;
        level[leaf] = row == Layout::kNone
                          ? kNoLevel
                          : level_[row * sets_.size() + set_of_[layout.mask[leaf]]];
    }
    return true;
}

bool FillByClasses::sort_into_shapes(const Layout& layout, const FillRequest& request,
                                     std::size_t most_shapes) {
    shapes_.clear();
    std::ranges::fill(table_, Layout::kNone);
    std::ranges::fill(wish_, 0);
    unsigned masks = 0;
    LineSums wishes(wish_);
    for (const auto leaf : request.members) {
        const Shape shape{request.base[leaf], request.most[leaf], request.weight[leaf]};
        // Most leaves are as they were the last time.
        auto& index = shape_of_leaf_[leaf];
        if (index >= shapes_.size() || shapes_[index] != shape) {
            index = shape_of(shape);
            if (shapes_.size() > most_shapes) return false;
        }
        masks |= 1U << layout.mask[leaf];
        wishes.add(layout.home[leaf], layout.mask[leaf], shape.most - shape.base);
    }
    wishes.finish();
    sets_.clear();
    for (std::uint8_t mask = 0; mask < set_of_.size(); ++mask) {
        if (!(masks >> mask & 1)) continue;
        set_of_[mask] = static_cast<std::uint8_t>(sets_.size());
        sets_.push_back(mask);
    }
    return true;
}

Layout::Index FillByClasses::shape_of(const Shape& shape) {
    const auto mixed = (static_cast<std::uint64_t>(shape.base) * 0x9e3779b97f4a7c15U) ^
                       (static_cast<std::uint64_t>(shape.most) * 0xc2b2ae3d27d4eb4fU) ^
                       (std::bit_cast<std::uint64_t>(shape.weight) * 0x165667b19e3779f9U);
    for (auto place = (mixed ^ mixed >> 29) >> 20;; ++place) {
        auto& at = table_[place % table_.size()];
        if (at != Layout::kNone) {
            if (shapes_[at] == shape) return at;
            continue;
        }
        at = static_cast<Index>(shapes_.size());
        shapes_.push_back(shape);
        if (shapes_.size() * 2 > table_.size()) {
            // Rare, and then for good: a table twice as large, filled once more.
            table_.assign(table_.size() * 2, Layout::kNone);
            const auto known = std::exchange(shapes_, {});
            for (const auto& each : known) shape_of(each);
        }
        return static_cast<Index>(shapes_.size() - 1);
    }
}

// Rows in the order of slots, so the rows below a row follow it without a gap here, too.
bool FillByClasses::find_tight_rows(const Layout& layout, const Lines& lines) {
    constexpr auto kPlaces = Layout::kPlaces;
    for (std::size_t slot = layout.slots(); slot-- > 0;)
        if (const auto above = layout.parent[slot]; above != Layout::kNone)
            for (std::size_t line = 0; line < kPlaces; ++line)
                wish_[above * kPlaces + line] += wish_[slot * kPlaces + line];
    rows_.clear();
    for (Index slot = 0; slot < layout.slots(); ++slot) {
        const auto above = layout.parent[slot];
        const auto next = above == Layout::kNone ? Layout::kNone : row_of_[above];
        const auto* left = lines.left_milli(slot);
        const auto* wish = &wish_[slot * kPlaces];
        row_of_[slot] = next;
        // A line on which nobody rises is never full, even if it is over its budget.
        std::array<bool, 3> tight{};
        for (std::size_t line = 0; line < 3; ++line)
            tight[line] = wish[line] > 0 && wish[line] > left[line];
        if (!tight[0] && !tight[1] && !tight[2]) continue;
        row_of_[slot] = static_cast<Index>(rows_.size());
        Row row{slot, next, row_of_[slot], {}, {}};
        for (std::size_t line = 0; line < 3; ++line)
            row.left[line] = tight[line] ? static_cast<double>(left[line]) : kNoLevel;
        rows_.push_back(row);
    }
    for (std::size_t i = rows_.size(); i-- > 0;)
        if (const auto above = rows_[i].parent; above != Layout::kNone)
            rows_[above].last = std::max(rows_[above].last, rows_[i].last);
    return !rows_.empty();
}

void FillByClasses::count(const Layout& layout, const FillRequest& request) {
    const auto classes = sets_.size() * shapes_.size();
    count_.assign(rows_.size() * classes, 0);
    level_.assign(rows_.size() * sets_.size(), kNoLevel);
    for (const auto leaf : request.members) {
        const auto row = row_of_[layout.home[leaf]];
        if (row != Layout::kNone) ++count_of(row, set_of_[layout.mask[leaf]])[shape_of_leaf_[leaf]];
    }
    for (auto row = static_cast<Index>(rows_.size()); row-- > 0;) {
        if (rows_[row].parent == Layout::kNone) continue;
        auto* above = count_of(rows_[row].parent, 0);
        const auto* mine = count_of(row, 0);
        for (std::size_t i = 0; i < classes; ++i) above[i] += mine[i];
    }
}

void FillByClasses::sort_bends() {
    bends_.clear();
    for (Index i = 0; i < shapes_.size(); ++i) {
        const auto& shape = shapes_[i];
        bends_.push_back({static_cast<double>(shape.base) / shape.weight, shape.weight, i, 1});
        bends_.push_back({static_cast<double>(shape.most) / shape.weight, -shape.weight, i, -1});
    }
    std::ranges::sort(bends_, {}, &Bend::level);
}

// The level at which the leaves that still rise fill a line; kNoLevel if they never do.
double FillByClasses::full_at(Index row, std::size_t line) {
    const double left = std::max(rows_[row].left[line], 0.0);
    if (left == kNoLevel) return kNoLevel;
    const auto shapes = shapes_.size();
    rising_.assign(shapes, 0);
    for (std::size_t i = 0; i < sets_.size(); ++i) {
        if (!(sets_[i] >> line & 1)) continue;
        const auto* counts = count_of(row, i);
        for (std::size_t shape = 0; shape < shapes; ++shape) rising_[shape] += counts[shape];
    }
    // Without a branch for the shapes that are missing here: nobody could predict it.
    double taken = 0, slope = 0, level = 0;
    std::int32_t leaves = 0;
    for (const auto& bend : bends_) {
        const double more = slope * (bend.level - level);
        if (taken + more >= left && leaves > 0) return level + (left - taken) / slope;
        taken += more;
        level = bend.level;
        slope += rising_[bend.shape] * bend.slope;
        leaves += rising_[bend.shape] * bend.begins;
    }
    return kNoLevel;
}

// The lowest line that is full stops its leaves; all other lines are full later for that, so
// what the heap says of them is a lower bound until it is their turn.
void FillByClasses::fill() {
    full_.clear();
    for (Index row = 0; row < rows_.size(); ++row)
        for (std::size_t line = 0; line < 3; ++line)
            if (const double level = full_at(row, line); level != kNoLevel)
                full_.emplace_back(level, row * 3 + line);
    std::ranges::make_heap(full_, std::greater{});
    while (!full_.empty()) {
        std::ranges::pop_heap(full_, std::greater{});
        const auto [level, at] = full_.back();
        full_.pop_back();
        const Index row = at / 3, line = at % 3;
        if (std::exchange(rows_[row].stale[line], false)) {
            const double later = full_at(row, line);
            if (later == kNoLevel) continue;
            if (!full_.empty() && later > full_.front().first) {
                full_.emplace_back(later, at);
                std::ranges::push_heap(full_, std::greater{});
                continue;
            }
            stop(row, line, later);
        } else {
            stop(row, line, level);
        }
    }
}

// What the rising leaves of a row with this set of lines take more at a level.
double FillByClasses::taken(Index row, std::size_t lines, double level) const {
    const auto* counts = count_of(row, lines);
    double sum = 0;
    for (std::size_t i = 0; i < shapes_.size(); ++i) {
        if (counts[i] == 0) continue;
        const auto& shape = shapes_[i];
        const auto base = static_cast<double>(shape.base);
        sum += counts[i] *
               (amount_at(level, shape.weight, base, static_cast<double>(shape.most)) - base);
    }
    return sum;
}

void FillByClasses::stop(Index row, std::size_t line, double level) {
    const auto shapes = shapes_.size();
    const auto settle = [&](Index at, std::size_t lines, double amount) {
        for (std::size_t other = 0; other < 3; ++other)
            if (sets_[lines] >> other & 1) {
                rows_[at].left[other] -= amount;
                rows_[at].stale[other] = true;
            }
    };
    for (std::size_t lines = 0; lines < sets_.size(); ++lines) {
        if (!(sets_[lines] >> line & 1) || level_[row * sets_.size() + lines] != kNoLevel) continue;
        const auto* stopped = count_of(row, lines);
        const double amount = taken(row, lines, level);
        for (auto above = rows_[row].parent; above != Layout::kNone; above = rows_[above].parent) {
            auto* counts = count_of(above, lines);
            for (std::size_t i = 0; i < shapes; ++i) counts[i] -= stopped[i];
            settle(above, lines, amount);
        }
        for (auto below = row; below <= rows_[row].last; ++below) {
            auto& known = level_[below * sets_.size() + lines];
            if (known != kNoLevel) continue;
            known = level;
            settle(below, lines, taken(below, lines, level));
            std::fill_n(count_of(below, lines), shapes, 0);
        }
    }
}

}  // namespace busbar
