#include "demand/minima.hpp"

#include <gtest/gtest.h>

namespace busbar {
namespace {

TEST(Minima, KnowsADriversCarAgainWhateverTheCaseOfTheTag) {
    Minima minima;
    minima.learn("04A2bc", 8_A);
    EXPECT_EQ(minima.find("04a2BC"), 8_A);
    EXPECT_EQ(minima.find("04A2BD"), std::nullopt);
    minima.learn("04A2BC", 9_A);
    EXPECT_EQ(minima.find("04A2bc"), 9_A);
    EXPECT_EQ(minima.size(), 1u);
}

TEST(Minima, ForgetsTheDriverNotSeenForLongestWhenItIsFull) {
    Minima minima(3);
    minima.learn("a", 7_A);
    minima.learn("b", 8_A);
    minima.learn("c", 9_A);
    EXPECT_EQ(minima.find("a"), 7_A);
    minima.learn("d", 10_A);
    EXPECT_EQ(minima.size(), 3u);
    EXPECT_EQ(minima.find("b"), std::nullopt);
    EXPECT_EQ(minima.find("a"), 7_A);
}

TEST(Minima, StaysWithinItsBound) {
    Minima minima;
    for (int i = 0; i < 30'000; ++i) minima.learn("tag " + std::to_string(i), 7_A);
    EXPECT_EQ(minima.size(), Minima::kMost);
    EXPECT_EQ(minima.find("tag 19999"), std::nullopt);
    EXPECT_EQ(minima.find("tag 20000"), 7_A);
}

TEST(Minima, ForgetsWhomItIsAskedToForget) {
    Minima minima;
    minima.learn("a", 7_A);
    minima.learn("b", 8_A);
    minima.forget("A");
    minima.forget("nobody");
    EXPECT_EQ(minima.find("a"), std::nullopt);
    ASSERT_EQ(minima.entries().size(), 1u);
    EXPECT_EQ(minima.entries().front().id_tag, "b");
}

TEST(Minima, MovesWithItsIndex) {
    Minima minima;
    minima.learn("a", 7_A);
    Minima other(std::move(minima));
    other.learn("b", 8_A);
    EXPECT_EQ(other.find("a"), 7_A);
    EXPECT_EQ(other.find("b"), 8_A);
}

}  // namespace
}  // namespace busbar
