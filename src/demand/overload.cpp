#include "demand/overload.hpp"

#include <algorithm>

namespace busbar {
namespace {

constexpr int kEverybody = 0;  // Below every band.

std::int64_t micros(Duration time) {
    return std::chrono::floor<std::chrono::microseconds>(time).count();
}

bool reaches(Amperes measured, Amperes rating, int percent) {
    return measured.in_milli() * 100 >= rating.in_milli() * percent;
}

}  // namespace

bool Overload::at_least(const PerPhase& measured, int percent) const {
    return std::ranges::any_of(kPhases, [&](Phase phase) {
        return rating_[phase] > 0_A && reaches(measured[phase], rating_[phase], percent);
    });
}

// A line at 110 % is twice as far above its rating as one at 105 %, and has half the time. Below
// its rating it cools down; in between it neither heats nor cools.
void Overload::gather(const PerPhase& measured, Duration passed) {
    for (const auto phase : kPhases) {
        const auto rating = rating_[phase].in_milli();
        if (rating <= 0) continue;
        // Between two samples counts the lesser: one spike is not two.
        const auto least = std::min(measured[phase], latest_[phase]);
        auto& gathered = gathered_[static_cast<std::size_t>(phase)];
        if (reaches(least, rating_[phase], kShedPct)) {
            const auto above = least.in_milli() - rating;
            gathered += micros(passed) * above * 100 / (rating * (kShedPct - 100));
        } else if (measured[phase] <= rating_[phase]) {
            gathered = std::max<std::int64_t>(gathered - micros(passed), 0);
        }
    }
}

// Remembers the line that is worst off.
void Overload::look(const PerPhase& measured) {
    std::optional<Phase> worst;
    const auto share_of = [&](Phase phase, Phase of) {
        return measured[phase].in_milli() * rating_[of].in_milli();
    };
    for (const auto phase : kPhases)
        if (rating_[phase] > 0_A && (!worst || share_of(phase, *worst) > share_of(*worst, phase)))
            worst = phase;
    if (worst) seen_ = {*worst, measured[*worst], rating_[*worst]};
}

bool Overload::sampled(const PerPhase& measured, std::span<const int> bands, SteadyPoint at) {
    if (sampled_at_ && at <= *sampled_at_) return false;
    const bool follows = sampled_at_ && at - *sampled_at_ <= kInterval;
    if (follows)
        gather(measured, std::chrono::floor<Duration>(at - *sampled_at_));
    else
        gathered_ = {}, calm_since_.reset();
    sampled_at_ = at;
    latest_ = measured;
    if (at_least(measured, kEmergencyPct)) {
        calm_since_.reset();
        gathered_ = {};
        if (shed_from_ == kEverybody) return false;
        look(measured);
        shed_from_ = kEverybody;
        return true;
    }
    const auto due = micros(kShedAfter);
    if (std::ranges::any_of(gathered_, [&](auto gathered) { return gathered >= due; })) {
        gathered_ = {};
        if (shed_one_more(bands)) {
            look(measured);
            return true;
        }
    }
    const bool above = std::ranges::any_of(kPhases, [&](Phase phase) {
        return rating_[phase] > 0_A && measured[phase] > rating_[phase];
    });
    if (above && !warned_ && shed_from_ == kNobody) {
        look(measured);
        warned_ = true;
        calm_since_.reset();
        return true;
    }
    return calm_down(measured, bands, at);
}

bool Overload::shed_one_more(std::span<const int> bands) {
    std::optional<int> last;
    for (const auto band : bands)
        if (band < shed_from_ && (!last || band > *last)) last = band;
    if (!last) return false;
    shed_from_ = *last;
    calm_since_.reset();
    return true;
}

// A feeder without a margin of its own is at 100 % when all is well: a warning ends there.
bool Overload::calm_down(const PerPhase& measured, std::span<const int> bands, SteadyPoint at) {
    const bool sheds = shed_from_ != kNobody;
    if (!sheds && !warned_) return false;
    const int calm_pct = sheds ? kCalmPct : kWarnPct;
    const bool calm = std::ranges::all_of(kPhases, [&](Phase phase) {
        return rating_[phase] <= 0_A ||
               measured[phase].in_milli() * 100 <= rating_[phase].in_milli() * calm_pct;
    });
    if (!calm) {
        calm_since_.reset();
        return false;
    }
    if (!calm_since_) calm_since_ = at;
    if (at - *calm_since_ < kCalmFor) return false;
    calm_since_ = at;
    if (sheds) return release_one(bands);
    warned_ = false;
    return true;
}

// The first of the bands that have stopped may go on; with the last of them, everybody.
bool Overload::release_one(std::span<const int> bands) {
    std::optional<int> first;
    bool others = false;
    for (const auto band : bands) {
        if (band < shed_from_) continue;
        if (first && band != *first) others = true;
        if (!first || band < *first) first = band;
    }
    shed_from_ = first && others ? *first + 1 : kNobody;
    warned_ = false;
    return true;
}

Overload::Stage Overload::stage() const {
    if (shed_from_ == kEverybody) return Stage::kEmergency;
    if (shed_from_ != kNobody) return Stage::kShed;
    return warned_ ? Stage::kWarn : Stage::kNormal;
}

std::optional<PerPhase> Overload::latest(SteadyPoint now) const {
    if (!sampled_at_ || now > *sampled_at_ + 2 * kInterval) return {};
    return latest_;
}

std::string_view to_string(Overload::Stage stage) {
    switch (stage) {
        case Overload::Stage::kNormal:
            return "normal";
        case Overload::Stage::kWarn:
            return "warn";
        case Overload::Stage::kShed:
            return "shed";
        case Overload::Stage::kEmergency:
            return "emergency";
    }
    __builtin_unreachable();
}

}  // namespace busbar
