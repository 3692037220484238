// What the terminal shows while Busbar serves: load against limit, chargers, dispatch times and
// what has just happened.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "app/metrics.hpp"
#include "base/guarded.hpp"
#include "control/feed.hpp"
#include "control/reports.hpp"

namespace busbar::app {

// Thread-safe.
class Terminal {
public:
    explicit Terminal(std::string address) : address_(std::move(address)) {}

    // Remembers the last things that happened, for the list at the bottom.
    void watch(control::Feed& feed, const Clock& clock);

    // A whole screen, as text with ANSI colours; `columns` wide at the most.
    std::string screen(const std::vector<control::SiteReport>& sites, const DispatchTimes& times,
                       TimePoint now, std::size_t columns) const;
    // The same in one line, for a log.
    static std::string line(const std::vector<control::SiteReport>& sites,
                            const DispatchTimes& times);

private:
    void note(const control::FeedEvent& event, TimePoint now);

    std::string address_;
    Guarded<std::deque<std::string>> happened_;
};

}  // namespace busbar::app
