#include "ocpp/roster.hpp"

#include <utility>

namespace busbar::ocpp {

Roster::Presence Roster::enter() {
    const std::lock_guard lock(mutex_);
    if (closed_) return {};
    ++present_;
    // The pointer itself means nothing; only its end does.
    return {this, [self = shared_from_this()](void*) {
                const std::lock_guard leaving(self->mutex_);
                --self->present_;
                self->left_.notify_all();
            }};
}

std::int64_t Roster::reserve() {
    const std::lock_guard lock(mutex_);
    if (closed_ || all_.size() >= most_) return 0;
    all_.try_emplace(next_generation_);
    return next_generation_++;
}

bool Roster::add(std::int64_t generation, const std::weak_ptr<Connection>& connection) {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    all_.at(generation) = connection;
    return true;
}

void Roster::remove(std::int64_t generation) {
    const std::lock_guard lock(mutex_);
    all_.erase(generation);
}

Roster::Joined Roster::join(const ChargerId& charger, std::int64_t generation,
                            const std::shared_ptr<Connection>& connection, SteadyPoint now) {
    const std::lock_guard lock(mutex_);
    if (closed_) return {};
    const auto refused = refused_.find(charger);
    if (refused != refused_.end() && now < refused->second) return {};
    const auto there = joined_.find(charger);
    if (there == joined_.end()) {
        joined_.emplace(charger, Seated{generation, connection});
        return {true, {}};
    }
    if (there->second.generation > generation || takeovers_.spent(charger.str(), now)) return {};
    takeovers_.count(charger.str(), now);
    auto before = std::exchange(there->second, Seated{generation, connection});
    return {true, std::move(before.connection), takeovers_.spent(charger.str(), now)};
}

void Roster::leave(const ChargerId& charger, std::int64_t generation) {
    std::shared_ptr<Connection> outside_the_lock;
    const std::lock_guard lock(mutex_);
    const auto there = joined_.find(charger);
    if (there == joined_.end() || there->second.generation != generation) return;
    outside_the_lock = std::move(there->second.connection);
    joined_.erase(there);
}

void Roster::refuse(const ChargerId& charger, SteadyPoint until, SteadyPoint now) {
    const std::lock_guard lock(mutex_);
    std::erase_if(refused_, [&](const auto& each) { return each.second <= now; });
    refused_.insert_or_assign(charger, until);
}

bool Roster::refuses(const ChargerId& charger, SteadyPoint now) const {
    const std::lock_guard lock(mutex_);
    const auto found = refused_.find(charger);
    if (found != refused_.end() && now < found->second) return true;
    return joined_.contains(charger) && takeovers_.spent(charger.str(), now);
}

bool Roster::first_too_big(const ChargerId& charger) {
    const std::lock_guard lock(mutex_);
    return too_big_.size() < most_ && too_big_.insert(charger).second;
}

std::shared_ptr<Connection> Roster::find(const ChargerId& charger) const {
    const std::lock_guard lock(mutex_);
    const auto there = joined_.find(charger);
    return there == joined_.end() ? nullptr : there->second.connection;
}

std::size_t Roster::joined() const {
    const std::lock_guard lock(mutex_);
    return joined_.size();
}

std::vector<std::shared_ptr<Connection>> Roster::close() {
    std::vector<std::shared_ptr<Connection>> all;
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (const auto& [generation, connection] : all_)
        if (auto alive = connection.lock()) all.push_back(std::move(alive));
    return all;
}

bool Roster::wait_until_empty(std::chrono::nanoseconds patience) {
    std::unique_lock lock(mutex_);
    return left_.wait_for(lock, patience, [this] { return present_ == 0; });
}

}  // namespace busbar::ocpp
