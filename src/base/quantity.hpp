// Electrical quantities as types: amperes cannot be added to volts, and a limit cannot be passed
// where a duration is expected.
//
// Every quantity is one int64 holding thousandths of its unit (mA, mV, mW, mWh). Integers,
// because allocations are summed, compared and replayed: equal inputs must give equal bytes on
// every node, and 0.1 + 0.2 must be 0.3. OCPP allows one decimal in a limit, so a milli-unit
// loses nothing.
//
// Range: +-9.2e15 units. Sums of at most a million values below kMaxInput cannot overflow.
// Plain values, the same machine code as int64.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.hpp"
#include "base/result.hpp"

namespace busbar {

template <class Unit>
class Quantity {
public:
    constexpr Quantity() = default;

    static constexpr Quantity of(std::int64_t whole) { return Quantity{whole * 1000}; }
    static constexpr Quantity milli(std::int64_t thousandths) { return Quantity{thousandths}; }

    // The one way out, named so that the unit is visible at the edge (JSON, SQL, OCPP).
    constexpr std::int64_t in_milli() const { return milli_; }

    constexpr auto operator<=>(const Quantity&) const = default;
    constexpr Quantity operator-() const { return Quantity{-milli_}; }
    constexpr Quantity& operator+=(Quantity rhs) {
        milli_ += rhs.milli_;
        return *this;
    }
    constexpr Quantity& operator-=(Quantity rhs) {
        milli_ -= rhs.milli_;
        return *this;
    }

    friend constexpr Quantity operator+(Quantity a, Quantity b) { return a += b; }
    friend constexpr Quantity operator-(Quantity a, Quantity b) { return a -= b; }
    friend constexpr Quantity operator*(Quantity a, std::int64_t n) {
        return Quantity{a.milli_ * n};
    }

    // Rounds down: a share of a budget is never larger than the budget. Requires: n > 0.
    friend constexpr Quantity operator/(Quantity a, std::int64_t n) {
        BUSBAR_CHECK(n > 0);
        return Quantity{a.milli_ / n - (a.milli_ % n < 0 ? 1 : 0)};
    }

    // The largest multiple of `step` that is not above this. Requires: step > 0.
    constexpr Quantity floored_to(Quantity step) const {
        return step * (*this / step.milli_).milli_;
    }

private:
    explicit constexpr Quantity(std::int64_t m) : milli_(m) {}
    std::int64_t milli_ = 0;
};

using Amperes = Quantity<struct Ampere>;
using Volts = Quantity<struct Volt>;
using Watts = Quantity<struct Watt>;
using WattHours = Quantity<struct WattHour>;
using Percent = Quantity<struct PercentUnit>;  // Of something named beside it.
using Weight = Quantity<struct WeightUnit>;    // A share relative to others; 1 is ordinary.

// Only products with a physical meaning exist.
constexpr Watts operator*(Amperes i, Volts u) {
    return Watts::milli(i.in_milli() * u.in_milli() / 1000);
}
constexpr WattHours operator*(Watts p, std::chrono::milliseconds t) {
    return WattHours::milli(p.in_milli() / 1000 * t.count() / 3600);
}

// What may come in from outside in one number: +-10^9 units. Anything wider is a typing mistake
// or an attack, and would make sums of many overflow.
inline constexpr std::int64_t kMaxInputMilli = 1'000'000'000'000;

// Reads a plain decimal ("16", "-0.5", "12.345", "1e3") exactly into thousandths. Digits past the
// third decimal are refused, unless zero: silently rounding a limit would be a lie.
// Fails with kInvalid on anything else, NaN and infinities included, and outside kMaxInputMilli.
Result<std::int64_t> parse_milli(std::string_view text);

// The shortest decimal that reads back as the same thousandths: "16", "12.5", "-0.001".
std::string decimal(std::int64_t milli);

inline namespace literals {
constexpr Amperes operator""_A(unsigned long long v) {
    return Amperes::of(static_cast<std::int64_t>(v));
}
constexpr Amperes operator""_A(long double v) {
    return Amperes::milli(static_cast<std::int64_t>(v * 1000 + 0.5L));
}
constexpr Volts operator""_V(unsigned long long v) {
    return Volts::of(static_cast<std::int64_t>(v));
}
constexpr Watts operator""_W(unsigned long long v) {
    return Watts::of(static_cast<std::int64_t>(v));
}
constexpr Watts operator""_kW(unsigned long long v) {
    return Watts::of(static_cast<std::int64_t>(v) * 1000);
}
}  // namespace literals

static_assert(16_A * 230_V == 3680_W);
static_assert(200_A / 3 * 3 <= 200_A);
static_assert(12.5_A == Amperes::milli(12'500));
static_assert((12.7_A).floored_to(1_A) == 12_A);
static_assert(22_kW * std::chrono::minutes{30} == WattHours::of(11'000));

}  // namespace busbar
