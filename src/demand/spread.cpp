#include "demand/spread.hpp"

#include <algorithm>

namespace busbar {

void Spread::begin(Amperes reached, Duration most, std::uint32_t random, SteadyPoint now) {
    BUSBAR_CHECK(most >= Duration{});
    if (next_change(now)) {
        // What was reached since, by a rule that let it, is kept, too.
        reached_ = std::max(reached_, reached);
        return;
    }
    // In milliseconds the product has room for 24 days.
    using std::chrono::milliseconds;
    const auto most_ms = std::chrono::duration_cast<milliseconds>(most).count();
    const auto delay = milliseconds{(static_cast<std::uint64_t>(most_ms) * random) >> 32U};
    reached_ = reached;
    until_ = now + delay;
}

Amperes Spread::allowed(Amperes want, SteadyPoint now) const {
    return waits(want, now) ? reached_ : want;
}

std::optional<SteadyPoint> Spread::waits(Amperes want, SteadyPoint now) const {
    return want > reached_ ? next_change(now) : std::nullopt;
}

std::optional<SteadyPoint> Spread::next_change(SteadyPoint now) const {
    return until_ && now < *until_ ? until_ : std::nullopt;
}

}  // namespace busbar
