#include "telemetry/performance.hpp"

#include <algorithm>

namespace busbar::telemetry {
namespace {

constexpr Duration kLongestCover = std::chrono::minutes{15};

__extension__ using Wide = __int128;

const MeterHistory* find_meter(std::span<const MeterHistory> meters, const MeterId& id) {
    const auto found = std::find_if(meters.begin(), meters.end(), [&](const MeterHistory& history) {
        return history.meter == id;
    });
    return found == meters.end() ? nullptr : &*found;
}

// What the meter measured in (from, to].
WattHours energy_between(const MeterHistory& history, TimePoint from, TimePoint to) {
    WattHours sum;
    const auto ends_after = [](TimePoint at, const MeterInterval& i) { return at < i.at; };
    auto it =
        std::upper_bound(history.intervals.begin(), history.intervals.end(), from, ends_after);
    for (; it != history.intervals.end() && it->at <= to; ++it) sum += it->energy;
    return sum;
}

// Until when somebody else was the last one seen behind this meter, as of a reading at `at`.
TimePoint taken_until(const MeterHistory& history, TimePoint at, TimePoint otherwise) {
    const auto before = [](const OtherVehicle& other, TimePoint time) { return other.at < time; };
    const auto next = std::lower_bound(history.others.begin(), history.others.end(), at, before);
    for (auto it = next; it != history.others.end() && it->at == at; ++it)
        if (it->goes_first) return at;
    return next == history.others.begin() ? otherwise : std::prev(next)->at;
}

// Of what the vehicle's readings name.
WattHours energy_behind(std::span<const VehicleReading> readings, Window window,
                        std::span<const MeterHistory> meters) {
    WattHours sum;
    auto previous = window.from;
    for (const auto& reading : readings) {
        const auto* history = reading.charger ? find_meter(meters, *reading.charger) : nullptr;
        if (history != nullptr) {
            const auto since = std::max({previous, reading.at - kLongestCover,
                                         taken_until(*history, reading.at, window.from)});
            sum += energy_between(*history, since, reading.at);
        }
        previous = reading.at;
    }
    return sum;
}

// Of mapped meters the one that was measured last; without measurements, the first mapped.
std::optional<MeterId> last_mapped(std::span<const MeterHistory> meters) {
    const MeterHistory* last = nullptr;
    for (const auto& history : meters)
        if (last == nullptr ||
            (!history.intervals.empty() &&
             (last->intervals.empty() || history.intervals.back().at > last->intervals.back().at)))
            last = &history;
    if (last == nullptr) return {};
    return last->meter;
}

}  // namespace

std::int64_t divide_half_even(std::int64_t a, std::int64_t b, std::int64_t scale) {
    BUSBAR_CHECK(b > 0);
    const Wide scaled = Wide{a} * scale;
    Wide quotient = scaled / b;
    Wide rest = scaled % b;
    if (rest < 0) rest += b, --quotient;
    if (2 * rest > b || (2 * rest == b && quotient % 2 != 0)) ++quotient;
    return static_cast<std::int64_t>(quotient);
}

Performance performance_of(const VehicleId& vehicle, Window window,
                           std::span<const VehicleReading> readings,
                           std::span<const MeterHistory> meters) {
    Performance result{.vehicle = vehicle, .window_start = window.from, .window_end = window.to};
    result.data_points = static_cast<std::int64_t>(readings.size());
    bool names_charger = false;
    std::int64_t celsius_sum = 0;
    for (const auto& reading : readings) {
        result.dc_delivered += reading.energy;
        celsius_sum += reading.battery_milli_celsius;
        if (!reading.charger) continue;
        names_charger = true;
        result.meter = reading.charger;
    }
    if (names_charger) {
        result.ac_consumed = energy_behind(readings, window, meters);
    } else {
        result.meter = last_mapped(meters);
        for (const auto& history : meters)
            result.ac_consumed += energy_between(history, window.from, window.to);
    }
    if (result.ac_consumed > WattHours{})
        result.efficiency_e4 =
            divide_half_even(result.dc_delivered.in_milli(), result.ac_consumed.in_milli(), 10'000);
    if (result.data_points > 0)
        result.battery_milli_celsius = divide_half_even(celsius_sum, result.data_points);
    return result;
}

}  // namespace busbar::telemetry
