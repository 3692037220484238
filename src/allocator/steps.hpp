// Whole steps of an amount, without a division: those would be most of the cost of rounding many.
#pragma once

#include <cstdint>

namespace busbar {

class Steps {
public:
    Steps() = default;
    // Requires: step > 0.
    explicit Steps(std::int64_t step) : step_(step), each_(1 / static_cast<double>(step)) {}

    std::int64_t step() const { return step_; }
    // Requires: 0 <= amount < 2^53.
    std::int64_t down(std::int64_t amount) const {
        // The product may be off by one: corrected in integers.
        auto rounded = static_cast<std::int64_t>(static_cast<double>(amount) * each_) * step_;
        if (rounded > amount) rounded -= step_;
        if (amount - rounded >= step_) rounded += step_;
        return rounded;
    }
    std::int64_t up(std::int64_t amount) const {
        const auto rounded = down(amount);
        return rounded == amount ? amount : rounded + step_;
    }

private:
    std::int64_t step_ = 1;
    double each_ = 1;
};

}  // namespace busbar
