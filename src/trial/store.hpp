// A store in memory that knows the difference between written and durable: what it acknowledged
// survives the death of the server, and of the rest a part may, as on a real disk. It can stall
// and fail.
//
// On the trial's strand.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "base/strand.hpp"
#include "control/ports.hpp"
#include "sim/random.hpp"

namespace busbar::trial {

class MemoryStore final : public control::Store {
public:
    enum class Moment { kBeforeCommit, kBeforeAnswer };

    MemoryStore(Strand& strand, const Clock& clock, std::uint64_t seed)
        : strand_(strand), clock_(clock), random_(seed) {}

    // What is there before the first server.
    void put(const SiteConfig& config);

    // --- Mishaps ---
    void stall() { stalled_ = true; }
    void fail() { fails_ = true; }
    void recover();
    // `dies` is asked at every write; if it says so, `die` is called at this very moment.
    void on_moment(std::function<bool(Moment)> dies, std::function<void()> die) {
        dies_ = std::move(dies);
        die_ = std::move(die);
    }
    // The server is gone: nobody is called back, and of what was waiting to be written, the first
    // few may have made it.
    void server_died();
    // A new server will call load().
    void server_born() { served_ = true; }

    // The most an EVSE may be drawing as far as the disk knows, where a car has so long to follow
    // what ends by itself; empty: no row.
    std::optional<Amperes> potential(const EvseId& evse, Duration settle) const;
    const Rule* rule(const RuleId& id) const;
    // Whether the transaction runs, as far as the disk knows.
    bool runs(TransactionId id) const;
    std::uint64_t commits() const { return commits_; }

    // --- Store ---
    Result<control::Stored> load() override;
    void on_commit(std::function<void(const control::Committed&)> hook) override;
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

private:
    enum class Fate { kFails, kUnheard, kHeard };
    using Job = std::function<void(Fate)>;

    template <class T, class F>
    void enqueue(control::Callback<T> done, F commit);
    void schedule();
    void work();
    Result<std::int64_t> commit(const control::Write& write);
    Status put_rule(const control::PutRule& change, const SiteId& site);

    Strand& strand_;
    const Clock& clock_;
    sim::Random random_;
    control::Stored kept_;  // Without potentials.
    std::map<EvseId, control::PotentialRow> potentials_;
    std::vector<control::Boundary> boundaries_;
    std::function<void(const control::Committed&)> hook_;
    std::function<bool(Moment)> dies_;
    std::function<void()> die_;
    std::deque<Job> waiting_;
    bool scheduled_ = false;
    bool served_ = false;
    bool stalled_ = false;
    bool fails_ = false;
    std::uint64_t commits_ = 0;
};

}  // namespace busbar::trial
