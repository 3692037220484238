#include "domain/phase.hpp"

namespace busbar {

std::string to_string(PhaseSet phases) {
    std::string text;
    for (const auto phase : kPhases) {
        if (!phases.has(phase)) continue;
        if (!text.empty()) text += '+';
        text += to_string(phase);
    }
    return text;
}

Result<PhaseSet> parse_phases(std::string_view text) {
    // The seven sets there are; anything else is a typing mistake.
    using enum Phase;
    for (const PhaseSet set : {PhaseSet{kL1}, PhaseSet{kL2}, PhaseSet{kL3}, PhaseSet{kL1, kL2},
                               PhaseSet{kL1, kL3}, PhaseSet{kL2, kL3}, PhaseSet::all()})
        if (to_string(set) == text) return set;
    return Error{Errc::kInvalid, "must be lines in order, such as \"L1\" or \"L1+L2+L3\""};
}

}  // namespace busbar
