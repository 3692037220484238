// Puts a site's configuration into a store, through the same writes an operator's would take.
#pragma once

#include "control/ports.hpp"

namespace busbar::app {

// Blocks until all of it is durable. Not from a thread of the store. Requires: check_site(config).
Status seed(control::Store& store, const SiteConfig& config);

}  // namespace busbar::app
