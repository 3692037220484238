#include "demand/car.hpp"

#include <algorithm>
#include <utility>

namespace busbar {

Car::Car(const Setup& setup) : setup_(setup), learned_(setup.learned) {
    BUSBAR_CHECK(setup.minimum > 0_A && setup.quantum > 0_A);
    if (!setup_.pausable || (learned_ && *learned_ <= setup_.minimum)) learned_.reset();
}

Amperes Car::rounded_up(Amperes amount) const {
    return -((-amount).floored_to(setup_.quantum));
}

// As far as anybody can tell: its meter, or else its charger's word.
bool Car::drawing() const {
    if (last_ || suspended()) return false;
    return metered_ ? draw_ >= kDraws : drew_;
}

bool Car::limited(Amperes limit, SteadyPoint now) {
    const bool changed = advance(now);
    if (limit == limit_) return changed;
    const auto before = limit_;
    const bool charged = charges();
    const bool was_drawing = drew_ && drawing();
    limit_ = limit;
    limited_at_ = now;
    if (!charges()) {
        low_samples_ = 0;
        if (charged) drew_before_ = was_drawing;
    } else if (!charged) {
        grant(now);
    } else if (limit > before) {
        // One that did not use what it had will not jump at more: raises that it ignores must
        // not put off reclaiming for ever.
        if (low_samples_ == 0) left_alone_until_ = now + kLeftAlone;
        tried_since_ = now;
    } else {
        if (low_peak_ + kSlack >= limit) low_samples_ = 0;
        tried_since_ = now;
        if (was_drawing) idle_since_ = now;
    }
    return true;
}

void Car::grant(SteadyPoint now) {
    left_alone_until_ = now + kLeftAlone;
    low_samples_ = 0;
    idle_since_ = tried_since_ = now;
    drew_ = !metered_ && status_ == ConnectorStatus::kCharging;
}

bool Car::sampled(Amperes highest_line, SteadyPoint now) {
    if (metered_ && now < sampled_at_) return false;
    metered_ = true;
    sampled_at_ = now;
    draw_ = std::max(highest_line, 0_A);
    if (!setup_.pausable) return false;
    // The draw first: what it shows now outweighs a deadline that has just passed.
    bool changed = draw_ >= kDraws && draws(now);
    changed |= grow(now) || reclaim(now);
    changed |= advance(now);
    return changed;
}

bool Car::draws(SteadyPoint now) {
    if (limit_ < setup_.minimum) return false;              // Still following a pause.
    if (suspended()) status_ = ConnectorStatus::kCharging;  // The meter knows better.
    idle_since_ = tried_since_ = now;
    drew_ = true;
    failures_ = 0;
    const auto minimum_before = needed();
    const auto suspected_before = suspected_;
    learn_from_draw(now);
    const bool was_last = std::exchange(last_, false);
    return was_last || needed() != minimum_before || suspected_ != suspected_before;
}

void Car::learn_from_draw(SteadyPoint now) {
    // The last moments of a higher limit say nothing about this one.
    if (now < limited_at_ + kFollows || draw_ > limit_ + kMargin) return;
    works_at_ = works_at_ ? std::min(*works_at_, limit_) : limit_;
    if (suspected_ && limit_ >= *suspected_) {
        learned_ = suspected_;
        news_ = News::kMinimumLearned;
    }
    suspected_.reset();
    if (learned_ && *works_at_ < *learned_) {
        learned_ = std::max(*works_at_, setup_.minimum);
        news_ = News::kMinimumLearned;
        if (*learned_ == setup_.minimum) learned_.reset();
    }
}

bool Car::grow(SteadyPoint now) {
    if (!want_ || !charges() || draw_ + kMargin < *want_) return false;
    const bool rose = draw_ > reclaimed_at_ + kRise;
    if (!rose && now < probe_at_) return false;
    probes_ = rose ? 0 : probes_ + 1;
    probe_at_ = now + kProbeAfter * (1 << std::min(probes_, 4));
    reclaimed_at_ = draw_;
    want_ = rounded_up(*want_ + std::max(kRaise, *want_ / 4));
    if (*want_ >= setup_.maximum) want_.reset();
    return true;
}

bool Car::reclaim(SteadyPoint now) {
    if (!charges() || draw_ >= limit_ - kSlack) {
        low_samples_ = 0;
        return false;
    }
    if (now < left_alone_until_) return false;
    if (low_samples_++ == 0) {
        low_since_ = now;
        low_peak_ = draw_;
    }
    low_peak_ = std::max(low_peak_, draw_);
    if (low_samples_ < kLowSamples || now < low_since_ + kLowFor) return false;
    low_samples_ = 0;
    const auto want = std::max(needed(), rounded_up(low_peak_ + kMargin));
    if (want >= want_.value_or(setup_.maximum)) return false;
    want_ = want;
    reclaimed_at_ = low_peak_;
    probe_at_ = now + kProbeAfter * (1 << std::min(probes_, 4));
    return true;
}

bool Car::status(ConnectorStatus status, SteadyPoint now) {
    bool changed = advance(now);
    const bool suspended_before = suspended();
    status_ = status;
    if (suspended() != suspended_before) {
        // The end of a draw that no meter showed.
        if (suspended()) idle_since_ = tried_since_ = std::max(idle_since_, now);
        changed = true;
    }
    // With a meter the draw itself decides: Charging is also said with the contactor just closed.
    if (status == ConnectorStatus::kCharging && !metered_ && charges() && setup_.pausable) {
        drew_ = true;
        failures_ = 0;
        changed |= std::exchange(last_, false);
    }
    return changed;
}

// Nothing drawn up to the deadline, as the charger says or a sample after it shows.
bool Car::idle_by(SteadyPoint deadline, SteadyPoint now) const {
    if (now < deadline) return false;
    return suspended() || (metered_ && sampled_at_ >= deadline && draw_ < kDraws);
}

// The minimum to try next: one ampere above what did not wake it. Empty if that cannot be why.
std::optional<Amperes> Car::next_suspect() const {
    const auto tried = std::max(limit_, needed());
    if (tried >= kHighestMinimum || (works_at_ && tried >= *works_at_)) return std::nullopt;
    const auto next = std::min({tried + 1_A, kHighestMinimum, setup_.maximum});
    if (next <= suspected_.value_or(needed())) return std::nullopt;
    return next;
}

bool Car::advance(SteadyPoint now) {
    if (!setup_.pausable) return false;
    bool changed = false;
    if (want_ && now >= sampled_at_ + kMeterSilent) {
        want_.reset();
        low_samples_ = 0;
        changed = true;
    }
    if (last_ && now >= retry_at_) {
        last_ = false;
        idle_since_ = tried_since_ = now;
        left_alone_until_ = now + kLeftAlone;
        changed = true;
    }
    if (last_ || !charges()) return changed;
    if (const auto next = next_suspect(); next && idle_by(tried_since_ + kMinimumAfter, now)) {
        suspected_ = next;
        changed = true;
    }
    if (idle_by(idle_since_ + kGivesBackAfter, now)) {
        give_back(now);
        changed = true;
    }
    return changed;
}

void Car::give_back(SteadyPoint now) {
    last_ = true;
    retry_at_ = now + std::min<Duration>(kRetryAfter * (1 << std::min(failures_, 4)), kRetryAtMost);
    if (!drew_ && failures_ == 0) news_ = News::kResumeFailed;
    if (!drew_ && drew_before_) fails_to_resume_ = true;
    ++failures_;
    // All of the ladder was tried: it is not the minimum. Else the retry goes on from here.
    if (suspected_ && *suspected_ >= std::min(kHighestMinimum, setup_.maximum)) suspected_.reset();
}

Amperes Car::minimum(Amperes maximum) const {
    return suspected_ ? std::max(needed(), std::min(*suspected_, maximum)) : needed();
}

Amperes Car::wanted(Amperes maximum, Unused unused) const {
    const auto least = minimum(maximum);
    if (maximum < least) return 0_A;
    if (last_) return least;
    if (!want_ || unused == Unused::kKept) return maximum;
    return std::clamp(*want_, least, maximum);
}

std::optional<Amperes> Car::reclaimed_at() const {
    return want_ ? std::optional(draw_) : std::nullopt;
}

Car::News Car::take_news() {
    return std::exchange(news_, News::kNone);
}

std::optional<SteadyPoint> Car::next_change() const {
    if (!setup_.pausable) return std::nullopt;
    std::optional<SteadyPoint> next;
    const auto sooner = [&next](SteadyPoint at) { next = next ? std::min(*next, at) : at; };
    if (want_) sooner(sampled_at_ + kMeterSilent);
    if (last_) sooner(retry_at_);
    // Without the charger's word, samples decide, and those come by themselves.
    if (!last_ && suspended() && charges()) {
        if (next_suspect()) sooner(tried_since_ + kMinimumAfter);
        sooner(idle_since_ + kGivesBackAfter);
    }
    return next;
}

}  // namespace busbar
