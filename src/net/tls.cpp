#include "net/tls.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <ctime>
#include <fstream>

#include "base/check.hpp"
#include "base/guarded.hpp"

namespace busbar::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

template <auto Free>
struct Frees {
    template <class T>
    void operator()(T* each) const {
        Free(each);
    }
};
using Ssl = std::unique_ptr<SSL, Frees<&SSL_free>>;
using Context = std::shared_ptr<SSL_CTX>;
using Certificate = std::unique_ptr<X509, Frees<&X509_free>>;

constexpr std::size_t kMostOfARecord = 16 * 1024;

// For 1.2. Those without forward secrecy come last: OCPP asks for them, and old chargers have no
// others. For 1.3, all that OpenSSL offers by itself authenticate.
constexpr const char* kSuites =
    "ECDHE+AESGCM:ECDHE+CHACHA20:AES128-GCM-SHA256:AES256-GCM-SHA384:!aNULL";

std::string openssl_reason() {
    const auto code = ERR_peek_last_error();
    ERR_clear_error();
    const char* text = ERR_reason_error_string(code);
    return text != nullptr ? text : "unknown";
}

Error bad(const char* field, const std::filesystem::path& path) {
    return {Errc::kInvalid, path.string() + ": " + openssl_reason(), field};
}

Status readable(const char* field, const std::filesystem::path& path) {
    if (path.empty()) return Error{Errc::kInvalid, "is needed for TLS", field};
    const std::ifstream file(path);
    if (file) return Done{};
    return Error{Errc::kInvalid, "cannot read " + path.string(), field};
}

// --- Sockets, as OpenSSL sees them: its own kind would end the process with SIGPIPE
// ---------------

int socket_of(BIO* bio) {
    return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

int done_or_later(BIO* bio, ssize_t done, void (*later)(BIO*)) {
    BIO_clear_retry_flags(bio);
    if (done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) later(bio);
    return static_cast<int>(done);
}

int write_to_socket(BIO* bio, const char* bytes, int count) {
    const auto sent = ::send(socket_of(bio), bytes, static_cast<std::size_t>(count), MSG_NOSIGNAL);
    return done_or_later(bio, sent, [](BIO* b) { BIO_set_retry_write(b); });
}

int read_from_socket(BIO* bio, char* bytes, int count) {
    const auto got = ::recv(socket_of(bio), bytes, static_cast<std::size_t>(count), 0);
    return done_or_later(bio, got, [](BIO* b) { BIO_set_retry_read(b); });
}

long control_socket(BIO*, int command, long, void*) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* socket_method() {
    static BIO_METHOD* const method = [] {
        auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
        BUSBAR_CHECK(made != nullptr);
        BIO_meth_set_write(made, write_to_socket);
        BIO_meth_set_read(made, read_from_socket);
        BIO_meth_set_ctrl(made, control_socket);
        return made;
    }();
    return method;
}

// --- What a certificate says ----------------------------------------------------------------

// The common name, and the DNS names beside it; nothing with a zero inside, which would read
// differently elsewhere.
std::vector<std::string> names_in(X509* certificate) {
    std::vector<std::string> names;
    const auto add = [&](const ASN1_STRING* text) {
        unsigned char* utf8 = nullptr;
        const int size = ASN1_STRING_to_UTF8(&utf8, text);
        if (size < 0) return;
        std::string name(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
        OPENSSL_free(utf8);
        if (!name.empty() && name.find('\0') == std::string::npos) names.push_back(std::move(name));
    };
    auto* subject = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at >= 0) add(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    auto* others = static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(others); ++i) {
        const auto* other = sk_GENERAL_NAME_value(others, i);
        if (other->type == GEN_DNS) add(other->d.dNSName);
    }
    GENERAL_NAMES_free(others);
    return names;
}

TimePoint end_of(const X509* certificate) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) return {};
    return std::chrono::time_point_cast<TimePoint::duration>(
        std::chrono::system_clock::from_time_t(::timegm(&parts)));
}

Result<Context> make_context(const TlsOptions& options) {
    for (const auto& [field, path] :
         {std::pair{"certificate", &options.certificate}, std::pair{"key", &options.key}})
        if (auto there = readable(field, *path); !there) return std::move(there).error();
    ERR_clear_error();
    Context context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
    if (!context) return Error{Errc::kUnavailable, openssl_reason(), "certificate"};
    auto* made = context.get();
    SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION);
    SSL_CTX_set_options(made, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_RENEGOTIATION |
                                  SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                  SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(made, 0);
    SSL_CTX_set_mode(made, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                               SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(made, 0);
    SSL_CTX_set_cipher_list(made, kSuites);
    if (SSL_CTX_use_certificate_chain_file(made, options.certificate.c_str()) != 1)
        return bad("certificate", options.certificate);
    // Whoever starts us may not be there to type a password in.
    SSL_CTX_set_default_passwd_cb(made, [](char*, int, int, void*) { return 0; });
    if (SSL_CTX_use_PrivateKey_file(made, options.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(made) != 1)
        return bad("key", options.key);
    if (options.client_ca.empty()) return context;
    if (auto there = readable("client_ca", options.client_ca); !there)
        return std::move(there).error();
    auto* names = SSL_load_client_CA_file(options.client_ca.c_str());
    if (names == nullptr || SSL_CTX_load_verify_file(made, options.client_ca.c_str()) != 1)
        return bad("client_ca", options.client_ca);
    SSL_CTX_set_client_CA_list(made, names);
    SSL_CTX_set_verify(made, SSL_VERIFY_PEER, nullptr);
    return context;
}

// --- One connection -------------------------------------------------------------------------

// Kept alive by what it waits for.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(tcp::socket socket, SSL_CTX* context)
        : socket_(std::move(socket)), deadline_(socket_.get_executor()), ssl_(SSL_new(context)) {
        error_code gone;
        const auto there = socket_.remote_endpoint(gone);
        if (!gone) address_ = there.address();
        socket_.non_blocking(true, gone);
        BUSBAR_CHECK(ssl_ != nullptr);
        auto* bio = BIO_new(socket_method());
        BUSBAR_CHECK(bio != nullptr);
        const std::intptr_t number = socket_.native_handle();
        BIO_set_data(bio, reinterpret_cast<void*>(number));
        BIO_set_init(bio, 1);
        SSL_set_bio(ssl_.get(), bio, bio);
        SSL_set_accept_state(ssl_.get());
    }

    asio::any_io_executor executor() { return socket_.get_executor(); }

    Peer peer() const {
        Peer found{.tls = true, .names = {}, .address = address_};
        const Certificate shown(SSL_get1_peer_certificate(ssl_.get()));
        if (shown && SSL_is_init_finished(ssl_.get()) &&
            SSL_get_verify_result(ssl_.get()) == X509_V_OK)
            found.names = names_in(shown.get());
        return found;
    }

    void read(asio::mutable_buffer into, Completes done) {
        BUSBAR_CHECK(!reading_);
        into_ = into;
        reading_ = std::move(done);
        go_on_reading();
    }

    void write(const std::vector<asio::const_buffer>& from, Completes done) {
        BUSBAR_CHECK(!writing_);
        // What is small goes into one record, and so into one packet.
        gathered_.clear();
        for (const auto& piece : from) {
            const auto room = kMostOfARecord - gathered_.size();
            gathered_.append(static_cast<const char*>(piece.data()), std::min(room, piece.size()));
        }
        writing_ = std::move(done);
        go_on_writing();
    }

    void finish_writing() {
        if (!socket_.is_open()) return;
        say_goodbye();
        error_code ignored;  // It may be gone already.
        socket_.shutdown(tcp::socket::shutdown_send, ignored);
    }

    void finish(Completes done) {
        finish_writing();
        if (!done) {
            error_code ignored;
            socket_.shutdown(tcp::socket::shutdown_both, ignored);
            return;
        }
        draining_ = std::move(done);
        drain();
    }

    void close() {
        deadline_.cancel();
        if (!socket_.is_open()) return;
        if (!reading_ && !writing_) say_goodbye();
        error_code ignored;
        socket_.close(ignored);
        end(reading_, asio::error::operation_aborted);
        end(writing_, asio::error::operation_aborted);
        end(draining_, asio::error::operation_aborted);
    }

    void expires_after(std::optional<std::chrono::nanoseconds> wait) {
        ++told_;
        deadline_.cancel();
        if (!wait) return;
        deadline_.expires_after(*wait);
        deadline_.async_wait([weak = weak_from_this(), told = told_](const error_code& stopped) {
            const auto self = weak.lock();
            if (!stopped && self && self->told_ == told) self->close();
        });
    }

private:
    static void end(Completes& waits, const error_code& how, std::size_t bytes = 0) {
        if (auto done = std::exchange(waits, nullptr)) done->complete(how, bytes);
    }

    void say_goodbye() {
        if (failed_ || !SSL_is_init_finished(ssl_.get())) return;
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
        ERR_clear_error();
    }

    void go_on_reading() {
        if (!reading_) return;
        if (!socket_.is_open()) return end(reading_, asio::error::operation_aborted);
        ERR_clear_error();
        const int most = static_cast<int>(std::min<std::size_t>(into_.size(), 1U << 30U));
        const int got = SSL_read(ssl_.get(), into_.data(), most);
        if (got > 0) return end(reading_, {}, static_cast<std::size_t>(got));
        if (const auto over = later(got)) end(reading_, *over);
    }

    void go_on_writing() {
        if (!writing_) return;
        if (!socket_.is_open()) return end(writing_, asio::error::operation_aborted);
        ERR_clear_error();
        const int sent =
            SSL_write(ssl_.get(), gathered_.data(), static_cast<int>(gathered_.size()));
        if (sent > 0) {
            std::string().swap(gathered_);
            return end(writing_, {}, static_cast<std::size_t>(sent));
        }
        if (const auto over = later(sent)) end(writing_, *over);
    }

    // Waits for what OpenSSL wants; or how it ended.
    std::optional<error_code> later(int result) {
        switch (SSL_get_error(ssl_.get(), result)) {
            case SSL_ERROR_WANT_READ:
                wait(Way::kIn);
                return {};
            case SSL_ERROR_WANT_WRITE:
                wait(Way::kOut);
                return {};
            case SSL_ERROR_ZERO_RETURN:
                return asio::error::eof;
            case SSL_ERROR_SYSCALL:
                failed_ = true;
                return errno == 0 ? error_code(asio::error::eof)
                                  : error_code(errno, boost::system::system_category());
            default:
                failed_ = true;
                return make_error_code(boost::system::errc::protocol_error);
        }
    }

    void drain() {
        std::array<char, 4'096> dropped;
        ssize_t got = 1;
        while (got > 0) got = ::recv(socket_.native_handle(), dropped.data(), dropped.size(), 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return wait(Way::kIn);
        end(draining_, {});
    }

    enum class Way { kIn, kOut };
    void wait(Way way) {
        auto& waits = way == Way::kIn ? waits_in_ : waits_out_;
        if (std::exchange(waits, true)) return;
        socket_.async_wait(way == Way::kIn ? tcp::socket::wait_read : tcp::socket::wait_write,
                           [self = shared_from_this(), &waits](const error_code& failed) {
                               waits = false;
                               if (failed) return;  // Closed, and all were told.
                               self->go_on_writing();
                               self->go_on_reading();
                               if (self->draining_) self->drain();
                           });
    }

    tcp::socket socket_;
    asio::steady_timer deadline_;
    Ssl ssl_;
    asio::ip::address address_;
    std::uint64_t told_ = 0;  // Of deadlines: one that was replaced may be on its way already.
    bool failed_ = false;     // OpenSSL must not be asked to say goodbye.
    bool waits_in_ = false;
    bool waits_out_ = false;
    asio::mutable_buffer into_;
    std::string gathered_;  // What is being written.
    Completes reading_, writing_, draining_;
};

class TlsEnd final : public ByteEnd {
public:
    explicit TlsEnd(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
    ~TlsEnd() override { connection_->close(); }
    TlsEnd(const TlsEnd&) = delete;
    TlsEnd& operator=(const TlsEnd&) = delete;

    asio::any_io_executor executor() const override { return connection_->executor(); }
    void read_some(asio::mutable_buffer into, Completes done) override {
        connection_->read(into, std::move(done));
    }
    void write_some(std::vector<asio::const_buffer> from, Completes done) override {
        connection_->write(from, std::move(done));
    }
    void finish(Completes done) override { connection_->finish(std::move(done)); }
    void close() override { connection_->close(); }
    void finish_writing() override { connection_->finish_writing(); }
    void expires_after(std::optional<std::chrono::nanoseconds> wait) override {
        connection_->expires_after(wait);
    }
    Peer peer() const override { return connection_->peer(); }

private:
    const std::shared_ptr<Connection> connection_;
};

}  // namespace

struct Tls::Impl {
    explicit Impl(TlsOptions options_in) : options(std::move(options_in)) {}

    const TlsOptions options;
    Guarded<Context> context;  // A connection keeps the one it began with.

    Context current() const {
        return context.with([](const Context& c) { return c; });
    }
};

Tls::Tls(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tls::~Tls() = default;

Result<std::unique_ptr<Tls>> Tls::open(TlsOptions options) {
    auto made = std::unique_ptr<Tls>(new Tls(std::make_unique<Impl>(std::move(options))));
    if (auto read = made->reload(); !read) return std::move(read).error();
    return made;
}

Status Tls::reload() {
    BUSBAR_TRY(made, make_context(impl_->options));
    impl_->context.with([&](Context& context) { context = made; });
    return Done{};
}

TimePoint Tls::expires() const {
    return end_of(SSL_CTX_get0_certificate(impl_->current().get()));
}

ByteStream Tls::accept(tcp::socket socket) {
    const auto context = impl_->current();
    return ByteStream(
        std::make_unique<TlsEnd>(std::make_shared<Connection>(std::move(socket), context.get())));
}

}  // namespace busbar::net
