// Coroutines that end together: each that is spawned belongs to a group, and none outlives it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>

namespace busbar::net {

// Thread-safe.
class TaskGroup {
public:
    TaskGroup();
    ~TaskGroup();  // Stops.
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    // Runs `task` on `strand`, which must be one: cancelling is done there. False, and the task
    // never begins, once the group is closed. An exception that leaves the task is logged, unless
    // it says that the task was cancelled.
    bool spawn(const boost::asio::any_io_executor& strand, boost::asio::awaitable<void> task);

    std::size_t size() const;

    // Closes the group, cancels every task (its next co_await of an operation throws
    // operation_aborted), and waits until the last has ended. A task that has not after 30 s
    // ends the process: everything it may still touch is about to go.
    // Not from a thread that runs the tasks; a second call does nothing.
    void stop();

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace busbar::net
