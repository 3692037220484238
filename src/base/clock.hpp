// Where time comes from. Nothing else in Busbar asks the system: a test or a simulation hands in
// a ManualClock and owns time.
#pragma once

#include <string>

#include "base/time.hpp"

namespace busbar {

// Thread-safe.
class Clock {
public:
    virtual ~Clock() = default;
    virtual TimePoint wall() const = 0;
    virtual SteadyPoint steady() const = 0;
    // Which steady clock that is: its points mean the same to two processes where this is equal.
    // A machine that was restarted has another one.
    virtual std::string steady_id() const = 0;
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
    std::string steady_id() const override { return std::to_string(machine_starts_); }
    bool is_kept() const override { return kept_; }
    void keep(bool kept) { kept_ = kept; }
    // The machine was restarted: what was a steady point before means nothing now.
    void restart_machine() {
        ++machine_starts_;
        steady_ += std::chrono::hours{1};
    }

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
    int machine_starts_ = 0;
};

}  // namespace busbar
