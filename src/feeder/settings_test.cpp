#include "feeder/settings.hpp"

#include <gtest/gtest.h>

namespace busbar::feeder {
namespace {

using namespace std::chrono_literals;

Result<std::vector<Source>> read(std::string_view text) {
    return read_sources(toml::parse(text));
}

// What is wrong with one [[feeder]], as "field: message".
std::string complaint(const std::string& lines) {
    const auto sources = read("[[feeder]]\n" + lines);
    if (sources) return "nothing";
    EXPECT_EQ(sources.error().code, Errc::kInvalid);
    return sources.error().field + ": " + sources.error().message;
}

const std::string kModbusHead = "meter = 'm'\nprotocol = 'modbus'\nhost = 'h'\n";
const std::string kMqttHead = "meter = 'm'\nprotocol = 'mqtt'\nhost = 'h'\n";

TEST(FeederSettings, ReadAModbusMeterWithAllItsKeys) {
    const auto sources = read(R"(
        [[feeder]]
        meter = "garage-main"
        protocol = "modbus"
        host = "192.0.2.10"
        port = 1502
        unit = 3
        registers = "input"
        number = "uint16"
        words = "low_first"
        scale = 0.1
        l1 = 12
        l3 = 14
        phases = "L1+L3"
        interval_ms = 500
        timeout_ms = 250
    )");
    ASSERT_TRUE(sources) << sources.error().message;
    const Modbus expected{.host = "192.0.2.10",
                          .port = 1502,
                          .unit = 3,
                          .registers = {modbus::Table::kInput,
                                        {Number::kUint16, Words::kLowFirst, Amperes::milli(100)},
                                        {12, std::nullopt, 14}},
                          .interval = 500ms,
                          .timeout = 250ms};
    EXPECT_EQ(*sources, (std::vector<Source>{{MeterId("garage-main"), expected}}));
}

TEST(FeederSettings, ReadAModbusMeterFromAPreset) {
    const auto sources = read("[[feeder]]\n" + kModbusHead + "preset = 'gavazzi-em21'\n");
    ASSERT_TRUE(sources) << sources.error().message;
    const auto& modbus = std::get<Modbus>(sources->front().link);
    EXPECT_EQ(modbus, (Modbus{.host = "h",
                              .registers = {modbus::Table::kInput,
                                            {Number::kInt32, Words::kLowFirst, 0.001_A},
                                            {12, 14, 16}}}));
    for (const auto name : preset_names())
        EXPECT_TRUE(read("[[feeder]]\n" + kModbusHead + "preset = '" + std::string(name) + "'"));
}

TEST(FeederSettings, ReadAnMqttMeterWithOneMessageForAllLines) {
    const auto sources = read(R"(
        [[feeder]]
        meter = "shop"
        protocol = "mqtt"
        host = "broker.example"
        topic = "shop/feeder"
        l1 = "/phases/0/current"
        l2 = "/phases/1/current"
        l3 = "/phases/2/current"
        scale = "0.001"
        username = "busbar"
        password = "secret"
        tls = true
        ca_file = "broker.pem"
        keep_alive_ms = 20000
        timeout_ms = 3000
    )");
    ASSERT_TRUE(sources) << sources.error().message;
    const Mqtt expected{.host = "broker.example",
                        .port = 8883,
                        .username = "busbar",
                        .password = "secret",
                        .tls = Tls{"broker.pem"},
                        .scale = 0.001_A,
                        .lines = {MqttLine{"shop/feeder", "/phases/0/current"},
                                  MqttLine{"shop/feeder", "/phases/1/current"},
                                  MqttLine{"shop/feeder", "/phases/2/current"}},
                        .keep_alive = 20s,
                        .timeout = 3s};
    EXPECT_EQ(*sources, (std::vector<Source>{{MeterId("shop"), expected}}));
}

TEST(FeederSettings, ReadLinesWithTopicsOfTheirOwn) {
    const auto sources = read("[[feeder]]\n" + kMqttHead +
                              "l1='f/1'\nl2='f/2'\nl3='f/3'\npointer='/amps'\n[[feeder]]\n"
                              "meter='n'\nprotocol='mqtt'\nhost='h'\nphases='L2'\ntopic='t'");
    ASSERT_TRUE(sources) << sources.error().message;
    const auto& mqtt = std::get<Mqtt>(sources->front().link);
    EXPECT_EQ(mqtt.lines[1], (MqttLine{"f/2", "/amps"}));
    EXPECT_EQ(mqtt.port, 1883);
    EXPECT_EQ(std::get<Mqtt>(sources->back().link).lines,
              (std::array<std::optional<MqttLine>, 3>{std::nullopt, MqttLine{"t", ""}}));
}

TEST(FeederSettings, AreNoneWithoutTheKey) {
    EXPECT_TRUE(read("port = 3000")->empty());
    EXPECT_TRUE(read("feeder = []\n").error().message.starts_with("must be tables"));
    EXPECT_FALSE(read("feeder = 3"));
    EXPECT_FALSE(read("[feeder]\nmeter = 'm'"));
}

TEST(FeederSettings, TakeAScaleExactlyAsItIsWritten) {
    const auto scale = [](const std::string& text) {
        const auto sources =
            read("[[feeder]]\n" + kMqttHead + "l1='a'\nl2='b'\nl3='c'\nscale=" + text);
        return sources ? std::get<Mqtt>(sources->front().link).scale : 0_A;
    };
    EXPECT_EQ(scale("0.1"), Amperes::milli(100));
    EXPECT_EQ(scale("0.001"), Amperes::milli(1));
    EXPECT_EQ(scale("1e-3"), Amperes::milli(1));
    EXPECT_EQ(scale("'0.3'"), Amperes::milli(300));
    EXPECT_EQ(scale("5"), 5_A);
    EXPECT_EQ(scale("1000.0"), 1000_A);
    for (const auto* text : {"0", "-1", "0.0001", "1000.1", "nan", "inf", "1e300", "true", "''"})
        EXPECT_EQ(scale(text), 0_A) << text;
}

TEST(FeederSettings, NameTheKeyTheLineAndWhatWouldBeRight) {
    EXPECT_EQ(complaint("protocol = 'modbus'"),
              "feeder[0].meter: must be given, as a text (line 1)");
    EXPECT_EQ(complaint("meter = 'm'\nprotocol = 'knx'"),
              "feeder[0].protocol: must be one of \"modbus\", \"mqtt\" (line 3)");
    EXPECT_EQ(complaint(kModbusHead + "preset = 'best'"),
              "feeder[0].preset: must be one of siemens-pac eastron-sdm gavazzi-em21 (line 5)");
    EXPECT_EQ(complaint(kModbusHead + "port = 70000"),
              "feeder[0].port: must be a whole number from 1 to 65535 (line 5)");
    const auto second = read("[[feeder]]\n" + kModbusHead + "preset='eastron-sdm'\n[[feeder]]\n" +
                             kModbusHead + "preset='eastron-sdm'");
    EXPECT_EQ(second.error().field, "feeder[1].meter");
}

TEST(FeederSettings, RefuseModbusKeysThatDoNotFit) {
    const auto field = [](const std::string& lines) {
        const auto text = complaint(kModbusHead + lines);
        return text.substr(0, text.find(':'));
    };
    const std::string map = "registers='holding'\nnumber='uint32'\nl1=1\nl2=3\n";
    EXPECT_EQ(field("preset='siemens-pac'\nl1 = 4"), "feeder[0].l1");
    EXPECT_EQ(field("preset='siemens-pac'\nunit = 256"), "feeder[0].unit");
    EXPECT_EQ(field("preset='siemens-pac'\nunit = '1'"), "feeder[0].unit");
    EXPECT_EQ(field("preset='siemens-pac'\ninterval_ms = 199"), "feeder[0].interval_ms");
    EXPECT_EQ(field("preset='siemens-pac'\ninterval_ms = 60001"), "feeder[0].interval_ms");
    EXPECT_EQ(field("preset='siemens-pac'\ntimeout_ms = 20000"), "feeder[0].timeout_ms");
    EXPECT_EQ(field("preset='siemens-pac'\nphases = 'L3+L1'"), "feeder[0].phases");
    EXPECT_EQ(field("preset='siemens-pac'\ntopic = 'x'"), "feeder[0].topic");
    EXPECT_EQ(field("preset='siemens-pac'\ntimeout = 5"), "feeder[0].timeout");
    EXPECT_EQ(field(map), "feeder[0].l3");
    EXPECT_EQ(field(map + "l3 = -1"), "feeder[0].l3");
    EXPECT_EQ(field(map + "l3 = 65535"), "feeder[0].l3") << "its second word has no address";
    EXPECT_EQ(field(map + "l3 = 5\nphases = 'L1+L2'"), "feeder[0].l3");
    EXPECT_EQ(field(map + "l3 = 5\nwords = 'big'"), "feeder[0].words");
    EXPECT_EQ(field("l1=1\nl2=3\nl3=5"), "feeder[0].registers");
    EXPECT_EQ(complaint("meter='m'\nprotocol='modbus'\nhost='a b'\npreset='siemens-pac'"),
              "feeder[0].host: must be a name or an address (line 4)");
}

TEST(FeederSettings, RefuseMqttKeysThatDoNotFit) {
    const auto field = [](const std::string& lines) {
        const auto text = complaint(kMqttHead + lines);
        return text.substr(0, text.find(':'));
    };
    const std::string topics = "l1='a'\nl2='b'\nl3='c'\n";
    EXPECT_EQ(field("l1='a'\nl2='b'"), "feeder[0].l3");
    EXPECT_EQ(field("topic='t'\nl1='/a'\nl2='/b'"), "feeder[0].l3");
    EXPECT_EQ(field("topic='t'\nl1='/a'\nl2=''\nl3='/c'"), "feeder[0].l2");
    EXPECT_EQ(field("topic='t'\nl1='/a'\nl2='b'\nl3='/c'"), "feeder[0].l2");
    EXPECT_EQ(field("topic='t/#'\nl1='/a'\nl2='/b'\nl3='/c'"), "feeder[0].l1");
    EXPECT_EQ(field(topics + "pointer='a'"), "feeder[0].l1");
    EXPECT_EQ(field(topics + "topic='t'\npointer='/a'"), "feeder[0].pointer");
    EXPECT_EQ(field(topics + "ca_file='x'"), "feeder[0].ca_file");
    EXPECT_EQ(field(topics + "tls='yes'"), "feeder[0].tls");
    EXPECT_EQ(field(topics + "keep_alive_ms=100"), "feeder[0].keep_alive_ms");
    EXPECT_EQ(field(topics + "unit=1"), "feeder[0].unit");
    EXPECT_EQ(field(topics + "password='s3cret'"), "feeder[0].password");
    EXPECT_EQ(complaint(kMqttHead + topics + "password='s3cret'").find("s3cret"),
              std::string::npos);
}

}  // namespace
}  // namespace busbar::feeder
