#include "reconcile/next_action.hpp"

#include <algorithm>

namespace busbar {
namespace {

using namespace std::chrono_literals;

bool due(const LimitView& limit) {
    return limit.allowed && limit.allowed != limit.applied;
}

bool is_decrease(const LimitView& limit) {
    return limit.applied && *limit.allowed < *limit.applied;
}

}  // namespace

Action next_action(const ChargerView& charger, SteadyPoint now) {
    if (!charger.online || charger.busy) return Idle{};
    const auto& limits = charger.limits;
    auto next = std::ranges::find_if(limits, due);
    if (next == limits.end()) return Idle{};
    // Only the first can be a default; it keeps its place even if something else is urgent.
    if (next != limits.begin()) {
        const auto urgent = std::ranges::find_if(
            limits, [](const LimitView& limit) { return due(limit) && is_decrease(limit); });
        if (urgent != limits.end()) next = urgent;
    }
    const bool safer = next->attempted && *next->allowed < *next->attempted;
    const auto allowed_at =
        charger.last_attempt + retry_delay(charger.failures, charger.jitter_pct);
    if (!safer && now < allowed_at) return WaitUntil{allowed_at};
    return Send{static_cast<std::size_t>(next - limits.begin())};
}

Duration retry_delay(int failures, int jitter_pct) {
    if (failures <= 0) return Duration{0};
    const Duration base = std::min<Duration>(1s * (1 << std::min(failures - 1, 6)), 60s);
    return base * (100 + std::clamp(jitter_pct, -25, 25)) / 100;
}

}  // namespace busbar
