// Drivers: the groups of their id tags, and what they wish for.
#include "http/answers.hpp"
#include "http/body.hpp"

namespace busbar::http {
namespace {

using Sites = Result<std::vector<control::SiteReport>>;

// The site that the request names, or the only one there is.
Result<SiteId> site_meant(const Backend& backend, const std::optional<SiteId>& named) {
    if (named) return *named;
    return backend.control.site_for(Selector{});
}

Result<SiteId> site_in_query(const Backend& backend, const Request& request) {
    const auto named = request.target.query_value("site");
    return site_meant(backend, named ? std::optional(SiteId(std::string(*named))) : std::nullopt);
}

void list_id_tags(const Backend& backend, const Request& request, const Reply& reply) {
    auto page = page_of(request);
    if (!page) return reply(problem(page.error()));
    backend.control.reports([reply, page = *std::move(page)](const Sites& sites) {
        if (!sites) return reply(problem(sites.error()));
        std::vector<IdTag> tags;
        for (const auto& site : *sites)
            tags.insert(tags.end(), site.id_tags.begin(), site.id_tags.end());
        const auto key = [](const IdTag& id_tag) { return id_tag.tag; };
        std::ranges::stable_sort(tags, {}, key);
        reply(json_answer(200, page_json(tags, page, key, std::less<>(), [](const IdTag& id_tag) {
                              return control::to_json(id_tag);
                          })));
    });
}

void show_id_tag(const Backend& backend, const Request& request, const Reply& reply) {
    const auto named = request.target.query_value("site");
    auto show = [reply, tag = request.param("tag"),
                 site = std::string(named.value_or(""))](const Sites& sites) {
        if (!sites) return reply(problem(sites.error()));
        for (const auto& report : *sites)
            for (const auto& id_tag : report.id_tags)
                if (same_tag(id_tag.tag, tag) && (site.empty() || report.site.id.str() == site))
                    return reply(json_answer(200, control::to_json(id_tag)));
        reply(problem(Error{Errc::kNotFound, "id tag '" + tag + "' is not known"}));
    };
    backend.control.reports(std::move(show));
}

void put_id_tag(const Backend& backend, const Request& request, const Reply& reply) {
    const auto body = json_body(request);
    if (!body) return reply(problem(body.error()));
    auto wanted = parse_id_tag(*body);
    if (!wanted) return reply(problem(wanted.error()));
    if (const auto checked = check_no_if_match(request); !checked)
        return reply(precondition_failed(checked.error().message));
    auto site = wanted->site ? site_meant(backend, wanted->site) : site_in_query(backend, request);
    if (!site) return reply(problem(site.error()));
    auto done = [reply, path = request.target.path](Result<control::Written<IdTag>> written) {
        if (!written) return reply(problem(written.error()));
        reply(written_answer(written->created, with_revision(*written), path));
    };
    backend.control.put_id_tag(*std::move(site), request.param("tag"), std::move(wanted->group),
                               caller_of(request), std::move(done));
}

void delete_id_tag(const Backend& backend, const Request& request, const Reply& reply) {
    if (const auto checked = check_no_if_match(request); !checked)
        return reply(precondition_failed(checked.error().message));
    auto site = site_in_query(backend, request);
    if (!site) return reply(problem(site.error()));
    auto done = [reply](const Result<control::Written<IdTag>>& written) {
        if (!written) return reply(problem(written.error()));
        JsonWriter json;
        json.begin_object()
            .member("tag", written->value.tag)
            .member("revision", written->revision)
            .end_object();
        reply(json_answer(200, std::move(json).text()));
    };
    backend.control.delete_id_tag(*std::move(site), request.param("tag"), caller_of(request),
                                  std::move(done));
}

void put_wish(const Backend& backend, const Request& request, const Reply& reply) {
    const auto body = json_body(request);
    if (!body) return reply(problem(body.error()));
    auto wish = parse_wish(*body, backend.clock.wall());
    if (!wish) return reply(problem(wish.error()));
    if (const auto checked = check_no_if_match(request); !checked)
        return reply(precondition_failed(checked.error().message));
    backend.control.set_wish(transaction_of(request.param("id")), *std::move(wish),
                             [reply](const Result<Transaction>& transaction) {
                                 reply(transaction
                                           ? json_answer(200, control::to_json(*transaction))
                                           : problem(transaction.error()));
                             });
}

}  // namespace

void add_driver_routes(Router& router, const Backend& backend) {
    router.add(Method::kGet, "/api/v1/id-tags", bound(backend, list_id_tags));
    router.add(Method::kGet, "/api/v1/id-tags/{tag}", bound(backend, show_id_tag));
    router.add(Method::kPut, "/api/v1/id-tags/{tag}", bound(backend, put_id_tag));
    router.add(Method::kDelete, "/api/v1/id-tags/{tag}", bound(backend, delete_id_tag));
    router.add(Method::kPut, "/api/v1/transactions/{id}/wish", bound(backend, put_wish));
}

}  // namespace busbar::http
