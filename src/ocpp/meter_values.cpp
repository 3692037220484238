#include "ocpp/meter_values.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/log.hpp"
#include "ocpp/action.hpp"

namespace busbar::ocpp {
namespace {

namespace json = boost::json;

// How a unit becomes thousandths of the domain's: milli = value * factor + offset.
struct Unit {
    std::string_view name;  // As OCPP writes it; "" where it may be left out.
    double factor = 1'000;
    double offset = 0;
};
struct Known {
    std::string_view name;
    Measurand measurand;
    std::array<Unit, 5> units;  // Unused places have factor 0.
};

constexpr Unit kNone{"-", 0};
constexpr std::array<Known, 7> kKnown{{
    {"Energy.Active.Import.Register",
     Measurand::kEnergyRegister,
     {Unit{""}, Unit{"Wh"}, Unit{"kWh", 1e6}, kNone, kNone}},
    {"Energy.Active.Import.Interval",
     Measurand::kEnergyInterval,
     {Unit{""}, Unit{"Wh"}, Unit{"kWh", 1e6}, kNone, kNone}},
    {"Power.Active.Import",
     Measurand::kPower,
     {Unit{""}, Unit{"W"}, Unit{"kW", 1e6}, kNone, kNone}},
    {"Current.Import", Measurand::kCurrent, {Unit{""}, Unit{"A"}, kNone, kNone, kNone}},
    {"Voltage", Measurand::kVoltage, {Unit{""}, Unit{"V"}, kNone, kNone, kNone}},
    {"SoC", Measurand::kSoc, {Unit{""}, Unit{"Percent"}, kNone, kNone, kNone}},
    {"Temperature",
     Measurand::kTemperature,
     {Unit{""}, Unit{"Celsius"}, Unit{"Celcius"}, Unit{"K", 1'000, -273'150},
      Unit{"Fahrenheit", 1'000 / 1.8, -32'000 / 1.8}}},
}};

// The largest amount one sample may carry: no counter on earth is beyond it.
constexpr double kMaxMilli = 1e15;

const Known* find_known(std::string_view measurand) {
    for (const auto& known : kKnown)
        if (known.name == measurand) return &known;
    return nullptr;
}

std::size_t place_of(const Known& known) {
    return static_cast<std::size_t>(&known - kKnown.data());
}

std::string_view measurand_of(const json::object& sampled) {
    return text_at(sampled, "measurand", "Energy.Active.Import.Register");
}

// 1.6 writes numbers as text.
std::optional<double> number_in(std::string_view text) {
    constexpr std::string_view kSpace = " \t";
    text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
    if (text.starts_with('+')) text.remove_prefix(1);
    double number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (failed != std::errc{} || rest.find_first_not_of(kSpace) != std::string_view::npos)
        return {};
    return number;
}

// 2.x has its unit in an object of its own, perhaps with a power of ten.
std::optional<std::int64_t> milli_in(const json::object& sampled, const Known& known) {
    const auto* value = sampled.if_contains("value");
    if (value == nullptr) return {};
    auto number = value->is_string()   ? number_in(value->get_string())
                  : value->is_number() ? std::optional(value->to_number<double>())
                                       : std::nullopt;
    if (!number) return {};
    auto unit_name = text_at(sampled, "unit");
    const auto* measure = sampled.if_contains("unitOfMeasure");
    if (measure != nullptr && measure->is_object()) {
        unit_name = text_at(measure->get_object(), "unit");
        constexpr std::int64_t kMostPower = 12;
        const auto power = integer_at(measure->get_object(), "multiplier");
        if (power < -kMostPower || power > kMostPower) return {};
        *number *= std::pow(10.0, static_cast<double>(power));
    }
    for (const auto& unit : known.units) {
        if (unit.name != unit_name) continue;
        const double milli = *number * unit.factor + unit.offset;
        if (!std::isfinite(milli) || std::abs(milli) > kMaxMilli) return {};
        return std::llround(milli);
    }
    return {};
}

// Nothing: not a value of one line or of all.
std::optional<std::optional<Phase>> phase_of(std::string_view text) {
    if (text.empty()) return std::optional<Phase>{};
    for (const auto phase : kPhases) {
        const auto name = to_string(phase);
        if (text == name || (text.size() == 4 && text.starts_with(name) && text.ends_with("-N")))
            return phase;
    }
    return {};
}

bool is_regular(const json::object& sampled) {
    const auto context = text_at(sampled, "context", "Sample.Periodic");
    return context == "Sample.Periodic" || context == "Sample.Clock";
}

bool is_at_outlet(const json::object& sampled) {
    return text_at(sampled, "location", "Outlet") == "Outlet";
}

// Which measurands are told of the outlet, by their place in kKnown.
std::bitset<kKnown.size()> told_at_outlet(const json::array& sampled_values) {
    std::bitset<kKnown.size()> told;
    for (const auto& element : sampled_values) {
        const auto& sampled = element.get_object();
        const auto* known = find_known(measurand_of(sampled));
        if (known != nullptr && is_at_outlet(sampled)) told.set(place_of(*known));
    }
    return told;
}

std::optional<MeterSample> sample_in(const json::object& sampled,
                                     const std::bitset<kKnown.size()>& told, TimePoint at) {
    const auto* known = find_known(measurand_of(sampled));
    if (known == nullptr || text_at(sampled, "format", "Raw") != "Raw") return {};
    const bool energy = known->measurand == Measurand::kEnergyRegister ||
                        known->measurand == Measurand::kEnergyInterval;
    if (energy && !is_regular(sampled)) return {};
    const bool anywhere =
        known->measurand == Measurand::kSoc || known->measurand == Measurand::kTemperature;
    if (!anywhere && !is_at_outlet(sampled) && told.test(place_of(*known))) return {};
    const auto phase = phase_of(text_at(sampled, "phase"));
    const auto milli = milli_in(sampled, *known);
    if (!phase || !milli) return {};
    return MeterSample{known->measurand, *phase, *milli, at};
}

const json::array& meter_values_in(const json::object& payload,
                                   std::string_view name = "meterValue") {
    static const json::array none;
    const auto* values = payload.if_contains(name);
    return values != nullptr && values->is_array() ? values->get_array() : none;
}

}  // namespace

std::vector<MeterSample> samples_in(const json::object& payload, TimePoint now) {
    std::vector<MeterSample> samples;
    std::size_t seen = 0;
    for (const auto& element : meter_values_in(payload)) {
        const auto& meter_value = element.get_object();
        const auto at = plausible_time(meter_value, "timestamp", now);
        const auto& sampled_values = meter_value.at("sampledValue").get_array();
        seen += sampled_values.size();
        if (seen > kMaxSamples) {
            log::warn("meter values dropped",
                      {{"reason", "too many in one message"}, {"most", kMaxSamples}});
            return samples;
        }
        const auto told = told_at_outlet(sampled_values);
        for (const auto& sampled : sampled_values)
            if (auto sample = sample_in(sampled.get_object(), told, at)) samples.push_back(*sample);
    }
    return samples;
}

std::optional<WattHours> register_in(const json::object& payload, TimePoint now) {
    std::optional<WattHours> found;
    TimePoint found_at;
    const auto& known = kKnown.front();
    static_assert(kKnown.front().measurand == Measurand::kEnergyRegister);
    for (const auto& element : meter_values_in(payload)) {
        const auto& meter_value = element.get_object();
        const auto at = plausible_time(meter_value, "timestamp", now);
        if (found && at < found_at) continue;
        for (const auto& each : meter_value.at("sampledValue").get_array()) {
            const auto& sampled = each.get_object();
            if (measurand_of(sampled) != known.name || !is_at_outlet(sampled) ||
                has(sampled, "phase"))
                continue;
            const auto milli = milli_in(sampled, known);
            if (!milli || *milli < 0) continue;
            found = WattHours::milli(*milli);
            found_at = at;
        }
    }
    return found;
}

// 1.6 says so of the value's format, 2.x beside the value.
std::vector<SignedReading> signed_in(const json::object& payload, std::string_view name,
                                     TimePoint now) {
    std::vector<SignedReading> found;
    for (const auto& element : meter_values_in(payload, name)) {
        const auto& meter_value = element.get_object();
        const auto at = plausible_time(meter_value, "timestamp", now);
        for (const auto& each : meter_value.at("sampledValue").get_array()) {
            const auto& sampled = each.get_object();
            if (text_at(sampled, "format") != "SignedData" && !has(sampled, "signedMeterValue"))
                continue;
            auto text = json::serialize(sampled);
            if (text.size() > kMaxSignedBytes || found.size() == kMaxSigned) {
                log::warn("signed meter value dropped", {{"bytes", text.size()}});
                continue;
            }
            found.push_back({at, std::move(text)});
        }
    }
    return found;
}

}  // namespace busbar::ocpp
