// Tells a store's file from an older copy of it that somebody put back: a mark that is new at each
// start stands in it, and in a file beside it.
#pragma once

#include <filesystem>

#include "base/result.hpp"
#include "store/sqlite.hpp"

namespace busbar::store {

// True if the file is not what was last opened here. Marks it anew. Whoever dies in between finds
// an "older copy", which costs some caution and loses nothing. A copy of the whole folder is not
// told apart. kUnavailable, naming the file beside, if it cannot be written.
Result<bool> is_older_copy(Connection& db, const std::filesystem::path& path);

}  // namespace busbar::store
