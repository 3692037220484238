#include "store/sqlite_store.hpp"

#include <future>
#include <utility>

#include "store/control_rows.hpp"
#include "store/mark.hpp"
#include "store/migrations.hpp"

namespace busbar::store {
namespace {

constexpr std::chrono::minutes kLoadDeadline{5};

// A change of configuration or rules: the change, its audit row and the next revision.
class ChangeJob final : public WriteJob {
public:
    ChangeJob(control::Write write, TimePoint at,
              const std::function<void(const control::Committed&)>& hook,
              control::Callback<std::int64_t> done)
        : write_(std::move(write)), at_(at), hook_(hook), done_(std::move(done)) {}

    Status apply(Connection& db) override {
        // Read here, not kept from the last time: after a failed commit only the file knows.
        BUSBAR_TRY(last, load_revision(db));
        revision_ = last + 1;
        if (auto status = apply_change(db, write_.change); !status) return status;
        const control::AuditRow row{.revision = revision_,
                                    .at = at_,
                                    .author = write_.author,
                                    .what = std::string(change_name(write_.change)),
                                    .subject = change_subject(write_.change),
                                    .before = write_.before,
                                    .after = write_.after};
        if (auto status = put_audit(db, row, write_.site); !status) return status;
        return put_revision(db, revision_);
    }

    void finish(Status outcome) override {
        if (!outcome) return done_(std::move(outcome).error());
        if (hook_)
            hook_(
                {revision_, std::move(write_.site), std::move(write_.change), write_.accepted_at});
        done_(revision_);
    }

private:
    control::Write write_;
    const TimePoint at_;
    const std::function<void(const control::Committed&)>& hook_;
    control::Callback<std::int64_t> done_;
    std::int64_t revision_ = 0;
};

class PotentialsJob final : public WriteJob {
public:
    PotentialsJob(std::vector<control::PotentialRow> rows, const std::string& steady_id,
                  control::Callback<Done> done)
        : rows_(std::move(rows)), steady_id_(steady_id), done_(std::move(done)) {}

    Status apply(Connection& db) override {
        for (const auto& row : rows_)
            if (auto status = put_potential(db, row, steady_id_); !status) return status;
        return Done{};
    }
    void finish(Status outcome) override { done_(std::move(outcome)); }

private:
    const std::vector<control::PotentialRow> rows_;
    const std::string& steady_id_;
    control::Callback<Done> done_;
};

class BoundariesJob final : public WriteJob {
public:
    BoundariesJob(std::vector<control::Boundary> rows, control::Callback<Done> done)
        : rows_(std::move(rows)), done_(std::move(done)) {}

    Status apply(Connection& db) override {
        for (const auto& row : rows_)
            if (auto status = put_boundary(db, row); !status) return status;
        return Done{};
    }
    void finish(Status outcome) override { done_(std::move(outcome)); }

private:
    const std::vector<control::Boundary> rows_;
    control::Callback<Done> done_;
};

class TransactionJob final : public WriteJob {
public:
    TransactionJob(Transaction transaction, control::Callback<Done> done)
        : transaction_(std::move(transaction)), done_(std::move(done)) {}

    Status apply(Connection& db) override { return put_transaction(db, transaction_); }
    void finish(Status outcome) override { done_(std::move(outcome)); }

private:
    const Transaction transaction_;
    control::Callback<Done> done_;
};

class SignedJob final : public WriteJob {
public:
    SignedJob(TransactionId transaction, std::vector<SignedReading> readings,
              control::Callback<Done> done)
        : transaction_(transaction), readings_(std::move(readings)), done_(std::move(done)) {}

    Status apply(Connection& db) override {
        for (const auto& reading : readings_)
            if (auto status = put_signed(db, transaction_, reading); !status) return status;
        return Done{};
    }
    void finish(Status outcome) override { done_(std::move(outcome)); }

private:
    const TransactionId transaction_;
    const std::vector<SignedReading> readings_;
    control::Callback<Done> done_;
};

class ClaimJob final : public WriteJob {
public:
    ClaimJob(TimePoint now, control::Callback<std::vector<control::Boundary>> done)
        : now_(now), done_(std::move(done)) {}

    Status apply(Connection& db) override {
        BUSBAR_TRY(due, take_boundaries(db, now_));
        due_ = std::move(due);
        return Done{};
    }
    void finish(Status outcome) override {
        if (!outcome) return done_(std::move(outcome).error());
        done_(std::move(due_));
    }

private:
    const TimePoint now_;
    control::Callback<std::vector<control::Boundary>> done_;
    std::vector<control::Boundary> due_;
};

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::filesystem::path& path,
                                                       const Clock& clock, WriterLimits limits) {
    auto lock = FileLock::take(path.string() + ".lock");
    if (!lock) return std::move(lock).error().in(path.string());
    BUSBAR_TRY(writing, Connection::open(path, Access::kReadWrite));
    if (auto status = migrate(*writing, "control", control_migrations()); !status)
        return std::move(status).error().in(path.string());
    BUSBAR_TRY(from_backup, is_older_copy(*writing, path));
    BUSBAR_TRY(reading, Connection::open(path, Access::kReadOnly));
    return std::unique_ptr<SqliteStore>(new SqliteStore(
        {std::move(*lock), std::move(writing), std::move(reading), from_backup}, clock, limits));
}

SqliteStore::SqliteStore(Parts parts, const Clock& clock, WriterLimits limits)
    : lock_(std::move(parts.lock)),
      from_backup_(parts.from_backup),
      clock_(clock),
      steady_id_(clock.steady_id()),
      reader_(std::move(parts.reading), answers_),
      writer_(std::move(parts.writing), answers_, limits) {}

SqliteStore::~SqliteStore() {
    writer_.stop();
    reader_.stop();
    answers_.stop();
}

Result<control::Stored> SqliteStore::load() {
    // Shared, because the answer may come when nobody waits any more.
    auto answer = std::make_shared<std::promise<Result<control::Stored>>>();
    auto future = answer->get_future();
    reader_.ask<control::Stored>(
        [this](Connection& db) { return load_stored(db, steady_id_); },
        [answer](Result<control::Stored> stored) { answer->set_value(std::move(stored)); });
    if (future.wait_for(kLoadDeadline) != std::future_status::ready)
        return Error{Errc::kUnavailable, "the disk did not answer within 5 minutes"};
    auto stored = future.get();
    if (stored) stored->from_backup = from_backup_;
    return stored;
}

void SqliteStore::on_commit(std::function<void(const control::Committed&)> hook) {
    hook_ = std::move(hook);
}

void SqliteStore::write(control::Write write, control::Callback<std::int64_t> done) {
    writer_.submit(
        std::make_unique<ChangeJob>(std::move(write), clock_.wall(), hook_, std::move(done)));
}

void SqliteStore::save_potentials(std::vector<control::PotentialRow> rows,
                                  control::Callback<Done> done) {
    writer_.submit(std::make_unique<PotentialsJob>(std::move(rows), steady_id_, std::move(done)));
}

void SqliteStore::save_transaction(Transaction transaction, control::Callback<Done> done) {
    writer_.submit(std::make_unique<TransactionJob>(std::move(transaction), std::move(done)));
}

void SqliteStore::save_signed(TransactionId transaction, std::vector<SignedReading> readings,
                              control::Callback<Done> done) {
    writer_.submit(std::make_unique<SignedJob>(transaction, std::move(readings), std::move(done)));
}

void SqliteStore::transactions(control::TransactionQuery query,
                               control::Callback<std::vector<Transaction>> done) {
    reader_.ask<std::vector<Transaction>>(
        [query = std::move(query)](Connection& db) { return load_transactions(db, query); },
        std::move(done));
}

void SqliteStore::transaction(TransactionId id,
                              control::Callback<control::TransactionRecord> done) {
    reader_.ask<control::TransactionRecord>(
        [id](Connection& db) { return load_transaction(db, id); }, std::move(done));
}

void SqliteStore::save_boundaries(std::vector<control::Boundary> rows,
                                  control::Callback<Done> done) {
    writer_.submit(std::make_unique<BoundariesJob>(std::move(rows), std::move(done)));
}

void SqliteStore::claim_boundaries(TimePoint now,
                                   control::Callback<std::vector<control::Boundary>> done) {
    writer_.submit(std::make_unique<ClaimJob>(now, std::move(done)));
}

void SqliteStore::audit(std::int64_t before, int limit,
                        control::Callback<std::vector<control::AuditRow>> done) {
    reader_.ask<std::vector<control::AuditRow>>(
        [before, limit](Connection& db) { return load_audit(db, before, limit); }, std::move(done));
}

}  // namespace busbar::store
