// The three lines of a supply, sets of them, and one amount for each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/quantity.hpp"
#include "base/result.hpp"

namespace busbar {

enum class Phase : std::uint8_t { kL1, kL2, kL3 };
inline constexpr std::array kPhases{Phase::kL1, Phase::kL2, Phase::kL3};

constexpr std::string_view to_string(Phase phase) {
    constexpr std::array<std::string_view, 3> kNames{"L1", "L2", "L3"};
    return kNames[static_cast<std::size_t>(phase)];
}

// The lines that an EVSE can load, as wired (rotation applied).
class PhaseSet {
public:
    constexpr PhaseSet() = default;
    constexpr PhaseSet(std::initializer_list<Phase> phases) {
        for (const auto phase : phases) bits_ |= bit(phase);
    }
    static constexpr PhaseSet all() { return {Phase::kL1, Phase::kL2, Phase::kL3}; }

    constexpr bool has(Phase phase) const { return (bits_ & bit(phase)) != 0; }
    constexpr PhaseSet with(Phase phase) const {
        auto more = *this;
        more.bits_ |= bit(phase);
        return more;
    }
    constexpr int count() const { return has(Phase::kL1) + has(Phase::kL2) + has(Phase::kL3); }
    constexpr bool operator==(const PhaseSet&) const = default;

private:
    static constexpr std::uint8_t bit(Phase phase) {
        return static_cast<std::uint8_t>(1U << static_cast<unsigned>(phase));
    }
    std::uint8_t bits_ = 0;
};

// "L1", "L1+L3"...: how a set is written in configuration and answers.
std::string to_string(PhaseSet phases);
Result<PhaseSet> parse_phases(std::string_view text);

// To which line of the site each line of a charger is wired: OCPP's ConnectorPhaseRotation,
// "RST" being straight.
struct Rotation {
    std::array<Phase, 3> lines = kPhases;

    constexpr Phase operator[](Phase own) const { return lines[static_cast<std::size_t>(own)]; }
    constexpr bool operator==(const Rotation&) const = default;
};
// "RST", "STR", ...: three different letters. Fails with kInvalid.
std::string to_string(const Rotation& rotation);
Result<Rotation> parse_rotation(std::string_view text);

// An amount on each line.
class PerPhase {
public:
    constexpr PerPhase() = default;
    static constexpr PerPhase each(Amperes amount) { return PerPhase{{amount, amount, amount}}; }
    constexpr PerPhase(std::array<Amperes, 3> amounts) : amounts_(amounts) {}

    constexpr Amperes& operator[](Phase phase) { return amounts_[static_cast<std::size_t>(phase)]; }
    constexpr Amperes operator[](Phase phase) const {
        return amounts_[static_cast<std::size_t>(phase)];
    }
    constexpr bool operator==(const PerPhase&) const = default;

private:
    std::array<Amperes, 3> amounts_{};
};

}  // namespace busbar
