// When a window holds on the clocks of its place, daylight saving time included.
//
// Pure but for one thing: the machine's zone database (tzdata) is read once, like a constant. It
// knows the switches to and from daylight saving time up to 2037.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "domain/rule.hpp"
#include "domain/site.hpp"
#include "domain/window.hpp"

namespace date {
class time_zone;
}

namespace busbar {

// Which way an edge goes that the clocks show twice. A time that they skip is the instant of the
// jump, either way.
enum class Edges : std::uint8_t {
    kOutward,  // From the first showing of its beginning to the last of its end: for caps.
    kInward,   // Only while there is no doubt: for whatever gives. Of a window that lies within
               // an hour that comes twice, the second.
};
Edges edges_of(RuleKind kind);

// Whether the zone database knows it, or it is "UTC".
bool zone_exists(std::string_view zone);
// Whether the zones of the site and of its circuits' peaks exist; the rest is check_site()'s.
// Fails with kInvalid, naming the field.
Status check_zones(const SiteConfig& config);

// Reads windows on the clocks of one site. Looks each zone up once, and remembers its present
// offset, so that a window costs some 50 ns. Not for two threads at once.
class Clocks {
public:
    explicit Clocks(std::string_view site_zone);

    // In a zone that does not exist: outward windows always hold, inward ones never.
    // Requires: check_window(window) holds.
    bool holds(const Window& window, Edges edges, TimePoint at);
    // The next moment after `after` at which holds() changes; none if it never does.
    std::optional<TimePoint> next_edge(const Window& window, Edges edges, TimePoint after);

private:
    struct Span {
        TimePoint from;
        TimePoint until;
    };
    // One zone, and the offset of its clocks from `begin` to `end`.
    struct Clock {
        std::string name;
        const date::time_zone* zone = nullptr;
        bool known = false;
        std::chrono::sys_seconds begin{};
        std::chrono::sys_seconds end{};
        std::chrono::seconds offset{};
    };

    Clock& clock_of(const Window& window, TimePoint at);
    static TimePoint to_system(const Clock& clock, std::chrono::local_seconds local, bool first);
    static Span span_of(const Clock& clock, const Window& window, std::chrono::local_days day,
                        Edges edges);

    std::string site_zone_;
    std::vector<Clock> clocks_;
};

}  // namespace busbar
