// How the tables of messages_v16.cpp and its like are written. tools/ocpp_tables.mjs writes them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "ocpp/messages.hpp"
#include "ocpp/schema.hpp"

namespace busbar::ocpp::tables {

std::span<const Message> messages_v16();
std::span<const Message> messages_v201();
std::span<const Message> messages_v21();

constexpr Field text(std::string_view name, std::int64_t most = Field::kNoMost) {
    return {.name = name, .kind = Field::Kind::kText, .most = most};
}
constexpr Field word(std::string_view name, std::span<const std::string_view> words) {
    return {.name = name, .kind = Field::Kind::kWord, .words = words};
}
constexpr Field time(std::string_view name) {
    return {.name = name, .kind = Field::Kind::kTime};
}
constexpr Field boolean(std::string_view name) {
    return {.name = name, .kind = Field::Kind::kBoolean};
}
constexpr Field integer(std::string_view name, std::int64_t least = -kMaxInteger,
                        std::int64_t most = kMaxInteger) {
    return {.name = name, .kind = Field::Kind::kInteger, .least = least, .most = most};
}
constexpr Field number(std::string_view name, std::int64_t least = Field::kNoLeast,
                       std::int64_t most = Field::kNoMost) {
    return {.name = name, .kind = Field::Kind::kNumber, .least = least, .most = most};
}
constexpr Field tenths(std::string_view name) {
    return {.name = name, .kind = Field::Kind::kTenths};
}
constexpr Field object(std::string_view name, Fields fields) {
    return {.name = name, .kind = Field::Kind::kObject, .fields = fields};
}
constexpr Field open_object(std::string_view name, Fields fields) {
    return {.name = name, .kind = Field::Kind::kOpenObject, .fields = fields};
}
constexpr Field anything(std::string_view name) {
    return {.name = name};
}
constexpr Field list(Field element, std::uint16_t fewest = 0) {
    element.list = true;
    element.fewest = fewest;
    return element;
}
constexpr Field list(Field element, std::uint16_t fewest, std::uint32_t most) {
    element.most_elements = most;
    return list(element, fewest);
}
constexpr Field optional(Field field) {
    field.required = false;
    return field;
}

}  // namespace busbar::ocpp::tables
