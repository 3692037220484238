#include "feeder/source.hpp"

#include <chrono>
#include <utility>

#include "base/log.hpp"

namespace busbar::feeder {
namespace {

constexpr auto kQuiet = std::chrono::minutes{1};

PhaseSet exporting_lines(const Currents& currents) {
    const auto exports = [&](Phase phase) {
        const auto& current = currents[static_cast<std::size_t>(phase)];
        return current && current->exporting;
    };
    PhaseSet lines;
    for (const auto phase : kPhases) {
        if (!exports(phase)) continue;
        lines = {exports(Phase::kL1) ? Phase::kL1 : phase, exports(Phase::kL2) ? Phase::kL2 : phase,
                 exports(Phase::kL3) ? Phase::kL3 : phase};
    }
    return lines;
}

}  // namespace

void Journal::connected() {
    state_.with([](State& state) { state.status.connected = true; });
}

void Journal::disconnected(const Error& error) {
    state_.with([&](State& state) {
        state.status.connected = false;
        state.status.error = error.message;
        ++state.status.failures;
    });
    if (complain(lost_, "feeder_meter_lost", error)) silent_ = true;
}

void Journal::refused(const Error& error) {
    state_.with([&](State& state) {
        state.status.error = error.message;
        ++state.status.failures;
    });
    if (complain(lost_, "feeder_meter_refuses", error)) silent_ = true;
}

void Journal::dropped(const Error& error) {
    state_.with([&](State& state) {
        state.status.error = error.message;
        ++state.status.dropped;
    });
    (void)complain(odd_, "feeder_value_dropped", error);
}

void Journal::sample(const Currents& currents, SteadyPoint at) {
    Sample sample{.meter = meter_, .exporting = exporting_lines(currents), .at = at};
    for (const auto phase : kPhases)
        if (const auto& current = currents[static_cast<std::size_t>(phase)])
            sample.current[phase] = current->amount;
    state_.with([&](State& state) {
        state.last = at;
        state.status.error.clear();
        ++state.status.samples;
        if (sample.exporting.count() > 0) ++state.status.exporting;
    });
    if (std::exchange(silent_, false)) log::info("feeder_meter_speaks", {{"meter", meter_}});
    sink_(sample);
}

SourceStatus Journal::status() const {
    const auto now = clock_.steady();
    return state_.with([&](const State& state) {
        auto status = state.status;
        status.meter = meter_;
        if (state.last) status.age = std::chrono::duration_cast<Duration>(now - *state.last);
        return status;
    });
}

bool Journal::complain(Complaint& complaint, std::string_view event, const Error& error) {
    const auto now = clock_.steady();
    if (complaint.quiet_until && now < *complaint.quiet_until) {
        ++complaint.unsaid;
        return false;
    }
    log::warn(event, {{"meter", meter_},
                      {"error", error.message},
                      {"field", error.field},
                      {"left_out", complaint.unsaid}});
    complaint = {now + kQuiet, 0};
    return true;
}

}  // namespace busbar::feeder
