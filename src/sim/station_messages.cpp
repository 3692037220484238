#include <algorithm>

#include "sim/station.hpp"

namespace busbar::sim {
namespace {

constexpr std::size_t kMostWaiting = 500;
constexpr int kMostRefusals = 3;  // TransactionMessageAttempts.
constexpr std::chrono::seconds kPauseAfterFailure{2};

}  // namespace

// --- The queue ------------------------------------------------------------------------------

void Station::queue(Message message) {
    if (queue_.size() >= kMostWaiting && !make_room()) {
        give_up(message);
        return;
    }
    queue_.push_back(std::move(message));
}

bool Station::make_room() {
    // Old meter values are worth least; what only reports comes next; starts and stops stay.
    auto least = std::find_if(queue_.begin(), queue_.end(), [](const Message& m) {
        return m.topic == Topic::kReading || m.topic == Topic::kChange;
    });
    if (least == queue_.end())
        least = std::find_if(queue_.begin(), queue_.end(), [](const Message& m) { return !m.of; });
    if (least == queue_.end()) return false;
    give_up(*least);
    queue_.erase(least);
    return true;
}

void Station::give_up(const Message& message) {
    ++seen_.calls_given_up;
    if (message.topic == Topic::kEnd) names_.erase(*message.of);
}

void Station::drop_passing_messages() {
    std::erase_if(queue_, [](const Message& message) { return !message.of; });
}

void Station::pump() {
    while (connected_ && !open_ && !queue_.empty() && clock_.steady() >= send_after_) {
        if (!online() && queue_.front().topic != Topic::kBoot) return;
        auto message = std::move(queue_.front());
        queue_.pop_front();
        if (!complete(message)) {
            give_up(message);
            continue;
        }
        if (message.topic == Topic::kBoot) ++seen_.boots;
        const auto id = std::to_string(++last_call_);
        auto frame = write_call(id, message.spoken.action, message.spoken.payload);
        open_ = OpenCall{id, std::move(message), clock_.steady() + options_.call_timeout};
        hooks_.send(std::move(frame));
    }
}

bool Station::complete(Message& message) const {
    if (!message.of || message.topic == Topic::kBegin || speech_.names_transactions()) return true;
    // The start went before it, so a number that is not known now never will be.
    const auto name = names_.find(*message.of);
    if (name == names_.end() || !name->second) return false;
    speech_.name(message.spoken.payload, *name->second);
    return true;
}

// --- What is said ---------------------------------------------------------------------------

void Station::queue_status(int connector) {
    auto spoken = speech_.status(connector, connector == 0 ? whole_status() : status_, own_time());
    if (!spoken) return;
    Message message{.topic = Topic::kStatus, .spoken = std::move(*spoken), .connector = connector};
    // One that still waits has been overtaken.
    for (auto& waiting : queue_)
        if (waiting.topic == Topic::kStatus && waiting.connector == connector) {
            waiting = std::move(message);
            return;
        }
    queue(std::move(message));
}

void Station::queue_all_statuses_first() {
    for (const int connector : {1, 0}) {
        auto spoken =
            speech_.status(connector, connector == 0 ? whole_status() : status_, own_time());
        if (spoken)
            queue_.push_front(
                {.topic = Topic::kStatus, .spoken = std::move(*spoken), .connector = connector});
    }
}

Reading Station::reading(std::string_view context) const {
    return {.at = own_time(),
            .context = context,
            .wired = setup_.phases,
            .drawn = drawn(),
            .energy = register_,
            .soc_pct = car_ ? std::optional{car_->soc_pct()} : std::nullopt};
}

Told Station::told(std::string_view context) {
    BUSBAR_CHECK(session_);
    return {.name = session_->name.value_or(""),
            .card = card(),
            .event = session_->told++,
            .offline = !connected_,
            .status = status_,
            .reading = reading(context),
            .remote_start = session_->remote_start};
}

void Station::queue_reading(std::string_view context) {
    if (!session_) {
        queue({.topic = Topic::kReading, .spoken = speech_.reading(reading(context), nullptr)});
        return;
    }
    const auto now = told(context);
    queue({.topic = Topic::kReading,
           .spoken = speech_.reading(now.reading, &now),
           .of = session_->key});
}

void Station::queue_change() {
    if (!session_ || !speech_.tells_changes()) return;
    queue({.topic = Topic::kChange, .spoken = speech_.changed(told("Other")), .of = session_->key});
}

// --- What comes back ------------------------------------------------------------------------

void Station::answered(Message message, const json::object& answer) {
    if (message.of && behaviour_.says_twice && !std::exchange(message.again, true)) {
        queue_.push_front(std::move(message));
        return;
    }
    switch (message.topic) {
        case Topic::kBoot:
            return registered(answer);
        case Topic::kHeartbeat:
            return set_clock(answer);
        case Topic::kAuthorize:
            return authorized(message, answer);
        case Topic::kBegin:
            return begun(std::move(message), answer);
        case Topic::kEnd:
            names_.erase(*message.of);
            return;
        case Topic::kStatus:
        case Topic::kReading:
        case Topic::kChange:
            return;
    }
}

void Station::authorized(const Message& message, const json::object& answer) {
    // The car may have gone, or another come, since the question was asked.
    if (!authorizing_ || !car_ || message.card != card()) return;
    authorizing_ = false;
    if (session_ || done_with_car_ || !operative_) return;
    if (speech_.authorized(answer))
        begin_transaction({});
    else
        done_with_car_ = true;
}

void Station::begun(Message message, const json::object& answer) {
    const bool present = session_ && session_->key == *message.of;  // Or over; its stop waits.
    if (!speech_.names_transactions()) {
        const auto name = speech_.name_in(answer);
        if (!name) return refused(std::move(message));
        names_[*message.of] = *name;
        if (present) {
            session_->name = *name;
            model_.name_transaction(1, *name);
        }
    }
    if (present && !speech_.welcome(answer)) end_transaction("DeAuthorized");
}

void Station::refused(Message message) {
    send_after_ = clock_.steady() + kPauseAfterFailure;
    if (message.of && ++message.refusals < kMostRefusals) {
        queue_.push_front(std::move(message));
    } else if (message.of) {
        give_up(message);
        // Nobody will ever know of this transaction: it must not go on.
        if (message.topic == Topic::kBegin && session_ && session_->key == *message.of)
            end_transaction("Other");
    } else {
        unanswered(std::move(message));
    }
}

void Station::unanswered(Message message) {
    send_after_ = clock_.steady() + kPauseAfterFailure;
    if (message.of) {
        queue_.push_front(std::move(message));
    } else if (message.topic == Topic::kBoot) {
        boot_at_ = send_after_;
    } else if (message.topic == Topic::kAuthorize && authorizing_) {
        // A CSMS that does not say yes or no is as good as away.
        authorizing_ = false;
        if (car_ && !session_ && !done_with_car_ && behaviour_.starts_offline)
            begin_transaction({});
    }
}

}  // namespace busbar::sim
