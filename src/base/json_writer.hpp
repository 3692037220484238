// Writes JSON text. Reading is Boost.JSON's; writing is ours for one reason: an amount of 10.5 A
// must come out as 10.5, with the digits that went in, where a library that holds doubles writes
// 1.05E1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.hpp"
#include "base/quantity.hpp"
#include "base/time.hpp"

namespace busbar {

// Appends `text` as a JSON string: quoted, with control characters escaped. Bytes that are not
// UTF-8 are replaced, so that the result is always valid JSON.
void append_json_string(std::string& out, std::string_view text);

inline std::string json_string(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

// Commas are put where they belong; braces and names are the caller's duty.
class JsonWriter {
public:
    JsonWriter& begin_object() { return open('{'); }
    JsonWriter& end_object() { return close('}'); }
    JsonWriter& begin_array() { return open('['); }
    JsonWriter& end_array() { return close(']'); }

    JsonWriter& key(std::string_view name) {
        separate();
        append_json_string(out_, name);
        out_ += ':';
        fresh_ = true;
        return *this;
    }

    JsonWriter& string(std::string_view text) {
        separate();
        append_json_string(out_, text);
        return *this;
    }
    JsonWriter& integer(std::int64_t number) { return raw(std::to_string(number)); }
    JsonWriter& boolean(bool truth) { return raw(truth ? "true" : "false"); }
    JsonWriter& null() { return raw("null"); }
    // Thousandths as a decimal.
    JsonWriter& milli(std::int64_t thousandths) { return raw(decimal(thousandths)); }
    // JSON text that is valid by itself.
    JsonWriter& raw(std::string_view json) {
        separate();
        out_ += json;
        return *this;
    }

    // A member in one call, by the type of its value.
    JsonWriter& member(std::string_view name, std::string_view text) {
        return key(name).string(text);
    }
    JsonWriter& member(std::string_view name, const char* text) { return key(name).string(text); }
    JsonWriter& member(std::string_view name, bool truth) { return key(name).boolean(truth); }
    JsonWriter& member(std::string_view name, std::int64_t number) {
        return key(name).integer(number);
    }
    JsonWriter& member(std::string_view name, int number) { return key(name).integer(number); }
    JsonWriter& member(std::string_view name, TimePoint time) {
        return key(name).string(format_time(time));
    }
    template <class Tag>
    JsonWriter& member(std::string_view name, const Id<Tag>& id) {
        return key(name).string(id.str());
    }
    template <class Unit>
    JsonWriter& member(std::string_view name, Quantity<Unit> quantity) {
        return key(name).milli(quantity.in_milli());
    }
    template <class T>
    JsonWriter& member(std::string_view name, const std::optional<T>& value) {
        return value ? member(name, *value) : key(name).null();
    }

    const std::string& text() const& { return out_; }
    std::string&& text() && { return std::move(out_); }

private:
    JsonWriter& open(char brace) {
        separate();
        out_ += brace;
        fresh_ = true;
        return *this;
    }
    JsonWriter& close(char brace) {
        out_ += brace;
        fresh_ = false;
        return *this;
    }
    void separate() {
        if (!fresh_) out_ += ',';
        fresh_ = false;
    }

    std::string out_;
    bool fresh_ = true;  // Nothing stands before that needs a comma.
};

}  // namespace busbar
