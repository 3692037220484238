// A Strand runs tasks one at a time, in the order they were posted: whoever owns state and a
// strand needs no lock. Production has one over Asio (net/asio_strand.hpp); tests and the
// simulation have a ManualStrand, which runs when told to, on a ManualClock.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <utility>

#include "base/clock.hpp"

namespace busbar {

using Task = std::function<void()>;

class Strand {
public:
    virtual ~Strand() = default;

    // Runs `task` later, never inside this call. From any thread.
    virtual void post(Task task) = 0;

    // Runs `task` on this strand at `when`, or soon after. From this strand only. Cannot be
    // cancelled: a task that is no longer wanted finds that out when it runs.
    virtual void at(SteadyPoint when, Task task) = 0;
};

// Runs everything on the caller's thread, when asked, in virtual time. Not thread-safe.
class ManualStrand final : public Strand {
public:
    explicit ManualStrand(ManualClock& clock) : clock_(clock) {}

    void post(Task task) override { ready_.push_back(std::move(task)); }
    void at(SteadyPoint when, Task task) override { timed_.emplace(when, std::move(task)); }

    // Runs what is ready, and what that makes ready, until nothing is.
    void run() {
        for (;;) {
            while (!timed_.empty() && timed_.begin()->first <= clock_.steady()) {
                ready_.push_back(std::move(timed_.begin()->second));
                timed_.erase(timed_.begin());
            }
            if (ready_.empty()) return;
            auto task = std::move(ready_.front());
            ready_.pop_front();
            task();
        }
    }

    // Lets time pass, stopping at every timer on the way.
    void run_for(Duration time) {
        const auto end = clock_.steady() + time;
        for (run(); !timed_.empty() && timed_.begin()->first <= end; run())
            clock_.advance(step_to(timed_.begin()->first));
        clock_.advance(step_to(end));
        run();
    }

private:
    Duration step_to(SteadyPoint when) const {
        return std::max(Duration{0}, std::chrono::ceil<Duration>(when - clock_.steady()));
    }

    ManualClock& clock_;
    std::deque<Task> ready_;
    std::multimap<SteadyPoint, Task> timed_;
};

// Somebody else's strand, until it is taken back: from then on tasks are dropped. For what may hold
// on to a strand for longer than that lives. Not thread-safe.
class LentStrand final : public Strand {
public:
    explicit LentStrand(Strand& strand) : strand_(&strand) {}

    void post(Task task) override {
        if (strand_ != nullptr) strand_->post(std::move(task));
    }
    void at(SteadyPoint when, Task task) override {
        if (strand_ != nullptr) strand_->at(when, std::move(task));
    }
    void take_back() { strand_ = nullptr; }

private:
    Strand* strand_;
};

}  // namespace busbar
