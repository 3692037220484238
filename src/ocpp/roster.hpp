// Who is connected: at most one connection a charger, the newest; and how many there are in all.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>
#include <vector>

#include "access/attempts.hpp"
#include "base/id.hpp"
#include "base/time.hpp"

namespace busbar::ocpp {

class Connection;

// Thread-safe. Held by a shared_ptr.
class Roster : public std::enable_shared_from_this<Roster> {
public:
    // So many connections at once; and so many times a minute may one take the place of another.
    Roster(std::size_t most, std::size_t most_takeovers)
        : most_(most), takeovers_(most_takeovers, most) {}

    // Something is under way that stop() has to wait for, as long as this lives.
    using Presence = std::shared_ptr<void>;

    // Null once closed.
    Presence enter();

    // A number for a new connection, higher than any before; 0 if there is no room for it. Each
    // that is reserved is given back by remove().
    std::int64_t reserve();
    // False, and nothing done, once closed.
    bool add(std::int64_t generation, const std::weak_ptr<Connection>& connection);
    void remove(std::int64_t generation);

    // Makes it the charger's connection. `older`: the one it takes the place of, if any. Not
    // `admitted` if a newer one is there already, the charger is refused, or the roster is closed.
    struct Joined {
        bool admitted = false;
        std::shared_ptr<Connection> older = {};
        bool too_often = false;  // So the next ones are refused for a while.
    };
    Joined join(const ChargerId& charger, std::int64_t generation,
                const std::shared_ptr<Connection>& connection, SteadyPoint now);

    // Takes it out again, if it is still the charger's connection.
    void leave(const ChargerId& charger, std::int64_t generation);

    // Until then refuses() says so, and join() does not admit it. A time that is past: no more.
    // The same goes, for the rest of a minute, for a charger whose connections took each other's
    // place too often: then two chargers share its name.
    void refuse(const ChargerId& charger, SteadyPoint until, SteadyPoint now);
    bool refuses(const ChargerId& charger, SteadyPoint now) const;

    // Whether nobody was told yet that its messages are too big: true once for a charger, and not
    // at all beyond as many chargers as there is room for.
    bool first_too_big(const ChargerId& charger);

    std::shared_ptr<Connection> find(const ChargerId& charger) const;
    std::size_t joined() const;

    // Lets nobody in any more. Returns all that are there.
    std::vector<std::shared_ptr<Connection>> close();

    // False if somebody is still present after `patience`.
    bool wait_until_empty(std::chrono::nanoseconds patience);

private:
    struct Seated {
        std::int64_t generation;
        std::shared_ptr<Connection> connection;
    };

    const std::size_t most_;
    mutable std::mutex mutex_;
    std::condition_variable left_;
    std::unordered_map<ChargerId, Seated> joined_;
    std::map<ChargerId, SteadyPoint> refused_;  // Until when; as many as are being probed.
    access::Attempts takeovers_;
    std::set<ChargerId> too_big_;
    std::map<std::int64_t, std::weak_ptr<Connection>> all_;
    std::size_t present_ = 0;
    std::int64_t next_generation_ = 1;
    bool closed_ = false;
};

}  // namespace busbar::ocpp
