// The bytes below HTTP and WebSockets: a TCP connection, or another kind of connection (TLS, or
// one that a simulation keeps in memory). What is built on it is one class either way.
//
// Meets Beast's AsyncStream, teardown and close_socket requirements. TCP is called directly: what
// the other kind costs (a virtual call, an allocation an operation) only that kind pays.
#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace busbar::net {

// What is to be told when an operation has ended: once, or never if the connection goes first.
class Completion {
public:
    virtual ~Completion() = default;
    // Never runs what it tells within this call.
    virtual void complete(boost::system::error_code failed, std::size_t bytes) = 0;
};
using Completes = std::unique_ptr<Completion>;

// Who is at the other end.
struct Peer {
    bool tls = false;
    // What the certificate it has shown is made out to, its common name first; empty if it has
    // shown none. Only what was verified is here.
    std::vector<std::string> names = {};
    boost::asio::ip::address address = {};  // Unspecified where there is none.
};

// One end of a connection that is not TCP. One read and one write at a time.
class ByteEnd {
public:
    virtual ~ByteEnd() = default;  // Closes.
    virtual boost::asio::any_io_executor executor() const = 0;

    // Reads at least one byte into `into`, which is not empty and lives until then.
    virtual void read_some(boost::asio::mutable_buffer into, Completes done) = 0;
    // Takes at least one byte off the front of `from`, of which no piece is empty.
    virtual void write_some(std::vector<boost::asio::const_buffer> from, Completes done) = 0;
    // No more will be written, and what comes is not read. `done`, unless it is null, when the
    // other side has said so, too.
    virtual void finish(Completes done) = 0;
    // At once. What is under way ends with operation_aborted.
    virtual void close() = 0;

    // No more will be written, but what comes is still read. Nothing, where one end cannot go
    // alone.
    virtual void finish_writing() {}
    // close() by itself after so long, unless it is told otherwise by then; empty: never. Nothing
    // in virtual time, where whoever reads has deadlines of his own.
    virtual void expires_after(std::optional<std::chrono::nanoseconds> wait) { (void)wait; }
    virtual Peer peer() const { return {}; }
};

class ByteStream {
public:
    using executor_type = boost::asio::any_io_executor;

    // Implicit: a TCP stream is a byte stream.
    ByteStream(boost::beast::tcp_stream tcp) : kind_(std::move(tcp)) {}
    explicit ByteStream(std::unique_ptr<ByteEnd> other) : kind_(std::move(other)) {}

    // Null if it is not TCP alone.
    boost::beast::tcp_stream* tcp() { return std::get_if<boost::beast::tcp_stream>(&kind_); }

    executor_type get_executor() {
        return tcp() != nullptr ? tcp()->get_executor() : other().executor();
    }

    // Cancelling an operation alone is something TCP knows; the other kind is closed by it.
    template <class Buffers, class Token>
    auto async_read_some(const Buffers& into, Token&& token) {
        if (on_read_) on_read_();
        return boost::asio::async_initiate<Token, Signature>(Reads{this}, token, into);
    }
    template <class Buffers, class Token>
    auto async_write_some(const Buffers& from, Token&& token) {
        return boost::asio::async_initiate<Token, Signature>(Writes{this}, token, from);
    }

    // All that is under way, and what is asked for later, has to end by then.
    void expires_after(std::chrono::nanoseconds wait) {
        if (tcp() != nullptr)
            tcp()->expires_after(wait);
        else
            other().expires_after(wait);
    }
    void expires_never() {
        if (tcp() != nullptr)
            tcp()->expires_never();
        else
            other().expires_after({});
    }

    // Of TLS: complete once something was read.
    Peer peer() {
        if (tcp() == nullptr) return other().peer();
        boost::system::error_code gone;
        const auto there = tcp()->socket().remote_endpoint(gone);
        return {.address = gone ? boost::asio::ip::address() : there.address()};
    }

    // No more will be written; what was written still arrives, and what comes is read.
    void finish_writing() {
        if (tcp() == nullptr) return other().finish_writing();
        boost::system::error_code ignored;  // It may be gone already.
        tcp()->socket().shutdown(boost::asio::socket_base::shutdown_send, ignored);
    }

    // `each` runs whenever bytes are asked for: what lies above may tell nobody of those that say
    // nothing. It must not read or close.
    void on_read(std::function<void()> each) { on_read_ = std::move(each); }

    // No more will be written or read; what was written still arrives.
    void shut_down() {
        if (tcp() == nullptr) return other().finish({});
        boost::system::error_code ignored;  // It may be gone already.
        tcp()->socket().shutdown(boost::asio::socket_base::shutdown_both, ignored);
    }

    void close() {
        if (tcp() != nullptr)
            tcp()->close();
        else
            other().close();
    }

    // What Beast finds by name: the end of a WebSocket's connection.
    template <class Handler>
    friend void async_teardown(boost::beast::role_type role, ByteStream& stream,
                               Handler&& handler) {
        if (auto* tcp = stream.tcp()) {
            using boost::beast::async_teardown;
            async_teardown(role, *tcp, std::forward<Handler>(handler));
        } else {
            auto told = [handler = std::forward<Handler>(handler)](boost::system::error_code failed,
                                                                   std::size_t) mutable {
                handler(failed);
            };
            stream.other().finish(completes(stream.get_executor(), std::move(told)));
        }
    }
    friend void beast_close_socket(ByteStream& stream) { stream.close(); }

private:
    using Signature = void(boost::system::error_code, std::size_t);

    template <class Handler>
    class Told final : public Completion {
    public:
        Told(executor_type executor, Handler handler)
            : executor_(std::move(executor)), handler_(std::move(handler)) {}
        void complete(boost::system::error_code failed, std::size_t bytes) override {
            boost::asio::post(executor_,
                              boost::beast::bind_front_handler(std::move(handler_), failed, bytes));
        }

    private:
        executor_type executor_;
        Handler handler_;
    };
    template <class Handler>
    static Completes completes(executor_type executor, Handler&& handler) {
        return std::make_unique<Told<std::decay_t<Handler>>>(std::move(executor),
                                                             std::forward<Handler>(handler));
    }

    struct Reads {
        ByteStream* stream;
        template <class Handler, class Buffers>
        void operator()(Handler&& handler, const Buffers& into) const {
            if (auto* tcp = stream->tcp())
                return tcp->async_read_some(into, std::forward<Handler>(handler));
            stream->close_if_cancelled(handler);
            auto done = completes(stream->get_executor(), std::forward<Handler>(handler));
            for (const boost::asio::mutable_buffer one : boost::beast::buffers_range_ref(into))
                if (one.size() > 0) return stream->other().read_some(one, std::move(done));
            done->complete({}, 0);
        }
    };
    struct Writes {
        ByteStream* stream;
        template <class Handler, class Buffers>
        void operator()(Handler&& handler, const Buffers& from) const {
            if (auto* tcp = stream->tcp())
                return tcp->async_write_some(from, std::forward<Handler>(handler));
            stream->close_if_cancelled(handler);
            auto done = completes(stream->get_executor(), std::forward<Handler>(handler));
            std::vector<boost::asio::const_buffer> pieces;
            for (const boost::asio::const_buffer one : boost::beast::buffers_range_ref(from))
                if (one.size() > 0) pieces.push_back(one);
            if (pieces.empty()) return done->complete({}, 0);
            stream->other().write_some(std::move(pieces), std::move(done));
        }
    };

    // The slot is left as it is when the operation has ended: to cancel what has ended closes what
    // was to be ended anyway.
    template <class Handler>
    void close_if_cancelled(const Handler& handler) {
        auto slot = boost::asio::get_associated_cancellation_slot(handler);
        if (!slot.is_connected()) return;
        slot.assign([end = &other()](boost::asio::cancellation_type) { end->close(); });
    }

    ByteEnd& other() { return *std::get<std::unique_ptr<ByteEnd>>(kind_); }

    std::variant<boost::beast::tcp_stream, std::unique_ptr<ByteEnd>> kind_;
    std::function<void()> on_read_;
};

}  // namespace busbar::net
