// Who gets a minimum where there are too few: cars take turns.
//
// A car that charges keeps its place for a slot; then a car that waits and has been given less
// takes it. What counts is the current a car was given on average since it was plugged in, the
// last two hours counting most: whoever got least comes first. So everybody gets a like share,
// whenever they came; a waiting car's average falls, so nobody waits for ever; and an evening
// alone at the site does not cost the next morning.
//
// Each car's number depends on its own history alone, so circuits that do not compete do not
// touch each other, and a history that begins again from nothing (a restart) is as good as any.
//
// Pure: time is an argument; it allocates nothing. One owner at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/quantity.hpp"
#include "base/time.hpp"

namespace busbar {

// What an EVSE was given while its car wanted current: one for each transaction.
class Place {
public:
    // Each time it wanted for so long, all of its history counts half from then on, so that
    // what is remembered weighs as between one half and all of this.
    static constexpr Duration kMemory = std::chrono::hours{2};

    enum class Standing : std::uint8_t {
        kIdle,      // Wants nothing: neither served nor in want.
        kWaiting,   // Wants, and is not admitted.
        kAdmitted,  // The allocator gives it a minimum or more.
    };

    explicit Place(SteadyPoint plugged_in) : at_(plugged_in) {}

    // From now on it stands so, with this limit in force. To be called at each change, and as
    // often as one likes. Times never go back. Cost: O(1).
    void stand(Standing standing, Amperes limit, SteadyPoint now);

    Standing standing() const { return standing_; }
    bool first_time() const { return first_time_; }  // Admitted for the first time, until now.
    SteadyPoint since() const { return since_; }     // In this standing.
    bool paused() const { return paused_; }          // Waits, and was admitted right before.
    // Millionths of an ampere it was given while it wanted; 0 before it did.
    std::int64_t average_micro(SteadyPoint now) const;

private:
    struct Sums {
        std::int64_t wanted_ms = 0;
        std::int64_t served = 0;  // mA ms
    };
    Sums sums(SteadyPoint now) const;

    SteadyPoint at_;
    SteadyPoint since_ = at_;
    Sums sums_ = {};
    Amperes limit_ = {};
    Standing standing_ = Standing::kIdle;
    bool ever_admitted_ = false;
    bool first_time_ = false;
    bool paused_ = false;
};

// What is to be said about it beside its history.
struct Claim {
    int band = 5;           // 0..100, the lowest first: a lower band does not wait for slots.
    bool last = false;      // Car::goes_last(): behind all bands, and keeps no place.
    bool may_pause = true;  // Car::may_pause(). False: once admitted, nobody takes its place.
    // It has to leave, and cannot wait for a slot (laxity < slot): keeps its place in its band,
    // and gets the next one.
    bool urgent = false;
    Duration slot = std::chrono::minutes{15};  // Share::rotation_slot; 0: whoever came first stays.
};

struct Turn {
    // No place is kept for less than this when a car is let in for the first time (one that is
    // refused its first charge may need waking by hand),
    static constexpr Duration kFirstTime = std::chrono::minutes{3};
    // and a car that was paused rests for at least this.
    static constexpr Duration kRest = std::chrono::minutes{5};
    // How soon to look again while a car waits and another has had its slot, but also less.
    static constexpr Duration kLook = std::chrono::minutes{1};

    // For Demand::turn: the lowest first. Equal: who came first.
    std::int64_t number = 0;
    // The same, but for what it was given on average, which changes all the time.
    std::int64_t without_average() const;
    Place::Standing standing = Place::Standing::kIdle;
    int band = 5;
    // Not to be let in before `until`, even if there is room: cars and contactors are to be
    // switched no more often.
    bool rests = false;
    // Admitted: until when it keeps its place; empty: for good. Resting: until when. May have
    // passed.
    std::optional<SteadyPoint> until = {};
};

// Who comes first, by `number`:
//   1. what is admitted and may not be paused;
//   2. band by band: admitted within its slot (or urgent); waiting and urgent; the others,
//      admitted or waiting, by what they were given on average (one that was never admitted
//      comes first: cars that are refused their first charge may fall asleep); resting;
//   3. what goes last.
// Requires: 0 <= band <= 100, slot >= 0. Cost: O(1).
Turn turn_of(const Place& place, const Claim& claim, SteadyPoint now);

// When a waiting leaf can come in at the earliest by others losing their turn: not before its
// rest is over and a place of its band is free to be taken. `now`, if that is so already: as
// soon as it has been given less. Empty: nobody makes room by taking turns.
// `others`: those it competes with; itself among them does no harm. Cost: O(n).
std::optional<SteadyPoint> comes_in_at(const Turn& waiting, std::span<const Turn> others,
                                       SteadyPoint now);

// When the order is to be looked at again though nothing else happens. Empty: while nobody waits.
// Cost: O(n).
std::optional<SteadyPoint> next_change(std::span<const Turn> turns, SteadyPoint now);

}  // namespace busbar
