// Pause and resume: a pause rule for exactly one charger, circuit or partner, in one call. A pause
// on schedule is no such rule: it stays.
#include <memory>

#include "http/answers.hpp"
#include "http/body.hpp"

namespace busbar::http {
namespace {

std::string described(const Selector& select) {
    return std::string(to_string(select.kind)) + " '" + select.name + "'";
}

// The thing stands in the path: no field of the body is to blame for it.
Response no_such_thing(Error error) {
    if (error.code == Errc::kNotFound) error.field.clear();
    return problem(error);
}

void pause(const Backend& backend, const Selector& select, const Request& request,
           const Reply& reply) {
    const auto body = optional_json_body(request);
    if (!body) return reply(problem(body.error()));
    auto wanted = parse_pause(*body, select, backend.clock.wall());
    if (!wanted) return reply(problem(wanted.error()));
    auto site = wanted->site ? Result<SiteId>(*wanted->site) : backend.control.site_for(select);
    if (!site) return reply(no_such_thing(site.error()));
    auto done = [reply](Result<control::Written<Rule>> written) {
        if (!written) return reply(no_such_thing(std::move(written).error()));
        reply(written_answer(true, with_revision(*written),
                             "/api/v1/rules/" + written->value.id.str()));
    };
    backend.control.create_rule(*std::move(site), std::move(wanted->draft), caller_of(request),
                                std::move(done));
}

// Deletes one rule after the other; what somebody else deleted meanwhile is gone as well.
class Resuming : public std::enable_shared_from_this<Resuming> {
public:
    Resuming(control::Control& control, std::vector<RuleId> rules, control::Caller caller,
             Reply reply)
        : control_(control),
          rules_(std::move(rules)),
          caller_(std::move(caller)),
          reply_(std::move(reply)) {}

    void next() {
        if (done_ == rules_.size()) return finish();
        control_.delete_rule(rules_[done_], caller_,
                             [self = shared_from_this()](Result<control::Written<Rule>> written) {
                                 self->deleted(written);
                             });
    }

private:
    void deleted(const Result<control::Written<Rule>>& written) {
        if (!written && written.error().code != Errc::kNotFound)
            return reply_(problem(written.error()));
        if (written) revision_ = written->revision;
        ++done_;
        next();
    }

    void finish() {
        JsonWriter json;
        json.begin_object().key("deleted").begin_array();
        for (const auto& rule : rules_) json.string(rule.str());
        json.end_array().member("revision", revision_).end_object();
        reply_(json_answer(200, std::move(json).text()));
    }

    control::Control& control_;
    const std::vector<RuleId> rules_;
    const control::Caller caller_;
    const Reply reply_;
    std::size_t done_ = 0;
    std::int64_t revision_ = 0;
};

void resume(const Backend& backend, const Selector& select, const Request& request,
            const Reply& reply) {
    if (const auto site = backend.control.site_for(select);
        !site && site.error().code == Errc::kNotFound)
        return reply(no_such_thing(site.error()));
    auto collect = [&control = backend.control, select, reply,
                    caller = caller_of(request)](Result<std::vector<control::SiteReport>> sites) {
        if (!sites) return reply(problem(sites.error()));
        std::vector<RuleId> pauses;
        std::string scheduled;
        for (const auto& site : *sites)
            for (const auto& rule : site.rules) {
                if (rule.kind != RuleKind::kPause || rule.select != select) continue;
                if (rule.window || rule.starts_at)
                    scheduled += (scheduled.empty() ? "; on schedule by " : ", ") + rule.id.str();
                else
                    pauses.push_back(rule.id);
            }
        if (pauses.empty())
            return reply(problem(
                Error{Errc::kConflict,
                      described(select) + " is not paused by a rule of its own" + scheduled}));
        std::make_shared<Resuming>(control, std::move(pauses), caller, reply)->next();
    };
    backend.control.reports(std::move(collect));
}

}  // namespace

void add_pause_routes(Router& router, const Backend& backend) {
    struct Thing {
        SelectorKind kind;
        std::string path;
        std::string param;
    };
    for (const auto& [kind, path, param] :
         {Thing{SelectorKind::kCharger, "/api/v1/chargers/{id}", "id"},
          Thing{SelectorKind::kCircuit, "/api/v1/circuits/{id}", "id"},
          Thing{SelectorKind::kPartner, "/api/v1/partners/{name}", "name"}}) {
        const auto with = [&backend, kind = kind, param = param](auto deed) {
            return [&backend, kind, param, deed](const Request& request, const Reply& reply) {
                deed(backend, Selector{kind, request.param(param)}, request, reply);
            };
        };
        router.add(Method::kPost, path + "/pause", with(pause));
        router.add(Method::kPost, path + "/resume", with(resume));
    }
}

}  // namespace busbar::http
