// The last frames of all chargers, in memory, with secrets masked.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string_view>

#include "base/clock.hpp"
#include "control/frames.hpp"
#include "ocpp/observer.hpp"

namespace busbar::ocpp {

// `text` without what nobody but a charger and its operator may read: keys for the connection
// (AuthorizationKey, BasicAuthPassword), wherever they are set or shown. A frame that speaks of
// one and cannot be read is not shown at all. Pure.
std::string without_secrets(std::string_view text);

struct FrameLogOptions {
    std::size_t max_frames = 20'000;
    std::size_t max_bytes = 16 * 1024 * 1024;  // Of all texts.
    std::size_t max_frame_bytes = 8 * 1024;    // Of one; the rest is cut off.
    std::size_t max_followers = 32;            // Beyond, follow() gives null.
};

// Thread-safe. Cost of add(): a copy, and a look for secrets: about 1 us for a MeterValues.
class FrameRing final : public control::FrameLog {
public:
    explicit FrameRing(const Clock& clock, FrameLogOptions options = {});

    void add(const ChargerId& charger, Direction direction, std::string_view text);

    std::vector<control::LoggedFrame> frames(const control::FrameQuery& query) const override;
    std::shared_ptr<void> follow(std::optional<ChargerId> charger, Heard heard) override;

private:
    struct Follower {
        std::optional<ChargerId> charger;
        Heard heard;
    };
    // Outlives the ring while somebody still follows.
    struct Shared {
        std::mutex mutex;
        std::map<std::uint64_t, std::shared_ptr<Follower>> followers;
        std::uint64_t next = 1;
    };

    const Clock& clock_;
    const FrameLogOptions options_;
    mutable std::mutex mutex_;
    std::deque<control::LoggedFrame> frames_;
    std::size_t bytes_ = 0;
    std::uint64_t next_ = 1;
    const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace busbar::ocpp
