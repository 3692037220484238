// `busbar serve`: runs until it is told to stop.
#pragma once

#include "app/settings.hpp"

namespace busbar::app {

// Serves until SIGINT or SIGTERM. The exit code.
int serve(const Settings& settings);

}  // namespace busbar::app
