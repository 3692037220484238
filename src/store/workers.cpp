#include "store/workers.hpp"

#include <utility>

#include "base/log.hpp"

namespace busbar::store {
namespace {

constexpr std::size_t kMostAnswers = 65'536;
constexpr std::size_t kMostQuestions = 1'000;
constexpr std::size_t kMostJobsAtOnce = 4'096;

Error busy() {
    return {Errc::kBusy, "too many requests are waiting for the disk: try again later"};
}

}  // namespace

// --- Answers -------------------------------------------------------------------------------

Answers::Answers() : thread_([this] { run(); }) {}

void Answers::stop() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Answers::post(std::function<void()> answer) {
    {
        std::unique_lock lock(mutex_);
        if (std::this_thread::get_id() != thread_.get_id())
            changed_.wait(lock, [&] { return waiting_.size() < kMostAnswers; });
        waiting_.push_back(std::move(answer));
    }
    changed_.notify_all();
}

void Answers::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        auto batch = std::exchange(waiting_, {});
        lock.unlock();
        changed_.notify_all();
        for (auto& answer : batch) answer();
        lock.lock();
    }
}

// --- Writer --------------------------------------------------------------------------------

Writer::Writer(std::unique_ptr<Connection> db, Answers& answers, WriterLimits limits)
    : db_(std::move(db)),
      answers_(answers),
      limits_(limits),
      queue_(limits.queued),
      thread_([this] { run(); }) {}

void Writer::stop() {
    queue_.close();
    if (thread_.joinable()) thread_.join();
}

void Writer::submit(std::unique_ptr<WriteJob> job) {
    const auto weight = job->weight();
    if (weight > limits_.queued)
        return refuse(std::move(job),
                      {Errc::kTooLarge, "has more than " + std::to_string(limits_.queued) +
                                            " entries: send it in parts"});
    if (queued_weight_.fetch_add(weight) + weight > limits_.queued ||
        !queue_.try_push(std::move(job))) {
        queued_weight_ -= weight;
        refuse(std::move(job), busy());
    }
}

void Writer::refuse(std::unique_ptr<WriteJob> job, Error error) {
    // std::function wants something that can be copied.
    const std::shared_ptr<WriteJob> shared = std::move(job);
    answers_.post([shared, error = std::move(error)] { shared->finish(error); });
}

void Writer::run() {
    for (;;) {
        const auto batch = queue_.pop_batch(kMostJobsAtOnce);
        if (batch.empty()) return;
        Jobs rest(batch);
        while (!rest.empty()) {
            std::size_t count = 0, weight = 0;
            while (count < rest.size() && (count == 0 || weight < limits_.transaction))
                weight += rest[count++]->weight();
            write(rest.first(count));
            rest = rest.subspan(count);
        }
        if (auto status = db_->checkpoint_if_long(); !status)
            log::warn("checkpoint_failed", {{"error", status.error().message}});
    }
}

void Writer::write(Jobs jobs) {
    std::vector<Status> outcomes;
    const auto committed = write_all(jobs, outcomes);
    ++(committed ? commits_ : failed_commits_);
    if (!committed)
        log::error("commit_failed", {{"jobs", jobs.size()}, {"error", committed.error().message}});
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        // Before the callback: whoever hears that all is done finds the queue empty.
        queued_weight_ -= jobs[i]->weight();
        if (!committed) {
            jobs[i]->finish(Error{Errc::kUnavailable, committed.error().message});
            continue;
        }
        if (outcomes[i]) ++written_;
        jobs[i]->finish(std::move(outcomes[i]));
    }
}

Status Writer::write_all(Jobs jobs, std::vector<Status>& outcomes) {
    return db_->transaction([&]() -> Status {
        for (const auto& job : jobs) {
            outcomes.push_back(write_one(*job));
            if (!db_->in_transaction()) {
                // A full or failing disk took the whole transaction with it.
                if (!outcomes.back()) return outcomes.back();
                return Error{Errc::kUnavailable, "the transaction ended by itself"};
            }
        }
        return Done{};
    });
}

Status Writer::write_one(WriteJob& job) {
    if (auto status = db_->run("SAVEPOINT job"); !status) return status;
    auto outcome = job.apply(*db_);
    if (outcome) outcome = db_->run("RELEASE job");
    if (outcome || !db_->in_transaction()) return outcome;
    auto undone = db_->run("ROLLBACK TO job");
    if (undone) undone = db_->run("RELEASE job");
    // What could not be undone alone must not be committed.
    if (!undone && db_->in_transaction()) (void)db_->run("ROLLBACK");
    return outcome;
}

WriterStats Writer::stats() const {
    return {commits_, failed_commits_, written_, queued_weight_};
}

// --- Reader --------------------------------------------------------------------------------

Reader::Reader(std::unique_ptr<Connection> db, Answers& answers)
    : db_(std::move(db)), answers_(answers), queue_(kMostQuestions), thread_([this] { run(); }) {}

void Reader::stop() {
    queue_.close();
    if (thread_.joinable()) thread_.join();
}

void Reader::submit(Question question) {
    if (queue_.try_push(std::move(question))) return;
    answers_.post([refuse = std::move(question.refuse)] { refuse(busy()); });
}

void Reader::run() {
    for (;;) {
        auto batch = queue_.pop_batch(kMostQuestions);
        if (batch.empty()) return;
        for (auto& question : batch) question.answer(*db_);
    }
}

}  // namespace busbar::store
