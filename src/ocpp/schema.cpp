#include "ocpp/schema.hpp"

#include <algorithm>
#include <bitset>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cmath>

#include "base/time.hpp"
#include "base/utf8.hpp"

namespace busbar::ocpp {
namespace {

namespace json = boost::json;
using Wrong = std::optional<CallError>;
using Kind = Field::Kind;

// Where a value stands, written out only when something is wrong with it.
struct Path {
    const Path* parent = nullptr;
    std::string_view name = {};
    std::size_t index = 0;  // Of the element, where `name` is empty.

    std::string str() const {
        if (parent == nullptr) return {};
        const auto before = parent->str();
        if (name.empty()) return before + "[" + std::to_string(index) + "]";
        return before + (before.empty() ? "" : ".") + std::string(name);
    }
};

// 1 and 1.0 alike; empty for anything that is not a whole number in range.
std::optional<std::int64_t> as_integer(const json::value& value) {
    if (const auto* whole = value.if_int64()) return *whole;
    const auto* number = value.if_double();
    if (number == nullptr || std::abs(*number) > static_cast<double>(kMaxInteger)) return {};
    const auto whole = static_cast<std::int64_t>(*number);
    if (static_cast<double>(whole) != *number) return {};
    return whole;
}

CallError out_of_range(const Path& path, std::string_view what) {
    return {ErrorCode::kPropertyConstraintViolation, path.str() + ": " + std::string(what)};
}

CallError occurs_wrongly(const Path& path, const std::string& what) {
    return {ErrorCode::kOccurenceConstraintViolation, path.str() + ": " + what};
}

CallError wrong_type(const Path& path, std::string_view expected) {
    return {ErrorCode::kTypeConstraintViolation, path.str() + ": is not " + std::string(expected)};
}

Wrong check_text(const json::value& value, const Field& field, const Path& path) {
    const auto* string = value.if_string();
    if (string == nullptr) return wrong_type(path, "a string");
    const std::string_view text(*string);
    switch (field.kind) {
        case Kind::kText:
            if (static_cast<std::int64_t>(characters_in(text)) > field.most)
                return out_of_range(path,
                                    "is longer than " + std::to_string(field.most) + " characters");
            return {};
        case Kind::kWord:
            if (std::find(field.words.begin(), field.words.end(), text) == field.words.end())
                return out_of_range(path, "is not a word that OCPP knows here");
            return {};
        case Kind::kTime:
            if (!parse_time(text, Zone::kAssumeUtc)) return out_of_range(path, "is not a time");
            return {};
        case Kind::kBoolean:
        case Kind::kInteger:
        case Kind::kNumber:
        case Kind::kTenths:
        case Kind::kObject:
        case Kind::kOpenObject:
        case Kind::kAnything:
            break;
    }
    __builtin_unreachable();
}

Wrong check_integer(const json::value& value, const Field& field, const Path& path) {
    if (!value.is_number()) return wrong_type(path, "an integer");
    const auto whole = as_integer(value);
    const bool fraction = value.is_double() && std::abs(value.get_double()) < 1e15;
    if (!whole && fraction) return wrong_type(path, "an integer");
    if (!whole || *whole < field.least || *whole > field.most)
        return out_of_range(path, "is out of range");
    return {};
}

Wrong check_number(const json::value& value, const Field& field, const Path& path) {
    if (!value.is_number()) return wrong_type(path, "a number");
    const auto number = value.to_number<double>();
    if ((field.least != Field::kNoLeast && number < static_cast<double>(field.least)) ||
        (field.most != Field::kNoMost && number > static_cast<double>(field.most)))
        return out_of_range(path, "is out of range");
    // Hardly any tenth is a double: 16.3 * 10 is 163 but for the last digits.
    const auto tenths = number * 10;
    if (field.kind == Kind::kTenths && std::abs(tenths - std::round(tenths)) > 1e-6)
        return out_of_range(path, "has more than one decimal");
    return {};
}

Wrong check_object(const json::object& payload, Fields fields, bool open, Extras extras,
                   const Path& path);

// One value, or one element of a list.
Wrong check_one(const json::value& value, const Field& field, Extras extras, const Path& path) {
    switch (field.kind) {
        case Kind::kText:
        case Kind::kWord:
        case Kind::kTime:
            return check_text(value, field, path);
        case Kind::kBoolean:
            if (!value.is_bool()) return wrong_type(path, "true or false");
            return {};
        case Kind::kInteger:
            return check_integer(value, field, path);
        case Kind::kNumber:
        case Kind::kTenths:
            return check_number(value, field, path);
        case Kind::kObject:
        case Kind::kOpenObject:
            if (!value.is_object()) return wrong_type(path, "an object");
            return check_object(value.get_object(), field.fields, field.kind == Kind::kOpenObject,
                                extras, path);
        case Kind::kAnything:
            return {};
    }
    __builtin_unreachable();
}

Wrong check_list(const json::value& value, const Field& field, Extras extras, const Path& path) {
    const auto* elements = value.if_array();
    if (elements == nullptr) return wrong_type(path, "a list");
    if (elements->size() < field.fewest)
        return occurs_wrongly(path, "has fewer elements than " + std::to_string(field.fewest));
    if (elements->size() > field.most_elements)
        return occurs_wrongly(path,
                              "has more elements than " + std::to_string(field.most_elements));
    std::size_t index = 0;
    for (const auto& element : *elements) {
        const Path where{&path, {}, index++};
        if (auto wrong = check_one(element, field, extras, where)) return wrong;
    }
    return {};
}

Wrong check_object(const json::object& payload, Fields fields, bool open, Extras extras,
                   const Path& path) {
    std::bitset<kMaxFields> present;
    for (const auto& member : payload) {
        const std::string_view name = member.key();
        // Names mostly differ in length already: faster than halving sorted ones.
        const auto field = std::find_if(fields.begin(), fields.end(),
                                        [&](const Field& each) { return each.name == name; });
        if (field == fields.end()) {
            if (open || extras == Extras::kIgnore) continue;
            const Path where{&path, first_characters(name, 50)};
            return CallError{ErrorCode::kFormationViolation,
                             where.str() + ": is not a field of this message"};
        }
        present.set(static_cast<std::size_t>(field - fields.begin()));
        if (extras == Extras::kIgnore && !field->required && member.value().is_null()) continue;
        const Path where{&path, field->name};
        if (auto wrong = field->list ? check_list(member.value(), *field, extras, where)
                                     : check_one(member.value(), *field, extras, where))
            return wrong;
    }
    for (std::size_t i = 0; i < fields.size(); ++i)
        if (fields[i].required && !present[i])
            return occurs_wrongly(Path{&path, fields[i].name}, "is missing");
    return {};
}

}  // namespace

Wrong check(const json::object& payload, Fields fields, Extras extras) {
    return check_object(payload, fields, false, extras, Path{});
}

std::string_view text_at(const json::object& payload, std::string_view name,
                         std::string_view fallback) {
    const auto* value = payload.if_contains(name);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                  : fallback;
}

std::int64_t integer_at(const json::object& payload, std::string_view name, std::int64_t fallback) {
    const auto* value = payload.if_contains(name);
    return value != nullptr ? as_integer(*value).value_or(fallback) : fallback;
}

bool has(const json::object& payload, std::string_view name) {
    const auto* value = payload.if_contains(name);
    return value != nullptr && !value->is_null();
}

}  // namespace busbar::ocpp
