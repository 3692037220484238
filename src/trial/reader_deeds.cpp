// The lines that say when something happens, and what.
#include <array>

#include "trial/reader.hpp"

namespace busbar::trial {
namespace {

using namespace std::chrono_literals;

sim::VehicleSpec ordinary_car(const EvseId& evse) {
    return {.id_tag = "TAG-" + evse.charger.str(),
            .capacity = WattHours::of(1'000'000),  // Never full: a scenario that needs it says so.
            .soc_pct = 0,
            .phases = 3,
            .maximum = 32_A,
            .lag_most = 2s};
}

struct MoodWord {
    std::string_view verb;
    Mood mood;
};
constexpr std::array kMoods{MoodWord{"answers", Mood::kAnswers}, MoodWord{"slow", Mood::kSlow},
                            MoodWord{"mute", Mood::kMute}, MoodWord{"silent", Mood::kDeaf},
                            MoodWord{"rejects", Mood::kRejects}};

}  // namespace

Status Reader::timed(int number, Words& words) {
    BUSBAR_TRY(at, time(words));
    Step step{.line = number, .at = at};
    while (!words.done() && !words.accept("expect")) {
        BUSBAR_TRY(next, deed(words));
        step.deeds.push_back(next);
        if (words.accept(";") || words.done()) continue;
        if (words.accept("expect")) break;
        return words.wrong("';' or 'expect'");
    }
    while (!words.done()) {
        BUSBAR_TRY(next, expectation(words));
        step.expectations.push_back(next);
        while (words.accept(";") || words.accept("expect")) {
        }
    }
    scenario_.steps.push_back(std::move(step));
    return Done{};
}

// The next such time of day, or so long after the line before.
Result<TimePoint> Reader::time(Words& words) const {
    const auto& steps = scenario_.steps;
    if (words.peek().starts_with('+') && !steps.empty()) {
        BUSBAR_TRY(later, words.duration());
        return steps.back().at + later;
    }
    const auto time = words.time_of_day();
    if (!time) return words.wrong("a time such as 10:00, 10:00:30 or +30s");
    auto at = day_ + *time;
    while (!steps.empty() && at < steps.back().at) at += 24h;
    return at;
}

Result<Reader::Deed> Reader::deed(Words& words) {
    if (words.accept("plug")) return plug(words);
    if (words.accept("rule")) return new_rule(words);
    if (words.accept("change")) return changed_rule(words);
    if (words.accept("delete")) return forgotten_rule(words);
    if (words.accept("advance")) {
        BUSBAR_TRY(time, words.duration());
        return Deed([time](Play& play) { play.world().run_for(time); });
    }
    const auto verb = words.peek();
    for (const std::string_view each : {"unplug", "offline", "online", "dead", "reboot", "answers",
                                        "slow", "mute", "silent", "rejects"})
        if (words.accept(each)) return charger_deed(verb, words);
    for (const std::string_view each : {"kill", "restart", "clock", "store"})
        if (words.accept(each)) return server_deed(verb, words);
    for (const std::string_view each : {"breaker", "building", "switch", "safety"})
        if (words.accept(each)) return circuit_deed(verb, words);
    return words.wrong(
        "plug, unplug, rule, change, delete, offline, online, dead, reboot, answers, slow, mute, "
        "silent, rejects, kill, restart, clock, store, breaker, building, switch, safety or "
        "advance");
}

Result<Reader::Deed> Reader::plug(Words& words) {
    BUSBAR_TRY(where, evses(words));
    std::vector<std::pair<EvseId, sim::VehicleSpec>> cars;
    for (const auto& evse : where) cars.emplace_back(evse, ordinary_car(evse));
    for (;;) {
        if (words.accept("takes")) {
            BUSBAR_TRY(most, words.amperes());
            for (auto& [evse, car] : cars) car.maximum = most;
        } else if (words.accept("needs")) {
            BUSBAR_TRY(least, words.amperes());
            for (auto& [evse, car] : cars) car.minimum = least;
        } else if (words.accept("lines")) {
            BUSBAR_TRY(lines, words.number());
            for (auto& [evse, car] : cars) car.phases = static_cast<int>(lines);
        } else if (words.accept("card")) {
            BUSBAR_TRY(card, words.name("a card"));
            for (auto& [evse, car] : cars) car.id_tag = card;
        } else {
            break;
        }
    }
    return Deed([cars](Play& play) {
        for (const auto& [evse, car] : cars) play.charger(evse.charger).plug(evse.number, car);
    });
}

Result<Reader::Deed> Reader::charger_deed(const std::string& verb, Words& words) {
    BUSBAR_TRY(found, evses(words));
    const auto where = found;
    if (verb == "unplug")
        return Deed([where](Play& play) {
            for (const auto& evse : where) play.charger(evse.charger).unplug(evse.number);
        });
    for (const auto& word : kMoods)
        if (word.verb == verb)
            return Deed([where, mood = word.mood](Play& play) {
                for (const auto& evse : where) play.charger(evse.charger).mood(mood);
            });
    if (verb == "reboot")
        return Deed([where](Play& play) {
            for (const auto& evse : where) play.charger(evse.charger).reboot();
        });
    if (verb == "online")
        return Deed([where](Play& play) {
            for (const auto& evse : where) play.charger(evse.charger).keeps_dialling(true);
        });
    const auto cut = verb == "dead" ? Cut::kHalfOpen : Cut::kClosed;
    return Deed([where, cut](Play& play) {
        for (const auto& evse : where) {
            play.charger(evse.charger).keeps_dialling(false);
            play.world().wire().cut(evse.charger, cut);
        }
    });
}

Result<Reader::Deed> Reader::server_deed(const std::string& verb, Words& words) {
    if (verb == "clock") {
        BUSBAR_TRY(found, words.duration());
        return Deed([by = found](Play& play) { play.world().jump_server_clock(by); });
    }
    if (verb == "store") {
        if (words.accept("stalls")) return Deed([](Play& play) { play.world().store().stall(); });
        if (words.accept("fails")) return Deed([](Play& play) { play.world().store().fail(); });
        if (words.accept("works")) return Deed([](Play& play) { play.world().store().recover(); });
        return words.wrong("stalls, fails or works");
    }
    BUSBAR_TRY(server, words.expect("server"));
    (void)server;
    if (verb == "kill") return Deed([](Play& play) { play.world().kill_server(); });
    return Deed([](Play& play) {
        play.world().kill_server();
        play.world().start_server();
    });
}

Result<Reader::Deed> Reader::circuit_deed(const std::string& verb, Words& words) {
    BUSBAR_TRY(found, circuit_id(words));
    const auto id = found;
    const auto patched = [id](control::CircuitPatch patch) {
        return Deed([id, patch = std::move(patch)](Play& play) {
            play.world().control().put_circuit(id, {}, patch, play.caller(),
                                               play.outcome<control::Written<Circuit>>());
        });
    };
    if (verb == "switch") {
        if (words.accept("on")) return patched({.active = true});
        if (words.accept("off")) return patched({.active = false});
        return words.wrong("on or off");
    }
    if (verb == "safety") {
        BUSBAR_TRY(share, words.percent());
        return patched({.safety_pct = static_cast<int>(share.in_milli() / 1000)});
    }
    BUSBAR_TRY(amount, words.amperes());
    if (verb == "breaker") return patched({.breaker = PerPhase::each(amount)});
    return Deed([id, measured = PerPhase::each(amount)](Play& play) {
        play.world().control().building_sample(id, measured, play.outcome<Done>());
    });
}

// --- Rules ---------------------------------------------------------------------------------------

Status Reader::selector(Words& words, Selector& select) {
    if (words.accept("all")) return Done{};
    for (const auto kind : {SelectorKind::kCircuit, SelectorKind::kTag, SelectorKind::kPartner,
                            SelectorKind::kIdTagGroup}) {
        if (!words.accept(to_string(kind))) continue;
        BUSBAR_TRY(name, words.name("whom it is about"));
        select = {kind, name};
        return Done{};
    }
    BUSBAR_TRY(evse, evse_id(words));
    const auto* charger = find(evse.charger.str());
    select = charger->evse_count > 1 && evse.number > 1
                 ? Selector{SelectorKind::kEvse, to_string(evse)}
                 : Selector{SelectorKind::kCharger, evse.charger.str()};
    return Done{};
}

Result<Reader::Deed> Reader::new_rule(Words& words) {
    control::RuleDraft rule;
    if (words.accept("safety")) {
        rule.layer = Layer::kSafety;
    } else {
        const auto kind = parse_rule_kind(words.peek());
        if (!kind)
            return words.wrong(
                "cap, pause, reserve, exclude, rank, share, suspend, boost or safety");
        words.take();
        rule.kind = *kind;
    }
    if (auto chosen = selector(words, rule.select); !chosen) return std::move(chosen).error();
    if (rule.kind == RuleKind::kSuspend) rule.suspends = Suspends{};
    if (rule.kind == RuleKind::kShare) rule.share = Share{};
    std::string name;
    while (!words.done() && words.peek() != ";" && words.peek() != "expect")
        if (auto taken = rule_word(words, rule, name); !taken) return std::move(taken).error();
    if (!name.empty()) rules_.insert(name);
    return Deed([rule, name](Play& play) {
        auto draft = rule;
        if (draft.expires_at)
            draft.expires_at = play.world().wall() + draft.expires_at->time_since_epoch();
        play.write(std::move(draft), name);
    });
}

Status Reader::rule_word(Words& words, control::RuleDraft& rule, std::string& name) {
    if (words.accept("as")) {
        BUSBAR_TRY(given, words.name("the rule's name"));
        name = given;
    } else if (words.accept("window")) {
        BUSBAR_TRY(hours, window(words));
        rule.window = hours;
    } else if (words.accept("for")) {  // Since the epoch, until it is written.
        BUSBAR_TRY(time, words.duration());
        rule.expires_at = TimePoint{time};
    } else if (words.accept("layer")) {
        BUSBAR_TRY(word, words.name("a layer"));
        const auto layer = parse_layer(word);
        if (!layer) return Error{Errc::kInvalid, "there is no layer '" + word + "'"};
        rule.layer = *layer;
    } else if (words.accept("standing")) {
        rule.standing = true;
    } else if (words.accept("force")) {
        rule.force = true;
    } else if (words.accept("sum")) {
        rule.scope = Scope::kSum;
    } else if (words.accept("band")) {
        BUSBAR_TRY(band, words.number());
        rule.band = static_cast<int>(band);
    } else if (words.accept("weight")) {
        BUSBAR_TRY(weight, words.number());
        rule.weight = Weight::of(weight);
    } else if (words.accept("policy")) {
        BUSBAR_TRY(word, words.name("equal, weighted, fcfs or deadline"));
        const auto policy = parse_share_policy(word);
        if (!policy) return Error{Errc::kInvalid, "'" + word + "' is no way to share"};
        rule.share->policy = *policy;
    } else if (words.accept("rotation")) {
        BUSBAR_TRY(slot, words.duration());
        rule.share->rotation_slot = slot;
    } else if (words.peek().ends_with('%')) {
        BUSBAR_TRY(share, words.percent());
        rule.limit_pct = share;
    } else {
        auto amount = words.amperes();
        if (!amount)
            return words.wrong(
                "an amount, as, window, for, layer, standing, force, sum, band, weight, policy or "
                "rotation");
        rule.limit = *amount;
    }
    return Done{};
}

Result<std::string> Reader::known_rule(Words& words) const {
    BUSBAR_TRY(name, words.name("a rule's name"));
    if (!rules_.contains(name))
        return Error{Errc::kInvalid, "no rule was written `as " + name + "` before"};
    return name;
}

Result<Reader::Deed> Reader::changed_rule(Words& words) {
    BUSBAR_TRY(found, known_rule(words));
    const auto name = found;
    control::RulePatch patch;
    if (words.accept("off")) {
        patch.enabled = false;
    } else if (words.accept("on")) {
        patch.enabled = true;
    } else {
        BUSBAR_TRY(amount, words.amperes());
        patch.limit = amount;
    }
    return Deed([name, patch](Play& play) { play.change(name, patch); });
}

Result<Reader::Deed> Reader::forgotten_rule(Words& words) {
    BUSBAR_TRY(found, known_rule(words));
    return Deed([name = found](Play& play) { play.forget(name); });
}

}  // namespace busbar::trial
