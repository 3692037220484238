// Transactions as records: those that run and those that are over, with what was signed.
#include "http/answers.hpp"

namespace busbar::http {
namespace {

using Transactions = Result<std::vector<Transaction>>;

constexpr std::string_view kHeader =
    "id,charger,evse,idTag,startedAt,stoppedAt,meterStartWh,meterStopWh,energyWh,stopReason,"
    "stationTransactionId\r\n";

// A field of CSV (RFC 4180). Spreadsheets compute what begins so: then it is told to be text.
std::string csv_text(std::string_view text) {
    constexpr std::string_view kComputes = "=+-@\t\r";
    std::string out = "\"";
    if (!text.empty() && kComputes.find(text.front()) != std::string_view::npos) out += '\'';
    for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + '"';
}

std::string csv_row(const Transaction& each) {
    const bool over = each.stopped_at.has_value();
    return std::to_string(each.id) + "," + csv_text(each.evse.charger.str()) + "," +
           std::to_string(each.evse.number) + "," + csv_text(each.id_tag) + "," +
           format_time(each.started_at) + "," + (over ? format_time(*each.stopped_at) : "") + "," +
           decimal(each.meter_start.in_milli()) + "," +
           (over ? decimal(each.meter_stop.in_milli()) : "") + "," +
           (over ? decimal((each.meter_stop - each.meter_start).in_milli()) : "") + "," +
           csv_text(each.stop_reason) + "," + csv_text(each.own_id) + "\r\n";
}

// Where the next page is, if there may be one.
std::optional<TransactionId> next_of(const std::vector<Transaction>& page, int limit) {
    if (page.empty() || std::ssize(page) < limit) return {};
    return page.back().id;
}

Response as_csv(const std::vector<Transaction>& page, int limit) {
    std::string body(kHeader);
    for (const auto& each : page) body += csv_row(each);
    Response response{.content_type = "text/csv; charset=utf-8; header=present",
                      .body = std::move(body)};
    if (const auto next = next_of(page, limit))
        response.headers.emplace_back("Link",
                                      "<?after=" + std::to_string(*next) + ">; rel=\"next\"");
    return response;
}

Response as_json(const std::vector<Transaction>& page, int limit) {
    JsonWriter json;
    json.begin_object().key("items").begin_array();
    for (const auto& each : page) control::write_json(json, each);
    json.end_array().key("next");
    if (const auto next = next_of(page, limit))
        json.integer(*next);
    else
        json.null();
    return json_answer(200, std::move(json.end_object()).text());
}

Result<control::TransactionQuery> query_of(const Request& request) {
    control::TransactionQuery query;
    BUSBAR_TRY(limit, query_number(request, "limit", 1, 1'000, 100));
    query.limit = static_cast<int>(limit);
    BUSBAR_TRY(from, query_time(request, "from"));
    BUSBAR_TRY(to, query_time(request, "to"));
    query.from = from;
    query.to = to;
    BUSBAR_TRY(after, query_number(request, "after", 0, std::numeric_limits<int>::max(), 0));
    if (after > 0) query.after = after;
    if (const auto charger = request.target.query_value("charger"))
        query.charger = ChargerId(std::string(*charger));
    return query;
}

void list_transactions(const Backend& backend, const Request& request, const Reply& reply) {
    auto query = query_of(request);
    if (!query) return reply(problem(query.error()));
    const bool csv = request.accept.find("text/csv") != std::string::npos;
    auto show = [reply, csv, limit = query->limit](const Transactions& page) {
        if (!page) return reply(problem(page.error()));
        reply(csv ? as_csv(*page, limit) : as_json(*page, limit));
    };
    backend.store.transactions(*std::move(query), std::move(show));
}

void show_transaction(const Backend& backend, const Request& request, const Reply& reply) {
    auto show = [reply](const Result<control::TransactionRecord>& record) {
        if (!record) return reply(problem(record.error()));
        JsonWriter more;
        more.begin_object().key("signedReadings").begin_array();
        for (const auto& each : record->signed_readings) {
            more.begin_object().member("at", each.at);
            more.key("sampledValue").raw(each.sampled);
            more.end_object();
        }
        more.end_array().end_object();
        reply(json_answer(200, merged(control::to_json(record->transaction), more.text())));
    };
    backend.store.transaction(transaction_of(request.param("id")), std::move(show));
}

}  // namespace

void add_transaction_routes(Router& router, const Backend& backend) {
    router.add(Method::kGet, "/api/v1/transactions", bound(backend, list_transactions));
    router.add(Method::kGet, "/api/v1/transactions/{id}", bound(backend, show_transaction));
}

}  // namespace busbar::http
