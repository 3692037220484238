#include "ocpp/gateway.hpp"

#include <boost/asio/post.hpp>
#include <boost/beast/http/write.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "net/asio_strand.hpp"
#include "ocpp/connection.hpp"
#include "ocpp/endpoint.hpp"
#include "ocpp/roster.hpp"

namespace busbar::ocpp {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using beast::error_code;

constexpr std::chrono::seconds kRefusalTimeout{5};

// How long stop() waits beyond close_timeout; connections are dropped by then, and all that is
// left is for their handlers to run.
constexpr std::chrono::seconds kStopPatience{20};

GatewayObserver& nobody() {
    static GatewayObserver ignores;
    return ignores;
}

std::vector<std::string_view> offered_subprotocols(const UpgradeRequest& request) {
    std::vector<std::string_view> lines;
    const auto [first, last] = request.equal_range(http::field::sec_websocket_protocol);
    for (auto line = first; line != last; ++line) {
        const auto value = line->value();
        lines.emplace_back(value.data(), value.size());
    }
    return lines;
}

// A connection that never becomes one: the answer, and the end.
struct Refusal : std::enable_shared_from_this<Refusal> {
    Roster::Presence presence;
    std::shared_ptr<void> seat;
    net::ByteStream stream;
    const std::shared_ptr<Strand> strand = net::strand_of(stream.get_executor());
    http::response<http::string_body> response;

    explicit Refusal(net::ByteStream stream_in) : stream(std::move(stream_in)) {}

    void send(SteadyPoint deadline) {
        strand->at(deadline, [weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->stream.close();
        });
        http::async_write(stream, response,
                          [self = shared_from_this()](const error_code& failed, std::size_t) {
                              if (!failed) self->stream.shut_down();
                          });
    }
};

struct Reason {
    http::status status;
    std::string text;
};

}  // namespace

class Gateway::Hub {
public:
    Hub(asio::any_io_executor executor_in, control::ChargerEvents& events, const Clock& clock,
        GatewayOptions options, GatewayObserver& observer, Doorkeeper* door_in)
        : executor(std::move(executor_in)),
          door(door_in),
          around(std::make_shared<const Surroundings>(Surroundings{
              events, clock, options, observer,
              std::make_shared<Roster>(options.max_connections, options.max_takeovers)})) {}

    void refuse(net::ByteStream stream, std::shared_ptr<void> seat, Reason reason) {
        around->observer.refused(reason.text);
        auto refusal = std::make_shared<Refusal>(std::move(stream));
        refusal->presence = around->roster->enter();
        refusal->seat = std::move(seat);
        auto& response = refusal->response;
        response.version(11);
        response.result(reason.status);
        response.set(http::field::server, "busbar");
        response.set(http::field::content_type, "text/plain; charset=utf-8");
        if (reason.status == http::status::upgrade_required) {
            response.set(http::field::upgrade, "websocket");
            response.set(http::field::connection, "upgrade");
            response.set(http::field::sec_websocket_version, "13");
        }
        if (reason.status == http::status::unauthorized)
            response.set(http::field::www_authenticate, "Basic realm=\"busbar\"");
        if (reason.status == http::status::too_many_requests)
            response.set(http::field::retry_after, "60");
        response.body() = reason.text + "\n";
        response.keep_alive(false);
        response.prepare_payload();
        auto& strand = *refusal->strand;
        strand.post(
            [refusal = std::move(refusal), deadline = around->clock.steady() + kRefusalTimeout] {
                refusal->send(deadline);
            });
    }

    void not_connected(std::function<void(CallResult)> done) {
        asio::post(executor, [done = std::move(done), now = around->clock.steady(),
                              presence = around->roster->enter()] {
            CallResult result;
            result.answered_at = now;
            result.detail = "the charger is not connected";
            done(std::move(result));
        });
    }

    Doorkeeper::Verdict judge(const ChargerId& charger, const UpgradeRequest& request,
                              net::ByteStream& stream) const {
        if (door == nullptr) return Doorkeeper::Verdict::kIn;
        const auto shown = request[http::field::authorization];
        return door->judge(charger, {shown.data(), shown.size()}, stream.peer());
    }

    const asio::any_io_executor executor;
    Doorkeeper* const door;
    const std::shared_ptr<const Surroundings> around;
    bool waits_for_nothing = false;  // begin_stop() was called.
};

Gateway::Gateway(asio::any_io_executor executor, control::ChargerEvents& events, const Clock& clock,
                 GatewayOptions options, GatewayObserver* observer, Doorkeeper* door)
    : hub_(std::make_shared<Hub>(std::move(executor), events, clock, options,
                                 observer != nullptr ? *observer : nobody(), door)) {}

Gateway::~Gateway() {
    stop();
}

bool Gateway::is_ocpp_path(std::string_view target) {
    return ocpp::is_ocpp_path(target);
}

void Gateway::accept(net::ByteStream stream, UpgradeRequest request, std::shared_ptr<void> seat) {
    const auto target = request.target();
    auto identity = identity_in({target.data(), target.size()});
    if (!identity)
        return hub_->refuse(std::move(stream), std::move(seat),
                            {http::status::bad_request, identity.error().message});
    if (!websocket::is_upgrade(request))
        return hub_->refuse(std::move(stream), std::move(seat),
                            {http::status::upgrade_required, "only WebSocket is spoken here"});
    const auto verdict = hub_->judge(*identity, request, stream);
    if (verdict == Doorkeeper::Verdict::kTooOften)
        return hub_->refuse(std::move(stream), std::move(seat),
                            {http::status::too_many_requests, "too many attempts"});
    if (verdict == Doorkeeper::Verdict::kOut)
        return hub_->refuse(std::move(stream), std::move(seat),
                            {http::status::unauthorized, "this charger is not let in"});
    const auto version = chosen_version(offered_subprotocols(request));
    if (!version)
        return hub_->refuse(std::move(stream), std::move(seat),
                            {http::status::bad_request,
                             "Sec-WebSocket-Protocol must offer ocpp2.1, ocpp2.0.1 or ocpp1.6"});
    auto& roster = *hub_->around->roster;
    if (roster.refuses(*identity, hub_->around->clock.steady()))
        return hub_->refuse(std::move(stream), std::move(seat),
                            {http::status::service_unavailable, "come back later"});
    auto presence = roster.enter();
    const auto generation = presence ? roster.reserve() : 0;
    if (generation == 0) {
        log::warn("charger refused", {{"charger", *identity}, {"reason", "no room"}});
        return hub_->refuse(std::move(stream), std::move(seat),
                            {http::status::service_unavailable, "no room for more connections"});
    }
    const auto connection =
        std::make_shared<Connection>(*std::move(identity), generation, std::move(stream),
                                     hub_->around, std::move(presence), std::move(seat));
    if (!roster.add(generation, connection)) return;  // We stop; its destructor closes it.
    const bool proven = verdict == Doorkeeper::Verdict::kProven;
    connection->open(std::move(request), *version, proven);
}

void Gateway::call(const ChargerId& charger, Command command, std::function<void(SteadyPoint)> sent,
                   std::function<void(CallResult)> done) {
    const auto connection = hub_->around->roster->find(charger);
    if (!connection) return hub_->not_connected(std::move(done));
    connection->call(std::move(command), std::move(sent), std::move(done));
}

void Gateway::disconnect(const ChargerId& charger) {
    if (const auto connection = hub_->around->roster->find(charger))
        connection->close(websocket::close_code::normal, "disconnected by the operator");
}

void Gateway::refuse(const ChargerId& charger, SteadyPoint until) {
    const auto now = hub_->around->clock.steady();
    hub_->around->roster->refuse(charger, until, now);
    if (until <= now) return;
    if (const auto connection = hub_->around->roster->find(charger))
        connection->close(websocket::close_code::try_again_later, "come back later");
}

std::size_t Gateway::connections() const {
    return hub_->around->roster->joined();
}

void Gateway::begin_stop() {
    hub_->waits_for_nothing = true;
    for (const auto& connection : hub_->around->roster->close())
        connection->close(websocket::close_code::going_away, "the server is stopping");
}

void Gateway::stop() {
    if (hub_->waits_for_nothing) return;
    for (const auto& connection : hub_->around->roster->close())
        connection->close(websocket::close_code::going_away, "the server is stopping");
    const auto patience = hub_->around->options.close_timeout + kStopPatience;
    if (!hub_->around->roster->wait_until_empty(patience))
        log::error("gateway stopped with connections left", {});
}

}  // namespace busbar::ocpp
