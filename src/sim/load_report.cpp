#include "sim/load_report.hpp"

#include <cmath>

#include "base/json_writer.hpp"

namespace busbar::sim {
namespace {

// One number for each line, in thousandths.
template <class MilliOf>
void write_lines(JsonWriter& json, std::string_view name, MilliOf milli_of) {
    json.key(name).begin_object();
    for (const auto phase : kPhases) json.key(to_string(phase)).milli(milli_of(phase));
    json.end_object();
}

void write_lines(JsonWriter& json, std::string_view name, const PerPhase& amperes) {
    write_lines(json, name, [&](Phase phase) { return amperes[phase].in_milli(); });
}

void write_sum(JsonWriter& json, std::string_view name, const LoadSum& sum) {
    json.key(name).begin_object();
    write_lines(json, "nowA", sum.now);
    write_lines(json, "mostA", sum.most);
    write_lines(json, "overAmpereSeconds", [&](Phase phase) {
        return std::llround(sum.over_ampere_seconds[static_cast<std::size_t>(phase)] * 1000);
    });
    json.member("momentsOver", sum.moments_over).end_object();
}

}  // namespace

std::string load_report(std::span<const CircuitLoad> circuits) {
    JsonWriter json;
    json.begin_array();
    for (const auto& circuit : circuits) {
        json.begin_object().member("id", circuit.id.str());
        if (!circuit.manner.empty()) json.member("behaviour", circuit.manner);
        json.member("chargers", static_cast<std::int64_t>(circuit.chargers));
        write_lines(json, "breakerA", circuit.breaker);
        write_sum(json, "drawn", circuit.drawn);
        write_sum(json, "enforced", circuit.enforced);
        json.end_object();
    }
    return std::move(json.end_array()).text();
}

}  // namespace busbar::sim
