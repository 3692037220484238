// The front door of control: finds the site that something is about and passes it on to that
// site's strand. Also the sweeper, which claims due boundaries from the store.
//
// Thread-safe. Callbacks run on a thread of control's choice.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "base/guarded.hpp"
#include "control/ports.hpp"
#include "control/site_home.hpp"

namespace busbar::control {

class Control final : public ChargerEvents, public AccessList {
public:
    using StrandFactory = std::function<std::unique_ptr<Strand>()>;

    // `random` must be thread-safe. Everything handed in outlives this.
    Control(Store& store, telemetry::TelemetryStore& telemetry, const Clock& clock, Feed& feed,
            StrandFactory strands, std::function<std::uint32_t()> random);
    ~Control() override;

    // Loads everything and starts to decide. Once. Fails if the store cannot be read, or holds a
    // site that does not fit together.
    Status start(Gateway& gateway);
    // Sends nothing more; what comes in is ignored.
    void stop();

    // --- Operators: as SiteHome's, by the site they are about ---
    void create_rule(SiteId site, RuleDraft draft, Caller caller, Callback<Written<Rule>> done);
    void patch_rule(RuleId id, RulePatch patch, Caller caller, Callback<Written<Rule>> done);
    void delete_rule(RuleId id, Caller caller, Callback<Written<Rule>> done);
    void put_site(SiteId id, SitePatch patch, Caller caller, Callback<Written<Site>> done);
    void put_circuit(CircuitId id, std::optional<SiteId> site, CircuitPatch patch, Caller caller,
                     Callback<Written<Circuit>> done);
    void put_charger(ChargerId id, ChargerPatch patch, Caller caller,
                     Callback<Written<Charger>> done);
    void delete_charger(ChargerId id, Even even, Caller caller, Callback<Written<Charger>> done);
    void delete_circuit(CircuitId id, Caller caller, Callback<Written<Circuit>> done);

    // What a charger has to show before it is let in. kBusy: another write of it is under way.
    void put_access(const ChargerId& id, AccessPatch patch, Caller caller,
                    Callback<Written<ChargerAccess>> done);

    void put_id_tag(SiteId site, std::string tag, std::string group, Caller caller,
                    Callback<Written<IdTag>> done);
    void delete_id_tag(SiteId site, std::string tag, Caller caller, Callback<Written<IdTag>> done);
    // What a circuit's building meter shows now, on each line. kConflict if none is configured.
    void building_sample(CircuitId circuit, PerPhase measured, Callback<Done> done);
    // ...or what a meter of feeders showed at a moment: of each circuit that names it. Soon over.
    void feeder_sample(const MeterId& meter, PerPhase measured, SteadyPoint at);
    // What a box outside lets a circuit carry. Each is also a sign that it is there: without one
    // for its heartbeat, the failsafe holds.
    void put_external_limit(CircuitId circuit, ExternalPatch patch, Caller caller,
                            Callback<Written<Circuit>> done);
    void delete_external_limit(CircuitId circuit, Caller caller, Callback<Written<Circuit>> done);
    // What the driver of a running transaction asks for. kNotFound if no such one runs.
    void set_wish(TransactionId transaction, DriverWish wish, Callback<Transaction> done);

    // Probes a charger, or stops that. kConflict: no car charges there, or it is probed already.
    void start_probe(const ChargerId& id, ProbeOptions options, Callback<ProbeReport> done);
    void abort_probe(const ChargerId& id, Callback<ProbeReport> done);

    // --- Questions ---
    // The last probe since the start. kNotFound: there was none.
    void probe_report(const ChargerId& id, Callback<ProbeReport> done);
    // What would be if the draft were written. Fails as those writes would.
    void plan(SiteId site, PlanDraft draft, Callback<PlanReport> done);
    void reports(Callback<std::vector<SiteReport>> done);
    void charger_report(const ChargerId& id, Callback<ChargerReport> done);
    void find_rule(const RuleId& id, Callback<Rule> done);
    std::vector<UnknownCharger> unknown_chargers() const;
    // The site that a draft means which does not say: the one of what it selects, or the only
    // one there is. kNotFound, or kInvalid if it has to be said.
    Result<SiteId> site_for(const Selector& select) const;

    // --- AccessList ---
    std::optional<ChargerAccess> access_of(const ChargerId& charger) const override;
    void came_with_new_key(const ChargerId& charger) override;

    // --- ChargerEvents ---
    void connected(const ChargerId& charger, std::int64_t generation) override;
    void disconnected(const ChargerId& charger, std::int64_t generation) override;
    void boot(const ChargerId& charger, BootInfo info,
              std::function<void(BootReply)> reply) override;
    void told_time(const ChargerId& charger, TimePoint now) override;
    void status(const ChargerId& charger, StatusReport report) override;
    void authorize(const ChargerId& charger, std::string id_tag,
                   std::function<void(Authorization)> reply) override;
    void start(const ChargerId& charger, StartRequest request, Callback<StartReply> reply) override;
    void stop(const ChargerId& charger, StopRequest request, Callback<Done> reply) override;
    void meter(const ChargerId& charger, MeterReport report) override;
    void transaction(const ChargerId& charger, TransactionEvent event,
                     Callback<StartReply> reply) override;
    void alarm(const ChargerId& charger, std::string text) override;

private:
    // An id that a write under way wants to have at a site.
    struct Claim {
        SiteId site;
        int writes = 0;
    };
    // Who is where. Small and read often: one lock, held for a look-up.
    struct Directory {
        std::map<SiteId, std::shared_ptr<SiteHome>> sites;
        std::map<CircuitId, SiteId> circuits;
        std::map<ChargerId, SiteId> chargers;
        std::map<RuleId, SiteId> rules;
        std::map<CircuitId, Claim> claimed_circuits;
        std::map<ChargerId, Claim> claimed_chargers;
        std::map<MeterId, std::set<CircuitId>> meters;
        std::map<std::string, std::set<SiteId>> partners;
        std::map<ChargerId, UnknownCharger> unknown;
        std::map<ChargerId, std::int64_t> online;  // The generation of each connection.
        std::map<ChargerId, ChargerAccess> access;
        std::set<ChargerId> access_writes;  // Under way: each builds on what is there.
    };

    std::shared_ptr<SiteHome> site(const SiteId& id) const;
    std::shared_ptr<SiteHome> site_of(const ChargerId& charger) const;
    template <class K>
    std::shared_ptr<SiteHome> home_of(std::map<K, SiteId> Directory::*index, const K& key) const;
    // Keeps the id for this site until the write is over; nothing if another site has it, or a
    // write under way there. The callback to use in place of `done`.
    template <class K, class T>
    std::optional<Callback<T>> claim(std::map<K, SiteId> Directory::*index,
                                     std::map<K, Claim> Directory::*claims, const K& id,
                                     const SiteId& site, Callback<T> done);
    static void ask_next(std::shared_ptr<std::vector<std::shared_ptr<SiteHome>>> homes,
                         std::size_t next, TransactionId transaction, DriverWish wish,
                         Callback<Transaction> done);
    void on_commit(const Committed& change);
    void add_site(SiteConfig config, Stored stored);
    void sweep();
    void watch_clock();
    void each_site(const std::function<void(SiteHome&)>& task) const;
    void change_access(const ChargerId& id, const std::function<void(ChargerAccess&)>& change,
                       Caller caller, Callback<Written<ChargerAccess>> done);
    static void index(Directory& directory, const SiteId& site, const Change& change);

    World world_;
    StrandFactory strands_;
    std::shared_ptr<Strand> strand_;  // The sweeper's.
    Guarded<Directory> directory_;
    std::atomic<std::int64_t> last_rule_{0};
    std::optional<std::chrono::nanoseconds> clock_;  // The calendar's lead, at the last sweep.
    bool clock_is_kept_ = true;
    std::shared_ptr<std::atomic<bool>> running_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace busbar::control
