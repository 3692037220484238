// The window in which chargers that nobody has configured may come, with a key that all share.
//
// Kept in memory only: a restart closes it. Thread-safe.
#pragma once

#include <optional>

#include "access/key.hpp"
#include "base/guarded.hpp"
#include "base/time.hpp"

namespace busbar::access {

inline constexpr std::chrono::minutes kOnboardingWindow{30};

class Onboarding {
public:
    // In place of a window that is open.
    void open(SealedKey key, SteadyPoint until) {
        window_.with([&](auto& window) { window = Window{std::move(key), until}; });
    }
    void close() {
        window_.with([](auto& window) { window.reset(); });
    }

    // Until when it is open; empty: it is not.
    std::optional<SteadyPoint> until(SteadyPoint now) const {
        const auto window = open_now(now);
        return window ? std::optional(window->until) : std::nullopt;
    }
    // The key that opens it now.
    std::optional<SealedKey> key(SteadyPoint now) const {
        auto window = open_now(now);
        return window ? std::optional(std::move(window->key)) : std::nullopt;
    }

private:
    struct Window {
        SealedKey key;
        SteadyPoint until;
    };
    std::optional<Window> open_now(SteadyPoint now) const {
        auto window = window_.with([](const auto& held) { return held; });
        if (window && now >= window->until) window.reset();
        return window;
    }

    Guarded<std::optional<Window>> window_;
};

}  // namespace busbar::access
