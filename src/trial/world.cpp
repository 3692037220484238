#include "trial/world.hpp"

#include <algorithm>
#include <utility>

#include "telemetry/telemetry.hpp"
#include "trial/message_wire.hpp"

namespace busbar::trial {
namespace {

using namespace std::chrono_literals;

constexpr Duration kSurveyEvery = 2min;
constexpr std::size_t kMaxAlarms = 200;

std::vector<std::string> names_of(const SiteConfig& config) {
    std::vector<std::string> names;
    for (const auto& charger : config.chargers) names.push_back(charger.id.str());
    return names;
}

SiteConfig by_id(SiteConfig config) {
    std::ranges::sort(config.chargers, {}, &Charger::id);
    return config;
}

}  // namespace

// Keeps nothing: what was measured is not what a trial is about.
class World::Telemetry final : public telemetry::TelemetryStore {
public:
    explicit Telemetry(Strand& strand) : strand_(strand) {}

    void append(std::vector<telemetry::Reading>, telemetry::Callback<Done> done) override {
        strand_.post([done = std::move(done)] { done(Done{}); });
    }
    void meter_status(telemetry::Callback<std::vector<telemetry::MeterReading>> done) override {
        strand_.post([done = std::move(done)] { done(std::vector<telemetry::MeterReading>{}); });
    }
    void vehicle_status(telemetry::Callback<std::vector<telemetry::VehicleReading>> done) override {
        strand_.post([done = std::move(done)] { done(std::vector<telemetry::VehicleReading>{}); });
    }
    void map_vehicle(VehicleId, std::vector<MeterId>, telemetry::Callback<Done> done) override {
        strand_.post([done = std::move(done)] { done(Done{}); });
    }
    void performance(VehicleId, TimePoint, TimePoint,
                     telemetry::Callback<telemetry::Performance> done) override {
        strand_.post([done = std::move(done)] { done(Error{Errc::kNotFound, "not kept"}); });
    }

private:
    Strand& strand_;
};

// A server's strand: what it had planned dies with it.
class World::Mortal final : public Strand {
public:
    Mortal(ManualStrand& strand, std::shared_ptr<const bool> alive)
        : strand_(strand), alive_(std::move(alive)) {}

    void post(Task task) override { strand_.post(while_alive(std::move(task))); }
    void at(SteadyPoint when, Task task) override {
        strand_.at(when, while_alive(std::move(task)));
    }

private:
    Task while_alive(Task task) const {
        return [alive = alive_, task = std::move(task)] {
            if (*alive) task();
        };
    }

    ManualStrand& strand_;
    std::shared_ptr<const bool> alive_;
};

// The way out of the server: counts what leaves, and is where it may die.
class World::Door final : public control::Gateway {
public:
    explicit Door(World& world) : world_(world) {}

    void call(const ChargerId& charger, Command command, std::function<void(SteadyPoint)> sent,
              std::function<void(CallResult)> done) override {
        if (!world_.server_ || world_.dies_at(Death::kBeforeCall)) return;
        ++world_.calls_;
        world_.wire_->gateway().call(charger, std::move(command), std::move(sent), std::move(done));
        world_.dies_at(Death::kAfterCall);
    }
    void disconnect(const ChargerId& charger) override {
        if (world_.server_) world_.wire_->gateway().disconnect(charger);
    }
    void refuse(const ChargerId& charger, SteadyPoint until) override {
        if (world_.server_) world_.wire_->gateway().refuse(charger, until);
    }

private:
    World& world_;
};

struct World::Server {
    std::shared_ptr<bool> alive = std::make_shared<bool>(true);
    control::Feed feed;
    std::unique_ptr<control::Control> control;
};

World::World(WorldSetup setup)
    : setup_(std::move(setup)),
      clock_(setup_.start),
      strand_(clock_),
      start_(clock_.steady()),
      random_(setup_.seed),
      trace_(names_of(setup_.config = by_id(std::move(setup_.config)))),
      load_(setup_.config),
      store_(strand_, clock_, random_.next()),
      telemetry_(std::make_unique<Telemetry>(strand_)),
      wire_(setup_.wire
                ? setup_.wire(strand_, clock_)
                : std::make_unique<MessageWire>(strand_, clock_, setup_.network, random_.next())),
      door_(std::make_unique<Door>(*this)),
      around_(around()),
      latest_wall_(setup_.start) {
    store_.put(setup_.config);
    store_.on_moment(
        [this](MemoryStore::Moment moment) {
            const auto death = moment == MemoryStore::Moment::kBeforeCommit
                                   ? Death::kBeforeCommit
                                   : Death::kBeforeAnswerOfStore;
            if (!dying_ || dying_->moment != death || --dying_->count > 0) return false;
            dying_.reset();
            return true;
        },
        [this] { kill_server(); });
    make_chargers();
    after(kSurveyEvery, [this] { survey(); });
}

World::~World() {
    if (server_) *server_->alive = false;
}

Around World::around() {
    return {.strand = strand_,
            .clock = clock_,
            .wire = *wire_,
            .trace = trace_,
            .start = setup_.start,
            .start_steady = start_,
            .draws = [this](LeafIndex leaf, Amperes amount) { draws(leaf, amount); },
            .violation = [this](std::string what) { violation(std::move(what)); }};
}

void World::make_chargers() {
    setup_.manners.resize(setup_.config.chargers.size());
    for (std::size_t i = 0; i < setup_.config.chargers.size(); ++i) {
        const auto& wiring = setup_.config.chargers[i];
        const auto first = load_.network().leaves_of(wiring.id).first;
        chargers_.push_back(std::make_unique<VirtualCharger>(
            around_, static_cast<int>(i), wiring, first, setup_.manners[i], random_.next()));
    }
}

// --- Time ----------------------------------------------------------------------------------------

void World::run_for(Duration time) {
    for (; time > Duration{0} && !violated_; time -= 1min)
        strand_.run_for(std::min(time, Duration{1min}));
    if (!violated_) strand_.run();
}

void World::after(Duration wait, std::function<void()> task) {
    strand_.at(now() + wait, std::move(task));
}

void World::jump_server_clock(Duration by) {
    trace_.note(now(), Trace::kSite, "the server's clock jumps by",
                std::to_string(std::chrono::floor<std::chrono::seconds>(by).count()) + " s");
    clock_.jump_wall(by);
    latest_wall_ = std::max({latest_wall_, clock_.wall(), clock_.wall() - by});
}

// --- The server ----------------------------------------------------------------------------------

control::Control& World::control() {
    BUSBAR_CHECK(server_ != nullptr);
    return *server_->control;
}

void World::start_server() {
    BUSBAR_CHECK(!server_);
    trace_.note(now(), Trace::kSite, "the server starts");
    check_writes(nullptr);
    auto server = std::make_shared<Server>();
    server->feed.subscribe([this](const control::FeedEvent& event) {
        if (const auto* alarm = std::get_if<control::Alarm>(&event)) raised(*alarm);
    });
    server->control = std::make_unique<control::Control>(
        store_, *telemetry_, clock_, server->feed,
        [this, alive = server->alive] { return std::make_unique<Mortal>(strand_, alive); },
        [this] { return static_cast<std::uint32_t>(random_.next()); });
    server_ = server;
    store_.server_born();
    wire_->server_up(*server->control);
    if (const auto started = server->control->start(*door_); !started)
        violation("the server does not start: " + started.error().message);
}

// Its process ends at this very instruction: the code that runs goes on to the end of its task,
// and nothing it does from here on has any effect.
void World::kill_server() {
    if (!server_) return;
    trace_.note(now(), Trace::kSite, "the server dies");
    ++kills_;
    dying_.reset();
    auto dead = std::exchange(server_, nullptr);
    *dead->alive = false;
    report_.reset();
    wire_->server_down();
    store_.server_died();
    strand_.post([dead = std::move(dead)] {});
}

void World::kill_server_at(Death moment, int count) {
    dying_ = Dying{moment, count};
}

bool World::dies_at(Death moment) {
    if (!dying_ || dying_->moment != moment || --dying_->count > 0) return false;
    kill_server();
    return true;
}

// --- Operators -----------------------------------------------------------------------------------

// What to do with the answer: remember what was promised, and pass it on.
template <class T>
control::Callback<control::Written<T>> World::written(std::function<void(const Result<T>&)> done,
                                                      std::function<void(const T&)> keep) {
    return [this, alive = server_->alive, done = std::move(done),
            keep = std::move(keep)](Result<control::Written<T>> result) {
        if (!*alive) return;
        trace_.note(now(), Trace::kSite, result ? "a write is acknowledged" : "a write is refused:",
                    result ? "" : result.error().message);
        if (result) keep(result->value);
        if (result) ++writes_;
        if (done) done(result ? Result<T>(result->value) : Result<T>(result.error()));
    };
}

void World::create_rule(control::RuleDraft draft, std::function<void(const Result<Rule>&)> done) {
    if (!server_) return;
    trace_.note(now(), Trace::kSite, "an operator writes",
                std::string(to_string(draft.kind)) + " for " + to_string(draft.select.term()));
    const std::function<void(const Rule&)> keep = [this](const Rule& rule) {
        acknowledged_.insert_or_assign(rule.id, rule);
        if (deleted_.contains(rule.id))
            violation("rule " + rule.id.str() + " has the name of one that was deleted");
        uncertain_.erase(rule.id);
    };
    control().create_rule(setup_.config.site.id, std::move(draft), {"operator", now()},
                          written<Rule>(std::move(done), keep));
}

void World::patch_rule(const RuleId& id, control::RulePatch patch,
                       std::function<void(const Result<Rule>&)> done) {
    if (!server_) return;
    trace_.note(now(), Trace::kSite, "an operator changes", id.str());
    const std::function<void(const Rule&)> keep = [this](const Rule& rule) {
        const auto kept = acknowledged_.find(rule.id);
        if (kept != acknowledged_.end() && rule.version > kept->second.version) kept->second = rule;
    };
    control().patch_rule(id, std::move(patch), {"operator", now()},
                         written<Rule>(std::move(done), keep));
}

void World::delete_rule(const RuleId& id, std::function<void(const Result<Rule>&)> done) {
    if (!server_) return;
    trace_.note(now(), Trace::kSite, "an operator deletes", id.str());
    uncertain_.insert(id);
    const std::function<void(const Rule&)> keep = [this](const Rule& rule) {
        acknowledged_.erase(rule.id);
        deleted_.insert(rule.id);
    };
    control().delete_rule(id, {"operator", now()}, written<Rule>(std::move(done), keep));
}

std::vector<RuleId> World::rules() const {
    std::vector<RuleId> ids;
    for (const auto& [id, rule] : acknowledged_)
        if (!uncertain_.contains(id)) ids.push_back(id);
    return ids;
}

// --- Checking ------------------------------------------------------------------------------------

void World::draws(LeafIndex leaf, Amperes amount) {
    load_.set(leaf, amount, now());
    if (setup_.overloads_count_only || violated_) return;
    if (!load_.overloaded().empty()) violation(load_.overloaded());
    if (amount > 0_A) must_be_known(leaf);
}

void World::must_be_known(LeafIndex leaf) {
    const auto& where = load_.network().leaves[leaf];
    const auto amount = load_.of(leaf);
    const auto known = store_.potential(where.evse, where.settle);
    if (known && amount > *known)
        violation(to_string(where.evse) + " may draw " + decimal(amount.in_milli()) +
                  " A, and the store knows of " + decimal(known->in_milli()) + " A");
}

void World::raised(const control::Alarm& alarm) {
    trace_.note(now(), Trace::kSite, "raises an alarm:", alarm.subject + " " + alarm.text);
    if (alarms_.size() < kMaxAlarms) alarms_.push_back(alarm);
    // A stop that is repeated after a restart is no news; one of a transaction that was stored and
    // never stopped is.
    for (const auto& charger : chargers_)
        for (int number = 1; number <= charger->evse_count(); ++number)
            if (const auto id = charger->transaction(number);
                id && store_.runs(*id) &&
                alarm.text.find("stops transaction " + std::to_string(*id)) == 0)
                violation("a transaction that was acknowledged is not known: " + alarm.subject +
                          " " + alarm.text);
}

const std::optional<control::SiteReport>& World::look() {
    report_.reset();
    if (!server_) return report_;
    control().reports(
        [this, alive = server_->alive](Result<std::vector<control::SiteReport>> reports) {
            if (*alive && reports && !reports->empty()) report_ = std::move(reports->front());
        });
    strand_.run();
    return report_;
}

void World::survey() {
    after(kSurveyEvery, [this] { survey(); });
    latest_wall_ = std::max(latest_wall_, clock_.wall());
    if (violated_) return;
    if (!setup_.overloads_count_only)
        for (LeafIndex leaf = 0; leaf < load_.network().leaves.size(); ++leaf) must_be_known(leaf);
    if (!server_) return;
    control().reports(
        [this, alive = server_->alive](Result<std::vector<control::SiteReport>> reports) {
            if (*alive && reports && !reports->empty()) check(reports->front());
        });
}

void World::check(const control::SiteReport& report) {
    for (const auto& charger : report.chargers) {
        for (const auto& evse : charger.evses) {
            const EvseId id{charger.charger.id, evse.number};
            const auto leaf = load_.network().leaf_of(id);
            if (!leaf) continue;
            if (evse.reasons.empty()) violation(to_string(id) + " has a limit without a reason");
            for (const auto& reason : evse.reasons)
                if (to_sentence(reason).empty()) violation(to_string(id) + " has an empty reason");
            if (evse.transaction && evse.desired > 0_A && evse.desired < charger.charger.minimum)
                violation(to_string(id) + " should have " + decimal(evse.desired.in_milli()) +
                          " A, less than its minimum: " + to_sentence(evse.reasons.front()));
            if (!setup_.overloads_count_only && evse.potential < load_.of(*leaf))
                violation(to_string(id) + " may draw " + decimal(load_.of(*leaf).in_milli()) +
                          " A, and the ledger counts " + decimal(evse.potential.in_milli()) + " A");
        }
    }
    check_writes(&report);
}

// What was acknowledged is in the store, and in what the server reports, if it does.
void World::check_writes(const control::SiteReport* report) {
    latest_wall_ = std::max(latest_wall_, clock_.wall());
    for (const auto& [id, rule] : acknowledged_) {
        if (uncertain_.contains(id) || rule.expired(latest_wall_)) continue;
        const auto* stored = store_.rule(id);
        if (!stored || stored->version < rule.version)
            violation("rule " + id.str() + " was acknowledged, and is lost");
        if (report && std::ranges::find(report->rules, id, &Rule::id) == report->rules.end())
            violation("rule " + id.str() + " was acknowledged, and the server does not know it");
    }
    for (const auto& id : deleted_)
        if (store_.rule(id)) violation("rule " + id.str() + " was deleted, and is back");
}

std::string World::unrest(const control::ChargerReport& report) const {
    const auto found = std::ranges::find_if(
        chargers_, [&](const auto& charger) { return charger->id() == report.charger.id; });
    const auto& charger = **found;
    if (!report.online) return charger.id().str() + " is not online";
    for (const auto& evse : report.evses) {
        const auto named = [&](ReasonKind kind) {
            return std::ranges::find(evse.reasons, kind, &Reason::kind) != evse.reasons.end();
        };
        if (!evse.transaction) continue;
        const auto name = to_string(EvseId{charger.id(), evse.number});
        if (named(ReasonKind::kAwaitsAmps) || named(ReasonKind::kSpread)) continue;
        if (evse.applied != evse.desired)
            return name + " should have " + decimal(evse.desired.in_milli()) + " A and has " +
                   (evse.applied ? decimal(evse.applied->in_milli()) + " A" : "what nobody knows");
        const auto enforced = charger.enforced(evse.number);
        if (charger.charging(evse.number) && !charger.lies() &&
            enforced != evse.applied->floored_to(charger.quantum()))
            return name + " is said to have " + decimal(evse.applied->in_milli()) +
                   " A and enforces " + decimal(enforced.in_milli()) + " A";
    }
    return {};
}

void World::violation(std::string what) {
    if (violated_) return;
    trace_.note(now(), Trace::kSite, "VIOLATION:", what);
    violated_ = since(start_, now()) + " " + what + "\n\n" + describe();
}

std::string World::describe() const {
    std::string text = trace_.last(start_) + "\n";
    for (const auto& charger : chargers_) {
        text += charger->describe();
        for (int number = 1; number <= charger->evse_count(); ++number)
            if (const auto known = store_.potential({charger->id(), number}, Duration{0}))
                text += "; the store: " + decimal(known->in_milli()) + " A";
        text += '\n';
    }
    return text + "\n" + load_.table() + reasons();
}

// What the server says of those that charge, as of its last look.
std::string World::reasons() const {
    std::string text;
    if (!report_) return text;
    for (const auto& charger : report_->chargers)
        for (const auto& evse : charger.evses) {
            if (!evse.transaction) continue;
            text += to_string(EvseId{charger.charger.id, evse.number}) + ": should have " +
                    decimal(evse.desired.in_milli()) + " A";
            for (const auto& reason : evse.reasons) text += "; " + to_sentence(reason);
            text += '\n';
        }
    return text;
}

}  // namespace busbar::trial
