#include "feeder/values.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <limits>

namespace busbar::feeder {
namespace {

using Registers = std::vector<std::uint16_t>;

Registers float_registers(float number) {
    const auto bits = std::bit_cast<std::uint32_t>(number);
    return {static_cast<std::uint16_t>(bits >> 16U), static_cast<std::uint16_t>(bits & 0xffffU)};
}

Result<Current> float_current(float number, Amperes scale = 1_A) {
    return decode(float_registers(number), {Number::kFloat32, Words::kHighFirst, scale});
}

const std::vector<PayloadField> kThreeFields{{Phase::kL1, "/phases/0/current"},
                                             {Phase::kL2, "/phases/1/current"},
                                             {Phase::kL3, "/phases/2/current"}};

Result<Currents> plain(std::string_view text, Amperes scale = 1_A) {
    const PayloadField whole{Phase::kL2, ""};
    return read_payload(text, {&whole, 1}, scale);
}

TEST(DecodeRegisters, ReadsIntegersOfEachKindExactlyAtTheirScale) {
    const auto whole = Words::kHighFirst;
    EXPECT_EQ(decode(Registers{125}, {Number::kUint16, whole, 0.1_A})->amount, 12.5_A);
    EXPECT_EQ(decode(Registers{40'000}, {Number::kUint16, whole, 0.001_A})->amount, 40_A);
    EXPECT_EQ(decode(Registers{3'210}, {Number::kInt16, whole, 0.01_A})->amount, 32.1_A);
    EXPECT_EQ(decode(Registers{1, 2}, {Number::kUint32, whole, 0.001_A})->amount, 65.538_A);
    EXPECT_EQ(decode(Registers{0, 63}, {Number::kInt32, whole, 1_A})->amount, 63_A);
}

TEST(DecodeRegisters, TakesTheTwoWordsInTheOrderOfTheMeter) {
    EXPECT_EQ(
        decode(Registers{0x0001, 0x0002}, {Number::kUint32, Words::kLowFirst, 0.001_A})->amount,
        131.073_A);
    auto registers = float_registers(16.25F);
    std::swap(registers[0], registers[1]);
    EXPECT_EQ(decode(registers, {Number::kFloat32, Words::kLowFirst, 1_A})->amount, 16.25_A);
}

TEST(DecodeRegisters, RoundsFloatsToTheNearestMilliampere) {
    EXPECT_EQ(float_current(10.1F)->amount, 10.1_A);
    EXPECT_EQ(float_current(0.0004F)->amount, 0_A);
    EXPECT_EQ(float_current(12'500.0F, 0.001_A)->amount, 12.5_A);
}

TEST(DecodeRegisters, CountsCurrentThatFlowsOutAsNoLoadAndFlagsIt) {
    const Current out{0_A, true};
    EXPECT_EQ(*float_current(-7.5F), out);
    const auto minus_one = static_cast<std::uint16_t>(-1);
    EXPECT_EQ(*decode(Registers{minus_one}, {Number::kInt16, Words::kHighFirst, 0.1_A}), out);
    EXPECT_EQ(*decode(Registers{minus_one, minus_one}, {Number::kInt32, Words::kHighFirst, 1_A}),
              out);
    EXPECT_EQ(*float_current(-0.0F), Current{});
}

TEST(DecodeRegisters, RefusesWhatIsNoNumberOrMoreThanAFeederCarries) {
    using Limits = std::numeric_limits<float>;
    for (const float number : {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity(),
                               Limits::max(), -Limits::max(), 100'001.0F, -100'001.0F})
        EXPECT_EQ(float_current(number).error().code, Errc::kInvalid) << number;
    EXPECT_EQ(float_current(100'000.0F)->amount, kMostCurrent);
    const Encoding wide{Number::kUint32, Words::kHighFirst, kMostScale};
    EXPECT_FALSE(decode(Registers{0xffff, 0xfffe}, wide));
    EXPECT_FALSE(decode(Registers{0, 101}, wide));
    EXPECT_TRUE(decode(Registers{0, 100}, wide));
}

TEST(DecodeRegisters, RefusesTheValuesByWhichMetersSayThatTheyHaveNone) {
    const auto refused = [](Registers registers, Number number) {
        return !decode(registers, {number, Words::kHighFirst, 0.001_A});
    };
    EXPECT_TRUE(refused({0xffff}, Number::kUint16));
    EXPECT_TRUE(refused({0x8000}, Number::kInt16)) << "an export of 3276.8 A would hide all load";
    EXPECT_TRUE(refused({0x7fff}, Number::kInt16));
    EXPECT_TRUE(refused({0xffff, 0xffff}, Number::kUint32));
    EXPECT_TRUE(refused({0x8000, 0}, Number::kInt32));
    EXPECT_TRUE(refused({0x7fff, 0xffff}, Number::kInt32));
}

TEST(ReadPayload, FindsEachLineInAJsonMessage) {
    const auto read =
        read_payload(R"({"phases":[{"current":10.5},{"current":0},{"current":-3.25}],"other":[1]})",
                     kThreeFields, 1_A);
    ASSERT_TRUE(read);
    EXPECT_EQ((*read)[0], (Current{10.5_A, false}));
    EXPECT_EQ((*read)[1], Current{});
    EXPECT_EQ((*read)[2], (Current{0_A, true}));
}

TEST(ReadPayload, ReadsAPlainNumberWithSpaceAroundIt) {
    EXPECT_EQ((*plain("10.5"))[1]->amount, 10.5_A);
    EXPECT_EQ((*plain(" 007.25\r\n"))[1]->amount, 7.25_A);
    EXPECT_EQ((*plain("1.2e1"))[1]->amount, 12_A);
    EXPECT_EQ((*plain("125", 0.1_A))[1]->amount, 12.5_A);
    EXPECT_FALSE((*plain("5"))[0]) << "a line that was not asked for";
}

TEST(ReadPayload, RefusesAPlainTextThatIsNotExactlyOneNumber) {
    for (const std::string_view text :
         {"", " ", "on", "12,5", "12.5 A", "0x10", "1 2", "nan", "inf", "-inf", "1e400", "1e9",
          "-1e9", "--1", "{\"current\":1}"})
        EXPECT_EQ(plain(text).error().code, Errc::kInvalid) << text;
    EXPECT_FALSE(plain(std::string_view("5\0", 2)));
}

TEST(ReadPayload, RefusesAMessageThatLacksALineOrHoldsSomethingElseThere) {
    for (const std::string_view text :
         {"", "{", "[]", "null", "{}", R"({"phases":[{"current":1},{"current":2}]})",
          R"({"phases":[{"current":1},{"current":2},{"current":"3"}]})",
          R"({"phases":[{"current":1},{"current":2},{"current":null}]})",
          R"({"phases":[{"current":1},{"current":2},{"current":true}]})",
          R"({"phases":[{"current":1},{"current":2},{"current":[3]}]})",
          R"({"phases":[{"current":1},{"current":2},{"current":1e400}]})",
          R"({"phases":[{"current":1},{"current":2},{"current":1e6}]})",
          R"({"phases":[{"current":1},{"current":2},{"current":3}]} x)"})
        EXPECT_EQ(read_payload(text, kThreeFields, 1_A).error().code, Errc::kInvalid) << text;
}

TEST(ReadPayload, SaysWhichLineWasWrong) {
    const auto read = read_payload(R"({"phases":[{"current":1},{}]})", kThreeFields, 1_A);
    EXPECT_EQ(read.error(),
              (Error{Errc::kInvalid, "L2: is not in the message", "/phases/1/current"}));
}

TEST(ReadPayload, BoundsLengthAndDepth) {
    EXPECT_EQ(plain(std::string(kMostPayload + 1, '1')).error().code, Errc::kTooLarge);
    const auto deep = std::string(10'000, '[') + std::string(10'000, ']');
    EXPECT_EQ(read_payload(deep, kThreeFields, 1_A).error().code, Errc::kInvalid);
}

}  // namespace
}  // namespace busbar::feeder
