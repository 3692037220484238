#include "access/attempts.hpp"

#include <algorithm>

namespace busbar::access {

bool Attempts::spent(const std::string& name, SteadyPoint now) const {
    const auto found = of_.find(name);
    if (found == of_.end()) return false;
    const auto recent = std::ranges::count_if(
        found->second, [&](SteadyPoint at) { return now - at < kAttemptsWindow; });
    return static_cast<std::size_t>(recent) >= most_;
}

void Attempts::count(const std::string& name, SteadyPoint now) {
    auto found = of_.find(name);
    if (found == of_.end()) {
        make_room(now);
        found = of_.try_emplace(name).first;
        order_.push_back(name);
    }
    auto& times = found->second;
    if (times.size() >= most_) times.erase(times.begin());
    times.push_back(now);
}

// Whoever has not tried for a minute goes; and the oldest, if that is not enough.
void Attempts::make_room(SteadyPoint now) {
    while (!order_.empty()) {
        const auto found = of_.find(order_.front());
        const bool quiet = now - found->second.back() >= kAttemptsWindow;
        if (!quiet && of_.size() < names_) break;
        of_.erase(found);
        order_.pop_front();
    }
}

}  // namespace busbar::access
