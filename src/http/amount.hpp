// Decimals with other than three places: kWh down to the milliwatt-hour, ratios to four.
//
// Pure, exact, no floating point. base/quantity.hpp has parse_milli() and decimal() for three.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace busbar::http {

// The shortest decimal of scaled / 10^places: (1'500'000, 6) is "1.5". Requires: 0 <= places <= 18.
std::string fixed_point(std::int64_t scaled, int places);

// Reads a JSON number as a multiple of 10^-places, rounded half to even. For what was measured:
// 0.30000000000000004 kWh is a sum that a program worked out, not a typing mistake. For what is
// asked for, parse_milli() refuses such digits instead.
// Fails with kInvalid where that is not a number, or above 10^12 multiples.
Result<std::int64_t> parse_rounded(std::string_view number, int places);

}  // namespace busbar::http
