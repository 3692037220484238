#include "http/amount.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "base/quantity.hpp"

namespace busbar::http {
namespace {

// digits x 10^scale; leading zeros are not kept.
struct Digits {
    std::string digits;
    int scale = 0;
};

constexpr int kMostExponent = 10'000;

Error not_a_number() {
    return {Errc::kInvalid, "must be a number"};
}

std::string take_digits(std::string_view& text) {
    const auto end = text.find_first_not_of("0123456789");
    std::string taken(text.substr(0, end));
    text.remove_prefix(taken.size());
    return taken;
}

Result<Digits> read_unsigned(std::string_view text) {
    Digits out{.digits = take_digits(text), .scale = 0};
    if (out.digits.empty()) return not_a_number();
    if (!text.empty() && text.front() == '.') {
        text.remove_prefix(1);
        const auto fraction = take_digits(text);
        if (fraction.empty()) return not_a_number();
        out.digits += fraction;
        out.scale = -static_cast<int>(std::min<std::size_t>(fraction.size(), kMostExponent));
    }
    if (!text.empty() && (text.front() == 'e' || text.front() == 'E')) {
        text.remove_prefix(1);
        const bool negative = !text.empty() && text.front() == '-';
        if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
        const auto written = take_digits(text);
        if (written.empty()) return not_a_number();
        int exponent = 0;
        for (const char c : written) exponent = std::min(exponent * 10 + (c - '0'), kMostExponent);
        out.scale += negative ? -exponent : exponent;
    }
    if (!text.empty()) return not_a_number();
    out.digits.erase(0, std::min(out.digits.find_first_not_of('0'), out.digits.size()));
    return out;
}

// Whether what is cut off rounds the last digit that stays upwards, half to even.
bool rounds_up(std::string_view cut, bool odd) {
    if (cut.front() != '5') return cut.front() > '5';
    return odd || cut.find_first_not_of('0', 1) != std::string_view::npos;
}

}  // namespace

std::string fixed_point(std::int64_t scaled, int places) {
    BUSBAR_CHECK(places >= 0 && places <= 18);
    const bool negative = scaled < 0;
    auto text = std::to_string(negative ? 0 - static_cast<std::uint64_t>(scaled)
                                        : static_cast<std::uint64_t>(scaled));
    const auto after_point = static_cast<std::size_t>(places);
    if (text.size() <= after_point) text.insert(0, after_point + 1 - text.size(), '0');
    if (places > 0) {
        text.insert(text.size() - after_point, ".");
        text.erase(text.find_last_not_of('0') + 1);
        if (text.back() == '.') text.pop_back();
    }
    return (negative ? "-" : "") + text;
}

Result<std::int64_t> parse_rounded(std::string_view number, int places) {
    const bool negative = !number.empty() && number.front() == '-';
    if (negative) number.remove_prefix(1);
    BUSBAR_TRY(read, read_unsigned(number));
    if (read.digits.empty()) return 0;
    const auto shift = read.scale + places;
    // More digits than the largest value has: no need to look at them.
    if (static_cast<std::int64_t>(read.digits.size()) + shift > 13)
        return Error{Errc::kInvalid, "is too large"};
    bool up = false;
    if (shift >= 0) {
        read.digits.append(static_cast<std::size_t>(shift), '0');
    } else {
        const auto cut = static_cast<std::size_t>(-shift);
        if (cut > read.digits.size()) return 0;
        const auto kept = read.digits.size() - cut;
        const bool odd = kept > 0 && (read.digits[kept - 1] - '0') % 2 == 1;
        up = rounds_up(std::string_view(read.digits).substr(kept), odd);
        read.digits.resize(kept);
    }
    std::int64_t value = up ? 1 : 0;
    std::int64_t whole = 0;
    for (const char c : read.digits) whole = whole * 10 + (c - '0');
    value += whole;
    if (value > kMaxInputMilli) return Error{Errc::kInvalid, "is too large"};
    return negative ? -value : value;
}

}  // namespace busbar::http
