#include "demand/turns.hpp"

#include <algorithm>
#include <array>

namespace busbar {
namespace {

using enum Place::Standing;

constexpr int kLastGroup = 101;
constexpr int kMostBand = kLastGroup - 1;
// Averages take the lower bits of a turn's number: up to 17,000 A.
constexpr int kAverageBits = 44;
constexpr std::int64_t kMostAverage = (std::int64_t{1} << kAverageBits) - 1;

// More than any circuit carries; its sums over the memory fit.
constexpr Amperes kMostLimit = Amperes::of(1'000'000);

enum class Rank : std::int64_t { kKeepsPlace, kUrgent, kInTurn, kRests };

std::int64_t turn_number(int group, Rank rank, std::int64_t average) {
    return (std::int64_t{group} << (kAverageBits + 4)) |
           (static_cast<std::int64_t>(rank) << kAverageBits) | std::min(average, kMostAverage);
}

}  // namespace

Place::Sums Place::sums(SteadyPoint now) const {
    if (standing_ == kIdle || now <= at_) return sums_;
    using std::chrono::duration_cast, std::chrono::milliseconds;
    constexpr auto kMemoryMs = duration_cast<milliseconds>(kMemory).count();
    // What is older is halved away long since.
    constexpr auto kMostMs = 64 * kMemoryMs;
    auto sums = sums_;
    auto left = std::min(duration_cast<milliseconds>(now - at_).count(), kMostMs);
    while (left > 0) {
        const auto part = std::min(left, kMemoryMs - sums.wanted_ms);
        left -= part;
        sums.wanted_ms += part;
        sums.served += limit_.in_milli() * part;
        if (sums.wanted_ms == kMemoryMs) {
            sums.wanted_ms /= 2;
            sums.served /= 2;
        }
    }
    return sums;
}

std::int64_t Place::average_micro(SteadyPoint now) const {
    const auto [wanted_ms, served] = sums(now);
    if (wanted_ms == 0) return 0;
    // In two steps, for the sake of the largest currents.
    return served / wanted_ms * 1000 + served % wanted_ms * 1000 / wanted_ms;
}

void Place::stand(Standing standing, Amperes limit, SteadyPoint now) {
    sums_ = sums(now);
    at_ = std::max(at_, now);
    limit_ = std::clamp(limit, Amperes{}, kMostLimit);
    if (standing == standing_) return;
    paused_ = standing_ == kAdmitted && standing == kWaiting;
    first_time_ = standing == kAdmitted && !ever_admitted_;
    ever_admitted_ |= standing == kAdmitted;
    standing_ = standing;
    since_ = at_;
}

std::int64_t Turn::without_average() const {
    return number & ~kMostAverage;
}

Turn turn_of(const Place& place, const Claim& claim, SteadyPoint now) {
    BUSBAR_CHECK(claim.band >= 0 && claim.band <= kMostBand && claim.slot >= Duration{});
    const bool admitted = place.standing() == kAdmitted;
    // Without turns it is who came first that counts, not who got least.
    const bool turns = claim.slot > Duration{};
    const auto average = turns ? place.average_micro(now) : 0;

    Turn turn{.standing = place.standing(), .band = claim.band};
    const auto group = claim.last ? kLastGroup : 1 + claim.band;
    const auto ranks = [&](Rank rank) { turn.number = turn_number(group, rank, average); };
    if (admitted && !claim.may_pause) {
        turn.number = turn_number(0, Rank::kKeepsPlace, average);
    } else if (admitted) {
        const auto kept = place.first_time() ? std::max(claim.slot, Turn::kFirstTime) : claim.slot;
        if (claim.last)
            turn.until = now;
        else if (turns && !claim.urgent)
            turn.until = place.since() + kept;
        const bool keeps = !turn.until || now < *turn.until;
        ranks(keeps ? Rank::kKeepsPlace : Rank::kInTurn);
    } else if (turns && place.paused() && now < place.since() + Turn::kRest) {
        turn.rests = true;
        turn.until = place.since() + Turn::kRest;
        ranks(Rank::kRests);
    } else {
        ranks(claim.urgent ? Rank::kUrgent : Rank::kInTurn);
    }
    // A sleeper's turn is nobody's business: it comes and goes with what is left over.
    if (claim.last) turn.band = kLastGroup;
    return turn;
}

std::optional<SteadyPoint> comes_in_at(const Turn& waiting, std::span<const Turn> others,
                                       SteadyPoint now) {
    std::optional<SteadyPoint> soonest;
    for (const auto& other : others) {
        if (other.standing != kAdmitted || other.band != waiting.band || !other.until) continue;
        soonest = soonest ? std::min(*soonest, *other.until) : *other.until;
    }
    if (!soonest) return std::nullopt;
    return std::max({*soonest, now, waiting.rests ? *waiting.until : now});
}

std::optional<SteadyPoint> next_change(std::span<const Turn> turns, SteadyPoint now) {
    std::array<bool, kLastGroup + 1> waits{};
    std::optional<SteadyPoint> next;
    const auto sooner = [&next](SteadyPoint at) { next = next ? std::min(*next, at) : at; };
    for (const auto& turn : turns) {
        if (turn.standing != kWaiting) continue;
        if (turn.band != kLastGroup) waits[static_cast<std::size_t>(turn.band)] = true;
        if (turn.rests) sooner(*turn.until);
    }
    for (const auto& turn : turns) {
        if (turn.standing != kAdmitted || !turn.until) continue;
        if (!waits[static_cast<std::size_t>(turn.band)]) continue;
        sooner(*turn.until > now ? *turn.until : now + Turn::kLook);
    }
    return next;
}

}  // namespace busbar
