// Reads JSON that strangers sent: strictly, within limits, and with numbers as they were written,
// because 10.5 A must become 10,500 mA and not whatever a double makes of it.
//
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/quantity.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace busbar::http {

struct JsonMember;

struct JsonNull {};
struct JsonNumber {
    std::string text;  // As written, and valid by JSON's grammar.
};
struct Json {
    std::variant<JsonNull, bool, JsonNumber, std::string, std::vector<Json>,
                 std::vector<JsonMember>>
        value;

    bool is_null() const;
};
struct JsonMember {
    std::string name;
    Json value;
};
inline bool Json::is_null() const {
    return std::holds_alternative<JsonNull>(value);
}

// Fails with kMalformed if it is no JSON, not UTF-8, nested deeper than 32, or has a name twice in
// one object; kTooLarge above 64 members in an object, 1,024 in an array or 4,096 values in all.
Result<Json> parse_json(std::string_view text);

// The members of one object, taken out one by one. The first that is wrong is remembered; so is
// what nobody asked for.
//
//   BUSBAR_TRY(fields, Fields::of(body));
//   draft.reason = fields.text("reason", 256).value_or("");
//   if (auto wrong = fields.finish(); !wrong) return wrong.error();
class Fields {
public:
    // kMalformed if `body` is no JSON or no object.
    static Result<Fields> of(std::string_view body);
    explicit Fields(std::vector<JsonMember> members, std::string prefix = {});

    bool has(std::string_view name);  // And is not null.

    // Each is empty where the member is not there, or is wrong.
    std::optional<std::string> text(std::string_view name, std::size_t most_bytes);
    std::optional<bool> truth(std::string_view name);
    std::optional<std::int64_t> whole(std::string_view name);
    std::optional<Amperes> amperes(std::string_view name);
    // What was measured, in multiples of 10^-places, rounded.
    std::optional<std::int64_t> measured(std::string_view name, int places);
    std::optional<TimePoint> time(std::string_view name);
    std::optional<Json> any(std::string_view name);

    // Makes null count as not there; for members where it means "none". True if it was null.
    bool take_null(std::string_view name);

    void wrong(std::string_view name, std::string message, Errc code = Errc::kInvalid);
    // For values that must be there: remembers "is required" if `value` is empty.
    template <class T>
    std::optional<T> required(std::string_view name, std::optional<T> value) {
        if (!value) wrong(name, "is required");
        return value;
    }

    // kMalformed for a member that is not known, else the first that was wrong.
    Status finish();

private:
    struct Slot {
        JsonMember member;
        bool asked = false;
    };
    Slot* find(std::string_view name);

    std::vector<Slot> slots_;
    std::vector<std::string> known_;
    std::string prefix_;  // Of names in messages: "select.".
    std::optional<Error> first_;
};

// A number as an amount: 0 or above, three decimals at most. Fails with kInvalid.
Result<Amperes> amperes_of(const Json& json);

}  // namespace busbar::http
