#include "sim/speech.hpp"

namespace busbar::sim {

const Speech& speech_of(Version version) {
    return version == Version::k16 ? v16::speech() : v2::speech(version);
}

std::optional<std::chrono::seconds> read_seconds(std::string_view text) {
    constexpr std::int64_t kMostSeconds = 1'000'000;
    const auto number = parse_milli(text);
    if (!number || *number < 0 || *number % 1000 != 0 || *number / 1000 > kMostSeconds) return {};
    return std::chrono::seconds{*number / 1000};
}

Reply clear_profiles(const Call& call, const Result<ClearFilter>& filter, Deeds& deeds) {
    if (!filter) return refused(call, filter.error());
    return by_status(call, deeds.clear_profiles(*filter) > 0 ? "Accepted" : "Unknown");
}

Reply composite_of(const Call& call, std::string_view place, WriteComposite write, Deeds& deeds) {
    const auto where = whole_number(call.payload, place);
    if (!where) return refused(call, where.error());
    const auto duration = whole_number(call.payload, "duration");
    if (!duration) return refused(call, duration.error());
    if (*duration < 0) return by_status(call, "Rejected");
    const std::chrono::seconds asked{*duration};
    const auto periods = deeds.limits(*where, asked);
    if (!periods) return by_status(call, "Rejected");
    return {write_answer(call.id, write(static_cast<int>(*where), deeds.own_time(), asked, *periods,
                                        deeds.rates()))};
}

json::object status_only(std::string_view status) {
    json::object payload;
    payload["status"] = status;
    return payload;
}

Reply by_status(const Call& call, std::string_view status, std::function<void()> then) {
    return {write_answer(call.id, status_only(status)), std::move(then)};
}

Reply refused(const Call& call, const Error& error) {
    return {write_refusal(call.id, "PropertyConstraintViolation", error.message)};
}

Reply not_known(const Call& call) {
    return {write_refusal(call.id, "NotImplemented", "this charger does not know the action")};
}

Reply accepted_if(const Call& call, Deeds::Later later) {
    if (!later) return by_status(call, "Rejected");
    return by_status(call, "Accepted", std::move(*later));
}

}  // namespace busbar::sim
