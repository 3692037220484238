// How often a charger may be written to: many keep every profile in flash memory, and a write every
// few minutes wears it out within months. A bucket that holds a day's writes and fills evenly.
//
// Pure: time is an argument.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.hpp"

namespace busbar {

class WriteBudget {
public:
    enum class State : std::uint8_t {
        kPlenty,
        kFew,    // Less than half a day's: only for what is worth it.
        kSpent,  // None, until a tenth of a day's is back: not one now and then, which would have
                 // a car start and stop all day.
    };

    // `per_day` >= 0; 0: no limit. Full at first.
    explicit WriteBudget(int per_day = 0);

    State state(SteadyPoint now) const;
    void wrote(SteadyPoint now);
    // When there is one more. Requires: state(now) == kSpent.
    SteadyPoint again_at(SteadyPoint now) const;
    // Writes left; 0 where there is no limit.
    int left(SteadyPoint now) const;

    int per_day() const { return per_day_; }

private:
    Duration credit(SteadyPoint now) const;
    Duration enough_again() const;

    int per_day_;
    Duration price_;  // Of one write, in time.
    // All credit is of the time since; a full bucket is a day of it. Empty: full.
    std::optional<SteadyPoint> since_;
    bool spent_ = false;
};

}  // namespace busbar
