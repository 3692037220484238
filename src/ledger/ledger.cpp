#include "ledger/ledger.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/check.hpp"

namespace busbar {
namespace {

// The lease of two values that both may hold: the later end, and the higher fall-back. One that
// has no end makes that of both.
std::optional<Lease> both(const std::optional<Lease>& a, const std::optional<Lease>& b) {
    if (!a || !b) return {};
    return Lease{std::max(a->fallback, b->fallback), std::max(a->ends, b->ends)};
}

}  // namespace

Ledger::Ledger(const Network& network)
    : leaves_(network.leaves),
      entries_(network.leaves.size()),
      sums_(network.rows.size() * kPhases.size()) {
    for (const auto& row : network.rows) budgets_.push_back(row.budget);
    for (LeafIndex leaf = 0; leaf < leaves_.size(); ++leaf) recount(leaf);
}

Ledger::Ledger(const Network& network, const Ledger& before) : Ledger(network) {
    for (LeafIndex leaf = 0; leaf < leaves_.size(); ++leaf) {
        const auto old =
            std::ranges::lower_bound(before.leaves_, leaves_[leaf].evse, {}, &Leaf::evse);
        if (old == before.leaves_.end() || old->evse != leaves_[leaf].evse) continue;
        const auto& kept = before.entries_[static_cast<std::size_t>(old - before.leaves_.begin())];
        auto& entry = entries_[leaf];
        const auto counted = entry.counted, expected = entry.expected;
        entry = kept;
        entry.counted = counted, entry.expected = expected;  // As they are in the new sums.
        recount(leaf);
    }
}

void Ledger::set_budgets(std::span<const PerPhase> budgets) {
    BUSBAR_CHECK(budgets.size() == budgets_.size());
    for (RowIndex row = 0; row < budgets_.size(); ++row) budgets_[row] = budgets[row];
}

// What the profiles that we sent make it enforce at the most, if it has forgotten none.
Amperes Ledger::told(const Entry& entry) {
    return std::max(entry.slots[0].most(), entry.slots[1].most());
}

// What the profiles it may hold make it enforce at the most.
Amperes Ledger::enforced(const Entry& entry, LeafIndex leaf) const {
    const auto& of = leaves_[leaf];
    const bool any = !entry.known || entry.foreign || of.trust == TrustClass::kC;
    return any ? of.maximum : std::max(told(entry), of.floor);
}

Amperes Ledger::drawable_of(const Entry& entry, LeafIndex leaf) const {
    const auto open = entry.call ? entry.call->value : 0_A;
    const auto held = entry.holds.empty() ? 0_A : entry.holds.front().value;
    return std::max({enforced(entry, leaf), open, held});
}

Amperes Ledger::potential_of(const Entry& entry, LeafIndex leaf) const {
    return std::max(drawable_of(entry, leaf), entry.reserved);
}

void Ledger::accept(Entry& entry, const OpenCall& call) {
    entry.slots[index(call.purpose)] = {.accepted = call.value,
                                        .unanswered = {},
                                        .lease = call.lease,
                                        .lapsed = {},
                                        .lapsed_lease = {}};
    if (call.purpose == ProfilePurpose::kDefault)
        entry.known = true;
    else
        entry.foreign = false;
}

Amperes Ledger::expected_of(const Entry& entry, LeafIndex leaf) const {
    if (!entry.call) return std::max(enforced(entry, leaf), entry.reserved);
    const auto& call = *entry.call;
    // Silent before, silent again: nobody should wait for such a charger.
    if ((entry.slots[index(call.purpose)].unanswered > 0_A && entry.known) || call.outdated)
        return potential_of(entry, leaf);
    auto after = entry;
    accept(after, call);
    return std::max(enforced(after, leaf), entry.reserved);
}

void Ledger::recount(LeafIndex leaf) {
    auto& entry = entries_[leaf];
    const auto potential = potential_of(entry, leaf);
    const auto expected = expected_of(entry, leaf);
    for (const auto row : leaves_[leaf].rows) {
        for (const auto phase : kPhases) {
            if (!leaves_[leaf].phases.has(phase)) continue;
            auto& s = sums_[row * kPhases.size() + static_cast<std::size_t>(phase)];
            s.potential += potential - entry.counted;
            s.expected += expected - entry.expected;
        }
    }
    entry.counted = potential;
    entry.expected = expected;
}

Ledger::Room Ledger::room(LeafIndex leaf) const {
    Room least{leaves_[leaf].maximum, leaves_[leaf].maximum};
    for (const auto row : leaves_[leaf].rows) {
        for (const auto phase : kPhases) {
            if (!leaves_[leaf].phases.has(phase)) continue;
            const auto& s = sum(row, phase);
            least.now = std::min(least.now, budgets_[row][phase] - s.potential);
            least.expected = std::min(least.expected, budgets_[row][phase] - s.expected);
        }
    }
    return least;
}

void Ledger::restore(LeafIndex leaf, Amperes potential, std::optional<Lease> lease) {
    auto& entry = entries_[leaf];
    // Its hardware maximum is also what it counted at while nothing was known of it; of that
    // there is no lease.
    entry.known = potential < leaves_[leaf].maximum || lease;
    entry.foreign = !entry.known;
    if (!entry.known) return recount(leaf);
    for (auto& slot : entry.slots)
        slot = {.accepted = {},
                .unanswered = potential,
                .lease = lease,
                .lapsed = {},
                .lapsed_lease = {}};
    recount(leaf);
}

void Ledger::falls_to(LeafIndex leaf, Amperes floor) {
    leaves_[leaf].floor = floor;
    recount(leaf);
}

void Ledger::trust(LeafIndex leaf, TrustClass trust) {
    leaves_[leaf].trust = trust;
    recount(leaf);
}

// The lease of a slot beside what it has. What has no end needs none, if it is no more than what
// the lease falls back to.
std::optional<Lease> Ledger::lease_beside(const Slot& slot, const std::optional<Lease>& lease) {
    const bool covered = slot.most() <= (lease ? lease->fallback : 0_A);
    return covered ? lease : both(slot.lease, lease);
}

void Ledger::lease_ends(LeafIndex leaf, std::optional<SteadyPoint> ends) {
    auto& entry = entries_[leaf];
    const auto change = [&](std::optional<Lease>& lease) {
        if (!lease) return;
        if (ends)
            lease->ends = *ends;
        else
            lease.reset();
    };
    for (auto& slot : entry.slots) {
        change(slot.lease);
        if (slot.lapsed == 0_A || (ends && *ends <= slot.lapsed_lease.ends)) continue;
        auto again = std::optional{slot.lapsed_lease};
        change(again);
        slot.lease = lease_beside(slot, again);
        slot.unanswered = std::max(slot.unanswered, std::exchange(slot.lapsed, {}));
    }
    if (entry.call) change(entry.call->lease);
    recount(leaf);
}

void Ledger::doubt(LeafIndex leaf) {
    for (auto& slot : entries_[leaf].slots) {
        slot.unanswered = std::max(slot.unanswered, slot.accepted.value_or(0_A));
        slot.accepted.reset();
    }
    recount(leaf);
}

void Ledger::forget(LeafIndex leaf) {
    // A transaction's limit may be gone or not: what it was still counts once we know more.
    doubt(leaf);
    entries_[leaf].known = false;
    entries_[leaf].slots[index(ProfilePurpose::kDefault)] = {};
    if (entries_[leaf].call) entries_[leaf].call->outdated = true;
    recount(leaf);
}

// Each decrease has its own time to be followed, whatever was sent after it: the draw is never
// above all that was enforced within the last settle time. What a later and greater hold covers
// is dropped.
void Ledger::hold(Entry& entry, Amperes value, SteadyPoint until) {
    std::erase_if(entry.holds, [&](const Hold& h) { return h.value <= value && h.until <= until; });
    const auto covered = [&](const Hold& h) { return h.value >= value && h.until >= until; };
    if (std::ranges::any_of(entry.holds, covered)) return;
    entry.holds.push_back({value, until});
    std::ranges::sort(entry.holds, std::greater{}, &Hold::value);
}

void Ledger::transaction_over(LeafIndex leaf, SteadyPoint now) {
    auto& entry = entries_[leaf];
    lapse(leaf, now);
    const auto before = enforced(entry, leaf);
    entry.slots[index(ProfilePurpose::kTransaction)] = {};
    entry.foreign = false;
    if (before > enforced(entry, leaf)) hold(entry, before, now + leaves_[leaf].settle);
    recount(leaf);
}

std::optional<Amperes> Ledger::allowed(LeafIndex leaf, ProfilePurpose purpose, Amperes want) const {
    const auto& entry = entries_[leaf];
    const auto& slot = entry.slots[index(purpose)];
    if (slot.accepted && want <= *slot.accepted) return want;
    const auto space = room(leaf);
    if (space.now < 0_A) {
        // Over budget: only what lowers something may go. Not what it may have: that would make it
        // last. Not what is only less than its hardware maximum, or its floor: it may have
        // forgotten nothing, and have been told less than that. Nor what is less than the most it
        // may have: it may have less yet. Where nothing is sure, 0 A is.
        if (slot.accepted) return {};
        const bool unsure =
            want < told(entry) || purpose == ProfilePurpose::kDefault || entry.foreign;
        if (want == 0_A) return want;
        return unsure ? std::optional{0_A} : std::nullopt;
    }
    const auto reach = entry.counted + space.now;
    if (want <= reach) return want;
    if (want - entry.expected <= space.expected) return std::nullopt;
    const auto part = reach.floored_to(leaves_[leaf].quantum);
    const bool useful = part >= leaves_[leaf].minimum && part > slot.accepted.value_or(0_A);
    return useful ? std::optional{part} : std::nullopt;
}

void Ledger::reserve(LeafIndex leaf, Amperes value, std::optional<Lease> lease) {
    auto& entry = entries_[leaf];
    BUSBAR_CHECK(value <= entry.counted || value - entry.counted <= room(leaf).now);
    entry.reserved = value;
    entry.reserved_lease = lease;
    recount(leaf);
}

void Ledger::sent(LeafIndex leaf, ProfilePurpose purpose, Amperes value,
                  std::optional<Lease> lease) {
    auto& entry = entries_[leaf];
    BUSBAR_CHECK(!entry.call);
    BUSBAR_CHECK(value <= entry.counted);
    entry.call = OpenCall{purpose, value, lease, false};
    entry.reserved = {};
    recount(leaf);
}

void Ledger::answered(LeafIndex leaf, CallOutcome outcome, SteadyPoint now, Drawing drawing) {
    auto& entry = entries_[leaf];
    BUSBAR_CHECK(entry.call.has_value());
    lapse(leaf, now);  // Else what is over would seem to be what it still has.
    const auto call = *entry.call;
    const bool was_known = entry.known;
    auto& slot = entry.slots[index(call.purpose)];
    const auto before = std::max(enforced(entry, leaf), call.value);
    entry.call.reset();
    if (outcome == CallOutcome::kAccepted && call.outdated) outcome = CallOutcome::kUnanswered;
    switch (outcome) {
        case CallOutcome::kAccepted:
            accept(entry, call);
            lapse(leaf, now);  // It may have been over before it arrived.
            if (before > enforced(entry, leaf) && (was_known || drawing == Drawing::kPossible))
                hold(entry, before, now + leaves_[leaf].settle);
            break;
        case CallOutcome::kUnanswered:
            // It may have been applied, or not: both values count until one is accepted.
            slot.lease = lease_beside(slot, call.lease);
            slot.unanswered = std::max(slot.most(), call.value);
            slot.accepted.reset();
            break;
        case CallOutcome::kRejected:
        case CallOutcome::kNotSupported:
        case CallOutcome::kNotSent:
            break;  // All is as it was before.
    }
    recount(leaf);
}

// Whether it comes to less by itself, and is proven to.
bool Ledger::lapses(LeafIndex leaf, const Slot& slot) const {
    return leaves_[leaf].trust == TrustClass::kA && slot.lease &&
           slot.most() > slot.lease->fallback;
}

// What the charger did by itself at the end of a lease, the car had to follow like any decrease.
bool Ledger::lapse(LeafIndex leaf, SteadyPoint now) {
    auto& entry = entries_[leaf];
    bool lapsed = false;
    for (auto& slot : entry.slots) {
        if (!lapses(leaf, slot) || now < slot.lease->ends) continue;
        lapsed = true;
        const auto before = enforced(entry, leaf);
        const auto lease = *std::exchange(slot.lease, std::nullopt);
        slot.lapsed = std::max(slot.lapsed, slot.most());
        slot.lapsed_lease = {lease.fallback, now};
        if (slot.accepted) slot.accepted = std::min(*slot.accepted, lease.fallback);
        slot.unanswered = std::min(slot.unanswered, lease.fallback);
        if (before > enforced(entry, leaf)) hold(entry, before, lease.ends + leaves_[leaf].settle);
    }
    return lapsed;
}

bool Ledger::settle(SteadyPoint now) {
    bool fell = false;
    for (LeafIndex leaf = 0; leaf < leaves_.size(); ++leaf) {
        auto& entry = entries_[leaf];
        const bool lapsed = lapse(leaf, now);
        if (std::erase_if(entry.holds, [&](const Hold& h) { return h.until <= now; }) == 0 &&
            !lapsed)
            continue;
        const auto before = entry.counted;
        recount(leaf);
        fell = fell || entry.counted < before;
    }
    return fell;
}

std::optional<SteadyPoint> Ledger::next_settle() const {
    std::optional<SteadyPoint> next;
    const auto sooner = [&](SteadyPoint at) {
        if (!next || at < *next) next = at;
    };
    for (LeafIndex leaf = 0; leaf < leaves_.size(); ++leaf) {
        for (const auto& held : entries_[leaf].holds) sooner(held.until);
        for (const auto& slot : entries_[leaf].slots)
            if (lapses(leaf, slot)) sooner(slot.lease->ends);
    }
    return next;
}

std::optional<Amperes> Ledger::applied(LeafIndex leaf, ProfilePurpose purpose) const {
    const auto& entry = entries_[leaf];
    if (purpose == ProfilePurpose::kDefault && !entry.known) return {};
    return entry.slots[index(purpose)].accepted;
}

std::optional<Lease> Ledger::lease(LeafIndex leaf) const {
    const auto& entry = entries_[leaf];
    if (!entry.known || entry.foreign || leaves_[leaf].trust != TrustClass::kA) return {};
    std::optional<Lease> out;
    auto stays = leaves_[leaf].floor;  // What has no end.
    const auto add = [&](Amperes value, const std::optional<Lease>& lease) {
        if (!lease || value <= lease->fallback) {
            stays = std::max(stays, value);
        } else {
            stays = std::max(stays, lease->fallback);
            out = Lease{{}, out ? std::max(out->ends, lease->ends) : lease->ends};
        }
    };
    for (const auto& slot : entry.slots) add(slot.most(), slot.lease);
    if (entry.call) add(entry.call->value, entry.call->lease);
    add(entry.reserved, entry.reserved_lease);
    if (out) out->fallback = stays;
    return out && stays < entry.counted ? out : std::nullopt;
}

void Ledger::check() const {
    std::vector<Amperes> counted(sums_.size());
    for (LeafIndex leaf = 0; leaf < leaves_.size(); ++leaf) {
        BUSBAR_CHECK(entries_[leaf].counted == potential_of(entries_[leaf], leaf));
        for (const auto row : leaves_[leaf].rows)
            for (const auto phase : kPhases)
                if (leaves_[leaf].phases.has(phase))
                    counted[row * kPhases.size() + static_cast<std::size_t>(phase)] +=
                        entries_[leaf].counted;
    }
    for (std::size_t i = 0; i < sums_.size(); ++i) BUSBAR_CHECK(counted[i] == sums_[i].potential);
}

void Ledger::append_state(LeafIndex leaf, SteadyPoint now, std::vector<std::int64_t>& out) const {
    const auto& entry = entries_[leaf];
    const auto add = [&](Amperes value) { out.push_back(value.in_milli()); };
    // What is over is over, however long ago: a lease leaves a settle behind.
    const auto add_time = [&](SteadyPoint at, Duration matters) {
        out.push_back(std::max<SteadyPoint::duration>(at - now, -matters).count());
    };
    const auto add_lease = [&](const std::optional<Lease>& lease) {
        out.push_back(lease.has_value());
        if (!lease) return;
        add(lease->fallback);
        add_time(lease->ends, leaves_[leaf].settle);
    };
    out.push_back(static_cast<std::int64_t>(leaves_[leaf].trust));
    out.push_back(entry.known);
    out.push_back(entry.foreign);
    for (const auto& slot : entry.slots) {
        out.push_back(slot.accepted.has_value());
        add(slot.accepted.value_or(0_A));
        add(slot.unanswered);
        add_lease(slot.lease);
        add(slot.lapsed);
        if (slot.lapsed > 0_A) add_lease(slot.lapsed_lease);
    }
    out.push_back(entry.call.has_value());
    if (entry.call) {
        out.push_back(static_cast<std::int64_t>(entry.call->purpose));
        add(entry.call->value);
        add_lease(entry.call->lease);
        out.push_back(entry.call->outdated);
    }
    add(entry.reserved);
    if (entry.reserved > 0_A) add_lease(entry.reserved_lease);
    for (const auto& held : entry.holds) {
        add(held.value);
        add_time(held.until, {});
    }
}

}  // namespace busbar
