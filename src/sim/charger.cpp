#include "sim/charger.hpp"

#include <algorithm>
#include <tuple>

namespace busbar::sim {
namespace {

Duration recurrence(ScheduleKind kind) {
    return kind == ScheduleKind::kRecurringWeekly ? Duration{std::chrono::days{7}}
                                                  : Duration{std::chrono::days{1}};
}

bool recurs(ScheduleKind kind) {
    return kind == ScheduleKind::kRecurringDaily || kind == ScheduleKind::kRecurringWeekly;
}

bool well_formed(const std::vector<SchedulePeriod>& periods) {
    if (periods.empty() || periods.front().start != std::chrono::seconds{0}) return false;
    for (std::size_t i = 0; i < periods.size(); ++i) {
        if (periods[i].limit < Amperes{}) return false;
        if (i > 0 && periods[i].start <= periods[i - 1].start) return false;
    }
    return true;
}

// Adds every moment within (from, to) at which a schedule that starts at `start` changes.
void add_schedule_edges(const Profile& profile, TimePoint start, TimePoint from, TimePoint to,
                        std::vector<TimePoint>& edges) {
    const auto add = [&](TimePoint edge) {
        if (edge > from && edge < to) edges.push_back(edge);
    };
    add(start);
    for (const auto& period : profile.periods) add(start + period.start);
    if (profile.duration) add(start + *profile.duration);
}

}  // namespace

bool ChargerModel::belongs_to_running(int connector, const Profile& profile) const {
    const auto running = running_.find(connector);
    if (running == running_.end()) return false;
    return !profile.transaction || running->second.name == profile.transaction;
}

bool ChargerModel::acceptable(int connector, const Profile& profile) const {
    if (connector < 0 || connector > spec_.connectors) return false;
    if (profile.stack_level < 0 || profile.stack_level > spec_.max_stack_level) return false;
    if (!well_formed(profile.periods)) return false;
    if (profile.periods.size() > static_cast<std::size_t>(spec_.max_periods)) return false;
    if (profile.kind != ScheduleKind::kRelative && !profile.start) return false;
    switch (profile.purpose) {
        case Purpose::kChargePointMax:
            return connector == 0 && profile.kind != ScheduleKind::kRelative;
        case Purpose::kTxDefault:
            return true;
        case Purpose::kTx:
            return connector > 0 && belongs_to_running(connector, profile);
    }
    __builtin_unreachable();
}

ProfileAnswer ChargerModel::install(int connector, Profile profile) {
    if (!acceptable(connector, profile)) return ProfileAnswer::kRejected;
    const auto replaced = [&](const Installed& old) {
        return old.profile.id == profile.id ||
               (old.connector == connector && old.profile.purpose == profile.purpose &&
                old.profile.stack_level == profile.stack_level);
    };
    const auto stays = std::count_if(installed_.begin(), installed_.end(),
                                     [&](const Installed& old) { return !replaced(old); });
    if (stays >= spec_.max_profiles) return ProfileAnswer::kRejected;
    std::erase_if(installed_, replaced);
    installed_.push_back({connector, std::move(profile)});
    return ProfileAnswer::kAccepted;
}

int ChargerModel::clear(const ClearFilter& filter) {
    return static_cast<int>(std::erase_if(installed_, [&](const Installed& held) {
        return (!filter.id || held.profile.id == *filter.id) &&
               (!filter.connector || held.connector == *filter.connector) &&
               (!filter.purpose || held.profile.purpose == *filter.purpose) &&
               (!filter.stack_level || held.profile.stack_level == *filter.stack_level);
    }));
}

void ChargerModel::begin_transaction(int connector, TimePoint now) {
    BUSBAR_CHECK(connector >= 1 && connector <= spec_.connectors);
    const bool begun = running_.emplace(connector, Running{now, {}}).second;
    BUSBAR_CHECK(begun);
}

void ChargerModel::name_transaction(int connector, TransactionName name) {
    if (const auto running = running_.find(connector); running != running_.end())
        running->second.name = std::move(name);
}

void ChargerModel::end_transaction(int connector) {
    running_.erase(connector);
    clear({.connector = connector, .purpose = Purpose::kTx});
}

void ChargerModel::reboot(Memory memory) {
    running_.clear();
    clear({.purpose = Purpose::kTx});
    if (memory == Memory::kForgets) forget_profiles();
}

void ChargerModel::link_lost(TimePoint now) {
    if (!offline_since_) offline_since_ = now;
}

void ChargerModel::link_back(TimePoint now) {
    std::erase_if(installed_, [&](const Installed& held) {
        return held.profile.gone_after_offline && offline_too_long(held.profile, now);
    });
    offline_since_.reset();
}

bool ChargerModel::offline_too_long(const Profile& profile, TimePoint now) const {
    return profile.max_offline && offline_since_ && now >= *offline_since_ + *profile.max_offline;
}

std::optional<TimePoint> ChargerModel::schedule_start(const Profile& profile, int connector,
                                                      TimePoint now) const {
    if (profile.kind == ScheduleKind::kRelative) {
        const auto running = running_.find(connector);
        return running == running_.end() ? now : running->second.since;
    }
    if (now < *profile.start) return {};
    if (!recurs(profile.kind)) return *profile.start;
    return now - (now - *profile.start) % recurrence(profile.kind);
}

std::optional<Amperes> ChargerModel::limit_of(const Profile& profile, int connector, TimePoint now,
                                              Steps steps) const {
    if (offline_too_long(profile, now)) return {};
    if (profile.valid_from && now < *profile.valid_from) return {};
    if (profile.valid_to && now >= *profile.valid_to) return {};
    const auto start = schedule_start(profile, connector, now);
    if (!start) return {};
    const auto elapsed = now - *start;
    if (profile.duration && elapsed >= *profile.duration) return {};
    auto limit = profile.periods.front().limit;
    if (steps == Steps::kIgnored) return limit;
    for (const auto& period : profile.periods)
        if (period.start <= elapsed) limit = period.limit;
    return limit;
}

std::optional<Amperes> ChargerModel::prevailing(Purpose purpose, int connector, TimePoint now,
                                                Steps steps) const {
    std::optional<Amperes> limit;
    auto best = std::tuple{-1, 0};
    for (const auto& [at, profile] : installed_) {
        if (profile.purpose != purpose || (at != 0 && at != connector)) continue;
        const auto rank = std::tuple{profile.stack_level, at};
        if (rank <= best) continue;
        if (const auto found = limit_of(profile, connector, now, steps)) {
            limit = found;
            best = rank;
        }
    }
    return limit;
}

Amperes ChargerModel::connector_limit(int connector, TimePoint now, Steps steps) const {
    auto limit = spec_.maximum;
    const bool running = running_.contains(connector);
    auto own = running ? prevailing(Purpose::kTx, connector, now, steps) : std::nullopt;
    if (!own) own = prevailing(Purpose::kTxDefault, connector, now, steps);
    if (own) limit = std::min(limit, *own);
    if (const auto whole = prevailing(Purpose::kChargePointMax, 0, now, steps)) {
        const auto sharers = running_.size() + (running ? 0 : 1);
        limit = std::min(limit, *whole / static_cast<std::int64_t>(sharers));
    }
    if (spec_.rounds_up) return std::min(-(-limit).floored_to(1_A), spec_.maximum);
    return limit.floored_to(spec_.quantum);
}

Amperes ChargerModel::limit(int connector, TimePoint now, Steps steps) const {
    if (connector != 0) return connector_limit(connector, now, steps);
    Amperes sum;
    for (int each = 1; each <= spec_.connectors; ++each) sum += connector_limit(each, now, steps);
    if (const auto whole = prevailing(Purpose::kChargePointMax, 0, now, steps))
        sum = std::min(sum, *whole);
    return sum;
}

std::vector<TimePoint> ChargerModel::edges(TimePoint from, TimePoint to) const {
    std::vector<TimePoint> edges{from};
    for (const auto& [at, profile] : installed_) {
        for (const auto& edge : {profile.valid_from, profile.valid_to})
            if (edge && *edge > from && *edge < to) edges.push_back(*edge);
        if (profile.kind == ScheduleKind::kRelative) {
            for (const auto& [connector, running] : running_)
                add_schedule_edges(profile, running.since, from, to, edges);
        } else if (recurs(profile.kind)) {
            const auto every = recurrence(profile.kind);
            auto start = *profile.start;
            if (start < from) start = from - (from - start) % every;
            for (; start < to && edges.size() < 10 * kMaxCompositePeriods; start += every)
                add_schedule_edges(profile, start, from, to, edges);
        } else {
            add_schedule_edges(profile, *profile.start, from, to, edges);
        }
    }
    std::sort(edges.begin(), edges.end());
    edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
    return edges;
}

std::vector<SchedulePeriod> ChargerModel::composite(int connector, TimePoint now,
                                                    std::chrono::seconds duration) const {
    std::vector<SchedulePeriod> periods;
    for (const auto edge : edges(now, now + duration)) {
        const auto limit_then = limit(connector, edge);
        if (!periods.empty() && periods.back().limit == limit_then) continue;
        if (periods.size() == kMaxCompositePeriods) break;
        periods.push_back({std::chrono::ceil<std::chrono::seconds>(edge - now), limit_then});
    }
    return periods;
}

}  // namespace busbar::sim
