#include <sys/timex.h>

#include <fstream>

#include "base/clock.hpp"

namespace busbar {
namespace {

class RealClock final : public Clock {
public:
    TimePoint wall() const override {
        return std::chrono::floor<Duration>(std::chrono::system_clock::now());
    }
    SteadyPoint steady() const override { return std::chrono::steady_clock::now(); }
    std::string steady_id() const override {
        std::ifstream file("/proc/sys/kernel/random/boot_id");
        std::string id;
        std::getline(file, id);
        return id;
    }
    bool is_kept() const override {
        timex state{};
        return adjtimex(&state) != TIME_ERROR;
    }
};

}  // namespace

const Clock& real_clock() {
    static const RealClock clock;
    return clock;
}

}  // namespace busbar
