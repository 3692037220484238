#include "reconcile/write_budget.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace busbar {
namespace {

constexpr Duration kDay = std::chrono::hours{24};

}  // namespace

WriteBudget::WriteBudget(int per_day)
    : per_day_(per_day), price_(per_day > 0 ? kDay / per_day : Duration{0}) {
    BUSBAR_CHECK(per_day >= 0);
}

Duration WriteBudget::credit(SteadyPoint now) const {
    if (!since_) return kDay;
    return std::clamp(std::chrono::floor<Duration>(now - *since_), Duration{0}, kDay);
}

WriteBudget::State WriteBudget::state(SteadyPoint now) const {
    if (per_day_ == 0) return State::kPlenty;
    const auto left = credit(now);
    if (left < price_ || (spent_ && left < enough_again())) return State::kSpent;
    return left < kDay / 2 ? State::kFew : State::kPlenty;
}

void WriteBudget::wrote(SteadyPoint now) {
    if (per_day_ == 0) return;
    since_ = now - std::max(credit(now) - price_, Duration{0});
    if (credit(now) < price_)
        spent_ = true;
    else if (credit(now) + price_ >= enough_again())
        spent_ = false;
}

SteadyPoint WriteBudget::again_at(SteadyPoint now) const {
    return now + std::max(enough_again() - credit(now), Duration{0});
}

Duration WriteBudget::enough_again() const {
    return std::max(price_, kDay / 10);
}

int WriteBudget::left(SteadyPoint now) const {
    return per_day_ == 0 ? 0 : static_cast<int>(credit(now) / price_);
}

}  // namespace busbar
