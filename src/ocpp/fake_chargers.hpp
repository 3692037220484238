// For tests: a ChargerEvents that remembers what it was told, and answers when told to.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "control/ports.hpp"

namespace busbar::ocpp {

// Thread-safe.
class FakeChargers final : public control::ChargerEvents {
public:
    // What was said, in order: "connected CP-1", "boot CP-1 Vendor Model", "disconnected CP-1".
    std::vector<std::string> log() const {
        const std::lock_guard lock(mutex_);
        return log_;
    }

    // Waits until the log holds `entry`. False if it never does.
    bool saw(const std::string& entry) { return saw(entry, 1); }
    bool saw(const std::string& entry, int times) {
        return wait([&] { return std::count(log_.begin(), log_.end(), entry) >= times; });
    }
    bool wait(const std::function<bool()>& condition) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds{20}, condition);
    }

    // From now on answers are kept back...
    void hold_answers() {
        const std::lock_guard lock(mutex_);
        holding_ = true;
    }
    // ... until one is asked for, by its place among those held. Requires: it is there.
    void answer(std::size_t place) {
        std::function<void()> held;
        {
            const std::lock_guard lock(mutex_);
            held = std::exchange(held_.at(place), {});
        }
        held();
    }
    std::size_t held() const {
        const std::lock_guard lock(mutex_);
        return held_.size();
    }

    // Called within start(), on the gateway's thread.
    std::function<void(const ChargerId&)> on_start;
    // Called within disconnected().
    std::function<void()> on_end;
    std::vector<MeterReport> meter_reports;
    std::vector<StartRequest> starts;
    std::vector<StopRequest> stops;
    std::vector<StatusReport> statuses;
    std::vector<TransactionEvent> transactions;
    Result<StartReply> start_reply = StartReply{Authorization::kAccepted, 4711};
    BootReply boot_reply{Registration::kAccepted, std::chrono::seconds{300}};
    std::int64_t generation = 0;  // The newest.

    void connected(const ChargerId& charger, std::int64_t new_generation) override {
        note("connected " + charger.str(), [&] { generation = new_generation; });
    }
    void told_time(const ChargerId&, TimePoint) override {}
    void alarm(const ChargerId& charger, std::string text) override {
        note("alarm " + charger.str() + " " + text, [] {});
    }
    void disconnected(const ChargerId& charger, std::int64_t) override {
        if (on_end) on_end();
        note("disconnected " + charger.str(), [] {});
    }
    void boot(const ChargerId& charger, BootInfo info,
              std::function<void(BootReply)> reply) override {
        note("boot " + charger.str() + " " + info.vendor + " " + info.model, [] {});
        give([this, reply] { reply(boot_reply); });
    }
    void status(const ChargerId& charger, StatusReport report) override {
        note("status " + charger.str() + " " + std::string(to_string(report.status)),
             [&] { statuses.push_back(report); });
    }
    void authorize(const ChargerId& charger, std::string id_tag,
                   std::function<void(Authorization)> reply) override {
        note("authorize " + charger.str() + " " + id_tag, [] {});
        give([reply] { reply(Authorization::kAccepted); });
    }
    void start(const ChargerId& charger, StartRequest request,
               control::Callback<StartReply> reply) override {
        note("start " + charger.str() + " " + std::to_string(request.connector),
             [&] { starts.push_back(request); });
        give([this, charger, reply] {
            reply(start_reply);
            if (on_start) on_start(charger);
        });
    }
    void stop(const ChargerId& charger, StopRequest request,
              control::Callback<Done> reply) override {
        note("stop " + charger.str() + " " + std::to_string(request.transaction),
             [&] { stops.push_back(request); });
        give([reply] { reply(Done{}); });
    }
    void transaction(const ChargerId& charger, TransactionEvent event,
                     control::Callback<StartReply> reply) override {
        note("transaction " + charger.str() + " " + event.own_id,
             [&] { transactions.push_back(std::move(event)); });
        give([this, reply] { reply(start_reply); });
    }
    void meter(const ChargerId& charger, MeterReport report) override {
        note("meter " + charger.str() + " " + std::to_string(report.samples.size()),
             [&] { meter_reports.push_back(report); });
    }

private:
    template <class Also>
    void note(std::string entry, Also also) {
        const std::lock_guard lock(mutex_);
        log_.push_back(std::move(entry));
        also();
        changed_.notify_all();
    }
    void give(std::function<void()> answer) {
        {
            const std::lock_guard lock(mutex_);
            if (holding_) {
                held_.push_back(std::move(answer));
                changed_.notify_all();
                return;
            }
        }
        answer();
    }

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> log_;
    std::vector<std::function<void()>> held_;
    bool holding_ = false;
};

}  // namespace busbar::ocpp
