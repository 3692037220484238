#include "allocator/fill_events.hpp"

#include <algorithm>
#include <functional>

namespace busbar {

FillByEvents::FillByEvents(const Layout& layout)
    : wish_(layout.slots() * Layout::kPlaces),
      lines_(layout.slots() * 3),
      tight_(layout.slots()),
      state_(layout.leaves()) {
    events_.reserve(layout.leaves() * 2);
    // At most one entry a line is not old, so dropping the old ones always makes room.
    full_.reserve(lines_.size() * 4);
    touched_.reserve(lines_.size());
}

void FillByEvents::run(const Layout& layout, const Lines& lines, const FillRequest& request,
                       std::span<double> level) {
    find_tight_lines(layout, lines, request);
    list_events(layout, request, level);
    full_.clear();
    for (std::size_t next = 0; next < events_.size();) {
        if (!full_.empty() && full_.front().level <= events_[next].level) {
            take_fullest(layout, request, level);
            continue;
        }
        begin_and_cease(layout, request, next);
        push_touched();
    }
    for (const auto leaf : request.members) state_[leaf] = State::kAway;
}

void FillByEvents::find_tight_lines(const Layout& layout, const Lines& lines,
                                    const FillRequest& request) {
    std::ranges::fill(wish_, 0);
    for (const auto leaf : request.members) {
        const auto more = request.most[leaf] - request.base[leaf];
        const auto& bits = kLineBits[layout.mask[leaf]];
        for (const auto slot : layout.rows_of(leaf))
            for (std::size_t line = 0; line < Layout::kPlaces; ++line)
                wish_[slot * Layout::kPlaces + line] += more & bits[line];
    }
    for (std::size_t slot = 0; slot < layout.slots(); ++slot) {
        const auto* left = lines.left_milli(slot);
        tight_[slot] = 0;
        for (std::size_t line = 0; line < 3; ++line) {
            const auto wish = wish_[slot * Layout::kPlaces + line];
            const bool tight = wish > 0 && wish > left[line];
            lines_[slot * 3 + line] = {.left = static_cast<double>(left[line]), .tight = tight};
            if (tight) tight_[slot] = static_cast<std::uint8_t>(tight_[slot] | 1U << line);
        }
    }
}

bool FillByEvents::is_held(const Layout& layout, Index leaf) const {
    for (const auto slot : layout.rows_of(leaf))
        if ((tight_[slot] & layout.mask[leaf]) != 0) return true;
    return false;
}

void FillByEvents::list_events(const Layout& layout, const FillRequest& request,
                               std::span<double> level) {
    events_.clear();
    for (const auto leaf : request.members) {
        level[leaf] = kNoLevel;
        if (!is_held(layout, leaf)) continue;
        state_[leaf] = State::kWaits;
        const double weight = request.weight[leaf];
        events_.push_back({static_cast<double>(request.base[leaf]) / weight, leaf, true});
        events_.push_back({static_cast<double>(request.most[leaf]) / weight, leaf, false});
    }
    std::ranges::sort(events_, {}, &Event::level);
}

// All events of one level.
void FillByEvents::begin_and_cease(const Layout& layout, const FillRequest& request,
                                   std::size_t& next) {
    const double level = events_[next].level;
    for (; next < events_.size() && events_[next].level == level; ++next) {
        const auto& event = events_[next];
        auto& state = state_[event.leaf];
        if (state == State::kDone) continue;
        state = event.begins ? State::kRises : State::kDone;
        const double weight = request.weight[event.leaf];
        change_slope(layout, event.leaf, level, event.begins ? weight : -weight);
    }
}

void FillByEvents::change_slope(const Layout& layout, Index leaf, double level, double by) {
    for (const auto slot : layout.rows_of(leaf)) {
        const auto held = tight_[slot] & layout.mask[leaf];
        if (held == 0) continue;
        for (std::size_t i = 0; i < 3; ++i) {
            if (!(held >> i & 1)) continue;
            auto& line = lines_[slot * 3 + i];
            line.rise_to(level);
            line.slope += by;
            if (by > 0) {
                ++line.rising;
                // It is full sooner now; where a slope falls, the heap is only too early.
                if (!std::exchange(line.touched, true))
                    touched_.push_back(static_cast<Index>(slot * 3 + i));
            } else if (--line.rising == 0) {
                line.slope = 0;
            }
        }
    }
}

void FillByEvents::push_touched() {
    for (const auto at : touched_) {
        auto& line = lines_[at];
        line.touched = false;
        if (line.rising == 0) continue;
        if (full_.size() == lines_.size() * 4) drop_old_entries();
        full_.push_back({line.full_at(), at, ++line.turn});
        std::ranges::push_heap(full_, std::greater{});
    }
    touched_.clear();
}

void FillByEvents::drop_old_entries() {
    std::erase_if(full_, [&](const Full& full) { return full.turn != lines_[full.line].turn; });
    std::ranges::make_heap(full_, std::greater{});
}

void FillByEvents::take_fullest(const Layout& layout, const FillRequest& request,
                                std::span<double> level) {
    std::ranges::pop_heap(full_, std::greater{});
    auto full = full_.back();
    full_.pop_back();
    auto& line = lines_[full.line];
    if (full.turn != line.turn || line.rising == 0) return;
    if (const double later = line.full_at(); later > full.level) {
        full.level = later;
        full_.push_back(full);
        std::ranges::push_heap(full_, std::greater{});
        return;
    }
    const auto bit = 1U << full.line % 3;
    for (const auto leaf : layout.leaves_of(full.line / 3)) {
        auto& state = state_[leaf];
        if (!(layout.mask[leaf] & bit)) continue;
        if (state != State::kWaits && state != State::kRises) continue;
        level[leaf] = full.level;
        if (state == State::kRises) change_slope(layout, leaf, full.level, -request.weight[leaf]);
        state = State::kDone;
    }
}

}  // namespace busbar
