#include "http/server.hpp"

#include <array>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/write.hpp>
#include <cstdio>
#include <optional>

#include "base/log.hpp"
#include "http/event_stream.hpp"
#include "http/framing.hpp"
#include "http/problem.hpp"
#include "net/task_group.hpp"

namespace busbar::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using beast::error_code;
using beast::http::field;
using beast::http::verb;
using Message = beast::http::request<beast::http::string_body>;

constexpr std::size_t kBufferBytes = 64 * 1024;
constexpr std::size_t kReadBytes = 4 * 1024;
constexpr std::size_t kMostLingeringBytes = 64 * 1024 * 1024;
constexpr std::string_view kAllMethods = "GET, HEAD, POST, PUT, PATCH, DELETE";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string_view text_of(beast::string_view text) {
    return {text.data(), text.size()};
}

std::optional<Method> method_of(verb word) {
    static constexpr std::array kMethods{
        std::pair{verb::get, Method::kGet},     std::pair{verb::head, Method::kHead},
        std::pair{verb::post, Method::kPost},   std::pair{verb::put, Method::kPut},
        std::pair{verb::patch, Method::kPatch}, std::pair{verb::delete_, Method::kDelete}};
    for (const auto& [beasts, ours] : kMethods)
        if (beasts == word) return ours;
    return {};
}

// "Tue, 10 Feb 2026 12:00:00 GMT"
std::string http_date(TimePoint time) {
    using namespace std::chrono;
    static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{floor<seconds>(time - day)};
    std::array<char, 64> text{};
    const int size = std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                                   kDays[weekday{day}.c_encoding()], unsigned(date.day()),
                                   kMonths[unsigned(date.month()) - 1], int(date.year()),
                                   int(clock.hours().count()), int(clock.minutes().count()),
                                   int(clock.seconds().count()));
    return {text.data(), static_cast<std::size_t>(size)};
}

// Whether what was read is to blame, and not the connection.
bool is_unreadable(const error_code& failed) {
    namespace http = beast::http;
    return failed.category() == make_error_code(http::error::need_more).category() &&
           failed != http::error::end_of_stream && failed != http::error::partial_message;
}

}  // namespace

struct Server::Core {
    const Clock& clock;
    const Handle handle;
    const UpgradeHandler upgrade;
    const ServerOptions options;
    net::TaskGroup tasks = {};

    Core(const Clock& clock_in, Handle handle_in, UpgradeHandler upgrade_in,
         ServerOptions options_in)
        : clock(clock_in),
          handle(std::move(handle_in)),
          upgrade(std::move(upgrade_in)),
          options(std::move(options_in)) {}
};

// One client: its requests, one after the other. What it sends ahead waits in its socket, and up
// to kBufferBytes of it here.
class Server::Connection {
public:
    static asio::awaitable<void> serve(std::unique_ptr<Connection> connection) {
        co_await connection->run();
    }

    Connection(std::shared_ptr<Core> core, net::ByteStream stream, net::Seat seat)
        : core_(std::move(core)), stream_(std::move(stream)), seat_(std::move(seat)) {}

    asio::awaitable<void> run() {
        for (bool first = true;; first = false) {
            const auto read = co_await read_request(first);
            if (read == Read::kOver) co_return;
            if (read == Read::kUpgrade && hand_over()) co_return;
            const bool keep = read == Read::kRequest && stays_open();
            if (read == Read::kRequest) {
                co_await answer();
                if (!answer_) co_return;
                if (answer_->stream) {
                    if (parser_->get().method() != verb::head) {
                        co_await stream();
                        co_return;
                    }
                    answer_->stream->close();
                }
            }
            const bool written = co_await write(keep);
            if (!written) co_return;
            if (!keep) break;
        }
        co_await linger();
    }

private:
    enum class Read {
        kRequest,  // In parser_.
        kUpgrade,  // Its header is in parser_; answer_ is what is said if nobody takes it.
        kRefused,  // answer_ says why.
        kOver,     // The other side went, or was too slow.
    };

    // An answer on its way from whatever thread gives it to the connection that waits for it.
    struct Awaited {
        explicit Awaited(asio::any_io_executor strand_in)
            : strand(std::move(strand_in)), timer(strand) {}

        asio::any_io_executor strand;
        asio::steady_timer timer;
        std::optional<Response> response;
    };

    asio::awaitable<Read> read_request(bool first) {
        head_.clear();
        parser_.emplace();
        parser_->header_limit(static_cast<std::uint32_t>(core_->options.max_header_bytes));
        parser_->body_limit(core_->options.max_body_bytes);
        answer_.reset();
        const bool ahead = buffer_.size() > 0;
        stream_.expires_after(first || ahead ? core_->options.read_deadline
                                             : core_->options.idle_deadline);
        while (!parser_->is_header_done()) {
            if (const auto failed = parse_head()) co_return refuse(failed);
            if (parser_->is_header_done()) break;
            error_code failed;
            auto token = asio::redirect_error(asio::use_awaitable, failed);
            const bool begins = head_.empty() && buffer_.size() == 0;
            if (buffer_.size() >= kBufferBytes) co_return refuse(header_too_large());
            const auto room = std::min(kReadBytes, kBufferBytes - buffer_.size());
            const auto got = co_await stream_.async_read_some(buffer_.prepare(room), token);
            if (failed) co_return Read::kOver;
            buffer_.commit(got);
            if (begins && !first) stream_.expires_after(core_->options.read_deadline);
        }
        const auto checked = check_header();
        if (checked != Read::kRequest) co_return checked;
        const auto body = co_await read_body();
        co_return body;
    }

    // Gives the parser what is there. Beast forgets the raw lines, so they are kept for check_head.
    error_code parse_head() {
        error_code failed;
        while (buffer_.size() > 0 && !parser_->is_header_done()) {
            const auto data = buffer_.cdata();
            const auto used = parser_->put(data, failed);
            head_.append(static_cast<const char*>(data.data()), used);
            buffer_.consume(used);
            if (failed == beast::http::error::need_more) return {};
            if (failed) return failed;
        }
        return {};
    }

    Read refuse(Response response) {
        answer_ = std::move(response);
        return Read::kRefused;
    }

    Read refuse(const error_code& failed) {
        namespace errors = beast::http;
        if (failed == errors::error::body_limit)
            return refuse(problem(Error{
                Errc::kTooLarge, "the body must have at most " +
                                     std::to_string(core_->options.max_body_bytes) + " bytes"}));
        if (failed == errors::error::header_limit || failed == errors::error::buffer_overflow)
            return refuse(header_too_large());
        return refuse(
            problem(Error{Errc::kMalformed, "the request is not HTTP/1.1: " + failed.message()}));
    }

    Read check_header() {
        if (const auto checked = check_head(head_); !checked)
            return refuse(problem(checked.error()));
        const auto& header = parser_->get();
        std::vector<std::string_view> origins;
        const auto [begin, end] = header.equal_range(field::origin);
        for (auto line = begin; line != end; ++line) origins.push_back(text_of(line->value()));
        if (const auto checked =
                check_origin(text_of(header[field::host]), origins, core_->options.own_hosts);
            !checked)
            return refuse(problem(checked.error()));
        if (!method_of(header.method())) return refuse(method_not_allowed(kAllMethods));
        if (asks_for_websocket()) return check_upgrade();
        auto target = parse_target(text_of(header.target()));
        if (!target) return refuse(problem(target.error()));
        target_ = *std::move(target);
        return Read::kRequest;
    }

    bool stays_open() const {
        // A client of HTTP/1.0 would have to be told: simpler to close.
        return parser_->get().version() == 11 && parser_->get().keep_alive();
    }

    bool asks_for_websocket() const {
        const auto& header = parser_->get();
        return beast::http::token_list{header[field::upgrade]}.exists("websocket") &&
               beast::http::token_list{header[field::connection]}.exists("upgrade");
    }

    Read check_upgrade() {
        const bool more =
            buffer_.size() > 0 || parser_->chunked() || parser_->content_length().value_or(0) > 0;
        if (parser_->get().method() != verb::get || more)
            return refuse(problem(Error{Errc::kMalformed,
                                        "a WebSocket is asked for with GET, without a body, and "
                                        "nothing is sent before the answer"}));
        answer_ =
            problem(Error{Errc::kNotFound, "there is no WebSocket at " +
                                               std::string(text_of(parser_->get().target()))});
        return Read::kUpgrade;
    }

    bool hand_over() {
        if (!core_->upgrade) return false;
        stream_.expires_never();
        auto message = parser_->release();
        return core_->upgrade(std::move(stream_), std::move(message), std::move(seat_));
    }

    asio::awaitable<Read> read_body() {
        error_code failed;
        auto token = asio::redirect_error(asio::use_awaitable, failed);
        if (const auto expect = parser_->get()[field::expect]; !expect.empty()) {
            if (!beast::iequals(expect, "100-continue")) co_return refuse(expectation_failed());
            co_await asio::async_write(stream_, asio::buffer(kContinue), token);
            if (failed) co_return Read::kOver;
        }
        if (!parser_->is_done())
            co_await beast::http::async_read(stream_, buffer_, *parser_, token);
        if (!failed) co_return Read::kRequest;
        co_return is_unreadable(failed) ? refuse(failed) : Read::kOver;
    }

    Request request() {
        auto& message = parser_->get();
        const auto text = [&](field name) { return std::string(text_of(message[name])); };
        return {.method = *method_of(message.method()),
                .target = std::move(target_),
                .content_type = text(field::content_type),
                .content_encoding = text(field::content_encoding),
                .if_match = text(field::if_match),
                .accept = text(field::accept),
                .body = std::move(message.body()),
                .accepted_at = core_->clock.steady()};
    }

    // Asks the handler and waits for what it says; 504 if that takes too long.
    asio::awaitable<void> answer() {
        auto awaited = std::make_shared<Awaited>(stream_.get_executor());
        awaited->timer.expires_after(core_->options.reply_deadline);
        // Holds nothing of ours: a reply may be kept for longer than the connection, or the server.
        Reply reply = [weak = std::weak_ptr(awaited)](Response response) {
            auto give = [weak, response = std::move(response)]() mutable {
                const auto waiting = weak.lock();
                if (!waiting || waiting->response) return;
                waiting->response = std::move(response);
                waiting->timer.cancel();
            };
            if (const auto waiting = weak.lock()) asio::dispatch(waiting->strand, std::move(give));
        };
        stream_.expires_never();
        ask(std::move(reply));
        if (!awaited->response) {
            error_code failed;
            auto token = asio::redirect_error(asio::use_awaitable, failed);
            co_await awaited->timer.async_wait(token);
            const auto cancelled = co_await asio::this_coro::cancellation_state;
            if (cancelled.cancelled() != asio::cancellation_type::none) co_return;
        }
        answer_ = awaited->response
                      ? std::move(*awaited->response)
                      : problem(Error{Errc::kTimeout,
                                      "no answer in time: it may have happened, so look before "
                                      "you repeat it"});
    }

    void ask(Reply reply) {
        try {
            core_->handle(request(), reply);
        } catch (const std::exception& escaped) {
            log::error("request failed",
                       {{"target", text_of(parser_->get().target())}, {"reason", escaped.what()}});
            reply(internal_error());
        }
    }

    template <class Body>
    beast::http::response<Body> framed(const Response& response, bool keep) const {
        beast::http::response<Body> message;
        message.version(11);
        message.result(static_cast<unsigned>(response.status));
        message.set(field::server, "busbar");
        message.set(field::date, http_date(core_->clock.wall()));
        message.set(field::content_type, response.content_type);
        message.set("X-Content-Type-Options", "nosniff");
        message.set("Cross-Origin-Resource-Policy", "same-origin");
        for (const auto& [name, value] : response.headers) message.set(name, value);
        message.content_length(response.body.size());
        message.keep_alive(keep);
        return message;
    }

    // Until the client goes, reads too slowly, or we stop. Something is written now and then, so
    // that a client that went is noticed, and proxies keep the connection.
    asio::awaitable<void> stream() {
        const auto news = std::move(answer_->stream);
        auto waiting = std::make_shared<asio::steady_timer>(stream_.get_executor());
        news->on_news([weak = std::weak_ptr(waiting)] {
            if (const auto timer = weak.lock())
                asio::dispatch(timer->get_executor(), [timer] { timer->cancel(); });
        });
        error_code failed;
        auto token = asio::redirect_error(asio::use_awaitable, failed);
        auto message = framed<beast::http::empty_body>(*answer_, false);
        message.erase(field::content_length);
        beast::http::response_serializer<beast::http::empty_body> head(message);
        stream_.expires_after(core_->options.write_deadline);
        co_await beast::http::async_write_header(stream_, head, token);
        while (!failed && !news->over()) {
            auto text = news->take();
            if (text.empty()) {
                stream_.expires_never();
                waiting->expires_after(core_->options.heartbeat);
                error_code woken;
                auto until = asio::redirect_error(asio::use_awaitable, woken);
                co_await waiting->async_wait(until);
                const auto cancelled = co_await asio::this_coro::cancellation_state;
                if (cancelled.cancelled() != asio::cancellation_type::none) break;
                text = news->take();
                if (text.empty()) text = ":\n\n";
            }
            stream_.expires_after(core_->options.write_deadline);
            co_await asio::async_write(stream_, asio::buffer(text), token);
        }
        news->close();
    }

    asio::awaitable<bool> write(bool keep) {
        error_code failed;
        auto token = asio::redirect_error(asio::use_awaitable, failed);
        stream_.expires_after(core_->options.write_deadline);
        if (parser_->is_header_done() && parser_->get().method() == verb::head) {
            auto message = framed<beast::http::empty_body>(*answer_, keep);
            co_await beast::http::async_write(stream_, message, token);
        } else {
            auto message = framed<beast::http::string_body>(*answer_, keep);
            message.body() = std::move(answer_->body);
            co_await beast::http::async_write(stream_, message, token);
        }
        co_return !failed;
    }

    // A refusal stands unread at the other side while it still sends: closing at once would take
    // it away. So what comes is dropped for a while.
    asio::awaitable<void> linger() {
        error_code failed;
        stream_.finish_writing();
        stream_.expires_after(core_->options.linger);
        buffer_.clear();
        auto token = asio::redirect_error(asio::use_awaitable, failed);
        for (std::size_t dropped = 0; !failed && dropped < kMostLingeringBytes;) {
            const auto got = co_await stream_.async_read_some(buffer_.prepare(kReadBytes), token);
            dropped += got;
        }
    }

    const std::shared_ptr<Core> core_;
    net::ByteStream stream_;
    net::Seat seat_;
    beast::flat_buffer buffer_{kBufferBytes};
    std::optional<beast::http::request_parser<beast::http::string_body>> parser_;
    std::string head_;  // As it came.
    Target target_;
    std::optional<Response> answer_;
};

Server::Server(const Clock& clock, Handle handle, UpgradeHandler upgrade, ServerOptions options)
    : core_(std::make_shared<Core>(clock, std::move(handle), std::move(upgrade),
                                   std::move(options))) {}

Server::~Server() {
    stop();
}

void Server::take(net::ByteStream stream, net::Seat seat) {
    if (core_->tasks.size() >= core_->options.max_connections) return;  // Its destructor closes it.
    const asio::any_io_executor strand = stream.get_executor();
    auto connection = std::make_unique<Connection>(core_, std::move(stream), std::move(seat));
    core_->tasks.spawn(strand, Connection::serve(std::move(connection)));
}

std::size_t Server::connections() const {
    return core_->tasks.size();
}

void Server::stop() {
    core_->tasks.stop();
}

}  // namespace busbar::http
