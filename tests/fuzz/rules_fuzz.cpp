// Whatever an operator enters: sites that check_site() lets in, with rules that check_rule() lets
// in, come to budgets and limits that hold what rules and solver promise, at any time.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "allocator/solver.hpp"
#include "base/check.hpp"
#include "rules/effective.hpp"
#include "rules/window_times.hpp"

namespace {

using namespace busbar;

// The input, taken a little at a time. Where it ends, numbers follow that are drawn from it, so
// that a short input comes to a whole site, too.
class Bytes {
public:
    Bytes(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

    int below(int end) {
        const int value = end > 256 ? take() | take() << 8 : take();
        return value % end;
    }
    bool one_in(int count) { return take() % count == count - 1; }
    Amperes amperes(int most) { return Amperes::milli(below(most * 10 + 1) * 100); }
    template <class T>
    T any_of(std::initializer_list<T> values) {
        return values.begin()[take() % static_cast<int>(values.size())];
    }

private:
    int take() {
        if (size_ > 0) {
            --size_;
            drawn_ = drawn_ * 31 + *data_;
            return *data_++;
        }
        drawn_ = drawn_ * 6364136223846793005U + 1442695040888963407U;
        return static_cast<int>(drawn_ >> 56);
    }

    const std::uint8_t* data_;
    std::size_t size_;
    std::uint64_t drawn_ = 0;
};

std::string numbered(const char* prefix, int number) {
    return prefix + std::to_string(number);
}

Window any_window(Bytes& in) {
    return {.days = static_cast<std::uint8_t>(in.one_in(32) ? 0 : 1 + in.below(127)),
            .from = std::chrono::minutes{in.below(1440)},
            .until = std::chrono::minutes{in.below(1441)},
            .zone = in.any_of<const char*>({"", "Europe/Berlin", "America/New_York", "UTC",
                                            "Australia/Lord_Howe", "", "", "Mars/Olympus"})};
}

Share any_share(Bytes& in) {
    return {.policy = static_cast<SharePolicy>(in.below(4)),
            .strict_bands = in.one_in(2),
            .min_first = in.one_in(2),
            .rotation_slot = std::chrono::minutes{in.below(60)}};
}

PhaseSet any_phases(Bytes& in) {
    using enum Phase;
    return in.any_of<PhaseSet>({PhaseSet::all(),
                                {kL1},
                                {kL2},
                                {kL3},
                                {kL1, kL2},
                                {kL2, kL3},
                                {kL1, kL3},
                                PhaseSet::all()});
}

Circuit any_circuit(Bytes& in, int number) {
    Circuit out{.id = CircuitId(numbered("c", number)),
                .site = SiteId("s"),
                .parent = {},
                .breaker = PerPhase::each(in.amperes(200))};
    if (number > 0 && !in.one_in(4)) out.parent = CircuitId(numbered("c", in.below(number)));
    if (in.one_in(4)) out.breaker[Phase::kL2] = in.amperes(100);
    out.safety_pct = in.any_of({0, 0, 5, 20, 90, 91});
    if (in.one_in(3)) out.share = any_share(in);
    if (in.one_in(4)) out.peaks.push_back({any_window(in), Percent::of(in.below(102))});
    out.active = !in.one_in(8);
    return out;
}

Charger any_charger(Bytes& in, int number, int circuits) {
    Charger out{.id = ChargerId(numbered("p", number)),
                .circuit = CircuitId(numbered("c", in.below(circuits))),
                .partner = in.any_of<const char*>({"", "acme"}),
                .maximum = in.amperes(64) + 1_A,
                .minimum = Amperes::of(in.any_of({6, 6, 6, 8, 10, 1})),
                .floor = Amperes::of(in.any_of({0, 0, 6, 10})),
                .quantum = in.any_of({Amperes::of(1), Amperes::milli(100)}),
                .evse_count = 1 + in.below(3),
                .phases = any_phases(in)};
    if (in.one_in(2)) out.tags.push_back(in.any_of<const char*>({"north", "south"}));
    out.priority = in.below(5);
    out.managed = !in.one_in(8);
    if (in.one_in(8)) out.dc = DcOutput{.maximum = Watts::of(in.below(60) * 1'000)};
    return out;
}

SiteConfig any_site(Bytes& in) {
    SiteConfig out{
        .site = {.id = SiteId("s"), .zone = in.any_of<const char*>({"UTC", "Europe/Berlin"})},
        .circuits = {},
        .chargers = {}};
    if (in.one_in(4)) out.site.supply = {Wiring::kDeltaLinear, 208_V};
    const int circuits = 1 + in.below(5);
    for (int i = 0; i < circuits; ++i) out.circuits.push_back(any_circuit(in, i));
    for (int i = in.below(12); i > 0; --i) out.chargers.push_back(any_charger(in, i, circuits));
    out.id_tags.push_back({"card", SiteId("s"), "staff"});
    // What is not valid is left out, so that most inputs come to a site.
    std::erase_if(out.circuits, [&](const Circuit& circuit) {
        SiteConfig alone{out.site, {circuit}, {}};
        alone.circuits[0].parent.reset();
        return !check_site(alone) || !check_zones(alone);
    });
    std::erase_if(out.chargers, [&](Charger charger) {
        const Circuit wide{.id = charger.circuit,
                           .site = SiteId("s"),
                           .parent = {},
                           .breaker = PerPhase::each(10'000_A)};
        return !check_site({out.site, {wide}, {charger}});
    });
    if (!check_site(out))
        for (auto& charger : out.chargers) charger.floor = 0_A;
    return out;
}

SelectorTerm any_term(Bytes& in) {
    using enum SelectorKind;
    switch (static_cast<SelectorKind>(in.below(8))) {
        case kCharger:
            return {kCharger, numbered("p", 1 + in.below(9))};
        case kEvse:
            return {kEvse,
                    numbered("p", 1 + in.below(9)) + in.any_of<const char*>({"", "/2", "/x"})};
        case kCircuit:
            return {kCircuit, numbered("c", in.below(5))};
        case kTag:
            return {kTag, in.any_of<const char*>({"north", "south", ""})};
        case kPartner:
            return {kPartner, in.any_of<const char*>({"acme", ""})};
        case kIdTagGroup:
            return {kIdTagGroup, in.any_of<const char*>({"staff", "guests"})};
        case kTransaction:
            return {kTransaction, std::to_string(in.below(4))};
        case kAll:
            return {};
    }
    return {};
}

TimePoint any_time(Bytes& in) {
    // Around switches to and from daylight saving time.
    const auto* day = in.any_of<const char*>({"2026-03-28T20:00:00Z", "2026-10-24T20:00:00Z",
                                              "2026-04-04T10:00:00Z", "2026-11-01T01:00:00Z"});
    return *parse_time(day) + std::chrono::minutes{in.below(60'000)} +
           std::chrono::microseconds{in.below(3)};
}

Rule any_rule(Bytes& in, int number) {
    Rule out{.id = RuleId(numbered("r", number)), .site = SiteId("s")};
    out.kind = static_cast<RuleKind>(in.below(8));
    const auto term = any_term(in);
    out.select = {term.kind, term.name};
    while (in.one_in(8) && out.select.except.size() < 3) out.select.except.push_back(any_term(in));
    const bool caps = out.kind == RuleKind::kCap || out.kind == RuleKind::kPause;
    out.layer = static_cast<Layer>(in.below(caps || in.one_in(16) ? 6 : 5));
    out.enabled = !in.one_in(8);
    const bool limits = out.kind == RuleKind::kCap || out.kind == RuleKind::kReserve;
    if (limits != in.one_in(16)) {
        const int unit = in.below(out.kind == RuleKind::kCap ? 8 : 6);
        if (unit < 4) out.limit = in.amperes(60) - Amperes::milli(300);
        if (unit == 4 || unit == 5) out.limit_power = Watts::of(in.below(60'000));
        if (unit >= 6) out.limit_pct = Percent::of(in.below(102));
    }
    if (out.kind == RuleKind::kCap && in.one_in(3)) out.scope = static_cast<Scope>(in.below(2));
    out.standing = out.kind == RuleKind::kReserve && in.one_in(2);
    out.force = out.standing && in.one_in(2);
    const bool ranks = out.kind == RuleKind::kRank || out.kind == RuleKind::kBoost;
    if (ranks && !in.one_in(3)) out.band = in.one_in(16) ? 10 : 1 + in.below(9);
    if (out.kind == RuleKind::kRank && !in.one_in(3)) out.weight = Weight::of(in.below(4));
    if (out.kind == RuleKind::kShare) out.share = any_share(in);
    if (out.kind == RuleKind::kSuspend) {
        out.suspends = Suspends{};
        if (in.one_in(3)) out.suspends->rule = RuleId(numbered("r", in.below(12)));
        if (in.one_in(3)) out.suspends->kind = static_cast<RuleKind>(in.below(6));
    }
    if (in.one_in(3)) out.window = any_window(in);
    if (in.one_in(6)) out.starts_at = any_time(in);
    if (in.one_in(6)) out.expires_at = any_time(in);
    out.created_at = TimePoint{std::chrono::seconds{in.below(4)}};
    return out;
}

std::vector<Rule> any_rules(Bytes& in, const SiteConfig& config) {
    std::vector<Rule> out;
    for (int i = in.below(13); i > 0; --i) {
        auto rule = any_rule(in, i);
        if (!check_rule(config, rule)) continue;
        (void)check_suspension(out, rule).has_value();
        // A zone may leave the database under a rule that was fine when it was written.
        if (rule.window && in.one_in(8)) rule.window->zone = "Mars/Olympus";
        out.push_back(std::move(rule));
    }
    return out;
}

Demand any_demand(Bytes& in, const Leaf& leaf, const LeafRules& rules) {
    Demand out{.kind = static_cast<Demand::Kind>(in.below(3))};
    out.wanted = std::min(leaf.maximum, in.amperes(100));
    out.weight = rules.share.policy == SharePolicy::kWeighted ? rules.weight : Weight::of(1);
    out.one_by_one = rules.share.policy == SharePolicy::kFcfs;
    out.by_deadline = rules.share.policy == SharePolicy::kDeadline;
    out.surplus_band = static_cast<std::uint8_t>(rules.share.strict_bands ? rules.band : 0);
    out.admit_band = rules.share.min_first ? std::uint8_t{0} : out.surplus_band;
    out.need = in.amperes(40);
    out.turn = in.below(3);
    out.since = TimePoint{std::chrono::seconds{in.below(4)}};
    if (in.one_in(6)) out.minimum = leaf.minimum + leaf.quantum * in.below(3);
    if (rules.cap) out.wanted = std::min(out.wanted, rules.cap->limit);
    if (rules.pause) out.wanted = 0_A;
    if (rules.inactive) out.wanted = std::min(out.wanted, leaf.floor);
    if (rules.exclude) out = {.kind = Demand::Kind::kFixed, .wanted = leaf.maximum};
    if (rules.reserve && out.kind != Demand::Kind::kFixed)
        out.reserve = std::min(rules.reserve->limit, out.wanted);
    return out;
}

void check_effective(const Network& network, std::span<const Rule> rules,
                     const EffectiveRules& effective) {
    const auto known = [&](RuleIndex rule) { return rule == kNoRule || rule < rules.size(); };
    for (RowIndex row = 0; row < network.rows.size(); ++row) {
        const auto& ruled = effective.rows[row];
        for (const auto phase : kPhases) {
            BUSBAR_CHECK(ruled.budget[phase] >= 0_A);
            BUSBAR_CHECK(ruled.budget[phase] <= network.rows[row].budget[phase]);
            BUSBAR_CHECK(ruled.cap || ruled.budget[phase] == network.rows[row].budget[phase]);
        }
        BUSBAR_CHECK(!ruled.cap || known(ruled.cap->rule));
    }
    for (LeafIndex i = 0; i < network.leaves.size(); ++i) {
        const auto& leaf = effective.leaves[i];
        BUSBAR_CHECK(!leaf.cap || (leaf.cap->limit >= 0_A && known(leaf.cap->rule)));
        BUSBAR_CHECK(network.leaves[i].managed || leaf.exclude);
        BUSBAR_CHECK(leaf.weight > Weight{} && leaf.band >= kFirstBand && leaf.band <= kLastBand);
        BUSBAR_CHECK(leaf.lifted.has_value() == leaf.lifted_by.has_value());
        if (leaf.lifted) BUSBAR_CHECK(rules[*leaf.lifted].layer < Layer::kSafety);
    }
}

void check_time(const SiteConfig& config, std::span<const Rule> rules, TimePoint now) {
    const auto next = next_boundary(config, rules, now);
    BUSBAR_CHECK(!next || *next > now);
    const auto before = next ? *next - Duration{1} : now + std::chrono::hours{100};
    for (const auto& rule : rules)
        BUSBAR_CHECK(holds(config.site, rule, before) == holds(config.site, rule, now));
}

// Its two guarantees, on rows that are plain sums.
void check_allotments(const Network& network, std::span<const PerPhase> budgets,
                      std::span<const Demand> demands, std::span<const Allotment> allotments) {
    std::vector<PerPhase> drawn(network.rows.size()), unmoved(network.rows.size());
    for (LeafIndex i = 0; i < network.leaves.size(); ++i) {
        const auto& leaf = network.leaves[i];
        const auto limit = allotments[i].limit;
        const bool wants = demands[i].kind == Demand::Kind::kWants;
        for (const auto row : leaf.rows)
            for (const auto phase : kPhases) {
                if (!leaf.phases.has(phase)) continue;
                drawn[row][phase] += std::max(limit, leaf.floor);
                unmoved[row][phase] += wants ? leaf.floor : std::max(limit, leaf.floor);
            }
        if (!wants || limit == 0_A) continue;
        const auto minimum = demands[i].minimum > 0_A ? demands[i].minimum : leaf.minimum;
        BUSBAR_CHECK(limit >= minimum && limit <= demands[i].wanted);
        BUSBAR_CHECK(limit == limit.floored_to(leaf.quantum));
    }
    for (LeafIndex i = 0; i < network.leaves.size(); ++i)
        for (const auto row : network.leaves[i].rows)
            for (const auto phase : kPhases) {
                if (!network.leaves[i].phases.has(phase)) continue;
                if (drawn[row][phase] <= budgets[row][phase]) continue;
                BUSBAR_CHECK(unmoved[row][phase] > budgets[row][phase]);
                if (demands[i].kind == Demand::Kind::kWants)
                    BUSBAR_CHECK(allotments[i].limit <= network.leaves[i].floor);
            }
}

void check_site_and_rules(Bytes in) {
    const auto config = any_site(in);
    if (!check_site(config) || !check_zones(config)) return;
    const auto rules = any_rules(in, config);
    const auto now = any_time(in);
    const auto network = compile(config, rules);
    BUSBAR_CHECK(same_sets(network, rules));
    std::vector<Occupant> occupants;
    if (in.one_in(2))
        for (LeafIndex i = 0; i < network.leaves.size(); ++i)
            occupants.push_back({in.below(4), in.any_of<const char*>({"", "staff", "guests"})});

    const auto effective = effective_rules(config, network, rules, occupants, now);
    check_effective(network, rules, effective);
    check_time(config, rules, now);
    (void)check_promises(config, network, rules, now).has_value();

    std::vector<PerPhase> budgets;
    for (const auto& row : effective.rows) budgets.push_back(row.budget);
    std::vector<Demand> demands;
    for (LeafIndex i = 0; i < network.leaves.size(); ++i)
        demands.push_back(any_demand(in, network.leaves[i], effective.leaves[i]));
    std::vector<Allotment> allotments(network.leaves.size());
    Solver(network).solve(budgets, demands, allotments);
    check_allotments(network, budgets, demands, allotments);
}

void check_texts(std::string_view text) {
    if (const auto window = parse_window(text)) {
        BUSBAR_CHECK(check_window(*window));
        const auto again = parse_window(to_string(*window));
        BUSBAR_CHECK(again && *again == *window);
    }
    if (const auto rotation = parse_rotation(text)) BUSBAR_CHECK(to_string(*rotation) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    check_texts({reinterpret_cast<const char*>(data), size});
    check_site_and_rules({data, size});
    return 0;
}
