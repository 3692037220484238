// Sampled values: OCPP's strings, units, phases and places, as the domain's numbers.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "domain/charging.hpp"

namespace busbar::ocpp {

// Of one message. What goes beyond is answered and dropped: refused, a charger would send it
// again for ever.
inline constexpr std::size_t kMaxSamples = 2'000;

// What can be used of `meterValue`, in its order; of every OCPP version. Left out: measurands we
// have no use for, values between lines or of the neutral, signed data, values that are no number,
// units that do not fit, energy sampled outside the regular rhythm (it would count twice), and
// values taken elsewhere than at the outlet where the outlet has its own (SoC and temperature may
// come from anywhere). Requires: `payload` passed its check.
std::vector<MeterSample> samples_in(const boost::json::object& payload, TimePoint now);

// The energy register at the outlet, whatever it was sampled for; the latest if there are several.
std::optional<WattHours> register_in(const boost::json::object& payload, TimePoint now);

// What is signed in the meter values under `name`, as it came: what goes beyond kMaxSignedBytes, or
// kMaxSigned in one message, is left out. Requires: `payload` passed its check.
inline constexpr std::size_t kMaxSignedBytes = 16 * 1024;
inline constexpr std::size_t kMaxSigned = 64;
std::vector<SignedReading> signed_in(const boost::json::object& payload, std::string_view name,
                                     TimePoint now);

}  // namespace busbar::ocpp
