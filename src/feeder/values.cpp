#include "feeder/values.hpp"

#include <bit>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <limits>

namespace busbar::feeder {
namespace {

Result<Current> within_range(std::int64_t milli) {
    if (milli > kMostCurrent.in_milli() || milli < -kMostCurrent.in_milli())
        return Error{Errc::kInvalid, decimal(milli) + " A is more than any feeder carries"};
    if (milli < 0) return Current{0_A, true};
    return Current{Amperes::milli(milli), false};
}

Result<Current> scaled(double number, Amperes scale) {
    if (!std::isfinite(number)) return Error{Errc::kInvalid, "is not a finite number"};
    const double milli = number * static_cast<double>(scale.in_milli());
    // Before it is made an integer: one that does not fit would be undefined.
    const auto most = static_cast<double>(kMostCurrent.in_milli());
    if (milli > most || milli < -most)
        return Error{Errc::kInvalid, "is more than any feeder carries"};
    return within_range(std::llround(milli));
}

// `least` and `most` are what meters show for "no value": SunSpec's least of a signed integer and
// greatest of an unsigned one, and the greatest of a signed one for others (ABB, Carlo Gavazzi).
template <class Integer>
Result<Current> scaled_integer(Integer number, Amperes scale) {
    using Limits = std::numeric_limits<Integer>;
    if (number == Limits::max() || (Limits::is_signed && number == Limits::min()))
        return Error{Errc::kInvalid, "the meter says that it has no value"};
    return within_range(std::int64_t{number} * scale.in_milli());
}

Result<Current> plain_number(std::string_view text, Amperes scale) {
    constexpr std::string_view kSpace = " \t\r\n";
    const auto first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return Error{Errc::kInvalid, "is empty"};
    text = text.substr(first, text.find_last_not_of(kSpace) - first + 1);
    double number = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, failed] = std::from_chars(text.data(), end, number);
    if (failed != std::errc{} || stop != end) return Error{Errc::kInvalid, "is not a number"};
    return scaled(number, scale);
}

Result<Current> number_at(const boost::json::value& document, const std::string& pointer,
                          Amperes scale) {
    boost::json::error_code failed;
    const auto* value = document.find_pointer(pointer, failed);
    if (value == nullptr) return Error{Errc::kInvalid, "is not in the message"};
    if (!value->is_number()) return Error{Errc::kInvalid, "is not a number"};
    const auto number = value->to_number<double>(failed);
    if (failed) return Error{Errc::kInvalid, "is not a number"};
    return scaled(number, scale);
}

}  // namespace

Result<Current> decode(std::span<const std::uint16_t> registers, const Encoding& encoding) {
    BUSBAR_CHECK(registers.size() == static_cast<std::size_t>(registers_of(encoding.number)));
    std::uint32_t bits = registers[0];
    if (registers.size() == 2) {
        const bool high_first = encoding.words == Words::kHighFirst;
        bits = std::uint32_t{registers[high_first ? 0 : 1]} << 16U | registers[high_first ? 1 : 0];
    }
    const auto low = static_cast<std::uint16_t>(bits);
    switch (encoding.number) {
        case Number::kUint16:
            return scaled_integer(low, encoding.scale);
        case Number::kInt16:
            return scaled_integer(std::bit_cast<std::int16_t>(low), encoding.scale);
        case Number::kUint32:
            return scaled_integer(bits, encoding.scale);
        case Number::kInt32:
            return scaled_integer(std::bit_cast<std::int32_t>(bits), encoding.scale);
        case Number::kFloat32:
            return scaled(std::bit_cast<float>(bits), encoding.scale);
    }
    BUSBAR_CHECK(false);
}

Result<Currents> read_payload(std::string_view payload, std::span<const PayloadField> fields,
                              Amperes scale) {
    if (payload.size() > kMostPayload) return Error{Errc::kTooLarge, "the message is too long"};
    boost::json::value document;
    bool parsed = false;
    Currents currents;
    for (const auto& [phase, pointer] : fields) {
        if (!pointer.empty() && !parsed) {
            boost::json::error_code failed;
            document = boost::json::parse(payload, failed);
            if (failed) return Error{Errc::kInvalid, "the message is not JSON"};
            parsed = true;
        }
        auto current =
            pointer.empty() ? plain_number(payload, scale) : number_at(document, pointer, scale);
        if (!current) {
            auto error = std::move(current).error();
            error.field = pointer;
            return std::move(error).in(to_string(phase));
        }
        currents[static_cast<std::size_t>(phase)] = *current;
    }
    return currents;
}

}  // namespace busbar::feeder
