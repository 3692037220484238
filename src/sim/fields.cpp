#include "sim/fields.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace busbar::sim {
namespace {

constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();

}  // namespace

Error wrong(std::string_view field, std::string_view why) {
    return {Errc::kInvalid, std::string(field) + " " + std::string(why), std::string(field)};
}

Status only_known(const json::object& object, std::initializer_list<std::string_view> known) {
    for (const auto& member : object) {
        const std::string_view name{member.key().data(), member.key().size()};
        if (std::find(known.begin(), known.end(), name) == known.end())
            return wrong(name, "is not known");
    }
    return Done{};
}

std::optional<std::int64_t> integral(const json::value& value) {
    if (value.is_int64()) return value.get_int64();
    if (!value.is_double()) return {};
    const double number = value.get_double();
    if (!(std::abs(number) < 1e15) || number != std::floor(number)) return {};
    return static_cast<std::int64_t>(number);
}

Result<std::int64_t> whole_number(const json::object& from, std::string_view field) {
    const auto* value = from.if_contains(field);
    if (value == nullptr) return wrong(field, "is missing");
    const auto number = integral(*value);
    if (!number) return wrong(field, "must be a whole number");
    if (*number > kMaxInt || *number < -kMaxInt) return wrong(field, "is out of range");
    return *number;
}

Result<std::string> short_text(const json::object& from, std::string_view field,
                               std::size_t longest) {
    const auto* value = from.if_contains(field);
    if (value == nullptr) return wrong(field, "is missing");
    if (!value->is_string()) return wrong(field, "must be text");
    const auto& text = value->get_string();
    if (text.size() > longest) return wrong(field, "is too long");
    return std::string(text.data(), text.size());
}

Result<const json::object*> child(const json::object& from, std::string_view field) {
    const auto* value = from.if_contains(field);
    if (value == nullptr) return wrong(field, "is missing");
    if (!value->is_object()) return wrong(field, "must be an object");
    return &value->get_object();
}

Result<const json::array*> list(const json::object& from, std::string_view field) {
    const auto* value = from.if_contains(field);
    if (value == nullptr) return wrong(field, "is missing");
    if (!value->is_array()) return wrong(field, "must be an array");
    return &value->get_array();
}

Result<std::optional<std::int64_t>> optional_number(const json::object& from,
                                                    std::string_view field) {
    if (!from.contains(field)) return std::optional<std::int64_t>{};
    BUSBAR_TRY(number, whole_number(from, field));
    return std::optional{number};
}

Result<std::optional<TimePoint>> optional_time(const json::object& from, std::string_view field) {
    if (!from.contains(field)) return std::optional<TimePoint>{};
    BUSBAR_TRY(text, short_text(from, field, 64));
    auto time = parse_time(text);
    if (!time) return wrong(field, time.error().message);
    return std::optional{*time};
}

}  // namespace busbar::sim
