// Charging sessions that happened: who came when, left when, and wanted how much energy.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/quantity.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace busbar::replay {

// Time goes by in these; a session holds its EVSE from its arrival up to its departure.
inline constexpr Duration kStep = std::chrono::minutes{5};

struct Session {
    std::string station;
    std::int64_t arrival = 0;    // In steps; of clock times since 1970, rounded down, both ends.
    std::int64_t departure = 0;  // >= arrival.
    std::int64_t estimated_departure = 0;  // As the driver said.
    WattHours demand = {};                 // Requested, at most what was delivered.
    std::optional<Watts> maximum = {};     // Of the car.
    std::size_t line = 0;                  // In its file, from 1.

    bool operator==(const Session&) const = default;
};

// Comma- or tab-separated text with a header; columns in any order, others ignored:
//   arrival, departure, estimated_departure         times with their offset from UTC, or
//   arrival_step, departure_step, ...               whole steps of five minutes
//   requested_energy (kWh) or requested_kwh, delivered_energy (kWh) or delivered_kwh
//   max_kw (optional), station_id or station
// An empty estimate counts as the actual departure, an empty request as what was delivered.
// Returns the sessions by arrival; equal ones in the order of the file.
// Fails with kInvalid naming `where` and the line, kTooLarge above a million sessions.
Result<std::vector<Session>> parse_sessions(std::string_view text, std::string_view where);

// Of a file as it is, or compressed with gzip; at most 256 MiB of text.
Result<std::vector<Session>> load_sessions(const std::filesystem::path& path);

}  // namespace busbar::replay
