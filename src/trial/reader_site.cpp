// The lines that say what is there: site, circuit, charger.
#include <algorithm>

#include "trial/reader.hpp"

namespace busbar::trial {
namespace {

using namespace std::chrono_literals;

}  // namespace

Status Reader::line(int number, std::string_view text) {
    BUSBAR_TRY(words, Words::split(text));
    if (words.done()) return Done{};
    if (words.accept("site")) return site(words);
    if (!has_site_) return Error{Errc::kInvalid, "the first line says 'site' and its name"};
    if (scenario_.steps.empty() && words.accept("circuit")) return circuit(words);
    if (scenario_.steps.empty() && words.accept("charger")) return charger(words);
    if (scenario_.config.chargers.empty()) return words.wrong("'circuit' or 'charger'");
    return timed(number, words);
}

Result<Scenario> Reader::finish() && {
    if (!has_site_) return Error{Errc::kInvalid, "says nothing"};
    if (auto checked = control::check_parts(scenario_.config); !checked)
        return std::move(checked).error();
    return std::move(scenario_);
}

Status Reader::site(Words& words) {
    if (has_site_) return Error{Errc::kInvalid, "there is one site, and it has been named"};
    auto& made = scenario_.config.site;
    BUSBAR_TRY(name, words.name("the site's name"));
    made.id = SiteId(name);
    made.name = name;
    day_ = *parse_time("2026-02-10T00:00:00Z");
    while (!words.done()) {
        if (words.accept("zone")) {
            BUSBAR_TRY(zone, words.name("a time zone such as Europe/Berlin"));
            made.zone = zone;
        } else if (words.accept("spread")) {
            BUSBAR_TRY(spread, words.duration());
            made.raise_spread = spread;
        } else if (words.accept("lease")) {
            BUSBAR_TRY(lease, words.duration());
            made.lease = lease;
        } else if (words.accept("starts")) {
            BUSBAR_TRY(day, words.name("a day such as 2026-02-10"));
            auto parsed = parse_time(day + "T00:00:00Z");
            if (!parsed) return Error{Errc::kInvalid, "'" + day + "' is no day: 2026-02-10 is"};
            day_ = *parsed;
        } else {
            return words.wrong("zone, spread, lease or starts");
        }
    }
    has_site_ = true;
    return Done{};
}

Result<Window> Reader::window(Words& words) const {
    BUSBAR_TRY(text, words.quoted("a window such as \"Mon-Fri 17:00-21:00\""));
    return parse_window(text);
}

Status Reader::circuit(Words& words) {
    BUSBAR_TRY(name, words.name("the circuit's name"));
    BUSBAR_TRY(breaker, words.amperes());
    Circuit made{.id = CircuitId(name),
                 .site = scenario_.config.site.id,
                 .parent = {},
                 .breaker = PerPhase::each(breaker),
                 .safety_pct = 0};
    while (!words.done()) {
        if (words.accept("under")) {
            BUSBAR_TRY(parent, circuit_id(words));
            made.parent = parent;
        } else if (words.accept("safety")) {
            BUSBAR_TRY(share, words.percent());
            made.safety_pct = static_cast<int>(share.in_milli() / 1000);
        } else if (words.accept("building")) {
            BuildingLoad load{.meter = MeterId(name + "-meter"),
                              .covers = BuildingLoad::Covers::kRest};
            BUSBAR_TRY(worst, words.amperes());
            load.worst_case = PerPhase::each(worst);
            if (words.accept("total")) load.covers = BuildingLoad::Covers::kTotal;
            if (words.accept("stale")) {
                BUSBAR_TRY(stale, words.duration());
                load.stale_after = stale;
            }
            made.building = load;
        } else if (words.accept("peak")) {
            BUSBAR_TRY(hours, window(words));
            BUSBAR_TRY(share, words.percent());
            made.peaks.push_back({hours, share});
        } else if (words.accept("share")) {
            BUSBAR_TRY(policy, words.name("equal, weighted, fcfs or deadline"));
            const auto parsed = parse_share_policy(policy);
            if (!parsed) return Error{Errc::kInvalid, "'" + policy + "' is no way to share"};
            if (!made.share) made.share = Share{};
            made.share->policy = *parsed;
        } else if (words.accept("rotation")) {
            BUSBAR_TRY(slot, words.duration());
            if (!made.share) made.share = Share{};
            made.share->rotation_slot = slot;
        } else {
            return words.wrong("under, safety, building, peak, share or rotation");
        }
    }
    scenario_.config.circuits.push_back(std::move(made));
    return Done{};
}

Status Reader::charger(Words& words) {
    std::vector<std::string> names;
    do {
        BUSBAR_TRY(name, words.name("a charger's name"));
        if (find(name)) return Error{Errc::kInvalid, "there is a charger '" + name + "' already"};
        names.push_back(name);
    } while (words.accept(","));
    if (scenario_.config.circuits.empty())
        return Error{Errc::kInvalid, "a charger needs a circuit: name it in a line before"};
    Charger made{.id = ChargerId(""),
                 .circuit = scenario_.config.circuits.front().id,
                 .maximum = 32_A,
                 .quantum = 0.1_A,
                 .settle = 5s,
                 .keeps_profiles = true};
    Manners manners{.quantum = 0_A,
                    .redials_least = 1s,
                    .redials_most = 1s,
                    .boots_least = 30s,
                    .boots_most = 30s,
                    .meter_every = 15s};
    bool away = false;
    while (!words.done())
        if (auto taken = charger_word(words, made, manners, away); !taken) return taken;
    if (manners.quantum == 0_A) manners.quantum = made.quantum;
    for (const auto& name : names) {
        made.id = ChargerId(name);
        scenario_.config.chargers.push_back(made);
        scenario_.manners.push_back(manners);
        if (away) scenario_.away.push_back(made.id);
    }
    return Done{};
}

Status Reader::charger_word(Words& words, Charger& charger, Manners& manners, bool& away) {
    const auto amount = [&](std::string_view word, Amperes& into) -> Result<bool> {
        if (!words.accept(word)) return false;
        BUSBAR_TRY(value, words.amperes());
        into = value;
        return true;
    };
    for (auto& [word, into] : std::initializer_list<std::pair<std::string_view, Amperes*>>{
             {"max", &charger.maximum},
             {"minimum", &charger.minimum},
             {"floor", &charger.floor},
             {"quantum", &charger.quantum},
             {"rounds", &manners.quantum}}) {
        BUSBAR_TRY(taken, amount(word, *into));
        if (taken) return Done{};
    }
    if (words.accept("on")) {
        BUSBAR_TRY(circuit, circuit_id(words));
        charger.circuit = circuit;
    } else if (words.accept("settle")) {
        BUSBAR_TRY(settle, words.duration());
        charger.settle = settle;
    } else if (words.accept("phases")) {
        BUSBAR_TRY(text, words.name("lines such as L1 or L1+L3"));
        BUSBAR_TRY(phases, parse_phases(text));
        charger.phases = phases;
    } else if (words.accept("partner")) {
        BUSBAR_TRY(partner, words.name("a partner's name"));
        charger.partner = partner;
    } else if (words.accept("tag")) {
        BUSBAR_TRY(tag, words.name("a tag"));
        charger.tags.push_back(tag);
    } else if (words.accept("priority")) {
        BUSBAR_TRY(priority, words.number());
        charger.priority = static_cast<int>(priority);
    } else if (words.accept("evses")) {
        BUSBAR_TRY(count, words.number());
        charger.evse_count = static_cast<int>(count);
    } else if (words.accept("trust")) {
        BUSBAR_TRY(word, words.name("A, B or C"));
        const auto trust = parse_trust_class(word);
        if (!trust) return Error{Errc::kInvalid, "there is no trust class '" + word + "'"};
        charger.trust = *trust;
    } else if (words.accept("periods")) {
        BUSBAR_TRY(periods, words.number());
        charger.schedule_periods = static_cast<int>(periods);
    } else if (words.accept("writes")) {
        BUSBAR_TRY(writes, words.number());
        charger.writes_per_day = static_cast<int>(writes);
    } else if (words.accept("lies")) {
        manners.lies = true;
    } else if (words.accept("forgets")) {
        charger.keeps_profiles = false;
        manners.memory = sim::Memory::kForgets;
    } else if (words.accept("away")) {
        away = true;
    } else {
        return words.wrong(
            "on, max, minimum, floor, quantum, rounds, settle, phases, partner, tag, priority, "
            "evses, trust, periods, writes, lies, forgets or away");
    }
    return Done{};
}

const Charger* Reader::find(const std::string& id) const {
    const auto found = std::ranges::find(scenario_.config.chargers, ChargerId(id), &Charger::id);
    return found == scenario_.config.chargers.end() ? nullptr : &*found;
}

Result<ChargerId> Reader::charger_id(Words& words) const {
    BUSBAR_TRY(name, words.name("a charger"));
    if (find(name)) return ChargerId(name);
    std::string known;
    for (const auto& charger : scenario_.config.chargers)
        known += (known.empty() ? "" : ", ") + charger.id.str();
    return Error{Errc::kInvalid, "there is no charger '" + name + "', but " + known};
}

Result<EvseId> Reader::evse_id(Words& words) const {
    const auto evse = parse_evse(words.peek());
    const auto* charger = find(evse.charger.str());
    if (!charger || evse.number < 1 || evse.number > charger->evse_count) {
        BUSBAR_TRY(id, charger_id(words));
        return EvseId{id, 1};
    }
    words.take();
    return evse;
}

Result<std::vector<EvseId>> Reader::evses(Words& words) const {
    std::vector<EvseId> out;
    do {
        BUSBAR_TRY(evse, evse_id(words));
        out.push_back(evse);
    } while (words.accept(","));
    return out;
}

Result<CircuitId> Reader::circuit_id(Words& words) const {
    BUSBAR_TRY(name, words.name("a circuit"));
    const auto& circuits = scenario_.config.circuits;
    if (std::ranges::find(circuits, CircuitId(name), &Circuit::id) != circuits.end())
        return CircuitId(name);
    return Error{Errc::kInvalid, "there is no circuit '" + name + "'"};
}

Result<Scenario> parse_scenario(std::string_view text) {
    Reader reader;
    int number = 0;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        ++number;
        if (auto read = reader.line(number, text.substr(0, end)); !read)
            return std::move(read).error().in("line " + std::to_string(number));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return std::move(reader).finish();
}

}  // namespace busbar::trial
