#include "ledger/ledger.hpp"

#include <algorithm>
#include <functional>

#include "base/check.hpp"

namespace busbar {

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

// What the profiles it may hold make it enforce at the most.
Amperes Ledger::enforced(const Entry& entry, LeafIndex leaf) const {
    if (!entry.known) return leaves_[leaf].maximum;
    Amperes most;
    for (const auto& slot : entry.slots)
        most = std::max({most, slot.accepted.value_or(0_A), slot.unanswered});
    return most;
}

Amperes Ledger::potential_of(const Entry& entry, LeafIndex leaf) const {
    const auto open = entry.call ? entry.call->value : 0_A;
    const auto held = entry.holds.empty() ? 0_A : entry.holds.front().value;
    return std::max({enforced(entry, leaf), open, entry.reserved, held});
}

Amperes Ledger::expected_of(const Entry& entry, LeafIndex leaf) const {
    if (!entry.call) return std::max(enforced(entry, leaf), entry.reserved);
    const auto& call = *entry.call;
    // Silent before, silent again: nobody should wait for such a charger.
    if (entry.slots[index(call.purpose)].unanswered > 0_A && entry.known)
        return potential_of(entry, leaf);
    auto after = entry;
    after.slots[index(call.purpose)] = {.accepted = call.value, .unanswered = {}};
    if (call.purpose == ProfilePurpose::kDefault) after.known = true;
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

void Ledger::restore(LeafIndex leaf, Amperes potential) {
    auto& entry = entries_[leaf];
    entry.known = true;
    for (auto& slot : entry.slots) slot = {.accepted = {}, .unanswered = potential};
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
    const auto before = enforced(entry, leaf);
    entry.slots[index(ProfilePurpose::kTransaction)] = {};
    if (before > enforced(entry, leaf)) hold(entry, before, now + leaves_[leaf].settle);
    recount(leaf);
}

std::optional<Amperes> Ledger::allowed(LeafIndex leaf, ProfilePurpose purpose, Amperes want) const {
    const auto& entry = entries_[leaf];
    const auto& slot = entry.slots[index(purpose)];
    if (slot.accepted && want <= *slot.accepted) return want;
    const auto space = room(leaf);
    if (space.now < 0_A) {
        // Over budget: only what cannot raise anything may go.
        const bool lower = want <= enforced(entry, leaf) && !slot.accepted;
        return lower ? std::optional{want} : std::nullopt;
    }
    const auto reach = entry.counted + space.now;
    if (want <= reach) return want;
    if (want - entry.expected <= space.expected) return std::nullopt;
    const auto part = reach.floored_to(leaves_[leaf].quantum);
    const bool useful = part >= leaves_[leaf].minimum && part > slot.accepted.value_or(0_A);
    return useful ? std::optional{part} : std::nullopt;
}

void Ledger::reserve(LeafIndex leaf, Amperes value) {
    auto& entry = entries_[leaf];
    BUSBAR_CHECK(value <= entry.counted || value - entry.counted <= room(leaf).now);
    entry.reserved = value;
    recount(leaf);
}

void Ledger::sent(LeafIndex leaf, ProfilePurpose purpose, Amperes value) {
    auto& entry = entries_[leaf];
    BUSBAR_CHECK(!entry.call);
    BUSBAR_CHECK(value <= entry.counted);
    entry.call = OpenCall{purpose, value};
    entry.reserved = {};
    recount(leaf);
}

void Ledger::answered(LeafIndex leaf, CallOutcome outcome, SteadyPoint now, Drawing drawing) {
    auto& entry = entries_[leaf];
    BUSBAR_CHECK(entry.call.has_value());
    const auto call = *entry.call;
    auto& slot = entry.slots[index(call.purpose)];
    const auto before = std::max(enforced(entry, leaf), call.value);
    entry.call.reset();
    switch (outcome) {
        case CallOutcome::kAccepted:
            slot = {.accepted = call.value, .unanswered = {}};
            if (call.purpose == ProfilePurpose::kDefault) entry.known = true;
            if (before > enforced(entry, leaf) && drawing == Drawing::kPossible)
                hold(entry, before, now + leaves_[leaf].settle);
            break;
        case CallOutcome::kUnanswered:
            // It may have been applied, or not: both values count until one is accepted.
            slot.unanswered = std::max({slot.unanswered, call.value, slot.accepted.value_or(0_A)});
            slot.accepted.reset();
            break;
        case CallOutcome::kRejected:
        case CallOutcome::kNotSupported:
        case CallOutcome::kNotSent:
            break;  // All is as it was before.
    }
    recount(leaf);
}

bool Ledger::settle(SteadyPoint now) {
    bool fell = false;
    for (LeafIndex leaf = 0; leaf < leaves_.size(); ++leaf) {
        auto& entry = entries_[leaf];
        if (std::erase_if(entry.holds, [&](const Hold& h) { return h.until <= now; }) == 0)
            continue;
        const auto before = entry.counted;
        recount(leaf);
        fell = fell || entry.counted < before;
    }
    return fell;
}

std::optional<SteadyPoint> Ledger::next_settle() const {
    std::optional<SteadyPoint> next;
    for (const auto& entry : entries_)
        for (const auto& held : entry.holds)
            if (!next || held.until < *next) next = held.until;
    return next;
}

std::optional<Amperes> Ledger::applied(LeafIndex leaf, ProfilePurpose purpose) const {
    const auto& entry = entries_[leaf];
    if (purpose == ProfilePurpose::kDefault && !entry.known) return {};
    return entry.slots[index(purpose)].accepted;
}

}  // namespace busbar
