// control's Store in one SQLite file: what one machine needs, with nothing to install.
//
// One thread writes, with natural group commit: whatever queued while the last commit ran is the
// next transaction, each write under its own savepoint, so that one which fails leaves the others
// alone. A second thread answers questions. on_commit's hook and the callbacks of writes run on
// the writing thread, in the order of the calls, once COMMIT has succeeded; while they run,
// nothing is written: keep them short. They may call this store.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "control/ports.hpp"
#include "store/file_lock.hpp"
#include "store/workers.hpp"

namespace busbar::store {

class SqliteStore final : public control::Store {
public:
    // Opens the file, or creates it in a folder that exists, and brings it to the schema of this
    // version. Beside it lie its log (-wal, -shm), a lock file (.lock), and the mark of the last
    // start (.mark), by which a copy put back from a backup is known. The error names the
    // path and the reason: no such folder, no permission, no database, one of a newer Busbar
    // (kConflict), or in use by another Busbar (kConflict, with its process id).
    // `clock` must outlive the store; audit rows take their time from it.
    static Result<std::unique_ptr<SqliteStore>> open(const std::filesystem::path& path,
                                                     const Clock& clock, WriterLimits limits = {});

    // Writes what is queued, and calls back everything.
    ~SqliteStore() override;

    Result<control::Stored> load() override;
    void on_commit(std::function<void(const control::Committed&)> hook) override;
    // As the port says; kNotFound too, for deleting what is not there.
    void write(control::Write write, control::Callback<std::int64_t> done) override;
    void save_potentials(std::vector<control::PotentialRow> rows,
                         control::Callback<Done> done) override;
    void save_transaction(Transaction transaction, control::Callback<Done> done) override;
    void save_signed(TransactionId transaction, std::vector<SignedReading> readings,
                     control::Callback<Done> done) override;
    void transactions(control::TransactionQuery query,
                      control::Callback<std::vector<Transaction>> done) override;
    void transaction(TransactionId id, control::Callback<control::TransactionRecord> done) override;
    void save_boundaries(std::vector<control::Boundary> rows,
                         control::Callback<Done> done) override;
    void claim_boundaries(TimePoint now,
                          control::Callback<std::vector<control::Boundary>> done) override;
    void audit(std::int64_t before, int limit,
               control::Callback<std::vector<control::AuditRow>> done) override;

    WriterStats stats() const { return writer_.stats(); }

private:
    struct Parts {
        FileLock lock;
        std::unique_ptr<Connection> writing;
        std::unique_ptr<Connection> reading;
        bool from_backup;
    };
    SqliteStore(Parts parts, const Clock& clock, WriterLimits limits);

    FileLock lock_;
    const bool from_backup_;
    const Clock& clock_;
    const std::string steady_id_;
    std::function<void(const control::Committed&)> hook_;
    Answers answers_;
    Reader reader_;
    Writer writer_;
};

}  // namespace busbar::store
