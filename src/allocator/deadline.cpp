#include "allocator/deadline.hpp"

#include <algorithm>

namespace busbar {
namespace {

// Chosen on recorded sessions of a real garage: the square (of urgent_weight) and the four keep
// the urgent ahead without starving the rest.
constexpr double kLeastWeight = 1e-6;
constexpr double kWorthOfNeed = 4;
constexpr int kSweeps = 6;
constexpr std::int64_t kStep = 500;
constexpr int kMostTries = 120'000;

// `car` takes what fits, at most what it may have.
std::int64_t take_room(Lines& lines, const Urgent& car, std::span<std::int64_t> used) {
    auto& mine = used[car.leaf];
    const auto more = std::min(lines.room_milli(car.leaf), car.most - mine);
    if (more <= 0) return 0;
    lines.take_milli(car.leaf, more);
    mine += more;
    return more;
}

// Whether `to` gained from what `from` gave up.
void try_to_move(Lines& lines, const Urgent& from, const Urgent& to, std::span<std::int64_t> used) {
    const auto given = std::min(kStep, used[from.leaf] - from.least);
    // Plain sums pass on at most what is given: nothing to try.
    if (given <= 0 || (lines.layout().plain && to.worth <= from.worth)) return;
    lines.take_milli(from.leaf, -given);
    const auto gained = std::min(lines.room_milli(to.leaf), to.most - used[to.leaf]);
    if (to.worth * static_cast<double>(gained) > from.worth * static_cast<double>(given)) {
        used[from.leaf] -= given;
        used[to.leaf] += gained;
        lines.take_milli(to.leaf, gained);
    } else {
        lines.take_milli(from.leaf, given);
    }
}

}  // namespace

double urgency(std::int64_t need, std::int64_t wanted) {
    if (wanted <= 0) return 0;
    return static_cast<double>(std::clamp(need, std::int64_t{0}, wanted)) /
           static_cast<double>(wanted);
}

double urgent_weight(double urgency) {
    return urgency * urgency + kLeastWeight;
}

double urgent_worth(double urgency) {
    return 1 + kWorthOfNeed * urgency;
}

void exchange(Lines& lines, std::span<const Urgent> cars, std::span<std::int64_t> used) {
    int tries = 0;
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
        bool changed = false;
        for (const auto& car : cars) {
            const auto before = used[car.leaf];
            if (before >= car.most) continue;
            if (take_room(lines, car, used) == 0) {
                for (const auto& other : cars) {
                    if (used[car.leaf] >= car.most || tries >= kMostTries) break;
                    if (other.leaf == car.leaf) continue;
                    ++tries;
                    try_to_move(lines, other, car, used);
                }
            }
            changed = changed || used[car.leaf] != before;
        }
        if (!changed || tries >= kMostTries) return;
    }
}

}  // namespace busbar
