// What a charger's own clock shows, told from what it says: schedules with a lease run on it.
//
// A charger stamps its messages. One that comes at once shows its clock a little behind (by the
// time on the way); one that waited in a queue says nothing of now and would show a clock far
// behind. Most chargers set their clocks by what we tell them at boot and heartbeat, so that a
// clock may go back, and what it was before counts for no more.
//
// Pure: time is an argument; it allocates nothing. One owner at a time.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "base/time.hpp"

namespace busbar {

class ChargerClock {
public:
    // A clock this far from what it was, or slower, is another one, or the message is old.
    static constexpr Duration kSameClock = std::chrono::seconds{60};
    // Messages in a row that agree so well with each other show a clock that was changed.
    static constexpr Duration kAgreement = std::chrono::seconds{5};
    static constexpr int kAgreeing = 3;

    // A new connection: how it was set before is remembered until it says otherwise. What was
    // stamped before that waited in a queue.
    void reconnected(SteadyPoint now) {
        candidate_.reset();
        connected_at_ = now;
    }
    // A message stamped `stamp` came at `now`.
    void said(TimePoint stamp, SteadyPoint now);
    // It was told that it is `time`: it may show that from now on, or what it showed before.
    void told(TimePoint time, SteadyPoint now);

    // Whether anything is known of it. Without, no lease can be given.
    bool known() const { return count_ > 0; }
    // The least and the most it may show at `now`. Requires: known().
    TimePoint earliest(SteadyPoint now) const;
    TimePoint latest(SteadyPoint now) const;
    // When it has certainly come to `time`, on our clock. Requires: known().
    SteadyPoint surely_at(TimePoint time) const;
    // latest - earliest: a second or two when all is well. Requires: known().
    Duration uncertainty() const;

private:
    // How far its clock is ahead of our steady one: a large number, as they count from
    // different days.
    using Ahead = Duration;

    struct Candidate {
        Ahead ahead;
        int times;
    };
    // What we told it since it last said what it shows: it may have been set to any of these.
    struct Told {
        Ahead least;
        Ahead most;
        SteadyPoint last;
    };
    bool waited(TimePoint stamp) const;
    void take(Ahead ahead);
    Ahead heard_least() const;
    Ahead heard_most() const;
    Ahead least() const;
    Ahead most() const;

    std::array<Ahead, 8> last_ = {};  // Of the last live messages.
    std::size_t count_ = 0;
    std::size_t next_ = 0;
    std::optional<Candidate> candidate_;  // What it may have been set to.
    std::optional<Told> told_;
    std::optional<SteadyPoint> connected_at_;
};

}  // namespace busbar
