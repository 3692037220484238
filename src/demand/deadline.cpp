#include "demand/deadline.hpp"

#include <algorithm>

namespace busbar {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kMsPerHour = milliseconds{std::chrono::hours{1}}.count();
// More than a ship carries; multiplied by the above it fits.
constexpr WattHours kMostEnergy = WattHours::of(1'000'000'000);

std::int64_t rounded_up_quotient(std::int64_t dividend, std::int64_t divisor) {
    return (dividend + divisor - 1) / divisor;
}

}  // namespace

Pace pace_of(const Trip& trip, Supply supply, TimePoint now) {
    BUSBAR_CHECK(trip.maximum >= Amperes{});
    const auto remaining = std::min(trip.requested - trip.delivered, kMostEnergy);
    if (remaining <= WattHours{}) return {};

    const auto most = power_of(trip.maximum, trip.phases, supply, supply.nominal, Rounding::kDown);
    const auto left = std::clamp(trip.depart_by - now, -Pace::kEndless, Pace::kEndless);
    const auto work = remaining.in_milli() * kMsPerHour;  // mWh to mW ms.
    if (most <= Watts{}) return {.need = {}, .laxity = -Pace::kEndless};

    const auto takes = milliseconds{rounded_up_quotient(work, most.in_milli())};
    const Duration endless = Pace::kEndless;
    const auto laxity = takes >= endless ? -endless : std::max<Duration>(left - takes, -endless);
    const auto left_ms = std::chrono::floor<milliseconds>(left).count();
    if (laxity <= Duration{} || left_ms <= 0) return {.need = trip.maximum, .laxity = laxity};

    const auto power = Watts::milli(rounded_up_quotient(work, left_ms));
    const auto need = current_of(power, trip.phases, supply, supply.nominal, Rounding::kUp);
    return {.need = std::min(need, trip.maximum), .laxity = laxity};
}

bool is_urgent(const Pace& pace, const Trip& trip, Duration slot, TimePoint now) {
    return now < trip.depart_by && pace.laxity < slot;
}

std::optional<TimePoint> next_change(const Pace& pace, const Trip& trip, Duration slot,
                                     TimePoint now) {
    if (pace.laxity == Pace::kEndless || now >= trip.depart_by) return std::nullopt;
    if (pace.laxity <= Duration{} && is_urgent(pace, trip, slot, now)) return trip.depart_by;
    auto next = std::min(now + Pace::kStep, trip.depart_by);
    // The first moment at which it is below the slot, not at it.
    if (pace.laxity >= slot) next = std::min(next, now + (pace.laxity - slot) + Duration{1});
    return next;
}

}  // namespace busbar
