// Rules: create, change, delete.
#include "http/answers.hpp"
#include "http/body.hpp"

namespace busbar::http {
namespace {

// r-9 comes before r-10.
bool earlier(const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
}

std::pair<std::string, std::string> etag(const Rule& rule) {
    return {"ETag", "\"" + std::to_string(rule.version) + "\""};
}

Response rule_answer(const Rule& rule) {
    auto answer = json_answer(200, control::to_json(rule));
    answer.headers.push_back(etag(rule));
    return answer;
}

// The version that If-Match insists on; empty if it does not. A tag that is none of ours can
// match nothing, and stands as version 0, which no rule has.
std::optional<std::int64_t> version_in(const std::string& if_match) {
    if (if_match.empty() || if_match == "*") return {};
    const bool quoted = if_match.size() > 2 && if_match.front() == '"' && if_match.back() == '"';
    if (!quoted || if_match.size() > 20) return 0;
    std::int64_t version = 0;
    for (const char c : std::string_view(if_match).substr(1, if_match.size() - 2)) {
        if (c < '0' || c > '9') return 0;
        version = version * 10 + (c - '0');
    }
    return version;
}

Response moved_on(const RuleId& id, std::int64_t version) {
    return precondition_failed("rule '" + id.str() + "' is at version " + std::to_string(version));
}

void list_rules(const Backend& backend, const Request& request, const Reply& reply) {
    auto page = page_of(request);
    if (!page) return reply(problem(page.error()));
    backend.control.reports(
        [reply, page = *std::move(page)](Result<std::vector<control::SiteReport>> sites) {
            if (!sites) return reply(problem(sites.error()));
            std::vector<Rule> rules;
            for (auto& site : *sites)
                rules.insert(rules.end(), site.rules.begin(), site.rules.end());
            const auto key = [](const Rule& rule) { return rule.id.str(); };
            std::ranges::sort(rules, earlier, key);
            reply(json_answer(200, page_json(rules, page, key, earlier, [](const Rule& rule) {
                                  return control::to_json(rule);
                              })));
        });
}

void create_rule(const Backend& backend, const Request& request, const Reply& reply) {
    const auto body = json_body(request);
    if (!body) return reply(problem(body.error()));
    auto wanted = parse_rule(*body, backend.clock.wall());
    if (!wanted) return reply(problem(wanted.error()));
    auto site = wanted->site ? Result<SiteId>(*wanted->site)
                             : backend.control.site_for(wanted->draft.select);
    if (!site) return reply(problem(site.error()));
    auto done = [reply](Result<control::Written<Rule>> written) {
        if (!written) return reply(problem(written.error()));
        auto answer = written_answer(true, with_revision(*written),
                                     "/api/v1/rules/" + written->value.id.str());
        answer.headers.push_back(etag(written->value));
        reply(std::move(answer));
    };
    backend.control.create_rule(*std::move(site), std::move(wanted->draft), caller_of(request),
                                std::move(done));
}

void show_rule(const Backend& backend, const Request& request, const Reply& reply) {
    backend.control.find_rule(RuleId(request.param("id")), [reply](Result<Rule> rule) {
        reply(rule ? rule_answer(*rule) : problem(rule.error()));
    });
}

void patch_rule(const Backend& backend, const Request& request, const Reply& reply) {
    const auto body = json_body(request);
    if (!body) return reply(problem(body.error()));
    auto patch = parse_rule_patch(*body, backend.clock.wall());
    if (!patch) return reply(problem(patch.error()));
    patch->if_version = version_in(request.if_match);
    const RuleId id(request.param("id"));
    auto done = [&control = backend.control, reply, id,
                 wanted = patch->if_version](Result<control::Written<Rule>> written) {
        if (written) {
            auto answer = json_answer(200, with_revision(*written));
            answer.headers.push_back(etag(written->value));
            return reply(std::move(answer));
        }
        auto error = std::move(written).error();
        if (error.code != Errc::kConflict || !wanted) return reply(problem(error));
        // Either its version has moved on, or the change does not fit: only the rule knows.
        control.find_rule(id, [reply, id, wanted, error](Result<Rule> rule) {
            const bool moved = rule && rule->version != *wanted;
            reply(moved ? moved_on(id, rule->version) : problem(error));
        });
    };
    backend.control.patch_rule(id, *std::move(patch), caller_of(request), std::move(done));
}

void delete_rule(const Backend& backend, const Request& request, const Reply& reply) {
    const RuleId id(request.param("id"));
    auto& control = backend.control;
    auto remove = [&control, id, reply, caller = caller_of(request)] {
        control.delete_rule(id, caller, [reply](Result<control::Written<Rule>> written) {
            reply(deleted_answer(written));
        });
    };
    const auto wanted = version_in(request.if_match);
    if (!wanted) return remove();
    control.find_rule(id, [reply, id, wanted, remove](Result<Rule> rule) {
        if (!rule) return reply(problem(rule.error()));
        if (rule->version != *wanted) return reply(moved_on(id, rule->version));
        remove();
    });
}

}  // namespace

void add_rule_routes(Router& router, const Backend& backend) {
    router.add(Method::kGet, "/api/v1/rules", bound(backend, list_rules));
    router.add(Method::kPost, "/api/v1/rules", bound(backend, create_rule));
    router.add(Method::kGet, "/api/v1/rules/{id}", bound(backend, show_rule));
    router.add(Method::kPatch, "/api/v1/rules/{id}", bound(backend, patch_rule));
    router.add(Method::kDelete, "/api/v1/rules/{id}", bound(backend, delete_rule));
}

}  // namespace busbar::http
