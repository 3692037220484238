// What a payload must look like, as tables, and the check against them.
//
// Pure. The tables are those of messages.hpp; this file knows none of them.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "ocpp/call_error.hpp"

namespace busbar::ocpp {

// Wide enough for every counter, narrow enough that a thousandfold of it is still an int64, and
// that a double holds it exactly.
inline constexpr std::int64_t kMaxInteger = 1'000'000'000'000'000;

struct Field {
    enum class Kind : std::uint8_t {
        kText,  // At most `most` characters.
        kWord,  // One of `words`.
        kTime,  // RFC 3339; a missing zone means UTC.
        kBoolean,
        kInteger,     // least..most. 1.0 is an integer.
        kNumber,      // least..most.
        kTenths,      // A number, with one decimal at most.
        kObject,      // With `fields`, and no others.
        kOpenObject,  // With `fields`, and whatever else.
        kAnything,
    };
    static constexpr auto kNoLeast = std::numeric_limits<std::int64_t>::min();
    static constexpr auto kNoMost = std::numeric_limits<std::int64_t>::max();

    std::string_view name;
    Kind kind = Kind::kAnything;
    bool required = true;
    bool list = false;  // Of fewest..most_elements, each as the rest of the field says.
    std::uint16_t fewest = 0;
    std::uint32_t most_elements = std::numeric_limits<std::uint32_t>::max();
    std::int64_t least = kNoLeast;
    std::int64_t most = kNoMost;
    std::span<const std::string_view> words = {};
    std::span<const Field> fields = {};
};

// Of one object: at most kMaxFields, each of another name.
using Fields = std::span<const Field>;
inline constexpr std::size_t kMaxFields = 64;

// Properties that are in no table: OCPP says refuse; some vendors send them all the same.
enum class Extras : std::uint8_t { kRefuse, kIgnore };

// Something that is wrong with `payload`, naming the field, or empty. With Extras::kIgnore a null
// is also as good as an optional field that is not there.
// Cost: about 0.6 us for a MeterValues of five samples, a third of what parsing it costs.
std::optional<CallError> check(const boost::json::object& payload, Fields fields, Extras extras);

// Reading a payload that passed its check. The fallback is for optional fields that are absent.
std::string_view text_at(const boost::json::object& payload, std::string_view name,
                         std::string_view fallback = {});
std::int64_t integer_at(const boost::json::object& payload, std::string_view name,
                        std::int64_t fallback = 0);
bool has(const boost::json::object& payload, std::string_view name);

}  // namespace busbar::ocpp
