#include "reconcile/next_action.hpp"

#include <algorithm>

namespace busbar {
namespace {

using namespace std::chrono_literals;

constexpr Amperes kSmallIncrease = Amperes::of(1);

bool is_decrease(const LimitView& limit) {
    return limit.applied && *limit.allowed < *limit.applied;
}

bool changes(const LimitView& limit) {
    return limit.allowed && limit.allowed != limit.applied;
}

bool renews(const LimitView& limit, SteadyPoint now) {
    return limit.allowed && limit.renew_at && *limit.renew_at <= now;
}

}  // namespace

Action next_action(const ChargerView& charger, SteadyPoint now) {
    using enum WriteBudget::State;
    if (!charger.online || charger.busy) return Idle{};
    const auto& limits = charger.limits;
    const auto allowed_at =
        charger.last_attempt + retry_delay(charger.failures, charger.jitter_pct);
    // What failed waits, unless it is lower now. It keeps nobody else waiting: a charger that
    // refuses a default may still take a transaction's limit.
    const auto held_back = [&](const LimitView& limit) {
        return limit.attempted && *limit.allowed >= *limit.attempted && now < allowed_at;
    };
    // Only the first can be a default.
    const auto costs_a_write = [&](const LimitView& limit) {
        return &limit != limits.data() && !is_decrease(limit);
    };
    const auto small = [&](const LimitView& limit) {
        return charger.writes == kFew && limit.applied && *limit.applied > Amperes{} &&
               *limit.allowed - *limit.applied < kSmallIncrease && !renews(limit, now);
    };
    const auto due = [&](const LimitView& limit) {
        if (!changes(limit) && !renews(limit, now)) return false;
        return !costs_a_write(limit) || !small(limit);
    };
    const auto affordable = [&](const LimitView& limit) {
        return charger.writes != kSpent || !costs_a_write(limit);
    };
    const auto ready = [&](const LimitView& limit) {
        return due(limit) && affordable(limit) && !held_back(limit);
    };
    auto next = std::ranges::find_if(limits, ready);
    if (next == limits.end()) {
        std::optional<SteadyPoint> wake;
        const auto sooner = [&](SteadyPoint at) { wake = wake ? std::min(*wake, at) : at; };
        for (const auto& limit : limits) {
            if (due(limit))
                sooner(affordable(limit) ? allowed_at : std::max(charger.writes_again, allowed_at));
            else if (limit.allowed && limit.renew_at && *limit.renew_at > now)
                sooner(*limit.renew_at);
        }
        return wake ? Action{WaitUntil{*wake}} : Action{Idle{}};
    }
    // The default keeps its place even if something else is urgent.
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
