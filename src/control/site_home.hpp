// A live site: its configuration, rules, chargers and ledger, and the loop that keeps them true.
//
// Everything here runs on the site's own strand, so nothing here has a lock. Whatever happens (a
// rule, a message, an answer, time passing) only notes what it knows and calls touch(); one
// evaluation then looks at everything and does the next right thing for each charger. Events
// that arrive meanwhile are seen by the next evaluation together.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "base/strand.hpp"
#include "control/drafts.hpp"
#include "control/feed.hpp"
#include "control/ports.hpp"
#include "control/reports.hpp"
#include "control/resolve.hpp"
#include "control/site_guard.hpp"
#include "demand/building.hpp"
#include "demand/car.hpp"
#include "demand/minima.hpp"
#include "demand/spread.hpp"
#include "demand/turns.hpp"
#include "ledger/charger_clock.hpp"
#include "ledger/give_way.hpp"
#include "ledger/ledger.hpp"
#include "reconcile/draw_watch.hpp"
#include "reconcile/features.hpp"
#include "reconcile/next_action.hpp"
#include "reconcile/probe.hpp"
#include "telemetry/registers.hpp"
#include "telemetry/telemetry.hpp"

namespace busbar::control {

// What all sites of a server share.
struct World {
    Store& store;
    Gateway* gateway = nullptr;  // Set before the first site is started.
    telemetry::TelemetryStore& telemetry;
    const Clock& clock;
    Feed& feed;
    std::function<std::uint32_t()> random;  // Thread-safe.
    std::function<RuleId()> next_rule_id;   // Thread-safe, never the same twice.
    std::chrono::seconds heartbeat{300};
};

// A calendar that moved by so much against the steady clock was set.
inline constexpr std::chrono::seconds kClockJump{2};

class SiteHome : public std::enable_shared_from_this<SiteHome> {
public:
    // Requires: check_site(config).
    SiteHome(World& world, std::unique_ptr<Strand> strand, SiteConfig config, Stored stored);

    // The only way in: `task` runs on the strand while the site lives. From any thread.
    void post(std::function<void(SiteHome&)> task);

    // Starts deciding and sending. Until then it only takes in.
    void start();
    // Sends nothing more.
    void stop() { running_ = false; }
    // Our own clock was set: what it says of now is to be looked at again.
    void clock_was_set() { touch(); }

    // --- Operators (site_writes.cpp). The callbacks run once the write is durable. ---
    void create_rule(RuleDraft draft, Caller caller, Callback<Written<Rule>> done);
    void patch_rule(RuleId id, RulePatch patch, Caller caller, Callback<Written<Rule>> done);
    void delete_rule(RuleId id, Caller caller, Callback<Written<Rule>> done);
    void put_site(SitePatch patch, Caller caller, Callback<Written<Site>> done);
    void put_circuit(CircuitId id, CircuitPatch patch, Caller caller,
                     Callback<Written<Circuit>> done);
    void put_charger(ChargerId id, ChargerPatch patch, Caller caller,
                     Callback<Written<Charger>> done);
    void delete_charger(ChargerId id, Even even, Caller caller, Callback<Written<Charger>> done);
    void put_external_limit(CircuitId id, ExternalPatch patch, Caller caller,
                            Callback<Written<Circuit>> done);
    void delete_external_limit(CircuitId id, Caller caller, Callback<Written<Circuit>> done);
    void delete_circuit(CircuitId id, Caller caller, Callback<Written<Circuit>> done);
    void put_id_tag(std::string tag, std::string group, Caller caller,
                    Callback<Written<IdTag>> done);
    void delete_id_tag(std::string tag, Caller caller, Callback<Written<IdTag>> done);

    // The store has committed a change of this site.
    void committed(const Committed& change);
    // A boundary of one of its rules was claimed: there is something to look at.
    void boundary_due() { touch(); }

    // --- Chargers (site_chargers.cpp), as in ChargerEvents. ---
    void connected(const ChargerId& charger, std::int64_t generation);
    void disconnected(const ChargerId& charger, std::int64_t generation);
    void boot(const ChargerId& charger, BootInfo info, std::function<void(BootReply)> reply);
    void told_time(const ChargerId& charger, TimePoint now);
    void alarm(std::string subject, std::string text);
    void status(const ChargerId& charger, const StatusReport& report);
    void authorize(const ChargerId& charger, std::function<void(Authorization)> reply);
    void start_transaction(const ChargerId& charger, StartRequest request,
                           Callback<StartReply> reply);
    void stop_transaction(const ChargerId& charger, StopRequest request, Callback<Done> reply);
    void transaction_event(const ChargerId& charger, const TransactionEvent& event,
                           Callback<StartReply> reply);
    void meter(const ChargerId& charger, const MeterReport& report);
    // What a circuit's building meter showed at a moment: of all that flows there, or of what is
    // not ours.
    void building_sample(const CircuitId& circuit, const PerPhase& measured, SteadyPoint at,
                         Callback<Done> done);
    // What the telemetry store last saw of a meter: what was used since then counts.
    void restore_register(const telemetry::MeterReading& reading);

    void keep_signed(TransactionId transaction, std::vector<SignedReading> readings);
    void set_wish(TransactionId transaction, DriverWish wish, Callback<Transaction> done);

    // --- The commissioning probe (site_probe.cpp) ---
    Result<ProbeReport> start_probe(const ChargerId& charger, const ProbeOptions& options);
    // Aborts it if it runs.
    Result<ProbeReport> abort_probe(const ChargerId& charger);
    Result<ProbeReport> probe_report(const ChargerId& charger) const;

    // --- Questions ---
    Result<PlanReport> plan(const PlanDraft& draft) const;  // site_plan.cpp
    SiteReport report() const;
    Result<ChargerReport> charger_report(const ChargerId& charger) const;
    std::optional<Rule> find_rule(const RuleId& id) const;

private:
    // The leaves of one charger, or one of them: they are neighbours.
    struct Leaves {
        LeafIndex first = 0;
        LeafIndex end = 0;
    };
    // Whether a message was said on this connection, or waited in the charger since before.
    enum class Freshness : std::uint8_t { kUnknown, kStale, kFresh };
    // One limit of a charger, between evaluations.
    struct Wish {
        std::optional<Amperes> wanted = {};        // What it should be, as of the last evaluation.
        std::optional<Amperes> attempted = {};     // What it was last sent in vain.
        std::optional<SteadyPoint> renew_at = {};  // What it has ends by itself: to be sent again.
    };
    // Whether a charger was asked what it enforces, after it accepted a limit.
    struct Check {
        bool due = false;  // It accepted another since.
        std::optional<SteadyPoint> asked_at = {};
    };
    // A charger that is probed, or was last.
    struct Probing {
        Probe probe;
        std::int64_t number = 0;  // Of this probe: an answer to an earlier one is none to it.
        TimePoint started_at;
        Leaf as_it_was;
        std::optional<std::int64_t> revision = {};  // Its result is written,
        std::string not_written = {};               // or why not.
    };
    // What is known of one EVSE, by leaf.
    struct Live {
        ConnectorStatus status = ConnectorStatus::kUnknown;  // Said on this connection.
        Freshness freshness = Freshness::kUnknown;           // Of that.
        std::optional<Transaction> transaction;
        std::optional<Transaction> starting;  // Being written.
        std::vector<Callback<StartReply>> waiting_for_start;
        std::optional<std::array<Amperes, 3>> metered;
        SteadyPoint metered_at = {};
        telemetry::RegisterSeries meter_register;
        Wish transaction_limit;
        bool start_unknown = false;       // Its transaction's meter_start is not known yet.
        bool seen = false;                // It connected at least once, now or before a restart.
        TimePoint since = {};             // Its transaction's start, by our clock: who came first.
        std::optional<Car> car = {};      // While a transaction runs: what it shows,
        std::optional<Place> place = {};  // and what it was given.
        Spread spread = {};
        std::optional<WattHours> energy_register = {};  // Last heard in this transaction.
        Amperes durable;  // The potential that the store knows: nothing above it is sent.
        // How the store has it fall by itself: nothing is sent that lasts longer, or falls less.
        // Empty: it does not.
        std::optional<Lease> durable_lease = {};
        // The latest end of a lease that it may hold, on its own clock.
        std::optional<TimePoint> lease_until = {};
        Yielding yielding = {};
        DrawWatch watch = {};
        Amperes given = {};  // What its transaction last accepted.
        Check check = {};
    };
    // What is known of one charger.
    struct Station {
        std::size_t evses = 0;  // As configured: its leaves.
        bool online = false;
        std::int64_t generation = 0;
        BootInfo info;
        bool busy = false;
        int failures = 0;
        SteadyPoint last_attempt = {};
        Wish default_limit;
        std::optional<Cause> cause;
        SteadyPoint connected_at = {};
        std::optional<TimePoint> offline_since = {};
        ChargerClock clock = {};
        WriteBudget writes{};
        bool writes_were_spent = false;  // An alarm was raised.
        Features configured = {};        // What it is asked with at first,
        Features features = {};          // and now.
        std::vector<std::function<void(Authorization)>> waiting_to_authorize = {};
        FloorYielding floor = {};
        SteadyPoint authorize_by = {};
        ChargerClock clock_before = {};  // As it was when it connected.
        bool shows_limits = true;        // It answers GetCompositeLimit, on this connection.
        std::optional<TrustClass> demoted = {};  // Until that is written.
        std::optional<Probing> probing = {};
    };
    // A limit of one charger, on its way from wish to wire.
    struct Planned {
        SetLimit command;
        Leaves leaves;
        Amperes want;
        std::optional<Lease> lease = {};  // What the command promises, on our clock.
    };

    // --- The loop (site_home.cpp) ---
    void touch();
    void evaluate();
    void resolve();
    void refresh_rules(TimePoint wall);
    void note_boundary(std::vector<Boundary>& fresh, const RuleId& subject, TimePoint due);
    void save_boundaries(std::vector<Boundary> fresh);
    std::vector<Occupant> occupants() const;
    template <class F>
    void each_station(F&& visit);
    void plan(const ChargerId& charger, Station& station, Leaves leaves, SteadyPoint now);
    Wish& wish_of(Station& station, const Planned& planned);
    const Wish& wish_of(const Station& station, const Planned& planned) const;
    LimitView look_at(Station& station, Planned& planned, SteadyPoint now);
    std::optional<Amperes> make_room(const Station& station, Planned& planned, SteadyPoint now);
    void send(const ChargerId& charger, Station& station, const Planned& planned, SteadyPoint now);
    void answered(const ChargerId& charger, const SetLimit& limit, std::vector<EvseId> evses,
                  SteadyPoint sent_at, std::optional<Cause> cause, const CallResult& result);
    // --- Leases (site_leases.cpp) ---
    bool gives_lease(const Station& station, const Planned& planned) const;
    void add_lease(const Station& station, Planned& planned, SteadyPoint now);
    bool is_durable(LeafIndex leaf, Amperes value, const std::optional<Lease>& lease) const;
    Duration slack() const;
    void hear_clock(const ChargerId& charger, std::optional<TimePoint> stamp);
    static Freshness freshness(const Station& station, std::optional<TimePoint> stamp);
    void update_leases(const ChargerId& charger, const Station& station);
    std::optional<Amperes> ahead(LeafIndex leaf);
    void add_unit(const Station& station, Planned& planned) const;
    void watch_clock(SteadyPoint now, TimePoint wall);
    void answer_authorizations(Station& station, Leaves leaves, SteadyPoint now);
    std::vector<PotentialRow> potentials_to_save();
    void potentials_saved(const std::vector<PotentialRow>& rows, const Result<Done>& saved);
    void tell_outage(LeafIndex leaf, Reason& reason) const;
    void stay_below(LeafIndex leaf);
    void count_write(const ChargerId& charger, Station& station, SteadyPoint now);
    void renew_later(LeafIndex leaf, const SetLimit& limit, SteadyPoint now);

    void note_cause(Station& station, const Planned& planned, const LimitView& view);
    Ledger::Drawing drawing(LeafIndex leaf) const;
    void persist(SteadyPoint now);
    void set_up(Station& station, const Charger& charger) const;
    void restore(const PotentialRow& row, bool from_backup);
    void wake_at(SteadyPoint when);
    void schedule_wakes(SteadyPoint now, TimePoint wall);

    // --- Probing and watching (site_probe.cpp) ---
    bool is_probed(LeafIndex leaf) const;
    Duration lease_of(LeafIndex leaf) const;
    ProbeWants look_at_probe(const ChargerId& charger, Station& station, SteadyPoint now);
    void end_probe(const ChargerId& charger, Station& station, SteadyPoint now);
    // Asks the charger something, if nothing else is to be said.
    void ask(const ChargerId& charger, Station& station, Leaves leaves, const ProbeWants& wants,
             SteadyPoint now);
    template <class Heard>
    void call(const ChargerId& charger, Station& station, Command command, Heard heard);
    void limit_answered(LeafIndex leaf, const SetLimit& limit, CallOutcome outcome,
                        SteadyPoint now);
    void shown(const EvseId& evse, Amperes applied, const CallResult& result);
    static SteadyPoint taken_at(const Station& station, std::optional<TimePoint> stamp,
                                SteadyPoint now);
    void watch_draw(LeafIndex leaf, Amperes highest_line, std::optional<TimePoint> stamp,
                    SteadyPoint now);
    void demote(const ChargerId& charger, TrustClass trust, const std::string& why);
    void write_demotion(const ChargerId& charger);
    void keep_demoted();
    void resumed(LeafIndex leaf, ConnectorStatus before, SteadyPoint now);
    Amperes stranded(LeafIndex leaf) const;

    // --- Cars and buildings (site_cars.cpp) ---
    void car_came(LeafIndex leaf);
    void car_went(LeafIndex leaf);
    void spread_raise(LeafIndex leaf, SteadyPoint now);
    bool wants(LeafIndex leaf) const;
    void look_at_cars(SteadyPoint now, TimePoint wall);
    void look_at_car(LeafIndex leaf, SteadyPoint now, TimePoint wall);
    void take_news(LeafIndex leaf);
    WattHours delivered(LeafIndex leaf) const;
    void take_turns(SteadyPoint now);
    std::optional<TimePoint> turn_at(LeafIndex leaf) const;
    void renew_buildings();
    void look_at_buildings(SteadyPoint now);

    // --- From outside: limits and feeders (site_guard.cpp) ---
    bool is_below(LeafIndex leaf, RowIndex row) const;
    void renew_guards();
    void renew_limit(const Circuit& circuit, SteadyPoint now,
                     std::map<CircuitId, WatchedLimit>& limits);
    static void hear(WatchedLimit& limit, const ExternalLimit& said, SteadyPoint now);
    void external_heard(const CircuitId& circuit);
    void look_at_guards(SteadyPoint now);
    void keep_low(LeafIndex leaf, Amperes most, ReasonKind reason);
    Amperes left_by(const WatchedFeeder& feeder, LeafIndex leaf) const;
    void tell_silence(const CircuitId& circuit, WatchedLimit& limit, SteadyPoint now);
    void feeder_sampled(const CircuitId& circuit, const PerPhase& measured, SteadyPoint at);
    void tell_overload(const CircuitId& circuit, const Overload& overload);
    void look_at_sums(SteadyPoint now);
    void tell_guard(LeafIndex leaf, Reason& reason) const;
    void report_guards(RowIndex row, CircuitReport& report) const;

    // --- Who gives way (site_relief.cpp) ---
    // Whether those that are out of service count as if they could draw.
    enum class Kept : std::uint8_t { kCounted, kOut };
    Amperes default_of(LeafIndex any) const;
    void renew_floors();
    void set_floor(Leaves leaves, Amperes floor);
    void floors_changed();
    void relieve(SteadyPoint now);
    PerPhase excess_of(RowIndex row, Kept kept) const;
    bool is_moving(LeafIndex leaf) const;
    Holder holder(LeafIndex leaf, Amperes holds) const;
    template <class F>
    std::vector<LeafIndex> yielding(RowIndex row, const PerPhase& excess, F holds) const;
    Amperes least_of(LeafIndex leaf) const;
    PerPhase floors_over(RowIndex row) const;
    bool take_floors();
    void take_floor(LeafIndex leaf);
    bool relieve_row(RowIndex row, SteadyPoint now);
    void end_charging(RowIndex row, const PerPhase& excess);
    void tell_unsatisfiable(RowIndex row);
    Amperes room_above(LeafIndex leaf) const;
    bool has_fitted(bool fits, std::optional<SteadyPoint>& since, SteadyPoint now);
    bool give_back(SteadyPoint now);
    bool floor_fits(Amperes floor, Leaves leaves) const;
    std::optional<Command> command_due(LeafIndex leaf, SteadyPoint now) const;
    bool command(const ChargerId& charger, Station& station, Leaves leaves, SteadyPoint now);
    void commanded(const EvseId& evse, const Command& asked, CallOutcome outcome);

    // --- Writing (site_writes.cpp) ---
    template <class T>
    void write(Change change, T value, bool created, std::string before, std::string after,
               Caller caller, Callback<Written<T>> done);
    template <class T, class F>
    void in_turn(Callback<T> done, F store);
    void turn_over();
    void rebuild();
    void write_external(const CircuitId& id, std::optional<ExternalLimit> external, Caller caller,
                        const Callback<Written<Circuit>>& done);
    void keep_failsafe(const CircuitId& id, TimePoint until);
    void store_rule(RuleDraft draft, Caller caller, Callback<Written<Rule>> done);
    void store_patch(RuleId id, RulePatch patch, Caller caller, Callback<Written<Rule>> done);
    void forget_expired(SteadyPoint now, TimePoint wall);
    void forgot(bool failed);
    PutRule with_boundary(const Rule& rule) const;
    Status check_with(const Rule& rule) const;
    Status keeps_promises(const SiteConfig& config, const Network& network,
                          std::span<const Rule> rules) const;
    const Network& network_with(std::span<const Rule> rules, std::optional<Network>& made) const;
    std::vector<std::string> warnings_for(const Rule& rule) const;
    std::vector<std::string> warnings_for(const SiteConfig& config, const Charger& charger) const;
    Status check_config(const SiteConfig& config) const;
    Status at_rest(LeafIndex leaf) const;
    Status may_change(const Charger& from, const Charger& to) const;
    Status may_change(const Circuit& from, const Circuit& to) const;
    Status not_selected(SelectorKind kind, const std::string& name) const;

    // --- Chargers (site_chargers.cpp) ---
    std::optional<LeafIndex> leaf_at(const ChargerId& charger, int connector) const;
    std::optional<LeafIndex> leaf_of(const ChargerId& charger, const TransactionEvent& event) const;
    void take_transaction_news(LeafIndex leaf, const TransactionEvent& event);
    void note_driver(LeafIndex leaf, const std::string& id_tag);
    void transaction_changed(LeafIndex leaf);
    void wish_changed(const Transaction& changed);
    void remember(const Transaction& finished);
    void finish_start(const EvseId& evse, const Result<Done>& saved);
    TransactionId new_transaction_id() const;
    void record_meter(LeafIndex leaf, const MeterReport& report);

    EvseReport evse_report(LeafIndex leaf, std::vector<Reason> reasons) const;
    std::vector<std::vector<Reason>> reasons_of(LeafIndex first, LeafIndex end) const;
    // `reasons`: of its leaves, in their order; they are moved out.
    ChargerReport station_report(const Charger& charger,
                                 std::span<std::vector<Reason>> reasons) const;
    std::optional<NextChange> next_change(LeafIndex leaf) const;
    Result<SiteConfig> planned_config(const PlanDraft& draft) const;
    Result<std::vector<Rule>> planned_rules(const PlanDraft& draft, const SiteConfig& config) const;

    World& world_;
    std::unique_ptr<Strand> strand_;
    SiteConfig config_;
    std::vector<Rule> rules_;
    std::int64_t revision_ = 0;

    Network network_;
    Ledger ledger_;
    std::vector<Live> live_;
    std::map<ChargerId, Station> stations_;
    std::unique_ptr<Resolver> resolver_;
    bool rules_changed_ = true;             // Or who is charging: which rules hold is to be found.
    std::optional<TimePoint> rules_until_;  // ...and again at this time.
    std::map<RuleId, TimePoint> noted_;     // The boundaries that the store has been told of.
    // The next edge of a rule about each leaf.
    struct Edge {
        TimePoint at;
        RuleIndex rule;
    };
    std::vector<std::optional<Edge>> upcoming_;
    // What each leaf would have after the next edge of all: found out when first asked for.
    std::vector<Amperes> ahead_;
    bool ahead_rules_ = false;  // The resolver below has the rules of that edge.
    std::unique_ptr<Resolver> ahead_resolver_;
    bool resolved_ = false;
    std::vector<LeafState> states_;  // As of the last resolve.
    std::vector<Turn> turns_;
    Minima minima_;
    std::map<CircuitId, BuildingMeter> buildings_;
    std::set<CircuitId> stale_buildings_;  // An alarm was raised.
    std::vector<Foreign> foreign_;
    Guards guards_;
    std::vector<Planned> planned_;  // Of one charger at a time; here to keep their memory.
    std::vector<LimitView> views_;
    TimePoint latest_arrival_ = {};
    std::deque<Transaction> finished_;  // The last few, to know a repeated message.
    std::deque<Alarm> alarms_;

    bool running_ = false;
    // How far our calendar is ahead of our steady clock. Empty: not looked yet.
    std::optional<std::chrono::nanoseconds> clock_ = {};
    bool scheduled_ = false;
    bool saving_ = false;
    std::optional<SteadyPoint> save_after_;  // After a failure.
    std::optional<SteadyPoint> next_wake_;
    std::optional<Cause> fresh_cause_;
    std::deque<Task> config_writes_;
    bool config_write_open_ = false;
    std::int64_t probes_ = 0;  // Ever.
    int forgetting_ = 0;       // Deletes of expired rules under way.
    std::optional<SteadyPoint> forget_after_;
};

}  // namespace busbar::control
