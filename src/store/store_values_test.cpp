// Every field of what operators own comes back as it was written: random objects, whose seed a
// failure names.
#include <algorithm>
#include <array>
#include <random>

#include "store/store_contract.hpp"
#include "store/test_support.hpp"

namespace busbar::store {
namespace {

// Values of any shape that passes the checks of a store: not all of them are sensible.
class Chance {
public:
    explicit Chance(std::uint32_t seed) : random_(seed) {}

    std::int64_t from(std::int64_t least, std::int64_t most) {
        return std::uniform_int_distribution<std::int64_t>(least, most)(random_);
    }
    bool coin() { return from(0, 1) == 1; }
    template <class T>
    T one_of(std::initializer_list<T> all) {
        return *(all.begin() + from(0, std::ssize(all) - 1));
    }
    template <class Make>
    auto perhaps(Make make) -> std::optional<decltype(make())> {
        if (coin()) return make();
        return {};
    }
    template <class Make>
    auto some(std::int64_t most, Make make) {
        std::vector<decltype(make())> all;
        for (auto n = from(0, most); n > 0; --n) all.push_back(make());
        return all;
    }
    template <class Q>
    Q amount() {
        return Q::milli(one_of<std::int64_t>({0, 1, 999, 1'000, from(0, 1'000'000'000'000)}));
    }
    std::string text() {
        return one_of<std::string>({"", "Süd", "it's \"quoted\"", "a;b,c|d", std::string("\0x", 2),
                                    "=1+1", std::to_string(from(0, 1'000'000))});
    }
    TimePoint time() { return TimePoint{Duration{from(0, 4'000'000'000'000'000)}}; }
    Duration duration() { return Duration{from(0, 86'400'000'000)}; }
    PerPhase amperes() {
        return PerPhase{{amount<Amperes>(), amount<Amperes>(), amount<Amperes>()}};
    }
    Window window() {
        return {.days = static_cast<std::uint8_t>(from(1, Window::kEveryDay)),
                .from = std::chrono::minutes{from(0, 1'439)},
                .until = std::chrono::minutes{from(0, 1'439)},
                .zone = one_of<std::string>(
                    {"", "UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"})};
    }
    Share share() {
        return {.policy = one_of({SharePolicy::kEqual, SharePolicy::kWeighted, SharePolicy::kFcfs,
                                  SharePolicy::kDeadline}),
                .strict_bands = coin(),
                .min_first = coin(),
                .rotation_slot = duration(),
                .reclaim = coin()};
    }
    SelectorTerm term() {
        return {one_of({SelectorKind::kCharger, SelectorKind::kEvse, SelectorKind::kCircuit,
                        SelectorKind::kTag, SelectorKind::kPartner, SelectorKind::kIdTagGroup,
                        SelectorKind::kTransaction, SelectorKind::kAll}),
                text()};
    }
    RuleKind kind() {
        return one_of({RuleKind::kCap, RuleKind::kPause, RuleKind::kReserve, RuleKind::kExclude,
                       RuleKind::kRank, RuleKind::kShare, RuleKind::kSuspend, RuleKind::kBoost});
    }
    Rotation rotation() {
        Rotation rotation;
        std::shuffle(rotation.lines.begin(), rotation.lines.end(), random_);
        return rotation;
    }
    PhaseSet phases() {
        return one_of<PhaseSet>({{}, {Phase::kL2}, {Phase::kL1, Phase::kL3}, PhaseSet::all()});
    }

private:
    std::mt19937 random_;
};

Site random_site(Chance& chance, SiteId id) {
    Site site{.id = std::move(id), .name = chance.text(), .zone = chance.text()};
    site.supply = {chance.one_of({Wiring::kWye, Wiring::kDeltaLinear}), chance.amount<Volts>()};
    site.raise_spread = chance.duration();
    return site;
}

Circuit random_circuit(Chance& chance, CircuitId id) {
    Circuit circuit{.id = std::move(id),
                    .site = SiteId{chance.text()},
                    .parent = chance.perhaps([&] { return CircuitId{chance.text()}; }),
                    .name = chance.text(),
                    .breaker = chance.amperes()};
    circuit.safety_pct = static_cast<int>(chance.from(0, 90));
    circuit.share = chance.perhaps([&] { return chance.share(); });
    circuit.peaks = chance.some(32, [&] {
        auto window = chance.window();
        return Peak{std::move(window), chance.amount<Percent>()};
    });
    circuit.active = chance.coin();
    circuit.building = chance.perhaps([&] {
        return BuildingLoad{
            .meter = MeterId{chance.text()},
            .covers = chance.one_of({BuildingLoad::Covers::kTotal, BuildingLoad::Covers::kRest}),
            .stale_after = chance.duration(),
            .worst_case = chance.amperes()};
    });
    circuit.external = chance.perhaps([&] {
        return ExternalLimit{.limit = chance.perhaps([&] { return chance.amperes(); }),
                             .failsafe = chance.perhaps([&] { return chance.amperes(); }),
                             .heartbeat = chance.duration(),
                             .failsafe_for = chance.duration(),
                             .source = chance.text(),
                             .failsafe_until = chance.perhaps([&] { return chance.time(); })};
    });
    return circuit;
}

Charger random_charger(Chance& chance, ChargerId id) {
    Charger charger{.id = std::move(id), .circuit = CircuitId{chance.text()}};
    charger.name = chance.text();
    charger.partner = chance.text();
    charger.maximum = chance.amount<Amperes>();
    charger.minimum = chance.amount<Amperes>();
    charger.floor = chance.amount<Amperes>();
    charger.quantum = chance.amount<Amperes>();
    charger.evse_count = static_cast<int>(chance.from(1, 16));
    charger.phases = chance.phases();
    charger.settle = chance.duration();
    charger.keeps_profiles = chance.coin();
    charger.tags = chance.some(32, [&] { return chance.text(); });
    charger.priority = static_cast<int>(chance.from(0, 1'000));
    charger.managed = chance.coin();
    charger.rotation = chance.rotation();
    charger.dc = chance.perhaps([&] {
        return DcOutput{.maximum = chance.amount<Watts>(),
                        .minimum = chance.amount<Watts>(),
                        .efficiency_min = chance.amount<Percent>(),
                        .auxiliary = chance.amount<Watts>(),
                        .power_factor = chance.amount<Percent>()};
    });
    return charger;
}

Rule random_rule(Chance& chance, RuleId id) {
    Rule rule{.id = std::move(id), .site = SiteId{chance.text()}, .kind = chance.kind()};
    const auto whom = chance.term();
    rule.select = {whom.kind, whom.name, chance.some(32, [&] { return chance.term(); })};
    rule.limit = chance.perhaps([&] { return chance.amount<Amperes>(); });
    rule.limit_power = chance.perhaps([&] { return chance.amount<Watts>(); });
    rule.limit_pct = chance.perhaps([&] { return chance.amount<Percent>(); });
    rule.expires_at = chance.perhaps([&] { return chance.time(); });
    rule.starts_at = chance.perhaps([&] { return chance.time(); });
    rule.reason = chance.text();
    rule.author = chance.text();
    rule.created_at = chance.time();
    rule.layer = chance.one_of({Layer::kDefault, Layer::kDriver, Layer::kPartner, Layer::kOperator,
                                Layer::kGrid, Layer::kSafety});
    rule.enabled = chance.coin();
    rule.scope = chance.perhaps([&] { return chance.one_of({Scope::kEach, Scope::kSum}); });
    rule.standing = chance.coin();
    rule.force = chance.coin();
    rule.band = chance.perhaps([&] { return static_cast<int>(chance.from(1, 9)); });
    rule.weight = chance.perhaps([&] { return chance.amount<Weight>(); });
    rule.share = chance.perhaps([&] { return chance.share(); });
    rule.suspends = chance.perhaps([&] {
        return Suspends{.rule = chance.perhaps([&] { return RuleId{chance.text()}; }),
                        .kind = chance.perhaps([&] { return chance.kind(); })};
    });
    rule.window = chance.perhaps([&] { return chance.window(); });
    return rule;
}

// Ids in their own order, as load() gives them.
std::string numbered(const char* head, int n) {
    return head + std::string(n < 10 ? "0" : "") + std::to_string(n);
}

}  // namespace

TEST_P(StoreContract, GivesBackEveryFieldOfWhateverIsWritten) {
    for (const std::uint32_t seed : {1U, 2U, 3U}) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Chance chance(seed);
        control::Stored written;
        for (int n = 0; n < 25; ++n) {
            written.sites.push_back(random_site(chance, SiteId{numbered("s", n)}));
            written.circuits.push_back(random_circuit(chance, CircuitId{numbered("c", n)}));
            written.chargers.push_back(random_charger(chance, ChargerId{numbered("p", n)}));
            written.rules.push_back(random_rule(chance, RuleId{numbered("r", n)}));
            // Written over those of the seed before, whose lists may have been longer.
            written.rules.back().version = seed;
        }
        // All at once: they are committed together.
        std::vector<Pending<std::int64_t>> pending;
        const auto put = [&](control::Change change) {
            store_->write({.site = SiteId{"garage"},
                           .change = std::move(change),
                           .author = "",
                           .before = "",
                           .after = "",
                           .accepted_at = {}},
                          pending.emplace_back().callback());
        };
        for (const auto& each : written.sites) put(control::PutSite{each});
        for (const auto& each : written.circuits) put(control::PutCircuit{each});
        for (const auto& each : written.chargers) put(control::PutCharger{each});
        for (const auto& each : written.rules) put(control::PutRule{each});
        for (auto& each : pending) ASSERT_EQ(problem(each.get()), "");
        reopen();
        const auto read = stored();
        EXPECT_EQ(read.sites, written.sites);
        EXPECT_EQ(read.circuits, written.circuits);
        EXPECT_EQ(read.chargers, written.chargers);
        EXPECT_EQ(read.rules, written.rules);
    }
}

TEST_P(StoreContract, ForgetsTheListsOfWhatIsDeleted) {
    Chance chance(5);
    auto circuit = random_circuit(chance, CircuitId{"c"});
    circuit.peaks = {{chance.window(), Percent::of(50)}};
    auto charger = random_charger(chance, ChargerId{"p"});
    charger.tags = {"ground-floor"};
    auto rule = random_rule(chance, RuleId{"r"});
    rule.select.except = {{SelectorKind::kTag, "ground-floor"}};
    for (const control::Change& change : std::vector<control::Change>{
             control::PutCircuit{circuit}, control::PutCharger{charger}, control::PutRule{rule},
             control::DeleteCircuit{circuit.id}, control::DeleteCharger{charger.id},
             control::DeleteRule{rule.id}})
        ASSERT_EQ(problem(write(change)), "");
    circuit.peaks.clear();
    charger.tags.clear();
    rule.select.except.clear();
    ASSERT_TRUE(write(control::PutCircuit{circuit}));
    ASSERT_TRUE(write(control::PutCharger{charger}));
    ASSERT_TRUE(write(control::PutRule{rule}));
    const auto read = stored();
    EXPECT_EQ(read.circuits, (std::vector{circuit}));
    EXPECT_EQ(read.chargers, (std::vector{charger}));
    EXPECT_EQ(read.rules, (std::vector{rule}));
}

TEST_P(StoreContract, GivesBackIdTagsAndKnowsThemInAnySpelling) {
    const SiteId here{"here"}, there{"there"};
    const IdTag staff{.tag = "04A2-bC", .site = here, .group = "staff"};
    const IdTag other{.tag = "04A2-bC", .site = there, .group = ""};
    const IdTag odd{.tag = "\xC3\x84'1", .site = here, .group = "Gäste"};
    ASSERT_TRUE(write(control::PutIdTag{{.tag = "04a2-BC", .site = here, .group = "old"}}));
    for (const auto& each : {staff, other, odd}) ASSERT_TRUE(write(control::PutIdTag{each}));
    reopen();
    EXPECT_EQ(stored().id_tags, (std::vector{staff, odd, other}));
    ASSERT_TRUE(write(control::DeleteIdTag{here, "04A2-BC"}));
    EXPECT_EQ(stored().id_tags, (std::vector{odd, other}));
    EXPECT_EQ(code(write(control::DeleteIdTag{here, "04A2-BC"})), Errc::kNotFound);
    const auto rows =
        await<std::vector<control::AuditRow>>([&](auto done) { store_->audit(0, 1, done); });
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->at(0).what, "delete id tag");
    EXPECT_EQ(rows->at(0).subject, "04A2-BC");
}

TEST_P(StoreContract, GivesBackWhatChargersHaveToShowUntilTheyAreGone) {
    const ChargerAccess nothing{.charger = ChargerId{"CP-1"}};
    const ChargerAccess all{.charger = ChargerId{"CP-2"},
                            .profile = SecurityProfile::kCertificate,
                            .certificate_name = "SN'2",
                            .key = SealedKey{"5a", "d1"},
                            .old_key = SealedKey{"5b", "d2"},
                            .old_key_until = *parse_time("2026-02-10T12:00:00Z")};
    for (const auto& each : {nothing, all}) ASSERT_TRUE(write(control::PutAccess{each}));
    reopen();
    EXPECT_EQ(stored().access, (std::vector{nothing, all}));
    auto open = all;
    open.profile = SecurityProfile::kOpen;
    open.old_key.reset();
    ASSERT_TRUE(write(control::PutAccess{open}));
    EXPECT_EQ(stored().access, (std::vector{nothing, open}));
    ASSERT_TRUE(write(control::PutCharger{charger("CP-2")}));
    ASSERT_TRUE(write(control::DeleteCharger{ChargerId{"CP-2"}}));
    EXPECT_EQ(stored().access, (std::vector{nothing}));
}

TEST_P(StoreContract, KeepsWhatADriverAskedFor) {
    Transaction transaction{.id = 7,
                            .evse = {ChargerId{"CP-1"}, 1},
                            .id_tag = "tag",
                            .requested = WattHours::of(20'000),
                            .depart_by = TimePoint{std::chrono::hours{500'000}}};
    const auto save = [&] {
        return await<Done>([&](auto done) { store_->save_transaction(transaction, done); });
    };
    ASSERT_TRUE(save());
    reopen();
    EXPECT_EQ(stored().open_transactions, (std::vector{transaction}));
    transaction.requested.reset();
    ASSERT_TRUE(save());
    EXPECT_EQ(stored().open_transactions, (std::vector{transaction}));
}

TEST_P(StoreContract, KeepsWhatMetersSignWithTheirTransactionTheFirstAndTheNewest) {
    const auto keep = [&](std::vector<SignedReading> readings) {
        return await<Done>([&](auto done) { store_->save_signed(7, std::move(readings), done); });
    };
    const auto reading = [&](int number) {
        return SignedReading{clock_.wall(), R"({"value":"OCMF|)" + std::to_string(number) + "\"}"};
    };
    const auto record = [&](TransactionId id) {
        return await<control::TransactionRecord>([&](auto done) { store_->transaction(id, done); });
    };
    ASSERT_TRUE(keep({reading(0), reading(1)})) << "it may come before its transaction";
    ASSERT_TRUE(keep({reading(1), reading(2), reading(0)})) << "and come again";
    EXPECT_EQ(code(record(7)), Errc::kNotFound);
    const Transaction transaction{
        .id = 7, .evse = {ChargerId{"CP-1"}, 1}, .id_tag = "tag", .started_at = clock_.wall()};
    const auto saved = await<Done>([&](auto done) { store_->save_transaction(transaction, done); });
    ASSERT_TRUE(saved);
    reopen();
    ASSERT_TRUE(record(7));
    EXPECT_EQ(record(7)->transaction, transaction);
    EXPECT_EQ(record(7)->signed_readings, (std::vector{reading(0), reading(1), reading(2)}));
    for (int i = 3; i < 100; ++i) ASSERT_TRUE(keep({reading(i)}));
    const auto kept = record(7)->signed_readings;
    ASSERT_EQ(std::ssize(kept), control::kMaxSignedReadings);
    EXPECT_EQ(kept.front(), reading(0));
    EXPECT_EQ(kept[1], reading(100 - control::kMaxSignedReadings + 1));
    EXPECT_EQ(kept.back(), reading(99));
}

TEST_P(StoreContract, ListsTransactionsTheNewestFirstByPageChargerAndTime) {
    const TimePoint noon = clock_.wall();
    const auto hour = std::chrono::hours{1};
    for (int id = 1; id <= 6; ++id) {  // Two at each hour, one of each charger.
        Transaction transaction{.id = id,
                                .evse = {ChargerId{id % 2 == 0 ? "even" : "odd"}, 1},
                                .id_tag = "tag",
                                .started_at = noon + (id + 1) / 2 * hour};
        if (id < 4) transaction.stopped_at = transaction.started_at + hour;
        ASSERT_TRUE(await<Done>([&](auto done) { store_->save_transaction(transaction, done); }));
    }
    const auto ids = [&](const control::TransactionQuery& query) {
        std::vector<TransactionId> found;
        const auto page =
            await<std::vector<Transaction>>([&](auto done) { store_->transactions(query, done); });
        EXPECT_EQ(problem(page), "");
        for (const auto& each : *page) found.push_back(each.id);
        return found;
    };
    using Ids = std::vector<TransactionId>;
    EXPECT_EQ(ids({}), (Ids{6, 5, 4, 3, 2, 1}));
    EXPECT_EQ(ids({.limit = 3}), (Ids{6, 5, 4}));
    EXPECT_EQ(ids({.after = 4, .limit = 3}), (Ids{3, 2, 1}));
    EXPECT_EQ(ids({.after = 1}), Ids{});
    EXPECT_EQ(ids({.after = 99}), Ids{}) << "nothing comes after what never was";
    EXPECT_EQ(ids({.charger = ChargerId{"odd"}}), (Ids{5, 3, 1}));
    EXPECT_EQ(ids({.charger = ChargerId{"odd"}, .after = 5, .limit = 1}), (Ids{3}));
    EXPECT_EQ(ids({.from = noon + 2 * hour}), (Ids{6, 5, 4, 3}));
    EXPECT_EQ(ids({.from = noon + 2 * hour, .to = noon + 3 * hour}), (Ids{4, 3}));
    EXPECT_EQ(ids({.charger = ChargerId{"none"}}), Ids{});
}

TEST_P(StoreContract, HandsOutTheBeginOfARuleAndItsEnd) {
    const TimePoint noon = clock_.wall();
    const auto hour = std::chrono::hours{1};
    Rule rule{.id = RuleId{"r"}, .site = SiteId{"garage"}};
    rule.starts_at = noon + hour;
    rule.expires_at = noon + 2 * hour;
    ASSERT_TRUE(write(control::PutRule{rule}));
    const auto claimed = [&](TimePoint now) {
        const auto due = await<std::vector<control::Boundary>>(
            [&](auto done) { store_->claim_boundaries(now, done); });
        EXPECT_EQ(problem(due), "");
        std::vector<TimePoint> times;
        for (const auto& boundary : *due) times.push_back(boundary.due);
        return times;
    };
    EXPECT_EQ(claimed(noon + hour), (std::vector{noon + hour}));
    reopen();
    EXPECT_EQ(claimed(noon + hour), std::vector<TimePoint>{});
    EXPECT_EQ(claimed(noon + 2 * hour), (std::vector{noon + 2 * hour}));
    rule.version = 2;
    ASSERT_TRUE(write(control::PutRule{rule}));
    EXPECT_EQ(claimed(noon + 9 * hour), (std::vector{noon + hour, noon + 2 * hour}));
    rule.version = 3;
    ASSERT_TRUE(write(control::PutRule{rule}));
    ASSERT_TRUE(write(control::DeleteRule{rule.id}));
    EXPECT_EQ(claimed(noon + 9 * hour), std::vector<TimePoint>{});
}

}  // namespace busbar::store
