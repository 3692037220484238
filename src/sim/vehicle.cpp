#include "sim/vehicle.hpp"

#include <algorithm>
#include <array>

namespace busbar::sim {
namespace {

// Lithium cells are filled ever more slowly above this, down to a tenth when full.
constexpr double kTaperFromPct = 80;
constexpr double kTaperDepth = 0.9;

// Longer steps are cut into pieces of this, so that ramps and the taper keep their shape.
constexpr Duration kLongestStep = std::chrono::seconds{1};

constexpr std::int64_t kMicrosecondsPerHour = 3'600'000'000;

}  // namespace

Vehicle::Vehicle(VehicleSpec spec, int battery_speed)
    : spec_(std::move(spec)),
      battery_speed_(battery_speed),
      random_(spec_.seed),
      stored_(spec_.capacity * spec_.soc_pct / 100),
      full_at_(spec_.capacity * spec_.full_pct / 100) {
    BUSBAR_CHECK(spec_.capacity > WattHours{});
    BUSBAR_CHECK(spec_.phases >= 1 && spec_.phases <= 3);
    BUSBAR_CHECK(battery_speed_ >= 1);
    BUSBAR_CHECK(spec_.lag_least <= spec_.lag_most);
}

double Vehicle::soc_pct() const {
    return std::min(100.0, 100.0 * static_cast<double>(stored_.in_milli()) /
                               static_cast<double>(spec_.capacity.in_milli()));
}

void Vehicle::cut() {
    drawn_ = {};
    offer_ = {};
    past_.clear();
}

void Vehicle::hear(Amperes limit) {
    if (limit < offer_) {
        const auto until = age_ + random_.between(spec_.lag_least, spec_.lag_most);
        // What ends earlier and was lower can no longer matter.
        while (!past_.empty() && past_.back().until <= until && past_.back().limit <= offer_)
            past_.pop_back();
        past_.push_back({offer_, until});
    }
    offer_ = limit;
    std::erase_if(past_, [&](const PastOffer& past) { return past.limit <= limit; });
}

Amperes Vehicle::obeyed_offer() {
    std::erase_if(past_, [&](const PastOffer& past) { return past.until <= age_; });
    auto obeyed = offer_;
    for (const auto& past : past_) obeyed = std::max(obeyed, past.limit);
    return obeyed;
}

Amperes Vehicle::accepted_current() const {
    const double above = std::max(0.0, soc_pct() - kTaperFromPct) / (100 - kTaperFromPct);
    const auto tapered = static_cast<double>(spec_.maximum.in_milli()) * (1 - kTaperDepth * above);
    return std::max(spec_.minimum, Amperes::milli(static_cast<std::int64_t>(tapered)));
}

Draw Vehicle::step(Amperes limit, Duration time) {
    hear(limit);
    WattHours energy;
    do {
        const auto part = std::min(time, kLongestStep);
        energy += short_step(part);
        time -= part;
    } while (time > Duration{0});
    return {drawn_, energy};
}

bool Vehicle::sleeps(Amperes offer, Duration time) {
    if (!spec_.sleeps_after) return false;
    if (offer < spec_.minimum) {
        paused_ += time;
        if (paused_ >= *spec_.sleeps_after) asleep_for_ = spec_.wakes_after;
        return false;
    }
    paused_ = {};
    asleep_for_ = std::max(Duration{0}, asleep_for_ - time);
    return asleep_for_ > Duration{0};
}

WattHours Vehicle::short_step(Duration time) {
    age_ += time;
    const auto before = drawn_;
    const auto offer = obeyed_offer();
    auto target = std::min({offer, spec_.maximum, accepted_current()});
    if (sleeps(offer, time) || offer < spec_.minimum || full()) target = {};
    // While it has not heard of a decrease yet, it keeps what it has, but takes no more.
    const auto ramped =
        before + Amperes::milli(spec_.ramp_per_second.in_milli() * time.count() / 1'000'000);
    const auto climb = offer > offer_ ? std::max(before, std::min(offer_, ramped)) : ramped;
    drawn_ = std::min(target, climb);
    const auto average = (before + drawn_) / 2;
    return carry(average * kNominalVoltage * spec_.phases, time);
}

WattHours Vehicle::carry(Watts power, Duration time) {
    rest_mw_us_ += power.in_milli() * time.count();
    const auto energy = WattHours::milli(rest_mw_us_ / kMicrosecondsPerHour);
    rest_mw_us_ %= kMicrosecondsPerHour;
    if (!full()) stored_ = std::min(full_at_, stored_ + energy * battery_speed_);
    return energy;
}

VehicleSpec random_vehicle(std::uint64_t seed) {
    struct Model {
        int capacity_kwh;
        int phases;
        Amperes maximum;
    };
    constexpr std::array kModels{
        Model{77, 3, 16_A}, Model{58, 3, 16_A}, Model{52, 3, 32_A}, Model{40, 1, 32_A},
        Model{64, 3, 16_A}, Model{14, 1, 16_A}, Model{82, 3, 16_A}, Model{30, 1, 28_A},
    };
    Random random{seed};
    const auto& model = kModels[random.next() % kModels.size()];
    VehicleSpec spec;
    spec.id_tag = "CARD-" + std::to_string(random.between(1'000, 999'999));
    spec.capacity = WattHours::of(model.capacity_kwh * 1000);
    spec.soc_pct = static_cast<int>(random.between(10, 60));
    spec.full_pct = random.fraction() < 0.5 ? 100 : 80;
    spec.phases = model.phases;
    spec.maximum = model.maximum;
    spec.lag_most = Duration{random.between(500'000, 4'500'000)};
    spec.seed = random.next();
    return spec;
}

}  // namespace busbar::sim
