// Result<T>: a value, or the Error that explains why there is none.
//
// For failures that callers are expected to meet: bad input, a charger that is offline, a lost
// database. Programming mistakes are not Results: BUSBAR_CHECK stops the process. The class is
// [[nodiscard]], so no failure is dropped in silence. Names follow std::expected, which replaces
// this on g++ 13.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.hpp"

namespace busbar {

// What the caller can do about it, not where it happened. http/problem.cpp and
// ocpp/call_error.cpp hold the tables to HTTP status and OCPP error code.
enum class Errc {
    kMalformed,    // Not even readable: fix the syntax.
    kInvalid,      // Readable, but can never be right: fix the value.
    kForbidden,    // Not for this caller.
    kNotFound,     // The named thing does not exist.
    kConflict,     // Valid, but not in the present state or configuration.
    kTooLarge,     // Over a stated limit.
    kUnsupported,  // A media type, method or version that we do not speak.
    kBusy,         // A bounded queue is full: try again later.
    kUnavailable,  // Something below us is away: try again later.
    kTimeout,      // It may have happened: compare and reconcile, don't resend.
};

struct Error {
    Errc code;
    std::string message;     // For people; says what would be right.
    std::string field = {};  // The offending field of the input, if one is to blame.

    // Prefixes where it happened: "load site: open db: disk I/O error".
    Error in(std::string_view step) && {
        return {code, std::string(step) + ": " + std::move(message), std::move(field)};
    }
    bool operator==(const Error&) const = default;
};

template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    T& operator*() & { return std::get<0>(state_); }
    const T& operator*() const& { return std::get<0>(state_); }
    T&& operator*() && { return std::get<0>(std::move(state_)); }
    T* operator->() { return &std::get<0>(state_); }
    const T* operator->() const { return &std::get<0>(state_); }

    const Error& error() const& { return std::get<1>(state_); }
    Error&& error() && { return std::get<1>(std::move(state_)); }

private:
    std::variant<T, Error> state_;
};

struct Done {
    bool operator==(const Done&) const = default;
};
using Status = Result<Done>;

// TRY(name, expr): unwraps into `name`, or returns the Error. CO_TRY is the same for
// coroutines. Declarations, not ({...}): g++ 12 crashes on co_return inside those.
#define BUSBAR_TRY(name, expr)                                   \
    auto name##_result = (expr);                                 \
    if (!name##_result) return std::move(name##_result).error(); \
    auto& name = *name##_result
#define BUSBAR_CO_TRY(name, expr)                                   \
    auto name##_result = (expr);                                    \
    if (!name##_result) co_return std::move(name##_result).error(); \
    auto& name = *name##_result

}  // namespace busbar
