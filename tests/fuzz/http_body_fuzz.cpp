// Whatever bytes a client sends: head, target and body are read or refused, and nothing that could
// not be meant reaches control or the stores.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.hpp"
#include "http/amount.hpp"
#include "http/body.hpp"
#include "http/framing.hpp"
#include "http/json_text.hpp"
#include "http/target.hpp"

namespace {

using namespace busbar;

void check_amperes(const std::optional<Amperes>& amperes) {
    if (!amperes) return;
    BUSBAR_CHECK(*amperes >= 0_A && amperes->in_milli() <= kMaxInputMilli);
}

void read_bodies(std::string_view body) {
    const TimePoint now{std::chrono::hours{24} * 20'000};
    if (const auto rule = http::parse_rule(body, now)) check_amperes(rule->draft.limit);
    if (const auto patch = http::parse_rule_patch(body, now)) check_amperes(patch->limit);
    (void)http::parse_pause(body, {}, now).has_value();
    (void)http::parse_site(body).has_value();
    if (const auto circuit = http::parse_circuit(body); circuit && circuit->patch.breaker)
        for (const auto phase : kPhases) check_amperes((*circuit->patch.breaker)[phase]);
    if (const auto charger = http::parse_charger(body)) {
        for (const auto& amperes :
             {charger->maximum, charger->minimum, charger->floor, charger->quantum})
            check_amperes(amperes);
    }
    if (const auto reading = http::parse_reading(body))
        (void)telemetry::check(*reading, now).has_value();
    (void)http::parse_meters(body).has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    read_bodies(bytes);
    (void)http::check_head(bytes).has_value();
    (void)http::check_origin(bytes, {bytes}, {}).has_value();
    (void)http::parse_target(bytes).has_value();
    if (const auto rounded = http::parse_rounded(bytes, 6)) {
        const auto again = http::parse_rounded(http::fixed_point(*rounded, 6), 6);
        BUSBAR_CHECK(again && *again == *rounded);
    }
    return 0;
}
