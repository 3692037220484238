// What a person at a terminal is told: one line on stderr, and text that cannot drive a terminal.
#pragma once

#include <string>

#include "base/result.hpp"

namespace busbar::app {

inline constexpr int kRefused = 1;   // Exit code: the world said no.
inline constexpr int kWrongUse = 2;  // Exit code: the command or a setting is wrong.

// "busbar: --port: must be ..." on stderr. The exit code that goes with it.
int complain(const Error& error);

// The same for a start that cannot work, whatever the reason.
int refuse_to_start(const Error& error);

// Outside words may hold control characters, which a terminal would obey: here they are "?".
std::string printable(std::string text);

}  // namespace busbar::app
