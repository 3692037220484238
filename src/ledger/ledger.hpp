// Keeps the breaker closed: counts for each EVSE the most it may be drawing, its potential, and
// says which limits may be sent without the potentials of any row summing above its budget.
//
// A target is not a fact. A charger that was told 6 A may still be enforcing 16: the message may
// be lost, the answer may be late, the car may need seconds to follow. The potential of an EVSE
// is the greatest of
//   - its floor, which it falls back to without being asked,
//   - what it last accepted, as default and for the running transaction,
//   - every value sent since that it has not answered,
//   - what it had before each decrease, until the car has had time to follow that one (settle),
//   - and its hardware maximum, while we know nothing of it (never seen, or rebooted), or while a
//     transaction may run under a limit that we know nothing of (after a start without a store),
//     and always where it does not do what it acknowledges (trust class C).
// A value may have been sent with a lease: after it the charger falls back by itself. For a
// charger that is proven to do that (class A) it counts for the rest of the lease, as seen on the
// slowest clock it may have, and the settle after it; for others until they answer again.
// A decrease may go at any time. An increase is first reserved, which needs room on every row.
//
// As long as chargers do what they acknowledge, and whatever is lost, late or rebooted: no EVSE
// draws more than its potential, and no row more than its budget; one whose budget was lowered
// draws no more than before. model_check.hpp visits every state of small rows to see that.
//
// Pure: no clock, no I/O, no locks, no logging; time is an argument. One owner at a time.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/time.hpp"
#include "domain/charging.hpp"
#include "domain/network.hpp"

namespace busbar {

// What a charger goes down to by itself, and when at the latest, on our clock.
struct Lease {
    Amperes fallback;
    SteadyPoint ends;
};

class Ledger {
public:
    // Everything unknown: each EVSE counts at its hardware maximum. Keeps its own copy of what
    // it needs of `network`.
    explicit Ledger(const Network& network);
    // The same knowledge over a changed network: EVSEs that both have keep their entry.
    Ledger(const Network& network, const Ledger& before);

    // What each row may carry from now on. Rows above it let nothing rise until they fit again.
    void set_budgets(std::span<const PerPhase> budgets);

    // --- What we learn ---

    // From the store, after a restart: it may be drawing up to this, until its lease is over. Its
    // hardware maximum without a lease tells nothing: that is what it counted at while unknown.
    // Requires: the rows of all EVSEs were written together, as potential() and lease() had them,
    // before anything higher or longer was sent since, and before a car was let in while not
    // known().
    void restore(LeafIndex leaf, Amperes potential, std::optional<Lease> lease);
    // It rebooted, or reconnected without proof of having kept its profiles. What a call that is
    // still open is answered was said before that, and proves nothing.
    void forget(LeafIndex leaf);
    // It reconnected, and is proven to keep its profiles: all still counts, but is to be sent
    // again before we rely on it.
    void doubt(LeafIndex leaf);
    // No transaction runs (any more), or a new one begins: a transaction's limit is gone. One that
    // is open when this is said may be of the old transaction: to be said again once it is
    // answered.
    void transaction_over(LeafIndex leaf, SteadyPoint now);
    // What it is to fall back to from now on. A higher one counts at once, a lower one when it is
    // accepted as default.
    void falls_to(LeafIndex leaf, Amperes floor);
    // How far its word goes, from now on.
    void trust(LeafIndex leaf, TrustClass trust);
    // Its clock was found to be slower than was thought, or was set back: its lease ends then, and
    // one that was over holds again. Empty: never, as far as we can tell.
    void lease_ends(LeafIndex leaf, std::optional<SteadyPoint> ends);

    // --- What we do ---

    // The value that may be sent now on the way to `want`: `want` itself; less, where only part
    // has room and no more is on its way back; or nothing, where it is better to wait. Ends and
    // waits count as of the last settle(): call that first.
    std::optional<Amperes> allowed(LeafIndex leaf, ProfilePurpose purpose, Amperes want) const;
    // Whether what it has may be sent once more, so that it holds for longer: not while a row
    // above it is over its budget.
    bool may_renew(LeafIndex leaf) const { return room(leaf).now >= 0_A; }
    // Makes room for `value` before it is persisted and sent, in place of what was reserved
    // before; 0 gives it back. Requires: 0, or allowed() returned it.
    void reserve(LeafIndex leaf, Amperes value, std::optional<Lease> lease = {});
    // It was handed to the gateway. Requires: value <= potential(leaf), no call open.
    void sent(LeafIndex leaf, ProfilePurpose purpose, Amperes value,
              std::optional<Lease> lease = {});
    // How that call ended. `drawing`: whether a car could have been drawing at that moment. If the
    // contactor was open while nothing was known, there is nothing to settle: no car is let in at
    // such a charger. At one that is known a car may have come just before, and the word of that
    // may wait behind other messages: there it makes no difference.
    enum class Drawing : std::uint8_t { kPossible, kImpossible };
    void answered(LeafIndex leaf, CallOutcome outcome, SteadyPoint now, Drawing drawing);

    // Ends the waits and leases that are over. True if a potential fell: others may rise.
    bool settle(SteadyPoint now);
    // When to call settle() next.
    std::optional<SteadyPoint> next_settle() const;

    // --- What stands ---

    Amperes potential(LeafIndex leaf) const { return entries_[leaf].counted; }
    // What it may be drawing by now: without what is only reserved for it.
    Amperes drawable(LeafIndex leaf) const { return drawable_of(entries_[leaf], leaf); }
    bool known(LeafIndex leaf) const { return entries_[leaf].known; }
    bool calling(LeafIndex leaf) const { return entries_[leaf].call.has_value(); }
    // A call is open, or a car still has time to follow what was accepted.
    bool settling(LeafIndex leaf) const { return calling(leaf) || !entries_[leaf].holds.empty(); }
    TrustClass trust(LeafIndex leaf) const { return leaves_[leaf].trust; }
    // What it last accepted; empty if nothing, or nothing since it forgot.
    std::optional<Amperes> applied(LeafIndex leaf, ProfilePurpose purpose) const;
    // What its potential comes to by itself, and when at the latest (settle apart), if nothing
    // more is said; empty: it does not, as far as we know.
    std::optional<Lease> lease(LeafIndex leaf) const;
    Amperes row_potential(RowIndex row, Phase phase) const { return sum(row, phase).potential; }
    Amperes row_budget(RowIndex row, Phase phase) const { return budgets_[row][phase]; }

    // Stops the process if the sums are not those of the entries. Cost: O(leaves x rows above).
    void check() const;
    // Appends, as numbers, all that decides what the entry of one EVSE comes to from `now` on.
    // Ledgers over equal networks and budgets whose numbers are equal for each EVSE behave alike
    // ever after, as long as no earlier time is given to them. For walking through all states.
    void append_state(LeafIndex leaf, SteadyPoint now, std::vector<std::int64_t>& out) const;

private:
    struct Slot {
        std::optional<Amperes> accepted;
        Amperes unanswered;          // The greatest since; 0 if none.
        std::optional<Lease> lease;  // Of all that is here, the latest; empty: it has no end.
        // What it was before its lease was over, as it looked at `ends`: it is still installed,
        // and holds again if the charger's clock goes back.
        Amperes lapsed;
        Lease lapsed_lease;

        Amperes most() const { return std::max(accepted.value_or(Amperes{}), unanswered); }
    };
    struct OpenCall {
        ProfilePurpose purpose;
        Amperes value;
        std::optional<Lease> lease;
        bool outdated;  // The charger has forgotten since.
    };
    // What was enforced until a moment ago: a car has `until` to have followed.
    struct Hold {
        Amperes value;
        SteadyPoint until;
    };
    struct Entry {
        bool known = false;
        bool foreign = true;  // A transaction may run under a limit that is not ours.
        Slot slots[2];        // By ProfilePurpose.
        std::optional<OpenCall> call;
        Amperes reserved;
        std::optional<Lease> reserved_lease;
        std::vector<Hold> holds;  // The sooner over, the greater.
        Amperes counted;          // The potential, as it is in the sums.
        Amperes expected;         // What it comes to when what is on its way back has arrived.
    };
    struct Sum {
        Amperes potential;
        Amperes expected;
    };

    static std::size_t index(ProfilePurpose purpose) {
        BUSBAR_CHECK(purpose != ProfilePurpose::kStationMax);  // Limits nothing that we count on.
        return static_cast<std::size_t>(purpose);
    }
    const Sum& sum(RowIndex row, Phase phase) const {
        return sums_[row * kPhases.size() + static_cast<std::size_t>(phase)];
    }
    static Amperes told(const Entry& entry);
    Amperes enforced(const Entry& entry, LeafIndex leaf) const;
    Amperes drawable_of(const Entry& entry, LeafIndex leaf) const;
    Amperes potential_of(const Entry& entry, LeafIndex leaf) const;
    Amperes expected_of(const Entry& entry, LeafIndex leaf) const;
    bool lapses(LeafIndex leaf, const Slot& slot) const;
    bool lapse(LeafIndex leaf, SteadyPoint now);
    static std::optional<Lease> lease_beside(const Slot& slot, const std::optional<Lease>& lease);
    static void accept(Entry& entry, const OpenCall& call);
    static void hold(Entry& entry, Amperes value, SteadyPoint until);
    void recount(LeafIndex leaf);
    struct Room {
        Amperes now;  // Least over its rows; negative where a row is over its budget.
        Amperes expected;
    };
    Room room(LeafIndex leaf) const;

    std::vector<Leaf> leaves_;
    std::vector<PerPhase> budgets_;
    std::vector<Entry> entries_;
    std::vector<Sum> sums_;
};

}  // namespace busbar
