#include "control/drafts.hpp"

#include "rules/window_times.hpp"

namespace busbar::control {
namespace {

template <class T>
void assign(T& to, const std::optional<T>& from) {
    if (from) to = *from;
}

void apply(const CircuitPatch& patch, Circuit& circuit) {
    assign(circuit.parent, patch.parent);
    assign(circuit.name, patch.name);
    assign(circuit.breaker, patch.breaker);
    assign(circuit.safety_pct, patch.safety_pct);
    assign(circuit.share, patch.share);
    assign(circuit.peaks, patch.peaks);
    assign(circuit.active, patch.active);
    assign(circuit.building, patch.building);
}

void apply(const ChargerPatch& patch, Charger& charger) {
    assign(charger.circuit, patch.circuit);
    assign(charger.name, patch.name);
    assign(charger.partner, patch.partner);
    assign(charger.maximum, patch.maximum);
    assign(charger.minimum, patch.minimum);
    assign(charger.floor, patch.floor);
    assign(charger.quantum, patch.quantum);
    assign(charger.evse_count, patch.evse_count);
    assign(charger.phases, patch.phases);
    assign(charger.settle, patch.settle);
    assign(charger.keeps_profiles, patch.keeps_profiles);
    assign(charger.trust, patch.trust);
    assign(charger.rate_unit, patch.rate_unit);
    assign(charger.schedule_periods, patch.schedule_periods);
    assign(charger.writes_per_day, patch.writes_per_day);
    assign(charger.tags, patch.tags);
    assign(charger.priority, patch.priority);
    assign(charger.managed, patch.managed);
    assign(charger.rotation, patch.rotation);
    assign(charger.dc, patch.dc);
}

}  // namespace

void apply(const RulePatch& patch, Rule& rule) {
    if (patch.limit || patch.limit_power || patch.limit_pct) {
        rule.limit = patch.limit;
        rule.limit_power = patch.limit_power;
        rule.limit_pct = patch.limit_pct;
    }
    assign(rule.expires_at, patch.expires_at);
    assign(rule.starts_at, patch.starts_at);
    assign(rule.window, patch.window);
    assign(rule.reason, patch.reason);
    assign(rule.enabled, patch.enabled);
    assign(rule.standing, patch.standing);
    assign(rule.force, patch.force);
    if (patch.band) rule.band = patch.band;
    if (patch.weight) rule.weight = patch.weight;
    if (patch.share) rule.share = patch.share;
    assign(rule.layer, patch.layer);
}

void apply(const SitePatch& patch, Site& site) {
    assign(site.name, patch.name);
    assign(site.zone, patch.zone);
    assign(site.supply.wiring, patch.wiring);
    assign(site.supply.nominal, patch.nominal);
    assign(site.raise_spread, patch.raise_spread);
    assign(site.lease, patch.lease);
}

Result<Circuit> patched(const SiteConfig& config, const CircuitId& id, const CircuitPatch& patch) {
    const auto found = std::ranges::find(config.circuits, id, &Circuit::id);
    const bool is_new = found == config.circuits.end();
    if (is_new && !patch.breaker)
        return Error{Errc::kInvalid, "is required for a new circuit", "breakerA"};
    auto circuit =
        is_new ? Circuit{.id = id, .site = config.site.id, .parent = {}, .breaker = {}} : *found;
    apply(patch, circuit);
    return circuit;
}

Result<ExternalLimit> patched(const Circuit& circuit, const ExternalPatch& patch, Supply supply) {
    if (!circuit.external && !patch.limit && !patch.limit_power)
        return Error{Errc::kInvalid, "is required (null: nothing is limited now)", "limitA"};
    const auto over_lines = [&](Watts power) {
        PhaseSet lines;
        for (const auto phase : kPhases)
            if (circuit.breaker[phase] > 0_A) lines = lines.with(phase);
        if (lines.count() == 0) lines = PhaseSet::all();
        return PerPhase::each(current_of(power, lines, supply, supply.nominal, Rounding::kDown));
    };
    auto external = circuit.external.value_or(ExternalLimit{});
    assign(external.limit, patch.limit);
    if (patch.limit_power) external.limit = over_lines(*patch.limit_power);
    assign(external.failsafe, patch.failsafe);
    if (patch.failsafe_power) external.failsafe = over_lines(*patch.failsafe_power);
    assign(external.heartbeat, patch.heartbeat);
    assign(external.failsafe_for, patch.failsafe_for);
    assign(external.source, patch.source);
    return external;
}

Result<Charger> patched(const SiteConfig& config, const ChargerId& id, const ChargerPatch& patch) {
    const auto found = std::ranges::find(config.chargers, id, &Charger::id);
    const bool is_new = found == config.chargers.end();
    if (is_new && !patch.circuit)
        return Error{Errc::kInvalid, "is required for a new charger", "circuit"};
    if (is_new && !patch.maximum && !(patch.dc && *patch.dc))
        return Error{Errc::kInvalid, "is required for a new charger", "maximumA"};
    auto charger = is_new ? Charger{.id = id, .circuit = *patch.circuit} : *found;
    apply(patch, charger);
    return charger;
}

Status check_parts(const SiteConfig& config) {
    BUSBAR_TRY(checked, check_site(config));
    (void)checked;
    return check_zones(config);
}

}  // namespace busbar::control
