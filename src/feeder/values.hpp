// What meters say, as amperes: registers of Modbus, and payloads of MQTT.
//
// Pure. Whatever comes in, the answer is a current that a feeder can carry, or an Error that says
// what was wrong with it: not finite, out of range, of another type, not there.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/quantity.hpp"
#include "base/result.hpp"
#include "domain/phase.hpp"

namespace busbar::feeder {

// No feeder carries more: what is above is a wrong scale or a wrong register.
inline constexpr Amperes kMostCurrent = 100'000_A;
inline constexpr std::size_t kMostPayload = 65'536;  // Bytes of one message.

// How a number lies in registers of 16 bits. 32 bits are two registers.
enum class Number : std::uint8_t { kUint16, kInt16, kUint32, kInt32, kFloat32 };
enum class Words : std::uint8_t { kHighFirst, kLowFirst };  // Which of the two comes first.

struct Encoding {
    Number number = Number::kFloat32;
    Words words = Words::kHighFirst;
    Amperes scale = 1_A;  // What one unit of the number is. 0.001 A to 1000 A.

    bool operator==(const Encoding&) const = default;
};
inline constexpr Amperes kMostScale = 1000_A;

constexpr int registers_of(Number number) {
    return number == Number::kUint16 || number == Number::kInt16 ? 1 : 2;
}

// One line. Current that flows out (solar, a battery) is no load: it counts as 0, and is flagged.
struct Current {
    Amperes amount = {};
    bool exporting = false;

    bool operator==(const Current&) const = default;
};
using Currents = std::array<std::optional<Current>, 3>;  // By Phase.

// Rounds to the nearest milliampere. Fails with kInvalid for what is not finite, beyond
// kMostCurrent in either direction, or the value by which meters say that they have none: the
// least and the greatest of a signed integer, the greatest of an unsigned one.
// Requires: registers.size() == registers_of(encoding.number), scale in its range.
Result<Current> decode(std::span<const std::uint16_t> registers, const Encoding& encoding);

// Where a line's number stands in a payload: a JSON pointer (RFC 6901, "/phases/0/current");
// empty: the payload is the number and nothing else.
struct PayloadField {
    Phase phase = Phase::kL1;
    std::string pointer = {};

    bool operator==(const PayloadField&) const = default;
};

// All of the fields, or none: a message that lacks one is refused whole. A number in quotation
// marks is text, and refused. Fails with kInvalid (the field is the pointer), kTooLarge.
Result<Currents> read_payload(std::string_view payload, std::span<const PayloadField> fields,
                              Amperes scale);

}  // namespace busbar::feeder
