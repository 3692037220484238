#include "trial/store.hpp"

#include <algorithm>
#include <utility>

namespace busbar::trial {
namespace {

using namespace std::chrono_literals;

constexpr Duration kCommitLeast = 1ms;
constexpr Duration kCommitMost = 8ms;

template <class T>
void replace(std::vector<T>& list, const T& value) {
    const auto found = std::ranges::find(list, value.id, &T::id);
    if (found == list.end())
        list.push_back(value);
    else
        *found = value;
}

}  // namespace

void MemoryStore::put(const SiteConfig& config) {
    kept_.sites.push_back(config.site);
    kept_.circuits.insert(kept_.circuits.end(), config.circuits.begin(), config.circuits.end());
    kept_.chargers.insert(kept_.chargers.end(), config.chargers.begin(), config.chargers.end());
    kept_.id_tags.insert(kept_.id_tags.end(), config.id_tags.begin(), config.id_tags.end());
}

void MemoryStore::recover() {
    stalled_ = fails_ = false;
    if (!waiting_.empty()) schedule();
}

void MemoryStore::server_died() {
    if (!std::exchange(served_, false)) return;
    hook_ = nullptr;
    auto lost = std::exchange(waiting_, {});
    if (fails_) return;
    const auto made_it = random_.between(0, static_cast<std::int64_t>(lost.size()));
    for (std::int64_t i = 0; i < made_it; ++i) lost[static_cast<std::size_t>(i)](Fate::kUnheard);
}

std::optional<Amperes> MemoryStore::potential(const EvseId& evse, Duration settle) const {
    const auto found = potentials_.find(evse);
    if (found == potentials_.end()) return {};
    const auto& row = found->second;
    const bool lapsed = row.until && clock_.steady() > *row.until + settle;
    return lapsed ? row.fallback : row.potential;
}

const Rule* MemoryStore::rule(const RuleId& id) const {
    const auto found = std::ranges::find(kept_.rules, id, &Rule::id);
    return found == kept_.rules.end() ? nullptr : &*found;
}

bool MemoryStore::runs(TransactionId id) const {
    return std::ranges::find(kept_.open_transactions, id, &Transaction::id) !=
           kept_.open_transactions.end();
}

Result<control::Stored> MemoryStore::load() {
    auto out = kept_;
    for (const auto& [evse, row] : potentials_) out.potentials.push_back(row);
    return out;
}

void MemoryStore::on_commit(std::function<void(const control::Committed&)> hook) {
    hook_ = std::move(hook);
}

// `commit` makes it durable and says what came of it.
template <class T, class F>
void MemoryStore::enqueue(control::Callback<T> done, F commit) {
    if (!served_) return;  // The last words of a server that is dying.
    waiting_.push_back([done = std::move(done), commit = std::move(commit)](Fate fate) mutable {
        if (fate == Fate::kFails) return done(Error{Errc::kUnavailable, "disk full"});
        auto result = commit(fate);
        if (fate == Fate::kHeard) done(std::move(result));
    });
    schedule();
}

void MemoryStore::schedule() {
    if (std::exchange(scheduled_, true)) return;
    const auto when = clock_.steady() + random_.between(kCommitLeast, kCommitMost);
    strand_.at(when, [this] {
        scheduled_ = false;
        work();
    });
}

// One commit for all that came meanwhile.
void MemoryStore::work() {
    for (auto count = waiting_.size(); count > 0 && !stalled_ && !waiting_.empty(); --count) {
        if (!fails_ && dies_ && dies_(Moment::kBeforeCommit)) return die_();
        auto job = std::move(waiting_.front());
        waiting_.pop_front();
        ++commits_;
        if (!fails_ && dies_ && dies_(Moment::kBeforeAnswer)) {
            job(Fate::kUnheard);
            return die_();
        }
        job(fails_ ? Fate::kFails : Fate::kHeard);
    }
    if (!stalled_ && !waiting_.empty()) schedule();
}

Status MemoryStore::put_rule(const control::PutRule& change, const SiteId& site) {
    const auto& rule = change.rule;
    const auto* before = this->rule(rule.id);
    if ((before ? before->version : 0) + 1 != rule.version)
        return Error{Errc::kConflict, "the version has moved on"};
    replace(kept_.rules, rule);
    kept_.last_rule = std::max<std::int64_t>(kept_.last_rule, std::stoll(rule.id.str().substr(2)));
    std::erase_if(boundaries_, [&](const auto& b) { return b.rule == rule.id; });
    for (const auto due : change.boundaries) boundaries_.push_back({rule.id, site, due});
    return Done{};
}

Result<std::int64_t> MemoryStore::commit(const control::Write& write) {
    const auto& change = write.change;
    if (const auto* rule = std::get_if<control::PutRule>(&change)) {
        if (auto put = put_rule(*rule, write.site); !put) return std::move(put).error();
    } else if (const auto* gone = std::get_if<control::DeleteRule>(&change)) {
        std::erase_if(kept_.rules, [&](const Rule& r) { return r.id == gone->id; });
        std::erase_if(boundaries_, [&](const auto& b) { return b.rule == gone->id; });
    } else if (const auto* site = std::get_if<control::PutSite>(&change)) {
        replace(kept_.sites, site->site);
    } else if (const auto* circuit = std::get_if<control::PutCircuit>(&change)) {
        replace(kept_.circuits, circuit->circuit);
    } else if (const auto* charger = std::get_if<control::PutCharger>(&change)) {
        replace(kept_.chargers, charger->charger);
    } else if (const auto* left = std::get_if<control::DeleteCharger>(&change)) {
        std::erase_if(kept_.chargers, [&](const Charger& c) { return c.id == left->id; });
        std::erase_if(potentials_, [&](const auto& p) { return p.first.charger == left->id; });
    } else if (const auto* torn = std::get_if<control::DeleteCircuit>(&change)) {
        std::erase_if(kept_.circuits, [&](const Circuit& c) { return c.id == torn->id; });
    } else if (const auto* tag = std::get_if<control::PutIdTag>(&change)) {
        std::erase_if(kept_.id_tags, [&](const auto& t) { return t.tag == tag->id_tag.tag; });
        kept_.id_tags.push_back(tag->id_tag);
    } else if (const auto* no_tag = std::get_if<control::DeleteIdTag>(&change)) {
        std::erase_if(kept_.id_tags, [&](const auto& t) { return t.tag == no_tag->tag; });
    } else if (const auto* access = std::get_if<control::PutAccess>(&change)) {
        std::erase_if(kept_.access,
                      [&](const auto& a) { return a.charger == access->access.charger; });
        kept_.access.push_back(access->access);
    }
    return ++kept_.revision;
}

void MemoryStore::write(control::Write write, control::Callback<std::int64_t> done) {
    enqueue(std::move(done), [this, write = std::move(write)](Fate fate) {
        auto revision = commit(write);
        if (revision && fate == Fate::kHeard)
            hook_({*revision, write.site, write.change, write.accepted_at});
        return revision;
    });
}

void MemoryStore::save_potentials(std::vector<control::PotentialRow> rows,
                                  control::Callback<Done> done) {
    enqueue(std::move(done), [this, rows = std::move(rows)](Fate) -> Result<Done> {
        for (const auto& row : rows) {
            potentials_.insert_or_assign(row.evse, row);
        }
        return Done{};
    });
}

void MemoryStore::save_transaction(Transaction transaction, control::Callback<Done> done) {
    enqueue(std::move(done), [this, transaction = std::move(transaction)](Fate) -> Result<Done> {
        auto& open = kept_.open_transactions;
        std::erase_if(open, [&](const auto& t) { return t.id == transaction.id; });
        if (!transaction.stopped_at) open.push_back(transaction);
        return Done{};
    });
}

// Nobody asks for records in a trial.
void MemoryStore::save_signed(TransactionId, std::vector<SignedReading>,
                              control::Callback<Done> done) {
    enqueue(std::move(done), [](Fate) -> Result<Done> { return Done{}; });
}

void MemoryStore::transactions(control::TransactionQuery,
                               control::Callback<std::vector<Transaction>> done) {
    enqueue(std::move(done),
            [](Fate) -> Result<std::vector<Transaction>> { return std::vector<Transaction>{}; });
}

void MemoryStore::transaction(TransactionId id,
                              control::Callback<control::TransactionRecord> done) {
    enqueue(std::move(done), [id](Fate) -> Result<control::TransactionRecord> {
        return Error{Errc::kNotFound, "transaction " + std::to_string(id) + " is not known"};
    });
}

void MemoryStore::save_boundaries(std::vector<control::Boundary> rows,
                                  control::Callback<Done> done) {
    enqueue(std::move(done), [this, rows = std::move(rows)](Fate) -> Result<Done> {
        boundaries_.insert(boundaries_.end(), rows.begin(), rows.end());
        return Done{};
    });
}

void MemoryStore::claim_boundaries(TimePoint now,
                                   control::Callback<std::vector<control::Boundary>> done) {
    enqueue(std::move(done), [this, now](Fate) -> Result<std::vector<control::Boundary>> {
        std::vector<control::Boundary> due;
        std::erase_if(boundaries_, [&](const auto& b) {
            if (b.due <= now) due.push_back(b);
            return b.due <= now;
        });
        return due;
    });
}

void MemoryStore::audit(std::int64_t, int, control::Callback<std::vector<control::AuditRow>> done) {
    enqueue(std::move(done), [](Fate) -> Result<std::vector<control::AuditRow>> {
        return std::vector<control::AuditRow>{};
    });
}

}  // namespace busbar::trial
