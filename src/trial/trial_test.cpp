#include <gtest/gtest.h>
#include <cstdio>
#include <cstdlib>
#include <chrono>

#include "base/log.hpp"
#include "trial/run.hpp"
#include "trial/naive_wire.hpp"

namespace busbar::trial {
namespace {
using namespace std::chrono_literals;

TEST(Probe, One) {
    log::configure(log::Level::kOff, log::Format::kConsole);
    const auto* from = std::getenv("SEED"); const auto* n = std::getenv("N"); const auto* c = std::getenv("CH"); const auto* h = std::getenv("H");
    const int first = from ? std::atoi(from) : 1;
    int bad = 0;
    for (int i = first; i < first + (n ? std::atoi(n) : 1); ++i) {
        const Policy naive = [](std::unique_ptr<Wire> wire, Strand& strand, const Clock& clock) { return std::make_unique<NaiveWire>(std::move(wire), strand, clock); };
        const auto o = run_trial({.seed = static_cast<std::uint64_t>(i), .chargers = c ? std::atoi(c) : 50, .span = std::chrono::hours{h ? std::atoi(h) : 24}}, std::getenv("NAIVE") ? naive : Policy{});
        if (o.violation) ++bad;
        if (std::getenv("NAIVE") || !n || o.violation) std::printf("seed %d hash %lx events %lu calls %lu kills %lu reboots %lu writes %lu most/h %d As %.1f\n%s\n", i, o.hash, o.events, o.calls, o.kills, o.reboots, o.writes, o.most_calls_an_hour, o.ampere_seconds, o.violation ? (n ? o.violation->substr(0, o.violation->find('\n')) : *o.violation).c_str() : "fine");
    }
    std::printf("bad %d\n", bad);
}
}  // namespace
}  // namespace busbar::trial
