// A model of a row of chargers, cars, links, a store and a controller around the real Ledger, small
// enough that each state it can come into is visited: see docs/decisions/0012.
//
// Amperes are whole and few, time is counted in ticks. What is physical and what control can know
// are kept apart: control decides from `Memory`, its store and its ledger alone. Of a charger and
// its car the worst is taken: it draws all it may until the last moment it may, and keeps a lease
// to its end; as control sees none of that, every other draw is less and leads nowhere else.
//
// For tests only. One owner at a time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger/ledger.hpp"

namespace busbar::model {

using Amps = std::int8_t;
using Ticks = std::int8_t;
inline constexpr Amps kNone = -1;
inline constexpr Ticks kForever = 100;

// A protection that is broken on purpose.
enum class Sabotage : std::uint8_t {
    kNothing,
    kSettleIgnored,            // A decrease counts from its answer on.
    kUnansweredForgotten,      // No answer is taken for a refusal.
    kFloorNotCounted,          // What an idle charger falls back to is taken for 0.
    kHoldDropped,              // A newer call ends the wait for an older one to be followed.
    kLeaseBelieved,            // Of a charger that does not end it by itself.
    kSentBeforePersisted,      // Potentials are written when there is time.
    kRebootNotCounted,         // It comes back, and all is thought to be as it was.
    kBackupTrusted,            // A copy of the store is taken for the store.
    kLaterEndForgotten,        // A renewal without an answer is thought not to have happened.
    kLeaseSentUnpersisted,     // The store is to know the amperes, and not until when.
    kTransactionTakenForOver,  // A charger that comes back is thought to run none.
};

// What can happen, and how much of it.
struct Scope {
    int chargers = 2;
    Amps capacity = 2;  // Of the row.
    Amps maximum = 2;   // Of each charger's hardware.
    Amps floor = 0;
    std::vector<Amps> defaults = {0};
    std::vector<Amps> limits = {0, 1, 2};
    Ticks settle = 1;  // 1 or 2.
    Ticks lease = 0;   // 0: none are given.
    TrustClass trust = TrustClass::kA;
    bool lapses = true;    // The charger ends a lease by itself.
    bool refuses = false;  // It may say no.
    bool slow = false;     // Control may give up on a call that arrives after all.
    bool breaks = false;   // The link may break.
    bool keeps =
        false;  // It is proven to keep its profiles, and does: its default in a reboot too.
    bool reboots = false;         // The charger may.
    bool crashes = false;         // Control may, and has a store.
    bool backups = false;         // What it restarts from may be a copy of older days.
    bool clock_set = false;       // The charger's clock may be set back by a tick.
    bool demotes = false;         // To trust class C.
    Amps lowered = kNone;         // What the row's budget may be lowered to, and risen from.
    bool booted = true;           // At first all are connected, and have their defaults.
    int faults = -1;              // The most of these in one run; negative: without a bound.
    std::size_t most_states = 0;  // Stop there; 0: at the end.
    Sabotage sabotage = Sabotage::kNothing;
};

// A limit on its way.
struct Request {
    bool there = false;
    bool stale = false;  // Its transaction is over.
    ProfilePurpose purpose = ProfilePurpose::kDefault;
    Amps value = 0;
    Ticks lease = kForever;
};

enum class Reply : std::uint8_t { kNothing, kAccepts, kRefuses };

struct Charger {
    Amps fallback = kNone;          // TxDefault
    Amps limit = kNone;             // TxProfile
    Ticks lease = kForever;         // Of the limit; 0 or less: over.
    std::array<Amps, 2> past = {};  // What the car may still draw, for one tick and for two.
    bool connected = false;
    bool car = false;       // A transaction runs: the contactor is closed.
    bool rebooted = false;  // ... and has not yet said so.
    Request late;           // Control no longer waits for it.
    Request request;
    Reply reply = Reply::kNothing;  // On its way back.
};

// A potential as the store has it.
struct Row {
    bool there = false;
    Amps potential = 0;
    Ticks until = kForever;
    Amps fallback = 0;

    bool operator==(const Row&) const = default;
};

// What control keeps about one charger beside the ledger.
struct Memory {
    bool running = false;  // As it knows, a transaction runs. Durable.
    bool same = true;      // The model's own: ... and it is this one, or none does.
    bool heard = false;    // It was told on this connection what runs.
    bool reserved = false;
    Request call;           // What is open. Stale: the transaction is over, as far as it knows.
    Ticks ends = kForever;  // The last lease's end.
    Row stored;
    Row saving;
    Row backup;
};

enum class Event : std::uint8_t {
    kTick,
    kLook,
    kSend,
    kReserve,
    kGiveBack,
    kSave,
    kSaved,
    kDeliver,
    kDeliverLate,
    kRefuse,
    kAnswer,
    kGiveUp,
    kCar,
    kHear,
    kBreak,
    kReboot,
    kReconnect,
    kBudget,
    kDemote,
    kSetBack,
    kCrash,
    kCopy,
    kRestoreCopy,
};

struct Action {
    Event event = Event::kTick;
    std::uint8_t charger = 0;
    ProfilePurpose purpose = ProfilePurpose::kDefault;
    bool leased = false;
    Amps value = 0;  // Amperes, or which variant.
};

class World {
public:
    explicit World(const Scope& scope);

    // All that can happen next.
    void list(std::vector<Action>& out) const;
    // Requires: list() names it.
    void take(const Action& action);
    // What is wrong, if anything.
    std::optional<std::string> wrong() const;
    // Equal for worlds from which the same can follow, whichever of its chargers is which.
    std::uint64_t hash() const;

    std::string describe(const Action& action) const;
    std::string standing() const;  // "counts 3 + 1, draws 2 + 1 of 3 A"

private:
    SteadyPoint at(int ticks) const { return SteadyPoint{now_ + std::chrono::seconds{ticks}}; }
    Ticks until(SteadyPoint point) const;
    Amps enforces(const Charger& charger) const;
    Amps draws(const Charger& charger) const;
    Amps counted(LeafIndex leaf) const;
    bool counts_too_much() const;

    void boot();
    Amperes as_counted(ProfilePurpose purpose, Amps value) const;
    void list_sends(LeafIndex leaf, std::vector<Action>& out) const;
    void list_store(std::vector<Action>& out) const;
    void list_link(LeafIndex leaf, std::vector<Action>& out) const;
    void list_faults(LeafIndex leaf, std::vector<Action>& out) const;
    bool fault_left() const { return scope_->faults < 0 || faults_ < scope_->faults; }
    static bool is_fault(Event event);
    bool may_start(LeafIndex leaf) const;

    std::optional<Lease> lease_of(const Action& action) const;
    bool durable(const Memory& memory, Amps value, const std::optional<Lease>& lease) const;
    Row row_of(LeafIndex leaf) const;

    void tick();
    void look();
    void send(LeafIndex leaf, const Action& action);
    void deliver(LeafIndex leaf, const Request& request, bool answers);
    void answer(LeafIndex leaf);
    void give_up(LeafIndex leaf);
    void turn_car(LeafIndex leaf);
    void tell(LeafIndex leaf);
    void lose_link(LeafIndex leaf, bool reply_arrived);
    void reboot(LeafIndex leaf, int variant);
    void reconnect(LeafIndex leaf, bool kept);
    void set_back(LeafIndex leaf);
    void save();
    void saved();
    void crash(bool written);
    void restart();
    void restore_copy();
    void set_budget(Amps budget);
    template <class F>
    void change(Charger& charger, F&& how);
    void check_raise(Amps before);

    const Scope* scope_;
    std::shared_ptr<const Network> network_;
    std::chrono::seconds now_{3600};
    Ledger ledger_;
    std::vector<Charger> chargers_;
    std::vector<Memory> memory_;
    Amps budget_;
    Amps bound_;  // What the draws may sum to: the budget, once all that counts has come below it.
    bool copied_ = false;
    int faults_ = 0;
    const char* broken_ = nullptr;  // By the step just taken.
};

struct Outcome {
    std::size_t states = 0;
    std::size_t transitions = 0;
    bool complete = false;
    std::optional<std::string> wrong;
    std::vector<std::string> trace;  // The fewest steps to it, one a line.
};

// Visits all that can come of `scope`, breadth first, until something is wrong. States are told
// apart by 64 bits of hash: of a hundred million, two are mistaken for one with a chance of 0.03 %.
// Memory: 16 to 24 bytes a state, and about 2 kB for each that is yet to be looked at.
Outcome explore(const Scope& scope);

}  // namespace busbar::model
