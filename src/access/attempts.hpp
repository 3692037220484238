// How often somebody may try: so many times a minute for each name, in bounded memory.
//
// Pure.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace busbar::access {

inline constexpr Duration kAttemptsWindow = std::chrono::minutes{1};

class Attempts {
public:
    // At most `most` in any minute, of at most `names` names: 1 at least, both. With more names
    // than that, the one whose first attempt is longest ago is forgotten.
    Attempts(std::size_t most, std::size_t names) : most_(most), names_(names) {}

    // Whether it may not try now. What is refused does not count.
    bool spent(const std::string& name, SteadyPoint now) const;
    void count(const std::string& name, SteadyPoint now);

    std::size_t size() const { return of_.size(); }

private:
    void make_room(SteadyPoint now);

    std::size_t most_;
    std::size_t names_;
    std::map<std::string, std::vector<SteadyPoint>> of_;  // The newest last, at most most_.
    std::deque<std::string> order_;                       // Of their first attempts.
};

}  // namespace busbar::access
