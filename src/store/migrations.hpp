// Brings the tables of a database file to the shape that this Busbar knows.
#pragma once

#include <span>
#include <string_view>

#include "base/result.hpp"
#include "store/sqlite.hpp"

namespace busbar::store {

// Runs what is missing of `steps`; step n (from 1) makes schema version n. Each is one
// transaction, so a crash leaves the version before or after it. `kind` ("control") tells one
// file of ours from another. Fails with kConflict, and changes nothing, if the file has a newer
// version, is of another kind, or holds tables that are not ours.
Status migrate(Connection& db, std::string_view kind, std::span<const char* const> steps);

}  // namespace busbar::store
