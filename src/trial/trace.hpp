// What happened in a trial: the last events for people to read, and a hash over all of them, by
// which two runs of one seed are known to be the same.
//
// Not thread-safe. Cost: no formatting until somebody asks.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/quantity.hpp"
#include "base/time.hpp"

namespace busbar::trial {

class Trace {
public:
    // Who does something: a charger, by its place among the names, or the site as a whole.
    static constexpr int kSite = -1;

    explicit Trace(std::vector<std::string> names) : names_(std::move(names)) {}

    // `what` reads on after the name: "accepts a limit of". Requires: a literal.
    void note(SteadyPoint at, int who, const char* what, std::string detail = {});
    void note(SteadyPoint at, int who, const char* what, Amperes amount);

    std::uint64_t hash() const { return hash_; }
    std::uint64_t events() const { return count_; }

    // The last events, one a line, the oldest first; times since `start`.
    std::string last(SteadyPoint start) const;

private:
    struct Event {
        SteadyPoint at;
        int who;
        const char* what;
        std::string detail;
        Amperes amount;
        bool has_amount;
    };

    void add(Event event);
    void mix(std::string_view bytes);
    void mix(std::int64_t number);

    std::vector<std::string> names_;
    std::deque<Event> events_;  // At most kKept.
    std::uint64_t count_ = 0;
    std::uint64_t hash_ = 0xcbf29ce484222325U;
};

// "1d 02:03:04.005": a time since the start, for people.
std::string since(SteadyPoint start, SteadyPoint at);

}  // namespace busbar::trial
