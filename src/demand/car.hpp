// What to ask for on behalf of one car, learned from what it draws.
//
// A car that draws less than it may is asked for less, so that others get the rest: by lowering
// its limit, never by promising the rest while it may still take it. When it takes all it is
// given, it is asked for more again. A car that does not draw at all may need more than the usual
// minimum, so that is tried; after five minutes it gives its place back and goes last, until it
// draws, says that it charges, or a retry is due.
//
// Pure: time is an argument, no chance, no I/O; it allocates nothing. One owner at a time, one
// object for each transaction; times of calls never go back.
#pragma once

#include <cstdint>
#include <optional>

#include "base/quantity.hpp"
#include "base/time.hpp"
#include "domain/charging.hpp"

namespace busbar {

class Car {
public:
    // From here on it draws; below is standby.
    static constexpr Amperes kDraws = Amperes::of(1);
    // What it draws is less than its limit if it is further below than this,
    static constexpr Amperes kSlack = Amperes::milli(1'500);
    // in so many samples in a row,
    static constexpr int kLowSamples = 3;
    // over this long,
    static constexpr Duration kLowFor = std::chrono::seconds{60};
    // outside of this time after a start or a raise.
    static constexpr Duration kLeftAlone = std::chrono::seconds{180};
    // Then it is asked for so much above the highest of these samples; from as much below what
    // it is asked for, it is taken to want more.
    static constexpr Amperes kMargin = Amperes::of(1);
    // A raise is the greater of this and a quarter.
    static constexpr Amperes kRaise = Amperes::of(2);
    // At a steady draw nobody can tell a car that could take more from one that could not. More
    // than this above the draw it was reclaimed at, it can...
    static constexpr Amperes kRise = Amperes::milli(500);
    // ...and else it is tried again only so long after, twice as long each time in vain (up to
    // 16 times): otherwise each car would swing for ever, and wear out its charger's flash.
    static constexpr Duration kProbeAfter = std::chrono::minutes{15};
    // Without samples for so long, it is as if there had never been any.
    static constexpr Duration kMeterSilent = std::chrono::minutes{30};

    // No draw for this long at one limit: perhaps its minimum is one ampere more, up to
    static constexpr Duration kMinimumAfter = std::chrono::seconds{120};
    static constexpr Amperes kHighestMinimum = Amperes::of(10);
    // No draw for this long: it gives its place back,
    static constexpr Duration kGivesBackAfter = std::chrono::minutes{5};
    // and is tried again after this, twice as long each time in vain, up to
    static constexpr Duration kRetryAfter = std::chrono::minutes{15};
    static constexpr Duration kRetryAtMost = std::chrono::hours{2};
    // A sample tells about a limit only so long after it was set.
    static constexpr Duration kFollows = std::chrono::seconds{10};

    struct Setup {
        Amperes maximum = {};                 // The EVSE's hardware maximum.
        Amperes minimum = Amperes::of(6);     // The EVSE's; above 0.
        Amperes quantum = Amperes::of(1);     // What is asked for is rounded up to this.
        bool pausable = true;                 // False (DC): never reclaimed, never last.
        std::optional<Amperes> learned = {};  // Minima knows this driver's car.
    };
    enum class News : std::uint8_t {
        kNone,
        kResumeFailed,    // It was given current and did not draw: it goes last now.
        kMinimumLearned,  // learned() is new: for Minima.
    };

    // Its transaction begins, or we learn of it; no limit is in force yet.
    // Requires: minimum and quantum above 0.
    explicit Car(const Setup& setup);

    // --- What it shows. Each returns whether an answer below may have changed. ---

    // From now on this limit is in force: accepted by the charger.
    bool limited(Amperes limit, SteadyPoint now);
    // What its highest line drew, at the time of receipt. An EVSE that never sends any is never
    // reclaimed.
    bool sampled(Amperes highest_line, SteadyPoint now);
    bool status(ConnectorStatus status, SteadyPoint now);
    // Time passed. To be called before asking, and at next_change().
    bool advance(SteadyPoint now);

    // --- What to ask for, where rules and hardware let it have up to `maximum` ---

    // 0 if `maximum` is less than the minimum; else between the minimum and `maximum`.
    // `unused`: what the circuit's Share says about what it was given and does not draw.
    enum class Unused : std::uint8_t { kKept, kReclaimed };
    Amperes wanted(Amperes maximum, Unused unused = Unused::kReclaimed) const;
    // What it needs to charge at all. One that is only suspected to be higher is never above
    // `maximum`: a suspicion must not keep a car from charging.
    Amperes minimum(Amperes maximum) const;
    // It did not draw when it could. It still wants its minimum, so that it can wake up, but
    // only out of what nobody else wants: behind the surplus of everybody.
    bool goes_last() const { return last_; }
    // False: its minimum must not be taken away to let another car in. DC, and a car that once
    // did not resume after a pause, while it draws.
    bool may_pause() const { return setup_.pausable && (!fails_to_resume_ || last_); }
    // If it is asked for less than it may have: what it draws.
    std::optional<Amperes> reclaimed_at() const;
    // A minimum above the EVSE's that was proven: no draw below, and draw with it.
    std::optional<Amperes> learned() const { return learned_; }
    // The last thing worth an event since this was called last.
    News take_news();

    // When an answer changes though nothing else happens; empty: it does not.
    std::optional<SteadyPoint> next_change() const;

private:
    bool charges() const { return limit_ >= needed(); }
    bool suspended() const { return status_ == ConnectorStatus::kSuspendedEv; }
    bool drawing() const;
    Amperes needed() const { return learned_ ? *learned_ : setup_.minimum; }
    Amperes rounded_up(Amperes amount) const;
    std::optional<Amperes> next_suspect() const;
    bool idle_by(SteadyPoint deadline, SteadyPoint now) const;
    void grant(SteadyPoint now);
    bool draws(SteadyPoint now);
    void learn_from_draw(SteadyPoint now);
    bool grow(SteadyPoint now);
    bool reclaim(SteadyPoint now);
    void give_back(SteadyPoint now);

    Setup setup_;
    Amperes limit_ = {};
    SteadyPoint limited_at_ = {};
    SteadyPoint sampled_at_ = {};
    bool metered_ = false;  // There was a sample.
    Amperes draw_ = {};     // Of the last one.
    ConnectorStatus status_ = ConnectorStatus::kUnknown;

    // Reclaiming.
    std::optional<Amperes> want_ = {};  // Empty: all it may have.
    Amperes reclaimed_at_ = {};         // The draw that set `want_`.
    SteadyPoint left_alone_until_ = {};
    int low_samples_ = 0;
    SteadyPoint low_since_ = {};
    Amperes low_peak_ = {};
    SteadyPoint probe_at_ = {};
    int probes_ = 0;  // In vain, in a row.

    // Its minimum.
    std::optional<Amperes> learned_;
    std::optional<Amperes> suspected_ = {};
    std::optional<Amperes> works_at_ = {};  // The least limit at which it drew.

    // Giving back.
    SteadyPoint idle_since_ = {};   // Nothing drawn since.
    SteadyPoint tried_since_ = {};  // ...and no other limit tried.
    bool drew_ = false;             // Since it was last granted current.
    bool drew_before_ = false;      // ...and just before that was last taken from it.
    bool fails_to_resume_ = false;
    bool last_ = false;
    SteadyPoint retry_at_ = {};
    int failures_ = 0;  // In a row.
    News news_ = News::kNone;
};

}  // namespace busbar
