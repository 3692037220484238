// Watches whether an EVSE draws no more than it may: a charger is believed until its meter says
// otherwise, and then no longer.
//
// Pure: time is an argument; it allocates nothing. One owner at a time.
#pragma once

#include <cstdint>
#include <optional>

#include "base/quantity.hpp"
#include "base/time.hpp"

namespace busbar {

// What a meter may show at a limit: 1 A and 5 % are for meters and ramps.
constexpr Amperes tolerated(Amperes limit) {
    return limit + 1_A + limit / 20;
}

class DrawWatch {
public:
    // Above what is tolerated for longer than this, with each sample above.
    static constexpr Duration kPatience = std::chrono::seconds{10};

    enum class Verdict : std::uint8_t {
        kFine,
        kKeptOn,    // It draws what it was given, though its lease is over.
        kDrewMore,  // It draws more than it ever acknowledged.
    };

    // Its highest line, taken `taken` and known at `now`. `most`: what it may be drawing as the
    // ledger counts it, settle and unanswered limits included; `given`: what it last accepted,
    // before a lease ended. A verdict other than kFine is given once; then all begins anew. What
    // is older than two of its intervals says nothing of now, and is left out; so does a pause
    // that long begin anew.
    Verdict sampled(Amperes highest_line, SteadyPoint taken, SteadyPoint now, Amperes most,
                    Amperes given);
    // Another transaction, or another connection.
    void reset() { *this = {}; }

private:
    std::optional<SteadyPoint> last_ = {};
    Duration interval_ = {};  // Between the last two samples; 0: not known yet.
    std::optional<SteadyPoint> above_since_ = {};
};

}  // namespace busbar
