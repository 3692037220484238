#include "net/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <condition_variable>
#include <map>
#include <mutex>

#include "base/check.hpp"
#include "base/log.hpp"

namespace busbar::net {
namespace asio = boost::asio;
namespace {

constexpr std::chrono::seconds kPatience{30};

void report(const std::exception_ptr& escaped) {
    if (!escaped) return;
    try {
        std::rethrow_exception(escaped);
    } catch (const boost::system::system_error& failure) {
        if (failure.code() == asio::error::operation_aborted) return;
        log::error("task failed", {{"reason", failure.what()}});
    } catch (const std::exception& failure) {
        log::error("task failed", {{"reason", failure.what()}});
    }
}

}  // namespace

struct TaskGroup::State {
    struct Member {
        asio::any_io_executor strand;
        asio::cancellation_signal cancel;
    };
    std::mutex mutex;
    std::condition_variable ended;
    std::map<std::uint64_t, std::shared_ptr<Member>> members;
    std::uint64_t next = 0;
    bool closed = false;
};

TaskGroup::TaskGroup() : state_(std::make_shared<State>()) {}

TaskGroup::~TaskGroup() {
    stop();
}

bool TaskGroup::spawn(const asio::any_io_executor& strand, asio::awaitable<void> task) {
    auto member = std::make_shared<State::Member>();
    member->strand = strand;
    std::uint64_t number = 0;
    {
        const std::lock_guard lock(state_->mutex);
        if (state_->closed) return false;
        number = state_->next++;
        state_->members.emplace(number, member);
    }
    auto ended = [state = state_, member, number](std::exception_ptr escaped) {
        report(escaped);
        const std::lock_guard lock(state->mutex);
        state->members.erase(number);
        state->ended.notify_all();
    };
    asio::co_spawn(strand, std::move(task),
                   asio::bind_cancellation_slot(member->cancel.slot(), std::move(ended)));
    return true;
}

std::size_t TaskGroup::size() const {
    const std::lock_guard lock(state_->mutex);
    return state_->members.size();
}

void TaskGroup::stop() {
    std::unique_lock lock(state_->mutex);
    state_->closed = true;
    for (const auto& [number, member] : state_->members) {
        auto cancel = [one = member] { one->cancel.emit(asio::cancellation_type::terminal); };
        asio::post(member->strand, std::move(cancel));
    }
    const bool all_ended =
        state_->ended.wait_for(lock, kPatience, [this] { return state_->members.empty(); });
    BUSBAR_CHECK(all_ended);
}

}  // namespace busbar::net
