// Who comes first: the lowest turn, then who came first, then the leaf of the lower index.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "allocator/layout.hpp"
#include "base/time.hpp"

namespace busbar {

class Turns {
public:
    using Index = Layout::Index;

    explicit Turns(std::size_t leaves);

    // Cost: nothing to speak of, if it is as before.
    void note(LeafIndex leaf, std::int64_t turn, TimePoint since) {
        auto& key = keys_[leaf];
        if (key.turn == turn && key.since == since) return;
        key = {turn, since};
        sorted_ = false;
    }
    // To be called before the following. Cost: nothing if no note() changed anything; O(n) for
    // each of a few that did; O(n log n) for many.
    void sort();
    std::span<const Index> order() const { return order_; }

    // A leaf that waits for its turn to get an amount.
    void add(Index leaf, std::int64_t amount) {
        const auto rank = rank_[leaf];
        queue_[rank] = {leaf, amount};
        queued_[rank / 64] |= std::uint64_t{1} << rank % 64;
    }
    // Visits all that wait, in order; those for which `visit(leaf, amount)` is true wait no longer.
    // It may change the amount.
    template <class Visit>
    void serve(Visit&& visit) {
        for (std::size_t at = 0; at < queued_.size(); ++at)
            for (auto word = queued_[at]; word != 0; word &= word - 1) {
                const auto bit = static_cast<std::size_t>(std::countr_zero(word));
                auto& each = queue_[at * 64 + bit];
                if (visit(each.leaf, each.amount)) queued_[at] &= ~(std::uint64_t{1} << bit);
            }
    }

private:
    struct Key {
        std::int64_t turn = 0;
        TimePoint since = {};
        auto operator<=>(const Key&) const = default;
    };
    struct Queued {
        Index leaf;
        std::int64_t amount;
    };

    std::vector<Key> keys_;            // By leaf.
    std::vector<Index> order_, rank_;  // Leaves by rank, and back.
    std::vector<Queued> queue_;        // By rank...
    std::vector<std::uint64_t>
        queued_;  // ...of these bits: neighbours in turn are neighbours here.
    bool sorted_ = true;
};

}  // namespace busbar
