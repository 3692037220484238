// Weighted max-min filling, class by class: leaves alike are counted, not visited.
//
// On a tree of plain sums, the level at which a leaf stops depends on its home and its lines
// alone. So each row keeps how many leaves of each class (same lines, same bounds, same weight)
// lie below it, and which level fills one of its lines follows from a walk over the few bounds
// there are. Rows that carry all that is wanted below them are left out from the start.
#pragma once

#include <utility>
#include <vector>

#include "allocator/fill_request.hpp"
#include "allocator/lines.hpp"

namespace busbar {

class FillByClasses {
public:
    explicit FillByClasses(const Layout& layout);

    // Writes the level of each member, by leaf. False, and nothing written, if the members differ
    // in more than `most_shapes` ways (bounds and weight).
    // Requires: a tree of plain sums; `lines` is loaded with the base of each member.
    // Cost: O(members + rows * classes * depth).
    bool run(const Layout& layout, const Lines& lines, const FillRequest& request,
             std::span<double> level, std::size_t most_shapes);

private:
    using Index = Layout::Index;
    // What leaves have in common but for their lines.
    struct Shape {
        std::int64_t base, most;
        double weight;
        bool operator==(const Shape&) const = default;
    };
    // At this level, leaves of a shape begin or cease to rise: `slope` more each.
    struct Bend {
        double level;
        double slope;
        Index shape;
        std::int32_t begins;  // 1, or -1 if it ceases.
    };
    // A row some line of which cannot carry all that is wanted below it.
    struct Row {
        Index slot;
        Index parent;  // The next such row above.
        Index last;    // The last such row below, or itself.
        std::array<double, 3> left;
        std::array<bool, 3> stale;  // Its place in `full_` is no longer right.
    };
    using Full = std::pair<double, Index>;  // The level, and the line: row * 3 + line.

    bool sort_into_shapes(const Layout& layout, const FillRequest& request,
                          std::size_t most_shapes);
    Index shape_of(const Shape& shape);
    bool find_tight_rows(const Layout& layout, const Lines& lines);
    void count(const Layout& layout, const FillRequest& request);
    void sort_bends();
    double full_at(Index row, std::size_t line);
    void fill();
    void stop(Index row, std::size_t line, double level);
    double taken(Index row, std::size_t lines, double level) const;

    std::int32_t* count_of(Index row, std::size_t lines) {
        return &count_[(row * sets_.size() + lines) * shapes_.size()];
    }
    const std::int32_t* count_of(Index row, std::size_t lines) const {
        return &count_[(row * sets_.size() + lines) * shapes_.size()];
    }

    std::vector<Shape> shapes_;
    std::vector<Index> table_;              // Places for hashes of shapes.
    std::vector<Index> shape_of_leaf_;      // Of the members, this time or the last.
    std::vector<std::uint8_t> sets_;        // The sets of lines that occur, as masks.
    std::array<std::uint8_t, 8> set_of_{};  // By mask.
    std::vector<std::int64_t> wish_;        // By slot and line: how much more is wanted below.
    std::vector<Index> row_of_;             // By slot: itself or the next above that is tight.
    std::vector<Row> rows_;
    std::vector<std::int32_t> count_;   // By tight row, set of lines and shape: leaves that rise.
    std::vector<std::int32_t> rising_;  // By shape: on the line that is looked at.
    std::vector<double> level_;         // By tight row and set of lines.
    std::vector<Bend> bends_;
    std::vector<Full> full_;  // A heap, the lowest level first.
};

}  // namespace busbar
