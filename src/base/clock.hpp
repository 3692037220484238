// Where time comes from. Nothing else in Busbar asks the system: a test or a simulation hands in
// a ManualClock and owns time.
#pragma once

#include "base/time.hpp"

namespace busbar {

// Thread-safe.
class Clock {
public:
    virtual ~Clock() = default;
    virtual TimePoint wall() const = 0;
    virtual SteadyPoint steady() const = 0;
    // Whether somebody keeps the calendar right (NTP). If not, it may be wrong by any amount.
    virtual bool is_kept() const = 0;
};

// The system's clocks. One for the whole process.
const Clock& real_clock();

// A clock that stands still until told otherwise. Not thread-safe.
class ManualClock final : public Clock {
public:
    explicit ManualClock(TimePoint start) : wall_(start), steady_(std::chrono::hours{1}) {}

    TimePoint wall() const override { return wall_; }
    SteadyPoint steady() const override { return steady_; }
    bool is_kept() const override { return kept_; }
    void keep(bool kept) { kept_ = kept; }

    void advance(Duration by) {
        wall_ += by;
        steady_ += by;
    }
    // Moves the calendar alone, as an operator or NTP may.
    void jump_wall(Duration by) { wall_ += by; }

private:
    TimePoint wall_;
    SteadyPoint steady_;
    bool kept_ = true;
};

}  // namespace busbar
