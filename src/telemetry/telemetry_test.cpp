#include "telemetry/telemetry.hpp"

#include <gtest/gtest.h>

namespace busbar::telemetry {
namespace {

using namespace std::chrono_literals;

const TimePoint kNow = *parse_time("2026-02-10T12:00:00Z");

MeterReading meter_reading() {
    return {
        .meter = MeterId{"METER-001"}, .energy = WattHours::of(250), .voltage = 230_V, .at = kNow};
}
VehicleReading vehicle_reading() {
    return {.vehicle = VehicleId{"VEH-001"},
            .charger = MeterId{"METER-001"},
            .soc_milli_pct = 55'500,
            .energy = WattHours::of(210),
            .battery_milli_celsius = 31'000,
            .at = kNow};
}

// The field that check() names, "ok" if it has nothing to say.
template <class R>
std::string blamed(const R& reading) {
    const auto status = check(Reading{reading}, kNow);
    if (status) return "ok";
    EXPECT_EQ(status.error().code, Errc::kInvalid);
    EXPECT_FALSE(status.error().message.empty());
    return status.error().field;
}

template <class R, class Change>
std::string blamed(R reading, Change change) {
    change(reading);
    return blamed(reading);
}

TEST(Check, AcceptsOrdinaryReadingsAndTheEdgesOfEachRange) {
    EXPECT_EQ(blamed(meter_reading()), "ok");
    EXPECT_EQ(blamed(vehicle_reading()), "ok");
    const auto meter = [](auto change) { return blamed(meter_reading(), change); };
    EXPECT_EQ(meter([](auto& r) { r.energy = WattHours{}; }), "ok");
    EXPECT_EQ(meter([](auto& r) { r.energy = WattHours::of(10'000'000); }), "ok");
    EXPECT_EQ(meter([](auto& r) { r.voltage = 2'000_V; }), "ok");
    EXPECT_EQ(meter([](auto& r) { r.at = kNow + 24h; }), "ok");
    EXPECT_EQ(meter([](auto& r) { r.at = kNow - 90 * 24h; }), "ok");
    const auto vehicle = [](auto change) { return blamed(vehicle_reading(), change); };
    EXPECT_EQ(vehicle([](auto& r) { r.charger.reset(); }), "ok");
    EXPECT_EQ(vehicle([](auto& r) { r.soc_milli_pct = 100'000; }), "ok");
    EXPECT_EQ(vehicle([](auto& r) { r.battery_milli_celsius = -100'000; }), "ok");
    EXPECT_EQ(vehicle([](auto& r) { r.battery_milli_celsius = 200'000; }), "ok");
}

TEST(Check, NamesTheFieldOfAMeterReadingThatCannotBe) {
    const auto meter = [](auto change) { return blamed(meter_reading(), change); };
    EXPECT_EQ(meter([](auto& r) { r.meter = MeterId{""}; }), "meterId");
    EXPECT_EQ(meter([](auto& r) { r.energy = WattHours::milli(-1); }), "kwhConsumedAc");
    EXPECT_EQ(meter([](auto& r) { r.energy = WattHours::milli(10'000'000'001); }), "kwhConsumedAc");
    EXPECT_EQ(meter([](auto& r) { r.energy_register = WattHours::milli(-1); }), "kwhRegisterAc");
    EXPECT_EQ(meter([](auto& r) { r.voltage = Volts::milli(-1); }), "voltage");
    EXPECT_EQ(meter([](auto& r) { r.voltage = Volts::milli(2'000'001); }), "voltage");
    EXPECT_EQ(meter([](auto& r) { r.at = kNow + 24h + 1us; }), "timestamp");
    EXPECT_EQ(meter([](auto& r) { r.at = kNow - 90 * 24h - 1us; }), "timestamp");
}

TEST(Check, NamesTheFieldOfAVehicleReadingThatCannotBe) {
    const auto vehicle = [](auto change) { return blamed(vehicle_reading(), change); };
    EXPECT_EQ(vehicle([](auto& r) { r.vehicle = VehicleId{"a\nb"}; }), "vehicleId");
    EXPECT_EQ(vehicle([](auto& r) { r.charger = MeterId{""}; }), "chargerId");
    EXPECT_EQ(vehicle([](auto& r) { r.soc_milli_pct = -1; }), "soc");
    EXPECT_EQ(vehicle([](auto& r) { r.soc_milli_pct = 100'001; }), "soc");
    EXPECT_EQ(vehicle([](auto& r) { r.energy = WattHours::milli(-1); }), "kwhDeliveredDc");
    EXPECT_EQ(vehicle([](auto& r) { r.battery_milli_celsius = -100'001; }), "batteryTemp");
    EXPECT_EQ(vehicle([](auto& r) { r.battery_milli_celsius = 200'001; }), "batteryTemp");
}

std::string blamed_id(std::string id) {
    return blamed(meter_reading(), [&](auto& r) { r.meter = MeterId{std::move(id)}; });
}

TEST(Check, TakesAnyPrintableUtf8AsAnId) {
    for (const auto* id : {"a", "Säule 7", "充電器-1", "\U0001F50C", "' OR 1=1 --", "\xC2\xA0",
                           "\xEF\xBF\xBD", "\xF4\x8F\xBF\xBD"})
        EXPECT_EQ(blamed_id(id), "ok") << id;
    EXPECT_EQ(blamed_id(std::string(128, 'x')), "ok");
}

TEST(Check, RefusesIdsThatAreTooLongOrBrokenOrHideSomething) {
    EXPECT_EQ(blamed_id(std::string(129, 'x')), "meterId");
    for (const std::string& id :
         {std::string("\0", 1), std::string("\t"), std::string("\x7F"), std::string("\xC2\x85"),
          std::string("\x80"), std::string("\xC0\x80"), std::string("\xC3"), std::string("\xC3("),
          std::string("\xE0\x80\x80"), std::string("\xED\xA0\x80"), std::string("\xE2\x82"),
          std::string("\xF0\x80\x80\x80"), std::string("\xF4\x90\x80\x80"), std::string("\xFF"),
          std::string("a\xE2\x80\xAE"
                      "b"),
          std::string("\xE2\x80\xA8"), std::string("\xEF\xBF\xBF"), std::string("\xEF\xB7\x90")})
        EXPECT_EQ(blamed_id(id), "meterId") << testing::PrintToString(id);
}

}  // namespace
}  // namespace busbar::telemetry
