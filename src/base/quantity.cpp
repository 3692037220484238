#include "base/quantity.hpp"

#include <algorithm>

namespace busbar {
namespace {

// The pieces of a decimal, before they become a number: digits without the point, and where
// the point stands (a power of ten).
struct Decimal {
    std::int64_t digits = 0;
    int scale = 0;
};

constexpr int kMaxDigits = 17;
constexpr int kMaxExponent = 30;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Reads "123.45" from `text` and drops it from there. Nothing if that is not what stands there.
Result<Decimal> read_digits(std::string_view& text) {
    Decimal out;
    int used = 0;
    bool after_point = false, any = false;
    for (; !text.empty(); text.remove_prefix(1)) {
        const char c = text.front();
        if (c == '.' && !after_point && any) {
            after_point = true;
            continue;
        }
        if (!is_digit(c)) break;
        any = true;
        if (used > 0 || c != '0') ++used;
        if (used > kMaxDigits) return Error{Errc::kInvalid, "has too many digits"};
        out.digits = out.digits * 10 + (c - '0');
        if (after_point) --out.scale;
    }
    if (!any) return Error{Errc::kInvalid, "is not a number"};
    return out;
}

Result<int> read_exponent(std::string_view& text) {
    if (text.empty() || (text.front() != 'e' && text.front() != 'E')) return 0;
    text.remove_prefix(1);
    const bool negative = !text.empty() && text.front() == '-';
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
    if (text.empty() || !is_digit(text.front())) return Error{Errc::kInvalid, "is not a number"};
    int value = 0;
    for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1))
        value = std::min(value * 10 + (text.front() - '0'), 10'000);
    return negative ? -value : value;
}

}  // namespace

Result<std::int64_t> parse_milli(std::string_view text) {
    const bool negative = !text.empty() && text.front() == '-';
    if (negative) text.remove_prefix(1);
    BUSBAR_TRY(number, read_digits(text));
    BUSBAR_TRY(exponent, read_exponent(text));
    if (!text.empty()) return Error{Errc::kInvalid, "is not a number"};
    if (number.digits == 0) return 0;

    int scale = number.scale + exponent + 3;  // Towards thousandths.
    if (scale > kMaxExponent) return Error{Errc::kInvalid, "is too large"};
    std::int64_t value = number.digits;
    for (; scale > 0; --scale) {
        value *= 10;
        if (value > kMaxInputMilli) return Error{Errc::kInvalid, "is too large"};
    }
    for (; scale < 0; ++scale) {
        if (value % 10 != 0) return Error{Errc::kInvalid, "has more than three decimals"};
        value /= 10;
    }
    if (value > kMaxInputMilli) return Error{Errc::kInvalid, "is too large"};
    return negative ? -value : value;
}

std::string decimal(std::int64_t milli) {
    const bool negative = milli < 0;
    const auto magnitude =
        negative ? 0 - static_cast<std::uint64_t>(milli) : static_cast<std::uint64_t>(milli);
    std::string out = (negative ? "-" : "") + std::to_string(magnitude / 1000);
    if (const auto rest = magnitude % 1000; rest != 0) {
        auto digits = std::to_string(1000 + rest).substr(1);
        digits.erase(digits.find_last_not_of('0') + 1);
        out += "." + digits;
    }
    return out;
}

}  // namespace busbar
