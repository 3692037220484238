// What chargers have to show. It says nothing about what they may draw, so no site decides on it.
#include <utility>

#include "base/log.hpp"
#include "control/control.hpp"
#include "control/json.hpp"

namespace busbar::control {
namespace {

constexpr std::size_t kMaxCertificateNameBytes = 64;  // X.509 allows no more.
constexpr auto kOldKeyIsGood = std::chrono::hours{7 * 24};

void apply(const AccessPatch& patch, ChargerAccess& access, TimePoint now) {
    if (patch.profile) access.profile = *patch.profile;
    if (patch.certificate_name) access.certificate_name = *patch.certificate_name;
    if (patch.key) {
        access.old_key = std::exchange(access.key, patch.key);
        access.old_key_until = access.old_key ? now + kOldKeyIsGood : TimePoint{};
    }
    if (!patch.no_key) return;
    access.key.reset();
    access.old_key.reset();
    access.old_key_until = {};
}

}  // namespace

std::optional<ChargerAccess> Control::access_of(const ChargerId& charger) const {
    return directory_.with([&](const Directory& directory) -> std::optional<ChargerAccess> {
        if (!directory.chargers.contains(charger)) return {};
        const auto found = directory.access.find(charger);
        return found == directory.access.end() ? ChargerAccess{charger} : found->second;
    });
}

void Control::put_access(const ChargerId& id, AccessPatch patch, Caller caller,
                         Callback<Written<ChargerAccess>> done) {
    if (patch.certificate_name && patch.certificate_name->size() > kMaxCertificateNameBytes)
        return done(Error{Errc::kInvalid, "must have at most 64 bytes", "certificateName"});
    auto change = [patch = std::move(patch), now = world_.clock.wall()](ChargerAccess& access) {
        apply(patch, access, now);
    };
    change_access(id, change, std::move(caller), std::move(done));
}

void Control::came_with_new_key(const ChargerId& id) {
    auto change = [](ChargerAccess& access) {
        access.old_key.reset();
        access.old_key_until = {};
    };
    // If it cannot be written now, the charger's next connection tries again.
    auto done = [id](const Result<Written<ChargerAccess>>& written) {
        if (written) log::info("the old key is good no more", {{"charger", id}});
    };
    change_access(id, change, {kOwnAuthor, world_.clock.steady()}, std::move(done));
}

// One write of a charger's access at a time: each builds on what the one before has left.
void Control::change_access(const ChargerId& id, const std::function<void(ChargerAccess&)>& change,
                            Caller caller, Callback<Written<ChargerAccess>> done) {
    struct Turn {
        SiteId site;
        std::optional<ChargerAccess> before;
    };
    const auto turn = directory_.with([&](Directory& directory) -> Result<Turn> {
        const auto home = directory.chargers.find(id);
        if (home == directory.chargers.end())
            return Error{Errc::kNotFound, "charger '" + id.str() + "' does not exist"};
        if (!directory.access_writes.insert(id).second)
            return Error{Errc::kBusy,
                         "the access of charger '" + id.str() + "' is being changed: try again"};
        const auto found = directory.access.find(id);
        if (found == directory.access.end()) return Turn{home->second, {}};
        return Turn{home->second, found->second};
    });
    if (!turn) return done(turn.error());
    auto access = turn->before.value_or(ChargerAccess{id});
    change(access);
    auto written = [this, running = running_, access, created = !turn->before,
                    done = std::move(done)](Result<std::int64_t> revision) {
        if (*running)
            directory_.with(
                [&](Directory& directory) { directory.access_writes.erase(access.charger); });
        if (!revision) return done(std::move(revision).error());
        done(Written<ChargerAccess>{access, *revision, created});
    };
    auto after = to_json(access);
    world_.store.write({.site = turn->site,
                        .change = PutAccess{std::move(access)},
                        .author = std::move(caller.author),
                        .before = turn->before ? to_json(*turn->before) : std::string(),
                        .after = std::move(after),
                        .accepted_at = caller.accepted_at},
                       std::move(written));
}

}  // namespace busbar::control
