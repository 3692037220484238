// The threads behind a store: one that writes, one that reads, one that says no.
//
// A store is called from any thread and must neither block it nor call back inside the call. So
// writes queue for a Writer, questions for a Reader, and what is refused because a queue is full
// is answered by Answers, which never waits for a disk.
//
// Callbacks may call the store that calls them. So whoever owns these stops all of them, in that
// order, before any is destroyed; what comes after stop() is refused with kBusy.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "base/bounded_queue.hpp"
#include "base/result.hpp"
#include "store/sqlite.hpp"

namespace busbar::store {

// Runs small functions on a thread of its own, in order. With 65,536 of them waiting, post()
// waits for room (not on its own thread: from there it always has some).
class Answers {
public:
    Answers();
    ~Answers() { stop(); }
    Answers(const Answers&) = delete;
    Answers& operator=(const Answers&) = delete;

    void post(std::function<void()> answer);

    // Runs what is left, and ends the thread.
    void stop();

private:
    void run();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> waiting_;
    bool closed_ = false;
    std::thread thread_;
};

// One thing to write. All functions run on the writer's thread, but for a finish(kBusy).
class WriteJob {
public:
    virtual ~WriteJob() = default;
    // Inside a transaction that other jobs share. If this fails, what it wrote is undone, and
    // the others go on.
    virtual Status apply(Connection& db) = 0;
    // Once, after the commit: it is durable, or this is why not.
    virtual void finish(Status outcome) = 0;
    // How much it is, in units of the writer's limits.
    virtual std::size_t weight() const { return 1; }
};

struct WriterLimits {
    std::size_t queued = 10'000;      // More is refused with kBusy.
    std::size_t transaction = 1'000;  // About where one transaction ends and the next begins.
};

struct WriterStats {
    std::int64_t commits = 0;
    std::int64_t failed_commits = 0;
    std::int64_t jobs = 0;        // Written.
    std::size_t queue_depth = 0;  // Weight that waits or is being written.
};

// Natural group commit: whatever queued while the last commit ran is the next one. Jobs are
// written, and finished, in the order of submit().
class Writer {
public:
    Writer(std::unique_ptr<Connection> db, Answers& answers, WriterLimits limits);
    ~Writer() { stop(); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    // From any thread. A job heavier than the whole queue may be fails with kTooLarge.
    void submit(std::unique_ptr<WriteJob> job);

    WriterStats stats() const;

    // Writes what is queued, and ends the thread.
    void stop();

private:
    using Jobs = std::span<const std::unique_ptr<WriteJob>>;

    void run();
    void write(Jobs jobs);
    Status write_all(Jobs jobs, std::vector<Status>& outcomes);
    Status write_one(WriteJob& job);
    void refuse(std::unique_ptr<WriteJob> job, Error error);

    std::unique_ptr<Connection> db_;
    Answers& answers_;
    const WriterLimits limits_;
    BoundedQueue<std::unique_ptr<WriteJob>> queue_;
    std::atomic<std::size_t> queued_weight_ = 0;
    std::atomic<std::int64_t> commits_ = 0;
    std::atomic<std::int64_t> failed_commits_ = 0;
    std::atomic<std::int64_t> written_ = 0;
    std::thread thread_;
};

// Asks questions on a connection of its own, one after the other.
class Reader {
public:
    Reader(std::unique_ptr<Connection> db, Answers& answers);
    ~Reader() { stop(); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    // `query` sees the database as of one moment. kBusy if 1,000 are waiting.
    template <class T>
    void ask(std::function<Result<T>(Connection&)> query, std::function<void(Result<T>)> done) {
        auto answer = [query = std::move(query), done](Connection& db) {
            Result<T> result = Error{Errc::kUnavailable, "not read"};
            auto status = db.transaction([&]() -> Status {
                result = query(db);
                if (!result) return result.error();
                return Done{};
            });
            if (!status) result = std::move(status).error();
            done(std::move(result));
        };
        submit({std::move(answer), [done](Error error) { done(std::move(error)); }});
    }

    // Answers what is queued, and ends the thread.
    void stop();

private:
    struct Question {
        std::function<void(Connection&)> answer;
        std::function<void(Error)> refuse;
    };
    void submit(Question question);
    void run();

    std::unique_ptr<Connection> db_;
    Answers& answers_;
    BoundedQueue<Question> queue_;
    std::thread thread_;
};

}  // namespace busbar::store
