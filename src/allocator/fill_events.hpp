// Weighted max-min filling, event by event: on any rows of plain sums, for leaves that may all
// differ. The level rises; at each event a leaf begins or ceases to rise, or a line is full.
#pragma once

#include <vector>

#include "allocator/fill_request.hpp"
#include "allocator/lines.hpp"

namespace busbar {

class FillByEvents {
public:
    explicit FillByEvents(const Layout& layout);

    // Writes the level of each member, by leaf.
    // Requires: plain sums; `lines` is loaded with the base of each member.
    // Cost: O(m log m + m d) for m members, each on at most d rows.
    void run(const Layout& layout, const Lines& lines, const FillRequest& request,
             std::span<double> level);

private:
    using Index = Layout::Index;
    struct Event {
        double level;
        Index leaf;
        bool begins;
    };
    // A line of a row, up to `level`.
    struct Line {
        double left = 0;   // Of what it had for the members.
        double slope = 0;  // How much more its leaves take when the level rises by one.
        double level = 0;
        Index rising = 0;  // Leaves.
        Index turn = 0;    // Which of its entries in `full_` is the last.
        bool tight = false;
        bool touched = false;

        void rise_to(double to) {
            left -= slope * (to - level);
            level = to;
        }
        double full_at() const {
            return rising == 0 ? kNoLevel : level + (left > 0 ? left / slope : 0);
        }
    };
    struct Full {
        double level;
        Index line;  // slot * 3 + line.
        Index turn;
        bool operator>(const Full& other) const { return level > other.level; }
    };
    enum class State : std::uint8_t { kAway, kWaits, kRises, kDone };

    void find_tight_lines(const Layout& layout, const Lines& lines, const FillRequest& request);
    void list_events(const Layout& layout, const FillRequest& request, std::span<double> level);
    void begin_and_cease(const Layout& layout, const FillRequest& request, std::size_t& next);
    void change_slope(const Layout& layout, Index leaf, double level, double by);
    bool is_held(const Layout& layout, Index leaf) const;
    void push_touched();
    void drop_old_entries();
    void take_fullest(const Layout& layout, const FillRequest& request, std::span<double> level);

    std::vector<std::int64_t> wish_;
    std::vector<Line> lines_;
    std::vector<std::uint8_t> tight_;  // By slot: its tight lines, as a mask.
    std::vector<State> state_;         // By leaf.
    std::vector<Event> events_;
    std::vector<Full> full_;  // A heap, the lowest level first.
    std::vector<Index> touched_;
};

}  // namespace busbar
