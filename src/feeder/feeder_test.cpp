#include "feeder/feeder.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <condition_variable>
#include <deque>
#include <limits>
#include <mutex>

#include "feeder/simulator/broker.hpp"
#include "feeder/simulator/meters.hpp"
#include "feeder/simulator/raw_server.hpp"

namespace busbar::feeder {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using simulator::Broker;
using simulator::ModbusMeter;
using simulator::MqttPublisher;
using simulator::RawServer;

constexpr auto kPatience = 5s;

// Collects what comes, and waits for what should.
class Inbox {
public:
    Sink sink() {
        return [this](const Sample& sample) {
            {
                const std::lock_guard lock(mutex_);
                samples_.push_back(sample);
                if (samples_.size() > 1'000) samples_.pop_front();
                ++count_;
            }
            changed_.notify_all();
        };
    }

    // The first sample of this meter, of those from now on or before, that is as it should be.
    template <class Condition>
    std::optional<Sample> wait(const std::string& meter, Condition condition) {
        std::unique_lock lock(mutex_);
        std::optional<Sample> found;
        changed_.wait_for(lock, kPatience, [&] {
            for (const auto& each : samples_)
                if (each.meter.str() == meter && condition(each)) found = each;
            return found.has_value();
        });
        return found;
    }
    std::optional<Sample> wait(const std::string& meter) {
        return wait(meter, [](const Sample&) { return true; });
    }
    bool wait_for_current(const std::string& meter, PerPhase current) {
        return wait(meter, [&](const Sample& each) { return each.current == current; }).has_value();
    }

    std::size_t count() const {
        const std::lock_guard lock(mutex_);
        return count_;
    }
    void clear() {
        const std::lock_guard lock(mutex_);
        samples_.clear();
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Sample> samples_;
    std::size_t count_ = 0;
};

// Whether `condition` comes true in time; looked at every 2 ms.
template <class Condition>
bool comes_true(Condition condition) {
    const StopSignal never;
    const Waiter waiter(real_clock(), never);
    const auto deadline = waiter.now() + kPatience;
    while (!condition()) {
        if (waiter.now() >= deadline) return false;
        waiter.until(waiter.now() + 2ms);
    }
    return true;
}

PerPhase amperes(Amperes l1, Amperes l2, Amperes l3) {
    return PerPhase({l1, l2, l3});
}

std::vector<std::uint16_t> floats(std::initializer_list<float> numbers) {
    std::vector<std::uint16_t> registers;
    for (const float each : numbers) {
        const auto bits = std::bit_cast<std::uint32_t>(each);
        registers.push_back(static_cast<std::uint16_t>(bits >> 16U));
        registers.push_back(static_cast<std::uint16_t>(bits & 0xffffU));
    }
    return registers;
}

Source modbus_source(const std::string& meter, std::uint16_t port, RegisterMap registers,
                     Duration timeout = 1s) {
    return {MeterId(meter), Modbus{.host = "127.0.0.1",
                                   .port = port,
                                   .registers = registers,
                                   .interval = 200ms,
                                   .timeout = timeout}};
}

RegisterMap siemens() {
    return *find_preset("siemens-pac");
}

Mqtt mqtt_json(std::uint16_t port) {
    return {.host = "127.0.0.1",
            .port = port,
            .lines = {MqttLine{"shop/feeder", "/l1"}, MqttLine{"shop/feeder", "/l2"},
                      MqttLine{"shop/feeder", "/l3"}}};
}

// Production's waits, shortened.
class ConcurrencyFeederMeters : public testing::Test {
protected:
    void start(std::vector<Source> sources) {
        const auto status = meters.start(std::move(sources), inbox.sink());
        ASSERT_TRUE(status) << status.error().field << " " << status.error().message;
    }
    SourceStatus status(std::size_t index = 0) const { return meters.status().at(index); }
    bool error_becomes(const std::string& part, std::size_t index = 0) const {
        const bool came =
            comes_true([&] { return status(index).error.find(part) != std::string::npos; });
        if (!came) ADD_FAILURE() << "the error is: " << status(index).error;
        return came;
    }
    // Messages sent before that are not for it.
    bool listening(std::size_t index = 0) const {
        return comes_true([&] { return status(index).connected; });
    }

    Inbox inbox;
    FeederMeters meters{real_clock(), 42, {.least = 5ms, .most = 40ms}};
};

// --- Modbus --------------------------------------------------------------------------------

TEST_F(ConcurrencyFeederMeters, ReadEveryKindOfRegister) {
    ModbusMeter meter;
    using enum modbus::Table;
    meter.set(kHolding, 0, {105, 200, 63});
    meter.set(kHolding, 10, {0xffff - 49, 0, 321});
    meter.set(kInput, 20, {0, 12'345, 0, 0, 1, 0});
    meter.set(kInput, 30, {12'345, 0, 0, 0, 0, 1});
    meter.set(kInput, 40, {0xffff, 0xfffe, 0, 77, 0, 78});
    meter.set(kHolding, 50, floats({10.1F, 0.0F, 63.5F}));
    const auto source = [&](const char* name, RegisterMap map) {
        return modbus_source(name, meter.port(), map);
    };
    constexpr auto kHigh = Words::kHighFirst, kLow = Words::kLowFirst;
    start({source("u16", {kHolding, {Number::kUint16, kHigh, 0.1_A}, {0, 1, 2}}),
           source("s16", {kHolding, {Number::kInt16, kHigh, 0.1_A}, {10, 11, 12}}),
           source("u32", {kInput, {Number::kUint32, kHigh, 0.001_A}, {20, 22, 24}}),
           source("u32-low", {kInput, {Number::kUint32, kLow, 0.001_A}, {30, 32, 34}}),
           source("s32", {kInput, {Number::kInt32, kHigh, 0.01_A}, {40, 42, 44}}),
           source("f32", {kHolding, {Number::kFloat32, kHigh, 1_A}, {50, 52, 54}}),
           source("turned", {kHolding, {Number::kUint16, kHigh, 1_A}, {2, 0, std::nullopt}})});

    EXPECT_TRUE(inbox.wait_for_current("u16", amperes(10.5_A, 20_A, 6.3_A)));
    EXPECT_TRUE(inbox.wait_for_current("s16", amperes(0_A, 0_A, 32.1_A)));
    EXPECT_TRUE(inbox.wait_for_current("u32", amperes(12.345_A, 0_A, 65.536_A)));
    EXPECT_TRUE(inbox.wait_for_current("u32-low", amperes(12.345_A, 0_A, 65.536_A)));
    EXPECT_TRUE(inbox.wait_for_current("s32", amperes(0_A, 0.77_A, 0.78_A)));
    EXPECT_TRUE(inbox.wait_for_current("f32", amperes(10.1_A, 0_A, 63.5_A)));
    EXPECT_TRUE(inbox.wait_for_current("turned", amperes(63_A, 105_A, 0_A)));
    EXPECT_EQ(inbox.wait("s16")->exporting, PhaseSet{Phase::kL1});
    EXPECT_EQ(inbox.wait("u16")->exporting, PhaseSet{});
    EXPECT_TRUE(comes_true([&] { return status(1).exporting >= 1; }));
    EXPECT_EQ(status(0).exporting, 0);
}

TEST_F(ConcurrencyFeederMeters, FollowAMeterAndSayHowOldItsSampleIs) {
    ModbusMeter meter;
    meter.set(modbus::Table::kHolding, 13, floats({1, 2, 3}));
    const auto before = real_clock().steady();
    start({modbus_source("m", meter.port(), siemens())});
    ASSERT_TRUE(inbox.wait_for_current("m", amperes(1_A, 2_A, 3_A)));
    meter.set(modbus::Table::kHolding, 13, floats({4, 5, 6}));
    const auto sample =
        inbox.wait("m", [](const Sample& each) { return each.current == amperes(4_A, 5_A, 6_A); });
    ASSERT_TRUE(sample);
    EXPECT_GT(sample->at, before);
    EXPECT_LE(sample->at, real_clock().steady());
    const auto now = status();
    EXPECT_TRUE(now.connected);
    ASSERT_TRUE(now.age);
    EXPECT_LT(*now.age, kPatience);
    EXPECT_EQ(now.error, "");
    EXPECT_EQ(now.dropped + now.failures, 0);
}

TEST_F(ConcurrencyFeederMeters, FindAMeterAgainThatWentAwayAndReturned) {
    auto meter = std::make_optional<ModbusMeter>();
    const auto port = meter->port();
    start({modbus_source("m", port, siemens())});
    ASSERT_TRUE(inbox.wait("m"));
    meter.reset();
    EXPECT_TRUE(comes_true([&] { return !status().connected; }));
    EXPECT_NE(status().error, "");
    EXPECT_TRUE(error_becomes("refused"));
    meter.emplace(port);
    meter->set(modbus::Table::kHolding, 13, floats({7, 8, 9}));
    EXPECT_TRUE(inbox.wait_for_current("m", amperes(7_A, 8_A, 9_A)));
    EXPECT_TRUE(status().connected);
    EXPECT_EQ(status().error, "");
    EXPECT_GE(status().failures, 1);
}

TEST_F(ConcurrencyFeederMeters, TimeAMeterOutThatAcceptsAndNeverAnswers) {
    const RawServer silent([](const std::string&) { return ""s; });
    start({modbus_source("m", silent.port(), siemens(), 20ms)});
    EXPECT_TRUE(error_becomes("no answer in time"));
    EXPECT_TRUE(comes_true([&] { return silent.connections() >= 2; })) << "it is tried again";
    EXPECT_EQ(status().samples, 0);
    EXPECT_FALSE(status().age);
}

TEST_F(ConcurrencyFeederMeters, StopAtOnceWhileAMeterKeepsThemWaiting) {
    const RawServer silent([](const std::string&) { return ""s; });
    auto patient = mqtt_json(silent.port());
    patient.timeout = 60s;
    start({modbus_source("modbus", silent.port(), siemens(), 10s), {MeterId("mqtt"), patient}});
    ASSERT_TRUE(comes_true([&] { return silent.connections() == 2; }));
    const auto before = real_clock().steady();
    meters.stop();
    EXPECT_LT(real_clock().steady() - before, 1s);
    meters.stop();
}

TEST_F(ConcurrencyFeederMeters, LetADeadMeterCostNobodyElse) {
    const RawServer silent([](const std::string&) { return ""s; });
    ModbusMeter good;
    start({modbus_source("dead", silent.port(), siemens(), 10s),
           modbus_source("good", good.port(), siemens())});
    EXPECT_TRUE(comes_true([&] { return status(1).samples >= 3; }));
    EXPECT_EQ(status(0).samples, 0);
    EXPECT_EQ(status(1).failures, 0);
    EXPECT_EQ(status(0).meter, MeterId("dead"));
}

TEST_F(ConcurrencyFeederMeters, StayConnectedToAMeterThatRefusesOrHasNoValue) {
    ModbusMeter meter;
    meter.set(modbus::Table::kHolding, 13, floats({1, std::numeric_limits<float>::quiet_NaN(), 3}));
    auto missing = siemens();
    missing.addresses = {1'000, 1'002, 1'004};
    start({modbus_source("nan", meter.port(), siemens()),
           modbus_source("missing", meter.port(), missing)});
    EXPECT_TRUE(error_becomes("L2: is not a finite number"));
    EXPECT_TRUE(error_becomes("no such register", 1));
    EXPECT_TRUE(comes_true([&] { return status(0).dropped >= 2 && status(1).failures >= 2; }));
    EXPECT_TRUE(status(0).connected && status(1).connected);
    EXPECT_EQ(inbox.count(), 0U);
    meter.set(modbus::Table::kHolding, 13, floats({1, 2, 3}));
    EXPECT_TRUE(inbox.wait_for_current("nan", amperes(1_A, 2_A, 3_A)));
    EXPECT_EQ(status(0).error, "");
}

TEST_F(ConcurrencyFeederMeters, HangUpOnAnAnswerThatIsNotModbus) {
    const RawServer web([](const std::string&) { return "HTTP/1.1 400 Bad Request\r\n\r\n"s; });
    const RawServer late([](const std::string& asked) {
        return "\0\x63\0\0\0\x0f\1\3\x0c"s + std::string(12, '\0') + asked.substr(0, 0);
    });
    const RawServer hasty([](const std::string&) { return "close"s; });
    start({modbus_source("web", web.port(), siemens()),
           modbus_source("late", late.port(), siemens()),
           modbus_source("hasty", hasty.port(), siemens())});
    EXPECT_TRUE(error_becomes("does not speak Modbus", 0));
    EXPECT_TRUE(error_becomes("another question", 1));
    EXPECT_TRUE(error_becomes("closed the connection", 2));
    EXPECT_EQ(inbox.count(), 0U);
}

// libmodbus, which waits with select(), ends the process here.
TEST_F(ConcurrencyFeederMeters, ReadWhileMoreThan1024FilesAreOpen) {
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = std::max<rlim_t>(limit.rlim_cur, 4'096);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    std::vector<int> files;
    for (int i = 0; i < 1'100; ++i) files.push_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    ASSERT_GT(files.back(), 1'024);
    const RawServer meter([](const std::string& asked) {
        return asked.substr(0, 4) + "\0\x0f\1\3\x0c"s + "\x41\x20\0\0\x41\x20\0\0\x41\x20\0\0"s;
    });
    start({modbus_source("m", meter.port(), siemens())});
    EXPECT_TRUE(inbox.wait_for_current("m", PerPhase::each(10_A)));
    for (const int each : files) ::close(each);
}

TEST_F(ConcurrencyFeederMeters, LookNamesUpAndSayWhenThereIsNoneSuch) {
    ModbusMeter meter;
    auto named = modbus_source("named", meter.port(), siemens(), 10s);
    std::get<Modbus>(named.link).host = "localhost";
    auto unknown = modbus_source("unknown", meter.port(), siemens(), 300ms);
    std::get<Modbus>(unknown.link).host = "no-such-meter.invalid";
    start({named, unknown});
    EXPECT_TRUE(inbox.wait("named"));
    EXPECT_TRUE(error_becomes("look up no-such-meter.invalid", 1));
}

// --- MQTT ----------------------------------------------------------------------------------

TEST_F(ConcurrencyFeederMeters, HearAMessageForAllLines) {
    const Broker broker;
    auto source = mqtt_json(broker.port());
    source.scale = 0.1_A;
    start({{MeterId("shop"), source}});
    ASSERT_TRUE(listening());
    MqttPublisher publisher("127.0.0.1", broker.port(), std::nullopt);
    ASSERT_TRUE(publisher.publish("shop/feeder", R"({"l1":105,"l2":0,"l3":-3})"));
    const auto sample = inbox.wait("shop");
    ASSERT_TRUE(sample);
    EXPECT_EQ(sample->current, amperes(10.5_A, 0_A, 0_A));
    EXPECT_EQ(sample->exporting, PhaseSet{Phase::kL3});
}

TEST_F(ConcurrencyFeederMeters, PutLinesTogetherThatHaveTopicsOfTheirOwn) {
    const Broker broker;
    Mqtt source{.host = "localhost",
                .port = broker.port(),
                .lines = {MqttLine{"f/1", ""}, MqttLine{"f/2", ""}, MqttLine{"f/3", ""}}};
    start({{MeterId("shop"), source}});
    ASSERT_TRUE(listening());
    MqttPublisher publisher("127.0.0.1", broker.port(), std::nullopt);
    const auto before = real_clock().steady();
    ASSERT_TRUE(publisher.publish("f/1", "10.5"));
    ASSERT_TRUE(publisher.publish("f/2", "11"));
    ASSERT_TRUE(publisher.publish("f/3", "12"));
    const auto first = inbox.wait("shop");
    ASSERT_TRUE(first);
    EXPECT_EQ(first->current, amperes(10.5_A, 11_A, 12_A));
    EXPECT_GE(first->at, before);
    const auto after_all = real_clock().steady();
    ASSERT_TRUE(publisher.publish("f/2", "20"));
    ASSERT_TRUE(publisher.publish("f/2", "21"));
    ASSERT_TRUE(inbox.wait_for_current("shop", amperes(10.5_A, 21_A, 12_A)))
        << "the last of a burst is not lost";
    const auto last = inbox.wait("shop");
    EXPECT_LE(last->at, after_all) << "as old as its oldest line";
    EXPECT_GE(last->at, first->at);
    EXPECT_LE(inbox.count(), 3U);
}

TEST_F(ConcurrencyFeederMeters, DropMessagesThatCannotBeMeant) {
    const Broker broker;
    start({{MeterId("shop"), mqtt_json(broker.port())}});
    ASSERT_TRUE(listening());
    MqttPublisher publisher("127.0.0.1", broker.port(), std::nullopt);
    const std::vector<std::string> odd{"",
                                       "on",
                                       "{\"l1\":1",
                                       R"({"l1":1,"l2":2})",
                                       R"({"l1":1,"l2":2,"l3":"3"})",
                                       R"({"l1":1,"l2":2,"l3":1e400})",
                                       R"({"l1":1,"l2":2,"l3":100001})",
                                       std::string(70'000, ' ')};
    for (const auto& each : odd) ASSERT_TRUE(publisher.publish("shop/feeder", each));
    EXPECT_TRUE(comes_true([&] { return status().dropped == 8; })) << status().dropped;
    EXPECT_EQ(inbox.count(), 0U);
    EXPECT_NE(status().error, "");
    ASSERT_TRUE(publisher.publish("shop/feeder", R"({"l1":1,"l2":2,"l3":3})"));
    EXPECT_TRUE(inbox.wait_for_current("shop", amperes(1_A, 2_A, 3_A)));
    EXPECT_EQ(status().failures, 0) << "the connection has held";
}

TEST_F(ConcurrencyFeederMeters, LeaveABrokerThatSendsMoreThanTheyTake) {
    const Broker broker;
    start({{MeterId("shop"), mqtt_json(broker.port())}});
    ASSERT_TRUE(listening());
    MqttPublisher publisher("127.0.0.1", broker.port(), std::nullopt);
    ASSERT_TRUE(publisher.publish("shop/feeder", std::string(200'000, ' ')));
    EXPECT_TRUE(comes_true([&] { return status().failures == 1; }));
    ASSERT_TRUE(listening()) << "and come back";
    ASSERT_TRUE(publisher.publish("shop/feeder", R"({"l1":1,"l2":2,"l3":3})"));
    EXPECT_TRUE(inbox.wait("shop"));
}

TEST_F(ConcurrencyFeederMeters, DropWhatTheBrokerKeptFromBefore) {
    const Broker broker;
    MqttPublisher publisher("127.0.0.1", broker.port(), std::nullopt);
    ASSERT_TRUE(
        publisher.publish("shop/feeder", R"({"l1":1,"l2":1,"l3":1})", simulator::Retain::kYes));
    start({{MeterId("shop"), mqtt_json(broker.port())}});
    EXPECT_TRUE(error_becomes("its age is unknown"));
    ASSERT_TRUE(listening());
    ASSERT_TRUE(
        publisher.publish("shop/feeder", R"({"l1":2,"l2":2,"l3":2})", simulator::Retain::kYes));
    EXPECT_EQ(inbox.wait("shop")->current, PerPhase::each(2_A)) << "live, though kept for others";
    EXPECT_EQ(status().dropped, 1);
}

TEST_F(ConcurrencyFeederMeters, SayThatAPasswordIsRefused) {
    const Broker broker({.asks_password = true});
    auto right = mqtt_json(broker.port());
    right.username = "busbar";
    right.password = "correct-horse";
    auto wrong = right;
    wrong.password = "battery-staple";
    auto anonymous = mqtt_json(broker.port());
    start(
        {{MeterId("right"), right}, {MeterId("wrong"), wrong}, {MeterId("anonymous"), anonymous}});
    EXPECT_TRUE(listening(0));
    EXPECT_TRUE(error_becomes("the broker refuses us", 1));
    EXPECT_TRUE(error_becomes("the broker refuses us", 2));
    EXPECT_EQ(status(1).error.find("battery"), std::string::npos);
    MqttPublisher publisher("127.0.0.1", broker.port(),
                            MqttPublisher::Login{"busbar", "correct-horse"});
    ASSERT_TRUE(publisher.publish("shop/feeder", R"({"l1":1,"l2":1,"l3":1})"));
    EXPECT_TRUE(inbox.wait("right"));
    EXPECT_FALSE(status(1).connected || status(2).connected);
}

TEST_F(ConcurrencyFeederMeters, FindABrokerAgainThatWentAwayAndReturned) {
    Broker broker;
    start({{MeterId("shop"), mqtt_json(broker.port())}});
    ASSERT_TRUE(listening());
    broker.stop();
    EXPECT_TRUE(comes_true([&] { return !status().connected && status().failures >= 2; }));
    broker.start();
    ASSERT_TRUE(listening());
    MqttPublisher publisher("127.0.0.1", broker.port(), std::nullopt);
    ASSERT_TRUE(publisher.publish("shop/feeder", R"({"l1":4,"l2":5,"l3":6})"));
    EXPECT_TRUE(inbox.wait_for_current("shop", amperes(4_A, 5_A, 6_A)));
}

TEST_F(ConcurrencyFeederMeters, GiveUpABrokerThatIsSilentOrTalksNonsense) {
    const RawServer silent([](const std::string&) { return ""s; });
    const RawServer web([](const std::string&) { return "HTTP/1.1 400 Bad Request\r\n\r\n"s; });
    // Welcomes, grants the topic, and never answers a ping.
    const RawServer deaf([](const std::string& asked) {
        if (asked.front() == '\x10') return "\x20\2\0\0"s;
        return asked.front() == '\x82' ? "\x90\3\0\1\0"s : ""s;
    });
    const RawServer strict([](const std::string& asked) {
        return asked.front() == '\x10' ? "\x20\2\0\0"s : "\x90\3\0\1\x80"s;
    });
    auto impatient = mqtt_json(silent.port());
    impatient.timeout = 20ms;
    auto pinging = mqtt_json(deaf.port());
    pinging.keep_alive = 1s;
    start({{MeterId("silent"), impatient},
           {MeterId("web"), mqtt_json(web.port())},
           {MeterId("strict"), mqtt_json(strict.port())},
           {MeterId("deaf"), pinging}});
    EXPECT_TRUE(error_becomes("no answer in time", 0));
    EXPECT_TRUE(error_becomes("does not speak MQTT", 1));
    EXPECT_TRUE(error_becomes("refuses the topic shop/feeder", 2));
    EXPECT_TRUE(error_becomes("fallen silent", 3));
}

TEST_F(ConcurrencyFeederMeters, KeepABrokerThatAnswersPings) {
    std::atomic<int> pings = 0;
    const RawServer lively([&](const std::string& asked) {
        if (asked.front() == '\x10') return "\x20\2\0\0"s;
        if (asked.front() == '\x82') return "\x90\3\0\1\0"s;
        ++pings;
        return "\xd0\0"s;
    });
    auto source = mqtt_json(lively.port());
    source.keep_alive = 1s;
    start({{MeterId("shop"), source}});
    EXPECT_TRUE(comes_true([&] { return pings >= 3; })) << "longer than it may be silent";
    EXPECT_EQ(status().failures, 0);
    EXPECT_EQ(lively.connections(), 1);
}

TEST_F(ConcurrencyFeederMeters, StopUnderAFloodOfMessages) {
    const RawServer flood([](const std::string& asked) {
        if (asked.front() == '\x10') return "\x20\2\0\0"s;
        std::string many = "\x90\3\0\1\0"s;
        for (int i = 0; i < 20'000; ++i) many += "\x30\x0e\0\x0bshop/feeder?"s;
        return many;
    });
    start({{MeterId("shop"), mqtt_json(flood.port())}});
    EXPECT_TRUE(comes_true([&] { return status().dropped > 100; }));
    const auto before = real_clock().steady();
    meters.stop();
    EXPECT_LT(real_clock().steady() - before, 1s);
}

// --- TLS -----------------------------------------------------------------------------------

struct Certificate {
    std::string certificate;
    std::string key;
};

std::string text_of(BIO* memory) {
    char* begin = nullptr;
    const auto size = BIO_get_mem_data(memory, &begin);
    return {begin, static_cast<std::size_t>(size)};
}

// One that vouches for itself, for 127.0.0.1 or another address, for an hour.
Certificate self_signed(const std::string& subject) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                  &EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> x509(X509_new(), &X509_free);
    ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 1);
    X509_set_version(x509.get(), 2);
    X509_gmtime_adj(X509_getm_notBefore(x509.get()), -3'600);
    X509_gmtime_adj(X509_getm_notAfter(x509.get()), 3'600);
    X509_set_pubkey(x509.get(), key.get());
    auto* name = X509_get_subject_name(x509.get());
    const std::string common = "busbar test";
    X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                               std::bit_cast<const unsigned char*>(common.c_str()), -1, -1, 0);
    X509_set_issuer_name(x509.get(), name);
    auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, subject.c_str());
    X509_add_ext(x509.get(), extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(x509.get(), key.get(), EVP_sha256());

    const std::unique_ptr<BIO, decltype(&BIO_free)> first(BIO_new(BIO_s_mem()), &BIO_free);
    const std::unique_ptr<BIO, decltype(&BIO_free)> second(BIO_new(BIO_s_mem()), &BIO_free);
    PEM_write_bio_X509(first.get(), x509.get());
    PEM_write_bio_PrivateKey(second.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return {text_of(first.get()), text_of(second.get())};
}

TEST_F(ConcurrencyFeederMeters, TrustABrokerByItsCertificateOnly) {
    const auto ours = self_signed("IP:127.0.0.1,DNS:localhost");
    const auto theirs = self_signed("IP:192.0.2.1,DNS:elsewhere.example");
    const Broker broker({.certificate = ours.certificate, .key = ours.key});
    const Broker elsewhere({.certificate = theirs.certificate, .key = theirs.key});
    const auto source = [](const Broker& to, std::string host, std::string ca_file) {
        auto mqtt = mqtt_json(to.port());
        mqtt.host = std::move(host);
        mqtt.tls = Tls{std::move(ca_file)};
        return mqtt;
    };
    auto plain = mqtt_json(broker.port());
    plain.timeout = 500ms;
    start({{MeterId("address"), source(broker, "127.0.0.1", broker.certificate_file())},
           {MeterId("name"), source(broker, "localhost", broker.certificate_file())},
           {MeterId("stranger"), source(broker, "127.0.0.1", "")},
           {MeterId("elsewhere"), source(elsewhere, "127.0.0.1", elsewhere.certificate_file())},
           {MeterId("nowhere"), source(elsewhere, "localhost", elsewhere.certificate_file())},
           {MeterId("missing"), source(broker, "127.0.0.1", "no-such-file.pem")},
           {MeterId("plain"), plain}});
    EXPECT_TRUE(listening(0));
    EXPECT_TRUE(listening(1));
    EXPECT_TRUE(error_becomes("the certificate is refused: self-signed certificate", 2));
    EXPECT_TRUE(error_becomes("the certificate is refused: IP address mismatch", 3));
    EXPECT_TRUE(error_becomes("the certificate is refused: hostname mismatch", 4));
    EXPECT_TRUE(error_becomes("cannot read no-such-file.pem", 5));
    EXPECT_TRUE(comes_true([&] { return status(6).failures >= 1; }));
    for (std::size_t i = 2; i < 7; ++i) EXPECT_FALSE(status(i).connected) << i;
}

// --- Beginning and end ---------------------------------------------------------------------

TEST(FeederMeters, RefuseSourcesThatAreNotAsTheyMustBe) {
    FeederMeters meters(real_clock(), 1);
    const auto good = modbus_source("m", 1, siemens());
    auto bad = modbus_source("n", 1, siemens());
    std::get<Modbus>(bad.link).interval = 1ms;
    const auto sink = [](const Sample&) {};
    EXPECT_EQ(meters.start({good, bad}, sink).error().field, "feeder[1].interval_ms");
    EXPECT_EQ(meters.start({good, good}, sink).error().field, "feeder[1].meter");
    std::vector<Source> many;
    for (int i = 0; i < 257; ++i) many.push_back(modbus_source(std::to_string(i), 1, siemens()));
    EXPECT_EQ(meters.start(many, sink).error().code, Errc::kInvalid);
    EXPECT_TRUE(meters.status().empty());
    EXPECT_TRUE(meters.start({}, sink));
    meters.stop();
}

TEST(FeederMeters, StayStoppedWhenTheyWereStoppedFirst) {
    FeederMeters meters(real_clock(), 1);
    meters.stop();
    EXPECT_TRUE(meters.start({modbus_source("m", 1, siemens())}, [](const Sample&) {}));
    EXPECT_TRUE(meters.status().empty());
}

}  // namespace
}  // namespace busbar::feeder
