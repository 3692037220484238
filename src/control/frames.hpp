// What chargers and we said to each other, kept for people: a port, as those of ports.hpp.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "base/time.hpp"

namespace busbar::control {

struct LoggedFrame {
    std::uint64_t number = 0;  // Rises by one with each frame; the oldest are let go.
    TimePoint at = {};
    ChargerId charger;
    bool from_charger = false;
    std::string text;  // As it was, but for secrets, and cut where it is long.
    bool cut = false;
};

struct FrameQuery {
    std::optional<ChargerId> charger = {};
    std::uint64_t after = 0;  // Numbers above this.
    std::size_t limit = 100;
};

// Thread-safe.
class FrameLog {
public:
    virtual ~FrameLog() = default;

    // The newest that fit the query, the oldest of them first.
    virtual std::vector<LoggedFrame> frames(const FrameQuery& query) const = 0;

    // Each frame from now on, from any thread; it must be quick, and must not call back. Until the
    // returned is let go; it may still be called once while that happens.
    using Heard = std::function<void(const LoggedFrame&)>;
    [[nodiscard]] virtual std::shared_ptr<void> follow(std::optional<ChargerId> charger,
                                                       Heard heard) = 0;
};

}  // namespace busbar::control
