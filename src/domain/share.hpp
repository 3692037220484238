// How the current of a circuit is split among the cars below it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.hpp"

namespace busbar {

enum class SharePolicy : std::uint8_t {
    kEqual,     // Everybody alike, whatever the weights say.
    kWeighted,  // In proportion to the weights.
    kFcfs,      // First come, first served: one car after another gets all it can take.
    kDeadline,  // Who has to leave soon and still needs much gets more.
};

struct Share {
    SharePolicy policy = SharePolicy::kEqual;
    // Surplus goes to a band only when no car of an earlier one can take more.
    bool strict_bands = false;
    // Every car that fits gets its minimum before any gets more; without it, band by band.
    bool min_first = true;
    // A car that waits takes the place of one that has charged this long. 0: no rotation.
    Duration rotation_slot = std::chrono::minutes{15};
    // What a car was given and does not draw goes to others, until it draws again.
    bool reclaim = true;

    bool operator==(const Share&) const = default;
};

// "equal", "weighted", "fcfs", "deadline".
std::string_view to_string(SharePolicy policy);
std::optional<SharePolicy> parse_share_policy(std::string_view word);

}  // namespace busbar
