#include "allocator/layout.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace busbar {

Layout::Layout(const Network& network) {
    number_rows(network);
    list_rows(network);
    list_leaves();
}

void Layout::number_rows(const Network& network) {
    const auto count = network.rows.size();
    // Rows in and below each row: they give every row its place in a walk down the tree.
    std::vector<Index> size(count, 1);
    for (RowIndex row = count; row-- > 0;) {
        const auto above = network.rows[row].parent;
        if (!above) continue;
        BUSBAR_CHECK(*above < row);
        size[*above] += size[row];
    }
    slot_of.resize(count);
    parent.resize(count);
    last.resize(count);
    model.resize(count);
    std::vector<Index> next(count);  // The slot for the next row below each row.
    Index top = 0;
    for (RowIndex row = 0; row < count; ++row) {
        const auto above = network.rows[row].parent;
        auto& place = above ? next[*above] : top;
        const Index slot = place;
        place += size[row];
        next[row] = slot + 1;
        slot_of[row] = slot;
        parent[slot] = above ? slot_of[*above] : kNone;
        last[slot] = slot + size[row] - 1;
        model[slot] = network.rows[row].model;
        plain = plain && model[slot] == LineModel::kSum;
    }
}

void Layout::list_rows(const Network& network) {
    rows_at.push_back(0);
    others_at.push_back(0);
    for (const auto& from : network.leaves) {
        std::uint8_t bits = 0;
        for (const auto phase : kPhases)
            if (from.phases.has(phase))
                bits = static_cast<std::uint8_t>(bits | 1U << static_cast<unsigned>(phase));
        mask.push_back(bits);

        for (const auto row : from.rows) rows.push_back(slot_of.at(row));
        std::span mine{rows.data() + rows_at.back(), rows.data() + rows.size()};
        std::size_t on_way = 0;
        Index way = mine.empty() ? kNone : mine.front();
        for (; on_way < mine.size() && way == mine[on_way] && way != kNone; ++on_way)
            way = parent[way];
        const bool at_home = !mine.empty() && way == kNone;
        home.push_back(at_home ? mine.front() : kNone);
        if (!at_home) on_way = 0;
        others.insert(others.end(), mine.begin() + static_cast<std::ptrdiff_t>(on_way), mine.end());
        tree = tree && at_home && on_way == mine.size();

        rows_at.push_back(static_cast<Index>(rows.size()));
        others_at.push_back(static_cast<Index>(others.size()));
    }
}

void Layout::list_leaves() {
    leaves_at.assign(slots() + 1, 0);
    for (const auto slot : rows) ++leaves_at[slot + 1];
    for (std::size_t slot = 0; slot < slots(); ++slot) leaves_at[slot + 1] += leaves_at[slot];
    loading.resize(rows.size());
    auto place = leaves_at;
    for (LeafIndex i = 0; i < leaves(); ++i)
        for (const auto slot : rows_of(i)) loading[place[slot]++] = static_cast<Index>(i);
}

}  // namespace busbar
