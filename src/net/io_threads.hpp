// The threads on which all network work runs, and the io_context they share.
#pragma once

#include <memory>
#include <thread>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace busbar::net {

// Starts `threads` >= 1 threads at once; they run until stop(). Tasks must not block. An exception
// that escapes a task ends the process: it is a mistake of ours.
class IoThreads {
public:
    explicit IoThreads(int threads);
    ~IoThreads();  // Stops.
    IoThreads(const IoThreads&) = delete;
    IoThreads& operator=(const IoThreads&) = delete;

    boost::asio::io_context& context() { return *context_; }

    // Lets every running task end, drops the waiting ones, and joins the threads. Whoever has
    // connections closes them first (Gateway::stop, Listener::stop). Not from one of the threads;
    // a second call does nothing.
    void stop();

private:
    std::unique_ptr<boost::asio::io_context> context_;
    std::vector<std::thread> threads_;
};

}  // namespace busbar::net
