// The part of Modbus TCP that reading a meter takes: function 3 (holding registers) and 4 (input
// registers), after "Modbus Messaging on TCP/IP Implementation Guide" V1.0b.
//
// Pure: bytes in, bytes out. Ours and not libmodbus's, because that one waits with select(): with
// more than 1,024 files open, as a server of many chargers has, it ends the process. The tests hold
// this against libmodbus as the server.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace busbar::feeder::modbus {

inline constexpr int kMostRegisters = 125;  // In one reading; the protocol's own bound.

enum class Table : std::uint8_t { kHolding = 3, kInput = 4 };  // The function that reads it.

// One reading of registers that lie side by side.
struct Read {
    std::uint16_t address = 0;
    std::uint16_t count = 0;  // 1 to kMostRegisters.

    bool operator==(const Read&) const = default;
};

// The fewest readings that cover these registers and nothing else: `addresses` begin values of
// `width` registers each. A gap is never read over, as many meters refuse whole readings that
// touch an address which they do not have. Requires: address + width <= 65,536 for each.
std::vector<Read> plan_reads(std::span<const std::uint16_t> addresses, int width);

struct Request {
    std::uint16_t transaction = 0;  // The answer carries the same.
    std::uint8_t unit = 1;
    Table table = Table::kHolding;
    Read read = {};
};
std::string request_bytes(const Request& request);

// One answer, as it lies on the wire without its length.
struct Answer {
    std::uint16_t transaction = 0;
    std::string body = {};  // Function code and what follows; 1 to 253 bytes.
};

// Takes the first whole answer off the front of `received`; nothing, and `received` as it was,
// while part of it is missing. Fails with kMalformed for what cannot be Modbus: close the
// connection.
Result<std::optional<Answer>> take_answer(std::string& received);

// The registers that `request` asked for. Fails with kConflict where the meter refused, naming its
// reason, and with kMalformed if this is not an answer to `request`.
Result<std::vector<std::uint16_t>> registers_in(const Answer& answer, const Request& request);

}  // namespace busbar::feeder::modbus
