// What to do next about one charger: compare what it should have with what it has, and take the
// one step that is right now. Lost, doubled or late events change nothing, because nothing here
// remembers them: the next look at the charger is a full one.
//
// Pure: no clock, no I/O, no locks, no logging; time and chance are arguments.
#pragma once

#include <optional>
#include <span>
#include <variant>

#include "base/time.hpp"
#include "domain/charging.hpp"
#include "reconcile/write_budget.hpp"

namespace busbar {

// One limit that a charger holds: its default, or that of a running transaction.
struct LimitView {
    std::optional<Amperes> applied;         // What it accepted; empty if we cannot know.
    std::optional<Amperes> allowed;         // What the ledger lets go now; empty: nothing, wait.
    std::optional<Amperes> attempted = {};  // The value last sent, while it is not accepted.
    // When what it has is to be sent once more, because it ends by itself.
    std::optional<SteadyPoint> renew_at = {};
};

struct ChargerView {
    bool online = false;
    bool busy = false;  // A call is open: its end wakes us.
    int failures = 0;   // In a row.
    SteadyPoint last_attempt = {};
    std::span<const LimitView> limits = {};  // Defaults before transactions.
    int jitter_pct = 0;                      // -25..25, to keep a fleet from retrying in step.
    // What wears its memory: increases and renewals wait for these, decreases and defaults do not.
    WriteBudget::State writes = WriteBudget::State::kPlenty;
    SteadyPoint writes_again = {};  // With kSpent.
};

struct Idle {};  // Nothing to do until something changes.
struct Send {
    std::size_t limit;  // Index in `limits`; its `allowed` is to be sent.
};
struct WaitUntil {
    SteadyPoint when;
};
using Action = std::variant<Idle, Send, WaitUntil>;

// The default goes before any transaction's limit, so that no transaction ever starts
// unlimited; of the rest, decreases go before increases. After a failure the same value waits
// for retry_delay, and lets others pass; a lower one goes at once. Where writes are few, small
// increases wait for a larger one; where they are spent, the charger is left to its floor.
Action next_action(const ChargerView& charger, SteadyPoint now);

// 1 s after the first failure, doubling to 60 s, shifted by the jitter. 0 without a failure.
Duration retry_delay(int failures, int jitter_pct);

}  // namespace busbar
