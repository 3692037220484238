#include "sim/setup.hpp"

#include <array>

namespace busbar::sim {

std::string_view to_string(Version version) {
    constexpr std::array<std::string_view, 3> kNames{"1.6", "2.0.1", "2.1"};
    return kNames[static_cast<std::size_t>(version)];
}

std::vector<ChargerSetup> row_of_chargers(std::string_view prefix, int count,
                                          const ChargerSetup& pattern) {
    std::vector<ChargerSetup> row;
    for (int number = 1; number <= count; ++number) {
        auto charger = pattern;
        charger.id =
            ChargerId{std::string(prefix) + (number < 10 ? "0" : "") + std::to_string(number)};
        row.push_back(std::move(charger));
    }
    return row;
}

PerPhase on_lines(const ChargerSetup& charger, int count, Amperes current) {
    using enum Phase;
    constexpr std::array kTurning{kL1, kL2, kL3, kL1, kL2};
    PerPhase loaded;
    int used = 0;
    for (std::size_t i = 0; i < 3 && used < count; ++i) {
        const auto line = kTurning[static_cast<std::size_t>(charger.first_line) + i];
        if (!charger.phases.has(line)) continue;
        loaded[line] = current;
        ++used;
    }
    return loaded;
}

}  // namespace busbar::sim
