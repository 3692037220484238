#include "telemetry/telemetry.hpp"

#include <string_view>
#include <utility>

#include "base/utf8.hpp"

namespace busbar::telemetry {
namespace {

using std::chrono::hours;

constexpr std::size_t kMaxIdBytes = 128;
constexpr std::int64_t kMaxEnergyMilliWattHours = 10'000'000'000;  // 10 MWh
constexpr std::int64_t kMaxMilliVolts = 2'000'000;
constexpr std::int64_t kMaxSocMilliPct = 100'000;
constexpr std::int64_t kMinMilliCelsius = -100'000;
constexpr std::int64_t kMaxMilliCelsius = 200'000;
constexpr Duration kOldest = hours{90 * 24};
constexpr Duration kFurthestAhead = hours{24};

// Whether a person who reads the id sees it as it is: no control characters, no line breaks, none
// of the marks that reverse the direction of what follows, nothing outside Unicode.
bool printable(char32_t code) {
    if (code < 0x20 || (code >= 0x7F && code < 0xA0)) return false;
    if (code == 0x2028 || code == 0x2029) return false;
    if ((code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069)) return false;
    if (code >= 0xFDD0 && code <= 0xFDEF) return false;
    return (code & 0xFFFEU) != 0xFFFE;
}

Error wrong(std::string_view field, std::string message) {
    return {Errc::kInvalid, std::move(message), std::string(field)};
}

Status check_id(std::string_view field, std::string_view id) {
    if (id.empty() || id.size() > kMaxIdBytes) return wrong(field, "must have 1 to 128 bytes");
    while (!id.empty()) {
        const auto code = take_character(id);
        if (!code) return wrong(field, "must be UTF-8");
        if (!printable(*code)) return wrong(field, "must hold printable characters only");
    }
    return Done{};
}

Status check_range(std::string_view field, std::int64_t milli, std::int64_t least,
                   std::int64_t most) {
    if (milli >= least && milli <= most) return Done{};
    return wrong(field, "must be " + decimal(least) + " to " + decimal(most));
}

// Energies reach us in kWh, and the message speaks of what was sent.
Status check_energy(std::string_view field, WattHours energy, std::int64_t most_milli) {
    if (energy >= WattHours{} && energy <= WattHours::milli(most_milli)) return Done{};
    return wrong(field, "must be 0 to " + decimal(most_milli / 1000) + " kWh");
}

Status check_time(TimePoint at, TimePoint now) {
    if (at < now - kOldest) return wrong("timestamp", "is more than 90 days ago");
    if (at > now + kFurthestAhead) return wrong("timestamp", "is more than 24 hours ahead");
    return Done{};
}

Status check_values(const MeterReading& reading) {
    BUSBAR_TRY(id, check_id("meterId", reading.meter.str()));
    BUSBAR_TRY(energy, check_energy("kwhConsumedAc", reading.energy, kMaxEnergyMilliWattHours));
    if (reading.energy_register) {
        BUSBAR_TRY(total, check_energy("kwhRegisterAc", *reading.energy_register, kMaxInputMilli));
        (void)total;
    }
    (void)id, (void)energy;
    return check_range("voltage", reading.voltage.in_milli(), 0, kMaxMilliVolts);
}

Status check_values(const VehicleReading& reading) {
    BUSBAR_TRY(id, check_id("vehicleId", reading.vehicle.str()));
    if (reading.charger) {
        BUSBAR_TRY(charger, check_id("chargerId", reading.charger->str()));
        (void)charger;
    }
    BUSBAR_TRY(soc, check_range("soc", reading.soc_milli_pct, 0, kMaxSocMilliPct));
    BUSBAR_TRY(energy, check_energy("kwhDeliveredDc", reading.energy, kMaxEnergyMilliWattHours));
    (void)id, (void)soc, (void)energy;
    return check_range("batteryTemp", reading.battery_milli_celsius, kMinMilliCelsius,
                       kMaxMilliCelsius);
}

}  // namespace

Status check(const Reading& reading, TimePoint now) {
    return std::visit(
        [now](const auto& values) -> Status {
            if (auto status = check_values(values); !status) return status;
            return check_time(values.at, now);
        },
        reading);
}

}  // namespace busbar::telemetry
