#include "telemetry/registers.hpp"

#include <utility>

namespace busbar::telemetry {

std::optional<IntervalEnergy> RegisterSeries::next(WattHours total, TimePoint at) {
    BUSBAR_CHECK(total >= WattHours{});
    if (count_ && at <= last_at_) return {};
    last_at_ = at;
    const bool restart_expected = std::exchange(restart_expected_, false);

    if (!count_) {
        count_ = total;
        return IntervalEnergy{WattHours{}, IntervalKind::kFirst};
    }
    if (total >= *count_) {
        // Reaching the old count again shows that the lower totals were bad samples. Had it been
        // a new count after all, this says too little rather than too much.
        unconfirmed_.reset();
        return IntervalEnergy{total - std::exchange(*count_, total), IntervalKind::kMeasured};
    }
    if (restart_expected) {
        unconfirmed_.reset();
        count_ = total;
        return IntervalEnergy{WattHours{}, IntervalKind::kRestart};
    }
    if (unconfirmed_ && total > *unconfirmed_) {
        const auto energy = total - *unconfirmed_;
        unconfirmed_.reset();
        count_ = total;
        return IntervalEnergy{energy, IntervalKind::kMeasured};
    }
    // Equal totals leave it open: a meter that stands still confirms nothing.
    unconfirmed_ = total;
    return IntervalEnergy{WattHours{}, IntervalKind::kRestart};
}

}  // namespace busbar::telemetry
