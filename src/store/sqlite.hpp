// A connection to one SQLite file, as little as is needed of it.
//
//   BUSBAR_TRY(db, Connection::open(path, Access::kReadWrite));
//   db->run("INSERT INTO sites (id, name) VALUES (?, ?)", {site.id, site.name});
//   db->each("SELECT name FROM sites WHERE id = ?", {id}, [&](const Row& row) -> Status {
//       name = row.text(0);
//       return Done{};
//   });
//
// What is committed survives kill -9 and power loss (write-ahead log, synchronous=FULL). Errors:
// kUnavailable for a disk that is full, failing or locked by somebody for more than 1.5 s;
// kConflict for a violated constraint; kTooLarge for a value beyond SQLite's limits.
//
// A connection is used by one thread at a time; pass it on, don't share it.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/id.hpp"
#include "base/quantity.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace busbar::store {

// A time as SQLite keeps it: microseconds since 1970.
constexpr std::int64_t to_us(TimePoint time) {
    return time.time_since_epoch().count();
}
constexpr TimePoint from_us(std::int64_t us) {
    return TimePoint{Duration{us}};
}

// What may be bound to a `?`. Texts are not copied: they must live until the call returns.
// Quantities become thousandths, times microseconds: columns say so (limit_ma, due_us).
class Value {
public:
    Value(std::nullopt_t) {}
    Value(int number) : value_(std::int64_t{number}) {}
    Value(std::int64_t number) : value_(number) {}
    Value(bool flag) : value_(std::int64_t{flag}) {}
    Value(std::string_view text) : value_(text) {}
    Value(const std::string& text) : value_(std::string_view(text)) {}
    Value(const char* text) : value_(std::string_view(text)) {}
    template <class Tag>
    Value(const Id<Tag>& id) : Value(id.str()) {}
    template <class Unit>
    Value(Quantity<Unit> quantity) : value_(quantity.in_milli()) {}
    Value(TimePoint time) : value_(to_us(time)) {}
    template <class T>
    Value(const std::optional<T>& optional) {
        if (optional) *this = Value(*optional);
    }

    const auto& get() const { return value_; }

private:
    std::variant<std::monostate, std::int64_t, std::string_view> value_;
};
using Values = std::initializer_list<Value>;

// One row of an answer; columns count from 0. Valid inside the function that gets it.
class Row {
public:
    explicit Row(sqlite3_stmt* statement) : statement_(statement) {}

    bool is_null(int column) const;
    std::int64_t integer(int column) const;
    std::string text(int column) const;
    TimePoint time(int column) const { return from_us(integer(column)); }
    template <class Q>
    Q quantity(int column) const {
        return Q::milli(integer(column));
    }

private:
    sqlite3_stmt* statement_;
};

enum class Access : std::uint8_t { kReadWrite, kReadOnly };

class Connection {
public:
    // Creates the file (readable by its owner only) with kReadWrite. The error names the path.
    static Result<std::unique_ptr<Connection>> open(const std::filesystem::path& path,
                                                    Access access);

    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // Switches the file to a write-ahead log, for good. Before the first table or at any later
    // time, with nobody else at the file. Without it the promise above does not hold.
    Status use_write_ahead_log();

    // Several statements, separated by semicolons, without values.
    Status script(const std::string& sql);

    // One statement. It stays prepared, so `sql` must be one of a fixed set of texts.
    Status run(std::string_view sql, Values values = {});
    // One statement, `take` for each row; ends early with the first error of `take`.
    Status each(std::string_view sql, Values values, const std::function<Status(const Row&)>& take);
    // The first column of the first row, empty without one.
    Result<std::optional<std::int64_t>> integer(std::string_view sql, Values values = {});

    // BEGIN (for writing, where the connection may), `body`, COMMIT; ROLLBACK if either fails.
    Status transaction(const std::function<Status()>& body);

    // Rows changed by the last INSERT, UPDATE or DELETE.
    std::int64_t changes() const;
    // Some errors end a transaction by themselves.
    bool in_transaction() const;

    // Moves the log into the database file once it is longer than some 8 MB. Nothing else does,
    // so call it after commits, when nobody waits. Whoever reads meanwhile only delays it.
    Status checkpoint_if_long();

private:
    struct Close {
        void operator()(sqlite3* db) const;
    };
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };

    Connection() = default;
    Status configure();
    Result<sqlite3_stmt*> prepared(std::string_view sql);
    Error failure() const;

    std::unique_ptr<sqlite3, Close> db_;
    std::map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>, std::less<>> statements_;
    Access access_ = Access::kReadWrite;
    int log_pages_ = 0;
};

}  // namespace busbar::store
