#include "app/client.hpp"

#include <boost/json.hpp>
#include <cstdio>

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

template <class Row>
void each_item(const json::object& answer, Row&& row) {
    const auto* items = answer.if_contains("items");
    if (items == nullptr || !items->is_array()) return;
    for (const auto& item : items->get_array())
        if (item.is_object()) row(item.get_object());
}

void show_done(const json::object& answer) {
    std::printf("rule %s, revision %s\n", cell(answer, "id").c_str(),
                cell(answer, "revision").c_str());
}

}  // namespace

int list_rules(const ClientOptions& options) {
    return ask(options, "GET", "/api/v1/rules?limit=1000", "", [](const json::object& answer) {
        std::printf("%-8s %-8s %-22s %7s  %-24s  %s\n", "id", "kind", "of", "limit A", "until",
                    "reason");
        each_item(answer, [](const json::object& rule) {
            std::string of = "-";
            if (const auto* select = rule.if_contains("select"); select && select->is_object())
                for (const auto& [kind, name] : select->get_object())
                    of = std::string(kind) +
                         (name.is_string() ? " " + std::string(name.get_string()) : "");
            std::printf("%-8s %-8s %-22s %7s  %-24s  %s\n", cell(rule, "id").c_str(),
                        cell(rule, "kind").c_str(), printable(of).c_str(),
                        cell(rule, "limitA").c_str(), cell(rule, "expiresAt").c_str(),
                        cell(rule, "reason").c_str());
        });
    });
}

int add_rule(const ClientOptions& options, const std::string& kind, const RuleOptions& rule) {
    JsonWriter body;
    body.begin_object().member("kind", kind).key("select").begin_object();
    const int selectors =
        rule.charger.has_value() + rule.circuit.has_value() + rule.partner.has_value() + rule.all;
    if (selectors != 1) {
        std::fprintf(stderr, "busbar: say one of --charger, --circuit, --partner and --all\n");
        return kWrongUse;
    }
    if (rule.charger) body.member("charger", *rule.charger);
    if (rule.circuit) body.member("circuit", *rule.circuit);
    if (rule.partner) body.member("partner", *rule.partner);
    if (rule.all) body.member("all", true);
    body.end_object();
    if (rule.limit) {
        const auto limit = parse_milli(*rule.limit);
        if (!limit) return complain({Errc::kInvalid, limit.error().message, "--limit"});
        body.key("limitA").milli(*limit);
    }
    if (rule.site) body.member("site", *rule.site);
    if (rule.until) body.member("expiresAt", *rule.until);
    if (rule.reason) body.member("reason", *rule.reason);
    body.end_object();
    return ask(options, "POST", "/api/v1/rules", body.text(), show_done);
}

int set_limit(const ClientOptions& options, const std::string& id, const std::string& limit) {
    const auto amount = parse_milli(limit);
    if (!amount) return complain({Errc::kInvalid, amount.error().message, "--limit"});
    return ask(options, "PATCH", "/api/v1/rules/" + in_path(id),
               R"({"limitA":)" + decimal(*amount) + "}", show_done);
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

int charger_deed(const ClientOptions& options, const std::string& id, const std::string& deed) {
    return ask(options, "POST", "/api/v1/chargers/" + in_path(id) + "/" + deed, "{}",
               [&](const json::object&) { std::printf("%s %sd\n", id.c_str(), deed.c_str()); });
}

int explain_charger(const ClientOptions& options, const std::string& id) {
    return ask(options, "GET", "/api/v1/chargers/" + in_path(id) + "/explain", "",
               [](const json::object& answer) {
                   const auto* evses = answer.if_contains("evses");
                   if (evses == nullptr || !evses->is_array()) return;
                   for (const auto& item : evses->get_array()) {
                       if (!item.is_object()) continue;
                       const auto& evse = item.get_object();
                       std::printf("%s\n", cell(evse, "sentence").c_str());
                       std::printf("  should have %s A, has %s A, may draw %s A, draws %s A\n",
                                   cell(evse, "desiredA").c_str(), cell(evse, "appliedA").c_str(),
                                   cell(evse, "potentialA").c_str(),
                                   cell(evse, "meteredA").c_str());
                       const auto* reasons = evse.if_contains("reasons");
                       if (reasons == nullptr || !reasons->is_array()) continue;
                       for (const auto& reason : reasons->get_array())
                           if (reason.is_object())
                               std::printf("  - %s\n", cell(reason.get_object(), "text").c_str());
                   }
               });
}

}  // namespace busbar::app
