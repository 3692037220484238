// Sampled values: OCPP's strings, units, phases and places, as the domain's numbers.
#pragma once

#include <array>
#include <boost/json/object.hpp>
#include <cstddef>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "domain/charging.hpp"
#include "ocpp/schema.hpp"

namespace busbar::ocpp {

// Of one message. What goes beyond is answered and dropped: refused, a charger would send it
// again for ever.
inline constexpr std::size_t kMaxSamples = 2'000;

// OCPP 1.6, sections 7.28 to 7.46.
inline constexpr std::array<std::string_view, 8> kContexts{
    "Interruption.Begin", "Interruption.End", "Sample.Clock", "Sample.Periodic",
    "Transaction.Begin",  "Transaction.End",  "Trigger",      "Other"};
inline constexpr std::array<std::string_view, 2> kFormats{"Raw", "SignedData"};
inline constexpr std::array<std::string_view, 22> kMeasurands{"Current.Export",
                                                              "Current.Import",
                                                              "Current.Offered",
                                                              "Energy.Active.Export.Register",
                                                              "Energy.Active.Import.Register",
                                                              "Energy.Reactive.Export.Register",
                                                              "Energy.Reactive.Import.Register",
                                                              "Energy.Active.Export.Interval",
                                                              "Energy.Active.Import.Interval",
                                                              "Energy.Reactive.Export.Interval",
                                                              "Energy.Reactive.Import.Interval",
                                                              "Frequency",
                                                              "Power.Active.Export",
                                                              "Power.Active.Import",
                                                              "Power.Factor",
                                                              "Power.Offered",
                                                              "Power.Reactive.Export",
                                                              "Power.Reactive.Import",
                                                              "RPM",
                                                              "SoC",
                                                              "Temperature",
                                                              "Voltage"};
inline constexpr std::array<std::string_view, 10> kPhaseNames{
    "L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1"};
inline constexpr std::array<std::string_view, 5> kLocations{"Body", "Cable", "EV", "Inlet",
                                                            "Outlet"};
inline constexpr std::array<std::string_view, 17> kUnits{
    "Wh",   "kWh", "varh", "kvarh", "W",       "kW",      "VA",         "kVA",    "var",
    "kvar", "A",   "V",    "K",     "Celcius", "Celsius", "Fahrenheit", "Percent"};

inline constexpr std::array kSampledValueFields{text("value", 10'000),
                                                optional(word("context", kContexts)),
                                                optional(word("format", kFormats)),
                                                optional(word("measurand", kMeasurands)),
                                                optional(word("phase", kPhaseNames)),
                                                optional(word("location", kLocations)),
                                                optional(word("unit", kUnits))};
// One element of `meterValue` or `transactionData`.
inline constexpr std::array kMeterValueFields{time("timestamp"),
                                              list("sampledValue", kSampledValueFields)};

// What can be used of `meterValue`, in its order. Left out: measurands we have no use for, values
// between lines or of the neutral, signed data, values that are no number, units that do not fit,
// energy sampled outside the regular rhythm (it would count twice), and values taken elsewhere
// than at the outlet where the outlet has its own (SoC and temperature may come from anywhere).
// Requires: `payload` passed its check.
std::vector<MeterSample> samples_in(const boost::json::object& payload, TimePoint now);

}  // namespace busbar::ocpp
