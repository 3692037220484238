#include "feeder/backoff.hpp"

#include <gtest/gtest.h>

#include <set>

namespace busbar::feeder {
namespace {

using namespace std::chrono_literals;

TEST(FeederBackoff, DoublesUpToItsLongestWaitAndStaysInItsBounds) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Backoff backoff(1s, 60s, seed);
        for (const auto& [from, to] : {std::pair{1s, 2s},
                                       {2s, 4s},
                                       {4s, 8s},
                                       {8s, 16s},
                                       {16s, 32s},
                                       {30s, 60s},
                                       {30s, 60s}}) {
            const auto wait = backoff.next();
            EXPECT_GE(wait, from) << seed;
            EXPECT_LE(wait, to) << seed;
        }
        backoff.reset();
        EXPECT_LE(backoff.next(), 2s);
    }
}

TEST(FeederBackoff, SpreadsThoseThatLostOneServer) {
    std::set<Duration> waits;
    for (std::uint64_t seed = 0; seed < 100; ++seed) waits.insert(Backoff(1s, 60s, seed).next());
    EXPECT_GT(waits.size(), 90U);
}

TEST(FeederBackoff, RepeatsItselfFromTheSameSeed) {
    Backoff one(1s, 60s, 7), other(1s, 60s, 7);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(one.next(), other.next());
}

TEST(FeederBackoff, CanBeAFixedWait) {
    Backoff backoff(5ms, 5ms, 1);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(backoff.next(), 5ms);
}

}  // namespace
}  // namespace busbar::feeder
