// `busbar sim --check`: whole sites in virtual time, from seeds, and whether what must always hold
// did.
#pragma once

#include <cstdint>
#include <string>

namespace busbar::app {

struct TrialCheck {
    std::uint64_t seed = 1;
    std::string seeds = {};  // "FROM..TO", both included; in place of `seed`.
    int chargers = 50;
    int hours = 24;
    std::string wire = "messages";  // Or "bytes".
};

// Prints a summary; at the first violation the trace that led to it. The exit code.
int check_trials(const TrialCheck& options);

}  // namespace busbar::app
