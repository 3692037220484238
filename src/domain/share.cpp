#include "domain/share.hpp"

namespace busbar {

std::string_view to_string(SharePolicy policy) {
    switch (policy) {
        case SharePolicy::kEqual:
            return "equal";
        case SharePolicy::kWeighted:
            return "weighted";
        case SharePolicy::kFcfs:
            return "fcfs";
        case SharePolicy::kDeadline:
            return "deadline";
    }
    __builtin_unreachable();
}

std::optional<SharePolicy> parse_share_policy(std::string_view word) {
    using enum SharePolicy;
    for (const auto policy : {kEqual, kWeighted, kFcfs, kDeadline})
        if (to_string(policy) == word) return policy;
    return {};
}

}  // namespace busbar
