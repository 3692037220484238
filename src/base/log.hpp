// One line an event, readable by people and machines: a fixed event name, then fields.
//
//   log::info("dispatched", {{"charger", "CP-7"}, {"limit_a", "16"}, {"took_ms", 4}});
//   -> 2026-02-10T12:00:00.123Z info  dispatched charger=CP-7 limit_a=16 took_ms=4
//
// Goes to stderr. Values are escaped, so an outside text cannot forge a line. Thread-safe.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "base/id.hpp"
#include "base/quantity.hpp"

namespace busbar::log {

enum class Level { kDebug, kInfo, kWarn, kError, kOff };
enum class Format { kConsole, kJson };

// A value of a field: text, or a number.
class Value {
public:
    Value(const char* text) : value_(std::string(text)) {}
    Value(std::string_view text) : value_(std::string(text)) {}
    Value(const std::string& text) : value_(text) {}
    Value(int number) : value_(std::int64_t{number}) {}
    Value(std::int64_t number) : value_(number) {}
    Value(std::size_t number) : value_(static_cast<std::int64_t>(number)) {}
    template <class Tag>
    Value(const Id<Tag>& id) : value_(id.str()) {}
    template <class Unit>
    Value(Quantity<Unit> quantity) : value_(decimal(quantity.in_milli())) {}

    const std::variant<std::string, std::int64_t>& get() const { return value_; }

private:
    std::variant<std::string, std::int64_t> value_;
};

struct Field {
    std::string_view name;
    Value value;
};
using Fields = std::initializer_list<Field>;

// Before the first line, once. Later calls change the level and format for all threads.
void configure(Level level, Format format);

void debug(std::string_view event, Fields fields = {});
void info(std::string_view event, Fields fields = {});
void warn(std::string_view event, Fields fields = {});
void error(std::string_view event, Fields fields = {});

}  // namespace busbar::log
