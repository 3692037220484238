// Max-min filling by trying levels: for rows of any kind, where more of one load never makes a
// current less. Slow, so for small sites.
#pragma once

#include <vector>

#include "allocator/fill_request.hpp"
#include "allocator/lines.hpp"

namespace busbar {

class FillByBisection {
public:
    explicit FillByBisection(const Layout& layout) : trial_(layout.leaves()) {}

    // Writes the level of each member, by leaf. Leaves `lines` loaded with something else.
    // `used`: what counts for each leaf now, the base of each member included.
    // Requires: on every row of a member, that holds.
    // Cost: some 30 to 50 loads of `lines` for each line that becomes full.
    void run(Lines& lines, const FillRequest& request, std::span<const std::int64_t> used,
             std::span<double> level);

private:
    using Index = Layout::Index;
    // Whether all of `rising_` may have this level; loads `lines` with it.
    bool holds_at(Lines& lines, const FillRequest& request, double level);

    std::vector<std::int64_t> trial_;
    std::vector<Index> rising_;
};

}  // namespace busbar
