// Watches what the meter of a feeder shows against what the feeder is rated for, and says who has
// to stop charging when it is too much. Breakers trip by how much and how long, and so does this:
//   above 100 %           worth a warning
//   105 % for 30 s        the last band of those that charge stops, and again the next; sooner in
//                         proportion above that: 110 % for 15 s
//   130 %                 at once, everybody stops
//   95 % or less for 60 s one step back
// It stands beside budgets and limits, and is for what they cannot see: chargers that do not do
// what they acknowledge, and loads that nobody counts.
//
// Pure: time is an argument. One owner at a time.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "base/time.hpp"
#include "domain/phase.hpp"

namespace busbar {

class Overload {
public:
    // Samples further apart say nothing of the time between them, and one that is older than two
    // of these does not count any more.
    static constexpr Duration kInterval = std::chrono::seconds{5};
    static constexpr int kWarnPct = 100;
    static constexpr int kShedPct = 105;
    static constexpr int kEmergencyPct = 130;
    static constexpr int kCalmPct = 95;
    static constexpr Duration kShedAfter = std::chrono::seconds{30};
    static constexpr Duration kCalmFor = std::chrono::seconds{60};

    enum class Stage {
        kNormal,
        kWarn,
        kShed,       // Some bands have to stop; the others must not rise.
        kEmergency,  // Everybody has to stop.
    };
    // The line that a stage is about, and what it carried when that began.
    struct Seen {
        Phase phase = Phase::kL1;
        Amperes measured = {};
        Amperes rating = {};
    };

    // `rating`: of each line; one that is rated 0 A does not exist, and is not watched.
    explicit Overload(const PerPhase& rating) : rating_(rating) {}

    // A sample, when it was measured, and the bands of the cars that could charge below the
    // feeder. Returns whether the answers below have changed. One out of order is ignored.
    bool sampled(const PerPhase& measured, std::span<const int> bands, SteadyPoint at);

    // While no samples come, all stays as it is: nobody saw that it got better.
    Stage stage() const;
    bool sheds(int band) const { return band >= shed_from_; }
    const Seen& seen() const { return seen_; }
    // The latest sample, while it counts.
    std::optional<PerPhase> latest(SteadyPoint now) const;

private:
    static constexpr int kNobody = 100;  // Above every band.

    bool at_least(const PerPhase& measured, int percent) const;
    void gather(const PerPhase& measured, Duration passed);
    void look(const PerPhase& measured);
    bool shed_one_more(std::span<const int> bands);
    bool calm_down(const PerPhase& measured, std::span<const int> bands, SteadyPoint at);
    bool release_one(std::span<const int> bands);

    PerPhase rating_;
    std::optional<SteadyPoint> sampled_at_ = {};
    PerPhase latest_ = {};
    // How far each line is on its way to kShedAfter, in microseconds at kShedPct.
    std::array<std::int64_t, 3> gathered_ = {};
    std::optional<SteadyPoint> calm_since_ = {};
    bool warned_ = false;
    int shed_from_ = kNobody;
    Seen seen_ = {};
};

std::string_view to_string(Overload::Stage stage);  // "normal", "warn", "shed", "emergency"

}  // namespace busbar
