#include "trial_bytes/byte_wire.hpp"

#include <gtest/gtest.h>

#include "base/log.hpp"
#include "trial/run.hpp"

namespace busbar::trial {
namespace {

using namespace std::chrono_literals;

struct Carried {
    std::uint64_t digest = 0;
    std::uint64_t bytes = 0;
};

// Tells at its end what it carried.
class CountedWire final : public ByteWire {
public:
    CountedWire(Strand& strand, const Clock& clock, std::uint64_t seed, Carried& carried,
                sim::Version version)
        : ByteWire(strand, clock, {.version = version}, seed), carried_(carried) {}
    ~CountedWire() override { carried_ = {digest(), bytes()}; }

private:
    Carried& carried_;
};

Outcome run_over_bytes(std::uint64_t seed, Duration span, Carried& carried,
                       sim::Version version = sim::Version::k16) {
    log::configure(log::Level::kOff, log::Format::kConsole);
    Trial trial{.seed = seed, .chargers = 12, .span = span};
    trial.wire = [seed, &carried, version](Strand& strand, const Clock& clock) {
        return std::make_unique<CountedWire>(strand, clock, seed, carried, version);
    };
    return run_trial(trial);
}

class ByteTrial : public testing::TestWithParam<std::uint64_t> {};

TEST_P(ByteTrial, KeepsEveryPromiseOverRealFrames) {
    Carried carried;
    const auto outcome = run_over_bytes(GetParam(), 6h, carried);
    EXPECT_FALSE(outcome.violation) << *outcome.violation;
    EXPECT_GT(outcome.calls, 0U);
    EXPECT_GT(carried.bytes, 100'000U);
}

TEST_P(ByteTrial, KeepsEveryPromiseWithChargersThatSpeak201) {
    Carried carried;
    const auto outcome = run_over_bytes(GetParam(), 6h, carried, sim::Version::k201);
    EXPECT_FALSE(outcome.violation) << *outcome.violation;
    EXPECT_GT(outcome.calls, 0U);
    EXPECT_GT(carried.bytes, 100'000U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ByteTrial, testing::Range<std::uint64_t>(1, 6));

TEST(ByteTrialOnce, RepeatsEveryByteAndMomentOfASeed) {
    Carried first, second, other;
    const auto one = run_over_bytes(7, 1h, first);
    const auto again = run_over_bytes(7, 1h, second);
    (void)run_over_bytes(8, 1h, other);
    EXPECT_EQ(one.hash, again.hash);
    EXPECT_EQ(first.digest, second.digest);
    EXPECT_EQ(first.bytes, second.bytes);
    EXPECT_NE(first.digest, other.digest);
}

}  // namespace
}  // namespace busbar::trial
