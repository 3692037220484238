#include "allocator/turns.hpp"

#include <algorithm>
#include <numeric>

namespace busbar {

Turns::Turns(std::size_t leaves)
    : keys_(leaves), order_(leaves), rank_(leaves), queue_(leaves), queued_((leaves + 63) / 64) {
    std::iota(order_.begin(), order_.end(), Index{0});
    rank_ = order_;
}

// Most often one car has come or gone: an insertion costs what it moves.
void Turns::sort() {
    if (sorted_) return;
    sorted_ = true;
    const auto before = [&](Index a, Index b) {
        const auto order = keys_[a] <=> keys_[b];
        return order != 0 ? order < 0 : a < b;
    };
    constexpr int kFew = 16;
    int moved = 0;
    for (auto at = order_.begin(); at != order_.end(); ++at) {
        if (at == order_.begin() || !before(*at, *(at - 1))) continue;
        if (++moved > kFew) {
            std::ranges::sort(order_, before);
            break;
        }
        std::rotate(std::upper_bound(order_.begin(), at, *at, before), at, at + 1);
    }
    for (Index rank = 0; rank < order_.size(); ++rank) rank_[order_[rank]] = rank;
}

}  // namespace busbar
