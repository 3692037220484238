// Identifiers that cannot be swapped: a CircuitId is not a ChargerId.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>

namespace busbar {

template <class Tag>
class Id {
public:
    explicit Id(std::string text) : text_(std::move(text)) {}

    const std::string& str() const { return text_; }
    auto operator<=>(const Id&) const = default;

private:
    std::string text_;
};

using SiteId = Id<struct SiteTag>;
using CircuitId = Id<struct CircuitTag>;
using ChargerId = Id<struct ChargerTag>;  // The OCPP identity, byte for byte; at most 48 bytes.
using RuleId = Id<struct RuleTag>;
using MeterId = Id<struct MeterTag>;
using VehicleId = Id<struct VehicleTag>;

}  // namespace busbar

template <class Tag>
struct std::hash<busbar::Id<Tag>> {
    std::size_t operator()(const busbar::Id<Tag>& id) const noexcept {
        return std::hash<std::string>{}(id.str());
    }
};
