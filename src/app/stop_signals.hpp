// SIGINT and SIGTERM for what runs until it is told to stop.
#pragma once

#include <pthread.h>

#include <csignal>
#include <ctime>

namespace busbar::app {

// Keeps both for whoever waits here. Before any thread is started: they inherit it.
class StopSignals {
public:
    StopSignals() {
        sigemptyset(&set_);
        sigaddset(&set_, SIGINT);
        sigaddset(&set_, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    }

    // True if one came within a second.
    bool wait_a_second() const {
        const timespec second{1, 0};
        return sigtimedwait(&set_, nullptr, &second) > 0;
    }

private:
    sigset_t set_{};
};

}  // namespace busbar::app
