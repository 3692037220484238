#include <gtest/gtest.h>

#include <thread>

#include "base/bounded_queue.hpp"
#include "base/guarded.hpp"
#include "base/json_writer.hpp"
#include "base/quantity.hpp"
#include "base/strand.hpp"
#include "base/time.hpp"
#include "base/utf8.hpp"

namespace busbar {
namespace {

using namespace std::chrono_literals;

TEST(Quantity, ReadsDecimalsExactly) {
    for (const auto& [text, milli] :
         std::vector<std::pair<const char*, std::int64_t>>{{"0", 0},
                                                           {"16", 16'000},
                                                           {"0.1", 100},
                                                           {"-0.5", -500},
                                                           {"12.345", 12'345},
                                                           {"12.3450000", 12'345},
                                                           {"1e3", 1'000'000},
                                                           {"1.6E1", 16'000},
                                                           {"25e-1", 2'500},
                                                           {"0e400", 0},
                                                           {"1000000000", kMaxInputMilli}}) {
        SCOPED_TRACE(text);
        const auto read = parse_milli(text);
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(*read, milli);
    }
}

TEST(Quantity, RefusesWhatIsNotAFiniteDecimalOfThreePlaces) {
    for (const auto* text :
         {"", "-", "NaN", "inf", "1e400", "1e999999999999", "1.2345", "0x10", "1,5", " 1", "1 ",
          "--1", ".5", "1e", "1000000001", "1..2", "99999999999999999999"})
        EXPECT_FALSE(parse_milli(text)) << text;
}

TEST(Quantity, WritesTheShortestDecimal) {
    EXPECT_EQ(decimal(16'000), "16");
    EXPECT_EQ(decimal(12'500), "12.5");
    EXPECT_EQ(decimal(-1), "-0.001");
    EXPECT_EQ(decimal(0), "0");
    EXPECT_EQ(decimal(std::numeric_limits<std::int64_t>::min()), "-9223372036854775.808");
}

TEST(Quantity, AShareIsNeverMoreThanTheWhole) {
    EXPECT_EQ((100_A / 3).in_milli(), 33'333);
    EXPECT_EQ((Amperes::milli(-1) / 2).in_milli(), -1);
    EXPECT_EQ((Amperes::milli(6'999)).floored_to(1_A), 6_A);
}

TEST(Time, ReadsRfc3339WithAnyOffset) {
    const auto noon = *parse_time("2026-02-10T12:00:00Z");
    EXPECT_EQ(*parse_time("2026-02-10T13:30:00+01:30"), noon);
    EXPECT_EQ(*parse_time("2026-02-10T04:00:00.000000-08:00"), noon);
    EXPECT_EQ(*parse_time("2026-02-10T12:00:00", Zone::kAssumeUtc), noon);
    EXPECT_EQ(format_time(noon + 5ms), "2026-02-10T12:00:00.005Z");
    EXPECT_EQ(format_time(*parse_time("2024-02-29T23:59:60Z")), "2024-02-29T23:59:59.999Z");
}

TEST(Time, RefusesWhatIsNoTime) {
    for (const auto* text :
         {"", "2026-02-10", "2026-02-30T12:00:00Z", "2026-02-10T12:00:00", "0000-01-01T00:00:00Z",
          "9999-01-01T00:00:00Z", "2026-02-10T24:00:00Z", "2026-02-10T12:00:00+99:99",
          "2026-02-10T12:00:00.Z", "2026-02-10T12:00:00Zx", "now"})
        EXPECT_FALSE(parse_time(text)) << text;
}

TEST(Utf8, IsNothingButWellFormedCharacters) {
    for (const auto* good : {"", "CP-1", "é", "漢", "\xF0\x9F\x9A\x97", "\xF4\x8F\xBF\xBF"})
        EXPECT_TRUE(is_utf8(good)) << good;
    for (const auto* bad : {"\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80",
                            "\xF4\x90\x80\x80", "\xFF", "a\xE6\xBC"})
        EXPECT_FALSE(is_utf8(bad)) << bad;
}

TEST(JsonWriter, WritesAmountsWithTheDigitsThatWentIn) {
    JsonWriter json;
    json.begin_object()
        .member("limitA", 10.5_A)
        .member("n", 3)
        .member("none", std::optional<Amperes>{});
    json.key("list").begin_array().integer(1).string("a\"b\n").end_array().end_object();
    EXPECT_EQ(json.text(), R"({"limitA":10.5,"n":3,"none":null,"list":[1,"a\"b\u000a"]})");
}

TEST(JsonWriter, ReplacesBytesThatAreNotUtf8) {
    std::string out;
    append_json_string(out, "\xC3\xA9\xFF\xED\xA0\x80\xC3");
    EXPECT_EQ(out, "\"\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(Strand, RunsTimersInOrderWhileTimePasses) {
    ManualClock clock{TimePoint{}};
    ManualStrand strand{clock};
    std::string order;
    strand.post([&] {
        strand.at(clock.steady() + 20ms, [&] { order += "b"; });
        strand.at(clock.steady() + 10ms, [&] { order += "a"; });
        strand.post([&] { order += "0"; });
    });
    strand.run_for(15ms);
    EXPECT_EQ(order, "0a");
    strand.run_for(15ms);
    EXPECT_EQ(order, "0ab");
}

TEST(BoundedQueue, RefusesWhenFullAndWhenClosed) {
    BoundedQueue<int> queue{2};
    EXPECT_TRUE(queue.try_push(1));
    EXPECT_TRUE(queue.try_push(2));
    EXPECT_FALSE(queue.try_push(3));
    EXPECT_EQ(queue.pop_batch(10), (std::vector{1, 2}));
    queue.close();
    EXPECT_FALSE(queue.try_push(4));
    EXPECT_TRUE(queue.pop_batch(10).empty());
}

TEST(ConcurrencyBoundedQueue, EveryItemArrivesOnceAndInOrder) {
    BoundedQueue<int> queue{16};
    constexpr int kItems = 20'000;
    std::thread producer([&] {
        for (int i = 0; i < kItems;) {
            if (queue.try_push(int{i}))
                ++i;
            else
                std::this_thread::yield();
        }
        queue.close();
    });
    int next = 0;
    for (auto batch = queue.pop_batch(7); !batch.empty(); batch = queue.pop_batch(7))
        for (const int item : batch) EXPECT_EQ(item, next++);
    producer.join();
    EXPECT_EQ(next, kItems);
}

TEST(ConcurrencyGuarded, AddsUpFromManyThreads) {
    Guarded<int> sum{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int n = 0; n < 10'000; ++n) sum.with([](int& s) { ++s; });
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(sum.with([](const int& s) { return s; }), 40'000);
}

}  // namespace
}  // namespace busbar
