// A queue between threads that cannot grow without end. When it is full the producer is told,
// and decides: refuse the request, drop a sample, close the connection.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace busbar {

// Thread-safe: any number of producers, one consumer.
template <class T>
class BoundedQueue {
public:
    explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

    // False, and `item` untouched, if the queue is full or closed.
    [[nodiscard]] bool try_push(T&& item) {
        {
            const std::lock_guard lock(mutex_);
            if (closed_ || items_.size() >= capacity_) return false;
            items_.push_back(std::move(item));
        }
        ready_.notify_one();
        return true;
    }

    // Waits for something, then takes up to `most` at once: what arrived while the consumer
    // was busy is one batch. Empty only when the queue is closed and drained.
    std::vector<T> pop_batch(std::size_t most) {
        std::unique_lock lock(mutex_);
        ready_.wait(lock, [&] { return closed_ || !items_.empty(); });
        std::vector<T> batch;
        batch.reserve(std::min(most, items_.size()));
        while (!items_.empty() && batch.size() < most) {
            batch.push_back(std::move(items_.front()));
            items_.pop_front();
        }
        return batch;
    }

    // Nothing more may be pushed; what is inside can still be popped.
    void close() {
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
        }
        ready_.notify_all();
    }

    std::size_t size() const {
        const std::lock_guard lock(mutex_);
        return items_.size();
    }

private:
    const std::size_t capacity_;
    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<T> items_;
    bool closed_ = false;
};

}  // namespace busbar
