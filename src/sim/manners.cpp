#include "sim/manners.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <set>

#include "base/check.hpp"
#include "sim/random.hpp"

namespace busbar::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kPlain = "plain";

constexpr std::array<Manner, 13> kManners{{
    {"slow", "answers calls after 5 s",
     [](ChargerSetup& c) {
         c.behaviour.answering = Answering::kLate;
         c.behaviour.late_by = 5s;
     }},
    {"silent", "answers no call, and does nothing of what it is asked",
     [](ChargerSetup& c) {
         c.behaviour.answering = Answering::kNever;
         c.behaviour.acts_before_answer = false;
     }},
    {"rejecting", "rejects every charging profile",
     [](ChargerSetup& c) { c.behaviour.answering = Answering::kRefusing; }},
    {"lying", "accepts limits, and lets cars draw what they like",
     [](ChargerSetup& c) { c.behaviour.disobeys = true; }},
    {"rounding", "rounds limits up to a whole ampere", [](ChargerSetup& c) { c.rounds_up = true; }},
    {"watts-only", "takes limits in watts alone",
     [](ChargerSetup& c) { c.behaviour.watts_only = true; }},
    {"no-station-max", "rejects ChargePointMaxProfile and ChargingStationMaxProfile",
     [](ChargerSetup& c) { c.behaviour.no_station_max = true; }},
    {"one-period", "rejects schedules of several periods",
     [](ChargerSetup& c) { c.behaviour.takes_one_period = true; }},
    {"forgetful", "forgets its profiles at every reconnect and reboot",
     [](ChargerSetup& c) {
         c.behaviour.forgets_profiles_at_reconnect = true;
         c.behaviour.forgets_profiles_at_reboot = true;
     }},
    {"hiding", "knows no GetCompositeSchedule",
     [](ChargerSetup& c) { c.behaviour.hides_limits = true; }},
    {"repeating", "says everything about a transaction twice",
     [](ChargerSetup& c) { c.behaviour.says_twice = true; }},
    {"sleepy", "its cars fall asleep after half a minute without current, and wake slowly",
     [](ChargerSetup& c) { c.behaviour.sleepy_cars = true; }},
    {"flapping", "its connection breaks every few seconds",
     [](ChargerSetup& c) { c.behaviour.flaps_every = 5s; }},
}};

const Manner* find_manner(std::string_view name) {
    const auto found = std::ranges::find(kManners, name, &Manner::name);
    return found == kManners.end() ? nullptr : &*found;
}

std::string all_names() {
    std::string names;
    for (const auto& manner : kManners)
        names += (names.empty() ? "" : ", ") + std::string(manner.name);
    return names;
}

Result<MannerShare> parse_share(std::string_view part) {
    const Error wrong{Errc::kInvalid, "must be a behaviour and its percentage, such as slow:10",
                      std::string(part)};
    const auto colon = part.find(':');
    if (colon == std::string_view::npos) return wrong;
    const auto number = part.substr(colon + 1);
    MannerShare share{find_manner(part.substr(0, colon)), 0};
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), share.percent);
    if (error != std::errc{} || end != number.data() + number.size()) return wrong;
    if (share.percent < 1 || share.percent > 100)
        return Error{Errc::kInvalid, "a share is 1 to 100 percent", std::string(part)};
    if (share.manner == nullptr)
        return Error{Errc::kInvalid, "is none of " + all_names(), std::string(part)};
    return share;
}

}  // namespace

std::span<const Manner> manners() {
    return kManners;
}

Result<std::vector<MannerShare>> parse_shares(std::string_view text) {
    std::vector<MannerShare> shares;
    int sum = 0;
    while (!text.empty()) {
        const auto part = text.substr(0, text.find(','));
        text.remove_prefix(std::min(part.size() + 1, text.size()));
        BUSBAR_TRY(share, parse_share(part));
        if (std::ranges::count(shares, share.manner, &MannerShare::manner) > 0)
            return Error{Errc::kInvalid, "is there twice", std::string(part)};
        sum += share.percent;
        if (sum > 100)
            return Error{Errc::kInvalid, "makes more than 100 percent", std::string(part)};
        shares.push_back(share);
    }
    return shares;
}

void deal(std::span<ChargerSetup> chargers, std::span<const MannerShare> shares,
          std::uint64_t seed) {
    BUSBAR_CHECK(chargers.size() >= shares.size());
    std::vector<std::size_t> order(chargers.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    Random random{seed};
    for (std::size_t i = order.size(); i > 1; --i)
        std::swap(order[i - 1], order[random.next() % i]);
    auto next = order.begin();
    for (std::size_t i = 0; i < shares.size(); ++i) {
        const auto wanted = std::max(
            chargers.size() * static_cast<std::size_t>(shares[i].percent) / 100, std::size_t{1});
        // Each of those that follow has at least one, too.
        const auto left = static_cast<std::size_t>(order.end() - next) - (shares.size() - 1 - i);
        for (auto count = std::min(wanted, left); count > 0; --count) {
            auto& charger = chargers[*next++];
            shares[i].manner->adopt(charger);
            charger.manner = shares[i].manner->name;
        }
    }
}

void watch_each_manner(std::vector<CircuitSetup>& circuits, std::span<ChargerSetup> chargers) {
    std::vector<CircuitSetup> parts;
    for (const auto& circuit : circuits) {
        std::set<std::string> names;
        for (auto& charger : chargers) {
            if (charger.manner.empty()) charger.manner = kPlain;
            if (std::ranges::count(charger.circuits, circuit.id) > 0) names.insert(charger.manner);
        }
        for (const auto& name : names)
            parts.push_back({.id = circuit.id, .breaker = circuit.breaker, .manner = name});
    }
    circuits.insert(circuits.end(), parts.begin(), parts.end());
}

}  // namespace busbar::sim
