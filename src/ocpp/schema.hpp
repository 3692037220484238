// What a payload must look like, as tables, and the check against them.
//
// Pure. The tables stand beside the messages they describe; this file knows none of them.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "ocpp/call_error.hpp"

namespace busbar::ocpp {

struct Field {
    enum class Kind : std::uint8_t {
        kText,     // At most `most` characters.
        kWord,     // One of `words`.
        kTime,     // RFC 3339; a missing zone means UTC.
        kInteger,  // least..most. 1.0 is an integer.
        kNumber,   // Finite.
        kObject,   // With `fields`.
        kList,     // Of objects with `fields`.
        kAnything,
    };
    std::string_view name;
    Kind kind = Kind::kAnything;
    bool required = true;
    std::int64_t least = 0;
    std::int64_t most = 0;
    std::span<const std::string_view> words = {};
    std::span<const Field> fields = {};
};
using Fields = std::span<const Field>;

// Wide enough for every counter, narrow enough that a thousandfold of it is still an int64, and
// that a double holds it exactly.
inline constexpr std::int64_t kMaxInteger = 1'000'000'000'000'000;

// How tables are written.
constexpr Field text(std::string_view name, std::int64_t most) {
    return {.name = name, .kind = Field::Kind::kText, .most = most};
}
constexpr Field word(std::string_view name, std::span<const std::string_view> words) {
    return {.name = name, .kind = Field::Kind::kWord, .words = words};
}
constexpr Field time(std::string_view name) {
    return {.name = name, .kind = Field::Kind::kTime};
}
constexpr Field integer(std::string_view name, std::int64_t least = -kMaxInteger,
                        std::int64_t most = kMaxInteger) {
    return {.name = name, .kind = Field::Kind::kInteger, .least = least, .most = most};
}
constexpr Field number(std::string_view name) {
    return {.name = name, .kind = Field::Kind::kNumber};
}
constexpr Field object(std::string_view name, Fields fields) {
    return {.name = name, .kind = Field::Kind::kObject, .fields = fields};
}
constexpr Field list(std::string_view name, Fields fields) {
    return {.name = name, .kind = Field::Kind::kList, .fields = fields};
}
constexpr Field optional(Field field) {
    field.required = false;
    return field;
}

// Properties that are in no table: OCPP says refuse; some vendors send them all the same.
enum class Extras : std::uint8_t { kRefuse, kIgnore };

// The first thing wrong with `payload`, naming the field, or empty. With Extras::kIgnore a null
// is also as good as an optional field that is not there.
std::optional<CallError> check(const boost::json::object& payload, Fields fields, Extras extras);

// Reading a payload that passed its check. The fallback is for optional fields that are absent.
std::string_view text_at(const boost::json::object& payload, std::string_view name,
                         std::string_view fallback = {});
std::int64_t integer_at(const boost::json::object& payload, std::string_view name,
                        std::int64_t fallback = 0);
bool has(const boost::json::object& payload, std::string_view name);

}  // namespace busbar::ocpp
