// The registers of some meters, from their makers' documents:
//
//   siemens-pac   SENTRON PAC2200 Manual 05/2018 (L1V30415167B-02) A.1.3, PAC3120 and PAC3220
//                 Equipment Manual 10/2019 (L1V30425208F-01) A.1.3: offsets 13, 15, 17 "Current
//                 L1", "L2", "L3", 2 registers, Float, A; functions 3 and 4. They speak Modbus TCP.
//   eastron-sdm   SDM72D-M User Manual V1.1 part 3: function 4, start addresses 00 06, 00 08, 00 0A
//                 "Phase 1 current" to 3, 4 bytes, Float, A. Behind a gateway from RS-485.
//   gavazzi-em21  EM21 Communication Protocol V1 rev. 0, tables 2.1 and 2.3-1: physical addresses
//                 000Ch, 000Eh, 0010h "A L1" to 3, INT32, "Ampere*1000", the lower word first;
//                 functions 3 and 4. Behind a gateway from RS-485.
#include "feeder/feeder.hpp"

namespace busbar::feeder {
namespace {

constexpr std::string_view kPresets[] = {"siemens-pac", "eastron-sdm", "gavazzi-em21"};

}  // namespace

std::span<const std::string_view> preset_names() {
    return kPresets;
}

std::optional<RegisterMap> find_preset(std::string_view name) {
    using enum modbus::Table;
    if (name == "siemens-pac")
        return RegisterMap{kHolding, {Number::kFloat32, Words::kHighFirst, 1_A}, {13, 15, 17}};
    if (name == "eastron-sdm")
        return RegisterMap{kInput, {Number::kFloat32, Words::kHighFirst, 1_A}, {6, 8, 10}};
    if (name == "gavazzi-em21")
        return RegisterMap{kInput, {Number::kInt32, Words::kLowFirst, 0.001_A}, {12, 14, 16}};
    return std::nullopt;
}

}  // namespace busbar::feeder
