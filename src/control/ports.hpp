// What control needs from the world: somewhere to keep things (Store), and a way to chargers
// (Gateway); and what it offers to whoever hears chargers speak (ChargerEvents).
//
// All of these are asynchronous and may be called from any thread. A callback runs exactly once,
// on a thread of the callee's choice, never inside the call itself. Callees do not block.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "domain/access.hpp"
#include "domain/charging.hpp"
#include "domain/rule.hpp"
#include "domain/site.hpp"

namespace busbar::control {

template <class T>
using Callback = std::function<void(Result<T>)>;

// --- Store ---------------------------------------------------------------------------------

// One change of what operators own. Each is written with its revision, its audit row and, for
// rules, the durable rows of its time boundaries, in one transaction.
struct PutSite {
    Site site;
};
struct PutCircuit {
    Circuit circuit;
};
struct PutCharger {
    Charger charger;
};
struct DeleteCharger {
    ChargerId id;
};
struct DeleteCircuit {
    CircuitId id;
};
struct PutRule {
    Rule rule;  // version 1 creates; version n replaces n - 1, or fails with kConflict.
    std::vector<TimePoint> boundaries = {};  // When it next begins or ends to hold.
};
struct DeleteRule {
    RuleId id;
};
struct PutIdTag {
    IdTag id_tag;
};
struct DeleteIdTag {
    SiteId site;
    std::string tag;
};
struct PutAccess {
    ChargerAccess access;  // Goes with its charger.
};
using Change = std::variant<PutSite, PutCircuit, PutCharger, DeleteCharger, DeleteCircuit, PutRule,
                            DeleteRule, PutIdTag, DeleteIdTag, PutAccess>;

struct Write {
    SiteId site;  // Whose configuration or rules this changes.
    Change change;
    std::string author;       // For the audit row.
    std::string before;       // For the audit row: the object as JSON before and after,
    std::string after;        // empty where there is none.
    SteadyPoint accepted_at;  // When the request was complete; dispatch times count from here.
};

struct Committed {
    std::int64_t revision = 0;  // Rises by one with each write on this server.
    SiteId site;
    Change change;
    SteadyPoint accepted_at;
};

// The most each EVSE may be drawing, as last written before a send.
struct PotentialRow {
    EvseId evse;
    Amperes potential;
    // What it comes to by itself; empty: it does not.
    std::optional<Amperes> fallback = {};
    // When, with `fallback`. Not on a calendar, which may be set. Empty in what load() gives: on a
    // steady clock that is no more, since the machine was restarted.
    std::optional<SteadyPoint> until = {};
    bool kept_out = false;  // We took it out of service, until there is room.

    bool operator==(const PotentialRow&) const = default;
};

struct AuditRow {
    std::int64_t revision = 0;
    TimePoint at = {};
    std::string author;
    std::string what;  // "put rule", "delete charger", ...
    std::string subject;
    std::string before;
    std::string after;
};

// A moment at which a rule begins or ends to hold. Durable from the rule's own transaction on,
// until somebody claimed it.
struct Boundary {
    RuleId rule;  // Or "circuit feeder": of its peaks.
    SiteId site;
    TimePoint due;
};

struct Stored {
    std::int64_t revision = 0;
    std::vector<Site> sites = {};
    std::vector<Circuit> circuits = {};
    std::vector<Charger> chargers = {};
    std::vector<Rule> rules = {};
    std::vector<IdTag> id_tags = {};
    std::vector<ChargerAccess> access = {};  // Of chargers for which anything was said.
    std::vector<Transaction> open_transactions = {};
    std::vector<PotentialRow> potentials = {};
    std::int64_t last_rule = 0;  // The greatest number of a rule that ever was; 0: none.
    // Whether this is not what this server wrote last, but an older copy of it: then potentials
    // are not to be relied on.
    bool from_backup = false;
};

// Which transactions, running or over; the newest start first.
struct TransactionQuery {
    std::optional<ChargerId> charger = {};
    std::optional<TimePoint> from = {};       // Began at or after.
    std::optional<TimePoint> to = {};         // Began before.
    std::optional<TransactionId> after = {};  // Only those that come after this one.
    int limit = 100;
};

// Of one transaction: the first, and the newest of the others.
inline constexpr int kMaxSignedReadings = 64;

struct TransactionRecord {
    Transaction transaction;
    std::vector<SignedReading> signed_readings = {};  // In the order in which they came.
};

class Store {
public:
    virtual ~Store() = default;

    // Everything, as of one moment. Blocking; for start-up, before any other call.
    virtual Result<Stored> load() = 0;

    // Called after each commit, in the order of revisions, before that write's own callback.
    // Set once, before the first write.
    virtual void on_commit(std::function<void(const Committed&)> hook) = 0;

    // The callback's value is the revision; when it comes, the write survives kill -9 and power
    // loss. kConflict: the rule's version has moved on. kUnavailable: nothing was written.
    // kBusy: the queue is full.
    virtual void write(Write write, Callback<std::int64_t> done) = 0;

    // Durable when called back. Rows not named stay as they are.
    virtual void save_potentials(std::vector<PotentialRow> rows, Callback<Done> done) = 0;

    // Inserts or replaces by id. Durable when called back.
    virtual void save_transaction(Transaction transaction, Callback<Done> done) = 0;

    // Adds what its meter signed, whether the transaction is known or not; what is there already
    // stays. Of more than kMaxSignedReadings the second oldest go. Durable when called back.
    virtual void save_signed(TransactionId transaction, std::vector<SignedReading> readings,
                             Callback<Done> done) = 0;

    // Without what was signed.
    virtual void transactions(TransactionQuery query, Callback<std::vector<Transaction>> done) = 0;
    // kNotFound: there never was one.
    virtual void transaction(TransactionId id, Callback<TransactionRecord> done) = 0;

    // Adds boundaries; those that are there already stay. Windows come again and again.
    virtual void save_boundaries(std::vector<Boundary> rows, Callback<Done> done) = 0;

    // Takes out, in one transaction, the boundaries due at or before `now`.
    virtual void claim_boundaries(TimePoint now, Callback<std::vector<Boundary>> done) = 0;

    // The newest first, revisions below `before` (0: from the end), at most `limit`.
    virtual void audit(std::int64_t before, int limit, Callback<std::vector<AuditRow>> done) = 0;
};

// --- Gateway -------------------------------------------------------------------------------

// The way to chargers: OCPP, or an HTTP gateway.
class Gateway {
public:
    virtual ~Gateway() = default;

    // Sends one command. `sent` runs when the frame was handed to the socket (not at all if it
    // never was); then `done` runs once, at the latest `deadline` after. A charger gets one
    // command at a time: the caller waits for `done` before it sends the next.
    virtual void call(const ChargerId& charger, Command command,
                      std::function<void(SteadyPoint)> sent,
                      std::function<void(CallResult)> done) = 0;

    // Closes the charger's connection, if there is one.
    virtual void disconnect(const ChargerId& charger) = 0;

    // Closes the charger's connection and lets it in no more before `until`, so that it can be
    // seen what it does alone. A time that is past lets it in again.
    virtual void refuse(const ChargerId& charger, SteadyPoint until) = 0;
};

// --- Who may connect -----------------------------------------------------------------------

// Implemented by control, asked by gateways before they let a charger in. Thread-safe and quick.
class AccessList {
public:
    virtual ~AccessList() = default;

    // Empty: there is no such charger. One of which nothing was said has nothing but its name.
    virtual std::optional<ChargerAccess> access_of(const ChargerId& charger) const = 0;

    // The charger came with its new key: the old one is good no more.
    virtual void came_with_new_key(const ChargerId& charger) = 0;
};

// --- What chargers say ---------------------------------------------------------------------

// Implemented by control, called by gateways in the order the charger spoke. The replies given
// to the callbacks reach the charger before any command that control issues afterwards.
class ChargerEvents {
public:
    virtual ~ChargerEvents() = default;

    // A connection of this charger is up. `generation` rises with each connection this gateway
    // accepts: events of an older one that come late are ignored.
    virtual void connected(const ChargerId& charger, std::int64_t generation) = 0;
    virtual void disconnected(const ChargerId& charger, std::int64_t generation) = 0;

    virtual void boot(const ChargerId& charger, BootInfo info,
                      std::function<void(BootReply)> reply) = 0;
    // It was told that it is this time now: many set their clocks by that.
    virtual void told_time(const ChargerId& charger, TimePoint now) = 0;
    virtual void status(const ChargerId& charger, StatusReport report) = 0;
    virtual void authorize(const ChargerId& charger, std::string id_tag,
                           std::function<void(Authorization)> reply) = 0;
    // Replied once the transaction is durable; kUnavailable from the store is an Error.
    virtual void start(const ChargerId& charger, StartRequest request,
                       Callback<StartReply> reply) = 0;
    // Never refused: a charger would repeat it for ever. An unknown transaction is answered too.
    virtual void stop(const ChargerId& charger, StopRequest request, Callback<Done> reply) = 0;
    virtual void meter(const ChargerId& charger, MeterReport report) = 0;
    // Replied once what it says of the transaction is durable. One that is not known begins with
    // it, but for its end, which is answered as in stop().
    virtual void transaction(const ChargerId& charger, TransactionEvent event,
                             Callback<StartReply> reply) = 0;

    // Something about it that an operator has to see to.
    virtual void alarm(const ChargerId& charger, std::string text) {
        (void)charger;
        (void)text;
    }
};

}  // namespace busbar::control
