#include "app/client.hpp"

#include <boost/json.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>

#include "app/complaint.hpp"
#include "app/http_client.hpp"
#include "base/json_writer.hpp"

namespace busbar::app {
namespace {

namespace json = boost::json;

// A member as a cell of a table: texts as they are, numbers short, nothing as "-".
std::string cell(const json::object& object, const char* name) {
    const auto* value = object.if_contains(name);
    if (value == nullptr || value->is_null()) return "-";
    if (value->is_string()) return printable(std::string(value->get_string()));
    if (value->is_bool()) return value->get_bool() ? "yes" : "no";
    if (value->is_int64()) return std::to_string(value->get_int64());
    if (value->is_double()) {
        char text[32];
        std::snprintf(text, sizeof text, "%.7g", value->get_double());
        return text;
    }
    return printable(json::serialize(*value));
}

std::string refusal(const HttpReply& reply) {
    boost::system::error_code error;
    const auto body = json::parse(reply.body, error);
    if (error || !body.is_object()) return "answered " + std::to_string(reply.status);
    return cell(body.get_object(), "detail");
}

// Asks, and hands the answer on to `show`, unless the caller wants it as it is.
template <class Show>
int ask(const ClientOptions& options, const char* method, const std::string& target,
        const std::string& body, Show&& show) {
    auto client = HttpClient::to(options.url);
    if (!client) return complain(client.error());
    const auto reply = client->request(method, target, body);
    if (!reply) return complain(reply.error());
    if (reply->status >= 300) {
        std::fprintf(stderr, "busbar: %s\n", refusal(*reply).c_str());
        return kRefused;
    }
    if (options.json) {
        std::printf("%s\n", reply->body.c_str());
        return 0;
    }
    boost::system::error_code error;
    const auto answer = json::parse(reply->body, error);
    if (error || !answer.is_object()) {
        std::fprintf(stderr, "busbar: %s is not a Busbar server\n", options.url.c_str());
        return kRefused;
    }
    show(answer.get_object());
    return 0;
}

// Percent-encodes what may not stand in a path.
std::string in_path(const std::string& id) {
    std::string out;
    for (const char c : id) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
        char escaped[8];
        std::snprintf(escaped, sizeof escaped, "%%%02X", static_cast<unsigned char>(c));
        out += plain ? std::string(1, c) : escaped;
    }
    return out;
}

void wait_a_second() {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable nobody_wakes_it;
    nobody_wakes_it.wait_for(lock, std::chrono::seconds{1}, [] { return false; });
}

template <class Row>
void each_item(const json::object& answer, const char* name, Row&& row) {
    const auto* items = answer.if_contains(name);
    if (items == nullptr || !items->is_array()) return;
    for (const auto& item : items->get_array())
        if (item.is_object()) row(item.get_object());
}

const json::object* object_in(const json::object& object, const char* name) {
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_object() ? &value->get_object() : nullptr;
}

// "charger CP-7", "all": one term of a selector.
std::string term(const json::object& select) {
    std::string text;
    for (const auto& [kind, name] : select) {
        if (kind == "except") continue;
        const auto word = std::string(kind);
        text += (text.empty() ? "" : ", ") + word;
        if (!name.is_bool()) text += " " + cell(select, word.c_str());
    }
    return printable(text);
}

std::string selected(const json::object& rule) {
    const auto* select = object_in(rule, "select");
    if (select == nullptr) return "-";
    auto text = term(*select);
    std::string_view before = " but not ";
    each_item(*select, "except", [&](const json::object& except) {
        text += std::string(before) + term(except);
        before = ", ";
    });
    return text;
}

// What a rule sets, with its unit.
std::string amount(const json::object& rule) {
    for (const auto& [name, unit] :
         {std::pair{"limitA", " A"}, {"limitKw", " kW"}, {"limitPct", " %"}})
        if (const auto text = cell(rule, name); text != "-") return text + unit;
    std::string text;
    if (const auto band = cell(rule, "band"); band != "-") text = "band " + band;
    if (const auto weight = cell(rule, "weight"); weight != "-") text += " x" + weight;
    if (const auto* share = object_in(rule, "share")) text += cell(*share, "policy");
    return text.empty() ? "-" : text;
}

// "Mon,Tue 17:00-21:00 Europe/Berlin".
std::string hours(const json::object& window) {
    std::string text;
    const auto* days = window.if_contains("days");
    constexpr std::size_t kEveryDay = 7;
    if (days != nullptr && days->is_array() && days->get_array().size() < kEveryDay)
        for (const auto& day : days->get_array())
            if (day.is_string()) text += (text.empty() ? "" : ",") + std::string(day.get_string());
    if (!text.empty()) text += " ";
    text += cell(window, "from") + "-" + cell(window, "until");
    if (const auto zone = cell(window, "zone"); zone != "-") text += " " + zone;
    return printable(text);
}

std::string when(const json::object& rule) {
    std::string text;
    const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
    if (cell(rule, "enabled") == "no") add("off");
    if (const auto* window = object_in(rule, "window")) add(hours(*window));
    if (const auto from = cell(rule, "startsAt"); from != "-") add("from " + from);
    if (const auto until = cell(rule, "expiresAt"); until != "-") add("until " + until);
    return text.empty() ? "always" : text;
}

// Why a limit is what it is, the binding reason first.
std::string why(const json::object& limit, const char* name) {
    std::string text;
    each_item(limit, name, [&](const json::object& reason) {
        if (!text.empty()) text += "; ";
        text += cell(reason, "text");
    });
    return text.empty() ? "-" : text;
}

// "63" where all lines are alike, else "63/50/63".
std::string lines(const json::object& circuit, const char* name) {
    const auto* amperes = object_in(circuit, name);
    if (amperes == nullptr) return "-";
    const auto l1 = cell(*amperes, "L1"), l2 = cell(*amperes, "L2"), l3 = cell(*amperes, "L3");
    return l1 == l2 && l2 == l3 ? l1 : l1 + "/" + l2 + "/" + l3;
}

void show_plan(const json::object& answer) {
    std::printf("at %s\n", cell(answer, "at").c_str());
    std::printf("%-12s %8s %8s  %s\n", "evse", "from A", "to A", "why");
    each_item(answer, "limits", [](const json::object& limit) {
        auto evse = cell(limit, "charger");
        if (const auto number = cell(limit, "evse"); number != "1") evse += "/" + number;
        std::printf("%-12s %8s %8s  %s\n", evse.c_str(), cell(limit, "beforeA").c_str(),
                    cell(limit, "afterA").c_str(), why(limit, "reasonsAfter").c_str());
    });
    each_item(answer, "circuits", [](const json::object& circuit) {
        std::printf("circuit %s: may hand out %s A -> %s A, hands out %s A -> %s A\n",
                    cell(circuit, "circuit").c_str(), lines(circuit, "budgetBeforeA").c_str(),
                    lines(circuit, "budgetAfterA").c_str(),
                    lines(circuit, "allocatedBeforeA").c_str(),
                    lines(circuit, "allocatedAfterA").c_str());
    });
    std::printf("nothing changes for %s\n", cell(answer, "unchanged").c_str());
}

// `body`: an object that is still open.
int ask_plan(const ClientOptions& options, JsonWriter body, const std::optional<std::string>& site,
             const std::string& at) {
    if (site) body.member("site", *site);
    if (!at.empty()) body.member("at", at);
    return ask(options, "POST", "/api/v1/plan", body.end_object().text(), show_plan);
}

void show_done(const json::object& answer) {
    std::printf("rule %s, revision %s\n", cell(answer, "id").c_str(),
                cell(answer, "revision").c_str());
    const auto* warnings = answer.if_contains("warnings");
    if (warnings == nullptr || !warnings->is_array()) return;
    for (const auto& warning : warnings->get_array())
        if (warning.is_string())
            std::printf("note: %s\n", printable(std::string(warning.get_string())).c_str());
}

}  // namespace

int list_rules(const ClientOptions& options) {
    return ask(options, "GET", "/api/v1/rules?limit=1000", "", [](const json::object& answer) {
        std::printf("%-8s %-8s %-28s %9s  %-30s  %s\n", "id", "kind", "of", "amount", "when",
                    "reason");
        each_item(answer, "items", [](const json::object& rule) {
            std::printf("%-8s %-8s %-28s %9s  %-30s  %s\n", cell(rule, "id").c_str(),
                        cell(rule, "kind").c_str(), selected(rule).c_str(), amount(rule).c_str(),
                        when(rule).c_str(), cell(rule, "reason").c_str());
        });
    });
}

int add_rule(const ClientOptions& options, const std::string& kind, const RuleOptions& rule) {
    const auto body = rule_json(kind, rule);
    if (!body) return complain(body.error());
    return ask(options, "POST", "/api/v1/rules", *body, show_done);
}

int change_rule(const ClientOptions& options, const std::string& id, const RuleOptions& rule) {
    const auto body = patch_json(rule);
    if (!body) return complain(body.error());
    return ask(options, "PATCH", "/api/v1/rules/" + in_path(id), *body, show_done);
}

int plan_rule(const ClientOptions& options, const std::string& kind, const RuleOptions& rule,
              const std::string& at) {
    const auto draft = rule_json(kind, rule);
    if (!draft) return complain(draft.error());
    JsonWriter body;
    body.begin_object().key("rules").begin_array().raw(*draft).end_array();
    return ask_plan(options, std::move(body), rule.site, at);
}

int plan_without(const ClientOptions& options, const std::vector<std::string>& rules,
                 const std::string& at) {
    JsonWriter body;
    body.begin_object().key("withoutRules").begin_array();
    for (const auto& id : rules) body.string(id);
    body.end_array();
    return ask_plan(options, std::move(body), {}, at);
}

int delete_rule(const ClientOptions& options, const std::string& id) {
    return ask(options, "DELETE", "/api/v1/rules/" + in_path(id), "", show_done);
}

int list_chargers(const ClientOptions& options) {
    return ask(options, "GET", "/api/v1/overview", "", [](const json::object& answer) {
        std::printf("%-10s %-13s %7s %7s %7s  %s\n", "charger", "state", "wish A", "has A",
                    "draws A", "why");
        const auto* sites = answer.if_contains("sites");
        if (sites == nullptr || !sites->is_array()) return;
        for (const auto& site : sites->get_array()) {
            const auto* chargers =
                site.is_object() ? site.get_object().if_contains("chargers") : nullptr;
            if (chargers == nullptr || !chargers->is_array()) continue;
            for (const auto& item : chargers->get_array()) {
                if (!item.is_object()) continue;
                const auto& charger = item.get_object();
                const bool online = cell(charger, "online") == "yes";
                std::printf("%-10s %-13s %7s %7s %7s  %s\n", cell(charger, "id").c_str(),
                            online ? cell(charger, "status").c_str() : "offline",
                            cell(charger, "desiredA").c_str(), cell(charger, "appliedA").c_str(),
                            cell(charger, "meteredA").c_str(), cell(charger, "reason").c_str());
            }
        }
    });
}

int pause_or_resume(const ClientOptions& options, const std::string& things, const std::string& id,
                    const std::string& deed) {
    return ask(options, "POST", "/api/v1/" + things + "/" + in_path(id) + "/" + deed, "{}",
               [&](const json::object&) { std::printf("%s %sd\n", id.c_str(), deed.c_str()); });
}

int external_limit(const ClientOptions& options, const std::string& circuit,
                   const ExternalOptions& limit) {
    const auto path = "/api/v1/circuits/" + in_path(circuit) + "/external-limit";
    if (limit.clear)
        return ask(options, "DELETE", path, "", [&](const json::object&) {
            std::printf("nobody limits %s from outside\n", circuit.c_str());
        });
    JsonWriter body;
    body.begin_object();
    const auto number = [&](const char* name, const std::optional<std::string>& text) -> Status {
        if (!text) return Done{};
        if (*text == "none") {
            body.key(name).null();
            return Done{};
        }
        BUSBAR_TRY(milli, parse_milli(*text));
        body.key(name).milli(milli);
        return Done{};
    };
    for (const auto& [option, name, text] :
         {std::tuple{"--limit", "limitA", &limit.limit},
          {"--kw", "limitKw", &limit.kilowatts},
          {"--failsafe", "failsafeA", &limit.failsafe},
          {"--failsafe-kw", "failsafeKw", &limit.failsafe_kilowatts},
          {"--heartbeat", "heartbeatS", &limit.heartbeat},
          {"--failsafe-for", "failsafeForS", &limit.failsafe_for}})
        if (auto wrote = number(name, *text); !wrote) {
            auto error = std::move(wrote).error();
            error.field = option;
            return complain(error);
        }
    if (limit.source) body.member("source", *limit.source);
    return ask(options, "PUT", path, body.end_object().text(), [&](const json::object& answer) {
        const auto* external = object_in(answer, "externalLimit");
        if (external == nullptr) return;
        std::printf("%s may carry %s A, and %s A without a heartbeat for %s s\n", circuit.c_str(),
                    lines(*external, "limitA").c_str(), lines(*external, "failsafeA").c_str(),
                    cell(*external, "heartbeatS").c_str());
    });
}

int probe_charger(const ClientOptions& options, const std::string& id, const ProbeWords& words) {
    const auto target = "/api/v1/chargers/" + in_path(id) + "/probe";
    JsonWriter body;
    body.begin_object()
        .member("evse", words.evse)
        .member("leaseS", words.lease_s)
        .member("reset", !words.no_reset)
        .member("refuseConnection", !words.no_refuse)
        .member("driverWarned", words.driver_warned)
        .end_object();
    const bool quiet = options.json;
    std::string state;
    std::size_t told = 0;
    json::object last;
    const auto follow = [&](const json::object& answer) {
        state = cell(answer, "state");
        std::size_t step = 0;
        each_item(answer, "steps", [&](const json::object& found) {
            if (cell(found, "outcome") == "waiting" || step++ != told) return;
            ++told;
            if (!quiet)
                std::printf("%-13s %-8s %s\n", cell(found, "step").c_str(),
                            cell(found, "outcome").c_str(), cell(found, "text").c_str());
        });
        std::fflush(stdout);
        last = answer;
    };
    auto each_time = options;
    each_time.json = false;
    int code = ask(each_time, "POST", target, std::move(body).text(), follow);
    while (code == 0 && state == "running") {
        wait_a_second();
        code = ask(each_time, "GET", target, "", follow);
    }
    if (code != 0) return code;
    if (quiet) {
        std::printf("%s\n", json::serialize(last).c_str());
    } else if (state == "aborted") {
        std::printf("aborted: %s\n", cell(last, "whyAborted").c_str());
    } else if (const auto* result = object_in(last, "result")) {
        std::string text = "trust " + cell(*result, "trust");
        for (const auto& [name, unit] : {std::pair{"settleMs", " ms"}, {"quantumA", " A"}})
            if (const auto value = cell(*result, name); value != "-")
                text += ", " + std::string(name) + " " + value + unit;
        for (const auto* name : {"keepsProfiles", "rateUnit", "schedulePeriods"})
            if (const auto value = cell(*result, name); value != "-")
                text += ", " + std::string(name) + " " + value;
        std::printf("%s\n", text.c_str());
    }
    return state == "done" ? 0 : kRefused;
}

int explain_charger(const ClientOptions& options, const std::string& id) {
    const auto show = [](const json::object& evse) {
        std::printf("%s\n", cell(evse, "sentence").c_str());
        std::printf("  should have %s A, has %s A, may draw %s A, draws %s A\n",
                    cell(evse, "desiredA").c_str(), cell(evse, "appliedA").c_str(),
                    cell(evse, "potentialA").c_str(), cell(evse, "meteredA").c_str());
        each_item(evse, "reasons", [](const json::object& reason) {
            std::printf("  - %s\n", cell(reason, "text").c_str());
        });
        if (const auto* next = object_in(evse, "next"))
            std::printf("  next, at %s: %s\n", cell(*next, "at").c_str(),
                        cell(*next, "text").c_str());
    };
    return ask(options, "GET", "/api/v1/chargers/" + in_path(id) + "/explain", "",
               [&](const json::object& answer) { each_item(answer, "evses", show); });
}

}  // namespace busbar::app
