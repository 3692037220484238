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

// The members of an object. kMalformed if `body` is no JSON or no object.
Result<std::vector<JsonMember>> object_in(std::string_view body);

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
    std::optional<Amperes> amperes(std::string_view name) { return quantity<Amperes>(name); }
    // An amount in the unit of its type, 0 or above.
    template <class Q>
    std::optional<Q> quantity(std::string_view name) {
        const auto amount = milli(name, kMaxInputMilli);
        return amount ? std::optional(Q::milli(*amount)) : std::nullopt;
    }
    // ...and in thousands of it, up to a million of those: kW of watts.
    template <class Q>
    std::optional<Q> kilo(std::string_view name) {
        const auto amount = milli(name, kMaxInputMilli / 1'000);
        return amount ? std::optional(Q::of(*amount)) : std::nullopt;
    }
    // What was measured, in multiples of 10^-places, rounded.
    std::optional<std::int64_t> measured(std::string_view name, int places);
    std::optional<TimePoint> time(std::string_view name);
    std::optional<Json> any(std::string_view name);
    // An object, for its own finish(); what is wrong with that goes to wrong_in().
    std::optional<Fields> object(std::string_view name);
    std::optional<std::vector<Json>> list(std::string_view name, std::size_t most);

    // Makes null count as not there; for members where it means "none". True if it was null.
    bool take_null(std::string_view name);

    void wrong(std::string_view name, std::string message, Errc code = Errc::kInvalid);
    // Remembers what is wrong inside a member; its field is named there.
    void wrong_in(Error error);
    // The name of a member in messages: "select.charger".
    std::string full_name(std::string_view name) const { return prefix_ + std::string(name); }
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
    std::optional<std::int64_t> milli(std::string_view name, std::int64_t most);

    std::vector<Slot> slots_;
    std::vector<std::string> known_;
    std::string prefix_;  // Of names in messages: "select.".
    std::optional<Error> first_;
};

// A number as an amount in thousandths: 0 or above, three decimals at most. Fails with kInvalid.
Result<std::int64_t> milli_of(const Json& json);

}  // namespace busbar::http
