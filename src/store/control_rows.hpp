// The tables of control.db, and what control's values look like in them.
//
// Every amount is an integer in thousandths with the unit in the column's name (limit_ma,
// meter_start_mwh), every time an integer in microseconds since 1970 (expires_at_us).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/ports.hpp"
#include "store/sqlite.hpp"

namespace busbar::store {

// The steps that make the tables, for migrate().
std::span<const char* const> control_migrations();

// Makes the change, a rule's boundary included. kConflict: the rule is at another version.
// kNotFound: nothing to delete.
Status apply_change(Connection& db, const control::Change& change);

// "put rule", and the id of what is changed.
std::string_view change_name(const control::Change& change);
std::string change_subject(const control::Change& change);

// Of the write committed last; 0 before the first.
Result<std::int64_t> load_revision(Connection& db);
Status put_revision(Connection& db, std::int64_t revision);

Status put_audit(Connection& db, const control::AuditRow& row, const SiteId& site);
Result<std::vector<control::AuditRow>> load_audit(Connection& db, std::int64_t before, int limit);

Status put_boundary(Connection& db, const control::Boundary& row);
// `steady_id`: of the clock that `until` is on.
Status put_potential(Connection& db, const control::PotentialRow& row,
                     const std::string& steady_id);
Status put_transaction(Connection& db, const Transaction& transaction);

Status put_signed(Connection& db, TransactionId transaction, const SignedReading& reading);
Result<std::vector<Transaction>> load_transactions(Connection& db,
                                                   const control::TransactionQuery& query);
// kNotFound: there is none.
Result<control::TransactionRecord> load_transaction(Connection& db, TransactionId id);

// Those due at or before `now`, the earliest first, and takes them out.
Result<std::vector<control::Boundary>> take_boundaries(Connection& db, TimePoint now);

// Everything. Each list is in the order of its ids. kInvalid, naming the row, if one holds what
// we never write. `steady_id`: of the clock that is ours now.
Result<control::Stored> load_stored(Connection& db, const std::string& steady_id);

}  // namespace busbar::store
