#include "feeder/modbus.hpp"

#include <gtest/gtest.h>

namespace busbar::feeder::modbus {
namespace {

std::string wire(std::initializer_list<int> numbers) {
    std::string out;
    for (const int each : numbers) out += static_cast<char>(each);
    return out;
}

std::vector<Read> plan(std::vector<std::uint16_t> addresses, int width) {
    return plan_reads(addresses, width);
}

const Request kRequest{0x0102, 17, Table::kHolding, {0x006b, 3}};
const std::string kGoodAnswer =
    wire({1, 2, 0, 0, 0, 9, 17, 3, 6, 0x02, 0x2b, 0x00, 0x00, 0x00, 0x64});

TEST(PlanModbusReads, ReadsNeighboursAtOnceAndNeverOverAGap) {
    EXPECT_EQ(plan({13, 15, 17}, 2), (std::vector<Read>{{13, 6}}));
    EXPECT_EQ(plan({17, 13, 15}, 2), (std::vector<Read>{{13, 6}}));
    EXPECT_EQ(plan({10, 12, 20}, 2), (std::vector<Read>{{10, 4}, {20, 2}}));
    EXPECT_EQ(plan({1, 3, 5}, 1), (std::vector<Read>{{1, 1}, {3, 1}, {5, 1}}));
    EXPECT_EQ(plan({65'534}, 2), (std::vector<Read>{{65'534, 2}}));
}

TEST(PlanModbusReads, ReadsALineThatIsNamedTwiceOnce) {
    EXPECT_EQ(plan({4, 4, 4}, 2), (std::vector<Read>{{4, 2}}));
}

// The request and the answer of the protocol's own document, section 6.3.
TEST(ModbusRequest, IsTheOneOfTheStandard) {
    EXPECT_EQ(request_bytes(kRequest), wire({1, 2, 0, 0, 0, 6, 17, 3, 0x00, 0x6b, 0x00, 0x03}));
}

TEST(ModbusAnswer, GivesTheRegistersThatWereAskedFor) {
    auto received = kGoodAnswer + "next";
    const auto answer = take_answer(received);
    ASSERT_TRUE(answer && *answer);
    EXPECT_EQ(received, "next");
    EXPECT_EQ(*registers_in(**answer, kRequest), (std::vector<std::uint16_t>{0x022b, 0, 0x64}));
}

TEST(ModbusAnswer, WaitsForTheRestOfAnAnswerThatComesInPieces) {
    for (std::size_t length = 0; length < kGoodAnswer.size(); ++length) {
        auto received = kGoodAnswer.substr(0, length);
        const auto answer = take_answer(received);
        ASSERT_TRUE(answer) << length;
        EXPECT_FALSE(*answer) << length;
        EXPECT_EQ(received.size(), length);
    }
}

TEST(ModbusAnswer, RefusesWhatCannotBeModbus) {
    for (auto received : {std::string("HTTP/1.1 400"), wire({1, 2, 0, 0, 0, 2, 17}),
                          wire({1, 2, 0, 0, 0, 255}), wire({1, 2, 0, 0, 255, 255})})
        EXPECT_EQ(take_answer(received).error().code, Errc::kMalformed);
}

TEST(ModbusAnswer, SaysWhyAMeterRefuses) {
    auto received = wire({1, 2, 0, 0, 0, 3, 17, 0x83, 2});
    const auto answer = take_answer(received);
    const auto error = registers_in(**answer, kRequest).error();
    EXPECT_EQ(error.code, Errc::kConflict);
    EXPECT_EQ(error.message, "the meter refuses to be read: it has no such register");
}

TEST(ModbusAnswer, RefusesAnAnswerToSomethingElse) {
    const auto refused = [](std::uint16_t transaction, const std::string& body) {
        const auto registers = registers_in({transaction, body}, kRequest);
        return !registers && registers.error().code == Errc::kMalformed;
    };
    const auto body = kGoodAnswer.substr(7);
    EXPECT_FALSE(refused(0x0102, body));
    EXPECT_TRUE(refused(0x0101, body));
    EXPECT_TRUE(refused(0x0102, wire({4}) + body.substr(1)));
    EXPECT_TRUE(refused(0x0102, body.substr(0, 6)));
    EXPECT_TRUE(refused(0x0102, body + "x"));
    EXPECT_TRUE(refused(0x0102, wire({3, 4, 0, 1, 0, 2})));
    EXPECT_TRUE(refused(0x0102, wire({3})));
    EXPECT_TRUE(refused(0x0102, ""));
}

}  // namespace
}  // namespace busbar::feeder::modbus
