// A garage to replay sessions in: the lines behind a transformer and the EVSEs on them, from a
// text file that a person can write (bench/networks shows one).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/network.hpp"

namespace busbar::replay {

struct Garage {
    // The lines of a transformer: what each carries follows from the capacity of the replay.
    struct Feed {
        RowIndex row = 0;
        Volts line_voltage = {};  // Of one line, to neutral.
        std::int64_t ratio = 1;   // Amperes of the row's kind that make one on this line.
    };

    std::string name;
    Network network;  // A transformer's rows have budget 0 here: ask budgets().
    std::vector<Feed> feeds;

    // What each row carries with the transformer at `capacity`: a third of it on each line,
    // rounded down to the milliampere. Requires: 0 <= capacity <= 1 GW.
    std::vector<PerPhase> budgets(Watts capacity) const;
    std::optional<LeafIndex> leaf_of(std::string_view station) const;
    // What `amps` on one EVSE draws: every EVSE is a one-phase load here.
    Watts power_of(Amperes amps) const { return amps * network.supply.nominal; }
};

// TOML: `name`, `voltage_v` (across an EVSE), rows from the transformer down, EVSEs by groups.
//   [[row]]   name, behind (the row it is fed from), model ("sum", "delta", "delta_primary"),
//             and limit_a, or line_voltage_v and ratio for a row of the transformer
//   [[evse]]  behind, lines ("AB": between A and B; "A": to neutral), maximum_a,
//             quantum_a (0.001 without it), stations
// Fails with kInvalid naming `where` and the line. At most 100 rows and 10,000 EVSEs.
Result<Garage> parse_garage(std::string_view toml, std::string_view where);

// A name of bench/networks ("caltech"), which are built in, or the path of a file of at most
// 1 MiB. Fails with kNotFound where there is neither.
Result<Garage> load_garage(const std::string& name_or_path);

// The text of a built-in garage; empty if there is none of that name.
std::string_view built_in_garage(std::string_view name);

}  // namespace busbar::replay
