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

std::string to_string(const Rotation& rotation) {
    constexpr std::array kLetters{'R', 'S', 'T'};
    std::string text;
    for (const auto line : rotation.lines) text += kLetters[static_cast<std::size_t>(line)];
    return text;
}

Result<Rotation> parse_rotation(std::string_view text) {
    using enum Phase;
    for (const Rotation rotation :
         {Rotation{{kL1, kL2, kL3}}, Rotation{{kL1, kL3, kL2}}, Rotation{{kL2, kL1, kL3}},
          Rotation{{kL2, kL3, kL1}}, Rotation{{kL3, kL1, kL2}}, Rotation{{kL3, kL2, kL1}}})
        if (to_string(rotation) == text) return rotation;
    return Error{Errc::kInvalid,
                 "must be R, S and T in the order of the charger's own lines, "
                 "such as \"RST\""};
}

}  // namespace busbar
