#include "trial/message_wire.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace busbar::trial {

using namespace std::chrono_literals;

NetworkSettings NetworkSettings::ideal() {
    return {.latency = {.least = 1ms, .typical = 1ms, .most = 1ms, .sigma = 0},
            .lost = 0,
            .doubled = 0,
            .notices_least = 1ms,
            .notices_most = 1ms};
}

Duration MessageWire::latency() {
    const auto& spread = settings_.latency;
    if (spread.sigma == 0) return spread.typical;
    const double radius = std::sqrt(-2 * std::log(1.0 - random_.fraction()));
    const double normal = radius * std::cos(2 * std::numbers::pi * random_.fraction());
    const double wait =
        static_cast<double>(spread.typical.count()) * std::exp(spread.sigma * normal);
    return std::clamp(Duration{static_cast<std::int64_t>(wait)}, spread.least, spread.most);
}

SteadyPoint MessageWire::arrival(SteadyPoint& last) {
    return last = std::max(last, clock_.steady() + latency());
}

void MessageWire::later(Duration wait, Task task) {
    strand_.at(clock_.steady() + wait, std::move(task));
}

// --- Connections ---------------------------------------------------------------------------------

void MessageWire::add(const ChargerId& charger, ChargerEnd& end) {
    lines_[charger].end = &end;
}

void MessageWire::server_up(control::ChargerEvents& events) {
    BUSBAR_CHECK(!events_);
    events_ = &events;
    ++server_;
}

void MessageWire::server_down() {
    events_ = nullptr;
    ++server_;
    for (auto& [charger, line] : lines_) {
        line.generation = 0;
        line.call.reset();
        if (!std::exchange(line.passes, false) && !line.up) continue;
        charger_notices(charger, latency());
    }
}

void MessageWire::dial(const ChargerId& charger) {
    auto& line = lines_.at(charger);
    line.dialled = ++dialled_;
    line.up = line.passes = false;
    later(latency(), [this, charger, dialled = line.dialled] { accepted(charger, dialled); });
}

void MessageWire::accepted(const ChargerId& charger, std::uint64_t dialled) {
    auto& line = lines_.at(charger);
    if (line.dialled != dialled) return;
    if (!events_ || clock_.steady() < line.refused_until)
        return charger_notices(charger, latency());
    const auto before = std::exchange(line.generation, ++generation_);
    unanswered(line);
    events_->connected(charger, line.generation);
    if (before != 0) events_->disconnected(charger, before);
    line.passes = true;
    line.to_server = clock_.steady();
    line.to_charger = clock_.steady() + latency();
    strand_.at(line.to_charger, [this, charger, dialled] {
        auto& at = lines_.at(charger);
        if (at.dialled != dialled || at.up) return;
        at.up = true;
        at.end->linked();
    });
}

void MessageWire::unanswered(Line& line) {
    if (!line.call) return;
    const auto call = *std::exchange(line.call, std::nullopt);
    strand_.post([this, server = server_, call] {
        if (server == server_)
            call.done({.outcome = CallOutcome::kUnanswered,
                       .answered_at = clock_.steady(),
                       .detail = "the connection broke"});
    });
}

void MessageWire::server_notices(const ChargerId& charger, Duration wait) {
    const auto generation = lines_.at(charger).generation;
    if (generation == 0) return;
    later(wait, [this, charger, generation] {
        auto& line = lines_.at(charger);
        if (line.generation != generation || !events_) return;
        line.generation = 0;
        unanswered(line);
        events_->disconnected(charger, generation);
    });
}

void MessageWire::charger_notices(const ChargerId& charger, Duration wait) {
    later(wait, [this, charger, dialled = lines_.at(charger).dialled] {
        auto& line = lines_.at(charger);
        if (line.dialled != dialled || dialled == 0) return;
        line.dialled = 0;
        line.up = false;
        line.end->unlinked();
    });
}

void MessageWire::drop(const ChargerId& charger) {
    auto& line = lines_.at(charger);
    line.dialled = 0;
    line.up = line.passes = false;
    server_notices(charger, random_.between(settings_.notices_least, settings_.notices_most));
}

void MessageWire::cut(const ChargerId& charger, Cut how) {
    auto& line = lines_.at(charger);
    if (!line.up && line.generation == 0) return;
    line.passes = false;
    const auto notices = [&] {
        return how == Cut::kClosed
                   ? latency()
                   : random_.between(settings_.notices_least, settings_.notices_most);
    };
    server_notices(charger, notices());
    charger_notices(charger, notices());
}

// --- What chargers say ---------------------------------------------------------------------------

void MessageWire::say(const ChargerId& charger, Said said,
                      std::function<void(Result<Answer>)> answered) {
    auto& line = lines_.at(charger);
    if (!line.up) return;
    const bool gone = lost();
    const int copies = random_.fraction() < settings_.doubled ? 2 : 1;
    for (int copy = 0; copy < copies; ++copy) {
        const auto when = arrival(line.to_server);
        if (gone) continue;
        strand_.at(when, [this, charger, dialled = line.dialled, said, answered] {
            const auto& at = lines_.at(charger);
            if (at.dialled == dialled && at.passes && events_) deliver(charger, said, answered);
        });
    }
}

// What the server answers goes back over the connection that the question came by.
template <class T>
std::function<void(Result<T>)> MessageWire::answer_with(
    const ChargerId& charger, std::function<void(Result<Answer>)> answered) {
    return [this, charger, dialled = lines_.at(charger).dialled, server = server_,
            answered = std::move(answered)](Result<T> result) {
        auto& line = lines_.at(charger);
        if (server != server_ || line.dialled != dialled || !line.passes) return;
        const auto when = arrival(line.to_charger);
        if (lost()) return;
        strand_.at(when, [this, charger, dialled, answered, result] {
            const auto& at = lines_.at(charger);
            if (at.dialled != dialled || !at.passes) return;
            answered(result ? Result<Answer>(Answer(*result)) : Result<Answer>(result.error()));
        });
    };
}

void MessageWire::deliver(const ChargerId& charger, const Said& said,
                          const std::function<void(Result<Answer>)>& answered) {
    if (const auto* boot = std::get_if<BootInfo>(&said)) {
        // The time goes with the answer.
        auto answer = answer_with<BootReply>(charger, answered);
        events_->boot(
            charger, *boot,
            [this, charger, server = server_, answer = std::move(answer)](const BootReply& reply) {
                if (server != server_) return;
                events_->told_time(charger, clock_.wall());
                answer(reply);
            });
    } else if (const auto* asks = std::get_if<AuthorizeRequest>(&said)) {
        events_->authorize(charger, asks->id_tag, answer_with<Authorization>(charger, answered));
    } else if (const auto* start = std::get_if<StartRequest>(&said)) {
        events_->start(charger, *start, answer_with<StartReply>(charger, answered));
    } else if (const auto* stop = std::get_if<StopRequest>(&said)) {
        events_->stop(charger, *stop, answer_with<Done>(charger, answered));
    } else {
        if (const auto* status = std::get_if<StatusReport>(&said))
            events_->status(charger, *status);
        else
            events_->meter(charger, std::get<MeterReport>(said));
        answer_with<Done>(charger, answered)(Done{});
    }
}

// --- What the server asks ------------------------------------------------------------------------

void MessageWire::call(const ChargerId& charger, Command command,
                       std::function<void(SteadyPoint)> sent,
                       std::function<void(CallResult)> done) {
    if (!events_) return;  // The last words of a server that is dying.
    const auto found = lines_.find(charger);
    if (found == lines_.end() || found->second.generation == 0)
        return strand_.post([this, server = server_, done = std::move(done)] {
            if (server == server_) done({.outcome = CallOutcome::kNotSent});
        });
    auto& line = found->second;
    BUSBAR_CHECK(!line.call);
    const auto number = ++calls_;
    line.call = OpenCall{number, std::move(done)};
    strand_.post([this, server = server_, sent = std::move(sent)] {
        if (server == server_) sent(clock_.steady());
    });
    later(answer_within(command, settings_.call_timeout), [this, charger, number] {
        finish(charger, number,
               {.outcome = CallOutcome::kUnanswered, .detail = "no answer in time"});
    });
    if (!line.passes) return;
    const auto when = arrival(line.to_charger);
    if (lost()) return;
    strand_.at(when, [this, charger, number, dialled = line.dialled, command = std::move(command)] {
        const auto& at = lines_.at(charger);
        if (at.dialled == dialled && at.passes) arrives(charger, number, command);
    });
}

void MessageWire::arrives(const ChargerId& charger, std::uint64_t number, const Command& command) {
    auto& line = lines_.at(charger);
    const auto dialled = line.dialled;
    line.end->asked(command, [this, charger, number, dialled](CallResult result) {
        auto& at = lines_.at(charger);
        if (at.dialled != dialled || !at.passes) return;
        const auto when = arrival(at.to_server);
        if (lost()) return;
        strand_.at(when, [this, charger, number, dialled, result = std::move(result)] {
            const auto& then = lines_.at(charger);
            if (then.dialled == dialled && then.passes) finish(charger, number, result);
        });
    });
}

void MessageWire::finish(const ChargerId& charger, std::uint64_t number, CallResult result) {
    auto& line = lines_.at(charger);
    if (!line.call || line.call->number != number) return;
    const auto call = *std::exchange(line.call, std::nullopt);
    result.answered_at = clock_.steady();
    call.done(std::move(result));
}

}  // namespace busbar::trial
