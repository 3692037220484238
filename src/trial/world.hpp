// A whole site in virtual time, on one thread: the real control, its store, the network, chargers
// and cars. What must always hold is checked at every change:
//   - no breaker carries more than its rating, at the worst that honouring chargers let flow;
//   - the store knows of at least what each of them may be drawing: a server that dies at any
//     instruction finds it there;
//   - no charger is sent, or enforces, more than 0 and less than its minimum;
//   - what was acknowledged to an operator is there after every death of the server;
//   - every EVSE's limit has a reason.
// The first violation is kept with the trace that led to it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/strand.hpp"
#include "control/control.hpp"
#include "trial/load.hpp"
#include "trial/message_wire.hpp"
#include "trial/store.hpp"
#include "trial/virtual_charger.hpp"

namespace busbar::trial {

// The moment of a server's death: at the n-th of these from now on.
enum class Death : std::uint8_t { kBeforeCommit, kBeforeAnswerOfStore, kBeforeCall, kAfterCall };

using WireFactory = std::function<std::unique_ptr<Wire>(Strand&, const Clock&)>;

struct WorldSetup {
    SiteConfig config;                  // One site. Requires: check_site(config).
    std::vector<Manners> manners = {};  // In the order of the chargers' ids.
    NetworkSettings network = {};
    TimePoint start = {};
    std::uint64_t seed = 1;
    WireFactory wire = {};              // Empty: a MessageWire with these network settings.
    bool overloads_count_only = false;  // A breaker that is passed is measured, no violation.
};

class World {
public:
    explicit World(WorldSetup setup);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    // --- Time ---
    // Lets time pass; stops early at a violation.
    void run_for(Duration time);
    // Runs `task` so much later, whatever becomes of the server.
    void after(Duration wait, std::function<void()> task);
    SteadyPoint now() const { return clock_.steady(); }
    TimePoint wall() const { return clock_.wall(); }  // The server's.
    // The server's calendar moves; nobody else's does.
    void jump_server_clock(Duration by);

    // --- The server ---
    void start_server();
    void kill_server();
    void kill_server_at(Death moment, int count);
    bool server_runs() const { return server_ != nullptr; }
    // Requires: server_runs().
    control::Control& control();
    MemoryStore& store() { return store_; }
    Wire& wire() { return *wire_; }

    // --- Operators. `done` does not come if the server dies first. ---
    void create_rule(control::RuleDraft draft, std::function<void(const Result<Rule>&)> done = {});
    void patch_rule(const RuleId& id, control::RulePatch patch,
                    std::function<void(const Result<Rule>&)> done = {});
    void delete_rule(const RuleId& id, std::function<void(const Result<Rule>&)> done = {});
    // Rules that were acknowledged and not deleted since.
    std::vector<RuleId> rules() const;

    // --- Chargers, in the order of their ids ---
    std::vector<std::unique_ptr<VirtualCharger>>& chargers() { return chargers_; }
    const SiteConfig& config() const { return setup_.config; }
    const Load& load() const { return load_; }
    Trace& trace() { return trace_; }

    // --- What the server says ---
    // Nothing while no server runs, or before its first decision.
    const std::optional<control::SiteReport>& look();
    const std::vector<control::Alarm>& alarms() const { return alarms_; }
    void forget_alarms() { alarms_.clear(); }
    // What one EVSE's report lacks to be at rest: desired is applied and enforced, or there is a
    // named reason; empty: nothing.
    std::string unrest(const control::ChargerReport& charger) const;

    // --- What came of it ---
    void violation(std::string what);
    const std::optional<std::string>& violated() const { return violated_; }
    std::string describe() const;  // The trace, each charger and each breaker.
    std::uint64_t kills() const { return kills_; }
    std::uint64_t writes() const { return writes_; }
    std::uint64_t calls() const { return calls_; }

private:
    struct Server;
    class Telemetry;
    class Mortal;
    class Door;

    Around around();
    void make_chargers();
    void draws(LeafIndex leaf, Amperes amount);
    void must_be_known(LeafIndex leaf);
    void raised(const control::Alarm& alarm);
    std::string reasons() const;
    void check(const control::SiteReport& report);
    void check_writes(const control::SiteReport* report);
    bool dies_at(Death moment);
    void survey();
    template <class T>
    control::Callback<control::Written<T>> written(std::function<void(const Result<T>&)> done,
                                                   std::function<void(const T&)> keep);

    WorldSetup setup_;
    ManualClock clock_;
    ManualStrand strand_;
    SteadyPoint start_;
    sim::Random random_;
    Trace trace_;
    Load load_;
    MemoryStore store_;
    std::unique_ptr<Telemetry> telemetry_;
    std::unique_ptr<Wire> wire_;
    std::unique_ptr<Door> door_;
    Around around_;
    std::vector<std::unique_ptr<VirtualCharger>> chargers_;
    std::shared_ptr<Server> server_;

    struct Dying {
        Death moment;
        int count;
    };
    std::optional<Dying> dying_;
    std::map<RuleId, Rule> acknowledged_;  // As last acknowledged.
    std::set<RuleId> uncertain_;           // A change of it was asked for, and not answered yet.
    std::set<RuleId> deleted_;
    TimePoint latest_wall_;  // That any server saw.
    std::vector<control::Alarm> alarms_;
    std::optional<control::SiteReport> report_;
    std::optional<std::string> violated_;
    std::uint64_t kills_ = 0;
    std::uint64_t writes_ = 0;
    std::uint64_t calls_ = 0;
};

}  // namespace busbar::trial
