#include "app/seed.hpp"

#include <future>

#include "control/json.hpp"

namespace busbar::app {
namespace {

constexpr const char* kAuthor = "busbar";

template <class T>
control::Write put(const SiteConfig& config, control::Change change, const T& value) {
    return {.site = config.site.id,
            .change = std::move(change),
            .author = kAuthor,
            .before = "",
            .after = control::to_json(value),
            .accepted_at = {}};
}

}  // namespace

Status seed(control::Store& store, const SiteConfig& config) {
    std::vector<control::Write> writes{put(config, control::PutSite{config.site}, config.site)};
    for (const auto& circuit : config.circuits)
        writes.push_back(put(config, control::PutCircuit{circuit}, circuit));
    for (const auto& charger : config.chargers)
        writes.push_back(put(config, control::PutCharger{charger}, charger));
    for (auto& write : writes) {
        std::promise<Result<std::int64_t>> promise;
        auto stored = promise.get_future();
        store.write(std::move(write),
                    [&promise](Result<std::int64_t> r) { promise.set_value(std::move(r)); });
        if (auto revision = stored.get(); !revision) return std::move(revision).error().in("seed");
    }
    return Done{};
}

}  // namespace busbar::app
