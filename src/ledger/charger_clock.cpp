#include "ledger/charger_clock.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace busbar {
namespace {

// Stamps are often whole seconds, and a message takes some time: what we hear is up to so much
// behind what the clock shows.
constexpr Duration kOnTheWay = std::chrono::seconds{2};
// An answer of ours may be read so much later than it was written.
constexpr Duration kToldLate = std::chrono::seconds{2};

Duration ahead_of(TimePoint time, SteadyPoint now) {
    return time.time_since_epoch() - std::chrono::floor<Duration>(now.time_since_epoch());
}

Duration apart(Duration a, Duration b) {
    return a < b ? b - a : a - b;
}

}  // namespace

void ChargerClock::take(Ahead ahead) {
    last_[next_] = ahead;
    next_ = (next_ + 1) % last_.size();
    count_ = std::min(count_ + 1, last_.size());
}

// Every message shows the clock as it is, or behind that: none makes us think it further ahead
// than it is, unless it was stamped before the clock was set back. Such a one that fits what we
// heard before comes within kSameClock of our telling.
void ChargerClock::said(TimePoint stamp, SteadyPoint now) {
    const auto ahead = ahead_of(stamp, now);
    const auto within = [&](Ahead least, Ahead most) {
        return ahead >= least - kSameClock && ahead <= most + kSameClock;
    };
    if (known() && within(heard_least(), heard_most()) && !waited(stamp)) {
        take(ahead);
        candidate_.reset();
        if (told_ && now >= told_->last + kSameClock) told_.reset();
    } else if (!known() && told_ && within(told_->least, told_->most)) {
        take(ahead);
    } else if (candidate_ && apart(ahead, candidate_->ahead) <= kAgreement) {
        candidate_->ahead = std::min(candidate_->ahead, ahead);
        if (++candidate_->times < kAgreeing) return;
        count_ = next_ = 0;
        take(candidate_->ahead);
        candidate_.reset();
    } else {
        candidate_ = Candidate{ahead, 1};
    }
}

// Whether it was stamped before this connection, if its clock goes on as before.
bool ChargerClock::waited(TimePoint stamp) const {
    return connected_at_ &&
           stamp + kOnTheWay <
               TimePoint{std::chrono::floor<Duration>(connected_at_->time_since_epoch()) +
                         heard_least()};
}

void ChargerClock::told(TimePoint time, SteadyPoint now) {
    const auto ahead = ahead_of(time, now);
    if (!told_) told_ = Told{ahead, ahead, now};
    told_ = Told{std::min(told_->least, ahead), std::max(told_->most, ahead), now};
}

ChargerClock::Ahead ChargerClock::heard_least() const {
    return *std::min_element(last_.begin(), last_.begin() + static_cast<std::ptrdiff_t>(count_));
}

ChargerClock::Ahead ChargerClock::heard_most() const {
    return *std::max_element(last_.begin(), last_.begin() + static_cast<std::ptrdiff_t>(count_));
}

// The least of all it may have been set to. A message that waited makes this less than it is,
// which only makes us wait longer for a lease to end.
ChargerClock::Ahead ChargerClock::least() const {
    BUSBAR_CHECK(known());
    auto out = heard_least();
    if (told_) out = std::min(out, told_->least - kToldLate);
    if (candidate_) out = std::min(out, candidate_->ahead);
    return out;
}

ChargerClock::Ahead ChargerClock::most() const {
    BUSBAR_CHECK(known());
    return std::max(heard_most(), told_ ? told_->most : heard_most()) + kOnTheWay;
}

TimePoint ChargerClock::earliest(SteadyPoint now) const {
    return TimePoint{std::chrono::floor<Duration>(now.time_since_epoch()) + least()};
}

TimePoint ChargerClock::latest(SteadyPoint now) const {
    return TimePoint{std::chrono::floor<Duration>(now.time_since_epoch()) + most()};
}

SteadyPoint ChargerClock::surely_at(TimePoint time) const {
    return SteadyPoint{time.time_since_epoch() - least()};
}

Duration ChargerClock::uncertainty() const {
    return most() - least();
}

}  // namespace busbar
