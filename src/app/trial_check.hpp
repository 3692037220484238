// `busbar sim --check`: whole sites in virtual time, from seeds, and whether what must always hold
// did.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace busbar::app {

inline constexpr const char* kSeedRange = "must be a whole number from 0 to 18446744073709551615";
std::optional<std::uint64_t> parse_seed(std::string_view text);

struct TrialCheck {
    std::uint64_t seed = 1;
    std::string seeds = {};  // "FROM..TO", both included; in place of `seed`.
    int chargers = 50;
    int hours = 24;
    std::string wire = "messages";  // Or "bytes".
    std::string ocpp = "1.6";       // Over bytes: or "2.0.1".
};

// Prints a summary; at the first violation the trace that led to it. Of many seeds it says on
// stderr how far it is, in at most a hundred lines. The exit code.
int check_trials(const TrialCheck& options);

}  // namespace busbar::app
