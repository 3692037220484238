// Fields of an OCPP payload, read strictly: what is not as the schema says fails with kInvalid,
// naming the field.
//
// Pure.
#pragma once

#include <boost/json.hpp>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace busbar::sim {

namespace json = boost::json;

Error wrong(std::string_view field, std::string_view why);

// OCPP schemas allow no properties but their own.
Status only_known(const json::object& object, std::initializer_list<std::string_view> known);

// A number without a fraction; 1.0 is one.
std::optional<std::int64_t> integral(const json::value& value);

Result<std::int64_t> whole_number(const json::object& from, std::string_view field);
Result<std::string> short_text(const json::object& from, std::string_view field,
                               std::size_t longest);
Result<const json::object*> child(const json::object& from, std::string_view field);
Result<const json::array*> list(const json::object& from, std::string_view field);

// Empty where the field is not there.
Result<std::optional<std::int64_t>> optional_number(const json::object& from,
                                                    std::string_view field);
Result<std::optional<TimePoint>> optional_time(const json::object& from, std::string_view field);

}  // namespace busbar::sim
