#include "ocpp/action.hpp"

#include "ocpp/schema.hpp"

namespace busbar::ocpp {
namespace {

constexpr TimePoint kClocksWereSetBy =
    std::chrono::sys_days{std::chrono::year{2015} / std::chrono::January / 1};

}  // namespace

TimePoint plausible_time(const boost::json::object& payload, std::string_view name, TimePoint now) {
    const auto time = parse_time(text_at(payload, name), Zone::kAssumeUtc);
    if (!time || *time < kClocksWereSetBy || *time > now + std::chrono::hours{24}) return now;
    return *time;
}

std::optional<TimePoint> stamp_in(const boost::json::object& payload, std::string_view name) {
    const auto time = parse_time(text_at(payload, name), Zone::kAssumeUtc);
    return time ? std::optional(*time) : std::nullopt;
}

}  // namespace busbar::ocpp
