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
    const auto allowed_at =
        charger.last_attempt + retry_delay(charger.failures, charger.jitter_pct);
    // What failed waits, unless it is lower now. It keeps nobody else waiting: a charger that
    // refuses a default may still take a transaction's limit.
    const auto held_back = [&](const LimitView& limit) {
        return limit.attempted && *limit.allowed >= *limit.attempted && now < allowed_at;
    };
    const auto ready = [&](const LimitView& limit) { return due(limit) && !held_back(limit); };
    auto next = std::ranges::find_if(limits, ready);
    if (next == limits.end())
        return std::ranges::any_of(limits, due) ? Action{WaitUntil{allowed_at}} : Action{Idle{}};
    // Only the first can be a default; it keeps its place even if something else is urgent.
    if (next != limits.begin()) {
        const auto urgent = std::ranges::find_if(
            limits, [&](const LimitView& limit) { return ready(limit) && is_decrease(limit); });
        if (urgent != limits.end()) next = urgent;
    }
    return Send{static_cast<std::size_t>(next - limits.begin())};
}

Duration retry_delay(int failures, int jitter_pct) {
    if (failures <= 0) return Duration{0};
    const Duration base = std::min<Duration>(1s * (1 << std::min(failures - 1, 6)), 60s);
    return base * (100 + std::clamp(jitter_pct, -25, 25)) / 100;
}

}  // namespace busbar
