// SIGINT, SIGTERM and SIGHUP for what runs until it is told to stop.
#pragma once

#include <pthread.h>

#include <csignal>
#include <ctime>

namespace busbar::app {

// Keeps them for whoever waits here. Before any thread is started: they inherit it.
class StopSignals {
public:
    StopSignals() {
        sigemptyset(&set_);
        sigaddset(&set_, SIGINT);
        sigaddset(&set_, SIGTERM);
        sigaddset(&set_, SIGHUP);
        pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    }

    enum class Came { kNothing, kReload, kStop };
    // What came within a second.
    Came wait_a_second() const {
        const timespec second{1, 0};
        const int signal = sigtimedwait(&set_, nullptr, &second);
        if (signal <= 0) return Came::kNothing;
        return signal == SIGHUP ? Came::kReload : Came::kStop;
    }

private:
    sigset_t set_{};
};

}  // namespace busbar::app
