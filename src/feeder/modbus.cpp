#include "feeder/modbus.hpp"

#include <algorithm>

namespace busbar::feeder::modbus {
namespace {

constexpr std::size_t kHead = 6;       // Transaction, protocol, length.
constexpr std::size_t kLeastRest = 3;  // Unit, function, and at least one byte.
constexpr std::size_t kMostRest = 254;

void append_word(std::string& out, std::uint16_t word) {
    out += static_cast<char>(word >> 8U);
    out += static_cast<char>(word & 0xffU);
}

std::uint8_t byte_at(const std::string& bytes, std::size_t at) {
    return static_cast<std::uint8_t>(bytes[at]);
}

std::uint16_t word_at(const std::string& bytes, std::size_t at) {
    return static_cast<std::uint16_t>(byte_at(bytes, at) << 8U | byte_at(bytes, at + 1));
}

std::string refusal(std::uint8_t code) {
    switch (code) {
        case 1:
            return "it does not know this function: holding or input registers?";
        case 2:
            return "it has no such register";
        case 3:
            return "it does not take this number of registers";
        case 4:
            return "it has failed inside";
        case 6:
            return "it is busy";
        case 10:
            return "the gateway has no path to this unit";
        case 11:
            return "the unit behind the gateway does not answer";
        default:
            return "exception " + std::to_string(code);
    }
}

}  // namespace

std::vector<Read> plan_reads(std::span<const std::uint16_t> addresses, int width) {
    std::vector<std::uint16_t> sorted(addresses.begin(), addresses.end());
    std::ranges::sort(sorted);
    std::vector<Read> reads;
    for (const auto address : sorted) {
        const int end = address + width;
        BUSBAR_CHECK(width > 0);
        BUSBAR_CHECK(end <= 65'536);
        if (!reads.empty()) {
            auto& last = reads.back();
            const int count = end - last.address;
            if (address <= last.address + last.count && count <= kMostRegisters) {
                last.count = static_cast<std::uint16_t>(count);
                continue;
            }
        }
        reads.push_back({address, static_cast<std::uint16_t>(width)});
    }
    return reads;
}

std::string request_bytes(const Request& request) {
    std::string out;
    append_word(out, request.transaction);
    append_word(out, 0);  // Protocol: Modbus.
    append_word(out, 6);  // Bytes that follow.
    out += static_cast<char>(request.unit);
    out += static_cast<char>(request.table);
    append_word(out, request.read.address);
    append_word(out, request.read.count);
    return out;
}

Result<std::optional<Answer>> take_answer(std::string& received) {
    if (received.size() < kHead) return std::optional<Answer>{};
    const std::size_t rest = word_at(received, 4);
    if (word_at(received, 2) != 0 || rest < kLeastRest || rest > kMostRest)
        return Error{Errc::kMalformed, "what answers does not speak Modbus TCP"};
    if (received.size() < kHead + rest) return std::optional<Answer>{};
    // The unit is skipped: gateways put what they like there.
    Answer answer{word_at(received, 0), received.substr(kHead + 1, rest - 1)};
    received.erase(0, kHead + rest);
    return std::optional{std::move(answer)};
}

Result<std::vector<std::uint16_t>> registers_in(const Answer& answer, const Request& request) {
    const auto& body = answer.body;
    const auto function = static_cast<std::uint8_t>(request.table);
    if (answer.transaction != request.transaction || body.size() < 2)
        return Error{Errc::kMalformed, "the answer is to another question"};
    if (byte_at(body, 0) == (function | 0x80U))
        return Error{Errc::kConflict, "the meter refuses to be read: " + refusal(byte_at(body, 1))};
    const std::size_t bytes = std::size_t{request.read.count} * 2;
    if (byte_at(body, 0) != function || byte_at(body, 1) != bytes || body.size() != 2 + bytes)
        return Error{Errc::kMalformed, "the answer does not hold what was asked for"};
    std::vector<std::uint16_t> registers;
    for (std::size_t at = 2; at < body.size(); at += 2) registers.push_back(word_at(body, at));
    return registers;
}

}  // namespace busbar::feeder::modbus
