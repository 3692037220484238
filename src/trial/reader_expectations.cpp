// What a line expects, and by when.
#include <algorithm>

#include "trial/reader.hpp"

namespace busbar::trial {
namespace {

std::string amps(Amperes amount) {
    return decimal(amount.in_milli()) + " A";
}

std::string differs(std::optional<Amperes> is, Amperes wanted) {
    if (is == wanted) return {};
    return is ? "it is " + amps(*is) : "nobody knows";
}

std::string all_reasons(const control::EvseReport& report) {
    std::string text;
    for (const auto& reason : report.reasons)
        text += (text.empty() ? "" : "; ") + to_sentence(reason);
    return text;
}

const char* const kSilence = "the server does not say";

}  // namespace

Result<Expectation> Reader::expectation(Words& words) {
    const auto begin = words;
    BUSBAR_TRY(condition, check(words));
    Expectation out{.text = {}, .differs = condition};
    if (auto timed = timing(words, out); !timed) return std::move(timed).error();
    auto said = begin;
    while (said.left() > words.left()) out.text += (out.text.empty() ? "" : " ") + said.take();
    return out;
}

Status Reader::timing(Words& words, Expectation& expectation) const {
    using enum Expectation::When;
    if (words.accept("within")) {
        BUSBAR_TRY(time, words.duration());
        expectation.when = kWithin;
        expectation.time = time;
    } else if (words.accept("after")) {
        expectation.when = kAfterSettle;
        if (words.accept("settle")) return Done{};
        BUSBAR_TRY(time, words.duration());
        expectation.when = kAfter;
        expectation.time = time;
    }
    return Done{};
}

Result<Reader::Check> Reader::check(Words& words) {
    if (words.accept("refused")) {
        BUSBAR_TRY(found, words.quoted("a part of the answer"));
        return Check([text = found](Play& play) -> std::string {
            if (play.refused().find(text) != std::string::npos) return {};
            return play.refused().empty() ? "it was not refused" : "it says: " + play.refused();
        });
    }
    if (words.accept("written")) return Check([](Play& play) { return play.refused(); });
    const bool no = words.accept("no");
    if (words.accept("alarm")) {
        std::string text;
        if (!no) {
            BUSBAR_TRY(said, words.quoted("a part of the alarm"));
            text = said;
        }
        return Check([no, text](Play& play) -> std::string {
            std::string all;
            for (const auto& alarm : play.world().alarms()) {
                const auto line = alarm.subject + " " + alarm.text;
                if (!no && line.find(text) != std::string::npos) return {};
                all += (all.empty() ? "" : "; ") + line;
            }
            if (all.empty()) return no ? "" : "there is no alarm";
            return "alarms: " + all;
        });
    }
    if (words.accept("rule")) {
        BUSBAR_TRY(found, known_rule(words));
        return Check([no, name = found](Play& play) -> std::string {
            const auto& report = play.world().look();
            const auto* id = play.rule(name);
            if (!report) return kSilence;
            const bool there =
                id && std::ranges::find(report->rules, *id, &Rule::id) != report->rules.end();
            if (there != no) return {};
            return there ? "it is there" : "it is not there";
        });
    }
    if (no) return words.wrong("'alarm' or 'rule'");
    for (const std::string what : {"load", "budget"})
        if (words.accept(what)) return circuit_check(what, words);
    return evse_check(words);
}

Result<Reader::Check> Reader::circuit_check(const std::string& what, Words& words) {
    BUSBAR_TRY(found, circuit_id(words));
    const auto id = found;
    bool most = false;
    if (words.accept("at")) {
        BUSBAR_TRY(said, words.expect("most"));
        (void)said;
        most = true;
    }
    BUSBAR_TRY(wanted, words.amperes());
    return Check([id, what, most, amount = wanted](Play& play) -> std::string {
        Amperes is = play.world().load().on(id);
        if (what == "budget") {
            const auto* report = play.report(id);
            if (!report) return kSilence;
            is = report->budget[Phase::kL1];
        }
        return most && is <= amount ? std::string() : differs(is, amount);
    });
}

Result<Reader::Check> Reader::evse_check(Words& words) {
    BUSBAR_TRY(found, evse_id(words));
    const auto evse = found;
    const auto reported =
        [&](std::optional<Amperes> (*value)(const control::EvseReport&)) -> Result<Check> {
        BUSBAR_TRY(wanted, words.amperes());
        return Check([evse, value, amount = wanted](Play& play) -> std::string {
            const auto* report = play.report(evse);
            return report ? differs(value(*report), amount) : kSilence;
        });
    };
    using Report = const control::EvseReport&;
    if (words.accept("reserves"))
        return reported([](Report r) { return std::optional{r.potential}; });
    if (words.accept("desired")) return reported([](Report r) { return std::optional{r.desired}; });
    if (words.accept("applied")) return reported([](Report r) { return r.applied; });
    if (words.accept("reason")) {
        BUSBAR_TRY(part, words.quoted("a part of a reason"));
        return Check([evse, text = part](Play& play) -> std::string {
            const auto* report = play.report(evse);
            if (!report) return kSilence;
            const auto all = all_reasons(*report);
            return all.find(text) == std::string::npos ? "reasons: " + all : std::string();
        });
    }
    if (words.accept("next")) {
        BUSBAR_TRY(part, words.quoted("a part of what comes next"));
        return Check([evse, text = part](Play& play) -> std::string {
            const auto* report = play.report(evse);
            if (!report) return kSilence;
            const auto next = report->next
                                  ? report->next->text + " at " + format_time(report->next->at)
                                  : std::string("nothing");
            return next.find(text) == std::string::npos ? "next: " + next : std::string();
        });
    }
    if (words.accept("messages")) {
        const bool most = words.accept("at");
        if (most) {
            BUSBAR_TRY(said, words.expect("most"));
            (void)said;
        }
        BUSBAR_TRY(count, words.number());
        return Check([id = evse.charger, most,
                      wanted = static_cast<std::uint64_t>(count)](Play& play) -> std::string {
            const auto is = play.messages(id);
            if (is == wanted || (most && is < wanted)) return {};
            return "there were " + std::to_string(is);
        });
    }
    auto amount = words.amperes();
    if (!amount)
        return words.wrong("an amount, reserves, desired, applied, reason, next or messages");
    return Check([evse, wanted = *amount](Play& play) {
        return differs(play.charger(evse.charger).enforced(evse.number), wanted);
    });
}

}  // namespace busbar::trial
