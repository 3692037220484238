#include "store/sqlite.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace busbar::store {
namespace {

constexpr int kLockWaitMs = 1'500;  // The API answers 503 within 2 s.
constexpr int kLongLogPages = 1'000;

Errc code_of(int sqlite_code) {
    switch (sqlite_code & 0xFF) {
        case SQLITE_CONSTRAINT:
            return Errc::kConflict;
        case SQLITE_TOOBIG:
            return Errc::kTooLarge;
        case SQLITE_MISUSE:
        case SQLITE_RANGE:
            BUSBAR_CHECK(!"SQLite used as it must not be");
            break;
        default:
            break;
    }
    return Errc::kUnavailable;
}

// SQLite would create it readable for all, and it holds ids of people and their cars.
Status create_private(const std::filesystem::path& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return Error{Errc::kUnavailable, path.string() + ": " + std::strerror(errno)};
    ::close(file);
    return Done{};
}

int bind(sqlite3_stmt* statement, int index, const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value.get()))
        return sqlite3_bind_int64(statement, index, *number);
    if (const auto* text = std::get_if<std::string_view>(&value.get())) {
        // A null pointer would bind NULL, and an empty text is none.
        const char* data = text->data() == nullptr ? "" : text->data();
        return sqlite3_bind_text64(statement, index, data, text->size(), SQLITE_STATIC,
                                   SQLITE_UTF8);
    }
    return sqlite3_bind_null(statement, index);
}

// Lets go of read locks and of texts that will not live on.
class Reset {
public:
    explicit Reset(sqlite3_stmt* statement) : statement_(statement) {}
    ~Reset() {
        sqlite3_reset(statement_);
        sqlite3_clear_bindings(statement_);
    }
    Reset(const Reset&) = delete;
    Reset& operator=(const Reset&) = delete;

private:
    sqlite3_stmt* statement_;
};

}  // namespace

bool Row::is_null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Row::integer(int column) const {
    return sqlite3_column_int64(statement_, column);
}

std::string Row::text(int column) const {
    const auto* data = sqlite3_column_text(statement_, column);
    if (data == nullptr) return {};
    return {reinterpret_cast<const char*>(data),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

void Connection::Close::operator()(sqlite3* db) const {
    const int code = sqlite3_close(db);
    BUSBAR_CHECK(code == SQLITE_OK);  // Every statement was finalized before.
}

void Connection::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& path,
                                                     Access access) {
    if (access == Access::kReadWrite) {
        if (auto status = create_private(path); !status) return std::move(status).error();
    }
    std::unique_ptr<Connection> connection{new Connection};
    connection->access_ = access;
    const int mode = access == Access::kReadWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                                  : SQLITE_OPEN_READONLY;
    sqlite3* db = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &db, mode | SQLITE_OPEN_NOMUTEX, nullptr);
    connection->db_.reset(db);
    if (db == nullptr) return Error{Errc::kUnavailable, path.string() + ": out of memory"};
    if (code != SQLITE_OK) return connection->failure().in(path.string());
    if (auto status = connection->configure(); !status)
        return std::move(status).error().in(path.string());
    return connection;
}

Status Connection::configure() {
    sqlite3_extended_result_codes(db_.get(), 1);
    sqlite3_busy_timeout(db_.get(), kLockWaitMs);
    if (access_ == Access::kReadOnly) return script("PRAGMA query_only = ON");
    // Pages of 8 KiB take less disk a reading than those of 4 KiB. Counts for new files only.
    auto status = script(
        "PRAGMA page_size = 8192;"
        "PRAGMA synchronous = FULL;"
        "PRAGMA temp_store = MEMORY;"
        "PRAGMA journal_size_limit = 67108864;");
    if (!status) return status;
    // Takes the place of the automatic checkpoint, which would run inside a commit.
    sqlite3_wal_hook(
        db_.get(),
        [](void* self, sqlite3*, const char*, int pages) {
            static_cast<Connection*>(self)->log_pages_ = pages;
            return SQLITE_OK;
        },
        this);
    return Done{};
}

Status Connection::use_write_ahead_log() {
    return each("PRAGMA journal_mode = WAL", {}, [](const Row& row) -> Status {
        if (row.text(0) == "wal") return Done{};
        return Error{Errc::kUnavailable, "this file system cannot hold a write-ahead log"};
    });
}

Error Connection::failure() const {
    const int code = sqlite3_extended_errcode(db_.get());
    std::string message = sqlite3_errmsg(db_.get());
    const int reason = sqlite3_system_errno(db_.get());
    const bool outside = (code & 0xFF) == SQLITE_IOERR || (code & 0xFF) == SQLITE_CANTOPEN;
    if (outside && reason != 0) message += std::string(" (") + std::strerror(reason) + ")";
    return {code_of(code), std::move(message)};
}

Status Connection::script(const std::string& sql) {
    if (sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return Done{};
    return failure();
}

Result<sqlite3_stmt*> Connection::prepared(std::string_view sql) {
    if (const auto found = statements_.find(sql); found != statements_.end())
        return found->second.get();
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return failure();
    BUSBAR_CHECK(statement != nullptr);
    statements_.emplace(sql, statement);
    return statement;
}

Status Connection::run(std::string_view sql, Values values) {
    return each(sql, values, [](const Row&) -> Status { return Done{}; });
}

Status Connection::each(std::string_view sql, Values values,
                        const std::function<Status(const Row&)>& take) {
    BUSBAR_TRY(statement, prepared(sql));
    const Reset reset(statement);
    BUSBAR_CHECK(sqlite3_bind_parameter_count(statement) == static_cast<int>(values.size()));
    int index = 0;
    for (const auto& value : values)
        if (bind(statement, ++index, value) != SQLITE_OK) return failure();
    for (;;) {
        const int code = sqlite3_step(statement);
        if (code == SQLITE_DONE) return Done{};
        if (code != SQLITE_ROW) return failure();
        if (auto status = take(Row{statement}); !status) return status;
    }
}

Result<std::optional<std::int64_t>> Connection::integer(std::string_view sql, Values values) {
    std::optional<std::int64_t> number;
    const auto status = each(sql, values, [&](const Row& row) -> Status {
        if (!number && !row.is_null(0)) number = row.integer(0);
        return Done{};
    });
    if (!status) return status.error();
    return number;
}

Status Connection::transaction(const std::function<Status()>& body) {
    const bool writes = access_ == Access::kReadWrite;
    if (auto status = run(writes ? "BEGIN IMMEDIATE" : "BEGIN"); !status) return status;
    auto status = body();
    if (status) status = run("COMMIT");
    // Where even this fails, SQLite undoes the transaction when the file is next opened.
    if (!status && in_transaction()) (void)run("ROLLBACK");
    return status;
}

std::int64_t Connection::changes() const {
    return sqlite3_changes64(db_.get());
}

bool Connection::in_transaction() const {
    return sqlite3_get_autocommit(db_.get()) == 0;
}

Status Connection::checkpoint_if_long() {
    if (log_pages_ < kLongLogPages) return Done{};
    log_pages_ = 0;
    const int code =
        sqlite3_wal_checkpoint_v2(db_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if (code == SQLITE_OK || code == SQLITE_BUSY) return Done{};
    return failure();
}

}  // namespace busbar::store
