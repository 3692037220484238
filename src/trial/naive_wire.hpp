// What a server without a ledger does, to show what the ledger is for: every limit is sent at
// once, to everybody, the latest value only, and counts as obeyed when it was sent. For tests.
#pragma once

#include <map>
#include <memory>
#include <utility>

#include "base/clock.hpp"
#include "base/strand.hpp"
#include "trial/wire.hpp"

namespace busbar::trial {

class NaiveWire final : public Wire, public control::Gateway {
public:
    NaiveWire(std::unique_ptr<Wire> wire, Strand& strand, const Clock& clock)
        : wire_(std::move(wire)), strand_(strand), clock_(clock) {}

    control::Gateway& gateway() override { return *this; }
    void server_up(control::ChargerEvents& events) override {
        ++server_;
        wire_->server_up(events);
    }
    void server_down() override {
        ++server_;
        workers_.clear();
        wire_->server_down();
    }
    void add(const ChargerId& charger, ChargerEnd& end) override { wire_->add(charger, end); }
    void dial(const ChargerId& charger) override { wire_->dial(charger); }
    void drop(const ChargerId& charger) override { wire_->drop(charger); }
    void say(const ChargerId& charger, Said said,
             std::function<void(Result<Answer>)> answered) override {
        wire_->say(charger, std::move(said), std::move(answered));
    }
    void cut(const ChargerId& charger, Cut how) override { wire_->cut(charger, how); }

    void call(const ChargerId& charger, Command command, std::function<void(SteadyPoint)> sent,
              std::function<void(CallResult)> done) override {
        strand_.post([this, server = server_, sent = std::move(sent), done = std::move(done)] {
            if (server != server_) return;
            sent(clock_.steady());
            done({.outcome = CallOutcome::kAccepted, .answered_at = clock_.steady()});
        });
        const auto* limit = std::get_if<SetLimit>(&command);
        if (!limit) return;
        workers_[charger].latest.insert_or_assign({limit->purpose, limit->connector}, *limit);
        send(charger);
    }
    void disconnect(const ChargerId& charger) override { wire_->gateway().disconnect(charger); }
    void refuse(const ChargerId& charger, SteadyPoint until) override {
        wire_->gateway().refuse(charger, until);
    }

private:
    // One a charger: whatever was not sent when a newer value came is never sent.
    struct Worker {
        bool busy = false;
        std::map<std::pair<ProfilePurpose, int>, SetLimit> latest = {};
    };

    void send(const ChargerId& charger) {
        auto& worker = workers_[charger];
        if (worker.busy || worker.latest.empty()) return;
        worker.busy = true;
        const auto limit = worker.latest.extract(worker.latest.begin()).mapped();
        wire_->gateway().call(
            charger, limit, [](SteadyPoint) {},
            [this, charger](const CallResult&) {
                workers_[charger].busy = false;
                send(charger);
            });
    }

    std::unique_ptr<Wire> wire_;
    Strand& strand_;
    const Clock& clock_;
    std::map<ChargerId, Worker> workers_;
    std::uint64_t server_ = 0;
};

}  // namespace busbar::trial
