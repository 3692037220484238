// Whatever bytes a client sends: head, target and body are read or refused, and nothing that could
// not be meant reaches control or the stores.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.hpp"
#include "control/json.hpp"
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

void check_lines(const std::optional<PerPhase>& lines) {
    if (!lines) return;
    for (const auto phase : kPhases) check_amperes((*lines)[phase]);
}

// What is shown to callers is read back as it was.
void check_rule(const Rule& rule) {
    check_amperes(rule.limit);
    if (rule.window) {
        const auto again = parse_window(to_string(*rule.window));
        BUSBAR_CHECK(again && *again == *rule.window);
    }
    (void)http::parse_json(control::to_json(rule)).has_value();
}

void check_circuit(http::CircuitRequest circuit) {
    check_lines(circuit.patch.breaker);
    http::in_our_terms(circuit, Supply{}, nullptr);
    check_lines(circuit.patch.breaker);
}

void check_charger(http::ChargerRequest charger) {
    http::in_our_terms(charger, Supply{}, nullptr);
    const auto& patch = charger.patch;
    for (const auto& amperes : {patch.maximum, patch.minimum, patch.floor, patch.quantum})
        check_amperes(amperes);
}

void read_bodies(std::string_view body) {
    const TimePoint now{std::chrono::hours{24} * 20'000};
    if (const auto rule = http::parse_rule(body, now)) check_rule(rule->draft);
    if (const auto patch = http::parse_rule_patch(body, now)) check_amperes(patch->limit);
    (void)http::parse_pause(body, {}, now).has_value();
    (void)http::parse_site(body).has_value();
    if (const auto circuit = http::parse_circuit(body)) check_circuit(*circuit);
    if (const auto charger = http::parse_charger(body)) check_charger(*charger);
    (void)http::parse_id_tag(body).has_value();
    (void)http::parse_wish(body, now).has_value();
    if (const auto plan = http::parse_plan(body, now)) {
        for (const auto& rule : plan->rules) check_rule(rule);
        for (const auto& [id, circuit] : plan->circuits) check_circuit(circuit);
        for (const auto& [id, charger] : plan->chargers) check_charger(charger);
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
