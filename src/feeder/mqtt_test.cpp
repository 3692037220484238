#include "feeder/mqtt.hpp"

#include <gtest/gtest.h>

namespace busbar::feeder::mqtt {
namespace {

using namespace std::string_literals;

template <class T>
T only_packet(std::string received) {
    const auto taken = take_packet(received);
    EXPECT_TRUE(taken && *taken && std::holds_alternative<T>(**taken));
    EXPECT_TRUE(received.empty());
    return taken && *taken ? std::get<T>(**taken) : T{};
}

Errc refused(std::string received) {
    const auto taken = take_packet(received);
    EXPECT_FALSE(taken);
    return taken ? Errc::kBusy : taken.error().code;
}

TEST(MqttPackets, SayWhoWeAreAsTheStandardHasIt) {
    EXPECT_EQ(connect_bytes({.client = "id", .keep_alive_s = 15}),
              "\x10\x0e\0\4MQTT\4\2\0\x0f\0\2id"s);
    EXPECT_EQ(connect_bytes({.client = "i", .keep_alive_s = 256, .username = "u", .password = ""}),
              "\x10\x12\0\4MQTT\4\xc2\1\0\0\1i\0\1u\0\0"s);
}

TEST(MqttPackets, AskForTopicsAtQualityOfServiceZero) {
    const std::vector<std::string> topics{"a/b", "c"};
    EXPECT_EQ(subscribe_bytes(1, topics), "\x82\x0c\0\1\0\3a/b\0\0\1c\0"s);
    EXPECT_EQ(ping_bytes(), "\xc0\0"s);
    EXPECT_EQ(disconnect_bytes(), "\xe0\0"s);
}

TEST(MqttPackets, CarryALengthOfSeveralBytes) {
    const std::vector<std::string> topics{std::string(300, 't')};
    const auto bytes = subscribe_bytes(1, topics);
    EXPECT_EQ(bytes.substr(0, 3), "\x82\xb1\x02"s);
    EXPECT_EQ(bytes.size(), 3U + 305U);
}

TEST(MqttPackets, AreReadAsWhatTheyAre) {
    EXPECT_EQ(only_packet<Connected>("\x20\2\0\5"s).code, 5);
    EXPECT_EQ(only_packet<Subscribed>("\x90\4\0\7\0\x80"s).codes,
              (std::vector<std::uint8_t>{0, 0x80}));
    only_packet<Pong>("\xd0\0"s);
    const auto message = only_packet<Message>("\x30\x08\0\3a/b1.5"s);
    EXPECT_EQ(message.topic, "a/b");
    EXPECT_EQ(message.payload, "1.5");
    EXPECT_FALSE(message.retained);
    EXPECT_TRUE(only_packet<Message>("\x31\x05\0\3a/b"s).retained);
}

TEST(MqttPackets, WaitForTheRestOfAPacketThatComesInPieces) {
    const auto whole = "\x30\x85\1\0\1t"s + std::string(130, 'x');
    for (std::size_t length = 0; length < whole.size(); ++length) {
        auto received = whole.substr(0, length);
        const auto taken = take_packet(received);
        ASSERT_TRUE(taken) << length;
        EXPECT_FALSE(*taken) << length;
        EXPECT_EQ(received.size(), length);
    }
    EXPECT_EQ(only_packet<Message>(whole).payload.size(), 130U);
}

TEST(MqttPackets, AreTakenOneByOne) {
    auto received = "\xd0\0\x20\2\0\0\xd0"s;
    EXPECT_TRUE(std::holds_alternative<Pong>(**take_packet(received)));
    EXPECT_TRUE(std::holds_alternative<Connected>(**take_packet(received)));
    EXPECT_FALSE(*take_packet(received));
    EXPECT_EQ(received, "\xd0"s);
}

TEST(MqttPackets, AreRefusedWhereTheyBreakTheProtocol) {
    for (const auto& bytes :
         {"HTTP/1.1 400 Bad Request\r\n\r\n"s, "\x20\3\0\0\0"s, "\x21\2\0\0"s, "\x90\2\0\1"s,
          "\xd0\1x"s, "\x30\1x"s, "\x30\2\0\1"s, "\x30\3\0\5a"s, "\x32\5\0\1t\0\1"s,
          "\x36\5\0\1t\0\1"s, "\x30\xff\xff\xff\xff"s, "\x10\0"s, "\0\0"s})
        EXPECT_EQ(refused(bytes), Errc::kMalformed) << testing::PrintToString(bytes);
}

TEST(MqttPackets, AreRefusedAsSoonAsTheySayThatTheyAreTooLong) {
    EXPECT_EQ(refused("\x30\x81\x80\x08"s), Errc::kTooLarge);
    auto received = "\x30\x80\x80\x08"s;  // 131,072: the longest.
    EXPECT_TRUE(take_packet(received));
}

TEST(MqttTopics, HaveNoWildcards) {
    EXPECT_TRUE(is_topic("site/main feeder/L1"));
    EXPECT_TRUE(is_topic("häuser/1"));
    for (const auto& text : {""s, "a/+/b"s, "#"s, "a\0b"s, "\xff"s, std::string(65'536, 'a')})
        EXPECT_FALSE(is_topic(text)) << text.substr(0, 20);
}

}  // namespace
}  // namespace busbar::feeder::mqtt
