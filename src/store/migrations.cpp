#include "store/migrations.hpp"

#include <string>

namespace busbar::store {
namespace {

Status refuse(std::string message) {
    return Error{Errc::kConflict, std::move(message)};
}

// The version of this file; 0 for a new one.
Result<std::int64_t> version_of(Connection& db, std::string_view kind) {
    BUSBAR_TRY(tables, db.integer("SELECT count(*) FROM sqlite_schema"));
    if (tables == 0) return 0;
    BUSBAR_TRY(ours, db.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'busbar_schema'"));
    if (ours != 1) return Error{Errc::kConflict, "is a database, but not one of busbar's"};
    std::string found;
    std::int64_t version = 0;
    const auto read =
        db.each("SELECT kind, version FROM busbar_schema", {}, [&](const Row& row) -> Status {
            found = row.text(0);
            version = row.integer(1);
            return Done{};
        });
    if (!read) return read.error();
    if (found != kind)
        return Error{Errc::kConflict,
                     "holds busbar's " + found + " data, not " + std::string(kind) + " data"};
    return version;
}

}  // namespace

Status migrate(Connection& db, std::string_view kind, std::span<const char* const> steps) {
    BUSBAR_TRY(version, version_of(db, kind));
    const auto known = static_cast<std::int64_t>(steps.size());
    if (version > known)
        return refuse("has schema version " + std::to_string(version) +
                      ", this busbar knows versions up to " + std::to_string(known) +
                      ": start the newer busbar, or restore a backup");
    // Not before we know that the file is ours to change.
    if (auto status = db.use_write_ahead_log(); !status) return status;
    for (; version < known; ++version) {
        auto step = db.transaction([&]() -> Status {
            if (version == 0) {
                auto table = db.script(
                    "CREATE TABLE busbar_schema (kind TEXT NOT NULL, version INTEGER NOT NULL) "
                    "STRICT; INSERT INTO busbar_schema VALUES ('', 0)");
                if (!table) return table;
            }
            if (auto status = db.script(steps[static_cast<std::size_t>(version)]); !status)
                return status;
            return db.run("UPDATE busbar_schema SET kind = ?, version = ?", {kind, version + 1});
        });
        if (!step)
            return std::move(step).error().in("to schema version " + std::to_string(version + 1));
    }
    return Done{};
}

}  // namespace busbar::store
