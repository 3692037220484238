#include "ocpp/words.hpp"

#include <algorithm>
#include <limits>

#include "ocpp/schema.hpp"

namespace busbar::ocpp {

std::string_view word_for(Authorization authorization) {
    switch (authorization) {
        case Authorization::kAccepted:
            return "Accepted";
        case Authorization::kBlocked:
            return "Blocked";
        case Authorization::kInvalid:
            return "Invalid";
        case Authorization::kConcurrentTx:
            return "ConcurrentTx";
    }
    __builtin_unreachable();
}

std::string_view word_for(Registration registration) {
    switch (registration) {
        case Registration::kAccepted:
            return "Accepted";
        case Registration::kPending:
            return "Pending";
        case Registration::kRejected:
            return "Rejected";
    }
    __builtin_unreachable();
}

std::string boot_answer(const BootReply& reply, TimePoint now) {
    constexpr std::int64_t kDay = 86'400;
    const auto interval = std::clamp<std::int64_t>(reply.interval.count(), 1, kDay);
    return R"({"status":")" + std::string(word_for(reply.status)) + R"(","currentTime":")" +
           format_time(now) + R"(","interval":)" + std::to_string(interval) + "}";
}

int small_integer_at(const boost::json::object& payload, std::string_view name) {
    const auto number = integer_at(payload, name);
    const bool fits = number >= 0 && number <= std::numeric_limits<int>::max();
    return fits ? static_cast<int>(number) : 0;
}

}  // namespace busbar::ocpp
