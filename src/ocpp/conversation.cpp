#include "ocpp/conversation.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.hpp"
#include "ocpp/command.hpp"
#include "ocpp/messages.hpp"
#include "ocpp/text.hpp"

namespace busbar::ocpp {
namespace {

// Whether a newer limit makes an older one pointless.
bool replaces(const Command& newer, const Command& older) {
    const auto* now = std::get_if<SetLimit>(&newer);
    const auto* before = std::get_if<SetLimit>(&older);
    return now != nullptr && before != nullptr && now->purpose == before->purpose &&
           now->connector == before->connector;
}

CallResult not_sent(std::string why) {
    CallResult result;
    result.outcome = CallOutcome::kNotSent;
    result.detail = std::move(why);
    return result;
}

CallResult unanswered(std::string why) {
    CallResult result;
    result.outcome = CallOutcome::kUnanswered;
    result.detail = std::move(why);
    return result;
}

}  // namespace

Conversation::Conversation(ChargerId charger, Version version, std::string prefix,
                           const ConversationOptions& options, control::ChargerEvents& events,
                           std::shared_ptr<Strand> strand, const Clock& clock, Outlet& outlet,
                           GatewayObserver& observer)
    : charger_(std::move(charger)),
      dialect_(dialect_of(version)),
      prefix_(std::move(prefix)),
      options_(options),
      events_(events),
      strand_(std::move(strand)),
      clock_(clock),
      outlet_(outlet),
      observer_(observer) {}

void Conversation::receive(std::string_view text) {
    if (ended_) return;
    observer_.passed(charger_, Direction::kFromCharger, text);
    auto frame = parse_frame(text);
    if (!frame) return malformed(frame.error());
    const bool is_of_21 = std::holds_alternative<SendFrame>(*frame) ||
                          std::holds_alternative<UselessResultFrame>(*frame);
    if (is_of_21 && !dialect_.has_sends)
        return malformed({Errc::kMalformed, "no message type of this OCPP"});
    malformed_in_a_row_ = 0;
    std::visit([this](auto&& kind) { take(std::move(kind)); }, *std::move(frame));
}

// OCPP 1.6 has no answer for what cannot be read; 2.x has.
void Conversation::malformed(const Error& error) {
    observer_.malformed();
    log::debug("malformed frame", {{"charger", charger_}, {"reason", error.message}});
    if (++malformed_in_a_row_ == options_.max_malformed)
        return outlet_.close("too many messages that are not OCPP");
    if (dialect_.answers_malformed) outlet_.send(malformed_frame(error.message), {});
}

// Why a call is not taken at all, if so.
std::optional<CallError> Conversation::refusal_of(const CallFrame& frame,
                                                  const Action* action) const {
    const auto* message = find_message(dialect_.version, frame.action);
    if (message == nullptr) return CallError{ErrorCode::kNotImplemented, "no such action"};
    if (action == nullptr) return CallError{ErrorCode::kNotSupported, "only we ask this"};
    auto wrong = check(frame.payload, message->request, options_.extras);
    // 2.x, B02 and B03: until its boot is accepted, a station is not listened to.
    const bool waits = memory_.registration && *memory_.registration != Registration::kAccepted;
    if (!wrong && waits && frame.action != "BootNotification")
        wrong = CallError{ErrorCode::kSecurityError, "the station is not accepted yet"};
    return wrong;
}

void Conversation::take(CallFrame frame) {
    const auto number = open(std::move(frame.id));
    const auto* action = dialect_.find_action(frame.action);
    if (auto wrong = refusal_of(frame, action)) {
        log::warn("charger's call refused", {{"charger", charger_},
                                             {"action", first_characters(frame.action, 50)},
                                             {"code", to_string(wrong->code)},
                                             {"reason", wrong->description}});
        return settle(number, *std::move(wrong));
    }
    trusted_ = true;
    const std::function<std::function<void(Answer)>()> later = [this, number] {
        return [weak = weak_from_this(), number](Answer answer) {
            const auto self = weak.lock();
            if (!self) return;
            self->strand_->post(
                [self, number, answer = std::move(answer)] { self->settle(number, answer); });
        };
    };
    const std::function<std::function<void(Registration)>()> registered = [this] {
        return [weak = weak_from_this()](Registration status) {
            const auto self = weak.lock();
            if (!self) return;
            self->strand_->post([self, status] { self->memory_.registration = status; });
        };
    };
    const auto answer =
        action->take(frame.payload, Asked{charger_, events_, clock_, later, memory_, registered});
    if (answer) return settle(number, *answer);
    wake_at(open_.back().due);
}

// Nobody waits for an answer. Those there are, we have no use for.
void Conversation::take(SendFrame frame) {
    log::debug("message ignored", {{"charger", charger_}, {"action", frame.action}});
}

void Conversation::take(UselessResultFrame frame) {
    log::error("our answer was refused",
               {{"charger", charger_}, {"id", frame.id}, {"code", frame.code}});
}

void Conversation::take(BadCallFrame frame) {
    settle(open(std::move(frame.id)), std::move(frame.error));
}

void Conversation::take(ResultFrame frame) {
    if (!is_answer_to_ours(frame.id)) return;
    if (!frame.payload) return finish(unanswered("the answer cannot be read"));
    const auto* message = find_message(dialect_.version, ours_->action);
    if (const auto wrong = check(*frame.payload, message->response, Extras::kIgnore))
        log::warn(
            "charger's answer does not follow OCPP",
            {{"charger", charger_}, {"action", ours_->action}, {"reason", wrong->description}});
    finish(dialect_.meaning_of(ours_->command, *frame.payload, frame.payload_text));
}

void Conversation::take(ErrorFrame frame) {
    if (!is_answer_to_ours(frame.id)) return;
    finish(meaning_of_error(frame.code, frame.description));
}

// Late, doubled and unasked-for answers are not; but a late one says that the charger is free.
bool Conversation::is_answer_to_ours(const std::string& id) {
    if (ours_ && ours_->started && ours_->id == id) return true;
    log::debug("answer ignored", {{"charger", charger_}, {"id", id}});
    if (!given_up_.empty() && given_up_ == id) {
        given_up_.clear();
        pause_until_ = {};
        send_next_call();
    }
    return false;
}

std::uint64_t Conversation::open(std::string id) {
    const auto due = clock_.steady() + options_.answer_timeout;
    open_.push_back({std::move(id), due, {}});
    return first_open_ + open_.size() - 1;
}

void Conversation::settle(std::uint64_t number, const Answer& answer) {
    // Not when the connection has ended, nor when we refused in control's stead before.
    if (ended_ || number < first_open_) return;
    auto& call = open_[number - first_open_];
    if (call.answer) return;
    const auto* error = std::get_if<CallError>(&answer);
    call.answer = error != nullptr ? error_frame(call.id, *error, dialect_.version)
                                   : result_frame(call.id, std::get<std::string>(answer));
    answered_ = std::max(answered_, number + 1);
    send_answers();
}

void Conversation::send_answers() {
    const bool was_full = full();
    std::size_t sent = 0;
    while (sent < open_.size() && open_[sent].answer) ++sent;
    for (std::size_t i = 0; i < sent; ++i) outlet_.send(*std::move(open_[i].answer), {});
    open_.erase(open_.begin(), open_.begin() + static_cast<std::ptrdiff_t>(sent));
    first_open_ += sent;
    if (!open_.empty()) wake_at(open_.front().due);
    if (sent == 0) return;
    send_next_call();
    if (was_full && !full()) outlet_.has_room();
}

void Conversation::call(Command command, Sent sent, Finished done) {
    if (ended_) return done(not_sent("the charger is not connected"));
    const auto older = std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& waiting) {
        return replaces(command, waiting.command);
    });
    if (older != waiting_.end()) {
        auto replaced = std::move(older->done);
        waiting_.erase(older);
        replaced(not_sent("replaced by a newer limit"));
    }
    if (waiting_.size() >= options_.max_queued_calls)
        return done(not_sent("too many commands wait for this charger"));
    const auto due = clock_.steady() + options_.call_timeout;
    waiting_.push_back({std::move(command), std::move(sent), std::move(done), due, answered_});
    wake_at(due);
    send_next_call();
}

void Conversation::send_next_call() {
    if (ended_ || ours_ || waiting_.empty() || waiting_.front().after > first_open_) return;
    const auto now = clock_.steady();
    if (now < pause_until_) return wake_at(pause_until_);
    auto next = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    const auto question = dialect_.question_for(next.command);
    if (const auto wrong = defect_of(question, dialect_.version)) {
        // Our own mistake. It reaches nobody, and what the charger does is not changed by it.
        log::error(
            "our own call does not follow OCPP",
            {{"charger", charger_}, {"action", question.action}, {"reason", wrong->description}});
        next.done(not_sent("the call does not follow OCPP: " + wrong->description));
        return send_next_call();
    }
    auto id = "\"" + prefix_ + std::to_string(next_id_++) + "\"";
    auto frame = call_frame(id, question.action, question.payload);
    ours_ = Ours{std::move(id),        question.action, std::move(next.command),
                 std::move(next.done), next.due,        {}};
    // The outlet drops the callback with the frame when the connection ends, before we do.
    outlet_.send(std::move(frame), [this, sent = std::move(next.sent)] { started(sent); });
}

void Conversation::started(const Sent& sent) {
    if (!ours_) return;
    const auto now = clock_.steady();
    ours_->started = now;
    ours_->due = now + answer_within(ours_->command, options_.call_timeout);
    wake_at(ours_->due);
    if (sent) sent(now);
}

void Conversation::finish(CallResult result) {
    auto ours = *std::move(ours_);
    ours_.reset();
    const auto now = clock_.steady();
    result.answered_at = now;
    observer_.called(result.outcome, ours.started ? now - *ours.started : SteadyPoint::duration{});
    ours.done(std::move(result));
    send_next_call();
}

void Conversation::end() {
    if (ended_) return;
    ended_ = true;
    if (ours_)
        finish(ours_->started ? unanswered("the connection was lost")
                              : not_sent("the connection was lost"));
    for (auto& waiting : std::exchange(waiting_, {}))
        waiting.done(not_sent("the connection was lost"));
    open_.clear();
}

// One timer at a time, for whatever is due first: timers cannot be cancelled.
void Conversation::wake_at(SteadyPoint when) {
    if (wakes_at_ && *wakes_at_ <= when) return;
    wakes_at_ = when;
    strand_->at(when, [weak = weak_from_this(), when] {
        const auto self = weak.lock();
        if (!self || self->wakes_at_ != when) return;
        self->wakes_at_.reset();
        self->wake();
    });
}

void Conversation::wake() {
    if (ended_) return;
    const auto now = clock_.steady();
    for (std::size_t i = 0; i < open_.size(); ++i)
        if (!open_[i].answer && open_[i].due <= now) {
            log::error("charger's call not answered in time", {{"charger", charger_}});
            open_[i].answer = error_frame(
                open_[i].id, {ErrorCode::kInternalError, "no answer in time, try again"},
                dialect_.version);
        }
    send_answers();
    drop_overdue_calls(now);
    send_next_call();
    if (const auto next = next_deadline()) wake_at(*next);
}

void Conversation::drop_overdue_calls(SteadyPoint now) {
    if (ours_ && ours_->due <= now && ours_->started) {
        given_up_ = ours_->id;
        pause_until_ = now + options_.pause;
        log::warn("no answer", {{"charger", charger_}});
        finish(unanswered("no answer in time"));
    } else if (ours_ && ours_->due <= now) {
        outlet_.close("it does not read what we send");  // Ends the call, too.
    }
    // The oldest stand first.
    const auto first_in_time = std::find_if(waiting_.begin(), waiting_.end(),
                                            [&](const Waiting& one) { return one.due > now; });
    std::vector<Waiting> overdue(std::make_move_iterator(waiting_.begin()),
                                 std::make_move_iterator(first_in_time));
    waiting_.erase(waiting_.begin(), first_in_time);
    for (auto& one : overdue) one.done(not_sent("its turn did not come in time"));
}

std::optional<SteadyPoint> Conversation::next_deadline() const {
    std::optional<SteadyPoint> next;
    const auto earliest = [&](SteadyPoint when) { next = next ? std::min(*next, when) : when; };
    for (const auto& call : open_)
        if (!call.answer) earliest(call.due);
    for (const auto& one : waiting_) earliest(one.due);
    if (ours_ && ours_->started) earliest(ours_->due);
    if (!waiting_.empty() && clock_.steady() < pause_until_) earliest(pause_until_);
    return next;
}

}  // namespace busbar::ocpp
